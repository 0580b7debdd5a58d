"""Hidden tests of u06_mlp: updates by hand, with Adam, and a classifier of digits."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u06_mlp")


@inside
def two_layers(weights):
    """nn.Sequential(Linear, ReLU, Linear) with these weights."""
    (hidden, d_in), (d_out, _) = weights[0].shape, weights[2].shape
    net = nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out)).to(weights[0].dtype)
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
    return net


@inside
def parameters_of(net):
    return [p.detach().clone() for p in net.parameters()]


def layers(make, d_in, hidden, d_out):
    return [make(hidden, d_in) * d_in**-0.5, make(hidden), make(d_out, hidden) * hidden**-0.5, make(d_out)]


def forward(x, w1, b1, w2, b2):
    return (x @ w1.T + b1).clamp(min=0) @ w2.T + b2


def sum_of_squares(prediction, y):
    return (prediction - y).square().sum()


def reference_run(weights, batches, loss_fn, make_optimizer):
    """Losses before each update, and the weights after the last."""
    weights = [w.clone().requires_grad_(True) for w in weights]
    optimizer, losses = make_optimizer(weights), []
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(forward(x, *weights), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [w.detach() for w in weights]


def sgd(lr):
    return lambda params: torch.optim.SGD(params, lr=lr)


def adam(lr):
    return lambda params: torch.optim.Adam(params, lr=lr)


# -------------------------------------------------------------------------------------------------- manual_update


@inside
def train_by_hand(weights, x, y, lr, steps):
    net, losses = two_layers(weights), []
    for _ in range(steps):
        net.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        student.manual_update(net, lr)
        losses.append(loss.item())
    return losses, [p.detach() for p in net.parameters()]


@pytest.mark.item("manual_update")
def test_twelve_updates_are_those_of_sgd(student, make):
    weights, x, y = layers(make, 5, 7, 3), make(6, 5), make(6, 3)
    losses, params = train_by_hand(weights, x, y, 0.1, 12)
    want_losses, want = reference_run(weights, [(x, y)] * 12, F.mse_loss, sgd(0.1))
    check.trajectory(losses, want_losses, name="losses")
    check.close(params, want, name="parameters after 12 updates")


@inside
def one_update(weights, x, upstream, lr):
    net = two_layers(weights)
    old = list(net.parameters())
    net(x).backward(upstream)
    before = [p.grad.clone() for p in old]
    student.manual_update(net, lr)
    new = list(net.parameters())
    places = [[i for i, p in enumerate(old) if p is q] for q in new]
    flags = [[p.is_leaf, p.requires_grad] for p in new]
    return places, flags, before, [p.grad for p in old], [p.detach() for p in old]


@pytest.mark.item("manual_update")
@check.about("same_objects")
def test_the_parameters_stay_the_same_leaves_and_keep_their_gradients(student, make):
    weights, x, upstream = layers(make, 4, 6, 2), make(5, 4), make(5, 2)
    places, flags, before, grads, values = one_update(weights, x, upstream, 0.5)
    check.equal(places, [[0], [1], [2], [3]], name="places of the Parameters among the old ones")
    check.equal(flags, [[True, True]] * 4, name="[is_leaf, requires_grad] of each Parameter")
    check.close(grads, before, name="p.grad after the update")
    _, *want = check.autograd_of(forward, x, *weights, upstream=upstream)
    check.close(values, [w - 0.5 * g for w, g in zip(weights, want, strict=True)], name="parameters after one update")


@inside
def update_half(weights, x, upstream, lr):
    net = two_layers(weights)
    net[0](x).backward(upstream)  # the second Linear has no gradient
    student.manual_update(net, lr)
    return [p.detach() for p in net.parameters()], [p.grad is None for p in net.parameters()]


@pytest.mark.item("manual_update")
def test_a_parameter_without_a_gradient_is_left_alone(student, make):
    weights, x, upstream = layers(make, 4, 6, 2), make(5, 4), make(5, 6)
    values, without = update_half(weights, x, upstream, 0.5)
    want = [weights[0] - 0.5 * upstream.T @ x, weights[1] - 0.5 * upstream.sum(0), *weights[2:]]
    check.close(values, want, name="parameters after one update")
    check.equal(without, [False, False, True, True], name="[p.grad is None for p in model.parameters()]")


# --------------------------------------------------------------------------------------- train_sequential and Adam


@inside
def leave_gradients(net, x, upstream):
    net(x).backward(upstream)


def expect_trajectory(train, make, optimizer, lr, stale=False):
    weights, x, y = layers(make, 5, 7, 3), make(6, 5), make(6, 3)
    net = two_layers(weights)
    if stale:
        leave_gradients(net, x, make(6, 3))
    losses = train(x, y, net, lr, 12)
    want_losses, want = reference_run(weights, [(x, y)] * 12, sum_of_squares, optimizer(lr))
    check.trajectory(losses, want_losses, name="losses")
    check.close(parameters_of(net), want, name="parameters after 12 steps", rtol=1e-6, atol=1e-9)


def expect_the_published_size(train, make, optimizer):
    weights, x, y = layers(make, 1000, 100, 10), make(64, 1000), make(64, 10)
    net = two_layers(weights)
    losses = train(x, y, net, 1e-4, 10)
    want_losses, want = reference_run(weights, [(x, y)] * 10, sum_of_squares, optimizer(1e-4))
    check.trajectory(losses, want_losses, name="losses")
    check.close(parameters_of(net)[3], want[3], name="the last bias", rtol=1e-6, atol=1e-9)


def expect_no_steps(train, make):
    weights = layers(make, 4, 4, 4)
    net = two_layers(weights)
    check.equal(train(make(1, 4), make(1, 4), net, 0.1, 0), [], name="losses of 0 steps")
    check.close(parameters_of(net), weights, name="parameters after 0 steps")


@pytest.mark.item("train_sequential")
@pytest.mark.parametrize("stale", [False, True])
def test_losses_and_weights_are_those_of_gradient_descent(student, make, stale):
    expect_trajectory(student.train_sequential, make, sgd, 0.01, stale)


@pytest.mark.item("train_sequential")
def test_the_published_network_follows_its_curve(student, make):
    expect_the_published_size(student.train_sequential, make, sgd)


@pytest.mark.item("train_sequential")
def test_no_steps_leave_the_model_alone(student, make):
    expect_no_steps(student.train_sequential, make)


@inside
def sequential_flag(weights, x, y):
    net = two_layers(weights).eval()
    student.train_sequential(x, y, net, 0.01, 2)
    return net.training


@pytest.mark.item("train_sequential")
@check.about("training_flag")
def test_the_training_flag_stays(student, make):
    check.equal(sequential_flag(layers(make, 3, 4, 2), make(1, 3), make(1, 2)), False, name="model.training")


@pytest.mark.item("train_adam")
@pytest.mark.parametrize("stale", [False, True])
def test_losses_and_weights_are_those_of_adam(student, make, stale):
    expect_trajectory(student.train_adam, make, adam, 0.05, stale)


@pytest.mark.item("train_adam")
def test_the_published_network_follows_adam_s_curve(student, make):
    expect_the_published_size(student.train_adam, make, adam)


@pytest.mark.item("train_adam")
def test_no_steps_of_adam_leave_the_model_alone(student, make):
    expect_no_steps(student.train_adam, make)


@inside
def adam_flag(weights, x, y):
    net = two_layers(weights).eval()
    student.train_adam(x, y, net, 0.01, 2)
    return net.training


@pytest.mark.item("train_adam")
@check.about("training_flag")
def test_the_training_flag_stays_with_adam(student, make):
    check.equal(adam_flag(layers(make, 3, 4, 2), make(1, 3), make(1, 2)), False, name="model.training")


# ------------------------------------------------------------------------------------------------------ train_mlp


@inside
def logits_of(model, x):
    model.eval()
    with torch.no_grad():
        return model(x)


def weights_of(model, hidden):
    """w1, b1, w2, b2 of a trained model, whatever order they are registered in."""
    found = {tuple(p.shape): p for p in parameters_of(model)}
    shapes = [(hidden, 784), (hidden,), (10, hidden), (10,)]
    check.equal(sorted(found), sorted(shapes), name="shapes of the model's parameters, sorted")
    return [found[shape] for shape in shapes]


def expect_the_weights_of_sgd(student, x, y, batches, *, epochs, lr, batch_size, seed, hidden=16):
    """From the student's own start: the same weights as plain SGD over these batches."""
    start = weights_of(student.train_mlp(x, y, hidden, 0, lr, batch_size, seed), hidden)
    model = student.train_mlp(x, y, hidden, epochs, lr, batch_size, seed)
    _, want = reference_run([w.double() for w in start], batches, F.cross_entropy, sgd(lr))
    got = weights_of(model, hidden)
    check.close(got, [w.float() for w in want], name="the model's weights", rtol=1e-3, atol=1e-5)
    return model, want


