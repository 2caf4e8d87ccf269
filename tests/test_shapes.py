"""The procedural shapes: repeatable, normalised, labelled, upright, in one piece, and various."""

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from recon3d_lite import shapes
from recon3d_lite.shapes import parts

EVERY_STYLE = [(category, style) for category in shapes.ALL for style in shapes.STYLES[category]]


def digest(shape: shapes.Shape) -> str:
    arrays = shape.mesh.vertices, shape.mesh.faces, shape.part
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def points_of(shape: shapes.Shape, *names: str, n: int = 3000) -> np.ndarray:
    points, part = shape.sample(n, np.random.default_rng(0))
    return points[np.isin(part, [shape.part_names.index(name) for name in names])]


def chamfer_l1(x: np.ndarray, y: np.ndarray) -> float:
    return (cKDTree(x).query(y)[0].mean() + cKDTree(y).query(x)[0].mean()) / 2


# --- parts -----------------------------------------------------------------------------------------------------------

N = 24
POLYGON = N / 2 * np.sin(2 * np.pi / N)  # area of the regular N-gon in the unit circle
SOLIDS = {
    "box": (parts.box((1, 2, 3), at=(5, 6, 7)), 6.0),
    "pyramid": (parts.box((1, 2, 3), top=0.0), 2.0),
    "slab": (parts.slab(parts.superellipse(1, 2, n=N), 1.0, 1.5), POLYGON),
    "beam": (parts.beam((0, 0, 0), (1, 1, 1), 0.1, 0.2), 0.02 * np.sqrt(3)),
    "tube": (parts.tube([(0, 0, 0), (0, 3, 4)], 0.5, N), 0.25 * POLYGON * 5),
    "cone": (parts.tube([(0, 0, 0), (2, 0, 0)], [1.0, 0.0], N), POLYGON * 2 / 3),
    "plate": (parts.plate([2.0, 2.0, 2.0], 3.0, 0.1), 0.6),
    "revolve": (parts.revolve([(0, 0), (1, 0), (1, 2), (0.5, 2), (0.5, 1), (0, 1)], N), POLYGON * (2 - 0.25)),
    # A lathed profile encloses the polygon instead of the circle in every level: Pappus with 2 pi -> 2 * POLYGON.
    "washer": (parts.revolve([(1, 0), (2, 0), (2, 1), (1, 1)], N, loop=True), 3 * POLYGON),
    "mirrored": (parts.mirror_y(parts.box((1, 2, 3), at=(0, 4, 0))), 6.0),
    "pair": (parts.pair(parts.box((1, 2, 3), at=(0, 4, 0))), 12.0),
    "around": (parts.around(parts.box((1, 1, 1), at=(3, 0, 0)), 5), 5.0),
}


def solid(part: parts.Part) -> trimesh.Trimesh:
    """The part as `make` leaves it: poles welded, faces without area gone."""
    mesh = trimesh.Trimesh(*part, process=True)
    mesh.update_faces(mesh.nondegenerate_faces())
    return mesh


@pytest.mark.parametrize("name", SOLIDS)
def test_parts_are_closed_and_have_the_volume_of_the_textbook(name: str) -> None:
    part, volume = SOLIDS[name]
    mesh = solid(part)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(volume, rel=1e-6)  # negative if the faces looked inward


@pytest.mark.parametrize(("p", "ratio"), [(2.0, np.pi / 6), (20.0, 1.0)])
def test_ellipsoids_tend_to_the_textbook_volume(p: float, ratio: float) -> None:
    mesh = solid(parts.ellipsoid((1, 2, 3), p=p, sections=60, rings=41))
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(6 * ratio, rel=0.04)


def test_a_torus_tends_to_pappus() -> None:
    for axis in range(3):
        mesh = solid(parts.ring(2.0, 0.5, axis=axis, sections=60))
        assert mesh.is_watertight
        assert mesh.volume == pytest.approx(2 * np.pi * 2 * 0.25 * 8 / 2 * np.sin(np.pi / 4), rel=0.01)
        assert np.argmin(mesh.extents) == axis


@settings(deadline=None)
@given(st.floats(-7, 7), st.integers(0, 2))
def test_turning_is_a_rotation(angle: float, axis: int) -> None:
    vertices, _ = parts.box((1, 2, 3))
    turned, _ = parts.turn((vertices, None), angle, axis, about=(1, 1, 1))
    rotation = Rotation.from_rotvec(angle * np.eye(3)[axis])
    np.testing.assert_allclose(turned, rotation.apply(vertices - 1) + 1, atol=1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=6))
def test_a_spline_passes_through_its_points(points: list) -> None:
    curve = parts.spline(points, n=10 * (len(points) - 1) + 1)
    np.testing.assert_allclose(curve[::10], points, atol=1e-9)


