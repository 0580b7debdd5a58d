"""Public tests of u06_mlp: run them with  pytest exercises/u06_mlp

They use small numbers that you can check by hand.  The hidden tests ask the same questions with other numbers, and
some more: read the docstrings.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from u06_mlp import mlp

from autograder import checks as check
from autograder.checks import Text

pytestmark = pytest.mark.unit("u06_mlp")


def set_parameters(model, *values):
    """Write the numbers into the model's parameters, in order."""
    with torch.no_grad():
        for p, value in zip(model.parameters(), values, strict=True):
            p.copy_(torch.tensor(value))


# h = [x0 - x1, x1] before the clamp, y = h0 - 2 h1 + 1
SMALL = ([[1.0, -1.0], [0.0, 1.0]], [0.0, 0.0], [[1.0, -2.0]], [1.0])
X = torch.tensor([[3.0, 1.0], [1.0, 4.0], [-2.0, -5.0]])
Y = torch.tensor([[1.0], [-7.0], [4.0]])  # h = [2, 1], [0 (was -3), 4], [3, 0 (was -5)]


# ---------------------------------------------------------------------------------------------------- TwoLayerNet


@pytest.mark.item("two_layer_net")
def test_two_layer_net_has_two_linear_layers_with_names():
    net = mlp.TwoLayerNet(5, 7, 3)
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    want = {"linear1.weight": (7, 5), "linear1.bias": (7,), "linear2.weight": (3, 7), "linear2.bias": (3,)}
    check.equal(shapes, want, name="shapes of named_parameters()")


@pytest.mark.item("two_layer_net")
def test_two_layer_net_clamps_hidden_values_at_0():
    net = mlp.TwoLayerNet(2, 2, 1)
    set_parameters(net, *SMALL)
    check.close(net(X).detach(), Y, name="TwoLayerNet(2, 2, 1)(x)")


# ------------------------------------------------------------------------------------------------- sequential_net


@pytest.mark.item("sequential_net")
def test_sequential_net_is_linear_relu_linear():
    net = mlp.sequential_net(2, 2, 1)
    check.equal([type(module).__name__ for module in net], ["Linear", "ReLU", "Linear"], name="modules of the net")
    set_parameters(net, *SMALL)
    check.close(net(X).detach(), Y, name="sequential_net(2, 2, 1)(x)")


# ------------------------------------------------------------------------------------------------------------ MLP


@pytest.mark.item("mlp")
def test_mlp_registers_every_layer():
    shapes = [tuple(p.shape) for p in mlp.MLP([4, 3, 5, 2]).parameters()]
    check.equal(shapes, [(3, 4), (3,), (5, 3), (5,), (2, 5), (2,)], name="shapes of MLP([4, 3, 5, 2]).parameters()")


@pytest.mark.item("mlp")
def test_mlp_has_relu_between_the_layers_only():
    net = mlp.MLP([2, 2, 1])
    set_parameters(net, *SMALL)
    check.close(net(X).detach(), Y, name="MLP([2, 2, 1])(x)")  # -7 shows that the output is not clamped
    line = mlp.MLP([1, 1])
    set_parameters(line, [[2.0]], [0.0])
    check.close(line(torch.tensor([[-3.0]])).detach(), torch.tensor([[-6.0]]), name="MLP([1, 1])(x)")


# -------------------------------------------------------------------------------------------------- kaiming_init_


@pytest.mark.item("kaiming_init_")
def test_kaiming_init_draws_with_the_right_spread():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(800, 50), nn.ReLU(), nn.Sequential(nn.Linear(50, 400)))
    parameters = list(model.parameters())
    mlp.kaiming_init_(model)
    stds = torch.stack([model[0].weight.std(), model[2][0].weight.std()]).detach()
    check.close(stds, torch.tensor([0.05, 0.2]), name="std of the weights", rtol=0.05)  # sqrt(2/800), sqrt(2/50)
    check.close(model[0].bias.detach(), torch.zeros(50), name="bias")
    check.that(
        all(p is q for p, q in zip(parameters, model.parameters(), strict=True)),
        Text(en="The Parameters are other objects now.", vi="Các Parameter giờ là đối tượng khác."),
    )


