import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.model.page import ModelPage
from mesa_lab.app.state import session

title = "Model"


@solara.component
def Page():
    ModelPage(
        session.draft.value.model,
        session.choose,
        session.trials.value,
        session.set_trial,
        recent=session.recent_models(),
    )
    Address(name="design", value=session.query())
