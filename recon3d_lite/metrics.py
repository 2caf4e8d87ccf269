"""Distances between two point sets, and the overlap of voxels, for judging: NumPy and SciPy, without TensorFlow.

Points are `(N, 3)` arrays in the object's units (bounding-box diagonal 1), so a distance of 0.01 is one
hundredth of the object's diagonal. Where the two roles matter, `x` is the prediction and `y` the truth.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist


def chamfer_distance(x: ArrayLike, y: ArrayLike) -> float:
    """Chamfer distance, squared: mean squared distance to the nearest neighbour, one way plus the other way.

    `(N, 3)`, `(M, 3)` -> squared units of the points. The convention of PyTorch3D and Kaolin; Open3D does not
    square.

    Raises:
        ValueError: `x` or `y` is not `(points, 3)`, is empty, or has numbers that are not finite.

    >>> chamfer_distance([[0, 0, 0]], [[3, 4, 0], [0, 0, 1]])
    14.0
    """
    to_y, to_x = _nearest_distances(x, y)
    return float(np.mean(to_y**2) + np.mean(to_x**2))


def chamfer_l1(x: ArrayLike, y: ArrayLike) -> float:
    """Chamfer-L1: half the sum of the two mean distances, not squared, to the nearest neighbour.

    `(N, 3)`, `(M, 3)` -> units of the points. Mescheder et al., Occupancy Networks, CVPR 2019 (their tables
    are in tenths of the longest edge of the object's box; ours are in units of its diagonal).

    Raises:
        ValueError: `x` or `y` is not `(points, 3)`, is empty, or has numbers that are not finite.

    >>> chamfer_l1([[0, 0, 0]], [[3, 4, 0], [0, 0, 1]])
    2.0
    """
    to_y, to_x = _nearest_distances(x, y)
    return float(np.mean(to_y) + np.mean(to_x)) / 2


def f_score(x: ArrayLike, y: ArrayLike, threshold: float = 0.02) -> float:
    """F-score, in [0, 1]: the harmonic mean of precision and recall (Tatarchenko et al., CVPR 2019).

    Precision is the share of the points of `x`, the prediction, that lie within `threshold` of a point of
    `y`, the truth; recall is the share of `y` within `threshold` of `x`. The threshold is a distance
    (AtlasNet and Pixel2Mesh compare squared ones), 2 % of the diagonal unless told otherwise. 0 where no
    point is within it.

    Raises:
        ValueError: `x` or `y` is not `(points, 3)`, is empty, or has numbers that are not finite; or
        `threshold` is
            not a positive number.

    >>> truth = [[0, 0, 0], [1, 0, 0]]
    >>> round(f_score([[0.01, 0, 0]], truth), 3)  # precision 1, recall 1/2
    0.667
    """
    if not threshold > 0:
        raise ValueError(f"threshold must be a distance greater than 0, got {threshold}")
    to_y, to_x = _nearest_distances(x, y)
    precision, recall = np.mean(to_y <= threshold), np.mean(to_x <= threshold)
    if precision + recall == 0:
        return 0.0
    return float(2 * precision * recall / (precision + recall))


def normal_consistency(x: ArrayLike, x_normals: ArrayLike, y: ArrayLike, y_normals: ArrayLike) -> float:
    """Normal consistency, in [0, 1]: the mean absolute cosine between the normals of nearest neighbours.

    `(N, 3)`, `(N, 3)`, `(M, 3)`, `(M, 3)`, both ways and halved (Mescheder et al., Occupancy Networks, CVPR 2019). The
    normals have length 1; which side they point to does not matter. Random directions give 1/2.

    Raises:
        ValueError: `x` or `y` is not `(points, 3)`, is empty, or has numbers that are not finite; or there are not as
            many normals as points.

    >>> normal_consistency([[0, 0, 0]], [[0, 0, 1]], [[0, 0, 0.1]], [[0, 0.6, -0.8]])
    0.8
    """
    x, y, n, m = (_as_points(a, s) for a, s in ((x, "x"), (y, "y"), (x_normals, "x_normals"), (y_normals, "y_normals")))
    if len(x) != len(n) or len(y) != len(m):
        raise ValueError(f"normals: {len(n)} for {len(x)} points of x, {len(m)} for {len(y)} of y; one each is needed")
    to_y = np.abs((n * m[cKDTree(y).query(x)[1]]).sum(1)).mean()
    to_x = np.abs((m * n[cKDTree(x).query(y)[1]]).sum(1)).mean()
    return float(to_y + to_x) / 2


def iou(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Intersection over union of voxels, in [0, 1]: `(..., n, n, n)` bool twice -> `(...)`; two empty grids give 1.

    The share of all voxels that either occupies which both occupy (Jaccard's index).

    Raises:
        ValueError: `x` or `y` is not of bools, or their shapes differ.

    >>> left, lower = np.zeros((2, 2, 2), bool), np.zeros((2, 2, 2), bool)
    >>> left[:, 0], lower[:, :, 0] = True, True
    >>> round(float(iou(left, lower)), 3)    # 2 voxels of 6
    0.333
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.dtype != bool or y.dtype != bool or x.shape != y.shape or x.ndim < 3:
        raise ValueError(
            f"x {x.dtype} {x.shape} and y {y.dtype} {y.shape} must both be bool, of one shape (..., n, n, n)"
        )
    both, either = ((f(x, y)).sum((-3, -2, -1)) for f in (np.logical_and, np.logical_or))
    return np.where(either, both / np.maximum(either, 1), 1.0)


def average_precision(found: Sequence[ArrayLike], truth: Sequence[ArrayLike], threshold: float = 0.5) -> float:
    """Average precision of instances, in [0, 1]: the area under precision against recall, over all scenes together.

    ``found`` and ``truth`` hold for each scene a label for each of its points, (N,) whole numbers. A label below 0 in
    ``found`` is no instance; points with one in ``truth`` are left out. What is found is asked in order of size, its
    share of the scene's points. It is right if its intersection over union with a true instance that no larger one
    has taken is more than ``threshold`` (Everingham et al., "The Pascal visual object classes challenge", IJCV 2010,
    without classes; precision is made monotone as there).

    Raises:
        ValueError: there are not as many scenes, or labels in one of them, or no true instance at all.

    >>> truth = [[0, 0, 0, 0, 1, 1, 1, 1]]
    >>> average_precision([[5, 5, 5, 5, 7, 7, 7, 7]], truth), average_precision([[0] * 8], truth, 0.4)
    (1.0, 0.5)
    """
    if len(found) != len(truth):
        raise ValueError(f"found: labels of {len(found)} scenes, truth: of {len(truth)}")
    size, right, wanted = [], [], 0
    for x, y in zip(found, truth, strict=True):
        table, share = _overlaps(x, y)
        wanted += table.shape[1]
        for i in np.argsort(-share, kind="stable"):
            j = int(table[i].argmax()) if table.shape[1] else 0
            size.append(share[i])
            right.append(table.shape[1] > 0 and table[i, j] > threshold)
            if right[-1]:
                table[:, j] = -1  # taken
    if not wanted:
        raise ValueError("truth: no instance in any scene")
    right = np.array(right, bool)[np.argsort(-np.array(size), kind="stable")]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((precision * right).sum() / wanted)


def instance_iou(found: ArrayLike, truth: ArrayLike) -> float:
    """How well a scene's instances are found, in [0, 1]: the mean over true ones of the best intersection over union.

    Labels as in `average_precision`.

    >>> round(instance_iou([3, 3, 3, 4], [0, 0, 1, 1]), 3)    # the mean of 2/3 and 1/2
    0.583
    """
    table, _ = _overlaps(found, truth)
    if not table.shape[1]:
        raise ValueError("truth: no instance")
    return float(table.max(0, initial=0.0).mean())


def _overlaps(found: ArrayLike, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Intersection over union of each instance found (F) with each true one (T): (F, T), and its share of points."""
    x, y = np.asarray(found), np.asarray(truth)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"found {x.shape} and truth {y.shape} must be labels of the same points, (N,)")
    x, y = x[y >= 0], y[y >= 0]
    a, b = ((labels == np.unique(labels[labels >= 0])[:, None]).astype(float) for labels in (x, y))
    both = a @ b.T
    return both / np.maximum(a.sum(1)[:, None] + b.sum(1) - both, 1), a.sum(1) / max(1, len(x))


