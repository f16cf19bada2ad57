"""Answers: the questions that can be asked of results, each a method.

This is the signature that an editor completes; what answers a question is in `analysis/`, one file or folder each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from mesa_lab.processing.search_answers import SearchAnswers

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.analysis.surface.question import SurfaceConclusion
    from mesa_lab.processing.claims.check import Checked

__all__ = ["Answers"]


class Answers(SearchAnswers):
    """Results that answer questions.

    Each method returns a `Conclusion`. Where results cannot answer its question, it raises `ConclusionError`, which says why
    and what would; `mesa_lab.processing.analysis.shelf.fitting` tells before.
    """

    def sensitivity(self, outcome: str | None = None, *, level: float = 0.95) -> Conclusion:
        """Which parameters matter?

        What the design allows decides on the method: first and total Sobol' indices from a Saltelli or eFAST design, mu* and
        sigma from a Morris design, and from any other points first-order indices (RBD-FAST, or the correlation ratio), PAWN
        beside dummies, and permutation importance. The noise of the replications is taken out, and the share of chance shown
        beside the parameters.

        Args:
            outcome: An outcome that is a number, or what is recorded of each run, such as "steps"; None takes the first.
            level: Level of the intervals.

        Returns:
            A table with one row per parameter, the most important first: `parameter, first, first_low, first_high, total,
            total_low, total_high, rank` (Saltelli, eFAST), `mu, mu_star, mu_star_low, mu_star_high, sigma` (Morris), or `first,
            first_low, first_high, pawn, importance` (any points); always `p` and `matters`.

        Raises:
            ConclusionError: If nothing varies, the outcome is constant, or too few points have a value.
            OutcomeError: If the outcome is unknown.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> space = {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}
            >>> experiment = ml.Experiment("none:None", space, design=ml.LatinHypercube(64), replications=4)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + 0.1 * rng.normal(size=len(runs))})
            >>> results.sensitivity("y").table["parameter"].tolist()
            ['a', 'b']
        """
        return self._ask("sensitivity", outcome, level=level)

    def conclusions(self, outcome: str | None = None) -> list[Conclusion]:
        """Answer all questions that these results can answer.

        Args:
            outcome: What to ask about; None takes the first outcome that is a number.

        Returns:
            The conclusions, best first: what the design was made for comes before what it can also say.

        Raises:
            OutcomeError: If the outcome is unknown.
        """
        from mesa_lab.processing.analysis.shelf import conclusions

        with self.snapshot():
            return list(conclusions(self, outcome))

    def effects(self, outcome: str | None = None, *, level: float = 0.95) -> Conclusion:
        """What are the effects and interactions?

        For studies whose parameters take a few levels each, such as factorial designs: least squares on coded levels, with
        intervals from the replications. Which terms can be told apart, and what is mixed up with what, is found from the
        points themselves.

        Args:
            outcome: An outcome that is a number, or what is recorded of each run; None takes the first.
            level: Level of the intervals.

        Returns:
            A table with one row per effect: `term, effect, low, high, p, p_adjusted, aliased_with, kind`;
            `tables["anova"]` is the analysis of variance; charts "pareto", "half-normal", "interaction", "effect-matrix".

        Raises:
            ConclusionError: If a parameter takes many values, or the points do not tell any effect.
            OutcomeError: If the outcome is unknown.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> experiment = ml.Experiment("none:None", {"a": [1, 3], "b": [0, 5]}, replications=4)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: 2 * runs["a"] + rng.normal(0, 0.1, len(runs))})
            >>> results.effects("y").table.set_index("term")["effect"].round(0).tolist()
            [4.0, 0.0, 0.0]
        """
        return self._ask("effects", outcome, level=level)

    def surface(
        self,
        outcome: str | None = None,
        *,
        at: Mapping[str, Any] | None = None,
        kind: Literal["auto", "quadratic", "gaussian process"] = "auto",
        goal: Literal["max", "min"] | None = None,
        level: float = 0.95,
    ) -> SurfaceConclusion:
        """How does the outcome respond?

        Fits a surface through the means: the full quadratic one with its canonical analysis where the design is made for it, else a
        Gaussian process that takes the noise of the replications into account. Its error is measured at points that were left out.

        Args:
            outcome: An outcome that is a number, or what is recorded of each run; None takes the first.
            at: The setting that the curves of the profile go through, values by name; what is left out stays in the middle of its range.
            kind: "quadratic", "gaussian process", or "auto" to let the points decide.
            goal: Which prediction is to be confirmed next, the highest ("max") or the lowest ("min"); None for what the search that the
                results come from went for, else the highest.
            level: Level of the intervals.

        Returns:
            A conclusion that can predict: `conclusion.predict({"density": 0.7, "radius": 1})` gives the mean with its interval, and refuses
            settings beyond what was tried. Its table has one row per term (quadratic) or per parameter; `tables["settings"]` the highest and
            the lowest prediction, `tables["profile"]` the curves, `tables["canonical"]` the stationary point; charts "profile", "surface",
            "left-out".

        Raises:
            ConclusionError: If no number varies, the points are too few, or do not allow the surface that is asked for.
            OutcomeError: If the outcome is unknown.
            ParameterError: If `at` lies outside of what was tried.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> space = {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}
            >>> experiment = ml.Experiment("none:None", space, design=ml.Sobol(32), replications=3)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] ** 2 + rng.normal(0, 0.01, len(runs))})
            >>> bool(abs(results.surface("y").predict({"a": 0.5, "b": 0.5})["mean"].iloc[0] - 0.25) < 0.05)
            True
        """
        return cast(
            "SurfaceConclusion", self._ask("surface", outcome, at=at, kind=kind, goal=goal, level=level)
        )

    def discover(
        self, event: str | None = None, *, density: float | None = None, level: float = 0.95
    ) -> Conclusion:
        """When does it happen?

        Finds parts of the space of parameters in which an event is frequent (PRIM), judges them against chance, and says how many
        of all cases they hold.

        Args:
            event: A condition on outcomes, such as `"Wolves == 0"` or `"Infected > 50 and steps < 100"`; also the name of an
                outcome, for the event that it is true, that it is 0, or else that it is in its highest tenth. The text is parsed,
                never run.
            density: How frequent the event must be in the box, 0 to 1; None takes the box that tells inside from outside best.
            level: Level of the intervals.

        Returns:
            A table with one row per box: `box, where, coverage, density, density_low, density_high, n_points, n_runs,
            share_of_space, constraints`; `tables["limits"]` has each restriction with its quasi-p and how often resamples find it
            again, `tables["tree"]` the parts of a small tree; charts "trade-off", "pair", "limits"; `next` fills the box.

        Raises:
            ConclusionError: If the points are too few, or the event always or never holds.
            OutcomeError: If the event does not parse, or speaks of something unknown.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> space = {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}
            >>> experiment = ml.Experiment("none:None", space, design=ml.Sobol(128), replications=2)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"]})
            >>> results.discover("y > 0.75").table["constraints"].tolist()
            ['a > 0.74']
        """
        return self._ask("discover", event, density=density, level=level)

    def compare(
        self,
        outcome: str | None = None,
        *,
        base: Any = None,
        by: str | None = None,
        scenario: Any = None,
        margin: float | None = None,
        level: float = 0.95,
        looks: int | None = None,
        adjust: Literal["holm", "dunnett"] = "holm",
    ) -> Conclusion:
        """Is A better than B?

        Each scenario is compared with a base: run by run of the same seed where points share their seeds (common random numbers), else
        as independent means with unequal variances (Welch). Verdicts hold for all comparisons together, and also when
        replications are added after a look, however often.

        Args:
            outcome: An outcome that is a number, or what is recorded of each run; None takes the first.
            base: The scenario to compare with: a level, the number of a point, or values by name; None takes the base case of the
                design, else the first.
            by: The parameter whose levels are scenarios; None takes design points, or the levels where one parameter varies.
            scenario: The one scenario to compare with the base, said as the base is; None for all others.
            margin: A difference up to this size does not matter, in units of the outcome.
            level: Level of the intervals.
            looks: How often results are looked at in all, where that was decided before the first look: 1 for the usual test. None
                for any number of times.
            adjust: How several comparisons are held together: "holm" always; "dunnett" finds more, for independent runs of one
                point each whose variances are alike, at a number of looks that was decided before.

        Returns:
            A table with one row per scenario: `scenario, base, n_pairs, n, n_base, mean, mean_base, difference, low, high, p,
            p_adjusted, correlation, variance_saved, superiority, superiority_low, superiority_high, unit, verdict, n_more,
            to_show, confounded_with`. The verdict is "higher", "lower", "no difference larger than the margin" or "cannot tell yet"; `n_more` is
            about how many more pairs (or runs of each) would show a difference of `to_show`. `superiority` is the probability
            that a run of the scenario exceeds one of the base. `confounded_with` names the parameters that change along, which may
            have made the difference as well: then there is no verdict.

        Raises:
            ConclusionError: If there is nothing to compare, too much, or no two scenarios have two runs each.
            OutcomeError: If the outcome is unknown, or the margin or number of looks out of range.
            ParameterError: If the parameter or the base is unknown.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> experiment = ml.Experiment("none:None", {"a": [1, 3]}, replications=20)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + rng.normal(0, 1, len(runs))})
            >>> results.compare("y").table["verdict"].tolist()
            ['higher']
        """
        how = {"margin": margin, "level": level, "looks": looks, "adjust": adjust}
        return self._ask("compare", outcome, base=base, by=by, scenario=scenario, **how)

    def best(
        self,
        outcome: str | None = None,
        *,
        goal: Literal["max", "min"] | None = None,
        level: float = 0.95,
    ) -> Conclusion:
        """What is the best setting tried?

        Settings that cannot be the best are excluded (multiple comparisons with the best), and the mean of the winner is corrected
        for having been picked: the luckiest of many looks better than it is.

        Args:
            outcome: An outcome that is a number, or what is recorded of each run; None takes the first.
            goal: "max" where more is better, "min" where less is; None for that of the search that the results come from, else "max".
            level: Level of confidence.

        Returns:
            A table with one row per design point, the best first: `point`, the parameters, `n, mean, low, high, from_best_low,
            from_best_high, candidate`; `values["corrected"]` is what the winner is worth; `next` runs the candidates with fresh
            seeds.

        Raises:
            ConclusionError: If there is one point only, or no point has two runs.
            OutcomeError: If the outcome is unknown, or the goal is neither.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> experiment = ml.Experiment("none:None", {"a": [1, 2, 5]}, replications=10)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + rng.normal(0, 0.5, len(runs))})
            >>> results.best("y").table["a"].tolist()
            [5, 2, 1]
        """
        return self._ask("best", outcome, goal=goal, level=level)

    def replications(
        self,
        outcome: str | None = None,
        *,
        precision: float = 0.05,
        within: float | None = None,
        level: float = 0.95,
    ) -> Conclusion:
        """How many replications?

        How precise the mean of each point is, from how many runs on it was as precise as is wanted and stayed so (Hoad, Robinson
        & Davies 2010, with their look-ahead), and about how many runs it takes where it is not yet.

        Args:
            outcome: An outcome that is a number, or what is recorded of each run; None takes the first.
            precision: Half the width of the interval as a part of the mean: 0.05 for ±5 %; of a share, 0.05 for ±5 percentage
                points. Where a mean is near 0 it is a part of the usual mean, which is said.
            within: Half the width in units of the outcome, in place of `precision`.
            level: Level of the intervals.

        Returns:
            A table with one row per design point: `point`, the parameters, `n, mean, sd, half_width, relative, wanted, n_needed,
            steady_from, to_confirm`; `steady_from` is 0 where the precision is not reached, `to_confirm` counts the runs of the
            look-ahead that are missing. `tables["consistency"]` is the curve of the A-test, which depends on n alone.

        Raises:
            ConclusionError: If no point has three runs.
            OutcomeError: If the outcome is unknown, or the precision out of range.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> experiment = ml.Experiment("none:None", {"a": [1, 2]}, replications=20)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: 100 + rng.normal(0, 2, len(runs))})
            >>> results.replications("y").values["n_needed"] < 10
            True
        """
        return self._ask("replications", outcome, precision=precision, within=within, level=level)

    def check_claims(self, claims: Any = None) -> list[Checked]:
        """Do the claims of the experiment hold?

        Args:
            claims: Claims, or a mapping from name to statement; None takes those of the experiment.

        Returns:
            For each claim its `verdict` ("holds", "fails" or "cannot tell yet") with `reasons`, the intervals that say so.

        Raises:
            ClaimError: If a claim is malformed, or names an answer that there is not.
            OutcomeError: If it names an outcome or option that there is not.
            ParameterError: If it names a parameter or level that there is not.

        Example:
            >>> import mesa_lab as ml
            >>> from mesa_lab.testing import synthetic_results
            >>> experiment = ml.Experiment("none:None", {"a": [1, 2]}, replications=9)
            >>> results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + rng.normal(0, 0.1, len(runs))})
            >>> [each.verdict for each in results.check_claims({"more than one": "mean('y', a=2) > 1.5"})]
            ['holds']
        """
        from mesa_lab.preparation.claims.claim import parse_claims
        from mesa_lab.processing.claims.check import check_claims

        with self.snapshot():
            return check_claims(self, self.experiment.claims if claims is None else parse_claims(claims))
