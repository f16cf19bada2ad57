"""What every question and every conclusion must do, whatever the study: checked one by one."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.errors import ConclusionError, MesaLabError
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.question import Question
from mesa_lab.testing.sentences import begins_small, is_sentence
from mesa_lab.testing.study_kinds import ODD, OUTCOME, study_of_kind
from mesa_lab.testing.surroundings import surroundings

if TYPE_CHECKING:
    from mesa_lab.processing.results import Results

__all__ = ["check_conclusion", "check_question", "check_titles"]

MOST_ROWS: Final = 5000
_NO_WORDS: Final = re.compile(r"\b(nan|inf|NaN|array|dtype)\b|  |%s|\{|\}")
_PLAIN: Final = (str, int, float, bool, list, tuple)


def check_question(question: Question, study: str) -> Conclusion | None:
    """Ask a question of a study of one kind and check what it says.

    Args:
        question: The question.
        study: One of `STUDIES`.

    Returns:
        The conclusion, None where the question does not fit and says why.

    Raises:
        AssertionError: If it does something that no question may do.
    """
    results = study_of_kind(study)
    assert question.text.endswith("?"), "A question ends with a question mark."
    assert question.summary.endswith("."), "The summary is a sentence."
    try:
        subject = question.subject(results, OUTCOME)
    except MesaLabError as error:  # such as an event of an outcome that no run has
        _check_refusal(error)
        return None
    before = surroundings()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            reason = question.fits(results, subject)
        except MesaLabError as error:
            _check_refusal(error)
            return None
        if reason is not None:
            assert is_sentence(reason), reason
            _check_refused(question, results, reason)
            return None
        assert 0 <= question.merit(results, subject) <= 1, "merit is between 0 and 1."
        try:
            conclusion = question.ask(results, OUTCOME)
        except MesaLabError as error:  # it turned out in the middle that nothing can be said
            _check_refusal(error)
            return None
        check_conclusion(conclusion, results)
        again = question.ask(study_of_kind(study), OUTCOME)
    assert again.sentence == conclusion.sentence, "The same results give the same sentence."
    pd.testing.assert_frame_equal(again.table, conclusion.table)
    assert conclusion.name == question.name, "A conclusion is named like its question."
    assert conclusion.question == question.text, "A conclusion holds its question."
    assert surroundings() == before, "numpy's global generator and the theme of altair are as they were."
    return conclusion


def _check_refusal(error: MesaLabError) -> None:
    """Check that an error says what is wrong in a sentence."""
    assert is_sentence(str(error)), str(error)


def _check_refused(question: Question, results: Results, reason: str) -> None:
    """Check that a question which does not fit is refused, for the reason that it gives."""
    said = ""
    try:
        question.ask(results, OUTCOME)
    except ConclusionError as error:
        said = str(error)
    assert said == reason, f"'{question.name}' does not fit: {reason} It says: {said}"


def check_conclusion(conclusion: Conclusion, results: Results | None = None) -> None:
    """Check a conclusion.

    Args:
        conclusion: The conclusion.
        results: What it is about, for what it wants to run next.

    Raises:
        AssertionError: If it is not as conclusions are.
    """
    assert isinstance(conclusion, Conclusion), "It is a Conclusion."
    said = [conclusion.sentence, *conclusion.warnings, *conclusion.unknown]
    for text in [*said, conclusion.next_sentence, conclusion.method]:
        # What names of the user hold is theirs.
        plain = text.replace(ODD, "name")
        assert not _NO_WORDS.search(plain), text
    for text in said:
        assert is_sentence(text), text
    names = [] if results is None else [*results.parameters, *results.outcomes]
    for text in [*said, conclusion.next_sentence, conclusion.method] * (results is not None):
        small = begins_small(text, names)
        assert not small, f"A sentence begins with a capital or with a name as it is declared: {small}"
    assert re.search(r"\d", conclusion.sentence), "The sentence holds a number."
    assert conclusion.method, "The method is named."
    _check_tables(conclusion)
    for name, value in conclusion.values.items():
        assert isinstance(value, _PLAIN), f"values['{name}'] is a plain {type(value).__name__}."
    json.dumps(conclusion.to_dict(), allow_nan=False)
    _check_charts(conclusion)
    html = conclusion._repr_html_()
    assert "<img src=x>" not in html, "Names of the user are escaped."
    assert ("data:image/svg" in html) == bool(conclusion.charts), "A notebook shows the first chart."
    assert conclusion.sentence in str(conclusion), "As text it says its sentence."
    _check_next(conclusion, results)


def _check_tables(conclusion: Conclusion) -> None:
    assert len(conclusion.table), "The table has rows."
    for table in (conclusion.table, *conclusion.tables.values()):
        assert table.columns.is_unique, "Columns have names of their own."
        assert all(isinstance(name, str) for name in table.columns), "Columns are named by text."
        assert isinstance(table.index, pd.RangeIndex), "Rows are numbered."


def _check_charts(conclusion: Conclusion) -> None:
    names = [chart.name for chart in conclusion.charts]
    assert len(set(names)) == len(names), "Charts have names of their own."
    for chart in conclusion.charts:
        json.dumps(chart.table.attrs)
        about = chart.table.attrs["chart"]
        assert about["title"], "A chart has a title."
        assert about["alt"], "A chart has a text in place of the picture."
        drawn: Any = conclusion.chart(chart.name)
        spec = drawn.to_dict()  # which checks it by Vega-Lite's schema
        check_titles(spec)
        assert sum(len(rows) for rows in spec.get("datasets", {}).values()) <= MOST_ROWS, (
            "A chart stays small."
        )
        still: Any = conclusion.chart(chart.name, theme="dark", interactive=False)
        dark = still.to_dict(validate=False)
        check_titles(dark)
        assert dark.get("background") != spec.get("background"), "The dark theme is dark."
        assert '"tooltip"' not in json.dumps(dark), "A chart that is not interactive has no tooltips."


def check_titles(specification: Any) -> None:
    """Check that texts of the user in a Vega-Lite specification are taken for text, whatever they are.

    Args:
        specification: The chart, as it is handed to what draws it.

    Raises:
        AssertionError: If a title would become a picture, a heading or an expression, or be left out.
    """
    if isinstance(specification, list):
        for part in specification:
            check_titles(part)
    if not isinstance(specification, dict):
        return
    for name, value in specification.items():
        if name == "tooltip" and isinstance(value, list):
            titles = [tip.get("title", tip.get("field")) for tip in value]
            assert not set(titles) & {"image", "title"}, f"A tooltip shows a picture or a heading: {titles}"
            assert not set(titles) & {"__proto__", "constructor", "toString"}, (
                f"A row of the tooltip is lost: {titles}"
            )
            assert len(set(titles)) == len(titles), f"A row of the tooltip is lost: {titles}"
        if name == "encoding":
            assert "\\\\" not in json.dumps(_titles(value)), "Vega-Lite does not escape backslashes."
            assert not re.search(r"\\[nrtu]", json.dumps(_titles(value), ensure_ascii=False)), value
        if name not in ("data", "datasets"):
            check_titles(value)


def _titles(part: Any) -> list[Any]:
    if isinstance(part, list):
        return [title for each in part for title in _titles(each)]
    if not isinstance(part, dict):
        return []
    own = [part["title"]] if "title" in part else []
    return own + [title for each in part.values() for title in _titles(each)]


def _check_next(conclusion: Conclusion, results: Results | None) -> None:
    if conclusion.next is None:
        assert conclusion.next_runs == 0, "No experiment, no runs."
        return
    assert conclusion.next_runs > 0, "What is to be run has runs."
    assert is_sentence(conclusion.next_sentence), conclusion.next_sentence
    runs = conclusion.next.n_runs
    if results is not None:
        before = results.experiment.n_runs if conclusion.next_grows else 0
        assert runs - before == conclusion.next_runs, "It says how many runs it takes."
    assert conclusion.to_dict()["next"]["experiment"], "It can be written to a file."
