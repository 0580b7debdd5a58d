"""Hidden tests of u04_linear_regression: loss, gradient, descent, least squares, scaling, batches."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import itertools
import math

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u04_linear_regression")

SIZES = [(6, 3), (3, 5), (4, 4), (1, 2), (7, 1)]  # N, D


def mean_square(pred, target):
    return sum((p - t) ** 2 for p, t in zip(pred, target, strict=True)) / len(pred)


# ------------------------------------------------------------------------------------------------------- mse_loss


@pytest.mark.item("mse_loss")
@pytest.mark.parametrize("n", [5, 8, 1])
def test_it_is_the_mean_of_the_squared_errors(student, make, n):
    pred, target = make(n), make(n)
    check.close(student.mse_loss(pred, target), mean_square(pred, target), sizes={"N": n})


@pytest.mark.item("mse_loss")
def test_float32_gives_float32(student, make):
    pred, target = make(6, dtype=torch.float32), make(6, dtype=torch.float32)
    check.close(student.mse_loss(pred, target), mean_square(pred.double(), target.double()).float())


@pytest.mark.item("mse_loss")
@pytest.mark.parametrize(
    "shapes", [((5,), (1,)), ((1,), (5,)), ((5,), ()), ((5,), (5, 1)), ((5, 1), (5,)), ((4,), (5,))]
)
@check.about("shapes_refused")
def test_two_shapes_that_differ_are_refused(student, make, shapes):
    pred, target = (make(*shape) for shape in shapes)
    with check.raises(ValueError, name=f"mse_loss of shapes {shapes[0]} and {shapes[1]}"):
        student.mse_loss(pred, target)


@inside
def loss_and_gradients(pred, target, upstream):
    pred, target = pred.clone().requires_grad_(True), target.clone().requires_grad_(True)
    loss = student.mse_loss(pred, target)
    if isinstance(loss, torch.Tensor) and loss.requires_grad:
        loss.backward(upstream)
    return pred.grad, target.grad


@pytest.mark.item("mse_loss")
@check.about("no_gradient", when=("none",))
def test_gradients_flow_into_both(student, make):
    pred, target, upstream = make(6), make(6), make()
    want = check.autograd_of(mean_square, pred, target, upstream=upstream)
    check.close(loss_and_gradients(pred, target, upstream), want, name="(gradient of pred, gradient of target)")


# ------------------------------------------------------------------------------------------------------- mse_grad


def loss_of(x, y, w, b):
    """The mean squared error of the linear model, example by example."""
    return sum(((row * w).sum() + b - t) ** 2 for row, t in zip(x, y, strict=True)) / len(x)


def gradients(x, y, w, b):
    one = torch.ones((), dtype=torch.float64)
    return check.autograd_of(lambda w, b: loss_of(x.double(), y.double(), w, b), w, b, upstream=one)


@pytest.mark.item("mse_grad")
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_both_derivatives_of_the_loss(student, make, n, d):
    x, y, w, b = make(n, d), make(n), make(d), make()
    got = student.mse_grad(x, y, w, b)
    check.close(got, gradients(x, y, w, b), name="(dw, db)", sizes={"N": n, "D": d})


@pytest.mark.item("mse_grad")
def test_float32_gives_float32_gradients(student, make):
    x, y, w, b = (make(*shape, dtype=torch.float32) for shape in [(5, 3), (5,), (3,), ()])
    want = tuple(grad.float() for grad in gradients(x, y, w, b))
    check.close(student.mse_grad(x, y, w, b), want, name="(dw, db)", rtol=1e-5, atol=1e-5)


# --------------------------------------------------------------------------------------------------------- fit_gd


def descend(x, y, lr, steps):
    """Weights and losses of plain gradient descent, by torch.optim and autograd in float64."""
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer, losses = torch.optim.SGD([w, b], lr=lr), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(x.double(), y.double(), w, b)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return w.detach(), b.detach(), losses


def unpacked(result):
    """(w, b), losses; anything but a tuple of three is told by `check.close`."""
    if not isinstance(result, tuple) or len(result) != 3:
        check.fail(
            Text(
                en="The result is not a tuple of three: w, b and the losses.",
                vi="Kết quả không phải là một tuple gồm ba phần: w, b và danh sách loss.",
            ),
            code="kind",
        )
    return result[:2], result[2]


@pytest.mark.item("fit_gd")
@pytest.mark.parametrize(("n", "d"), [(9, 3), (5, 5), (1, 2), (8, 1)])
def test_twelve_steps_follow_gradient_descent(student, make, n, d):
    x, y = make(n, d), make(n) + 1.5
    lr = 0.05 if n > 1 else 0.01  # one example is met exactly: a large step would leave a loss that is all rounding
    weights, losses = unpacked(student.fit_gd(x, y, lr, 12))
    w, b, want = descend(x, y, lr, 12)
    check.trajectory(losses, want, name="losses")
    check.close(weights, (w, b), name="(w, b)")


@pytest.mark.item("fit_gd")
def test_no_steps_leave_zeros_in_the_dtype_of_x(student, make):
    for dtype in (torch.float64, torch.float32):
        weights, losses = unpacked(student.fit_gd(make(4, 3, dtype=dtype), make(4, dtype=dtype), 0.1, 0))
        check.equal(losses, [], name="losses of 0 steps")
        check.close(weights, (torch.zeros(3, dtype=dtype), torch.zeros((), dtype=dtype)), name="(w, b) after 0 steps")


@pytest.mark.item("fit_gd")
def test_float32_gives_float32_weights(student, make):
    x, y = make(6, 2, dtype=torch.float32), make(6, dtype=torch.float32)
    weights, losses = unpacked(student.fit_gd(x, y, 0.1, 10))
    w, b, want = descend(x, y, 0.1, 10)
    check.trajectory(losses, want, name="losses", rtol=1e-4)
    check.close(weights, (w.float(), b.float()), name="(w, b)", rtol=1e-4, atol=1e-5)


@inside
def graph_of_the_fit(x, y):
    w, b, _ = student.fit_gd(x, y, 0.1, 3)
    return [bool(w.requires_grad), bool(b.requires_grad)]


@pytest.mark.item("fit_gd")
@check.about(
    "graph",
    en="What comes back still belongs to the graph: detach it.",
    vi="Kết quả trả về vẫn thuộc đồ thị: hãy detach nó.",
)
def test_what_comes_back_does_not_require_grad(student, make):
    check.equal(graph_of_the_fit(make(5, 2), make(5)), [False, False], name="[w.requires_grad, b.requires_grad]")


# ------------------------------------------------------------------------------------------------ normal_equation


def best_predictions(x, y, x_new):
    """What the least-squares fit predicts at x_new, through an orthonormal basis of the columns of [x 1].

    Unique wherever the rows of x_new obey the dependencies of x's columns.
    """
    a, a_new = (torch.cat([t, t.new_ones(len(t), 1)], dim=1).double() for t in (x, x_new))
    values, vectors = torch.linalg.eigh(a.T @ a)
    kept = values > 1e-10 * values.max()
    v = vectors[:, kept]
    return a_new @ (v @ ((v.T @ (a.T @ y.double())) / values[kept]))


def pair(result):
    if not isinstance(result, tuple) or len(result) != 2:
        check.fail(Text(en="The result is not the pair (w, b).", vi="Kết quả không phải là cặp (w, b)."), code="kind")
    return result


def expect_best(result, x, y, x_new, rtol=1e-6):
    """(w, b) of the right shapes and dtype that predicts as the best fit does, with weights of a sound size."""
    w, b = pair(result)
    check.shape(w, (x.shape[1],), name="w")
    check.shape(b, (), name="b")
    check.dtype(w, x.dtype, name="w")
    check.dtype(b, x.dtype, name="b")
    check.finite(w, name="w")
    check.finite(b, name="b")
    for where, rows in (("x", x), ("new rows", x_new)):
        got = rows.double() @ w.double() + b.double()
        check.close(got, best_predictions(x, y, rows), name=f"predictions for {where}", rtol=rtol, atol=rtol)


@pytest.mark.item("normal_equation")
@pytest.mark.parametrize(("n", "d"), [(9, 3), (12, 1), (5, 4)])
def test_its_predictions_are_the_best_there_are(student, make, n, d):
    x, y = make(n, d) + 0.5, make(n) + 2.0
    expect_best(student.normal_equation(x, y), x, y, make(6, d))


@pytest.mark.item("normal_equation")
def test_a_true_line_is_found_exactly(student, make):
    x, w, b = make(10, 3), make(3), make()
    check.close(student.normal_equation(x, x @ w + b), (w, b), name="(w, b)", rtol=1e-6, atol=1e-6)


def dependent(make, n):
    """(N, 5) whose columns are a, 2 a, b, a constant, and −b: exact in floating point."""
    a, b = make(n, 1), make(n, 1)
    return torch.cat([a, 2 * a, b, torch.full_like(a, 0.5), -b], dim=1)


@pytest.mark.item("normal_equation")
@check.about(
    "digits",
    en="Some columns follow from others: a solver for full rank fails on them.",
    vi="Có cột suy ra được từ các cột khác: cách giải đòi hỏi hạng đầy đủ sẽ hỏng.",
)
def test_columns_that_depend_on_one_another(student, make):
    for n in (8, 15, 24):
        x, y = dependent(make, n), make(n) + 1.0
        result = student.normal_equation(x, y)
        expect_best(result, x, y, dependent(make, 7))
        a = torch.cat([x, x.new_ones(n, 1)], dim=1)
        smallest = (torch.linalg.pinv(a, rtol=1e-10) @ y).norm().item()
        size = math.hypot(result[0].norm().item(), result[1].item())
        check.that(
            size < 100 * smallest,
            Text(
                en="The weights are huge numbers that cancel one another; the smallest are wanted.",
                vi="Các trọng số là những số rất lớn triệt tiêu lẫn nhau; cần bộ trọng số nhỏ nhất.",
            ),
            code="norm",
        )


@pytest.mark.item("normal_equation")
@pytest.mark.parametrize(("n", "d"), [(4, 4), (3, 6), (1, 2)])
def test_fewer_examples_than_unknowns_are_met_exactly(student, make, n, d):
    x, y = make(n, d), make(n)
    expect_best(student.normal_equation(x, y), x, y, x)


@pytest.mark.item("normal_equation")
def test_float32_gives_float32_predictions(student, make):
    x, y = make(20, 2, dtype=torch.float32), make(20, dtype=torch.float32)
    expect_best(student.normal_equation(x, y), x, y, make(5, 2, dtype=torch.float32), rtol=1e-3)


# ---------------------------------------------------------------------------------------------------- standardize


def standardized(train, test):
    """Column by column in Python's floats; math.fsum does not round on the way."""
    columns = []
    for j in range(train.shape[1]):
        known, new = train[:, j].tolist(), test[:, j].tolist()
        mean = math.fsum(known) / len(known)
        std = math.sqrt(math.fsum((v - mean) ** 2 for v in known) / len(known))
        flat = min(known) == max(known)
        columns.append([0.0 if flat else (v - mean) / std for v in known + new])
    both = torch.tensor(columns, dtype=torch.float64).T
    return both[: len(train)].to(train.dtype), both[len(train) :].to(train.dtype)


