"""Public tests of u08_losses_optimizers: run them with  pytest exercises/u08_losses_optimizers

They use small numbers that you can check by hand.  The hidden tests ask the same questions with other numbers, and
some more: read the docstrings.
"""

import pytest
import torch
from torch import nn
from u08_losses_optimizers import losses_optimizers as lo

from autograder import checks as check
from autograder.checks import Text

pytestmark = pytest.mark.unit("u08_losses_optimizers")


def walk(optimizer, p, *gradients):
    """The value of p after a step with each of these gradients."""
    values = []
    for gradient in gradients:
        p.grad = None if gradient is None else torch.tensor([gradient])
        optimizer.step()
        values.append(p.item())
    return torch.tensor(values)


def number(value):
    return nn.Parameter(torch.tensor([value]))


def expect_the_common_rules(make_optimizer):
    """A generator is enough, None gradients are skipped, .grad stays, zero_grad forgets."""
    a, b = number(1.0), number(2.0)
    optimizer = make_optimizer(p for p in (a, b))
    a.grad = torch.tensor([3.0])
    for _ in range(2):
        optimizer.step()
    check.close(b.detach(), torch.tensor([2.0]), name="a Parameter without a gradient")
    check.close(a.grad, torch.tensor([3.0]), name="p.grad after step()")
    once = a.item()
    check.that(once < 1.0, Text(en="Two steps did not move p.", vi="Hai bước không làm p di chuyển."))
    optimizer.zero_grad()
    forgotten = a.grad is None or not bool(a.grad.any())
    check.that(forgotten, Text(en="zero_grad() left a gradient.", vi="zero_grad() vẫn để lại gradient."))


# ------------------------------------------------------------------------------------------------------------ SGD


@pytest.mark.item("sgd")
def test_sgd_takes_a_plain_step():
    p = number(1.0)
    # 1 - 0.1 · 2 = 0.8, then 0.8 - 0.1 · (-1) = 0.9
    check.close(walk(lo.SGD([p], lr=0.1), p, 2.0, -1.0), torch.tensor([0.8, 0.9]), name="p after each step")


@pytest.mark.item("sgd")
def test_sgd_with_momentum():
    p = number(1.0)
    # v = 2, p = 1 - 0.2 = 0.8; then v = 0.9 · 2 + 2 = 3.8, p = 0.8 - 0.38 = 0.42
    check.close(walk(lo.SGD([p], 0.1, 0.9), p, 2.0, 2.0), torch.tensor([0.8, 0.42]), name="p after each step")


@pytest.mark.item("sgd")
def test_sgd_with_weight_decay():
    p = number(2.0)
    # g = 1 + 0.5 · 2 = 2, p = 2 - 0.1 · 2
    check.close(walk(lo.SGD([p], 0.1, weight_decay=0.5), p, 1.0), torch.tensor([1.8]), name="p after a step")


@pytest.mark.item("sgd")
def test_sgd_keeps_the_common_rules():
    expect_the_common_rules(lambda params: lo.SGD(params, 0.1, 0.5, 0.1))


# -------------------------------------------------------------------------------------------- Adagrad and RMSprop


@pytest.mark.item("adagrad")
def test_adagrad_divides_by_the_root_of_the_sum():
    p = number(1.0)
    # s = 9, p = 1 - 0.1 · 3 / (3 + 1) = 0.925; then s = 9 + 16 = 25, p = 0.925 - 0.1 · 4 / (5 + 1)
    want = torch.tensor([0.925, 0.925 - 0.4 / 6])
    check.close(walk(lo.Adagrad([p], 0.1, 1.0), p, 3.0, 4.0), want, name="p after each step")


@pytest.mark.item("adagrad")
def test_adagrad_keeps_the_common_rules():
    expect_the_common_rules(lambda params: lo.Adagrad(params, 0.1, 0.5))


@pytest.mark.item("rmsprop")
def test_rmsprop_divides_by_the_root_of_the_average():
    p = number(1.0)
    # s = 0.25 · 9 = 2.25, p = 1 - 0.1 · 3 / (1.5 + 0.5) = 0.85; then s = 0.75 · 2.25, p = 0.85 with g = 0
    check.close(
        walk(lo.RMSprop([p], 0.1, 0.75, 0.5), p, 3.0, 0.0), torch.tensor([0.85, 0.85]), name="p after each step"
    )


