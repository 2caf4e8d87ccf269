"""Classical routes from pictures to points, over OpenCV and SciPy."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from .camera import Camera

__all__ = ["relative_pose", "resect", "rotation_angle", "triangulate"]


def triangulate(first: Camera, second: Camera, uv_first: np.ndarray, uv_second: np.ndarray) -> np.ndarray:
    """Where two cameras see the same points: pixels (N, 2) and (N, 2) to world points (N, 3).

    The linear method (Hartley and Zisserman, 2nd edition, section 12.2), exact where the rays meet. Points whose rays
    are parallel come out as inf or NaN. Raises ValueError if the two lists of pixels differ in length.

    >>> from recon3d_lite.camera import orbit
    >>> first, second = orbit(0.0, 0.0, 2.0), orbit(0.3, 0.0, 2.0)
    >>> X = np.array([[0.1, 0.2, -0.3]])
    >>> triangulate(first, second, first.project(X)[0], second.project(X)[0]).round(6).tolist()
    [[0.1, 0.2, -0.3]]
    """
    uv_first, uv_second = (np.asarray(uv, float).reshape(-1, 2) for uv in (uv_first, uv_second))
    if len(uv_first) != len(uv_second):
        raise ValueError(f"uv_first, uv_second: {len(uv_first)} and {len(uv_second)} pixels; each needs its partner")
    P1, P2 = (camera.K @ np.column_stack([camera.R, camera.t]) for camera in (first, second))
    homogeneous = cv2.triangulatePoints(P1, P2, uv_first.T, uv_second.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (homogeneous[:3] / homogeneous[3]).T


def relative_pose(
    uv_first: np.ndarray, uv_second: np.ndarray, K_first: np.ndarray, K_second: np.ndarray, threshold: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How the second camera stands to the first: from matched pixels (N, 2) and (N, 2), some of them wrong.

    Returns R (3, 3) and t (3,) with ``x_second = R x_first + t``, and inliers (N,) bool. No picture tells how far
    apart the cameras are, so t has length 1. The five-point method in RANSAC (Nistér, IEEE TPAMI 2004), then least
    squares over the inliers' Sampson errors (Hartley and Zisserman, 2nd edition, section 11.4.3). ``threshold`` is in
    pixels. Raises ValueError for fewer than five matches, or if none agree.

    >>> from recon3d_lite.camera import orbit
    >>> first, second = orbit(0.0, 0.2, 2.0), orbit(0.3, 0.2, 2.0)
    >>> X = np.random.default_rng(0).uniform(-0.3, 0.3, (20, 3))
    >>> R, t, inliers = relative_pose(first.project(X)[0], second.project(X)[0], first.K, second.K)
    >>> rotation_angle(R, second.R @ first.R.T) < 1e-6, int(inliers.sum())
    (True, 20)
    """
    uv_first, uv_second = (np.asarray(uv, float).reshape(-1, 2) for uv in (uv_first, uv_second))
    if len(uv_first) != len(uv_second) or len(uv_first) < 5:
        raise ValueError(f"uv_first, uv_second: {len(uv_first)} and {len(uv_second)} pixels; accepted: 5 pairs or more")
    x1, x2 = (
        np.column_stack([uv, np.ones(len(uv))]) @ np.linalg.inv(K).T
        for uv, K in ((uv_first, K_first), (uv_second, K_second))
    )
    limit = threshold / np.mean([K_first[0][0], K_first[1][1], K_second[0][0], K_second[1][1]])
    args = {"method": cv2.RANSAC, "prob": 0.9999, "threshold": limit, "maxIters": 1000}
    E, mask = cv2.findEssentialMat(x1[:, :2].copy(), x2[:, :2].copy(), np.eye(3), **args)
    if E is None or E.shape != (3, 3):
        raise ValueError("uv_first, uv_second: no pose that enough of the matches agree on")
    one, other, t = cv2.decomposeEssentialMat(E)
    fits = mask.ravel() > 0
    # four poses have this matrix; of the right one most points lie before both cameras
    poses = [(turn, move) for turn in (one, other) for move in (t.ravel(), -t.ravel())]
    R, t = max(poses, key=lambda pose: (_depths(*pose, x1[fits], x2[fits]) > 0).all(axis=1).sum())
    inliers = fits & (_depths(R, t, x1, x2) > 0).all(axis=1)
    for _ in range(3):  # the better the pose, the more matches agree with it
        if inliers.sum() < 5:
            raise ValueError("uv_first, uv_second: no pose that enough of the matches agree on")
        R, t = _refined(R, t, x1[inliers], x2[inliers], limit)
        inliers = (np.abs(_sampson(R, t, x1, x2)) < limit) & (_depths(R, t, x1, x2) > 0).all(axis=1)
    return R, t, inliers


