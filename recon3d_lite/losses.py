"""Distances between point sets, and between voxel grids, for training: Keras losses in TensorFlow.

Each takes `(y_true, y_pred)` and returns one number per sample, `(B,)`, so it can be handed to `compile` as
it is: `model.compile(optimizer="adam", loss=chamfer_l1)`. To judge a finished reconstruction use
`recon3d_lite.metrics`, which computes the same quantities in float64 without TensorFlow.
"""

from . import _quiet  # noqa: F401  (before TensorFlow is imported)

# isort: split
import tensorflow as tf


def mse(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of coordinates, place by place in the list: `(B, ...)`, `(B, ...)` -> `(B,)`.

    This is the mistake of training a point network as if it were a regression. A point set has no order, yet
    this loss compares the first point with the first, the second with the second: the same shape, listed
    differently, is "wrong". As every sampling lists its points differently, the best a network can do is to
    put each point at the mean of all that ever stood in its place, that is, the middle of the object. Use
    `chamfer_l1` instead.

    Raises:
        ValueError: the two shapes differ.

    >>> triangle = tf.constant([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]])
    >>> mse(triangle, triangle).numpy().tolist()
    [0.0]
    >>> round(float(mse(triangle, triangle[:, ::-1])[0]), 3)  # the same points, in another order
    0.222
    """
    y_true, y_pred = _as_tensors(y_true, y_pred)
    if not y_true.shape.is_compatible_with(y_pred.shape):
        raise ValueError(f"mse: y_true {y_true.shape} and y_pred {y_pred.shape} must have the same shape")
    return tf.reduce_mean(tf.square(y_true - y_pred), axis=list(range(1, y_pred.shape.rank)))


def chamfer_distance(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Chamfer distance, squared: `(B, N, 3)`, `(B, M, 3)` -> `(B,)`, in squared units of the points.

    The mean squared distance from each true point to its nearest predicted one, plus the mean the other way
    (Fan, Su and Guibas, CVPR 2017, with means for sums, as in PyTorch3D and Kaolin). N and M may differ.

    Raises:
        ValueError: a shape is not `(B, points, 3)`, is empty, or the two batches differ in size.

    >>> y_true, y_pred = tf.constant([[[0.0, 0, 0]]]), tf.constant([[[3.0, 4, 0], [0, 0, 1]]])
    >>> chamfer_distance(y_true, y_pred).numpy().tolist()
    [14.0]
    """
    to_pred, to_true = _squared_distances(y_true, y_pred)
    return tf.reduce_mean(to_pred, axis=1) + tf.reduce_mean(to_true, axis=1)


