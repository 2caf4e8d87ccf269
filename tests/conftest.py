"""What several test files use: one small procedural set, made once a run."""

import pytest

from recon3d_lite import datasets


@pytest.fixture(scope="session")
def little(tmp_path_factory):
    """180 shapes, 160 of which train."""
    recipe = datasets.Recipe(per_category=40, assemblies=60, categories=("chair", "mug", "table"), views=1, points=512)
    return datasets.procedural(recipe, cache=tmp_path_factory.mktemp("little"), progress=False)