@pytest.mark.item("standardize")
@pytest.mark.parametrize(("n", "m", "d"), [(7, 4, 3), (2, 5, 6), (4, 4, 4), (6, 1, 1)])
def test_both_are_scaled_by_the_statistics_of_train(student, make, n, m, d):
    scale = make(d).abs() + 0.1
    train, test = make(n, d) * scale + make(d), make(m, d) * 2 + 1
    check.close(student.standardize(train, test), standardized(train, test), name="(train, test)")


@pytest.mark.item("standardize")
def test_a_narrow_column_is_no_constant_one(student, make):
    train, test = make(9, 3), make(4, 3)
    train[:, 1] *= 1e-4
    check.close(student.standardize(train, test), standardized(train, test), name="(train, test)", atol=1e-7)


@pytest.mark.item("standardize")
def test_a_column_is_constant_only_when_all_of_its_numbers_are_equal(student, make):
    train, test = make(6, 3), make(4, 3)
    train[0, 0] = train[-1, 0]
    train[:-1, 2] = 1.5  # all but one
    test[:, 1] = 0.5  # constant in test, not in train
    check.close(student.standardize(train, test), standardized(train, test), name="(train, test)")


@pytest.mark.item("standardize")
def test_a_column_that_is_constant_in_train_becomes_zero_in_both(student, make):
    train, test = make(5, 4), make(3, 4)
    train[:, 0], train[:, 2] = 3.0, -0.5
    test[0, 2] = -0.5
    check.close(student.standardize(train, test), standardized(train, test), name="(train, test)")


