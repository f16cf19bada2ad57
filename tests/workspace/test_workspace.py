"""Studies by name: found, owned, shared, grown, queued and deleted."""

import shutil
import threading
import time
from contextlib import ExitStack

import pytest

import mesa_lab as ml
from mesa_lab.app.state.visitor import visitor_workspace
from mesa_lab.errors import MesaLabError, ModelError, StudyBusyError, StudyError, StudyMismatchError
from mesa_lab.preparation.designs.function import FunctionDesign
from mesa_lab.study import Study
from mesa_lab.workspace import access as who
from mesa_lab.workspace import queue
from mesa_lab.workspace.access import Access, grant
from mesa_lab.workspace.registry import Registry, Ticket
from mesa_lab.workspace.study_names import clean_name, first_name, numbered
from mesa_lab.workspace.study_state import entries, standing_of
from mesa_lab.workspace.workspace import Workspace

MODEL = "mesa.examples:Schelling"


def experiment(**changes):
    words = {
        "parameters": {"density": ml.Real(0.5, 0.9)},
        "design": ml.Sobol(4),
        "replications": 2,
        "max_steps": 1,
    }
    return ml.Experiment(MODEL, **(words | changes))


@pytest.fixture(autouse=True)
def nothing_granted():
    yield
    grant(None)


@pytest.fixture
def mine(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def visitors(tmp_path, monkeypatch):
    """A function that gives the workspace of a browser, on a server that was started for others."""
    grant(Access(local=False, studies=tmp_path, models=(MODEL,)))

    def visit(session):
        monkeypatch.setattr("solara.get_session_id", lambda: session)
        return visitor_workspace()

    return visit


@pytest.fixture
def driven():
    """A function that drives a study from this process until the test ends."""
    with ExitStack() as stack:

        def drive(ref, state="running"):
            study = Study.open(ref.path)
            writer = stack.enter_context(study.writing())
            if state == "paused":
                study.ask("pause")
                until(lambda: study.driver().state == "paused")
            return writer

        yield drive


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["wolves", "Füchse 2", "a-b_c (1), d=2", "x" * 80])
def test_good_names_stay(name):
    assert clean_name(f" {name} ") == name
    assert clean_name(f"{name}.study") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        ".study",
        "a/b",
        "..",
        "../up",
        "a\\b",
        "c:x",
        "con",
        "NUL.txt",
        "-rf",
        ".hidden",
        "end.",
        "x" * 81,
        "ü" * 130,
        "<img onerror=1>",
        "{{ 1 }}",
        "a\nb",
        "a\0b",
        "@token",
        "what?",
    ],
)
def test_odd_names_are_refused(name):
    with pytest.raises(StudyError):
        clean_name(name)


def test_free_names_are_numbered():
    assert numbered("wolves", set()) == "wolves"
    assert numbered("Wolves", {"wolves", "wolves 2"}) == "Wolves 3"
    assert numbered("wolves 2", {"wolves 2"}) == "wolves 3"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "..",
        "../other",
        "sub/wolves",
        "/etc/passwd",
        "a\0b",
        "a:b",
        "x" * 300,
        ".mesa-lab",
        "@abc",
        "\ud800",
    ],
)
def test_an_address_leads_nowhere_else(mine, key):
    mine.make("wolves", experiment())
    (mine.folder.parent / "other.study").touch()
    with pytest.raises(StudyError):
        mine.find(key)


def test_a_study_is_found_by_its_name(mine):
    ref = mine.make("wolves", experiment())
    assert mine.find("wolves") == ref
    assert [each.name for each in mine.studies()] == ["wolves"]
    with pytest.raises(StudyError, match="no study 'sheep'"):
        mine.find("sheep")


# ---------------------------------------------------------------- making and changing


def test_the_same_name_goes_on_extends_or_says_what_differs(mine):
    ref = mine.make("wolves", experiment())
    mine.make("wolves", experiment(replications=5))
    assert Study.open(ref.path).status().replications == 5
    with Study.open(ref.path).writing() as writer:
        writer.add(_batch(ref, 1))
    with pytest.raises(StudyMismatchError, match=r"max_steps: 1 → 9(.|\n)*'wolves 2' is free"):
        mine.make("wolves", experiment(max_steps=9))


