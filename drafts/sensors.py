# %% [markdown]
r"""
# Several sensors: fusing what they say

A camera sees well by day and nothing at night. A lidar measures depth at a few places whatever the light. A thermal camera sees what is warm, coarsely. This chapter gives a network all three, in three ways of putting them together, and then takes them away one by one: by darkness, by a broken cable, and by a sensor that goes on talking but tells of something else.

```{admonition} This chapter
:class: note
**You will be able to** fuse two measurements by their noise, and say when that fails; build early fusion, late fusion and fusion by attention; train a network for sensors that drop out; test what a fused network does when a sensor is missing or wrong.

**You need** *[Points from one view](../reconstruction/points_from_one_view)*; attention as in *[Many views](../reconstruction/many_views)*.

**Time** 35 minutes to read; it runs in about TIME seconds on two cores, in less than MEMORY GB.
```
"""
# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from recon3d_lite import camera, datasets, figures, losses, models, sensors

# isort: split
import keras
import tensorflow as tf

log = json.loads(Path("../../benchmarks/sensors.json").read_text())
rows = log["rows"]
# %% [markdown]
r"""
## The question

One airplane, measured three times: by day, at dusk and at night. No sensor is told where the object ends; the picture has a cluttered background and no alpha channel.
"""
# %% {"mystnb": {"image": {"alt": "Three rows, day, dusk and night, of three readings of an airplane. The picture shows it clearly by day, through grain at dusk, and nothing but black and white grain at night. The lidar's few dots and the thermal camera's coarse bright blur look alike in all rows."}}}
recipe = datasets.Recipe(per_category=20, assemblies=40, views=1, seed=2)
scene, points = sensors.scenes(recipe, range(recipe.count))
number = 6  # an airplane
plane = sensors.Scene(*(channel[number] for channel in scene))
figure, axes = plt.subplots(3, 3, figsize=(6, 6), layout="constrained")
for line, (name, light) in zip(axes, sensors.LIGHTS.items(), strict=True):
    readings = sensors.sense(plane, np.random.default_rng(1), light=light, warmth=0.35)
    line[0].imshow(readings[..., 0], cmap="gray", vmin=0, vmax=1)
    v, u = np.nonzero(readings[..., 2])
    line[1].scatter(u, v, c=readings[v, u, 1], cmap="viridis", s=14)
    line[1].set(xlim=(0, 64), ylim=(64, 0), aspect="equal")
    line[2].imshow(readings[..., 3], cmap="gray", vmin=0, vmax=1)
    line[0].set_ylabel(name)
    for axis, sensor in zip(line, sensors.SENSORS, strict=True):
        axis.set(xticks=[], yticks=[])
        axis.set_title(sensor if name == "day" else "", fontsize=10)
# %% [markdown]
r"""
(Dark beams are near, yellow ones far.) Which of the three should a network believe, and how does it know? And what does it do when one of them is silent?

## Three sensors, simulated

The sensors are stand-ins. They are made so that each fails in another way at another time; no physics of heat, of dust or of rain is in them, and what is found here is found about fusing, not about a real lidar.

**The picture** counts electrons. A pixel of brightness $g$ under the light $\ell$ (1 by day) collects about $w\,\ell\,g$ of them, with $w = 1000$. How many it really is, is left to chance (*shot noise*), and reading them out adds noise of standard deviation $r = 3$. The camera then amplifies what it has to the brightness of day. With this the noise of a pixel is

$$
\sigma = \frac{\sqrt{w\,\ell\,g + r^2}}{w\,\ell} .
$$
"""
# %%
grey = 0.5
wall = sensors.Scene(np.full((200, 200), grey), np.ones((200, 200)), np.zeros((200, 200)))
for name, light in {"day": 1.0, "late afternoon": 0.3}.items():
    measured = sensors.picture(wall, np.random.default_rng(0), light).std()
    expected = np.sqrt(sensors.WELL * light * grey + sensors.READ**2) / (sensors.WELL * light)
    print(f"{name:14} noise measured {measured:.3f}, by the formula {expected:.3f}")
    assert abs(measured / expected - 1) < 0.03
