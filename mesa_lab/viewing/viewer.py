"""The handle of a run that somebody looks at: where it is, its pictures, and the process that makes them."""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import RunError, StudyError
from mesa_lab.preparation.code_permission import require_code
from mesa_lab.running.confinement.own_models import viewing_process
from mesa_lab.running.confinement.starting import Started
from mesa_lab.running.workers.serialization import pack
from mesa_lab.study.records import Task
from mesa_lab.viewing.spare_process import take_process

if TYPE_CHECKING:
    from mesa_lab.preparation.run_configuration import Protocol
    from mesa_lab.study import Study

__all__ = ["Frame", "Picture", "Viewer"]

_PROCESS: Final = "mesa_lab.viewing.process"
_NEEDED: Final = (
    "mesa_lab.viewing.default_drawing",
    "mesa_lab.viewing.pictures",
    "mesa_lab.viewing.author_pictures",
)
_LONGEST_LINE: Final = 64 * 2**20
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MOST_PICTURES: Final = 24


@dataclass(frozen=True)
class Picture:
    """One picture of a model.

    Attributes:
        title: What it shows.
        png: The image; empty for a text.
        text: The text; empty for an image.
    """

    title: str
    png: bytes = b""
    text: str = ""


@dataclass(frozen=True)
class Frame:
    """What a run looks like at a step.

    Attributes:
        step: The step.
        is_over: Whether the run ended there.
        problem: What the model raised, empty when nothing.
        pictures: Its pictures.
        collected: What its data collector holds of this step.
        check: How that compares with the study: "equal", what differs, or "" where nothing could be compared.
        author: The file that the pictures come from, empty for the default ones.
    """

    step: int
    is_over: bool
    problem: str
    pictures: tuple[Picture, ...]
    collected: Mapping[str, Any] = field(default_factory=dict)
    check: str = ""
    author: str = ""


