"""A run is watched under each release of Mesa: it is the run of the study, in the author's pictures and in ours."""

import pytest

import mesa_lab as ml
from mesa_lab.study import Study
from mesa_lab.viewing.viewer import Viewer


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("watched") / "x.study"
    experiment = ml.Experiment("mesa.examples:VirusOnNetwork", {"num_nodes": [10, 12]}, max_steps=4, seed=3)
    ml.run(experiment, path, n_jobs=1, progress=False)
    return path


@pytest.mark.parametrize("plain", [False, True], ids=["the author's", "default"])
def test_a_watched_run_is_that_of_the_study(study, plain):
    with Study.open(study) as opened, Viewer.of_study(opened, 1, plain=plain) as viewer:
        for step in (3, 1):
            frame = viewer.go(step)
            assert (frame.step, frame.problem, frame.check) == (step, "", "equal")
            assert [picture.title for picture in frame.pictures][:1] == ["Space"]
            assert all(picture.png.startswith(b"\x89PNG") for picture in frame.pictures if picture.png)
