"""Hidden tests of u05_logistic_regression: measuring a model, one training step, a classifier of digits."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u05_logistic_regression")

F64, F32 = torch.float64, torch.float32


def rows(x):
    return x.double().flatten(1)


def log_probabilities(logits):
    """log softmax, the largest logit of each row taken out first."""
    logits = logits - logits.max(dim=1, keepdim=True).values
    return logits - logits.exp().sum(dim=1, keepdim=True).log()


def mean_loss(logits, y):
    return -sum(row[label] for row, label in zip(log_probabilities(logits), y.tolist(), strict=True)) / len(y)


def share_right(logits, y):
    hits = [max(range(len(row)), key=row.__getitem__) == label for row, label in zip(logits.tolist(), y, strict=True)]
    return sum(hits) / len(hits)


def gradients(weight, bias, x, y):
    """Of the mean cross-entropy of x W^T + b, by hand."""
    wrong = log_probabilities(x @ weight.T + bias).exp()
    wrong = (wrong - (y[:, None] == torch.arange(len(bias))).double()) / len(y)
    return wrong.T @ x, wrong.sum(0)


def descend(weight, bias, batches, lr, momentum=0.0):
    """Gradient descent by hand over the batches: the losses before each update, and the last weight and bias."""
    losses, speeds = [], [torch.zeros_like(weight), torch.zeros_like(bias)]
    for x, y in batches:
        losses.append(float(mean_loss(x @ weight.T + bias, y)))
        speeds = [momentum * speed + g for speed, g in zip(speeds, gradients(weight, bias, x, y), strict=True)]
        weight, bias = weight - lr * speeds[0], bias - lr * speeds[1]
    return losses, weight, bias


# ------------------------------------------------------------------------------------------------------- evaluate


@inside
def watched(state, training):
    """BatchNorm1d, Dropout, Linear, and a list of [model's flag, norm's flag, gradients on] for each call."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.drop = nn.BatchNorm1d(state["norm.weight"].numel()), nn.Dropout(0.5)
            self.linear = nn.Linear(*reversed(state["linear.weight"].shape))
            self.seen = []

        def forward(self, x):
            self.seen.append([self.training, self.norm.training, torch.is_grad_enabled()])
            return self.linear(self.drop(self.norm(x.flatten(1))))

    net = Net().to(state["linear.weight"].dtype)
    net.load_state_dict(state)
    return net.train(training)


@inside
def evaluated(state, x, y, batch_size, training, drop_last, chosen):
    net = watched(state, training)
    sampler = torch.utils.data.SubsetRandomSampler(chosen) if chosen else None
    data = torch.utils.data.TensorDataset(x, y)
    loader = torch.utils.data.DataLoader(data, batch_size=batch_size, drop_last=drop_last, sampler=sampler)
    with torch.enable_grad():
        found = student.evaluate(net, loader)
        grad_mode = torch.is_grad_enabled()
    untouched = [p.grad is None and p.requires_grad for p in net.parameters()]
    return found, [net.training, net.norm.training], net.seen, grad_mode, all(untouched), dict(net.state_dict())


def a_state(make, d, c, dtype=F64):
    state = {
        "norm.weight": make(d),
        "norm.bias": make(d),
        "norm.running_mean": make(d),
        "norm.running_var": make.uniform(d) + 0.5,
        "norm.num_batches_tracked": torch.tensor(make.pick(3, 90)),
        "linear.weight": make(c, d),
        "linear.bias": make(c),
    }
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in state.items()}


def in_eval_mode(state, x):
    s = {name: value.double() for name, value in state.items()}
    x = (x.double().flatten(1) - s["norm.running_mean"]) / (s["norm.running_var"] + 1e-5).sqrt()
    return (x * s["norm.weight"] + s["norm.bias"]) @ s["linear.weight"].T + s["linear.bias"]


def expect_loss_and_accuracy(found, state, x, y, rtol=1e-6):
    logits = in_eval_mode(state, x)
    pair = found if isinstance(found, tuple) else (found,)
    check.equal((type(found) is tuple, len(pair)), (True, 2), name="(the result is a tuple, its length)")
    loss, share = pair
    sizes = {"the number of examples": len(y)}
    check.number(share, share_right(logits, y.tolist()), name="the accuracy", rtol=rtol, sizes=sizes)
    check.number(loss, float(mean_loss(logits, y)), name="the loss", rtol=rtol, sizes=sizes)


