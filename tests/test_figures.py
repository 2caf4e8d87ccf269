import errno
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from recon3d_lite import figures

POINTS = np.random.default_rng(0).uniform(-0.5, 0.5, (1024, 3))
PICTURE = np.linspace(0, 1, 40 * 30 * 3).reshape(40, 30, 3)


def every_figure() -> dict:
    words = {"title": "A title", "alt": "Words."}
    return {
        "cloud": figures.cloud(POINTS, **words),
        "cloud beside a picture": figures.cloud(POINTS, picture=PICTURE, **words),
        "compare": figures.compare(POINTS, POINTS, **words),
        "compare below a picture": figures.compare(POINTS, POINTS, picture=PICTURE, **words),
        "overlay": figures.compare(POINTS, POINTS, overlay=True, **words),
        "slider": figures.slider([POINTS, POINTS], [1, 2], name="epoch", **words),
        "slider with truth": figures.slider([POINTS, POINTS], [1, 2], name="epoch", truth=POINTS, **words),
        "mesh": figures.mesh(trimesh.creation.box(), **words),
    }


def stored(figure) -> dict:
    """The figure as a notebook keeps it."""
    return json.loads(figure.to_json())


@pytest.mark.parametrize("name", every_figure())
def test_every_figure_has_words_one_camera_and_one_cube(name):
    layout = stored(every_figure()[name])["layout"]
    assert layout["meta"]["alt"] == "Words."
    scenes = [value for key, value in layout.items() if key.startswith("scene")]
    assert scenes
    for scene in scenes:
        assert scene["camera"] == scenes[0]["camera"]
        assert scene["camera"]["eye"]["x"] > max(scene["camera"]["eye"]["y"], scene["camera"]["eye"]["z"], 1)
        assert scene["camera"]["up"] == {"x": 0, "y": 0, "z": 1}
        assert scene["aspectmode"] == "cube"
        for axis in "xyz":
            assert scene[f"{axis}axis"]["range"] == [-0.55, 0.55]
    assert layout.get("uirevision") == "keep"
    assert "diagonal" in json.dumps(layout["annotations"]), "the unit is not said"
    assert layout["meta"].get("linked", False) == (len(scenes) == 2)


@pytest.mark.parametrize("alt", ["", "  \n", None])
@pytest.mark.parametrize(
    "draw",
    [
        lambda alt: figures.cloud(POINTS, title="t", alt=alt),
        lambda alt: figures.compare(POINTS, POINTS, title="t", alt=alt),
        lambda alt: figures.slider([POINTS], ["a"], name="n", title="t", alt=alt),
        lambda alt: figures.mesh(trimesh.creation.box(), title="t", alt=alt),
        lambda alt: figures.pictures([PICTURE], ["t"], alt=alt),
    ],
)
def test_blank_alt_is_refused(draw, alt):
    with pytest.raises(ValueError, match="alt: blank"):
        draw(alt)


def test_stored_cloud_is_small_and_exact_to_three_decimals():
    figure = figures.cloud(POINTS, title="A title", alt="A short description of the cloud.")
    assert len(json.dumps(stored(figure))) <= 20_000
    trace = figure.data[0]
    assert (trace.type, trace.mode) == ("scatter3d", "markers")
    assert trace.x.dtype == np.float32
    np.testing.assert_array_equal(np.stack([trace.x, trace.y, trace.z], 1), POINTS.astype(np.float32).round(3))


def test_scenes_do_not_overlap_and_leave_room_for_the_picture():
    figure = figures.compare(POINTS, POINTS, title="t", alt="a", picture=PICTURE)
    left, right, image = figure.layout.scene.domain, figure.layout.scene2.domain, figure.layout.images[0]
    assert left.x[1] <= right.x[0]
    assert left.y == right.y
    assert image.y - image.sizey >= left.y[1]
    beside = figures.cloud(POINTS, title="t", alt="a", picture=PICTURE)
    assert beside.layout.images[0].sizex <= beside.layout.scene.domain.x[0]


