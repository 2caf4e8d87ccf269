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
import os
import time
import zlib
from contextlib import contextmanager
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
print(f"largest error {wrong.max() / s.max():.2f} steps; mean error {100 * wrong.mean() / np.abs(w).mean():.1f} % of the mean weight")
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
@contextmanager
def quiet():  # the converter speaks past Python, to the process's standard error
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
# %%
def convert(model, how, examples=()):
    options = {} if how == "float32" else {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if how == "float16":
        options["target_spec"] = {"supported_types": [tf.float16]}
    if how == "int8":
        options["target_spec"] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]}
        options["representative_dataset"] = lambda: ([x[None]] for x in examples)
    inputs = [keras.InputSpec(shape=(1, 64, 64, 4), dtype="float32")]
    with TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "network.tflite"
        model.export(path, format="litert", input_signature=inputs, verbose=False, **options)
        return path.read_bytes()


def engine(content):
    with quiet():
        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    return interpreter
# %%
files = {"int8 weights": convert(network, "int8 weights")}
interpreter = engine(files["int8 weights"])
stored = [t for t in interpreter.get_tensor_details() if t["dtype"] == np.int8 and tuple(t["shape"]) == w.transpose(3, 0, 1, 2).shape]
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
keras_error = np.mean([metrics.chamfer_l1(Y, X) for Y, X in zip(answer(pictures[::2]).numpy(), truth[::2], strict=True)])
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
    print(f"{how:12} {row['kb']:5.0f}  {row['zipped_kb']:5.0f}     {row['ms']:5.2f}  {row['ms_95']:5.2f}        {row['error']:.4f}")
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
    network, clone_function=lambda layer: (OldLook if layer.name == "look" else type(layer)).from_config(layer.get_config())
)
old.set_weights(network.get_weights())
# %%
same = np.abs(models.compiled(old)(pictures).numpy() - answer(pictures).numpy()).max()
files["int8, old line"] = convert(old, "int8", examples)
errors["int8, old line"] = error(files["int8, old line"])
print(f"in float32 the two differ by at most {same:.0e}; in int8 {errors['int8']:.4f} and with the old line {errors['int8, old line']:.4f}")
assert same < 1e-4 and errors["int8, old line"] > 1.02 * errors["int8"]
# %% [markdown]
r"""
Whatever flows through the network is stored in 256 steps. The file tells how large they are, for each intermediate result:
"""
# %%
def step_sizes(content, names):
    tensors = [t for t in engine(content).get_tensor_details() if "look" in t["name"]]
    found = {t["name"].split("/")[-1]: float(t["quantization"][0]) for t in tensors}
    return {what: round(found[name], 2) for what, name in names.items()}


before = step_sizes(files["int8, old line"], {"u": "add_1", "u + 1": "add_2", "the place": "sub"})
now = step_sizes(files["int8"], {"u": "add_1", "u n / 2": "mul", "the place": "add_2"})
print("old line, size of a step:", before)
print("new line, size of a step:", now)
assert before["u + 1"] > 10 * before["u"] and now["u n / 2"] < 0.3 and now["the place"] < 0.2
# %% [markdown]
r"""
The place $u$ itself is stored in steps of a hundredth. But to $u + 1$, which lies between 0 and 2, the converter gave the steps of the product that follows: a quarter. That leaves eight different places across a picture, each four cells wide, and points look up what their neighbours should see. (Why the converter does so we did not find out.) In the new order everything behind the product is counted in cells, and steps of a fifth of a cell hurt nobody.

That a network loses a twentieth on the way to eight bits is often taken for the price of eight bits. It is worth a look which line pays it.
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
print(f"half of all weights dropped: error {error(half):.4f}; {len(half) / 1000:.0f} kB, zipped {len(zlib.compress(half, 9)) / 1000:.0f}")
assert error(half) > errors["int8 weights"]
# %% [markdown]
r"""
The file is as large as before: it stores each zero. Only zipped, for sending, is it smaller. Nor is it faster, since the engine multiplies by zero as it does by anything else.

