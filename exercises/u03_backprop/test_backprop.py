"""Public tests of u03_backprop: run them with  pytest exercises/u03_backprop

Every number here is small enough to check with a pencil; the hidden tests use other shapes and other values.
"""

import math

import numpy as np
import pytest
import torch
from u03_backprop import backprop

from autograder import checks as check

pytestmark = pytest.mark.unit("u03_backprop")

# One tiny network serves several items: one row, two features, two hidden units, one output.
#   h = x @ w1 = [3, -1]   relu(h) = [3, 0]   pred = 3   loss = (3 - 1)² = 4
#   dpred = 2 · (3 - 1) = 4   dw2 = [[12], [0]]   dh = [4, 20] where h > 0 = [4, 0]   dw1 = [[4, 0], [8, 0]]
X, Y = [[1.0, 2.0]], [[1.0]]
W1, W2 = [[1.0, -1.0], [1.0, 0.0]], [[1.0], [5.0]]


def arrays(*values):
    return [np.array(value) for value in values]


def tensors(*values):
    return [torch.tensor(value, dtype=torch.float64) for value in values]


@pytest.mark.item("numpy_mlp")
def test_numpy_mlp_two_steps_on_paper():
    losses = backprop.numpy_mlp(*arrays(X, Y, W1, W2), lr=0.1, steps=2)
    losses = [float(loss) for loss in losses]  # NumPy's floats are welcome
    check.trajectory(losses, [4.0, 1.44], name="numpy_mlp(x, y, w1, w2, 0.1, 2)")


@pytest.mark.item("numpy_mlp")
def test_numpy_mlp_leaves_your_weights_alone():
    x, y, w1, w2 = arrays(X, Y, W1, W2)
    backprop.numpy_mlp(x, y, w1, w2, lr=0.1, steps=2)
    check.close(w1, np.array(W1), name="w1 after the call")
    check.close(w2, np.array(W2), name="w2 after the call")


@pytest.mark.item("linear_backward")
def test_linear_backward_on_paper():
    dout, x, w = arrays([[1.0, 0, 0], [0, 1, 1]], [[1.0, 2], [3, 4]], [[1.0, 0, 2], [0, 1, 1]])
    dx, dw, db = backprop.linear_backward(dout, x, w)
    check.close(dx, np.array([[1.0, 0], [2, 2]]), name="dx")  # shape of x
    check.close(dw, np.array([[1.0, 3, 3], [2, 4, 4]]), name="dw")  # shape of w
    check.close(db, np.array([1.0, 1, 1]), name="db")  # shape of b: (M,)


@pytest.mark.item("relu_backward")
def test_relu_backward_lets_through_only_where_x_is_positive():
    dout, x = arrays([[5.0, 6, -7]], [[-1.0, 0, 2]])
    check.close(backprop.relu_backward(dout, x), np.array([[0.0, 0, -7]]), name="relu_backward(dout, x)")


@pytest.mark.item("softmax_xent")
def test_softmax_xent_when_the_network_knows_nothing():
    # Two classes, equal logits: each has probability ½, so the loss is log 2.
    loss, dz = backprop.softmax_xent(np.zeros((2, 2)), np.array([0, 1]))
    check.number(float(loss), math.log(2), name="loss")
    check.close(dz, np.array([[-0.25, 0.25], [0.25, -0.25]]), name="dz")


@pytest.mark.item("softmax_xent")
def test_softmax_xent_when_the_network_is_sure_and_wrong():
    loss, dz = backprop.softmax_xent(np.array([[1000.0, 0, 0]]), np.array([1]))
    check.number(float(loss), 1000.0, name="loss")
    check.close(dz, np.array([[1.0, -1, 0]]), name="dz")


@pytest.mark.item("batchnorm_backward")
def test_batchnorm_backward_on_paper():
    # 1 / sqrt(var + eps) = 1 / sqrt(3 + 1) = ½ and gamma = 2, so the factor in front is 1.
    xhat = np.array([[1.0], [-1], [1], [-1]])
    dout = np.array([[1.0], [0], [0], [0]])
    dx, dgamma, dbeta = backprop.batchnorm_backward(dout, (xhat, np.array([2.0]), np.array([3.0]), 1.0))
    check.close(dx, np.array([[0.5], [0], [-0.5], [0]]), name="dx")
    check.close(dgamma, np.array([1.0]), name="dgamma")
    check.close(dbeta, np.array([1.0]), name="dbeta")