@pytest.mark.item("rmsprop")
def test_rmsprop_keeps_the_common_rules():
    expect_the_common_rules(lambda params: lo.RMSprop(params, 0.1, 0.5, 0.5))


# ------------------------------------------------------------------------------------------------- Adam and AdamW


@pytest.mark.item("adam")
def test_adam_corrects_both_averages():
    p = number(1.0)
    optimizer = lo.Adam([p], 0.1, (0.5, 0.75), 1.0, 0.0)
    # a constant gradient of 3: corrected, m is 3 and v is 9 in every step, and p moves by 0.1 · 3 / (3 + 1) = 0.075
    check.close(walk(optimizer, p, 3.0, 3.0, 3.0), torch.tensor([0.925, 0.85, 0.775]), name="p after each step")


@pytest.mark.item("adam")
def test_adam_counts_the_steps_of_each_parameter():
    p, late = number(1.0), number(1.0)
    optimizer = lo.Adam([p, late], 0.1, (0.5, 0.75), 1.0, 0.0)
    walk(optimizer, p, 3.0, 3.0)
    late.grad = torch.tensor([3.0])
    optimizer.step()  # the third for p, the first for the other
    check.close(late.detach(), torch.tensor([0.925]), name="a Parameter whose first gradient came late")


@pytest.mark.item("adam")
def test_adam_with_weight_decay():
    p = number(2.0)
    # g = 1 + 0.5 · 2 = 2, p = 2 - 0.3 · 2 / (2 + 1)
    check.close(walk(lo.Adam([p], 0.3, (0.5, 0.75), 1.0, 0.5), p, 1.0), torch.tensor([1.8]), name="p after a step")


@pytest.mark.item("adam")
def test_adam_keeps_the_common_rules():
    expect_the_common_rules(lambda params: lo.Adam(params, 0.1, (0.9, 0.99), 0.1, 0.1))


@pytest.mark.item("adamw")
def test_adamw_shrinks_first_and_then_moves():
    p = number(1.0)
    # 1 - 0.1 · 0.5 · 1 = 0.95, then 0.95 - 0.1 · 3 / (3 + 1) = 0.875
    check.close(walk(lo.AdamW([p], 0.1, (0.5, 0.75), 1.0, 0.5), p, 3.0), torch.tensor([0.875]), name="p after a step")


@pytest.mark.item("adamw")
def test_adamw_decays_by_0_01_unless_told_otherwise():
    p = number(1.0)
    # with a gradient of 0 only the decay moves p: 1 - 0.5 · 0.01
    check.close(walk(lo.AdamW([p], 0.5, (0.5, 0.75), 1.0), p, 0.0), torch.tensor([0.995]), name="p after a step")


@pytest.mark.item("adamw")
def test_adamw_keeps_the_common_rules():
    expect_the_common_rules(lambda params: lo.AdamW(params, 0.1, (0.9, 0.99), 0.1))


# ------------------------------------------------------------------------------------------------- clip_grad_norm_


def with_gradients(*gradients):
    params = [nn.Parameter(torch.zeros(len(gradient))) for gradient in gradients]
    for p, gradient in zip(params, gradients, strict=True):
        p.grad = torch.tensor(gradient)
    return params


@pytest.mark.item("clip_grad_norm_")
def test_long_gradients_are_shortened_together():
    a, b = with_gradients([3.0], [0.0, 4.0])  # 3² + 4² = 5²
    unused = nn.Parameter(torch.zeros(2))
    norm = lo.clip_grad_norm_((p for p in (a, unused, b)), 1.0)
    check.close(norm, torch.tensor(5.0), name="the norm before")
    check.close(a.grad, torch.tensor([0.6]), name="a.grad")
    check.close(b.grad, torch.tensor([0.0, 0.8]), name="b.grad")


@pytest.mark.item("clip_grad_norm_")
def test_short_gradients_stay():
    a, b = with_gradients([3.0], [0.0, 4.0])
    check.close(lo.clip_grad_norm_([a, b], 10.0), torch.tensor(5.0), name="the norm")
    check.close([a.grad, b.grad], [torch.tensor([3.0]), torch.tensor([0.0, 4.0])], name="gradients")


# --------------------------------------------------------------------------------------------------------- losses


@pytest.mark.item("huber_loss")
def test_huber_loss_is_square_then_straight():
    pred, target = torch.tensor([1.0, 5.0, -3.0, 0.0]), torch.zeros(4)
    # 1/2, 2 · (5 - 1), 2 · (3 - 1) and 0: their mean
    check.close(lo.huber_loss(pred, target, 2.0), torch.tensor(12.5 / 4), name="huber_loss(pred, target, 2)")