for name, light in sensors.LIGHTS.items():
    print(f"{name:14} electrons of a grey pixel: {sensors.WELL * light * grey:.0f}")
# %% [markdown]
r"""
At night one electron a pixel arrives, under a noise of three. What is left is clipped to black and white.

**The lidar** sends 8 lines of 16 beams. Where one hits the object it tells the depth, in box diagonals behind the object's centre, with a noise of 0.02; a fifth of the returns is lost. The reading is a picture with two channels: depth, and whether anything came back. The ground behind the object sends nothing back.

**The thermal camera** has 16 × 16 cells, blurred and noisy. The object is warmer than its surroundings, by an amount that differs; one object in five is not warmer at all, and this sensor does not see it. Light does not matter to it:
"""
# %%
warm = [sensors.thermal(plane, np.random.default_rng(2), warmth) for warmth in (0.0, 0.35)]
middle = plane.cover > 0.99
print("inside the airplane:", ", ".join(f"{w[middle].mean():.2f}" for w in warm), "; outside 0.30")
returned = sensors.lidar(scene, np.random.default_rng(3))[..., 1].sum((1, 2))
print(f"of 128 beams {returned.mean():.0f} come back, {returned.min():.0f} at the least, {returned.max():.0f} at the most")
# %% [markdown]
r"""
A beam that came back is a point in space. Its pixel and its depth are unprojected (as in *[The camera](../mathematics/camera)*) and turned to the viewer's frame:
"""
# %%
view, mesh = recipe.view(number, 0), recipe.shape(number).mesh
seen_by = datasets.camera_of(view, mesh)
reading = sensors.lidar(plane, np.random.default_rng(1))
v, u = np.nonzero(reading[..., 1])
world = seen_by.unproject(np.column_stack([u + 0.5, v + 0.5]), reading[v, u, 0] + seen_by.t[2])
beams = camera.to_viewer(world, view.azimuth)
away = np.linalg.norm(beams[:, None] - points[number], axis=-1).min(1)
print(f"{len(beams)} returns, in the median {np.median(away):.3f} box diagonals from the nearest true point")
assert np.median(away) < 0.03
figures.compare(
    beams,
    points[number][:1024],
    overlay=True,
    title="What the lidar says of the airplane, and the truth",
    alt=f"{len(beams)} blue points, the returns of the lidar, lie on the side of the orange airplane that faces the "
    "viewer, in lines, scattered a little in depth; the far side has none.",
)
# %% [markdown]
r"""
## Two measurements of one depth

Before any network: two sensors measure the same depth $d$, one with noise $\sigma_1 = 0.02$, the other with $\sigma_2 = 0.05$. Their measurements $z_1$ and $z_2$ are to be fused to one. Among all weighted means, the one with the least error weighs each by the inverse of its variance:

$$
\hat d = \sum_i w_i\,z_i \quad\text{with}\quad w_i = \frac{1/\sigma_i^2}{\sum_j 1/\sigma_j^2} .
$$
"""
# %%
def fuse(z, sigma, present=1.0):
    w = present / sigma**2
    return (w * z).sum(-1) / w.sum(-1)


def error(answer):
    return float(np.sqrt(np.mean((answer - d) ** 2)))


