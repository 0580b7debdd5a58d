"""Hidden suite of the hostile corpus: CANARY_SUITE."""

import pytest
import torch

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u00_target")


@pytest.mark.item("double")
def test_it_doubles(student, make):
    for shape in ((3, 4), (1, 1), (5, 2)):
        x = make(*shape)
        check.close(student.double(x), 2 * x, name="double(x)")


@pytest.mark.item("rows")
def test_each_row_has_its_mean(student, make):
    for shape in ((3, 4), (6, 1), (1, 5)):
        x = make(*shape)
        check.close(student.rows(x), x.mean(1, keepdim=True), name="rows(x)")


@pytest.mark.item("probabilities")
def test_rows_are_softmax(student, make):
    z = make(4, 5)
    check.close(student.probabilities(z), torch.softmax(z, -1), name="probabilities(z)")


@inside
def driven(net, w, b, x, upstream):
    with torch.no_grad():
        net.w.copy_(w)
        net.b.copy_(b)
    y = net(x)
    y.backward(upstream)
    return y.detach(), net.w.grad, net.b.grad


@pytest.mark.item("net")
def test_values_and_gradients(student, make):
    w, b, x, upstream = make(3, 2), make(2), make(4, 3), make(4, 2)
    net = student.Net(3, 2)
    f32 = [value.float() for value in (w, b, x, upstream)]
    y, dw, db = driven(net, *f32)
    w, b, x, upstream = f32
    check.close(y, x @ w + b, name="net(x)", rtol=1e-4, atol=1e-5)
    check.close(dw, x.T @ upstream, name="the gradient of w", rtol=1e-4, atol=1e-5)
    check.close(db, upstream.sum(0), name="the gradient of b", rtol=1e-4, atol=1e-5)


@pytest.mark.item("classify")
def test_it_guesses_labels(student, make):
    x = make(200, 3)
    labels = (x.sum(1) > 0).long()
    guess = student.classify(x)
    check.shape(guess, (200,), name="classify(x)")
    check.dtype(guess, torch.int64, name="classify(x)")
    check.metric((guess == labels).double().mean().item())


@pytest.mark.item("last")
def test_the_sign_is_flipped(student, make):
    x = make(3, 2)
    check.close(student.last(x), -x, name="last(x)")
