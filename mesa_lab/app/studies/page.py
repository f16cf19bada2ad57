"""All studies of the user: how far each is, and what can be done with it.

The list is read in the background and follows what runs. What changes a study stands in a drawer
below its line, with words on its buttons, so that nothing is hidden in menus.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.components.run_styles import RunLook
from mesa_lab.app.components.study_progress import Bar, headline
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.app.studies.study_actions import StudyDrawer
from mesa_lab.classroom.classroom import current
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import plural, size_text
from mesa_lab.workspace.study_state import Entry, entries

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["StudiesPage", "day_text", "found"]

PER_PAGE: Final = 20
_COLUMNS: Final = ("Study", "Design", "Progress", "Size", "Changed", "Actions")
_LOOKS: Final = {"Size": "ml-number", "Actions": "ml-number"}


@solara.component
def StudiesPage(
    workspace: Workspace,
    on_study: Callable[[str], None],
    on_design: Callable[[Experiment, str], None] | None = None,
    on_gone: Callable[[str, str], None] = lambda key, new: None,
) -> None:
    """List the studies.

    Args:
        workspace: The studies of the user.
        on_study: Called with the key of a study that is to be the one at hand.
        on_design: Called with a study's experiment and a name for where it comes from, to design from it.
        on_gone: Called with the key that a study had, and the one that it has now; empty when it was deleted.
    """
    listed: solara.Reactive[tuple[Entry, ...] | None] = solara.use_reactive(None)
    problem, set_problem = solara.use_state("")
    search, set_search = solara.use_state("")
    page, set_page = solara.use_state(0)
    opened, set_opened = solara.use_state("")

    def look() -> float:
        try:
            listed.value = tuple(entries(workspace))
            set_problem("")
        except MesaLabError as error:
            listed.value = listed.peek() or ()
            set_problem(str(error))
        active = any(entry.standing is not None and entry.standing.is_active for entry in listed.peek() or ())
        return 1.0 if active else 3.0

    look_again = use_reader(look, [workspace])
    every = listed.value
    shown = found(every or (), search)
    last = max(0, (len(shown) - 1) // PER_PAGE)
    page = min(page, last)

    def type_search(text: str) -> None:
        set_page(0)
        set_search(text)

    RunLook()
    with tag("div", "ml-stack"), tag("section", "ml-panel", aria_label="Studies"):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h1", "", "Studies")
                tag("p", "ml-quiet", _said(every, workspace))
            with tag("div", "ml-actions"):
                if every and len(every) > 5:
                    TextInput(
                        "Search", search, type_search, icon="mdi-magnify", clearable=True, classes="ml-find"
                    )
                with PageLink("/", classes=["ml-button", "ml-button-tonal"]):
                    icon("mdi-plus")
                    tag("span", "", "New experiment")
        if problem:
            tag("p", "ml-error-text", problem, role="alert")
        if every is None:
            tag("p", "ml-nothing ml-quiet", "Reading the studies …", role="status")
        elif not every:
            tag("p", "ml-nothing ml-quiet", "There are no studies yet. Design an experiment and run it.")
        elif not shown:
            tag("p", "ml-nothing ml-quiet", f"No study matches “{search.strip()}”.")
        else:
            Lines(
                workspace,
                shown[page * PER_PAGE : (page + 1) * PER_PAGE],
                opened,
                set_opened,
                on_study=on_study,
                on_design=on_design,
                on_gone=on_gone,
                on_change=look_again,
            )
        if last:
            with tag("div", "ml-actions ml-pages"):
                Action(
                    "",
                    lambda: set_page(page - 1),
                    icon="mdi-chevron-left",
                    spoken="Newer",
                    disabled=page == 0,
                )
                tag("span", "ml-quiet", f"Page {page + 1} of {last + 1}")
                Action(
                    "",
                    lambda: set_page(page + 1),
                    icon="mdi-chevron-right",
                    spoken="Older",
                    disabled=page == last,
                )


def _said(every: Sequence[Entry] | None, workspace: Workspace) -> str:
    if every is None:
        return "…"
    taught = current() is not None
    if not every and not workspace.local:
        return (
            "You and the teacher will see your studies."
            if taught
            else "Only this browser will see your studies."
        )
    count = "1 study" if len(every) == 1 else f"{len(every):,} studies"
    if workspace.local:
        return f"{count} in {workspace.folder}"
    return f"{count}; {'you and the teacher' if taught else 'only this browser'} can see them."


def found(every: Sequence[Entry], search: str) -> list[Entry]:
    """Return the studies in whose name, model or design all words of a search appear."""
    words = search.lower().split()

    def text(entry: Entry) -> str:
        facts = entry.facts
        about = f"{facts.model} {facts.design} {' '.join(facts.varied)}" if facts else ""
        return f"{entry.ref.name} {about}".lower()

    return [entry for entry in every if all(word in text(entry) for word in words)]


@solara.component
def Lines(
    workspace: Workspace,
    shown: Sequence[Entry],
    opened: str,
    on_opened: Callable[[str], None],
    *,
    on_study: Callable[[str], None],
    on_design: Callable[[Experiment, str], None] | None,
    on_gone: Callable[[str, str], None],
    on_change: Callable[[], None],
) -> None:
    """The table of studies, one of them with its drawer open."""
    with tag("div", "ml-table-frame"), tag("table", "ml-table ml-studies"):
        with tag("thead"), tag("tr"):
            for title in _COLUMNS:
                tag("th", _LOOKS.get(title, ""), title, scope="col")
        with tag("tbody"):
            for entry in shown:
                key = entry.ref.key
                is_open = key == opened
                Line(entry, is_open, lambda key=key: on_opened("" if key == opened else key), on_study).key(
                    key
                )
                if is_open:
                    with tag("tr", "ml-drawer-row").key(f"{key} drawer"), tag("td", "", colspan="6"):
                        StudyDrawer(
                            workspace,
                            entry,
                            on_study=on_study,
                            on_design=on_design,
                            on_gone=on_gone,
                            on_change=on_change,
                        )


@solara.component
def Line(entry: Entry, is_open: bool, on_open: Callable[[], None], on_study: Callable[[str], None]) -> None:
    """One study."""
    ref, standing, facts = entry.ref, entry.standing, entry.facts

    def take() -> None:
        on_study(ref.key)

    with tag("tr", "ml-study" + (" ml-study-open" if is_open else "")):
        with tag("th", "ml-study-name", scope="row"):
            with PageLink(f"/run?study={quote(ref.key)}", classes=["ml-link-plain"], on_follow=take):
                tag("span", "", ref.name)
            tag("div", "ml-quiet", facts.model_name if facts else "")
        if standing is None or facts is None:
            with tag("td", "ml-error-text", colspan="2"):
                tag("span", "", entry.problem)
        else:
            status = standing.status
            with tag("td"):
                tag("div", "", facts.design)
                points, times = plural(status.n_points, "point"), plural(status.replications, "replication")
                tag("div", "ml-quiet", f"{points} × {times}")
            with tag("td", "ml-study-progress"):
                with tag("div", "ml-study-state"):
                    state = "problem" if standing.problem else standing.state
                    tag("span", f"ml-state ml-state-{state} ml-state-small", headline(standing))
                    failed = status.failed + status.timed_out
                    count = f"{status.finished:,} of {status.n_runs:,}"
                    tag("span", "ml-quiet", f"{count}, {failed:,} failed" if failed else count)
                Bar(standing, label=f"Progress of {ref.name}")
        tag("td", "ml-number", size_text(entry.bytes))
        tag("td", "ml-when", day_text(entry.changed))
        with tag("td"), tag("div", "ml-actions ml-study-actions"):
            if standing is not None and standing.status.finished:
                with PageLink(f"/results?study={quote(ref.key)}", classes=["ml-button"], on_follow=take):
                    tag("span", "", "Results")
                    tag("span", "ml-spoken", f" of {ref.name}")
            attributes = {"aria-expanded": "true" if is_open else "false"}
            More(f"What to do with {ref.name}", on_open, is_open, attributes)


@solara.component
def More(
    spoken: str, on_click: Callable[[], None], is_open: bool, attributes: dict[str, str]
) -> solara.Element:
    """The button that opens a drawer."""
    with tag(
        "button",
        "ml-button ml-button-icon",
        type="button",
        aria_label=spoken,
        title=spoken,
        attributes=attributes,
    ) as button:
        icon("mdi-chevron-up" if is_open else "mdi-chevron-down")
    solara.v.use_event(button, "click", lambda *_: on_click())
    return button


def day_text(moment: float) -> str:
    """Return a moment: the time when it was today, else the day too.

    Args:
        moment: Seconds since 1970.
    """
    then, now = datetime.datetime.fromtimestamp(moment), datetime.datetime.now()
    if then.date() == now.date():
        return f"today {then:%H:%M}"
    return f"{then.day} {then:%b %H:%M}" if then.year == now.year else f"{then.day} {then:%b %Y}"
