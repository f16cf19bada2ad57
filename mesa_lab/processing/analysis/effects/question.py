"""The question what the effects and interactions are, of studies whose parameters take a few levels each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ConclusionError, MesaLabError
from mesa_lab.formatting import measure_label, plural, shorten
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.effects import charts, sentences
from mesa_lab.processing.analysis.effects.fit import Fit, fit_model, merged_repeats
from mesa_lab.processing.analysis.effects.means import cell_means, matrix_rows
from mesa_lab.processing.analysis.effects.tables import anova, effects_table
from mesa_lab.processing.analysis.effects.terms import Model, is_quadratic, model_of
from mesa_lab.processing.analysis.next_runs import NextRuns, more_replications, other_design, space_filling
from mesa_lab.processing.analysis.observations import (
    Factor,
    Observations,
    observe,
    reason_against,
    reason_against_unit,
)
from mesa_lab.processing.analysis.phrases import outcome_phrase
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.statistics.summary import checked_level

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "conclude"]

TEXT: Final = "What are the effects and interactions?"
FEW_LEVELS: Final = 5
SATURATE: Final = 128
"""Points up to which interactions of all orders of a design that was run once are contrasts for Lenth's method."""
_MADE_FOR_IT: Final = (
    "FullFactorial",
    "FractionalFactorial",
    "PlackettBurman",
    "DefinitiveScreening",
    "OrthogonalArray",
)
_SURFACES: Final = ("CentralComposite", "BoxBehnken")


def conclude(results: Reader, outcome: str, level: float = 0.95) -> Conclusion:
    """Say what the effects of the parameters and their two-way interactions are.

    Args:
        results: The results.
        outcome: The outcome.
        level: Level of the intervals.

    Raises:
        ConclusionError: If the points that have a value do not tell even one main effect.
    """
    level = checked_level(level)
    observed = _at_varied_points(observe(results, outcome))
    model, fit = fitted(observed)
    table = effects_table(observed.factors, model, fit, level)
    if table["effect"].isna().all():
        raise ConclusionError(
            f"The {plural(observed.n_points, 'point')} with a value do not tell any effect. Run more points of the design."
        )
    subject = outcome_phrase(results, outcome)
    variance = anova(model, fit)
    certain = (table["p_adjusted"] < 1 - level).to_numpy()
    return Conclusion(
        name="effects",
        question=TEXT,
        outcome=outcome,
        sentence=sentences.sentence(subject, observed, model, fit, table, level),
        table=table,
        tables={"anova": variance},
        charts=_charts(results, observed, model, fit, table, level),
        warnings=sentences.warnings(results, observed, model, fit, table),
        method=sentences.method(fit, level),
        values={
            "r_squared": fit.r_squared,
            "adjusted_r_squared": fit.adjusted,
            "predicted_r_squared": fit.predicted,
            "lack_of_fit_f": fit.lack_of_fit[0],
            "lack_of_fit_p": fit.lack_of_fit[3],
            "pure_error_sd": float(np.sqrt(fit.pure_variance))
            if fit.pure_variance == fit.pure_variance
            else np.nan,
            "equal_variances_p": fit.levene,
            "lenth_pse": fit.lenth.pse if fit.lenth else np.nan,
            "lenth_margin": fit.lenth.margin if fit.lenth else np.nan,
            "lenth_simultaneous_margin": fit.lenth.simultaneous if fit.lenth else np.nan,
            "curvature": _curvature(table),
            "error": fit.error,
            "n_certain": int(certain.sum()),
            "n_points": len(fit.count),
            "n_runs": fit.n_runs,
        },
        unknown=sentences.unknown(observed, model, fit),
        **_next(results, observed, model, fit, table, certain),
    )


def fitted(observed: Observations) -> tuple[Model, Fit]:
    """Build the model that the points allow, and fit it."""
    once = not observed.replicated
    binary = all(len(factor.levels) == 2 for factor in observed.factors)
    model = model_of(observed.factors, saturated=once and binary and observed.n_points <= SATURATE)
    return model, fit_model(observed, model)


def _at_varied_points(observed: Observations) -> Observations:
    """Return the points that have a value, those that are alike made one, and the parameters that still vary."""
    measured = merged_repeats(observed.measured())
    kept = [_present(factor) for factor in measured.factors]
    return replace(measured, factors=tuple(factor for factor in kept if len(factor.levels) > 1))


def _present(factor: Factor) -> Factor:
    """Return a parameter with those of its levels that are left."""
    used, codes = np.unique(factor.codes, return_inverse=True)
    levels = tuple(factor.levels[at] for at in used)
    return replace(
        factor,
        codes=codes.astype(np.int64),
        levels=levels,
        categorical=factor.categorical and len(levels) > 2,
    )


def _curvature(table: pd.DataFrame) -> float:
    rows = table[table["term"] == "curvature"]
    return float(rows["effect"].iloc[0]) if len(rows) else float("nan")