@pytest.mark.item("standardize")
def test_a_constant_that_rounds_is_constant(student, make):
    for n in (3, 6, 7, 9, 10):
        for constant in (0.1, 0.7, 2.3):
            train, test = torch.full((n, 1), constant, dtype=torch.float64), make(4, 1)
            check.close(student.standardize(train, test), standardized(train, test), name="(train, test)")
    train, test = make(7, 4), make(3, 4)
    train[:, :3] = torch.tensor([0.1, 0.7, 2.3], dtype=torch.float64)
    check.close(student.standardize(train, test), standardized(train, test), name="(train, test)")


@pytest.mark.item("standardize")
def test_one_training_row_makes_every_column_constant(student, make):
    want = (torch.zeros(1, 3, dtype=torch.float64), torch.zeros(4, 3, dtype=torch.float64))
    check.close(student.standardize(make(1, 3), make(4, 3)), want, name="(train, test)")


@pytest.mark.item("standardize")
def test_float32_stays_float32(student, make):
    train, test = make(8, 3, dtype=torch.float32), make(5, 3, dtype=torch.float32)
    check.close(student.standardize(train, test), standardized(train, test), name="(train, test)", rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------------------------------------------- minibatches


@inside
def epochs(x, y, batch_size, seed, count):
    """`count` calls with one generator: the batches of each, taken with next()."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        iterator = student.minibatches(x, y, batch_size, generator)
        if not hasattr(iterator, "__next__"):
            return type(iterator).__name__
        found.append([(x_batch, y_batch) for x_batch, y_batch in iterator])
    return found


def expect_iterator(found):
    if isinstance(found, str):
        check.fail(
            Text(
                en="The result is not an iterator: next() does not work on it.",
                vi="Kết quả không phải là một iterator: không gọi next() trên nó được.",
            ),
            code="kind",
        )
    return found


def numbered(make, n, d, dtype=torch.float64):
    """x whose first column is the row's number, y ten times that number."""
    x = make(n, d, dtype=dtype)
    x[:, 0] = torch.arange(n)
    return x, torch.arange(n) * 10


def order_of(batches):
    """The rows' numbers, in the order in which they came."""
    return [int(number) for x_batch, _ in batches for number in x_batch[:, 0]]


@pytest.mark.item("minibatches")
@pytest.mark.parametrize(("n", "d", "batch_size"), [(11, 3, 4), (8, 2, 4), (5, 5, 5), (4, 2, 9), (6, 2, 1), (1, 3, 2)])
def test_every_example_comes_once_and_with_its_own_target(student, make, n, d, batch_size):
    x, y = numbered(make, n, d)
    (batches,) = expect_iterator(epochs(x, y, batch_size, make.seed(), 1))
    sizes = [min(batch_size, n - start) for start in range(0, n, batch_size)]
    check.equal([len(x_batch) for x_batch, _ in batches], sizes, name="sizes of the batches")
    order = order_of(batches)
    check.equal(sorted(order), list(range(n)), name="numbers of the examples, sorted")
    rows = torch.tensor(order).split(batch_size)
    check.close(batches, [(x[r], y[r]) for r in rows], name="batches")


@pytest.mark.item("minibatches")
def test_both_keep_their_dtypes(student, make):
    x, y = make(7, 2, dtype=torch.float32), make(7)
    (batches,) = expect_iterator(epochs(x, y, 3, make.seed(), 1))
    for x_batch, y_batch in batches:
        check.dtype(x_batch, torch.float32, name="x_batch")
        check.dtype(y_batch, torch.float64, name="y_batch")


@pytest.mark.item("minibatches")
@check.about("seed")
def test_the_generator_alone_decides_the_order(student, make):
    x, y = numbered(make, 30, 2)
    seed = make.seed()
    first, second = map(order_of, expect_iterator(epochs(x, y, 8, seed, 2)))
    quiet = not student.rng_touched
    again, _ = map(order_of, expect_iterator(epochs(x, y, 8, seed, 2)))
    other, _ = map(order_of, expect_iterator(epochs(x, y, 8, seed + 1, 2)))
    check.equal(again, first, name="the order after the same seed")
    check.that(
        quiet,
        Text(
            en="A global random state was used or seeded; the order comes from the generator that is passed.",
            vi="Trạng thái ngẫu nhiên toàn cục bị dùng hoặc bị đặt lại; thứ tự phải lấy từ generator được truyền.",
        ),
        code="global_rng",
    )
    # two of 30! orders are equal by chance once in 10^32
    check.that(
        other != first,
        Text(
            en="Generators with two seeds give the same order.",
            vi="Hai generator có seed khác nhau lại cho cùng một thứ tự.",
        ),
        code="same_order",
    )
    check.that(
        second != first,
        Text(
            en="The second epoch has the order of the first.",
            vi="Epoch thứ hai có cùng thứ tự với epoch thứ nhất.",
        ),
        code="same_epoch",
    )


@pytest.mark.item("minibatches")
def test_every_order_is_equally_likely(student, make):
    x, y = numbered(make, 3, 1)
    found = [tuple(order_of(batches)) for batches in expect_iterator(epochs(x, y, 2, make.seed(), 360))]
    counts = [found.count(order) for order in itertools.permutations(range(3))]
    # each is binomial: 60 ± 7.1; six standard deviations
    check.that(
        sum(counts) == 360 and all(abs(count - 60) < 43 for count in counts),
        Text(
            en="Some orders of the examples come far more often than others.",
            vi="Một số thứ tự của các mẫu xuất hiện thường xuyên hơn hẳn các thứ tự khác.",
        ),
        code="bias",
    )
