"""The design page without a browser: rows, forms, preview, actions, and mistakes beside their fields."""

import base64
import dataclasses
import json

import ipyvuetify
import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.components.points_table import MatrixTable
from mesa_lab.app.design.actions import read_file
from mesa_lab.app.design.design_form import DesignForm, offered_designs, picked
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.design.parameters import ParameterRow, kinds_for
from mesa_lab.app.design.points_chart import ends_of, points_chart
from mesa_lab.app.design.preview import PreviewPanel
from mesa_lab.app.design.run_settings import _constraint, outcome_text, read_outcome
from mesa_lab.app.design.union_form import fixed_text, read_fixed
from mesa_lab.app.hooks.use_model import describe_model
from mesa_lab.drafts.distribution_names import DISTRIBUTIONS, arguments_of
from mesa_lab.drafts.draft import DesignDraft, Draft, Row, for_model
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.preview import look
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import about, listing
from mesa_lab.workspace import access
from mesa_lab.workspace.access import Access
from mesa_lab.workspace.test_run import Speed, Trial

SCHELLING = "mesa.examples:Schelling"
EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"


@pytest.fixture(autouse=True)
def fresh_access():
    yield
    access.grant(None)


def first(model=SCHELLING):
    return for_model(describe_model(model).description)


@pytest.fixture
def page(show):
    """The page with a draft, the draft as it changes, and what else the page tells."""

    def open_page(draft=None, **words):
        kept = solara.reactive(draft or first())
        told = {"loaded": [], "trials": []}

        @solara.component
        def Page():
            DesignPage(
                kept.value,
                kept.set,
                on_trial=told["trials"].append,
                on_load=lambda experiment, name: told["loaded"].append((experiment, name)),
                **words,
            )

        view = show(Page())
        if draft is None or draft.model:
            view.until("Parameters")
        return view, kept, told

    return open_page


def spoken(view, name):
    """The field that is read aloud as this."""

    def found():
        kinds = (ipyvuetify.TextField, ipyvuetify.Select, ipyvuetify.Checkbox)
        return [field for field in view.widgets(kinds) if (field.attributes or {}).get("aria-label") == name]

    view.until(found)
    return found()[0]


def barred(view):
    """Whether the way to the runs is closed."""
    said = [button for button in view.tags("button", "ml-button-primary") if "disabled" in button.attributes]
    return bool(said) and not view.tags("a", "ml-primary")


def choose(select, title):
    """Choose an item of a list as a person does."""
    select.v_model = next(item["value"] for item in select.items if item["title"] == title)


def upload(view, label, name, data):
    """Hand a file to a button."""
    widget = next(widget for widget in view.widgets(object) if getattr(widget, "label", None) == label)
    text = base64.b64encode(data).decode()
    widget.vue_picked({"name": name, "size": len(data), "data": text})


def saved(view, label):
    """The text that a button would save or copy."""
    return next(widget.text for widget in view.widgets(object) if getattr(widget, "label", None) == label)


# ---------------------------------------------------------------- the page


def test_without_a_model_the_page_leads_to_the_models(page):
    view, _, _ = page(Draft())
    assert "no model to design for yet" in view.text
    assert [link.attributes["href"] for link in view.tags("a")] == ["/"]


def test_a_first_design_shows_what_it_would_run(page):
    view, _, _ = page()
    view.until("200 runs")
    assert "20 points × 10 replications" in view.text
    assert "How long it takes is not known yet." in view.text
    assert [link.attributes["href"] for link in view.tags("a")] == ["#ml-go", "/run"]


def test_the_preview_follows_what_is_typed(page):
    view, kept, _ = page()
    view.field("Replications").v_model = "3"
    view.field("Size").v_model = "8"
    view.until("24 runs")
    assert kept.value.replications == "3"
    spoken(view, "density: From").v_model = "0.5"
    assert kept.value.row("density").low == "0.5"
    choose(spoken(view, "How radius varies"), "Levels")
    spoken(view, "radius: Values, separated by commas").v_model = "1, 2"
    view.until(lambda: parse(kept.value).experiment.space.parameters["radius"] == ml.Levels([1, 2]))


