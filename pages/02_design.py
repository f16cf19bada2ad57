import solara

from mesa_lab.app import state
from mesa_lab.app.browser import Address
from mesa_lab.app.design_page import DesignPage

title = "Design"


@solara.component
def Page():
    draft = state.draft.value
    DesignPage(
        draft,
        state.set_draft,
        trial=state.trials.value.get(draft.model),
        on_trial=lambda trial: state.set_trial(draft.model, trial),
        on_load=state.offer_experiment,
    )
    Address(name="design", value=state.query())
