"""Hidden tests of u05_logistic_regression: the two losses from logits, and accuracy."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u05_logistic_regression")

F64, F32 = torch.float64, torch.float32


# ------------------------------------------------------------------------------------------------ bce_with_logits


def bce(z, y):
    """Two ways to be wrong, each with its own softplus; in float64."""
    zero = torch.zeros_like(z)
    return (y * torch.logaddexp(zero, -z) + (1 - y) * torch.logaddexp(zero, z)).mean()


@inside
def bce_and_gradient(z, y, upstream):
    leaf = z.clone().requires_grad_(True)
    loss = student.bce_with_logits(leaf, y)
    if loss.requires_grad:
        loss.backward(upstream)
    return loss.detach(), leaf.grad


@pytest.mark.item("bce_with_logits")
@pytest.mark.parametrize("n", [9, 2, 1])
def test_it_is_the_mean_over_the_examples(student, make, n):
    z, y = make(n) * 3, make.ints(2, n).double()
    check.close(student.bce_with_logits(z, y), bce(z, y), sizes={"N": n})


@pytest.mark.item("bce_with_logits")
def test_targets_may_be_soft(student, make):
    z, y = make(8) * 2, make.uniform(8)
    check.close(student.bce_with_logits(z, y), bce(z, y), sizes={"N": 8})


@pytest.mark.item("bce_with_logits")
def test_only_yes_and_only_no(student, make):
    z = make(6)
    for y in (torch.ones(6, dtype=F64), torch.zeros(6, dtype=F64)):
        check.close(student.bce_with_logits(z, y), bce(z, y), sizes={"N": 6})


@pytest.mark.item("bce_with_logits")
def test_float32_gives_float32_for_binary_targets(student, make):
    z, y = make(7, dtype=F32), make.ints(2, 7).float()
    check.close(student.bce_with_logits(z, y), bce(z.double(), y.double()).float())


@pytest.mark.item("bce_with_logits")
@pytest.mark.parametrize("dtype", [F64, F32])
@check.about("digits")
def test_confident_and_wrong_costs_the_logit(student, make, dtype):
    z = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0, 120.0, -45.0, 60.0], dtype=dtype)
    y = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0], dtype=dtype)
    want = bce(z.double(), y.double()).to(dtype)
    check.close(student.bce_with_logits(z, y), want, name="loss of confident logits")
    for one in (slice(0, 1), slice(1, 2)):
        check.close(student.bce_with_logits(z[one], y[one]), torch.tensor(1000.0, dtype=dtype), name="loss of one")


@pytest.mark.item("bce_with_logits")
@pytest.mark.parametrize("dtype", [F64, F32])
def test_confident_and_right_costs_nothing(student, dtype):
    z = torch.tensor([1000.0, -1000.0, 300.0], dtype=dtype)
    y = torch.tensor([1.0, 0.0, 1.0], dtype=dtype)
    check.close(student.bce_with_logits(z, y), torch.tensor(0.0, dtype=dtype), name="loss of confident logits")


@pytest.mark.item("bce_with_logits")
@pytest.mark.parametrize("n", [6, 1])
@check.about("no_gradient", when=("none",))
def test_the_gradient_is_sigmoid_minus_target(student, make, n):
    z, y, upstream = make(n) * 2, make.uniform(n), make()
    loss, grad = bce_and_gradient(z, y, upstream)
    check.close(loss, bce(z, y), name="loss")
    check.close(grad, upstream * (torch.sigmoid(z) - y) / n, name="gradient of z", sizes={"N": n})


@pytest.mark.item("bce_with_logits")
def test_the_gradient_of_confident_logits_is_finite(student, make):
    z = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0], dtype=F32)
    y = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=F32)
    upstream = make(dtype=F32)
    loss, grad = bce_and_gradient(z, y, upstream)
    check.close(loss, torch.tensor(500.0), name="loss")
    check.close(grad, upstream * torch.tensor([0.25, -0.25, 0.0, 0.0]), name="gradient of z")


@pytest.mark.item("bce_with_logits")
@pytest.mark.parametrize(("z", "y"), [((5, 1), (5,)), ((4,), (4, 1)), ((5,), (1,)), ((1,), (5,)), ((3,), (4,))])
@check.about("shapes_refused")
def test_two_shapes_are_refused(student, make, z, y):
    logits, targets = make(*z), make.uniform(*y)
    with check.raises(ValueError, name=f"bce_with_logits of shapes {z} and {y}"):
        student.bce_with_logits(logits, targets)


# -------------------------------------------------------------------------------------------------- cross_entropy


def xent(logits, y):
    """Row by row: the largest logit is taken out first."""
    rows = []
    for row, label in zip(logits, y.tolist(), strict=True):
        top = max(row.tolist())
        rows.append((row - top).exp().sum().log() + top - row[label])
    return torch.stack(rows).mean()


@inside
def xent_and_gradient(logits, y, upstream):
    leaf = logits.clone().requires_grad_(True)
    loss = student.cross_entropy(leaf, y)
    if loss.requires_grad:
        loss.backward(upstream)
    return loss.detach(), leaf.grad


SIZES = [(6, 4), (5, 5), (3, 8), (1, 3)]  # N, C


@pytest.mark.item("cross_entropy")
@pytest.mark.parametrize(("n", "c"), SIZES)
def test_it_is_the_mean_of_minus_log_probability(student, make, n, c):
    logits, y = make(n, c) * 2, make.ints(c, n)
    check.close(student.cross_entropy(logits, y), xent(logits, y), sizes={"N": n, "C": c})


@pytest.mark.item("cross_entropy")
def test_each_class_can_be_the_right_one(student, make):
    logits = make(4, 4)
    for label in range(4):
        y = torch.full((4,), label)
        check.close(student.cross_entropy(logits, y), xent(logits, y), sizes={"N": 4, "C": 4})


@pytest.mark.item("cross_entropy")
def test_float32_gives_float32_for_classes(student, make):
    logits, y = make(7, 3, dtype=F32), make.ints(3, 7)
    check.close(student.cross_entropy(logits, y), xent(logits.double(), y).float())


@pytest.mark.item("cross_entropy")
@pytest.mark.parametrize("dtype", [F64, F32])
def test_a_confident_wrong_class_costs_the_difference(student, dtype):
    logits = torch.tensor([[1000.0, 0.0, 0.0], [0.0, -1000.0, 500.0], [-1000.0, -1000.0, -1000.0]], dtype=dtype)
    y = torch.tensor([1, 1, 2])
    want = torch.tensor((1000 + 1500 + 1.0986122886681098) / 3, dtype=dtype)
    check.close(student.cross_entropy(logits, y), want, name="loss of confident logits")
    check.close(student.cross_entropy(logits[:1], y[:1]), torch.tensor(1000.0, dtype=dtype), name="loss of one")


@pytest.mark.item("cross_entropy")
@pytest.mark.parametrize("dtype", [F64, F32])
def test_a_confident_right_class_costs_nothing(student, dtype):
    logits = torch.tensor([[1000.0, 0.0, -1000.0], [-1000.0, 0.0, 1000.0]], dtype=dtype)
    want = torch.tensor(0.0, dtype=dtype)
    check.close(student.cross_entropy(logits, torch.tensor([0, 2])), want, name="loss of confident logits")


@pytest.mark.item("cross_entropy")
def test_a_common_shift_of_a_row_changes_nothing(student, make):
    logits, y = make(5, 4), make.ints(4, 5)
    shift = torch.tensor([[0.0], [900.0], [-900.0], [30.0], [-4000.0]], dtype=F64)
    check.close(student.cross_entropy(logits + shift, y), xent(logits, y), name="loss of shifted logits")


@pytest.mark.item("cross_entropy")
@pytest.mark.parametrize(("n", "c"), SIZES)
@check.about("no_gradient", when=("none",))
def test_the_gradient_is_softmax_minus_one_hot(student, make, n, c):
    logits, y, upstream = make(n, c), make.ints(c, n), make()
    loss, grad = xent_and_gradient(logits, y, upstream)
    check.close(loss, xent(logits, y), name="loss")
    one_hot = (y[:, None] == torch.arange(c)).double()
    shares = logits.exp() / logits.exp().sum(1, keepdim=True)
    check.close(grad, upstream * (shares - one_hot) / n, name="gradient of the logits", sizes={"N": n, "C": c})


@pytest.mark.item("cross_entropy")
def test_the_gradient_of_confident_classes_is_finite(student, make):
    logits = torch.tensor([[1000.0, 0.0, 0.0], [0.0, 1000.0, -1000.0]])
    upstream = make(dtype=F32)
    loss, grad = xent_and_gradient(logits, torch.tensor([1, 1]), upstream)
    check.close(loss, torch.tensor(500.0), name="loss")
    want = torch.tensor([[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]])
    check.close(grad, upstream * want, name="gradient of the logits")


# ------------------------------------------------------------------------------------------------------- accuracy


def share_right(logits, y):
    hits = [max(range(len(row)), key=row.__getitem__) == label for row, label in zip(logits.tolist(), y, strict=True)]
    return sum(hits) / len(hits)


NEAR = 1e-6  # a mean in float32 is as good an answer


@pytest.mark.item("accuracy")
@pytest.mark.parametrize(("n", "c"), [(700, 3), (9, 4), (5, 5), (3, 7), (1, 3)])
def test_it_is_the_share_of_largest_logits_that_are_right(student, make, n, c):
    logits, y = make(n, c), make.ints(c, n)
    check.number(student.accuracy(logits, y), share_right(logits, y.tolist()), rtol=NEAR, sizes={"N": n, "C": c})


@pytest.mark.item("accuracy")
@pytest.mark.parametrize("dtype", [F64, F32])
def test_some_all_and_none_are_right(student, make, dtype):
    logits = make(6, 5, dtype=dtype)
    right = logits.max(dim=1).indices
    some = torch.cat([right[:2], (right[2:] + 1) % 5])
    check.number(student.accuracy(logits, right), 1.0, name="accuracy when all are right", rtol=NEAR)
    check.number(student.accuracy(logits, (right + 2) % 5), 0.0, name="accuracy when none is right")
    check.number(student.accuracy(logits, some), 2 / 6, name="accuracy when 2 of 6 are right", rtol=NEAR)


@pytest.mark.item("accuracy")
@check.about("digits")
def test_negative_and_very_large_logits_count_as_well(student, make):
    for logits in (-make(40, 4).abs() - 5, make(40, 4, dtype=F32) * 1000, make(40, 4, dtype=F32) * 1e-3):
        right = logits.max(dim=1).indices
        check.number(student.accuracy(logits, right), 1.0, name="accuracy when all are right", rtol=NEAR)
        check.number(student.accuracy(logits, (right + 1) % 4), 0.0, name="accuracy when none is right", rtol=NEAR)
