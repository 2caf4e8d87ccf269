"""Depth scans and their geometry: what a camera on a tripod measures, planes in it, and stands laid on each other.

>>> room = rooms.make(4, furniture=0)
>>> one = take(room.mesh, places(room, 2), np.random.default_rng(0), turn=0.4)
>>> one.frames.shape, one.of(1).frames.shape
((36, 120, 160), (18, 120, 160))
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from . import rooms
from .camera import Camera
from .rooms import Room

__all__ = [
    "Scan", "align", "aligned", "fit_plane", "noise", "normals_of", "places", "ransac_plane", "take", "thinned",
    "tries_needed", "turned",
]  # fmt: skip

AZIMUTHS, TILTS = 6, (-0.75, 0.0, 0.75)  # a tripod's full turn: eighteen frames


@dataclass(frozen=True)
class Scan:
    """Depth frames (F, H, W) in metres, a camera for each, and the stand (F,) that it was taken from.

    The cameras are where the scan believes that they are, in a frame of its own, z up.
    """

    frames: np.ndarray
    cameras: tuple[Camera, ...]
    stand: np.ndarray

    def of(self, *stands: int) -> Scan:
        """The same scan from some of its stands only."""
        kept = np.flatnonzero(np.isin(self.stand, stands))
        return Scan(self.frames[kept], tuple(self.cameras[i] for i in kept), self.stand[kept])

    def rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every pixel: where its ray starts, its direction (as `Camera.rays`), and its depth; (F, H W, ..)."""
        centres, directions = zip(*(camera.rays() for camera in self.cameras), strict=True)
        return np.array(centres), np.array(directions, np.float32), self.frames.reshape(len(self.frames), -1)

    def points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What was measured: points (N, 3), their depths (N,), and the frame (N,) that each comes from."""
        centres, directions, depth = self.rays()
        frame, pixel = np.nonzero(np.isfinite(depth))
        measured = depth[frame, pixel].astype(float)
        return centres[frame] + measured[:, None] * directions[frame, pixel], measured, frame

    def moved(self, stand: int, R: np.ndarray, t: np.ndarray) -> Scan:
        """The same scan, with one stand's cameras believed elsewhere: its points x become R x + t."""
        cameras = [_moved(c, R, t) if s == stand else c for c, s in zip(self.cameras, self.stand, strict=True)]
        return replace(self, cameras=tuple(cameras))


def _moved(camera: Camera, R: np.ndarray, t: np.ndarray) -> Camera:
    """The camera whose points x are R x + t."""
    turned = camera.R @ R.T
    return replace(camera, R=turned, t=camera.t - turned @ t)


def noise(depth: np.ndarray) -> np.ndarray:
    """The standard deviation (N,) in metres of a depth (N,) that `rooms.depth_frame` measures.

    >>> noise(np.array([0.4, 2.4])).round(4).tolist()
    [0.0012, 0.0088]
    """
    return 0.0012 + 0.0019 * (np.asarray(depth) - 0.4) ** 2


def turned(angle: float) -> np.ndarray:
    """The rotation (3, 3) by ``angle`` about z.

    >>> (turned(np.pi / 2) @ [1, 0, 0]).round(6).tolist()
    [0.0, 1.0, 0.0]
    """
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def places(room: Room, count: int) -> np.ndarray:
    """Where a tripod finds room to stand, (count, 2): far from furniture and walls, and far from each other."""
    low, high = room.outline.min(0), room.outline.max(0)
    grid = np.stack(np.meshgrid(*(np.arange(a + 0.5, b - 0.5, 0.1) for a, b in zip(low, high, strict=True))), -1)
    grid = grid.reshape(-1, 2)
    boxes = [(piece.low[:2], piece.high[:2]) for piece in room.pieces]
    if len(room.walls) == 6:
        boxes.append((room.outline[3], high))
    if room.partition is not None:
        x = room.partition.a[0]
        boxes.append((np.array([x, low[1]]), np.array([x + rooms.THICKNESS, high[1]])))
    gap = np.full(len(grid), 9.0)  # metres: as far as anything
    for a, b in boxes:
        gap = np.minimum(gap, np.linalg.norm(np.maximum(np.maximum(a - grid, grid - b), 0), axis=1))
    free = grid[gap > min(0.5, np.quantile(gap, 0.8))]
    chosen = [free[np.argmin(np.linalg.norm(free - room.middle(), axis=1))]]
    while len(chosen) < count:
        away = np.linalg.norm(free[:, None] - np.array(chosen), axis=2).min(1)
        to_wall = np.minimum(free - low, high - free).min(1)
        chosen.append(free[np.argmax(away + np.minimum(to_wall, 1.0))])
    return np.array(chosen)


