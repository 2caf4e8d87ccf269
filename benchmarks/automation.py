"""Does a search find better settings than a hand did? Random search, Optuna, and one longer training, equal budgets.

    python benchmarks/automation.py                               # under half an hour on one core

The task is small: 32 x 32 pictures of 1,080 shapes, 512 points. A budget is counted in trainings of 6,400 pictures
("units"); a search may spend twelve. ``random`` draws settings and trains each to the end. ``tpe`` is Optuna's sampler
with its median pruner, which stops a training that after a quarter, a half or three quarters is worse than the median
of those before it. ``hand`` is what this book uses, trained once; ``hand 12``, ``hand 24``: for as many units as a
search, or a search and a long training, take. ``random again``, ``tpe again``: the winner of a search with first
weights and batches that its search has not seen; ``winner 12``: the better of the two, trained for twelve units.

A search sees the 60 validation shapes; 400 shapes of another recipe test. Scores are Chamfer-L1 in box diagonals. Each
training is a row of `automation.json`, written when it is done; a run that was stopped goes on, and asks Optuna the
same questions again.
"""

import gc
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from recon3d_lite import datasets, losses, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import optuna
import tensorflow as tf
from keras import layers

from recon3d_lite.files import whole
from recon3d_lite.pipeline import batches

LOG = Path(__file__).with_suffix(".json")
SIZE, POINTS, UNIT, BUDGET, SEEDS = 32, 512, 6_400, 12, 2
RECIPE = datasets.Recipe(per_category=60, assemblies=360, views=2, size=SIZE)
TEST = datasets.Recipe(per_category=20, assemblies=120, views=1, size=SIZE, seed=1)
RATES = (1e-4, 3e-2)
CHOICES = {
    "batch_size": [8, 16, 32, 64],
    "width": [8, 16, 24],  # of the first level; the others have two, four and six times as many channels
    "code": [64, 128, 256],
    "decoder": ["look", "connected"],
    "loss": ["l1", "squared"],
    "augmented": [True, False],
}
HAND = {
    "learning_rate": 1e-3, "batch_size": 32, "width": 16, "code": 256, "decoder": "look", "loss": "l1",
    "augmented": True,
}  # fmt: skip
LOSSES = {"l1": losses.chamfer_l1, "squared": losses.chamfer_distance}


def suggest(trial: optuna.Trial) -> dict:
    settings = {"learning_rate": trial.suggest_float("learning_rate", *RATES, log=True)}
    return settings | {name: trial.suggest_categorical(name, values) for name, values in CHOICES.items()}


def network(width: int, code: int, decoder: str) -> keras.Model:
    model = models.point_network(
        SIZE, points=POINTS, widths=(width, 2 * width, 4 * width, 6 * width), hidden=(code, code), local=64
    )
    if decoder == "look":
        return model
    answer = layers.Dense(3 * POINTS)(model.get_layer("hidden1").output)
    return keras.Model(model.input, layers.Reshape((POINTS, 3))(answer), name=decoder)


