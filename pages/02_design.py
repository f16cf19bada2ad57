import solara

from mesa_lab.app.classroom.member import class_member
from mesa_lab.app.components.browser import Address
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.design_changed import is_another, use_made
from mesa_lab.app.hooks.use_model import use_description, use_parsed
from mesa_lab.app.hooks.use_speed import use_speed
from mesa_lab.app.search.form import SearchForm
from mesa_lab.app.search.typed_search import known_outcomes
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor_workspace
from mesa_lab.workspace.trust import is_trusted

title = "Design"


@solara.component
def Page():
    draft = draft_state.draft.value
    router = solara.use_router()
    parsed = use_parsed(draft)
    workspace = visitor_workspace() if draft.model else None
    study, member = draft_state.study.value, class_member()
    made = use_made(workspace, study, draft_state.progress.value)
    trial = draft_state.trials.value.get(draft.model)

    def leave_the_old_study():
        given = member is not None and member.was_given(study)
        if not given and is_another(made, parsed and parsed.experiment):
            draft_state.set_study("")

    described = use_description(draft.model if is_trusted(draft.model) else "").description

    def started(key):
        draft_state.set_study(key)
        router.push("/run")

    DesignPage(
        draft,
        draft_state.set_draft,
        trial=trial,
        speed=use_speed(workspace, draft.model, trial),
        on_continue=leave_the_old_study,
        on_trial=lambda trial: draft_state.set_trial(draft.model, trial),
        on_load=draft_state.offer_experiment,
    )
    if draft.model:
        SearchForm(
            workspace,
            parsed and parsed.experiment,
            known_outcomes([name for name, _ in draft.outcomes], described),
            started,
            study=study,
            model=draft.model,
            trial=trial,
            on_trial=lambda trial: draft_state.set_trial(draft.model, trial),
        )
    Address(name="design", value=draft_state.query())
