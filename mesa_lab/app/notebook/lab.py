"""`ml.Lab`: the whole way from a model to results in one cell of a notebook, without a server.

The same components as on the pages, shown as a widget; what is designed and what came out can be
taken back into Python at any time. This is the notebook's door to the app and holds no page itself.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.state.result_view import ResultView
from mesa_lab.drafts.draft import Draft, for_model, from_experiment
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError, StudyError
from mesa_lab.workspace.kernel_run import LabRun
from mesa_lab.workspace.trust import trust

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelDescription
    from mesa_lab.processing.results import Results
    from mesa_lab.workspace.test_run import Trial

__all__ = ["Lab"]


class Lab:
    """Design, run and understand an experiment, in a notebook: make it the last line of a cell.

    Args:
        model: A Mesa model class (also one that is defined in the notebook), `"package.module:Class"`,
            `"path/file.py:Class"`, or an `Experiment` to start from. None lists the models to choose from.
        study: The study file that the runs go to; alone, its results are shown. None keeps results for as long as the
            kernel lives.

    Raises:
        ModelError: If there is no such model.
        StudyError: If there is no such study.

    Example:
        >>> import mesa_lab as ml
        >>> lab = ml.Lab("mesa.examples:Schelling")
        >>> lab.experiment.n_runs > 0
        True
    """

    def __init__(
        self, model: type | str | Experiment | None = None, *, study: str | Path | None = None
    ) -> None:
        from mesa_lab.preparation.experiment import Experiment

        given = model if isinstance(model, Experiment) else None
        self._model = given.model if given is not None else model
        self._file = Path(study) if study is not None else None
        self._chosen: solara.Reactive[str] = solara.Reactive("")
        self._drafts: dict[str, Draft] = {}
        self._class: type | None = None
        self._draft: solara.Reactive[Draft] = solara.Reactive(Draft())
        self._trial: solara.Reactive[Trial | None] = solara.Reactive(None)
        self._run: solara.Reactive[LabRun | None] = solara.Reactive(None)
        self._path: solara.Reactive[Path | None] = solara.Reactive(None)
        self._view: solara.Reactive[ResultView] = solara.Reactive(ResultView())
        self._step: solara.Reactive[str] = solara.Reactive("Model")
        if self._model is not None:
            self._open_model(given)
        if self._file is not None and (self._file.exists() or self._model is None):
            self._open_study(self._file)

    @property
    def _reference(self) -> str:
        return self._chosen.value

    @property
    def _asks(self) -> bool:
        """Whether a model is chosen here, rather than given."""
        return self._model is None and self._file is None

    def _choose(self, description: ModelDescription) -> None:
        """Take a model from the list; a design that was left for another one comes back."""
        self._drafts[self._reference] = self._draft.peek()
        self._draft.value = self._drafts.get(description.reference) or for_model(description)
        self._trial.value = None
        self._chosen.value = description.reference

    def _open_model(self, given: Experiment | None) -> None:
        from mesa_lab.app.hooks.use_model import describe_model
        from mesa_lab.preparation.models import load_model, reference_of

        self._class = load_model(self._model)
        self._chosen.value = reference_of(self._model)
        trust(self._reference)
        if given is not None:
            described = describe_model(self._reference)
            self._draft.value = dataclasses.replace(
                from_experiment(given, described.description), model=self._reference
            )
            self._step.value = "Design"

    def _open_study(self, path: Path) -> None:
        from mesa_lab.study import Study

        with Study.open(path):
            pass
        self._path.value = path
        if self._model is None:
            self._step.value = "Results"

    @property
    def experiment(self) -> Experiment:
        """The experiment as it is designed by now; of a lab that shows a study, the study's.

        Raises:
            ExperimentError: If something in the design is wrong, or no model is chosen; the message says what.
        """
        if self._asks and not self._reference:
            raise ExperimentError(
                "No model is chosen yet. Choose one in the list, or give one: Lab(MyModel)."
            )
        if not self._reference:
            return self._study_experiment()
        if not self._draft.peek().model:
            self._first_draft()
        parsed = parse(self._draft.peek())
        if parsed.experiment is None:
            said = "; ".join(f"{name}: {message}" for name, message in parsed.errors.items())
            raise ExperimentError(f"The design is not complete. {said}")
        return self._with_class(parsed.experiment)

    @property
    def results(self) -> Results:
        """What the runs have left behind by now; ask again while they go on, and there is more.

        Raises:
            StudyError: If nothing was run yet.
        """
        from mesa_lab.processing.results import Results
        from mesa_lab.workspace.shared_results import StudyFile

        path = self._path.peek()
        if path is None:
            raise StudyError("Nothing was run yet: press Run, or call lab.run().")
        return Results(StudyFile(path))

    def run(
        self, experiment: Experiment | None = None, *, processes: int = -1, backend: str = "loky"
    ) -> LabRun:
        """Start the runs of the design, as the button does; returns at once.

        Args:
            experiment: What to run; None takes what is designed.
            processes: Worker processes; -1 for one on each core.
            backend: Where to run, as for `run`.

        Returns:
            The runs: `.wait()`, `.status()`.

        Raises:
            StudyMismatchError: If the study file holds runs of an unlike experiment.
            RunError: If runs of this lab are going on.
        """
        from mesa_lab.errors import RunError

        if (before := self._run.peek()) is not None and before.is_running:
            raise RunError("Runs of this lab are going on. Stop them first.")
        chosen = self._with_class(experiment) if experiment is not None else self.experiment
        started = LabRun(chosen, self._file)
        started.start(processes, backend)
        self._path.value = started.path
        self._view.value = dataclasses.replace(self._view.peek(), points=None, run=None)
        self._run.value = started
        self._step.value = "Run"
        return started

    def _first_draft(self) -> None:
        from mesa_lab.app.hooks.use_model import describe_model

        described = describe_model(self._reference)
        if described.description is None:
            raise ExperimentError(described.problem)
        self._draft.value = for_model(described.description)

    def _with_class(self, experiment: Experiment) -> Experiment:
        # Other processes cannot find a notebook's class by its name; the class itself can be sent to them.
        if self._reference.startswith("__main__:") and isinstance(experiment.model, str):
            return dataclasses.replace(experiment, model=self._class)
        return experiment

    def _study_experiment(self) -> Experiment:
        from mesa_lab.study import Study

        with Study.open(self._path.peek()) as study:
            return study.experiment

    def _element(self) -> solara.Element:
        from mesa_lab.app.notebook.lab_view import LabView

        return LabView(self)

    def _ipython_display_(self) -> None:
        self._element()._ipython_display_()

    def __repr__(self) -> str:
        path = self._path.peek()
        parts = [repr(self._reference)] if self._reference else []
        parts += [f"study={str(path or self._file)!r}"] if path or self._file else []
        return f"Lab({', '.join(parts)})"