def _batch(ref, count):
    from mesa_lab.study.records import Batch, RunRecord, Task

    study = Study.open(ref.path)
    tasks = [Task(*task) for task in study.tasks(study.pending()[:count])]
    runs = tuple(RunRecord(*task[:4], "done", 1, 1.0, 0.5, 1.5, "") for task in tasks)
    return Batch(runs, ("happy",), tuple((task.run_id,) for task in tasks), None, {}, ())


def test_duplicate_rename_delete(mine):
    ref = mine.make("wolves", experiment())
    with Study.open(ref.path).writing() as writer:
        writer.add(_batch(ref, 3))
    copy = mine.duplicate(ref, "sheep")
    assert Study.open(copy.path).status().done == 3
    with pytest.raises(StudyError, match="'Sheep' already"):
        mine.duplicate(ref, "Sheep")
    renamed = mine.rename(copy, "grass")
    assert not copy.path.exists()
    assert Study.open(renamed.path).status().done == 3
    mine.delete(renamed)
    assert [each.name for each in mine.studies()] == ["wolves"]


def test_what_runs_is_not_changed(mine, driven):
    ref = mine.make("wolves", experiment())
    driven(ref)
    for change in (mine.delete, lambda ref: mine.rename(ref, "x"), lambda ref: mine.extend(ref, 5)):
        with pytest.raises(StudyBusyError, match="Stop it first"):
            change(ref)
    assert ref.path.exists()


def test_a_study_grows(mine):
    ref = mine.make("wolves", experiment())
    mine.extend(ref, replications=3, size=8)
    assert Study.open(ref.path).status().n_runs == 24
    with pytest.raises(StudyError, match="3 replications already"):
        mine.extend(ref, replications=2)
    with pytest.raises(StudyError, match="8 points already"):
        mine.extend(ref, size=4)


@pytest.mark.parametrize(
    ("changes", "growth", "said"),
    [
        ({"design": ml.LatinHypercube(4)}, {"size": 8}, "other points altogether"),
        ({"design": None, "parameters": {"density": [0.5, 0.6]}}, {"size": 8}, "levels or a table"),
        ({"seeds": [1, 2], "replications": 1}, {"replications": 3}, "lists its seeds"),
    ],
)
def test_what_cannot_grow_says_why(mine, changes, growth, said):
    ref = mine.make("wolves", experiment(**changes))
    with pytest.raises(StudyError, match=said):
        mine.extend(ref, **growth)


def test_a_damaged_study_is_listed_and_can_be_deleted(mine):
    ref = mine.make("wolves", experiment())
    ref.path.write_bytes(b"nonsense" * 100)
    (entry,) = entries(mine)
    assert "no study file" in entry.problem
    assert entry.standing is None
    mine.delete(ref)
    assert mine.studies() == []


# ---------------------------------------------------------------- whose they are


def test_visitors_do_not_see_each_other(visitors):
    anna = visitors("anna")
    ref = anna.make("wolves", experiment())
    ben = visitors("ben")
    assert ben.folder != anna.folder
    assert ben.studies() == []
    for key in ("wolves", anna.folder.name, f"../{anna.folder.name}/wolves", str(ref.path), "@", "@wolves"):
        with pytest.raises(StudyError):
            ben.find(key)
    assert "anna" not in str(anna.folder)
    assert visitors("anna").find("wolves") == ref


def test_a_link_shows_a_study_and_lets_nobody_change_it(visitors):
    anna = visitors("anna")
    ref = anna.make("wolves", experiment())
    key = anna.share(ref)
    assert anna.share(ref) == key == anna.shared_key(ref)
    assert len(key) > 20
    assert anna.find(key).own
    ben = visitors("ben")
    seen = ben.find(key)
    assert (seen.name, seen.own, seen.path) == ("wolves", False, ref.path)
    for change in (
        lambda: ben.start(seen),
        lambda: ben.pause(seen),
        lambda: ben.stop(seen),
        lambda: ben.delete(seen),
        lambda: ben.rename(seen, "x"),
        lambda: ben.extend(seen, 9),
        lambda: ben.share(seen),
    ):
        with pytest.raises(StudyError, match="shared with you"):
            change()
    assert ben.find(ben.duplicate(seen, "mine").key).own
    renamed = visitors("anna").rename(ref, "foxes")
    assert ben.find(key).name == "foxes"
    anna.unshare(renamed)
    with pytest.raises(StudyError, match="no longer shared"):
        ben.find(key)


