from urllib.parse import parse_qs, quote

import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.components.html import tag
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor, visitor_workspace
from mesa_lab.app.watch.found import experiment_of, run_at
from mesa_lab.app.watch.page import WatchModel, WatchPage
from mesa_lab.errors import MesaLabError

title = "Watch"


@solara.component
def Page():
    router = solara.use_router()
    query = parse_qs(router.search or "")
    # What was asked for when the page was opened: what it writes into the address then is not read again.
    asked = solara.use_memo(lambda: _asked(query, draft_state.study.value), dependencies=[])
    runs, set_runs = solara.use_state(asked["runs"])
    if problem := asked["problem"]:
        tag("p", "ml-nothing", problem, role="alert")
    elif asked["experiment"] is not None:
        WatchModel(asked["experiment"], asked["seed"], "/", visitor())
    else:
        ref = asked["ref"]
        WatchPage(ref, runs, asked["step"], f"/results?study={quote(ref.key)}", set_runs, visitor())
        Address(name="study", value=ref.key)
        Address(name="run", value=str(runs[0]))


def _asked(query, key):
    """What the address asks for: a run of a study, by its number or its setting, or a run of a model."""

    def word(name):
        return query.get(name, [""])[-1]

    step = word("step")
    found = {
        "runs": [int(text) for text in query.get("run", ()) if text.isdecimal()][:2],
        "step": int(step) if step.isdecimal() else None,
        "ref": None,
        "experiment": None,
        "seed": 0,
        "problem": "",
    }
    try:
        if model := word("model"):
            found["experiment"] = experiment_of(model, word("steps"), word("at"))
            found["seed"] = int(word("seed")) if word("seed").isdecimal() else 0
        elif at := word("at"):
            keys = [word(name) for name in ("study", "base") if word(name)] or [key]
            found["ref"], run = run_at(map(visitor_workspace().find, keys), at)
            found["runs"] = [run]
        else:
            found["ref"] = visitor_workspace().find(key)
            if not found["runs"]:
                found["problem"] = "No run is named. Open one in the results, and watch it from there."
    except MesaLabError as error:
        found["problem"] = str(error)
    return found