@pytest.mark.item("train_mlp")
def test_full_batches_train_it_like_plain_sgd_on_the_mean_cross_entropy(student, make):
    x, y = make.uniform(30, 784).float(), make.ints(10, 30)
    batches = [(x.double(), y)] * 6
    model, want = expect_the_weights_of_sgd(student, x, y, batches, epochs=6, lr=0.2, batch_size=30, seed=make.seed())
    unseen = make.uniform(7, 784).float()
    want_logits = forward(unseen.double(), *want).float()
    check.close(logits_of(model, unseen), want_logits, name="model(x)", rtol=1e-3, atol=1e-4)


@pytest.mark.item("train_mlp")
@check.about("smaller_batch")
def test_a_smaller_last_batch_is_used_too(student, make):
    one, label = make.uniform(1, 784).float(), make.ints(10, 1)
    x, y = one.repeat(11, 1), label.repeat(11)  # equal examples: the order cannot matter
    batches = [(one.double(), label)] * 6  # 2 epochs of 4 + 4 + 3 examples
    expect_the_weights_of_sgd(student, x, y, batches, epochs=2, lr=0.02, batch_size=4, seed=make.seed())


@pytest.mark.item("train_mlp")
def test_the_order_is_shuffled(student, make):
    x, y = make.uniform(14, 784).float(), torch.arange(14) % 10
    seed = make.seed()
    start = weights_of(student.train_mlp(x, y, 16, 0, 0.1, 1, seed), 16)
    got = weights_of(student.train_mlp(x, y, 16, 1, 0.1, 1, seed), 16)
    batches = list(zip(x.double().split(1), y.split(1), strict=True))
    _, in_order = reference_run([w.double() for w in start], batches, F.cross_entropy, sgd(0.1))
    check.that(
        not torch.allclose(got[3].double(), in_order[3], rtol=1e-3, atol=1e-5),
        Text(en="The examples are taken in the order of x.", vi="Các mẫu được lấy theo đúng thứ tự trong x."),
        code="not_shuffled",
    )


@pytest.mark.item("train_mlp")
def test_the_seed_decides_the_weights(student, make):
    x, y, seed = make.uniform(20, 784).float(), make.ints(10, 20), make.seed()
    first, second, other = (weights_of(student.train_mlp(x, y, 16, 2, 0.1, 8, s), 16) for s in (seed, seed, seed + 1))
    check.close(second, first, name="weights of the second call with this seed")
    check.that(
        not torch.allclose(first[0], other[0]),
        Text(en="Two seeds give the same weights.", vi="Hai seed khác nhau cho cùng một bộ trọng số."),
        code="seed",
    )


@pytest.mark.item("train_mlp")
def test_it_reads_digits_it_has_not_seen(student, make, mnist):
    model = student.train_mlp(mnist.train_x, mnist.train_y, 128, 3, 0.25, 100, make.seed())
    logits = logits_of(model, mnist.test_x)
    check.shape(logits, (len(mnist.test_y), 10), name="model(test images)")
    check.finite(logits, name="model(test images)")
    check.metric((logits.argmax(1) == mnist.test_y).double().mean().item())
