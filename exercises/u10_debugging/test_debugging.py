"""Public tests of u10_debugging: run them with  pytest exercises/u10_debugging

They use small numbers that you can check by hand.  The hidden tests ask the same questions with other numbers, and
some more: read the docstrings.
"""

import math

import pytest
import torch
from torch import nn
from u10_debugging import debugging

from autograder import checks as check
from autograder.checks import Text

pytestmark = pytest.mark.unit("u10_debugging")


def linear(weight, bias):
    """nn.Linear with these numbers."""
    layer = nn.Linear(len(weight[0]), len(weight))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer


# -------------------------------------------------------------------------------------------- forgotten_zero_grad


@pytest.mark.item("forgotten_zero_grad")
def test_forgotten_zero_grad_on_a_parabola():
    parabola = nn.Linear(1, 1, bias=False)
    nn.init.ones_(parabola.weight)
    losses = debugging.forgotten_zero_grad(parabola, torch.ones(1, 1), torch.zeros(1, 1), steps=5, lr=0.1, seed=0)
    # the loss is w², its gradient 2w: every step multiplies w by 0.8, and the loss by 0.64
    check.trajectory(losses, [1.0, 0.64, 0.4096, 0.262144, 0.16777216], name="losses", rtol=1e-5)


# ----------------------------------------------------------------------------------- softmax_before_cross_entropy


@pytest.mark.item("softmax_before_cross_entropy")
def test_softmax_before_cross_entropy_has_no_floor():
    model = linear((10 * torch.eye(10)).tolist(), [0.0] * 10)  # right, and sure of it: logits 10 and nine times 0
    losses = debugging.softmax_before_cross_entropy(model, torch.eye(10), torch.arange(10), steps=1, lr=0.1, seed=0)
    check.trajectory(losses, [math.log(1 + 9 * math.exp(-10))], name="losses", rtol=1e-2)


@pytest.mark.item("softmax_before_cross_entropy")
def test_softmax_before_cross_entropy_on_one_example():
    model = linear([[0.0], [0.0]], [0.0, 0.0])
    losses = debugging.softmax_before_cross_entropy(
        model, torch.tensor([[2.0]]), torch.tensor([1]), steps=2, lr=1.0, seed=0
    )
    # two equal logits: ln 2; their gradient is [0.5, -0.5], so weight and bias become [-1, 1] and [-0.5, 0.5]
    check.trajectory(losses, [math.log(2), math.log(1 + math.exp(-5))], name="losses", rtol=1e-4)


# ----------------------------------------------------------------------------------------------- view_for_permute


@pytest.mark.item("view_for_permute")
def test_view_for_permute_keeps_the_colours_apart():
    red, green = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[10.0, 20.0], [30.0, 40.0]])
    x = torch.tensor([[[[1.0, 10.0], [2.0, 20.0]], [[3.0, 30.0], [4.0, 40.0]]]])  # (1, 2, 2, 2): each pixel red, green
    got = debugging.view_for_permute(x)
    check.close(got, torch.stack([red, green])[None], name="view_for_permute(x)")
    check.equal(got.is_contiguous(), True, name="view_for_permute(x).is_contiguous()")


# -------------------------------------------------------------------------------------------------- list_of_layers


@pytest.mark.item("list_of_layers")
def test_list_of_layers_has_all_its_parameters():
    shapes = [tuple(p.shape) for p in debugging.ListOfLayers([4, 3, 5, 2]).parameters()]
    check.equal(shapes, [(3, 4), (3,), (5, 3), (5,), (2, 5), (2,)], name="shapes of model.parameters()")


@pytest.mark.item("list_of_layers")
def test_list_of_layers_in_float64():
    model = debugging.ListOfLayers([1, 1, 1]).double()
    for p in model.parameters():
        nn.init.constant_(p, 2.0)
    want = torch.tensor([[10.0], [2.0]], dtype=torch.float64)  # 2·relu(2x + 2) + 2
    check.close(model(torch.tensor([[1.0], [-3.0]], dtype=torch.float64)).detach(), want, name="model(x)")


# -------------------------------------------------------------------------------------------------- forgotten_eval


