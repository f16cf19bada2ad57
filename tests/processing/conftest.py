"""A study that exists in memory only, with just the tables that processing reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mesa_lab.errors import ParameterError
from mesa_lab.processing.results import Results


class Range:
    """A parameter with a range."""

    def __init__(self, low: float, high: float, log: bool = False) -> None:
        self.low, self.high, self.log = low, high, log

    def levels(self, n: int | None = None) -> tuple[Any, ...]:
        raise ParameterError("A range has no levels.")


class Listed:
    """A parameter with levels."""

    def __init__(self, *values: Any) -> None:
        self.values = values

    def levels(self, n: int | None = None) -> tuple[Any, ...]:
        return self.values


class Table:
    """Points that were chosen elsewhere."""


@dataclass
class Unpacked:
    """A block of a study that is in memory."""

    whole: pa.Table

    @property
    def schema(self) -> pa.Schema:
        return self.whole.schema

    def read(self, first: int | None = None) -> pa.Table:
        return self.whole.select(range(self.whole.num_columns if first is None else first))

    def table(self) -> pa.Table:
        return self.whole


class FakeStudy:
    """Runs that never were: run ids count all points once, then the next replication."""

    def __init__(
        self,
        points: pd.DataFrame,
        replications: int = 3,
        outcomes: Mapping[str, Callable[[pd.DataFrame, np.random.Generator], Any]] | None = None,
        steps: int = 10,
        failed: Sequence[int] = (),
        timed_out: Sequence[int] = (),
        stops: Mapping[int, int] | None = None,
        agents: Mapping[str, pa.Table] | None = None,
        varied: Mapping[str, Any] | None = None,
        model: str = "tests.models:Wolf",
        block: int = 7,
        design: Any = None,
        common_random_numbers: bool = False,
        seeds: Sequence[int] | None = None,
    ) -> None:
        rng = np.random.default_rng(1)
        n = len(points) * replications
        self.points = points
        self.block = block
        self.parts: list[pa.Table] | None = None  # in place of the series
        run_id = np.arange(n)
        runs = pd.DataFrame(
            {
                "run_id": run_id,
                "point": run_id % max(len(points), 1),
                "replication": run_id // max(len(points), 1),
                "seed": rng.integers(0, 2**63 - 1, n, dtype=np.int64),
                "status": "done",
                "steps": steps,
                "time": float(steps),
                "init_seconds": 0.01,
                "run_seconds": 0.1,
                "notes": "",
            }
        )
        full = points.iloc[runs["point"]].reset_index(drop=True)
        outcomes = outcomes or {"happy": lambda p, g: g.normal(10, 2, len(p))}
        self.finals = pd.DataFrame(
            {name: pd.Series(list(make(full, rng)), dtype=object) for name, make in outcomes.items()}
        )
        for status, ids in (("failed", failed), ("timed out", timed_out)):
            runs.loc[list(ids), "status"] = status
            self.finals.loc[list(ids)] = None
        for run, step in (stops or {}).items():
            runs.loc[run, "steps"] = step
        self.runs = runs
        self.agents = dict(agents or {})
        varied = dict(
            varied
            or {name: Listed(*{repr(value): value for value in points[name]}.values()) for name in points}
        )
        self.experiment: Any = SimpleNamespace(
            model=model,
            space=SimpleNamespace(varied=varied, fixed={"width": 20}, correlations={}),
            replications=replications,
            max_steps=steps,
            period=1,
            design=Table() if design is None else design,
            common_random_numbers=common_random_numbers,
            seeds=seeds,
            outcomes=None,
        )

    @property
    def outcome_names(self) -> tuple[str, ...]:
        return tuple(self.finals.columns)

    @property
    def shard(self) -> None:
        return None

    @property
    def agent_types(self) -> tuple[str, ...]:
        return tuple(self.agents)

    def runs_frame(
        self, outcomes: Sequence[str] | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        names = self.outcome_names if outcomes is None else outcomes
        runs = self.runs if columns is None else self.runs[[name for name in self.runs if name in columns]]
        return pd.concat([runs, *(self.finals[[name]] for name in names)], axis=1)

    def points_frame(self) -> pd.DataFrame:
        frame = self.points.copy()
        frame["width"] = 20
        return frame.rename_axis("point")

    def series_blocks(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Any:
        if self.parts is not None:
            yield from map(Unpacked, self.parts)
            return
        names = self.outcome_names if outcomes is None else list(outcomes)
        wanted = None if run_ids is None else set(run_ids)
        ids = [run for run in self.runs["run_id"] if wanted is None or run in wanted]
        steps, status = self.runs["steps"].tolist(), self.runs["status"].tolist()
        finals = {name: self.finals[name].tolist() for name in names}
        for start in range(0, len(ids), self.block):
            rows: list[tuple[int, int, float]] = []
            columns: list[list[Any]] = [[] for _ in names]
            for run in ids[start : start + self.block]:
                last = steps[run] if status[run] == "done" else steps[run] // 2
                rows += [(run, step, float(step)) for step in range(last + 1)]
                for column, name in zip(columns, names, strict=True):
                    final = finals[name][run]
                    fixed = isinstance(final, bool | str | None) or not np.isfinite(final)
                    column += [final if fixed else final * step / max(last, 1) for step in range(last + 1)]
            own = [list(column) for column in zip(*rows, strict=True)]
            arrays = [pa.array(values) for values in (*own, *columns)]
            yield Unpacked(pa.Table.from_arrays(arrays, names=["run_id", "step", "time", *names]))

    def agent_blocks(self, agent_type: str) -> Any:
        yield Unpacked(self.agents[agent_type])

    def failures_frame(self) -> pd.DataFrame:
        bad = self.runs[self.runs["status"] != "done"]
        return pd.DataFrame(
            {
                "run_id": bad["run_id"],
                "attempt": 1,
                "stage": "stepping",
                "error_type": np.where(bad["status"] == "failed", "ValueError", "TimeoutError"),
                "message": [f"no grass left in run {run}" for run in bad["run_id"]],
                "traceback": ["Traceback …\nValueError: no grass left" for _ in bad["run_id"]],
            }
        )

    def to_json(self) -> str:
        return json.dumps(self.points.to_dict("list"))


@pytest.fixture
def make() -> Callable[..., Results]:
    """Return a function that makes results: `make({"n": [1, 2]}, replications=3, ...)`."""

    def build(points: Mapping[str, Sequence[Any]] | pd.DataFrame, **options: Any) -> Results:
        frame = (
            points
            if isinstance(points, pd.DataFrame)
            else pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in points.items()})
        )
        return Results(FakeStudy(frame, **options))

    return build
