import solara

from mesa_lab.app import state
from mesa_lab.app.browser import Address
from mesa_lab.app.model_page import ModelPage

title = "Model"


@solara.component
def Page():
    ModelPage(state.draft.value.model, state.choose, state.trials.value, state.set_trial)
    Address(name="design", value=state.query())