# -------------------------------------------------------------------------------------------------------- Dropout


@pytest.mark.item("dropout")
def test_dropout_drops_and_scales_in_training():
    torch.manual_seed(0)
    y = mlp.Dropout(0.75)(torch.ones(100, 100))
    check.close(y.unique(), torch.tensor([0.0, 4.0]), name="the values in Dropout(0.75)(ones)")
    check.close((y == 0).float().mean(), torch.tensor(0.75), name="the share of zeros", rtol=0.05)


@pytest.mark.item("dropout")
def test_dropout_does_nothing_in_eval():
    x = torch.tensor([[1.0, -2.0, 3.0]])
    check.close(mlp.Dropout(0.5).eval()(x), x, name="Dropout(0.5).eval()(x)")


@pytest.mark.item("dropout")
def test_dropout_at_the_ends():
    x = torch.tensor([[1.0, -2.0, 3.0]])
    check.close(mlp.Dropout(0.0)(x), x, name="Dropout(0.0)(x)")
    check.close(mlp.Dropout(1.0)(x), torch.zeros(1, 3), name="Dropout(1.0)(x)", atol=0.0)
    with check.raises(ValueError, name="Dropout(1.5)"):
        mlp.Dropout(1.5)


# ---------------------------------------------------------------------------------------------------- BatchNorm1d

BATCH = torch.tensor([[1.0, 10.0], [3.0, 30.0]])  # mean [2, 20]; variance by N [1, 100], by N - 1 [2, 200]


@pytest.mark.item("batch_norm1d")
def test_batch_norm_normalises_the_batch_while_training():
    y = mlp.BatchNorm1d(2)(BATCH).detach()
    check.close(y, torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), name="BatchNorm1d(2)(x)", rtol=1e-4)


@pytest.mark.item("batch_norm1d")
def test_batch_norm_remembers_for_eval():
    norm = mlp.BatchNorm1d(2, momentum=0.5)
    norm(BATCH)
    want = {
        "weight": torch.ones(2),
        "bias": torch.zeros(2),
        "running_mean": torch.tensor([1.0, 10.0]),  # half of 0, half of the batch's
        "running_var": torch.tensor([1.5, 100.5]),  # half of 1, half of [2, 200]
        "num_batches_tracked": torch.tensor(1),
    }
    check.close(dict(norm.state_dict()), want, name="state_dict()")
    y = norm.eval()(torch.tensor([[1.0, 10.0]])).detach()
    check.close(y, torch.zeros(1, 2), name="BatchNorm1d(2).eval()(x)")


@pytest.mark.item("batch_norm1d")
def test_batch_norm_needs_two_examples_to_train():
    with check.raises(ValueError, name="BatchNorm1d(2)(one example)"):
        mlp.BatchNorm1d(2)(BATCH[:1])


# ------------------------------------------------------------------------------------------------------ LayerNorm


@pytest.mark.item("layer_norm")
def test_layer_norm_normalises_each_row():
    y = mlp.LayerNorm(2)(torch.tensor([[1.0, 3.0], [10.0, 30.0], [5.0, 5.0]])).detach()
    check.close(y, torch.tensor([[-1.0, 1.0], [-1.0, 1.0], [0.0, 0.0]]), name="LayerNorm(2)(x)", rtol=1e-4)


@pytest.mark.item("layer_norm")
def test_layer_norm_takes_more_dimensions():
    x = torch.tensor([[[1.0, 3.0], [8.0, 2.0]]])  # (1, 2, 2)
    check.close(
        mlp.LayerNorm(2)(x).detach(), torch.tensor([[[-1.0, 1.0], [1.0, -1.0]]]), name="LayerNorm(2)(x)", rtol=1e-4
    )


