import solara

from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor_workspace
from mesa_lab.app.studies.page import StudiesPage

title = "Studies"


@solara.component
def Page():
    router = solara.use_router()

    def design(experiment, source):
        draft_state.offer_experiment(experiment, source)
        router.push("/design")

    def gone(key, new):
        if draft_state.study.value == key:
            draft_state.set_study(new)

    StudiesPage(visitor_workspace(), draft_state.set_study, design, gone)
