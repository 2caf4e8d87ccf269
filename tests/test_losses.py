"""The training losses: known answers, invariances, gradients, precision, and what their graph may hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from recon3d_lite import losses, metrics

CHAMFERS = [losses.chamfer_distance, losses.chamfer_l1]
chamfers = pytest.mark.parametrize("chamfer", CHAMFERS)
seeds = st.integers(0, 2**32 - 1)


def clouds(*shape: int, seed: int = 0) -> np.ndarray:
    """Points as large as our objects: `(..., 3)` float32 within a box of side 1."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (*shape, 3)).astype(np.float32)


def value_and_gradient(loss, y_true, y_pred):
    y_pred = tf.convert_to_tensor(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(y_true, y_pred)
    return value.numpy(), tape.gradient(value, y_pred).numpy()


def brute_force(chamfer, y_true, y_pred) -> list[float]:
    """Both distances straight from their definitions, from all pairs, in float64."""
    values = []
    for x, y in zip(y_true.astype(float), y_pred.astype(float), strict=True):
        distances = cdist(x, y)
        one_way, back = distances.min(axis=1), distances.min(axis=0)
        if chamfer is losses.chamfer_distance:
            values.append((one_way**2).mean() + (back**2).mean())
        else:
            values.append((one_way.mean() + back.mean()) / 2)
    return values


# Values


def test_known_answers():
    y_true = np.array([[[0, 0, 0], [1, 0, 0]]], np.float32)
    y_pred = np.array([[[0, 0, 0], [1, 0, 0], [1, 2, 0], [0, 0, 4]]], np.float32)
    assert losses.chamfer_distance(y_true, y_pred).numpy() == pytest.approx([(0 + 0 + 4 + 16) / 4])
    assert losses.chamfer_l1(y_true, y_pred).numpy() == pytest.approx([(0 + 0 + 2 + 4) / 4 / 2])
    assert losses.mse(y_true, y_pred[:, 2:]).numpy() == pytest.approx([(1 + 4 + 1 + 16) / 6])


@pytest.mark.parametrize("loss", [*CHAMFERS, losses.mse])
def test_one_number_per_sample(loss):
    y_true = clouds(3, 5)
    y_pred = y_true + np.array([0, 0.001, 0.002], np.float32)[:, None, None]
    values = loss(y_true, y_pred).numpy()
    assert values.shape == (3,)
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert values[0] < values[1] < values[2]


def test_mse_of_flat_coordinates_is_that_of_points():
    y_true, y_pred = clouds(3, 5, seed=1), clouds(3, 5, seed=2)
    flat = losses.mse(y_true.reshape(3, 15), y_pred.reshape(3, 15))
    np.testing.assert_allclose(flat, ((y_true - y_pred) ** 2).mean(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_allclose(flat, losses.mse(y_true, y_pred), rtol=1e-6)


@chamfers
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 50), (200, 50), (300, 300)])
def test_agrees_with_all_pairs_in_float64(chamfer, n, m):
    y_true, y_pred = clouds(3, n, seed=1), clouds(3, m, seed=2)
    value = chamfer(y_true, y_pred)
    assert value.shape == (3,)
    np.testing.assert_allclose(value, brute_force(chamfer, y_true, y_pred), rtol=1e-5)


@chamfers
def test_agrees_with_the_metric_of_the_same_name(chamfer):
    y_true, y_pred = clouds(2, 1024, seed=1), clouds(2, 700, seed=2)
    metric = getattr(metrics, chamfer.__name__)
    expected = [metric(x, y) for x, y in zip(y_pred, y_true, strict=True)]
    np.testing.assert_allclose(chamfer(y_true, y_pred), expected, rtol=1e-5)


# Duplicates, ties and flat clouds come up here, which random clouds never show.
coarse = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])


@chamfers
@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.just(2), st.integers(1, 9), st.just(3)), elements=coarse),
    arrays(np.float32, st.tuples(st.just(2), st.integers(1, 9), st.just(3)), elements=coarse),
)
def test_ties_and_duplicates_do_no_harm(chamfer, y_true, y_pred):
    value, gradient = value_and_gradient(chamfer, y_true, y_pred)
    np.testing.assert_allclose(value, brute_force(chamfer, y_true, y_pred), rtol=1e-5, atol=1e-7)
    assert np.isfinite(gradient).all()


# Invariances


