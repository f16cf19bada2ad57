"""Watch runs: a model at any step, played, stopped, gone back; two runs side by side."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app.code_question import CodeQuestion
from mesa_lab.app.components.controls import Action, Choose, TextInput
from mesa_lab.app.components.downloads import Download
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.watch.player import STEP_SECONDS, Look, Player
from mesa_lab.formatting import cell_text
from mesa_lab.study import Study
from mesa_lab.viewing.film import film_of
from mesa_lab.viewing.viewer import Frame, Viewer
from mesa_lab.workspace.access import agree, is_allowed
from mesa_lab.workspace.study_names import StudyRef

if TYPE_CHECKING:
    from mesa_lab.preparation.code_permission import CodeReference

__all__ = ["WatchPage", "WatchRun"]

_SPEEDS: Final = ((1, "every step"), (2, "every 2nd step"), (5, "every 5th step"), (10, "every 10th step"))
_PAUSE_SECONDS: Final = 0.3
_FILM_PICTURES: Final = 60


@solara.component
def WatchPage(
    ref: StudyRef,
    runs: Sequence[int],
    step: int,
    results: str,
    on_runs: Callable[[Sequence[int]], None],
    owner: str = "",
) -> None:
    """Watch one run, or two side by side.

    Args:
        ref: The study.
        runs: The numbers of the runs.
        step: The step to begin at.
        results: The address of the study's results.
        on_runs: Called with other runs to watch.
        owner: The visitor who looks on; empty in a local app.
    """
    beside, set_beside = solara.use_state("")
    agreed, set_agreed = solara.use_state(0)
    fresh = use_fresh(lambda: _untrusted(ref), agreed, topic=ref.path)

    def add() -> None:
        if beside.strip().isdecimal():
            on_runs([runs[0], int(beside)])

    def accept() -> None:
        for reference in fresh.value or ():
            agree(reference)
        set_agreed(agreed + 1)

    with tag("div", "ml-stack"):
        with tag("div", "ml-title"):
            tag("h1", "", f"Runs of {ref.name}" if len(runs) > 1 else f"Run {runs[0]} of {ref.name}")
            with tag("div", "ml-actions"):
                if len(runs) == 1:
                    TextInput("Beside run", beside, set_beside, classes="ml-narrow")
                    Action("Compare", add, disabled=not beside.strip().isdecimal())
                else:
                    Action("This one alone", lambda: on_runs(runs[:1]))
                with PageLink(results, classes=["ml-button"]):
                    tag("span", "", "Back to the results")
        if fresh.problem:
            tag("p", "ml-error-text", fresh.problem, role="alert")
        elif fresh.value is None:
            tag("p", "ml-nothing ml-quiet", "Opening the run …", role="status")
        elif fresh.value:
            CodeQuestion(
                "To watch a run its model is carried out, which runs Python code. Go on only if you know where it comes from.",
                fresh.value,
                ("Run it", accept),
            )
        else:
            with tag("div", "ml-watch-runs"):
                for run in runs:
                    WatchRun(lambda run=run: _viewer(ref, run), run, step, ref.name, owner).key(
                        f"{ref.path} {run}"
                    )


def _untrusted(ref: StudyRef) -> tuple[CodeReference, ...]:
    """The code that watching would run and nobody has agreed to yet."""
    with Study.open(ref.path) as study:
        return tuple(code for code in study.experiment.named_code if not is_allowed(code))


def _viewer(ref: StudyRef, run: int) -> Viewer:
    with Study.open(ref.path) as study:
        return Viewer.of_study(study, run)


@solara.component
def WatchRun(make: Callable[[], Viewer], run: int, step: int, name: str, owner: str = "") -> None:
    """One run, with the controls that move it.

    Args:
        make: Opens the viewer.
        run: The number of the run.
        step: Where to begin.
        name: What the study is called.
        owner: The visitor who looks on.
    """
    look: solara.Reactive[Look] = solara.use_reactive(Look())
    player: solara.Reactive[Player | None] = solara.use_reactive(None)
    stride, set_stride = solara.use_state(1)
    goal, set_goal = solara.use_state("")

    def begin() -> Callable[[], None]:
        made = Player(make, step, look.set, owner)
        player.set(made)
        return made.close

    solara.use_effect(begin, [])
    now, frame = look.value, look.value.frame
    at = 0 if frame is None else frame.step

    def do(what: Callable[[Player], None]) -> None:
        if (moved := player.peek()) is not None:
            what(moved)

    def jump() -> None:
        if goal.strip().isdecimal():
            do(lambda moved: moved.go(int(goal)))

    def film() -> bytes:
        return film_of(make, at, most=_FILM_PICTURES, seconds=STEP_SECONDS)

    with tag("section", "ml-panel ml-watch", aria_label=f"Run {run}"):
        with tag("div", "ml-panel-head"):
            tag("h2", "", f"Run {run}")
            tag("p", "ml-quiet", _said(now), role="status")
        with tag("div", "ml-actions"):
            Action("", lambda: do(lambda moved: moved.go(0)), icon="mdi-skip-previous", spoken="To the start")
            Action(
                "",
                lambda: do(lambda moved: moved.go(max(0, at - stride))),
                icon="mdi-step-backward",
                spoken="Step back",
                disabled=at == 0,
            )
            if now.playing:
                Action("Pause", lambda: do(Player.stop), icon="mdi-pause", kind="tonal")
            else:
                Action(
                    "Play",
                    lambda: do(lambda moved: moved.play(stride, _PAUSE_SECONDS)),
                    icon="mdi-play",
                    kind="tonal",
                    disabled=frame is None or frame.is_over,
                )
            Action(
                "",
                lambda: do(lambda moved: moved.go(at + stride)),
                icon="mdi-step-forward",
                spoken="Step forward",
                disabled=frame is None or frame.is_over,
            )
            Choose("Show", stride, set_stride, _SPEEDS, classes="ml-watch-speed")
            TextInput("Step", goal, set_goal, classes="ml-narrow")
            Action("Go", jump, disabled=not goal.strip().isdecimal())
            Download("GIF", film, f"{name}_run_{run}.gif")
        if now.problem:
            tag("p", "ml-error-text", now.problem, role="alert")
        if frame is not None:
            Pictures(frame, run)


def _said(look: Look) -> str:
    """Where the run is, in words."""
    if look.problem:
        return ""
    if look.at is not None:
        return f"On its way: step {look.at:,} …"
    if look.frame is None:
        return "Setting the model up …"
    return f"Step {look.frame.step:,}" + (", the end of the run" if look.frame.is_over else "")


@solara.component
def Pictures(frame: Frame, run: int) -> None:
    """The pictures of a step, and what it says."""
    if frame.problem:
        tag("p", "ml-error-text", frame.problem)
    with tag("div", "ml-watch-pictures"):
        for number, picture in enumerate(frame.pictures):
            with tag("figure", "ml-figure").key(f"{number}"):
                tag("figcaption", "", picture.title)
                if picture.png:
                    source = "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
                    words = f"{picture.title} of run {run} at step {frame.step}"
                    tag("img", "ml-watch-picture", attributes={"src": source, "alt": words})
                else:
                    tag("p", "ml-about", picture.text)
    facts = [f"{name} {cell_text(value)}" for name, value in list(frame.collected.items())[:12]]
    if facts:
        tag("p", "ml-quiet", " · ".join(facts))
    if frame.check == "equal":
        tag("p", "ml-quiet", "These values are those of the study.")
    elif frame.check:
        tag("p", "ml-warning", frame.check, role="alert")
