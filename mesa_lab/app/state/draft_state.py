"""Where the state of the pages lives: one draft for each open page, remembered for each browser.

A page load has a draft of its own, so two tabs do not disturb each other. Pages that show it mirror
it in their address; besides it is kept in this process under the browser's session, so that a reload
or another page finds it again, and a design left for another model comes back with its model.
Components do not look here: they take values and give them back. Only pages and the frame around
them bind the two together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import solara

from mesa_lab.app.state.result_view import ResultView
from mesa_lab.app.state.result_view import from_query as read_view
from mesa_lab.drafts.draft import Draft, for_model
from mesa_lab.drafts.draft_size import check_size
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import from_query, to_query
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.access import access, agree
from mesa_lab.workspace.trust import is_trusted, offered_models, untrusted

if TYPE_CHECKING:
    from mesa_lab.preparation.code_permission import CodeReference
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelDescription
    from mesa_lab.workspace.test_run import Trial

__all__ = [
    "Offer",
    "accept",
    "begin",
    "choose",
    "decline",
    "designed",
    "draft",
    "follow",
    "go_to",
    "note_designed",
    "notice",
    "offer",
    "offer_draft",
    "offer_experiment",
    "progress",
    "query",
    "recent_models",
    "set_draft",
    "set_study",
    "set_trial",
    "set_view",
    "start_study",
    "study",
    "trials",
    "view",
]

MOST_SESSIONS: Final = 500
MOST_MODELS: Final = 30
MOST_VIEWS: Final = 100
MOST_RECENT: Final = 5


@dataclass(frozen=True)
class Offer:
    """A draft from elsewhere that would run code, waiting for a yes.

    Attributes:
        draft: The draft.
        code: What it would load and run.
        source: Where it comes from, as "This link" or a file's name.
    """

    draft: Draft
    code: tuple[CodeReference, ...]
    source: str


@dataclass
class _Session:
    """What one browser's pages left behind in this process."""

    draft: Draft = field(default_factory=Draft)
    drafts: OrderedDict[str, Draft] = field(default_factory=OrderedDict)
    trials: Mapping[str, Trial] = field(default_factory=dict)
    study: str = ""
    views: OrderedDict[str, ResultView] = field(default_factory=OrderedDict)
    designed: frozenset[str] = frozenset()
    following: tuple[str, ResultView] = ("", ResultView())


_sessions: OrderedDict[str, _Session] = OrderedDict()

draft: solara.Reactive[Draft] = solara.reactive(Draft())
"""The design of this page load; read it anywhere, change it with `set_draft`."""

study: solara.Reactive[str] = solara.reactive("")
"""The study that this page load is about: its name in the folder, or an empty text."""

trials: solara.Reactive[Mapping[str, Trial]] = solara.reactive({})
"""What "Try it" showed, by the model's reference."""

progress: solara.Reactive[str] = solara.reactive("")
"""The state of that study as the page of its runs last saw it."""

views: solara.Reactive[Mapping[str, ResultView]] = solara.reactive({})
"""What is looked at in the results of each study; read it with `view`, change it with `set_view`."""

designed: solara.Reactive[frozenset[str]] = solara.reactive(frozenset())
"""The models whose design was looked at; read it anywhere, add to it with `note_designed`."""

offer: solara.Reactive[Offer | None] = solara.reactive(None)
"""A draft that waits for a yes."""

notice: solara.Reactive[str] = solara.reactive("")
"""Something to say above the page, until it is dismissed."""


def begin(search: str | None) -> None:
    """Take up where this browser was, or what the address holds; called once for each page load.

    Args:
        search: The address behind the question mark.
    """
    left = _session()
    trials.value = left.trials
    query = parse_qs(search or "")
    study.value = query.get("study", [left.study])[-1]
    views.value = dict(left.views)
    designed.value = left.designed
    if (linked := read_view(query)) != ResultView():
        set_view(study.value, linked)
    draft.value = left.draft
    if "design" in query:
        try:
            offer_draft(from_query(query["design"][-1]), "This link")
        except MesaLabError as error:
            notice.value = str(error)


