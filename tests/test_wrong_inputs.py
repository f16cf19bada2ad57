"""What a caller may get wrong, argument by argument: each mistake gets one sentence that names the value and the fix."""

import decimal
import fractions
import re

import mesa
import numpy as np
import pandas as pd
import pytest
from mesa.examples import Schelling, WolfSheep

import mesa_lab as ml
from mesa_lab.errors import (
    DesignError,
    ExperimentError,
    ModelError,
    OutcomeError,
    ParameterError,
    RunError,
    StudyError,
)

DENSITY = {"density": [0.5]}


def experiment(**settings):
    return ml.Experiment(Schelling, {**DENSITY, "width": 4, "height": 4}, **{"max_steps": 1, **settings})


def wolves(**settings):
    ml.Experiment(WolfSheep, {"width": 5, "height": 5}, max_steps=1, **settings).check()


def run(given=None, path=None, **options):
    return ml.run(
        experiment() if given is None else given, path, **{"n_jobs": 1, "progress": False, **options}
    )


def grown(model):
    return model


EXPERIMENTS = [
    # The model.
    (lambda: ml.Experiment(Schelling()), ModelError, "of the class Schelling. Give the class, Schelling, without calling"),
    (lambda: ml.Experiment(grown), ModelError, "The model is the function grown. Give the class"),
    (lambda: ml.Experiment(mesa), ModelError, "The model is the module 'mesa'. Give a class that is in it"),
    (lambda: ml.Experiment([Schelling, WolfSheep]), ModelError, "Give one class: an experiment has one model"),
    (lambda: ml.Experiment(mesa.Agent), ModelError, "no Mesa model"),
    (lambda: ml.Experiment(None), ModelError, "The model is None, which names no model"),
    (lambda: ml.Experiment(pd.DataFrame()), ModelError, "which names no model. Write 'package.module:Class'"),
    # What varies.
    (lambda: ml.Experiment(Schelling, ["density"]), ExperimentError, "parameters is ['density']. Give a dict"),
    (lambda: ml.Experiment(Schelling, {"density": (d for d in (0.5, 0.6))}), ParameterError, "Make a list of it"),
    (lambda: ml.Experiment(Schelling, {"density": (0.5, 0.6)}).check(), ParameterError, "a list, [0.5, 0.6]; a range is"),
    (lambda: ml.Experiment(Schelling, {"density": {0.6, 0.5}}).check(), ParameterError, "is a set, .* a list, \\[0.5, 0.6\\]"),
    (lambda: ml.Experiment(Schelling, {"density": {"low": 0.5}}).check(), ParameterError, "is the dict .* a range is Real"),
    (lambda: ml.Experiment(Schelling, {"density": []}), ParameterError, "no values"),
    # The design.
    (lambda: experiment(design="lhs"), DesignError, "The design is the text 'lhs'. Make one: mesa_lab.LatinHypercube(64)"),
    (lambda: experiment(design="Latin Hypercube"), DesignError, "Make one: mesa_lab.LatinHypercube(64)"),
    (lambda: experiment(design="grid"), DesignError, "Make one: mesa_lab.FullFactorial(levels=5)"),
    (lambda: experiment(design="sobl"), DesignError, "Make one: mesa_lab.Sobol(64)"),
    (lambda: experiment(design="quite another"), DesignError, "Give a design, such as FullFactorial(levels=5)"),
    (lambda: experiment(design="points.csv"), DesignError, "There is no file 'points.csv'"),
    (lambda: experiment(design=ml.Sobol), DesignError, "is the class Sobol. Call it: Sobol(...)"),
    (lambda: experiment(design=20), DesignError, "the number 20. Say how that many points are chosen: LatinHypercube(20)"),
    # Numbers.
    *[
        (lambda name=name, value=value: experiment(**{name: value}), ExperimentError, f"{name} is {value!r}. Give a whole number")
        for name, values in {
            "replications": [2.5, "2", 0, -1, True, None, [1, 2]],
            "max_steps": [2.5, "2", -1, True, float("inf"), float("nan")],
            "seed": [1.5, "a", -1, None, [1, 2]],
            "period": [1.5, "1", 0, -2, None],
        }.items()
        for value in values
    ],
    (lambda: experiment(replications=2.0), ExperimentError, "replications is 2.0, a number with a point. Write 2."),
    *[
        (lambda name=name, value=value: experiment(**{name: value}), ExperimentError, f"{name} is {value!r}. Give ")
        for name in ("max_time", "timeout")
        for value in ("3", 0, -1, True, float("nan"), float("inf"), [3], decimal.Decimal(3))
    ],
    (lambda: experiment(seeds=3), ExperimentError, "seeds is 3. Give a list"),
    (lambda: experiment(seeds="12"), ExperimentError, "seeds is '12'. Give a list"),
    (lambda: experiment(seeds=[]), ExperimentError, "seeds is empty"),
    (lambda: experiment(seeds=[1.5]), ExperimentError, "A seed in seeds is 1.5"),
    (lambda: experiment(seeds=[2**70]), ExperimentError, "Seeds are below 2**63"),
    (lambda: experiment(seeds=[1, 2], replications=3), ExperimentError, "replications is 3 but seeds lists 2"),
    (lambda: experiment(common_random_numbers="no"), ExperimentError, "common_random_numbers is 'no'. Write True or False"),
    (lambda: experiment(common_random_numbers=None), ExperimentError, "common_random_numbers is None. Write True"),
    # Texts and functions.
    (lambda: experiment(constraints=3), ExperimentError, "constraints is 3. Give expressions"),
    (lambda: experiment(constraints=grown), ExperimentError, "Give expressions between parameters"),
    (lambda: experiment(constraints={"a": "b"}), ExperimentError, "Give expressions between parameters"),
    (lambda: experiment(stop_when=3), ExperimentError, "stop_when is 3. Write an expression"),
    (lambda: experiment(stop_when=["happy > 3"]), ExperimentError, "Write an expression"),
    (lambda: experiment(outcomes={"a\0b": "happy"}), OutcomeError, "has a character that no study file can hold"),
    (lambda: experiment(outcomes={"a\ud800": "happy"}), OutcomeError, "has a character that no study file can hold"),
    (lambda: experiment(outcomes=3), OutcomeError, "outcomes is 3. Give a list of names"),
    (lambda: experiment(outcomes=[]), OutcomeError, "outcomes is empty"),
    (lambda: experiment(outcomes=[3]), OutcomeError, "3 is no outcome"),
    # Agents.
    (lambda: wolves(agents="Wolf"), OutcomeError, "asks for 'Wolf' of each agent, which is a type of agents.* {'Wolf': \\['energy'"),
    (lambda: wolves(agents=["energy", "Sheep"]), OutcomeError, "asks for 'Sheep' of each agent, which is a type"),
    (lambda: wolves(agents={"Wolf": ["Sheep"]}), OutcomeError, "asks for 'Sheep' of each agent, which is a type"),
    (lambda: wolves(agents=type(next(iter(WolfSheep().agents)))), OutcomeError, "Of one type: {'"),
    (lambda: wolves(agents={"Wolf": True}), OutcomeError, "asks for True of the agents of type 'Wolf'. Name what is measured"),
    (lambda: wolves(agents={"Wolf": []}), OutcomeError, "Name what is measured"),
    (lambda: wolves(agents={3: ["energy"]}), OutcomeError, "agents of type 3. Give a type's name"),
    (lambda: wolves(agents=None), OutcomeError, "agents is None. Write True, False, a list"),
    (lambda: wolves(agents=["enrgy"]), OutcomeError, "Did you mean 'energy'"),
    (lambda: wolves(agents={"Wolff": ["energy"]}), OutcomeError, "Did you mean 'Wolf'"),
]  # fmt: skip

