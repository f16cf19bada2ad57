import solara

from mesa_lab.app.state import session
from mesa_lab.app.studies.page import StudiesPage
from mesa_lab.workspace.workspace import here

title = "Studies"


@solara.component
def Page():
    router = solara.use_router()

    def design(experiment, source):
        session.offer_experiment(experiment, source)
        router.push("/design")

    def gone(key, new):
        if session.study.value == key:
            session.set_study(new)

    StudiesPage(here(), session.set_study, design, gone)
