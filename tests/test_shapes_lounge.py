"""Sofas and beds: which end is which."""

import numpy as np
import pytest
from test_shapes import SEEDS, points_of

from recon3d_lite import shapes
from recon3d_lite.shapes import bed, sofa


@pytest.mark.parametrize("style", [style for style in sofa.STYLES if style not in ("chaise", "ottoman")])
def test_the_back_of_a_sofa_is_behind_its_seat_and_above(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("sofa", seed, style)
        seat, back = points_of(shape, "seat"), points_of(shape, "back")
        assert back[:, 0].min() < seat[:, 0].min() + 0.02
        assert back[:, 0].mean() < seat[:, 0].mean() - 0.02
        assert back[:, 2].max() > seat[:, 2].max()


def test_a_corner_sofa_turns_to_either_side() -> None:
    seats = [points_of(shapes.make("sofa", seed, "corner"), "seat") for seed in range(12)]
    sides = [np.sign(seat[seat[:, 0] > 0.9 * seat[:, 0].max(), 1].mean()) for seat in seats]
    assert set(sides) == {-1, 1}


@pytest.mark.parametrize("style", bed.STYLES)
def test_the_head_of_a_bed_is_at_minus_x(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("bed", seed, style)
        for name, side in [("pillow", -1), ("headboard", -1), ("footboard", 1), ("blanket", 1)]:
            x = points_of(shape, name)[:, 0]
            hangs = style == "canopy" and name == "blanket"  # its curtains
            day_bed = name == "headboard" and np.ptp(x) > 0.4
            assert hangs or day_bed or not len(x) or side * x.mean() > 0
        pillow, mattress = points_of(shape, "pillow"), points_of(shape, "mattress")
        assert not len(pillow) or pillow[:, 2].max() > mattress[:, 2].max()
