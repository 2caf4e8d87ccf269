# %% [markdown]
r"""
# Real time: how small, how fast, how good?

A phone shows thirty pictures a second. A network that answers in time for each of them has 33 milliseconds, together with everything around it. This chapter makes the shipped network smaller in four ways, measures what each costs in accuracy, and then lets it follow a turning object, picture by picture.

```{admonition} This chapter
:class: note
**You will be able to** time a function honestly; round weights to eight bits by hand and find the same whole numbers in LiteRT's file; find the one line that eight bits do not survive; prune a network and say what that buys and what not; read a Pareto figure; find out which stage of a pipeline is worth making faster.

**You need** NumPy, and *[Points from one view](../reconstruction/points_from_one_view)*, whose network is made smaller.

**Time** 30 minutes to read; it runs in about TIME seconds on two cores, in MEMORY GB.
```
"""

# %%
import json
import time
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import matplotlib.pyplot as plt
import numpy as np

from recon3d_lite import camera, datasets, figures, metrics, models, reconstruction, render, shapes

# isort: split
import keras
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

tf.get_logger().setLevel("ERROR")
log = json.loads(Path("../../benchmarks/real_time.json").read_text())
rows = {(row["network"], row["format"]): row for row in log["rows"]}
# %% [markdown]
r"""
## The question

How long does one answer take? A clock is read before and after. The first call is not counted: it builds what later calls use again. And one call tells little, so many are made. Their *median* is the usual time; their 95th percentile is what one call in twenty exceeds, and a picture that comes late is seen.
"""


# %% {"tags": ["nbval-ignore-output"]}
def milliseconds(call, times=100):
    call()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spent.append(1000 * (time.perf_counter() - start))
    return np.percentile(spent, [50, 95])


network = models.load()
answer = models.compiled(network)
picture = datasets.example("chair", seed=4).picture
for name, call in (("model()", lambda: network(picture[None])), ("compiled", lambda: answer(picture[None]))):
    median, late = milliseconds(call)
    print(f"{name:9} median {median:5.1f} ms, 95th percentile {late:5.1f} ms")
# %% [markdown]
r"""
Called as a Keras model, layer by layer through Python, the network takes several times as long as the same arithmetic compiled to one function. Nothing was made smaller; only Python went out of the way. That is the baseline: **compiled, about four milliseconds**.

The printed times are those of the machine that made this page, while it did other things. For the figures below `benchmarks/real_time.py` measured every variant in turns, many rounds, alone on one core.
"""
# %%
for how in ("model()", "compiled", "float32"):
    row = rows["shipped", how]
    print(f"{how:9} median {row['ms']:5.2f} ms, 95th percentile {row['ms_95']:5.2f} ms")
# %% [markdown]
r"""
The last line is LiteRT, a small engine that runs a network from one file without TensorFlow, on phones and in browsers, too. It is the format of the rest of this chapter.

## Rounding to eight bits

A weight takes 32 bits. Its exact value hardly matters, for training is noisy anyway. So store a whole number from -127 to 127 instead, and one step size $s$ for many of them:

$$q = \operatorname{round}(w / s), \qquad w \approx s\,q, \qquad s = \max\lvert w\rvert / 127$$

This is *quantisation* {cite:p}`jacob2018quantization`. With one $s$ for each output channel of a convolution:
"""
# %%
w = network.get_layer("level3_a").kernel.numpy()  # (3, 3, C, C')
s = np.abs(w).max(axis=(0, 1, 2)) / 127
q = np.round(w / s).astype(np.int8)
wrong = np.abs(s * q - w)
print(f"{w.size:,} weights, {w.nbytes / 1000:.0f} kB as float32, {(q.nbytes + s.nbytes) / 1000:.0f} kB as int8")
print(
    f"largest error {wrong.max() / s.max():.2f} steps; mean error {100 * wrong.mean() / np.abs(w).mean():.1f} % of the mean weight"
)
assert (wrong <= s / 2 * 1.001).all()
# %% [markdown]
r"""
A quarter of the size, and no weight is off by more than half a step. One step size for *all* channels would be simpler, and worse: the channel with the largest weight sets it for all.
"""
# %%
one = np.abs(w).max() / 127
coarse = np.abs(one * np.round(w / one) - w)
print(f"mean error with one step size for all channels: {coarse.mean() / wrong.mean():.1f} times as large")
assert coarse.mean() > 1.3 * wrong.mean()
# %% [markdown]
r"""
Now the tool. Keras exports to LiteRT; an option asks for eight-bit weights. The file holds the whole numbers, so they can be compared with ours.
"""


