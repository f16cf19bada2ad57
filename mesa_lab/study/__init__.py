"""The study file: an experiment and its results in one SQLite file.

Where running and processing meet: running writes batches into it, processing reads tables out of it. It knows
experiments as data. It must not know Mesa, joblib, or how results are shown.
"""

from mesa_lab.study.checking import Checked
from mesa_lab.study.failing import FailedRun, FailureKind
from mesa_lab.study.layout import RunPlan
from mesa_lab.study.merging import Merged, merge
from mesa_lab.study.reading import RUN_COLUMNS
from mesa_lab.study.rescue import Rescued, rescue
from mesa_lab.study.shards import Shard
from mesa_lab.study.status import StudyStatus
from mesa_lab.study.study import Study
from mesa_lab.study.writer import Writer

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
