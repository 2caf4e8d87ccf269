"""Classical routes from pictures to points, over OpenCV and SciPy."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from .camera import Camera

__all__ = ["rotation_angle", "triangulate"]


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


def rotation_angle(R: np.ndarray, S: np.ndarray) -> float:
    """The angle, in radians, of the rotation that takes one orientation (3, 3) to the other.

    >>> quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    >>> round(rotation_angle(np.eye(3), quarter), 6) == round(np.pi / 2, 6)
    True
    """
    # through quaternions: the arc cosine of the trace would lose the small angles that matter here
    return float(Rotation.from_matrix(np.asarray(R, float).T @ np.asarray(S, float)).magnitude())