def test_a_mistake_stands_beside_its_field_and_bars_the_way(page):
    view, kept, _ = page()
    view.until("200 runs")
    spoken(view, "density: From").v_model = "half"
    view.until("'half' is not a number.")
    assert spoken(view, "density: From").error
    assert not spoken(view, "density: To").error
    view.until("See density.")
    view.until(lambda: barred(view))
    assert "200 runs" in view.text  # what was known stays
    view.field("Seed").v_model = "-1"
    view.until("See density and seed.")
    assert view.field("Seed").error_messages
    kept.value = first()
    view.until(lambda: [link.attributes["href"] for link in view.tags("a")] == ["#ml-go", "/run"])


def test_a_design_that_cannot_be_made_says_so_at_its_own_field(page):
    view, _, _ = page()
    choose(view.field("Design"), "Full factorial")
    view.until("90 runs")  # three levels of each are a start
    view.field("Levels").v_model = ""
    view.until(lambda: view.field("Levels").error_messages)
    assert "how many levels" in view.field("Levels").error_messages[0]
    view.until(lambda: barred(view))


def test_constraints_that_leave_nothing_say_so_at_the_constraints(page):
    view, _, _ = page()
    field = view.field("Constraints, one on each line")
    field.v_model = "density > 5"
    view.until(lambda: field.error_messages)
    assert "leave none of the 20 design points" in field.error_messages[0]
    field.v_model = "density > minority_pc"
    view.until("The constraints drop 8 of 20 points and leave 12.")
    assert not field.error_messages


def test_how_long_it_takes_is_measured_and_estimated(page):
    view, _, told = page()
    view.until("200 runs")
    view.press("Measure one run")
    view.until("Measuring one run …")
    view.until(lambda: told["trials"])
    assert told["trials"][0].speed is not None


def test_an_estimate_is_shown_when_the_model_was_tried(page):
    view, _, _ = page(trial=Trial("done", 100, 1.0, Speed(0.0, 0.01)))
    view.until(lambda: "About" in view.text and "core" in view.text)


def test_points_can_be_seen_as_table_and_in_numbers(page):
    view, _, _ = page()
    view.until("200 runs")
    view.until("Diagnostics")
    view.press("Table")
    view.until("1 to 12 of 20")
    view.press("Next rows")
    view.until("13 to 20 of 20")
    assert "disabled" in view.button("Next rows").attributes
    view.press("Diagnostics")
    view.until("Centred discrepancy")


def test_an_app_for_others_refuses_functions_as_they_are_typed(page, tmp_path):
    access.grant(Access(local=False, studies=tmp_path, models=(SCHELLING,)))
    view, _, _ = page(dataclasses.replace(first(), stop_when="os:getcwd"))
    view.until("'os:getcwd' is not offered here.")
    assert "Function design" not in json.dumps(view.field("Design").items)


# ---------------------------------------------------------------- files, scripts


def test_an_experiment_file_is_loaded_and_saved(page):
    view, kept, told = page()
    experiment = ml.Experiment(SCHELLING, {"density": [0.5, 0.6]}, replications=2, max_steps=5)
    upload(view, "Load", "mine.toml", experiment.to_toml().encode())
    assert told["loaded"][0][0] == experiment
    assert told["loaded"][0][1] == "'mine.toml'"
    toml = saved(view, "Save")
    assert ml.Experiment.from_toml(toml) == parse(kept.value).experiment
    assert "ml.Experiment(" in saved(view, "Copy as Python")
    view.field("Seed").v_model = "x"
    assert saved(view, "Save") == ""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe", "no text file"),
        (b"model = ", "no valid TOML"),
        (b"modell = 'x'", "Did you mean 'model'"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        (b"model = 'a:B'\n[design]\ntype = 'Table'\npath = '/etc/passwd'", "upload that file"),
        (b"model = 'a:B'\n[design]\ntype = 'Table'\ndata = '/etc/passwd'", "upload that file"),
        (
            b"model='a:B'\n[design]\ntype='Union'\n[[design.designs]]\ntype='Part'\ndesign={type='Table',path='/etc/passwd'}",
            "upload that file",
        ),
    ],
)
def test_a_file_that_is_no_experiment_is_explained(page, data, said):
    view, _, told = page()
    upload(view, "Load", EVIL, data)
    view.until(said)
    assert told["loaded"] == []


