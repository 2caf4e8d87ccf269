"""The metrics: known answers, invariances, and agreement with independent implementations."""

import subprocess
import sys

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from recon3d_lite.metrics import (
    chamfer_distance,
    chamfer_l1,
    earth_movers_distance,
    f_score,
    sampling_floor,
)

ALL = [chamfer_distance, chamfer_l1, f_score, earth_movers_distance]
every_metric = pytest.mark.parametrize("metric", ALL)
seeds = st.integers(0, 2**32 - 1)


def cloud(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (n, 3))


def sphere(n: int, rng: np.random.Generator) -> np.ndarray:
    points = rng.normal(size=(n, 3))
    return points / (2 * np.linalg.norm(points, axis=1, keepdims=True))


# Values


def test_known_answers():
    x, y = [[0, 0, 0], [1, 0, 0]], [[0, 0, 0], [1, 0, 0], [1, 2, 0], [0, 0, 4]]
    assert chamfer_distance(x, y) == pytest.approx((4 + 16) / 4)
    assert chamfer_l1(x, y) == pytest.approx((2 + 4) / 4 / 2)
    assert f_score(x, y, threshold=0.5) == pytest.approx(2 * 1 * 0.5 / (1 + 0.5))
    assert earth_movers_distance(x, y[2:]) == pytest.approx((2 + 4) / 2)


def test_f_score_of_hits_and_misses():
    x = np.zeros((1, 3))
    assert f_score(x, x) == 1
    assert f_score(x, [[0.0199, 0, 0]]) == 1
    assert f_score(x, [[0.0201, 0, 0]]) == 0
    # The threshold is a distance: 0.1 would be a hit if its square were compared with 0.02.
    assert f_score(x, [[0.1, 0, 0]]) == 0
    # Precision and recall tell apart: one true hit among four predictions, and the one truth is hit.
    assert f_score([[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]], x) == pytest.approx(2 * 0.25 / 1.25)


def test_earth_movers_distance_sees_density_where_chamfer_does_not():
    ends = np.array([[0.0, 0, 0], [1, 0, 0]])
    even, uneven = np.repeat(ends, [5, 5], axis=0), np.repeat(ends, [9, 1], axis=0)
    assert chamfer_l1(even, uneven) == 0
    assert earth_movers_distance(even, uneven) == pytest.approx(0.4)


coarse = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])
any_cloud = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=coarse)


@settings(deadline=None)
@given(any_cloud, any_cloud, st.sampled_from([0.02, 0.3, 1.1]))
def test_agree_with_all_pairs(x, y, threshold):
    distances = cdist(x, y)
    to_y, to_x = distances.min(axis=1), distances.min(axis=0)
    assert chamfer_distance(x, y) == pytest.approx(np.mean(to_y**2) + np.mean(to_x**2))
    assert chamfer_l1(x, y) == pytest.approx((np.mean(to_y) + np.mean(to_x)) / 2)
    hits = np.array([np.mean(to_y < threshold), np.mean(to_x < threshold)])
    assert f_score(x, y, threshold) == pytest.approx(0 if hits.min() == 0 else 1 / np.mean(1 / hits))


@pytest.mark.parametrize("n", [1, 2, 60])
def test_earth_movers_distance_agrees_with_optimal_transport(n):
    x, y = cloud(n, seed=1), cloud(n, seed=2)
    assert earth_movers_distance(x, y) == pytest.approx(ot.emd2([], [], ot.dist(x, y, metric="euclidean")))


# Invariances


@every_metric
@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.1, 10))
def test_order_rigid_motion_and_scale(metric, seed, scale):
    rng = np.random.default_rng(seed)
    x, y = cloud(40, seed), cloud(40, seed + 1)
    motion = Rotation.random(rng=rng)
    moved_x, moved_y = (scale * motion.apply(rng.permutation(p)) + [1, -2, 3] for p in (x, y))
    if metric is f_score:
        before, after = f_score(x, y, 0.15), f_score(moved_x, moved_y, 0.15 * scale)
        assert 0 < before < 1
    else:
        power = 2 if metric is chamfer_distance else 1
        before, after = scale**power * metric(x, y), metric(moved_x, moved_y)
    assert after == pytest.approx(before)


