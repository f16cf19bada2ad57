"""`mesa-lab compare`: did the model change between two studies of one experiment?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mesa_lab.cli.check import note_damage
from mesa_lab.cli.console import json_option, note, say, show_json, show_table
from mesa_lab.formatting import plural

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.analysis.conclusion import Conclusion

__all__ = ["CHANGED", "compare"]

CHANGED: Final = 4
"""Exit code where something changed."""

_MARKS: Final = {"faster": "🟢 ", "same": "🔵 ", "slower": "🔴 "}
_MOST: Final = 24

_study = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("old", type=_study)
@click.argument("new", type=_study)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    help="Compare this outcome; may be given several times. Default: all.",
)
@click.option(
    "--margin",
    type=float,
    default=0.03,
    show_default=True,
    help="A change of time up to this share does not matter.",
)
@click.option(
    "--tolerance",
    type=float,
    default=0.0,
    show_default=True,
    help="Values that differ by this share at most count as equal.",
)
@click.option("--ignore-times", is_flag=True, help="Exit with 0 where only times changed.")
@json_option
@click.pass_context
def compare(
    context: click.Context,
    old: Path,
    new: Path,
    outcomes: tuple[str, ...],
    margin: float,
    tolerance: float,
    ignore_times: bool,
    as_json: bool,
) -> None:
    """Say whether the model changed between OLD and NEW.

    These are two studies of one experiment.

    Runs of the same point and seed are compared: their outcomes, and how long set-up and run took.
    Exit code 4 when something changed: an outcome, whether a run came to its end, or a time.

    \b
    Example:
      mesa-lab run wolf_sheep.toml before.study
      ... change the model, Mesa or Python ...
      mesa-lab run wolf_sheep.toml after.study
      mesa-lab compare before.study after.study
    """
    from mesa_lab.pipeline import compare as compare_studies
    from mesa_lab.pipeline import open_study

    with open_study(old) as one, open_study(new) as other:
        results = one.results, other.results
        conclusion = compare_studies(*results, list(outcomes) or None, margin=margin, tolerance=tolerance)
        for each in results:
            note_damage(each)
    if as_json:
        show_json(conclusion.to_dict())
    else:
        _show(conclusion)
    if conclusion.values["outcomes_changed" if ignore_times else "changed"]:
        context.exit(CHANGED)


def _show(conclusion: Conclusion) -> None:
    from mesa_lab.processing.analysis.versions.pairs import rows_of

    say(conclusion.sentence)
    outcomes, times = conclusion.tables["outcomes"], conclusion.tables["times"]
    if len(outcomes):
        say()
        show_table(
            ["outcome", "pairs", "equal", "differ", "old", "new", "difference", "95 % interval"],
            [_outcome_row(row) for row in rows_of(outcomes)],
            _title(conclusion),
        )
    if len(times):
        say()
        show_table(
            ["point", "pairs", "set-up time", "run time"],
            _time_rows(times),
            "Times: change, with its 95 % interval",
        )
    changed = conclusion.tables["surroundings"]
    changed = changed[~changed["same"]]
    if len(changed):
        say()
        show_table(
            ["what", "old", "new"], changed[["what", "old", "new"]].to_numpy().tolist(), "What else changed"
        )
    for warning in conclusion.warnings:
        note(f"Warning: {warning}")
    for line in conclusion.unknown:
        note(f"Not known: {line}")
    if conclusion.next_sentence:
        note(f"Next: {conclusion.next_sentence}")


def _title(conclusion: Conclusion) -> str:
    compared, pairs = conclusion.values["n_compared"], conclusion.values["n_pairs"]
    if compared == pairs:
        return "Outcomes: means, and the mean difference of pairs"
    return f"Outcomes: means over the {compared:,} of {plural(pairs, 'pair')} that came to their end in both studies"


def _outcome_row(row: dict[str, Any]) -> list[Any]:
    from mesa_lab.processing.analysis.phrases import figures

    known = row["difference"] == row["difference"]
    size, low, high = figures(row["difference"], row["low"], row["high"]) if known else ("–", "–", "–")
    span = f"{low} to {high}" if row["low"] == row["low"] else "–"
    means = [row[name] if row[name] == row[name] else None for name in ("mean_old", "mean_new")]
    return [str(row["outcome"]), row["n_pairs"], row["n_equal"], row["n_differ"], *means, size, span]


def _time_rows(times: pd.DataFrame) -> list[list[Any]]:
    from mesa_lab.processing.analysis.versions.pairs import rows_of

    rows = []
    for point, group in times.groupby("point", sort=False):
        by_measure = {row["measure"]: row for row in rows_of(group)}
        cells = [_time_cell(by_measure[measure]) for measure in ("set-up time", "run time")]
        rows.append([str(point), max(row["n_pairs"] for row in by_measure.values()), *cells])
    left_out = len(rows) - _MOST
    if left_out > 0:
        rows = [*rows[:_MOST], [f"… {left_out} more", None, "", ""]]
    return rows


def _time_cell(row: dict[str, Any]) -> str:
    from mesa_lab.processing.analysis.versions.sentences import CLEAR

    if row["change"] != row["change"]:
        return "–"
    size = f"{100 * row['change']:+.1f} %"
    if row["low"] != row["low"]:
        return f"{size} (too few pairs)"
    # A mark that chance can explain among so many rows is none of those that are counted.
    sure = "" if row["mark"] == "same" or row["p_adjusted"] <= CLEAR else "?"
    return (
        f"{_MARKS[row['mark']]}{size} [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}] {row['mark']}{sure}"
    )
