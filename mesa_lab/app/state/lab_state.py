"""LabSession: the state of one `ml.Lab`, and what its steps and the notebook's own code do with it.

Below both: `lab.py` is what a notebook's user sees of it, `lab_view.py` what is drawn of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.state.result_view import ResultView
from mesa_lab.drafts.draft import Draft, for_model
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError, RunError, StudyError
from mesa_lab.preparation.code_permission import parse_reference
from mesa_lab.preparation.questions import answered_by
from mesa_lab.workspace.access import agree, check
from mesa_lab.workspace.kernel_run import LabRun
from mesa_lab.workspace.study_names import ENDING, name_of, numbered
from mesa_lab.workspace.trust import code_in, trust

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelDescription
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.results import Results
    from mesa_lab.workspace.test_run import Trial

__all__ = ["LabSession"]


class LabSession:
    """What is chosen, typed, run and looked at in one lab.

    Args:
        model: The model or the experiment to start from; None lists the models to choose from.
        study: The study file that the runs go to, or whose results are shown; None keeps them while the kernel lives.

    Raises:
        ModelError: If there is no such model.
        StudyError: If there is no such study.
    """

    def __init__(
        self, model: type | str | Experiment | None = None, *, study: str | Path | None = None
    ) -> None:
        from mesa_lab.preparation.experiment import Experiment

        given = model if isinstance(model, Experiment) else None
        self._model = given.model if given is not None else model
        # From the root on: a notebook may go to another folder meanwhile.
        self.file = Path(study).absolute() if study is not None else None
        self.chosen: solara.Reactive[str] = solara.Reactive("")
        self._folder, self._first_name = Path(), ""
        with contextlib.suppress(OSError):  # it is gone
            self._folder = Path.cwd()
        self._drafts: dict[str, Draft] = {}
        self._class: type | None = None
        self.draft: solara.Reactive[Draft] = solara.Reactive(Draft())
        self.trial: solara.Reactive[Trial | None] = solara.Reactive(None)
        self.run: solara.Reactive[LabRun | None] = solara.Reactive(None)
        self.path: solara.Reactive[Path | None] = solara.Reactive(None)
        self.view: solara.Reactive[ResultView] = solara.Reactive(ResultView())
        self.step: solara.Reactive[str] = solara.Reactive("Model")
        if self._model is not None:
            self._open_model(given)
        if self.file is not None and (self.file.exists() or self._model is None):
            self._open_study(self.file)

    @property
    def reference(self) -> str:
        """The chosen model's reference; empty before one is chosen."""
        return self.chosen.value

    @property
    def asks_for_model(self) -> bool:
        """Whether the model is chosen in the lab, rather than given by the notebook."""
        return self._model is None and self.file is None

    def choose(self, description: ModelDescription) -> None:
        """Take a model from the list; a design that was left for another one comes back."""
        self._drafts[self.reference] = self.draft.peek()
        self.draft.value = self._drafts.get(description.reference) or for_model(description)
        self.trial.value = None
        self.chosen.value = description.reference

    def _open_model(self, given: Experiment | None) -> None:
        from mesa_lab.app.hooks.use_model import describe_model
        from mesa_lab.preparation.models import load_model, reference_of

        self._class = load_model(self._model)
        self.chosen.value = reference_of(self._model)
        trust(self.reference)
        if given is not None:
            described = describe_model(self.reference)
            self.draft.value = dataclasses.replace(
                from_experiment(given, described.description), model=self.reference
            )
            for code in code_in(self.draft.value):  # given in Python, as the model is
                agree(code)
            self.step.value = "Design"

    def _open_study(self, path: Path) -> None:
        from mesa_lab.study import Study

        with Study.open(path):
            pass
        self.path.value = path
        if self._model is None:
            self.step.value = "Results"

    @property
    def experiment(self) -> Experiment:
        """The experiment as it is designed by now; of a lab that shows a study, the study's."""
        self.settle()
        if self.asks_for_model and not self.reference:
            raise ExperimentError(
                "No model is chosen yet. Choose one in the list, or give one: Lab(MyModel)."
            )
        if not self.reference:
            return self._study_experiment()
        if not self.draft.peek().model:
            self._first_draft()
        parsed = parse(self.draft.peek())
        if parsed.experiment is None:
            said = "; ".join(f"{name}: {message}" for name, message in parsed.errors.items())
            raise ExperimentError(f"The design is not complete. {said}")
        return self._with_class(parsed.experiment)

    @property
    def results(self) -> Results:
        """The results of the runs so far."""
        from mesa_lab.processing.results import Results
        from mesa_lab.workspace.shared_results import StudyFile

        path = self.path.peek()
        if path is None:
            raise StudyError("Nothing was run yet: press Run, or call lab.run().")
        return Results(StudyFile(path))

    def start(
        self, experiment: Experiment | None = None, *, processes: int = -1, backend: str = "loky"
    ) -> LabRun:
        """Start the runs of an experiment, by default the designed one; `Lab.run` describes the arguments."""
        if (before := self.run.peek()) is not None and before.is_running:
            raise RunError("Runs of this lab are going on. Stop them first.")
        self.settle()
        chosen = self._with_class(experiment) if experiment is not None else self.experiment
        started = LabRun(chosen, self.file)
        started.start(processes, backend)
        self.path.value = started.path
        self.view.value = dataclasses.replace(self.view.peek(), points=None, run=None, pair="")
        self.run.value = started
        self.step.value = "Run"
        return started

    def go_on(self, conclusion: Conclusion) -> None:
        """Do what a conclusion says next: add runs to the study that is shown, or take its experiment as the design.

        Raises:
            RunError: If runs of this lab are going on.
            StudyError: If the study cannot grow.
        """
        self.settle()
        wanted = conclusion.next
        if wanted is None:
            return
        if not conclusion.next_grows:
            asked = answered_by(conclusion.name) or wanted.question
            self._take(dataclasses.replace(wanted, question=asked))
            return
        if (before := self.run.peek()) is not None and before.is_running:
            raise RunError("Runs of this lab are going on. Wait for them, or stop them first.")
        check(wanted)  # the press of the button is the agreement to the code that a study names
        grown = LabRun(self._with_class(wanted), self.path.peek())
        grown.start()
        self.run.value = grown

    def _take(self, experiment: Experiment) -> None:
        """Go on with the design of an experiment; what is run of it goes to a study of its own."""
        from mesa_lab.app.hooks.use_model import describe_model
        from mesa_lab.preparation.models import reference_of

        check(experiment)
        reference = self.reference or reference_of(experiment.model)
        described = describe_model(reference)
        if described.description is None:
            raise ExperimentError(described.problem)
        self.chosen.value = reference
        self.draft.value = dataclasses.replace(
            from_experiment(experiment, described.description), model=reference
        )
        if self.file is not None:
            taken = {name_of(path).lower() for path in self.file.parent.glob(f"*{ENDING}")}
            self.file = self.file.with_name(numbered(name_of(self.file), taken) + ENDING)
        self.step.value = "Design"

    def _first_draft(self) -> None:
        from mesa_lab.app.hooks.use_model import describe_model

        described = describe_model(self.reference)
        if described.description is None:
            raise ExperimentError(described.problem)
        self.draft.value = for_model(described.description)

    def _with_class(self, experiment: Experiment) -> Experiment:
        # Other processes cannot find a notebook's class by its name; the class itself can be sent to them.
        nameless = self.reference.startswith("__main__:")
        if isinstance(experiment.model, str) and (nameless or experiment.model == self._first_name):
            return dataclasses.replace(experiment, model=self._class)
        return experiment

    def settle(self) -> None:
        """Call the model's file by its whole path from now on, if the notebook has gone to another folder since it was named."""
        from mesa_lab.preparation.models import reference_of

        named = parse_reference(self.reference) if self._class is not None and self.reference else None
        if named is None or not named.is_file or Path(named.place).is_absolute():
            return
        with contextlib.suppress(OSError):  # the folder of now is gone
            if Path.cwd() == self._folder:
                return
        before, now = self.reference, reference_of(self._class)
        self._first_name = before
        if self.draft.peek().model == before:
            self.draft.value = dataclasses.replace(self.draft.peek(), model=now)
        self.chosen.value = now

    def _study_experiment(self) -> Experiment:
        from mesa_lab.study import Study

        with Study.open(self.path.peek()) as study:
            return study.experiment
