"""What a methodologist would say of a design's points, in sentences: what is wrong, and what to do.

Each function looks at one thing and returns no sentence when there is nothing to mind.
"""

import math
from typing import Any, Final

import numpy as np

from mesa_lab.formatting import percent
from mesa_lab.preparation.designs import MonteCarlo, OneAtATime
from mesa_lab.preparation.diagnostics.aliasing import Aliasing, roman
from mesa_lab.preparation.diagnostics.columns import Column
from mesa_lab.preparation.diagnostics.leverage import Lone
from mesa_lab.preparation.parameters import Choice, Integer, Real, distributions
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.parameters.value_keys import counted

__all__ = [
    "about_aliases",
    "about_association",
    "about_correlation",
    "about_draws",
    "about_dropped",
    "about_evenness",
    "about_lone",
    "about_range",
    "about_repeats",
    "about_seeds",
    "about_values",
]

STRONG: Final = 0.3
_SURPRISING: Final = 0.01
_MOST_NAMED: Final = 3


def about_values(columns: list[Column], n_points: int) -> list[str]:
    """Parameters that never vary, and values outside of their range."""
    said = []
    if n_points > 1:
        said = [
            f"'{column.name}' never varies: it is {column.values[0]!r} at all points. Hold it fixed, or give it more levels."
            for column in columns
            if len(column.values) == 1
        ]
    for column in columns:
        if outside := _outside(column):
            have = "1 point has" if outside == 1 else f"{outside:,} points have"
            said.append(
                f"{have} a '{column.name}' outside of {column.parameter}. Check them, or widen the range."
            )
    return said


def _outside(column: Column) -> int:
    if isinstance(column.parameter, Choice):
        return 0
    ends = (min(column.values), max(column.values)) if column.numeric and column.values else ()
    whole_range = isinstance(column.parameter, Real) or (
        isinstance(column.parameter, Integer) and column.parameter.step == 1
    )
    if ends and whole_range and all(column.parameter.contains(end) for end in ends):
        return 0
    wrong = [number for number, value in enumerate(column.values) if not column.parameter.contains(value)]
    return int(np.isin(column.codes, wrong).sum()) if wrong else 0


def about_range(space: ParameterSpace) -> list[str]:
    """Steps that miss the end of a range."""
    said = []
    for name, parameter in space.varied.items():
        if not isinstance(parameter, Integer) or parameter.distribution is not None:
            continue
        assert parameter.low is not None
        assert parameter.high is not None
        if missed := (parameter.high - parameter.low) % parameter.step:
            said.append(
                f"'{name}' goes from {parameter.low} in steps of {parameter.step} and never takes its highest value "
                f"{parameter.high}, but {parameter.high - missed} at most. Change the step or the end."
            )
    return said


def about_draws(columns: list[Column], n_points: int) -> list[str]:
    """Values from the far ends of distributions that have none."""
    said = []
    for column in columns:
        parameter = column.parameter
        if not isinstance(parameter, Real | Integer) or parameter.distribution is None:
            continue
        name, arguments = parameter.distribution, distributions.arguments_of(parameter.arguments)
        frozen, (least, most) = distributions.find(name, arguments), distributions.support(name, arguments)
        values = np.asarray(column.values, dtype=float)[column.codes]
        sides = (
            (
                "no upper end",
                "largest",
                "high",
                math.isinf(most) and parameter.high is None,
                values.max(),
                frozen.sf,
            ),
            (
                "no lower end",
                "smallest",
                "low",
                math.isinf(least) and parameter.low is None,
                values.min(),
                frozen.cdf,
            ),
        )
        for lacks, which, end, endless, value, tail in sides:
            chance = float(tail(value))
            far = abs(value - parameter.base) > 20 * abs(
                float(frozen.ppf(0.975 if end == "high" else 0.025)) - parameter.base
            )
            if endless and (chance * n_points < _SURPRISING or far):
                said.append(
                    f"'{column.name}' is drawn from {name}, which has {lacks}: the {which} value here is {value:.4g}, "
                    f"{_odds(chance)}. If the model is not made for such values, cut them off with {end}."
                )
        below = int((values < 0).sum())
        if math.isinf(least) and parameter.low is None and parameter.base > 0 and 0 < below < len(values) / 4:
            have = "1 point has" if below == 1 else f"{below:,} points have"
            said.append(
                f"{have} a '{column.name}' below 0, down to {values.min():.4g}, as {name} has no lower end. If the model does "
                "not take them, cut them off with low=0."
            )
    return said


def _odds(chance: float) -> str:
    return (
        f"met or passed once in {1 / chance:,.0f} draws" if chance > 1e-15 else "met or passed next to never"
    )


def about_repeats(
    n_repeated: int,
    n_points: int,
    *,
    replications: int,
    same_seeds: bool,
    in_blocks: bool,
    combinations: int | None,
) -> list[str]:
    """Points that are the same as earlier ones."""
    if not n_repeated:
        return []
    repeat = "repeats an earlier one" if n_repeated == 1 else "repeat an earlier one"
    head = f"{n_repeated:,} of the {counted(n_points, 'point')} {repeat}"
    if in_blocks:
        kept = "They are kept, since each has its place in a block"
        same = (
            " With the same seeds they are the same runs again, and tell nothing new." if same_seeds else ""
        )
        return [f"{head}, as some parameters have few values. {kept}.{same}"]
    fix = (
        f"FullFactorial() has all {combinations:,} combinations once."
        if combinations is not None and combinations <= n_points
        else "Take fewer points."
    )
    if same_seeds:
        runs = f"{n_repeated * replications:,} of the {n_points * replications:,} runs"
        return [
            f"{head}, and with the same seeds they are the same runs again: {runs} tell nothing new. {fix}"
        ]
    return [
        f"{head}, as some parameters have few values. They run with seeds of their own, like replications. {fix}"
    ]


