"""What others wrote is read in time that grows with its length, and what it asks for is bounded before it is worked out.

Inputs are so large that anything that grows faster than they do would not end within the time that a test gets.
"""

import itertools
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.errors import MesaLabError, suggest
from mesa_lab.preparation import limits
from mesa_lab.preparation.designs.csv_file import read_csv
from mesa_lab.preparation.limits import shortened, too_large
from mesa_lab.preparation.parameters import distributions
from mesa_lab.preparation.parameters.space import from_distribution

HEAD = "model = 'a:B'\n[parameters]\n"
MANY = 400_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 10_000 + "]" * 10_000, "has more than 50 lists or tables within each other"),
        ("a = " + "[" * 60 + "]" * 60, "has more than 50 lists or tables within each other"),
        ("a = " + "{b=" * 300 + "1" + "}" * 300, "has more than 50 lists or tables within each other"),
        ("a = " + "[{b=" * 100_000, "has more than 50 lists|no valid TOML"),
        (".".join(["a"] * 20_000) + " = 1", "has a key of more than 10 parts: 'a.a"),
        (" . ".join(["'a b'"] * 20_000) + " = 1", "has a key of more than 10 parts"),
        ('"a"."b".' * 10_000 + "c = 1", "has a key of more than 10 parts"),
        ("[" + ".".join(["a"] * 20_000) + "]", "has a key of more than 10 parts"),
        ("x = {" + ".".join(["a"] * 20_000) + " = 1}", "has a key of more than 10 parts"),
        ("\n".join(f"k{n}." + ".".join("abcdefgh") + " = 1" for n in range(3_000)), "says no range"),
        ("a = " + "9" * 1_000_000, "number that is too long"),
        ("a = 0x" + "f" * 1_000_000, "has a whole number of more than 1024 bits"),
        ("a = [[1, [2, 0b1" + "0" * 2_000 + "]]]", "has a whole number of more than 1024 bits"),
        ("a = " + "[" * MANY, "no valid TOML|has more than 50"),
        ("a" * MANY + " = 1", "has a name of 400,000 characters"),
        ("-" * MANY, "no valid TOML"),
        ("'" + '"' * MANY, "no valid TOML"),
        ("a = { rael = [" + "1, " * MANY + "1] }", "says no range"),
        (
            "a = { distribution = 'norm', " + ", ".join(f"x{n} = 1" for n in range(20_000)) + "}",
            "takes no 'x0'",
        ),
        (
            "a = { integer = [0, 1], step = 1" + "0" * 400 + " }",
            "whole number of more than 1024 bits|Give a whole",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_asks_for_much_is_refused_in_a_sentence(text, message):
    with pytest.raises(MesaLabError, match=message) as refused:
        ml.Experiment.from_toml(HEAD + text)
    assert len(str(refused.value)) < 1_000


def test_many_unknown_fields_are_named_by_a_few():
    text = "model = 'a:B'\n" + "\n".join(f"field{n} = 1" for n in range(50_000))
    with pytest.raises(MesaLabError, match="unknown field 'field0'") as refused:
        ml.Experiment.from_toml(text)
    assert len(str(refused.value)) < 3_000


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a = '" + '"' * 2_000_000 + "'", lambda got: len(got.parameters["a"])),
        ('a = """' + '""x' * 500_000 + '"""', lambda got: len(got.parameters["a"]) // 3 * 4),
        ("a = [" + ", ".join(map(str, range(MANY))) + "]", lambda got: 5 * got.parameters["a"].count),
        ("\n".join(f"p{n} = {n}" for n in range(50_000)), lambda got: 40 * len(got.parameters)),
    ],
    ids=["quotes", "quotes within quotes", "levels", "parameters"],
)
def test_a_long_file_is_read(text, read):
    assert read(ml.Experiment.from_toml(HEAD + text)) == 2_000_000


def test_many_outcomes_are_read_and_written():
    text = "model = 'a:B'\noutcomes = [" + ", ".join(f"'o{n}'" for n in range(20_000)) + "]"
    experiment = ml.Experiment.from_toml(text)
    assert len(experiment.outcomes) == 20_000
    assert ml.Experiment.from_toml(experiment.to_toml()) == experiment
    with pytest.raises(MesaLabError, match="Two outcomes are named 'o0'"):
        ml.Experiment.from_toml(text.replace("'o19999'", "'o0'"))


