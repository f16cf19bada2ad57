import solara

from mesa_lab.app import state
from mesa_lab.app.browser import Address
from mesa_lab.app.describing import use_parsed
from mesa_lab.app.run_page import RunPage
from mesa_lab.app.workspace import here

title = "Run"


@solara.component
def Page():
    draft, study = state.draft.value, state.study.value
    parsed = use_parsed(draft)
    trial = state.trials.value.get(draft.model)
    RunPage(
        here(),
        study,
        state.set_study,
        experiment=parsed and parsed.experiment,
        speed=trial and trial.speed,
        on_state=lambda standing, stale: state.progress.set(standing),
    )
    Address(name="study", value=study)