@pytest.mark.item("evaluate")
@pytest.mark.parametrize(("n", "batch_size"), [(10, 4), (9, 8), (12, 4), (5, 9), (1, 1), (7, 1)])
def test_every_example_counts_the_same(student, make, n, batch_size):
    state, x, y = a_state(make, 5, 3), make(n, 5), make.ints(3, n)
    y[-1] = in_eval_mode(state, x)[-1].argmax()  # the smaller batch adds to the accuracy, too
    found, *_ = evaluated(state, x, y, batch_size, True, False, None)
    expect_loss_and_accuracy(found, state, x, y)


@pytest.mark.item("evaluate")
@check.about(
    "divisor",
    en="The sum is divided by another number than that of the examples that were seen.",
    vi="Tổng được chia cho một số khác với số mẫu đã thực sự thấy.",
)
def test_examples_that_the_loader_leaves_out_do_not_count(student, make):
    state, x, y = a_state(make, 5, 4), make(11, 5), make.ints(4, 11)
    found, *_ = evaluated(state, x, y, 4, True, True, None)
    expect_loss_and_accuracy(found, state, x[:8], y[:8])
    chosen = [1, 3, 4, 7, 10]
    found, *_ = evaluated(state, x, y, 2, False, False, chosen)
    expect_loss_and_accuracy(found, state, x[chosen], y[chosen])


@pytest.mark.item("evaluate")
def test_images_in_float32_are_measured_as_well(student, make):
    state, x, y = a_state(make, 16, 10, F32), make(21, 1, 4, 4, dtype=F32), make.ints(10, 21)
    found, *_ = evaluated(state, x, y, 8, True, False, None)
    expect_loss_and_accuracy(found, state, x, y, rtol=1e-4)


@pytest.mark.item("evaluate")
def test_a_confident_wrong_model_has_a_large_finite_loss(student, make):
    state, x = a_state(make, 3, 3), make(4, 3)
    state["linear.bias"] = torch.tensor([1000.0, 0.0, 0.0], dtype=F64)
    found, *_ = evaluated(state, x, torch.tensor([1, 2, 0, 1]), 3, True, False, None)
    expect_loss_and_accuracy(found, state, x, torch.tensor([1, 2, 0, 1]))


@pytest.mark.item("evaluate")
@pytest.mark.parametrize("training", [True, False])
def test_it_measures_in_eval_mode_without_a_graph_and_puts_the_flag_back(student, make, training):
    state, x, y = a_state(make, 5, 3), make(7, 5), make.ints(3, 7)
    found, flags, seen, grad_mode, untouched, after = evaluated(state, x, y, 3, training, False, None)
    expect_loss_and_accuracy(found, state, x, y)
    check.that(
        len(seen) >= 3, Text(en="The model was not asked about every batch.", vi="Model không được hỏi đủ mọi batch.")
    )
    training_now, norm_now, gradients_on = (any(column) for column in zip(*seen, strict=True))
    check.equal([training_now, norm_now], [False, False], name="[model.training, its norm's] while it is measured")
    check.equal(gradients_on, False, name="torch.is_grad_enabled() while it is measured")
    check.equal(flags, [training, training], name="[model.training, its norm's] after the call")
    check.equal(grad_mode, True, name="torch.is_grad_enabled() after the call")
    check.that(
        untouched,
        Text(en="A parameter has another grad or requires_grad now.", vi="Một tham số đã đổi grad hoặc requires_grad."),
        code="left_alone",
    )
    check.close(after, state, name="model.state_dict() after the call")


# ----------------------------------------------------------------------------------------------------- train_step


@inside
def linear_net(weight, bias):
    net = nn.Sequential(nn.Flatten(), nn.Linear(*reversed(weight.shape))).to(weight.dtype)
    with torch.no_grad():
        net[1].weight.copy_(weight)
        net[1].bias.copy_(bias)
    return net


@inside
def steps(weight, bias, batches, lr, momentum, stale):
    net = linear_net(weight, bias)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    if stale:
        net(batches[0][0]).sum().backward()
    losses = [student.train_step(net, x, y, optimizer) for x, y in batches]
    left = [p.grad is not None for p in net.parameters()]  # nobody's duty; it tells one mistake from another
    return losses, [p.detach() for p in net.parameters()], left