def test_a_table_of_many_columns_is_read_and_written(tmp_path: Path):
    path = tmp_path / "wide.csv"
    names = [f"c{n}" for n in range(100_000)]
    path.write_text(",".join(names) + "\n" + ",".join("1" * len(names)) + "\n")
    columns, lines = read_csv(path)
    assert (list(columns), lines) == (names, (2,))
    path.write_text(",".join(names[:10_000]) + "\n" + ",".join("1" * 10_000) + "\n" + ",".join("2" * 10_000))
    table = ml.Table(path)
    experiment = ml.Experiment("a:B", {name: [1, 2] for name in table.names}, table)
    assert experiment.design_matrix().shape == (2, 10_000)
    assert ml.Experiment.from_toml(experiment.to_toml()) == experiment
    path.write_text(",".join(names) + "\n1\n")
    with pytest.raises(MesaLabError, match="names 100000 columns: c0, c1") as refused:
        read_csv(path)
    assert len(str(refused.value)) < 400


HARD = [
    ("zipf", {"a": 1.0001}),
    ("zipf", {"a": 1.5, "high": 10**15}),
    ("zipfian", {"a": 1.1, "n": 10**8}),
    ("nbinom", {"n": 10**18, "p": 1e-12}),
    ("hypergeom", {"M": 10**15, "n": 10**14, "N": 10**14}),
    ("nhypergeom", {"M": 10**9, "n": 10**8, "r": 10**8}),
    ("skellam", {"mu1": 1e300, "mu2": 1e300}),
    ("logser", {"p": 1 - 1e-15}),
    ("betabinom", {"n": 10**12, "a": 1, "b": 1}),
    ("studentized_range", {"k": 3, "df": 10}),
    ("levy_stable", {"alpha": 1.2, "beta": 0.5, "low": 0, "high": 1}),
    ("gausshyper", {"a": 1e5, "b": 1e5, "c": 3, "z": 0.5}),
    ("genhyperbolic", {"p": 1e9, "a": 1e9, "b": 1}),
]


@pytest.mark.parametrize(("name", "arguments"), HARD, ids=str)
def test_a_distribution_is_named_without_working_anything_out(monkeypatch, name, arguments):
    from scipy import stats

    def refuse(*_, **__):
        raise AssertionError("A value was worked out.")

    for kind in (stats.rv_continuous, stats.rv_discrete):
        for method in ("ppf", "cdf", "pdf", "sf", "isf", "mean", "stats", "rvs"):
            if hasattr(kind, method):
                monkeypatch.setattr(kind, method, refuse)
    distributions._frozen.cache_clear()
    parameter = from_distribution(name, **arguments)
    experiment = ml.Experiment("a:B", {"a": parameter}, ml.Sobol(8))
    again = ml.Experiment.from_toml(experiment.to_toml())
    assert again == experiment
    assert parameter.contains(3) in (True, False)
    assert parameter.count is None or parameter.count > 0
    assert name in repr(again)
    distributions._frozen.cache_clear()


def test_a_distribution_that_scipy_cannot_work_out_says_so_when_points_are_made():
    with pytest.raises(MesaLabError, match="more than 63 bits. Cut it off"):
        ml.Experiment("a:B", {"a": from_distribution("geom", p=1e-20)}, ml.MonteCarlo(2)).design_matrix()
    with pytest.raises(MesaLabError, match="scipy finds no finite values of the distribution 'poisson'"):
        ml.Experiment("a:B", {"a": from_distribution("poisson", mu=1e30)}, ml.MonteCarlo(2)).design_matrix()
    with pytest.raises(MesaLabError, match="does not exist for p=0.5"):
        from_distribution("poisson_binom", p=0.5)


HUGE = 10**400


