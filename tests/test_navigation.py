"""The map says what was seen, the path is the cheapest, and a drive ends as it should."""

import numpy as np
import pytest
import trimesh
from skimage import graph

from recon3d_lite import navigation, rooms
from recon3d_lite.navigation import HIT, LIMITS, MARGIN, PASS, RADIUS, Map, bug, costs, drive, gap, outlines, route


def box(low: list[float], high: list[float]) -> trimesh.Trimesh:
    return trimesh.creation.box(bounds=[low, high])


def hall(*obstacles: trimesh.Trimesh) -> trimesh.Trimesh:
    """A hall of 6 m x 4 m with walls of 2 m and what stands in it."""
    walls = [([-0.2, -0.2, 0], [6.2, 0, 2]), ([-0.2, 4, 0], [6.2, 4.2, 2])]
    walls += [([-0.2, 0, 0], [0, 4, 2]), ([6, 0, 0], [6.2, 4, 2])]
    floor = box([-0.2, -0.2, -0.1], [6.2, 4.2, 0])
    return trimesh.util.concatenate([floor, *(box(*wall) for wall in walls), *obstacles])


@pytest.fixture(scope="module")
def furnished() -> trimesh.Trimesh:
    return navigation.shut(rooms.make(1))


def test_cells_and_places_are_inverse():
    grid = Map.around([-1, 2], [1, 3])
    cells = np.argwhere(grid.log_odds == 0)
    assert np.array_equal(grid.cells(grid.places(cells)), cells)
    outside = grid.cells([[-9, 0], [0, 2.5]])
    assert len(grid.inside(outside)[0]) == 1


def seen(*points: list[float]) -> Map:
    grid = Map.around([0, 0], [3, 1])
    grid.fuse(np.array(points, float), np.array([0.0, 0.525]))
    return grid


def at(grid: Map, x: float, y: float = 0.525) -> float:
    return grid.log_odds[tuple(grid.cells([[x, y]])[0])]


def test_before_a_hit_is_free_and_behind_it_unknown():
    grid = seen([0.5, 0.525, 0.0], [2.025, 0.525, 0.3])
    assert [at(grid, x) for x in (0.3, 1.0, 1.9, 2.025, 2.2)] == [0, PASS, PASS, HIT, 0]
    assert at(grid, 1.0, 0.7) == 0


def test_a_look_ends_at_the_nearest_hit_of_its_slice():
    """A ray over a stool to the wall behind does not free what is behind the stool; both are occupied."""
    grid = seen([0.5, 0.525, 0.0], [1.025, 0.525, 0.3], [2.025, 0.525, 0.45])
    assert [at(grid, x) for x in (0.8, 1.025, 1.5, 2.025)] == [PASS, HIT, 0, HIT]


def test_no_cell_between_two_slices_is_left_out():
    angles = np.arange(-25, 26) * navigation.BEAM
    ring = np.stack([3.5 * np.cos(angles), 3.5 * np.sin(angles), np.full(len(angles), 0.3)], 1)
    grid = Map.around([0, -2], [4, 2])
    grid.fuse(np.concatenate([ring, ring * [0.2, 0.2, 0]]), np.zeros(2))
    x, y = grid.places(np.argwhere(grid.log_odds < 9)).T
    between = (np.hypot(x, y) > 0.8) & (np.hypot(x, y) < 3.4) & (np.abs(np.arctan2(y, x)) < 0.48)
    assert (grid.log_odds.ravel()[between] < 0).all()


def test_what_is_higher_than_the_robot_or_too_far_is_no_obstacle():
    grid = seen([0.5, 0.525, 0.0], [1.025, 0.525, 0.9], [2.025, 0.525, 0.01])
    assert at(grid, 1.025) == PASS
    far = Map.around([0, 0], [6, 1])
    far.fuse(np.array([[0.5, 0.525, 0.0], [5.025, 0.525, 0.3]]), np.array([0.0, 0.525]))
    assert at(far, 3.9) == PASS
    assert at(far, 4.5) == at(far, 5.025) == 0


