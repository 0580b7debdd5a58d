"""Hidden tests of u03_backprop, the class Value.

Each `@inside` function builds an expression from the student's Values and returns plain numbers; the test builds
the same expression from tensors.
"""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import inside

pytestmark = [pytest.mark.unit("u03_backprop"), pytest.mark.item("value_backward")]


def numbers(make, n):
    """n plain floats, small enough that no tanh saturates."""
    return [0.5 * number for number in make(n).tolist()]


def judge(got, fn, inputs):
    """`got` is y.data followed by the gradient of every input."""
    data, *grads = got
    tensors = [torch.tensor(number, dtype=torch.float64) for number in inputs]
    wants = check.autograd_of(fn, *tensors, upstream=torch.ones((), dtype=torch.float64))
    check.number(data, fn(*tensors).item(), name="y.data", atol=1e-12)
    check.equal(len(grads), len(wants), name="the number of gradients")
    for name, got_grad, want in zip("abcdef", grads, wants, strict=False):
        check.number(got_grad, want.item(), name=f"{name}.grad", atol=1e-12)


@inside
def sum_of_products(a, b, c):
    a, b, c = student.Value(a), student.Value(b), student.Value(c)
    y = a * b + c
    y.backward()
    return float(y.data), float(a.grad), float(b.grad), float(c.grad)


def test_a_sum_and_a_product(student, make):
    inputs = numbers(make, 3)
    judge(sum_of_products(*inputs), lambda a, b, c: a * b + c, inputs)


@inside
def hyperbolic(a, b):
    a, b = student.Value(a), student.Value(b)
    y = (a * b).tanh() * b
    y.backward()
    return float(y.data), float(a.grad), float(b.grad)


def test_tanh_in_the_middle(student, make):
    inputs = numbers(make, 2)
    judge(hyperbolic(*inputs), lambda a, b: (a * b).tanh() * b, inputs)


@inside
def with_itself(a):
    a = student.Value(a)
    y = a + a * a * a
    y.backward()
    return float(y.data), float(a.grad)


def test_a_value_used_with_itself(student, make):
    inputs = numbers(make, 1)
    judge(with_itself(*inputs), lambda a: a + a * a * a, inputs)


@inside
def diamond(a, b):
    a, b = student.Value(a), student.Value(b)
    c = a * b
    d = c.tanh() + a
    y = c * d + d * 3 + c
    y.backward()
    return float(y.data), float(a.grad), float(b.grad)


@check.about(
    "visiting_order",
    en="A node passed its gradient on before all of it had arrived: visit them in topological order.",
    vi="Một nút truyền gradient đi trước khi nhận đủ: hãy đi theo thứ tự tô-pô.",
)
def test_a_diamond_passes_on_only_complete_gradients(student, make):
    def same(a, b):
        c = a * b
        d = c.tanh() + a
        return c * d + d * 3 + c

    inputs = numbers(make, 2)
    judge(diamond(*inputs), same, inputs)


@inside
def short_way_and_long_way(a):
    a = student.Value(a)
    first = a * 2
    long = ((first + 1) * 0.5 + 2).tanh() * 1.5
    y = first * long + first  # first is reached in one step and in six
    y.backward()
    return float(y.data), float(a.grad)


@inside
def long_way_and_short_way(a):
    a = student.Value(a)
    first = a * 2
    long = ((first + 1) * 0.5 + 2).tanh() * 1.5
    y = first + long * first
    y.backward()
    return float(y.data), float(a.grad)


@pytest.mark.parametrize("expression", [short_way_and_long_way, long_way_and_short_way])
def test_a_node_waits_for_its_longest_way(student, make, expression):
    inputs = numbers(make, 1)
    judge(expression(*inputs), lambda a: 2 * a * (((2 * a + 1) * 0.5 + 2).tanh() * 1.5 + 1), inputs)


@inside
def doubled(a, times):
    a = student.Value(a)
    y = a * 0.001
    for _ in range(times):
        y = y + y
    y.backward()
    return float(y.data), float(a.grad)