rng, sigma = np.random.default_rng(0), np.array([0.02, 0.05])
d = rng.normal(0, 0.2, 20_000)
z = d[:, None] + sigma * rng.normal(size=(len(d), 2))
print(f"the first alone {error(z[:, 0]):.4f}, the second alone {error(z[:, 1]):.4f}")
print(f"their mean {error(z.mean(-1)):.4f}, fused {error(fuse(z, sigma)):.4f}")
assert error(fuse(z, sigma)) < error(z[:, 0]) < error(z.mean(-1))
assert abs(error(fuse(z, sigma)) / np.sqrt(1 / (1 / sigma**2).sum()) - 1) < 0.02
# %% [markdown]
r"""
The plain mean is worse than the better sensor alone: a second sensor that is believed too much does harm. Weighed by its noise it helps, though only by 7 %.

Now the first sensor fails, and says 0 all the time.
"""
# %%
broken = z * [0, 1]
absent = np.array([0.0, 1.0])
print(f"mean {error(broken.mean(-1)):.3f}, fused {error(fuse(broken, sigma)):.3f}")
print(f"fused, and told that the first is absent: {error(fuse(broken, sigma, absent)):.3f}")
assert error(fuse(broken, sigma)) > 1.5 * error(broken.mean(-1)) > 2.5 * error(fuse(broken, sigma, absent))
# %% [markdown]
r"""
The optimal weights are the worst off, because they trusted the sensor that broke. Being told who is present repairs it: the weights are divided among those that are left.

## Weights that are learned

A network is not told any $\sigma$. It learns its weights from examples. Least squares does the same for a linear fuser, $\hat d = \sum_i w_i z_i$, here once with all measurements and once with *drop-out*: in training, each measurement is set to 0 in three of ten examples.
"""
# %%
keep = rng.random(z.shape) >= 0.3
learned = {
    "inverse variance": (1 / sigma**2) / (1 / sigma**2).sum(),
    "learned": np.linalg.lstsq(z, d)[0],
    "learned with drop-out": np.linalg.lstsq(z * keep, d)[0],
}
for name, w in learned.items():
    print(f"{name:22} w = {w.round(2)}, error with both {error(z @ w):.3f}, with only the second {error(broken @ w):.3f}")
plain, robust = learned["learned"], learned["learned with drop-out"]
assert np.allclose(plain, learned["inverse variance"], atol=0.02)
assert error(broken @ robust) < 0.8 * error(broken @ plain) and error(z @ robust) > 2 * error(z @ plain)
# %% [markdown]
r"""
Without drop-out it finds the optimal weights by itself, and breaks as they do. With drop-out it hedges: it relies on the first sensor less, loses less when that one is gone, and pays when both are there. One set of weights cannot serve both cases. What can is a *mask*. Let each sensor have a score $s_i$ and a flag $p_i$, 1 if it is present and 0 if not:

$$
w_i = \frac{p_i\,e^{s_i}}{\sum_j p_j\,e^{s_j}} .
$$

This is attention with absent sensors masked out. With $s_i = -2 \ln \sigma_i$ it is the inverse variance.
"""
# %%
def shares(s, present):
    w = present * np.exp(s)
    return w / w.sum(-1, keepdims=True)


s = -2 * np.log(sigma)
assert np.allclose(shares(s, np.ones(2)), learned["inverse variance"])
assert np.isclose(error((shares(s, absent) * broken).sum(-1)), error(fuse(broken, sigma, absent)))
print("both present:", shares(s, np.ones(2)).round(2), " only the second:", shares(s, absent).round(2))
# %% [markdown]
r"""
In a network the score is made of the measurement itself, so that it can change from picture to picture: a camera that sees only grain can say so. What is averaged is not a depth but a code $x_i$, the row of numbers that sensor $i$'s encoder makes: $s_i = w \cdot x_i$, with a learned $w$.
"""
# %%
def attention(x, present, w):  # codes (B, 3, K), flags (B, 3)
    a = shares(x @ w, present)
    return (a[..., None] * x).sum(1)


x, w = rng.normal(size=(4, 3, 8)).astype(np.float32), rng.normal(size=8).astype(np.float32)
present = np.float32([[1, 1, 1], [0, 1, 1], [1, 0, 0], [1, 1, 0]])
pool = models.Pool("attention", known=True)
flags = np.stack([present, present], -1)  # `Pool` was made for views: two numbers for each, both 0 if it does not count
pool([x.reshape(-1, 8), flags])  # makes its weights, which begin as zeros
pool.score.set_weights([w[:, None], np.zeros(1)])
assert np.allclose(pool([x.reshape(-1, 8), flags]), attention(x, present, w), atol=1e-5)
assert np.allclose(attention(x, present, w)[2], x[2, 0], atol=1e-6)  # alone, a sensor has the whole say
# %% [markdown]
r"""
`models.Pool`, made for *[Many views](../reconstruction/many_views)*, is the same function.

## Three places to fuse

```{mermaid}
flowchart LR
  accTitle: Early fusion, and late fusion or attention
  accDescr: Early: the four channels of picture, lidar and thermal camera are stacked and go through one encoder to one code. Late or attention: each sensor has an encoder of its own; the three codes are put side by side, or averaged by attention. In all cases one decoder makes points of the code.
  A[picture, lidar, thermal stacked] --> E[one encoder] --> D1[decoder] --> O1[points]
  P[picture] --> EP[encoder] --> F((fused))
  L[lidar] --> EL[encoder] --> F
  T[thermal] --> ET[encoder] --> F
  F --> D2[decoder] --> O2[points]
```

- **Early**: the channels are stacked, and one encoder sees them all. It can compare the sensors pixel by pixel. An absent sensor's channels are 0.
- **Late**: each sensor has an encoder of its own. The codes are put side by side, zeros for an absent one. The decoder's first layer does what the linear fuser above did.
- **Attention**: the same encoders, but the codes are averaged, with the masked shares. The decoder sees one code of fixed size, whoever spoke.
"""
# %%
layers = keras.layers


