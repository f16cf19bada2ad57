"""That no page loads code, or reads a file, which its user did not agree to, however it is spelt and wherever it comes from."""

import json
import sys

import pandas  # noqa: F401  Solara stumbles over one that another thread is just importing
import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.design.actions import read_file
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor_workspace
from mesa_lab.drafts.draft import DesignDraft, Draft, Row
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import to_query
from mesa_lab.errors import ModelError, NotAllowedError
from mesa_lab.preparation.code_permission import parse_reference
from mesa_lab.preparation.models import load_model
from mesa_lab.study import Study
from mesa_lab.workspace import access
from mesa_lab.workspace.access import Access, agree, grant
from mesa_lab.workspace.test_run import try_model
from mesa_lab.workspace.trust import untrusted
from mesa_lab.workspace.workspace import Workspace

SCHELLING = "mesa.examples:Schelling"
CODE = """
import pathlib
pathlib.Path({trace!r}).touch()

def points(space, seed):
    return [{{"density": 0.5}}, {{"density": 0.6}}]

def measure(model):
    return 1
"""
SPELLINGS = (
    "{path}:points",
    "'{path}:points'",
    '"{path}:points"',
    "'''{path}:points'''",
    "('{path}:points')",
    "(('{path}' ':points'))",
    "r'{path}:points'",
    "'\\x2f{path}:points'",
    "  {path}:points  ",
    "\t'{path}:points'\n",
    "' {path}:points '",
    "{folder}/./{name}:points",
    "{folder}/../{last}/{name}:points",
    "stranger_of_many_names:points",
    "'stranger_of_many_names:points'",
)
PLACES = ("stranger.py", "with blank, comma [and] (brackets).py", "C:evil.py", "it's.py")


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


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A function that makes a file of code, and one that tells whether it was run."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "stranger_of_many_names", raising=False)
    monkeypatch.chdir(tmp_path)
    trace = tmp_path / "it was run"

    def make(name="stranger.py"):
        for each in (name, "stranger_of_many_names.py"):
            (tmp_path / each).write_text(CODE.format(trace=str(trace)))
        return tmp_path / name

    make.ran = trace.exists
    return make


def spelt(spelling, path):
    return spelling.format(path=path, folder=path.parent, last=path.parent.name, name=path.name)


def linked(design, **changes):
    return Draft(SCHELLING, rows=(Row("density", "levels", levels="0.5, 0.6"),), design=design, **changes)


def made_by(text):
    return DesignDraft("FunctionDesign", (("function", text),))


def page(show, draft):
    kept = solara.reactive(draft)

    @solara.component
    def Page():
        DesignPage(kept.value, kept.set)

    return show(Page())


@pytest.mark.parametrize(
    ("spelling", "nested", "served"),
    [(spelling, number % 2 > 0, number % 3 > 0) for number, spelling in enumerate(SPELLINGS)],
)
def test_a_link_to_a_function_asks_first_and_the_preview_waits(
    stranger, show, tmp_path, spelling, nested, served
):
    if served:
        grant(Access(studies=tmp_path))
    design = made_by(spelt(spelling, stranger()))
    if nested:
        design = DesignDraft("Union", parts=(DesignDraft("Union", parts=(DesignDraft(), design)),))
    draft = linked(design)
    draft_state.begin(f"design={to_query(draft)}")
    assert draft_state.draft.value == Draft()
    assert [code.role for code in draft_state.offer.value.code] == ["function"]
    view = page(show, draft)  # as if the question had not been asked
    view.until("The points are made by Python code")
    assert not stranger.ran()
    view.press("Run it")
    view.until("20 runs")
    assert stranger.ran()


@pytest.mark.parametrize("name", PLACES)
def test_a_place_may_be_called_anything(stranger, show, name):
    path = stranger(name)
    draft = linked(made_by(repr(f"{path}:points")))
    assert [code.place for code in untrusted(draft)] == [str(path)]
    view = page(show, draft)
    view.until("The points are made by Python code")
    assert not stranger.ran()


@pytest.mark.parametrize("spelling", ["'{path}:points'", "{path}:points"])
@pytest.mark.parametrize("where", ["file", "study", "notebook"])
def test_a_file_a_study_and_a_notebook_ask_as_a_link_does(stranger, tmp_path, spelling, where):
    path = stranger()
    text = f"{path}:points"
    asked = ml.Experiment(SCHELLING, {"density": [0.5, 0.6]}, ml.Union([ml.FunctionDesign(text), ml.Zip()]))
    if where == "file":
        toml = asked.to_toml().replace(f'"{text}"', json.dumps(spelling.format(path=path)))
        text = spelling.format(path=path)  # in a file, quotes within the quotes belong to the name
        draft_state.offer_experiment(read_file("x.toml", toml.encode()), "'x.toml'")
    elif where == "study":
        Study.for_experiment(asked, tmp_path / "a.study").close()
        assert stranger.ran()  # this process made it
        (tmp_path / "it was run").unlink()
        with Study.open(tmp_path / "a.study") as study:
            draft_state.offer_experiment(study.experiment, "The study 'a'")
    else:
        draft_state.offer_draft(from_experiment(asked), "The notebook")
    assert [code.identity for code in draft_state.offer.value.code] == [parse_reference(text).identity]
    assert not stranger.ran()
    draft_state.accept()
    assert untrusted(draft_state.draft.value) == ()


