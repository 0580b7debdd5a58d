"""Hidden tests of u10_debugging: which parameters a model has, and which of them an optimizer moves."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u10_debugging")


def perceptron(x, *weights):
    """weights: w, b, w, b, … ; ReLU between the layers."""
    for i in range(0, len(weights), 2):
        x = x.clamp(min=0) if i else x
        x = x @ weights[i].T + weights[i + 1]
    return x


def cross_entropy(logits, y):
    return (logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]).mean()


def descent(weights, x, y, lr, steps, momentum=0.0):
    """Cross-entropies before each update and the weights after the last, in float64, without an optimizer."""
    weights, x = [w.double() for w in weights], x.double()
    speeds, losses = [torch.zeros_like(w) for w in weights], []
    for _ in range(steps):
        leaves = [w.requires_grad_(True) for w in weights]
        loss = cross_entropy(perceptron(x, *leaves), y)
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, leaves)
        speeds = [momentum * v + g for v, g in zip(speeds, grads, strict=True)]
        weights = [(w - lr * v).detach() for w, v in zip(leaves, speeds, strict=True)]
    return losses, weights


def weights_of(make, sizes):
    found = []
    for i in range(len(sizes) - 1):
        found += [make(sizes[i + 1], sizes[i]) * sizes[i] ** -0.5, make(sizes[i + 1])]
    return found


# -------------------------------------------------------------------------------------------------- list_of_layers

SIZES = pytest.mark.parametrize("sizes", [[5, 4, 6, 3], [4, 4, 4, 4, 4], [6, 2], [1, 1, 2]])


@inside
def model_with(sizes, weights):
    """The student's model with these weights, as far as its parameters take them."""
    model = student.ListOfLayers(sizes).to(weights[0].dtype)
    with torch.no_grad():
        for p, weight in zip(model.parameters(), weights):  # noqa: B905  (the test of the shapes tells what is missing)
            if p.shape == weight.shape:
                p.copy_(weight)
    return model


@inside
def what_it_has(sizes):
    model = student.ListOfLayers(sizes)
    return [list(p.shape) for p in model.parameters()], sum(v.numel() for v in model.state_dict().values())


@inside
def what_it_predicts(sizes, weights, x):
    return model_with(sizes, weights)(x).detach()


@inside
def what_sgd_makes_of_it(sizes, weights, x, y, lr, steps):
    model, losses = model_with(sizes, weights), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [p.detach() for p in model.parameters()]


@inside
def saved_and_loaded(sizes, weights, x):
    model, other = model_with(sizes, weights), student.ListOfLayers(sizes).to(weights[0].dtype)
    other.load_state_dict(model.state_dict())
    return other(x).detach()


@inside
def after_the_list_changed(sizes, weights, x):
    model = model_with(sizes, weights)
    sizes[:] = [1, 2]
    return model(x).detach()


@inside
def two_starts(sizes):
    return [[p.detach() for p in student.ListOfLayers(sizes).parameters()] for _ in range(2)]


def shapes_of(sizes):
    return [shape for i in range(len(sizes) - 1) for shape in ([sizes[i + 1], sizes[i]], [sizes[i + 1]])]


@pytest.mark.item("list_of_layers")
@SIZES
def test_every_layer_belongs_to_the_model(sizes):
    shapes, saved = what_it_has(sizes)
    if type(shapes) is not list or sorted(map(str, shapes)) != sorted(map(str, shapes_of(sizes))):
        with check.about("registered"):
            check.equal(shapes, shapes_of(sizes), name="shapes of model.parameters()")
    check.equal(shapes, shapes_of(sizes), name="shapes of model.parameters(), in the order of the layers")
    with check.about("registered"):
        check.equal(saved, sum(torch.Size(s).numel() for s in shapes_of(sizes)), name="numbers in model.state_dict()")


