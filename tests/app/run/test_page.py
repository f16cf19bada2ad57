"""The run page without a browser: what it says in each state of a study, and what its buttons do."""

import dataclasses
import json

import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.components.chart import specification
from mesa_lab.app.components.failures import FailuresPanel, read_failures
from mesa_lab.app.components.study_progress import ProgressPanel, headline, numbers, rate_text, sentence
from mesa_lab.app.run.live_charts import LiveCharts, draw_live
from mesa_lab.app.run.page import RunPage, StudyView
from mesa_lab.app.run.start_form import StartForm, there_already
from mesa_lab.errors import StudyError
from mesa_lab.running.collection.arrow_columns import encode_columns
from mesa_lab.study import Study, StudyStatus
from mesa_lab.study.records import Batch, FailureRecord, RunRecord, Task
from mesa_lab.workspace.study_state import Standing
from mesa_lab.workspace.test_run import Speed
from mesa_lab.workspace.workspace import Workspace

EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"


def experiment(**changes):
    words = {
        "parameters": {"density": [0.5, 0.6], "homophily": ml.Real(0.2, 0.8)},
        "replications": 3,
        "max_steps": 5,
    }
    words["design"] = ml.Sobol(4)
    return ml.Experiment("mesa.examples:Schelling", **(words | changes))


@pytest.fixture
def space(tmp_path):
    return Workspace(tmp_path)


def fill(path, count=None, failing=(), message="it broke", **outcomes):
    """Make up results."""
    outcomes = outcomes or {
        "happy": lambda run: run * 10,
        "share": lambda run: run / 100,
        "word": lambda run: "yes",
    }
    study = Study.open(path)
    tasks = [Task(*task) for task in study.tasks(study.pending()[:count])]
    failed = {task.run_id for task in tasks} & set(failing)
    batch = Batch(
        tuple(
            RunRecord(*task[:4], "failed" if task.run_id in failed else "done", 5, 5.0, 0.1, 0.5, "")
            for task in tasks
        ),
        tuple(outcomes),
        tuple(
            tuple(None if task.run_id in failed else value(task.run_id) for value in outcomes.values())
            for task in tasks
        ),
        encode_columns({"run_id": [], "step": [], "time": []}),
        {},
        tuple(
            FailureRecord(task.run_id, "stepping", "ValueError", message, f"Traceback\n{message}")
            for task in tasks
            if task.run_id in failed
        ),
    )
    with study.writing() as writer:
        writer.add(batch)


def stand(state="running", done=0, failed=0, n_runs=10, **more):
    status = StudyStatus(None, n_runs, 1, n_runs, done, failed, 0, state, **more)
    return Standing(status)


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("standing", "head", "said"),
    [
        (stand("new"), "Not started", "10 runs to do."),
        (stand("new", n_runs=1), "Not started", "1 run to do."),
        (stand("running"), "Running", "The worker processes are being started."),
        (stand("running", done=1), "Running", ""),
        (stand("finished", done=10), "Finished", "All 10 runs are done."),
        (
            dataclasses.replace(stand("finished", done=10), seconds=61),
            "Finished",
            "All 10 runs are done, in 1 min 1 s.",
        ),
        (stand("finished", done=1, n_runs=1), "Finished", "The one run is done."),
        (stand("finished", done=9, failed=1), "Finished", "All 10 runs have ended: 9 done, 1 failed."),
        (stand("stopped", done=9), "Stopped", "1 run to go; what is done is kept."),
        (
            stand("interrupted", done=2, message="The disk is full."),
            "Interrupted",
            "The disk is full. 8 runs to go; what is done is kept.",
        ),
        (dataclasses.replace(stand("new"), ahead=0), "Waiting", "Starts in a moment."),
        (dataclasses.replace(stand("new"), ahead=0, behind="'a'"), "Waiting", "Starts when 'a' has ended."),
        (dataclasses.replace(stand("new"), ahead=1), "Waiting", "1 study is before it in the queue."),
        (dataclasses.replace(stand("new"), ahead=2), "Waiting", "2 studies are before it in the queue."),
        (dataclasses.replace(stand("stopped"), starting=True), "Starting …", ""),
        (dataclasses.replace(stand("new"), problem="No such model."), "Could not start", "No such model."),
    ],
)
def test_each_state_has_its_words(standing, head, said):
    assert (headline(standing), sentence(standing)) == (head, said)


