"""Public tests of u01_tensors: run them with  pytest exercises/u01_tensors

They check small examples that you can verify by hand. The hidden tests use other numbers and other shapes, so a
solution that is right for every input passes both.
"""

import numpy as np
import pytest
import torch
from u01_tensors import tensors  # the file you edit

from autograder import checks as check
from autograder.checks import Text

pytestmark = pytest.mark.unit("u01_tensors")


# create_tensors


@pytest.mark.item("create_tensors")
def test_constants_and_counting():
    made = tensors.create_tensors(2, 3)
    check.close(made["zeros"], torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), name="zeros")
    check.close(made["ones"], torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), name="ones")
    check.close(made["counting"], torch.tensor([[0, 1, 2], [3, 4, 5]]), name="counting")
    check.close(made["like"], torch.tensor([[0, 0, 0], [0, 0, 0]]), name="like")  # int64, as counting is


@pytest.mark.item("create_tensors")
def test_random_tensors():
    made = tensors.create_tensors(50, 40)
    for name in ("uniform", "normal"):
        check.shape(made[name], (50, 40), name=name)
        check.dtype(made[name], torch.float32, name=name)
    inside_0_and_1 = bool((made["uniform"] >= 0).all() and (made["uniform"] < 1).all())
    check.that(
        inside_0_and_1, Text(en='"uniform" must lie in [0, 1).', vi='Các số của "uniform" phải nằm trong [0, 1).')
    )
    mean, std = float(made["normal"].mean()), float(made["normal"].std())
    check.that(
        abs(mean) < 0.15 and abs(std - 1) < 0.15,
        Text(
            en='"normal" must have mean 0 and standard deviation 1, nearly.',
            vi='"normal" phải có trung bình gần 0 và độ lệch chuẩn gần 1.',
        ),
    )


# arithmetic


@pytest.mark.item("arithmetic")
def test_integers_are_divided_truly():
    result = tensors.arithmetic(torch.tensor([6, 7]), torch.tensor([2, 2]))
    check.close(result["add"], torch.tensor([8, 9]), name="add")
    check.close(result["sub"], torch.tensor([4, 5]), name="sub")
    check.close(result["mul"], torch.tensor([12, 14]), name="mul")
    check.close(result["div"], torch.tensor([3.0, 3.5]), name="div")
    check.close(result["power"], torch.tensor([36, 49]), name="power")


@pytest.mark.item("arithmetic")
def test_shapes_that_broadcast():
    a, b = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([10.0, 2.0])
    result = tensors.arithmetic(a, b)
    check.close(result["sub"], torch.tensor([[-9.0, 0.0], [-7.0, 2.0]]), name="sub")
    check.close(result["power"], torch.tensor([[1.0, 4.0], [59049.0, 16.0]]), name="power")
    check.close(a, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), name="a afterwards")  # unchanged


# describe


@pytest.mark.item("describe")
def test_a_plain_tensor():
    want = {
        "shape": (2, 3),
        "dtype": torch.float32,
        "device": "cpu",
        "ndim": 2,
        "numel": 6,
        "contiguous": True,
        "requires_grad": False,
    }
    check.equal(tensors.describe(torch.zeros(2, 3)), want, name="describe(x)")


@pytest.mark.item("describe")
def test_a_transposed_tensor_that_requires_grad():
    x = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    result = tensors.describe(x.t())
    check.equal(result["shape"], (3, 2), name="shape")
    check.equal(result["dtype"], torch.float64, name="dtype")
    check.equal(result["contiguous"], False, name="contiguous")
    check.equal(result["requires_grad"], True, name="requires_grad")


# screenshot_batch


@pytest.mark.item("screenshot_batch")
def test_a_tiny_screenshot():
    pixels = np.array([[0, 51, 102], [153, 204, 255]], dtype=np.uint8)
    want = torch.tensor([[[[0.0, 0.2, 0.4], [0.6, 0.8, 1.0]]]])  # (1, 1, 2, 3)
    check.close(tensors.screenshot_batch(pixels), want, name="screenshot_batch(pixels)")


@pytest.mark.item("screenshot_batch")
def test_the_scale_does_not_depend_on_the_picture():
    dark = np.array([[0, 51]], dtype=np.uint8)
    check.close(tensors.screenshot_batch(dark), torch.tensor([[[[0.0, 0.2]]]]), name="screenshot_batch(dark)")


