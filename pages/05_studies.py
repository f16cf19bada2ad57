import solara

from mesa_lab.app import state
from mesa_lab.app.studies_page import StudiesPage
from mesa_lab.app.workspace import here

title = "Studies"


@solara.component
def Page():
    router = solara.use_router()

    def design(experiment, source):
        state.offer_experiment(experiment, source)
        router.push("/design")

    def gone(key, new):
        if state.study.value == key:
            state.set_study(new)

    StudiesPage(here(), state.set_study, design, gone)
