"""Does longer training let a network beat the classical ways of seeing a brain in 15 shadows?

    python benchmarks/shadows.py

The network of *A body from its shadows*, its data and its split, trained for longer, on more turned copies of the
training slices, from two kinds of pictures: filtered back-projections (``fbp``) and algebraic reconstructions with
total variation between the sweeps (``sart_tv``). Scores are PSNR (dB) and SSIM on the 14 test slices and on the
Shepp-Logan phantom. They go to `shadows.json`; a run that was stopped goes on. Ten minutes on one core.
"""

import json
import time
from datetime import date
from pathlib import Path

import recon3d_lite.training  # noqa: F401  first: silences TensorFlow

# isort: split
import keras
import numpy as np
from keras import layers
from nilearn.datasets import load_mni152_template
from scipy import ndimage, sparse
from skimage.data import shepp_logan_phantom
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.restoration import denoise_tv_chambolle
from skimage.transform import resize

from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
VIEWS, N, COPIES, EVERY, ROUNDS = 15, 96, 20, 500, {"fbp": 8, "sart_tv": 3}
TRAIN, TEST = np.r_[10:32, 54:73], np.arange(36, 50)


def projector(n: int, views: int) -> sparse.csr_array:
    """Sums along rays, as a matrix (views * n, n * n)."""
    s = np.arange(n) - (n - 1) / 2
    parts = []
    for view, theta in enumerate(np.arange(views) * np.pi / views):
        column = np.cos(theta) * s + np.sin(theta) * s[:, None] + (n - 1) / 2
        row = np.cos(theta) * s[:, None] - np.sin(theta) * s + (n - 1) / 2
        for i, j in np.ndindex(2, 2):
            r, c = np.floor(row).astype(int) + i, np.floor(column).astype(int) + j
            weight = (1 - abs(row - r)) * (1 - abs(column - c))
            keep = (r >= 0) & (r < n) & (c >= 0) & (c < n)
            ray = np.broadcast_to(view * n + np.arange(n), (n, n))
            parts.append((weight[keep].astype(np.float32), ray[keep], (r * n + c)[keep]))
    values, rays, pixels = map(np.concatenate, zip(*parts, strict=True))
    return sparse.csr_array((values, (rays, pixels)), (views * n, n * n))


