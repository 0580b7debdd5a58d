"""Hidden tests of u02_autograd: gradients, Jacobians, second derivatives, and graphs that are used twice.

The functions to differentiate live beside the student's code; what they should give is known in closed form here.
"""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u02_autograd")

STATES = ["plain", "tracked", "stale"]  # of x before a call: not tracked, tracked, tracked and with a gradient already


def near(got, want, *, name="result"):
    """check.close, wider in float32, where another order of additions may cancel another digit."""
    first = want[0] if isinstance(want, list) else want
    wide = {"rtol": 1e-4, "atol": 1e-5} if first.dtype is torch.float32 else {}
    check.close(got, want, name=name, **wide)


def state_of(state, make, *shape):
    """(is x tracked?, what stands in x.grad) before the call; both must be the same after it."""
    return state != "plain", make(*shape) if state == "stale" else None


def expect_untouched(grad, flags, before):
    """x and its gradient are as they were, and no graph hangs on the result."""
    tracked, mark = before
    check.equal(flags, {"x.requires_grad": tracked, "result.grad_fn is None": True}, name="the flags")
    if mark is None:
        check.equal(grad, None, name="x.grad")
    else:
        check.close(grad, mark, name="x.grad")


@inside
def prepared(x, before):
    tracked, mark = before
    x = x.clone().requires_grad_(tracked)
    x.grad = None if mark is None else mark.clone()
    return x


@inside
def flags_of(x, result):
    return {"x.requires_grad": x.requires_grad, "result.grad_fn is None": result.grad_fn is None}


# accumulate


@inside
def accumulated(x, w, n, zero_between):
    """The result and the order of calls for the first n of three functions."""
    calls = []

    def cubes(v):
        calls.append("cubes")
        return (w * v**3).sum()

    def waves(v):
        calls.append("waves")
        return (w * v.sin()).sum()

    def growth(v):
        calls.append("growth")
        return (v / 2).exp().sum()

    return student.accumulate(x, [cubes, waves, growth][:n], zero_between), calls


@inside
def accumulated_beside(x, before, w, zero_between):
    x = prepared(x, before)
    result = student.accumulate(x, [lambda v: (w * v).sum(), lambda v: (v * v).sum()], zero_between)
    return result, x.grad, flags_of(x, result)


@inside
def the_same_twice(x, zero_between):
    bowl = lambda v: (v * v).sum()  # noqa: E731
    return student.accumulate(x, [bowl, bowl], zero_between)


def slopes(x, w):
    return [3 * w * x**2, w * x.cos(), (x / 2).exp() / 2]


@pytest.mark.item("accumulate")
@pytest.mark.parametrize("zero_between", [False, True])
@pytest.mark.parametrize(("d", "n"), [(5, 3), (4, 2), (1, 3), (3, 3), (6, 1)])
def test_what_is_left_after_the_last_backward(student, make, d, n, zero_between):
    x, w = make(d), make(d)
    result, calls = accumulated(x, w, n, zero_between)
    wanted = slopes(x, w)[:n]
    check.close(result, wanted[-1] if zero_between else torch.stack(wanted).sum(0))
    check.equal(calls, ["cubes", "waves", "growth"][:n], name="the order of the calls")


@pytest.mark.item("accumulate")
@pytest.mark.parametrize("zero_between", [False, True])
def test_the_same_function_counts_twice(student, make, zero_between):
    x = make(4, dtype=torch.float32)
    check.close(the_same_twice(x, zero_between), (2 if zero_between else 4) * x)