def chamfer_l1(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Chamfer-L1: `(B, N, 3)`, `(B, M, 3)` -> `(B,)`, in units of the points.

    Half the sum of the two mean distances, not squared, from each point to its nearest one in the other set
    (Mescheder et al., Occupancy Networks, CVPR 2019). It weighs a far point less than the squared form does.
    Where points coincide the distance has no derivative; zero is used there, so that the gradient is always
    finite.

    Raises:
        ValueError: a shape is not `(B, points, 3)`, is empty, or the two batches differ in size.

    >>> y_true, y_pred = tf.constant([[[0.0, 0, 0]]]), tf.constant([[[3.0, 4, 0], [0, 0, 1]]])
    >>> chamfer_l1(y_true, y_pred).numpy().tolist()
    [2.0]
    """
    to_pred, to_true = (_safe_sqrt(squared) for squared in _squared_distances(y_true, y_pred))
    return (tf.reduce_mean(to_pred, axis=1) + tf.reduce_mean(to_true, axis=1)) / 2


def cross_entropy(y_true: tf.Tensor, y_pred: tf.Tensor, weight: float = 1.0) -> tf.Tensor:
    """Binary cross entropy of occupancy: `(B, ...)` of 0 and 1, `(B, ...)` logits -> `(B,)`, in nats a voxel or place.

    The mean over voxels, or over places asked about, of ``-weight * v log p - (1 - v) log(1 - p)``, with p the logistic
    function of the logit. Few voxels are occupied; a ``weight`` above 1 makes each of them count as so many empty ones.

    Raises:
        ValueError: the two shapes differ.

    >>> round(float(cross_entropy(tf.ones((1, 2, 2, 2)), tf.zeros((1, 2, 2, 2)))[0]), 4)    # log 2
    0.6931
    """
    y_true, y_pred = _as_occupancy(y_true, y_pred)
    terms = tf.nn.weighted_cross_entropy_with_logits(y_true, y_pred, weight)
    return tf.reduce_mean(terms, axis=range(1, terms.shape.rank))


def dice(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Soft Dice loss of occupancy: `(B, ...)` of 0 and 1, `(B, ...)` logits -> `(B,)`, from 0 (equal) to 1.

    One minus twice the overlap over the sum of both, with probabilities for predicted voxels and their squares in the
    sum (Milletari, Navab and Ahmadi, "V-Net", 3DV 2016). Empty voxels that are found empty count nothing, however
    many there are.

    Raises:
        ValueError: the two shapes differ.

    >>> half = tf.constant([1.0, 0.0] * 4, shape=(1, 2, 2, 2))
    >>> dice(half, 40 * half - 20).numpy().round(4).tolist(), dice(half, 20 - 40 * half).numpy().round(4).tolist()
    ([0.0], [1.0])
    """
    y_true, y_pred = _as_occupancy(y_true, y_pred)
    p = tf.sigmoid(y_pred)
    axes = range(1, p.shape.rank)
    overlap = tf.reduce_sum(y_true * p, axis=axes)
    both = tf.reduce_sum(tf.square(y_true) + tf.square(p), axis=axes)
    return 1 - 2 * overlap / tf.maximum(both, 1e-6)


def _as_occupancy(y_true: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    y_true, y_pred = _as_tensors(y_true, y_pred)
    if y_pred.shape.rank < 2 or not y_true.shape.is_compatible_with(y_pred.shape):
        raise ValueError(f"y_true {y_true.shape} and y_pred {y_pred.shape} must have the same shape (batch, ...)")
    return y_true, y_pred


def _squared_distances(y_true: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Squared distances to the nearest point of the other set: `(B, N)` for y_true, `(B, M)` for y_pred.

    Which point is nearest does not change under a small step, so the search (an argmax) passes no gradient on;
    only the distances to the points found do. They are taken from differences, exact where x² + y² - 2xy cancels.
    """
    y_true, y_pred = _as_tensors(y_true, y_pred)
    for name, points in (("y_true", y_true), ("y_pred", y_pred)):
        if not points.shape.is_compatible_with([None, None, 3]) or 0 in points.shape:
            raise ValueError(f"{name} must have the shape (batch, points, 3) and not be empty, got {points.shape}")
    if not y_true.shape[:1].is_compatible_with(y_pred.shape[:1]):
        raise ValueError(f"y_true {y_true.shape} and y_pred {y_pred.shape} must have the same batch size")

    # Far from the origin the products below would lose the digits that tell neighbours apart.
    centre = tf.reduce_mean(y_true, axis=1, keepdims=True)
    true, pred = y_true - centre, y_pred - centre
    nearest_pred = tf.gather(y_pred, _nearest(true, pred), batch_dims=1)
    nearest_true = tf.gather(y_true, _nearest(pred, true), batch_dims=1)
    return (
        tf.reduce_sum(tf.square(y_true - nearest_pred), axis=-1),
        tf.reduce_sum(tf.square(y_pred - nearest_true), axis=-1),
    )


def _nearest(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Index of the nearest y of every x: `(B, N, 3)`, `(B, M, 3)` -> `(B, N)` int32.

    |x - y|² is smallest where x·y - |y|²/2 is largest, and that is one matrix product, (x, 1)·(y, -|y|²/2).
    """
    x1 = tf.concat([x, tf.ones_like(x[..., :1])], axis=-1)
    y1 = tf.concat([y, -tf.reduce_sum(tf.square(y), axis=-1, keepdims=True) / 2], axis=-1)

    def search(sample):
        return tf.argmax(tf.matmul(*sample, transpose_b=True), axis=-1, output_type=tf.int32)

    # Sample by sample, the N x M products stay near the processor's cache: a tenth of the memory that a whole
    # batch of them takes, and less time (benchmarks/chamfer_loss.py). For the time's sake also the other direction
    # is a second product: an argmax along the first one's other axis is slower.
    return tf.map_fn(search, (x1, y1), fn_output_signature=tf.int32)


def _safe_sqrt(x: tf.Tensor) -> tf.Tensor:
    """Square root with derivative zero, not infinite, at zero: below 1e-15 two points count as one."""
    # `maximum` and not `where`, which would turn the NaN of a training gone wrong into an innocent zero.
    return tf.sqrt(tf.maximum(x, 1e-30))


def _as_tensors(y_true: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    y_pred = tf.convert_to_tensor(y_pred)
    return tf.cast(y_true, y_pred.dtype), y_pred
