"""Hidden tests of u08_losses_optimizers: the five optimizers and gradient clipping, against torch's own."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u08_losses_optimizers")

STEPS = 12
SHAPES = [(3, 4), (5,), (), (2, 2)]

TWINS = {
    "SGD": lambda params, lr, momentum=0.0, weight_decay=0.0: torch.optim.SGD(
        params, lr=lr, momentum=momentum, weight_decay=weight_decay
    ),
    "Adagrad": lambda params, lr, eps: torch.optim.Adagrad(params, lr=lr, eps=eps),
    "RMSprop": lambda params, lr, alpha, eps: torch.optim.RMSprop(params, lr=lr, alpha=alpha, eps=eps),
    "Adam": lambda params, lr, betas, eps, decay: torch.optim.Adam(
        params, lr=lr, betas=betas, eps=eps, weight_decay=decay
    ),
    "AdamW": lambda params, lr, betas, eps, decay=0.01: torch.optim.AdamW(
        params, lr=lr, betas=betas, eps=eps, weight_decay=decay
    ),
}

SETTINGS = {  # the first of each has everything switched on
    "SGD": [(0.1, 0.8, 0.3), (0.07,), (0.1, 0.9), (0.2, 0.0, 0.4)],
    "Adagrad": [(0.3, 0.05), (0.1, 1.5)],
    "RMSprop": [(0.1, 0.8, 0.05), (0.05, 0.95, 0.7), (0.1, 0.0, 0.3)],
    "Adam": [(0.1, (0.8, 0.9), 0.05, 0.3), (0.2, (0.9, 0.99), 0.02, 0.0), (0.05, (0.0, 0.6), 0.8, 0.1)],
    "AdamW": [(0.1, (0.8, 0.9), 0.05, 0.6), (0.2, (0.9, 0.99), 0.02, 0.0), (0.05, (0.0, 0.6), 0.8, 2.0)],
}

EVERY = [pytest.param(kind, marks=pytest.mark.item(kind.lower()), id=kind) for kind in TWINS]
EVERY_SETTING = [
    pytest.param(kind, settings, marks=pytest.mark.item(kind.lower()), id=f"{kind}-{number}")
    for kind, found in SETTINGS.items()
    for number, settings in enumerate(found)
]


def starts_of(make, dtype=torch.float64):
    return [make(*shape, dtype=dtype) for shape in SHAPES]


def rows_of(make, steps=STEPS, dtype=torch.float64):
    """A gradient for each parameter and step."""
    return [starts_of(make, dtype) for _ in range(steps)]


def by_torch(kind, settings, starts, rows):
    """Values of all parameters after each step of torch's optimizer with these gradients."""
    params = [start.clone().requires_grad_(True) for start in starts]
    optimizer, values = TWINS[kind](params, *settings), []
    for row in rows:
        for p, grad in zip(params, row, strict=True):
            p.grad = None if grad is None else grad.clone()
        optimizer.step()
        values.append([p.detach().clone() for p in params])
    return values


def expect_values(got, want, **tolerances):
    """Step by step, so that the words name the first one that went wrong."""
    check.equal(len(got), len(want), name="the number of steps")
    for number, (values, wanted) in enumerate(zip(got, want, strict=True), start=1):
        check.close(values, wanted, name=f"parameters after step {number}", **tolerances)


# -------------------------------------------------------------------------------------------- every optimizer


@inside
def drive(kind, settings, starts, rows):
    """Steps with prescribed gradients; the parameters arrive by a generator."""
    params = [nn.Parameter(start.clone()) for start in starts]
    optimizer, values = getattr(student, kind)((p for p in params), *settings), []
    for row in rows:
        for p, grad in zip(params, row, strict=True):
            p.grad = None if grad is None else grad.clone()
        optimizer.step()
        values.append([p.detach().clone() for p in params])
    return values


