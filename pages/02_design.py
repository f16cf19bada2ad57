import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.hooks.use_model import use_parsed
from mesa_lab.app.search.form import SearchForm
from mesa_lab.app.state import session
from mesa_lab.app.state.visitor import visitor_workspace

title = "Design"


@solara.component
def Page():
    draft = session.draft.value
    router = solara.use_router()
    parsed = use_parsed(draft)

    def started(key):
        session.set_study(key)
        router.push("/run")

    DesignPage(
        draft,
        session.set_draft,
        trial=session.trials.value.get(draft.model),
        on_trial=lambda trial: session.set_trial(draft.model, trial),
        on_load=session.offer_experiment,
    )
    if draft.model:
        SearchForm(
            visitor_workspace(),
            parsed and parsed.experiment,
            tuple(name for name, _ in draft.outcomes),
            started,
        )
    Address(name="design", value=session.query())