def train(settings: dict, seed: int, units: int, data: dict, go_on: Callable[[int, float], bool]) -> dict:
    """One training; after each quarter of a unit (of a long one: each unit) ``go_on`` is told the validation score."""
    keras.backend.clear_session()
    gc.collect()
    start = time.process_time()
    keras.utils.set_random_seed(seed)
    model = network(*(settings[name] for name in ("width", "code", "decoder")))
    batch, loss = settings["batch_size"], LOSSES[settings["loss"]]
    steps = units * UNIT // batch
    every = steps // (4 if units == 1 else units)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=settings["learning_rate"], warmup_steps=steps // 20
    )
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def update(pictures: tf.Tensor, points: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(points, model(pictures, training=True)))
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)

    curve = []
    pairs = batches(data["train"], batch, steps=steps, points=POINTS // 2, seed=seed, augmented=settings["augmented"])
    for step, pair in enumerate(pairs, start=1):
        update(*pair)
        if step % every == 0:
            score = training.validate(model, data["validation"])
            curve.append(round(score, 5) if np.isfinite(score) else 1.0)
            if not go_on(len(curve), curve[-1]):
                break
    row = {"curve": curve, "parameters": model.count_params(), "spent": units * step / steps}
    if step == steps:
        row["test"] = round(training.validate(model, data["test"]), 5)
    return row | {"seconds": round(time.process_time() - start, 1)}


class Log:
    """The rows, kept in the file; a row that is there is not trained again."""

    def __init__(self) -> None:
        self.rows = json.loads(LOG.read_text())["rows"] if LOG.exists() else []
        data = datasets.procedural(RECIPE, progress=False)
        self.data = {name: data.split(name) for name in ("train", "validation")}
        self.data["test"] = datasets.procedural(TEST, progress=False)

    def row(
        self, what: str, search: int, number: int, settings: dict, units: int = 1,
        go_on: Callable[[int, float], bool] = lambda step, score: True,
    ) -> dict:  # fmt: skip
        """Training ``number`` of those called ``what`` in repetition ``search``; its seed is made of these."""
        task = {"what": what, "search": search, "number": number, "settings": settings, "units": units}
        for row in self.rows:
            if all(row[key] == value for key, value in task.items()):
                for step, score in enumerate(row["curve"], start=1):
                    go_on(step, score)  # so that Optuna is told what it was told then
                return row
        again = 500 if what.endswith("again") else 0
        row = task | train(settings, 1000 * search + again + number, units, self.data, go_on)
        self.rows.append(row)
        print(json.dumps(row), flush=True)
        self.write()
        return row

    def write(self) -> None:
        minutes = round(sum(row["seconds"] for row in self.rows) / 60, 1)
        machine = f"one of {os.cpu_count()} cores, {platform.machine()}"
        about = {
            "date": str(date.today()), "machine": machine, "minutes": minutes, "unit": UNIT, "budget": BUDGET,
            "hand": HAND, "rates": RATES, "choices": CHOICES,
        } | {name: len(data) for name, data in self.data.items()}  # fmt: skip
        with whole(LOG) as partial:  # a line a row
            rows = ",\n  ".join(map(json.dumps, self.rows))
            partial.write_text(json.dumps(about, indent=1)[:-2] + f',\n "rows": [\n  {rows}\n ]\n}}\n')


def search(log: Log, what: str, seed: int) -> dict:
    """One search; the row of its winner by validation."""
    samplers, pruners = optuna.samplers, optuna.pruners
    if what == "random":
        study = optuna.create_study(sampler=samplers.RandomSampler(seed), pruner=pruners.NopPruner())
    else:
        sampler, pruner = samplers.TPESampler(n_startup_trials=5, seed=seed), pruners.MedianPruner(3, 0)
        study = optuna.create_study(sampler=sampler, pruner=pruner)
    spent, best = 0.0, None
    while spent <= BUDGET - 1:
        trial = study.ask()

        def go_on(step: int, score: float, trial: optuna.Trial = trial) -> bool:
            trial.report(score, step)
            return step == 4 or not trial.should_prune()

        row = log.row(what, seed, trial.number, suggest(trial), go_on=go_on)
        spent += row["spent"]
        if "test" not in row:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        study.tell(trial, row["curve"][-1])
        if best is None or row["curve"][-1] < best["curve"][-1]:
            best = row
    return best


def main() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    log, winners = Log(), {}
    for seed in range(SEEDS):
        for number in range(3):
            log.row("hand", seed, number, HAND)
        for what in ("random", "tpe"):
            winners[seed, what] = winner = search(log, what, seed)
            for number in range(2):
                log.row(f"{what} again", seed, number, winner["settings"])
    for seed in range(SEEDS):
        log.row(f"hand {BUDGET}", seed, 0, HAND, BUDGET)
        best = min((winners[seed, what] for what in ("random", "tpe")), key=lambda row: row["curve"][-1])
        log.row(f"winner {BUDGET}", seed, 0, best["settings"], BUDGET)
    log.row(f"hand {2 * BUDGET}", 0, 0, HAND, 2 * BUDGET)
    log.write()


if __name__ == "__main__":
    main()
