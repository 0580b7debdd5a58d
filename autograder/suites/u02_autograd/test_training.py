"""Hidden tests of u02_autograd: an operation of one's own, a loss with a part that is cut off, and gradient descent."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u02_autograd")


# clamp_fn


@inside
def clamped(x, lo, hi, upstream):
    """The result, the gradient of x, x afterwards, and the name of the operation."""
    leaf = x.clone().requires_grad_(True)
    y = student.ClampFn.apply(leaf, lo, hi)
    name = type(y.grad_fn).__name__
    value = y.detach().clone()
    if y.requires_grad:
        y.backward(upstream)
    return value, leaf.grad, leaf.detach(), name


@inside
def two_clamps(a, b, up_a, up_b):
    a, b = a.clone().requires_grad_(True), b.clone().requires_grad_(True)
    y = student.ClampFn.apply(a * 3, -1.0, 2.0)
    z = student.ClampFn.apply(b * 3, 0.0, 0.5)  # its forward runs before the other's backward
    ((y * up_a).sum() + (z * up_b).sum()).backward()
    return y.detach(), z.detach(), a.grad, b.grad


def passes(x, lo, hi):
    """1 where the gradient passes, entry by entry."""
    return torch.tensor([float(lo <= number <= hi) for number in x.flatten().tolist()], dtype=x.dtype).reshape(x.shape)


def cut(x, lo, hi):
    return torch.tensor([min(max(number, lo), hi) for number in x.flatten().tolist()], dtype=x.dtype).reshape(x.shape)


def expect_clamp(x, lo, hi, upstream):
    value, grad, after, name = clamped(x, lo, hi, upstream)
    check.close(value, cut(x, lo, hi))
    check.close(grad, upstream * passes(x, lo, hi), name="the gradient of x")
    check.close(after, x, name="x after the call")
    check.equal(name, "ClampFnBackward", name="the name of the node")


@pytest.mark.item("clamp_fn")
@pytest.mark.parametrize(("lo", "hi"), [(-0.5, 0.75), (0.25, 1.5), (-1.5, -0.25)])
@pytest.mark.parametrize("shape", [(40,), (6, 7), (2, 4, 5)])
def test_values_and_gradients_of_clamp(student, make, shape, lo, hi):
    x = make(*shape)
    x.view(-1)[:3] = torch.tensor([lo - 1, (lo + hi) / 2, hi + 1], dtype=torch.float64)  # one of each
    expect_clamp(x, lo, hi, make(*shape))


@pytest.mark.item("clamp_fn")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("lo", "hi"), [(-0.5, 0.75), (0.0, 2.0), (1.0, 1.0)])
def test_the_bounds_count_as_inside(student, make, lo, hi, dtype):
    x = torch.tensor([lo, hi, lo - 0.25, hi + 0.25, lo, hi], dtype=dtype)
    expect_clamp(x, lo, hi, make(6, dtype=dtype))


@pytest.mark.item("clamp_fn")
def test_a_tensor_without_dimensions(student, make):
    for number in (-3.0, 0.25, 3.0):
        expect_clamp(torch.tensor(number, dtype=torch.float64), -1.0, 1.0, make())


@pytest.mark.item("clamp_fn")
@check.about("shared_state")
def test_two_clamps_in_one_graph_do_not_mix_their_masks(student, make):
    a, b = make(12), make(12)
    a[:3], b[:3] = torch.tensor([-2.0, 0.1, 2.0]).double(), torch.tensor([0.1, 2.0, -2.0]).double()
    up_a, up_b = make(12), make(12)
    y, z, of_a, of_b = two_clamps(a, b, up_a, up_b)
    check.close((y, z), (cut(3 * a, -1.0, 2.0), cut(3 * b, 0.0, 0.5)), name="the results")
    check.close(of_a, 3 * up_a * passes(3 * a, -1.0, 2.0), name="the gradient through the first")
    check.close(of_b, 3 * up_b * passes(3 * b, 0.0, 0.5), name="the gradient through the second")


# advantage_loss


@inside
def actor_and_critic(logp, value, reward, upstream):
    logp, value = logp.clone().requires_grad_(True), value.clone().requires_grad_(True)
    loss = student.advantage_loss(logp, value, reward)
    if loss.requires_grad:
        loss.backward(upstream)
    return loss.detach(), logp.grad, torch.zeros_like(value) if value.grad is None else value.grad


@inside
def one_body_for_both(w, a, b, reward, upstream):
    w = w.clone().requires_grad_(True)
    loss = student.advantage_loss(a @ w, b @ w, reward)
    if loss.requires_grad:
        loss.backward(upstream)
    return loss.detach(), w.grad


def wide(dtype):
    """Tolerances of a mean whose terms may cancel."""
    return {"rtol": 1e-4, "atol": 1e-5} if dtype is torch.float32 else {}


def weighted(logp, value, reward):
    terms = [p * (r - v) for p, v, r in zip(logp, value, reward, strict=True)]
    return -torch.stack(terms).sum() / len(terms)


@pytest.mark.item("advantage_loss")
@pytest.mark.parametrize(("n", "dtype"), [(6, torch.float64), (5, torch.float32), (1, torch.float64)])
def test_the_loss_is_minus_the_mean_of_the_weighted_log_probabilities(student, make, n, dtype):
    logp, value, reward = -make(n, dtype=dtype).abs(), make(n, dtype=dtype), make(n, dtype=dtype)
    check.close(student.advantage_loss(logp, value, reward), weighted(logp, value, reward), **wide(dtype))


@pytest.mark.item("advantage_loss")
@pytest.mark.parametrize(("n", "dtype"), [(7, torch.float64), (4, torch.float32), (1, torch.float64)])
@check.about(
    "graph",
    en="The gradient must reach logp, and logp alone: detach the other factor, and only it.",
    vi="Gradient phải về tới logp, và chỉ logp: hãy detach thừa số kia, và chỉ thừa số đó.",
    when=("values", "some_values", "none"),
)
def test_the_gradient_goes_to_logp_alone(student, make, n, dtype):
    logp, value, reward = -make(n, dtype=dtype).abs(), make(n, dtype=dtype), make(n, dtype=dtype)
    upstream = make(dtype=dtype)
    loss, of_logp, of_value = actor_and_critic(logp, value, reward, upstream)
    check.close(loss, weighted(logp, value, reward), name="loss", **wide(dtype))
    check.close(of_logp, (value - reward) / n * upstream, name="the gradient of logp", **wide(dtype))
    check.close(of_value, torch.zeros_like(value), name="the gradient of value")


@pytest.mark.item("advantage_loss")
def test_a_body_that_serves_both_learns_from_the_actor_only(student, make):
    w, a, b, reward, upstream = make(3), make(5, 3), make(5, 3), make(5), make()
    loss, of_w = one_body_for_both(w, a, b, reward, upstream)
    check.close(loss, weighted(a @ w, b @ w, reward), name="loss")
    check.close(of_w, a.T @ (b @ w - reward) / 5 * upstream, name="the gradient of what both are computed from")


# gd_loop


@inside
def bowl(v):
    return (v**2).sum()


@inside
def downhill_in_a_long_bowl(w, a, lr, n):
    return student.gd_loop(lambda v: (a * v**2).sum(), w, lr, n)


@inside
def waves(v):
    return v.cos().sum()


@inside
def descent_beside(w, mark, lr, n):
    """The caller's w lives on: plain, or (with a mark) tracked and with the mark in its .grad."""
    w = w.clone().requires_grad_(mark is not None)
    w.grad = None if mark is None else mark.clone()
    result = student.gd_loop(waves, w, lr, n)
    flags = {"w.requires_grad": w.requires_grad, "result.grad_fn is None": result.grad_fn is None}
    return result, w.detach(), w.grad, flags