@pytest.mark.item("unbroadcast")
@pytest.mark.parametrize(
    ("shape", "want"),
    [
        ((3,), [3.0, 5, 7]),  # a row that was added to every row
        ((2, 1), [[3.0], [12]]),  # a column that was stretched
        ((1, 1), [[15.0]]),
        ((2, 3), [[0.0, 1, 2], [3, 4, 5]]),  # nothing was broadcast
    ],
)
def test_unbroadcast(shape, want):
    g = np.array([[0.0, 1, 2], [3, 4, 5]])
    check.close(backprop.unbroadcast(g, shape), np.array(want), name=f"unbroadcast(g, {shape})")


@pytest.mark.item("value_backward")
def test_value_used_twice_adds_up():
    a, b = backprop.Value(2.0), backprop.Value(-3.0)
    y = a * b + a  # ∂y/∂a = b + 1
    y.backward()
    check.number(float(y.data), -4.0, name="y.data")
    check.number(float(a.grad), -2.0, name="a.grad")
    check.number(float(b.grad), 2.0, name="b.grad")


@pytest.mark.item("value_backward")
def test_value_works_with_plain_numbers_on_both_sides():
    a = backprop.Value(0.5)
    y = 2 + 3 * a + a * 4 + 1
    y.backward()
    check.number(float(y.data), 6.5, name="y.data")
    check.number(float(a.grad), 7.0, name="a.grad")


@pytest.mark.item("value_backward")
def test_value_backward_twice_gives_the_same():
    a = backprop.Value(0.5)
    y = a.tanh()
    y.backward()
    y.backward()
    check.number(float(a.grad), 1 - math.tanh(0.5) ** 2, name="a.grad after y.backward() twice")


@pytest.mark.item("torch_mlp_step")
def test_torch_mlp_step_on_paper():
    x, y, w1, w2 = tensors(X, Y, W1, W2)
    loss, new_w1, new_w2 = backprop.torch_mlp_step(x, y, w1, w2, lr=0.1)
    check.number(float(loss), 4.0, name="loss")
    check.close(new_w1, torch.tensor([[0.6, -1], [0.2, 0]], dtype=torch.float64), name="w1")
    check.close(new_w2, torch.tensor([[-0.2], [5]], dtype=torch.float64), name="w2")
    check.close(w1, torch.tensor(W1, dtype=torch.float64), name="the w1 that you were given")
    check.close(w2, torch.tensor(W2, dtype=torch.float64), name="the w2 that you were given")


@pytest.mark.item("autograd_mlp")
def test_autograd_mlp_two_steps_on_paper():
    x, y, w1, w2 = tensors(X, Y, W1, W2)
    losses = backprop.autograd_mlp(x, y, w1, w2, lr=0.1, steps=2)
    check.trajectory(losses, [4.0, 1.44], name="autograd_mlp(x, y, w1, w2, 0.1, 2)")
    check.close(w1, torch.tensor(W1, dtype=torch.float64), name="the w1 that you were given")
    check.equal(w1.requires_grad, False, name="w1.requires_grad")


@pytest.mark.item("mlp_manual_grads")
def test_mlp_manual_grads_on_paper():
    # relu(x w1 + b1) = [3, 0] and the logits are [3, 3]: both classes have probability ½, class 0 is right.
    params = {
        "w1": [[1.0, -1], [1, 0]],
        "b1": [0.0, 0],
        "w2": [[1.0, 0], [5, 1]],
        "b2": [0.0, 3],
    }
    (x,) = tensors(X)
    params = {name: torch.tensor(value, dtype=torch.float64) for name, value in params.items()}
    grads = backprop.mlp_manual_grads(x, torch.tensor([0]), params)
    want = {
        "w1": [[-0.5, 0], [-1, 0]],
        "b1": [-0.5, 0],
        "w2": [[-1.5, 1.5], [0, 0]],
        "b2": [-0.5, 0.5],
    }
    want = {name: torch.tensor(value, dtype=torch.float64) for name, value in want.items()}
    check.close(grads, want, name="grads")