KEYWORDS = [
    (lambda: experiment(steps=5), "Experiment takes no 'steps'. Did you mean 'max_steps'?"),
    (lambda: experiment(iterations=5), "Did you mean 'replications'?"),
    (lambda: experiment(reps=5), "Did you mean 'replications'?"),
    (lambda: experiment(rng=5), "Did you mean 'seed'?"),
    (lambda: experiment(random_state=5), "Did you mean 'seed'?"),
    (lambda: experiment(model_reporters=["happy"]), "Did you mean 'outcomes'?"),
    (lambda: experiment(outcome="happy"), "Did you mean 'outcomes'?"),
    (lambda: experiment(agent_reporters=["happy"]), "Did you mean 'agents'?"),
    (lambda: experiment(data_collection_period=5), "Did you mean 'period'?"),
    (lambda: experiment(crn=True), "Did you mean 'common_random_numbers'?"),
    (lambda: experiment(stop="happy > 3"), "Did you mean 'stop_when'?"),
    (lambda: experiment(max_tim=5), "Did you mean 'max_time'"),
    (lambda: experiment(samples=64), "a matter of the design: design=LatinHypercube(64)"),
    (lambda: experiment(nonsense=1), "Experiment takes no 'nonsense'. It takes: model, parameters, design"),
    (lambda: experiment(homophily=0.4), "It is a parameter of Schelling: parameters={'homophily': 0.4}"),
    (lambda: experiment(n_jobs=2), "said to run: ml.run(experiment, n_jobs=...)"),
    (lambda: experiment(number_processes=2), "said to run: ml.run(experiment, n_jobs=...)"),
    (lambda: experiment().replace(replication=2), "Did you mean 'replications'?"),
    (lambda: ml.latin_hypercube(Schelling, {"density": ml.Real(0, 1)}, 4, steps=3), "Did you mean 'max_steps'?"),
    (lambda: run(jobs=2), "run takes no 'jobs'. Did you mean 'n_jobs'?"),
    (lambda: run(number_processes=2), "Did you mean 'n_jobs'?"),
    (lambda: run(display_progress=True), "Did you mean 'progress'?"),
    (lambda: run(force=True), "Did you mean 'overwrite'?"),
    (lambda: run(replications=3), "belongs to the experiment: run(experiment.replace(replications=...))"),
    (lambda: run(steps=3), "belongs to the experiment: run(experiment.replace(max_steps=...))"),
    (lambda: run(shards="1/2"), "Did you mean 'shard'?"),
    (lambda: ml.batch_run(Schelling, DENSITY, seed=3), "batch_run takes no 'seed'. Did you mean 'rng'?"),
    (lambda: ml.batch_run(Schelling, DENSITY, replications=3), "Did you mean 'iterations'?"),
    (lambda: ml.batch_run(Schelling, DENSITY, n_jobs=3), "Did you mean 'number_processes'?"),
    (lambda: ml.BatchRunner([], n_jobs=3), "BatchRunner takes no 'n_jobs'. Did you mean 'number_processes'?"),
    (lambda: ml.BatchRunner([], progress=False), "Did you mean 'display_progress'?"),
]  # fmt: skip

