"""The study file: an experiment and its results in one SQLite file.

Where running and processing meet: running writes batches into it, processing reads tables out of it. It knows
experiments as data. It must not know Mesa, joblib, or how results are shown.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesa_lab.study.damage.check import Checked
    from mesa_lab.study.damage.rescue import Rescued, rescue
    from mesa_lab.study.merging.merge import Merged, merge
    from mesa_lab.study.reading.failure_summary import FailedRun, FailureKind
    from mesa_lab.study.reading.run_table import RUN_COLUMNS
    from mesa_lab.study.run_numbers import RunPlan
    from mesa_lab.study.shards import Shard
    from mesa_lab.study.status import StudyStatus
    from mesa_lab.study.study import Study
    from mesa_lab.study.writing.writer import Writer

# Imported when they are first used: workers need the records alone.
_HOMES = {
    "Checked": "mesa_lab.study.damage.check",
    "FailedRun": "mesa_lab.study.reading.failure_summary",
    "FailureKind": "mesa_lab.study.reading.failure_summary",
    "Merged": "mesa_lab.study.merging.merge",
    "RUN_COLUMNS": "mesa_lab.study.reading.run_table",
    "Rescued": "mesa_lab.study.damage.rescue",
    "RunPlan": "mesa_lab.study.run_numbers",
    "Shard": "mesa_lab.study.shards",
    "Study": "mesa_lab.study.study",
    "StudyStatus": "mesa_lab.study.status",
    "Writer": "mesa_lab.study.writing.writer",
    "merge": "mesa_lab.study.merging.merge",
    "rescue": "mesa_lab.study.damage.rescue",
}

__all__ = [
    "RUN_COLUMNS",
    "Checked",
    "FailedRun",
    "FailureKind",
    "Merged",
    "Rescued",
    "RunPlan",
    "Shard",
    "Study",
    "StudyStatus",
    "Writer",
    "merge",
    "rescue",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mesa_lab.study' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
