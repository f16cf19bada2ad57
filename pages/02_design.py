import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.state import session

title = "Design"


@solara.component
def Page():
    draft = session.draft.value
    DesignPage(
        draft,
        session.set_draft,
        trial=session.trials.value.get(draft.model),
        on_trial=lambda trial: session.set_trial(draft.model, trial),
        on_load=session.offer_experiment,
    )
    Address(name="design", value=session.query())
