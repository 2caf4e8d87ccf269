"""A folder of photographs in, a page of shapes out, with the failures that it noticed itself.

Nobody tells it the truth, so it can't know an answer's error. It looks for signs of trouble (`signs`), numbers that
can be had without the truth, and calls an answer doubtful if one of them passes its limit (`LIMITS`). Which signs
know anything, and the limits, were measured by `benchmarks/unattended.py`.
"""

from __future__ import annotations

import html
import json
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from . import figures, metrics
from .files import whole
from .reconstruction import Reconstruction, find_mask, reconstruct

__all__ = ["LIMITS", "Entry", "examine", "report", "signs", "summary"]

# signs of trouble: from where on an answer is doubtful, and what is then said
LIMITS = {"another mask": 0.44, "another mesh": 0.06, "cut off": 0.06, "small": 0.72, "another object": 0.15}
REASONS = {
    "another mask": "another outline is found in the same picture made small",
    "another mesh": "the network that makes meshes answers otherwise",
    "cut off": "the object touches the side of the picture",
    "small": "the object is small",
    "another object": "there is another object",
}


@dataclass
class Entry:
    """What became of one file: points, with signs of trouble and the reasons to doubt them, or an error."""

    name: str
    points: np.ndarray | None = None  # (N, 3), as in `Reconstruction`
    picture: str = ""  # small, all but the object paled, as the address of an <img>
    signs: dict[str, float] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def verdict(self) -> str:
        """``"fine"``, ``"doubtful"`` or ``"failed"``."""
        return "failed" if self.error else "doubtful" if self.doubts else "fine"