RUNS = [
    (lambda: run(Schelling), ExperimentError, "Make one: Experiment(Schelling, {parameter: values})"),
    (lambda: run(Schelling()), ExperimentError, "Give the class of the model, and what varies: Experiment(Schelling,"),
    (lambda: run("wolves.toml"), ExperimentError, "Read a file: Experiment.load('wolves.toml')"),
    (lambda: run(experiment().configurations()), ExperimentError, "BatchRunner(configurations).run_all()"),
    (lambda: run(experiment().configurations()[0]), ExperimentError, "For one run configuration: simulate(configuration)"),
    (lambda: run({}), ExperimentError, "run takes an Experiment, not {}"),
    *[
        (lambda value=value: run(n_jobs=value), RunError, f"n_jobs is {value!r}. Write how many processes to use")
        for value in (2.5, 1.0, "2", 0, True, [2])
    ],
    (lambda: run(backend="lokky"), RunError, "The backend is 'lokky', which is none of loky, .*Did you mean 'loky'"),
    (lambda: run(backend=None), RunError, "The backend is None, which is none of loky"),
    (lambda: run(backend=2), RunError, "The backend is 2"),
    (lambda: run(progress="bar"), ExperimentError, "progress is 'bar'. Write True, False, or how it is shown: terminal, lines"),
    (lambda: run(progress=3), ExperimentError, "progress is 3. Write True or False"),
    (lambda: run(overwrite="no"), ExperimentError, "overwrite is 'no'. Write True or False"),
    (lambda: run(retry_failed="no"), ExperimentError, "retry_failed is 'no'. Write True or False"),
    (lambda: run(shard="x"), StudyError, "'x' is no shard"),
    (lambda: run(shard=(1, 2, 3)), StudyError, "is no shard. Write which one of how many"),
    (lambda: run(shard=(1.5, 2)), StudyError, "There is no shard 1.5/2"),
    (lambda: run(shard=(3, 2)), StudyError, "There is no shard 3/2"),
    (lambda: run(path=3), StudyError, "The study is 3. Give the path of its file"),
    (lambda: run(path=True), StudyError, "The study is True. Give the path"),
    (lambda: run(path=b"a.study"), StudyError, "Give the path of its file, as text"),
    (lambda: ml.Results("a.study"), StudyError, "not 'a.study'. For a file: ml.open_study('name.study').results"),
    (lambda: ml.Results(None), StudyError, "Results are read from an open study, not None"),
    (lambda: ml.open_study(None), StudyError, "The study is None. Give the path"),
    (lambda: ml.merge(3, "a.study"), StudyError, "The study to merge is 3"),
    (lambda: ml.merge("*.study", None), StudyError, "The merged study is None"),
    (lambda: ml.Experiment.load(3), ExperimentError, "The experiment is 3. Give the path"),
    (lambda: experiment().save(None), ExperimentError, "The experiment is None. Give the path"),
    (lambda: ml.preview(Schelling), ExperimentError, "preview takes an experiment"),
    (lambda: ml.simulate(experiment()), ExperimentError, "not an experiment. All of its runs: run(experiment); the first one"),
    (lambda: ml.simulate(Schelling), ExperimentError, "simulate takes one run configuration, not Schelling. Make one"),
    (lambda: ml.simulate(experiment().configurations()), ExperimentError, "not 1 of them. For all: BatchRunner"),
    (lambda: ml.simulate(None), ExperimentError, "not None. Make one: RunConfiguration("),
    (lambda: ml.BatchRunner(experiment()), ExperimentError, "BatchRunner(experiment.configurations())"),
    (lambda: ml.BatchRunner(Schelling), ExperimentError, "BatchRunner takes run configurations, not <class"),
    (lambda: ml.BatchRunner("x"), ExperimentError, "BatchRunner takes run configurations, not 'x'"),
    *[
        (lambda value=value: ml.BatchRunner([], value), ExperimentError, f"number_processes is {value!r}. Give a whole number")
        for value in (1.5, "2", 0, True)
    ],
    (lambda: ml.BatchRunner([], 1, "no"), ExperimentError, "display_progress is 'no'. Write True"),
    (lambda: ml.batch_run(Schelling(), DENSITY), ModelError, "Give the class, Schelling, without calling it"),
    (lambda: ml.batch_run(Schelling, [1]), ExperimentError, "parameters is [1]. Give a dict"),
    (lambda: ml.batch_run(Schelling, DENSITY, number_processes=1.5), ExperimentError, "number_processes is 1.5"),
    (lambda: ml.batch_run(Schelling, DENSITY, iterations=1.5), ExperimentError, "iterations is 1.5. Give a whole number"),
    (lambda: ml.batch_run(Schelling, DENSITY, max_steps="3"), ExperimentError, "max_steps is '3'"),
    (lambda: ml.batch_run(Schelling, DENSITY, data_collection_period="x"), ExperimentError, "data_collection_period is 'x'"),
    (lambda: ml.batch_run(Schelling, DENSITY, data_collection_period=1.5), ExperimentError, "data_collection_period is 1.5"),
    (lambda: ml.batch_run(Schelling, DENSITY, rng="x"), ExperimentError, "rng holds 'x', which is no seed"),
    (lambda: ml.batch_run(Schelling, DENSITY, rng=[]), ExperimentError, "rng is empty"),
    (lambda: ml.RunConfiguration(Schelling(), 0, 0, {}), ModelError, "Give the class, Schelling, without calling it"),
    (lambda: ml.RunConfiguration(Schelling, "a", 0, {}), ExperimentError, "run_id is 'a'"),
    (lambda: ml.RunConfiguration(Schelling, 0, -1, {}), ExperimentError, "iteration is -1"),
    (lambda: ml.RunConfiguration(Schelling, 0, 0, [1]), ExperimentError, "parameters is [1]. Give a dict"),
    (lambda: ml.RunConfiguration(Schelling, 0, 0, {}, seed=1.5), ExperimentError, "seed is 1.5"),
    (lambda: ml.RunConfiguration(Schelling, 0, 0, {}, point=1.5), ExperimentError, "point is 1.5"),
]  # fmt: skip


