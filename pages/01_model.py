import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.model.page import ModelPage
from mesa_lab.app.state import draft_state

title = "Model"


@solara.component
def Page():
    ModelPage(
        draft_state.draft.value.model,
        draft_state.choose,
        draft_state.trials.value,
        draft_state.set_trial,
        recent=draft_state.recent_models(),
    )
    Address(name="design", value=draft_state.query())
