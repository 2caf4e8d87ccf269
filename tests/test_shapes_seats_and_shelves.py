"""Benches, bookshelves and stools: which way they face, what is on top, what stands on what."""

import numpy as np
import pytest
import trimesh
from test_shapes import SEEDS, points_of

from recon3d_lite import shapes


@pytest.mark.parametrize("style", ["park", "settle", "block", "upholstered", "hall"])
def test_the_back_of_a_bench_is_behind_its_seat_and_above(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("bench", seed, style)
        seat, back = points_of(shape, "seat", "cushion"), points_of(shape, "back")
        assert np.ptp(seat[:, 1]) > np.ptp(seat[:, 0])  # long from left to right
        assert not len(back) or back[:, 0].mean() < seat[:, 0].mean() - 0.05
        assert not len(back) or back[:, 2].max() > seat[:, 2].max()


def test_a_picnic_table_stands_above_the_benches_beside_it() -> None:
    for seed in SEEDS:
        shape = shapes.make("bench", seed, "picnic")
        table, seat = points_of(shape, "table"), points_of(shape, "seat")
        assert table[:, 2].min() > seat[:, 2].max() + 0.02
        assert seat[:, 0].min() < table[:, 0].min()
        assert seat[:, 0].max() > table[:, 0].max()


def part_of(shape: shapes.Shape, *names: str) -> trimesh.Trimesh:
    chosen = np.isin(shape.part, [shape.part_names.index(name) for name in names])
    return trimesh.Trimesh(shape.mesh.vertices, shape.mesh.faces[chosen])


def test_a_bookshelf_is_hollow_from_the_front_and_its_books_stand_on_boards() -> None:
    grid = np.stack(np.meshgrid([1.0], np.linspace(-0.4, 0.4, 15), np.linspace(-0.4, 0.4, 15)), -1).reshape(-1, 3)
    books = 0
    for seed in range(20):
        shape = shapes.make("bookshelf", seed, "case")
        empty = part_of(shape, "side", "shelf", "back")
        front, *_ = empty.ray.intersects_location(grid * (1, *shape.mesh.extents[1:]), [(-1, 0, 0)] * len(grid), False)
        back = points_of(shape, "back")
        if len(back):
            assert np.median(front[:, 0]) < 0  # a ray reaches the back, between the boards
            assert back[:, 0].max() < -0.2 * shape.mesh.extents[0]
        if len(points_of(shape, "book")):
            each = part_of(shape, "book").split()
            books += len(each)
            tops = [body.bounds[1, 2] for body in [*part_of(shape, "shelf").split(), *each]]
            lows = np.array([body.bounds[0, 2] for body in each])
            assert np.abs(lows[:, None] - tops).min(1).max() < 0.006  # on a board, or on another book
    assert books > 100


def test_the_doors_and_drawers_of_a_cupboard_are_in_front() -> None:
    for seed in SEEDS:
        shape = shapes.make("bookshelf", seed, "cupboard")
        assert points_of(shape, "door", "drawer")[:, 0].min() > 0.2 * shape.mesh.extents[0]


@pytest.mark.parametrize("style", ["bar", "square", "milking", "swivel", "pouffe", "boards", "folding", "steps"])
def test_the_seat_of_a_stool_is_on_top(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("stool", seed, style)
        seat, back = points_of(shape, "seat"), points_of(shape, "back")
        assert seat[:, 2].max() > points_of(shape, "leg", "rung", "base")[:, 2].max() - 0.02
        assert not len(back) or style in ("bar", "swivel")  # some of these have a low one
        assert not len(back) or back[:, 0].mean() < seat[:, 0].mean() - 0.05