def test_looks_add_up_as_bayes_rule_says_and_have_limits():
    points = np.array([[0.5, 0.525, 0.0], [2.025, 0.525, 0.3]])
    grid, eye = Map.around([0, 0], [3, 1]), np.array([0.0, 0.525])
    for _ in range(3):
        grid.fuse(points, eye)
    full, empty = 0.7**3, 0.3**3
    assert 1 / (1 + np.exp(-at(grid, 2.025))) == pytest.approx(full / (full + empty))
    for _ in range(20):
        grid.fuse(points, eye)
    assert (at(grid, 1.0), at(grid, 2.025)) == LIMITS


def test_the_map_of_a_hall_is_the_hall():
    mesh = hall(box([3, 1, 0], [3.5, 2, 0.5]))
    grid, eye = Map.around([0, 0], [6, 4]), np.array([1.5, 2.0])
    rng = np.random.default_rng(0)
    for azimuth in np.arange(6) * np.pi / 3:
        camera = rooms.stand(eye, 0.5, azimuth, -0.3, size=(80, 60))
        grid.fuse(rooms.back_project(rooms.depth_frame(mesh, camera, rng), camera), eye)
    edges = outlines(mesh)
    wrong = [gap(edges, place) for place in grid.places(np.argwhere(grid.log_odds > 0))]
    assert len(wrong) > 150
    assert np.quantile(wrong, 0.95) < 0.05
    free = grid.places(np.argwhere(grid.log_odds < 0))
    inside = ((free > 0) & (free < [6, 4])).all(1) & ~((free > [3.05, 1.05]) & (free < [3.45, 1.95])).all(1)
    assert inside.mean() > 0.99
    assert at(grid, 4.5, 1.6) == 0  # behind the box


def test_outlines_lie_on_the_mesh_between_floor_and_robot_height(furnished: trimesh.Trimesh):
    edges = outlines(furnished)
    points, _ = trimesh.sample.sample_surface(furnished, 20000, seed=0)
    in_band = points[(points[:, 2] > 0.1) & (points[:, 2] < 0.55)]
    distance = np.array([gap(edges, place) for place in in_band[:300, :2]])
    assert np.quantile(distance, 0.9) < 0.01
    high = box([0, 0, 0.7], [1, 1, 0.8])  # a table's top: the robot passes beneath
    assert len(outlines(trimesh.util.concatenate([high, box([5, 5, 0], [6, 6, 1])]))) == len(
        outlines(box([5, 5, 0], [6, 6, 1]))
    )


def test_gap_is_the_distance_to_the_nearest_edge():
    edges = np.array([[[0, 0], [2, 0]], [[5, 5], [5, 5]]], float)
    assert gap(edges, [1, 3]) == pytest.approx(3)
    assert gap(edges, [3, 1]) == pytest.approx(np.sqrt(2))
    assert gap(edges, [5, 6]) == pytest.approx(1)


def test_shut_fills_the_doors_to_the_outside_only():
    for seed in range(6):
        room = rooms.make(seed, furniture=0)
        mesh = navigation.shut(room)
        for wall in room.walls:
            along = (wall.b - wall.a) / wall.length
            inwards = np.array([-along[1], along[0]])
            for door in (o for o in wall.openings if o.kind == "door"):
                eye = [*(wall.a + along * (door.start + door.end) / 2 + 0.3 * inwards), 1.0]
                hits, _, _ = mesh.ray.intersects_location([eye], [[*-inwards, 0]])
                assert np.linalg.norm(hits - eye, axis=1).min() == pytest.approx(0.3, abs=1e-6)
        if room.partition:
            assert len(mesh.faces) == len(room.mesh.faces) + 12