def about_seeds(n_points: int, *, same_seeds: bool, replications: int) -> list[str]:
    """One replication, and what common seeds ask for."""
    said = []
    if replications == 1:
        said.append(
            "One replication: if the model is stochastic, chance cannot be told from effect. Take several, 10 to begin with."
        )
    if same_seeds and n_points > 1:
        said.append(
            "All points have the same seeds: compare them pair by pair, replication by replication. The intervals of two "
            "points may overlap although their difference is certain."
        )
    return said


def about_dropped(design: Any, dropped: int, left: int, *, redraw: bool) -> list[str]:
    """Points that the constraints dropped, and what that costs."""
    if not dropped:
        return []
    share = left / (left + dropped)
    if redraw:
        if share >= 0.1:
            return []
        return [
            f"Only {percent(share)} of the points drawn keep the constraints. A parameter of its own for what is constrained, such "
            "as the ratio of two, would need none."
        ]
    lost = (
        "The rest no longer covers the space as evenly as the design promises"
        if getattr(design, "space_filling", False)
        else "The rest is no longer a complete design, so effects may be mixed up with one another"
    )
    fix = (
        " redraw=True continues the design until as many hold."
        if getattr(design, "extensible", False)
        else ""
    )
    return [f"The constraints drop {dropped:,} of {dropped + left:,} points and leave {left:,}. {lost}.{fix}"]


def about_correlation(
    correlation: float | None, pair: tuple[str, str] | None, n_points: int, *, constrained: bool
) -> list[str]:
    """Two parameters that change together, though it was not asked for."""
    if correlation is None or pair is None or correlation <= STRONG:
        return []
    fix = (
        "The constraints make them so; a parameter of its own for what is constrained, such as the ratio of two, would not."
        if constrained
        else "Take more points, or another design."
    )
    return [
        f"'{pair[0]}' and '{pair[1]}' are correlated ({correlation:.2f}) over the {counted(n_points, 'point')}: their effects "
        f"are hard to tell apart. {fix}"
    ]


def about_association(v: float | None, pair: tuple[str, str] | None, corrected: float) -> list[str]:
    """Two categories that go together more than chance explains."""
    if v is None or pair is None or corrected <= STRONG:
        return []
    return [
        f"The values of '{pair[0]}' and '{pair[1]}' go together (Cramér's V {v:.2f}): their effects are hard to tell apart. "
        "Take more points, or a FullFactorial of the two."
    ]


def about_lone(design: Any, lone: list[Lone], n_points: int) -> list[str]:
    """Points on which the effect of a parameter rests; a design that consists of such points is meant so."""
    if not lone or len(lone) > n_points / 4 or isinstance(design, OneAtATime):
        return []
    said = [
        f"Only point {each.point} carries '{each.parameter}' = {each.value!r}: what is special about that point cannot be told "
        "from its effect. Give that value to another point, or hold the parameter fixed."
        for each in lone[:_MOST_NAMED]
    ]
    if len(lone) > _MOST_NAMED:
        said.append(f"{counted(len(lone) - _MOST_NAMED, 'further point')} carry a parameter alone.")
    return said


def about_evenness(design: Any, found: float | None, random: float | None) -> list[str]:
    """Points that were to fill the space, and do so no better than chance."""
    fills = getattr(design, "space_filling", False) and not isinstance(design, MonteCarlo)
    if not fills or found is None or random is None or found <= 1.5 * random:
        return []
    return [
        f"The points are less even than random ones: their discrepancy is {found:.3g}, that of random points {random:.3g} on "
        "average. Take more points, or Sobol with a power of 2."
    ]


def about_aliases(design: Any, found: Aliasing | None) -> list[str]:
    """Which effects are mixed up with each other."""
    if found is None or found.resolution is None or found.resolution > 4:
        return []
    head = f"Resolution {roman(found.resolution)}"
    if found.resolution == 2:
        return [f"{head}: main effects are mixed up with each other. Take another design."]
    mixed = found.mixed
    main = mixed[~mixed["term"].str.contains("×|²", regex=True)]
    if found.resolution == 4:
        pair = _pair(mixed)
        shown = f", such as {pair}" if pair else ""
        return [
            f"{head}: main effects are clear of two-way interactions, which are mixed up with one another{shown}."
        ]
    folds = hasattr(design, "fold")
    way_out = (
        "A fold parts them."
        if folds
        else "A fractional factorial of resolution 4 or 5 would keep them apart."
    )
    if len(main):
        return [
            f"{head}: main effects are mixed up with two-way interactions, such as {_pair(main)}. {way_out}"
        ]
    part = (
        found.table[~found.table["term"].str.contains("×|²", regex=True)]["largest"].max()
        if len(found.table)
        else 0
    )
    how = f" (correlations up to {part:.2f})" if part else ""
    return [f"{head}: main effects are mixed up in part with two-way interactions{how}. {way_out}"]


def _pair(rows: Any) -> str:
    if not len(rows):
        return ""
    first = rows.iloc[0]
    return f"{first['term']} with {first['aliased_with'].split(' = ')[0].lstrip('−')}"
