"""`mesa-lab conclude`: from the results of a study to answers."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mesa_lab.cli.check import note_damage
from mesa_lab.cli.console import chosen_options, json_option, note, quoted, say, show_json, show_table
from mesa_lab.formatting import listing, plural

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.results import Results

__all__ = ["answers_as_data", "conclude", "show_answers"]

_MOST_ROWS: Final = 15
_WIDTH: Final = 100


@click.command()
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--outcome", help="What to ask about; by default the first outcome that is a number.")
@click.option(
    "--question",
    metavar="NAME",
    help="One question, such as sensitivity, compare, best, replications or discover; by default all that fit.",
)
@click.option("--with", "options", multiple=True, metavar="NAME=VALUE", help="An option of the question.")
@click.option(
    "--next",
    "next_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the experiment that would answer better to this file.",
)
@click.option(
    "--chart",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the answer: .png, .svg, .pdf or .html.",
)
@json_option
def conclude(
    study: Path,
    outcome: str | None,
    question: str | None,
    options: tuple[str, ...],
    next_file: Path | None,
    chart: Path | None,
    as_json: bool,
) -> None:
    """Say what the results in STUDY mean.

    Answers, how sure they are, and what would tell more. Without --question all questions that these results can answer are asked, the best first; with it,
    one is answered in full.

    \b
    Examples:
      mesa-lab conclude wolf_sheep.study
      mesa-lab conclude wolf_sheep.study --outcome Wolves --question sensitivity
      mesa-lab conclude wolf_sheep.study --question discover --outcome "Wolves==0"
      mesa-lab conclude wolf_sheep.study --question compare --with by=grass --with margin=5
      mesa-lab conclude wolf_sheep.study --question best --with goal=min
      mesa-lab conclude wolf_sheep.study --question replications --next more.toml
      mesa-lab conclude wolf_sheep.study --question calibrate --with targets=data.csv
    """
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    if question is None and (options or next_file or chart):
        raise click.UsageError("--with, --next and --chart belong to one question; name it with --question.")
    chosen = chosen_options(options, "by=density")
    results = Results(Study.open(study))
    if question is None:
        if as_json:
            show_json(answers_as_data(results, outcome))
        else:
            show_answers(results, outcome)
        note_damage(results)
        return
    from mesa_lab.processing.analysis.shelf import find_question

    if question == "calibrate" and isinstance(chosen.get("targets"), str):
        from mesa_lab.processing.analysis.calibration.targets import read_targets

        chosen["targets"] = read_targets(chosen["targets"])
    with results.snapshot():
        answer = find_question(question).ask(results, outcome, **chosen)
    if next_file is not None:
        _write_next(answer, next_file)
    if chart is not None:
        from mesa_lab.processing.export.export import save_chart

        note(f"Wrote {save_chart(answer.chart(interactive=chart.suffix == '.html'), chart)}")
    if as_json:
        show_json(answer.to_dict())
    else:
        _show_in_full(answer)
        if answer.next is not None and answer.next_in_proportion and next_file is None:
            asked = "" if outcome is None else f" --outcome {quoted(Path(outcome))}"
            asked += "".join(f" --with {quoted(Path(each))}" for each in options)
            say(f"  mesa-lab conclude {quoted(study)} --question {question}{asked} --next next.toml")
        if "goal" not in chosen:
            _say_if_less(results, answer)
    note_damage(results)


def answers_as_data(results: Results, outcome: str | None = None) -> dict[str, Any]:
    """Return the answers to all questions that fit as plain data, and why the others do not fit."""
    from mesa_lab.errors import OutcomeError
    from mesa_lab.processing.analysis.shelf import Unanswered, answers_or_reasons, fitting

    with results.snapshot():
        try:
            outcome = outcome or results.first_outcome()
        except OutcomeError:  # no run has left a number
            return {"outcome": None, "conclusions": [], "do_not_fit": {}}
        answers, reasons = [], fitting(results, outcome)[1]
        for name, answer in answers_or_reasons(results, outcome):
            if isinstance(answer, Unanswered):
                reasons[name] = answer.why
            else:
                answers.append(answer.to_dict())
        return {"outcome": outcome, "conclusions": answers, "do_not_fit": reasons}


def show_answers(results: Results, outcome: str | None = None) -> None:
    """Print the answers to all questions that fit, each as soon as it is there.

    Args:
        results: The results.
        outcome: What to ask about; None takes the first outcome that is a number.
    """
    from mesa_lab.errors import OutcomeError
    from mesa_lab.processing.analysis.shelf import Unanswered, answers_or_reasons, fitting

    with results.snapshot():
        try:
            outcome = outcome or results.first_outcome()
        except OutcomeError as error:
            say(str(error))
            return
        reasons = _of_these(results, fitting(results, outcome)[1])
        found: list[str] = []
        for name, answer in answers_or_reasons(results, outcome):
            if isinstance(answer, Unanswered):
                reasons[name] = answer.why
                continue
            if found:
                say()
            found.append(name)
            _show_short(answer)
            _say_if_less(results, answer)
    if not found:
        _say_why_not(outcome, reasons)
        return
    say()
    others = (
        f" {plural(len(reasons), 'question')} {'does' if len(reasons) == 1 else 'do'} not fit: {', '.join(reasons)}."
        if reasons
        else ""
    )
    say(
        f"{plural(len(found), 'answer')} about {outcome}.{others} In full, with its table: --question {found[0]}"
    )


def _of_these(results: Results, reasons: dict[str, str]) -> dict[str, str]:
    """Leave out what is asked of searches alone, where the study is none: that says nothing of its results."""
    from mesa_lab.processing.analysis.shelf import all_questions

    if results.searched is not None:
        return reasons
    for_searches = {question.name for question in all_questions() if question.of_searches}
    return {name: reason for name, reason in reasons.items() if name not in for_searches}


def _say_why_not(outcome: str, reasons: dict[str, str]) -> None:
    """Say why no question can be answered: each reason once, with the questions that it is against."""
    of_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        of_reason.setdefault(reason, []).append(name)
    if len(of_reason) == 1:
        _paragraph(
            f"No question about '{outcome}' can be answered from these results. {next(iter(of_reason))}"
        )
        return
    say(f"No question about '{outcome}' can be answered from these results:")
    for reason, names in of_reason.items():
        _paragraph(f"{listing(names)}: {reason}", "  ")


def _say_if_less(results: Results, answer: Conclusion) -> None:
    """Say how to ask for less where nobody has said whether more or less is better."""
    known = results.searched.goals if results.searched is not None else {}
    if answer.name != "best" or answer.outcome in known:
        return
    study = Path(getattr(results.study, "path", "STUDY"))  # results need not come from a file
    outcome = quoted(Path(answer.outcome))
    say("  If less is better:")
    say(f"    mesa-lab conclude {quoted(study)} --question best --outcome {outcome} --with goal=min")


def _show_short(answer: Conclusion) -> None:
    say(f"{answer.question} ({answer.name})")
    _paragraph(answer.sentence, "  ")
    for warning in answer.warnings:
        _paragraph(f"! {warning}", "  ")
    for unknown in answer.unknown[:1]:
        _paragraph(f"Not known: {unknown}", "  ")
    if answer.next_sentence:
        _paragraph(f"Next: {answer.next_sentence}", "  ")


def _show_in_full(answer: Conclusion) -> None:
    say(f"{answer.question} ({answer.outcome})")
    _paragraph(answer.sentence, "  ")
    for warning in answer.warnings:
        _paragraph(f"! {warning}", "  ")
    say()
    rows: list[list[Any]] = answer.table.head(_MOST_ROWS).to_numpy(dtype=object).tolist()
    show_table([str(name) for name in answer.table], rows)
    rest = len(answer.table) - len(rows)
    if rest:
        say(f"… {plural(rest, 'more row')}; all of them with --json.")
    say()
    for unknown in answer.unknown:
        _paragraph(f"Not known: {unknown}")
    _paragraph(f"Method: {answer.method}")
    if answer.next_sentence:
        _paragraph(f"Next: {answer.next_sentence}")


def _paragraph(text: str, indent: str = "") -> None:
    say(textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False))


def _write_next(answer: Conclusion, path: Path) -> None:
    if answer.next is None:
        why = answer.next_sentence or "Nothing is gained by more runs here."
        raise click.ClickException(f"There is no experiment to write. {why}")
    answer.next.save(path)
    note(f"Wrote {path}: {answer.next_sentence}")
    if answer.next_grows:
        note("It extends this study: mesa-lab run it into the same study, and all runs are kept.")
