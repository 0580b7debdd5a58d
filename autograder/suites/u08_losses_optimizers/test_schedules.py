"""Hidden tests of u08_losses_optimizers: cosine_warmup, StepLR and param_groups."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import math

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u08_losses_optimizers")


# -------------------------------------------------------------------------------------------------- cosine_warmup


@inside
def learning_rates(steps, *settings):
    return [student.cosine_warmup(step, *settings) for step in range(steps)]


def scheduled(step, warmup, total, base, minimum=0.0):
    """With the square of a cosine instead of the cosine of twice the angle."""
    if step < warmup:
        return base / warmup * step
    if step > total:
        return minimum
    c = math.cos(math.pi / 2 * (step - warmup) / (total - warmup))
    return minimum + (base - minimum) * c * c


SCHEDULES = [
    (5, 20, 0.3, 0.02),
    (5, 20, 0.3),
    (0, 9, 1.5, 0.4),
    (0, 1, 0.2),
    (1, 8, 0.1, 0.05),
    (6, 7, 2.0, 0.5),
    (10, 10_000, 0.1, 0.01),
]


@pytest.mark.item("cosine_warmup")
@pytest.mark.parametrize("settings", SCHEDULES, ids=str)
def test_the_learning_rate_climbs_falls_and_stays(student, settings):
    _, total, *_ = settings
    steps = min(total, 60) + 6  # the last ones lie behind the end where it is near
    got = learning_rates(steps, *settings)
    want = [scheduled(step, *settings) for step in range(steps)]
    check.close(got, want, name="[cosine_warmup(step, …) for step in range(…)]", atol=1e-12)


@pytest.mark.item("cosine_warmup")
def test_settings_of_this_run(student, make):
    for _ in range(3):
        warmup = make.pick(2, 9)
        total = warmup + make.pick(3, 12)
        base = 0.5 + make.uniform(1).item()
        settings = (warmup, total, base, 0.3 * make.uniform(1).item())
        got = learning_rates(total + 40, *settings)
        want = [scheduled(step, *settings) for step in range(total + 40)]
        check.close(got, want, name="[cosine_warmup(step, …) for step in range(…)]", atol=1e-12)


@pytest.mark.item("cosine_warmup")
def test_the_arguments_have_their_names(student):
    got = student.cosine_warmup(step=4, warmup=2, total=7, base=0.5, minimum=0.1)
    check.number(got, scheduled(4, 2, 7, 0.5, 0.1), name="cosine_warmup(step=4, …)")
    got = student.cosine_warmup(step=1, warmup=4, total=7, base=0.5, minimum=0.1)
    check.number(got, 0.125, name="cosine_warmup(step=1, …)")


# --------------------------------------------------------------------------------------------------------- StepLR


@inside
def staircase(rates, step_size, gamma, epochs):
    """The learning rates of all groups: at once, and after each epoch."""
    groups = [{"params": [nn.Parameter(torch.ones(2))], "lr": lr} for lr in rates]
    optimizer = torch.optim.SGD(groups, lr=7.0, momentum=0.5)
    scheduler = student.StepLR(optimizer, step_size, gamma)
    seen = [[group["lr"] for group in optimizer.param_groups]]
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        seen.append([group["lr"] for group in optimizer.param_groups])
    return seen


@pytest.mark.item("step_lr")
@pytest.mark.parametrize(("step_size", "gamma"), [(3, 0.5), (1, 0.9), (4, 0.1), (2, 1.5), (30, 0.2), (12, 0.3)])
def test_every_step_size_epochs_the_rates_are_multiplied(student, make, step_size, gamma):
    rates = [0.1 + make.uniform(1).item() for _ in range(3)]
    want = [[lr * gamma ** (epoch // step_size) for lr in rates] for epoch in range(14)]
    check.close(staircase(rates, step_size, gamma, 13), want, name="learning rates after each epoch")
    check.close(staircase(rates[:1], step_size, gamma, 13), [row[:1] for row in want], name="learning rates, one group")


@inside
def trained_on_the_staircase(start, rows, lr, step_size, gamma):
    p = nn.Parameter(start.clone())
    optimizer = torch.optim.SGD([p], lr=lr, momentum=0.9, weight_decay=0.1)
    scheduler = student.StepLR(optimizer=optimizer, step_size=step_size, gamma=gamma)
    for row in rows:
        p.grad = row.clone()
        optimizer.step()
        scheduler.step()
    (group,) = optimizer.param_groups
    return p.detach(), [group[name] for name in ("momentum", "weight_decay", "dampening")]


@pytest.mark.item("step_lr")
def test_the_optimizer_takes_smaller_steps_and_keeps_its_other_settings(student, make):
    start, rows = make(4), [make(4) for _ in range(9)]
    value, others = trained_on_the_staircase(start, rows, 0.2, 2, 0.5)
    p = start.clone().requires_grad_(True)
    optimizer = torch.optim.SGD([p], lr=0.2, momentum=0.9, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    for row in rows:
        p.grad = row.clone()
        optimizer.step()
        scheduler.step()
    check.close(value, p.detach(), name="the parameter after 9 epochs")
    check.close(others, [0.9, 0.1, 0], name="[momentum, weight_decay, dampening]")


@inside
def two_staircases(rates):
    """Two schedulers of two optimizers, the second called twice as often."""
    both = []
    for lr in rates:
        optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=lr)
        both.append((optimizer, student.StepLR(optimizer, 3, 0.5)))
    seen = []
    for _ in range(5):
        both[0][1].step()
        both[1][1].step()
        both[1][1].step()
        seen.append([optimizer.param_groups[0]["lr"] for optimizer, _ in both])
    return seen


@pytest.mark.item("step_lr")
@check.about("shared_state")
def test_two_schedulers_count_for_themselves(student, make):
    rates = [0.1 + make.uniform(1).item() for _ in range(2)]
    want = [[rates[0] * 0.5 ** (k // 3), rates[1] * 0.5 ** (2 * k // 3)] for k in range(1, 6)]
    check.close(two_staircases(rates), want, name="learning rates of two optimizers")


@inside
def scheduled_elsewhere():
    """Did one of torch's schedulers come to life?"""
    kind = torch.optim.lr_scheduler.LRScheduler
    seen, original = [], kind.__init__

    def noted(self, *args, **kwargs):
        seen.append("LRScheduler")
        return original(self, *args, **kwargs)

    kind.__init__ = noted
    try:
        staircase([0.1], 2, 0.5, 4)
    finally:
        kind.__init__ = original
    return sorted(set(seen))