@pytest.mark.parametrize(("kind", "settings"), EVERY_SETTING)
def test_twelve_steps_move_every_parameter_as_torch_does(student, make, kind, settings):
    starts, rows = starts_of(make), rows_of(make)
    expect_values(drive(kind, settings, starts, rows), by_torch(kind, settings, starts, rows))


@pytest.mark.parametrize("kind", EVERY)
@check.about(
    "waits",
    en="A Parameter whose .grad is None waits: it does not move, and what is remembered of it does not change.",
    vi="Parameter có .grad là None thì chờ: nó không di chuyển, và những gì được nhớ về nó không đổi.",
)
def test_a_parameter_without_a_gradient_waits(student, make, kind):
    starts, rows = starts_of(make), rows_of(make)
    for number, row in enumerate(rows):
        row[0] = None  # never
        row[1] = None if number < 3 or number == 6 else row[1]  # late, and with a gap
        row[3] = None if number in (1, 2, 5) else row[3]
    got = drive(kind, SETTINGS[kind][0], starts, rows)
    expect_values(got, by_torch(kind, SETTINGS[kind][0], starts, rows))


@pytest.mark.parametrize("kind", EVERY)
def test_float32_stays_float32(student, make, kind):
    starts, rows = starts_of(make, torch.float32), rows_of(make, 4, torch.float32)
    want = by_torch(kind, SETTINGS[kind][0], starts, rows)
    expect_values(drive(kind, SETTINGS[kind][0], starts, rows), want, rtol=1e-4, atol=1e-5)


@inside
def drive_in_kept_memory(kind, settings, starts, rows):
    """One .grad tensor for each parameter, filled anew before each step; are they as they were afterwards?"""
    params = [nn.Parameter(start.clone()) for start in starts]
    optimizer, values, left, kept = getattr(student, kind)(params, *settings), [], [], []
    grads = [torch.zeros_like(start) for start in starts]
    for p, grad in zip(params, grads, strict=True):
        p.grad = grad
    for row in rows:
        for grad, numbers in zip(grads, row, strict=True):
            grad.copy_(numbers)
        optimizer.step()
        values.append([p.detach().clone() for p in params])
        left.append([grad.clone() for grad in grads])
        kept.append([p.grad is grad for p, grad in zip(params, grads, strict=True)])
        for grad in grads:
            grad.fill_(1000.0)  # whoever kept it instead of a copy now remembers nonsense
    return values, left, kept


@pytest.mark.parametrize("kind", EVERY)
@check.about(
    "gradient_kept",
    en="step() changed a gradient, or keeps one that belongs to its Parameter: work on a copy.",
    vi="step() đã sửa gradient, hoặc giữ luôn tensor gradient của Parameter: hãy làm trên bản sao.",
)
def test_step_changes_no_gradient_and_keeps_none(student, make, kind):
    for settings in SETTINGS[kind]:
        starts, rows = starts_of(make), rows_of(make, 4)
        values, left, kept = drive_in_kept_memory(kind, settings, starts, rows)
        check.close(left, rows, name="p.grad after each step")
        check.equal(kept, [[True] * len(starts)] * 4, name="p.grad is the tensor that it was")
        expect_values(values, by_torch(kind, settings, starts, rows))


@inside
def train(kind, settings, weight, bias, x, y, steps):
    """A training loop as it stands in every tutorial, with `model.parameters()` and zero_grad()."""
    model = nn.Linear(*reversed(weight.shape)).to(weight.dtype)
    with torch.no_grad():
        model.weight.copy_(weight)
        model.bias.copy_(bias)
    optimizer, losses = getattr(student, kind)(model.parameters(), *settings), []
    model(x).sum().backward()  # a gradient is left over from something else
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [p.detach() for p in model.parameters()]