def test_a_file_is_read_as_data_and_runs_nothing():
    text = b'model = "never.py:Never"\nstop_when = "os:abort"\n[design]\ntype = "FunctionDesign"\nfunction = "os:abort"'
    assert read_file("x.toml", text).model == "never.py:Never"
    with pytest.raises(ExperimentError):
        read_file("x.toml", None)


# ---------------------------------------------------------------- tables of points


def test_points_are_pasted_and_uploaded(page):
    view, kept, _ = page()
    choose(view.field("Design"), "Table")
    view.until("There are no points yet")
    field = view.field("Points, one row each")
    field.v_model = "density;homophly\n0,5;0,3"
    view.until("Did you mean 'homophily'")
    field.v_model = "density;homophily\n0,5;0,3\n0,6;0,4"
    view.until("'minority_pc' varies, but the table of points has no column")
    choose(spoken(view, "How minority_pc varies"), "Fixed")
    view.until("20 runs")
    assert view.text.count("From the table") == 2
    upload(view, "Upload a CSV file", "points.csv", b"density\n0.1\n0.2\n0.3\n")
    view.until("30 runs")
    for name, data, said in (
        ("a.csv", b"density\n[1", "a.csv: Line 2"),
        (EVIL, b"\0\xff", f"{EVIL}: The file is no text"),
        ("b.csv", b"x" * 5_000_001, "larger than 5 MB"),
    ):
        upload(view, "Upload a CSV file", name, data)
        view.until(said)
        assert kept.value.design.points.startswith("density")
    view.press("Clear")
    view.until("There are no points yet")


def test_a_table_can_start_from_the_points_of_another_design(page):
    view, kept, _ = page()
    view.until("200 runs")
    choose(view.field("Design"), "Table")
    view.until("Start from the points of this design")
    view.press("Start from the points of this design")
    assert kept.value.design.points.startswith("density,minority_pc\n")
    view.until("200 runs")
    assert parse(kept.value).errors == {}


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("design", offered_designs(), ids=lambda design: design.__name__)
def test_every_design_has_a_form_that_can_be_shown(show, design):
    kept = solara.reactive(picked(DesignDraft(fields=()), design))

    @solara.component
    def Page():
        DesignForm(kept.value, kept.set, varied=["a", "b"], errors={}, designs=offered_designs())

    view = show(Page())
    assert view.field("Design").v_model is not None


def test_a_union_grows_and_shrinks_and_its_parts_have_values_of_their_own(page):
    view, kept, _ = page()
    choose(view.field("Design"), "Union")
    view.until("no designs to put together yet")
    view.press("Add a design")
    view.press("Add a design")
    view.until("400 runs")
    fields = [field for field in view.widgets(ipyvuetify.TextField) if field.label == "Hold fixed here"]
    fields[1].v_model = "density = 0.5"
    view.until(lambda: kept.value.design.parts[1].fixed == (("density", "0.5"),))
    fields[1].v_model = "density ="
    view.until("Write 'density = value'.")
    view.press("Remove design 2")
    view.until("200 runs")
    assert len(kept.value.design.parts) == 1


def test_a_yes_or_no_and_a_choice_of_a_design_are_kept_only_when_they_differ(page):
    view, kept, _ = page()
    choose(view.field("Optimization"), "random-cd")
    assert kept.value.design.text("optimization") == "random-cd"
    choose(view.field("Optimization"), "None")
    assert kept.value.design.text("optimization") == ""
    choose(view.field("Design"), "Sobol’")
    view.until(lambda: "Scramble" in view.text)
    switch = next(each for each in view.widgets(ipyvuetify.Switch) if each.label == "Scramble")
    switch.v_model = False
    assert kept.value.design.text("scramble") == "False"
    switch.v_model = True
    assert kept.value.design.text("scramble") == ""


