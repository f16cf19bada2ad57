"""What runs cost is known from the studies that are there."""

import solara

import mesa_lab as ml
from mesa_lab.app.hooks.use_speed import use_speed
from mesa_lab.workspace.test_run import Speed, Trial
from mesa_lab.workspace.workspace import Workspace

SCHELLING = "mesa.examples:Schelling"


def test_recorded_run_times_are_used_until_the_model_is_tried(show, tmp_path):
    workspace = Workspace(tmp_path / "mine", tmp_path)
    seen = []

    @solara.component
    def Shown(model, trial):
        seen.append(use_speed(workspace, model, trial))
        solara.Text(f"known: {seen[-1] is not None}")

    show(Shown(SCHELLING, None)).until("known: False")
    experiment = ml.Experiment(SCHELLING, {"density": [0.6, 0.8]}, max_steps=3)
    ref = workspace.make("some", experiment)
    ml.run(experiment, ref.path, progress=False, backend="sequential")
    show(Shown(SCHELLING, None)).until("known: True")
    assert seen[-1].step_seconds > 0
    show(Shown(SCHELLING, Trial("done", speed=Speed(1.0, 7.0)))).until(lambda: seen[-1] == Speed(1.0, 7.0))
    show(Shown("mesa.examples:WolfSheep", None)).until("known: False")
