"""`ml.Lab`: the whole way from a model to results in one cell of a notebook, without a server.

The same components as on the pages, shown as a widget; what is designed and what came out can be
taken back into Python at any time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesa_lab.app.notebook.lab_view import LabView
from mesa_lab.app.state.lab_state import LabSession

if TYPE_CHECKING:
    import solara

    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.processing.results import Results
    from mesa_lab.workspace.kernel_run import LabRun

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
        self._session = LabSession(model, study=study)

    @property
    def experiment(self) -> Experiment:
        """The experiment as it is designed by now; of a lab that shows a study, the study's.

        Raises:
            ExperimentError: If something in the design is wrong, or no model is chosen; the message says what.
        """
        return self._session.experiment

    @property
    def results(self) -> Results:
        """What the runs have left behind by now; ask again while they go on, and there is more.

        Raises:
            StudyError: If nothing was run yet.
        """
        return self._session.results

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
        return self._session.start(experiment, processes=processes, backend=backend)

    def _element(self) -> solara.Element:
        return LabView(self._session)

    def _ipython_display_(self) -> None:
        self._element()._ipython_display_()

    def _repr_html_(self) -> str:
        """What stands where no widgets of Jupyter are shown, as in marimo."""
        return (
            "<p>The steps of <code>ml.Lab</code> are shown in Jupyter and VS Code. Here, <code>ml.run(experiment)</code> gives results, "
            "with their charts and answers; <code>mesa-lab app</code> shows the steps in a browser.</p>"
        )

    def __repr__(self) -> str:
        session = self._session
        path = session.path.peek() or session.file
        parts = [repr(session.reference)] if session.reference else []
        parts += [f"study={str(path)!r}"] if path else []
        return f"Lab({', '.join(parts)})"