@chamfers
@settings(max_examples=20, deadline=None)
@given(seeds)
def test_order_of_the_points_does_not_matter(chamfer, seed):
    rng = np.random.default_rng(seed)
    y_true, y_pred = clouds(2, 40, seed=seed), clouds(2, 30, seed=seed + 1)
    shuffled = chamfer(rng.permutation(y_true, axis=1), rng.permutation(y_pred, axis=1))
    np.testing.assert_allclose(shuffled, chamfer(y_true, y_pred), rtol=1e-5)


@chamfers
def test_symmetric(chamfer):
    x, y = clouds(3, 40, seed=1), clouds(3, 60, seed=2)
    np.testing.assert_allclose(chamfer(x, y), chamfer(y, x), rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.1, 10))
def test_rigid_motion_changes_nothing_and_scale_what_it_should(seed, scale):
    x, y = clouds(2, 40, seed=seed), clouds(2, 30, seed=seed + 1)
    rotation = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    moved_x, moved_y = ((scale * p @ rotation.T + [1, -2, 3]).astype(np.float32) for p in (x, y))
    for chamfer, power in zip(CHAMFERS, (2, 1), strict=True):
        np.testing.assert_allclose(chamfer(moved_x, moved_y), scale**power * chamfer(x, y), rtol=1e-4)


@chamfers
def test_samples_of_a_batch_do_not_mix(chamfer):
    y_true, y_pred = clouds(4, 50, seed=1), clouds(4, 40, seed=2)
    value, gradient = value_and_gradient(chamfer, y_true, y_pred)
    for k in range(4):
        alone, its_gradient = value_and_gradient(chamfer, y_true[k : k + 1], y_pred[k : k + 1])
        np.testing.assert_allclose(alone, value[k : k + 1], rtol=1e-5)
        np.testing.assert_allclose(its_gradient[0], gradient[k], rtol=1e-5, atol=1e-8)


def test_mse_depends_on_the_order_and_is_best_served_by_a_blob():
    rng = np.random.default_rng(0)
    shape = clouds(1, 64)
    listings = np.concatenate([rng.permutation(shape, axis=1) for _ in range(200)])
    exact = np.repeat(shape, 200, axis=0)
    blob = np.broadcast_to(shape.mean(axis=1, keepdims=True), listings.shape)
    assert losses.mse(exact[:1], exact[:1]).numpy() == 0
    assert tf.reduce_mean(losses.mse(listings, blob)) < 0.6 * tf.reduce_mean(losses.mse(listings, exact))
    assert tf.reduce_max(losses.chamfer_l1(listings, exact)) < 1e-6
    assert tf.reduce_min(losses.chamfer_l1(listings, blob)) > 0.1


# Gradients


@pytest.mark.parametrize("loss", [*CHAMFERS, losses.mse])
def test_gradient_agrees_with_numerical_differences(loss):
    n = 8 if loss is losses.mse else 6
    y_true, y_pred = clouds(2, 8, seed=3).astype(float), clouds(2, n, seed=4).astype(float)
    _, gradient = value_and_gradient(loss, y_true, y_pred)
    step, numerical = 1e-6, np.zeros_like(y_pred)
    for index in np.ndindex(y_pred.shape):
        nudge = np.zeros_like(y_pred)
        nudge[index] = step
        difference = tf.reduce_sum(loss(y_true, y_pred + nudge) - loss(y_true, y_pred - nudge))
        numerical[index] = difference / (2 * step)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-9)
    assert np.abs(gradient).max() > 0.01


def test_gradient_is_that_of_the_minimum_over_all_pairs():
    def over_all_pairs(y_true, y_pred):
        squared = tf.reduce_sum(tf.square(y_true[:, :, None] - y_pred[:, None]), axis=-1)
        return tf.reduce_mean(tf.reduce_min(squared, 2), 1) + tf.reduce_mean(tf.reduce_min(squared, 1), 1)

    y_true, y_pred = clouds(2, 300, seed=5), clouds(2, 200, seed=6)
    _, expected = value_and_gradient(over_all_pairs, y_true, y_pred)
    _, gradient = value_and_gradient(losses.chamfer_distance, y_true, y_pred)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-7)


@chamfers
@pytest.mark.parametrize("gap", [0.0, 1e-30, 1e-22, 1e-19, 1e-12])
def test_gradient_is_finite_where_points_coincide_or_nearly(chamfer, gap):
    y_true = clouds(1, 20)
    y_true[0, 0] = 0
    y_pred = y_true.copy()
    y_pred[0, 0, 0] = gap
    value, gradient = value_and_gradient(chamfer, y_true, y_pred)
    assert value == pytest.approx([0], abs=1e-12)
    # No point pulls harder than a unit vector from each side, each with the weight 1/20 and, in L1, one half.
    assert np.abs(gradient).max() <= 1.001 / 20
    assert (gradient[0, 1:] == 0).all()