def _charts(
    results: Reader, observed: Observations, model: Model, fit: Fit, table: pd.DataFrame, level: float
) -> list[ConclusionChart]:
    label = measure_label(observed.outcome, results.outcomes)
    runs = f"{plural(len(fit.count), 'point')}, {plural(fit.n_runs, 'run')}."
    left_out = observed.left_out()
    limits = {}
    if fit.lenth is not None:
        limits = {"margin of one effect": fit.lenth.margin, "margin of all effects": fit.lenth.simultaneous}
    elif model.two_level:
        contrast = np.zeros(model.n_columns)
        contrast[-1] = 2.0
        limits = {"margin of one effect": fit.half_width(contrast, level)}
    dashed = ["Dashed: sizes that chance alone gives an effect."] if limits else []
    found = [
        charts.pareto(
            table,
            limits,
            f"Effects on {label}",
            [f"With 95 % intervals where there are such; {runs}", *dashed, *left_out],
        )
    ]
    if np.isfinite(table["effect"].to_numpy(dtype=np.float64)).sum() >= 4:
        found.append(
            charts.half_normal(
                table,
                limits,
                f"Which effects on {label} stand out",
                [f"Effects that are chance lie on a line through the origin; {runs}", *dashed, *left_out],
            )
        )
    pair = sentences.top_pair(model, table)
    if pair is not None:
        one, other = (observed.factors[at] for at in pair)
        found.append(
            charts.interaction(
                cell_means(observed, pair, level),
                (shorten(one.name), shorten(other.name), label),
                f"{label} by {shorten(one.name)} and {shorten(other.name)}",
                [f"Means over the points of each pair of levels, with 95 % intervals; {runs}", *left_out],
            )
        )
    if len(observed.factors) > 1:
        rows = matrix_rows(observed, model, table)
        if len(rows) > 1:
            found.append(
                charts.effect_matrix(
                    rows,
                    f"Effects on {label}: alone and in pairs",
                    [
                        f"On the diagonal main effects, off it interactions; faint: not told from chance; {runs}",
                        *left_out,
                    ],
                )
            )
    return found


def _next(
    results: Reader, observed: Observations, model: Model, fit: Fit, table: pd.DataFrame, certain: np.ndarray
) -> dict[str, Any]:
    if fit.pure_freedom <= 0:
        grown = more_replications(results, 5)
        return grown.fields(
            f"Run each point five times ({plural(grown.runs, 'more run')}): chance is then measured, not guessed from the "
            "smallest effects."
        )
    mixed = table["aliased_with"][certain]
    if (mixed != "").any():
        grown = _folded(results)
        if grown.experiment is not None:
            return grown.fields(
                f"The mirror image of each point ({plural(grown.runs, 'more run')}) tells main effects from the interactions that "
                "they are mixed with (fold = true)."
            )
    curved = (certain & (table["kind"] == "bend").to_numpy()).any() or fit.lack_of_fit[3] < 0.05
    numbers = sum(factor.is_number for factor in observed.factors)
    if is_quadratic(
        model, len(observed.factors)
    ):  # a surface of these points bends as far as such a design lets it
        if fit.lack_of_fit[3] < 0.05 and numbers == len(observed.factors):
            other = space_filling(results, observed)
            return other.fields(
                f"The response bends more than squares do: a space-filling design ({plural(other.runs, 'run')} of its own) shows how."
            )
    elif curved and numbers == len(observed.factors) and 2 <= numbers <= 11:
        other = other_design(results, "CentralComposite")
        return other.fields(
            f"The response is not straight: a central composite design ({plural(other.runs, 'run')} of its own) gives a surface."
        )
    if not certain.any():
        replications = 2 * results.experiment.replications
        grown = more_replications(results, replications)
        return grown.fields(
            f"{replications} runs of each point ({plural(grown.runs, 'more run')}) make intervals narrower by a third."
        )
    return {}


def _folded(results: Reader) -> NextRuns:
    experiment: Any = results.experiment
    design: Any = getattr(experiment, "design", None)
    if type(design).__name__ != "FractionalFactorial" or design.fold:
        return NextRuns()
    try:
        after = experiment.replace(design=replace(design, fold=True))
        return NextRuns(after, after.n_runs - experiment.n_runs)
    except MesaLabError:
        return NextRuns()


def fits(results: Reader, outcome: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    reason = reason_against(results, outcome, points=2)
    if reason is not None:
        return reason
    read = observe(results, outcome)
    if (reason := reason_against_unit(read)) is not None:
        return reason
    observed = _at_varied_points(read)
    if not observed.factors:
        return f"'{outcome}' was measured at points that do not differ in any parameter."
    n = observed.n_points
    for factor in observed.factors:
        count = len(factor.levels)
        if count > max(FEW_LEVELS, n / 3) or (count >= n and len(observed.factors) > 1 and count > 2):
            return (
                f"'{shorten(factor.name)}' takes {count:,} values in {plural(n, 'point')}: effects are those of parameters with a "
                "few levels each, as in a factorial design. Ask for sensitivity or surface instead."
            )
    return None


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question: best where the design was made for it."""
    design = type(getattr(results.experiment, "design", None)).__name__
    if design in _MADE_FOR_IT:
        return 1.0
    return 0.7 if design in _SURFACES else 0.45


QUESTION: Final = Question(
    "effects",
    TEXT,
    "Ask it when parameters take a few levels each, to learn what each does, and which act together.",
    fits,
    conclude,
    merit,
    about_points=True,
    about_parameters=True,
)
