import solara

from mesa_lab.app import state
from mesa_lab.app.browser import Address
from mesa_lab.app.results_page import ResultsPage
from mesa_lab.app.workspace import here

title = "Results"


@solara.component
def Page():
    ResultsPage(here(), state.study.value)
    Address(name="study", value=state.study.value)