def test_a_screening_design_shows_what_it_mixes_up(page):
    view, _, _ = page(
        from_experiment(
            ml.Experiment(
                SCHELLING,
                {
                    "density": ml.Real(0.5, 0.9),
                    "homophily": ml.Real(0.2, 0.8),
                    "minority_pc": ml.Real(0.1, 0.5),
                },
                ml.FractionalFactorial(3),
                replications=10,
            )
        )
    )
    view.until("40 runs")
    view.until("Resolution III: main effects are mixed up with two-way interactions")
    view.press("Diagnostics")
    view.until("Cannot be told from")
    view.until("density × minority_pc")
    assert "III" in view.text


def test_points_can_be_redrawn_and_parameters_go_together(page):
    view, kept, _ = page()
    choose(view.field("Design"), "Sobol’")
    view.field("Size").v_model = "32"
    view.field("Constraints, one on each line").v_model = "density > minority_pc + 0.3"
    view.until("The constraints drop")
    switch = next(
        each for each in view.widgets(ipyvuetify.Switch) if each.label == "Redraw points that break one"
    )
    switch.v_model = True
    view.until("320 runs")
    assert kept.value.redraw
    view.press("More on parameters that go together")
    field = view.field("Correlations, one on each line")
    names = [row.name for row in kept.value.varied]
    field.v_model = f"{names[0]} {names[1]} = 0.5"
    view.until(lambda: field.error_messages)
    assert "Write two parameters and a number" in field.error_messages[0]
    field.v_model = f"{names[0]}, {names[1]} = 1.5"
    view.until(lambda: "Give a number between -1 and 1" in "".join(field.error_messages))
    field.v_model = f"{names[0]}, {names[1]} = 0.5"
    view.until(lambda: parse(kept.value).experiment is not None)
    assert parse(kept.value).experiment.correlations == {(names[0], names[1]): 0.5}


def test_a_design_in_blocks_does_not_take_over_a_number_of_points():
    typed = DesignDraft("LatinHypercube", (("size", "20"), ("levels", "3")))
    designs = {design.__name__: design for design in offered_designs()}
    assert picked(typed, designs["Saltelli"]).fields == (("levels", "3"),)
    assert picked(typed, designs["Morris"]).fields == (("size", "20"),)
    assert picked(picked(typed, designs["EFAST"]), designs["Sobol"]).text("size") == "20"
    assert picked(typed, designs["Halton"]).text("size") == "20"


def test_ways_to_vary_fit_the_parameter():
    info = {info.name: info for info in describe_model("mesa.examples:WolfSheep").description.parameters}
    assert [label for _, label in kinds_for(info["initial_sheep"], Row("initial_sheep"))] == [
        "Fixed",
        "Range",
        "Levels",
        "Choices",
        "Distribution",
    ]
    assert [kind for kind, _ in kinds_for(info["grass"], Row("grass"))] == ["fixed", "levels", "choice"]
    assert "real" in [kind for kind, _ in kinds_for(info["grass"], Row("grass", kind="real"))]
    assert len(kinds_for(None, Row("anything"))) == 6


@pytest.mark.parametrize(
    "hint", ["rule='first come'", "rule: str = 'first come'", "rule: str", "rule: str | None = None"]
)
def test_texts_are_not_offered_what_only_numbers_can_do(tmp_path, hint):
    path = tmp_path / "queue_of_people.py"
    path.write_text(
        "import mesa\nclass Queue(mesa.Model):\n"
        f"    def __init__(self, {hint}, *, rng=None):\n        super().__init__(rng=rng)\n"
    )
    info = describe_model(f"{path}:Queue").description.parameters[0]
    assert [kind for kind, _ in kinds_for(info, Row("rule"))] == ["fixed", "levels", "choice"]