# %%
def convert(model, how, examples=()):
    options = {} if how == "float32" else {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if how == "float16":
        options["target_spec"] = {"supported_types": [tf.float16]}
    if how == "int8":
        options["target_spec"] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]}
        options["representative_dataset"] = lambda: ([x[None]] for x in examples)
    inputs = [keras.InputSpec(shape=(1, 64, 64, 4), dtype="float32")]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        model.export(path, format="litert", input_signature=inputs, verbose=False, **options)
        return path.read_bytes()


def engine(content):
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


# %%
files = {"int8 weights": convert(network, "int8 weights")}
interpreter = engine(files["int8 weights"])
stored = [
    t
    for t in interpreter.get_tensor_details()
    if t["dtype"] == np.int8 and tuple(t["shape"]) == w.transpose(3, 0, 1, 2).shape
]
agree = [np.mean(interpreter.get_tensor(t["index"]) == q.transpose(3, 0, 1, 2)) for t in stored]
print(f"{len(stored)} tensors of this shape; share of whole numbers equal to ours, best match: {max(agree):.4f}")
assert max(agree) > 0.999
# %% [markdown]
r"""
The few that differ lie half-way between two whole numbers, where float32 and rounding rules decide.

## Four formats

*float16* halves every number. *int8 weights* stores weights in eight bits and computes sums with whole numbers where that is faster, rounding what flows between the layers anew for each picture. *int8* also fixes the step sizes of what flows between the layers beforehand, from a hundred or so example pictures; nothing but whole numbers is left, which the smallest chips ask for. Each is made here and scored on shapes that no training has seen:
"""
# %%
some = datasets.procedural(datasets.Recipe(per_category=12, assemblies=12, views=1, seed=5), progress=False)
pictures, truth = some.pictures[:, 0].astype(np.float32) / 255, some.in_view(1024)
examples = pictures[1::2]  # these calibrate, the others test
files |= {how: convert(network, how, examples) for how in ("float32", "float16", "int8")}


def run(interpreter, picture):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[None])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]


def error(content):
    interpreter = engine(content)
    return np.mean([metrics.chamfer_l1(run(interpreter, x), X) for x, X in zip(pictures[::2], truth[::2], strict=True)])


# %%
errors = {how: error(content) for how, content in files.items()}
keras_error = np.mean(
    [metrics.chamfer_l1(Y, X) for Y, X in zip(answer(pictures[::2]).numpy(), truth[::2], strict=True)]
)
print(f"Keras        {keras_error:.4f}")
for how in ("float32", "float16", "int8 weights", "int8"):
    print(f"{how:12} {errors[how]:.4f}  {len(files[how]) / 1000:5.0f} kB")
assert abs(errors["float32"] - keras_error) < 1e-5 and len(files["float32"]) > 3.5 * len(files["int8"])
assert all(abs(e - keras_error) < 0.01 * keras_error for e in errors.values())
# %% [markdown]
r"""
Four times smaller, and the error does not move by one per cent. On the benchmark's TESTS shapes, with times:
"""
# %%
print("format        kB   zipped   ms (median, 95 %)   Chamfer-L1")
for how in ("float32", "float16", "int8 weights", "int8"):
    row = rows["shipped", how]
    print(
        f"{how:12} {row['kb']:5.0f}  {row['zipped_kb']:5.0f}     {row['ms']:5.2f}  {row['ms_95']:5.2f}        {row['error']:.4f}"
    )
