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
        # A student begins or goes on with theirs; the teacher looks at what is there.
        router.push("/results" if member is not None and member.student is None else "/run")

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
