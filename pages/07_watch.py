from urllib.parse import parse_qs, quote

import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor, visitor_workspace
from mesa_lab.app.watch.found import Asked, read_query
from mesa_lab.app.watch.page import NothingToWatch, WatchModel, WatchPage
from mesa_lab.errors import MesaLabError

title = "Watch"


@solara.component
def Page():
    router = solara.use_router()
    # What was asked for when the page was opened: what it writes into the address then is not read again.
    asked, problem = solara.use_memo(lambda: _asked(router.search), dependencies=[])
    runs, set_runs = solara.use_state(asked.runs)
    if problem:
        NothingToWatch(problem)
    elif asked.experiment is not None:
        WatchModel(asked.experiment, asked.seed, "/", visitor())
    else:
        key = asked.ref.key
        WatchPage(
            asked.ref,
            runs,
            asked.step,
            f"/results?study={quote(key)}",
            set_runs,
            visitor(),
            visitor_workspace(),
        )
        Address(name="study", value=key)
        Address(name="run", value=str(runs[0]))


def _asked(search):
    try:
        found = read_query(parse_qs(search or ""), draft_state.study.value, visitor_workspace().find)
    except MesaLabError as error:
        return Asked(), str(error)
    return found, ""