@pytest.mark.item("accumulate")
@pytest.mark.parametrize("zero_between", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_it_happens_in_a_copy(student, make, zero_between, state):
    x, w, before = make(5), make(5), state_of(state, make, 5)
    result, grad, flags = accumulated_beside(x, before, w, zero_between)
    check.close(result, 2 * x if zero_between else w + 2 * x)
    with check.about("trace_on_x", always=True):
        expect_untouched(grad, flags, before)


# grad_of


@inside
def hills(v):
    return (v.sin() * v**2).sum()


@inside
def slope_of_hills(x, before):
    x = prepared(x, before)
    first = student.grad_of(hills, x)
    second = student.grad_of(hills, x)
    return first, second, x.grad, flags_of(x, first)


@inside
def slope_behind_a_computation(base):
    base = base.clone().requires_grad_(True)
    result = student.grad_of(hills, base * 2)
    return result, base.grad


@inside
def slope_of_form(x, a):
    return student.grad_of(lambda v: v @ a @ v, x)


def derivative_of_hills(x):
    return x.cos() * x**2 + 2 * x * x.sin()


@pytest.mark.item("grad_of")
@pytest.mark.parametrize(("d", "dtype"), [(5, torch.float64), (7, torch.float32), (1, torch.float64)])
def test_each_entry_is_a_partial_derivative(student, make, d, dtype):
    x = make(d, dtype=dtype)
    near(student.grad_of(hills, x), derivative_of_hills(x))


@pytest.mark.item("grad_of")
@pytest.mark.parametrize("d", [4, 1])
def test_every_way_from_x_to_the_result_counts(student, make, d):
    x, a = make(d), make(d, d)
    check.close(slope_of_form(x, a), (a + a.T) @ x)


@pytest.mark.item("grad_of")
@pytest.mark.parametrize("state", STATES)
def test_twice_gives_the_same_and_x_keeps_its_own_gradient(student, make, state):
    x, before = make(5), state_of(state, make, 5)
    first, second, grad, flags = slope_of_hills(x, before)
    check.close(first, derivative_of_hills(x), name="the first call")
    with check.about("trace_on_x", always=True):
        check.close(second, derivative_of_hills(x), name="the second call")
        expect_untouched(grad, flags, before)


@pytest.mark.item("grad_of")
def test_x_may_come_out_of_a_computation(student, make):
    base = make(4)
    result, grad = slope_behind_a_computation(base)
    check.close(result, derivative_of_hills(2 * base))
    check.equal(grad, None, name="the gradient of what x was computed from")


# jacobian


@inside
def jacobian_of_waves(x, w):
    return student.jacobian(lambda v: (w @ v).sin(), x)


@inside
def jacobian_of_parts(x):
    return student.jacobian(lambda v: torch.stack([v[0] * v[1], 3 * v[2], v[1] ** 3, v.sum()]), x)


@inside
def jacobian_beside(x, before, w):
    x = prepared(x, before)
    first = student.jacobian(lambda v: (w @ v).exp(), x)
    second = student.jacobian(lambda v: (w @ v).exp(), x)
    return first, second, x.grad, flags_of(x, first)


@pytest.mark.item("jacobian")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("m", "n"), [(3, 5), (5, 2), (4, 4), (1, 3), (3, 1), (1, 1)])
def test_rows_are_outputs_and_columns_are_inputs(student, make, m, n, dtype):
    x, w = make(n, dtype=dtype), make(m, n, dtype=dtype)
    near(jacobian_of_waves(x, w), (w @ x).cos()[:, None] * w)


@pytest.mark.item("jacobian")
def test_an_output_that_ignores_an_input_has_a_zero_there(student, make):
    x = make(3)
    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    rows = [(x[1], x[0], zero), (zero, zero, 3 * one), (zero, 3 * x[1] ** 2, zero), (one, one, one)]
    check.close(jacobian_of_parts(x), torch.stack([torch.stack(row) for row in rows]))


@pytest.mark.item("jacobian")
@pytest.mark.parametrize("state", STATES)
def test_a_jacobian_leaves_x_alone(student, make, state):
    x, w, before = make(3), make(4, 3) / 2, state_of(state, make, 3)
    first, second, grad, flags = jacobian_beside(x, before, w)
    want = (w @ x).exp()[:, None] * w
    check.close(first, want, name="the first call")
    with check.about("trace_on_x", always=True):
        check.close(second, want, name="the second call")
        expect_untouched(grad, flags, before)


# second_derivative


@inside
def cube(v):
    return v**3


@inside
def swinging(v):
    return v * v.sin()


@inside
def growing(v):
    return (2 * v).exp() + v


@inside
def valley(v):
    return torch.log(1 + v * v)


CURVES = [
    (cube, lambda v: 6 * v),
    (swinging, lambda v: 2 * v.cos() - v * v.sin()),
    (growing, lambda v: 4 * (2 * v).exp()),
    (valley, lambda v: 2 * (1 - v * v) / (1 + v * v) ** 2),
]


@inside
def curvature_beside(x, before):
    x = prepared(x, before)
    first = student.second_derivative(swinging, x)
    second = student.second_derivative(swinging, x)
    return first, second, x.grad, flags_of(x, first)