def says(sentence, message):
    """Whether a message has a sentence in it, which may have a pattern in it."""
    return sentence in message or re.search(sentence, message) is not None


FILES = [
    ("steps = 5", "", "unknown field 'steps'. Did you mean 'max_steps'?"),
    ("iterations = 5", "", "Did you mean 'replications'?"),
    ("rng = 5", "", "Did you mean 'seed'?"),
    ("reporters = ['happy']", "", "Did you mean 'outcomes'?"),
    ("replicatons = 5", "", "Did you mean 'replications'?"),
    ("n_jobs = 2", "", "said where it is run: mesa-lab run -j 2"),
    ("workers = 2", "", "said where it is run: mesa-lab run -j 2"),
    ("homophily = 0.4", "", "Parameters of the model stand below [parameters]"),
    ("", "steps = 5", "the experiment's own max_steps: in a file it stands above [parameters]"),
    ("", "replications = 5", "the experiment's own replications: in a file it stands above [parameters]"),
    ("", "[design]\ntype = 'lhs'\nsize = 3", "type 'lhs' is unknown. Did you mean 'LatinHypercube'?"),
    (
        "",
        "[design]\ntype = 'LatinHypercube'\nn_samples = 3",
        "has no field 'n_samples'. Did you mean 'size'?",
    ),
    ("", "[design]\ntype = 'FullFactorial'\nn_levels = 3", "has no field 'n_levels'. Did you mean 'levels'?"),
    ("replications = 2.5", "", "replications is 2.5. Write a whole number"),
    ("common_random_numbers = 'no'", "", "common_random_numbers is 'no'. Write true or false"),
    ("constraints = 3", "", "constraints is 3. Write a list of texts"),
]