@pytest.mark.parametrize(
    "make",
    [
        lambda: ml.Integer(0, HUGE),
        lambda: ml.Integer(HUGE, 0),
        lambda: ml.Integer(0, 9, step=HUGE),
        lambda: ml.Real(0, HUGE),
        lambda: ml.Real(-HUGE, 0),
        lambda: ml.Real(distribution="norm", loc=HUGE),
        lambda: from_distribution("poisson", mu=HUGE),
        lambda: ml.Integer(0, 9).levels(-HUGE),
        lambda: ml.LatinHypercube(HUGE),
        lambda: ml.LatinHypercube(10**36, strength=2),
        lambda: ml.Sobol(-HUGE),
        lambda: ml.FullFactorial(HUGE),
        lambda: ml.FullFactorial({"a": HUGE}),
        lambda: ml.SparseGrid(HUGE),
        lambda: ml.Experiment("a:B", replications=HUGE),
        lambda: ml.Experiment("a:B", replications=2**63),
        lambda: ml.Experiment("a:B", max_steps=HUGE),
        lambda: ml.Experiment("a:B", max_time=HUGE),
        lambda: ml.Experiment("a:B", timeout=HUGE),
        lambda: ml.Experiment("a:B", period=HUGE),
        lambda: ml.Experiment("a:B", seed=2**2000),
        lambda: ml.Experiment("a:B", seeds=[2**2000]),
        lambda: ml.Experiment("a:B", {"a": ml.Integer(0, 10**300)}, ml.FullFactorial()).n_points,
        lambda: (
            ml.Experiment(
                "a:B", {f"p{n}": ml.Real(1, 9, log=True) for n in range(500)}, ml.FullFactorial(10**14)
            ).n_points
        ),
        lambda: ml.Experiment("a:B", {"a": ml.Real(0, 1)}, ml.Halton(10**15)).n_points,
        lambda: ml.Experiment("a:B", {"a": ml.Real(0, 1)}, ml.OneAtATime(10**15)).n_points,
        lambda: ml.Experiment("a:B", {"a": ml.Real(0, 1)}, ml.Zip(10**15)).n_points,
    ],
)
def test_numbers_that_are_too_large_are_refused_in_a_sentence(make):
    with pytest.raises(MesaLabError) as refused:
        make()
    assert len(str(refused.value)) < 600


def test_large_whole_numbers_that_a_float_holds_are_ranges_as_ever():
    wide = ml.Integer(-(10**300), 10**300)
    assert wide.levels(3) == (-(10**300), 0, 10**300)
    assert wide.to_unit([0]) == pytest.approx([0.5])
    assert all(isinstance(value, int) for value in wide.from_unit([0.1, 0.9]))


def nested(depth):
    design = ml.Sobol(2)
    for number in range(depth - 1):
        design = ml.Union([design]) if number % 2 else ml.Part(design)
    return design


def test_designs_lie_within_each_other_to_a_bounded_depth():
    assert nested(10).depth == 10
    assert len(ml.Experiment("a:B", {"a": ml.Real(0, 1)}, nested(10)).design_matrix()) == 2
    with pytest.raises(MesaLabError, match="More than 10 designs lie within each other"):
        nested(11)


def test_near_names_are_sought_among_a_bounded_number_of_bounded_length():
    assert (
        suggest("hapy", itertools.chain(["happy"], (f"x{n}" for n in range(10**9))))
        == " Did you mean 'happy'?"
    )
    assert suggest("a" * 100_000, ["a" * 99_999] * 3) == ""
    assert suggest("hapy", ["h" * 10**6, "happy"]) == " Did you mean 'happy'?"


def test_what_is_too_large_is_said():
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    assert too_large({"a": deep}) == "more than 50 lists or tables within each other"
    assert too_large([1.5, "x", None, True, {"a": 2**1024 - 1}]) == ""
    assert too_large({"a": ({"b": 2**1024},)}) == "a whole number of more than 1024 bits"


def test_a_value_is_shortened_whatever_it_is():
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    for value, text in (
        ("x" * 10**7, "'" + "x" * 59 + "…"),
        (2**100_000, "a number of 100,001 bits"),
        (deep, "a list"),
        ([10**5000], "a list"),
        (True, "True"),
        ({"a": 1}, "{'a': 1}"),
    ):
        assert shortened(value) == text


def test_the_guide_says_the_same_numbers():
    guide = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    tables = " ".join(line for line in guide.splitlines() if line.startswith("|"))
    beyond = {"LARGEST_SEED", "OWN_PROCESS_SECONDS", "PROCESS_BYTES", "PROCESS_SECONDS"}
    for name in limits.__all__:
        if name.isupper() and name not in beyond:
            assert f" {getattr(limits, name):,} |" in tables, name
    assert (
        f"after {limits.PROCESS_SECONDS} seconds of the processor ({limits.OWN_PROCESS_SECONDS}"
        in guide.replace("\n", " ")
    )
    assert f"more than {limits.PROCESS_BYTES // 2**30} GiB" in guide
