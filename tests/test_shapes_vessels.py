"""What makes a vase a vase and a bottle a bottle: open from above, narrower at the neck; the handle on the left."""

import numpy as np
import pytest
from test_shapes import SEEDS, points_of

from recon3d_lite import shapes


@pytest.mark.parametrize("style", [style for style in shapes.STYLES["vase"] if style != "jar"])
def test_a_vase_is_open_from_above(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("vase", seed, style)
        if {"plant", "lid"} & {shape.part_names[i] for i in shape.part}:  # stems in the mouth; a teapot
            continue
        body = points_of(shape, "body")
        x, y = (body.min(0) + body.max(0))[:2] / 2
        hits, *_ = shape.mesh.ray.intersects_location([(x, 0 if style == "jug" else y, 1)], [(0, 0, -1)])
        assert hits[:, 2].max() < body[:, 2].min() + 0.4 * np.ptp(body[:, 2])


def test_the_lid_of_a_jar_is_on_top() -> None:
    for seed in SEEDS:
        shape = shapes.make("vase", seed, "jar")
        assert points_of(shape, "lid")[:, 2].min() > points_of(shape, "body")[:, 2].max() - 0.03


@pytest.mark.parametrize("style", shapes.STYLES["bottle"])
def test_a_bottle_is_narrower_at_its_neck_and_its_cap_is_on_top(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("bottle", seed, style)
        body, neck, cap = (points_of(shape, name) for name in ("body", "neck", "cap"))
        assert np.ptp(neck[neck[:, 2] < np.median(neck[:, 2])][:, 1]) < np.ptp(body[:, 1])
        assert neck[:, 2].mean() > body[:, 2].max() - 0.05
        assert not len(cap) or cap[:, 2].max() > neck[:, 2].max()


@pytest.mark.parametrize(("category", "style"), [("vase", "jug"), ("bottle", "flask"), ("bottle", "cleaner")])
def test_the_handle_is_on_the_left(category: str, style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make(category, seed, style)
        handle, spout = points_of(shape, "handle"), points_of(shape, *{"spout"} & set(shape.part_names))
        assert not len(handle) or handle[:, 1].mean() > points_of(shape, "body")[:, 1].mean()
        assert not len(spout) or spout[:, 1].mean() < 0