@pytest.mark.item("list_of_layers")
@SIZES
def test_relu_follows_all_layers_but_the_last(make, sizes):
    weights = weights_of(make, sizes)
    for n in (7, 1):
        x = make(n, sizes[0])
        check.close(what_it_predicts(sizes, weights, x), perceptron(x, *weights), name="model(x)")


@pytest.mark.item("list_of_layers")
def test_an_optimizer_trains_every_layer(make):
    sizes = [5, 6, 4, 3]
    weights, x, y = weights_of(make, sizes), make(8, 5), make.ints(3, 8)
    losses, got = what_sgd_makes_of_it(sizes, weights, x, y, 0.1, 12)
    want_losses, want = descent(weights, x, y, 0.1, 12)
    check.trajectory(losses, want_losses, name="losses")
    check.close(got, want, name="parameters after 12 steps", rtol=1e-6, atol=1e-9)


@pytest.mark.item("list_of_layers")
def test_a_saved_model_is_loaded_whole(make):
    sizes = [4, 5, 3, 2]
    weights, x = weights_of(make, sizes), make(6, 4)
    check.close(saved_and_loaded(sizes, weights, x), perceptron(x, *weights), name="output of the loaded model")


@pytest.mark.item("list_of_layers")
@pytest.mark.mutates
def test_the_list_may_change_afterwards(make):
    sizes = [4, 5, 3, 2]
    weights, x = weights_of(make, sizes), make(6, 4)
    check.close(after_the_list_changed(sizes, weights, x), perceptron(x, *weights), name="model(x)")


@pytest.mark.item("list_of_layers")
def test_each_model_and_each_layer_has_a_start_of_its_own():
    for first, second in zip(*two_starts([6, 6, 6, 6]), strict=True):
        check.that(
            not torch.equal(first, second),
            Text(en="Two models start with the same weights.", vi="Hai model bắt đầu với cùng trọng số."),
            code="fresh_draws",
        )


# ------------------------------------------------------------------------------------- optimizer_on_old_parameters


@inside
def body_and_head(weights):
    net = nn.Sequential()
    net.add_module("body", nn.Linear(weights[0].shape[1], weights[0].shape[0]))
    net.add_module("relu", nn.ReLU())
    net.add_module("head", nn.Linear(weights[2].shape[1], weights[2].shape[0]))
    net.to(weights[0].dtype)
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
    return net


@inside
def with_a_new_head(weights, num_classes, x, y, steps, lr, seed, upstream):
    net = body_and_head(weights)
    net(x).backward(upstream)  # what an earlier training left in .grad
    torch.manual_seed(steps)
    losses = student.optimizer_on_old_parameters(net, num_classes, x, y, steps, lr, seed)
    return losses, {name: p.detach() for name, p in net.named_parameters()}, type(net.head).__name__


NAMES = ["body.bias", "body.weight", "head.bias", "head.weight"]


def expect_both_to_learn(make, n, d, hidden, old, new, dtype):
    weights = [w.to(dtype) for w in weights_of(make, [d, hidden, old])]
    x, y, upstream, seed = make(n, d, dtype=dtype), make.ints(new, n), make(n, old, dtype=dtype), make.seed()
    none, start, _ = with_a_new_head(weights, new, x, y, 0, 0.05, seed, upstream)
    check.equal(none, [], name="losses of 0 steps")
    check.equal(sorted(start), NAMES, name="names of the parameters, sorted")
    check.shape(start["head.weight"], (new, hidden), name="model.head.weight")
    check.shape(start["head.bias"], (new,), name="model.head.bias")
    check.dtype(start["head.weight"], dtype, name="model.head.weight")
    check.close([start["body.weight"], start["body.bias"]], weights[:2], name="the body after 0 steps")
    losses, got, kind = with_a_new_head(weights, new, x, y, 12, 0.05, seed, upstream)
    check.equal(kind, "Linear", name="type(model.head).__name__")
    check.equal(sorted(got), NAMES, name="names of the parameters, sorted")
    begin = [*weights[:2], start["head.weight"], start["head.bias"]]
    want_losses, want = descent(begin, x, y, 0.05, 12, momentum=0.9)
    exact = dtype == torch.float64
    tolerance = {"rtol": 1e-6, "atol": 1e-9} if exact else {"rtol": 1e-4, "atol": 1e-5}  # a loss near 0 too
    check.trajectory(losses, want_losses, name="losses", **tolerance)
    for i, part in ((2, "head"), (0, "body")):
        pair = [got[f"{part}.weight"], got[f"{part}.bias"]]
        check.close(pair, [w.to(dtype) for w in want[i : i + 2]], name=f"[weight, bias] of the {part}", **tolerance)


