"""Hidden tests of u03_backprop, whole networks: numpy_mlp, torch_mlp_step, autograd_mlp, mlp_manual_grads."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u03_backprop")

SIZES = [(6, 9, 5, 4), (7, 2, 8, 1), (5, 5, 5, 5), (1, 4, 6, 3)]  # (N, D, H, M): distinct, one output, square, one row


def problem(make, n, d, h, m):
    """Arrays for a short descent that neither stalls nor runs away."""
    return make.array(n, d), make.array(n, m), 0.5 * make.array(d, h), 0.5 * make.array(h, m)


def curve(losses):
    """NumPy's floats are floats too; everything else stays as it is."""
    if type(losses) is not list:
        return losses
    return [float(loss) if isinstance(loss, np.float64) else loss for loss in losses]


def descent(x, y, w1, w2, lr, steps):
    """The losses of the reference, in NumPy, with the chain rule written out."""
    losses = []
    for _ in range(steps):
        h = x @ w1
        off = np.where(h > 0, h, 0.0) @ w2 - y
        losses.append(float(np.sum(off * off)))
        down = np.where(h > 0, 2.0 * off @ w2.T, 0.0)
        w1, w2 = w1 - lr * (x.T @ down), w2 - lr * (np.where(h > 0, h, 0.0).T @ (2.0 * off))
    return losses


@pytest.mark.item("numpy_mlp")
@pytest.mark.parametrize(("n", "d", "h", "m"), SIZES)
def test_numpy_mlp_follows_the_descent(student, make, n, d, h, m):
    x, y, w1, w2 = problem(make, n, d, h, m)
    losses = curve(student.numpy_mlp(x, y, w1, w2, 2e-3, 12))
    check.trajectory(losses, descent(x, y, w1, w2, 2e-3, 12), name="losses")


@pytest.mark.item("numpy_mlp")
def test_numpy_mlp_with_one_step_and_with_none(student, make):
    x, y, w1, w2 = problem(make, 4, 3, 5, 2)
    losses = curve(student.numpy_mlp(x, y, w1, w2, 0.01, 1))
    check.trajectory(losses, descent(x, y, w1, w2, 0.01, 1), name="losses of one step")
    check.equal(student.numpy_mlp(x, y, w1, w2, 0.01, 0), [], name="losses of no steps")


@pytest.mark.item("numpy_mlp")
def test_numpy_mlp_does_as_well_as_the_published_network(student, make):
    start = make.array(64, 784), make.array(64, 10), make.array(784, 100), make.array(100, 10)
    losses = student.numpy_mlp(*start, 1e-6, 500)
    check.equal(len(losses), 500, name="the number of losses")
    # About one start in a hundred is unlucky: there the answer need only be as good as the reference.
    learned = losses[-1] < 0.01 or losses[-1] < 2 * descent(*start, 1e-6, 500)[-1]
    words = Text(
        en="After 500 steps at lr = 1e-6 the loss of the published network (64 rows, 784-100-10) is not below 0.01.",
        vi="Sau 500 bước với lr = 1e-6, loss của mạng đã công bố (64 hàng, 784-100-10) vẫn chưa xuống dưới 0,01.",
    )
    check.that(bool(learned), words, code="not_learning")


def stepped(x, y, w1, w2, lr):
    """The reference of one step by autograd: loss, w1, w2."""

    def loss_of(w1, w2):
        return ((x @ w1).relu() @ w2 - y).square().sum()

    dw1, dw2 = check.autograd_of(loss_of, w1, w2, upstream=torch.ones((), dtype=torch.float64))
    return loss_of(w1, w2).item(), w1 - lr * dw1, w2 - lr * dw2


@pytest.mark.item("torch_mlp_step")
@pytest.mark.parametrize(("n", "d", "h", "m"), SIZES)
def test_torch_mlp_step_matches_autograd(student, make, n, d, h, m):
    x, y, w1, w2 = map(torch.from_numpy, problem(make, n, d, h, m))
    loss, new_w1, new_w2 = student.torch_mlp_step(x, y, w1, w2, 0.05)
    want_loss, want_w1, want_w2 = stepped(x, y, w1, w2, 0.05)
    check.number(float(loss), want_loss, name="loss")
    check.close(new_w1, want_w1, name="w1")
    check.close(new_w2, want_w2, name="w2")


