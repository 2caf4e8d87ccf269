"""How good is a network? Its scores beside those of copying, of an oracle, and of sampling noise alone.

Distances are in units of the object's bounding-box diagonal, and the F-scores' thresholds are 1, 2 and 5 % of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import trimesh
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from . import metrics
from .camera import to_viewer
from .datasets import ShapeSet

__all__ = ["choose_level", "copied_voxels", "evaluate", "evaluate_meshes", "evaluate_voxels", "oracle",
           "retrieve", "table", "turned"]  # fmt: skip

THRESHOLDS = {"f_score_1": 0.01, "f_score": 0.02, "f_score_5": 0.05}
EMD_POINTS = 512  # exact matching takes the cube of it


def evaluate(
    answers: Mapping[str, np.ndarray], train: ShapeSet, test: ShapeSet, *, points: int = 1024, progress: bool = False
) -> dict:
    """Scores on ``test``, overall and per category: of the ``answers``, and of what they have to beat.

    ``answers`` holds arrays (S, N, 3) by name, in the viewer's frame: one cloud for each shape's first picture.
    Beside them stand ``retrieval`` (the shape of the most similar training picture), ``oracle`` (the best of all
    training shapes, chosen by looking at the truth, and posed as it) and ``floor`` (the truth sampled a second time).

    Returns ``{"overall": row, "categories": {name: row}}``. A row is ``{"n": ..}`` and, for each name, the mean and,
    under ``.._median``, the median of ``chamfer_l1``, of the F-scores ``f_score_1``, ``f_score`` and ``f_score_5`` at
    1, 2 and 5 % of the diagonal, and of ``emd``, the exact earth mover's distance of 512 points.
    """
    if test.points.shape[1] < 2 * points:
        raise ValueError(f"test: {2 * points} points a shape are needed, half of them for the floor")
    truth = test.in_view(points)
    shape, view = retrieve(train, test)
    rows = {
        **answers,
        "retrieval": train[shape].in_view(points, view),
        "oracle": to_viewer(
            train.points[oracle(train, test, points, progress=progress)][:, :points], test.azimuth[:, 0]
        ),
        "floor": test.in_view(2 * points)[:, points:],
    }
    return _by_category({name: _scores(clouds, truth) for name, clouds in rows.items()}, test)


def evaluate_voxels(answers: Mapping[str, np.ndarray], train: ShapeSet, test: ShapeSet) -> dict:
    """The same for voxels: ``answers`` holds grids (S, n, n, n) bool by name, beside them stands `copied_voxels`.

    The score is ``iou``; the result is laid out as that of `evaluate`.
    """
    truth = test.occupancy()
    rows = {**answers, **copied_voxels(train, test)}
    return _by_category({name: {"iou": metrics.iou(grids, truth)} for name, grids in rows.items()}, test)


def _by_category(scores: dict[str, dict[str, np.ndarray]], test: ShapeSet) -> dict:
    def row(which: np.ndarray) -> dict:
        return {"n": int(which.sum())} | {name: _summary(s, which) for name, s in scores.items()}

    present = np.unique(test.category)
    return {
        "overall": row(np.ones(len(test), bool)),
        "categories": {test.names[c]: row(test.category == c) for c in present},
    }


def retrieve(train: ShapeSet, test: ShapeSet) -> tuple[np.ndarray, np.ndarray]:
    """For the first picture of every test shape, the most similar training picture: shapes (S,), views (S,).

    Two pictures are as similar as the mean squared difference of their grey values and of their masks is small.
    """
    queries = _features(test.pictures[:, 0])
    best = np.full(len(test), np.inf)
    shape, view = np.zeros(len(test), int), np.zeros(len(test), int)
    for v in range(train.pictures.shape[1]):
        for start in range(0, len(train), 1000):
            features = _features(train.pictures[start : start + 1000, v])
            distance = (features**2).sum(1) - 2 * queries @ features.T  # less |query|^2, which ranks nothing
            nearest = distance.argmin(1)
            closer = distance[np.arange(len(test)), nearest] < best
            best[closer] = distance[closer, nearest[closer]]
            shape[closer], view[closer] = start + nearest[closer], v
    return shape, view


def _features(pictures: np.ndarray) -> np.ndarray:
    rgba = np.asarray(pictures, np.float32) / 255
    alpha = rgba[..., 3:]
    grey = rgba[..., :3].mean(-1, keepdims=True) * alpha
    return np.concatenate([grey, alpha], -1).reshape(len(rgba), -1)


def oracle(train: ShapeSet, test: ShapeSet, points: int = 1024, *, progress: bool = False) -> np.ndarray:
    """For every test shape the training shape (S,) with the smallest Chamfer-L1 to it, both in the object's frame.

    All training shapes are ranked by 32 points each, the best 500 of them by 128; the best 32 of these are compared
    by ``points``.
    """
    few = np.ascontiguousarray(train.points[:, :32])

    def best(truth: np.ndarray) -> int:
        kept = np.argsort(_coarse(truth[:32], few))[:500]
        kept = kept[np.argsort(_coarse(truth[:128], train.points[kept, :128]))[:32]]
        exact = [metrics.chamfer_l1(train.points[i, :points], truth) for i in kept]
        return int(kept[np.argmin(exact)])

    truths = tqdm(test.points[:, :points], "searching the oracle", unit="shape", disable=not progress)
    return np.array(Parallel(n_jobs=-1, prefer="threads")(delayed(best)(np.asarray(t)) for t in truths))


def _coarse(truth: np.ndarray, clouds: np.ndarray) -> np.ndarray:
    """Chamfer-L1 (S,) of one cloud (K, 3) to many (S, K, 3), by one matrix product."""
    flat = clouds.reshape(-1, 3)
    squared = (truth**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * truth @ flat.T
    squared = squared.reshape(len(truth), *clouds.shape[:2])
    nearest = [squared.min(0).T, squared.min(2)]  # each (K, S)
    return sum(np.sqrt(np.maximum(s, 0)).mean(0) for s in nearest) / 2


def _scores(clouds: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Each score (S,) of the pairs of clouds."""
    # processes, not threads: SciPy's matching, which takes nearly all of the time, lets no other thread run
    rows = Parallel(n_jobs=-1)(delayed(_score)(x, y) for x, y in zip(clouds, truth, strict=True))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _score(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    f = {name: metrics.f_score(x, y, threshold) for name, threshold in THRESHOLDS.items()}
    # a network's points may stand in an order that means something, so a part of them is drawn, not cut off
    some = np.random.default_rng(0).permutation(len(y))[:EMD_POINTS]
    return {"chamfer_l1": metrics.chamfer_l1(x, y), **f, "emd": metrics.earth_movers_distance(x[some], y[some])}


def _summary(scores: dict[str, np.ndarray], which: np.ndarray) -> dict[str, float]:
    means = {name: float(values[which].mean()) for name, values in scores.items()}
    return means | {f"{name}_median": float(np.median(values[which])) for name, values in scores.items()}


def table(result: dict) -> str:
    """A result as text, a line a category, a column a method.

    Of `evaluate` the cells are Chamfer-L1 and, behind it, the F-score; of `evaluate_voxels` the IoU; of
    `evaluate_meshes` Chamfer-L1 and, behind it, the normal consistency.
    """
    methods = [name for name in result["overall"] if name != "n"]

    def cells(row: dict, median: str = "") -> str:
        def cell(scores: dict) -> str:
            if "iou" in scores:
                return f"{scores[f'iou{median}']:.3f}"
            second = "normals" if "normals" in scores else "f_score"
            return f"{scores[f'chamfer_l1{median}']:.4f} ({scores[f'{second}{median}']:.2f})"

        return f"{row['n']:5}" + "".join(f"{cell(row[m]):>17}" for m in methods)

    lines = [f"{'':12}{'n':>5}" + "".join(f"{m:>17}" for m in methods)]
    lines += [f"{name:12}" + cells(row) for name, row in result["categories"].items()]
    lines += [f"{'overall':12}" + cells(result["overall"]), f"{'median':12}" + cells(result["overall"], "_median")]
    return "\n".join(lines)


# --- voxels -------------------------------------------------------------------------------------------------------


def copied_voxels(train: ShapeSet, test: ShapeSet) -> dict[str, np.ndarray]:
    """What a voxel network has to beat, for the first picture of every test shape: grids (S, n, n, n) bool by name.

    ``average`` is one grid for all: what is occupied in at least a certain share of the training grids, the share
    chosen for the best mean IoU with them. ``retrieval`` is the grid that belongs to the most similar training
    picture, and ``oracle`` the best by IoU of all training grids, chosen by looking at the truth.
    """
    n = test.occupancy().shape[1]
    grids = np.concatenate([train.voxels[:, v].reshape(len(train), -1) for v in range(train.voxels.shape[1])])
    mean = sum(_bits(part).sum(0) for part in np.array_split(grids, 50)) / len(grids)
    some = _bits(grids[:: max(1, len(grids) // 1000)])
    average = mean > choose_level(np.broadcast_to(mean, some.shape), some)
    shape, view = retrieve(train, test)
    best = _most_alike(test.voxels[:, 0].reshape(len(test), -1), grids)
    answers = {"average": np.broadcast_to(average, (len(test), n**3))}
    answers["retrieval"] = train[shape].occupancy(view)
    answers["oracle"] = _bits(grids[best])
    return {name: grid.reshape(-1, n, n, n) for name, grid in answers.items()}


def choose_level(values: np.ndarray, truth: np.ndarray) -> float:
    """The level above which ``values`` (S, ...) count as occupied so that the mean IoU with ``truth`` is best.

    Tried are 100 levels that split the values evenly. A network's level is chosen on validation shapes.
    """
    values, truth = values.reshape(len(values), -1), truth.reshape(len(truth), -1)
    levels = np.unique(np.quantile(values[::10], np.linspace(0.5, 0.999, 100)))
    score = [np.mean(((values > t) & truth).sum(1) / np.maximum(((values > t) | truth).sum(1), 1)) for t in levels]
    return float(levels[np.argmax(score)])


def _bits(packed: np.ndarray) -> np.ndarray:
    return np.unpackbits(packed, axis=-1).astype(bool)


def _most_alike(queries: np.ndarray, grids: np.ndarray) -> np.ndarray:
    """For each packed grid (Q, B) the index (Q,) of the one among (G, B) with the largest IoU."""
    wanted = _bits(queries).astype(np.float32)
    best, index = np.full(len(queries), -1.0), np.zeros(len(queries), int)
    for start in range(0, len(grids), 1000):
        found = _bits(grids[start : start + 1000]).astype(np.float32)
        both = wanted @ found.T
        score = both / np.maximum(wanted.sum(1)[:, None] + found.sum(1) - both, 1)
        closer = score.max(1) > best
        best[closer], index[closer] = score.max(1)[closer], start + score.argmax(1)[closer]
    return index


# --- meshes -------------------------------------------------------------------------------------------------------


def evaluate_meshes(
    answers: Mapping[str, Sequence[trimesh.Trimesh]],
    truth: Sequence[trimesh.Trimesh],
    test: ShapeSet,
    samples: int = 10_000,
) -> dict:
    """Scores of meshes: ``answers`` holds one for each shape of ``test`` by name, ``truth`` the true ones, one frame.

    Each mesh is sampled at ``samples`` points. The scores are ``chamfer_l1``, ``f_score`` at 2 % of the diagonal,
    ``normals`` (`metrics.normal_consistency`), ``watertight`` (1 or 0) and ``euler``, its Euler characteristic; beside
    the answers stands the ``floor``, the truth sampled a second time. The result is laid out as that of `evaluate`.
    """
    rows = {**answers, "floor": truth}
    scores = {}
    for name, meshes in rows.items():
        each = Parallel(n_jobs=-1)(
            delayed(_mesh_score)(mesh, true, samples) for mesh, true in zip(meshes, truth, strict=True)
        )
        scores[name] = {key: np.array([score[key] for score in each], float) for key in each[0]}
    return _by_category(scores, test)


def _mesh_score(mesh: trimesh.Trimesh, true: trimesh.Trimesh, samples: int) -> dict[str, float]:
    (x, n), (y, m) = (_sampled(mesh, samples, 0), _sampled(true, samples, 1))
    return {
        "chamfer_l1": metrics.chamfer_l1(x, y),
        "f_score": metrics.f_score(x, y, THRESHOLDS["f_score"]),
        "normals": metrics.normal_consistency(x, n, y, m),
        "watertight": mesh.is_watertight,
        "euler": mesh.euler_number,
    }


def _sampled(mesh: trimesh.Trimesh, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    points, face = trimesh.sample.sample_surface(mesh, samples, seed=np.random.default_rng(seed))
    return points, mesh.face_normals[face]


def turned(mesh: trimesh.Trimesh, azimuth: float) -> trimesh.Trimesh:
    """A mesh from the object's frame in the viewer's, as `camera.to_viewer` turns points."""
    return trimesh.Trimesh(to_viewer(mesh.vertices, azimuth), mesh.faces, process=False)