@pytest.mark.item("optimizer_on_old_parameters")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_body_and_the_new_head_learn(make, dtype):
    expect_both_to_learn(make, 8, 5, 7, 3, 4, dtype)


@pytest.mark.item("optimizer_on_old_parameters")
@pytest.mark.parametrize(("n", "d", "hidden", "old", "new"), [(1, 3, 4, 2, 3), (5, 4, 4, 4, 4), (6, 2, 5, 6, 2)])
def test_heads_of_other_sizes_learn_too(make, n, d, hidden, old, new):
    expect_both_to_learn(make, n, d, hidden, old, new, torch.float64)


@pytest.mark.item("optimizer_on_old_parameters")
def test_the_seed_decides_the_head(make):
    weights, x, y, upstream = weights_of(make, [3, 40, 2]), make(4, 3), make.ints(9, 4), make(4, 2)
    seed = make.seed()
    _, start, _ = with_a_new_head(weights, 9, x, y, 0, 0.1, seed, upstream)
    one, _, _ = with_a_new_head(weights, 9, x, y, 1, 0.1, seed, upstream)
    _, other, _ = with_a_new_head(weights, 9, x, y, 0, 0.1, seed + 1, upstream)
    begin = [*weights[:2], start["head.weight"], start["head.bias"]]
    check.trajectory(one, descent(begin, x, y, 0.1, 1)[0], name="the first loss")
    check.that(
        not torch.equal(start["head.weight"], other["head.weight"]),
        Text(en="Two seeds give the same new head.", vi="Hai seed khác nhau cho cùng một head mới."),
        code="seed",
    )
    # nn.Linear draws from U(-1/sqrt(40), 1/sqrt(40)): 360 numbers, their deviation is within 15 % of 1/sqrt(120)
    for part in ("head.weight", "head.bias"):
        check.that(
            bool(start[part].abs().max() <= 40**-0.5),
            Text(
                en="The new head does not have torch's own start.", vi="Head mới không có khởi tạo mặc định của torch."
            ),
            code="init",
        )
    check.that(
        0.8 < start["head.weight"].std().item() * 120**0.5 < 1.2,
        Text(en="The new head does not have torch's own start.", vi="Head mới không có khởi tạo mặc định của torch."),
        code="init",
    )


# -------------------------------------------------------------------------------------------------- forgotten_eval