@pytest.mark.parametrize(("above", "below", "sentence"), FILES)
def test_a_file_is_told_the_same(above, below, sentence):
    text = f'model = "mesa.examples:Schelling"\n{above}\n[parameters]\ndensity = [0.5]\n{below}\n'
    with pytest.raises(ml.MesaLabError) as caught:
        ml.Experiment.from_toml(text).check()
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ml.LatinHypercube(n=3), "LatinHypercube takes no 'n'. Did you mean 'size'? It takes: size"),
        (lambda: ml.Sobol(n_samples=4), "Did you mean 'size'?"),
        (lambda: ml.MonteCarlo(siz=4), "Did you mean 'size'?"),
        (lambda: ml.FullFactorial(n_levels=4), "Did you mean 'levels'?"),
        (lambda: ml.OneAtATime(center={"n": 1}), "Did you mean 'base'?"),
        (lambda: ml.Halton(nonsense=4), "Halton takes no 'nonsense'. It takes: size"),
    ],
)
def test_a_design_names_the_setting_that_is_meant(call, sentence):
    with pytest.raises(DesignError) as caught:
        call()
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("call", "kind", "sentence"), EXPERIMENTS + RUNS)
def test_a_wrong_value_is_named_with_the_fix(call, kind, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert says(sentence, message), message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("call", "sentence"), KEYWORDS)
def test_an_unknown_keyword_is_named_with_the_one_that_is_meant(call, sentence):
    with pytest.raises(ExperimentError) as caught:
        call()
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"replications": np.int64(2)}, {"replications": 2}),
        ({"replications": np.uint8(2)}, {"replications": 2}),
        ({"max_steps": np.int32(2)}, {"max_steps": 2}),
        ({"seed": np.int64(3)}, {"seed": 3}),
        ({"period": np.int64(2)}, {"period": 2}),
        ({"period": np.int64(-1)}, {"period": -1}),
        ({"seeds": np.arange(3)}, {"seeds": (0, 1, 2), "replications": 3}),
        ({"seeds": range(3)}, {"seeds": (0, 1, 2), "replications": 3}),
        ({"seeds": pd.Series([4, 5])}, {"seeds": (4, 5), "replications": 2}),
        ({"max_time": np.float32(3)}, {"max_time": 3.0}),
        ({"max_time": np.int64(3)}, {"max_time": 3}),
        ({"timeout": fractions.Fraction(1, 2)}, {"timeout": 0.5}),
        ({"common_random_numbers": np.True_}, {"common_random_numbers": True}),
        ({"common_random_numbers": 0}, {"common_random_numbers": False}),
        ({"constraints": None}, {"constraints": ()}),
        ({"constraints": "density < 1"}, {"constraints": ("density < 1",)}),
        ({"design": ml.MonteCarlo(np.int64(3))}, {"n_points": 3}),
    ],
)
def test_what_numpy_counts_with_is_taken_as_plain_numbers(settings, kept):
    made = (
        experiment(**settings)
        if "design" not in settings
        else ml.Experiment(Schelling, {"density": ml.Real(0.1, 1)}, **settings)
    )
    for name, value in kept.items():
        found = getattr(made, name)
        assert found == value
        assert type(found) is type(value)
    assert (
        ml.Experiment.from_toml(made.replace(model="mesa.examples:Schelling").to_toml()).n_runs == made.n_runs
    )


