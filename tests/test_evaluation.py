"""Scores: closed cases, and the searches against brute force."""

import numpy as np
import pytest

from recon3d_lite import evaluation, metrics
from recon3d_lite.camera import to_viewer


@pytest.fixture(scope="module")
def sets(little):
    return little.split("train"), little.split("test")


@pytest.fixture(scope="module")
def result(sets):
    train, test = sets
    answers = {"network": test.in_view(256), "shifted": test.in_view(256) + np.float32([0.1, 0, 0])}
    return evaluation.evaluate(answers, train, test, points=256)


def test_the_truth_scores_perfectly(result):
    row = result["overall"]["network"]
    scores = {"chamfer_l1": 0, "f_score_1": 1, "f_score": 1, "f_score_5": 1, "emd": 0}
    assert row == scores | {f"{name}_median": value for name, value in scores.items()}


def test_scores_are_those_of_the_metrics(result, sets):
    _, test = sets
    truth, moved = test.in_view(256), test.in_view(256) + np.float32([0.1, 0, 0])
    pairs = list(zip(moved, truth, strict=True))
    row = result["overall"]["shifted"]
    for name, share in {"f_score_1": 0.01, "f_score": 0.02, "f_score_5": 0.05}.items():
        assert row[name] == pytest.approx(np.mean([metrics.f_score(a, b, share) for a, b in pairs]))
    assert row["emd_median"] == pytest.approx(np.median([metrics.earth_movers_distance(a, b) for a, b in pairs]))
    assert 0.02 < row["emd"] <= 0.1 + 1e-6


def test_the_order_of_the_rows_is_what_it_must_be(result):
    row = result["overall"]
    assert 0 < row["floor"]["chamfer_l1"] < row["oracle"]["chamfer_l1"] <= row["retrieval"]["chamfer_l1"]
    assert 0.02 < row["shifted"]["chamfer_l1"] <= 0.1 + 1e-6


def test_categories_add_up_to_the_whole(result, sets):
    parts = result["categories"]
    assert set(parts) == {"assembly", "chair", "mug", "table"}
    assert sum(p["n"] for p in parts.values()) == result["overall"]["n"] == len(sets[1])
    for method in ("oracle", "floor", "shifted"):
        for score in ("chamfer_l1", "f_score"):
            mean = sum(p["n"] * p[method][score] for p in parts.values()) / len(sets[1])
            assert mean == pytest.approx(result["overall"][method][score])


def test_the_oracle_is_the_best_of_all_by_brute_force(sets):
    train, test = sets
    found = evaluation.oracle(train, test, 256)
    for i, best in enumerate(found):
        exact = [metrics.chamfer_l1(cloud[:256], test.points[i, :256]) for cloud in train.points]
        assert exact[best] == min(exact)


def test_the_oracle_poses_its_shape_as_the_true_one(sets, result):
    train, test = sets
    best = evaluation.oracle(train, test, 256)
    posed = to_viewer(train.points[best][:, :256], test.azimuth[:, 0])
    scores = [metrics.chamfer_l1(a, b) for a, b in zip(posed, test.in_view(256), strict=True)]
    assert np.mean(scores) == pytest.approx(result["overall"]["oracle"]["chamfer_l1"])


def test_retrieval_finds_a_picture_that_is_in_the_set_and_its_view(sets):
    train, _ = sets
    shape, view = evaluation.retrieve(train, train[10:20])
    np.testing.assert_array_equal(shape, np.arange(10, 20))
    assert (view == 0).all()


def test_retrieval_is_the_nearest_by_brute_force(sets):
    train, test = sets

    def look(picture):
        rgba = picture.astype(float) / 255
        return np.stack([rgba[..., :3].mean(-1) * rgba[..., 3], rgba[..., 3]])

    shape, _ = evaluation.retrieve(train, test)
    for i, found in enumerate(shape):
        distance = [((look(p) - look(test.pictures[i, 0])) ** 2).mean() for p in train.pictures[:, 0]]
        assert found == np.argmin(distance)


def test_the_table_shows_every_method_and_category(result):
    text = evaluation.table(result)
    for word in ("network", "shifted", "retrieval", "oracle", "floor", "chair", "overall", "median"):
        assert word in text
    assert f"{result['overall']['oracle']['chamfer_l1']:.4f}" in text
    assert len({len(line) for line in text.splitlines()}) == 1


def test_half_of_the_points_are_needed_for_the_floor(sets):
    with pytest.raises(ValueError, match="600 points"):
        evaluation.evaluate({}, *sets, points=300)