@every_metric
def test_symmetric_and_perfect_against_itself(metric):
    x, y = cloud(40, seed=1), cloud(40, seed=2)
    assert metric(x, y) == pytest.approx(metric(y, x))
    assert metric(x, x[::-1]) == (1 if metric is f_score else 0)


@every_metric
def test_far_from_the_origin_nothing_is_lost(metric):
    # In float32 the points would be rounded to a grid of a thousandth.
    x, y = cloud(100, seed=1) * 0.2, cloud(100, seed=2) * 0.2
    assert metric(x + 10_000, y + 10_000) == pytest.approx(metric(x, y), rel=1e-8)


# The floor


def test_sampling_floor_is_the_score_of_two_samples_and_nothing_else():
    rng = np.random.default_rng(7)
    x, y = sphere(200, rng), sphere(200, rng)
    expected = {"chamfer_l1": chamfer_l1(x, y), "f_score": f_score(x, y, 0.1)}
    assert sampling_floor(sphere, 200, seed=7, threshold=0.1) == expected
    assert sampling_floor(sphere, 200, seed=8, threshold=0.1) != expected


def test_sampling_floor_on_a_flat_square_is_what_theory_says():
    # The nearest of n points strewn on an area A lies sqrt(A / n) / 2 away on average (Clark and Evans, 1954).
    def square(n, rng):
        return np.c_[rng.uniform(size=(n, 2)), np.zeros(n)]

    assert sampling_floor(square, 4000)["chamfer_l1"] == pytest.approx(np.sqrt(1 / 4000) / 2, rel=0.05)


# Bad input


@every_metric
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros(3), r"must have the shape \(points, 3\).*\(3,\)"),
        (np.zeros((3, 5)), r"must have the shape \(points, 3\).*\(3, 5\)"),
        (np.zeros((1, 5, 3)), r"must have the shape \(points, 3\).*\(1, 5, 3\)"),
        (np.zeros((0, 3)), r"must .* not be empty"),
        ([[0, 0, np.nan]], "must be finite"),
        ([[0, 0, -np.inf]], "must be finite"),
        ([[0, 0, 0], [0, 0]], r"must be numbers of the shape \(points, 3\)"),
        ([["a", "b", "c"]], r"must be numbers of the shape \(points, 3\)"),
    ],
)
def test_bad_points_are_named(metric, bad, message):
    good = np.zeros((5, 3))
    with pytest.raises(ValueError, match="^x " + message):
        metric(bad, good)
    with pytest.raises(ValueError, match="^y " + message):
        metric(good, bad)


@pytest.mark.parametrize("threshold", [0, -1, np.nan])
def test_f_score_needs_a_positive_threshold(threshold):
    with pytest.raises(ValueError, match="threshold must be a distance greater than 0"):
        f_score(np.zeros((1, 3)), np.zeros((1, 3)), threshold)


def test_earth_movers_distance_needs_sets_of_one_size():
    with pytest.raises(ValueError, match="x and y must have the same number of points, got 4 and 5"):
        earth_movers_distance(cloud(4), cloud(5))


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (lambda n, rng: cloud(n + 1), r"must return n = 10 points, got 11"),
        (lambda n, rng: cloud(n).T, r"sample\(n, rng\) must have the shape \(points, 3\)"),
    ],
)
def test_sampling_floor_names_a_bad_sampler(sample, message):
    with pytest.raises(ValueError, match=message):
        sampling_floor(sample, 10)


def test_needs_no_tensorflow():
    program = "import sys, recon3d_lite.metrics; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