@pytest.mark.parametrize("kind", EVERY)
def test_a_model_is_trained_step_by_step_as_by_torch(student, make, kind):
    weight, bias, x, y = make(3, 5), make(3), make(7, 5), make(7, 3)
    losses, values = train(kind, SETTINGS[kind][0], weight, bias, x, y, STEPS)
    params, want = [weight.clone().requires_grad_(True), bias.clone().requires_grad_(True)], []
    optimizer = TWINS[kind](params, *SETTINGS[kind][0])
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = (x @ params[0].T + params[1] - y).square().mean()
        loss.backward()
        optimizer.step()
        want.append(loss.item())
    check.trajectory(losses, want, name="losses")
    check.close(values, [p.detach() for p in params], name="parameters after 12 steps", rtol=1e-7, atol=1e-9)


@inside
def forget(kind, settings, starts, grads):
    """`zero_grad` after a step; the last parameter has no gradient."""
    params = [nn.Parameter(start.clone()) for start in starts]
    optimizer = getattr(student, kind)((p for p in params), *settings)
    for p, grad in zip(params, grads, strict=True):
        p.grad = None if grad is None else grad.clone()
    optimizer.step()
    before = [p.detach().clone() for p in params]
    optimizer.zero_grad()
    return [p.grad for p in params], before, [p.detach() for p in params]


@pytest.mark.parametrize("kind", EVERY)
def test_zero_grad_forgets_every_gradient_and_nothing_else(student, make, kind):
    grads, before, after = forget(kind, SETTINGS[kind][0], starts_of(make), [*starts_of(make)[:3], None])
    check.that(
        all(grad is None or not bool(grad.any()) for grad in grads),
        Text(
            en="After zero_grad() a .grad is neither None nor zeros.",
            vi="Sau zero_grad() vẫn có .grad không phải None cũng không phải toàn số 0.",
        ),
    )
    check.close(after, before, name="parameters after zero_grad()")


@inside
def drive_two(kind, settings, starts, rows, others, other_rows):
    """Two optimizers of the same kind, step about."""
    both, values = [], [[], []]
    for numbers in (starts, others):
        params = [nn.Parameter(start.clone()) for start in numbers]
        both.append((params, getattr(student, kind)(params, *settings)))
    for both_rows in zip(rows, other_rows, strict=True):
        for (params, optimizer), row, seen in zip(both, both_rows, values, strict=True):
            for p, grad in zip(params, row, strict=True):
                p.grad = grad.clone()
            optimizer.step()
            seen.append([p.detach().clone() for p in params])
    return values


@pytest.mark.parametrize("kind", EVERY)
@check.about("shared_state")
def test_two_optimizers_share_nothing(student, make, kind):
    pairs = [(starts_of(make), rows_of(make, 4)) for _ in range(2)]
    found = drive_two(kind, SETTINGS[kind][0], *pairs[0], *pairs[1])
    for values, (starts, rows) in zip(found, pairs, strict=True):
        expect_values(values, by_torch(kind, SETTINGS[kind][0], starts, rows))


@inside
def leaves_after(kind, settings, starts, grads):
    params = [nn.Parameter(start.clone()) for start in starts]
    optimizer = getattr(student, kind)(params, *settings)
    for _ in range(2):
        for p, grad in zip(params, grads, strict=True):
            p.grad = grad.clone()
        optimizer.step()
    flags = [[p.is_leaf, p.requires_grad] for p in params]
    return flags, torch.is_grad_enabled()


@pytest.mark.parametrize("kind", EVERY)
def test_the_parameters_stay_leaves_and_autograd_stays_on(student, make, kind):
    flags, enabled = leaves_after(kind, SETTINGS[kind][0], starts_of(make), starts_of(make))
    check.equal(flags, [[True, True]] * len(SHAPES), name="[is_leaf, requires_grad] of each parameter")
    check.equal(enabled, True, name="torch.is_grad_enabled() after step()")


