"""Hidden tests of u10_debugging: training loops, judged by where they go.

"The loss falls" holds for most of the broken ones.  So every loss and every weight is compared with gradient descent
that is done here, in float64, by `torch.autograd.grad` and without an optimizer.
"""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u10_debugging")

STALE = pytest.mark.parametrize("stale", [True, False])


@inside
def net_with(weights):
    """nn.Sequential(Linear, ReLU, Linear) with these weights."""
    (hidden, d_in), (d_out, _) = weights[0].shape, weights[2].shape
    net = nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out)).to(weights[0].dtype)
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
    return net


@inside
def trained(name, weights, x, y, steps, lr, seed, upstream):
    """Losses and weights of the student's loop; `upstream` leaves gradients in the model before."""
    net = net_with(weights)
    if upstream is not None:
        net(x).backward(upstream)
    losses = getattr(student, name)(net, x, y, steps, lr, seed)
    return losses, [p.detach() for p in net.parameters()]


@inside
def with_dropout(name, weights, x, y, seeds):
    """The losses of a model with dropout, once for each seed, from another random state each."""
    runs = []
    for i, seed in enumerate(seeds):
        first, relu, last = net_with(weights)
        net = nn.Sequential(first, relu, nn.Dropout(0.5), last)
        torch.manual_seed(i)
        runs.append(getattr(student, name)(net, x, y, 4, 0.05, seed))
    return runs


@inside
def modes_after(name, weights, x, y, training):
    net = net_with(weights).train(training)
    getattr(student, name)(net, x, y, 2, 0.01, 0)
    return [module.training for module in net.modules()]


def layers(make, d_in, hidden, d_out):
    return [make(hidden, d_in) * d_in**-0.5, make(hidden), make(d_out, hidden) * hidden**-0.5, make(d_out)]


def forward(x, w1, b1, w2, b2):
    return (x @ w1.T + b1).clamp(min=0) @ w2.T + b2


def mean_square(prediction, y):
    return (prediction - y).square().mean()


def own_square(prediction, y):
    """Each prediction (N, 1) against the target of its own example."""
    return sum((prediction[i, 0] - y[i]).square() for i in range(len(y))) / len(y)


def cross_entropy(logits, y):
    return (logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]).mean()


def descent(weights, x, y, loss_fn, lr, steps):
    """Losses before each update and the weights after the last, in float64."""
    weights = [w.double() for w in weights]
    x, y = x.double(), y.double() if y.is_floating_point() else y
    losses = []
    for _ in range(steps):
        leaves = [w.requires_grad_(True) for w in weights]
        loss = loss_fn(forward(x, *leaves), y)
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, leaves)
        weights = [(w - lr * g).detach() for w, g in zip(leaves, grads, strict=True)]
    return losses, weights


def expect_descent(name, make, loss_fn, weights, x, y, *, lr=0.1, steps=12, stale=False):
    exact = x.dtype == torch.float64
    upstream = make(len(x), len(weights[3]), dtype=x.dtype) if stale else None
    losses, got = trained(name, weights, x, y, steps, lr, make.seed(), upstream)
    want_losses, want = descent(weights, x, y, loss_fn, lr, steps)
    tolerance = {"rtol": 1e-6, "atol": 1e-9} if exact else {"rtol": 1e-4, "atol": 1e-5}  # a loss near 0 too
    check.trajectory(losses, want_losses, name="losses", **tolerance)
    check.close(got, [w.to(x.dtype) for w in want], name=f"parameters after {steps} steps", **tolerance)


def expect_nothing_at_0_steps(name, make, weights, x, y):
    losses, got = trained(name, weights, x, y, 0, 0.1, make.seed(), None)
    check.equal(losses, [], name="losses of 0 steps")
    check.close(got, weights, name="parameters after 0 steps")


def expect_the_seed_to_decide(name, make, weights, x, y):
    seed = make.seed()
    first, second, other = with_dropout(name, weights, x, y, [seed, seed, seed + 1])
    check.that(
        first == second,
        Text(
            en="The same seed gives a model with dropout other losses.",
            vi="Cùng seed mà model có dropout cho loss khác.",
        ),
    )
    check.that(
        first != other,
        Text(
            en="Two seeds give a model with dropout the same losses.", vi="Hai seed mà model có dropout cho cùng loss."
        ),
        code="seed",
    )


def expect_modes_to_stay(name, weights, x, y):
    for training in (True, False):
        got = modes_after(name, weights, x, y, training)
        check.equal(got, [training] * 4, name="[module.training for module in model.modules()]")


# -------------------------------------------------------------------------------------------- forgotten_zero_grad


