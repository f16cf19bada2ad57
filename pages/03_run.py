import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.hooks.use_model import use_parsed
from mesa_lab.app.run.page import RunPage
from mesa_lab.app.state import session
from mesa_lab.workspace.workspace import here

title = "Run"


@solara.component
def Page():
    draft, study = session.draft.value, session.study.value
    parsed = use_parsed(draft)
    trial = session.trials.value.get(draft.model)
    RunPage(
        here(),
        study,
        session.set_study,
        experiment=parsed and parsed.experiment,
        speed=trial and trial.speed,
        on_state=lambda standing, stale: session.progress.set(standing),
    )
    Address(name="study", value=study)