@inside
def borrowed_from_torch(kind, settings, starts, rows):
    """Names of torch.optim's own update functions that ran meanwhile."""
    import sys

    seen, before = [], []

    def noting(name, function):
        def noted(*args, **kwargs):
            seen.append(name)
            return function(*args, **kwargs)

        return noted

    for module in [sys.modules.get(f"torch.optim.{name}") for name in ("sgd", "adagrad", "rmsprop", "adam", "adamw")]:
        for name, function in list(vars(module).items()) if module else []:
            if name.startswith(("_single_tensor_", "_multi_tensor_", "_fused_")):
                before.append((module, name, function))
                setattr(module, name, noting(name, function))
    try:
        drive(kind, settings, starts, rows)
    finally:
        for module, name, function in before:
            setattr(module, name, function)
    return sorted(set(seen))


@pytest.mark.parametrize("kind", EVERY)
def test_the_update_is_written_by_hand(student, make, kind):
    borrowed = borrowed_from_torch(kind, SETTINGS[kind][0], starts_of(make), rows_of(make, 2))
    check.that(
        borrowed == [],
        Text(
            en="An optimizer of torch.optim does the work here; write the update yourself.",
            vi="Ở đây một optimizer của torch.optim làm thay bạn; hãy tự viết phép cập nhật.",
        ),
        code="by_hand",
    )


# ------------------------------------------------------------------------------------------------------- defaults


@inside
def drive_by_name(kind, settings, starts, rows):
    """`drive` with the settings by their names."""
    params = [nn.Parameter(start.clone()) for start in starts]
    optimizer = getattr(student, kind)(params=params, **settings)
    for row in rows:
        for p, grad in zip(params, row, strict=True):
            p.grad = grad.clone()
        optimizer.step()
    return [p.detach() for p in params]


NAMED = [
    ("SGD", {"lr": 0.1, "weight_decay": 0.4}, (0.1, 0.0, 0.4)),
    ("SGD", {"lr": 0.1, "momentum": 0.7}, (0.1, 0.7)),
    ("Adagrad", {"lr": 0.2, "eps": 0.3}, (0.2, 0.3)),
    ("RMSprop", {"lr": 0.2, "alpha": 0.7, "eps": 0.3}, (0.2, 0.7, 0.3)),
    ("Adam", {"lr": 0.2, "betas": (0.7, 0.9), "eps": 0.3, "weight_decay": 0.2}, (0.2, (0.7, 0.9), 0.3, 0.2)),
    ("AdamW", {"lr": 0.5, "betas": (0.7, 0.9), "eps": 0.3}, (0.5, (0.7, 0.9), 0.3, 0.01)),
]


@pytest.mark.parametrize(
    ("kind", "named", "settings"),
    [pytest.param(*case, marks=pytest.mark.item(case[0].lower()), id=f"{case[0]}-{i}") for i, case in enumerate(NAMED)],
)
@check.about("setting")
def test_settings_have_their_names_and_defaults(student, make, kind, named, settings):
    starts, rows = starts_of(make), rows_of(make, 4)
    got = drive_by_name(kind, named, starts, rows)
    check.close(got, by_torch(kind, settings, starts, rows)[-1], name="parameters after 4 steps")


# ------------------------------------------------------------------------------------------------- clip_grad_norm_


@inside
def clip(starts, grads, max_norm):
    params = [nn.Parameter(start.clone()) for start in starts]
    held = [None if grad is None else grad.clone() for grad in grads]
    for p, grad in zip(params, held, strict=True):
        p.grad = grad
    norm = student.clip_grad_norm_((p for p in params), max_norm)
    same = [p.grad is grad for p, grad in zip(params, held, strict=True)]
    return norm, [p.grad for p in params], same, [p.detach() for p in params]


def clipped_by_torch(grads, max_norm):
    params = [torch.zeros(()) if grad is None else torch.zeros_like(grad) for grad in grads]
    for p, grad in zip(params, grads, strict=True):
        p.grad = None if grad is None else grad.clone()
    norm = torch.nn.utils.clip_grad_norm_(params, max_norm)
    return norm, [p.grad for p in params]


def expect_clipped(starts, grads, max_norm):
    norm, clipped, same, values = clip(starts, grads, max_norm)
    want_norm, want = clipped_by_torch(grads, max_norm)
    check.close(norm, want_norm, name="the norm before")
    check.close(clipped, want, name="gradients afterwards")
    check.equal(same, [True] * len(starts), name="p.grad is the tensor that it was")
    check.close(values, starts, name="parameters afterwards")