# %% [markdown]
r"""
FORMATS
"""
# %%
# FORMATS ASSERTS
# %% [markdown]
r"""
## The line that eight bits did not survive

It was not so from the beginning. The first conversion to int8 was 5 % worse than float32, while eight-bit weights alone cost nothing. The culprit was one line of `models.Look`, the layer in which each point looks up the picture where it would be seen. A place $u$, from -1 to 1 across the picture, becomes a number of cells from 0 to $n$:

$$(u + 1)\,n / 2 - \tfrac12 \;=\; u\,\tfrac n2 + \tfrac{n - 1}2$$

Left is what the line said, right what it says now. To a mathematician they are the same. Here is the old one again:
"""


# %%
class OldLook(models.Look):
    def call(self, inputs):
        points, camera, features = inputs
        n = features.shape[1]
        A = tf.constant([[0.0, 2, 0, 0], [0, 0, -2, 0]]) + tf.reshape(camera, (-1, 2, 4))
        uv = tf.matmul(points, A[..., :3], transpose_b=True) + A[:, None, :, 3]
        place = tf.clip_by_value((uv + 1) * n / 2 - 0.5, 0.0, n - 1.001)
        cell = tf.floor(place)
        (across, down), index = tf.split(place - cell, 2, -1), tf.cast(cell, tf.int32)
        index = n * index[..., 1] + index[..., 0]
        flat = tf.reshape(features, (-1, n * n, features.shape[3]))
        a, b, c, d = (tf.gather(flat, index + step, batch_dims=1) for step in (0, 1, n, n + 1))
        blended = (1 - down) * ((1 - across) * a + across * b) + down * ((1 - across) * c + across * d)
        return tf.concat([blended, uv], -1)


old = keras.models.clone_model(
    network,
    clone_function=lambda layer: (OldLook if layer.name == "look" else type(layer)).from_config(layer.get_config()),
)
old.set_weights(network.get_weights())
# %%
same = np.abs(models.compiled(old)(pictures).numpy() - answer(pictures).numpy()).max()
files["int8, old line"] = convert(old, "int8", examples)
errors["int8, old line"] = error(files["int8, old line"])
print(
    f"in float32 the two differ by at most {same:.0e}; in int8 {errors['int8']:.4f} and with the old line {errors['int8, old line']:.4f}"
)
assert same < 1e-4 and errors["int8, old line"] > 1.02 * errors["int8"]
# %% [markdown]
r"""
Whatever flows through the network is stored in 256 steps. The file tells how large they are, for each intermediate result:
"""


# %%
def steps_of(content, words):
    return {t["name"].split("/")[-1]: t["quantization"][0] for t in engine(content).get_tensor_details()
            if any(t["name"].endswith(word) for word in words)}  # fmt: skip


print(
    "old line:",
    {
        k: round(v, 2)
        for k, v in steps_of(files["int8, old line"], ("add_1", "add_2", "truediv", "look/sub", "look_1/sub")).items()
    },
)
print(
    "new line:",
    {
        k: round(v, 2)
        for k, v in steps_of(
            files["int8"], ("look_1/add_1", "look_1/mul", "look_1/add_2", "look/add_1", "look/mul", "look/add_2")
        ).items()
    },
)
# %% [markdown]
r"""
STEPS
"""
# %% [markdown]
r"""
## Pruning: most weights are nearly nothing

Another way to make a network smaller is to drop the weights that are nearest to zero {cite:p}`han2016compression`. Take the sizes of all kernels' weights, find the value below which a share of them lies, and set these to zero:
"""


# %%
def pruned(share):
    copy = models.load()
    kernels = [w for w in copy.trainable_variables if len(w.shape) > 1]
    size = np.quantile(np.concatenate([np.abs(w.numpy()).ravel() for w in kernels]), share)
    for w in kernels:
        w.assign(np.where(np.abs(w.numpy()) > size, w.numpy(), 0))
    return copy


