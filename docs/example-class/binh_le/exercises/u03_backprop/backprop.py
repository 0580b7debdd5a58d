"""Backpropagation by hand: first in NumPy, then in torch without autograd, and at last with it.

One rule does all the work.  Every step of a network, y = f(x), needs a twin that walks backwards: it gets
`dout` = ∂loss/∂y, an array of y's shape, and gives ∂loss/∂x, an array of x's shape.  Chain the twins from the
loss to the weights and you have every gradient.

Shapes: N batch, D features, H hidden, M outputs, C classes.  Arrays are float64 unless the text says otherwise.
No function changes its arguments, and none but `autograd_mlp` uses autograd.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import torch
from torch import Tensor


def numpy_mlp(x: np.ndarray, y: np.ndarray, w1: np.ndarray, w2: np.ndarray, lr: float, steps: int) -> list[float]:
    """Train a two-layer network in plain NumPy and return the loss of every step.

    The network has no biases:   h = x @ w1,   pred = relu(h) @ w2,   loss = sum of (pred − y)² over all entries.
    One step: forward, write down the loss, gradients of w1 and w2 by hand, then both weights move by −lr · gradient.

    x: (N, D), y: (N, M), w1: (D, H), w2: (H, M); returns `steps` floats, each the loss *before* that step's update.
    The caller's w1 and w2 keep their values: `w -= …` on an argument would change them.

    Example: x = [[1, 2]], y = [[1]], w1 = [[1, −1], [1, 0]], w2 = [[1], [5]], lr = 0.1, steps = 2
    gives [4.0, 1.44].  With standard-normal arrays of 64×784, 64×10, 784×100 and 100×10 and lr = 1e-6 the loss
    falls from about 2.5e7 below 0.01 within 500 steps.
    Torch twin: `autograd_mlp` below.
    """
    # TODO: A two-layer network in plain NumPy · Mạng hai lớp chỉ bằng NumPy
    # Hint: pytest exercises/u03_backprop --hint numpy_mlp
    raise NotImplementedError("numpy_mlp")


def linear_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a linear layer, y = x @ w + b, from the gradient `dout` of its output.

    dout: (N, M), x: (N, D), w: (D, M).  Returns (dx, dw, db) of shapes (N, D), (D, M), (M,): each has the shape of
    what it is the gradient of.  b itself is not needed.  Nothing is averaged over the batch: if the loss is a mean,
    its 1/N is already inside `dout`.

    Example: dout = [[1, 0, 0], [0, 1, 1]], x = [[1, 2], [3, 4]], w = [[1, 0, 2], [0, 1, 1]] gives
    dx = [[1, 0], [2, 2]], dw = [[1, 3, 3], [2, 4, 4]], db = [1, 1, 1].
    Torch twin: what `y.backward(dout)` leaves in x.grad, w.grad and b.grad.
    """
    # TODO: Backward of a linear layer · Backward của lớp tuyến tính
    # Hint: pytest exercises/u03_backprop --hint linear_backward
    raise NotImplementedError("linear_backward")