@pytest.mark.item("huber_loss")
def test_huber_loss_pulls_with_delta_at_most():
    pred = torch.tensor([1.0, 100.0], requires_grad=True)
    loss = lo.huber_loss(pred, torch.zeros(2), 2.0)
    loss.backward()
    check.close(pred.grad, torch.tensor([0.5, 1.0]), name="pred.grad")  # 1 / 2 and 2 / 2


@pytest.mark.item("label_smoothing_ce")
def test_label_smoothing_of_two_equal_logits_is_log_2():
    loss = lo.label_smoothing_ce(torch.zeros(3, 2), torch.tensor([0, 1, 1]), 0.3)
    check.close(loss, torch.tensor(0.6931472), name="label_smoothing_ce")


@pytest.mark.item("label_smoothing_ce")
def test_label_smoothing_weighs_every_class():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))  # softmax gives these back
    # the target is [0.7 + 0.1, 0.1, 0.1]; the costs are log 2, log 4 and log 4: (0.8 + 2 · 0.1 + 2 · 0.1) · log 2
    loss = lo.label_smoothing_ce(logits, torch.tensor([0]), 0.3)
    check.close(loss, torch.tensor(1.2 * 0.6931472), name="label_smoothing_ce")


@pytest.mark.item("label_smoothing_ce")
def test_confident_and_wrong_is_expensive_and_finite():
    logits = torch.tensor([[1000.0, 0.0]])
    # without smoothing 1000; the even part costs (0 + 1000) / 2
    check.close(lo.label_smoothing_ce(logits, torch.tensor([1]), 0.2), torch.tensor(900.0), name="label_smoothing_ce")


# ------------------------------------------------------------------------------------------------------ schedules


@pytest.mark.item("cosine_warmup")
def test_cosine_warmup_climbs_and_falls():
    got = [lo.cosine_warmup(step, 2, 6, 1.0) for step in (0, 1, 2, 4, 6, 7)]
    check.close(got, [0.0, 0.5, 1.0, 0.5, 0.0, 0.0], name="learning rates", atol=1e-12)


@pytest.mark.item("cosine_warmup")
def test_cosine_warmup_ends_at_the_minimum_and_may_do_without_a_ramp():
    got = [lo.cosine_warmup(step, 0, 4, 1.0, 0.2) for step in (0, 2, 4, 9)]
    check.close(got, [1.0, 0.6, 0.2, 0.2], name="learning rates", atol=1e-12)


@pytest.mark.item("step_lr")
def test_step_lr_is_a_staircase():
    groups = [{"params": [number(1.0)], "lr": 0.8}, {"params": [number(1.0)], "lr": 8.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler, seen = lo.StepLR(optimizer, step_size=2, gamma=0.5), []
    for _ in range(5):
        optimizer.step()
        scheduler.step()
        seen.append([group["lr"] for group in optimizer.param_groups])
    check.close(seen, [[0.8, 8.0], [0.4, 4.0], [0.4, 4.0], [0.2, 2.0], [0.2, 2.0]], name="learning rates")


# --------------------------------------------------------------------------------------------------- param_groups


def members(model, groups):
    """The names of the Parameters in each group."""
    names = {p: name for name, p in model.named_parameters()}
    return [sorted(names[p] for p in group["params"]) for group in groups]


@pytest.mark.item("param_groups")
def test_param_groups_excepts_biases_and_norms():
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm((4, 2)), nn.ReLU(), nn.Sequential(nn.Linear(2, 5)))
    groups = lo.param_groups(model, 0.1)
    check.close([group["weight_decay"] for group in groups], [0.1, 0.0], name="weight decays of the groups")
    want = [["0.weight", "3.0.weight"], ["0.bias", "1.bias", "1.weight", "3.0.bias"]]
    check.equal(members(model, groups), want, name="the members of the groups")


@pytest.mark.item("param_groups")
def test_param_groups_takes_shared_parameters_once_and_frozen_ones_never():
    model = nn.Sequential(nn.Embedding(6, 4), nn.Linear(4, 6), nn.Linear(6, 2))
    model[1].weight = model[0].weight
    model[2].weight.requires_grad_(False)
    want = [["0.weight"], ["1.bias", "2.bias"]]
    check.equal(members(model, lo.param_groups(model, 0.1)), want, name="the members of the groups")