def take(
    mesh: trimesh.Trimesh,
    places: np.ndarray,
    rng: np.random.Generator | None,
    *,
    turn: float = 0.0,
    height: float = 1.5,
    noisy: float = 1.0,
) -> Scan:
    """A depth camera on a tripod makes a full turn, eighteen frames, at each of the ``places`` (K, 2).

    The scan's frame starts at the first place and is turned by ``turn`` against the mesh's. ``noisy`` multiplies the
    noise of `rooms.depth_frame`.
    """
    frames, cameras, stand = [], [], []
    R, t = turned(turn), -turned(turn) @ [*places[0], 0]
    for number, place in enumerate(places):
        for azimuth in 2 * np.pi * np.arange(AZIMUTHS) / AZIMUTHS:
            for tilt in TILTS:
                camera = rooms.stand(place, height, azimuth, tilt)
                frame = rooms.depth_frame(mesh, camera, rng)
                if rng is not None and noisy != 1:
                    exact = rooms.depth_frame(mesh, camera)
                    both = np.isfinite(frame) & np.isfinite(exact)
                    frame[both] = exact[both] + noisy * (frame[both] - exact[both])
                frames.append(frame)
                cameras.append(_moved(camera, R, t))
                stand.append(number)
    return Scan(np.array(frames), tuple(cameras), np.array(stand))


# ---- planes ----------------------------------------------------------------------------------------------------


def tries_needed(share: float, points: int = 3, sure: float = 0.99) -> int:
    """How many draws of so many ``points`` hold, with probability ``sure``, one draw of inliers only.

    ``share`` of the data are inliers. Source: Fischler and Bolles, Communications of the ACM 24(6), 1981.

    >>> tries_needed(0.5), tries_needed(0.5, points=1)
    (35, 7)
    """
    return int(np.ceil(np.log(1 - sure) / np.log1p(-(share**points))))