def test_a_deleted_study_is_no_longer_shared(visitors):
    anna = visitors("anna")
    ref = anna.make("wolves", experiment())
    key = anna.share(ref)
    anna.delete(ref)
    anna.make("wolves", experiment())
    with pytest.raises(StudyError, match="no longer shared"):
        visitors("ben").find(key)


def test_without_a_session_nobody_is_served(visitors):
    with pytest.raises(ModelError, match="no session"):
        visitors(None)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": "mesa.examples:WolfSheep"}, "mesa.examples:WolfSheep"),
        ({"model": "evil.py:Model"}, "evil.py:Model"),
        ({"outcomes": ["happy", "os:getcwd"]}, "os:getcwd"),
        ({"stop_when": "os:getcwd"}, "os:getcwd"),
        ({"design": ml.Union([ml.Sobol(2), FunctionDesign("os:getcwd")])}, "os:getcwd"),
    ],
)
def test_others_run_listed_models_only(visitors, changes, named):
    given = experiment()
    model = changes.pop("model", MODEL)
    asked = ml.Experiment(
        model, **({"parameters": given.parameters, "design": given.design, "max_steps": 1} | changes)
    )
    assert named in who.code_of(asked)
    with pytest.raises(ModelError, match=f"'{named}' is not offered here"):
        visitors("anna").make("wolves", asked)
    grant(None)  # where the app is one person's, that person decides
    who.check(asked)


def test_a_model_that_is_no_longer_listed_is_not_started(visitors, tmp_path):
    anna = visitors("anna")
    ref = anna.make("wolves", experiment())
    grant(Access(local=False, studies=tmp_path, models=("mesa.examples:WolfSheep",)))
    with pytest.raises(ModelError, match="not offered here"):
        anna.start(ref)


# ---------------------------------------------------------------- the queue


@pytest.fixture
def starts(monkeypatch):
    """Instead of starting processes: the names of the studies that were started, and a way to end each."""
    started, ends = [], {}
    begun = threading.Event()

    def start(path, processes=-1, *, retry_failed=False):
        lasts, has = threading.Event(), threading.Event()
        ends[path.stem] = lasts

        def hold():
            with Study.open(path).writing():
                has.set()
                lasts.wait(60)

        threading.Thread(target=hold, daemon=True).start()
        assert has.wait(60)
        started.append(
            (
                path.stem,
                processes,
                retry_failed,
                threading.current_thread().__dict__.get("current_context", 0),
            )
        )
        begun.set()

    monkeypatch.setattr(queue, "start", start)
    start.started, start.end = started, lambda name: ends[name].set()
    yield start
    for lasts in ends.values():
        lasts.set()


def standing(mine, ref):
    with Study.open(ref.path) as study:
        return standing_of(mine, ref, study)


def test_studies_run_one_after_the_other(mine, starts):
    refs = [mine.make(name, experiment()) for name in ("a", "b", "c")]
    for ref in refs:
        mine.start(ref, 2, retry_failed=ref.name == "b")
    until(lambda: len(starts.started) == 1)
    until(lambda: standing(mine, refs[0]).state == "running")
    assert [standing(mine, ref).state for ref in refs] == ["running", "waiting", "waiting"]
    assert [standing(mine, ref).ahead for ref in refs] == [None, 0, 1]
    assert standing(mine, refs[1]).behind == "'a'"
    mine.stop(refs[2])
    assert standing(mine, refs[2]).state == "new"
    starts.end("a")
    until(lambda: len(starts.started) == 2)
    assert starts.started == [("a", 2, False, None), ("b", 2, True, None)]


def test_what_waits_is_found_after_a_restart(tmp_path, starts, driven, monkeypatch):
    before = Workspace(tmp_path)
    running, next_one = before.make("a", experiment()), before.make("b", experiment())
    Registry(tmp_path).enqueue(Ticket("b.study", 1))
    with Study.open(running.path).writing():
        monkeypatch.setattr(queue, "_queues", {})
        after = Workspace(tmp_path)
        assert standing(after, next_one).state == "waiting"
    until(lambda: starts.started == [("b", 1, False, None)])
    until(lambda: after.queue.registry.tickets() == [])