half = convert(pruned(0.5), "int8 weights")
print(
    f"half of all weights dropped: error {error(half):.4f}; {len(half) / 1000:.0f} kB, zipped {len(zlib.compress(half, 9)) / 1000:.0f}"
)
assert error(half) > errors["int8 weights"]
# %% [markdown]
r"""
The file is as large as before: it stores each zero. Only zipped, for sending, is it smaller. Nor is it faster, since the engine multiplies by zero as it does by anything else.

A pruned network can learn again, its zeros kept at zero. The benchmark did that for MORE steps:
"""
# %%
# PRUNING TABLE
# %% [markdown]
r"""
PRUNED
"""
# %% [markdown]
r"""
## A smaller network from the start

Halve the channels of every layer, and again. All are trained alike, from scratch, STEPS1 steps on the same shapes; that is a thirtieth of what the shipped network had. One more row learns from a teacher: its "true" points are the shipped network's answers {cite:p}`hinton2015distilling`.
"""
# %%
# SMALL TABLE
# %% [markdown]
r"""
SMALLER
"""
# %% [markdown]
r"""
## All in one figure

A variant is worth having only if no other is both faster and better. Those that are left form the *Pareto front*.
"""
# %% {"mystnb": {"image": {"alt": "PARETO ALT"}}}
# PARETO
# %% [markdown]
r"""
PARETOTEXT

## A loop over a turning object

So far the network got a neat cutout. A camera gives a picture with a background, and before the network can answer, the object has to be found. Here is a film to work on: a bench turns once before a fixed camera, in front of a wall with stains, and the sensor is noisy.
"""
# %%
rng = np.random.default_rng(0)
wall = cv2.resize(rng.uniform(0.35, 0.75, (6, 8, 3)).astype(np.float32), (240, 180), interpolation=cv2.INTER_CUBIC)


def filmed(shape, azimuth):
    seen = camera.orbit(azimuth, np.radians(20), 3.0, fov=0.5, width=240, height=180)
    rgba = render.picture(shape.mesh, seen, colours=[0.75, 0.3, 0.2])
    frame = rgba[..., :3] * rgba[..., 3:] + wall * (1 - rgba[..., 3:])
    return (frame + rng.normal(0, 0.02, frame.shape)).clip(0, 1).astype(np.float32)


bench = shapes.make("bench", datasets.UNSEEN + 3)
azimuths = np.radians(np.arange(0, 360, 5.0))
film = [filmed(bench, azimuth) for azimuth in azimuths]
empty = np.mean([(wall + rng.normal(0, 0.02, wall.shape)).clip(0, 1) for _ in range(20)], axis=0)
# %% [markdown]
r"""
For single photographs the package finds the object by GrabCut, which needs no knowledge of the scene. A fixed camera knows more: what the place looks like empty. What differs from that is the object.
"""


# %%
def grab_cut(frame):
    return reconstruction.find_mask(reconstruction.load_picture(frame))


def subtraction(frame):
    differs = (np.abs(frame - empty).max(-1) > 0.1).astype(np.uint8)
    differs = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(differs)
    return pieces == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax()


def drawn(points, size=120):
    image = np.zeros((size, size), np.float32)
    u, v = (np.stack([points[:, 1], -points[:, 2]]) * size * 0.9 + size / 2).astype(int).clip(0, size - 1)
    np.maximum.at(image, (v, u), 0.4 + 0.6 * (points[:, 0] + 0.5).clip(0, 1))  # near points are brighter
    return image


# %% {"mystnb": {"image": {"alt": "ALT STAGES"}}}
fast = engine(files["int8 weights"])
masks = subtraction(film[9])
cut = reconstruction.cut_out(reconstruction.load_picture(film[9]), masks)
_ = figures.pictures(
    [film[9], masks.astype(float), cut, drawn(run(fast, cut))],
    ["camera", "differs", "cut out", "points"],
    alt="A bench before a stained wall; its outline in white; the bench alone; its points, near ones brighter.",
)
# %% [markdown]
r"""
Each stage is timed on every fifth picture of the film:
"""
# %% {"tags": ["nbval-ignore-output"]}
stages = {"GrabCut": [], "subtraction": [], "cut out": [], "network": [], "draw": []}


