"""Factorial studies from published tables."""

import itertools

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.processing.analysis.effects.fit import fit_model, merged_repeats
from mesa_lab.processing.analysis.effects.terms import model_of
from mesa_lab.processing.analysis.observations import observe
from mesa_lab.testing import synthetic_results


def standard_order(k, names="ABCDE"):
    """The points of a two-level design, the first factor changing fastest."""
    rows = [levels[::-1] for levels in itertools.product([-1, 1], repeat=k)]
    return pd.DataFrame(rows, columns=list(names[:k]))


def study(points, values, replications=1, **settings):
    """Results at given points; values count all points once, then the next replication."""
    parameters = {
        name: ml.Real(float(column.min()) - 1, float(column.max()) + 1)
        if column.dtype.kind == "f"
        else ml.Levels(sorted(set(column)))
        for name, column in points.items()
    }
    experiment = ml.Experiment(
        "none:None", parameters, design=ml.Table(points), replications=replications, **settings
    )
    given = values if callable(values) else lambda runs, rng: np.asarray(values)
    return synthetic_results(experiment, {"y": given})


def fitted(results, saturated=False):
    observed = merged_repeats(observe(results, "y"))
    model = model_of(observed.factors, saturated=saturated)
    return observed, model, fit_model(observed, model)


@pytest.fixture
def eddy_current():
    """NIST/SEMATECH e-Handbook 5.6.1: sensitivity of an eddy current probe, 2³, run once."""
    return study(standard_order(3), [1.70, 4.57, 0.55, 3.39, 1.51, 4.59, 0.67, 4.29])


@pytest.fixture
def filtration():
    """Montgomery's filtration rates: 2⁴, run once."""
    return study(standard_order(4), [45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96])


@pytest.fixture
def springs():
    """Box and Bisgaard (1987): share of springs without cracks, 2³."""
    points = pd.DataFrame(
        list(itertools.product([70, 120], [0.5, 0.7], [1450, 1600])), columns=["oil", "carbon", "steel"]
    )
    return study(points, [67, 79, 61, 75, 59, 90, 52, 87])
