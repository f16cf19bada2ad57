import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.results.page import ResultsPage
from mesa_lab.app.state import session
from mesa_lab.app.state.result_view import to_query
from mesa_lab.workspace.workspace import here

title = "Results"


@solara.component
def Page():
    study = session.study.value
    view = session.view(study)
    ResultsPage(here(), study, view, lambda changed: session.set_view(study, changed))
    Address(name="study", value=study)
    for name, value in to_query(view).items():
        Address(name=name, value=value).key(name)
