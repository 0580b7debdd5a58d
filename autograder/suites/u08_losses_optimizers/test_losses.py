"""Hidden tests of u08_losses_optimizers: huber_loss and label_smoothing_ce, values and gradients."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch
import torch.nn.functional as F

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u08_losses_optimizers")


# ----------------------------------------------------------------------------------------------------- huber_loss


@inside
def huber_gradients(pred, target, delta, upstream):
    pred, target = pred.clone().requires_grad_(True), target.clone().requires_grad_(True)
    loss = student.huber_loss(pred, target, delta)
    if loss.requires_grad and loss.shape == upstream.shape:
        loss.backward(upstream)
    return loss.detach(), pred.grad, target.grad


def expect_huber(student, make, pred, target, delta):
    check.close(student.huber_loss(pred, target, delta), F.huber_loss(pred, target, delta=delta), name="huber_loss")
    check.equal(student.rng_touched, False, name="the global random state was touched")
    upstream = make(dtype=pred.dtype)
    loss, dpred, dtarget = huber_gradients(pred, target, delta, upstream)
    check.close(loss, F.huber_loss(pred, target, delta=delta), name="huber_loss")
    inputs = [tensor.clone().requires_grad_(True) for tensor in (pred, target)]
    want = torch.autograd.grad(F.huber_loss(*inputs, delta=delta), inputs, upstream)
    check.close([dpred, dtarget], list(want), name="[pred.grad, target.grad]")


@pytest.mark.item("huber_loss")
@pytest.mark.parametrize("delta", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("shape", [(6, 4), (1,), (3, 3), (), (5, 2, 3)], ids=str)
def test_values_and_gradients_are_those_of_the_twin(student, make, shape, delta):
    expect_huber(student, make, 2 * make(*shape), make(*shape), delta)


@pytest.mark.item("huber_loss")
def test_both_branches_meet_at_delta_and_nothing_happens_at_zero(student, make):
    target = make(7)
    target = torch.round(target)  # whole numbers: the errors are exact
    error = torch.tensor([-2.0, 2.0, 0.0, 1.0, -1.0, 3.0, -5.0], dtype=torch.float64)
    for delta in (2.0, 1.0):
        expect_huber(student, make, target + error, target, delta)
    expect_huber(student, make, target, target.clone(), 0.5)


@pytest.mark.item("huber_loss")
def test_small_errors_only_and_large_errors_only(student, make):
    target = make(4, 5)
    expect_huber(student, make, target + 0.1 * make(4, 5), target, 9.0)
    expect_huber(student, make, target + 50 * make(4, 5), target, 0.3)


@pytest.mark.item("huber_loss")
def test_float32_and_errors_whose_square_overflows(student, make):
    expect_huber(student, make, make(6, dtype=torch.float32), make(6, dtype=torch.float32), 0.7)
    pred = torch.tensor([1e30, 0.5, -1e30, 2.0])
    expect_huber(student, make, pred, torch.zeros(4), 1.5)


# --------------------------------------------------------------------------------------------- label_smoothing_ce


@inside
def smoothed_gradient(logits, y, eps, upstream):
    logits = logits.clone().requires_grad_(True)
    loss = student.label_smoothing_ce(logits, y, eps)
    if loss.requires_grad and loss.shape == upstream.shape:
        loss.backward(upstream)
    return loss.detach(), logits.grad


def expect_smoothed(student, make, logits, y, eps):
    want = F.cross_entropy(logits, y, label_smoothing=eps)
    check.close(student.label_smoothing_ce(logits, y, eps), want, name="label_smoothing_ce", sizes=sizes_of(logits))
    check.equal(student.rng_touched, False, name="the global random state was touched")
    upstream = make(dtype=logits.dtype)
    loss, gradient = smoothed_gradient(logits, y, eps, upstream)
    check.close(loss, want, name="label_smoothing_ce", sizes=sizes_of(logits))
    leaf = logits.clone().requires_grad_(True)
    (want_gradient,) = torch.autograd.grad(F.cross_entropy(leaf, y, label_smoothing=eps), leaf, upstream)
    check.close(gradient, want_gradient, name="logits.grad", sizes=sizes_of(logits))


def sizes_of(logits):
    return {"the batch size": len(logits), "the number of classes": logits.shape[1]}


@pytest.mark.item("label_smoothing_ce")
@pytest.mark.parametrize("eps", [0.1, 0.0, 1.0, 0.37])
@pytest.mark.parametrize(("n", "c"), [(7, 4), (1, 5), (3, 3), (6, 2)])
def test_the_loss_and_its_gradient_are_those_of_the_twin(student, make, n, c, eps):
    expect_smoothed(student, make, 3 * make(n, c), make.ints(c, n), eps)


@pytest.mark.item("label_smoothing_ce")
def test_every_class_can_be_the_right_one(student, make):
    for right in range(4):
        expect_smoothed(student, make, make(3, 4), torch.full((3,), right), 0.2)


@pytest.mark.item("label_smoothing_ce")
def test_confident_logits_right_and_wrong(student, make):
    logits = torch.tensor([[1000.0, 0.0, -1000.0], [0.0, 1000.0, 1000.0], [-1000.0, -1000.0, 1000.0]])
    logits = logits.double() + make(3, 3)
    for eps in (0.1, 0.0):
        for labels in ([0, 1, 2], [2, 0, 0], [1, 2, 1]):
            expect_smoothed(student, make, logits, torch.tensor(labels), eps)


@pytest.mark.item("label_smoothing_ce")
def test_float32_stays_float32_here_too(student, make):
    expect_smoothed(student, make, make(5, 4, dtype=torch.float32), make.ints(4, 5), 0.1)