A pruned network can learn again, its zeros kept at zero. The benchmark did that for MORE steps:
"""
# %%
print("dropped   Chamfer-L1   trained on      ms   zipped")
for share in (0.5, 0.7, 0.8, 0.9, 0.95):
    cold, tuned = (rows[f"pruned {share}{word}", "int8 weights"] for word in ("", " tuned"))
    print(f"{100 * share:5.0f} %     {cold['error']:.4f}       {tuned['error']:.4f}    {tuned['ms']:5.2f}  {tuned['zipped_kb']:4.0f} kB")
whole = rows["shipped", "int8 weights"]
print(f"    0 %     {whole['error']:.4f}                 {whole['ms']:5.2f}  {whole['zipped_kb']:4.0f} kB")
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
print("channels   weights      ms   kB   Chamfer-L1 of two trainings   taught")
for size in ("whole", "half", "quarter"):
    first, second = (rows[f"{size} {seed}", "int8 weights"] for seed in (0, 1))
    taught = rows.get((f"{size} taught", "int8 weights"), {}).get("error", float("nan"))
    print(f"{size:8} {first['parameters']:9,}  {first['ms']:6.2f} {first['kb']:5.0f}   {first['error']:.4f} {second['error']:.4f}                 {taught:.4f}")
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
groups = {
    "shipped": ("#0072B2", "o", [(n, f) for n, f in rows if n == "shipped" and f != "model()"]),
    "shipped, pruned, trained on": ("#56B4E9", "v", [(n, f) for n, f in rows if n.endswith("tuned")]),
    "trained alike, short": ("#E69F00", "s", [(f"{n} 0", f) for n in ("whole", "half", "quarter") for f in ("float32", "int8 weights")]),
    "taught, short": ("#D55E00", "D", [(n, f) for n, f in rows if n.endswith("taught")]),
}
figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
for name, (colour, marker, keys) in groups.items():
    own = [rows[key] for key in keys]
    axis.semilogx([r["ms"] for r in own], [r["error"] for r in own], marker, color=colour, label=name)
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
# %% {"mystnb": {"image": {"alt": "A red bench before a wall with stains; its outline in white on black; the bench alone; the points that the network answers, near ones brighter."}}}
fast = engine(files["int8 weights"])
mask = subtraction(film[9])
cut = reconstruction.cut_out(reconstruction.load_picture(film[9]), mask)
row = [film[9], mask.astype(float), cut, drawn(run(fast, cut))]
titles = ["camera", "differs", "cut out", "points"]
_ = figures.pictures(row, titles, alt="A bench, its outline, the bench alone, the answer's points.")
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
The network is the smallest part but one. With GrabCut a picture takes longer than ten networks, and the loop misses thirty pictures a second whatever is done to the network. With subtraction all stages together take a fraction of the 33 milliseconds, and it does not matter which format the network has.

If a stage takes the share $f$ of the time and becomes $p$ times as fast, the whole becomes $1 / (1 - f + f / p)$ times as fast {cite:p}`amdahl1967validity`. Measure the shares first. Subtraction needs a camera and a scene that stand still, with the same light; a walking robot has neither.
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
twice = metrics.chamfer_l1(X, bench.sample(1024, np.random.default_rng(2))[0])
print(f"flicker: turning {flicker(turned):.4f}, standing still {flicker(still):.4f}")
print(f"error of the answers {raw:.4f}; true surface sampled twice {twice:.4f}")
assert flicker(still) < 0.4 * flicker(turned) and 0.9 * twice < flicker(turned) < 1.5 * twice
# %% [markdown]
r"""
From one picture to the next, five degrees further, the cloud changes as much as if its points had been drawn anew on an unchanged surface. Standing still, it changes a quarter as much: the network takes small noise calmly.

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
With the turn known, the running mean helps twice: less flicker, and a smaller error, since it averages what several sides have told. It is a poor man's *[Many views](../reconstruction/many_views)*. Without the turn the lag eats the gain.
"""
# %%
plain, lagging, along = table[1.0, "lags"], table[0.2, "lags"], table[0.2, "turned along"]
assert along[0] < 0.85 * plain[0] and along[1] < 0.92 * plain[1]
assert lagging[1] > 1.1 * along[1] and abs(lagging[1] / plain[1] - 1) < 0.06
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
# %% [markdown]
r"""
## Exercises

