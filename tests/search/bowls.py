"""What tests of searches share: a model that is a function with noise, and spaces to search."""

from __future__ import annotations

from pathlib import Path

import mesa_lab as ml

NOISY = f"{Path(__file__).parents[1] / 'fixtures' / 'noisy_models.py'}:Noisy"


def bowl(**changes):
    """An experiment on the bowl of `noisy_models`."""
    parameters = {"x": ml.Real(-1, 1), "y": ml.Real(-1, 1), "kind": ml.Choice(["a", "b"]), "noise": 0.5}
    settings = {"max_steps": 1, "outcomes": ["loss"], "seed": 7}
    return ml.Experiment(NOISY, parameters | changes.pop("parameters", {}), **(settings | changes))


def asked(study):
    """What a study asked for, without the clock."""
    return [(batch.runs, batch.why, batch.notes) for batch in study.batches]