def regression(make, n=6, d=5, hidden=7, k=3, dtype=torch.float64):
    return [w.to(dtype) for w in layers(make, d, hidden, k)], make(n, d, dtype=dtype), make(n, k, dtype=dtype)


@pytest.mark.item("forgotten_zero_grad")
@STALE
def test_each_step_follows_its_own_gradient(make, stale):
    expect_descent("forgotten_zero_grad", make, mean_square, *regression(make), stale=stale)


@pytest.mark.item("forgotten_zero_grad")
@pytest.mark.parametrize(("n", "d", "k"), [(1, 4, 2), (5, 5, 5), (7, 3, 1)])
def test_batches_of_other_sizes_descend_too(make, n, d, k):
    expect_descent("forgotten_zero_grad", make, mean_square, *regression(make, n, d, 4, k), lr=0.05)


@pytest.mark.item("forgotten_zero_grad")
def test_float32_descends_too(make):
    expect_descent("forgotten_zero_grad", make, mean_square, *regression(make, dtype=torch.float32))


@pytest.mark.item("forgotten_zero_grad")
def test_the_rest_of_the_contract_of_the_regression(make):
    weights, x, y = regression(make)
    expect_nothing_at_0_steps("forgotten_zero_grad", make, weights, x, y)
    expect_the_seed_to_decide("forgotten_zero_grad", make, weights, x, y)
    expect_modes_to_stay("forgotten_zero_grad", weights, x, y)


# ----------------------------------------------------------------------------------- softmax_before_cross_entropy


def classification(make, n=6, d=5, hidden=7, c=3, dtype=torch.float64):
    return [w.to(dtype) for w in layers(make, d, hidden, c)], make(n, d, dtype=dtype), make.ints(c, n)


def sure(c, scale, shift, dtype):
    """A model of (c, c) whose logit for class i + shift is about `scale` when x is the unit vector i; x, and y = i."""
    eye = torch.eye(c, dtype=dtype)
    hidden = [1.5 * eye - 0.5, torch.zeros(c, dtype=dtype)]  # its values are 1 or −0.5: none is at the kink of ReLU
    return [*hidden, scale * eye.roll(shift, 0), torch.linspace(-0.2, 0.3, c, dtype=dtype)], eye, torch.arange(c)


@pytest.mark.item("softmax_before_cross_entropy")
@STALE
def test_the_loss_is_the_cross_entropy_of_the_logits(make, stale):
    expect_descent("softmax_before_cross_entropy", make, cross_entropy, *classification(make), stale=stale)


@pytest.mark.item("softmax_before_cross_entropy")
@pytest.mark.parametrize(("n", "d", "c"), [(1, 4, 3), (5, 5, 5), (9, 3, 10)])
def test_classifiers_of_other_sizes_descend_too(make, n, d, c):
    expect_descent("softmax_before_cross_entropy", make, cross_entropy, *classification(make, n, d, 4, c))


@pytest.mark.item("softmax_before_cross_entropy")
def test_float32_classifiers_descend_too(make):
    expect_descent("softmax_before_cross_entropy", make, cross_entropy, *classification(make, dtype=torch.float32))


@pytest.mark.item("softmax_before_cross_entropy")
def test_there_is_no_floor_for_a_model_that_is_right_and_sure(make):
    expect_descent("softmax_before_cross_entropy", make, cross_entropy, *sure(10, 9.0, 0, torch.float64), steps=3)


@pytest.mark.item("softmax_before_cross_entropy")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_loss_is_finite_for_a_model_that_is_wrong_and_sure(make, dtype):
    expect_descent("softmax_before_cross_entropy", make, cross_entropy, *sure(5, 1000.0, 1, dtype), lr=1e-4, steps=3)


@pytest.mark.item("softmax_before_cross_entropy")
def test_the_rest_of_the_contract_of_the_classifier(make):
    weights, x, y = classification(make)
    expect_nothing_at_0_steps("softmax_before_cross_entropy", make, weights, x, y)
    expect_the_seed_to_decide("softmax_before_cross_entropy", make, weights, x, y)
    expect_modes_to_stay("softmax_before_cross_entropy", weights, x, y)


# -------------------------------------------------------------------------------------------------- mse_broadcast


def one_target(make, n=6, d=5, hidden=7, dtype=torch.float64):
    return [w.to(dtype) for w in layers(make, d, hidden, 1)], make(n, d, dtype=dtype), make(n, dtype=dtype)


@pytest.mark.item("mse_broadcast")
@STALE
def test_each_prediction_meets_its_own_target(make, stale):
    expect_descent("mse_broadcast", make, own_square, *one_target(make), lr=0.05, stale=stale)


