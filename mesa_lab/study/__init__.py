"""The study file: an experiment and its results in one SQLite file.

Where running and processing meet: running writes batches into it, processing reads tables out of it. It knows
experiments as data. It must not know Mesa, joblib, or how results are shown.
"""

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