@pytest.mark.item("gd_loop")
@pytest.mark.parametrize(("d", "n", "dtype"), [(5, 12, torch.float64), (3, 10, torch.float32), (1, 1, torch.float64)])
def test_on_a_bowl_each_step_shrinks_w_by_one_factor(student, make, d, n, dtype):
    w = make(d, dtype=dtype)
    check.close(student.gd_loop(bowl, w, 0.15, n), (1 - 2 * 0.15) ** n * w)


@pytest.mark.item("gd_loop")
@pytest.mark.parametrize("n", [11, 2])
def test_on_a_long_bowl_each_entry_has_its_factor(student, make, n):
    w, a = make(6), 0.5 + make.uniform(6)
    check.close(downhill_in_a_long_bowl(w, a, 0.1, n), (1 - 2 * 0.1 * a) ** n * w)


@pytest.mark.item("gd_loop")
def test_where_the_slope_changes_each_step_takes_the_new_one(student, make):
    w = make(5)
    want = w.clone()
    for _ in range(10):
        want = want + 0.3 * want.sin()  # cos falls with − sin
    check.close(student.gd_loop(waves, w, 0.3, 10), want)


@pytest.mark.item("gd_loop")
def test_no_steps_give_w(student, make):
    w = make(4)
    check.close(student.gd_loop(bowl, w, 0.5, 0), w)


