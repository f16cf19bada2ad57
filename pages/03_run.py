from dataclasses import replace

import solara

from mesa_lab.app.classroom.member import class_member
from mesa_lab.app.components.browser import Address
from mesa_lab.app.hooks.use_model import use_parsed
from mesa_lab.app.run.page import RunPage
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor_workspace

title = "Run"


@solara.component
def Page():
    draft, study = draft_state.draft.value, draft_state.study.value
    parsed = use_parsed(draft)
    trial = draft_state.trials.value.get(draft.model)
    member = class_member()
    router = solara.use_router()

    def look_at(points):
        view = draft_state.view(study)
        draft_state.set_view(study, replace(view, tab="runs", table="runs", points=tuple(points), run=None))
        router.push("/results")

    RunPage(
        visitor_workspace(),
        study,
        draft_state.set_study,
        on_started=draft_state.start_study,
        experiment=parsed and parsed.experiment,
        speed=trial and trial.speed,
        on_state=lambda standing, stale: draft_state.progress.set(standing),
        assigned=member is not None and member.was_given(study),
        on_points=look_at,
    )
    Address(name="study", value=study)