```{exercise}
:label: real-time-bits
How few bits would do? Round the kernels' weights to 6, 5, 4 and 3 bits, one step size for each output channel, and score the network on the test pictures. Compare with dropping half of the weights.
```

````{solution} real-time-bits
:class: dropdown
```python
for bits in (8, 6, 5, 4, 3):
    copy, top = models.load(), 2 ** (bits - 1) - 1
    for w in copy.trainable_variables:
        if len(w.shape) > 1:
            s = np.abs(w.numpy()).max(axis=tuple(range(len(w.shape) - 1))) / top
            w.assign(s * np.round(w.numpy() / s))
    answers = models.compiled(copy)(pictures[::2]).numpy()
    print(bits, round(np.mean([metrics.chamfer_l1(X, Y) for X, Y in zip(truth[::2], answers)]), 4))
```
0.0273, 0.0274, 0.0276, 0.0286, 0.0317. Four bits cost 5 %, three 16 %. Dropping half of the weights costs 10 %: for the same number of bits it is better to keep all weights, coarsely. Whether an engine also computes faster with four bits is another question.
````

```{exercise}
:label: real-time-amdahl
By the printed times: how many times as fast does the loop become if the network takes no time at all, with GrabCut, and with subtraction? And if subtraction replaces GrabCut?
```

````{solution} real-time-amdahl
:class: dropdown
```python
for name in ("GrabCut", "subtraction"):
    whole = usual[name] + after
    f = usual["network"] / whole
    print(f"{name}: the network's share is {f:.3f}, without it {1 / (1 - f):.2f} times as fast")
print(f"subtraction for GrabCut: {slow / quick:.0f} times as fast")
```
The limit for $p \to \infty$ is $1 / (1 - f)$. With GrabCut it is below 1.01, with subtraction below 1.5; taking subtraction instead of GrabCut makes the loop some tens of times as fast.
````

```{exercise}
:label: real-time-layers
`pruned` compares the weights of all layers with one size. Layers whose weights are small by nature lose more. Drop the same share of each layer instead. Is that better?
```

````{solution} real-time-layers
:class: dropdown
```python
for share in (0.3, 0.5, 0.7):
    copy = models.load()
    for w in copy.trainable_variables:
        if len(w.shape) > 1:
            w.assign(np.where(np.abs(w.numpy()) > np.quantile(np.abs(w.numpy()), share), w.numpy(), 0))
    print(share, [round(error(convert(m, "int8 weights")), 4) for m in (pruned(share), copy)])
```
At 30 % both err 0.0277, at 50 % one size for all is better (0.0299 against 0.0313), at 70 % the same share for each (0.0457 against 0.0562): there one size for all has emptied the last layer, whose weights are the smallest of all since its steps are.
````
"""
# %% [markdown]
r"""
## Further reading

{cite:t}`jacob2018quantization` is where eight-bit arithmetic as LiteRT does it comes from. {cite:t}`han2016compression` prune, quantise and zip one after the other; their figures are for networks with far more weights than they need. {cite:t}`hinton2015distilling` let a small network learn a large one's answers. What several views bring beyond a running mean is the subject of *[Many views](../reconstruction/many_views)*; what a thousandth of the error costs in other ways, of *[Precision](precision)*.
"""