def test_figures_have_sensible_units():
    figures = dict(numbers(stand(done=1200, failed=3, n_runs=5000, rate=41.6, seconds_left=95.0)))
    assert figures == {
        "Done": "1,200 of 5,000",
        "Failed": "3",
        "Rate": "42 runs per second",
        "Time left": "about 2 minutes",
    }
    assert dict(numbers(stand()))["Time left"] == "–"
    assert dict(numbers(stand("finished", done=20, n_runs=20))) == {"Done": "20 of 20", "Failed": "0"}
    ended = dataclasses.replace(stand("finished", done=20, n_runs=20), seconds=10.0)
    assert numbers(ended)[2:] == [("Rate", "2 runs per second"), ("Took", "10 s")]
    assert rate_text(1.0) == "1 run per second"
    assert rate_text(0.5) == "30 runs per minute"


# ---------------------------------------------------------------- progress


@pytest.mark.parametrize(
    ("standing", "buttons"),
    [
        (stand("new"), {"Start"}),
        (stand("stopped", done=3), {"Continue"}),
        (stand("interrupted"), {"Start"}),
        (stand("running"), {"Pause", "Stop"}),
        (stand("paused"), {"Continue", "Stop"}),
        (stand("stopping"), set()),
        (stand("finished", done=10), set()),
        (dataclasses.replace(stand("new"), ahead=0), {"Leave the queue"}),
        (dataclasses.replace(stand("new"), starting=True), {"Stop"}),
        (dataclasses.replace(stand("new"), problem="no"), {"Try again"}),
    ],
)
def test_each_state_has_its_buttons(show, standing, buttons):
    nothing = {"start": lambda processes: None, "pause": lambda: None, "stop": lambda: None}
    view = show(ProgressPanel(standing, **nothing))
    said = {
        "".join(child.children[0] for child in button.children if child.tag == "span")
        for button in view.tags("button")
    }
    assert said == buttons
    assert not show(ProgressPanel(standing, own=False, **nothing)).tags("button")


def test_a_button_is_heard_at_once_and_its_mistake_shown(show):

    asked = []

    def pause():
        asked.append("pause")
        raise StudyError("'wolves' is not being run.")

    view = show(ProgressPanel(stand("running", done=1), start=asked.append, pause=pause, stop=lambda: None))
    view.press("Pause")
    view.until("'wolves' is not being run.")
    assert asked == ["pause"]
    view.button("Pause")


def test_what_is_to_be_known_about_the_results_is_said(show):
    said = f"{EVIL} keeps about 2 MiB of each run."
    view = show(ProgressPanel(stand(done=4, notices=(said,)), start=print, pause=print, stop=print))
    (notice,) = view.tags("p", "ml-notice")
    assert notice.children == [said]


def test_the_bar_can_be_read_aloud(show):
    view = show(ProgressPanel(stand(done=1200, failed=1, n_runs=2000), start=print, pause=print, stop=print))
    (bar,) = view.tags("div", "ml-bar")
    assert bar.attributes["role"] == "progressbar"
    assert bar.attributes["aria-valuetext"] == "1,201 of 2,000 runs, 1 failed"
    assert [span.attributes["style"] for span in bar.children] == ["width: 60.00%", "width: 0.05%"]


# ---------------------------------------------------------------- charts