@pytest.mark.item("mse_broadcast")
@pytest.mark.parametrize(("n", "d", "hidden"), [(1, 4, 3), (2, 2, 2), (9, 1, 4)])
def test_regressions_of_other_sizes_descend_too(make, n, d, hidden):
    expect_descent("mse_broadcast", make, own_square, *one_target(make, n, d, hidden), lr=0.05)


@pytest.mark.item("mse_broadcast")
def test_float32_regressions_descend_too(make):
    expect_descent("mse_broadcast", make, own_square, *one_target(make, dtype=torch.float32), lr=0.05)


@pytest.mark.item("mse_broadcast")
def test_a_model_without_error_has_no_loss(make):
    weights, x, _ = one_target(make)
    y = forward(x, *weights)[:, 0]
    losses, got = trained("mse_broadcast", weights, x, y, 2, 0.1, make.seed(), None)
    check.close(
        torch.tensor(losses, dtype=torch.float64), torch.zeros(2, dtype=torch.float64), name="losses", atol=1e-20
    )
    check.close(got, weights, name="parameters of a model without error")


@pytest.mark.item("mse_broadcast")
def test_the_rest_of_the_contract_of_one_target(make):
    weights, x, y = one_target(make)
    expect_nothing_at_0_steps("mse_broadcast", make, weights, x, y)
    expect_the_seed_to_decide("mse_broadcast", make, weights, x, y)
    expect_modes_to_stay("mse_broadcast", weights, x, y)


# -------------------------------------------------------------------------------------------------- detached_loss


@pytest.mark.item("detached_loss")
@STALE
def test_the_gradient_of_the_mean_reaches_the_model(make, stale):
    expect_descent("detached_loss", make, cross_entropy, *classification(make), stale=stale)


@pytest.mark.item("detached_loss")
@pytest.mark.parametrize(("n", "d", "c"), [(1, 4, 3), (4, 4, 4), (9, 3, 5)])
def test_it_reaches_models_of_other_sizes(make, n, d, c):
    expect_descent("detached_loss", make, cross_entropy, *classification(make, n, d, 4, c))


@pytest.mark.item("detached_loss")
def test_it_reaches_float32_models(make):
    expect_descent("detached_loss", make, cross_entropy, *classification(make, dtype=torch.float32))


@pytest.mark.item("detached_loss")
def test_the_rest_of_the_contract_of_the_mean(make):
    weights, x, y = classification(make)
    expect_nothing_at_0_steps("detached_loss", make, weights, x, y)
    expect_the_seed_to_decide("detached_loss", make, weights, x, y)
    expect_modes_to_stay("detached_loss", weights, x, y)


# ---------------------------------------------------------------------------------------------------- if_else_loss


@inside
def loss_and_gradient(scores, y, upstream):
    leaf = scores.clone().requires_grad_(True)
    loss = student.if_else_loss(leaf, y)
    if loss.requires_grad:
        loss.backward(upstream)
    return loss.detach(), leaf.grad


def signs(make, n):
    return 2 * make.ints(2, n) - 1


def hinge(scores, y):
    """The mean over the examples, and its slope; a margin of exactly 1 has two right slopes."""
    total, slope = 0.0, torch.zeros_like(scores)
    for i in range(len(y)):
        if y[i] * scores[i] < 1:
            total, slope[i] = total + 1 - (y[i] * scores[i]).item(), -y[i].item() / len(y)
    return torch.tensor(total / len(y), dtype=scores.dtype), slope


def expect_hinge(scores, y, upstream):
    want, slope = hinge(scores, y)
    check.close(loss_and_gradient(scores, y, upstream), (want, slope * upstream), name="(loss, gradient of the scores)")


@pytest.mark.item("if_else_loss")
@pytest.mark.parametrize(("n", "dtype"), [(9, torch.float64), (1, torch.float64), (16, torch.float32)])
@check.about("no_gradient", when=("none",))
def test_the_loss_and_its_slope(make, n, dtype):
    y = signs(make, n)
    scores = y * (1 + 2 * make(n, dtype=dtype))  # margins on both sides of 1 and of 0, none of them at 1
    expect_hinge(scores, y, make(dtype=dtype))


@pytest.mark.item("if_else_loss")
@pytest.mark.parametrize("margin", [-3.0, 0.0, 0.5, 1.5, 40.0])
def test_the_loss_on_each_side_of_the_margin(make, margin):
    y = torch.cat([signs(make, 5), torch.tensor([-1, 1])])
    expect_hinge(margin * y.double(), y, make())


@pytest.mark.item("if_else_loss")
def test_the_loss_returns_a_tensor_without_touching_its_arguments(student, make):
    scores, y = make(5, dtype=torch.float32), signs(make, 5)
    check.close(student.if_else_loss(scores, y), hinge(scores, y)[0], name="if_else_loss(scores, y)")