def encoder(x, width, units):
    how = {"strides": 2, "padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    for i, channels in enumerate((width, 2 * width, 4 * width, 4 * width)):  # each halves the picture
        x = layers.Conv2D(channels, 3 if i else 5, **how)(x)
    return layers.Dense(units, activation="relu")(layers.Flatten()(x))


def fusing(how, points=512):
    readings, present = layers.Input((64, 64, 4)), layers.Input((3,))
    if how == "early":
        code = encoder(readings, 28, 224)  # alone, it may be as large as three
    else:
        codes = [encoder(readings[..., own], 16, 128) for own in sensors.CHANNELS]
        if how == "late":
            code = layers.Concatenate()([x * present[:, i : i + 1] for i, x in enumerate(codes)])
        else:
            stacked = keras.ops.reshape(keras.ops.stack(codes, 1), (-1, 128))
            code = models.Pool("attention", known=True)([stacked, keras.ops.stack([present, present], -1)])
    hidden = layers.Dense(256, activation="relu")(code)
    return keras.Model([readings, present], layers.Reshape((points, 3))(layers.Dense(3 * points)(hidden)))
# %% [markdown]
r"""
The package has the same three as `sensors.network`, and the same encoder with the channels of one sensor alone, for comparison. With equal weights they give equal answers:
"""
# %%
readings, present = sensors.sense(sensors.Scene(*(c[:4] for c in scene)), rng), np.float32([[1, 1, 1], [0, 1, 1]] * 2)
readings = sensors.drop(readings, present)
for how in (*sensors.FUSIONS, *sensors.SENSORS):
    packaged = sensors.network(how)
    print(f"{how:10} {packaged.count_params():9,} weights")
    if how in sensors.FUSIONS:
        ours = fusing(how)
        packaged.set_weights(ours.get_weights())
        assert np.allclose(ours([readings, present]), packaged([readings, present]), atol=1e-5)
    assert abs(packaged.count_params() / 1.04e6 - 1) < 0.04
# %% [markdown]
r"""
Training is that of every point network of this book: Chamfer-L1 to the true points in the viewer's frame. One thing is new. `sensors.batches` measures every shape anew at each step, in another light, with other noise, before another background, and leaves each sensor out with the chance `dropped`, though never all three. Leaving whole sensors out is called *sensor drop-out*, or ModDrop {cite:p}`neverova2016moddrop`. Live, on 320 shapes, for 120 steps:
"""
# %% {"tags": ["nbval-ignore-output"]}
keras.utils.set_random_seed(0)
network = sensors.network("attention")
network.compile(keras.optimizers.Adam(1e-3), losses.chamfer_l1, jit_compile=False)
steps = sensors.batches(scene, points, 120, dropped=0.3)
history = network.fit(steps, epochs=6, steps_per_epoch=20, shuffle=False, verbose=0)
print("loss, every twenty steps:", np.round(history.history["loss"], 3))
assert history.history["loss"][-1] < 0.9 * history.history["loss"][0]
# %% [markdown]
r"""
So few steps say nothing of the sensors. For that it takes the benchmark.

## The benchmark: who is better alone, and who together?

`benchmarks/sensors.py` trains each network with 700 batches of 32 readings of 2,500 shapes, and tests on 300 others. Beside the networks stand three that see less or do not learn: *nothing*, one cloud for all shapes, the best that training finds; *retrieval*, the training shape whose readings are nearest; and the floor, the truth sampled a second time. Scores are Chamfer-L1 in box diagonals.
"""
# %%
def score(how, condition, training="all present"):
    found = [r["scores"][condition] for r in rows if r["task"]["how"] == how and r["task"]["training"] == training]
    return float(np.mean(found))


lights, base = list(sensors.LIGHTS), log["baselines"]
print(f"{log['train']} shapes to train on, {log['test']} to test on\n\n{'':16}" + "".join(f"{c:>9}" for c in ["all", *lights]))
for how in ("nothing", *sensors.SENSORS, *sensors.FUSIONS):
    print(f"{how:16}" + "".join(f"{score(how, c):9.4f}" for c in ["all", *lights]))
print(f"{'retrieval':16}" + "".join(f"{base['retrieval'][c]:9.4f}" for c in ["all", *lights]))
print(f"{'floor':16}{base['floor']:9.4f}")
# %% [markdown]
r"""
The lidar alone is by far the best. A few depths tell how far the object reaches backwards, which no outline does. The thermal camera is next. The picture is last: by day it has learned something in so short a training, before backgrounds that look like objects, and at night nothing. Retrieval is no help here; it compares grain with grain.

And together? **No fusion beats the lidar alone.** Late fusion and attention come to the same error within 2 %, with two more sensors and the same number of weights; early fusion is 9 % worse. That is not what one hopes of three sensors, and it is what was measured, with one seed. A strong sensor leaves little to add, and each of the three encoders of a fusing network is narrower than the one that the lidar has to itself. Nor does the light matter to any of them: what does not tell much by day is not missed at night.
"""
# %%
alone = {sensor: score(sensor, "all") for sensor in sensors.SENSORS}
fused = {how: score(how, "all") for how in sensors.FUSIONS}
assert alone["lidar"] < 0.85 * alone["thermal"] < 0.85 * alone["picture"] and min(fused.values()) > alone["lidar"]
assert max(fused["late"], fused["attention"]) < 1.02 * alone["lidar"] and 1.07 < fused["early"] / alone["lidar"] < 1.11
assert score("picture", "day") < 0.95 * score("picture", "night")
assert abs(score("picture", "night") / score("nothing", "all") - 1) < 0.04
assert all(abs(score(how, "night") / score(how, "day") - 1) < 0.03 for how in sensors.FUSIONS)
assert base["retrieval"]["all"] > score("nothing", "all")
# %% [markdown]
r"""
## One is missing

Now a cable breaks: a sensor's channels are 0, and its flag says so. Each of the three networks was trained twice, with all sensors present at every step, and with drop-out.
"""
# %% {"mystnb": {"image": {"alt": "Errors of early, late and attention fusion with all sensors and without the picture, the lidar, the thermal camera. Left, trained with all present: errors jump from 0.04 to between 0.065 and 0.072 without the lidar, above the dashed line of nothing, and attention's also without the picture. Right, trained with drop-out: all stay near 0.042 to 0.047, and at 0.053 without the lidar, well below the line."}}}
missing = ["all", *(f"no {sensor}" for sensor in sensors.SENSORS)]
figure, axes = plt.subplots(1, 2, figsize=(6, 3.2), layout="constrained", sharey=True)
for axis, training in zip(axes, ("all present", "dropped"), strict=True):
    for how, marker, colour in zip(sensors.FUSIONS, "os^", ("#0072B2", "#E69F00", "#009E73"), strict=True):
        axis.plot(missing, [score(how, c, training) for c in missing], marker, color=colour, markersize=8, label=how)
    axis.axhline(score("nothing", "all"), color="#888", linestyle="--", label="nothing")
    axis.set_title(f"trained with {'all present' if training == 'all present' else 'drop-out'}", fontsize=10)
    axis.tick_params(axis="x", labelsize=8, rotation=30)
axes[0].set_ylabel("Chamfer-L1, test")
_ = axes[1].legend(fontsize=8)
# %%
only = [f"only {sensor}" for sensor in sensors.SENSORS]


def table(conditions, trainings=("all present", "dropped")):
    for training in trainings:
        print(f"\ntrained: {training}")
        print(" " * 10 + "".join(f"{c.replace('thermal', 'therm.'):>14}" for c in conditions))
        for how in sensors.FUSIONS:
            print(f"{how:10}" + "".join(f"{score(how, c, training):14.4f}" for c in conditions))


table(missing)
table(only)
print("\nalone     " + "".join(f"{score(sensor, 'all'):14.4f}" for sensor in sensors.SENSORS))
# %% [markdown]
r"""
Trained with all sensors present, every network breaks. Without the lidar late fusion has an error of 0.066, early fusion 0.065 and attention 0.072. They still have the thermal camera, which alone makes 0.051 possible, and answer worse than a network that sees nothing.

Attention, whose mask was to prevent just this, breaks worst. It loses most when the picture goes, of which it makes nothing; with only the lidar left its error is 0.31, as if it answered another world. The mask worked for two depths because both were measurements of the same thing, each right by itself. Codes are not. Each is a part of a sum that the decoder knows only as a whole. When the share of an absent sensor is divided among the others, their codes come out larger than they ever were in training.

Trained with drop-out, no network breaks. Without the lidar they come to 0.053 or 0.054, near the thermal camera's own network; with nothing but the lidar, late fusion and attention come within 6 % of the lidar's own. The price, when all is well, is 2.5 % for late fusion and attention, and 7 % for early fusion. Between late fusion and attention there is next to no difference: a mask is no substitute for the training, and with the training it is not needed.
"""
# %%
lost = {how: score(how, "no lidar") for how in sensors.FUSIONS}
kept = {how: score(how, "no lidar", "dropped") for how in sensors.FUSIONS}
assert min(lost.values()) > score("nothing", "all") and max(kept.values()) < 1.06 * alone["thermal"]
assert max(lost, key=lost.get) == "attention" and score("attention", "only lidar") > 0.3
assert score("attention", "no picture") > score("attention", "no lidar") > score("attention", "no thermal")
own = [score(how, "only lidar", "dropped") / alone["lidar"] for how in ("late", "attention")]
price = {how: score(how, "all", "dropped") / fused[how] - 1 for how in sensors.FUSIONS}
print("price of drop-out:", {how: f"{100 * share:.1f} %" for how, share in price.items()})
assert max(own) < 1.06 and 0.02 < price["late"] < 0.035 and 0.02 < price["attention"] < 0.035 < price["early"] < 0.08
both = [score("attention", c, "dropped") / score("late", c, "dropped") for c in (*missing, *only)]
assert 0.97 < min(both) < max(both) < 1.03
# %% [markdown]
r"""
Here is one test shape as late fusion answers it, trained with drop-out and without. The slider takes the sensors away.
"""
# %%
example = datasets.Recipe(per_category=15, assemblies=90, views=1, seed=1)
_, truth = sensors.scenes(example, [log["example"]])
late = {r["task"]["training"]: r["shown"] for r in rows if r["task"]["how"] == "late" and r["task"]["seed"] == 0}
answers = {
    f"{condition}, {name}": np.reshape(late[training][condition], (-1, 3)) / 1000
    for condition in ("all", "no lidar", "no thermal")
    for training, name in (("all present", "without"), ("dropped", "with"))
}
figures.slider(
    list(answers.values()),
    list(answers),
    name="sensors, and training with or without drop-out",
    truth=truth[0][:1024],
    title="What late fusion answers when a sensor is taken away",
    alt="A slider through six answers, blue, beside the true sofa, orange. With all sensors both answers are blocks as large as the sofa. Without the lidar the network trained without drop-out answers a small ball with a few points scattered about; trained with drop-out it answers a block again.",
)
# %% [markdown]
r"""
## What attention attends to

The shares that attention gives to the three sensors, in the mean of the test shapes:
"""
# %%
def share(condition, training):
    found = [
        r["weights"][condition]
        for r in rows
        if r["task"]["how"] == "attention" and r["task"]["training"] == training
    ]
    return np.mean(found, axis=0)


for training in ("all present", "dropped"):
    print(f"\ntrained: {training:12}" + "".join(f"{s:>9}" for s in sensors.SENSORS))
    for condition in (*lights, "warm", "cold", "wrong lidar", "wrong picture"):
        print(f"{condition:21}" + "".join(f"{w:9.2f}" for w in share(condition, training)))
# %% [markdown]
r"""
Trained with all present, the shares are the same by day and by night, for warm objects and cold ones, and when the lidar shows another object. The largest goes to the picture. So **a share is not trust**. An encoder can give its sensor a code of large numbers and a small share, or a large share and a code that is always the same; the sum is what counts.

Only with drop-out, where every sensor must at times speak alone, do the shares rank the sensors by their worth: the lidar 0.68, the thermal camera 0.18, the picture 0.14. Even then they do not fall for the picture at night, nor for the thermal camera before a cold object by more than 0.02. In 700 steps attention learned which sensor is the better one. It did not learn when.
"""
# %%
each = {training: np.array([share(c, training) for c in (*lights, "warm", "cold")]) for training in ("all present", "dropped")}
assert all(np.ptp(shares, axis=0).max() < 0.025 for shares in each.values())  # neither light nor warmth
assert each["all present"][0].argmax() == 0 and list(each["dropped"][0].argsort()) == [0, 2, 1]
assert np.allclose(share("wrong lidar", "dropped"), share("all", "dropped"), atol=0.01)
# %% [markdown]
r"""
## One is wrong, and does not say so

The worst failure keeps its flag up. Here a sensor shows *another object*, faultlessly. Nothing in its reading is strange; only together with the others is it wrong.
"""
# %%
wrong = [f"wrong {sensor}" for sensor in sensors.SENSORS]
table(["all", *wrong], ("all present", "dropped", "dropped and swapped"))
# %% [markdown]
r"""
A wrong lidar is the worst that happened to these networks short of attention's collapse. Late fusion and attention, trained with all present, go from 0.041 to 0.088. Drop-out taught them to do without a sensor, and helps little against one that lies: 0.080, when with no lidar at all it would be 0.053.

Attention does not notice. The lidar's share in the table above is the same with the right lidar and with the wrong one, and it cannot be otherwise: each score is made of one code, and another object's lidar reading is a faultless lidar reading. Only by comparing the sensors can the lie be told. Early fusion and the decoder of late fusion could compare, and could learn it from examples. The third training gives them: in three of ten readings one sensor, drawn at random, shows another object. It lowers the error under a wrong lidar to 0.061, 0.072 and 0.069, and costs 6 to 10 % when all is well. That is still no better than seeing nothing. Early fusion, behind in all else, is ahead here, in all three trainings.
"""
# %%
lidar_wrong = {t: {how: score(how, "wrong lidar", t) for how in sensors.FUSIONS} for t in late}
print({t: {how: round(value, 3) for how, value in each_how.items()} for t, each_how in lidar_wrong.items()})
swapped = {how: score(how, "all", "dropped and swapped") / fused[how] - 1 for how in sensors.FUSIONS}
for how in ("late", "attention"):
    falling = [lidar_wrong[t][how] for t in ("all present", "dropped", "dropped and swapped")]
    assert falling[0] > 2 * fused[how] and falling[0] > falling[1] > falling[2] > 1.05 * score("nothing", "all")
    assert falling[1] > 1.45 * kept[how]
assert all(min(values, key=values.get) == "early" for values in lidar_wrong.values())
assert 0.95 * score("nothing", "all") < lidar_wrong["dropped and swapped"]["early"]
assert 0.05 < min(swapped.values()) and max(swapped.values()) < 0.105
# %% [markdown]
r"""
## What was found

With one strong sensor among three, no fusion beat that sensor alone. What fusing can bring is safety, and it had to be trained for: without drop-out every network that lost its lidar answered worse than one that sees nothing, and masked attention, so right for two depths, was the most fragile. Sensor drop-out cost late fusion 2.5 % and brought its error without the lidar from 0.066 to 0.054. Attention's shares ranked the sensors only after drop-out, never followed the light, and cannot notice a sensor that is wrong; such a sensor does far more harm than a missing one, and no training here repaired it.

What is weak: one seed, and 700 steps, in which the picture hardly began to be understood. Differences of 1 or 2 % between late fusion and attention mean nothing. With a longer training the picture may well have more to say.
"""
# %% [markdown]
r"""
## Exercises

```{exercise}
:label: sensors-believed
A fuser must know the noise of its sensors. Let the first have $\sigma_1 = 0.02$, known, and the second $\sigma_2 = 0.05$, of which another value is believed, from 0.02 to 0.2. When is fusing worse than the first sensor alone? Is it better to believe too much or too little?
```

````{solution} sensors-believed
:class: dropdown
```python
for believed in (0.02, 0.03, 0.05, 0.08, 0.2):
    print(believed, round(error(fuse(z, np.array([0.02, believed]))), 4))
```
The first alone has 0.0201. Believed to be 0.02 the fused error is 0.0268, 0.03 gives 0.0207, 0.05 (the truth) 0.0186, 0.08 gives 0.0192 and 0.2 gives 0.0199. Below about 0.032 fusing does harm; above the truth it only loses what there was to gain, and never does harm. When in doubt, believe a sensor less.
````

```{exercise}
:label: sensors-liar
Three sensors, each with noise 0.03. In 20 % of the cases one of them, drawn at random, tells the depth of something else. Compare their mean, their median, and a mean of those that lie within 0.1 of the median. What does the median cost when nobody lies?
```

````{solution} sensors-liar
:class: dropdown
```python
for share in (0.0, 0.05, 0.2):
    rng = np.random.default_rng(1)
    three = d[:, None] + 0.03 * rng.normal(size=(len(d), 3))
    wrong = rng.random(len(d)) < share
    three[wrong, rng.integers(3, size=wrong.sum())] = rng.normal(0, 0.2, wrong.sum())
    middle = np.median(three, axis=-1)
    agree = np.abs(three - middle[:, None]) < 0.1
    for answer in (three.mean(-1), middle, fuse(three, np.full(3, 0.03), agree)):
        print(share, round(error(answer), 4))
```
With 20 % of lies the mean has 0.0455, the median 0.0220, the mean of those who agree 0.0194. When nobody lies they have 0.0172, 0.0200 and 0.0174: the median costs a sixth, looking who agrees next to nothing. A lie is told by comparing; this is what attention's shares, each made of one code, cannot do.
````

```{exercise}
:label: sensors-only
A network that was trained with drop-out can work with one sensor alone, and so can that sensor's own network. From the log: what does sharing the weights with two other sensors cost each of them? Is there one that gains?
```

````{solution} sensors-only
:class: dropdown
```python
for sensor in sensors.SENSORS:
    for how in sensors.FUSIONS:
        print(sensor, how, f"{100 * (score(how, f'only {sensor}', 'dropped') / score(sensor, 'all') - 1):+.1f} %")
```
Each pays, and none gains: the picture 7 to 9 %, the thermal camera 3 to 5 %, the lidar 3 % in late fusion, 5 % in attention and 16 % in early fusion. In training each sensor was alone in about 7 of 100 readings ($0.7 \cdot 0.3^2$, and a third of the $0.3^3$ where none would have been left); its own network saw it alone every time.
````
"""
# %% [markdown]
r"""
## Further reading

{cite:t}`ngiam2011multimodal` learned one code of sound and of moving lips, and asked already what a network does when one of the two is missing. {cite:t}`neverova2016moddrop` train with sensors left out at random, as here. {cite:t}`ilse2018attention` is the short paper on averaging by attention, with masks for free. {cite:t}`sindagi2019mvxnet` fuse a camera's features and lidar points early, at each point, where pixels and points can be matched; {cite:t}`bijelic2020seeing` drove 10,000 km through snow and fog with camera, lidar, radar and an infrared camera, and weigh each sensor by how much it has to say. That is the real thing, of which this chapter's sensors are a drawing. The sensors' noise, and fusing over time, are the subject of {cite:t}`thrun2005probabilistic`. *[Robot navigation](../applications/robot_navigation)* makes a map of a depth sensor's readings.
"""
