"""Hidden tests of u01_tensors: the same elements in another form, as views where the item says so."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch
import torch.nn.functional as F

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u01_tensors")


# select

PIECES = (
    Text(
        en="What is written into the first column does not show in x: it is a copy, not a view.",
        vi="Ghi vào cột đầu mà x không đổi theo: đó là bản sao, không phải view.",
    ),
    Text(
        en="What is written into the last row does not show in x: it is a copy, not a view.",
        vi="Ghi vào hàng cuối mà x không đổi theo: đó là bản sao, không phải view.",
    ),
    Text(
        en="What is written into the rows 0, 2, 4 … does not show in x: they are a copy, not a view.",
        vi="Ghi vào các hàng 0, 2, 4 … mà x không đổi theo: đó là bản sao, không phải view.",
    ),
    Text(
        en="What is written into the last element does not show in x: it is a copy, not a view.",
        vi="Ghi vào phần tử cuối mà x không đổi theo: đó là bản sao, không phải view.",
    ),
)


def _select(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return x[:, 0], x[-1], x[::2], x[-1, -1]


@inside
def x_after_writing_into_piece(x, which, mark):
    student.select(x)[which].fill_(mark)
    return x


@pytest.mark.item("select")
@pytest.mark.parametrize(("n", "d"), [(7, 3), (6, 5), (4, 4), (1, 5), (5, 1), (2, 2)])
def test_the_four_pieces_are_cut_in_the_right_place(student, make, n, d):
    x = make(n, d)
    check.close(student.select(x), _select(x))


@pytest.mark.item("select")
def test_integers_are_cut_the_same_way(student, make):
    x = make.ints(50, 5, 3)
    check.close(student.select(x), _select(x))


@pytest.mark.item("select")
@pytest.mark.mutates
@pytest.mark.parametrize("which", range(4))
def test_a_piece_shares_the_memory_of_x(student, make, which):
    x, mark = make(5, 3), float(make(1)) + 20
    want = x.clone()
    _select(want)[which].fill_(mark)
    check.that(torch.equal(x_after_writing_into_piece(x, which, mark), want), PIECES[which], code="not_a_view")


# regroup

NOT_A_VIEW = Text(
    en="What is written into the result does not show in x: it is a copy where a view was possible.",
    vi="Ghi vào kết quả mà x không đổi theo: đó là bản sao trong khi có thể dùng view.",
)


@inside
def regroup_transposed(x, k):
    return student.regroup(x.t(), k)


@inside
def x_after_writing_into_the_first_group(x, step, k, mark):
    student.regroup(x[::step], k)[0].fill_(mark)
    return x


@pytest.mark.item("regroup")
@pytest.mark.parametrize(
    ("n", "d", "k"), [(4, 6, 3), (4, 6, 8), (4, 6, 12), (4, 6, 24), (4, 6, 1), (5, 5, 5), (1, 6, 2), (6, 1, 2)]
)
def test_rows_are_refilled_in_reading_order(student, make, n, d, k):
    x = make(n, d)
    check.close(student.regroup(x, k), x.reshape(-1, k))


@pytest.mark.item("regroup")
def test_integers_are_regrouped_too(student, make):
    x = make.ints(50, 3, 4)
    check.close(student.regroup(x, 6), x.reshape(-1, 6))


@pytest.mark.item("regroup")
@pytest.mark.parametrize("k", [2, 5, 10])
def test_a_transposed_table_is_read_row_by_row(student, make, k):
    x = make(4, 5)
    check.close(regroup_transposed(x, k), x.t().reshape(-1, k))


@pytest.mark.item("regroup")
@pytest.mark.mutates
@pytest.mark.parametrize(("step", "k"), [(1, 3), (1, 8), (2, 6)])
def test_the_result_is_a_view_where_one_is_possible(student, make, step, k):
    x, mark = make(4, 6), float(make(1)) + 20
    want = x.clone()
    want[::step].reshape(-1, k)[0].fill_(mark)
    after = x_after_writing_into_the_first_group(x, step, k, mark)
    check.that(torch.equal(after, want), NOT_A_VIEW, code="not_a_view")


@pytest.mark.item("regroup")
@pytest.mark.parametrize(("n", "d", "k"), [(4, 6, 5), (4, 6, 9), (4, 6, 48), (3, 3, 2)])
def test_a_rest_is_refused(student, make, n, d, k):
    x = make(n, d)
    with check.raises(ValueError, name=f"regroup(x, {k})"):
        student.regroup(x, k)


# patchify


@pytest.mark.item("patchify")
@pytest.mark.parametrize(
    ("b", "c", "h", "w", "p"),
    [(2, 3, 4, 6, 2), (3, 2, 6, 3, 3), (1, 1, 4, 8, 2), (2, 4, 4, 4, 4), (2, 3, 2, 5, 1), (2, 2, 4, 4, 2)],
)
def test_patches_come_as_unfold_cuts_them(student, make, b, c, h, w, p):
    x = make(b, c, h, w)
    check.close(student.patchify(x, p), F.unfold(x, kernel_size=p, stride=p).transpose(1, 2))


@pytest.mark.item("patchify")
def test_float32_patches_stay_float32(student, make):
    x = make(2, 3, 6, 4, dtype=torch.float32)
    check.close(student.patchify(x, 2), F.unfold(x, kernel_size=2, stride=2).transpose(1, 2))


# last_valid_step


def _last_valid_step(x: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    return torch.stack([x[b, step] for b, step in enumerate(last.tolist())])


@pytest.mark.item("last_valid_step")
@pytest.mark.parametrize(("b", "t", "d"), [(4, 6, 3), (7, 3, 5), (4, 4, 4), (1, 5, 3), (3, 4, 1), (5, 1, 2)])
def test_each_sequence_gives_its_own_step(student, make, b, t, d):
    x, last = make(b, t, d), make.ints(t, b)
    check.close(student.last_valid_step(x, last), _last_valid_step(x, last))


@pytest.mark.item("last_valid_step")
def test_the_first_and_the_last_step_can_be_the_last_valid_one(student, make):
    x, last = make(4, 5, 3, dtype=torch.float32), torch.tensor([0, 4, 2, 0])
    check.close(student.last_valid_step(x, last), _last_valid_step(x, last))
