"""What several test files use, made once a run: one small procedural set, and the plans of scanned rooms."""

import numpy as np
import pytest

from recon3d_lite import datasets, plans, rooms, scans


@pytest.fixture(scope="session")
def little(tmp_path_factory):
    """180 shapes, 160 of which train."""
    recipe = datasets.Recipe(per_category=40, assemblies=60, categories=("chair", "mug", "table"), views=1, points=512)
    return datasets.procedural(recipe, cache=tmp_path_factory.mktemp("little"), progress=False)


@pytest.fixture(scope="session")
def scanned() -> dict:
    """By kind: room, first place, and the plan of a scan turned by 0.7."""
    kinds = {
        "rectangle": {"l_shaped": False, "partition": False},
        "L": {"l_shaped": True},
        "divided": {"partition": True},
    }
    found = {}
    for kind, options in kinds.items():
        room = rooms.make(7, **options)
        places = scans.places(room, 2)
        scan = scans.take(room.mesh, places, np.random.default_rng(0), turn=0.7)
        found[kind] = room, places[0], plans.floor_plan(scan)
    return found
