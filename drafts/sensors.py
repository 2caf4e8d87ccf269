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
plane = sensors.Scene(*(channel[0] for channel in scene))
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
Which of the three should a network believe, and how does it know? And what does it do when one of them is silent?

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
    print(f"{name:14} a grey pixel collects {sensors.WELL * light * grey:.0f} electrons")
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
view, mesh = recipe.view(0, 0), recipe.shape(0).mesh
seen_by = datasets.camera_of(view, mesh)
reading = sensors.lidar(plane, np.random.default_rng(1))
v, u = np.nonzero(reading[..., 1])
world = seen_by.unproject(np.column_stack([u + 0.5, v + 0.5]), reading[v, u, 0] + seen_by.t[2])
beams = camera.to_viewer(world, view.azimuth)
away = np.linalg.norm(beams[:, None] - points[0], axis=-1).min(1)
print(f"{len(beams)} returns, in the median {np.median(away):.3f} box diagonals from the nearest of {points.shape[1]} true points")
assert np.median(away) < 0.03
figures.compare(
    beams,
    points[0][:1024],
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
assert error(fuse(broken, sigma)) > error(broken.mean(-1)) > 3 * error(fuse(broken, sigma, absent))
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
    for i, channels in enumerate((width, 2 * width, 4 * width, 4 * width)):  # each halves the picture
        x = layers.Conv2D(channels, 3 if i else 5, strides=2, padding="same", activation="relu")(x)
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
        by_shape = {"".join(map(str, v.shape)) + str(i): v for i, v in enumerate(ours.variables)}
        assert len(by_shape) == len(packaged.variables)
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
history = network.fit(sensors.batches(scene, points, 120, dropped=0.3), epochs=6, steps_per_epoch=20, verbose=0)
print("loss, every twenty steps:", np.round(history.history["loss"], 3))
assert history.history["loss"][-1] < 0.9 * history.history["loss"][0]