def test_start_and_goal_have_room_and_are_far_apart():
    for seed in range(5):
        room = rooms.make(seed)
        truth = navigation.true_map(navigation.shut(room))
        start, goal = navigation.task(truth, np.random.default_rng(seed))
        edges = outlines(navigation.shut(room))
        low, high = room.outline.min(0), room.outline.max(0)
        for place in (start, goal):
            assert gap(edges, place) > RADIUS + MARGIN
            assert (place > low).all()
            assert (place < high).all()
        assert np.linalg.norm(goal - start) > 1.5


def test_costs_close_what_is_too_near_and_only_that():
    grid = Map.around([0, 0], [2, 2])
    grid.log_odds[:] = -1
    grid.log_odds[30, 30] = 1
    cost, clearance = costs(grid), grid.clearance()
    assert np.array_equal(cost < 0, clearance < RADIUS + MARGIN)
    assert (cost[clearance > RADIUS + MARGIN + 0.3] == 1).all()
    open_cells = (cost > 0) & (clearance < 0.5)
    assert np.corrcoef(cost[open_cells], clearance[open_cells])[0, 1] < -0.99
    grid.log_odds[5, 5] = 0
    assert costs(grid, unknown=3.0)[5, 5] == 3
    assert costs(grid, unknown=np.inf)[5, 5] == -1
    beside = grid.places([[30, 27]])[0]  # too near: it may leave
    assert cost[30, 26] == -1
    assert costs(grid, start=beside)[30, 27] > 0
    assert costs(grid, start=beside)[30, 26] > 0


def test_a_route_goes_through_the_only_gap_or_is_none():
    grid = Map.around([0, 0], [3, 3], border=0.0)
    grid.log_odds[:] = -1
    grid.log_odds[30] = 1
    start, goal = np.array([0.5, 0.5]), np.array([2.5, 0.5])
    assert route(grid, costs(grid), start, goal) is None
    grid.log_odds[30, 40:] = -1
    path = route(grid, costs(grid), start, goal)
    assert np.array_equal(path[[0, -1]], [start, goal])
    crossing = path[np.abs(path[:, 0] - 1.525).argmin()]
    assert crossing[1] > 2.0 + RADIUS
    assert navigation.length(path) > np.linalg.norm(path[0] - crossing) + np.linalg.norm(crossing - path[-1])


def test_a_drive_in_an_empty_hall_is_nearly_straight_and_the_same_each_time():
    first, second = (drive(hall(), [1, 1], [5, 3], np.random.default_rng(0)) for _ in range(2))
    assert first.ended == "reached"
    assert np.array_equal(first.path, second.path)
    assert np.linalg.norm([4, 2]) <= first.length < 1.1 * np.linalg.norm([4, 2])


def test_looking_again_finds_what_the_first_look_could_not_see():
    """A box hides a second one that stands in the way behind it."""
    mesh = hall(box([2.0, 1.2, 0], [2.2, 2.8, 1]), box([3.4, 1.9, 0], [3.8, 3.9, 0.5]))
    start, goal = [1, 2], [5, 3.0]
    assert drive(mesh, start, goal, np.random.default_rng(0), every=0).ended == "collision"
    assert drive(mesh, start, goal, np.random.default_rng(0)).ended == "reached"


def test_a_collision_ends_the_drive_at_the_touch():
    empty = Map.around([0, 0], [6, 4])
    empty.log_odds[:] = -1
    for x in (3, 3.01, 3.02, 3.03, 3.04):
        mesh = hall(box([x, 0, 0], [3.2, 4, 1]))
        trip = drive(mesh, [1, 2], [5, 2], np.random.default_rng(0), known=empty)
        edges = outlines(mesh)
        assert trip.ended == "collision"
        assert trip.looks == 0
        assert gap(edges, trip.path[-1]) < RADIUS <= min(gap(edges, place) for place in trip.path[:-1])
    assert drive(mesh, [1, 2], [5, 2], np.random.default_rng(0)).ended == "no path"


