import solara

from mesa_lab.app import state
from mesa_lab.app.browser import Address
from mesa_lab.app.parsing import parse
from mesa_lab.app.run_page import RunPage
from mesa_lab.app.workspace import here

title = "Run"


@solara.component
def Page():
    draft, study = state.draft.value, state.study.value
    parsed = solara.use_memo(lambda: parse(draft) if draft.model else None, dependencies=[draft])
    trial = state.trials.value.get(draft.model)
    RunPage(
        here(),
        study,
        state.set_study,
        experiment=parsed and parsed.experiment,
        speed=trial and trial.speed,
    )
    Address(name="study", value=study)