# ----------------------------------------------------------------------------------------------- count_parameters


@pytest.mark.item("count_parameters")
def test_count_parameters():
    model = nn.Sequential(nn.Linear(784, 100), nn.BatchNorm1d(100), nn.Linear(100, 10))
    check.equal(mlp.count_parameters(model, False), 78500 + 200 + 1010, name="count_parameters(model, False)")
    model[0].weight.requires_grad_(False)  # frozen: 784 · 100 numbers less
    check.equal(mlp.count_parameters(model, True), 100 + 200 + 1010, name="count_parameters(model, True)")


@pytest.mark.item("count_parameters")
def test_shared_parameters_count_once():
    tied = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    tied[1].weight = tied[0].weight
    check.equal(mlp.count_parameters(tied, False), 9, name="count_parameters(tied, False)")


# -------------------------------------------------------------------------------------------------- manual_update


@pytest.mark.item("manual_update")
def test_manual_update_moves_against_the_gradient():
    layer = nn.Linear(1, 1)
    set_parameters(layer, [[3.0]], [1.0])
    layer(torch.tensor([[2.0]])).sum().backward()  # the gradients are 2 and 1
    mlp.manual_update(layer, lr=0.5)
    check.close(layer.weight.detach(), torch.tensor([[2.0]]), name="weight")
    check.close(layer.bias.detach(), torch.tensor([0.5]), name="bias")
    check.close(layer.weight.grad, torch.tensor([[2.0]]), name="weight.grad")


@pytest.mark.item("manual_update")
def test_manual_update_skips_parameters_without_gradient():
    layer = nn.Linear(1, 1)
    set_parameters(layer, [[3.0]], [1.0])
    mlp.manual_update(layer, lr=0.5)
    check.close(layer.weight.detach(), torch.tensor([[3.0]]), name="weight")


# -------------------------------------------------------------------------------- train_sequential and train_adam


def line():
    """y = 1 · x + 0 with a gradient left over from somewhere."""
    model = nn.Linear(1, 1)
    set_parameters(model, [[1.0]], [0.0])
    model(torch.ones(1, 1)).sum().backward()
    return model


@pytest.mark.item("train_sequential")
def test_train_sequential_on_a_line():
    model = line()
    x, y = torch.tensor([[1.0], [2.0]]), torch.tensor([[2.0], [4.0]])
    # errors -1 and -2: loss 5, gradient of the weight 2·(-1·1 - 2·2) = -10, of the bias 2·(-1 - 2) = -6
    losses = mlp.train_sequential(x, y, model, lr=0.05, steps=2)
    check.trajectory(losses, [5.0, 0.53], name="losses", rtol=1e-4)  # then y = 1.5 x + 0.3: errors -0.2 and -0.7
    check.equal(model.training, True, name="model.training")


@pytest.mark.item("train_sequential")
def test_train_sequential_learns_the_published_example():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1000, 100), nn.ReLU(), nn.Linear(100, 10))
    losses = mlp.train_sequential(torch.randn(64, 1000), torch.randn(64, 10), model, lr=1e-4, steps=10)
    check.that(losses[-1] < 0.75 * losses[0], Text(en="The loss does not come down.", vi="Loss không giảm xuống."))


@pytest.mark.item("train_adam")
def test_train_adam_on_a_line():
    model = line()
    x, y = torch.tensor([[1.0], [2.0]]), torch.tensor([[2.0], [4.0]])
    losses = mlp.train_adam(x, y, model, lr=0.1, steps=1)
    check.trajectory(losses, [5.0], name="losses")
    # the first step of Adam has the length lr in every coordinate
    check.close(model.weight.detach(), torch.tensor([[1.1]]), name="weight after one step")
    check.close(model.bias.detach(), torch.tensor([0.1]), name="bias after one step")


