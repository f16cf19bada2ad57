import solara

from mesa_lab.app.classroom.member import class_member
from mesa_lab.app.classroom.page import ClassPage
from mesa_lab.app.hooks.use_model import use_parsed
from mesa_lab.app.state import session

title = "Class"


@solara.component
def Page():
    router = solara.use_router()
    member = class_member()
    parsed = use_parsed(session.draft.value)

    def study(key):
        session.set_study(key)
        router.push("/run" if not key.startswith("@") else "/results")

    def design(experiment, source):
        session.offer_experiment(experiment, source)
        router.push("/design")

    ClassPage(
        member and member.classroom,
        member.who if member else "",
        parsed and parsed.experiment,
        study,
        design,
    )