@pytest.mark.item("step_lr")
def test_the_schedule_is_written_by_hand(student):
    check.that(
        scheduled_elsewhere() == [],
        Text(
            en="A scheduler of torch's does the work here; write it yourself.",
            vi="Ở đây một scheduler của torch làm thay bạn; hãy tự viết.",
        ),
        code="by_hand",
    )


# --------------------------------------------------------------------------------------------------- param_groups


@inside
def build(kind):
    if kind == "linear":
        return nn.Linear(3, 2)
    if kind == "norm":
        return nn.BatchNorm1d(3)
    if kind == "mlp":
        return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Sequential(nn.Linear(5, 3)))
    if kind == "cnn":
        flat = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.PReLU(), nn.GroupNorm(2, 4)]
        return nn.Sequential(*flat, nn.Conv3d(4, 2, 2, bias=False), nn.BatchNorm3d(2))
    if kind == "text":
        lstm, attention = nn.LSTM(4, 3), nn.MultiheadAttention(4, 2, add_bias_kv=True)
        return nn.ModuleDict(
            {"table": nn.Embedding(7, 4), "lstm": lstm, "attention": attention, "rms": nn.RMSNorm(4)}
            | {"grid": nn.LayerNorm((4, 5)), "line": nn.LayerNorm(3)}
        )
    if kind == "own":
        model = nn.Module()
        model.scale = nn.Parameter(torch.ones(3))
        model.my_bias = nn.Parameter(torch.ones(2, 2))
        model.bias_net = nn.Sequential(nn.Linear(3, 3, bias=False))
        model.norm = nn.Linear(2, 4)
        return model
    if kind == "tied":
        model = nn.Sequential(nn.Embedding(6, 4), nn.LayerNorm(4), nn.Linear(4, 6))
        model[2].weight = model[0].weight
        model.append(nn.Linear(6, 6))
        model.append(nn.Linear(6, 6))
        model[4].bias = model[3].bias
        model.append(nn.Sequential(model[1]))  # a module in two places, once in an inner one
        return model
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 4), nn.LayerNorm(4))
    for p in [model[0].weight, model[1].weight, model[2].bias]:
        p.requires_grad_(False)
    return model