def test_nothing_starts_by_itself_in_a_copied_folder(tmp_path, starts, driven):
    sent = tmp_path / "sent"
    before = Workspace(sent)
    before.make("a", experiment()), before.make("b", experiment())
    for name in ("a.study", "b.study", "../elsewhere.study"):
        Registry(sent).enqueue(Ticket(name, 1))
    assert len(Registry(sent).waiting()) == 3
    shutil.copytree(sent, tmp_path / "got")
    got = Workspace(tmp_path / "got")
    assert got.queue.registry.waiting() == []
    assert "Start it again" in standing(got, got.find("a")).problem
    assert starts.started == []
    got.start(got.find("b"))
    until(lambda: [name for name, *_ in starts.started] == ["b"])
    until(lambda: got.queue.registry.tickets() == [])


def test_why_a_study_could_not_start_is_kept(mine, monkeypatch):
    def refuse(path, processes=-1, *, retry_failed=False):
        raise ModelError("There is no such model.")

    monkeypatch.setattr(queue, "start", refuse)
    ref = mine.make("a", experiment())
    mine.start(ref)
    until(lambda: standing(mine, ref).problem == "There is no such model.")
    assert standing(mine, ref).state == "new"
    monkeypatch.setattr(queue, "start", lambda *words, **more: None)
    mine.start(ref)
    until(lambda: mine.queue.registry.tickets() == [])
    assert standing(mine, ref).problem == ""


def test_what_kept_it_from_starting_is_over_once_it_runs(mine, driven):
    ref = mine.make("a", experiment())
    notes = Registry(mine.root)
    notes.enqueue(Ticket("a.study"))
    notes.note_problem("a.study", "There is no such model.")
    driven(ref)
    assert (standing(mine, ref).state, standing(mine, ref).problem) == ("running", "")
    assert mine.queue.registry.tickets() == []


def test_stopping_while_it_starts_stops_it(mine, monkeypatch):
    going, stopped = threading.Event(), []

    def slow(path, processes=-1, *, retry_failed=False):
        assert going.wait(60)

    monkeypatch.setattr(queue, "start", slow)
    monkeypatch.setattr("mesa_lab.running.background.stop", lambda path: stopped.append(path))
    ref = mine.make("a", experiment())
    mine.start(ref)
    until(lambda: standing(mine, ref).state == "starting")
    mine.stop(ref)
    stopped.clear()
    going.set()
    until(lambda: stopped == [ref.path])


@pytest.mark.parametrize("local", [True, False])
def test_a_paused_study_keeps_the_cores_of_its_owner_only(tmp_path, starts, driven, local):
    space = Workspace(tmp_path, local=local)
    first, second = space.make("a", experiment()), space.make("b", experiment())
    driven(first, "paused")
    assert (space.queue.holder() is not None) is local
    space.start(second)
    if local:
        space.start(first)  # a paused one goes on by itself, whoever waits
        until(lambda: Study.open(first.path).driver().state == "running")
        assert standing(space, second).state == "waiting"
        space.stop(second)
    else:
        until(lambda: [name for name, *_ in starts.started] == ["b"])
        space.start(first)
        assert standing(space, first).state == "waiting"
        space.queue.leave("a.study")


def test_a_deleted_study_waits_no_longer(mine, driven):
    driven(mine.make("a", experiment()))
    ref = mine.make("b", experiment())
    mine.start(ref)
    until(lambda: standing(mine, ref).state == "waiting")
    mine.delete(ref)
    assert mine.queue.registry.tickets() == []


def test_a_study_is_run_for_real(mine):
    ref = mine.make("a", experiment())
    mine.start(ref, 1)
    until(lambda: standing(mine, ref).state == "finished")
    assert standing(mine, ref).status.done == 8
    assert mine.queue.registry.tickets() == []


def test_a_model_of_this_process_alone_runs_from_here(mine):
    ref = mine.make("a", experiment())
    queue.start_in_thread(ref.path, 1)
    until(lambda: standing(mine, ref).state == "finished")


