"""Hidden tests of u01_tensors: between NumPy and torch, and from device to device."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import numpy as np
import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u01_tensors")


# screenshot_batch


def _batch(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 255)[None, None]


def _pixels(make, h, w, high=256):
    return make.int_array(high, h, w).astype(np.uint8)


@inside
def batch_of_every_other_pixel(pixels):
    return student.screenshot_batch(pixels[::2, 1::3])


@inside
def batch_after_writing_into_pixels(pixels, mark):
    pixels = pixels.copy()
    batch = student.screenshot_batch(pixels)
    pixels[:] = mark
    return batch


@inside
def pixels_after_writing_into_batch(pixels):
    pixels = pixels.copy()
    student.screenshot_batch(pixels).fill_(1.0)
    return pixels


@pytest.mark.item("screenshot_batch")
@pytest.mark.parametrize(("h", "w"), [(5, 7), (8, 3), (4, 4), (1, 6)])
def test_pixels_become_a_batch_between_0_and_1(student, make, h, w):
    pixels = _pixels(make, h, w)
    pixels[0, 0], pixels[-1, -1] = 0, 255
    check.close(student.screenshot_batch(pixels), _batch(pixels))


@pytest.mark.item("screenshot_batch")
def test_a_dark_screenshot_stays_dark(student, make):
    pixels = _pixels(make, 4, 5, high=90)
    check.close(student.screenshot_batch(pixels), _batch(pixels))


@pytest.mark.item("screenshot_batch")
def test_a_slice_of_a_larger_picture_is_accepted(student, make):
    pixels = _pixels(make, 6, 9)
    check.close(batch_of_every_other_pixel(pixels), _batch(pixels[::2, 1::3]))


@pytest.mark.item("screenshot_batch")
def test_the_batch_owns_its_memory(student, make):
    pixels = _pixels(make, 3, 5)
    check.close(batch_after_writing_into_pixels(pixels, make.pick(3, 200)), _batch(pixels), name="batch")
    check.close(pixels_after_writing_into_batch(pixels), pixels, name="pixels")


# tensor_from_numpy

SHOWS_THROUGH = Text(
    en="What was later written into the array shows in the tensor: they share one memory; the item asks for a copy.",
    vi="Ghi vào mảng sau đó làm tensor thay đổi: hai bên dùng chung bộ nhớ, trong khi đề yêu cầu bản sao.",
)


@inside
def tensor_after_writing_into_array(a, mark):
    a = a.copy()
    t = student.tensor_from_numpy(a)
    a[:] = mark
    return t


@inside
def tensor_from_every_other_row(a):
    return student.tensor_from_numpy(a[::2])


@pytest.mark.item("tensor_from_numpy")
@pytest.mark.parametrize("shape", [(4, 5), (3, 3), (6,), (2, 3, 4), (1, 1), ()])
def test_float64_arrays_become_float32_tensors(student, make, shape):
    a = np.asarray(make.array(*shape))
    check.close(student.tensor_from_numpy(a), torch.from_numpy(a).float())


@pytest.mark.item("tensor_from_numpy")
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.int16, np.uint8, np.bool_])
def test_every_dtype_becomes_float32(student, make, dtype):
    a = make.int_array(2, 4, 3).astype(dtype)
    check.close(student.tensor_from_numpy(a), torch.from_numpy(a).float())


@pytest.mark.item("tensor_from_numpy")
def test_a_slice_of_a_larger_array_is_accepted(student, make):
    a = make.array(6, 4)
    check.close(tensor_from_every_other_row(a), torch.from_numpy(a[::2]).float())


@pytest.mark.item("tensor_from_numpy")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_tensor_has_its_own_memory(student, make, dtype):
    a, mark = make.array(4, 3).astype(dtype), float(make(1)) + 20
    after = tensor_after_writing_into_array(a, mark)
    overwritten = torch.full((4, 3), mark, dtype=torch.float32)
    check.that(not torch.equal(after, overwritten), SHOWS_THROUGH, code="shared_memory")
    check.close(after, torch.from_numpy(a).float())


# shared_with_numpy

ARRAY_IS_A_COPY = Text(
    en="What was written into the array does not show in the tensor: the array is a copy.",
    vi="Ghi vào mảng mà tensor không đổi theo: mảng này là bản sao.",
)
TENSOR_IS_APART = Text(
    en="What was written into the tensor does not show in the array: the array is a copy.",
    vi="Ghi vào tensor mà mảng không đổi theo: mảng này là bản sao.",
)
NO_WORDS = Text(
    en="The TypeError has no message: say in a few words why this tensor cannot be shared.",
    vi="TypeError không có thông báo: hãy nói trong vài từ vì sao tensor này không dùng chung bộ nhớ được.",
)


@inside
def tensor_after_writing_into_shared(t, mark):
    student.shared_with_numpy(t)[...] = mark
    return t


@inside
def shared_after_writing_into_tensor(t, mark):
    a = student.shared_with_numpy(t)
    t.fill_(mark)
    return a


@inside
def share_tracked(t):
    return student.shared_with_numpy(t.clone().requires_grad_(True))


@inside
def words_of_refusal(t, device):
    t = t.to(device).clone().requires_grad_(device == "cpu")
    try:
        student.shared_with_numpy(t)
    except TypeError as refusal:
        return str(refusal)
    return ""


@pytest.mark.item("shared_with_numpy")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bool])
def test_the_array_has_the_values_and_the_dtype_of_the_tensor(student, make, dtype):
    t = make.ints(2, 3, 4).to(dtype)
    check.close(student.shared_with_numpy(t), t.numpy())


@pytest.mark.item("shared_with_numpy")
@pytest.mark.parametrize("shape", [(5,), (3, 3), (2, 1, 4)])
def test_the_array_has_the_shape_of_the_tensor(student, make, shape):
    t = make(*shape)
    check.close(student.shared_with_numpy(t), t.numpy())


@pytest.mark.item("shared_with_numpy")
@pytest.mark.mutates
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_writes_show_on_both_sides(student, make, dtype):
    t, mark = make(3, 4).to(dtype), float(make(1)) + 20
    written = torch.full_like(t, mark)
    check.that(torch.equal(tensor_after_writing_into_shared(t.clone(), mark), written), ARRAY_IS_A_COPY, code="copied")
    shared = shared_after_writing_into_tensor(t.clone(), mark)
    check.that(np.array_equal(shared, written.numpy()), TENSOR_IS_APART, code="copied")


@pytest.mark.item("shared_with_numpy")
@pytest.mark.devices("pretend", "cuda", "mps")
@check.about(
    "device_refused",
    en="A tensor on another device must be refused with the error of the statement: nothing is moved in silence.",
    vi="Tensor ở device khác phải bị từ chối bằng lỗi mà đề bài nêu: không được âm thầm chuyển đi.",
)
def test_a_tensor_on_another_device_is_refused(student, make, device):
    x = check.on(make(2, 3, dtype=torch.float32), device)
    with check.raises(TypeError, name=f'shared_with_numpy(torch.empty(2, 3, device="{device}"))'):
        student.shared_with_numpy(x)


@pytest.mark.item("shared_with_numpy")
@check.about(
    "grad_refused",
    en="A tensor that requires grad must be refused with the error of the statement: nothing is detached in silence.",
    vi="Tensor có requires_grad phải bị từ chối bằng lỗi mà đề bài nêu: không được âm thầm detach.",
)
def test_a_tensor_that_requires_grad_is_refused(student, make):
    with check.raises(TypeError, name="shared_with_numpy(t.requires_grad_())"):
        share_tracked(make(2, 3))


@pytest.mark.item("shared_with_numpy")
@pytest.mark.devices("cpu", "pretend", "cuda", "mps")
def test_the_refusal_is_in_words(student, make, device):
    x = make(2, 3, dtype=torch.float32)
    check.that(len(words_of_refusal(x, device).split()) >= 3, NO_WORDS, code="no_message")


# move_to

NEEDLESS_COPY = Text(
    en="x was on that device already, yet the result is a copy: what is written into it does not show in x.",
    vi="x đã nằm trên thiết bị đó mà kết quả vẫn là bản sao: ghi vào kết quả thì x không đổi theo.",
)


@inside
def x_after_writing_into_moved(x, device, mark):
    student.move_to(x, device).fill_(mark)
    return x


@inside
def moved_and_left(x, device):
    return student.move_to(x, device), x


@inside
def there_and_back(x, device):
    return student.move_to(x.to(device), "cpu")


@inside
def gradient_through_move(x, device, upstream):
    x = x.clone().requires_grad_(True)
    student.move_to(x, device).backward(upstream)
    return x.grad


@pytest.mark.item("move_to")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64, torch.bool])
def test_values_and_dtype_survive(student, make, dtype):
    x = (make(3, 4) * 5).to(dtype)
    check.close(student.move_to(x, "cpu"), x)


@pytest.mark.item("move_to")
@pytest.mark.mutates
@pytest.mark.devices("cpu", "pretend", "cuda", "mps")
def test_nothing_is_copied_when_x_is_there_already(student, make, device):
    x, mark = make(3, 4, dtype=torch.float32), float(make(1)) + 20
    after = x_after_writing_into_moved(check.on(x, device), device, mark)
    check.that(torch.equal(after, torch.full_like(x, mark)), NEEDLESS_COPY, code="copied")


@pytest.mark.item("move_to")
@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64])
@pytest.mark.devices("pretend", "cuda")
def test_a_tensor_moves_to_another_device(student, make, dtype, as_object, device):
    x = (make(2, 5) * 5).to(dtype)
    moved, left = moved_and_left(x, torch.device(device) if as_object else device)
    with check.about("not_moved", when=("device",)):
        check.close(moved, x, name="result", device=device)
    check.close(left, x, name="x afterwards", device="cpu")


@pytest.mark.item("move_to")
@pytest.mark.devices("pretend", "cuda", "mps")
def test_a_tensor_comes_back_to_the_cpu(student, make, device):
    x = make(2, 5, dtype=torch.float32)
    check.close(there_and_back(x, device), x, name='move_to(x, "cpu")', device="cpu")


@pytest.mark.item("move_to")
@pytest.mark.devices("cpu", "pretend", "cuda", "mps")
def test_gradients_flow_through(student, make, device):
    x, upstream = (make(3, 4, dtype=torch.float32) for _ in range(2))
    got = gradient_through_move(x, device, check.on(upstream, device))
    check.close(got, upstream, name="x.grad", device="cpu")