@inside
def with_two_modes(weights, statistics, p):
    """Linear, BatchNorm1d, ReLU, Dropout, Linear: what it answers in eval mode is known to the grader."""
    (hidden, d), (c, _) = weights[0].shape, weights[2].shape
    net = nn.Sequential(nn.Linear(d, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(p), nn.Linear(hidden, c))
    net.to(weights[0].dtype)
    with torch.no_grad():
        for layer, (weight, bias) in ((net[0], weights[:2]), (net[4], weights[2:])):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        net[1].running_mean.copy_(statistics[0])
        net[1].running_var.copy_(statistics[1])
    return net


@inside
def measured(weights, statistics, p, modes, x, y, batch_size):
    """The accuracy, and every trace that the call may leave."""
    seen = []

    class Watched(nn.Sequential):
        def forward(self, x):
            logits = nn.Sequential.forward(self, x)
            seen.append([len(x), int(logits.requires_grad)])
            return logits

    net = Watched(*with_two_modes(weights, statistics, p))
    for q in net.parameters():
        q.grad = torch.ones_like(q)
    for module, training in zip(net.modules(), modes, strict=True):
        module.training = training
    before = {key: value.clone() for key, value in net.state_dict().items()}, torch.get_rng_state()
    accuracy = student.forgotten_eval(net, x, y, batch_size)
    after = dict(net.state_dict()), torch.get_rng_state()
    return (
        accuracy, seen, before, after, [q.grad for q in net.parameters()], [module.training for module in net.modules()]
    )  # fmt: skip


TRAINING, USE = [True] * 6, [False] * 6
FROZEN = [True, True, False, True, True, True]  # a batch norm that shall not learn in a model that does
ODD = [False, False, True, False, True, False]


def validation(make, n, d=5, hidden=12, c=4, dtype=torch.float64):
    weights = [w.to(dtype) for w in weights_of(make, [d, hidden, c])]
    statistics = [2 * make(hidden, dtype=dtype), make.uniform(hidden).to(dtype) + 0.2]
    x = make(n, d, dtype=dtype)
    h = (x @ weights[0].T + weights[1] - statistics[0]) / (statistics[1] + 1e-5).sqrt()
    return weights, statistics, x, (h.clamp(min=0) @ weights[2].T + weights[3]).argmax(1)


@pytest.mark.item("forgotten_eval")
@pytest.mark.parametrize("batch_size", [8, 1, 37, 100])
def test_the_accuracy_is_that_of_the_model_in_use(make, batch_size):
    weights, statistics, x, answers = validation(make, 37)
    y = answers.clone()
    y[::3] = (y[::3] + 1 + make.ints(3, 13)) % 4  # 13 answers are wrong
    accuracy, seen, *_ = measured(weights, statistics, 0.5, TRAINING, x, y, batch_size)
    check.number(accuracy, 24 / 37, name="the accuracy")
    sizes = [min(batch_size, 37 - i) for i in range(0, 37, batch_size)]
    check.equal([size for size, _ in seen], sizes, name="sizes of the batches that the model sees")
    check.equal([graph for _, graph in seen], [0] * len(sizes), name="logits.requires_grad, as 0 or 1")


@pytest.mark.item("forgotten_eval")
@pytest.mark.parametrize("modes", [TRAINING, USE, FROZEN, ODD])
@pytest.mark.parametrize("p", [0.0, 0.9])
def test_it_leaves_no_trace(make, modes, p):
    weights, statistics, x, y = validation(make, 60)
    accuracy, _, before, after, grads, modes_after = measured(weights, statistics, p, modes, x, y, 16)
    check.number(accuracy, 1.0, name="the accuracy of a model that is always right")
    with check.about("left_alone"):
        check.equal(modes_after, modes, name="[module.training for module in model.modules()] afterwards")
        check.close(after[0], before[0], name="model.state_dict() afterwards")
        check.close(after[1], before[1], name="the random state afterwards")
        shapes = [w.shape for w in (*weights[:2], *statistics, *weights[2:])]
        check.close(grads, [torch.ones(s, dtype=torch.float64) for s in shapes], name="gradients afterwards")


@pytest.mark.item("forgotten_eval")
def test_a_model_that_is_never_right_and_one_example(make):
    weights, statistics, x, answers = validation(make, 5, dtype=torch.float32)
    accuracy, *_ = measured(weights, statistics, 0.5, TRAINING, x, (answers + 1) % 4, 2)
    check.number(accuracy, 0.0, name="the accuracy of a model that is never right")
    accuracy, *_ = measured(weights, statistics, 0.5, TRAINING, x[:1], answers[:1], 3)
    check.number(accuracy, 1.0, name="the accuracy on one example")
