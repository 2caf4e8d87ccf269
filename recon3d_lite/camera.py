"""Pinhole cameras in OpenCV's convention.

The camera's axes are x right, y down, z forward. A world point X is seen at ``x_cam = R X + t`` and drawn at
``(u, v) = (fx x/z + cx, fy y/z + cy)`` in pixels. The centre of the pixel in row i, column j is (j + 0.5, i + 0.5).
Hartley and Zisserman, *Multiple View Geometry in Computer Vision*, 2nd edition, Cambridge University Press 2004,
chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Camera", "intrinsics", "look_at", "orbit", "to_viewer"]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: intrinsics ``K`` (3, 3) in pixels, pose ``R`` (3, 3) and ``t`` (3,), picture size in pixels.

    >>> camera = orbit(azimuth=0.0, elevation=0.0, distance=2.0)
    >>> camera.centre.round(6).tolist()
    [2.0, 0.0, 0.0]
    >>> uv, depth = camera.project(np.zeros((1, 3)))      # the origin is drawn in the middle of the picture
    >>> uv.round(6).tolist(), depth.round(6).tolist()
    ([[32.0, 32.0]], [2.0])
    """

    K: np.ndarray
    R: np.ndarray
    t: np.ndarray
    width: int
    height: int

    @property
    def centre(self) -> np.ndarray:
        """Where the camera stands, (3,), in the world's frame."""
        return -self.R.T @ self.t

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """World points (N, 3) to pixels (N, 2) and depths (N,) along the camera's z axis.

        Points at or behind the camera have a depth of at most 0; their pixels mean nothing.
        """
        x_cam = np.asarray(points, float) @ self.R.T + self.t
        depth = x_cam[:, 2]
        uvw = x_cam @ self.K.T
        with np.errstate(divide="ignore", invalid="ignore"):
            return uvw[:, :2] / uvw[:, 2:], depth

    def unproject(self, uv: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) and depths (N,) back to world points (N, 3): the inverse of `project`."""
        uv, depth = np.asarray(uv, float), np.asarray(depth, float)
        x_cam = np.column_stack([uv, np.ones(len(uv))]) @ np.linalg.inv(self.K).T * depth[:, None]
        return (x_cam - self.t) @ self.R

    def _centres(self, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """Of the columns (width * samples,) and of the rows (height * samples,)."""
        u, v = ((np.arange(n * samples) + 0.5) / samples for n in (self.width, self.height))
        return u, v

    def pixels(self, samples: int = 1) -> np.ndarray:
        """Pixel centres (height * width, 2), row by row; ``samples`` > 1 splits each pixel into samples x samples."""
        u, v = self._centres(samples)
        return np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)

    def rays(self, samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """The camera's centre (3,) and one direction a pixel (height * width, 3).

        A direction is as long as it takes for its z in the camera's frame to be 1: centre + depth * direction.
        """
        along_u, along_v, corner = np.linalg.inv(self.K).T @ self.R
        u, v = self._centres(samples)
        directions = (v[:, None] * along_v + corner)[:, None] + u[:, None] * along_u
        return self.centre, directions.reshape(-1, 3)

    def framed(self, points: np.ndarray, size: int = 64, margin: float = 1.1) -> Camera:
        """The same view, cropped to a square picture that the ``points`` (N, 3) fill.

        The square is centred on the box around the projected points; its side is ``margin`` times the box's longer
        side. `recon3d_lite.reconstruction.cut_out` frames photographs in the same way.
        """
        uv, depth = self.project(points)
        if not (depth > 0).all():
            raise ValueError("points: some lie behind the camera; move it away before framing")
        low, high = uv.min(0), uv.max(0)
        side = margin * (high - low).max()
        scale = size / side
        corner = (low + high - side) / 2
        crop = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]], [0, 0, 1]])
        return replace(self, K=crop @ self.K, width=size, height=size)


def intrinsics(fov: float, width: int, height: int) -> np.ndarray:
    """K (3, 3) of a camera that sees ``fov`` radians across its picture's width, with square pixels.

    >>> intrinsics(np.pi / 2, 64, 48).round(6).tolist()
    [[32.0, 0.0, 32.0], [0.0, 32.0, 24.0], [0.0, 0.0, 1.0]]
    """
    if not 0 < fov < np.pi:
        raise ValueError(f"fov: an angle in radians between 0 and pi, not {fov}")
    f = width / (2 * np.tan(fov / 2))
    return np.array([[f, 0, width / 2], [0, f, height / 2], [0, 0, 1]])


def look_at(
    eye: np.ndarray, target: np.ndarray = (0, 0, 0), up: np.ndarray = (0, 0, 1)
) -> tuple[np.ndarray, np.ndarray]:
    """R (3, 3) and t (3,) of a camera that stands at ``eye`` and looks at ``target``, ``up`` being up in the picture.

    >>> R, t = look_at([2, 0, 0])
    >>> (R @ [0, 0, 1] + t).round(6).tolist()             # one up in the world is y = -1, and z = 2 ahead
    [0.0, -1.0, 2.0]
    """
    eye = np.asarray(eye, float)
    forward = np.asarray(target, float) - eye
    right = np.cross(forward, up)
    if np.linalg.norm(forward) < 1e-12 or np.linalg.norm(right) < 1e-9 * np.linalg.norm(forward):
        raise ValueError("look_at: the viewing direction must not be zero nor parallel to `up`")
    z = forward / np.linalg.norm(forward)
    x = right / np.linalg.norm(right)
    R = np.stack([x, np.cross(z, x), z])
    return R, -R @ eye


def orbit(
    azimuth: float, elevation: float, distance: float, fov: float = 0.7, width: int = 64, height: int = 64
) -> Camera:
    """A camera on a sphere around the origin, looking at it; angles in radians, distance in world units.

    Azimuth 0 stands on the x axis (in front of the object) and grows towards y (its left); elevation is the angle
    above the floor.
    """
    eye = distance * np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    R, t = look_at(eye)
    return Camera(intrinsics(fov, width, height), R, t, width, height)


def to_viewer(points: np.ndarray, azimuth: float | np.ndarray) -> np.ndarray:
    """Object's frame to viewer's frame: points (..., N, 3) turned about z by -azimuth (a number, or one a cloud).

    In the viewer's frame the camera stands at azimuth 0, so x points towards the viewer; z stays up. The inverse is
    ``to_viewer(points, -azimuth)``.

    >>> to_viewer(np.array([[0.0, 1.0, 0.0]]), np.pi / 2).round(6).tolist()
    [[1.0, 0.0, 0.0]]
    """
    c, s = np.cos(azimuth)[..., None], np.sin(azimuth)[..., None]
    x, y, z = np.moveaxis(np.asarray(points), -1, 0)
    return np.stack([c * x + s * y, c * y - s * x, z], axis=-1).astype(np.asarray(points).dtype)