def test_two_scenes_show_wide_objects_whole_at_390_pixels():
    # The vertical field of view of plotly.js is 45 degrees; the eye is this far from the middle of a cube whose
    # side, 1.1, plotly draws as length 1.
    layout = figures.compare(POINTS, POINTS, title="t", alt="a").layout
    pixels = layout.height - layout.margin.t - layout.margin.b
    eye = layout.scene.camera.eye
    distance = np.linalg.norm([eye.x, eye.y, eye.z])
    pixels_per_unit = pixels / (2 * distance * np.tan(np.pi / 8)) / 1.1
    assert 390 / 2 / pixels_per_unit > 0.95


def test_prediction_is_blue_and_truth_orange():
    for overlay in (False, True):
        figure = figures.compare(POINTS, POINTS, title="t", alt="a", overlay=overlay)
        assert [trace.marker.color for trace in figure.data] == ["#0072B2", "#E69F00"]
        assert [trace.scene for trace in figure.data] == ([None, None] if overlay else [None, "scene2"])


@given(st.integers(1, 6), st.booleans())
def test_slider_shows_exactly_one_cloud_at_each_step(n, with_truth):
    clouds = [[[0, 0, i / 10]] for i in range(n)]
    truth = [[0, 0, 0]] if with_truth else None
    figure = figures.slider(clouds, range(n), name="epoch", title="t", alt="a", truth=truth)
    assert [trace.visible is not False for trace in figure.data[:n]] == [i == 0 for i in range(n)]
    steps = figure.layout.sliders[0].steps
    assert len(steps) == n
    for i, step in enumerate(steps):
        assert step.method == "restyle"
        assert step.args[0] == "visible"
        assert len(step.args[1]) == len(figure.data)
        assert [j for j in range(n) if step.args[1][j]] == [i]
        assert all(step.args[1][n:])


@given(st.integers(2, 6))
def test_slider_shows_each_cloud_with_its_own_truth(n):
    clouds = [[[0, 0, i / 10]] for i in range(n)]
    figure = figures.slider(clouds, range(n), name="object", title="t", alt="a", truth=clouds)
    assert [trace.scene for trace in figure.data] == [None] * n + ["scene2"] * n
    assert [trace.visible is not False for trace in figure.data] == [i == 0 for i in range(n)] * 2
    for i, step in enumerate(figure.layout.sliders[0].steps):
        assert list(step.args[1]) == [i == j for j in range(n)] * 2
    with pytest.raises(ValueError, match="truth: 1 truths"):
        figures.slider(clouds, range(n), name="object", title="t", alt="a", truth=clouds[:1])


def test_colours_follow_height_or_the_numbers_given():
    height = figures.cloud([[0, 0, 0.2], [0, 0, -0.2], [0, 0, 0]], title="t", alt="a").data[0].marker.color
    assert list(height) == [255, 0, 128]
    given_ = figures.cloud(np.zeros((3, 3)), title="t", alt="a", colour=[5, 10, 5]).data[0].marker.color
    assert list(given_) == [0, 255, 0]
    assert figures.cloud(POINTS, title="t", alt="a", colour="red").data[0].marker.color == "red"
    for wrong in ([1, 2], np.full(1024, np.nan), POINTS):
        with pytest.raises(ValueError, match="colour"):
            figures.cloud(POINTS, title="t", alt="a", colour=wrong)


@pytest.mark.parametrize("wrong", [[], np.zeros((3, 2)), np.zeros((2, 4, 3)), [[0, 0, np.nan]], [[0, 0, np.inf]]])
def test_points_that_are_not_points_are_named(wrong):
    with pytest.raises(ValueError, match=r"^points"):
        figures.cloud(wrong, title="t", alt="a")
    with pytest.raises(ValueError, match=r"^truth"):
        figures.compare(POINTS, wrong, title="t", alt="a")


@pytest.mark.parametrize("wrong", [np.zeros(5), np.zeros((4, 4, 2)), np.full((4, 4), 1.5), np.full((4, 4), np.nan)])
def test_pictures_that_are_not_pictures_are_named(wrong):
    with pytest.raises(ValueError, match="picture"):
        figures.cloud(POINTS, title="t", alt="a", picture=wrong)


