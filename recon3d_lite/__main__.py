"""The command line: ``python -m recon3d_lite reconstruct | report | train | data | evaluate``."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import shapes, solids
from .datasets import Recipe, ShapeSet, load_mesh, mesh_files, mesh_folder, procedural, shard
from .files import whole

if TYPE_CHECKING:
    import keras

# what `train` makes unless told otherwise: the shipped weights
DEFAULTS = {
    "points": {"steps": 26_000, "per_category": Recipe.per_category, "assemblies": Recipe.assemblies},
    "views": {"steps": 6_000, "per_category": 300, "assemblies": 2400},
    "voxels": {"steps": 3_000, "per_category": 300, "assemblies": 2400},
    "mesh": {"steps": 5_000, "per_category": 300, "assemblies": 2400},
    "instances": {"steps": 3_000, "scenes": 6_000},
}
VOXELS, PLACES, VIEWS, TEST_SCENES = 32, 4096, 8, 100
FIRST = {"validation": 0, "train": 1000, "test": 500_000}  # the numbers of the scenes of each split go on from here

EXAMPLES = """examples:
  python -m recon3d_lite reconstruct cup.jpg -o cup.glb
  python -m recon3d_lite reconstruct front.jpg left.jpg --azimuths 0 90 -o cup.glb
  python -m recon3d_lite report photographs -o report.html
  python -m recon3d_lite evaluate --shapes my_meshes --json scores.json
  python -m recon3d_lite train -o my_weights.safetensors --steps 500
  python -m recon3d_lite train --as instances
"""
RECONSTRUCT = """Reconstructs the object in a photograph, or in several of the same object. Where the object is comes
from the picture's transparency, or else is found by GrabCut; give a box if it finds the wrong thing."""
REPORT = """Reconstructs every picture in a folder, unattended, and writes one page that opens offline: each object that
was found, its shape to turn, and what is doubtful or failed, and why. The same stands beside it as JSON. "Fine" means
that no sign of trouble was found. A damaged file is a row like any other, so the status is 0 all the same."""
TRAIN = """Makes the training set if it is not there yet, trains, and writes the weights and a model card beside them.
Without options it makes the shipped weights: of points, of points from several views, of voxels or meshes, which all
but the first begin with the encoder of the shipped points, or of the network that tells objects and parts apart. Stop
it with Ctrl-C and run the same again: it goes on. With --strategy multi-worker it is started on several machines at
once, each with its own TF_CONFIG; if one of them is lost, all stop with status 3, and the same started again on all
goes on (deploy/ has it for Slurm and Kubernetes)."""
DATA = """Makes the training set that `train` with the same numbers of shapes asks for, into the folder RECON3D_CACHE.
Several machines with one such folder can make a part each: --shard 1/3, 2/3 and 3/3. The last one joins them."""
EVALUATE = """Scores the network on the held-out procedural shapes, or on a folder of meshes. Beside it stand the shape
of the nearest training picture (retrieval), the best of all training shapes (oracle, not of meshes) and the truth
sampled a second time (floor). Chamfer-L1 is in units of the bounding-box diagonal, small is good; behind it stands the
F-score at 2 % of the diagonal, of meshes the normal consistency; 1 is best. Voxels are scored by intersection over
union, instances by average precision. The training set is made again if it is not there: about two minutes."""

