"""Interchange: results for other tools, each a method. What they get is made in the files beside this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from mesa_lab.processing.tables.column_reader import Reader

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import xarray as xr

__all__ = ["Interchange"]


class Interchange(Reader):
    """Results that other tools take."""

    def to_xarray(
        self,
        outcomes: str | Sequence[str] | None = None,
        over: Literal["final", "series"] | None = None,
    ) -> xr.Dataset:
        """Return the outcomes as an xarray Dataset over points, replications and steps.

        Needs xarray: `pip install mesa-lab[xarray]`.

        Args:
            outcomes: Which outcomes; None for all.
            over: "final" for the values at the end of each run, "series" for what was collected over the steps; None takes the series of
                each outcome that has one, and the final values of the others.

        Returns:
            A variable for each outcome, of dimensions `point, replication, step` or `point, replication`. Coordinates along `point` are the
            varied parameters; `seed`, `status` and `steps` are along point and replication. Runs that failed or timed out, that have
            no result yet, and steps after the end of a run are NaN (None for text); `attrs["notes"]` says how many.

        Raises:
            ExportError: If xarray is not installed, or the arrays would take more than 8 GiB.
            OutcomeError: If an outcome is unknown.

        Example:
            >>> import mesa_lab as ml
            >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=3, max_steps=5, seed=1)
            >>> data = ml.run(experiment, progress=False, n_jobs=1).to_xarray("happy")
            >>> data["happy"].dims, data["happy"].shape, data["density"].values.tolist()
            (('point', 'replication', 'step'), (2, 3, 6), [0.6, 0.8])
        """
        from mesa_lab.processing.interchange.xarray_dataset import to_xarray

        with self.snapshot():
            return to_xarray(self, outcomes, over)

    def to_ema(
        self,
        outcomes: str | Sequence[str] | None = None,
        *,
        each: Literal["run", "point"] = "run",
        over: Literal["final", "series"] = "final",
    ) -> tuple[pd.DataFrame, dict[str, npt.NDArray[Any]]]:
        """Return experiments and outcomes as the EMA workbench's `perform_experiments` does, for its analyses.

        Args:
            outcomes: Which outcomes; None for all.
            each: "run" for one row per run, "point" for one per design point, with means over its replications.
            over: "final" for one number per row, "series" for arrays of rows × steps with the steps as "TIME".

        Returns:
            experiments: one column per varied parameter (text and truth values as categories, `'1'` with quotes where there is 1 too), `scenario` (the number of the point), `policy` and
            `model`. outcomes: an array for each, in the order of the rows. Runs that failed or timed out are left out;
            `experiments.attrs["left_out"]` says how many. What else is missing is NaN.

        Raises:
            OutcomeError: If an outcome is unknown, or is no number where means are asked for.

        Example:
            >>> import mesa_lab as ml
            >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=3, max_steps=5)
            >>> experiments, outcomes = ml.run(experiment, progress=False, n_jobs=1).to_ema("happy")
            >>> list(experiments), outcomes["happy"].shape
            (['density', 'scenario', 'policy', 'model'], (6,))
        """
        from mesa_lab.processing.interchange.ema_results import to_ema

        with self.snapshot():
            return to_ema(self, outcomes, each, over)

    def to_salib(
        self, outcome: str | None = None
    ) -> tuple[dict[str, Any], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return a study as SALib's methods take it.

        `results.sensitivity` answers with intervals, and with the noise of the replications taken out; this is for what it does not have.

        Args:
            outcome: An outcome that is a number; None takes the first.

        Returns:
            problem: `names`, `num_vars` and `bounds`, and `dists` where a parameter is on a logarithmic scale. Bounds are the range that
            was given, or the smallest and largest value tried. X: the points, one row each; of a choice the place of its value. Y: the
            mean over each point's replications, NaN where all runs failed.

        Raises:
            OutcomeError: If the outcome is unknown or no number.
            ParameterError: If nothing varies, or a parameter has a value that is not finite.

        Example:
            >>> import mesa_lab as ml
            >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.2, 0.8)}, design=ml.Sobol(4), max_steps=2)
            >>> problem, x, y = ml.run(experiment, progress=False, n_jobs=1).to_salib("happy")
            >>> problem["names"], problem["bounds"], x.shape, y.shape
            (['density'], [[0.2, 0.8]], (4, 1), (4,))
        """
        from mesa_lab.processing.interchange.salib_problem import to_salib

        with self.snapshot():
            return to_salib(self, outcome)
