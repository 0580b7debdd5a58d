"""Public tests of u02_autograd: run them with  pytest exercises/u02_autograd

Every number here can be checked with a pencil; the hidden tests use other functions, other numbers and other shapes.
"""

import pytest
import torch
from u02_autograd import autograd  # the file you edit

from autograder import checks as check
from autograder.checks import Text

pytestmark = pytest.mark.unit("u02_autograd")


def vector(*numbers, requires_grad=False):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=requires_grad)


def number(value, requires_grad=False):
    return torch.tensor(value, dtype=torch.float64, requires_grad=requires_grad)


def sum_of_squares(v):
    return (v**2).sum()


def sum_of_cubes(v):
    return (v**3).sum()


# track


@pytest.mark.item("track")
def test_the_copy_collects_the_gradient():
    x = torch.tensor([1.0, 2.0])
    t = autograd.track(x)
    check.equal(t.requires_grad, True, name="track(x).requires_grad")
    check.equal(x.requires_grad, False, name="x.requires_grad")
    (t * 3).sum().backward()
    check.close(t.grad, torch.tensor([3.0, 3.0]), name="track(x).grad")


@pytest.mark.item("track")
def test_the_copy_is_a_leaf_with_its_own_memory():
    x = vector(1.0, 2.0, requires_grad=True)
    t = autograd.track(x)
    check.equal(t.is_leaf, True, name="track(x).is_leaf")
    with torch.no_grad():
        t[0] = 9.0
    check.close(x, vector(1.0, 2.0), name="x after t[0] = 9")


@pytest.mark.item("track")
def test_integers_cannot_be_tracked():
    with check.raises(TypeError, name="track(torch.tensor([1, 2]))"):
        autograd.track(torch.tensor([1, 2]))


# graph_names


@pytest.mark.item("graph_names")
def test_from_an_addition_to_the_leaf():
    x = vector(1.0, 2.0, requires_grad=True)
    want = ["AddBackward0", "MulBackward0", "AccumulateGrad"]
    check.equal(autograd.graph_names(x * 2 + 3), want, name="graph_names(x * 2 + 3)")


@pytest.mark.item("graph_names")
def test_a_constant_in_front_is_passed_over():
    x, c = vector(1.0, 2.0, requires_grad=True), vector(5.0, 6.0)
    want = ["MulBackward0", "ExpBackward0", "AccumulateGrad"]
    check.equal(autograd.graph_names(c * x.exp()), want, name="graph_names(c * x.exp())")


@pytest.mark.item("graph_names")
def test_a_leaf_has_no_nodes_behind_it():
    check.equal(autograd.graph_names(vector(1.0, requires_grad=True)), [], name="graph_names(a leaf)")


# accumulate


@pytest.mark.item("accumulate")
def test_gradients_add_up_unless_they_are_zeroed():
    fns = [torch.sum, sum_of_squares]  # their gradients at [1, 2] are [1, 1] and [2, 4]
    check.close(autograd.accumulate(vector(1.0, 2.0), fns, False), vector(3.0, 5.0), name="accumulate(x, fns, False)")
    check.close(autograd.accumulate(vector(1.0, 2.0), fns, True), vector(2.0, 4.0), name="accumulate(x, fns, True)")


# grad_of


@pytest.mark.item("grad_of")
def test_the_gradient_of_a_sum_of_cubes_twice():
    x = vector(1.0, 2.0, requires_grad=True)
    for call in ("the first call", "the second call"):
        check.close(autograd.grad_of(sum_of_cubes, x), vector(3.0, 12.0), name=call)  # 3 x²
    check.equal(x.grad, None, name="x.grad")


@pytest.mark.item("grad_of")
def test_a_plain_x_stays_plain():
    x = vector(1.0, 2.0)
    check.close(autograd.grad_of(sum_of_squares, x), vector(2.0, 4.0), name="grad_of(sum of squares, x)")
    check.equal(x.requires_grad, False, name="x.requires_grad")


# jacobian


@pytest.mark.item("jacobian")
def test_two_outputs_of_two_inputs():
    found = autograd.jacobian(lambda v: torch.stack([v[0] * v[1], 3 * v[0]]), vector(2.0, 5.0))
    check.close(found, torch.stack([vector(5.0, 2.0), vector(3.0, 0.0)]), name="jacobian(fn, x)")


@pytest.mark.item("jacobian")
def test_the_jacobian_of_a_matrix_product_is_the_matrix():
    w = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])  # 3 inputs, 2 outputs
    check.close(autograd.jacobian(lambda v: w @ v, torch.tensor([1.0, 1.0, 1.0])), w, name="jacobian(w @ v, x)")


# second_derivative


@pytest.mark.item("second_derivative")
def test_the_second_derivative_of_a_cube():
    check.close(autograd.second_derivative(lambda v: v**3, number(2.0)), number(12.0), name="of v³ at 2")  # 6 v


# reuse_graph


