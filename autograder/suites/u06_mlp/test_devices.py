"""Hidden tests of u06_mlp: where a model lives, and a training step on a device."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u06_mlp")

MADE_ELSEWHERE = Text(
    en="Model, x and y are on the device, and yet tensors of two devices meet: one of them was made somewhere else.",
    vi="Model, x và y đều ở trên device, vậy mà tensor của hai device vẫn gặp nhau: có tensor được tạo ở nơi khác.",
)


@inside
def two_layers(weights):
    """nn.Sequential(Linear, ReLU, Linear) with these weights."""
    (hidden, d_in), (d_out, _) = weights[0].shape, weights[2].shape
    net = nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out)).to(weights[0].dtype)
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
    return net


def layers(make, d_in, hidden, d_out):
    return [make(hidden, d_in) * d_in**-0.5, make(hidden), make(d_out, hidden) * hidden**-0.5, make(d_out)]


def forward(x, w1, b1, w2, b2):
    return (x @ w1.T + b1).clamp(min=0) @ w2.T + b2


def reference_run(weights, batches, lr, momentum):
    """Losses before each update, and the weights after the last."""
    weights = [w.clone().requires_grad_(True) for w in weights]
    optimizer, losses = torch.optim.SGD(weights, lr=lr, momentum=momentum), []
    for x, y in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(x, *weights), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [w.detach() for w in weights]


# ------------------------------------------------------------------------------------------------------ device_of


@inside
def devices_of(device):
    bare = nn.Module()
    bare.register_buffer("table", torch.empty(3, device=device))
    mixed = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2, device=device))
    turned = nn.Sequential(nn.Linear(2, 2, device=device), nn.Linear(2, 2))
    models = [nn.Linear(3, 2), nn.Sequential(nn.ReLU(), nn.Linear(3, 2, device=device)), bare, mixed, turned, nn.ReLU()]
    models.append(nn.BatchNorm1d(2, affine=False, device=device))
    models.append(nn.Sequential(nn.BatchNorm1d(2, affine=False, device=device), nn.Linear(2, 2)))
    return [student.device_of(model) for model in models]


@pytest.mark.item("device_of")
@pytest.mark.devices("pretend", "cuda", "mps")
def test_it_is_the_device_of_the_first_parameter_then_buffer_then_cpu(student, device):
    names = ["cpu", device, device, "cpu", device, "cpu", device, "cpu"]
    want = [torch.device(name) for name in names]
    check.equal(devices_of(device), want, name="[device_of(model) for model in models]")


@inside
def device_of_new_linear():
    return student.device_of(nn.Linear(3, 2))


@pytest.mark.item("device_of")
def test_it_returns_a_torch_device(student):
    check.equal(device_of_new_linear(), torch.device("cpu"), name="device_of(nn.Linear(3, 2))")


# -------------------------------------------------------------------------------------------------- train_step_on


@inside
def where_everything_was(device):
    """A step on the device, and where the model, x and y were when they met others; did it get to its end?"""
    seen = {"model": "not called", "x": "not called", "y": "not used"}
    labels = [2, 0, 1, 2, 0]

    class Net(nn.Linear):
        def forward(self, x):
            seen["model"], seen["x"] = self.weight.device, x.device
            return super().forward(x)

    class Noted(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            tensors = [t for t in torch.utils._pytree.tree_leaves([args, kwargs]) if isinstance(t, torch.Tensor)]
            for t in tensors if len(tensors) > 1 and seen["y"] == "not used" else []:  # y meets another
                if t.dtype == torch.int64 and t.tolist() == labels:
                    seen["y"] = t.device
            return func(*args, **(kwargs or {}))

    net = Net(4, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    try:
        with Noted():
            student.train_step_on(net, (torch.ones(5, 4), torch.tensor(labels)), optimizer, device)
    except RuntimeError as error:
        if isinstance(error, NotImplementedError):
            raise  # an untouched stub
        return seen, False
    return seen, True


@pytest.mark.item("train_step_on")
@pytest.mark.devices("cpu", "pretend", "cuda", "mps")
def test_model_inputs_and_labels_are_moved_to_the_device(student, device):
    seen, finished = where_everything_was(device)
    want = {name: torch.device(device) if where != "not used" else where for name, where in seen.items()}
    with check.about("not_moved"):
        check.equal(seen, want, name="where the model, x and y were")
    check.that(finished, MADE_ELSEWHERE, code="made_elsewhere")


@inside
def steps_on(weights, batches, device, lr, momentum, stale):
    net = two_layers(weights)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    if stale:
        net(batches[0][0]).sum().backward()
    losses = [student.train_step_on(net, (x, y), optimizer, device) for x, y in batches]
    return losses, [p.detach() for p in net.parameters()]


@pytest.mark.item("train_step_on")
@pytest.mark.parametrize("stale", [False, True])
@pytest.mark.devices("cpu", "pretend", "cuda")
def test_twelve_steps_follow_the_optimizer_that_was_passed(student, make, stale, device):
    weights = layers(make, 5, 7, 3)
    sizes = [6] * 11 + [1]  # an uneven last batch
    batches = [(make(n, 5), make.ints(3, n)) for n in sizes]
    losses, params = steps_on(weights, batches, device if stale else torch.device(device), 0.1, 0.9, stale)
    want_losses, want = reference_run(weights, batches, 0.1, 0.9)
    check.trajectory(losses, want_losses, name="losses")
    check.close(params, want, name="parameters after 12 steps", rtol=1e-6, atol=1e-9, device=device)


@inside
def one_step(weights, x, y, training):
    net = two_layers(weights).train(training)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    batch = (x, y)
    loss = student.train_step_on(net, batch, optimizer, "cpu")
    return loss, net.training, [batch[0] is x, batch[1] is y]


@pytest.mark.item("train_step_on")
@pytest.mark.parametrize("training", [True, False])
def test_a_confident_wrong_answer_costs_what_it_should_and_the_flag_stays(student, make, training):
    weights = layers(make, 4, 6, 3)
    weights[3] = torch.tensor([1000.0, 0.0, 0.0], dtype=torch.float64)
    x, y = make(5, 4), torch.tensor([1, 2, 1, 1, 2])
    loss, flag, same = one_step(weights, x, y, training)
    check.number(loss, F.cross_entropy(forward(x, *weights), y).item(), name="the loss")
    check.equal(flag, training, name="model.training")
    check.equal(same, [True, True], name="the batch's own tensors are still in it")