def test_a_study_that_cannot_run_says_so(mine):
    ref = mine.make("a", ml.Experiment("nowhere.py:Model", {"x": [1, 2]}, max_steps=1))
    mine.start(ref)
    until(lambda: "nowhere.py" in standing(mine, ref).problem)


# ---------------------------------------------------------------- the list


def test_the_list_opens_only_what_changed(mine, monkeypatch):
    ref = mine.make("a", experiment())
    mine.make("b", experiment(replications=3))
    first = {entry.ref.name: entry for entry in entries(mine)}
    assert first["b"].standing.status.n_runs == 12
    assert (first["a"].facts.model_name, first["a"].facts.varied, first["a"].facts.size) == (
        "Schelling",
        ("density",),
        4,
    )
    opened = []
    real = Study.open.__func__

    def note(cls, path):
        opened.append(path.stem)
        return real(cls, path)

    monkeypatch.setattr(Study, "open", classmethod(note))
    assert {entry.ref.name: entry for entry in entries(mine)} == first
    assert opened == []
    with Study.open(ref.path).writing() as writer:
        writer.add(_batch(ref, 2))
    opened.clear()
    again = {entry.ref.name: entry for entry in entries(mine)}
    assert again["a"].standing.status.done == 2
    assert set(opened) == {"a"}


def test_a_missing_folder_has_no_studies(tmp_path):
    assert entries(Workspace(tmp_path / "none")) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    registry = Registry(tmp_path / "no folder")
    with pytest.raises(MesaLabError, match="could not be used"):
        registry.enqueue(Ticket("a.study"))
    assert registry.tickets() == []


def test_the_first_name_of_a_study_of_a_long_class_can_be_given():
    name = first_name("models.py:" + "AVeryLongNameOfAModelClass" * 5)
    assert clean_name(f"{name}_explore 17") == f"{name}_explore 17"
    assert not name.endswith("_")


def test_what_became_of_a_study_is_said(mine):
    for name in ("wolves", "sheep"):
        mine.make(name, experiment())
    old = mine.find("wolves")
    renamed = mine.rename(mine.rename(old, "foxes"), "hares")
    with pytest.raises(StudyError, match="'wolves' was renamed: it is called 'hares' now"):
        mine.find("wolves")
    assert mine.now_called(old) == renamed
    mine.delete(renamed)
    for name in ("wolves", "foxes"):
        with pytest.raises(StudyError, match="may have been renamed or deleted"):
            mine.find(name)
    with pytest.raises(StudyError, match="'hares' was deleted"):
        mine.find("hares")
    with pytest.raises(StudyError, match="'hares' was deleted"):
        mine.delete(renamed)
    again = mine.rename(mine.find("sheep"), "wolves")
    assert mine.find("wolves") == again
    mine.rename(mine.rename(again, "foxes"), "wolves")  # there and back
    assert mine.find("wolves").name == "wolves"
    with pytest.raises(StudyError, match="'foxes' was renamed: it is called 'wolves' now"):
        mine.find("foxes")


def test_a_study_that_is_gone_is_not_made_again(mine):
    ref = mine.make("wolves", experiment())
    mine.grow(ref, experiment(replications=5))
    assert Study.open(ref.path).status().n_runs == 20
    mine.delete(ref)
    doings = (
        lambda: mine.grow(ref, experiment(replications=9)),
        lambda: mine.start(ref),
        lambda: mine.pause(ref),
        lambda: mine.stop(ref),
        lambda: mine.extend(ref, 9),
        lambda: mine.rename(ref, "x"),
    )
    for do in doings:
        with pytest.raises(StudyError, match="'wolves' was deleted"):
            do()
    assert mine.studies() == []


def test_what_became_of_a_study_of_others_is_told_to_its_owner_alone(visitors):
    anna, ben = visitors("anna"), visitors("ben")
    ref = anna.make("wolves", experiment())
    seen = ben.find(anna.share(ref))
    anna.rename(ref, "foxes")
    with pytest.raises(StudyError, match="may have been renamed or deleted"):
        ben.find("wolves")
    assert ben.now_called(seen).name == "foxes"
    anna.delete(anna.find("foxes"))
    assert ben.now_called(seen) is None