def test_labels_and_clouds_must_match():
    with pytest.raises(ValueError, match="1 labels for 2 clouds"):
        figures.slider([POINTS, POINTS], ["a"], name="n", title="t", alt="a")
    with pytest.raises(ValueError, match="labels"):
        figures.slider([], [], name="n", title="t", alt="a")
    with pytest.raises(ValueError, match="2 titles for 1 images"):
        figures.pictures([PICTURE], ["a", "b"], alt="a")


def test_labels_of_points_get_a_colour_each():
    label = np.arange(len(POINTS)) % 9 * 10 - 1
    marker = figures.cloud(POINTS, title="t", alt="a", part=label).data[0].marker
    colour = dict((round(position * marker.cmax), colour) for position, colour in marker.colorscale)
    assert [colour[value] for value in marker.color] == [figures.PALETTE[i % 9 % 7] for i in range(len(POINTS))]
    slider = figures.slider([POINTS] * 2, "ab", name="n", title="t", alt="a", parts=[label, 0 * label])
    assert list(slider.data[0].marker.color) == list(marker.color)
    assert not any(slider.data[1].marker.color)
    for wrong in (label[:-1], label * 1.0):
        with pytest.raises(ValueError, match="part"):
            figures.cloud(POINTS, title="t", alt="a", part=wrong)
    with pytest.raises(ValueError, match="parts: 1"):
        figures.slider([POINTS] * 2, "ab", name="n", title="t", alt="a", parts=[label])


def test_mesh_parts_get_a_colour_each():
    box = trimesh.creation.box()
    part = np.arange(12) // 2
    trace = figures.mesh(box, title="t", alt="a", part=part).data[0]
    assert trace.intensitymode == "cell"
    colour = dict((round(position * trace.cmax), colour) for position, colour in trace.colorscale)
    assert [colour[value] for value in trace.intensity] == [figures.PALETTE[p] for p in part]
    np.testing.assert_array_equal(np.stack([trace.i, trace.j, trace.k], 1), box.faces)
    pair = figures.mesh((box.vertices, box.faces), title="t", alt="a").data[0]
    np.testing.assert_array_equal(pair.x, trace.x)
    for wrong in ([0, 1], np.zeros(12), -np.ones(12, int)):
        with pytest.raises(ValueError, match="part"):
            figures.mesh(box, title="t", alt="a", part=wrong)
    with pytest.raises(ValueError, match="index 0 to 8, but there are 3 vertices"):
        figures.mesh((np.eye(3), [[0, 1, 8]]), title="t", alt="a")


def test_row_of_pictures_shows_each_under_its_title():
    rgba = np.zeros((4, 4, 4))
    rgba[..., 3] = 0.5
    row = figures.pictures([PICTURE, np.eye(4, dtype=bool), rgba], ["One", "Two", "Three"], alt="Three pictures.")
    assert [axis.get_title() for axis in row.axes] == ["One", "Two", "Three"]
    np.testing.assert_allclose(row.axes[0].images[0].get_array(), PICTURE, atol=1e-6)
    assert row.axes[1].images[0].get_array().shape == (4, 4, 3)
    assert not plt.get_fignums(), "a notebook would show the figure twice"


def test_saved_page_asks_nobody_for_anything(tmp_path):
    path = tmp_path / "page.html"
    figures.save_html(figures.cloud(POINTS, title="A <b>&amp;</b><br>title", alt='Say "hello" & <wave>.'), path)
    page = path.read_text()
    assert not re.search(r"<script[^>]*\ssrc=|<link[^>]*\shref=|<img[^>]*\ssrc=", page)
    assert 'aria-label="Say &quot;hello&quot; &amp; &lt;wave&gt;."' in page
    assert "plotly.js v" in page
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_a_page_that_cannot_be_saved_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(self, text, **_):
        with open(self, "w") as file:
            file.write(text[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "page.html").write_text("what was there")
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match=r"page\.html: .*No space left on device"):
        figures.save_html(figures.cloud(POINTS, title="t", alt="a"), tmp_path / "page.html")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "what was there"


def test_figures_know_nothing_of_networks():
    code = "import sys, recon3d_lite.figures; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
