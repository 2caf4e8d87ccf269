import io
import json
import re

import ipywidgets
import numpy as np
import pytest
from PIL import Image

import recon3d_lite as r3d
from recon3d_lite import datasets, metrics, reconstruction, shapes
from recon3d_lite.widgets import explorer


@pytest.fixture
def answers(monkeypatch):
    """In the network's place: answers with the points of one example."""
    points = datasets.example("lamp", 4, points=2048).points[::2]
    monkeypatch.setattr(reconstruction, "_network", lambda *_: lambda batch: points[None])
    return points


def parts(panel):
    return panel.children  # choice, upload, message, pictures, view, scores


def send(upload, name, content):
    """As the browser does."""
    file = {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": 0}
    upload.set_state({"value": [file]})


def png(array) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def test_every_control_is_labelled_and_nothing_runs_unasked():
    panel = explorer()
    choice, upload, message, pictures, view, scores = parts(panel)
    assert isinstance(choice, ipywidgets.ToggleButtons)  # in JupyterLab a Dropdown does not get its keys
    assert isinstance(upload, ipywidgets.FileUpload)
    assert choice.description == "Built-in example:"
    assert upload.description == "or upload a picture"
    assert "Choose an example" in message.value
    assert (pictures.value, view.outputs, scores.value) == ("", (), "")
    assert {category for _, (category, _) in choice._options_full} == set(shapes.ALL)
    assert r3d.explorer is explorer


def test_an_example_shows_picture_points_truth_and_scores(answers):
    choice, _, message, pictures, view, scores = parts(explorer([("lamp", 4), ("chair", 8), ("chair", 7)]))
    assert [label for label, _ in choice._options_full] == ["lamp", "chair 8", "chair 7"]
    choice.value = ("chair", 7)
    assert "chair 7: 1024 points" in message.value
    images = re.findall(r"<img [^>]*>", pictures.value)
    assert len(images) == 2
    assert all(re.search(r'alt="[^"]+"', image) for image in images)
    [output] = view.outputs
    figure = output["data"]["application/vnd.plotly.v1+json"]
    assert [trace["name"] for trace in figure["data"]] == ["Prediction", "Truth"]
    assert "scene2" not in figure["layout"], "two scenes would not turn together"
    assert "chair 7" in figure["layout"]["meta"]["alt"]
    truth = datasets.example("chair", 7, points=2048).points[::2]
    chamfer, f, floor_chamfer, floor_f = map(float, re.findall(r"<td>([\d.]+)</td>", scores.value))
    assert chamfer == pytest.approx(metrics.chamfer_l1(answers, truth), abs=1e-4)
    assert f == pytest.approx(metrics.f_score(answers, truth), abs=0.01)
    assert chamfer > 2 * floor_chamfer > 0
    assert f < floor_f < 1
    json.dumps(output)  # what goes to the browser


def test_the_floor_is_what_a_perfect_answer_scores(answers):
    choice, *_, scores = parts(explorer([("lamp", 4)]))
    choice.value = ("lamp", 4)
    chamfer, f, floor_chamfer, floor_f = map(float, re.findall(r"<td>([\d.]+)</td>", scores.value))
    assert (chamfer, f) == (0, 1)
    shape = shapes.make("lamp", datasets.UNSEEN + 4)
    floor = metrics.sampling_floor(lambda n, rng: shape.sample(n, rng)[0], 1024)
    assert floor_chamfer == pytest.approx(floor["chamfer_l1"], rel=0.05)
    assert floor_f == pytest.approx(floor["f_score"], abs=0.05)


def test_an_uploaded_picture_shows_points_without_scores(answers):
    choice, upload, message, pictures, view, scores = parts(explorer([("lamp", 4)]))
    choice.value = ("lamp", 4)
    assert scores.value
    picture = np.full((60, 80, 3), 230, np.uint8)
    picture[20:40, 30:50] = [200, 50, 20]
    for _ in range(2):  # the same file again is answered again
        message.value = ""
        send(upload, "cup & saucer.png", png(picture))
        assert "cup &amp; saucer.png: 1024 points" in message.value
        assert not upload.value
    assert pictures.value.count("<img") == 2
    assert scores.value == ""
    assert len(view.outputs[0]["data"]["application/vnd.plotly.v1+json"]["data"]) == 1
    choice.value = ("lamp", 4)
    assert scores.value, "the example chosen before the upload could not be chosen again"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("words.jpg", b"no picture", "words.jpg: not a picture"),
        ("plain.png", png(np.full((40, 40, 3), 9, np.uint8)), "all one colour"),
        ("<b>cut.png", png(np.zeros((40, 40, 3), np.uint8))[:-40], "&lt;b&gt;cut.png: damaged"),
    ],
)
def test_a_bad_upload_is_answered_by_a_message(answers, name, content, said):
    choice, upload, message, pictures, view, scores = parts(explorer([("lamp", 4)]))
    choice.value = ("lamp", 4)
    send(upload, name, content)
    assert said in message.value
    assert 'role="alert"' in message.value
    assert (pictures.value, view.outputs, scores.value) == ("", (), ""), "the old answer stands beside the message"


def test_missing_weights_are_answered_by_a_message(monkeypatch):
    def missing(*_):
        raise FileNotFoundError("points.safetensors: no such file")

    monkeypatch.setattr(reconstruction, "_network", missing)
    choice, _, message, *_ = parts(explorer([("lamp", 4)]))
    choice.value = ("lamp", 4)
    assert "points.safetensors: no such file" in message.value


@pytest.mark.parametrize("wrong", [[], [("cup", 1)]])
def test_unknown_examples_are_named(wrong):
    with pytest.raises(ValueError, match=r"^shapes: .*accepted: .*mug"):
        explorer(wrong)
