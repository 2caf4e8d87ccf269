"""Rooms are built as their plan says, and the depth camera measures what stands there."""

import numpy as np
import pytest
from scipy import stats

from recon3d_lite import rooms
from recon3d_lite.rooms import back_project, depth_frame, make, stand

SEEDS = range(12)


@pytest.fixture(scope="module")
def several() -> list[rooms.Room]:
    return [make(seed) for seed in SEEDS]


def nearest(room: rooms.Room, origin: list[float], direction: list[float]) -> float:
    hits, _, _ = room.mesh.ray.intersects_location([origin], [direction])
    return float(np.linalg.norm(hits - origin, axis=1).min()) if len(hits) else np.inf


def test_the_same_seed_makes_the_same_room():
    first, second = make(5), make(5)
    assert np.array_equal(first.mesh.vertices, second.mesh.vertices)
    assert np.array_equal(first.part, second.part)
    assert not np.array_equal(first.outline, make(6).outline)


def test_there_are_rooms_of_all_three_plans(several: list[rooms.Room]):
    plans = {(len(room.walls), room.partition is not None) for room in several}
    assert plans == {(4, False), (6, False), (4, True)}
    assert len(make(0, l_shaped=True).walls) == 6
    assert make(0, partition=True).partition is not None
    with pytest.raises(ValueError, match="at most one"):
        make(0, partition=True, l_shaped=True)


def test_walls_go_round_counterclockwise_and_close(several: list[rooms.Room]):
    for room in several:
        for wall, following in zip(room.walls, (*room.walls[1:], room.walls[0]), strict=True):
            assert np.array_equal(wall.b, following.a)
        x, y = room.outline.T
        area = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2
        width, depth = np.ptp(room.outline, axis=0)
        assert area == pytest.approx(width * depth) if len(room.walls) == 4 else 0 < area < width * depth


def test_each_wall_stands_where_the_plan_says_and_is_open_where_it_says():
    for seed in SEEDS:
        room = make(seed, furniture=0)
        for wall in room.walls:
            along = (wall.b - wall.a) / wall.length
            inwards = np.array([-along[1], along[0]])

            def at(s: float, z: float, wall=wall, along=along, inwards=inwards) -> float:  # seen from 20 cm before it
                return nearest(room, [*(wall.a + s * along + 0.2 * inwards), z], [*-inwards, 0])  # noqa: B023

            assert at(0.1, 1.5) == pytest.approx(0.2, abs=1e-6)
            for hole in wall.openings:
                middle, edge = (hole.start + hole.end) / 2, 0.02
                assert at(middle, (hole.sill + hole.top) / 2) > 1
                assert at(middle, hole.top + edge) == pytest.approx(0.2, abs=1e-6)
                assert at(hole.start - edge, 1.5) == pytest.approx(0.2, abs=1e-6)
                assert at(hole.end + edge, 1.5) == pytest.approx(0.2, abs=1e-6)
                if hole.sill:
                    assert at(middle, hole.sill - edge) == pytest.approx(0.2, abs=1e-6)


def test_floor_and_ceiling_are_a_height_apart(several: list[rooms.Room]):
    for room in several:
        x, y = room.middle()
        assert nearest(room, [x, y, room.height - 0.1], [0, 0, 1]) == pytest.approx(0.1, abs=1e-6)
        bare = room.without(*rooms.FURNITURE)
        hits, _, _ = bare.ray.intersects_location([[x, y, 1]], [[0, 0, -1]])
        assert hits[:, 2].max() == pytest.approx(0, abs=1e-6)


def test_furniture_stands_on_the_floor_inside_and_apart():
    pieces = 0
    for seed in range(40):
        room = make(seed)
        boxes = [(piece.low, piece.high) for piece in room.pieces]
        notch = room.outline[3] if len(room.walls) == 6 else np.array([np.inf, np.inf])
        for i, (low, high) in enumerate(boxes):
            assert low[2] == pytest.approx(0, abs=1e-9)
            assert (low[:2] > room.outline.min(0)).all()
            assert (high[:2] < room.outline.max(0)).all()
            assert not (high[:2] > notch).all()
            if room.partition is not None:
                x = room.partition.a[0]
                assert high[0] < x or low[0] > x + rooms.THICKNESS
            for other_low, other_high in boxes[:i]:
                assert (low[:2] > other_high[:2]).any() or (high[:2] < other_low[:2]).any()
        pieces += len(boxes)
    assert pieces > 40 * 5