@pytest.mark.item("train_adam")
def test_train_adam_remembers_earlier_steps():
    torch.manual_seed(0)
    x, y, model, twin = torch.randn(8, 3), torch.randn(8, 2), nn.Linear(3, 2), nn.Linear(3, 2)
    twin.load_state_dict(model.state_dict())
    optimizer, want = torch.optim.Adam(twin.parameters(), lr=0.1), []
    for _ in range(5):
        optimizer.zero_grad()
        loss = F.mse_loss(twin(x), y, reduction="sum")
        loss.backward()
        optimizer.step()
        want.append(loss.item())
    check.trajectory(mlp.train_adam(x, y, model, lr=0.1, steps=5), want, name="losses", rtol=1e-4)


# ------------------------------------------------------------------------------------------------------ train_mlp


@pytest.mark.item("train_mlp")
def test_train_mlp_learns_ten_easy_pictures():
    # ten pictures of noise, three noisy copies of each: any network with a hidden layer can tell them apart
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(10, 784, generator=generator)
    y = torch.arange(30) % 10
    x = 0.7 * pictures[y] + 0.3 * torch.rand(30, 784, generator=generator)
    model = mlp.train_mlp(x, y, hidden=32, epochs=30, lr=0.05, batch_size=16, seed=1)
    logits = model(x).detach()
    check.shape(logits, (30, 10), name="model(x)")
    check.close(logits.argmax(1), y, name="model(x).argmax(1)")


@pytest.mark.item("train_mlp")
def test_train_mlp_repeats_itself_with_the_same_seed():
    x, y = torch.rand(20, 784), torch.arange(20) % 10
    first, second = (mlp.train_mlp(x, y, hidden=8, epochs=2, lr=0.1, batch_size=8, seed=3)(x).detach() for _ in "ab")
    check.close(second, first, name="model(x) of the second model")


# ------------------------------------------------------------------------------------------------------ device_of


@pytest.mark.item("device_of")
def test_device_of():
    # "meta" is a device of tensors without numbers: it is on every machine
    check.equal(mlp.device_of(nn.Linear(3, 2)), torch.device("cpu"), name="device_of(nn.Linear(3, 2))")
    check.equal(mlp.device_of(nn.Linear(3, 2, device="meta")), torch.device("meta"), name="device_of(on meta)")
    check.equal(mlp.device_of(nn.ReLU()), torch.device("cpu"), name="device_of(nn.ReLU())")


# -------------------------------------------------------------------------------------------------- train_step_on


@pytest.mark.item("train_step_on")
def test_train_step_on_takes_a_step_of_the_optimizer():
    model = nn.Linear(1, 2)
    set_parameters(model, [[0.0], [0.0]], [0.0, 0.0])
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batch = (torch.tensor([[2.0]]), torch.tensor([1]))
    loss = mlp.train_step_on(model, batch, optimizer, "cpu")
    check.number(loss, 0.6931472, name="the loss", rtol=1e-6)  # two equal logits: log 2
    # the gradient of the logits is [0.5, -0.5]; times x = 2 for the weight
    check.close(model.weight.detach(), torch.tensor([[-1.0], [1.0]]), name="weight")
    check.close(model.bias.detach(), torch.tensor([-0.5, 0.5]), name="bias")


@pytest.mark.item("train_step_on")
def test_train_step_on_starts_with_fresh_gradients():
    model = nn.Linear(1, 2)
    set_parameters(model, [[0.0], [0.0]], [0.0, 0.0])
    model(torch.ones(1, 1)).sum().backward()  # left over from somewhere
    mlp.train_step_on(
        model, (torch.tensor([[2.0]]), torch.tensor([1])), torch.optim.SGD(model.parameters(), lr=1.0), "cpu"
    )
    check.close(model.bias.detach(), torch.tensor([-0.5, 0.5]), name="bias")
