"""What an address asks to be watched: a run at a setting of a study, or one run of a model that is in no study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import MesaLabError, StudyError
from mesa_lab.preparation.encoding import from_json
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study
from mesa_lab.study.records import Task
from mesa_lab.viewing.viewer import Viewer
from mesa_lab.workspace.access import check

if TYPE_CHECKING:
    from mesa_lab.workspace.study_names import StudyRef

__all__ = ["Asked", "experiment_of", "read_query", "run_at", "viewer_of"]

_MOST_STEPS = 100_000
_NO_RUN = "No run is named. Open one in the results, and watch it from there."


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be watched: runs of a study, or one run of an experiment that is in no study.

    Attributes:
        ref: The study.
        runs: The numbers of its runs.
        step: The step to begin at; None for the start, or where a run failed.
        experiment: What the run of no study is of.
        seed: The seed of that run.
    """

    ref: StudyRef | None = None
    runs: Sequence[int] = ()
    step: int | None = None
    experiment: Experiment | None = None
    seed: int = 0


def read_query(query: Mapping[str, Sequence[str]], study: str, find: Callable[[str], StudyRef]) -> Asked:
    """Read what an address asks for: a run of a study, by its number or its setting, or a run of a model.

    Args:
        query: The words of the address.
        study: The study that the page is about.
        find: Finds a study by its name.

    Raises:
        MesaLabError: If the address makes no sense, or there is nothing of the kind.
    """

    def word(name: str) -> str:
        return query.get(name, [""])[-1]

    step = _number(word("step"))
    if model := word("model"):
        return Asked(
            experiment=experiment_of(model, word("steps"), word("at")), seed=_number(word("seed")) or 0
        )
    if at := word("at"):
        names = [word(name) for name in ("study", "base") if word(name)] or [study]
        ref, run = run_at(map(find, names), at)
        return Asked(ref, [run], step)
    if not study:
        raise StudyError(_NO_RUN)
    ref = find(study)
    runs = [run for text in query.get("run", ()) if (run := _number(text)) is not None][:2]
    if not runs:
        raise StudyError(_NO_RUN)
    return Asked(ref, runs, step)


def run_at(studies: Iterable[StudyRef], at: str) -> tuple[StudyRef, int]:
    """Return the first run that has a setting.

    Args:
        studies: Where to look.
        at: The setting, as JSON.

    Raises:
        StudyError: If no run has it, or it makes no sense.
    """
    setting = _setting(at)
    for ref in studies:
        with Study.open(ref.path) as study:
            points = study.points_frame()
            if any(name not in points.columns for name in setting):
                continue
            kept = [
                point
                for point, *values in zip(
                    points.index.tolist(), *(points[name].tolist() for name in setting), strict=True
                )
                if values == list(setting.values())
            ]
            runs = study.runs_frame([])
            here = runs[runs["point"].isin(kept)]["run_id"]
            if len(here):
                return ref, int(here.min())
    raise StudyError("No run of this setting is there yet. Let the sliders rest on it until one is done.")


def experiment_of(model: str, steps: str, at: str = "") -> Experiment:
    """Return the experiment that a run of no study is of.

    Raises:
        MesaLabError: If the address makes no sense.
    """
    most = _number(steps)
    if most is None or not 1 <= most <= _MOST_STEPS:
        raise StudyError(f"The steps are '{steps:.20}'. Ask for 1 to {_MOST_STEPS:,}.")
    return Experiment(model, _setting(at) if at else {}, max_steps=most)


def viewer_of(experiment: Experiment, seed: int) -> Viewer:
    """Open a viewer of one run that is in no study.

    Raises:
        MesaLabError: If the model is not offered here, or cannot be opened.
    """
    check(experiment)
    return Viewer(experiment.protocol, Task(0, 0, 0, seed, dict(experiment.space.fixed)))


def _number(text: str) -> int | None:
    """A number as people type it; None for anything else, such as one of thousands of digits."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _setting(at: str) -> Mapping[str, Any]:
    try:
        setting = from_json(at)
    except (ValueError, MesaLabError):
        setting = None
    if not isinstance(setting, dict) or not setting:
        raise StudyError(f"'{at:.60}' is no setting.")
    return setting