@pytest.mark.item("gd_loop")
@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_caller_s_w_stays_as_it_was(student, make, n, tracked):
    w, mark = make(5), make(5) if tracked else None
    result, after, grad, flags = descent_beside(w, mark, 0.2, n)
    want = w.clone()
    for _ in range(n):
        want = want + 0.2 * want.sin()
    check.close(result, want)
    with check.about("trace_on_x", always=True):
        expect_caller_s_w(w, mark, after, grad)
        check.equal(flags, {"w.requires_grad": tracked, "result.grad_fn is None": True}, name="the flags")


def expect_caller_s_w(w, mark, after, grad):
    check.close(after, w, name="the caller's w")
    if mark is None:
        check.equal(grad, None, name="the caller's w.grad")
    else:
        check.close(grad, mark, name="the caller's w.grad")


# fit_wx


@inside
def fit_beside(x, y, w, mark, lr, epochs):
    w = w.clone().requires_grad_(mark is not None)
    w.grad = None if mark is None else mark.clone()
    found, losses = student.fit_wx(x, y, w, lr, epochs)
    flags = {"w.requires_grad": w.requires_grad, "the returned w.grad_fn is None": found.grad_fn is None}
    return found, losses, w.detach(), w.grad, flags


def fitted(x, y, w, lr, epochs):
    """w and losses in closed form: the loss is a parabola in w, and a step shrinks the way to its lowest point."""
    x, y, w = x.double(), y.double(), w.double()
    xx, xy, yy = (x @ x).item() / len(x), (x @ y).item() / len(x), (y @ y).item() / len(x)
    best, factor = xy / xx, 1 - 2 * lr * xx
    ways = [factor**k * (w.item() - best) for k in range(epochs + 1)]
    losses = [xx * way**2 + (yy - xy**2 / xx) for way in ways[:-1]]
    return torch.tensor(best + ways[-1], dtype=torch.float64), losses


def examples(make, n, dtype=torch.float64):
    """x with a mean square near 1, and y = 3 x + noise: steps with lr up to 0.5 do not jump over."""
    x = make(n)
    x = x / x.square().mean().sqrt()
    return x.to(dtype), (3 * x + 0.3 * make(n)).to(dtype), make(dtype=dtype)


@pytest.mark.item("fit_wx")
@pytest.mark.parametrize(("n", "lr", "epochs"), [(9, 0.1, 12), (16, 0.05, 10), (1, 0.2, 10), (5, 0.4, 3), (4, 0.1, 1)])
def test_w_and_losses_follow_the_parabola(student, make, n, lr, epochs):
    x, y, w = examples(make, n)
    want, want_losses = fitted(x, y, w, lr, epochs)
    found, losses = student.fit_wx(x, y, w, lr, epochs)
    check.trajectory(losses, want_losses, name="losses")
    check.close(found, want, name="w")


@pytest.mark.item("fit_wx")
def test_float32_stays_float32(student, make):
    x, y, w = examples(make, 8, torch.float32)
    want, want_losses = fitted(x, y, w, 0.1, 10)
    found, losses = student.fit_wx(x, y, w, 0.1, 10)
    check.trajectory(losses, want_losses, name="losses", rtol=1e-4)
    check.close(found, want.float(), name="w", rtol=1e-4)


@pytest.mark.item("fit_wx")
def test_no_epochs_give_w_and_no_losses(student, make):
    x, y, w = examples(make, 6)
    found, losses = student.fit_wx(x, y, w, 0.1, 0)
    check.close(found, w, name="w")
    check.equal(losses, [], name="losses")


@pytest.mark.item("fit_wx")
@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("epochs", [0, 4])
def test_the_caller_keeps_w_and_its_gradient(student, make, epochs, tracked):
    (x, y, w), mark = examples(make, 7), make() if tracked else None
    found, _, after, grad, flags = fit_beside(x, y, w, mark, 0.1, epochs)
    check.close(found, fitted(x, y, w, 0.1, epochs)[0], name="w")
    with check.about("trace_on_x", always=True):
        expect_caller_s_w(w, mark, after, grad)
        check.equal(flags, {"w.requires_grad": tracked, "the returned w.grad_fn is None": True}, name="the flags")
