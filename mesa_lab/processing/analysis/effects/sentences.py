"""Sentences about effects: what raises or lowers an outcome, what acts together, and what a critic would say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import plural, shorten, show
from mesa_lab.processing.analysis.effects.fit import Fit
from mesa_lab.processing.analysis.effects.lenth import Lenth
from mesa_lab.processing.analysis.effects.terms import Model, main_name
from mesa_lab.processing.analysis.observations import Factor, Observations
from mesa_lab.processing.analysis.phrases import and_list, count_word, figures, p_value, percent, quantity

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["method", "sentence", "top_pair", "unknown", "warnings"]

_NAMED: Final = 4


def sentence(
    subject: str, observed: Observations, model: Model, fit: Fit, table: pd.DataFrame, level: float
) -> str:
    """Say what the effects are."""
    clear = table[table["p_adjusted"] < 1 - level]
    runs = f"{plural(len(fit.count), 'point')}, {plural(fit.n_runs, 'run')}"
    if clear.empty:
        if table["p"].isna().all():
            top: Any = _largest(table)
            return (
                f"The largest effect on {subject} is that of {top['term']} ({quantity(float(top['effect']))}), but one run of each "
                f"of {plural(len(fit.count), 'point')} cannot tell effects from chance."
            )
        if fit.lenth is not None and (stands := _stands_out(subject, table, fit.lenth)):
            return stands
        largest = table["effect"].abs().max()
        return f"No effect on {subject} can be told from chance: none of {len(table)} (the largest is {quantity(float(largest))}; {runs})."
    mains = clear[clear["kind"] == "main"].copy()
    mains = mains.iloc[np.argsort(-mains["effect"].abs().to_numpy(), kind="stable")]
    parts = []
    if len(mains):
        parts.append(_first(subject, observed, mains.iloc[0], runs, level))
        rest = _named(mains.iloc[1:_NAMED])
        if len(mains) > _NAMED:
            rest.append(f"{count_word(len(mains) - _NAMED)} more")
        if rest:
            parts.append(f"Next {'come' if len(rest) > 1 else 'comes'} {and_list(rest)}.")
    parts += _together(subject, observed, model, clear, runs if not len(mains) else "")
    parts += _bends(clear)
    left = int((table["p"].notna()).sum()) - len(clear)
    if left:
        what = "effect" if left == 1 else "effects"
        parts.append(f"The other {count_word(left)} {what} cannot be told from chance.")
    return " ".join(parts)


def _stands_out(subject: str, table: pd.DataFrame, found: Lenth) -> str:
    """Say which effects lie beyond the margin of one, though not beyond that of all."""
    beyond = table[table["effect"].abs() > found.margin]
    if beyond.empty:
        return ""
    named = and_list(_named(beyond.head(_NAMED)))
    return (
        f"{named} may {'have an effect' if len(beyond) == 1 else 'have effects'} on {subject}: beyond the margin of a single effect, "
        f"{quantity(found.margin)}, but not beyond {quantity(found.simultaneous)}, which {len(table)} effects that are chance stay within."
    )


def _first(subject: str, observed: Observations, top: Any, runs: str, level: float) -> str:
    effect, low, high = float(top["effect"]), float(top["low"]), float(top["high"])
    size, one, other = figures(abs(effect), *sorted((abs(low), abs(high))) if low * high > 0 else (low, high))
    interval = f"{percent(level)} interval {one} to {other}; " if np.isfinite(low) else ""
    verb = "raises" if effect > 0 else "lowers"
    for factor in observed.factors:
        if main_name(factor) == top["term"]:
            low_level, high_level = (
                shorten(show(each), 24) for each in (factor.levels[0], factor.levels[-1])
            )
            return f"Going from {low_level} to {high_level}, {top['term']} {verb} {subject} by {size} ({interval}{runs})."
    return f"{subject}: {top['term']} lies {size} {'above' if effect > 0 else 'below'} the mean of all ({interval}{runs})."


def _named(rows: pd.DataFrame) -> list[str]:
    effects: list[float] = rows["effect"].to_numpy(dtype=np.float64).tolist()
    return [f"{term} ({quantity(effect)})" for term, effect in zip(rows["term"], effects, strict=True)]


def _largest(rows: pd.DataFrame) -> Any:
    return rows.iloc[int(np.nanargmax(np.abs(rows["effect"].to_numpy(dtype=np.float64))))]


def _together(
    subject: str, observed: Observations, model: Model, clear: pd.DataFrame, runs: str
) -> list[str]:
    pair = top_pair(model, clear)
    interactions = clear[clear["kind"] == "interaction"]
    if pair is None or interactions.empty:
        return []
    one, other = (observed.factors[at] for at in pair)
    term = next(t for t in model.terms if t.kind == "interaction" and t.factors == pair)
    more = len(interactions) - int((interactions["term"] == term.name).sum())
    also = (
        f" {count_word(more).capitalize()} more {'interaction' if more == 1 else 'interactions'} can be told from chance."
        if more > 0
        else ""
    )
    if one.categorical or other.categorical or len(model.terms) == 0:
        return [f"{main_name(one)} and {main_name(other)} act together.{also}"]
    at_low, at_high = (_conditional(observed, pair, side) for side in (0, -1))
    tail = f" ({runs})" if runs else ""
    return [
        f"The effect of {main_name(one)} depends on {main_name(other)}: {quantity(at_low)} where that is "
        f"{shorten(show(other.levels[0]), 24)}, {quantity(at_high)} where it is {shorten(show(other.levels[-1]), 24)}{tail}.{also}"
    ]


def _conditional(observed: Observations, pair: tuple[int, int], side: int) -> float:
    """The difference between the ends of one parameter where another is at one of its ends, over the points there."""
    one, other = (observed.factors[at] for at in pair)
    there = other.codes == (0 if side == 0 else len(other.levels) - 1)
    low, high = (there & (one.codes == code) for code in (0, len(one.levels) - 1))
    if not low.any() or not high.any():
        return float("nan")
    return float(observed.mean[high].mean() - observed.mean[low].mean())


def top_pair(model: Model, table: pd.DataFrame) -> tuple[int, int] | None:
    """Return the two parameters of the most certain two-way interaction."""
    names = {}
    for term in model.terms:
        if term.kind == "interaction" and len(term.factors) == 2:
            names[term.name] = (term.factors[0], term.factors[1])
    rows = table[(table["kind"] == "interaction") & table["term"].isin(list(names))]
    if rows.empty:
        return None
    order = np.lexsort((-rows["effect"].abs().fillna(0).to_numpy(), rows["p"].fillna(1).to_numpy()))
    return names[str(rows["term"].iloc[order[0]])]


def _bends(clear: pd.DataFrame) -> list[str]:
    bends = clear[clear["kind"] == "bend"]
    if bends.empty:
        return []
    top: Any = _largest(bends)
    size, side = quantity(abs(float(top["effect"]))), "lower" if top["effect"] > 0 else "higher"
    if top["term"] == "curvature":
        return [f"The response is curved: in the middle it is {size} {side} than between the ends."]
    name = str(top["term"]).removesuffix("²")
    return [
        f"{name} acts along a curve: in the middle of its range the outcome is {size} {side} than between the ends."
    ]


def warnings(
    results: Reader, observed: Observations, model: Model, fit: Fit, table: pd.DataFrame
) -> list[str]:
    """Say what a methodologist would object to."""
    said = observed.left_out()
    missing = len(results.points) - int((_counts(results, observed) > 0).sum())
    if missing:
        said.append(
            f"{plural(missing, 'point')} of the design lack any value: what the design balanced is balanced no more."
        )
    clear = table[table["p_adjusted"] < 0.05]
    mixed = clear[clear["aliased_with"] != ""].drop_duplicates("aliased_with")
    for row in mixed.head(3).itertuples():
        said.append(
            f"What is called {row.term} may as well be {_cut(str(row.aliased_with))}: this design cannot tell them apart."
        )
    if fit.error == "HC3":
        said.append(
            "The runs of some points lie further apart than those of others (Brown-Forsythe test, "
            f"{p_value(fit.levene)}): intervals are by HC3, which allows for that."
        )
    if fit.error == "Lenth":
        said.append(
            "Each point was run once: chance is judged from the smallest effects, which takes most effects to be nothing."
            if fit.lenth is not None
            else "Each point was run once and the model leaves nothing over: effects have no intervals."
        )
    if fit.error == "residual":
        said.append(
            "Each point was run once: what the model leaves over, misfit included, is taken for chance."
        )
    if fit.error == "seeds" and fit.freedom < 4:
        said.append(f"Intervals stand on {int(fit.freedom) + 1} common seeds alone: they are wide for that.")
    if observed.common and fit.error != "seeds":
        said.append("All points have the same seed: what other seeds would give is not in the intervals.")
    if fit.lack_of_fit[3] < 0.05:
        said.append(
            f"The points differ from the model by more than chance (lack of fit: F = {quantity(fit.lack_of_fit[0])}, "
            f"{p_value(fit.lack_of_fit[3])}): effects are averages over what it leaves out."
        )
    if type(getattr(results.experiment, "design", None)).__name__ == "OneAtATime":
        said.append(
            "One parameter was moved at a time: effects are those around the base case, and interactions are not seen."
        )
    if observed.is_share:
        said.append("The outcome is a yes or no: effects are differences between shares.")
    return said


def _counts(results: Reader, observed: Observations) -> np.ndarray:
    keep = results.done & np.isfinite(
        results.values(observed.outcome).to_numpy(dtype=np.float64, na_value=np.nan)
    )
    return np.bincount(results.point_rows[keep], minlength=len(results.points))


def _cut(names: str) -> str:
    parts = names.split(", ")
    return ", ".join(parts[:3]) + (f" or {len(parts) - 3} more" if len(parts) > 3 else "")


def unknown(observed: Observations, model: Model, fit: Fit) -> list[str]:
    """Say what the data cannot say."""
    said = []
    held = [term.name for term in model.terms if term.kind == "interaction"]
    pairs = len(observed.factors) * (len(observed.factors) - 1) // 2
    two_way = sum(1 for term in model.terms if term.kind == "interaction" and len(term.factors) == 2)
    if pairs > two_way:
        which = f"{count_word(pairs - two_way).capitalize()} of {count_word(pairs)} two-way interactions"
        if two_way == 0:
            which = (
                f"The interaction of {and_list([main_name(factor) for factor in observed.factors])}"
                if pairs == 1
                else f"All {count_word(pairs)} two-way interactions"
            )
        them = "it" if pairs - two_way == 1 else "them"
        said.append(f"{which}: the points are too few for {them}, or mix {them} up.")
    if len(observed.factors) > 2 and not any(len(term.factors) > 2 for term in model.terms) and held:
        said.append("Interactions of three and more parameters: they are taken to be nothing.")
    straight = [factor for factor in observed.factors if factor.is_number and len(factor.levels) == 2]
    if straight and not any(term.kind == "bend" for term in model.terms):
        said.append(
            f"What happens between the two levels of {_names(straight)}: a centre point would show a bend."
        )
    if fit.pure_freedom <= 0:
        said.append("How much chance there is: that takes two runs of a point at least.")
    return said


def _names(factors: list[Factor]) -> str:
    return main_name(factors[0]) if len(factors) == 1 else f"each of {count_word(len(factors))} parameters"


def method(fit: Fit, level: float) -> str:
    """Name the method."""
    how = {
        "pure": "Student's intervals from pure error, the variance of the replications within points",
        "HC3": "Student's intervals from White's covariance HC3 (MacKinnon and White, 1985), as variances differ between points",
        "seeds": "one fit for each common seed, Student's intervals over the seeds",
        "residual": "Student's intervals from the residuals",
        "Lenth": "Lenth's pseudo standard error (1989)" if fit.lenth else "without intervals",
    }[fit.error]
    return (
        f"Least squares on levels coded -1 to 1 along each parameter's scale; effects are changes from the lowest to the highest "
        f"level; {how}; p-values adjusted by Holm's method where effects are called certain; sums of squares of type II."
    )