def test_sofas_turn_their_backs_to_the_wall():
    """What is high of a sofa, its back, is nearer to the wall than its middle is. A few sofas have no back."""
    nearer = []
    for seed in range(60):
        room = make(seed, partition=False, l_shaped=False)
        middles = room.mesh.triangles_center[room.part == room.part_names.index("sofa")]
        for piece in (p for p in room.pieces if p.kind == "sofa"):
            inside = ((middles > piece.low) & (middles < piece.high)).all(1)
            high = middles[inside & (middles[:, 2] > 0.8 * piece.high[2])]
            gaps = np.r_[piece.low[:2], room.outline.max(0) - piece.high[:2]]
            assert gaps.min() < 0.05
            axis, side = gaps.argmin() % 2, -1 if gaps.argmin() < 2 else 1
            nearer.append(side * (high.mean(0) - (piece.low + piece.high) / 2)[axis] > 0)
    assert len(nearer) > 30
    assert np.mean(nearer) > 0.8


def test_doors_stay_free(several: list[rooms.Room]):
    for room in several:
        for wall in room.walls:
            along = (wall.b - wall.a) / wall.length
            inwards = np.array([-along[1], along[0]])
            for door in (o for o in wall.openings if o.kind == "door"):
                before = wall.a + along * (door.start + door.end) / 2 + inwards * 0.4
                assert all((before < p.low[:2]).any() or (before > p.high[:2]).any() for p in room.pieces)


def test_parts_can_be_left_out():
    room = make(1)
    assert len(room.without("ceiling", "wall").faces) < len(room.mesh.faces)
    with pytest.raises(ValueError, match="roof"):
        room.without("roof")


def test_an_exact_frame_back_projects_onto_the_room():
    room = make(3, furniture=0, partition=False, l_shaped=False)
    camera = stand(room.middle(), 1.2, 0.3, tilt=-0.2)
    points = back_project(depth_frame(room.mesh, camera), camera)
    assert len(points) > 5000
    planes = np.c_[points, points[:, :2] - room.outline.max(0), points[:, 2] - room.height]
    on_inner_face = np.abs(planes).min(1) < 1e-4
    assert on_inner_face.mean() > 0.97  # the rest are the edges of openings


def test_the_camera_looks_where_it_is_told():
    camera = stand([0, 0], 1.0, np.pi / 2, tilt=0.1)
    uv, depth = camera.project(np.array([[0, 2 * np.cos(0.1), 1 + 2 * np.sin(0.1)]]))
    np.testing.assert_allclose(uv, [[80, 60]], atol=1e-9)
    assert depth[0] == pytest.approx(2)


def test_noise_is_the_kinects():
    """Before a flat wall at 3 m the noise is 1.2 mm + 1.9 mm/m^2 (2.6 m)^2, and one pixel in a hundred is lost."""
    wall = rooms._box([3, -9, -9], [3.1, 9, 9])
    camera = stand([0, 0], 0.0, 0.0, size=(320, 240))
    frame = depth_frame(wall, camera, np.random.default_rng(0))
    measured = np.isfinite(frame)
    assert 1 - measured.mean() == pytest.approx(0.01, abs=0.002)
    error = frame[measured] - 3
    assert error.std() == pytest.approx(0.0012 + 0.0019 * 2.6**2, rel=0.02)
    assert abs(error.mean()) < 0.0003
    assert stats.kstest(error / error.std(), "norm").pvalue > 0.01


def test_nothing_is_measured_too_near_too_far_or_too_flat():
    for distance in (0.3, 6.2):
        plate = rooms._box([distance, -9, -9], [distance + 0.1, 9, 9])
        middle = depth_frame(plate, stand([0, 0], 0.0, 0.0))[60, 80]
        assert np.isinf(middle)
    floor = rooms._box([-50, -50, -1], [50, 50, 0])
    camera = stand([0, 0], 0.5, 0.0, fov=0.3)  # the floor at 4 m is seen at 83 degrees from its normal
    assert np.isfinite(depth_frame(floor, camera)).any()
    assert not np.isfinite(depth_frame(floor, camera, np.random.default_rng(0))).any()


def test_a_frame_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(120, 160\)"):
        back_project(np.ones((3, 4)), stand([0, 0], 1.0, 0.0))