def _sampson(R: np.ndarray, t: np.ndarray, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """About how far each pair (N, 3), (N, 3) with z = 1 must be moved so that its two rays meet, signed."""
    E = np.cross(np.eye(3), t) @ R  # [t]x R
    line2, line1 = x1 @ E.T, x2 @ E
    norm = np.sqrt((line2[:, :2] ** 2).sum(1) + (line1[:, :2] ** 2).sum(1))
    return (x2 * line2).sum(1) / np.maximum(norm, 1e-15)


def _depths(R: np.ndarray, t: np.ndarray, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """Depths (N, 2) at which the two rays of each pair come closest."""
    a = x1 @ R.T  # z2 x2 = z1 a + t, by least squares
    aa, ab, bb = (a * a).sum(1), (a * x2).sum(1), (x2 * x2).sum(1)
    at, bt = a @ t, x2 @ t
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([ab * bt - bb * at, aa * bt - ab * at], axis=1) / (aa * bb - ab * ab)[:, None]


def _refined(R: np.ndarray, t: np.ndarray, x1: np.ndarray, x2: np.ndarray, limit: float) -> tuple:
    """The pose near R, t with the least Sampson errors; errors beyond ``limit`` weigh less (Huber)."""
    sideways = np.linalg.svd(t[None])[2][1:]  # two directions across t: its length stays 1

    def pose(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved = t + p[3:] @ sideways
        return Rotation.from_rotvec(p[:3]).as_matrix() @ R, moved / np.linalg.norm(moved)

    def errors(p: np.ndarray) -> np.ndarray:
        return _sampson(*pose(p), x1, x2) / limit

    return pose(least_squares(errors, np.zeros(5), loss="huber", f_scale=0.5).x)


def resect(
    points: np.ndarray, uv: np.ndarray, K: np.ndarray, threshold: float = 2.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a camera stands that sees known points: world points (N, 3) at pixels (N, 2), some of them wrong.

    Returns R (3, 3), t (3,) with ``x_cam = R x + t``, and inliers (N,) bool. OpenCV's perspective-n-point in RANSAC
    (Fischler and Bolles, Communications of the ACM 1981), then least squares over the inliers. ``threshold`` is in
    pixels. Raises ValueError for fewer than six points, or if none agree.

    >>> from recon3d_lite.camera import orbit
    >>> camera = orbit(0.3, 0.2, 2.0)
    >>> X = np.random.default_rng(0).uniform(-0.3, 0.3, (20, 3))
    >>> R, t, inliers = resect(X, camera.project(X)[0], camera.K)
    >>> rotation_angle(R, camera.R) < 1e-6, int(inliers.sum())
    (True, 20)
    """
    points, uv = np.asarray(points, float).reshape(-1, 3), np.asarray(uv, float).reshape(-1, 2)
    if len(points) != len(uv) or len(points) < 6:
        raise ValueError(f"points, uv: {len(points)} points and {len(uv)} pixels; accepted: 6 pairs or more")
    K = np.asarray(K, float)
    args = {"reprojectionError": threshold, "iterationsCount": 2000, "confidence": 0.9999, "flags": cv2.SOLVEPNP_EPNP}
    found, turn, t, inliers = cv2.solvePnPRansac(points, uv, K, None, **args)
    if not found or inliers is None or len(inliers) < 6:
        raise ValueError("points, uv: no pose that enough of them agree on")
    inliers = inliers.ravel()
    turn, t = cv2.solvePnPRefineLM(points[inliers], uv[inliers], K, None, turn, t)
    return cv2.Rodrigues(turn)[0], t.ravel(), np.isin(np.arange(len(points)), inliers)


def rotation_angle(R: np.ndarray, S: np.ndarray) -> float:
    """The angle, in radians, of the rotation that takes one orientation (3, 3) to the other.

    >>> quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    >>> round(rotation_angle(np.eye(3), quarter), 6) == round(np.pi / 2, 6)
    True
    """
    # through quaternions: the arc cosine of the trace would lose the small angles that matter here
    return float(Rotation.from_matrix(np.asarray(R, float).T @ np.asarray(S, float)).magnitude())
