"""What a page takes up, and what it does not wait for."""

import dataclasses
import json
import threading

import pandas  # noqa: F401  Solara stumbles over one that another thread is just importing
import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.design.actions import read_file
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.state import draft_state
from mesa_lab.drafts import preview as outlook
from mesa_lab.drafts.draft import DesignDraft, Draft, Row
from mesa_lab.drafts.draft_size import check_size
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import from_query, to_query
from mesa_lab.drafts.points_csv import parse_points
from mesa_lab.drafts.preview import first_point, look
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.drafts.value_text import parse_value, parse_values, split_values
from mesa_lab.errors import DesignError, ExperimentError, ParameterError
from mesa_lab.preparation.limited_work.limited_process import OutOfLimitsError
from mesa_lab.preparation.preview import preview
from mesa_lab.workspace import access
from mesa_lab.workspace.access import grant

SCHELLING = "mesa.examples:Schelling"
MANY = 2_000_000


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(draft_state, "_sessions", type(draft_state._sessions)())
    monkeypatch.setattr(access, "_agreed", set())
    for reactive, value in (
        (draft_state.draft, Draft()),
        (draft_state.offer, None),
        (draft_state.notice, ""),
    ):
        reactive.value = value
    yield
    grant(None)


def deep(depth):
    design = DesignDraft()
    for _ in range(depth):
        design = DesignDraft("Union", parts=(design,))
    return design


LARGE = [
    ({"rows": tuple(Row(f"p{n}") for n in range(201))}, "201 parameters; a page takes 200"),
    ({"rows": tuple(Row(f"p{n}") for n in range(20_000))}, "20,000 parameters"),
    ({"outcomes": tuple((f"o{n}", "happy") for n in range(20_000))}, "20,000 outcomes; a page takes 200"),
    ({"agents": "chosen", "agent_names": ("a",) * 20_000}, "20,000 attributes of agents"),
    ({"constraints": "density < 1\n" * 20_000}, "20,000 lines of constraints; a page takes 100"),
    ({"design": deep(10)}, "11 designs within each other; a page takes 10"),
    ({"design": DesignDraft("Union", parts=(DesignDraft(),) * 5_000)}, "5,001 designs within its design"),
    ({"rows": (Row("x" * 1_001),)}, "1,001 characters in a name"),
    ({"rows": (Row("density", "levels", levels="1," * 200_000),)}, "400,000 characters in a list"),
    ({"rows": (Row("density", "real", low="1" * 20_000, high="2"),)}, "20,000 characters in a value"),
    (
        {"rows": (Row("density", "distribution", arguments=tuple((f"a{n}", "1") for n in range(900))),)},
        "900 arguments of a distribution",
    ),
    (
        {"design": DesignDraft(fields=tuple((f"f{n}", "1") for n in range(5_000)))},
        "5,000 settings of a design",
    ),
    ({"stop_when": "x" * 20_000}, "20,000 characters in a value"),
]


@pytest.mark.parametrize(("changes", "said"), LARGE, ids=[said for _, said in LARGE])
def test_a_link_that_holds_too_much_is_not_taken_up(changes, said):
    large = Draft(SCHELLING, **changes)
    with pytest.raises(ExperimentError, match=said):
        check_size(large)
    assert said in parse(large).errors["experiment"]
    packed = to_query(large)
    if packed is not None:
        with pytest.raises(ExperimentError, match=f"This link has {said}"):
            from_query(packed)
        draft_state.begin(f"design={packed}")
        assert said in draft_state.notice.value
    draft_state.offer_draft(large, "'x.toml'")
    assert f"'x.toml' has {said}" in draft_state.notice.value
    assert draft_state.draft.value == Draft()


def test_a_link_nested_without_end_is_a_broken_one():
    import base64
    import zlib

    text = '{"model":"a:B","design":' + '{"parts":[' * 50_000 + "]}" * 50_000 + "}"
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    with pytest.raises(ExperimentError, match="does not hold a whole design"):
        from_query(packed)


def test_a_file_that_holds_too_much_is_read_and_not_taken_up():
    outcomes = json.dumps([f"o{n}" for n in range(20_000)])
    draft_state.offer_experiment(
        read_file("x.toml", f"model = 'a:B'\noutcomes = {outcomes}".encode()), "'x.toml'"
    )
    assert "'x.toml' has 20,000 outcomes; a page takes 200" in draft_state.notice.value
    assert draft_state.draft.value == Draft()


@pytest.mark.parametrize(
    "text", [b"[" * 10_000, b".".join([b"a"] * 20_000) + b"=1", b"a=0x" + b"f" * 100_000]
)
def test_a_file_that_asks_for_much_is_explained(text):
    with pytest.raises(ExperimentError) as refused:
        read_file(
            "x.toml",
            b"model='a:B'\n[parameters]\na=" + text if text[:1] == b"[" else b"[parameters]\n" + text,
        )
    assert len(str(refused.value)) < 500


