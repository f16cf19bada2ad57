import solara

from mesa_lab.app import state
from mesa_lab.app.browser import Address
from mesa_lab.app.result_view import to_query
from mesa_lab.app.results_page import ResultsPage
from mesa_lab.app.workspace import here

title = "Results"


@solara.component
def Page():
    study = state.study.value
    view = state.view(study)
    ResultsPage(here(), study, view, lambda changed: state.set_view(study, changed))
    Address(name="study", value=study)
    for name, value in to_query(view).items():
        Address(name=name, value=value).key(name)
