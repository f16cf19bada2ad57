import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.results.page import ResultsPage
from mesa_lab.app.state import session
from mesa_lab.app.state.result_view import to_query
from mesa_lab.app.state.visitor import visitor_workspace

title = "Results"


@solara.component
def Page():
    study = session.study.value
    view = session.view(study)
    router = solara.use_router()

    def design(experiment, source):
        session.offer_experiment(experiment, source)
        router.push("/design")

    ResultsPage(
        visitor_workspace(),
        study,
        view,
        lambda changed: session.set_view(study, changed),
        on_design=design,
    )
    Address(name="study", value=study)
    for name, value in to_query(view).items():
        Address(name=name, value=value).key(name)
