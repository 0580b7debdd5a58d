"""Hidden tests of u10_debugging: the four tools that say where to look."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import math
from contextlib import nullcontext

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u10_debugging")


def cross_entropy(logits, y):
    return (logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]).mean()


# ---------------------------------------------------------------------------------------------- overfit_one_batch


@inside
def after_overfitting(weights, statistics, x, y, steps, training):
    """The loss, then what the model looks like before and afterwards."""
    (hidden, d), (c, _) = weights[0].shape, weights[4].shape
    net = nn.Sequential(nn.Linear(d, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, c)).to(x.dtype)
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
        net[1].running_mean.copy_(statistics[0])
        net[1].running_var.copy_(statistics[1])
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    net.train(training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    loss = student.overfit_one_batch(net, (x, y), steps)
    grads = [p.grad for p in net.parameters()]
    return loss, before, dict(net.state_dict()), grads, [module.training for module in net.modules()]


def forward(x, statistics, w1, b1, gamma, beta, w2, b2):
    h = x @ w1.T + b1
    mean, var = statistics or (h.mean(0), (h - h.mean(0)).square().mean(0))
    return ((h - mean) / (var + 1e-5).sqrt() * gamma + beta).clamp(min=0) @ w2.T + b2


def adam(weights, loss_of, steps):
    """Adam by its formula, lr 0.01, betas 0.9 and 0.999, eps 1e-8; the loss after the last update."""
    m, v = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
    for t in range(1, steps + 1):
        leaves = [w.requires_grad_(True) for w in weights]
        grads = torch.autograd.grad(loss_of(*leaves), leaves)
        m = [0.9 * a + 0.1 * g for a, g in zip(m, grads, strict=True)]
        v = [0.999 * a + 0.001 * g * g for a, g in zip(v, grads, strict=True)]
        weights = [
            (w - 0.01 * (a / (1 - 0.9**t)) / ((b / (1 - 0.999**t)).sqrt() + 1e-8)).detach()
            for w, a, b in zip(leaves, m, v, strict=True)
        ]
    return loss_of(*weights).item()


def expect_overfitting(make, n, d, hidden, c, steps, training=False, dtype=torch.float64):
    weights = [make(hidden, d), make(hidden), make(hidden), make(hidden), make(c, hidden), make(c)]
    weights = [w.to(dtype) for w in weights]
    statistics = [make(hidden).to(dtype), make.uniform(hidden).to(dtype) + 0.5]
    x, y = make(n, d, dtype=dtype), make.ints(c, n)
    loss, before, after, grads, modes = after_overfitting(weights, statistics, x, y, steps, training)
    exact = [w.double() for w in weights]
    known = None if training else [s.double() for s in statistics]
    want = adam(exact, lambda *w: cross_entropy(forward(x.double(), known, *w), y), steps)
    tolerance = {"rtol": 1e-6, "atol": 1e-9} if dtype == torch.float64 else {"rtol": 1e-3, "atol": 1e-5}
    check.number(loss, want, name="the loss", **tolerance)
    check.close(after, before, name="model.state_dict() afterwards")
    check.close(grads, [torch.ones_like(w) for w in weights], name="gradients of the model afterwards")
    with check.about("training_flag"):
        check.equal(modes, [training] * 5, name="[module.training for module in model.modules()] afterwards")


@pytest.mark.item("overfit_one_batch")
@pytest.mark.parametrize("steps", [0, 1, 12])
@pytest.mark.parametrize("training", [True, False])
def test_the_loss_of_a_trained_copy(make, steps, training):
    expect_overfitting(make, 8, 5, 7, 3, steps, training)


@pytest.mark.item("overfit_one_batch")
@pytest.mark.parametrize(("n", "d", "hidden", "c"), [(1, 3, 4, 2), (4, 4, 4, 4), (3, 2, 5, 6)])
def test_batches_of_other_sizes_are_learned_too(make, n, d, hidden, c):
    expect_overfitting(make, n, d, hidden, c, 10)


@pytest.mark.item("overfit_one_batch")
def test_float32_models_are_learned_too(make):
    expect_overfitting(make, 6, 4, 5, 3, 10, dtype=torch.float32)


# ------------------------------------------------------------------------------------------------ initial_loss_ok


@inside
def first_loss(logits, y, c, p, training):
    """A model whose output in eval mode is its input (shifted and back); in training mode it is something else."""
    net = nn.Sequential(nn.BatchNorm1d(c), nn.Dropout(p), nn.Linear(c, c)).to(logits.dtype)
    with torch.no_grad():
        net[0].running_mean.fill_(2.0)
        net[0].running_var.fill_(1.0 - 1e-5)
        net[2].weight.copy_(torch.eye(c))
        net[2].bias.fill_(-0.5)
    for q in net.parameters():
        q.grad = torch.ones_like(q)
    net.train(training)
    net[1].train(not training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    ok = student.initial_loss_ok(net, (logits + 2.0, y), c)
    modes = [int(module.training) for module in net.modules()]
    return ok, before, dict(net.state_dict()), [q.grad for q in net.parameters()], modes


def logits_with(ratios, c, y):
    """One example for each ratio: its cross-entropy is ratio · ln(c)."""
    logits = torch.zeros(len(ratios), c, dtype=torch.float64)
    for i, ratio in enumerate(ratios):
        logits[i, y[i]] = math.log((c - 1) / (c**ratio - 1))
    return logits


def expect_ok(batches, want, *, training=False, p=0.5):
    """batches: (logits, y).  All answers are compared together: one True or False says little about its cause."""
    runs = [first_loss(logits, y, logits.shape[1], p, training) for logits, y in batches]
    check.equal([ok for ok, *_ in runs], want, name="initial_loss_ok, once for each batch")
    t = int(training)
    for (logits, _), (_, before, after, grads, modes) in zip(batches, runs, strict=True):
        check.close(after, before, name="model.state_dict() afterwards")
        c = logits.shape[1]
        ones = [torch.ones(shape, dtype=logits.dtype) for shape in ((c,), (c,), (c, c), (c,))]
        check.close(grads, ones, name="gradients of the model afterwards")
        with check.about("training_flag"):
            check.equal(modes, [t, t, 1 - t, t], name="[module.training for module in model.modules()] afterwards")


@pytest.mark.item("initial_loss_ok")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("c", [2, 10, 7])
def test_a_quarter_away_is_the_limit(make, c, training):
    y = make.ints(c, 6)
    ratios = [1.0, 0.76, 0.74, 1.24, 1.26, 0.9, 1.6]
    want = [True, True, False, True, False, True, False]
    expect_ok([(logits_with([ratio] * 6, c, y), y) for ratio in ratios], want, training=training)


@pytest.mark.item("initial_loss_ok")
def test_it_is_the_mean_over_the_batch_that_counts(make):
    y = make.ints(5, 3)
    rows = [[0.5, 1.5, 1.05], [1.0, 1.0, 1.9], [0.9], [0.6]]
    batches = [(logits_with(ratios, 5, y), y[: len(ratios)]) for ratios in rows]
    expect_ok(batches, [True, False, True, False])
    expect_ok([(logits.float(), labels) for logits, labels in batches], [True, False, True, False])


@pytest.mark.item("initial_loss_ok")
def test_a_loss_that_is_no_number_is_not_ok(make):
    y = make.ints(4, 5)
    batches = []
    for bad in (math.nan, math.inf):
        logits = logits_with([1.0] * 5, 4, y)
        logits[2, 1] = bad
        batches.append((logits, y))
    expect_ok(batches, [False, False])


# ------------------------------------------------------------------------------------------------ first_bad_layer


@inside
def looked_at(net, x):
    """What the tool says, how often the model ran, and what is left behind: hooks, modes, gradients."""
    runs = []

    class Watched(nn.Module):
        def __init__(self, net):
            nn.Module.__init__(self)
            self.net = net

        def forward(self, x):
            runs.append(1)
            return self.net(x)

    model = Watched(net)
    for module in model.modules():
        module.register_forward_hook(lambda module, args, output: None)  # somebody else's
    said = student.first_bad_layer(model, x)
    return said, len(runs), hooks_of(model), [p.grad is None for p in model.parameters()], model.training


@inside
def hooks_of(model):
    """[forward hooks, other hooks] of each module, and of all modules at once."""
    every = nn.modules.module
    found = [
        [len(m._forward_hooks), len(m._forward_pre_hooks) + len(m._backward_hooks)] for m in model.modules()
    ]  # fmt: skip
    return [*found, [len(every._global_forward_hooks), len(every._global_forward_pre_hooks)]]


@inside
def chain(x, where, value):
    """Linear, ReLU, Sequential(Linear, Tanh), Hardtanh, Linear; one weight of the layer `where` is `value`."""
    d = x.shape[1]
    net = nn.Sequential(
        nn.Linear(d, d), nn.ReLU(), nn.Sequential(nn.Linear(d, d), nn.Tanh()), nn.Hardtanh(), nn.Linear(d, d)
    ).to(x.dtype)  # fmt: skip
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.ones_like(p) / d)
        for layer in [net[i] for i in (0, 4) if i == where] + [net[2][0]] * (where == 2):
            layer.bias[d - 1] = value
    return looked_at(net, x)


HOOKS = Text(
    "Hooks are left on the model, or somebody else's are gone: remove each handle that you made, and no other, "
    "whatever the model raises.",
    "Hook còn sót lại trên model, hoặc hook của người khác đã mất: hãy gỡ đúng từng handle bạn tạo, dù model có "
    "báo lỗi.",
)


def expect_found(evidence, want, modules):
    said, runs, hooks, without_grad, training = evidence
    check.equal(said, want, name="first_bad_layer(model, x)")
    check.equal(runs, 1, name="how often the model ran")
    with check.about("hooks", en=HOOKS.en, vi=HOOKS.vi):
        check.equal(hooks, [[1, 0]] * modules + [[0, 0]], name="hooks of each module afterwards")
    check.equal(without_grad, [True] * len(without_grad), name="[p.grad is None for p in model.parameters()]")
    check.equal(training, True, name="model.training")


@pytest.mark.item("first_bad_layer")
@pytest.mark.parametrize(
    ("where", "value", "want"),
    [
        (4, math.nan, "net.4"),
        (0, math.inf, "net.0"),
        (0, math.nan, "net.0"),
        (2, -math.inf, "net.2.0"),
        (2, math.nan, "net.2.0"),
        (4, math.inf, "net.4"),
        (4, -math.inf, "net.4"),
    ],
)
def test_the_first_layer_with_a_bad_number(make, value, where, want):
    expect_found(chain(make.uniform(3, 4) + 0.1, where, value), want, 9)


@pytest.mark.item("first_bad_layer")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sound_model_has_no_bad_layer(make, dtype):
    expect_found(chain(make(1, 5, dtype=dtype), -1, 0.0), None, 9)
    expect_found(chain(make(6, 2, dtype=dtype) * 1e30, -1, 0.0), None, 9)  # large is not infinite


@pytest.mark.item("first_bad_layer")
def test_bad_data_show_in_the_first_layer(make):
    x = make(4, 3)
    x[2, 1] = math.nan
    expect_found(chain(x, -1, 0.0), "net.0", 9)


@inside
def run_in_another_order(x, rescue):
    """`last` was made first and runs last; both layers are bad, or what comes before them is."""

    class Backwards(nn.Module):
        def __init__(self, d):
            nn.Module.__init__(self)
            self.last, self.early = nn.Linear(d, d), nn.Linear(d, d)

        def forward(self, x):
            h = self.early(x)
            return self.last(-h.abs().log() if rescue else h.abs())

    net = Backwards(x.shape[1]).to(x.dtype)
    with torch.no_grad():
        net.early.weight.zero_()
        net.early.bias.fill_(0.0 if rescue else float("nan"))
    return looked_at(net, x)


@pytest.mark.item("first_bad_layer")
@check.about(
    "run_order",
    en="The layers are asked in the order in which they were made; the order in which they run counts.",
    vi="Các lớp được xét theo thứ tự tạo ra; thứ tự cần xét là thứ tự chạy.",
)
def test_the_order_is_that_of_the_run(make):
    expect_found(run_in_another_order(make(3, 4), False), "net.early", 4)
    expect_found(run_in_another_order(make(3, 4), True), "net.last", 4)  # log(0) between the layers belongs to neither


@inside
def spoilt_between(x):
    """A module around a layer takes the log of 0 behind it, and the next layer mends that: no layer is bad."""

    class Spoils(nn.Module):
        def __init__(self, d):
            nn.Module.__init__(self)
            self.layer = nn.Linear(d, d)

        def forward(self, x):
            return (self.layer(x) * 0.0).log()

    return looked_at(nn.Sequential(Spoils(x.shape[1]), nn.Hardtanh()).to(x.dtype), x)


@pytest.mark.item("first_bad_layer")
def test_a_module_with_modules_inside_is_no_layer(make):
    expect_found(spoilt_between(make(3, 2)), None, 5)


@inside
def run_twice(x, factor):
    """One layer that runs twice, with another between; only its second output is infinite."""

    class Twice(nn.Module):
        def __init__(self, d):
            nn.Module.__init__(self)
            self.grow, self.copy, self.end = nn.Linear(d, d, bias=False), nn.Identity(), nn.Tanh()

        def forward(self, x):
            return self.end(self.copy(self.grow(self.copy(self.grow(x)))))

    net = Twice(x.shape[1]).to(x.dtype)
    with torch.no_grad():
        net.grow.weight.copy_(torch.eye(x.shape[1]) * factor)
    return looked_at(net, x)


@inside
def bad_only_at_first(x):
    """A layer that is bad when it runs first and sound when it runs again, behind one that mends its output."""

    class Healed(nn.Module):
        def __init__(self, d):
            nn.Module.__init__(self)
            self.mend, self.shrink, self.early = nn.Hardtanh(), nn.Linear(d, d, bias=False), nn.Identity()

        def forward(self, x):
            return self.shrink(self.mend(self.shrink(self.early(x))))

    net = Healed(x.shape[1]).to(x.dtype)
    with torch.no_grad():
        net.shrink.weight.copy_(torch.eye(x.shape[1]) * 1e200)
    return looked_at(net, x * 1e200)


@pytest.mark.item("first_bad_layer")
def test_a_layer_may_run_twice(make):
    expect_found(run_twice(make(2, 3) + 3, 1e200), "net.grow", 5)
    expect_found(run_twice(make(2, 3), 1.0), None, 5)
    expect_found(bad_only_at_first(make(2, 3).abs() + 0.1), "net.shrink", 5)


@inside
def one_layer(x, bad):
    layer = nn.Linear(x.shape[1], 2).to(x.dtype)
    if bad:
        nn.init.constant_(layer.bias, float("inf"))
    return student.first_bad_layer(layer, x), hooks_of(layer)


@inside
def words(ids, bad):
    net = nn.Sequential(nn.Identity(), nn.Embedding(9, 4), nn.Flatten())
    if bad:
        nn.init.constant_(net[1].weight, float("nan"))
    return student.first_bad_layer(net, ids)


@pytest.mark.item("first_bad_layer")
def test_models_of_one_layer_and_of_whole_numbers(make):
    for bad, name, layer in ((True, "", "1"), (False, None, None)):
        check.equal(one_layer(make(3, 4), bad), (name, [[0, 0], [0, 0]]), name="(name of the only layer, its hooks)")
        check.equal(words(make.ints(9, 2, 3), bad), layer, name="first_bad_layer of a model that reads integers")


@inside
def a_run_that_raises(x):
    net = nn.Sequential(nn.Linear(x.shape[1], 3), nn.Linear(4, 2)).to(x.dtype)  # the second cannot read the first
    try:
        student.first_bad_layer(net, x)
    except RuntimeError:
        raised = 1
    else:
        raised = 0
    return raised, hooks_of(net)


@pytest.mark.item("first_bad_layer")
def test_the_hooks_are_gone_when_the_model_raises(make):
    got = a_run_that_raises(make(2, 5))
    went_on = type(got) is tuple and len(got) == 2 and got[0] == 1
    with check.about("hooks", en=HOOKS.en, vi=HOOKS.vi) if went_on else nullcontext():
        check.equal(got, (1, [[0, 0]] * 4), name="(1 when the RuntimeError of the model went on, hooks afterwards)")


@inside
def run_in_use(x):
    net = nn.Sequential(nn.Linear(x.shape[1], 3), nn.BatchNorm1d(3), nn.Linear(3, 2)).to(x.dtype).eval()
    net[1].running_var.fill_(-1.0)  # a root of −1 in eval mode only
    return student.first_bad_layer(net, x), [module.training for module in net.modules()]


@pytest.mark.item("first_bad_layer")
def test_the_model_runs_in_the_mode_it_is_in(make):
    check.equal(run_in_use(make(4, 3)), ("1", [False] * 4), name="(name, modes afterwards) of a model in eval mode")


# ------------------------------------------------------------------------------------------------ gradient_report


@inside
def report_of(grads):
    """The report on a model of one parameter for each gradient, half of them in a module inside it."""
    model = nn.Module()
    model.inner = nn.Module()
    model.register_buffer("counter", torch.zeros(3))
    for i, grad in enumerate(grads):
        p = nn.Parameter(torch.ones(2, 3) if grad is None else torch.ones_like(grad))
        p.grad = grad if grad is None else grad.clone()
        (model.inner if i % 2 else model).register_parameter(f"p{i}", p)
    report = student.gradient_report(model)
    after = [p.grad for _, p in sorted((name[-1], p) for name, p in model.named_parameters())]
    return report, list(report), after


def expect_report(grads, words):
    report, order, after = report_of(grads)
    names = [f"p{i}" for i in range(0, len(grads), 2)] + [f"inner.p{i}" for i in range(1, len(grads), 2)]
    want = {name: words[int(name[-1])] for name in names}
    check.equal(report, want, name="gradient_report(model)")
    check.equal(order, names, name="the order of the names")
    for grad, left in zip(grads, after, strict=True):
        if grad is None:
            check.equal(left, None, name="a gradient that was None")
        else:
            check.close(left.nan_to_num(), grad.nan_to_num(), name="a gradient afterwards")


@pytest.mark.item("gradient_report")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_four_words(make, dtype):
    nan, inf = make(4, 3, dtype=dtype), make(5, dtype=dtype)
    nan[2, 1], inf[3] = math.nan, -math.inf
    grads = [make(3, 2, dtype=dtype), None, torch.zeros(2, 2, dtype=dtype), nan, inf, torch.zeros((), dtype=dtype)]
    expect_report(grads, ["ok", "none", "zero", "nan", "nan", "zero"])


@pytest.mark.item("gradient_report")
@check.about(
    "zero_means_all",
    en="A gradient is zero only when each of its entries is exactly 0: not its sum, not nearly, not one of them.",
    vi="Gradient chỉ bằng 0 khi mọi phần tử đúng bằng 0: không phải tổng của nó, không phải gần bằng 0, "
    "không phải chỉ một phần tử.",
)
def test_what_looks_like_zero_and_is_not(make):
    one = torch.zeros(3, 4)
    one[2, 3] = -1e-30  # its square is 0 in float32
    a = make(1, dtype=torch.float32)
    grads = [one, torch.cat([a, -a]), -make.uniform(4).float() - 0.1, torch.full((2,), 1e-12), make(1), -torch.zeros(3)]
    expect_report(grads, ["ok", "ok", "ok", "ok", "ok", "zero"])


@pytest.mark.item("gradient_report")
def test_what_is_not_finite_beside_zeros(make):
    nan, both, inf = torch.zeros(6), torch.zeros(2, 2), torch.zeros(3)
    nan[5], both[0], inf[0] = math.nan, torch.tensor([math.inf, -math.inf]), math.inf
    expect_report([nan, both, inf, None], ["nan", "nan", "nan", "none"])


@inside
def report_after_a_run(x):
    """A frozen layer, a ReLU that is always off, a head whose bias alone gets a gradient, one without use."""
    net = nn.Sequential(nn.Linear(x.shape[1], 3), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2)).to(x.dtype)
    net[0].requires_grad_(False)
    nn.init.constant_(net[1].bias, -1e6)
    model = nn.ModuleDict({"net": net, "again": net[1], "spare": nn.Linear(2, 2)})
    net(x).square().sum().backward()
    return student.gradient_report(model)


@inside
def report_of_nothing():
    return student.gradient_report(nn.ReLU())


@pytest.mark.item("gradient_report")
def test_a_real_backward(make):
    want = {
        "net.0.weight": "none", "net.0.bias": "none", "net.1.weight": "zero", "net.1.bias": "zero",
        "net.3.weight": "zero", "net.3.bias": "ok", "spare.weight": "none", "spare.bias": "none",
    }  # fmt: skip
    check.equal(report_after_a_run(make(5, 4)), want, name="gradient_report(model)")
    check.equal(report_of_nothing(), {}, name="gradient_report of a model without parameters")
