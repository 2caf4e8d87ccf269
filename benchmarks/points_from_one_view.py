"""The table of the chapter "Points from one view": every way to answer, on the same shapes.

    python benchmarks/points_from_one_view.py [--shapes FOLDER_OF_REAL_MESHES] [--json OUT]

Beside what `evaluate` prints stand the document's network, trained as the document says (ten epochs, batches of 32,
Adam, mean squared error), here on the whole training set, and one average cloud that is given to every picture.
Takes about 15 minutes on two cores and 3 GB. The figures in `points_from_one_view.json` were made with the 103 real
meshes that the README speaks of.
"""

import argparse
import json
import time
from datetime import date
from pathlib import Path

from recon3d_lite import datasets, evaluation, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np


def document_network(train: datasets.ShapeSet) -> tuple[keras.Model, float]:
    """The document's network after the document's training, and the minutes that it took."""
    keras.utils.set_random_seed(0)
    network = models.document_network()
    network.compile(optimizer="adam", loss="mse")
    pictures = train.pictures[:, 0].astype(np.float32) / 255
    flat = train.in_view().transpose(0, 2, 1).reshape(len(train), -1)  # 3 x N, as the document writes a shape
    start = time.monotonic()
    network.fit(pictures, flat, epochs=10, batch_size=32, verbose=2)
    return network, (time.monotonic() - start) / 60


def average_cloud(train: datasets.ShapeSet, points: int = 1024) -> np.ndarray:
    """One cloud (N, 3) for all pictures: points drawn from all training shapes together, in the viewer's frame."""
    rng = np.random.default_rng(0)
    clouds = train.in_view(points)
    return clouds[rng.integers(len(clouds), size=points), rng.integers(points, size=points)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()

    data = datasets.procedural(datasets.Recipe(**models.recipe()))
    train = data.split("train")
    document, minutes = document_network(train)
    network, average = models.load(), average_cloud(train)
    tests = {"procedural": data.split("test")}
    if options.shapes:
        tests["real"] = datasets.mesh_folder(options.shapes)
    result = {"date": str(date.today()), "recipe": models.recipe(), "document_minutes": round(minutes, 2)}
    for name, test in tests.items():
        flat = training.predict(document, test)
        answers = {
            "network": training.predict(network, test),
            "document": flat.reshape(len(flat), 3, -1).transpose(0, 2, 1),
            "average": np.broadcast_to(average, (len(test), *average.shape)),
        }
        result[name] = evaluation.evaluate(answers, train, test, progress=True)
        print(name, evaluation.table(result[name]), sep="\n")
    rounded = json.loads(json.dumps(result), parse_float=lambda number: round(float(number), 5))
    options.json.write_text(json.dumps(rounded, indent=1) + "\n")


if __name__ == "__main__":
    main()