def length(grads):
    return float(sum(grad.double().square().sum() for grad in grads if grad is not None)) ** 0.5


@pytest.mark.item("clip_grad_norm_")
@pytest.mark.parametrize("share", [0.1, 0.95, 1.05, 30.0])
def test_all_gradients_are_shortened_by_one_factor_and_never_lengthened(student, make, share):
    starts, grads = starts_of(make), starts_of(make)
    expect_clipped(starts, grads, share * length(grads))


@pytest.mark.item("clip_grad_norm_")
@pytest.mark.parametrize("share", [0.5, 2.0])
def test_parameters_without_gradients_do_not_count(student, make, share):
    starts, grads = starts_of(make), [None, *starts_of(make)[1:3], None]
    expect_clipped(starts, grads, share * length(grads))


@pytest.mark.item("clip_grad_norm_")
def test_one_parameter_is_enough(student, make):
    for shape in ((6,), (1,), (), (4, 4)):
        grads = [make(*shape)]
        expect_clipped([make(*shape)], grads, 0.4 * length(grads))


@pytest.mark.item("clip_grad_norm_")
def test_the_small_number_beside_the_norm_counts_when_gradients_vanish(student, make):
    starts = starts_of(make)
    expect_clipped(starts, [torch.zeros_like(start) for start in starts], 0.5)
    expect_clipped(starts, [1e-7 * start for start in starts_of(make)], 1e-8)


@pytest.mark.item("clip_grad_norm_")
def test_the_norm_has_the_gradients_dtype(student, make):
    starts, grads = starts_of(make, torch.float32), starts_of(make, torch.float32)
    expect_clipped(starts, grads, 0.5 * length(grads))


@inside
def clip_a_model(x, upstream, max_norm):
    """A generator of torch's own, gradients from backward."""
    model = nn.Linear(x.shape[1], upstream.shape[1]).to(x.dtype)
    model(x).backward(upstream)
    before = [p.grad.clone() for p in model.parameters()]
    norm = student.clip_grad_norm_(model.parameters(), max_norm)
    return before, norm, norm.requires_grad, [p.grad for p in model.parameters()]


@pytest.mark.item("clip_grad_norm_")
def test_the_gradients_of_a_model_are_clipped(student, make):
    before, norm, tracked, after = clip_a_model(make(6, 4), make(6, 3), 0.5)
    want_norm, want = clipped_by_torch(before, 0.5)
    check.close(norm, want_norm, name="the norm before")
    check.close(after, want, name="gradients afterwards")
    check.equal(tracked, False, name="norm.requires_grad")


@inside
def clipped_elsewhere(starts, grads, max_norm):
    """Names of torch's own clipping functions that ran meanwhile."""
    import sys

    seen, before = [], []

    def noting(name, function):
        def noted(*args, **kwargs):
            seen.append(name)
            return function(*args, **kwargs)

        return noted

    for module in (sys.modules["torch.nn.utils.clip_grad"], torch.nn.utils):
        for name in ("clip_grad_norm_", "clip_grad_norm", "clip_grads_with_norm_", "_clip_grads_with_norm_"):
            if hasattr(module, name):
                before.append((module, name, getattr(module, name)))
                setattr(module, name, noting(name, getattr(module, name)))
    try:
        clip(starts, grads, max_norm)
    finally:
        for module, name, function in before:
            setattr(module, name, function)
    return sorted(set(seen))


@pytest.mark.item("clip_grad_norm_")
def test_clipping_is_written_by_hand(student, make):
    check.that(
        clipped_elsewhere(starts_of(make), starts_of(make), 0.5) == [],
        Text(
            en="torch.nn.utils clips here; write it yourself.",
            vi="Ở đây torch.nn.utils chặn gradient thay bạn; hãy tự viết.",
        ),
        code="by_hand",
    )
