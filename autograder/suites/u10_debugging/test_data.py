"""Hidden tests of u10_debugging: data that are turned, shuffled and split.

Which examples a model sees, and in which order, is recorded beside the student's code; whether each still has its label
is judged here.
"""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import math

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u10_debugging")


# ----------------------------------------------------------------------------------------------- view_for_permute


def channels_first(x):
    return torch.stack([x[..., c] for c in range(x.shape[-1])], dim=1)


@pytest.mark.item("view_for_permute")
@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (3, 3, 3, 3), (1, 2, 6, 4), (2, 1, 3, 1), (1, 1, 1, 1), (4, 6, 2, 2)])
def test_each_number_finds_its_place(student, make, shape):
    x = make(*shape)
    check.close(student.view_for_permute(x), channels_first(x), name="the pictures with channels first")


@pytest.mark.item("view_for_permute")
def test_the_dtype_stays(student, make):
    x = make.ints(256, 2, 4, 5, 3)
    for dtype in (torch.uint8, torch.float32, torch.int64):
        check.close(student.view_for_permute(x.to(dtype)), channels_first(x.to(dtype)), name=f"{dtype} pictures")


@inside
def turned(x):
    """Of pictures whose width comes before their height in memory; the result flattened by view, if that works."""
    y = student.view_for_permute(x.transpose(1, 2))
    return y, list(y.stride())


@pytest.mark.item("view_for_permute")
@check.about(
    "contiguous",
    en="The result is a view with strides of its own: the statement asks for contiguous memory.",
    vi="Kết quả là một view với stride riêng: đề bài yêu cầu bộ nhớ liền mạch.",
)
def test_the_result_is_contiguous(make):
    x = make(2, 4, 5, 3)
    y, strides = turned(x)
    check.close(y, channels_first(x.transpose(1, 2)), name="pictures that are not contiguous, with channels first")
    check.equal(strides, [60, 20, 4, 1], name="result.stride()")


@inside
def turned_and_back(x, upstream):
    leaf = x.clone().requires_grad_(True)
    y = student.view_for_permute(leaf)
    if y.requires_grad:
        y.backward(upstream)
    return leaf.grad, list(y.stride())


@pytest.mark.item("view_for_permute")
def test_gradients_find_their_way_back(make):
    x, upstream = make(2, 5, 4, 3), make(2, 3, 5, 4)
    grad, strides = turned_and_back(x, upstream)
    check.close(grad, torch.stack([upstream[:, c] for c in range(3)], dim=-1), name="gradient of x")
    check.equal(strides, [60, 20, 4, 1], name="result.stride()")


# ------------------------------------------------------------------------------------------ labels_shuffled_apart


@inside
def recorded(weights, x, y, epochs, batch_size, lr, seed, state, stale):
    """The losses, the batches that the model saw, and its last weights."""
    seen = []

    class Watched(nn.Linear):
        def forward(self, x):
            seen.append(x.detach().clone())
            return nn.Linear.forward(self, x)

    net = Watched(weights[0].shape[1], weights[0].shape[0], dtype=x.dtype)
    with torch.no_grad():
        net.weight.copy_(weights[0])
        net.bias.copy_(weights[1])
    if stale:
        for p in net.parameters():
            p.grad = torch.ones_like(p)
    torch.manual_seed(state)
    losses = student.labels_shuffled_apart(net, x, y, epochs, batch_size, lr, seed)
    return losses, seen, [p.detach() for p in net.parameters()]


def rows_of(batches, x):
    """For each batch the places of its examples in x."""
    found = []
    for batch in batches:
        same = (batch[:, None] == x[None]).all(dim=2)  # (B, N)
        check.equal(same.sum(1).tolist(), [1] * len(batch), name="how often x holds each example that the model saw")
        found.append(same.int().argmax(1))
    return found


def descent(weights, x, y, batches, lr):
    """Softmax regression by its formula: the gradient of the logits is (softmax − one-hot) / B."""
    w, b = (w.double() for w in weights)
    losses = []
    for rows in batches:
        z = x[rows].double() @ w.T + b
        p = z.softmax(1)
        losses.append(-p[range(len(rows)), y[rows]].log().mean().item())
        p[range(len(rows)), y[rows]] -= 1
        w, b = w - lr * p.T @ x[rows].double() / len(rows), b - lr * p.sum(0) / len(rows)
    return losses, [w, b]


def expect_epochs(make, n, d, c, epochs, batch_size, dtype=torch.float64, stale=False):
    weights = [make(c, d, dtype=dtype), make(c, dtype=dtype)]
    x, y, seed = make(n, d, dtype=dtype), make.ints(c, n), make.seed()
    losses, seen, got = recorded(weights, x, y, epochs, batch_size, 0.2, seed, 1, stale)
    sizes = [min(batch_size, n - i) for i in range(0, n, batch_size)] * epochs
    check.equal([list(batch.shape) for batch in seen], [[s, d] for s in sizes], name="shapes of the batches")
    rows = rows_of(seen, x)
    each = math.ceil(n / batch_size)
    orders = [torch.cat(rows[i : i + each]).tolist() for i in range(0, len(rows), each)]
    check.equal([sorted(order) for order in orders], [list(range(n))] * epochs, name="examples of each epoch, sorted")
    want_losses, want = descent(weights, x, y, rows, 0.2)
    exact = dtype == torch.float64
    tolerance = {"rtol": 1e-6, "atol": 1e-9} if exact else {"rtol": 1e-4, "atol": 1e-5}  # a loss near 0 too
    check.trajectory(losses, want_losses, name="losses", **tolerance)
    check.close(got, [w.to(dtype) for w in want], name="parameters after the last epoch", **tolerance)
    return orders


