"""Experiment files: what is written is read back equal, and every mistake is named with its place."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mesa.examples import PdGrid, WolfSheep

import mesa_lab as ml
from mesa_lab.preparation.experiment_file.template import template
from mesa_lab.preparation.models import describe, installed_models

FULL = ml.Experiment(
    "mesa.examples:WolfSheep",
    {
        "initial_sheep": ml.Integer(50, 200, step=5),
        "sheep_reproduce": ml.Real(0.02, 0.08),
        "wolf_gain_from_food": ml.Real(5, 40, log=True),
        "grass": ml.Choice([True, False]),
        "initial_wolves": [10, 50],
        "sheep_gain_from_food": ml.Real(0, distribution="norm", arguments={"loc": 4, "scale": 1}),
        "grass_regrowth_time": ml.Integer(distribution="poisson", arguments={"mu": 30}),
        "width": 30,
    },
    ml.LatinHypercube(16),
    replications=3,
    max_steps=20,
    max_time=50.5,
    stop_when="Wolves == 0",
    timeout=60,
    seed=7,
    outcomes={"wolves": "Wolves", "energy": "mean(Wolf.energy)"},
    agents={"Wolf": ["energy"]},
    constraints=["initial_wolves < initial_sheep"],
    period=5,
)

DESIGNS = [
    None,
    ml.FullFactorial(3),
    ml.LatinHypercube(9, strength=2),
    ml.Sobol(8),
    ml.Halton(5),
    ml.MonteCarlo(5),
    ml.OneAtATime(levels=3),
    ml.SparseGrid(2),
    ml.FractionalFactorial(3),
    ml.FractionalFactorial(generators="b = a", fold="a", center=True),
    ml.FractionalFactorial(5, fold=True),
    ml.PlackettBurman(fold=True),
    ml.DefinitiveScreening(),
    ml.OrthogonalArray("L9"),
    ml.OrthogonalArray(levels={"a": 2}),
    ml.CentralComposite("inscribed"),
    ml.BoxBehnken(),
    ml.Morris(10, levels=8),
    ml.Saltelli(64, second_order=True),
    ml.EFAST(65),
]


def test_a_full_experiment_is_read_back_equal() -> None:
    assert ml.Experiment.from_toml(FULL.to_toml()) == FULL


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_every_design_is_read_back_equal(design: Any) -> None:
    described = ml.Experiment("m:M", {"a": ml.Real(0, 1), "b": ml.Integer(1, 9)}, design)
    assert ml.Experiment.from_toml(described.to_toml()) == described


def test_tables_and_unions_are_read_back_equal() -> None:
    table = ml.Table([{"a": 0.25, "b": 3}, {"a": 0.5, "b": 4}])
    described = ml.Experiment("m:M", {"a": ml.Real(0, 1), "b": ml.Integer(1, 9)}, table)
    assert ml.Experiment.from_toml(described.to_toml()) == described
    union = described.replace(design=ml.Union([table, ml.FullFactorial(2)]))
    again = ml.Experiment.from_toml(union.to_toml())
    assert again == union
    assert again.design_matrix().equals(union.design_matrix())


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(str.isprintable).filter(str.strip),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**62), 2**62),
            st.floats(allow_nan=False),
            st.text(),
            st.tuples(st.integers(0, 9), st.text(max_size=3)),
            st.integers(-5, 5).map(lambda low: ml.Integer(low, low + 3)),
            st.floats(-1e6, 1e6).map(lambda low: ml.Real(low, low + 10)),
            st.lists(
                st.none() | st.booleans() | st.text(max_size=4), min_size=1, max_size=3, unique_by=repr
            ).map(ml.Choice),
        ),
        max_size=5,
    ),
    st.integers(1, 99),
)
def test_any_parameters_are_read_back_equal(parameters: dict[str, Any], replications: int) -> None:
    described = ml.Experiment("m:M", parameters, ml.MonteCarlo(2), replications=replications)
    again = ml.Experiment.from_toml(described.to_toml())
    assert again == described
    assert [type(value) for value in again.space.fixed.values()] == [
        type(value) for value in described.space.fixed.values()
    ]


def test_values_that_toml_has_no_word_for() -> None:
    payoffs = {("C", "C"): 1.0, ("C", "D"): 0.0, ("D", "C"): 1.9, ("D", "D"): 0.0}
    described = ml.Experiment(PdGrid, {"payoffs": payoffs, "activation_order": "Random"})
    again = ml.Experiment.from_toml(described.to_toml())
    assert again.space.fixed["payoffs"] == payoffs
    assert again.model == "mesa.examples:PdGrid"


def test_files_are_saved_whole_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "wolves.toml"
    FULL.save(path)
    assert ml.Experiment.load(path) == FULL
    assert [entry.name for entry in tmp_path.iterdir()] == ["wolves.toml"]


def test_a_file_is_on_disk_before_it_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wolves.toml"
    FULL.save(path)
    before, waited = path.stat().st_ino, []

    def wait(number: int) -> None:
        waited.append((os.fstat(number).st_size, path.stat().st_ino == before))

    monkeypatch.setattr(os, "fsync", wait)
    FULL.save(path)
    assert waited[0] == (path.stat().st_size, True)
    assert path.stat().st_ino != before


def test_a_model_beside_the_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "fire.py").write_text("raise RuntimeError('reading must not run this')\n")
    (tmp_path / "fire.toml").write_text('model = "fire.py:Fire"\n')
    assert ml.Experiment.load(tmp_path / "fire.toml").model == f"{tmp_path.as_posix()}/fire.py:Fire"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('model = "m:M"\nreplications = [1,,2]', r"no valid TOML: .*line 2, column 19"),
        ("", "the field 'model' is missing"),
        ('model = "m:M"\nreplicatons = 3', "unknown field 'replicatons'. Did you mean 'replications'"),
        ('model = "m:M"\nreplications = "many"', "replications is 'many'. Write a whole number"),
        ('model = "m:M"\nreplications = 0', "replications is 0"),
        ('model = "m:M"\nmax_steps = -5', "max_steps is -5"),
        ('model = "m:M"\n[parameters]\na = { real = [1] }', r"parameter 'a': real is \[1\]"),
        (
            'model = "m:M"\n[parameters]\na = { rael = [1, 2] }',
            "parameter 'a': {rael = .1, 2.} says no range. Write a plain value",
        ),
        (
            'model = "m:M"\n[parameters]\na = { real = [2, 1] }',
            "parameter 'a': low is 2, above high, which is 1",
        ),
        (
            'model = "m:M"\n[parameters]\na = { real = [1, 2], lgo = true }',
            "unknown field 'lgo'. Did you mean 'log'",
        ),
        ('model = "m:M"\n[parameters]\na = []', "no values"),
        ('model = "m:M"\n[design]\nsize = 3', "the design has no type"),
        ('model = "m:M"\n[design]\ntype = "Sobl"\nsize = 8', "type 'Sobl' is unknown. Did you mean 'Sobol'"),
        ('model = "m:M"\n[design]\ntype = "Sobol"', "design Sobol needs the field 'size'"),
        ('model = "m:M"\n[design]\ntype = "Sobol"\nsize = "big"', "size is 'big'"),
        ('model = "m:M"\n[design]\ntype = "Sobol"\nsiez = 8', "has no field 'siez'. Did you mean 'size'"),
        ('model = "m:M"\nconstraints = ["a <"]', "a <.*At its end"),
        (
            'model = "m:M"\nagents = 3',
            r"^The experiment: agents is 3\. Write true, a list of attributes[^.]*\.$",
        ),
        ('model = "m:M"\noutcomes = ["a", 3]', r"outcomes is \['a', 3\]\. Write a list of names"),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, message: str) -> None:
    with pytest.raises(ml.MesaLabError, match=message):
        ml.Experiment.from_toml(text)


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    FULL.save(tmp_path / "wolves.toml")
    with pytest.raises(
        ml.ExperimentError, match="no experiment file .*wolvs.toml'. Did you mean 'wolves.toml'"
    ):
        ml.Experiment.load(tmp_path / "wolvs.toml")
    with pytest.raises(ml.ExperimentError, match="Did you mean '.*wolves.toml'"):
        ml.Experiment.load(tmp_path / "wolves")
    with pytest.raises(ml.ExperimentError, match="no folder '.*nowhere' either"):
        ml.Experiment.load(tmp_path / "nowhere" / "wolves.toml")
    with pytest.raises(ml.ExperimentError, match="is a folder"):
        ml.Experiment.load(tmp_path)
    (tmp_path / "image.toml").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ml.ExperimentError, match="no text file"):
        ml.Experiment.load(tmp_path / "image.toml")
    (tmp_path / "done.study").write_bytes(b"SQLite\xff")
    with pytest.raises(ml.ExperimentError, match="no text file.*mesa-lab resume"):
        ml.Experiment.load(tmp_path / "done.study")
    (tmp_path / "model.py").write_text("import mesa\n")
    with pytest.raises(ml.ExperimentError, match="no valid TOML.*mesa-lab new .*model.py"):
        ml.Experiment.load(tmp_path / "model.py")
    with pytest.raises(ml.ExperimentError, match="cannot be written"):
        FULL.save(tmp_path / "nowhere" / "x.toml")


@pytest.mark.parametrize("reference", [entry.reference for entry in installed_models()])
def test_the_first_file_for_a_model_is_a_valid_experiment(reference: str) -> None:
    description = describe(reference)
    text = template(description)
    described = ml.Experiment.from_toml(text)
    described.check()
    assert described.n_points > 1
    assert all(parameter.name in text for parameter in description.parameters)


def test_the_first_file_can_vary_everything_it_suggests() -> None:
    text = template(describe(WolfSheep))
    assert ml.Experiment.from_toml(text).question == "respond"  # and the others are named beside it
    assert "or: matter, better, best" in text
    head, _, tail = text.partition("[parameters]\n")
    rows, _, design = tail.partition("\n[design]")
    every = "\n".join(row.removeprefix("# ") for row in rows.splitlines())
    described = ml.Experiment.from_toml(f"{head}[parameters]\n{every}\n[design]{design}")
    assert len(described.space.varied) == len(describe(WolfSheep).parameters)


def _model_file(tmp_path: Path, signature: str) -> str:
    path = tmp_path / "small.py"
    path.write_text(
        "import mesa\nclass Small(mesa.Model):\n"
        f"    def __init__(self, {signature}rng=None):\n        super().__init__(rng=rng)\n        self.k = 0\n"
        "    def step(self):\n        self.k += 1\n"
    )
    return f"{path}:Small"


@pytest.mark.parametrize("signature", ["", "path='a.csv', ", "agents=None, "])
def test_the_first_file_of_a_model_with_nothing_to_vary_has_the_one_point(
    tmp_path: Path, signature: str
) -> None:
    described = ml.Experiment.from_toml(template(describe(_model_file(tmp_path, signature))))
    described.check()
    assert described.n_points == 1
    assert ml.run(
        described.replace(replications=1, max_steps=2, outcomes=["k"]), progress=False, n_jobs=1
    ).runs["status"].tolist() == ["done"]


def test_what_must_be_filled_in_is_refused_by_name(tmp_path: Path) -> None:
    text = template(describe(_model_file(tmp_path, "n: int, p: float, name, rate=0.5, size=7, ")))
    with pytest.raises(
        ml.ParameterError,
        match=r"no default for n \(int\), p \(float\), name \(any\)\. Write a value or a range",
    ):
        ml.Experiment.from_toml(text)
    filled = text.replace('n = { fill_in = "int" }', "n = { integer = [1, 9] }")
    filled = filled.replace('p = { fill_in = "float" }', "p = 0.5").replace(
        'name = { fill_in = "any" }', "name = 'x'"
    )
    described = ml.Experiment.from_toml(filled)
    described.check()
    assert list(described.space.varied) == ["n", "rate", "size"]


def test_what_an_experiment_refuses_is_said_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wolves.toml"
    path.write_text('model = "m:M"\nmax_steps = -5\n')
    with pytest.raises(ml.ExperimentError, match=r"wolves.toml: max_steps is -5"):
        ml.Experiment.load(path)


def test_agents_of_a_type_may_be_one_text() -> None:
    assert ml.Experiment.from_toml('model = "m:M"\nagents = { Wolf = "energy" }').agents == {
        "Wolf": ("energy",)
    }


def test_a_list_can_be_held_fixed() -> None:
    described = ml.Experiment.from_toml('model = "m:M"\n[parameters]\nsizes = { fixed = [1, 2] }')
    assert described.space.fixed == {"sizes": (1, 2)}
    assert ml.Experiment.from_toml(described.to_toml()) == described
