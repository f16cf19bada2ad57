"""The Python that reproduces one run, from what the study holds about it. Text to read and copy; nothing here runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesa_lab.preparation.experiment_file.python_script import Script

if TYPE_CHECKING:
    from mesa_lab.workspace.shared_results import StudyFile

__all__ = ["run_script"]


def run_script(file: StudyFile, run_id: int) -> str:
    """Return Python that does one run of a study again.

    Args:
        file: The study.
        run_id: The run.

    Raises:
        ExperimentError: If the experiment holds a function that no name leads to.
        StudyError: If the study cannot be read.
    """
    with file.snapshot():
        experiment, tasks = file.experiment, file.tasks([run_id])
    if not tasks:
        return ""
    _, point, replication, seed, parameters = tasks[0]
    return script_of(experiment, run_id, point, replication, seed, parameters)


def script_of(experiment: Any, run_id: int, point: int, replication: int, seed: int, parameters: Any) -> str:
    """Return the script for a run of an experiment."""
    script = Script()
    model = script.model(experiment.model)
    rows = "".join(f"        {name!r}: {script.value(value)},\n" for name, value in dict(parameters).items())
    lines = [
        f"{model},",
        f"run_id={run_id},",
        f"iteration={replication},",
        f"point={point},",
        f"parameters={{\n{rows}    }}," if rows else "parameters={},",
        f"seed={seed},",
    ]
    protocol = experiment.protocol
    for ours, name, usual in (
        ("max_steps", "max_steps", None),
        ("max_time", "max_time", None),
        ("stop_when", "stop_when", None),
        ("timeout", "timeout", None),
        ("period", "data_collection_period", 1),
        ("agents", "agents", False),
        ("on_error", "on_error", "missing"),
    ):
        value = getattr(protocol, ours)
        if value != usual:
            lines.append(f"{name}={script.value(value)},")
    if protocol.outcomes is not None:
        lines.append(f"outcomes={script.outcomes(protocol.outcomes)},")
    body = "\n".join(f"    {line}" for line in lines)
    return (
        "\n".join(script.imports())
        + f"\n\nrun = ml.simulate(\n    ml.RunConfiguration(\n{_indented(body)}\n    )\n)\n"
        + "print(run.outcomes)\nprint(run.series.to_pandas())\n"
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