@pytest.mark.item("train_step")
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("stale", [False, True])
def test_twenty_steps_follow_the_curve(student, make, momentum, stale):
    weight, bias = make(4, 6) * 0.4, make(4)
    sizes = [8] * 9 + [3] + [8] * 9 + [1]  # uneven batches
    batches = [(make(n, 6), make.ints(4, n)) for n in sizes]
    losses, params, _ = steps(weight, bias, batches, 0.1, momentum, stale)
    want, *after = descend(weight, bias, batches, 0.1, momentum)
    check.trajectory(losses, want, name="losses")
    check.close(params, after, name="parameters after 20 steps", rtol=1e-6, atol=1e-9)


@pytest.mark.item("train_step")
def test_twenty_steps_on_one_batch_of_images_in_float32(student, make):
    weight, bias = make(10, 16) * 0.25, make(10)
    x, y = make(12, 1, 4, 4), make.ints(10, 12)
    batches = [(x.float(), y)] * 20
    losses, params, _ = steps(weight.float(), bias.float(), batches, 0.2, 0.0, False)
    want, *after = descend(
        weight.float().double(), bias.float().double(), [(x.float().double().flatten(1), y)] * 20, 0.2
    )
    check.trajectory(losses, want, name="losses", rtol=1e-3)
    check.close(params, [p.float() for p in after], name="parameters after 20 steps", rtol=1e-3, atol=1e-4)


@inside
def one_step(weight, bias, x, y, training):
    net = linear_net(weight, bias).train(training)
    frozen = net[1].bias
    optimizer = torch.optim.SGD([net[1].weight], lr=0.5)  # the bias is not the optimizer's
    loss = student.train_step(net, x, y, optimizer)
    return loss, net.training, net[1].weight.detach(), frozen.detach()


@pytest.mark.item("train_step")
@pytest.mark.parametrize("training", [True, False])
def test_the_optimizer_decides_what_moves_and_the_flag_stays(student, make, training):
    weight, bias, x, y = make(3, 4), torch.tensor([1000.0, 0.0, 0.0], dtype=F64), make(5, 4), make.ints(3, 5)
    y[0] = 1  # confident and wrong
    loss, flag, moved, left = one_step(weight, bias, x, y, training)
    check.number(loss, float(mean_loss(x @ weight.T + bias, y)), name="the loss", rtol=1e-6)
    with check.about("left_alone"):
        check.equal(flag, training, name="model.training")
        check.close(moved, weight - 0.5 * gradients(weight, bias, x, y)[0], name="the weight after one step")
        check.close(left, bias, name="the bias, which the optimizer does not hold")


# ------------------------------------------------------------------------------------------------- train_logistic


@inside
def train_on_images(x, y, epochs, lr, batch_size, seed):
    return student.train_logistic(x.view(-1, 1, 28, 28), y, epochs, lr, batch_size, seed)


@inside
def logits_of(model, x):
    model.eval()
    with torch.no_grad():
        return model(x.view(-1, 1, 28, 28))


@inside
def parameters_of(model):
    return [p.detach().clone() for p in model.parameters()]


def weight_and_bias(model):
    found = {tuple(p.shape): p for p in parameters_of(model)}
    check.equal(sorted(found), [(10,), (10, 784)], name="shapes of the model's parameters, sorted")
    return found[10, 784], found[(10,)]


def expect_the_weights_of_sgd(student, x, y, batches, *, epochs, lr, batch_size, seed):
    """From the student's own start: the same weights as gradient descent by hand over these batches."""
    start = weight_and_bias(student.train_logistic(x, y, 0, lr, batch_size, seed))
    model = student.train_logistic(x, y, epochs, lr, batch_size, seed)
    _, *want = descend(*(p.double() for p in start), batches, lr)
    got = weight_and_bias(model)
    check.close(list(got), [w.float() for w in want], name="the model's [weight, bias]", rtol=1e-3, atol=1e-5)
    return model, want


def images(make, n):
    return make.uniform(n, 1, 28, 28).float()


@pytest.mark.item("train_logistic")
def test_full_batches_train_it_like_plain_sgd_on_the_mean_cross_entropy(student, make):
    x, y = images(make, 30), make.ints(10, 30)
    batches = [(rows(x), y)] * 6
    model, want = expect_the_weights_of_sgd(student, x, y, batches, epochs=6, lr=0.05, batch_size=30, seed=make.seed())
    unseen = images(make, 7)
    want_logits = (rows(unseen) @ want[0].T + want[1]).float()
    check.close(logits_of(model, unseen), want_logits, name="model(x)", rtol=1e-3, atol=1e-4)