def earth_movers_distance(x: ArrayLike, y: ArrayLike) -> float:
    """Earth mover's distance: the mean distance moved under the best one-to-one matching of the two sets.

    `(N, 3)`, `(N, 3)` -> units of the points. Unlike Chamfer it sees density: every point must be used once.
    Exact (Hungarian-type assignment), so the time grows with the cube of N: about a tenth of a second at 1,024
    points.

    Raises:
        ValueError: `x` or `y` is not `(points, 3)`, is empty, or has numbers that are not finite; or the two
        differ
            in length.

    >>> earth_movers_distance([[0, 0, 0], [1, 0, 0]], [[1, 0, 0], [0, 0, 2]])
    1.0
    """
    x, y = _as_points(x, "x"), _as_points(y, "y")
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same number of points, got {len(x)} and {len(y)}: sample both equally")
    cost = cdist(x, y)
    return float(cost[linear_sum_assignment(cost)].mean())


def sampling_floor(
    sample: Callable[[int, np.random.Generator], np.ndarray], n: int, seed: int = 0, threshold: float = 0.02
) -> dict[str, float]:
    """The scores of a perfect answer: two independent samples of the same surface, judged against each other.

    No reconstruction of n points can be expected to do better than this, so print it beside every score.

    Args:
        sample: `sample(n, rng)` returns n points of the surface, `(n, 3)`.
        n: points in each sample.
        seed: of the random generator handed to `sample`.
        threshold: of the F-score.

    Returns:
        `{"chamfer_l1": ..., "f_score": ...}`.

    Raises:
        ValueError: `sample` does not return `(n, 3)` finite points.

    >>> def sphere(n, rng):
    ...     points = rng.normal(size=(n, 3))
    ...     return points / (2 * np.linalg.norm(points, axis=1, keepdims=True))
    >>> {name: round(score, 2) for name, score in sampling_floor(sphere, 1024).items()}
    {'chamfer_l1': 0.03, 'f_score': 0.33}
    """
    rng = np.random.default_rng(seed)
    x, y = (_as_points(sample(n, rng), "sample(n, rng)") for _ in range(2))
    if not len(x) == len(y) == n:
        raise ValueError(f"sample(n, rng) must return n = {n} points, got {len(x)} and {len(y)}")
    return {"chamfer_l1": chamfer_l1(x, y), "f_score": f_score(x, y, threshold)}


def _nearest_distances(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Distance of every x to its nearest y, `(N,)`, and of every y to its nearest x, `(M,)`."""
    x, y = _as_points(x, "x"), _as_points(y, "y")
    return cKDTree(y).query(x)[0], cKDTree(x).query(y)[0]


def _as_points(points: ArrayLike, name: str) -> np.ndarray:
    try:
        points = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers of the shape (points, 3): {error}") from None
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        raise ValueError(f"{name} must have the shape (points, 3) and not be empty, got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} must be finite, but has NaN or infinite numbers")
    return points
