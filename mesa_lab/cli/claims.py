"""`mesa-lab check-claims`: do the claims of an experiment file still hold?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mesa_lab.cli.check import note_damage
from mesa_lab.cli.console import json_option, note, say, show_json
from mesa_lab.formatting import plural

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.processing.claims.check import Checked
    from mesa_lab.study import Study

__all__ = ["check_claims"]

_FAILED: Final = 5
_CANNOT_TELL: Final = 6
_MARKS: Final = {"holds": "holds          ", "fails": "FAILS          ", "cannot tell yet": "cannot tell yet"}


@click.command("check-claims")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "--fresh", is_flag=True, help="Run everything anew, in a study that is thrown away: for a changed model."
)
@click.option("-j", "--jobs", type=int, default=-1, help="Worker processes; by default one for each core.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@json_option
def check_claims(file: Path, study: Path | None, fresh: bool, jobs: int, quiet: bool, as_json: bool) -> None:
    """Check the claims in FILE against results.

    FILE is an experiment file, and its results are in STUDY. STUDY is by default the name of FILE with the ending .study, in the current folder; what is missing in
    it is run first. The exit code is 0 when all claims hold, 5 when one fails, and 6 when none fails but
    one cannot be told yet. FILE may also be a study, whose own claims are checked; nothing is run then.

    \b
    Examples:
      mesa-lab check-claims wolf_sheep.toml
      mesa-lab check-claims wolf_sheep.toml --fresh --json
      mesa-lab check-claims wolf_sheep.study
    """
    import tempfile

    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.study import Study

    if file.suffix == ".study":
        if study is not None or fresh:
            raise click.UsageError("A study is checked as it is: give no second file, and leave --fresh out.")
        opened = Study.open(file)
        _show(opened.experiment, opened, as_json)
        return
    experiment = Experiment.load(file)
    if not experiment.claims:
        raise click.ClickException(
            f"'{file}' holds no claims. Add one:\n\n[[claims]]\nname = \"what it says\"\nholds = \"mean('outcome') > 1\""
        )
    if fresh:
        if study is not None:
            raise click.UsageError("--fresh keeps no study: leave STUDY out.")
        with tempfile.TemporaryDirectory(prefix="mesa-lab-claims-") as folder:
            _show(experiment, _run(experiment, Path(folder, "fresh.study"), jobs, quiet), as_json)
        return
    _show(experiment, _run(experiment, study or Path(f"{file.stem}.study"), jobs, quiet), as_json)


def _run(experiment: Experiment, path: Path, jobs: int, quiet: bool) -> Study:
    """Run what is missing."""
    from mesa_lab.running.driver import drive
    from mesa_lab.study import Study

    experiment.check()
    study = Study.for_experiment(experiment, path)
    for notice in study.notices:
        note(f"Note: {notice}")
    if study.status().pending:
        ending = drive(study, n_jobs=jobs, backend="loky", progress=not quiet)
        for notice in ending.notices:
            note(f"Note: {notice}")
        if ending.how != "finished":
            note(ending.message)
            click.get_current_context().exit(130 if ending.how == "interrupted" else 1)
    return study


def _show(experiment: Experiment, study: Study, as_json: bool) -> None:
    from mesa_lab.processing.claims import check
    from mesa_lab.processing.results import Results

    if not experiment.claims:
        raise click.ClickException(f"The experiment of '{study.path}' holds no claims.")
    results = Results(study)
    with results.snapshot():
        checked = check.check_claims(results, experiment.claims)
    code = _code(checked)
    if as_json:
        show_json({"study": study.path, "exit_code": code, "claims": [each.to_dict() for each in checked]})
    else:
        for each in checked:
            say(f"{_MARKS[each.verdict]}  {each.name}")
            for reason in each.reasons:
                say(f"{' ' * 17}{reason}")
        counts = {said: sum(each.verdict == said for each in checked) for said in _MARKS}
        say(
            f"{plural(len(checked), 'claim')}: {counts['holds']} hold{'s' * (counts['holds'] == 1)}, {counts['fails']} "
            f"fail{'s' * (counts['fails'] == 1)}, {counts['cannot tell yet']} cannot be told yet."
        )
    note_damage(results)
    click.get_current_context().exit(code)


def _code(checked: list[Checked]) -> int:
    verdicts = {each.verdict for each in checked}
    return _FAILED if "fails" in verdicts else _CANNOT_TELL if "cannot tell yet" in verdicts else 0