def test_choices_are_chips_that_can_be_taken_and_left(show):
    info = next(
        info
        for info in describe_model("mesa.examples:WolfSheep").description.parameters
        if info.name == "grass"
    )
    kept = solara.reactive(Row("grass", kind="choice", choices="False, True"))

    @solara.component
    def Page():
        ParameterRow(kept.value, kept.set, info, {})

    view = show(Page())
    view.press("False")
    assert kept.value.choices == "True"
    view.press("False")
    assert kept.value.choices == "False, True"


def test_a_distribution_asks_for_its_own_arguments(show):
    kept = solara.reactive(Row("x", kind="distribution", arguments=(("loc", "1"), ("scale", "2"))))

    @solara.component
    def Page():
        ParameterRow(kept.value, kept.set, None, {})

    view = show(Page())
    spoken(view, "x: Mean").v_model = "3"
    assert kept.value.arguments == (("loc", "3"), ("scale", "2"))
    choose(spoken(view, "x: distribution"), "Gamma")
    assert kept.value.arguments == (("scale", "2"),)
    spoken(view, "x: Shape").v_model = "5"
    assert dict(kept.value.arguments) == {"scale": "2", "a": "5"}
    choose(spoken(view, "x: distribution"), "Other …")
    spoken(view, "x: name of the distribution in scipy.stats").v_model = "alpha"
    assert spoken(view, "x: a")
    spoken(view, "x: name of the distribution in scipy.stats").v_model = "os.system"
    assert kept.value.distribution == "os.system"


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda each: each.name)
def test_the_offered_distributions_are_those_of_scipy_with_their_arguments(distribution):
    typed = tuple((name, "0.5" if name in ("c", "p") else "2") for name, _ in distribution.arguments)
    row = Row("x", kind="distribution", distribution=distribution.name, arguments=typed)
    parsed = parse(Draft("a:B", rows=(row,)))
    assert parsed.errors == {}
    assert isinstance(parsed.experiment.space.varied["x"], ml.Integer if distribution.whole else ml.Real)
    assert arguments_of(distribution.name)[-2:] == (("low", "At least"), ("high", "At most"))


def test_texts_of_outcomes_and_fixed_values_are_read_back():
    for outcome in (("", "Wolves"), ("energy", "mean(Wolf.energy)")):
        assert read_outcome(outcome_text(outcome)) == outcome
    assert read_outcome("a = b", known=("a = b",)) == ("", "a = b")
    assert read_fixed(fixed_text((("a", "(1, 2)"), ("b", "x")))) == (("a", "(1, 2)"), ("b", "x"))


# ---------------------------------------------------------------- the preview


def draw(matrix, names, **words):
    return points_chart(matrix, names, **words).to_dict()


def test_points_are_drawn_in_pairs_whatever_parameters_are_called():
    import pandas as pd

    names = ["a.b[0]", EVIL, "c", "d", "e"]
    matrix = pd.DataFrame({name: range(1, 1501) for name in names}).assign(c=[True, None, "x"] * 500)
    assert points_chart(matrix, []) is None
    strip = draw(matrix, names[:1])
    assert len(next(iter(strip["datasets"].values()))) == 1000
    plane = draw(matrix, names[:2], log=names[:1])
    assert plane["encoding"]["x"]["scale"]["type"] == "log"
    triangle = draw(matrix, names)
    assert [len(row["hconcat"]) for row in triangle["vconcat"]] == [1, 2, 3, 4]
    assert triangle["vconcat"][1]["hconcat"][0]["encoding"]["y"]["type"] == "nominal"