def test_charts_show_aggregates_against_a_parameter(space):
    ref = space.make("a", experiment())
    fill(ref.path)
    live = draw_live(ref.path, "density")
    assert [chart.outcome for chart in live.charts] == ["happy", "share"]
    assert live.parameters == ("density", "homophily")
    drawn = specification(live.charts[0].chart)
    (rows,) = drawn["datasets"].values()
    assert len(rows) <= 4
    assert sum(row["n"] for row in rows) == 12
    (x,) = {layer["encoding"]["x"]["title"] for layer in drawn["layer"]}
    assert x == "density"
    assert drawn["width"] == "container"
    assert "title" not in drawn  # the page says it


def test_axes_stay_while_points_come_in(space):
    ref = space.make("a", experiment())
    fill(ref.path, 1)
    (first, _) = draw_live(ref.path, "homophily").charts
    fill(ref.path)
    (last, _) = draw_live(ref.path, "homophily").charts
    axes = [specification(live.chart)["layer"][0]["encoding"]["x"] for live in (first, last)]
    assert axes[0] == axes[1]
    assert axes[0]["scale"]["domain"]


def test_without_a_varied_parameter_they_show_how_values_lie(space):
    ref = space.make("a", experiment(parameters={"density": 0.8}, design=None, replications=50))
    fill(ref.path)
    (happy, _share) = draw_live(ref.path).charts
    (rows,) = specification(happy.chart)["datasets"].values()
    assert len(rows) == 50


def test_infinite_values_do_not_keep_others_from_being_drawn(space):
    ref = space.make("a", experiment())
    fill(ref.path, some=lambda run: float("inf") if run == 0 else float(run), all=lambda run: float("-inf"))
    (some,) = draw_live(ref.path, "homophily").charts
    assert some.outcome == "some"
    (rows,) = specification(some.chart)["datasets"].values()
    assert len(rows) == 4
    assert json.dumps(rows, allow_nan=False)
    assert len(some.table) == 4


def test_many_outcomes_are_named(space):
    ref = space.make("a", experiment())
    fill(ref.path, **{f"o{number}": float for number in range(6)})
    live = draw_live(ref.path)
    assert len(live.charts) == 4
    assert live.others == ("o4", "o5")


def test_the_panel_has_an_empty_a_failed_and_a_full_state(show, space):
    ref = space.make("a", experiment())
    view = show(LiveCharts(ref.path, 0))
    view.until("The first results will appear here.")
    fill(ref.path, 2, failing=[0, 1])
    view = show(LiveCharts(ref.path, 2))
    view.until("Waiting for the first run that comes to its end")
    fill(ref.path)
    view = show(LiveCharts(ref.path, 12, running=False))
    view.until("95 % confidence intervals")
    assert view.field("Against").v_model == "0"


def test_a_study_that_goes_away_is_said(show, space):
    ref = space.make("a", experiment())
    ref.path.unlink()
    show(LiveCharts(ref.path, 3)).until("There is no study")


# ---------------------------------------------------------------- failures


def test_failures_come_with_parameters_seed_and_traceback(show, space):
    ref = space.make("a", experiment())
    fill(ref.path, failing=range(7), message=EVIL)
    ((kind, latest),) = read_failures(ref.path)
    assert (kind.count, len(latest)) == (7, 5)
    case = latest[0]
    assert (case.run_id, set(case.parameters)) == (6, {"density", "homophily"})
    view = show(FailuresPanel(ref.path, 7, on_retry=lambda: None))
    view.until(EVIL)
    for text in (
        "7 failed runs",
        "ValueError while stepping",
        f"Traceback\n{EVIL}",
        str(case.seed),
        "The latest 5 of 7.",
    ):
        assert text in view.text
    assert len(view.tags("details")) == 5
    view.button("Run them again")


def test_without_failures_there_is_nothing_to_show(show, space):
    ref = space.make("a", experiment())
    fill(ref.path)
    view = show(FailuresPanel(ref.path, 0, on_retry=lambda: None))
    assert not view.text.strip()
    page = show(StudyView(space, ref))
    page.until("runs are done")
    assert "ailure" not in page.text