@pytest.mark.item("train_logistic")
@check.about("smaller_batch")
def test_a_smaller_last_batch_is_used_too(student, make):
    one, label = images(make, 1), make.ints(10, 1)
    x, y = one.repeat(11, 1, 1, 1), label.repeat(11)  # equal examples: the order cannot matter
    batches = [(rows(one), label)] * 6  # 2 epochs of 4 + 4 + 3 examples
    expect_the_weights_of_sgd(student, x, y, batches, epochs=2, lr=0.002, batch_size=4, seed=make.seed())


@pytest.mark.item("train_logistic")
def test_an_epoch_uses_each_example_once(student, make):
    # steps too small to matter to each other, on images that share no pixel: together they are one step on all of them
    n, lr, seed = 12, 1e-3, make.seed()
    x, y = torch.zeros(n, 784), make.ints(10, n)
    for i in range(n):
        x[i, 65 * i : 65 * i + 65] = 1.0
    x = x.view(n, 1, 28, 28)
    start = weight_and_bias(student.train_logistic(x, y, 0, lr, 1, seed))
    got = weight_and_bias(student.train_logistic(x, y, 1, lr, 1, seed))
    _, want, _ = descend(*(p.double() for p in start), [(rows(x), y)], lr * n)
    moved, wanted = got[0] - start[0], (want - start[0].double()).float()
    check.close(moved, wanted, name="how far an epoch of small steps moved the weight", rtol=0.1, atol=5e-6)


@pytest.mark.item("train_logistic")
def test_each_epoch_has_a_new_order(student, make):
    x, y = images(make, 2), torch.tensor([3, 7])
    one_by_one = list(zip(rows(x).split(1), y.split(1), strict=True))
    for _ in range(20):  # two epochs have the same order of two images in half of the runs, in 20 runs by no chance
        seed = make.seed()
        start = [p.double() for p in weight_and_bias(student.train_logistic(x, y, 0, 0.005, 1, seed))]
        got = weight_and_bias(student.train_logistic(x, y, 2, 0.005, 1, seed))[0].double()
        off = {}
        for first in (1, -1):
            for second in (1, -1):
                _, want, _ = descend(*start, one_by_one[::first] + one_by_one[::second], 0.005)
                off[first, second] = float((got - want).abs().max())
        first, second = min(off, key=off.__getitem__)
        if first != second:
            return
    check.fail(Text(en="Every epoch has the same order.", vi="Mọi epoch đều dùng cùng một thứ tự."), code="same_epoch")


@pytest.mark.item("train_logistic")
def test_the_order_is_shuffled(student, make):
    x, y = images(make, 14), torch.arange(14) % 10
    seed = make.seed()
    start = weight_and_bias(student.train_logistic(x, y, 0, 0.02, 1, seed))
    _, got = weight_and_bias(student.train_logistic(x, y, 1, 0.02, 1, seed))
    batches = list(zip(rows(x).split(1), y.split(1), strict=True))
    _, _, in_order = descend(*(p.double() for p in start), batches, 0.02)
    check.that(
        not torch.allclose(got.double(), in_order, rtol=1e-3, atol=1e-5),
        Text(en="The examples are taken in the order of x.", vi="Các mẫu được lấy theo đúng thứ tự trong x."),
        code="not_shuffled",
    )


@pytest.mark.item("train_logistic")
def test_the_seed_decides_the_weights(student, make):
    x, y, seed = images(make, 20), make.ints(10, 20), make.seed()
    first, second, other = (
        weight_and_bias(student.train_logistic(x, y, 2, 0.02, 8, s)) for s in (seed, seed, seed + 1)
    )
    check.close(list(second), list(first), name="[weight, bias] of the second call with this seed")
    check.that(
        not torch.allclose(first[0], other[0]),
        Text(en="Two seeds give the same weights.", vi="Hai seed khác nhau cho cùng một bộ trọng số."),
        code="seed",
    )


@pytest.mark.item("train_logistic")
def test_it_reads_digits_it_has_not_seen(student, make, mnist):
    model = train_on_images(mnist.train_x, mnist.train_y, 2, 0.1, 100, make.seed())
    logits = logits_of(model, mnist.test_x)
    check.shape(logits, (len(mnist.test_y), 10), name="model(test images)")
    check.finite(logits, name="model(test images)")
    check.metric((logits.argmax(1) == mnist.test_y).double().mean().item())