def relu_backward(dout: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Gradient of relu(x) = max(x, 0), from the gradient `dout` of its output.

    dout and x: the same shape, any number of dimensions.  Returns dx of that shape: dout where x > 0, and 0 where
    x ≤ 0.  At x = 0 itself the derivative is not defined; we take 0, as torch does.

    Example: dout = [[5, 6, −7]], x = [[−1, 0, 2]] gives [[0, 0, −7]].
    Torch twin: the backward of `torch.relu`.
    """
    # TODO: Backward of relu · Backward của relu
    # Hint: pytest exercises/u03_backprop --hint relu_backward
    raise NotImplementedError("relu_backward")


def softmax_xent(z: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean softmax cross-entropy and its gradient with respect to the logits, in one function.

    z: (N, C) logits, y: (N,) int64 class of each row.  Returns (loss, dz): a float, the mean over the rows of
    −log softmax(z)[y], and its gradient, (N, C), in which the 1/N of the mean is included.

    Logits of any size must work, row by row: exp(1000) is infinite and log(0) is −infinite, so the answer may
    compute neither.  softmax does not change when a number is subtracted from a whole row.

    Example: z = [[0, 0], [0, 0]], y = [0, 1] gives 0.6931… (= log 2) and [[−0.25, 0.25], [0.25, −0.25]];
    z = [[1000, 0, 0]], y = [1] gives 1000.0 and [[1, −1, 0]].
    Torch twin: `F.cross_entropy(z, y)` and z.grad.
    """
    # TODO: Softmax cross-entropy and its gradient · Softmax cross-entropy và gradient
    # Hint: pytest exercises/u03_backprop --hint softmax_xent
    raise NotImplementedError("softmax_xent")


def batchnorm_backward(
    dout: np.ndarray, cache: tuple[np.ndarray, np.ndarray, np.ndarray, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of batch normalisation in training, from the gradient `dout` of its output.

    The forward pass, column by column, with the batch's mean and its population variance (divided by N):
        xhat = (x − mean) / sqrt(var + eps),   y = gamma · xhat + beta
    It kept cache = (xhat, gamma, var, eps) of shapes (N, D), (D,), (D,) and a float.

    dout: (N, D).  Returns (dx, dgamma, dbeta) of shapes (N, D), (D,), (D,).  Mean and variance depend on x too:
    moving one x moves the whole column, and dx has to say so.  Hence every column of dx sums to 0.

    Example: dout = [[1], [0], [0], [0]], xhat = [[1], [−1], [1], [−1]], gamma = [2], var = [3], eps = 1 gives
    dx = [[0.5], [0], [−0.5], [0]], dgamma = [1], dbeta = [1].
    Torch twin: the backward of `F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)`.
    """
    # TODO: Backward of batch normalisation · Backward của batch normalization
    # Hint: pytest exercises/u03_backprop --hint batchnorm_backward
    raise NotImplementedError("batchnorm_backward")


def unbroadcast(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Undo broadcasting in the backward pass: bring a gradient back to the shape its array had before.

    In y = x + b with x: (N, M) and b: (M,), b was copied N times.  Each copy gets its own gradient and b gets their
    sum.  `g` is the gradient of the broadcast copy, `shape` the shape before broadcasting (always one that
    broadcasts to g.shape).  Returns an ndarray of exactly `shape`, the sum of g over every dimension that
    broadcasting added in front or stretched from 1.  `shape` may be () and may be g.shape.

    Example: for g = [[0, 1, 2], [3, 4, 5]] the shape (3,) gives [3, 5, 7], (2, 1) gives [[3], [12]],
    (2, 3) gives g's values, and () gives 15.0 (a 0-d array or a NumPy float).
    Torch twin: `g.sum_to_size(shape)`.
    """
    # TODO: Undo broadcasting · Đảo ngược broadcasting
    # Hint: pytest exercises/u03_backprop --hint unbroadcast
    raise NotImplementedError("unbroadcast")


class Value:
    """A number that remembers how it was made, so that backward() can find every derivative.

    Value(data) has the attributes `data` and `grad`, both floats; grad is 0.0 to begin with.
        a + b, a * b     a Value; either side may also be a plain int or float: 2 + a, a * 3
        a.tanh()         a Value
        y.backward()     puts ∂y/∂v into v.grad for every Value v that y was made from; y.grad becomes 1.0

    A Value used twice gets the sum of what comes back along all its ways to y.  So a node may pass its grad on
    only after everything that was made from it has done so.  Each backward() starts from zero gradients: calling it
    again gives the same numbers, not twice as much.

    Example: a, b = Value(2.0), Value(-3.0); y = a * b + a; y.backward() gives y.data −4.0, a.grad −2.0, b.grad 2.0.
    Torch twin: 0-d tensors that require grad, with their gradients zeroed before each backward().
    """

    def __init__(self, data: float, parents: tuple[tuple[Value, float], ...] = ()) -> None:
        """`parents`: for each Value this one was made from, the pair (that Value, ∂self/∂that Value)."""
        self.data = float(data)
        self.grad = 0.0
        self._parents = parents

    def __add__(self, other: Value | float) -> Value:
        # TODO: A number that knows its derivative · Con số biết đạo hàm của mình
        # Hint: pytest exercises/u03_backprop --hint value_backward
        raise NotImplementedError("value_backward")

    def __radd__(self, other: float) -> Value:  # 2 + a
        # TODO
        raise NotImplementedError("value_backward")

    def __mul__(self, other: Value | float) -> Value:
        # TODO
        raise NotImplementedError("value_backward")

    def __rmul__(self, other: float) -> Value:  # 2 * a
        # TODO
        raise NotImplementedError("value_backward")

    def tanh(self) -> Value:
        # TODO
        raise NotImplementedError("value_backward")

    def backward(self) -> None:
        # TODO
        raise NotImplementedError("value_backward")


def torch_mlp_step(x: Tensor, y: Tensor, w1: Tensor, w2: Tensor, lr: float) -> tuple[float, Tensor, Tensor]:
    """One training step of the network of `numpy_mlp` with torch tensors, and still without autograd.

    h = x @ w1,   pred = relu(h) @ w2,   loss = sum of (pred − y)² over all entries.

    x: (N, D), y: (N, M), w1: (D, H), w2: (H, M), all of one floating dtype.  Returns (loss, w1, w2): the loss before
    the update as a float, and the two weights after it as new tensors of the same shapes and dtype; the tensors that
    were passed keep their values.  Both gradients are those of the *old* weights.
    Not here: backward(), torch.autograd, torch.func.

    Example: x = [[1, 2]], y = [[1]], w1 = [[1, −1], [1, 0]], w2 = [[1], [5]], lr = 0.1 gives 4.0,
    [[0.6, −1], [0.2, 0]] and [[−0.2], [5]].
    """
    # TODO: One step in torch without autograd · Một bước bằng torch không dùng autograd
    # Hint: pytest exercises/u03_backprop --hint torch_mlp_step
    raise NotImplementedError("torch_mlp_step")


def autograd_mlp(x: Tensor, y: Tensor, w1: Tensor, w2: Tensor, lr: float, steps: int) -> list[float]:
    """The training loop of `numpy_mlp` once more, with the gradients from autograd.

    h = x @ w1,   pred = relu(h) @ w2,   loss = sum of (pred − y)² over all entries.
    One step: forward, write down the loss, loss.backward(), both weights move by −lr · their .grad (an update is not
    part of the graph: torch.no_grad()), and both .grad are cleared, for backward() adds to what is there.

    x: (N, D), y: (N, M), w1: (D, H), w2: (H, M), all of one floating dtype, none requires grad.
    Returns `steps` floats, each the loss *before* that step's update.  The tensors that were passed stay as they
    are: the same values, requires_grad False, no .grad.  Work on copies.

    Example: x = [[1, 2]], y = [[1]], w1 = [[1, −1], [1, 0]], w2 = [[1], [5]], lr = 0.1, steps = 2
    gives [4.0, 1.44].
    """
    # TODO: The same loop with autograd · Cùng vòng lặp đó với autograd
    # Hint: pytest exercises/u03_backprop --hint autograd_mlp
    raise NotImplementedError("autograd_mlp")


def mlp_manual_grads(x: Tensor, y: Tensor, params: dict[str, Tensor]) -> dict[str, Tensor]:
    """All gradients of a two-layer classifier, with torch tensors and by hand.

    h = relu(x @ w1 + b1),   logits = h @ w2 + b2,   loss = mean over the rows of softmax cross-entropy(logits, y).

    x: (N, D) float64, y: (N,) int64 class of each row, params: a dict with w1: (D, H), b1: (H,), w2: (H, C),
    b2: (C,), float64.  Returns a dict with the same four keys, each gradient of its parameter's shape and dtype.
    Large logits must work: `torch.softmax` and `torch.logsumexp` are safe, exp() by itself is not.
    Not here: backward(), torch.autograd, torch.func.

    Example: x = [[1, 2]], y = [0], w1 = [[1, −1], [1, 0]], b1 = [0, 0], w2 = [[1, 0], [5, 1]], b2 = [0, 3] has
    logits [[3, 3]] and gives w1 [[−0.5, 0], [−1, 0]], b1 [−0.5, 0], w2 [[−1.5, 1.5], [0, 0]], b2 [−0.5, 0.5].
    Torch twin: the .grad of the four after `F.cross_entropy(logits, y).backward()`.
    """
    # TODO: All gradients of a classifier by hand · Mọi gradient của bộ phân loại bằng tay
    # Hint: pytest exercises/u03_backprop --hint mlp_manual_grads
    raise NotImplementedError("mlp_manual_grads")