# --- make ------------------------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_mesh_here_and_in_another_process() -> None:
    script = (
        "import sys; sys.path[:0] = ['tests']\n"
        "from test_shapes import digest, shapes\n"
        "print(*(digest(shapes.make(c, 3)) for c in shapes.ALL))\n"
        "assert 'tensorflow' not in sys.modules"
    )
    here = [digest(shapes.make(category, 3)) for category in shapes.ALL]
    again = [digest(shapes.make(category, np.int64(3))) for category in shapes.ALL]
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert here == again == run.stdout.split()
    assert digest(shapes.make("chair", 4)) != digest(shapes.make("chair", 3))


@pytest.mark.parametrize("category", shapes.ALL)
def test_naming_the_style_that_the_seed_chose_changes_nothing(category: str) -> None:
    drawn = [shapes.make(category, seed) for seed in range(60)]
    assert digest(shapes.make(category, 5, style=drawn[5].style)) == digest(drawn[5])
    assert {shape.style for shape in drawn} == set(shapes.STYLES[category])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(EVERY_STYLE), st.integers(0, 2**63))
def test_every_shape_is_normalised_finite_and_labelled(which: tuple[str, str], seed: int) -> None:
    category, style = which
    shape = shapes.make(category, seed, style)
    low, high = shape.mesh.bounds
    np.testing.assert_allclose(low + high, 0, atol=1e-9)
    assert np.linalg.norm(high - low) == pytest.approx(1)
    assert (high - low > 0.01).all()
    assert np.isfinite(shape.mesh.vertices).all()
    assert shape.mesh.area_faces.min() > 1e-10
    assert shape.mesh.volume > 0  # closed parts look outward
    assert shape.part.shape == (len(shape.mesh.faces),)
    assert shape.part.dtype == np.int32
    assert shape.part.min() >= 0
    assert shape.part.max() < len(shape.part_names)
    assert (shape.category, shape.style, shape.seed) == (category, style, seed)


@pytest.mark.parametrize("category", shapes.ALL)
def test_every_part_name_is_used(category: str) -> None:
    made = [shapes.make(category, seed) for seed in range(80)]
    used = set(np.concatenate([np.unique(shape.part) for shape in made]).tolist())
    assert used == set(range(len(made[0].part_names)))
    assert np.median([len(shape.mesh.faces) for shape in made]) < 3000


@pytest.mark.parametrize(("category", "style"), [pair for pair in EVERY_STYLE if pair[0] in shapes.CATEGORIES])
def test_no_part_floats(category: str, style: str) -> None:
    """In a grid of cells of 1/40, those with surface in them hang together, corners included, but for a stray."""
    for seed in range(4):
        points, _ = shapes.make(category, seed, style).sample(30_000, np.random.default_rng(0))
        grid = np.histogramdd(points, bins=40, range=[(-0.5, 0.5)] * 3)[0]
        label, n = ndimage.label(grid > 0, np.ones((3, 3, 3)))
        assert ndimage.sum(grid, label, range(1, n + 1)).max() > 29_900, f"{category} {style} {seed}"


@pytest.mark.parametrize("category", shapes.ALL)
def test_shapes_of_a_family_differ_in_more_than_size(category: str) -> None:
    """All stretched to one box, two shapes are still further apart than two samples of one.

    Measured: 1.8 times as far for cars, 2.4 (mugs) to 8 times (lamps) for the others; 1.0 to 1.3 when only sizes vary.
    """
    rng = np.random.default_rng(0)
    made = [shapes.make(category, seed) for seed in range(24)]

    def sample(shape: shapes.Shape) -> np.ndarray:
        return shape.sample(1024, rng)[0] / shape.mesh.extents

    first = [sample(shape) for shape in made]
    floor = np.mean([chamfer_l1(points, sample(shape)) for points, shape in zip(first, made, strict=True)])
    apart = np.mean([chamfer_l1(a, b) for a, b in zip(first, first[1:] + first[:1], strict=True)])
    assert apart > 1.5 * floor


def test_making_is_fast(record_property) -> None:
    start = time.perf_counter()
    for seed in range(20):
        for category in shapes.ALL:
            shapes.make(category, seed)
    mean = (time.perf_counter() - start) / (20 * len(shapes.ALL))
    record_property("milliseconds_a_shape", 1000 * mean)
    assert mean < 0.1  # 2 to 4 ms on an idle machine; this is for a busy one


# --- which way is up, which way is forward ------------------------------------------------------------------------

SEEDS = range(6)