class Scanner:
    """Measures slices on a grid twice as fine as the one it reconstructs on."""

    def __init__(self) -> None:
        self.fine, self.coarse = projector(2 * N, VIEWS), projector(N, VIEWS)
        order = [VIEWS // 2 * i % VIEWS for i in range(VIEWS)]  # 7 and 15 have no common divisor: each view once
        parts = [(view, self.coarse[view * N : view * N + N]) for view in order]
        self.parts = [
            (view, part, part.T.tocsr(), part.sum(1)[:, None].clip(0.5), part.sum(0)[:, None].clip(0.5))
            for view, part in parts
        ]

    def measure(self, slices: np.ndarray) -> np.ndarray:
        p = (self.fine @ slices.reshape(len(slices), -1).T).T
        return p.reshape(len(slices), VIEWS, N, 2).mean(3) / 2

    def fbp(self, p: np.ndarray) -> np.ndarray:
        k = np.fft.fftfreq(256, 1 / 256)
        h = np.where(k == 0, 0.25, np.where(k % 2, -1 / (np.pi * np.where(k == 0, 1, k)) ** 2, 0))
        q = np.fft.ifft(np.fft.fft(p, 256) * np.fft.fft(h).real).real[..., :N].astype(np.float32)
        return (self.coarse.T @ q.reshape(len(p), -1).T).T.reshape(-1, N, N) * np.pi / VIEWS

    def sart_tv(self, p: np.ndarray) -> np.ndarray:
        x = np.zeros((N * N, len(p)), np.float32)
        for _ in range(12):
            for view, part, back, length, seen in self.parts:
                x = (x + (back @ ((p[:, view].T - part @ x) / length)) / seen).clip(0, 1)
            smooth = [denoise_tv_chambolle(one, weight=0.008, max_num_iter=20) for one in x.T.reshape(-1, N, N)]
            x = np.reshape(smooth, (len(p), -1)).T.astype(np.float32)
        return x.T.reshape(-1, N, N)


def slices() -> np.ndarray:
    """The template in slices 2 mm thick, of 192 x 192 pixels of 1 mm, x forward, y left."""
    volume = load_mni152_template(resolution=1).get_fdata(dtype=np.float32).transpose(1, 0, 2)[:, ::-1]
    return volume[21:213, 2:194, :188].reshape(192, 192, 94, 2).mean(3).transpose(2, 0, 1)


def coarse(fine: np.ndarray) -> np.ndarray:
    return fine.reshape(-1, N, 2, N, 2).mean((2, 4))


def turned(one: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(1, 1.2)
    M = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ndimage.affine_transform(one, M, 95.5 - M @ [95.5, 95.5], order=1)


def network() -> keras.Model:
    def conv(x, width, stride=1):
        return layers.Conv2D(width, 3, stride, padding="same", activation="relu")(x)

    def up(x, width):
        return layers.Conv2DTranspose(width, 2, 2, activation="relu")(x)

    picture = layers.Input((N, N, 1))
    a = conv(conv(picture, 24, 2), 24)
    b = conv(conv(a, 32, 2), 32)
    c = conv(conv(b, 48, 2), 48)
    b = conv(layers.Concatenate()([up(c, 32), b]), 32)
    a = conv(layers.Concatenate()([up(b, 24), a]), 24)
    correction = layers.Conv2DTranspose(1, 4, 2, padding="same", kernel_initializer="zeros")(a)
    return keras.Model(picture, layers.Add()([picture, correction]))


def score(truth: np.ndarray, answer: np.ndarray) -> dict[str, float]:
    pairs = list(zip(truth, answer.clip(0, 1), strict=True))
    return {
        "psnr": float(np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs])),
        "ssim": float(np.mean([structural_similarity(a, b, data_range=1) for a, b in pairs])),
    }


def main() -> None:
    scanner, fine, rng = Scanner(), slices(), np.random.default_rng(0)
    phantom = resize(shepp_logan_phantom(), (192, 192), anti_aliasing=True)[None].astype(np.float32)
    bodies = {"test": fine[TEST], "phantom": phantom}
    many = np.concatenate([fine[TRAIN], [turned(fine[i], rng) for i in np.repeat(TRAIN, COPIES)]]).clip(0, 1)
    rows = json.loads(LOG.read_text())["rows"] if LOG.exists() else []
    for start, rounds in ROUNDS.items():
        if any(row["start"] == start for row in rows):
            continue
        first = getattr(scanner, start)
        begun = time.process_time()
        pictures, truth = first(scanner.measure(many)), coarse(many)
        shown = {name: first(scanner.measure(body)) for name, body in bodies.items()}
        row = {"start": start, "slices": len(many), "before": {n: score(coarse(bodies[n]), shown[n]) for n in bodies}}
        keras.utils.set_random_seed(0)
        net = network()
        schedule = keras.optimizers.schedules.CosineDecay(2e-3, rounds * EVERY)
        net.compile(keras.optimizers.Adam(schedule), "mse")
        curve = []
        for number in range(rounds):
            chosen = rng.integers(len(many), size=8 * EVERY)
            net.fit(pictures[chosen, ..., None], truth[chosen, ..., None], batch_size=8, verbose=0)
            answers = {n: net.predict(shown[n][..., None], verbose=0)[..., 0] for n in bodies}
            curve.append({"step": (number + 1) * EVERY} | {n: score(coarse(bodies[n]), answers[n]) for n in bodies})
            print(start, curve[-1], flush=True)
        row |= {"parameters": net.count_params(), "minutes": round((time.process_time() - begun) / 60, 1)}
        rows.append(json.loads(json.dumps(row | {"curve": curve}), parse_float=lambda number: round(float(number), 4)))
        about = {"date": str(date.today()), "machine": "one core; minutes are processor time", "views": VIEWS}
        with whole(LOG) as partial:
            partial.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