CARD = """# {network}, {parameters:,} parameters

{seen} in, {answer} in the viewer's frame out. Stored as float16, {size:.1f} MB.

Made by `python -m recon3d_lite train{options}` in {minutes:.0f} minutes of training on {machines}{cores}:
{steps:,} batches of 32, seed {seed}, {measure} {loss:.4f} at the end on the training pictures
{note}, {validation:.4f} on the validation pictures.

Training set: procedural shapes only, 18 of every 20 of this recipe: `{recipe}`.
Kept from it: {held_out}.

Scores on the {n} held-out procedural shapes, random views: {scores}

```text
{table}
```

Limits: one object, cut out from its background, whole in the picture, upright, seen from between 10 degrees below
and 50 degrees above. It has seen rendered shapes of {categories},
and random assemblies; no photograph. {flaws}, and what the picture hides is a guess.
"""
INSTANCES_CARD = """# vote_network, {parameters:,} parameters

Points (N, 3) in, votes (N, 2, 3) for the middles of each point's object and part out. Stored as float16, {size:.1f} MB.

Made by `python -m recon3d_lite train --as instances{options}` in {minutes:.0f} minutes of training on {cores}:
{steps:,} batches of 16 scenes of 1,024 points, seed {seed}, votes {loss:.4f} diagonals off at the end on the training
scenes, {validation:.4f} on the validation scenes (both with noise).

Training set: {scenes:,} procedural scenes of the styles that training may see, a third of two to six objects, two
thirds of one. Radius and least number for the grouping, chosen on validation scenes:
{grouping}.

Scores on {n} new scenes of two to six objects and {n} of one, in parts, without noise, of seen styles and of held-out
ones; the network's votes, and DBSCAN and connected components of the points. AP at 0.25, at 0.5, and mean IoU of the
instances with at least 1 % of the points:

```text
{table}
```

Limits: one scene, upright, on a floor that is not among the points; it has seen nothing but procedural shapes.
"""
SAID = {  # in the cards, of each kind
    "points": {
        "seen": "One picture (64, 64, 4)",
        "answer": "1,024 points",
        "measure": "Chamfer-L1",
        "note": "(to half as many true points)",
        "scores": "Chamfer-L1 in units of the bounding-box\ndiagonal, behind it the F-score at 2 % of it. Retrieval, "
        "oracle: from the same training set. Floor: sampling noise.",
        "flaws": "Thin parts come out as clouds",
    },
    "views": {
        "seen": "Any number of pictures (V, 64, 64, 4) and how far each is turned from the first (V, 2)",
        "answer": "1,024 points",
        "measure": "Chamfer-L1",
        "note": "(to half as many true points)",
        "scores": "Chamfer-L1 in units of the\nbounding-box diagonal, behind it the F-score at 2 % of it. From 1, 2, "
        "4 and 8 views with known cameras, and from 4 with\nunknown ones. Retrieval (by the first picture), oracle: "
        "from the same training set. Floor: sampling noise.",
        "flaws": "Thin parts come out as clouds",
    },
    "voxels": {
        "seen": "One picture (64, 64, 4)",
        "answer": f"logits of {VOXELS} x {VOXELS} x {VOXELS} voxels",
        "measure": "cross entropy a voxel",
        "note": "(augmented)",
        "scores": "intersection over union. Average: one\ngrid for all. Retrieval, oracle: from the same training set, "
        "the oracle by IoU with the truth.",
        "flaws": "Thin parts are missing or come out thick",
    },
    "mesh": {
        "seen": "One picture (64, 64, 4)",
        "answer": "a logit for each place asked about",
        "measure": "cross entropy a place",
        "note": "(augmented)",
        "scores": "Chamfer-L1 in units of the bounding-box\ndiagonal, behind it the normal consistency, of 10,000 "
        "points of each surface. The surface is that of 64 x 64 x 64\nplaces asked about. Retrieval: from the same "
        "training set. Floor: sampling noise.",
        "flaws": "Thin parts are missing or come out thick",
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns 0, or with one line on standard error 2 if the input was bad or Ctrl-C stopped it.

    3 says that another worker was lost, and that the same, started again, may succeed.
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except ConnectionError as error:
        print(f"recon3d_lite: {error}", file=sys.stderr)
        return 3
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"recon3d_lite: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"\nrecon3d_lite: {str(stop) or 'stopped by Ctrl-C; nothing half-written was left'}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m recon3d_lite",
        description="From one picture to a shape that you can turn.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable, summary: str, description: str) -> Callable:
        sub = commands.add_parser(name, help=summary, description=description)
        sub.set_defaults(run=run)
        return sub.add_argument

    def usual(name: str) -> str:
        known = {kind: defaults[name] for kind, defaults in DEFAULTS.items() if name in defaults}
        return "default: " + ", ".join(f"{number} for {kind}" for kind, number in known.items())

    def recipe(add: Callable, kinds: Iterable[str]) -> None:
        add("--as", dest="kind", choices=kinds, default="points", help="what to answer with (default: %(default)s)")
        one, no = f"shapes of each category ({usual('per_category')})", f"shapes of no category ({usual('assemblies')})"
        add("--per-category", type=int, metavar="N", help=one)
        add("--assemblies", type=int, metavar="N", help=no)

    add = command("reconstruct", _reconstruct, "a photograph in, a shape out", RECONSTRUCT)
    files = "picture files: PNG, JPEG, WebP, TIFF, ..., one or several of the same object"
    add("photos", type=Path, nargs="+", metavar="PHOTO", help=files)
    out = "OUT.glb (a model for 3D viewers), OUT.ply (bare points) or OUT.html (a page to turn it in)"
    add("-o", "--output", type=Path, required=True, metavar="OUT", help=out)
    where = "where the camera of each of several stood, in degrees around the object, growing to its left"
    add("--azimuths", type=float, nargs="+", metavar="DEGREES", help=where)
    made = ["points", "voxels", "mesh"]  # views are points, too: several pictures ask for them
    add("--as", dest="kind", choices=made, default="points", help="what to make of it (default: %(default)s)")
    add("--box", type=int, nargs=4, metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"), help="where the object is, in pixels")
    add("--weights", type=Path, metavar="FILE", help="weights to use instead of the shipped ones")

    add = command("report", _report, "a folder of photographs in, a page of shapes out", REPORT)
    add("folder", type=Path, metavar="FOLDER", help="pictures of one object each: PNG, JPEG, WebP, TIFF, ...")
    out = "the page; the figures beside it end in .json (default: %(default)s)"
    add("-o", "--output", type=Path, default=Path("report.html"), metavar="OUT", help=out)

    add = command("train", _train, "train the network on procedural shapes", TRAIN)
    out = "weights to write (default: points.safetensors, or as --as says); the card beside them ends in .md"
    add("-o", "--output", type=Path, metavar="OUT", help=out)
    add("--steps", type=int, metavar="N", help=f"batches of 32 pictures ({usual('steps')})")
    recipe(add, DEFAULTS)
    add("--scenes", type=int, metavar="N", help=f"scenes for instances ({usual('scenes')})")
    add("--seed", type=int, default=0, help="of the first weights and of the batches (default: %(default)s)")
    how = "one process, one process with several GPUs, or one on each of several machines (default: %(default)s)"
    add("--strategy", default="single", metavar="single|mirrored|multi-worker", help=how)

    add = command("data", _data, "make the training set, or one machine's part of it", DATA)
    recipe(add, [kind for kind in DEFAULTS if kind != "instances"])
    add("--shard", metavar="K/N", help="make the K-th of N parts; the last one joins them")

    add = command("evaluate", _evaluate, "score the network on shapes that it has not seen", EVALUATE)
    layout = "meshes as FOLDER/category/name.ply (or .off, .obj, .glb), x forward and z up (a .glb: z forward, y up)"
    add("--shapes", type=Path, metavar="FOLDER", help=layout)
    add("--json", type=Path, metavar="OUT", help="write all figures to this file")
    add("--weights", type=Path, metavar="FILE", help="weights to score instead of the shipped ones")
    add("--as", dest="kind", choices=DEFAULTS, default="points", help="which shipped ones (default: %(default)s)")
    add("--seed", type=int, default=0, help="of the views of the meshes (default: %(default)s)")
    return parser


def _reconstruct(options: argparse.Namespace) -> None:
    from .reconstruction import reconstruct

    photos = options.photos[0] if len(options.photos) == 1 else options.photos
    result = reconstruct(photos, as_=options.kind, azimuths=options.azimuths, box=options.box, weights=options.weights)
    result.save(options.output)
    print(f"{options.output}: {result.what}")


def _report(options: argparse.Namespace) -> None:
    from .report import report, summary

    print(f"{options.output}: {summary(report(options.folder, options.output))}")


def _recipe(options: argparse.Namespace) -> Recipe:
    """Of the training set; numbers that were not given are filled in."""
    for name, value in DEFAULTS[options.kind].items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    more = {
        "points": {},
        "views": {"views": VIEWS},
        "voxels": {"voxels": VOXELS},
        "mesh": {"voxels": VOXELS, "places": PLACES},
    }
    return Recipe(per_category=options.per_category, assemblies=options.assemblies, **more[options.kind])


def _train(options: argparse.Namespace) -> None:
    from . import cluster, evaluation, losses, models, training  # first: they silence TensorFlow

    # isort: split
    import keras

    # asked now, not after twenty minutes of training
    options.output = options.output or Path(f"{options.kind}.safetensors")
    if options.output.suffix != ".safetensors":
        raise ValueError(f"{options.output}: weights are written to a file that ends in .safetensors")
    if not options.output.absolute().parent.is_dir():
        raise FileNotFoundError(f"{options.output}: the folder {options.output.parent} does not exist; create it first")
    if options.kind != "instances" and options.scenes is not None:
        raise ValueError("--scenes: for --as instances alone; others take --per-category and --assemblies")
    if options.kind == "instances":
        _train_instances(options)
        return
    recipe = _recipe(options)
    if options.strategy == "multi-worker" and cluster.task()[0] == 0:
        print("waiting for the other workers", flush=True)
    strategy = cluster.strategy(options.strategy)  # first of all: it waits until all are there, their shards made
    worker, workers = cluster.place(strategy)
    data = procedural(recipe, progress=worker == 0)
    train, test = data.split("train"), data.split("test")
    keras.utils.set_random_seed(options.seed)
    with strategy.scope():
        make = {
            "points": models.point_network,
            "views": models.views_network,
            "voxels": partial(models.voxel_network, voxels=VOXELS),
            "mesh": models.occupancy_network,
        }
        model = make[options.kind]()
        if options.kind != "points":
            models.borrow(model, models.load())
    answers_points = options.kind in ("points", "views")
    checkpoint = options.output.with_suffix(".checkpoint")
    history = training.fit(
        model,
        train,
        steps=options.steps,
        validation=data.split("validation"),
        loss=losses.chamfer_l1 if answers_points else losses.cross_entropy,
        seed=options.seed,
        checkpoint=checkpoint,
        every=max(1, len(train) // 32),  # a line an epoch
        strategy=strategy,
    )
    if worker == 0:
        if not answers_points:
            some = data.split("validation")
            level = evaluation.choose_level(_grids(model, some), some.occupancy())
            (bias,) = model.get_layer("logits").bias.numpy()
            model.get_layer("logits").bias.assign([bias - level])  # from now on above 0 is occupied
        models.save(model, options.output, recipe=asdict(recipe))
        model = models.load(options.output)  # what was rounded to float16 is what is scored
        result = _scores(model, train, test, _meshes(recipe, train, test) if options.kind == "mesh" else None)
        print(evaluation.table(result))
        defaults = {"kind": "points"} | DEFAULTS[options.kind] | {"seed": 0, "strategy": "single"}
        given = {k: getattr(options, k) for k, v in defaults.items() if getattr(options, k) != v}
        card = CARD.format(
            network=model.name,
            parameters=model.count_params(),
            size=options.output.stat().st_size / 1e6,
            options="".join(f" --{k.replace('_', '-').replace('kind', 'as')} {v}" for k, v in given.items()),
            n=len(test),
            seed=options.seed,
            recipe=recipe,
            categories=", ".join(recipe.categories),
            held_out=", ".join(f"{name}: {', '.join(styles)}" for name, styles in shapes.HELD_OUT.items() if styles),
            machines=f"{workers} machines with " if workers > 1 else "",
            cores=_cores(),
            table=evaluation.table(result),
            steps=options.steps,
            **SAID[options.kind],
            **{k: history[-1][k] for k in ("loss", "validation", "minutes")},
        )
        with whole(options.output.with_suffix(".md")) as incomplete:
            incomplete.write_text(card, encoding="utf-8")
        checkpoint.unlink(missing_ok=True)
    # the others stay until the chief has written all, so that a chief killed meanwhile finds them again
    cluster.from_chief(strategy, np.int64(0))


def _cores() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return "1 core" if cores == 1 else f"{cores} cores"


def _train_instances(options: argparse.Namespace) -> None:
    from . import instances, models

    # isort: split
    import keras

    defaults = DEFAULTS["instances"]
    options.steps, options.scenes = options.steps or defaults["steps"], options.scenes or defaults["scenes"]
    if options.strategy != "single":
        raise ValueError(f"--strategy: {options.strategy!r}; instances are trained in one process")
    if options.per_category is not None or options.assemblies is not None:
        raise ValueError("--per-category, --assemblies: instances are trained on scenes; give --scenes")
    if options.scenes < 30:
        raise ValueError(f"--scenes: {options.scenes}; accepted: 30 or more")
    few = min(TEST_SCENES, options.scenes // 10)  # of each kind, to choose by and to test on
    train, validation = instances.sets(options.scenes, FIRST["train"]), instances.sets(3 * few, FIRST["validation"])
    keras.utils.set_random_seed(options.seed)
    model, checkpoint = models.vote_network(), options.output.with_suffix(".checkpoint")
    history = instances.fit(model, train, steps=options.steps, validation=validation, seed=options.seed,
                            checkpoint=checkpoint)  # fmt: skip
    models.save(model, options.output)
    model = models.load(options.output)  # what was rounded to float16 is what is scored
    grouping = instances.grouping(model, few)
    models.save(model, options.output, recipe={"scenes": options.scenes} | grouping)
    result = _instance_scores(model, few)
    print(instances.table(result))
    given = {k: getattr(options, k) for k, v in (defaults | {"seed": 0}).items() if getattr(options, k) != v}
    card = INSTANCES_CARD.format(
        parameters=model.count_params(),
        size=options.output.stat().st_size / 1e6,
        options="".join(f" --{k} {v}" for k, v in given.items()),
        cores=_cores(),
        scenes=options.scenes,
        steps=options.steps,
        seed=options.seed,
        grouping=", ".join(f"{what} {radius:g} and {least}" for what, (radius, least) in grouping.items()),
        n=few,
        table=instances.table(result),
        **{k: history[-1][k] for k in ("loss", "validation", "minutes")},
    )
    with whole(options.output.with_suffix(".md")) as incomplete:
        incomplete.write_text(card, encoding="utf-8")
    checkpoint.unlink(missing_ok=True)


def _instance_scores(model: keras.Model, count: int) -> dict:
    """By what is told apart and styles, the scores of `instances.evaluate`."""
    from . import instances, scenes

    found = {}
    for what, objects in {"objects": (2, 6), "parts": (1, 1)}.items():
        validation = scenes.many(count, FIRST["validation"], "seen", objects)
        for styles in ("seen", "held_out"):
            test = scenes.many(count, FIRST["test"], styles, objects)
            found[f"{what}, {styles}"] = instances.evaluate(model, validation, test, what)
    return found


def _grids(model: keras.Model, data: ShapeSet) -> np.ndarray:
    """What the network says at the voxels of every shape's first picture, (S, n, n, n)."""
    from . import models, training

    if models.kind(model) == "voxels":
        return training.predict(model, data)
    return np.stack([models.field(model, picture / np.float32(255), VOXELS) for picture in data.pictures[:, 0]])


def _scores(model: keras.Model, train: ShapeSet, test: ShapeSet, meshes: dict | None = None) -> dict:
    from . import evaluation, models, training

    kind = models.kind(model)
    if kind == "mesh":
        pictures = test.pictures[:, 0] / np.float32(255)
        fields = [models.field(model, picture) for picture in pictures]
        # where it finds nothing solid, what is most nearly so
        answers = [solids.surface(field, min(0.0, np.quantile(field, 0.999))) for field in fields]
        truth = meshes.pop("truth")
        return evaluation.evaluate_meshes({"network": answers} | meshes, truth, test)
    if kind == "views":
        counts = [n for n in (1, 2, 4, 8) if n <= test.azimuth.shape[1]]
        answers = {f"{n} views"[: 6 + (n > 1)]: training.predict(model, test, views=n) for n in counts}
        answers["unknown"] = training.predict(model, test, known=False)
        return evaluation.evaluate(answers, train, test, progress=True)
    answers = training.predict(model, test)
    if kind == "points":
        return evaluation.evaluate({"network": answers}, train, test, progress=True)
    return evaluation.evaluate_voxels({"network": answers > 0}, train, test)


def _meshes(recipe: Recipe, train: ShapeSet, test: ShapeSet, folder: Path | None = None) -> dict[str, list]:
    """The true meshes of the test's first pictures, from the recipe or a folder, and those that retrieval answers."""
    from . import evaluation

    files = mesh_files(folder) if folder else None
    true = [load_mesh(files[i]) if folder else recipe.shape(i).mesh for i in test.number]
    shape, view = evaluation.retrieve(train, test)
    found = [recipe.shape(i).mesh for i in train.number[shape]]
    return {
        "truth": [evaluation.turned(*pair) for pair in zip(true, test.azimuth[:, 0], strict=True)],
        "retrieval": [evaluation.turned(*pair) for pair in zip(found, train.azimuth[shape, view], strict=True)],
    }


def _data(options: argparse.Namespace) -> None:
    recipe = _recipe(options)
    if options.shard is not None:
        numbers = re.fullmatch(r"(\d+)/(\d+)", options.shard)
        if not numbers:
            raise ValueError(f"--shard: {options.shard!r}; the second of four is 2/4")
        missing = shard(recipe, *map(int, numbers.groups()))
        if missing:
            print(f"{recipe.key()}: shard {options.shard} is there, missing are {', '.join(map(str, missing))}")
            return
    print(f"{recipe.key()}: {len(procedural(recipe)):,} shapes")


def _evaluate(options: argparse.Namespace) -> None:
    from . import evaluation, models

    model = models.load(options.weights, options.kind)
    if models.kind(model) == "instances":
        from . import instances

        if options.shapes:
            raise ValueError("--shapes: meshes of a folder have no parts to tell apart; leave it out")
        result = _instance_scores(model, TEST_SCENES)
        print(instances.table(result))
        _write(options.json, result)
        return
    recipe = Recipe(**models.recipe(options.weights, options.kind))
    test = None
    if options.shapes:
        views = recipe.views if models.kind(model) == "views" else 1
        test = mesh_folder(options.shapes, views=views, voxels=recipe.voxels, seed=options.seed, progress=True)
    data = procedural(recipe)
    train, test = data.split("train"), data.split("test") if test is None else test
    mesh = models.kind(model) == "mesh"
    result = _scores(model, train, test, _meshes(recipe, train, test, options.shapes) if mesh else None)
    print(evaluation.table(result))
    _write(options.json, result)


def _write(path: Path | None, result: dict) -> None:
    if path:
        with whole(path) as incomplete:
            incomplete.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    sys.exit(main())
