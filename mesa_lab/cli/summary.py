"""What is said at the end of a study: the outcomes at a glance, the failures, and what to do next."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.cli.console import cell, quoted, say, show_table
from mesa_lab.formatting import percent, plural
from mesa_lab.processing.statistics.estimates import all_alike, estimate, of_runs_alike

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study, StudyStatus

__all__ = ["ended", "show_failures", "show_next_steps", "show_summary", "summary_records"]

_MOST_POINTS: Final = 24  # more points than this are summarised instead of listed
_MOST_OUTCOMES: Final = 4
_MOST_FAILURES: Final = 3


def ended(status: StudyStatus) -> str:
    """Say in one line how a study stands."""
    part = "" if status.shard is None else f" of shard {status.shard[0]} of {status.shard[1]}"
    parts = [f"{status.done:,} of {plural(status.n_runs, 'run')}{part} done"]
    if status.failed:
        parts.append(f"{status.failed:,} failed")
    if status.timed_out:
        parts.append(f"{status.timed_out:,} timed out")
    said = ", ".join(parts)
    return said if not status.over else f"{said}. {status.over.rstrip('.')}"


def summary_records(results: Results) -> list[dict[str, Any]]:
    """Return the mean and interval of every outcome at every point, as plain data."""
    table = _aggregate(results, list(results.outcomes))
    if table is None:
        return []
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def show_summary(results: Results) -> None:
    """Print the outcomes with their 95 % intervals: point by point, or their range when there are many points."""
    names = [str(name) for name in results.outcomes]
    table = _aggregate(results, names)
    if table is None or not len(table):
        say("No run has left an outcome that is a number.")
        return
    names = [name for name in names if name in set(table["outcome"])]
    shown, left_out = names[:_MOST_OUTCOMES], names[_MOST_OUTCOMES:]
    if len(results.points) <= _MOST_POINTS:
        _show_points(results, table, shown)
    else:
        _show_ranges(results, table, names)
        shown, left_out = names, []
    _say_what_is_missing(table, shown)
    alike = [row for row in table[table["outcome"].isin(shown)].to_dict("records") if all_alike(row)]
    if alike:
        say(of_runs_alike(int(row["n"]) for row in alike))
    if left_out:
        say(f"Measured too: {', '.join(left_out)}.")


def _aggregate(results: Results, names: list[str]) -> pd.DataFrame | None:
    """Aggregate those outcomes that are numbers."""
    import pandas as pd

    from mesa_lab.errors import OutcomeError

    parts = []
    for name in names:
        try:
            parts.append(results.aggregate(name, quantiles=()))
        except OutcomeError:
            continue  # text, which has no mean
    return pd.concat(parts, ignore_index=True) if parts else None


def _show_points(results: Results, table: pd.DataFrame, names: list[str]) -> None:
    parameters = list(results.points.columns)
    rows = []
    for point, group in table.groupby("point", sort=True):
        by_name = {row["outcome"]: row for row in group.to_dict("records")}
        runs = max(_ended(row) for row in by_name.values())
        values = _values(results, point)
        rows.append(
            [
                *(values[name] for name in parameters),
                *(_estimate(by_name[name]) if name in by_name else "–" for name in names),
                runs,
            ]
        )
    show_table(
        [*map(str, parameters), *names, "runs"],
        rows,
        "Mean at the end of the run, with its 95 % confidence interval",
    )


def _show_ranges(results: Results, table: pd.DataFrame, names: list[str]) -> None:
    rows = []
    for name in names:
        part = table[(table["outcome"] == name) & table["mean"].notna()]
        if not len(part):
            continue
        low, high = part.iloc[int(part["mean"].argmin())], part.iloc[int(part["mean"].argmax())]
        rows.append(
            [
                name,
                _estimate(low),
                _where(results, low["point"]),
                _median(part),
                _estimate(high),
                _where(results, high["point"]),
            ]
        )
    show_table(
        ["outcome", "lowest", "at", "median", "highest", "at"],
        rows,
        f"Mean at the end of the run, with its 95 % confidence interval, over {plural(len(results.points), 'point')}",
    )


def _median(part: pd.DataFrame) -> Any:
    """The median of the points' means; of a yes or no as a share."""
    found = float(part["mean"].median())
    return percent(found) if (part["interval"] == "Wilson").all() else found


