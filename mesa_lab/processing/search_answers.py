"""Answers about searches, and about data that a model is to fit: each a method, as those of `answers.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mesa_lab.processing.tables.column_reader import Reader

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion

__all__ = ["SearchAnswers"]


class SearchAnswers(Reader):
    """Results that say what a search found, and what fits observed data."""

    def found(self, outcome: str | None = None, *, level: float = 0.95) -> Conclusion:
        """What did the search find that these results come from?

        The best setting, worth what runs with fresh seeds say, beside what the runs said that made it win; the front of several goals;
        the patterns and how each is reached; the points that are precise enough, differ, or are left.

        Args:
            outcome: An outcome that the search was about; None takes its first.
            level: Level of the intervals.

        Returns:
            A table with one row per setting, the best first: `point`, the parameters, `role` ("confirmed", "last few" or "tried"), `n, mean,
            low, high` of the runs that it was chosen by, `n_fresh, fresh_mean, fresh_low, fresh_high` of those with fresh seeds. Of
            several goals with `on_front, sure` and the means of each; of patterns one row for each with `n_points` and a setting that
            reaches it.

        Raises:
            ConclusionError: If the results are of a fixed design.
            OutcomeError: If the outcome is unknown.

        Example:
            >>> import mesa_lab as ml
            >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=5)
            >>> search = ml.Search(experiment, ml.Optimise("happy", goal="max", engine="random"), budget=40)
            >>> ml.search(search, n_jobs=1, progress=False).found("happy").values["n_runs"]
            40
        """
        return self._ask("found", outcome, level=level)

    def calibrate(
        self,
        targets: Any = None,
        *,
        distance: Literal["standardised", "relative", "absolute"] = "standardised",
        observed_runs: int | None = 1,
        level: float = 0.9,
    ) -> Conclusion:
        """Which parameters fit the data?

        By the points that are there, whatever they were run for; no run is added. `Calibrate` is the search that adds points where the
        data are probable.

        Args:
            targets: What was observed, by outcome: a number for the end of a run, a series as pairs of step and value, or either in a
                table with a `tolerance` and a `weight`; or a CSV file. None takes those of the search that the results come from, with what
                it says of `distance` and `observed_runs`.
            distance: How misses are made comparable: "standardised" by the spread of the runs, "relative" to what was observed, or
                "absolute".
            observed_runs: Of how many runs the data are the mean: 1 for what happened once; None for data that hold no chance.
            level: Probability of the region and of the intervals.

        Returns:
            A table with one row per parameter: `parameter, median, low, high, values, share_of_range, told, ridge_with`;
            `tables["settings"]` are settings drawn by their probability, `tables["accepted"]` the runs nearest to the data,
            `tables["pairs"]` the correlations, `tables["fit"]` the data beside what fits.

        Raises:
            ConclusionError: If the points are too few, or gave nothing to compare.
            ExperimentError: If a target makes no sense.
            OutcomeError: If an outcome is unknown.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> space = {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}
            >>> experiment = ml.Experiment("none:None", space, design=ml.Sobol(32), replications=2)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + rng.normal(0, 0.02, len(runs))})
            >>> results.calibrate({"y": 0.5}).table["told"].tolist()
            [True, False]
        """
        from mesa_lab.errors import ConclusionError
        from mesa_lab.processing.analysis.calibration.question import conclude, searched_targets
        from mesa_lab.processing.analysis.calibration.targets import read_targets

        if isinstance(targets, str | Path):
            targets = read_targets(targets)
        with self.snapshot():
            if targets is None:
                targets = searched_targets(self)
                if targets is None or self.searched is None:
                    raise ConclusionError(
                        "Say what was observed: results.calibrate({'Wolves': 20}), or the name of a CSV file."
                    )
                settings = self.searched.settings
                if distance == "standardised":
                    distance = settings.get("distance", distance)
                if observed_runs == 1 and type(settings.get("observed_runs")) is int:
                    observed_runs = settings["observed_runs"] or None
            return conclude(self, targets, distance=distance, observed_runs=observed_runs, level=level)

    def convergence(self, outcome: str | None = None, *, level: float = 0.95) -> Conclusion:
        """Would the search find more?

        How long the best has not changed, by how much the second half of the runs made it better, and how many runs a fixed design
        would have taken; of patterns how many are new in the last fifth; of a front how much the second half of the runs added; of what fits
        data how much closer it was told.

        Args:
            outcome: An outcome that the search was about; None takes its first.
            level: Level of the intervals.

        Returns:
            A table with one row per setting in the order in which they were tried: `point, run, value, n, best`; of a front
            `run, n_front, reached`; of what fits `runs, parameter, share_of_range, not_ruled_out`.

        Raises:
            ConclusionError: If the results are not of a search for the best setting, a front, patterns, or what fits.
            OutcomeError: If the outcome is unknown.

        Example:
            >>> import mesa_lab as ml
            >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=5)
            >>> search = ml.Search(experiment, ml.Optimise("happy", goal="max", engine="random"), budget=40)
            >>> ml.search(search, n_jobs=1, progress=False).convergence("happy").name
            'convergence'
        """
        return self._ask("convergence", outcome, level=level)

    def _ask(self, question: str, outcome: str | None, **options: Any) -> Conclusion:
        from mesa_lab.processing.analysis.shelf import find_question

        with self.snapshot():
            return find_question(question).ask(self, outcome, **options)
