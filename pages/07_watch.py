from urllib.parse import parse_qs, quote

import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.components.html import tag
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor, visitor_workspace
from mesa_lab.app.watch.page import WatchPage
from mesa_lab.errors import MesaLabError

title = "Watch"


@solara.component
def Page():
    router = solara.use_router()
    query = parse_qs(router.search or "")
    asked = [int(text) for text in query.get("run", ()) if text.isdecimal()][:2]
    runs, set_runs = solara.use_state(asked)
    step = query.get("step", ["0"])[-1]
    key = draft_state.study.value
    try:
        ref = visitor_workspace().find(key)
        problem = "" if runs else "No run is named. Open one in the results, and watch it from there."
    except MesaLabError as error:
        ref, problem = None, str(error)
    results = f"/results?study={quote(key)}"
    if problem:
        tag("p", "ml-nothing", problem, role="alert")
        return
    WatchPage(ref, runs, int(step) if step.isdecimal() else 0, results, set_runs, visitor())
    Address(name="study", value=key)
    Address(name="run", value=str(runs[0]))
