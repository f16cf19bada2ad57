"""Watch runs: a model at any step, played, stopped, gone back; two runs side by side."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.code_question import CodeQuestion
from mesa_lab.app.components.controls import Action, Choose, TextInput
from mesa_lab.app.components.downloads import Download
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.study_gone import Gone, use_gone
from mesa_lab.app.watch.found import viewer_of
from mesa_lab.app.watch.player import STEP_SECONDS, Look, Player
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import cell_text, label, model_label, plain
from mesa_lab.preparation.models import reference_of
from mesa_lab.study import Study
from mesa_lab.viewing.film import film_of, pictures_of
from mesa_lab.viewing.viewer import Frame, Viewer
from mesa_lab.workspace.access import AGREED, access, agree, is_allowed
from mesa_lab.workspace.study_names import StudyRef

if TYPE_CHECKING:
    from mesa_lab.preparation.code_permission import CodeReference
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.parameters.space import Parameter
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["NothingToWatch", "WatchModel", "WatchPage", "WatchRun"]

_SPEEDS: Final = ((1, "every step"), (2, "every 2nd step"), (5, "every 5th step"), (10, "every 10th step"))
_PAUSE_SECONDS: Final = 0.3
_FILM_PICTURES: Final = 60
_FAR: Final = 10**9
_ASKING: Final = "To watch a run its model is carried out, which runs Python code. Go on only if you know where it comes from."


@solara.component
def MayRun(codes: Sequence[CodeReference], on_agreed: Callable[[], None]) -> None:
    """Ask before code is run that nobody has agreed to; where nobody can, say so."""

    def accept() -> None:
        for code in codes:
            agree(code)
        on_agreed()

    if access().opens_code:
        CodeQuestion(_ASKING, codes, ("Run it", accept))
    else:
        tag("p", "ml-error-text", AGREED.code(codes[0]), role="alert")


@solara.component
def NothingToWatch(problem: str) -> None:
    """Say why there is no run to watch, and where there are some."""
    with tag("section", "ml-empty", aria_label="Nothing to watch yet"):
        tag("h1", "", "Watch")
        tag("p", "ml-quiet", problem, role="alert")
        with tag("div", "ml-actions"):
            with PageLink("/studies", classes=["ml-primary"]):
                tag("span", "", "Open a study")
            with PageLink("/", classes=["ml-button"]):
                tag("span", "", "Choose a model")


@solara.component
def WatchPage(
    ref: StudyRef,
    runs: Sequence[int],
    step: int | None,
    results: str,
    on_runs: Callable[[Sequence[int]], None],
    owner: str = "",
    workspace: Workspace | None = None,
) -> None:
    """Watch one run, or two side by side.

    Args:
        ref: The study.
        runs: The numbers of the runs.
        step: The step to begin at; None for the start, or where a run failed.
        results: The address of the study's results.
        on_runs: Called with other runs to watch.
        owner: The visitor who looks on; empty in a local app.
        workspace: Where a study that is renamed meanwhile is found again.
    """
    gone = use_gone([ref.path])
    beside, set_beside = solara.use_state("")
    agreed, set_agreed = solara.use_state(0)
    other, set_other = solara.use_state({})
    fresh = use_fresh(lambda: _facts(ref, runs), (agreed, tuple(runs)), topic=ref.path)

    def add() -> None:
        if beside.strip().isdecimal():
            on_runs([runs[0], int(beside)])

    if gone is not None and workspace is not None:
        Gone(workspace, ref, "/results")
        return
    with tag("div", "ml-stack"):
        with tag("div", "ml-title"):
            tag("h1", "", f"Runs of {ref.name}" if len(runs) > 1 else f"Run {runs[0]} of {ref.name}")
            with tag("div", "ml-actions"):
                if other:
                    Action("This one alone", lambda: set_other({}))
                elif len(runs) > 1:
                    Action("This one alone", lambda: on_runs(runs[:1]))
                with PageLink(results, classes=["ml-button"]):
                    tag("span", "", "Back to the results")
        if len(runs) == 1 and not other:
            with tag("div", "ml-actions ml-watch-beside"):
                TextInput("Beside run", beside, set_beside, classes="ml-narrow")
                Action("Compare", add, disabled=not beside.strip().isdecimal())
                if fresh.value is not None and fresh.value.varied:
                    tag("span", "ml-quiet", "or")
                    Changed(fresh.value.varied, set_other)
        if fresh.problem:
            tag("p", "ml-error-text", fresh.problem, role="alert")
        elif fresh.value is None:
            tag("p", "ml-nothing ml-quiet", "Opening the run …", role="status")
        elif fresh.value.untrusted:
            MayRun(fresh.value.untrusted, lambda: set_agreed(agreed + 1))
        else:
            with tag("div", "ml-watch-runs"):
                for run in runs:
                    first = fresh.value.steps.get(run, 0) if step is None else step
                    WatchRun(lambda run=run: _viewer(ref, run), run, first, ref.name, owner).key(
                        f"{ref.path} {run}"
                    )
                if other and len(runs) == 1:
                    first = fresh.value.steps.get(runs[0], 0) if step is None else step
                    said = ", ".join(f"{name} {cell_text(value)}" for name, value in other.items())
                    make = lambda: _viewer(ref, runs[0], other)  # noqa: E731
                    WatchRun(make, runs[0], first, ref.name, owner, f"Run {runs[0]} with {said}").key(
                        f"{ref.path} {runs[0]} {said}"
                    )


@dataclass(frozen=True)
class _Facts:
    """What is known of runs before they are watched.

    Attributes:
        untrusted: The code that watching would run and nobody has agreed to yet.
        varied: The parameters that vary in the study.
        steps: Where to begin with runs that failed: at the step before they did, which is as far as they go.
    """

    untrusted: tuple[CodeReference, ...]
    varied: Mapping[str, Parameter]
    steps: Mapping[int, int]


def _facts(ref: StudyRef, runs: Sequence[int]) -> _Facts:
    with Study.open(ref.path) as study:
        experiment = study.experiment
        table = study.runs_frame([])
        failed = table[table["run_id"].isin(list(runs)) & (table["status"] == "failed")]["run_id"].tolist()
        last = experiment.max_steps or _FAR
        return _Facts(
            tuple(code for code in experiment.named_code if not is_allowed(code)),
            experiment.space.varied,
            dict.fromkeys(failed, last),
        )


@solara.component
def WatchModel(experiment: Experiment, seed: int, back: str, owner: str = "") -> None:
    """Watch a run of a model that is in no study.

    Args:
        experiment: The model, its parameters and its steps.
        seed: The run's seed.
        back: The address of the page that one came from.
        owner: The visitor who looks on; empty in a local app.
    """
    agreed, set_agreed = solara.use_state(0)
    name = model_label(reference_of(experiment.model))
    codes = solara.use_memo(
        lambda: tuple(code for code in experiment.named_code if not is_allowed(code)), dependencies=[agreed]
    )

    with tag("div", "ml-stack"):
        with tag("div", "ml-title"):
            tag("h1", "", f"A run of {name}")
            with PageLink(back, classes=["ml-button"]):
                tag("span", "", "Back to the model")
        if codes:
            MayRun(codes, lambda: set_agreed(agreed + 1))
        else:
            WatchRun(lambda: viewer_of(experiment, seed), 0, 0, name, owner, title=f"Seed {seed}")


def _viewer(ref: StudyRef, run: int, changed: Mapping[str, Any] | None = None) -> Viewer:
    with Study.open(ref.path) as study:
        return Viewer.of_study(study, run, changed=changed)


@solara.component
def Changed(varied: Mapping[str, Parameter], on_value: Callable[[Mapping[str, Any]], None]) -> None:
    """Have the same run beside it, with the same seed and another value of one parameter."""
    name, set_name = solara.use_state(next(iter(varied)))
    text, set_text = solara.use_state("")
    problem, set_problem = solara.use_state("")

    def change() -> None:
        try:
            on_value({name: plain(varied[name].parse(text.strip()))})
        except MesaLabError as error:
            set_problem(str(error))

    def type_value(new: str) -> None:
        set_problem("")
        set_text(new)

    with tag("div", "ml-actions"):
        Choose("The same seed with another", name, set_name, [(each, label(each)) for each in varied])
        TextInput("Value", text, type_value, classes="ml-narrow", error=problem)
        Action("See the difference", change, disabled=not text.strip())
        if problem:
            tag("span", "ml-error-text", problem, role="alert")


@solara.component
def WatchRun(
    make: Callable[[], Viewer], run: int, step: int, name: str, owner: str = "", title: str = ""
) -> None:
    """One run, with the controls that move it.

    Args:
        make: Opens the viewer.
        run: The number of the run.
        step: Where to begin.
        name: What the study is called.
        owner: The visitor who looks on.
        title: What it is called; empty for its number.
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

    def pngs() -> bytes:
        return pictures_of(make, at, most=_FILM_PICTURES, seconds=STEP_SECONDS)

    title = title or f"Run {run}"
    with tag("section", "ml-panel ml-watch", aria_label=title):
        with tag("div", "ml-panel-head"):
            tag("h2", "", title)
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
            Download("PNGs", pngs, f"{name}_run_{run}.zip")
        if now.problem:
            tag("p", "ml-error-text", now.problem, role="alert")
        if frame is not None:
            Pictures(frame, title)


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
def Pictures(frame: Frame, title: str) -> None:
    """The pictures of a step, and what it says."""
    if frame.problem:
        tag("p", "ml-error-text", frame.problem)
    with tag("div", "ml-watch-pictures"):
        for number, picture in enumerate(frame.pictures):
            with tag("figure", "ml-figure").key(f"{number}"):
                tag("figcaption", "", picture.title)
                if picture.png:
                    source = "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
                    words = f"{picture.title} of {title[:1].lower()}{title[1:]} at step {frame.step}"
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