def fit_plane(points: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Least squares: unit normal n (3,) and offset d of the plane n x = d through points (N, 3).

    >>> n, d = fit_plane(np.array([[0, 0, 2], [1, 0, 2], [0, 1, 2], [1, 1, 2.0]]))
    >>> np.abs(n).round(6).tolist(), round(abs(d), 6)
    ([0.0, 0.0, 1.0], 2.0)
    """
    weight = np.ones(len(points)) if weight is None else weight
    middle = weight @ points / weight.sum()
    spread = (points - middle).T @ ((points - middle) * weight[:, None])
    n = np.linalg.eigh(spread)[1][:, 0]
    return n, float(n @ middle)


def ransac_plane(
    points: np.ndarray, tolerance: float, tries: int, rng: np.random.Generator
) -> tuple[np.ndarray, float, np.ndarray]:
    """The plane n x = d that most points (N, 3) are within ``tolerance`` of: n (3,), d, inliers (N,) bool.

    Tries are counted on at most 4,000 of the points; the best is fitted again to its inliers, three times.
    """
    sample = points[rng.permutation(len(points))[:4000]]
    a, b, c = points[rng.integers(len(points), size=(3, tries))]
    n = np.cross(b - a, c - a)
    length = np.linalg.norm(n, axis=1)
    n = n[length > 1e-9] / length[length > 1e-9, None]  # a point drawn twice makes no plane
    d = (n * a[length > 1e-9]).sum(1)
    count = [(np.abs(sample @ one - at) < tolerance).sum() for one, at in zip(n, d, strict=True)]
    best = int(np.argmax(count))
    n, d = n[best], d[best]
    for _ in range(3):
        inlier = np.abs(points @ n - d) < tolerance
        n, d = fit_plane(points[inlier])
    return n, d, np.abs(points @ n - d) < tolerance


# ---- scans laid on each other ----------------------------------------------------------------------------------


def thinned(points: np.ndarray, cell: float, *values: np.ndarray) -> tuple[np.ndarray, ...]:
    """One point a cell of a grid: the means (M, 3) of the points (N, 3) in each, and of their ``values`` (N, ..).

    >>> thinned(np.array([[0, 0, 0], [0.2, 0, 0], [1.5, 0, 0]]), 1.0)[0].tolist()
    [[0.1, 0.0, 0.0], [1.5, 0.0, 0.0]]
    """
    key = np.floor(points / cell).astype(np.int64)
    key -= key.min(0)
    size = key.max(0) + 1
    number = (key[:, 0] * size[1] + key[:, 1]) * size[2] + key[:, 2]
    _, group, count = np.unique(number, return_inverse=True, return_counts=True)
    return tuple(
        np.column_stack([np.bincount(group, column) for column in np.reshape(x, (len(x), -1)).T]) / count[:, None]
        for x in (points, *values)
    )


def normals_of(points: np.ndarray, eye: np.ndarray, neighbours: int = 16) -> np.ndarray:
    """Unit normals (N, 3) at points (N, 3) of a surface, from each one's neighbours, turned towards the eye (N, 3)."""
    near = points[cKDTree(points).query(points, neighbours)[1]]
    near -= near.mean(1, keepdims=True)
    n = np.linalg.eigh(near.transpose(0, 2, 1) @ near)[1][:, :, 0]
    return np.where(((eye - points) * n).sum(1, keepdims=True) < 0, -n, n)


def align(
    points: np.ndarray, normals: np.ndarray, target: np.ndarray, target_normals: np.ndarray, *, reach: float = 0.4
) -> tuple[np.ndarray, np.ndarray]:
    """R (3, 3), t (3,) that lay points (N, 3) on a target (M, 3): iterated closest points, point to plane.

    Source: Chen and Medioni, Image and Vision Computing 10(3), 1992. Pairs are neighbours within ``reach``, which
    shrinks to 6 cm, whose normals differ by less than 37 degrees.
    """
    tree, R, t = cKDTree(target), np.eye(3), np.zeros(3)
    for limit in np.geomspace(reach, 0.06, 25):
        x = points @ R.T + t
        far, nearest = tree.query(x, distance_upper_bound=limit)
        met = np.flatnonzero(np.isfinite(far))
        n, y, x = target_normals[nearest[met]], target[nearest[met]], x[met]
        alike = (n * (normals[met] @ R.T)).sum(1) > 0.8
        n, y, x = n[alike], y[alike], x[alike]
        A = np.hstack([np.cross(x, n), n])  # a small turn w and a shift s move x by w x x + s
        w, s = np.split(np.linalg.lstsq(A, ((y - x) * n).sum(1), rcond=1e-6)[0], 2)
        step = trimesh.transformations.rotation_matrix(np.linalg.norm(w), w)[:3, :3] if w.any() else np.eye(3)
        R, t = step @ R, step @ t + s
    return R, t


def aligned(scan: Scan, *, cell: float = 0.06) -> Scan:
    """The scan with each stand laid on those before it by `align`."""
    target, target_normals, result = None, None, scan
    for stand in np.unique(scan.stand):
        one = scan.of(stand)
        raw, _, frame = one.points()
        points, eye = thinned(raw, cell, np.array([camera.centre for camera in one.cameras])[frame])
        normals = normals_of(points, eye)
        if target is not None:
            R, t = align(points, normals, target, target_normals)
            result = result.moved(stand, R, t)
            points, normals = points @ R.T + t, normals @ R.T
            points, normals = np.vstack([target, points]), np.vstack([target_normals, normals])
        target, target_normals = points, normals
    return result