@pytest.mark.parametrize("style", shapes.STYLES["car"])
def test_cars_stand_on_their_wheels_and_are_symmetric(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("car", seed, style)
        wheel = points_of(shape, "wheel")
        low = shape.mesh.bounds[0, 2]
        assert wheel[:, 2].min() < low + 0.01
        assert wheel[:, 2].mean() < 0
        for corner in [(1, 1), (1, -1), (-1, 1), (-1, -1)]:  # one at each
            assert ((wheel[:, 2] < low + 0.03) & (wheel[:, :2] * corner > 0.05).all(1)).any()
        vertices = shape.mesh.vertices
        assert cKDTree(vertices).query(vertices * (1, -1, 1))[0].max() < 1e-9


@pytest.mark.parametrize("style", ["hatchback", "suv", "van"])
def test_the_bonnet_of_a_car_is_in_front(style: str) -> None:
    for seed in SEEDS:
        x, z = points_of(shapes.make("car", seed, style), "body", "window")[:, [0, 2]].T
        assert z[x > 0.9 * x.max()].max() < z[x < 0.6 * x.min()].max() - 0.03


@pytest.mark.parametrize("style", shapes.STYLES["chair"])
def test_the_back_of_a_chair_is_behind_its_seat_and_above(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("chair", seed, style)
        seat, back = points_of(shape, "seat"), points_of(shape, "back")
        if style == "folding" and not len(back):  # a folding stool
            continue
        assert back[:, 0].mean() < seat[:, 0].mean() - 0.05
        assert back[:, 2].max() > seat[:, 2].max()


@pytest.mark.parametrize("style", shapes.STYLES["table"])
def test_a_table_carries_its_top(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("table", seed, style)
        top = points_of(shape, "top")
        assert top[:, 2].max() > shape.mesh.bounds[1, 2] - 0.01
        assert top[:, 2].mean() > 0


@pytest.mark.parametrize("style", shapes.STYLES["lamp"])
def test_a_lamp_stands_on_its_base_or_hangs_from_it(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("lamp", seed, style)
        base, shade = points_of(shape, "base", "pole")[:, 2], points_of(shape, "shade")[:, 2]
        assert base.max() > shade.max() if style in ("pendant", "chandelier") else base.min() < shade.min()


@pytest.mark.parametrize("style", shapes.STYLES["airplane"])
def test_the_tail_of_an_aeroplane_is_behind_and_stands_up(style: str) -> None:
    for seed in SEEDS:
        shape = shapes.make("airplane", seed, style)
        tail, wing = points_of(shape, "tail"), points_of(shape, "wing")
        assert tail[tail[:, 2].argmax(), 0] < wing[:, 0].mean() - 0.05  # the fin; a canard is a tail in front
        assert tail[:, 2].max() > points_of(shape, "fuselage")[:, 2].max() - 0.02
        assert abs(wing[:, 1].max() + wing[:, 1].min()) < 0.02
        if style == "biplane":
            assert points_of(shape, "propeller")[:, 0].mean() > 0.3 * shape.mesh.extents[0]


@pytest.mark.parametrize("style", shapes.STYLES["mug"])
def test_a_mug_is_hollow_and_its_handle_is_on_the_left(style: str) -> None:
    depths = []
    for seed in SEEDS:
        shape = shapes.make("mug", seed, style)
        body, handle = points_of(shape, "body"), points_of(shape, "handle")
        middle = (body.min(0) + body.max(0)) / 2
        hits, *_ = shape.mesh.ray.intersects_location([(*middle[:2], 1)], [(0, 0, -1)])
        depths.append(body[:, 2].max() - hits[:, 2].max())
        assert not len(handle) or handle[:, 1].mean() > middle[1]
    assert np.min(depths) > 0.01  # even a full one has a rim
    assert np.max(depths) > 0.2


# --- sample, bad arguments -----------------------------------------------------------------------------------------


def test_samples_are_spread_by_area_and_lie_on_the_part_they_name() -> None:
    shape = shapes.make("chair", 0)
    points, part = shape.sample(20_000, np.random.default_rng(0))
    assert (points.dtype, part.dtype, points.shape, part.shape) == (np.float32, np.int32, (20_000, 3), (20_000,))
    area = np.bincount(shape.part, shape.mesh.area_faces, len(shape.part_names)) / shape.mesh.area
    np.testing.assert_allclose(np.bincount(part, minlength=len(area)) / 20_000, area, atol=0.015)
    for index in np.unique(part):
        triangles, some = shape.mesh.triangles[shape.part == index], points[part == index][:20]
        corners, each = np.tile(triangles, (len(some), 1, 1)), np.repeat(some, len(triangles), 0)
        nearest = trimesh.triangles.closest_point(corners, each)
        distance = np.linalg.norm(nearest - each, axis=1).reshape(len(some), -1)
        assert distance.min(1).max() < 1e-6
    again, _ = shape.sample(20_000, np.random.default_rng(0))
    assert np.array_equal(points, again)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rocket", 0), "category 'rocket' is unknown; accepted: airplane, bed, bench, .*, vase, assembly"),
        (("mug", 0, "round"), "style 'round' is unknown for mug; accepted: straight, tapered"),
        (("mug", -1), "seed -1 is not accepted"),
        (("mug", 1.0), "seed 1.0 is not accepted"),
        (("mug", "1"), "seed '1' is not accepted"),
        (("mug", True), "seed True is not accepted"),
    ],
)
def test_bad_arguments_say_what_is_accepted(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shapes.make(*arguments)