# index_grid


@pytest.mark.item("index_grid")
def test_two_rows_and_three_columns():
    want = torch.tensor([[[0, 0], [0, 1], [0, 2]], [[1, 0], [1, 1], [1, 2]]])
    check.close(tensors.index_grid(2, 3), want, name="index_grid(2, 3)")


# select


@pytest.mark.item("select")
def test_four_pieces():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    first_column, last_row, even_rows, last_element = tensors.select(x)
    check.close(first_column, torch.tensor([1.0, 3.0, 5.0]), name="first column")
    check.close(last_row, torch.tensor([5.0, 6.0]), name="last row")
    check.close(even_rows, torch.tensor([[1.0, 2.0], [5.0, 6.0]]), name="rows 0, 2, 4, …")
    check.close(last_element, torch.tensor(6.0), name="last element")


@pytest.mark.item("select")
def test_what_is_written_into_a_piece_shows_in_x():
    x = torch.zeros(3, 2)
    first_column, last_row, even_rows, last_element = tensors.select(x)
    even_rows.fill_(1.0)
    first_column.fill_(2.0)
    last_row.fill_(3.0)
    last_element.fill_(4.0)
    check.close(x, torch.tensor([[2.0, 1.0], [2.0, 0.0], [3.0, 4.0]]), name="x afterwards")


# regroup


@pytest.mark.item("regroup")
def test_rows_of_two():
    x = torch.tensor([[1, 2, 3], [4, 5, 6]])
    check.close(tensors.regroup(x, 2), torch.tensor([[1, 2], [3, 4], [5, 6]]), name="regroup(x, 2)")
    # x.t() is [[1, 4], [2, 5], [3, 6]]: no view of its memory can be read in this order, so this is a copy
    check.close(tensors.regroup(x.t(), 3), torch.tensor([[1, 4, 2], [5, 3, 6]]), name="regroup(x.t(), 3)")


@pytest.mark.item("regroup")
def test_the_result_is_a_view():
    x = torch.zeros(2, 3)
    tensors.regroup(x, 2)[1].fill_(5.0)
    check.close(x, torch.tensor([[0.0, 0.0, 5.0], [5.0, 0.0, 0.0]]), name="x afterwards")


@pytest.mark.item("regroup")
def test_a_rest_is_refused():
    with check.raises(ValueError, name="regroup(x, 4)"):
        tensors.regroup(torch.zeros(2, 3), 4)


# row_standardize