@pytest.mark.item("forgotten_eval")
def test_forgotten_eval_measures_the_model_in_use():
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2))  # in use: the input as it is
    x = torch.tensor([[1.0, 2.0], [3.0, 1.0], [5.0, 4.0], [2.0, 7.0], [9.0, 8.0]])  # answers 1, 0, 0, 1, 0
    accuracy = debugging.forgotten_eval(model, x, torch.tensor([1, 0, 0, 1, 1]), batch_size=2)
    check.number(accuracy, 0.8, name="the accuracy")
    check.equal([module.training for module in model.modules()], [True] * 3, name="modes afterwards")
    check.equal(model[1].num_batches_tracked.item(), 0, name="batches that the batch norm has seen")


@pytest.mark.item("forgotten_eval")
def test_forgotten_eval_lets_a_frozen_layer_be():
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2).eval())
    debugging.forgotten_eval(model, torch.rand(4, 2), torch.tensor([0, 1, 0, 1]), batch_size=4)
    check.equal([module.training for module in model.modules()], [True, True, False], name="modes afterwards")


# ------------------------------------------------------------------------------------- optimizer_on_old_parameters


@pytest.mark.item("optimizer_on_old_parameters")
def test_optimizer_on_old_parameters_moves_body_and_head():
    heads, bodies = [], []
    for steps in (0, 3):
        model = nn.Sequential()
        model.add_module("body", linear([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]))
        model.add_module("head", nn.Linear(2, 5))
        x, y = torch.tensor([[1.0, 2.0], [3.0, 1.0], [2.0, 2.0]]), torch.tensor([0, 1, 2])
        losses = debugging.optimizer_on_old_parameters(model, 3, x, y, steps=steps, lr=0.1, seed=4)
        check.equal(len(losses), steps, name="len(losses)")
        check.shape(model.head.weight, (3, 2), name="model.head.weight")
        heads.append(model.head.bias.detach())
        bodies.append(model.body.bias.detach())
    check.that(
        not torch.equal(heads[0], heads[1]),
        Text(en="The new head is as it was at the start.", vi="Head mới vẫn y như lúc đầu."),
    )
    check.that(
        not torch.equal(bodies[0], bodies[1]),
        Text(en="The body is as it was at the start.", vi="Body vẫn y như lúc đầu."),
    )


# -------------------------------------------------------------------------------------------------- mse_broadcast


@pytest.mark.item("mse_broadcast")
def test_mse_broadcast_of_a_model_without_error():
    x, y = torch.tensor([[1.0], [2.0]]), torch.tensor([1.0, 2.0])
    losses = debugging.mse_broadcast(linear([[1.0]], [0.0]), x, y, steps=2, lr=0.1, seed=0)
    check.trajectory(losses, [0.0, 0.0], name="losses")


@pytest.mark.item("mse_broadcast")
def test_mse_broadcast_on_a_line():
    x, y = torch.tensor([[1.0], [2.0]]), torch.tensor([2.0, 4.0])
    losses = debugging.mse_broadcast(linear([[1.0]], [0.0]), x, y, steps=2, lr=0.1, seed=0)
    # errors -1 and -2; gradients (2·-1·1 + 2·-2·2) / 2 = -5 and -3: then y = 1.5 x + 0.3, errors -0.2 and -0.7
    check.trajectory(losses, [2.5, 0.265], name="losses", rtol=1e-4)


# ------------------------------------------------------------------------------------------ labels_shuffled_apart


@pytest.mark.item("labels_shuffled_apart")
def test_labels_shuffled_apart_learns_that_the_largest_number_wins():
    x = torch.randn(60, 3, generator=torch.Generator().manual_seed(0))
    losses = debugging.labels_shuffled_apart(nn.Linear(3, 3), x, x.argmax(1), epochs=20, batch_size=16, lr=0.5, seed=1)
    check.equal(len(losses), 80, name="len(losses)")  # 20 epochs of 16 + 16 + 16 + 12 examples
    check.that(
        sum(losses[-4:]) / 4 < 0.5,
        Text(en="The loss stays near ln 3 = 1.1.", vi="Loss cứ ở gần ln 3 = 1.1."),
    )


# -------------------------------------------------------------------------------------------------- detached_loss


@pytest.mark.item("detached_loss")
def test_detached_loss_on_two_examples():
    model = linear([[0.0], [0.0]], [0.0, 0.0])
    x, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([1, 0])
    losses = debugging.detached_loss(model, x, y, steps=2, lr=1.0, seed=0)
    # ln 2; the gradient of the weight is [0.5, -0.5], that of the bias 0: then the right logit leads by 1
    check.trajectory(losses, [math.log(2), math.log(1 + math.exp(-1))], name="losses", rtol=1e-4)