@pytest.mark.item("torch_mlp_step")
def test_torch_mlp_step_ten_times_in_a_row(student, make):
    x, y, w1, w2 = map(torch.from_numpy, problem(make, 6, 4, 7, 3))
    losses, want_losses, want_w1, want_w2 = [], [], w1, w2
    for _ in range(10):
        loss, w1, w2 = student.torch_mlp_step(x, y, w1, w2, 2e-3)
        want_loss, want_w1, want_w2 = stepped(x, y, want_w1, want_w2, 2e-3)
        losses.append(float(loss))
        want_losses.append(want_loss)
    check.trajectory(losses, want_losses, name="losses")
    check.close(w1, want_w1, name="w1 after ten steps", rtol=1e-7, atol=1e-9)
    check.close(w2, want_w2, name="w2 after ten steps", rtol=1e-7, atol=1e-9)


@pytest.mark.item("torch_mlp_step")
def test_torch_mlp_step_keeps_float32(student, make):
    start = [torch.from_numpy(array) for array in problem(make, 5, 3, 4, 2)]
    _, w1, w2 = student.torch_mlp_step(*(tensor.float() for tensor in start), 0.01)
    _, want_w1, want_w2 = stepped(*start, 0.01)
    check.close(w1, want_w1.float(), name="w1", rtol=1e-3, atol=1e-4)
    check.close(w2, want_w2.float(), name="w2", rtol=1e-3, atol=1e-4)


@pytest.mark.item("autograd_mlp")
@pytest.mark.parametrize(("n", "d", "h", "m"), SIZES)
def test_autograd_mlp_follows_the_descent(student, make, n, d, h, m):
    start = problem(make, n, d, h, m)
    losses = student.autograd_mlp(*map(torch.from_numpy, start), 2e-3, 12)
    check.trajectory(losses, descent(*start, 2e-3, 12), name="losses")


@pytest.mark.item("autograd_mlp")
def test_autograd_mlp_with_one_step_and_with_none(student, make):
    start = problem(make, 4, 3, 5, 2)
    tensors = [torch.from_numpy(array) for array in start]
    losses = student.autograd_mlp(*tensors, 0.01, 1)
    check.trajectory(losses, descent(*start, 0.01, 1), name="losses of one step")
    check.equal(student.autograd_mlp(*tensors, 0.01, 0), [], name="losses of no steps")


@inside
def twice_from_the_same_start(x, y, w1, w2, lr, steps):
    first = student.autograd_mlp(x, y, w1, w2, lr, steps)
    second = student.autograd_mlp(x, y, w1, w2, lr, steps)
    return first, second, [w.requires_grad for w in (w1, w2)], [w.grad for w in (w1, w2)]


@pytest.mark.item("autograd_mlp")
def test_autograd_mlp_leaves_the_callers_weights_as_they_were(student, make):
    start = problem(make, 5, 3, 6, 2)
    first, second, requires_grad, grads = twice_from_the_same_start(*map(torch.from_numpy, start), 2e-3, 4)
    want = descent(*start, 2e-3, 4)
    check.trajectory(first, want, name="losses")
    check.trajectory(second, want, name="losses of a second call with the same weights")
    check.equal(requires_grad, [False, False], name="requires_grad of the w1 and w2 that were passed")
    check.equal(grads, [None, None], name=".grad of the w1 and w2 that were passed")


def classifier(make, n, d, h, c):
    params = {"w1": make(d, h), "b1": make(h), "w2": make(h, c), "b2": make(c)}
    return make(n, d), make.ints(c, n), params


def judge_manual_grads(student, x, y, params):
    def loss_of(w1, b1, w2, b2):
        return F.cross_entropy((x @ w1 + b1).relu() @ w2 + b2, y)

    names = ("w1", "b1", "w2", "b2")
    upstream = torch.ones((), dtype=torch.float64)
    wants = check.autograd_of(loss_of, *(params[name] for name in names), upstream=upstream)
    grads = student.mlp_manual_grads(x, y, params)
    sizes = {"the batch size": len(x)}
    check.close(grads, dict(zip(names, wants, strict=True)), name="grads", sizes=sizes)


@pytest.mark.item("mlp_manual_grads")
@pytest.mark.parametrize(("n", "d", "h", "c"), [(6, 4, 5, 3), (3, 2, 7, 5), (4, 4, 4, 4), (1, 3, 6, 2)])
def test_mlp_manual_grads_match_autograd(student, make, n, d, h, c):
    judge_manual_grads(student, *classifier(make, n, d, h, c))


@pytest.mark.item("mlp_manual_grads")
def test_mlp_manual_grads_survive_large_logits(student, make):
    x, y, params = classifier(make, 6, 4, 5, 3)
    params["b2"] = torch.tensor([1000.0, 0.0, -1000.0], dtype=torch.float64)
    judge_manual_grads(student, x, y, params)


@pytest.mark.item("mlp_manual_grads")
def test_mlp_manual_grads_with_a_hidden_unit_that_never_fires(student, make):
    x, y, params = classifier(make, 5, 3, 6, 4)
    params["b1"][2] = -50.0
    judge_manual_grads(student, x, y, params)