@pytest.mark.item("labels_shuffled_apart")
@pytest.mark.parametrize(("n", "d", "c", "batch_size"), [(11, 5, 3, 4), (12, 4, 4, 4), (5, 3, 2, 1), (6, 2, 5, 50)])
def test_every_example_keeps_its_label(make, n, d, c, batch_size):
    expect_epochs(make, n, d, c, 3, batch_size)


@pytest.mark.item("labels_shuffled_apart")
def test_float32_and_old_gradients(make):
    expect_epochs(make, 9, 4, 3, 2, 4, dtype=torch.float32)
    expect_epochs(make, 9, 4, 3, 2, 4, stale=True)


@pytest.mark.item("labels_shuffled_apart")
def test_a_single_example_and_no_epochs(make):
    expect_epochs(make, 1, 3, 2, 2, 4)
    weights = [make(2, 3), make(2)]
    losses, seen, got = recorded(weights, make(4, 3), make.ints(2, 4), 0, 2, 0.1, make.seed(), 1, False)
    check.equal([losses, len(seen)], [[], 0], name="[losses, number of batches] of 0 epochs")
    check.close(got, weights, name="parameters after 0 epochs")


@pytest.mark.item("labels_shuffled_apart")
def test_every_epoch_has_a_new_random_order(make):
    orders = expect_epochs(make, 20, 3, 2, 3, 8)
    check.that(
        list(range(20)) not in orders,
        Text(en="The examples are taken in the order of x.", vi="Các mẫu được lấy theo đúng thứ tự trong x."),
        code="not_shuffled",
    )
    check.that(
        orders[0] != orders[1] and orders[1] != orders[2] and orders[0] != orders[2],
        Text(en="Two epochs have the same order.", vi="Hai epoch có cùng một thứ tự."),
        code="same_epoch",
    )


@pytest.mark.item("labels_shuffled_apart")
def test_the_seed_decides_the_orders(make):
    weights, x, y, seed = [make(3, 2), make(3)], make(15, 2), make.ints(3, 15), make.seed()
    runs = [
        recorded(weights, x, y, 2, 4, 0.1, s, state, False)[1] for s, state in ((seed, 1), (seed, 2), (seed + 1, 2))
    ]
    first, second, other = (torch.cat(rows_of(run, x)).tolist() for run in runs)
    check.equal(second, first, name="the order of the second call with this seed")
    check.that(
        other != first,
        Text(en="Two seeds give the same order.", vi="Hai seed khác nhau cho cùng một thứ tự."),
        code="seed",
    )


# --------------------------------------------------------------------------------------- validating_on_train_data


def parts_of(student, x, y, n_val, seed):
    """The labels of the two parts, after every example was found once and with its label.  y is 100, 101, …"""
    parts = student.validating_on_train_data(x, y, n_val, seed)
    check.equal(type(parts).__name__, "tuple", name="the type of the result")
    check.equal(len(parts), 4, name="the number of parts")
    n = len(x)
    for i, (name, size) in enumerate(
        (("train_x", n - n_val), ("train_y", n - n_val), ("val_x", n_val), ("val_y", n_val))
    ):
        check.shape(parts[i], (size, *(y if i % 2 else x).shape[1:]), name=name)
        check.dtype(parts[i], (y if i % 2 else x).dtype, name=name)
    train_x, train_y, val_x, val_y = parts
    found = torch.cat([train_y, val_y]).sort().values
    check.close(found, y.sort().values, name="all labels of both parts, sorted")
    place = torch.empty(1000, dtype=torch.int64)
    place[y] = torch.arange(n)
    check.close(train_x, x[place[train_y]], name="train_x, by its labels")
    check.close(val_x, x[place[val_y]], name="val_x, by its labels")
    return set(train_y.tolist()), set(val_y.tolist())


@pytest.mark.item("validating_on_train_data")
@pytest.mark.parametrize(("n", "n_val"), [(10, 3), (40, 25), (6, 3), (7, 0), (7, 7), (1, 1), (2, 1)])
def test_each_example_is_in_one_part_with_its_label(student, make, n, n_val):
    y = 100 + torch.arange(n).flip(0)
    parts_of(student, make(n, 4), y, n_val, make.seed())
    parts_of(student, make(n, 2, 3, dtype=torch.float32), y, n_val, make.seed())


@pytest.mark.item("validating_on_train_data")
def test_the_draw_is_random_and_the_seed_decides_it(student, make):
    x, y, seed = make(40, 2), 100 + torch.arange(40), make.seed()
    torch.manual_seed(1)
    first = student.validating_on_train_data(x, y, 12, seed)
    again = student.validating_on_train_data(x, y, 12, seed)
    check.close(list(again), list(first), name="the split of the second call with this seed")
    drawn = [parts_of(student, x, y, 12, seed + i)[1] for i in range(3)]
    for val in drawn:
        check.that(
            max(val) - min(val) > 11,
            Text(
                en="The validation data are neighbours, not drawn at random.",
                vi="Dữ liệu kiểm định nằm liền nhau, không được rút ngẫu nhiên.",
            ),
            code="not_shuffled",
        )
    check.that(
        drawn[0] != drawn[1] and drawn[1] != drawn[2] and drawn[0] != drawn[2],
        Text(en="Two seeds give the same split.", vi="Hai seed khác nhau cho cùng một cách chia."),
        code="seed",
    )