def test_ten_diamonds_in_a_row(student, make):
    inputs = numbers(make, 1)
    judge(doubled(*inputs, 10), lambda a: a * 0.001 * 2**10, inputs)


@inside
def chain(a, length):
    a = student.Value(a)
    y = a
    for _ in range(length):
        y = y * 0.99 + a
    y.backward()
    return float(y.data), float(a.grad)


def test_a_chain_of_a_hundred_links(student, make):
    def same(a):
        y = a
        for _ in range(100):
            y = y * 0.99 + a
        return y

    inputs = numbers(make, 1)
    judge(chain(*inputs, 100), same, inputs)


@inside
def numbers_on_the_right(a):
    a = student.Value(a)
    y = (a * 3 + 2) * a + 0.25
    y.backward()
    return float(y.data), float(a.grad)


def test_plain_numbers_on_the_right(student, make):
    inputs = numbers(make, 1)
    judge(numbers_on_the_right(*inputs), lambda a: (a * 3 + 2) * a + 0.25, inputs)


@inside
def numbers_on_the_left(a):
    a = student.Value(a)
    y = 0.25 + (2 + 3 * a) * a
    y.backward()
    return float(y.data), float(a.grad)


def test_plain_numbers_on_the_left(student, make):
    inputs = numbers(make, 1)
    judge(numbers_on_the_left(*inputs), lambda a: 0.25 + (2 + 3 * a) * a, inputs)


@inside
def builtin_sum(a, b, c):
    a, b, c = student.Value(a), student.Value(b), student.Value(c)
    y = sum([a * b, b * c, c]).tanh()
    y.backward()
    return float(y.data), float(a.grad), float(b.grad), float(c.grad)


def test_the_builtin_sum_which_starts_from_zero(student, make):
    inputs = numbers(make, 3)
    judge(builtin_sum(*inputs), lambda a, b, c: (a * b + b * c + c).tanh(), inputs)


@inside
def twice(a, b):
    a, b = student.Value(a), student.Value(b)
    h = a * b
    y = h.tanh() * h + a
    y.backward()
    y.backward()
    return float(y.data), float(a.grad), float(b.grad)


@check.about(
    "zeroed",
    en="Gradients of the first backward() are still there when the second begins.",
    vi="Khi backward() thứ hai bắt đầu, gradient của lần đầu vẫn còn.",
)
def test_a_second_backward_gives_the_same(student, make):
    inputs = numbers(make, 2)
    judge(twice(*inputs), lambda a, b: (a * b).tanh() * (a * b) + a, inputs)


@inside
def two_outputs(a, b):
    a, b = student.Value(a), student.Value(b)
    h = a * b
    first = h + a
    second = h.tanh() * b
    first.backward()
    second.backward()
    return float(second.data), float(a.grad), float(b.grad)


def test_each_output_starts_from_zero_gradients(student, make):
    inputs = numbers(make, 2)
    judge(two_outputs(*inputs), lambda a, b: (a * b).tanh() * b, inputs)


@inside
def nodes_between(a, b):
    a, b = student.Value(a), student.Value(b)
    h = a + b
    y = h * h * a
    before = float(h.grad)
    y.backward()
    return before, float(y.grad), float(h.grad)


def test_nodes_between_have_gradients_too(student, make):
    a, b = numbers(make, 2)
    before, last, between = nodes_between(a, b)
    check.number(before, 0.0, name="h.grad before backward()")
    check.number(last, 1.0, name="y.grad")
    check.number(between, 2 * (a + b) * a, name="h.grad", atol=1e-12)


@inside
def alone(a):
    a = student.Value(a)
    total = a + 0
    a.backward()
    return float(a.data), float(a.grad), float(total.data)


def test_backward_of_a_value_made_from_nothing(student, make):
    (number,) = numbers(make, 1)
    data, grad, total = alone(number)
    check.number(data, number, name="a.data")
    check.number(grad, 1.0, name="a.grad")
    check.number(total, number, name="(a + 0).data")
