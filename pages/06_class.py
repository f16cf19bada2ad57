import solara

from mesa_lab.app.classroom.member import class_member
from mesa_lab.app.classroom.page import ClassPage
from mesa_lab.app.hooks.use_model import use_parsed
from mesa_lab.app.state import draft_state

title = "Class"


@solara.component
def Page():
    router = solara.use_router()
    member = class_member()
    parsed = use_parsed(draft_state.draft.value)

    def study(key):
        draft_state.set_study(key)
        router.push("/run" if not key.startswith("@") else "/results")

    def design(experiment, source):
        draft_state.offer_experiment(experiment, source)
        router.push("/design")

    ClassPage(
        member and member.classroom,
        member.who if member else "",
        parsed and parsed.experiment,
        study,
        design,
    )
