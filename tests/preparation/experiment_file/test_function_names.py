"""What only one program can find is not written into a file that others are to run; a study keeps it."""

from __future__ import annotations

import functools
import operator
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mesa_lab as ml
from mesa_lab.study import rescue

FIXTURES = Path(__file__).parents[2] / "fixtures"


class Asked:
    def __call__(self, model: Any) -> bool:
        return False

    def stops(self, model: Any) -> bool:
        return False


def local() -> Any:
    def stops(model: Any) -> bool:
        return False

    return stops


def experiment(**settings: Any) -> ml.Experiment:
    return ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, max_steps=2, **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stop_when": lambda model: True}, r"^stop_when is the function '.*:<lambda>'.*Write an expression"),
        ({"stop_when": local()}, r"^stop_when is the function '.*:local.<locals>.stops'"),
        ({"stop_when": Asked()}, r"^stop_when is the function '.*:Asked'"),
        ({"stop_when": Asked().stops}, r"^stop_when is the function '.*:Asked.stops'"),
        ({"stop_when": functools.partial(operator.eq, 1)}, r"^stop_when is the function 'functools:partial'"),
        ({"stop_when": "__main__:stops"}, r"^stop_when is the function '__main__:stops'"),
        ({"outcomes": {"x": lambda model: 1}}, r"^Outcome 'x' is the function '.*<lambda>'.*Name a reporter"),
        ({"outcomes": ["happy", "models:a.<locals>.b"]}, r"^Outcome 'models:a.<locals>.b' is the function"),
        ({"design": lambda space, seed: []}, r"^The design's function is the function '.*<lambda>'.*Table"),
        (
            {"design": ml.Union([ml.Part(lambda space, seed: []), ml.FullFactorial()])},
            r"^The design's function is the function '.*<lambda>'",
        ),
    ],
)
def test_what_nobody_can_find_again_is_not_saved(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(
        ml.ExperimentError, match=rf"{message}.*module, where it has a name: 'module:function'"
    ):
        experiment(**settings).save(tmp_path / "x.toml")
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_found_again_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_rules.py").write_text(
        "class Rules:\n    @staticmethod\n    def stops(model):\n        return True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import my_rules  # type: ignore[import-not-found]

    for stop_when in (operator.not_, my_rules.Rules.stops, "my_rules:Rules.stops", "happy == 3"):
        made = experiment(stop_when=stop_when, outcomes=["happy"], design=ml.FunctionDesign("points.py:make"))
        made.save(tmp_path / "x.toml")
        text = made.to_toml()
        assert ml.Experiment.load(tmp_path / "x.toml").to_toml() == text
    sys.modules.pop("my_rules")


def test_a_script_is_told_where_to_put_its_function(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import mesa_lab as ml\n\n\ndef stops(model):\n    return True\n\n\n"
        "e = ml.Experiment('mesa.examples:Schelling', {'density': [0.6]}, max_steps=2, stop_when=stops)\n"
        "try:\n    e.save('x.toml')\nexcept ml.ExperimentError as error:\n    print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith("stop_when is the function '__main__:stops', which only the program")
    assert not (tmp_path / "x.toml").exists()


def test_a_study_of_such_a_function_is_made_opened_gone_on_with_and_rescued(tmp_path: Path) -> None:
    made = experiment(stop_when=lambda model: model.steps == 1, outcomes={"x": lambda model: 7})
    path = tmp_path / "x.study"
    results = ml.run(made, path, backend="sequential", progress=False)
    assert results.runs["steps"].tolist() == [1, 1]
    assert results.runs["x"].tolist() == [7, 7]
    opened = ml.open_study(path)
    assert "<lambda>" in str(opened.experiment.stop_when)
    assert len(ml.run(made.replace(replications=2), path, backend="sequential", progress=False).runs) == 4
    assert rescue(path, tmp_path / "saved.study").runs == 4
    assert "<lambda>" in ml.open_study(tmp_path / "saved.study").experiment.to_toml()
    with pytest.raises(ml.ExperimentError, match="a file cannot name it"):
        opened.experiment.save(tmp_path / "x.toml")
