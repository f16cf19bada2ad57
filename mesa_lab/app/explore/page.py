"""Explore: sliders, curves that follow them, and the model itself run where a slider rests."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import solara

from mesa_lab.app.components.browser import CopyButton
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.downloads import Download, file_name
from mesa_lab.app.components.html import Style, tag
from mesa_lab.app.components.links import PageLink, WatchLink
from mesa_lab.app.explore.named_settings import NamedSettings
from mesa_lab.app.explore.open_sessions import give_back, take
from mesa_lab.app.explore.profiler import Profiler, dial_facts, row_facts, span_of
from mesa_lab.app.explore.searches import Searches
from mesa_lab.app.explore.surface import SurfacePanel
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.app.quick_imports import ANSWERING, import_now
from mesa_lab.app.study_gone import Gone, use_gone
from mesa_lab.errors import MesaLabError
from mesa_lab.exploring.picture import chart_of
from mesa_lab.formatting import label, plural
from mesa_lab.preparation.encoding import from_json, to_json
from mesa_lab.preparation.experiment_file.python_script import to_python
from mesa_lab.workspace.study_names import StudyRef

if TYPE_CHECKING:
    from mesa_lab.exploring.session import Session
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["ExplorePage", "ExploreView", "Styles", "no_curves_yet"]

_STYLE: Final = Path(__file__).with_name("explore.css")
_SHOWN: Final = 3
"""Outcomes that are shown at first."""


@solara.component
def ExplorePage(
    path: Path,
    make: Callable[[], Session],
    title: str,
    at: str = "",
    on_kept: Callable[[Session], None] | None = None,
    on_moved: Callable[[Mapping[str, Any]], None] | None = None,
    on_design: Callable[[Experiment, str], None] | None = None,
    workspace: Workspace | None = None,
) -> None:
    """Explore a study, or a model.

    Args:
        path: The study's file, or what it will be called.
        make: Opens the session, in the background.
        title: What is explored.
        at: A setting to begin at, as JSON; empty for where one was.
        on_kept: Called when the session has a study of its own.
        on_moved: Called with each setting at which one rests.
        on_design: Called with an experiment to go on with, and where it comes from.
        workspace: Where searches that begin here have their studies; None where none can begin.
    """
    session, set_session = solara.use_state(None)
    problem, set_problem = solara.use_state("")

    def begin() -> Callable[[], None]:
        lock, taken, over = threading.Lock(), [], threading.Event()

        def work() -> None:
            try:
                found = take(path, make)
                if at:
                    _go(found, at)
            except MesaLabError as error:
                set_problem(str(error))
                return
            except Exception as error:  # a model's file may raise anything
                set_problem(f"{type(error).__name__}: {error}")
                return
            with lock:
                if not over.is_set():
                    taken.append(found)
                    set_session(found)
                    return
            give_back(found)

        def end() -> None:
            with lock:
                over.set()
            for found in taken:
                give_back(found)

        threading.Thread(target=work, name="mesa-lab-explore-open", daemon=True).start()
        return end

    solara.use_effect(begin, [path])
    here = [path] if session is None else [each for each in (session.path, session.base) if each is not None]
    gone = use_gone(here)
    solara.use_effect(lambda: session.stop() if gone is not None and session is not None else None, [gone])
    Styles()
    with tag("div", "ml-stack"):
        if gone is not None and workspace is not None:
            Gone(workspace, StudyRef(gone.stem, gone.stem, gone), "/explore")
        elif problem:
            tag("h1", "", f"Explore {title}")
            tag("p", "ml-error-text", problem, role="alert")
        elif session is None:
            tag("h1", "", f"Explore {title}")
            tag("p", "ml-nothing ml-quiet", "Reading what was measured …", role="status")
        else:
            ExploreView(session, title, on_kept, on_moved, on_design, workspace)


@solara.component
def Styles() -> None:
    """The look of this page; needed once."""
    Style(_STYLE)


def _go(session: Session, at: str) -> None:
    """Go to the setting of a link; what makes no sense there is passed over."""
    try:
        setting = from_json(at)
    except (ValueError, MesaLabError):
        return
    if isinstance(setting, dict):
        for name, value in setting.items():
            try:
                session.move({name: value})
            except MesaLabError:
                continue


@solara.component
def ExploreView(
    session: Session,
    title: str,
    on_kept: Callable[[Session], None] | None = None,
    on_moved: Callable[[Mapping[str, Any]], None] | None = None,
    on_design: Callable[[Experiment, str], None] | None = None,
    workspace: Workspace | None = None,
) -> None:
    """A session that is open: also what a notebook shows.

    Args:
        session: The session.
        title: What is explored.
        on_kept: Called when the session has a study of its own.
        on_moved: Called with each setting at which one rests.
        on_design: Called with an experiment to go on with, and where it comes from.
        workspace: Where searches that begin here have their studies; None where none can begin.
    """
    answered, set_answered = solara.use_state(0)
    version, set_version = solara.use_state(0)
    chosen, set_chosen = solara.use_state(None)
    locked, set_locked = solara.use_state(frozenset())
    problem, set_problem = solara.use_state("")
    shown = chosen if chosen is not None else session.outcomes[:_SHOWN]
    # What the browser calls may be the function of an earlier render.
    held = solara.use_ref(locked)
    held.current = locked
    wanted = solara.use_ref(shown)
    wanted.current = shown

    def read() -> None:
        import_now(ANSWERING)
        session.refresh(wanted.current or session.outcomes[:_SHOWN])
        set_version(lambda before: before + 1)

        if session.is_rough(wanted.current):
            polish()

    begun = solara.use_ref(False)

    def refine() -> float | None:
        if not begun.current:  # what is on its way to the browser goes first
            begun.current = True
            import_now(ANSWERING)
            session.prepare(early=True)
            return 0.5
        if session.is_rough(wanted.current):
            session.refine(wanted.current)
            poke()
        return None

    poke = use_reader(read, [session], least=0.1)
    polish = use_reader(refine, [session])
    solara.use_effect(lambda: session.listen(poke), [session])
    kept = session.is_kept
    solara.use_effect(lambda: on_kept(session) if kept and on_kept is not None else None, [kept])

    def move(setting: Mapping[str, Any]) -> None:
        try:
            session.move(setting)
            set_problem("")
        except MesaLabError as error:
            set_problem(str(error))
        set_answered(lambda before: before + 1)

    def turned(stops: Mapping[str, int]) -> None:
        session.prepare()
        known = {dial.name: dial for dial in session.dials if dial.name not in held.current}
        move({name: known[name].stops[stop] for name, stop in stops.items() if name in known})

    def rest() -> None:
        set_problem(session.rest_or_reason())
        if on_moved is not None:
            on_moved(session.setting)

    def arrive(setting: Mapping[str, Any]) -> None:
        move({name: value for name, value in setting.items() if name not in held.current})
        rest()

    def lock(name: str) -> None:
        set_locked(held.current ^ {name})

    setting = dict(session.setting)
    with tag("div", "ml-title"):
        tag("h1", "", f"Explore {title}")
        with tag("div", "ml-actions"):
            Curves(session, version)
            if session.is_running:
                Action("Stop", session.stop, icon="mdi-stop")
            Take(session, shown, on_moved is not None)
            if kept and on_kept is not None:
                with PageLink(f"/results?study={quote(session.path.stem)}", classes=["ml-button"]):
                    tag("span", "", "Results")
            if on_kept is not None and session.measured.n_at(setting):
                WatchLink(_watching(session, setting, kept=kept), "Watch a run")
    tag("p", "ml-quiet ml-ex-status", _status(session), role="status")
    if problem or session.state.problem:
        tag("p", "ml-error-text", problem or session.state.problem, role="alert")
    with tag("section", "ml-panel", aria_label="Profiles"):
        if len(session.outcomes) > 1:
            Outcomes(session.outcomes, shown, set_chosen)
        Profiler(
            dials=dial_facts(session.dials, setting, locked),
            rows=_rows(session, shown, setting),
            answered=answered + version,
            event_moved=turned,
            event_rested=lambda _=None: rest(),
            event_typed=lambda typed: move({str(typed.get("name")): str(typed.get("text"))}),
            event_locked=lock,
        )
        if session.missing:
            tag("p", "ml-quiet", no_curves_yet(session))
    if shown and len(session.dials) > 1:
        with tag("section", "ml-panel", aria_label="Surface"):
            tag("h2", "", "Over two parameters")
            SurfacePanel(session, shown, arrive, version)
    with tag("section", "ml-panel", aria_label="Remembered settings"):
        tag("h2", "", "Remembered settings")
        NamedSettings(session, shown, arrive, on_design, version)
    if workspace is not None and session.outcomes:
        with tag("section", "ml-panel", aria_label="Search from here"):
            tag("h2", "", "Search from here")
            Searches(session, workspace, session.outcomes, arrive)


@solara.component
def Take(session: Session, shown: tuple[str, ...], linked: bool) -> None:
    """Take a picture, the experiment as Python, or the address of this setting."""
    stem = file_name(session.path.stem)

    def picture() -> bytes:
        from mesa_lab.processing.export.chart_image import render

        return bytes(render(chart_of(session, shown), "png"))  # type: ignore[arg-type]

    with tag("div", "ml-actions"):
        if linked:
            CopyButton(label="Link", text="", icon="mdi-link-variant")
        if shown:
            Download("Picture", picture, f"{stem}.png")
        Download(
            "Python", lambda: to_python(session.here()).encode(), f"{stem}.py", icon="mdi-language-python"
        )


@solara.component
def Curves(session: Session, version: int) -> None:
    """Run settings all over the ranges; the version changes when anything was measured."""
    runs = session.survey_runs
    words = "First curves" if session.missing else "More points"
    Action(
        f"{words}: {plural(runs, 'run')}",
        session.survey,
        icon="mdi-chart-bell-curve",
        kind="primary" if session.missing else "",
        disabled=session.is_running and session.state.why != "this setting",
    )


@solara.component
def Outcomes(
    names: tuple[str, ...], shown: tuple[str, ...], on_value: Callable[[tuple[str, ...]], None]
) -> None:
    """Choose the outcomes that are shown."""
    with tag("div", "ml-actions", role="group", aria_label="Outcomes"):
        for name in names:
            on = name in shown

            def change(name: str = name, on: bool = on) -> None:
                kept = tuple(each for each in names if (each in shown) != (each == name))
                if kept:
                    on_value(kept)

            Action(label(name), change, kind="tonal" if on else "", icon="mdi-check" if on else "").key(name)


def _rows(session: Session, shown: tuple[str, ...], setting: Mapping[str, Any]) -> list[dict[str, Any]]:
    profiles = session.profiles(shown, setting)
    width = len(session.dials)
    rows = []
    for number, name in enumerate(shown):
        mine = profiles[number * width : (number + 1) * width]
        means = session.measured.arrays(name)[1].tolist()
        rows.append(
            row_facts(name, session.reading(name, setting), mine, session.dials, span_of(means, mine))
        )
    return rows


def _watching(session: Session, setting: Mapping[str, Any], *, kept: bool) -> str:
    """The address at which a run of a setting is watched: of the session's own study, or of the one that is explored."""
    paths = [path for path in (session.path if kept else None, session.base) if path is not None]
    studies = "".join(
        f"&{name}={quote(path.stem)}" for name, path in zip(("study", "base"), paths, strict=False)
    )
    return f"/watch?at={quote(to_json(dict(setting)))}{studies}"


