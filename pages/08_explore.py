import solara

from mesa_lab.app.explore.source import Source
from mesa_lab.app.hooks.use_model import use_parsed
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor_workspace
from mesa_lab.errors import MesaLabError

title = "Explore"


@solara.component
def Page():
    router = solara.use_router()
    draft = draft_state.draft.value
    parsed = use_parsed(draft)
    try:
        workspace = visitor_workspace()
    except MesaLabError as error:
        solara.Text(str(error))
        return

    def design(experiment, source):
        draft_state.offer_experiment(experiment, source)
        router.push("/design")

    source = Source(workspace, router.search, parsed.experiment if parsed else None, draft.model, design)
    source.key(router.search or "")  # a link within the app may lead to another study
