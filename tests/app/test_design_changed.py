"""Whether the design at hand needs a study of its own."""

import mesa_lab as ml
from mesa_lab.app.design_changed import Made, is_another

EXPERIMENT = ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.8]}, replications=3)


def test_a_study_that_cannot_grow_into_the_design_is_left_behind():
    made = Made("old", "finished", EXPERIMENT)
    assert is_another(made, EXPERIMENT.replace(parameters={"density": [0.5, 0.9]}))
    assert is_another(made, EXPERIMENT.replace(max_steps=7))
    assert is_another(made, EXPERIMENT.replace(model="mesa.examples:WolfSheep", parameters={"width": [5, 9]}))
    assert not is_another(made, EXPERIMENT)
    assert not is_another(made, EXPERIMENT.replace(replications=5))  # more runs of the same study
    assert not is_another(None, EXPERIMENT)
    assert not is_another(made, None)