@pytest.mark.item("second_derivative")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("fn", "want"), CURVES, ids=[fn.name for fn, _ in CURVES])
def test_the_derivative_of_the_derivative(student, make, fn, want, dtype):
    x = make(dtype=dtype)
    near(student.second_derivative(fn, x), want(x.double()).to(dtype))


@pytest.mark.item("second_derivative")
@pytest.mark.parametrize("state", STATES)
def test_a_second_derivative_leaves_x_alone(student, make, state):
    x, before = make(), state_of(state, make)
    first, second, grad, flags = curvature_beside(x, before)
    want = 2 * x.cos() - x * x.sin()
    check.close(first, want, name="the first call")
    with check.about("trace_on_x", always=True):
        check.close(second, want, name="the second call")
        expect_untouched(grad, flags, before)


# reuse_graph

AGAIN = Text(
    en="shared was not called exactly once: compute h in front of the loop, and use it for all heads.",
    vi="shared không được gọi đúng một lần: hãy tính h trước vòng lặp rồi dùng nó cho mọi đầu.",
)


@inside
def several_heads(x, w, u, n):
    """The gradients of the first n of three heads, and how often the body ran."""
    calls = []

    def shared(v):
        calls.append(1)
        return (w @ v).tanh()

    heads = [lambda h: (u * h).sum(), lambda h: h[0] ** 2, lambda h: h.exp().mean()][:n]
    return student.reuse_graph(x, shared, heads), len(calls)


@inside
def heads_beside(x, before, u):
    x = prepared(x, before)
    calls = []

    def shared(v):
        calls.append(1)
        return v * 2  # a graph that keeps nothing: it can be walked twice in any case

    grads = student.reuse_graph(x, shared, [lambda h: (u * h).sum(), lambda h: (h**2).sum()])
    return grads, len(calls), x.grad, [flags_of(x, grad) for grad in grads]


@inside
def heads_on_a_table(x):
    return student.reuse_graph(x, lambda v: torch.outer(v, v), [lambda h: h.sum(), lambda h: h.diagonal().sum()])


@inside
def first_grad_after_writing_into_the_second(x):
    grads = student.reuse_graph(x, lambda v: v * 2, [lambda h: (h**2).sum(), lambda h: (h**2).sum()])
    grads[1].fill_(0.0)
    return grads[0]


def slopes_of_heads(x, w, u):
    h = (w @ x).tanh()
    first = torch.zeros_like(h)
    first[0] = 2 * h[0]
    return [w.T @ ((1 - h * h) * dh) for dh in (u, first, h.exp() / len(h))]


@pytest.mark.item("reuse_graph")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("d", "e", "n"), [(5, 3, 3), (2, 4, 2), (3, 3, 3), (1, 1, 3), (4, 2, 1)])
def test_one_gradient_for_each_head(student, make, d, e, n, dtype):
    x, w, u = make(d, dtype=dtype), make(e, d, dtype=dtype), make(e, dtype=dtype)
    grads, calls = several_heads(x, w, u, n)
    near(grads, slopes_of_heads(x, w, u)[:n], name="gradients")
    check.that(calls == 1, AGAIN, code="called_again")


@pytest.mark.item("reuse_graph")
def test_no_heads_no_gradients(student, make):
    grads, _ = several_heads(make(3), make(2, 3), make(2), 0)
    check.equal(grads, [], name="gradients")


@pytest.mark.item("reuse_graph")
@pytest.mark.parametrize("state", STATES)
def test_several_heads_leave_x_alone(student, make, state):
    x, u, before = make(4), make(4), state_of(state, make, 4)
    grads, calls, grad, flags = heads_beside(x, before, u)
    check.close(grads, [2 * u, 8 * x], name="gradients")
    check.that(calls == 1, AGAIN, code="called_again")
    check.equal(len(flags), 2, name="how many gradients there are")
    with check.about("trace_on_x", always=True):
        for flags_of_one in flags:
            expect_untouched(grad, flags_of_one, before)


@pytest.mark.item("reuse_graph")
def test_the_body_may_return_a_table(student, make):
    x = make(4)
    check.close(heads_on_a_table(x), [2 * x.sum() * torch.ones_like(x), 2 * x], name="gradients")


@pytest.mark.item("reuse_graph")
def test_each_gradient_has_its_own_memory(student, make):
    x = make(3)
    check.close(first_grad_after_writing_into_the_second(x), 8 * x, name="the first after a change of the second")