def test_one_is_one(show, space):
    ref = space.make("a", experiment())
    fill(ref.path, failing=[3])
    view = show(FailuresPanel(ref.path, 1, on_retry=lambda: None))
    view.until("ValueError while stepping")
    assert "1 failed run\n" in view.text
    view.button("Run it again")


# ---------------------------------------------------------------- starting


def test_the_form_says_what_will_be_run(show, space):
    view = show(StartForm(space, experiment(), print, speed=Speed(1.0, 0.2)))
    view.until("12 runs: 4 points × 3 replications, at most 5 steps each")
    assert "About" in view.text
    assert "density, homophily" in view.text
    assert view.field("Name of the study").placeholder == "schelling"
    view.button("Start 12 runs")


def test_earlier_studies_teach_how_long_it_takes(show, space):
    ref = space.make("earlier", experiment())
    fill(ref.path)
    view = show(StartForm(space, experiment(), print))
    view.until("second")
    assert "Not known yet" not in view.text


def test_a_name_that_is_taken_or_wrong_is_said_as_it_is_typed(show, space):
    space.make("wolves", experiment())
    view = show(StartForm(space, experiment(), print))
    view.until("Start 12 runs")
    view.field("Name of the study").v_model = "a/b"
    view.until("A name cannot hold /.")
    assert "disabled" in view.button("Start 12 runs").attributes
    view.field("Name of the study").v_model = "wolves"
    view.until("There is a study of this name, with 0 of 12 runs.")
    assert there_already(space, "sheep") == ""


def test_start_makes_and_queues_the_study(show, space, monkeypatch):
    queued, started = [], []
    monkeypatch.setattr(Workspace, "start", lambda self, ref, processes: queued.append((ref.name, processes)))
    view = show(StartForm(space, experiment(), started.append))
    view.until("Start 12 runs")
    view.field("Name of the study").v_model = "first try"
    view.press("Start 12 runs")
    view.until(lambda: started)
    assert (started, queued) == (["first try"], [("first try", -1)])
    assert Study.open(space.find("first try").path).experiment == experiment()


def test_another_experiment_under_a_taken_name_is_refused(show, space):
    ref = space.make("schelling", experiment(max_steps=2))
    fill(ref.path, 1)
    view = show(StartForm(space, experiment(), print))
    view.until("Start 12 runs")
    view.field("Name of the study").v_model = "schelling"
    view.press("Start 12 runs")
    view.until("max_steps: 2 → 5")
    assert "'schelling 2' is free" in view.text


# ---------------------------------------------------------------- the page


@solara.component
def Page(space, first, given=None):
    key = solara.use_reactive(first)
    RunPage(space, key.value, key.set, experiment=given)


def test_without_anything_it_says_where_to_begin(show, space):
    view = show(Page(space, ""))
    assert "Nothing to run yet" in view.text
    assert [link.attributes["href"] for link in view.tags("a")] == ["/design", "/studies"]


def test_an_unknown_study_is_said(show, space):
    view = show(Page(space, "../secret", experiment()))
    assert "is no name of a study" in view.text
    view.press("Dismiss")
    assert "is no name" not in view.text
    view.until("Start 12 runs")


def test_a_study_is_watched(show, space):
    ref = space.make("wolves", experiment())
    view = show(Page(space, "wolves"))
    view.until(": 4 points × 3 replications")
    assert "12 runs to do." in view.text
    fill(ref.path, failing=[1])
    view.until("All 12 runs have ended: 11 done, 1 failed, in less than 1 s.")
    view.until("ValueError while stepping")
    assert "/results?study=wolves" in [link.attributes["href"] for link in view.tags("a")]


def test_a_running_study_is_found_from_the_empty_page(show, space):
    ref = space.make("wolves", experiment())
    with Study.open(ref.path).writing():
        view = show(Page(space, ""))
        view.until("Running now")
        (link,) = view.tags("a", "ml-running-name")
        assert link.attributes["href"] == "/run?study=wolves"