def set_draft(changed: Draft) -> None:
    """Change the design, and remember it for this browser."""
    draft.value = changed
    left = _session()
    left.draft = changed
    if changed.model:
        left.drafts[changed.model] = changed
        left.drafts.move_to_end(changed.model)
        while len(left.drafts) > MOST_MODELS:
            left.drafts.popitem(last=False)


def query() -> str:
    """Return the design as text for the address, empty when there is none or it is too long."""
    return to_query(draft.value) or "" if draft.value.model else ""


def recent_models() -> tuple[str, ...]:
    """Return the models of one's own that were designed for before, the latest first; none that would ask before it is opened."""
    offered = {entry.reference for entry in offered_models()}
    own = [name for name in reversed(_session().drafts) if name not in offered and is_trusted(name)]
    return tuple(own[:MOST_RECENT])


def set_study(name: str) -> None:
    """Make a study the one that this page load is about."""
    study.value = name
    _session().study = name


def go_to(search: str | None) -> None:
    """Take up the study that the address of a link within the app, or of the page gone back to, is about.

    Args:
        search: The address behind the question mark.
    """
    named = parse_qs(search or "").get("study", [""])[-1]
    if named and named != study.value:
        set_study(named)


def follow(looked_at: ResultView) -> None:
    """Note what was looked at in the study that the design now follows from."""
    _session().following = draft.value.model, looked_at.for_follow_up()


def start_study(name: str) -> None:
    """Make a study that was just started the one at hand; one that follows from another shows the same outcome."""
    set_study(name)
    model, looked_at = _session().following
    if model and model == draft.value.model and name not in views.value:
        set_view(name, looked_at)


def note_designed(model: str) -> None:
    """Note that the design of a model was looked at, which is what makes that step done."""
    if model and model not in designed.value:
        _session().designed = designed.value = designed.value | {model}


def view(name: str) -> ResultView:
    """Return what is looked at in a study's results."""
    return views.value.get(name, ResultView())


def set_view(name: str, changed: ResultView) -> None:
    """Look at something else in a study's results, and remember it for this browser."""
    left = _session()
    left.views[name] = changed
    left.views.move_to_end(name)
    while len(left.views) > MOST_VIEWS:
        left.views.popitem(last=False)
    views.value = dict(left.views)


def set_trial(reference: str, trial: Trial) -> None:
    """Keep what trying a model showed."""
    trials.value = {**trials.value, reference: trial}
    _session().trials = trials.value


def choose(description: ModelDescription) -> None:
    """Take another model: its own latest design comes back, or a first one is made."""
    if description.reference == draft.value.model:
        return
    set_draft(_session().drafts.get(description.reference) or for_model(description))


def offer_experiment(experiment: Experiment, source: str) -> None:
    """Take an experiment from a file or a study as the design; asks before it runs code.

    Raises:
        ParameterError: If it holds a value that cannot be written as text.
    """
    offer_draft(from_experiment(experiment), source)


def offer_draft(new: Draft, source: str) -> None:
    """Take a draft from elsewhere; what would run code that was not agreed to yet waits for a yes, or is refused."""
    notice.value = ""
    try:
        check_size(new, source)
    except MesaLabError as error:
        notice.value = str(error)
        return
    code = untrusted(new)
    if not code:
        offer.value = None
        set_draft(new)
    elif access().opens_code:
        offer.value = Offer(new, code, source)
    else:
        notice.value = (
            f"{source} needs '{code[0].text}', which is not offered here. Choose one of the listed models."
        )


def accept() -> None:
    """Say yes to the offer: its code is trusted from now on."""
    if (waiting := offer.value) is not None:
        offer.value = None
        for reference in waiting.code:
            agree(reference)
        set_draft(waiting.draft)


def decline() -> None:
    """Say no to the offer."""
    offer.value = None


def _session() -> _Session:
    try:
        name = solara.get_session_id()
    except RuntimeError:  # no server around: a notebook or a test
        name = ""
    found = _sessions.setdefault(name, _Session())
    _sessions.move_to_end(name)
    while len(_sessions) > MOST_SESSIONS:
        _sessions.popitem(last=False)
    return found
