import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.results.page import ResultsPage
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.result_view import to_query
from mesa_lab.app.state.visitor import visitor_workspace

title = "Results"


@solara.component
def Page():
    study = draft_state.study.value
    view = draft_state.view(study)
    router = solara.use_router()

    def design(experiment, source):
        draft_state.offer_experiment(experiment, source)
        draft_state.follow(view)
        router.push("/design")

    ResultsPage(
        visitor_workspace(),
        study,
        view,
        lambda changed: draft_state.set_view(study, changed),
        on_design=design,
    )
    Address(name="study", value=study)
    for name, value in to_query(view).items():
        Address(name=name, value=value).key(name)
