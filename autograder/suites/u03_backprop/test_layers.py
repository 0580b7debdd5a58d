"""Hidden tests of u03_backprop, the single layers: linear, relu, softmax cross-entropy, batch norm, broadcasting."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u03_backprop")


def gradients(fn, *inputs, upstream):
    """The reference gradients of `fn`, for arrays in and out."""
    upstream = torch.as_tensor(upstream, dtype=torch.float64)
    return [g.numpy() for g in check.autograd_of(fn, *map(torch.from_numpy, inputs), upstream=upstream)]


@pytest.mark.item("linear_backward")
@pytest.mark.parametrize(("n", "d", "m"), [(4, 5, 3), (2, 3, 6), (3, 3, 3), (1, 4, 2), (5, 1, 1)])
def test_linear_backward_matches_autograd(student, make, n, d, m):
    dout, x, w = make.array(n, m), make.array(n, d), make.array(d, m)
    dx, dw, db = student.linear_backward(dout, x, w)
    want_dx, want_dw, want_db = gradients(lambda x, w, b: x @ w + b, x, w, make.array(m), upstream=dout)
    check.close(dx, want_dx, name="dx")
    check.close(dw, want_dw, name="dw", sizes={"the batch size": n})
    check.close(db, want_db, name="db", sizes={"the batch size": n})


@pytest.mark.item("relu_backward")
@pytest.mark.parametrize("shape", [(4, 5), (3, 3), (1, 6), (7,), (2, 3, 4)])
def test_relu_backward_matches_autograd(student, make, shape):
    dout, x = make.array(*shape), make.array(*shape)
    (want,) = gradients(torch.relu, x, upstream=dout)
    check.close(student.relu_backward(dout, x), want, name="relu_backward(dout, x)")


@pytest.mark.item("relu_backward")
@check.about(
    "slope_at_zero",
    en="At x = 0 the slope is 0, and the gradient that goes back is, too.",
    vi="Tại x = 0 độ dốc bằng 0, nên gradient truyền về cũng bằng 0.",
)
def test_relu_backward_is_zero_where_x_is_zero(student, make):
    dout, x = make.array(4, 5), make.array(4, 5)
    x[1, 2] = x[3, 0] = x[0, 4] = 0.0
    (want,) = gradients(torch.relu, x, upstream=dout)
    check.close(student.relu_backward(dout, x), want, name="relu_backward(dout, x)")


@pytest.mark.item("relu_backward")
def test_relu_backward_does_not_ask_how_large_x_is(student, make):
    dout = make.array(3, 4)
    x = make.array(3, 4) * np.array([1e-300, 1e-8, 1e8, 1e300])
    (want,) = gradients(torch.relu, x, upstream=dout)
    check.close(student.relu_backward(dout, x), want, name="relu_backward(dout, x)")


def judge_softmax_xent(student, z, y):
    loss, dz = student.softmax_xent(z, y)
    labels = torch.from_numpy(y)
    want_loss = F.cross_entropy(torch.from_numpy(z), labels)
    (want_dz,) = gradients(lambda z: F.cross_entropy(z, labels), z, upstream=1.0)
    check.number(float(loss), want_loss.item(), name="loss", atol=1e-12)
    check.close(dz, want_dz, name="dz", sizes={"the batch size": len(z)})


@pytest.mark.item("softmax_xent")
@pytest.mark.parametrize(("n", "c"), [(5, 3), (2, 7), (4, 4), (1, 5)])
def test_softmax_xent_matches_torch(student, make, n, c):
    judge_softmax_xent(student, 2 * make.array(n, c), make.int_array(c, n))


@pytest.mark.item("softmax_xent")
@check.about("digits")
def test_softmax_xent_survives_confident_logits(student):
    z = np.array([[1000.0, 0, 0], [0, 1000, 0], [0, 0, -1000], [-1000, -1000, -1000]])
    judge_softmax_xent(student, z, np.array([1, 1, 0, 2]))


@pytest.mark.item("softmax_xent")
def test_softmax_xent_treats_every_row_by_itself(student, make):
    z = make.array(4, 3) + np.array([[2000.0], [-2000.0], [0.0], [30.0]])
    judge_softmax_xent(student, z, make.int_array(3, 4))


def batchnorm(x, gamma, beta, eps):
    centred = x - x.mean(0)
    return gamma * centred / (centred.square().mean(0) + eps).sqrt() + beta


def judge_batchnorm_backward(student, make, x, eps):
    n, d = x.shape
    dout, gamma, beta = make.array(n, d), make.array(d), make.array(d)
    var = x.var(axis=0)
    xhat = (x - x.mean(axis=0)) / np.sqrt(var + eps)
    dx, dgamma, dbeta = student.batchnorm_backward(dout, (xhat, gamma, var, eps))
    want_dx, want_dgamma, want_dbeta = gradients(
        lambda x, gamma, beta: batchnorm(x, gamma, beta, eps), x, gamma, beta, upstream=dout
    )
    check.close(dx, want_dx, name="dx")
    check.close(dgamma, want_dgamma, name="dgamma", sizes={"the batch size": n})
    check.close(dbeta, want_dbeta, name="dbeta", sizes={"the batch size": n})


@pytest.mark.item("batchnorm_backward")
@pytest.mark.parametrize(("n", "d", "eps"), [(6, 4, 0.1), (3, 7, 0.5), (5, 5, 0.02), (2, 3, 0.3), (9, 1, 0.1)])
def test_batchnorm_backward_matches_autograd(student, make, n, d, eps):
    judge_batchnorm_backward(student, make, 2 * make.array(n, d) + 1, eps)


@pytest.mark.item("batchnorm_backward")
def test_batchnorm_backward_of_a_single_row(student, make):
    judge_batchnorm_backward(student, make, make.array(1, 4), 0.1)


@pytest.mark.item("batchnorm_backward")
def test_batchnorm_backward_of_a_constant_column(student, make):
    x = make.array(4, 3)
    x[:, 1] = 2.0
    judge_batchnorm_backward(student, make, x, 0.05)


@pytest.mark.item("unbroadcast")
@pytest.mark.parametrize(
    ("full", "shape"),
    [
        ((4, 3), (3,)),  # one dimension in front
        ((2, 4, 3), (3,)),  # two
        ((4, 3), (4, 1)),  # stretched at the end
        ((4, 3), (1, 3)),  # stretched in front
        ((4, 3), (1, 1)),
        ((5, 4, 3), (5, 1, 3)),  # stretched in the middle
        ((2, 5, 4, 3), (5, 1, 3)),  # both at once
        ((2, 5, 4, 3), (1, 4, 1)),
        ((3, 3), (3,)),  # square: which 3?
        ((3, 3), (3, 1)),
        ((6,), (1,)),
        ((2, 3), (1,)),
        ((1, 3), (3,)),  # a dimension in front that holds one copy
        ((1, 3), (1, 3)),
        ((4, 3), (4, 3)),  # nothing to do
        ((7,), (7,)),
    ],
)
def test_unbroadcast_matches_sum_to_size(student, make, full, shape):
    g = make.array(*full)
    want = torch.from_numpy(g).sum_to_size(shape).numpy()
    check.close(student.unbroadcast(g, shape), want, name=f"unbroadcast(g, {shape})")


@inside
def to_a_scalar(g):
    return np.asarray(student.unbroadcast(g, ()))


@pytest.mark.item("unbroadcast")
@pytest.mark.parametrize("full", [(4, 3), (5,), (2, 1, 3)])
def test_unbroadcast_to_a_scalar_sums_everything(student, make, full):
    g = make.array(*full)
    check.close(to_a_scalar(g), np.asarray(g.sum()), name="unbroadcast(g, ())")