class Viewer:
    """Looks at one run: carries it out anew in a process of its own and draws it at the steps that are asked for.

    Args:
        protocol: The model, and how its runs are stopped.
        task: The run: its parameters and its seed.
        last: The step at which it ended, where that is known.
        recorded: What the study has of it, by step: values of outcomes to compare with.
        plain: Leave the author's own pictures out, and draw the default ones.

    Raises:
        NotAllowedError: If the model's code may not be loaded here.
        RunError: If no process can be started.

    Example:
        >>> from mesa_lab.preparation.run_configuration import Protocol
        >>> from mesa_lab.study.records import Task
        >>> protocol = Protocol("mesa.examples:Schelling", max_steps=10)
        >>> with Viewer(protocol, Task(0, 0, 0, 7, {"density": 0.6})) as viewer:  # doctest: +SKIP
        ...     frame = viewer.go(3)
        >>> frame.step, [picture.title for picture in frame.pictures]  # doctest: +SKIP
        (3, ['Space', 'Outcomes', 'Happy agents'])
    """

    def __init__(
        self,
        protocol: Protocol,
        task: Task,
        *,
        last: int | None = None,
        recorded: Mapping[int, Mapping[str, Any]] | None = None,
        plain: bool = False,
    ) -> None:
        require_code(protocol.named_code)
        self._recorded = recorded or {}
        self._asking = threading.Lock()
        self._closed = False
        payload = pack(protocol, confined=True)
        packet = pickle.dumps((payload.data, tuple(task), last, plain))
        self._confined: Started | None = None
        try:
            if payload.confined:
                self._confined = viewing_process(payload.model, _PROCESS, _NEEDED)
                self._process = self._confined.process
            else:
                self._process = take_process()
            assert self._process.stdin is not None
            self._process.stdin.write(b"%d\n" % len(packet) + packet)
            self._process.stdin.flush()
        except OSError as error:
            raise RunError(f"No process can be started to look at the run: {error}.") from error

    @classmethod
    def of_study(
        cls,
        study: Study,
        run_id: int,
        *,
        plain: bool = False,
        changed: Mapping[str, Any] | None = None,
    ) -> Viewer:
        """Look at a run of a study.

        Args:
            study: The study.
            run_id: The number of the run.
            plain: Leave the author's own pictures out.
            changed: Parameters that are to have other values than in the study: another run then, with the same seed, of which the
                study has nothing to compare with.

        Raises:
            StudyError: If it has no such run.
            NotAllowedError: If the model's code may not be loaded here.
        """
        if run_id not in study.plan().run_id:
            raise StudyError(f"'{study.path}' has no run {run_id}.")
        task = Task._make(next(iter(study.tasks([run_id]))))
        if changed:
            task = task._replace(parameters={**task.parameters, **changed})
            return cls(study.experiment.protocol, task, plain=plain)
        runs = study.runs_frame([])
        row = runs[runs["run_id"] == run_id]
        last = None
        if len(row) and row["status"].iloc[0] == "done":
            last = int(row["steps"].iloc[0])
        return cls(
            study.experiment.protocol, task, last=last, recorded=recorded_of(study, run_id), plain=plain
        )

    def go(
        self, step: int, tell: Callable[[int], None] = lambda at: None, seconds: float | None = None
    ) -> Frame:
        """Return the run at a step, or at its end if that comes first.

        Args:
            step: The step, from 0.
            tell: Called now and then with the step that the model has got to.
            seconds: How long it may take; then the viewer is closed. None for no limit.

        Raises:
            RunError: If the process has ended: the model killed it, it took too long, or the viewer was closed.
        """
        late = threading.Event()

        def end() -> None:
            late.set()
            self.close()

        timer = threading.Timer(seconds, end) if seconds is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            return self._ask(step, tell)
        except RunError as error:
            if late.is_set():
                raise RunError(f"The model did not come to step {step:,} within {seconds:g} s.") from error
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _ask(self, step: int, tell: Callable[[int], None]) -> Frame:
        question = json.dumps({"step": max(0, step)}).encode() + b"\n"
        with self._asking:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            try:
                self._process.stdin.write(question)
                self._process.stdin.flush()
                while line := self._process.stdout.readline(_LONGEST_LINE):
                    answer = json.loads(line)
                    if "asked" in answer:
                        return self._frame(answer)
                    tell(int(answer["at"]))
            except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                pass  # the process has ended, or a model of somebody else's wrote nonsense
        if self._closed:
            raise RunError("This viewer is closed.")
        self.close()
        raise RunError(
            "The process that carried the run out has ended: the model killed it, or the memory was full."
        )

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._closed = True
        if self._confined is not None:
            confined, self._confined = self._confined, None
            confined.end()
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what it was given last has nobody to go to
                    continue

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _frame(self, answer: Mapping[str, Any]) -> Frame:
        """Take an answer in; what comes from there is looked at, since the model's code ran there."""
        step = int(answer["step"])
        collected = dict(answer["collected"])
        return Frame(
            step,
            bool(answer["over"]),
            str(answer["problem"]),
            tuple(map(_picture, answer["pictures"][:_MOST_PICTURES])),
            collected,
            _compared(collected, self._recorded.get(step, {})),
            str(answer["author"]),
        )


def recorded_of(study: Study, run_id: int) -> dict[int, dict[str, Any]]:
    """Return what a study has of a run, by step and outcome.

    Args:
        study: The study.
        run_id: The number of the run.
    """
    from mesa_lab.processing.results import Results

    results = Results(study)
    series = results.series(runs=[run_id])
    names = [name for name in results.outcome_list(None) if name in series]
    return {int(row["step"]): {name: row[name] for name in names} for row in series.to_dict("records")}


def _picture(answer: Mapping[str, Any]) -> Picture:
    title, text = str(answer.get("title", "")), str(answer.get("text", ""))
    png = base64.b64decode(answer.get("png", ""))
    return Picture(title, png if png.startswith(_PNG) else b"", text)


def _compared(collected: Mapping[str, Any], recorded: Mapping[str, Any]) -> str:
    """How values of a step compare with those of the study."""
    common = [name for name in collected if recorded.get(name) is not None]
    if not common:
        return ""
    for name in common:
        here, there = collected[name], recorded[name]
        if here != there and not (here != here and there != there):
            return f"{name} is {here} here and {there} in the study: the code, Mesa or Python is another one."
    return "equal"
