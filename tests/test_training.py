"""Training: it learns, it repeats, and after a kill it goes on as if nothing had happened."""

import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from recon3d_lite import losses, models, training

SMALL = {"points": 64, "widths": (8, 16), "hidden": (32,)}


def network(seed=0):
    keras.utils.set_random_seed(seed)
    return models.point_network(**SMALL)


def test_it_learns_a_few_shapes_by_heart(little):
    few, model = little[:16], network()
    before = training.validate(model, few)
    history = training.fit(model, few, steps=200, batch_size=16, every=100, learning_rate=5e-3, validation=few,
                           augmented=False, progress=False)  # fmt: skip
    assert [row["step"] for row in history] == [100, 200]
    assert history[-1]["validation"] == pytest.approx(training.validate(model, few))
    assert history[-1]["validation"] < 0.5 * before


def test_the_same_seed_gives_the_same_weights_and_another_does_not(little):
    runs = []
    for seed in (1, 1, 2):
        model = network()
        training.fit(model, little, steps=6, batch_size=16, seed=seed, progress=False)
        runs.append(model.get_weights())
    for a, b in zip(*runs[:2], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(*runs[1:], strict=True))


def test_stopped_and_resumed_it_ends_where_it_would_have_ended(little, tmp_path, monkeypatch):
    straight = network()
    history = training.fit(straight, little, steps=12, batch_size=16, every=4, progress=False)

    checkpoint, calls = tmp_path / "c.checkpoint", iter(range(100))

    def stops_in_the_tenth_step(y_true, y_pred):
        return losses.chamfer_l1(y_true, y_pred)

    original = training.keep

    def keep(*args):
        original(*args)
        if next(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "keep", keep)
    with pytest.raises(KeyboardInterrupt, match=r"stopped at step 8 of 12; run the same again"):
        training.fit(network(), little, steps=12, batch_size=16, every=4, progress=False, checkpoint=checkpoint)
    monkeypatch.setattr(training, "keep", original)
    resumed = network(seed=5)  # whose first weights must not matter
    rows = training.fit(resumed, little, steps=12, batch_size=16, every=4, progress=False, checkpoint=checkpoint)
    assert [r["step"] for r in rows] == [4, 8, 12]
    np.testing.assert_allclose([r["loss"] for r in rows], [r["loss"] for r in history], rtol=1e-5)
    for a, b in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_finished_run_is_not_trained_again(little, tmp_path):
    checkpoint = tmp_path / "c.checkpoint"
    first = training.fit(network(), little, steps=4, batch_size=16, progress=False, checkpoint=checkpoint)
    model = network(seed=3)
    assert training.fit(model, little, steps=4, batch_size=16, progress=False, checkpoint=checkpoint) == first


def test_a_checkpoint_of_another_run_is_refused(little, tmp_path):
    checkpoint = tmp_path / "c.checkpoint"
    training.fit(network(), little, steps=2, batch_size=16, progress=False, checkpoint=checkpoint)
    with pytest.raises(ValueError, match=r"c\.checkpoint: belongs to another run \(steps 2, not 3\)"):
        training.fit(network(), little, steps=3, batch_size=16, progress=False, checkpoint=checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"c\.checkpoint: damaged"):
        training.fit(network(), little, steps=2, batch_size=16, progress=False, checkpoint=checkpoint)


def test_a_loss_that_explodes_stops_the_run(little):
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        training.fit(network(), little, steps=20, batch_size=16, every=5, learning_rate=1e30, progress=False)


def test_predict_keeps_the_order(little):
    model = network()
    whole = training.predict(model, little)
    assert whole.shape == (180, 64, 3)
    np.testing.assert_allclose(whole[100], training.predict(model, little[100:101])[0], atol=1e-5)


def test_validate_is_the_mean_over_all_shapes(little):
    model = network()
    answers, truth = training.predict(model, little), little.in_view(64)
    expected = losses.chamfer_l1(truth, answers).numpy().mean()
    assert training.validate(model, little) == pytest.approx(expected, rel=1e-5)


KILLED = """
import faulthandler, signal
faulthandler.dump_traceback_later(100, exit=True)  # should it hang, say where
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and so would we
from recon3d_lite import datasets, models, training
import keras
recipe = datasets.Recipe(per_category=40, assemblies=0, categories=("chair",), points=128)
data = datasets.procedural(recipe, cache="cache", jobs=1, progress=False)
keras.utils.set_random_seed(0)
model = models.point_network(points=64, widths=(8, 16), hidden=(32,))
training.fit(model, data, steps=%s, batch_size=8, every=5, checkpoint="c.checkpoint")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ on Windows")
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_real_kill_leaves_a_checkpoint_that_works(tmp_path, kill):
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", KILLED % 100_000], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for _ in range(3):
        assert process.stdout.readline().startswith(b"step")
    time.sleep(0.05)
    process.send_signal(kill)
    process.communicate(timeout=120)
    assert [p.name for p in tmp_path.iterdir() if p.name != "cache"] == ["c.checkpoint"]
    _, header = models.read_tensors(tmp_path / "c.checkpoint")
    assert header["step"] >= 15
    assert header["step"] % 5 == 0
