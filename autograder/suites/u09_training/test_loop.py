"""Hidden tests of u09_training: an epoch, many epochs, a batch in pieces, and when to stop."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u09_training")

LOSSES = {"mse": F.mse_loss, "cross_entropy": F.cross_entropy}


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
def one_layer(weights):
    """nn.Linear with these weights, or without a bias where there is one weight."""
    d_out, d_in = weights[0].shape
    net = nn.Linear(d_in, d_out, bias=len(weights) == 2).to(weights[0].dtype)
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
    return net


@inside
def loss_called(name):
    return {"mse": F.mse_loss, "cross_entropy": F.cross_entropy}[name]


@inside
def loader_of(batches, how):
    """The batches as a list, a generator (one walk), or a DataLoader."""
    if how == "generator":
        return (batch for batch in batches)
    if how == "list":
        return batches
    x, y = (torch.cat([batch[place] for batch in batches]) for place in (0, 1))
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=len(batches[0][0]))


def layers(make, d_in, hidden, d_out):
    return [make(hidden, d_in) * d_in**-0.5, make(hidden), make(d_out, hidden) * hidden**-0.5, make(d_out)]


def forward(x, *weights):
    """Linear, or Linear, ReLU, Linear, with or without biases in the one-layer case."""
    if len(weights) < 4:
        return F.linear(x, *weights)
    w1, b1, w2, b2 = weights
    return (x @ w1.T + b1).clamp(min=0) @ w2.T + b2


def pieces(make, sizes, d_in, d_out, loss):
    """Batches of these sizes for a network d_in → d_out."""
    return [(make(n, d_in), make.ints(d_out, n) if loss == "cross_entropy" else make(n, d_out)) for n in sizes]


def mean_over_examples(losses, batches):
    counts = torch.tensor([len(x) for x, _ in batches], dtype=torch.float64)
    return (torch.tensor(losses, dtype=torch.float64) @ counts / counts.sum()).item()


def reference_epoch(weights, optimizer, batches, loss_fn):
    losses = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(forward(x, *weights), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return mean_over_examples(losses, batches)


# ------------------------------------------------------------------------------------------------ train_one_epoch


@inside
def four_epochs(weights, batches, loss, lr, momentum, how, stale):
    net, loss_fn = two_layers(weights).eval(), loss_called(loss)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    if stale:
        net(batches[0][0]).sum().backward()
    losses = [student.train_one_epoch(net, loader_of(batches, how), optimizer, loss_fn) for _ in range(4)]
    return losses, [p.detach() for p in net.parameters()]


@pytest.mark.item("train_one_epoch")
@pytest.mark.parametrize(
    ("loss", "how", "sizes", "stale"),
    [
        ("mse", "list", [5, 1, 3, 4], True),
        ("cross_entropy", "DataLoader", [4, 4, 4, 1], False),
        ("cross_entropy", "generator", [3, 2, 6], False),
    ],
)
def test_every_epoch_takes_the_steps_of_the_optimizer_and_returns_the_mean_over_examples(
    student, make, loss, how, sizes, stale
):
    weights, batches = layers(make, 5, 7, 3), pieces(make, sizes, 5, 3, loss)
    losses, params = four_epochs(weights, batches, loss, 0.1, 0.8, how, stale)
    want = [w.clone().requires_grad_(True) for w in weights]
    optimizer = torch.optim.SGD(want, lr=0.1, momentum=0.8)
    want_losses = [reference_epoch(want, optimizer, batches, LOSSES[loss]) for _ in range(4)]
    check.trajectory(losses, want_losses, name="losses of 4 epochs")
    check.close(params, [w.detach() for w in want], name="parameters after 4 epochs", rtol=1e-6, atol=1e-9)


@inside
def modes_of_an_epoch(batches, training):
    seen = []

    class Probe(nn.Linear):
        def forward(self, x):
            seen.append([len(x), self.training])
            return super().forward(x)

    net = Probe(4, 2).double().train(training)
    student.train_one_epoch(net, batches, torch.optim.SGD(net.parameters(), lr=0.1), F.mse_loss)
    return seen, net.training


@pytest.mark.item("train_one_epoch")
@pytest.mark.parametrize("training", [True, False])
@check.about(
    "training_mode",
    en="The model has to be in training mode during the epoch, and to see each batch once.",
    vi="Trong suốt epoch, model phải ở chế độ huấn luyện và thấy mỗi batch đúng một lần.",
)
def test_the_model_sees_each_batch_once_and_in_training_mode(student, make, training):
    batches = pieces(make, [3, 1, 2], 4, 2, "mse")
    seen, after = modes_of_an_epoch(batches, training)
    check.equal(seen, [[3, True], [1, True], [2, True]], name="[batch size, model.training] of each forward")
    check.equal(after, True, name="model.training afterwards")


# ------------------------------------------------------------------------------------------------------------ fit


@inside
def fitted(weights, train, val, loss, lr, momentum, epochs, how):
    net, loss_fn = (two_layers if len(weights) == 4 else one_layer)(weights), loss_called(loss)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    history = student.fit(net, loader_of(train, how), loader_of(val, how), optimizer, loss_fn, epochs)
    return history, [p.detach() for p in net.parameters()]


def reference_fit(weights, train, val, loss, lr, momentum, epochs):
    """The history, and the weights after every epoch."""
    weights, loss_fn = [w.clone().requires_grad_(True) for w in weights], LOSSES[loss]
    optimizer, history, states = torch.optim.SGD(weights, lr=lr, momentum=momentum), [], []
    for _ in range(epochs):
        train_loss = reference_epoch(weights, optimizer, train, loss_fn)
        losses = [loss_fn(forward(x, *weights), y).item() for x, y in val]
        history.append({"train_loss": train_loss, "val_loss": mean_over_examples(losses, val)})
        states.append([w.detach().clone() for w in weights])
    return history, states


def targets(batches, w):
    return [(x, x @ w.T) for x, _ in batches]


@inside
def fit_with_probe(weights, trains, vals, lr):
    """A model that notes how it is called and counts its training batches in a buffer; other batches each walk."""
    seen = []

    class Probe(nn.Linear):
        def __init__(self, d_in, d_out):
            super().__init__(d_in, d_out, bias=len(weights) == 2)
            self.register_buffer("steps", torch.tensor(0))

        def forward(self, x):
            seen.append([len(x), "train" if self.training else "eval", torch.is_grad_enabled()])
            if self.training:
                self.steps += 1
            return super().forward(x)

    class Changing:
        def __init__(self, walks):
            self.walks, self.begun = walks, 0

        def __iter__(self):
            self.begun += 1
            return iter(self.walks[self.begun - 1])

    net = Probe(*reversed(weights[0].shape)).double()
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
    train, val = Changing(trains), Changing(vals)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    student.fit(net, train, val, optimizer, F.mse_loss, len(vals))
    return seen, [train.begun, val.begun], net.steps, [p.detach() for p in net.parameters()]


def states_after(weights, trains, lr):
    """The weights after every epoch."""
    weights, states = [w.clone().requires_grad_(True) for w in weights], []
    optimizer = torch.optim.SGD(weights, lr=lr)
    for train in trains:
        reference_epoch(weights, optimizer, train, F.mse_loss)
        states.append([w.detach().clone() for w in weights])
    return states


def expect_epoch(got, weights, trains, best):
    """The buffer and the parameters are those after epoch `best`."""
    _, walks, steps, params = got
    check.equal(walks, [len(trains)] * 2, name="[walks through train, walks through val]")
    check.close(steps, torch.tensor(sum(map(len, trains[: best + 1]))), name="a buffer that counts training batches")
    check.close(params, states_after(weights, trains, 0.1)[best], name="parameters at the end", rtol=1e-8, atol=1e-10)


@pytest.mark.item("fit")
@pytest.mark.parametrize("best", [0, 2])
def test_the_lowest_val_loss_decides(student, make, best):
    weights = [make(2, 3), make(2)]
    # the lowest train_loss is that of epoch 1, the highest val_loss that of epoch 3; the last is epoch 4
    trains = [[(make(n, 3), make(n, 2) * (1 if k == 1 else 30)) for n in (3, 2, 1)] for k in range(5)]
    scales = [100.0, 100.0, 100.0, 1000.0, 100.0]
    scales[best] = 1.0
    vals = [[(make(4, 3), make(4, 2) * scale), (make(2, 3), make(2, 2) * scale)] for scale in scales]
    got = fit_with_probe(weights, trains, [[(0 * x, y) for x, y in val] for val in vals], 0.1)
    expect_epoch(got, weights, trains, best)


@pytest.mark.item("fit")
def test_of_equal_epochs_the_earliest_counts(student, make):
    weights, trains = [make(2, 3)], [pieces(make, [4, 3], 3, 2, "mse") for _ in range(5)]
    nothing, target = torch.zeros(4, 3, dtype=torch.float64), make(4, 2)
    # no bias: for x = 0 it predicts 0 with any weights
    vals = [[(nothing, target * scale)] for scale in (3.0, 1.0, 1.0, 1.0, 2.0)]
    expect_epoch(fit_with_probe(weights, trains, vals, 0.1), weights, trains, 1)


@pytest.mark.item("fit")
@pytest.mark.parametrize("how", ["list", "DataLoader"])
def test_the_weights_of_the_best_epoch_are_in_the_model_at_the_end(student, make, how):
    # from 0 towards w, while what is validated lies half-way: the validation loss falls and rises again
    w, start = make(2, 3), [torch.zeros(2, 3, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)]
    train = targets(pieces(make, [12, 12, 12, 5], 3, 2, "mse"), w)
    val = targets(pieces(make, [20, 20, 3], 3, 2, "mse"), 0.5 * w)
    history, params = fitted(start, train, val, "mse", 0.04, 0.0, 12, how)
    want, states = reference_fit(start, train, val, "mse", 0.04, 0.0, 12)
    val_losses = [entry["val_loss"] for entry in want]
    best = val_losses.index(min(val_losses))
    assert 0 < best < 11, val_losses
    check.close(history, want, name="history", rtol=1e-8)
    check.close(params, states[best], name="parameters at the end", rtol=1e-8, atol=1e-10)


@pytest.mark.item("fit")
@pytest.mark.parametrize("epochs", [1, 3])
def test_while_it_gets_better_the_last_epoch_is_the_best(student, make, epochs):
    weights = layers(make, 4, 6, 3)
    train = pieces(make, [6, 6, 1], 4, 3, "cross_entropy")
    history, params = fitted(weights, train, train, "cross_entropy", 0.05, 0.5, epochs, "list")
    want, states = reference_fit(weights, train, train, "cross_entropy", 0.05, 0.5, epochs)
    val_losses = [entry["val_loss"] for entry in want]
    check.close(history, want, name="history", rtol=1e-8)
    check.close(params, states[val_losses.index(min(val_losses))], name="parameters at the end", rtol=1e-8, atol=1e-10)


@pytest.mark.item("fit")
def test_no_epochs_change_nothing(student, make):
    weights, train = layers(make, 3, 3, 3), pieces(make, [3], 3, 3, "mse")
    history, params = fitted(weights, train, train, "mse", 0.1, 0.0, 0, "list")
    check.equal(history, [], name="history of 0 epochs")
    check.close(params, weights, name="parameters after 0 epochs")


@pytest.mark.item("fit")
@check.about(
    "validation",
    en="Validation has to run in eval mode and without a graph.",
    vi="Việc đánh giá trên tập validation phải chạy ở chế độ eval và không dựng đồ thị.",
)
def test_validation_is_in_eval_mode_without_a_graph(student, make):
    weights, trains = [make(2, 3), make(2)], [pieces(make, [3, 2, 1], 3, 2, "mse") for _ in range(3)]
    seen, *_ = fit_with_probe(weights, trains, [pieces(make, [4, 2], 3, 2, "mse")] * 3, 0.1)
    an_epoch = [[n, "train", True] for n in (3, 2, 1)] + [[n, "eval", False] for n in (4, 2)]
    check.equal(seen, an_epoch * 3, name="[batch size, mode, grad enabled] of each forward")


@pytest.mark.item("fit")
@check.about("nan_compared")
def test_nan_is_never_the_best(student, make):
    weights, trains = [make(2, 3), make(2)], [pieces(make, [3, 2, 1], 3, 2, "mse") for _ in range(5)]
    vals = [[(make(4, 3), make(4, 2) * (1 if k == 2 else 1000))] for k in range(5)]
    for k in (0, 3):
        vals[k][0][1][1, 1] = math.nan
    expect_epoch(fit_with_probe(weights, trains, vals, 0.1), weights, trains, 2)


# ------------------------------------------------------------------------------------------------ accumulate_step


@inside
def accumulated(weights, steps, loss, lr, momentum, stale, training):
    net, loss_fn = two_layers(weights).train(training), loss_called(loss)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    if stale:
        net(steps[0][0][0]).sum().backward()
    for micro_batches in steps:
        student.accumulate_step(net, optimizer, loss_fn, micro_batches)
    return [p.detach() for p in net.parameters()], net.training


@pytest.mark.item("accumulate_step")
@pytest.mark.parametrize(
    ("loss", "sizes", "stale", "training"),
    [
        ("mse", [6, 2], True, True),
        ("cross_entropy", [1, 5, 3], False, False),
        ("cross_entropy", [4, 4], False, True),
        ("mse", [1], False, True),
    ],
)
def test_ten_steps_in_pieces_are_those_of_the_whole_batches(student, make, loss, sizes, stale, training):
    weights = layers(make, 5, 7, 3)
    steps = [pieces(make, sizes, 5, 3, loss) for _ in range(10)]
    params, flag = accumulated(weights, steps, loss, 0.1, 0.8, stale, training)
    want = [w.clone().requires_grad_(True) for w in weights]
    optimizer = torch.optim.SGD(want, lr=0.1, momentum=0.8)
    for step in steps:
        whole = torch.cat([x for x, _ in step]), torch.cat([y for _, y in step])
        reference_epoch(want, optimizer, [whole], LOSSES[loss])
    check.close(params, [w.detach() for w in want], name="parameters after 10 steps", rtol=1e-7, atol=1e-9)
    with check.about("training_flag"):
        check.equal(flag, training, name="model.training afterwards")


@inside
def forwards_and_backwards(micro_batches):
    events = []

    class Probe(nn.Linear):
        def forward(self, x):
            out = super().forward(x)
            events.append(["forward", len(x)])
            out.register_hook(lambda grad: events.append(["backward", len(grad)]))
            return out

    net = Probe(4, 2).double()
    student.accumulate_step(net, torch.optim.SGD(net.parameters(), lr=0.1), F.mse_loss, micro_batches)
    return events


@pytest.mark.item("accumulate_step")
def test_only_one_piece_has_a_graph_at_a_time(student, make):
    events = forwards_and_backwards(pieces(make, [3, 1, 2], 4, 2, "mse"))
    want = [[what, n] for n in (3, 1, 2) for what in ("forward", "backward")]
    forwards = [n for what, n in events if what == "forward"]
    check.equal(forwards, [3, 1, 2], name="sizes of the batches that went through the model")
    with check.about(
        "graph",
        en="The graphs of several pieces exist at the same time: call backward() piece by piece.",
        vi="Đồ thị của nhiều phần tồn tại cùng lúc: hãy gọi backward() cho từng phần.",
    ):
        check.equal(events, want, name="[what, size of the piece] in the order of time")


# -------------------------------------------------------------------------------------------------- EarlyStopping


@inside
def answers(values, *args, **kwargs):
    stop = student.EarlyStopping(*args, **kwargs)
    return [stop.step(v) for v in values]


def wanted(values, patience, min_delta=0.0):
    last, found = -1, []  # the place of the last improvement
    for t, v in enumerate(values):
        if v < (values[last] if last >= 0 else math.inf) - min_delta:
            last = t
        found.append(t - last >= patience)
    return found


@pytest.mark.item("early_stopping")
@pytest.mark.parametrize("patience", [1, 2, 3])
def test_it_stops_after_patience_losses_without_improvement(student, make, patience):
    values = [float(v) for v in make.ints(40, 25)]
    check.equal(answers(values, patience), wanted(values, patience), name="answers of step")
    falling = sorted(values, reverse=True)  # equal neighbours are no improvement
    check.equal(answers(falling, patience), wanted(falling, patience), name="answers of step, falling losses")
    check.equal(answers(values, patience, 0.0), wanted(values, patience), name="answers of step, min_delta 0.0")


@pytest.mark.item("early_stopping")
@pytest.mark.parametrize(("patience", "min_delta"), [(1, 0.25), (2, 0.5), (3, 1.0)])
def test_an_improvement_is_more_than_min_delta(student, make, patience, min_delta):
    down = (-0.125 * make.ints(9, 40)).cumsum(0) + 0.125 * make.ints(9, 40)  # eighths are exact: equality occurs
    values = [float(v) for v in down]
    got = answers(values, patience, min_delta=min_delta)
    check.equal(got, wanted(values, patience, min_delta), name="answers of step")


@pytest.mark.item("early_stopping")
def test_exactly_min_delta_is_no_improvement(student):
    check.equal(answers([1.0, 0.75, 0.5], 1, 0.25), [False, True, False], name="answers of step")


@pytest.mark.item("early_stopping")
def test_small_steps_down_add_up(student):
    values = [8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0]
    check.equal(answers(values, 2, 1.0), wanted(values, 2, 1.0), name="answers of step, small steps")


@pytest.mark.item("early_stopping")
@check.about("nan_compared")
def test_losses_below_zero_and_nan(student):
    values = [-1.0, -2.0, math.nan, -1.5, math.nan, -3.0, math.nan]
    check.equal(answers(values, 2), wanted(values, 2), name="answers of step, with NaN")
    early = [math.nan, math.nan, 2.0, 1.0, 1.0]
    check.equal(answers(early, 2), wanted(early, 2), name="answers of step, NaN first")


@inside
def two_at_once(values):
    first, second = student.EarlyStopping(2), student.EarlyStopping(2, 0.5)
    found = []
    for v in values:
        found.append([first.step(v), second.step(10 - v)])
    return found


@pytest.mark.item("early_stopping")
def test_two_of_them_do_not_know_each_other(student):
    values = [5.0, 4.0, 4.5, 4.5, 3.0, 2.0]
    want = [list(pair) for pair in zip(wanted(values, 2), wanted([10 - v for v in values], 2, 0.5), strict=True)]
    check.equal(two_at_once(values), want, name="answers of the two")
