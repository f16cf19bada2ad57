"""`ml.Explore`: a model or a study under one's hands, in a notebook's cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import StudyError
from mesa_lab.exploring.session import Session
from mesa_lab.exploring.session_file import session_of
from mesa_lab.exploring.suggested import suggested_experiment
from mesa_lab.files import path_of
from mesa_lab.preparation.code_permission import parse_reference
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.models import load_model

if TYPE_CHECKING:
    import solara

    from mesa_lab.processing.results import Results

__all__ = ["Explore"]


class Explore:
    """Turn a model's parameters and see what changes, in a notebook: make it the last line of a cell.

    Args:
        source: A Mesa model class, or the text that finds one: its parameters vary over the ranges that it suggests; an
            `Experiment`, whose ranges are taken; or the path of a study, whose results are used.
        study: The study file that keeps what is measured, which is gone on with when it is there; None for a name made from
            the model's, in the working folder. A study that is explored has its own beside it.

    Raises:
        ModelError: If there is no such model.
        StudyError: If there is no such study, or the file is no session of exploring.
        ParameterError: If there is nothing to turn.

    Example:
        >>> import mesa_lab as ml
        >>> explore = ml.Explore("mesa.examples:Schelling", study="schelling_explore.study")
        >>> explore.move(density=0.8)
        >>> explore.setting["density"]
        0.8
        >>> explore.close()
    """

    def __init__(self, source: type | str | Path | Experiment, *, study: str | Path | None = None) -> None:
        text = str(source) if isinstance(source, str | Path) else ""
        if text.endswith(".study"):
            described, own, base = session_of(Path(text))
            self.session = Session(_held(described), own, base)
            return
        experiment = source if isinstance(source, Experiment) else suggested_experiment(source)  # type: ignore[arg-type]
        self.session = Session(_held(experiment), path_of(study or _name(experiment), "study", StudyError))

    @property
    def setting(self) -> dict[str, Any]:
        """The current setting."""
        return dict(self.session.setting)

    def move(self, **values: Any) -> None:
        """Go to another setting; parameters that are not named stay.

        Raises:
            ParameterError: If a value is none of its parameter's.
        """
        self.session.move(values)

    @property
    def remembered(self) -> Mapping[str, Mapping[str, Any]]:
        """The named settings."""
        return self.session.remembered

    @property
    def results(self) -> Results:
        """What was measured so far, as the results of any study.

        Raises:
            StudyError: If nothing was run yet.
        """
        from mesa_lab.processing.results import Results
        from mesa_lab.study import Study

        return Results(Study.open(self.session.path))

    def close(self) -> None:
        """End what is being run; what is done is on disk."""
        self.session.close()

    def _element(self) -> solara.Element:
        from mesa_lab.app.notebook.explore_view import NotebookExplore

        return NotebookExplore(self.session)

    def _ipython_display_(self) -> None:
        self._element()._ipython_display_()

    def __repr__(self) -> str:
        return f"Explore({str(self.session.path)!r})"


def _held(experiment: Experiment) -> Experiment:
    """Hold the model of a file itself, not its name: the name leads elsewhere when a notebook goes to another folder."""
    if isinstance(experiment.model, str) and parse_reference(experiment.model).is_file:
        return dataclasses.replace(experiment, model=load_model(experiment.model))
    return experiment


def _name(experiment: Experiment) -> str:
    from mesa_lab.preparation.models import reference_of
    from mesa_lab.workspace.study_names import first_name

    return f"{first_name(reference_of(experiment.model))}_explore.study"