@pytest.mark.item("row_standardize")
def test_each_row_on_its_own():
    x = torch.tensor([[1.0, 3.0], [10.0, 30.0], [4.0, -4.0]])
    want = torch.tensor([[-1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])
    check.close(tensors.row_standardize(x), want, name="row_standardize(x)")


@pytest.mark.item("row_standardize")
def test_a_constant_row_becomes_zeros():
    x = torch.tensor([[2.0, 2.0, 2.0], [-1.0, -1.0, -1.0]])
    check.close(tensors.row_standardize(x), torch.zeros(2, 3), name="row_standardize(x)")


# above_threshold


@pytest.mark.item("above_threshold")
def test_three_records_and_two_thresholds():
    result = tensors.above_threshold(torch.tensor([1.0, 5.0, 3.0]), torch.tensor([3.0, 0.0]))
    # the record 3.0 is not above the threshold 3.0
    check.close(result, torch.tensor([[False, True], [True, True], [False, True]]), name="above_threshold(…)")


# patchify


@pytest.mark.item("patchify")
def test_one_image_of_one_channel():
    x = torch.arange(8.0).reshape(1, 1, 2, 4)  # [[0, 1, 2, 3], [4, 5, 6, 7]]
    want = torch.tensor([[[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]])
    check.close(tensors.patchify(x, 2), want, name="patchify(x, 2)")


@pytest.mark.item("patchify")
def test_channels_follow_each_other_in_a_row():
    x = torch.arange(16.0).reshape(1, 2, 4, 2)  # channel 0 holds 0 to 7, channel 1 holds 8 to 15
    want = torch.tensor([[[0.0, 1.0, 2.0, 3.0, 8.0, 9.0, 10.0, 11.0], [4.0, 5.0, 6.0, 7.0, 12.0, 13.0, 14.0, 15.0]]])
    check.close(tensors.patchify(x, 2), want, name="patchify(x, 2)")


# one_hot


@pytest.mark.item("one_hot")
def test_two_examples_of_four_classes():
    want = torch.tensor([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])  # class 3 does not occur
    check.close(tensors.one_hot(torch.tensor([2, 0]), 4), want, name="one_hot(y, 4)")


# pairwise_sq_dist


@pytest.mark.item("pairwise_sq_dist")
def test_two_points_and_one():
    a, b = torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([[3.0, 4.0]])
    check.close(tensors.pairwise_sq_dist(a, b), torch.tensor([[25.0], [13.0]]), name="pairwise_sq_dist(a, b)")


@pytest.mark.item("pairwise_sq_dist")
def test_points_near_1000_that_differ_by_a_little():
    a = torch.tensor([[1000.0, 1000.0], [1000.0625, 1000.0]])  # 0.0625 is 1/16: exact in float32
    want = torch.tensor([[0.0, 0.00390625], [0.00390625, 0.0]])  # (1/16)² = 1/256
    check.close(tensors.pairwise_sq_dist(a, a.clone()), want, name="pairwise_sq_dist(a, a)")


# last_valid_step


@pytest.mark.item("last_valid_step")
def test_two_sequences_of_different_length():
    x = torch.tensor([[[1.0, -1.0], [2.0, -2.0], [0.0, 0.0]], [[3.0, -3.0], [4.0, -4.0], [5.0, -5.0]]])  # (2, 3, 2)
    last = torch.tensor([1, 2])  # indices, counted from 0
    check.close(tensors.last_valid_step(x, last), torch.tensor([[2.0, -2.0], [5.0, -5.0]]), name="last_valid_step(…)")


# tensor_from_numpy


@pytest.mark.item("tensor_from_numpy")
def test_any_dtype_becomes_float32():
    for dtype in (np.float64, np.int64, np.uint8):
        t = tensors.tensor_from_numpy(np.array([[1, 2], [3, 4]], dtype=dtype))
        check.close(t, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), name="tensor_from_numpy(a)")


@pytest.mark.item("tensor_from_numpy")
def test_the_tensor_is_a_copy():
    a = np.array([1.0, 2.0], dtype=np.float32)
    t = tensors.tensor_from_numpy(a)
    a[0] = 99.0
    check.close(t, torch.tensor([1.0, 2.0]), name="the tensor after a[0] = 99")


# shared_with_numpy


@pytest.mark.item("shared_with_numpy")
def test_one_memory_under_two_names():
    t = torch.tensor([1.0, 2.0, 3.0])
    a = tensors.shared_with_numpy(t)
    a[0] = 7.0
    check.close(t, torch.tensor([7.0, 2.0, 3.0]), name="t after a[0] = 7")
    t[2] = 9.0
    check.close(a, np.array([7.0, 2.0, 9.0], dtype=np.float32), name="a after t[2] = 9")


@pytest.mark.item("shared_with_numpy")
def test_what_cannot_be_shared_is_refused():
    with check.raises(TypeError, name="shared_with_numpy(a tensor that requires grad)"):
        tensors.shared_with_numpy(torch.zeros(2, requires_grad=True))
    with check.raises(TypeError, name="shared_with_numpy(a tensor on another device)"):
        tensors.shared_with_numpy(torch.zeros(2, device="meta"))


# move_to


@pytest.mark.item("move_to")
def test_no_copy_when_x_is_there_already():
    x = torch.tensor([1.0, 2.0])
    moved = tensors.move_to(x, "cpu")
    check.close(moved, torch.tensor([1.0, 2.0]), name='move_to(x, "cpu")')
    moved[0] = 5.0
    check.close(x, torch.tensor([5.0, 2.0]), name="x after moved[0] = 5")


@pytest.mark.item("move_to")
def test_to_another_device():
    moved = tensors.move_to(torch.ones(2, 3), torch.device("meta"))  # meta: shapes without values
    check.equal(str(moved.device), "meta", name="str(moved.device)")
    check.equal(tuple(moved.shape), (2, 3), name="tuple(moved.shape)")