def test_functions_that_measure_and_stop_are_asked_about_too(stranger):
    path = stranger()
    draft = linked(
        DesignDraft(),
        outcomes=(("a", f" {path}:measure "), ("b", "stranger_of_many_names:measure"), ("", "happy")),
        stop_when=f"{path}:points",
    )
    assert [code.name for code in untrusted(draft)] == ["measure", "measure", "points"]
    agree(parse_reference("./stranger.py:measure"))  # the same in another spelling
    assert [code.name for code in untrusted(draft)] == ["measure", "points"]


def test_the_process_of_a_local_app_loads_what_was_agreed_to_and_no_more(stranger, tmp_path):
    grant(Access(studies=tmp_path))
    path = stranger()
    for load in (load_model, try_model):
        with pytest.raises(NotAllowedError, match="have not agreed"):
            load(f"{path}:Stranger")
    assert not stranger.ran()
    agree(parse_reference(f"{path}:Stranger"))
    with pytest.raises(ModelError, match="No model 'Stranger'"):
        load_model(f"{path}:Stranger")
    assert stranger.ran()
    assert load_model(SCHELLING)


def test_a_file_that_was_agreed_to_as_a_whole_covers_its_models(stranger, tmp_path):
    grant(Access(studies=tmp_path))
    agree(parse_reference("stranger.py"))
    assert access.is_allowed(parse_reference(f"{stranger()}:Any"))
    assert not access.is_allowed(parse_reference("other.py:Any"))


def test_to_start_a_study_agrees_to_its_code(stranger, tmp_path):
    path = stranger()
    asked = ml.Experiment(SCHELLING, {"density": [0.5]}, outcomes={"one": f"{path}:measure"}, max_steps=1)
    grant(Access(studies=tmp_path))
    access.check(asked)
    assert access.is_allowed(parse_reference(f"{path}:measure", "function"))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_app_for_others_refuses_outright(stranger, show, tmp_path, monkeypatch, spelling):
    monkeypatch.setattr("solara.get_session_id", lambda: "anna")
    grant(Access(local=False, studies=tmp_path, models=(SCHELLING, "listed.py:Model")))
    draft = linked(made_by(spelt(spelling, stranger())))
    draft_state.begin(f"design={to_query(draft)}")
    assert (draft_state.draft.value, draft_state.offer.value) == (Draft(), None)
    assert "is not offered here" in draft_state.notice.value
    agree(untrusted(draft)[0])
    assert untrusted(draft)
    view = page(show, draft)
    view.until("is not offered here")
    assert "Run it" not in view.text
    experiment = ml.Experiment(
        SCHELLING, {"density": [0.5]}, ml.FunctionDesign(str(tmp_path / "stranger.py:points"))
    )
    with pytest.raises(NotAllowedError, match="is not offered here"):
        experiment.design_matrix()
    with pytest.raises(ModelError, match="is not offered here"):
        visitor_workspace().make("a", experiment)
    assert not stranger.ran()


@pytest.mark.parametrize(
    "reference",
    [
        "./listed.py:Model",
        "{folder}/listed.py:Model",
        "listed.py",
        "listed:Model",
        "mesa.examples:WolfSheep",
        "mesa.examples",
        "mesa.examples.schelling.model:Schelling",
        "{folder}/none.py:Model",
    ],
)
def test_others_get_the_listed_models_letter_by_letter(tmp_path, monkeypatch, reference):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "listed.py").write_text("raise SystemExit('it was imported')")
    grant(Access(local=False, studies=tmp_path, models=(SCHELLING, "listed.py:Model")))
    with pytest.raises(NotAllowedError, match="is not offered here") as refused:
        load_model(reference.format(folder=tmp_path))
    assert "No file" not in str(refused.value)
    with pytest.raises(ModelError, match="it was imported"):
        load_model("listed.py:Model")
    assert not access.is_allowed(parse_reference(SCHELLING, "function"))


@pytest.mark.parametrize("local", [True, False])
def test_the_process_of_an_app_reads_no_table_by_its_path(tmp_path, local):
    path = tmp_path / "points.csv"
    path.write_text("density\n0.5\n")
    grant(Access(local=local, studies=tmp_path, models=(SCHELLING,)))
    toml = f"model = '{SCHELLING}'\n[design]\ntype = 'Table'\npath = '{path}'"
    with pytest.raises(NotAllowedError, match="is not read here"):
        ml.Experiment.from_toml(toml)


def test_others_extend_no_study_whose_code_is_not_offered(tmp_path, stranger, monkeypatch):
    path = stranger()
    monkeypatch.setattr("solara.get_session_id", lambda: "anna")
    grant(Access(local=False, studies=tmp_path, models=(SCHELLING,)))
    mine = visitor_workspace()
    grant(None)
    ref = Workspace(mine.folder).make(
        "a",
        ml.Experiment(SCHELLING, {"density": [0.5, 0.6]}, ml.FunctionDesign(f"{path}:points"), max_steps=1),
    )
    (tmp_path / "it was run").unlink()
    grant(Access(local=False, studies=tmp_path, models=(SCHELLING,)))
    for change in (lambda: mine.extend(ref, replications=5), lambda: mine.start(ref)):
        with pytest.raises(ModelError, match="is not offered here"):
            change()
    assert not stranger.ran()