@inside
def decays_of(kinds, weight_decay):
    """For each parameter of each model the decays of the groups in which it stands; and how many stand in groups."""
    found = {}
    for kind in kinds:
        model = build(kind)
        groups = [(group["weight_decay"], list(group["params"])) for group in student.param_groups(model, weight_decay)]
        places = {name: [d for d, ps in groups for q in ps if q is p] for name, p in model.named_parameters()}
        found[kind] = places, sum(len(ps) for _, ps in groups)
    return found


@inside
def flags_and_values_after(kind):
    model = build(kind)
    before = [[p.requires_grad, p.detach().clone()] for p in model.parameters()]
    student.param_groups(model, 0.1)
    return before, [[p.requires_grad, p.detach()] for p in model.parameters()], model.training


YES = {  # those with decay
    "linear": ["weight"],
    "norm": [],
    "mlp": ["0.weight", "3.0.weight"],
    "cnn": ["0.weight", "2.weight", "4.weight"],
    "text": [
        "table.weight",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "attention.in_proj_weight",
        "attention.out_proj.weight",
    ],
    "own": ["scale", "bias_net.0.weight", "norm.weight"],
    "tied": ["0.weight", "3.weight", "4.weight"],
    "frozen": ["2.weight"],
}
NO = {  # those without
    "linear": ["bias"],
    "norm": ["weight", "bias"],
    "mlp": ["0.bias", "1.weight", "1.bias", "3.0.bias"],
    "cnn": ["0.bias", "1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"],
    "text": [
        *("lstm.bias_ih_l0", "lstm.bias_hh_l0", "rms.weight"),
        *("attention.in_proj_bias", "attention.out_proj.bias", "attention.bias_k", "attention.bias_v"),
        *("grid.weight", "grid.bias", "line.weight", "line.bias"),
    ],
    "own": ["my_bias", "norm.bias"],
    "tied": ["1.weight", "1.bias", "2.bias", "3.bias"],
    "frozen": ["0.bias", "1.bias", "3.weight", "3.bias"],
}


@pytest.mark.item("param_groups")
def test_every_parameter_stands_once_and_where_it_belongs(student, make):
    weight_decay = 0.1 + make.uniform(1).item()
    found = decays_of(list(YES), weight_decay)  # all models at once: together they tell the mistakes apart
    for kind in YES:
        places, count = found[kind]
        for name, decays in places.items():
            want = [weight_decay] if name in YES[kind] else [0.0] if name in NO[kind] else []
            check.close(decays, want, name=f"weight decays of {name}")
        check.equal(count, len(YES[kind]) + len(NO[kind]), name="how many parameters stand in the groups")


@pytest.mark.item("param_groups")
def test_the_model_stays_as_it_is(student):
    for kind in ("mlp", "frozen"):
        before, after, training = flags_and_values_after(kind)
        check.close(after, before, name="[requires_grad, values] of each parameter")
        check.equal(training, True, name="model.training")


@inside
def shrunk(kind, weight_decay, lr):
    """A step of AdamW with zero gradients: what decays shrinks, all else stays."""
    model = build(kind)
    names = [name for name, _ in model.named_parameters()]
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(1.0)
            p.grad = torch.zeros_like(p)
    optimizer = torch.optim.AdamW(student.param_groups(model, weight_decay), lr=lr)
    optimizer.step()
    return {name: p.detach() for name, p in zip(names, model.parameters(), strict=True)}


@pytest.mark.item("param_groups")
@pytest.mark.parametrize("kind", ["mlp", "tied"])
def test_an_optimizer_of_torch_takes_the_groups(student, kind):
    got = shrunk(kind, 0.5, 0.2)
    for name, value in got.items():
        want = 0.9 if name in YES[kind] else 1.0
        check.close(value, torch.full(value.shape, want), name=f"{name} after a step with zero gradients")


@inside
def groups_of(weight_decay):
    return [group["weight_decay"] for group in student.param_groups(nn.Linear(3, 2), weight_decay)]


@pytest.mark.item("param_groups")
def test_there_are_two_groups_the_first_with_decay(student):
    check.close(groups_of(0.25), [0.25, 0.0], name="the weight decays of the groups")