def test_the_chart_of_points_shows_the_whole_ranges():
    space = {"a": ml.Real(0, 10), "b": ml.Integer(1, 3), "c": ml.Real(distribution="norm", loc=0, scale=1)}
    experiment = ml.Experiment("a:B", space, ml.LatinHypercube(2))
    assert ends_of(experiment) == {"a": (0, 10), "b": (1, 3)}
    matrix = experiment.design_matrix()
    plane = draw(matrix, ["a", "b"], ends=ends_of(experiment))["encoding"]
    assert (plane["x"]["scale"]["domain"], plane["y"]["scale"]["domain"]) == ([0, 10], [1, 3])
    assert plane["y"]["axis"]["values"] == [1, 2, 3]
    outside = draw(matrix.assign(a=[5.0, 12.0]), ["a", "b"], ends=ends_of(experiment))["encoding"]
    assert outside["x"]["scale"]["domain"] == [0, 12]
    own = draw(matrix, ["a", "c"])["encoding"]["x"]["scale"]["domain"]
    assert own == [matrix["a"].min(), matrix["a"].max()]
    assert ends_of(ml.Experiment("a:B", {"a": ml.Real(0, 1)}, ml.Table([{"a": 5}]))) == {}


def test_large_designs_are_counted_but_not_made(monkeypatch):
    experiment = ml.Experiment(
        SCHELLING, {"density": ml.Real(0, 1)}, ml.MonteCarlo(2_000_000), replications=5
    )
    seen = look(experiment)
    assert (seen.n_points, seen.n_runs, seen.preview) == (2_000_000, 10_000_000, None)
    assert "too many to show" in seen.note


def test_a_design_that_fails_in_its_own_way_is_said_to_fail():
    def broken(space, seed):
        raise KeyError("oh")

    assert "raised KeyError" in look(ml.Experiment(SCHELLING, {"density": ml.Real(0, 1)}, broken)).problem


def test_a_table_of_points_is_not_held_to_ranges_that_its_form_does_not_show():
    space = {
        "density": ml.Real(0.1, 0.2, log=True),
        "radius": ml.Integer(1, 2),
        "homophily": ml.Real(0, 1),
    }
    points = [{"density": d, "radius": r, "homophily": 3} for d in (0.0, 0.5, 0.9) for r in (4, 9)]
    experiment = ml.Experiment(SCHELLING, space, ml.Table(points), replications=3)
    seen = look(experiment)
    assert seen.experiment is experiment
    assert not any("outside" in text or "range" in text for text in seen.preview.warnings)
    assert any("'homophily' never varies" in text for text in seen.preview.warnings)
    assert seen.preview.coverage.loc["radius", "covered"] > 0
    wrong = look(ml.Experiment(SCHELLING, space, ml.Table([{**points[0], "radius": "x"}])))
    assert "column 'radius'" in wrong.problem


def test_a_preview_says_what_it_knows(show):
    nothing = show(PreviewPanel(None, pending=True, steps=None, speed=None))
    assert "Preview" in nothing.text
    fixed = look(ml.Experiment(SCHELLING, {"density": 0.5}, ml.FullFactorial()))
    view = show(PreviewPanel(fixed, pending=False, steps=100, speed=Speed(0.0, 0.001)))
    assert "1 run" in view.text
    assert "1 point × 1 replication" in view.text
    assert "Nothing varies" in view.text
    assert "About 1 second" in view.text or "Less than a second" in view.text


def test_many_parameters_can_be_picked_for_the_chart(show):
    space = {name: ml.Real(0, 1) for name in "abcdefg"}
    seen = look(ml.Experiment("a:B", space, ml.Sobol(8)))
    view = show(PreviewPanel(seen, pending=False, steps=None, speed=Speed(0.0, 1.0)))
    assert "100 steps take about 2 minutes." in view.text
    chips = {chip.children[1].children[0]: chip for chip in view.tags("button", "ml-chip")}
    assert [name for name, chip in chips.items() if chip.attributes["aria-pressed"] == "true"] == list("abcd")
    view.press("g")
    view.press("f")  # a sixth would be one too many
    pressed = [
        c.children[1].children[0]
        for c in view.tags("button", "ml-chip")
        if c.attributes["aria-pressed"] == "true"
    ]
    assert pressed == list("abcdg")