@chamfers
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_broken_prediction_is_not_hidden(chamfer, broken):
    y_true, y_pred = clouds(2, 20, seed=1), clouds(2, 20, seed=2)
    y_pred[0, 3, 1] = broken
    assert np.isfinite(chamfer(y_true, y_pred).numpy()).tolist() == [False, True]


# Precision and cost


@chamfers
@pytest.mark.parametrize("offset", [100, 1000])
def test_far_from_the_origin_nothing_is_lost(chamfer, offset):
    # Rounding moves the points themselves: the truth is that of the rounded points.
    y_true, y_pred = (clouds(2, 1024, seed=k) * 0.1 + np.float32(offset) for k in (1, 2))
    value, gradient = value_and_gradient(chamfer, y_true, y_pred)
    np.testing.assert_allclose(value, brute_force(chamfer, y_true, y_pred), rtol=1e-4)
    _, expected = value_and_gradient(chamfer, y_true - np.float32(offset), y_pred - np.float32(offset))
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-6)


@chamfers
def test_graph_holds_nothing_larger_than_one_number_per_pair(chamfer):
    batch, n, m = 32, 1024, 1000

    @tf.function
    def step(y_true, y_pred):
        with tf.GradientTape() as tape:
            tape.watch(y_pred)
            value = chamfer(y_true, y_pred)
        return tape.gradient(value, y_pred)

    specs = [tf.TensorSpec((batch, points, 3)) for points in (n, m)]
    graph = step.get_concrete_function(*specs).graph.as_graph_def(add_shapes=True)
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    shapes = [(node.op, tf.TensorShape(s)) for node in nodes for s in node.attr["_output_shapes"].list.shape]
    # The distances between two samples are there, once each way: backwards nothing of their size is walked through.
    assert [op for op, shape in shapes if {*shape[-2:]} == {n, m}] == ["MatMul", "MatMul"]
    assert max(shape.rank for _, shape in shapes if shape.rank) == 3
    assert max(shape.num_elements() or 0 for _, shape in shapes) == n * m


# In use


@chamfers
def test_trains_under_compile_and_fit_with_other_numbers_of_points(chamfer):
    keras.utils.set_random_seed(0)
    target = clouds(1, 50)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(60), keras.layers.Reshape((20, 3))])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=chamfer)
    # A last batch of another size: 10 samples by 4.
    history = model.fit(np.ones((10, 4)), np.repeat(target, 10, axis=0), batch_size=4, epochs=40, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    evaluated = model.evaluate(np.ones((1, 4)), target, verbose=0)
    np.testing.assert_allclose(evaluated, brute_force(chamfer, target, model.predict(np.ones((1, 4)), verbose=0)), 1e-4)


@chamfers
def test_works_in_a_graph_that_knows_no_sizes(chamfer):
    y_true, y_pred = clouds(3, 40, seed=1), clouds(3, 30, seed=2)
    spec = tf.TensorSpec((None, None, 3))
    graph = tf.function(chamfer, input_signature=[spec, spec])
    np.testing.assert_allclose(graph(y_true, y_pred), chamfer(y_true, y_pred), rtol=1e-6)


# Bad input


@chamfers
@pytest.mark.parametrize(
    ("true_shape", "pred_shape", "message"),
    [
        ((2, 5, 3), (2, 15), r"y_pred must have the shape \(batch, points, 3\).*\(2, 15\)"),
        ((2, 3, 5), (2, 5, 3), r"y_true must have the shape \(batch, points, 3\).*\(2, 3, 5\)"),
        ((2, 0, 3), (2, 5, 3), r"y_true must .* not be empty.*\(2, 0, 3\)"),
        ((2, 5, 3), (2, 0, 3), r"y_pred must .* not be empty.*\(2, 0, 3\)"),
        ((1, 5, 3), (2, 5, 3), r"y_true \(1, 5, 3\) and y_pred \(2, 5, 3\) must have the same batch size"),
    ],
)
def test_wrong_shapes_are_named(chamfer, true_shape, pred_shape, message):
    with pytest.raises(ValueError, match=message):
        chamfer(np.zeros(true_shape, np.float32), np.zeros(pred_shape, np.float32))


def test_mse_refuses_to_broadcast():
    with pytest.raises(ValueError, match=r"y_true \(2, 5, 3\) and y_pred \(2, 1, 3\) must have the same shape"):
        losses.mse(np.zeros((2, 5, 3), np.float32), np.zeros((2, 1, 3), np.float32))