def _status(session: Session) -> str:
    state = session.state
    measured = session.measured
    said = f"{plural(measured.n_runs, 'run')} of {plural(len(measured.settings), 'setting')}."
    if session.base is not None:
        said += f" Results of “{session.base.stem}” are used."
    if state.running:
        said += f" Running {state.why}: {state.done} of {plural(state.asked, 'run')} …"
    failed, why = measured.failures_at(session.setting)
    if failed:
        said += f" {plural(failed, 'run')} of this setting failed: {why}"
    return said


def no_curves_yet(session: Session) -> str:
    """Say what curves take that are not there yet; where each setting is measured and none lies between, that there are none.

    Args:
        session: The session.
    """
    have, dials = len(session.measured.settings), session.dials
    counts = [getattr(dial.parameter, "count", None) if dial.is_number else len(dial.stops) for dial in dials]
    every = math.prod(math.inf if count is None else count for count in counts)
    if every < have + session.missing:
        return f"Curves take {have + session.missing:,} settings; here there are {every:,}: the marks show those that are measured."
    return (
        f"Curves over {plural(len(dials), 'parameter')} need {have + session.missing:,} measured settings, and {have:,} are "
        "measured so far. Run settings all over the ranges, or move the sliders: where they stay for a moment, that setting is "
        "measured."
    )