def test_a_table_shows_values_as_text(show):
    import pandas as pd

    frame = pd.DataFrame({EVIL: pd.Series([EVIL, None], dtype=object), "n": [1, 2000]})
    view = show(MatrixTable(frame))
    cells = [cell.children[0] for cell in view.tags("td")]
    assert cells == ["0", EVIL, "1", "1", "None", "2000"]
    assert "ml-number" in view.tags("th")[2].class_


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "less than a second"),
        (1.2, "about 1 second"),
        (89, "about 90 seconds"),
        (5400, "about 1.5 hours"),
        (86_400 * 12, "about 12 days"),
    ],
)
def test_estimates_are_as_coarse_as_they_deserve(seconds, said):
    assert about(seconds) == said


def test_a_model_that_takes_anything_can_be_given_more(show, tmp_path, page):
    path = tmp_path / "open_model.py"
    path.write_text(
        "import mesa\nclass Open(mesa.Model):\n    def __init__(self, a=1, rng=None, **more):\n"
        "        super().__init__(rng=rng)\n"
    )
    from mesa_lab.workspace.trust import trust

    trust(f"{path}:Open")
    view, kept, _ = page(first(f"{path}:Open"))
    view.until("This model takes parameters of any name.")
    view.field("Another parameter").v_model = "a"
    view.until("There is one of that name.")
    view.field("Another parameter").v_model = EVIL
    view.press("Add")
    spoken(view, f"{EVIL}: Values, separated by commas").v_model = "1, 2"
    view.until(lambda: kept.value.row(EVIL).levels == "1, 2")
    assert parse(kept.value).errors == {}


def test_a_design_from_elsewhere_shows_all_parameters_of_the_model(page):
    from mesa_lab.drafts.from_experiment import from_experiment

    experiment = ml.Experiment(SCHELLING, {"radius": [1, 2], "density": ml.Real(0.5, 0.9)}, ml.Sobol(4))
    view, kept, _ = page(from_experiment(experiment))
    view.until(lambda: len(kept.value.rows) == 6)
    assert parse(kept.value).experiment == experiment
    view.until("homophily")


# ---------------------------------------------------------------- what a sceptic met


def test_a_question_fills_in_the_design_and_can_be_taken_back(page):
    view, kept, _ = page()
    view.press("Which parameters matter?")
    view.until("Sobol' indices say")
    view.until(lambda: kept.value.design.kind == "Saltelli")
    assert (kept.value.question, kept.value.replications) == ("matter", "2")
    view.press("Thorough: 4,096 runs")
    view.until(lambda: kept.value.design.text("size") == "")
    view.press("First look: 1,024 runs")
    view.until(lambda: kept.value.design.text("size") == "128")
    kept.value = dataclasses.replace(kept.value, replications="9")
    view.until("The design below differs.")
    view.press("Take the recommendation")
    view.until(lambda: kept.value.replications == "2")
    view.press("Which parameters matter?")
    view.until(lambda: kept.value.question == "")
    assert kept.value.design.kind == "Saltelli"


def test_a_question_says_which_parameters_its_answer_will_be_silent_about(page):
    view, kept, _ = page()
    view.press("Which parameters matter?")
    held = [row.name for row in kept.value.rows if row.kind == "fixed"]
    assert len(held) > 1
    view.until(f"{listing(held, 4)} are held fixed: the answer says nothing about them.")
    free = [
        dataclasses.replace(row, kind="integer", low="10", high="20") if row.name == held[0] else row
        for row in kept.value.rows
    ]
    kept.value = dataclasses.replace(kept.value, rows=tuple(free))
    view.until(f"{listing(held[1:], 4)} {'is' if len(held) == 2 else 'are'} held fixed")
    view.press("Which parameters matter?")
    view.until(lambda: "held fixed" not in view.text)
    view.press("How many replications?")
    view.until("Runs of the base case")
    assert "held fixed" not in view.text