def test_match_finds_the_move_and_none_where_there_is_none(furnished: trimesh.Trimesh):
    grid, rng = Map.around(*furnished.bounds[:, :2]), np.random.default_rng(0)
    eye = rooms.make(1).middle() + np.array([0.6, 0.8])
    for azimuth in (1.0, 1.8, 0.2, 1.0):
        camera = rooms.stand(eye, 0.5, azimuth, -0.3, size=(80, 60))
        points = rooms.back_project(rooms.depth_frame(furnished, camera, rng), camera)
        grid.fuse(points, eye)
    rest = grid.match(points, eye)
    assert np.abs(rest).max() < 0.03
    for x, y, angle in ((0.1, 0, 0), (0, -0.08, 0), (0, 0, 0.05), (0.06, 0.05, -0.04)):
        c, s = np.cos(angle), np.sin(angle)
        moved = points.copy()
        moved[:, :2] = (points[:, :2] - eye) @ [[c, s], [-s, c]] + eye + [x, y]
        back = grid.match(moved, eye)
        inverse = -np.array([[c, s], [-s, c]]) @ [x, y]  # turned back, the shift points another way
        assert back == pytest.approx([*inverse, -angle], abs=0.04)
    assert np.array_equal(Map.around([0, 0], [1, 1]).match(points, eye), [0, 0, 0])


def test_drift_bends_the_way_and_matching_straightens_it():
    mesh = hall(box([2.0, 0.0, 0], [2.2, 1.2, 1]), box([4, 2.5, 0], [4.4, 4, 1]))
    misses = {match: [] for match in (False, True)}
    for match, found in misses.items():
        for seed in range(6):
            trip = drive(mesh, [0.6, 2], [5.3, 2], np.random.default_rng(seed), drift=0.06, match=match)
            found.append(np.linalg.norm(trip.path[-1] - [5.3, 2]))
    assert np.mean(misses[True]) < 0.6 * np.mean(misses[False])
    assert np.mean(misses[False]) > 0.1


def test_the_bug_goes_round_and_notices_that_it_cannot():
    def walled(*obstacles: trimesh.Trimesh) -> Map:
        return navigation.true_map(hall(*obstacles))

    start, goal = np.array([1.0, 2.0]), np.array([5.0, 2.0])
    straight = navigation.length(bug(walled(), start, goal))
    assert straight == pytest.approx(4, abs=0.1)
    truth = walled(box([2.5, 1.5, 0], [3.5, 2.5, 1]))
    path = bug(truth, start, goal)
    assert np.abs(np.linalg.norm(np.diff(path, axis=0), axis=1)).max() < 0.0708
    assert 4.5 < navigation.length(path) < 9
    assert path[:, 1].min() < 1.3  # with the box on its left it passes on the right
    assert min(truth.clearance()[truth.inside(truth.cells(path))]) >= RADIUS
    assert bug(walled(box([3, 0, 0], [3.2, 4, 1])), start, goal) is None
    pair = box([2.5, 1.5, 0], [3.0, 2.5, 1]), box([3.45, 1.6, 0], [3.9, 2.4, 1])  # back on the line, it bumps again
    assert navigation.length(bug(walled(*pair), start, goal)) < 12


def test_the_bug_reaches_every_goal_in_furnished_rooms():
    for seed in range(8):
        truth = navigation.true_map(navigation.shut(rooms.make(seed)))
        start, goal = navigation.task(truth, np.random.default_rng(seed))
        path = bug(truth, start, goal)
        least = graph.MCP_Geometric(np.where(truth.clearance() >= RADIUS, 1.0, -1)).find_costs(
            [tuple(truth.cells([start])[0])]
        )[0][tuple(truth.cells([goal])[0])]
        assert navigation.length(path) >= 0.05 * least - 0.1
        assert np.linalg.norm(path[-1] - goal) < 0.05