@pytest.mark.item("reuse_graph")
def test_two_heads_on_one_body():
    calls = []

    def shared(v):
        calls.append(v)
        return v**2

    grads = autograd.reuse_graph(vector(1.0, 2.0), shared, [torch.sum, lambda h: h[0]])
    check.close(grads, [vector(2.0, 4.0), vector(2.0, 0.0)], name="reuse_graph(x, shared, heads)")
    check.equal(len(calls), 1, name="how often shared was called")


# stop_tracking


@pytest.mark.item("stop_tracking")
def test_three_results_that_are_not_tracked():
    x = vector(1.0, 2.0, requires_grad=True)
    detached, doubled, copy = autograd.stop_tracking(x)
    check.close((detached, doubled, copy), (vector(1.0, 2.0), vector(2.0, 4.0), vector(1.0, 2.0)))
    flags = [detached.requires_grad, doubled.requires_grad, copy.requires_grad, x.requires_grad]
    check.equal(flags, [False, False, False, True], name="requires_grad of the three and of x")


@pytest.mark.item("stop_tracking")
def test_the_first_shows_in_x_and_the_third_does_not():
    x = vector(1.0, 2.0, requires_grad=True)
    detached, _, copy = autograd.stop_tracking(x)
    detached[0] = 7.0
    copy[1] = 8.0
    check.close(x, vector(7.0, 2.0), name="x after detached[0] = 7 and copy[1] = 8")


# clamp_fn


@pytest.mark.item("clamp_fn")
def test_the_gradient_passes_inside_and_at_the_bounds():
    x = vector(-2.0, -1.0, 0.0, 5.0, requires_grad=True)
    y = autograd.ClampFn.apply(x, -1, 1)
    check.close(y, vector(-1.0, -1.0, 0.0, 1.0), name="ClampFn.apply(x, -1, 1)")
    y.backward(vector(10.0, 20.0, 30.0, 40.0))
    check.close(x.grad, vector(0.0, 20.0, 30.0, 0.0), name="x.grad")


@pytest.mark.item("clamp_fn")
def test_it_is_an_operation_of_your_own():
    y = autograd.ClampFn.apply(vector(0.0, requires_grad=True), -1, 1)
    check.equal(type(y.grad_fn).__name__, "ClampFnBackward", name="type(y.grad_fn).__name__")


# advantage_loss


@pytest.mark.item("advantage_loss")
def test_the_gradient_goes_to_logp_and_not_to_value():
    logp, value = vector(-1.0, -2.0, requires_grad=True), vector(0.0, 3.0, requires_grad=True)
    loss = autograd.advantage_loss(logp, value, vector(2.0, 2.0))
    check.close(loss, number(0.0), name="advantage_loss(logp, value, reward)")  # −(−1 · 2 + −2 · −1) / 2
    check.that(
        loss.requires_grad,
        Text(en="The loss has no graph: logp gets no gradient.", vi="Loss không có đồ thị: logp không nhận gradient."),
    )
    loss.backward()
    check.close(logp.grad, vector(-1.0, 0.5), name="logp.grad")
    check.equal(value.grad, None, name="value.grad")


# gd_loop


@pytest.mark.item("gd_loop")
def test_two_steps_halve_w_twice():
    w = vector(4.0, -8.0)
    found = autograd.gd_loop(sum_of_squares, w, 0.25, 2)  # each step: w − 0.25 · 2 w
    check.close(found, vector(1.0, -2.0), name="gd_loop(sum of squares, w, 0.25, 2)")
    check.close(w, vector(4.0, -8.0), name="w after the call")


# repair_graph


@pytest.mark.item("repair_graph")
def test_gradients_reach_x_and_scale():
    x, scale = vector(1.0, 2.0, requires_grad=True), number(3.0, requires_grad=True)
    y = autograd.repair_graph(x, scale)
    check.close(y, number(15.0), name="repair_graph(x, scale)")  # 3 · (1 + 4)
    y.backward()
    check.close(x.grad, vector(6.0, 12.0), name="x.grad")
    check.close(scale.grad, number(5.0), name="scale.grad")


# fit_wx


@pytest.mark.item("fit_wx")
def test_one_epoch_on_paper():
    w = number(0.0)
    found, losses = autograd.fit_wx(vector(1.0, 2.0), vector(2.0, 4.0), w, 0.1, 1)
    check.trajectory(losses, [10.0], name="losses")  # (2² + 4²) / 2
    check.close(found, number(1.0), name="w after one epoch")  # 0 − 0.1 · (−10)
    check.close(w, number(0.0), name="the caller's w")


@pytest.mark.item("fit_wx")
def test_it_comes_to_rest_at_the_slope():
    found, losses = autograd.fit_wx(vector(1.0, 2.0), vector(2.0, 4.0), number(0.0), 0.1, 3)
    check.trajectory(losses, [10.0, 2.5, 0.625], name="losses")  # each step halves the distance to w = 2
    check.close(found, number(1.75), name="w after three epochs")