def test_one_press_lets_all_parameters_vary_and_the_recommended_design_follows(page):
    view, kept, _ = page()
    view.press("Which parameters matter?")
    view.until(lambda: kept.value.design.kind == "Saltelli")
    view.until("guessed from the default")
    view.press("Let 4 more parameters vary: all 6")
    view.until(lambda: len(kept.value.varied) == 6 and kept.value.design.kind == "Saltelli")
    view.until("1,024 runs.")
    view.until(lambda: "held fixed" not in view.text)
    parsed = parse(kept.value, describe_model(SCHELLING).description)
    assert not parsed.errors
    assert len(parsed.experiment.space.varied) == 6
    assert "The design below differs" not in view.text
    kept.value = dataclasses.replace(
        first(), question="matter", design=DesignDraft("Halton", (("size", "9"),))
    )
    view.until("The design below differs.")
    view.press("Let 4 more parameters vary: all 6")
    view.until(lambda: len(kept.value.varied) == 6)
    view.until("The design below differs.")
    assert kept.value.design.kind == "Halton"  # what was chosen by hand stays


@pytest.mark.parametrize(
    ("ranges", "example"),
    [
        ({"stations": ("5", "20"), "bikes": ("1", "6")}, "bikes < stations"),
        ({"bikes": ("1", "6"), "stations": ("5", "20")}, "bikes < stations"),
        ({"typing": ("", "x"), "other": ("5", "20")}, "typing < other"),
        ({"alone": ("1", "2")}, "a < b"),
    ],
)
def test_the_example_of_a_constraint_leaves_points(ranges, example):
    rows = tuple(Row(name, "integer", low=low, high=high) for name, (low, high) in ranges.items())
    rows += (Row("rate", "real", low="0", high="1"),)  # an integer is not held against a rate
    assert _constraint(Draft("m:M", rows)) == example


def test_more_runs_than_can_be_asked_for_bar_the_way(page):
    view, _, _ = page()
    view.field("Replications").v_model = "100000000"
    view.until("at most 50,000,000 can be asked for here")
    assert barred(view)


def test_no_steps_are_spoken_of(page):
    view, _, _ = page()
    view.field("Steps").v_model = "0"
    view.until("None: only the state after the set-up is measured.")
    view.field("Steps").v_model = ""
    view.until("Left out: 1,000 for each run.")


def test_a_stop_rule_that_speaks_of_nothing_is_refused_at_its_field(page):
    view, _, _ = page()
    view.field("Stop a run when").v_model = "hapy == 0"
    view.until("Did you mean 'happy'")
    view.until(lambda: barred(view))
    assert "See stop a run when." in view.text
    view.field("Stop a run when").v_model = "happy == 0"
    view.until(lambda: not barred(view))


def test_the_preview_of_a_wrong_form_says_that_it_is_an_earlier_one(page):
    view, _, _ = page()
    view.until("200 runs")
    view.field("Replications").v_model = "x"
    view.until("This is the last design that was.")
    assert view.tags("section", "ml-preview-stale")
    view.field("Replications").v_model = "3"
    view.until(lambda: not view.tags("section", "ml-preview-stale"))


def test_parameters_keep_their_names_in_what_is_in_the_way():
    from mesa_lab.app.design.page import _in_the_way

    assert _in_the_way({"parameters.sick_days.low": "x", "max_steps": "y"}) == "See sick_days and steps."


def test_a_stop_rule_over_nothing_is_said_and_the_preview_looks_like_what_cannot_run(page):
    view, kept, _ = page()
    view.until("200 runs")
    assert not view.tags("section", "ml-preview-stale")
    kept.set(dataclasses.replace(kept.value, stop_when="nope == 0"))
    view.until("stop_when is 'nope == 0', but Schelling has no 'nope'.")
    assert view.tags("section", "ml-preview-stale")
    assert "This design cannot run yet: see what is marked in the form." in view.text
    assert barred(view)
    kept.set(dataclasses.replace(kept.value, stop_when="happy == 0"))
    view.until(lambda: not view.tags("section", "ml-preview-stale"))


@pytest.mark.parametrize("design", [ml.SparseGrid(2), ml.FullFactorial(3), ml.Union([ml.SparseGrid(1)])])
def test_too_many_runs_are_refused_whatever_makes_the_points(design):
    space = {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.1, 0.9)}
    outlook = look(ml.Experiment(SCHELLING, space, design, replications=10**11))
    assert "at most 50,000,000 can be asked for here" in outlook.problem