def test_numbers_of_numpy_run_too(tmp_path):
    results = run(
        path=tmp_path / "a.study", n_jobs=np.int64(1), shard=(np.int64(1), np.int64(1)), overwrite=np.False_
    )
    assert len(results.runs) == 1
    configuration = ml.RunConfiguration(
        Schelling, np.int64(0), np.int64(0), {"density": 0.5}, max_steps=np.int64(2), seed=np.int64(4)
    )
    assert ml.simulate(configuration).steps == 2
    rows = ml.BatchRunner([configuration], np.int64(1), display_progress=np.False_).run_all()
    assert {row["seed"] for row in rows} == {4}
    rows = ml.batch_run(
        Schelling,
        DENSITY,
        np.int64(1),
        data_collection_period=np.int64(1),
        max_steps=np.int64(2),
        display_progress=False,
        rng=[None] * 2,
    )
    assert {row["RunId"] for row in rows} == {0, 1}


def test_a_model_may_be_a_path(tmp_path):
    file = tmp_path / "town.py"
    file.write_text(
        "import mesa\nclass Town(mesa.Model):\n    def step(self):\n        self.running = False\n"
    )
    made = ml.Experiment(file)
    made.check()
    assert made.model == str(file)


def test_agents_may_be_asked_for_by_their_class():
    kinds = {kind.__name__: kind for kind in WolfSheep().agent_types}
    made = ml.Experiment(
        WolfSheep, {"width": 5, "height": 5}, max_steps=1, agents={kinds["Wolf"]: ["energy"]}
    )
    results = run(made)
    assert results.agent_types == ("Wolf",)
    assert results.agents("Wolf")["energy"].notna().all()


class Moody(mesa.Model):
    """Agents get their mood from the model, one step in, under a name that no method of theirs has."""

    def __init__(self, rng=None):
        super().__init__(rng=rng)
        mesa.Agent.create_agents(self, 3)

    def step(self):
        for agent in self.agents:
            setattr(agent, "mood", 1)  # noqa: B010
            agent.model_mood = 2


def test_what_the_model_sets_later_is_not_refused_and_what_nothing_sets_is_said():
    made = ml.Experiment(Moody, agents=["mood", "model_mood", "weight"], max_steps=2)
    results = run(made, backend="sequential")
    assert results.agents()["mood"].max() == 1
    assert results.agents()["model_mood"].max() == 2
    assert results.recorded("notes").tolist() == ["No agent had 'weight'."]
    results = run(
        ml.Experiment(WolfSheep, {"width": 5, "height": 5}, max_steps=1, agents={"Lion": ["energy"]})
    )
    assert results.recorded("notes").tolist() == ["There was no agent of type 'Lion'."]


OTHERS = ["csv", "CSV", "toml", "py", "json", "xlsx", "parquet", "html", "png", "txt", "ipynb", "study-wal"]


@pytest.mark.parametrize("ending", OTHERS)
def test_a_study_is_not_called_like_another_kind_of_file(ending, tmp_path):
    path = tmp_path / f"runs.{ending}"
    with pytest.raises(StudyError, match=r"is that of .*\. Call it '.*runs\.study'"):
        run(path=path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["runs.study", "runs", "runs.db", "runs.sqlite", "v1.2", "a.STUDY", ".study"]
)
def test_a_study_may_have_any_other_name(name, tmp_path):
    run(path=tmp_path / name)
    assert len(ml.open_study(tmp_path / name).results.runs) == 1


def test_a_study_that_has_such_a_name_is_opened_and_gone_on_with(tmp_path):
    run(path=tmp_path / "a.study")
    old = (tmp_path / "a.study").rename(tmp_path / "a.csv")
    assert len(run(experiment(replications=3), old).runs) == 3
    assert len(ml.open_study(old).results.runs) == 3


def test_no_other_file_is_overwritten(tmp_path):
    path = tmp_path / "model.py"
    path.write_text("precious = True\n")
    with pytest.raises(StudyError, match="no study"):
        run(path=path, overwrite=True)
    assert path.read_text() == "precious = True\n"
    for make in (ml.open_study, lambda path: ml.merge([tmp_path / "a.study"], path, overwrite=True)):
        with pytest.raises(StudyError):
            make(path)
    assert path.read_text() == "precious = True\n"