def test_texts_of_any_length_are_cut_into_values():
    assert len(split_values("'" * MANY)) == 1
    assert len(split_values("\"'" * (MANY // 2))) == 1
    assert len(split_values("a'," * (MANY // 3))) == MANY // 3
    assert split_values("[" * MANY + ",") == ["[" * MANY + ","]
    with pytest.raises(ParameterError, match="1,000,000 values; at most 10,000"):
        parse_values("1," * 1_000_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1e999999", "larger than any number"),
        ("-1e999999", "larger than any number"),
        ("0x" + "f" * 9_000, "more than 1024 bits"),
        ("9" * 320, "more than 1024 bits"),
        ("(1, [2, 0b1" + "0" * 2000 + "])", "more than 1024 bits"),
        ("[" * 150 + "]" * 150, "more than 50 lists"),
        ("'" * 20_000, "at most 10,000 are read"),
    ],
)
def test_a_value_that_asks_for_much_is_refused(text, said):
    with pytest.raises(ParameterError, match=said):
        parse_value(text)


def test_numbers_are_read_as_ever():
    texts = [
        "0",
        "-0",
        "007",
        "-1.50",
        "1_000",
        "1e5",
        ".5",
        "12345678901234567890",
        "inf",
        "1.",
        "+3",
        "1.2.3",
    ]
    expected = [0, 0, "007", -1.5, 1000, 1e5, 0.5, 12345678901234567890, float("inf"), 1.0, 3, "1.2.3"]
    assert repr([parse_value(text) for text in texts]) == repr(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ",".join(f"c{n}" for n in range(100_000)) + "\n" + ",".join("1" * 100_000),
            "100,000 columns; at most 200",
        ),
        ("a\n" + "1\n" * 100_001, "100,001 points; at most 100,000"),
        (
            ",".join(f"c{n}" for n in range(200)) + "\n" + (",".join("1" * 200) + "\n") * 5_001,
            "5,001 points; at most 5,000",
        ),
        ("a\n" + '"' * 4_000_000, "cannot be read"),
        ("a\n" + "'" * 100_000, "at most 10,000 are read"),
    ],
    ids=["columns", "rows", "cells", "quotes", "single quotes"],
)
def test_a_table_that_is_too_large_is_refused(text, said):
    with pytest.raises(DesignError, match=said):
        parse_points(text)


# ---------------------------------------------------------------- points


def hard(**changes):
    return ml.Experiment(
        SCHELLING, {"density": ml.from_distribution("zipf", a=1.0001)}, ml.Sobol(8), **changes
    )


def test_what_is_not_quick_is_seen_as_anything_else():
    slow = ml.Experiment(
        SCHELLING,
        {"density": ml.from_distribution("skewnorm", a=2, loc=0.5, scale=0.1), "radius": ml.Integer(1, 3)},
        ml.Sobol(16),
        replications=3,
        constraints=["density < 0.9"],
    )
    seen, expected = look(slow), preview(slow)
    assert seen.experiment is slow
    assert (seen.n_points, seen.n_runs, seen.problem) == (expected.n_points, expected.n_runs, "")
    assert seen.preview.matrix.equals(expected.matrix)
    assert seen.preview.discrepancy == expected.discrepancy
    assert first_point(seen) == next(slow.points())


def test_what_takes_too_long_is_said_and_bars_the_way(monkeypatch, show):
    def too_long(*_, **__):
        raise OutOfLimitsError("Too long.")

    monkeypatch.setattr(outlook, "run_limited", too_long)
    assert "could not be made within 20 seconds and 4 GiB" in look(hard()).problem
    kept = solara.reactive(from_experiment(hard()))

    @solara.component
    def Page():
        DesignPage(kept.value, kept.set)

    view = show(Page())
    view.until("could not be made within 20 seconds")
    assert "disabled" in view.button("Continue to the runs").attributes
    kept.value = dataclasses.replace(kept.value, rows=(Row("density", "real", low="0.1", high="0.2"),))
    view.until("8 runs")


def test_another_page_is_worked_out_meanwhile(monkeypatch, show):
    """While one page waits for a design that does not come, a second one shows its own."""
    asked, given_up = threading.Event(), threading.Event()

    def forever(*_, wanted):
        asked.set()
        while wanted() and not given_up.wait(0.01):
            pass

    monkeypatch.setattr(outlook, "run_limited", forever)
    kept = solara.reactive(from_experiment(hard()))

    @solara.component
    def Page(draft, on_draft):
        DesignPage(draft, on_draft)

    @solara.component
    def First():
        Page(kept.value, kept.set)

    first = show(First())
    assert asked.wait(60)
    quick = from_experiment(ml.Experiment(SCHELLING, {"density": ml.Real(0, 1)}, ml.Sobol(8), replications=7))
    second = show(Page(quick, lambda _: None))
    second.until("56 runs")
    assert "runs" not in first.text.split("Preview")[1]
    given_up.set()


def test_the_process_ends_when_something_else_is_typed(monkeypatch, show):
    ended = []

    def forever(function, experiment, *_, wanted):
        while wanted():
            threading.Event().wait(0.01)
        ended.append(experiment)

    monkeypatch.setattr(outlook, "run_limited", forever)
    kept = solara.reactive(from_experiment(hard()))

    @solara.component
    def Page():
        DesignPage(kept.value, kept.set)

    view = show(Page())
    view.until("How long it takes is not known yet")
    kept.value = from_experiment(
        ml.Experiment(SCHELLING, {"density": ml.Real(0, 1)}, ml.Sobol(8), replications=7)
    )
    view.until("56 runs")
    assert len(ended) <= 1