# ---------------------------------------------------------------------------------------------------- if_else_loss


@pytest.mark.item("if_else_loss")
def test_if_else_loss_has_a_slope():
    scores = torch.tensor([3.0, 0.5, -2.0, -2.0], requires_grad=True)
    loss = debugging.if_else_loss(scores, torch.tensor([1, 1, 1, -1]))
    check.close(loss.detach(), torch.tensor(0.875), name="if_else_loss(scores, y)")  # 0, 0.5, 3 and 0
    check.equal(loss.requires_grad, True, name="loss.requires_grad")
    loss.backward()
    check.close(scores.grad, torch.tensor([0.0, -0.25, -0.25, 0.0]), name="gradient of the scores")


# --------------------------------------------------------------------------------------- validating_on_train_data


@pytest.mark.item("validating_on_train_data")
def test_validating_on_train_data_puts_each_example_in_one_part():
    x, y = torch.arange(10).double()[:, None], torch.arange(10)
    train_x, train_y, val_x, val_y = debugging.validating_on_train_data(x, y, n_val=3, seed=0)
    check.equal([len(train_x), len(val_x)], [7, 3], name="[len(train_x), len(val_x)]")
    check.equal(sorted(torch.cat([train_y, val_y]).tolist()), list(range(10)), name="the labels of both parts, sorted")
    check.close(
        torch.cat([train_x, val_x])[:, 0].long(), torch.cat([train_y, val_y]), name="the examples of the labels"
    )


# ---------------------------------------------------------------------------------------------- overfit_one_batch


@pytest.mark.item("overfit_one_batch")
def test_overfit_one_batch_trains_a_copy():
    model = linear([[0.0], [0.0]], [0.0, 0.0])
    batch = torch.tensor([[1.0], [-1.0]]), torch.tensor([1, 0])
    check.number(debugging.overfit_one_batch(model, batch, 0), math.log(2), name="the loss after 0 steps", rtol=1e-5)
    # Adam's first step moves each weight by 0.01: the right logit leads by 0.02
    want = math.log(1 + math.exp(-0.02))
    check.number(debugging.overfit_one_batch(model, batch, 1), want, name="the loss after 1 step", rtol=1e-5)
    check.close(model.weight.detach(), torch.zeros(2, 1), name="model.weight afterwards")


# ------------------------------------------------------------------------------------------------ initial_loss_ok


@pytest.mark.item("initial_loss_ok")
def test_initial_loss_ok_of_a_fair_guess_and_a_bold_one():
    x, y = torch.eye(10), torch.arange(10)
    fair = linear(torch.zeros(10, 10).tolist(), [0.0] * 10)
    bold = linear((5 * torch.eye(10).roll(1, 0)).tolist(), [0.0] * 10)  # sure of a wrong class: a loss of 5.06
    check.equal(debugging.initial_loss_ok(fair, (x, y), 10), True, name="initial_loss_ok of a fair guess")
    check.equal(debugging.initial_loss_ok(bold, (x, y), 10), False, name="initial_loss_ok of a bold guess")


# ------------------------------------------------------------------------------------------------ first_bad_layer


@pytest.mark.item("first_bad_layer")
def test_first_bad_layer_finds_the_source():
    model = nn.Sequential(linear([[1.0]], [0.0]), nn.ReLU(), nn.Sequential(linear([[1.0]], [math.inf])), nn.Tanh())
    check.equal(debugging.first_bad_layer(model, torch.ones(2, 1)), "2.0", name="first_bad_layer(model, x)")
    check.equal(debugging.first_bad_layer(model[:2], torch.ones(2, 1)), None, name="first_bad_layer(model[:2], x)")
    check.equal([len(m._forward_hooks) for m in model.modules()], [0] * 6, name="hooks left on each module")


# ------------------------------------------------------------------------------------------------ gradient_report


@pytest.mark.item("gradient_report")
def test_gradient_report_knows_four_cases():
    layer = nn.Linear(2, 1)
    layer(torch.zeros(1, 2)).sum().backward()  # the weight is multiplied by 0
    model = nn.ModuleDict({"first": layer, "spare": nn.Linear(1, 1)})
    model["spare"].bias.grad = torch.tensor([math.nan])
    want = {"first.weight": "zero", "first.bias": "ok", "spare.weight": "none", "spare.bias": "nan"}
    check.equal(debugging.gradient_report(model), want, name="gradient_report(model)")