def test_another_design_than_that_of_the_study_is_said(show, space):
    space.make("wolves", experiment())
    view = show(Page(space, "wolves", experiment(max_steps=9)))
    view.until("The design page holds another experiment than this study.")
    assert "It differs in: steps." in view.text
    view.press("Run as a new study")
    view.until("at most 9 steps each")


def test_a_larger_design_extends_the_study(show, space, monkeypatch):
    ref = space.make("wolves", experiment())
    started = []
    monkeypatch.setattr(Workspace, "start", lambda self, ref: started.append(ref.name))
    view = show(Page(space, "wolves", experiment(replications=5)))
    view.until("It differs in: replications.")
    view.until("Extend this study")
    view.press("Extend this study")
    view.until(lambda: started == ["wolves"])
    assert Study.open(ref.path).status().n_runs == 20
    view.until(lambda: "another experiment" not in view.text)


def test_a_shared_study_is_looked_at_and_copied(show, tmp_path):
    anna, ben = (Workspace(tmp_path / "visitors" / name, tmp_path, local=False) for name in ("a", "b"))
    key = anna.share(anna.make("wolves", experiment()))
    view = show(Page(ben, key))
    view.until("12 runs to do.")
    assert "Start" not in view.text
    view.press("Copy to my studies")
    view.until("Only this browser can see this study.")
    assert ben.find("wolves").own


def test_the_same_design_is_not_called_another(show, space):
    space.make("wolves", experiment())
    told = []
    view = show(
        RunPage(space, "wolves", print, experiment=experiment(), on_state=lambda *words: told.append(words))
    )
    view.until(lambda: told == [("new", False)])
    assert "another experiment" not in view.text


def test_the_wanted_button_stands_out(show, space):
    space.make("wolves", experiment())
    view = show(Page(space, "wolves", experiment(max_steps=9)))
    view.until("Run as a new study")
    assert "ml-button-primary" in view.button("Run as a new study").class_


def test_names_of_two_visitors_differ_by_themselves(tmp_path):
    anna, ben = (Workspace(tmp_path / "visitors" / name, tmp_path, local=False) for name in ("a", "b"))
    assert anna.mark != ben.mark
    assert len(anna.mark) == 5
    assert Workspace(tmp_path).mark == ""


@pytest.mark.parametrize("replaced", [True, False])
def test_a_study_whose_file_is_lost_while_it_runs_says_where_its_results_are(space, show, replaced):
    ref, other = space.make("one", experiment()), space.make("other", experiment(replications=2))
    fill(other.path)
    study = Study.open(ref.path)

    view = show(StudyView(space, ref))

    def lose():
        with study.writing():
            view.until("The worker processes are being started.")
            if replaced:
                other.path.replace(ref.path)
            else:
                ref.path.unlink()
            view.until(ref.path.with_name("one-saved.study").exists)

    with pytest.raises(StudyError, match="one-saved.study"):
        lose()
    study.close()
    if replaced:
        view.until("All 8 runs are done")
    else:
        view.until("There is no study")
    what = ("was replaced by another file", "was deleted", "was cut off from its log")
    view.until(lambda: any(said in view.text for said in what))
    assert "the results of 0 of its 12 runs are saved in" in view.text
    assert Study.open(space.find("one-saved").path).status().n_runs == 12


def test_a_study_that_waits_and_is_deleted_elsewhere_is_said_to_be_gone(show, space, monkeypatch):
    ref = space.make("one", experiment())
    monkeypatch.setattr("mesa_lab.workspace.queue.Queue.holder", lambda queue: (space.folder / "other", None))
    space.start(ref)
    told = []
    view = show(
        RunPage(
            space,
            "one",
            told.append,
            experiment=experiment(replications=9),
            on_state=lambda *now: told.append(now),
        )
    )
    view.until("Waiting")
    space.delete(ref)
    view.until("The study 'one' was deleted.")
    assert not any(said in view.text for said in ("Waiting", "Extend", "Start"))
    assert told[-1] == ("", False)
    assert space.studies() == []
    assert space.queue.registry.tickets() == []
