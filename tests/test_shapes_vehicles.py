"""Trucks, buses and two-wheelers: on their wheels, facing forward."""

import numpy as np
import pytest
from test_shapes import SEEDS, points_of

from recon3d_lite import shapes
from recon3d_lite.shapes import truck_bus, two_wheeler

EVERY_STYLE = [("truck_bus", style) for style in truck_bus.STYLES]
EVERY_STYLE += [("two_wheeler", style) for style in two_wheeler.STYLES]


@pytest.mark.parametrize(("category", "style"), EVERY_STYLE)
def test_vehicles_stand_on_their_wheels_in_front_and_behind(category: str, style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make(category, seed, style)
        wheel, low = points_of(shape, "wheel", n=10_000), shape.mesh.bounds[0, 2]
        ground = wheel[wheel[:, 2] < low + 0.03]
        assert wheel[:, 2].min() < low + 0.01
        assert np.ptp(ground[:, 0]) > 0.35 * shape.mesh.extents[0]
        assert abs(ground[:, 1].max() + ground[:, 1].min()) < 0.02  # as far to the left as to the right


@pytest.mark.parametrize("style", ["school_bus", "box_truck", "open_truck", "tanker", "semi", "fire_engine"])
def test_the_cab_is_in_front_of_the_load(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("truck_bus", seed, style)
        cab, body = points_of(shape, "cab")[:, 0], points_of(shape, "body")[:, 0]
        assert not len(body) or cab.mean() > body.mean() + 0.2  # a tractor may drive without its trailer


@pytest.mark.parametrize("style", two_wheeler.STYLES)
def test_a_two_wheeler_is_steered_in_front_of_its_seat(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("two_wheeler", seed, style)
        bar, seat, wheel = (points_of(shape, name) for name in ("handlebar", "seat", "wheel"))
        assert bar[:, 2].mean() > wheel[:, 2].max()
        assert not len(seat) or bar[:, 0].mean() > seat[:, 0].mean() + 0.05  # most kick scooters have none
        if style in ("racer", "dirt_bike", "cruiser", "scooter"):  # others may have a third wheel
            assert np.abs(wheel[:, 1]).max() < 0.1