def signs(result: Reconstruction) -> dict[str, float]:
    """Signs of trouble in an answer, each the larger the more trouble; two need a picture with a background.

    - ``another mask``: 1 - intersection over union of the mask and that of the picture made small.
    - ``another mesh``: Chamfer-L1 between the points and those of the network that makes meshes.
    - ``cut off``: how much of the object's longer side lies along a side of the picture, or of what was searched.
    - ``small``: 1 - the square root of the share of the picture that the object covers.
    - ``another object``: the area of what is found when the object is painted over, over the object's.
    """
    rgba, mask = result.picture, result.mask
    opaque = rgba[..., 3].min() >= 0.5
    longer = max(np.ptp(np.flatnonzero(mask.any(axis))) + 1 for axis in (0, 1))
    # `find_mask` searches all but a border of 4 %, unless the picture is transparent
    y, x = (round(0.04 * n) + 1 + n // 100 if opaque else 1 for n in mask.shape)
    sides = (mask[:y].any(0), mask[-y:].any(0), mask[:, :x].any(1), mask[:, -x:].any(1))
    found = {
        "another mask": another_mask(rgba, mask) if opaque else 0.0,
        "another mesh": another_answer(result, "mesh", resolution=24),
        "cut off": max(side.sum() for side in sides) / longer,
        "small": 1 - np.sqrt(mask.mean()),
        "another object": another_object(rgba, mask) if opaque else 0.0,
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def another_answer(result: Reconstruction, kind: str, **options: int) -> float:
    """Chamfer-L1 between an answer's points and those of the network of another ``kind``."""
    try:
        other = reconstruct(result.picture, as_=kind, mask=result.mask, **options).points
    except ValueError:  # nothing solid
        other = np.zeros((1, 3))
    return metrics.chamfer_l1(result.points, other)


def _small(picture: np.ndarray, side: int = 96) -> np.ndarray:
    scale = min(1, side / max(picture.shape[:2]))
    size = tuple(max(8, round(n * scale)) for n in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def another_mask(rgba: np.ndarray, mask: np.ndarray) -> float:
    """One minus the intersection over union of the mask with that of the same picture made small."""
    try:
        other = find_mask(_small(rgba))
    except ValueError:
        return 1.0
    mask = _small(mask.astype(np.float32)) > 0.5
    return 1 - (mask & other).sum() / max((mask | other).sum(), 1)


def another_object(rgba: np.ndarray, mask: np.ndarray) -> float:
    """The area of what is found once the object is painted over, over the object's."""
    rgba, mask = _small(rgba), _small(mask.astype(np.float32)) > 0
    hole = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2)
    row, column = distance_transform_edt(hole, return_distances=False, return_indices=True)  # of the nearest outside
    rgba = rgba[row, column]  # colours that are there already: GrabCut would find new ones
    try:
        return (find_mask(rgba) & (hole == 0)).sum() / max(mask.sum(), 1)  # what was painted is no object
    except ValueError:
        return 0.0


def examine(path: str | Path) -> Entry:
    """Reads one picture file and reconstructs what it shows; whatever goes wrong is in the entry's ``error``.

    >>> examine("missing.jpg").error
    'no such file; accepted: a picture file such as PNG, JPEG, WebP, TIFF or BMP'
    """
    entry = Entry(Path(path).name)
    try:
        result = reconstruct(Path(path))
    except (ValueError, OSError) as error:
        entry.error = str(error).removeprefix(f"{path}: ")
        return entry
    # the picture itself may be large, and a folder holds many: it is not kept
    entry.points, entry.signs = result.points, signs(result)
    result.picture[~result.mask, 3] *= 0.25
    entry.picture = figures.data_uri(result.picture)
    entry.doubts = [f"{REASONS[name]} ({entry.signs[name]:.2f}, limit {limit})" for name, limit in LIMITS.items()
                    if entry.signs.get(name, 0) > limit]  # fmt: skip
    return entry


def report(folder: str | Path, path: str | Path) -> list[Entry]:
    """Examines every file of a folder, in the order of their names; writes the page, and the figures beside it as JSON.

    The page opens offline: pictures and points are inside. Folders within the folder are named in it, not entered.
    Raises FileNotFoundError or NotADirectoryError if there is no such folder, ValueError if ``path`` does not end in
    .html or there is no file, OSError if it can't be written.
    """
    folder, path = Path(folder), Path(path)
    if path.suffix.lower() != ".html":
        raise ValueError(f"{path}: a report is written to a file that ends in .html")
    if not path.absolute().parent.is_dir():  # said now, not after all the pictures
        raise FileNotFoundError(f"{path}: the folder {path.parent} does not exist; create it first")
    if not folder.is_dir():
        kind = NotADirectoryError if folder.exists() else FileNotFoundError
        raise kind(f"{folder}: {'is a file' if folder.exists() else 'no such folder'}; accepted: a folder of pictures")
    beside = path.with_suffix(".json")
    own = {path.absolute(), beside.absolute()}
    files = [file for file in sorted(folder.iterdir()) if file.name[0] != "." and file.absolute() not in own]
    if not files:
        raise ValueError(f"{folder}: there is nothing in it; accepted: a folder of pictures")
    entries = [examine(file) for file in files]
    rows = [{"file": e.name, "verdict": e.verdict, "doubts": e.doubts, "error": e.error, "signs": e.signs}
            for e in entries]  # fmt: skip
    with whole(path) as page, whole(beside) as table:
        page.write_text(_page(entries, folder.absolute().name), encoding="utf-8")
        table.write_text(json.dumps(rows, indent=1) + "\n")
    return entries


def _page(entries: list[Entry], name: str) -> str:
    title = html.escape(f"Shapes from {name}")
    return PAGE.format(title=title, summary=summary(entries), rows="\n".join(map(_row, entries)))


def summary(entries: list[Entry]) -> str:
    """How many files came out how.

    >>> summary([Entry("a.jpg", error="damaged"), Entry("b.jpg")])
    '2 files: 1 fine, 0 doubtful, 1 failed'
    """
    count = [sum(entry.verdict == verdict for entry in entries) for verdict in ("fine", "doubtful", "failed")]
    return "{} file{}: {} fine, {} doubtful, {} failed".format(len(entries), "s" * (len(entries) > 1), *count)


def _row(entry: Entry) -> str:
    name, pictures = html.escape(entry.name), "<td></td><td></td>"
    if entry.points is not None:
        points = b64encode((entry.points * 200).round().clip(-127, 127).astype(np.int8).tobytes()).decode()
        pictures = (
            f'<td><img src="{entry.picture}" alt="{name}, all but the object that was found paled"></td>'
            f'<td><canvas width="200" height="200" role="img" aria-label="the shape made from {name}, as points" '
            f'data-points="{points}"></canvas><br><input type="range" min="-180" max="180" value="0" '
            f'aria-label="turn the shape made from {name}, in degrees"></td>'
        )
    why = "<br>".join(map(html.escape, entry.doubts or [entry.error]))
    return (
        f'<tr class="{entry.verdict}"><th scope="row">{name}</th>{pictures}<td>{entry.verdict}</td><td>{why}</td></tr>'
    )


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif }}
body {{ max-width: 62rem; margin: 1rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ padding: .4rem; border-bottom: 1px solid #8888; text-align: left; vertical-align: top }}
td, th {{ overflow-wrap: anywhere }}
th[scope=row] {{ min-width: 5rem }} td:nth-child(4) {{ white-space: nowrap }}
@media (max-width: 40rem) {{ tr, td, th {{ display: block; border: 0 }} thead {{ display: none }} }}
img, canvas {{ max-width: 100%; background: #fff }}
input {{ width: 100%; min-width: 5rem }}
.doubtful {{ background: #e69f0033 }} .failed {{ background: #d55e0033 }}
</style></head><body><main>
<h1>{title}</h1>
<p>{summary}. "Fine" means that no sign of trouble was found, not that the shape is right.</p>
<table><thead><tr><th scope="col">file</th><th scope="col">object found</th><th scope="col">shape</th>
<th scope="col">verdict</th><th scope="col">why</th></tr></thead><tbody>
{rows}
</tbody></table></main>
<script>
for (const canvas of document.querySelectorAll("canvas")) {{
  const xyz = Int8Array.from(atob(canvas.dataset.points), c => c.charCodeAt(0)), pen = canvas.getContext("2d");
  const slider = canvas.parentNode.querySelector("input");
  const draw = () => {{
    const a = slider.value * Math.PI / 180, points = [];
    for (let i = 0; i < xyz.length; i += 3)  // turned about z, seen from 20 degrees above
      points.push([Math.cos(a) * xyz[i] - Math.sin(a) * xyz[i + 1], Math.sin(a) * xyz[i] + Math.cos(a) * xyz[i + 1],
                   xyz[i + 2]]);
    points.sort((p, q) => p[0] - q[0]);
    pen.clearRect(0, 0, 200, 200);
    for (const [x, y, z] of points) {{
      const near = Math.round(120 - x);
      pen.fillStyle = `rgb(${{near * .6}},${{60 + near * .6}},178)`;
      pen.fillRect(99 + y * .9, 99 - (z * .94 - x * .34) * .9, 3, 3);
    }}
  }};
  slider.oninput = draw;
  let from = null;  // dragging turns it, too
  canvas.onpointerdown = e => {{ from = e.clientX - slider.value; canvas.setPointerCapture(e.pointerId); }};
  canvas.onpointermove = e => {{ if (from !== null) {{ slider.value = e.clientX - from; draw(); }} }};
  canvas.onpointerup = () => {{ from = null; }};
  draw();
}}
</script></body></html>
"""