def clocked(stage, call, *arguments):
    start = time.perf_counter()
    found = call(*arguments)
    stages[stage].append(1000 * (time.perf_counter() - start))
    return found


for frame in [film[0], *film[::5]]:
    clocked("GrabCut", grab_cut, frame)
    mask = clocked("subtraction", subtraction, frame)
    cut = clocked("cut out", lambda: reconstruction.cut_out(reconstruction.load_picture(frame), mask))
    points = clocked("network", run, fast, cut)
    clocked("draw", drawn, points)
usual = {stage: np.median(spent[1:]) for stage, spent in stages.items()}  # the first is warm-up
for stage, spent in stages.items():
    print(f"{stage:12} median {usual[stage]:6.1f} ms, 95th percentile {np.percentile(spent[1:], 95):6.1f} ms")
# %%
after = usual["cut out"] + usual["network"] + usual["draw"]
slow, quick = usual["GrabCut"] + after, usual["subtraction"] + after
assert usual["GrabCut"] > 10 * usual["network"] and quick < 33 and slow > 3 * quick
# %% [markdown]
r"""
LOOPTEXT
"""
# %% [markdown]
r"""
## Does it flicker?

A film shows what single pictures hide: answers to two neighbouring pictures of one object differ, and the cloud trembles. To measure it, turn each answer back to the object's frame, by the turntable's known angle, and compare it with the one before. Beside it the same for a camera and an object that stand still, where only the sensor's noise differs:
"""


# %%
def answered(frames):
    return np.stack([run(fast, reconstruction.cut_out(reconstruction.load_picture(f), subtraction(f))) for f in frames])


def flicker(clouds):
    return np.mean([metrics.chamfer_l1(a, b) for a, b in zip(clouds[1:], clouds[:-1], strict=True)])


seen = answered(film)
turned = np.stack([camera.to_viewer(Y, -azimuth) for Y, azimuth in zip(seen, azimuths, strict=True)])
still = answered([filmed(bench, azimuths[9]) for _ in range(24)])
X = bench.sample(1024, np.random.default_rng(1))[0]
raw = np.mean([metrics.chamfer_l1(X, Y) for Y in turned])
print(f"flicker: turning {flicker(turned):.4f}, standing still {flicker(still):.4f}; error of the answers {raw:.4f}")
# %% [markdown]
r"""
FLICKER

The common remedy is a running mean: show $\bar Y_k = \alpha\,Y_k + (1 - \alpha)\,\bar Y_{k-1}$, point by point. In the viewer's frame the object has turned on meanwhile, and the mean lags behind. If the turn is known, the old mean is turned along first.
"""


# %%
def smoothed(clouds, alpha, turn):
    shown = [clouds[0]]
    for Y in clouds[1:]:
        shown.append(alpha * Y + (1 - alpha) * camera.to_viewer(shown[-1], turn))
    back = zip(shown, azimuths, strict=True)
    return np.stack([camera.to_viewer(Y, -azimuth) for Y, azimuth in back])


table = {}
for alpha in (1.0, 0.5, 0.2):
    for name, turn in (("lags", 0.0), ("turned along", azimuths[1])):
        shown = smoothed(seen, alpha, turn)
        table[alpha, name] = flicker(shown[12:]), np.mean([metrics.chamfer_l1(X, Y) for Y in shown[12:]])
        print(f"alpha {alpha:.1f}, {name:12}: flicker {table[alpha, name][0]:.4f}, error {table[alpha, name][1]:.4f}")
# %% [markdown]
r"""
SMOOTH
"""
# %%
# SMOOTH ASSERTS
# %%
every = slice(12, None, 6)
figures.slider(
    smoothed(seen, 0.2, azimuths[1])[every],
    [f"{np.degrees(a):.0f}°" for a in azimuths[every]],
    name="camera at ",
    title="The answer follows the turning bench (blue), truth in orange",
    alt="A slider through the smoothed answers while the bench turns, drawn in the object's frame with the true points.",
    truth=X,
)
# %% [markdown]
r"""
## What was found

FOUND
"""