def _ended(row: Mapping[Any, Any] | pd.Series[Any]) -> int:
    """How many runs came to their end, with a finite value or without one."""
    return sum(int(row[name]) for name in ("n", "n_missing", "n_infinite"))


def _estimate(row: Mapping[Any, Any] | pd.Series[Any]) -> str:
    """A mean with its interval, and with its n where not all runs have a value."""
    n = int(row["n"])
    return estimate(row) if n in (0, _ended(row)) else f"{estimate(row)}, n = {n:,}"


def _say_what_is_missing(table: pd.DataFrame, names: list[str]) -> None:
    """Say which outcomes are the means of fewer runs than came to their end."""
    for name, part in table.groupby("outcome", sort=False):
        missing, infinite = int(part["n_missing"].sum()), int(part["n_infinite"].sum())
        if str(name) not in names or not missing + infinite:
            continue
        parts = [f"{missing:,} ended without a value"] if missing else []
        parts += (
            [
                f"{infinite:,} with an infinite one"
                if missing
                else f"{infinite:,} ended with an infinite value"
            ]
            if infinite
            else []
        )
        total = sum(_ended(row) for row in part.to_dict("records"))
        say(f"{name}: of {plural(total, 'run')} {' and '.join(parts)}; these are in no mean.")


def _where(results: Results, point: Any) -> str:
    return ", ".join(f"{name} {cell(value, 3)}" for name, value in _values(results, point).items())


def _values(results: Results, point: Any) -> dict[str, Any]:
    """Return the varied parameters of a point; not `loc[point]`, which makes 3 into 3.0 beside 0.5."""
    row = results.points.index.get_loc(point)
    return {str(name): results.points[name].iloc[row] for name in results.points}


def show_failures(study: Study, *, tracebacks: bool = False) -> None:
    """Print how many runs failed, and what the latest of each kind said.

    Args:
        study: The study.
        tracebacks: Show where it was raised, too.
    """
    kinds = study.failure_kinds(latest=1)
    if not kinds:
        return
    say(f"{plural(sum(kind.count for kind in kinds), 'run')} failed:")
    for kind in kinds[: None if tracebacks else _MOST_FAILURES]:
        latest = kind.latest[0]
        first_line = latest.message.strip().partition("\n")[0]
        said = f": {first_line}" if first_line else ""
        say(f"  {kind.count:,} × {kind.title}{said} (run {latest.run_id:,})")
        if tracebacks and latest.traceback:
            say(textwrap.indent(latest.traceback.rstrip(), "      "))
    if len(kinds) > _MOST_FAILURES and not tracebacks:
        say(f"  … and {plural(len(kinds) - _MOST_FAILURES, 'other kind')}")


def show_next_steps(path: Path, status: StudyStatus) -> None:
    """Print where the study is and what can be done with it."""
    say(f"Study: {path}")
    name = quoted(path)
    if status.pending or status.is_open:
        say(f"  mesa-lab resume {name}                 run what is missing")
    if status.failed or status.timed_out:
        say(f"  mesa-lab status {name} --failures      where they failed")
        say(f"  mesa-lab retry {name}                  run the failed runs again")
    if status.shard is not None:
        part = f"-{status.shard[0]}-of-{status.shard[1]}"
        others, whole = path.name.replace(part, f"-*-of-{status.shard[1]}"), path.name.replace(part, "")
        if part in path.name:
            say(f"  mesa-lab merge {others} -o {quoted(Path(whole))}  put the shards together")
    say(f"  mesa-lab conclude {name}               what the results mean, and what to run next")
    say(f"  mesa-lab report {name} --open          charts and tables in one page")
    say(f"  mesa-lab export {name} -o results/     the tables as CSV")
