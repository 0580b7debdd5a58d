"""u01_tensors: make, describe, cut, regroup and combine tensors, and pass them to NumPy and back.

Letters in the shapes: N rows, D features, B batch, C channels, H height, W width, T time steps, K classes.
No function here changes its arguments.
"""

import numpy as np
import torch
from torch import Tensor


def create_tensors(n: int, m: int) -> dict[str, Tensor]:
    """Make six tensors of shape (n, m), each with the constructor that says what you mean.

    Every network starts with such calls: weights are drawn at random, biases are zeros, indices are counted.

    Keys and values of the result:
        "zeros"     float32, all 0
        "ones"      float32, all 1
        "uniform"   float32, drawn from the uniform distribution on [0, 1)
        "normal"    float32, drawn from the normal distribution with mean 0 and standard deviation 1
        "counting"  int64, 0, 1, 2, … n·m − 1, row by row
        "like"      zeros with the shape and the dtype of "counting"

    The two random tensors are new at each call: set no seed in here.

    Example: create_tensors(2, 3)["counting"] is [[0, 1, 2], [3, 4, 5]], and its dtype is torch.int64.

    Twins: torch.zeros, ones, rand, randn, arange, zeros_like.
    """
    # TODO: Make tensors · Tạo tensor
    # Hint: pytest exercises/u01_tensors --hint create_tensors
    raise NotImplementedError("create_tensors")


def arithmetic(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Combine two tensors element by element, in five ways.

    Keys of the result: "add" a + b, "sub" a − b, "mul" a · b, "div" a / b, "power" a to the power b.

    a and b may have different shapes that broadcast, say (4, 3) and (3,): the smaller one is repeated, and the
    results have the common shape. Their dtype is the one torch chooses, with one thing to watch: "div" is true
    division, so two integer tensors give a float32 tensor. a and b are unchanged afterwards.

    Example: for a = [6, 7] and b = [2, 2] of dtype int64, "div" is [3.0, 3.5] and "power" is [36, 49].

    Twins: torch.add, sub, mul, div, pow (or the operators).
    """
    # TODO: Element by element · Tính từng phần tử
    # Hint: pytest exercises/u01_tensors --hint arithmetic
    raise NotImplementedError("arithmetic")


def describe(x: Tensor) -> dict[str, object]:
    """Say what a tensor is: the first thing to print when a shape or dtype error puzzles you.

    x has any shape, dtype and device. Keys and values of the result, all of them plain Python values:
        "shape"          tuple of int, for example (2, 3); () for a tensor without dimensions
        "dtype"          the torch.dtype itself, for example torch.float32
        "device"         str, for example "cpu"
        "ndim"           int, how many dimensions
        "numel"          int, how many elements
        "contiguous"     bool, do the elements lie row by row in memory? False for most transposed tensors
        "requires_grad"  bool, does autograd follow it?

    Example: describe(torch.zeros(2, 3)) is {"shape": (2, 3), "dtype": torch.float32, "device": "cpu", "ndim": 2,
    "numel": 6, "contiguous": True, "requires_grad": False}.

    Twins: the attributes and methods of torch.Tensor.
    """
    # TODO: Describe a tensor · Mô tả một tensor
    # Hint: pytest exercises/u01_tensors --hint describe
    raise NotImplementedError("describe")


def screenshot_batch(pixels: np.ndarray) -> Tensor:
    """Turn a grey screenshot into a batch that a convolutional network accepts.

    pixels is an ndarray (H, W) of dtype uint8, values 0 to 255. The result is a float32 tensor (1, 1, H, W): a
    batch of one image with one channel, where 0 became 0.0 and 255 became 1.0 (the scale is fixed: it does not
    depend on the brightest pixel of this picture). It owns its memory: what is later written into pixels does not
    show in the batch, nor the other way round.

    pixels may be a slice of a larger array, so its memory need not be contiguous.

    Example: screenshot_batch(np.array([[0, 51, 255]], dtype=np.uint8)) is [[[[0.0, 0.2, 1.0]]]].

    Twin: torchvision's ToTensor, with a batch dimension in front.
    """
    # TODO: A screenshot as a batch · Biến ảnh chụp màn hình thành batch
    # Hint: pytest exercises/u01_tensors --hint screenshot_batch
    raise NotImplementedError("screenshot_batch")


def index_grid(h: int, w: int) -> Tensor:
    """Make the tensor (h, w, 2) of dtype int64 whose entry [i, j] is the pair (i, j).

    Positions are an input of many vision models. First comes the row, then the column, as in an index; libraries
    for pictures often say x before y, which is the other order.

    Example: index_grid(2, 3) is [[[0, 0], [0, 1], [0, 2]], [[1, 0], [1, 1], [1, 2]]].

    Twins: torch.meshgrid (mind its argument `indexing`) and torch.stack.
    """
    # TODO: A grid of indices · Lưới chỉ số
    # Hint: pytest exercises/u01_tensors --hint index_grid
    raise NotImplementedError("index_grid")


def select(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cut four pieces out of a table x (N, D), any dtype, N and D at least 1. Return them in this order:

        1. the first column, shape (N,)
        2. the last row, shape (D,)
        3. the rows 0, 2, 4, …, shape ((N + 1) // 2, D)
        4. the last element of the last row, a tensor without dimensions, shape ()

    All four are views of x, not copies: they use x's memory, so what is written into a piece shows in x. Basic
    indexing (numbers, slices, None, ...) gives views; a list or a tensor as index gives a copy.

    Example: x = [[1., 2.], [3., 4.], [5., 6.]] gives [1., 3., 5.], [5., 6.], [[1., 2.], [5., 6.]] and 6.0;
    after select(x)[1].zero_() the last row of x is zeros.

    Twin: the indexing of torch.Tensor.
    """
    # TODO: Pieces of a table · Các phần của một bảng
    # Hint: pytest exercises/u01_tensors --hint select
    raise NotImplementedError("select")


def regroup(x: Tensor, k: int) -> Tensor:
    """Read x (N, D), any dtype, row by row and write it down again in rows of k: the result is (N·D / k, k).

    k is at least 1. The result is a view of x whenever x's memory allows one, and a copy only where it does not,
    as for a transposed x. A view is possible for more than contiguous tensors: x[::2] regrouped by D is a view too.

    Raises ValueError when N·D is not a multiple of k.

    Example: regroup([[1, 2, 3], [4, 5, 6]], 2) is [[1, 2], [3, 4], [5, 6]]; k = 4 raises ValueError.

    Twin: torch.reshape (which raises RuntimeError in the last case).
    """
    # TODO: Rows of another length · Xếp lại thành hàng có độ dài khác
    # Hint: pytest exercises/u01_tensors --hint regroup
    raise NotImplementedError("regroup")


def row_standardize(x: Tensor) -> Tensor:
    """Give each row of x (N, D) mean 0 and standard deviation 1. The result has x's shape and dtype (float32 or
    float64).

    Features on the same scale are easier to learn from, and layer normalisation does this to every row of a batch.

    For each row: subtract the row's mean, divide by the row's population standard deviation, the root of the mean
    of the D squared differences (divide by D, not by D − 1). Add no epsilon. A row whose elements are all
    equal has standard deviation 0; it becomes a row of zeros (so does every row when D is 1).

    Example: row_standardize([[1., 3.], [5., 5.]]) is [[-1., 1.], [0., 0.]].

    Twin: torch.nn.functional.layer_norm with eps = 0, except for the constant rows.
    """
    # TODO: Standardise each row · Chuẩn hóa từng hàng
    # Hint: pytest exercises/u01_tensors --hint row_standardize
    raise NotImplementedError("row_standardize")


def above_threshold(records: Tensor, thresholds: Tensor) -> Tensor:
    """Compare every record with every threshold.

    records is (N,), thresholds is (M,), of the same dtype. The result is a bool tensor (N, M) whose entry [n, m]
    says whether records[n] is strictly greater than thresholds[m].

    Do it by broadcasting, without a loop: give the two tensors shapes that stretch to (N, M).

    Example: records [1., 5., 3.] and thresholds [3., 0.] give [[False, True], [True, True], [False, True]].

    Twin: torch.gt.
    """
    # TODO: Every record and every threshold · Mọi bản ghi với mọi ngưỡng
    # Hint: pytest exercises/u01_tensors --hint above_threshold
    raise NotImplementedError("above_threshold")


def patchify(x: Tensor, p: int) -> Tensor:
    """Cut each image of a batch into square patches of p × p pixels and write each patch down as one row.

    That is how a vision transformer turns an image into a sequence of "words".

    x is (B, C, H, W), float, and p divides H and W. The result is (B, H·W / p², C·p²):
        patches are numbered as one reads, from left to right, then from top to bottom;
        a row holds the p·p pixels of channel 0, as one reads, then those of channel 1, and so on.

    Example: for one image of one channel, [[ 0, 1, 2, 3], [ 4, 5, 6, 7]] and p = 2, the result is
    [[[0, 1, 4, 5], [2, 3, 6, 7]]], of shape (1, 2, 4).

    Twin: torch.nn.functional.unfold(x, kernel_size=p, stride=p), which has the last two dimensions the other way.
    """
    # TODO: Images into patches · Cắt ảnh thành các patch
    # Hint: pytest exercises/u01_tensors --hint patchify
    raise NotImplementedError("patchify")


def one_hot(y: Tensor, num_classes: int) -> Tensor:
    """Write each class number as a row with a single 1.

    y is (N,), int64, values from 0 to num_classes − 1. The result is (N, num_classes), float32: row n is 0
    everywhere except at column y[n], where it is 1. The width is num_classes even if the last classes do not occur.

    float32, since losses and matrix products want the dtype of the network's outputs.

    Example: one_hot([2, 0], 4) is [[0., 0., 1., 0.], [1., 0., 0., 0.]].

    Twin: torch.nn.functional.one_hot (which gives int64).
    """
    # TODO: Classes as one-hot rows · Biểu diễn lớp bằng vector one-hot
    # Hint: pytest exercises/u01_tensors --hint one_hot
    raise NotImplementedError("one_hot")


def pairwise_sq_dist(a: Tensor, b: Tensor) -> Tensor:
    """Squared Euclidean distance between every row of a and every row of b: the heart of nearest neighbours.

    a is (N, D), b is (M, D), of the same float dtype. The result is (N, M), of that dtype; entry [n, m] is the sum
    over d of (a[n, d] − b[m, d])².

    It is never negative, and it is exact also for points near 1000 that differ by a little. The short cut
    |a|² − 2 a·b + |b|² is not: in float32 it subtracts numbers near a million, and of a difference of 0.01 nothing
    is left.

    Example: a = [[0., 0.], [1., 1.]] and b = [[3., 4.]] give [[25.], [13.]].

    Twin: torch.cdist(a, b) ** 2, which takes the short cut when there are more than 25 rows.
    """
    # TODO: Squared distances of all pairs · Bình phương khoảng cách mọi cặp
    # Hint: pytest exercises/u01_tensors --hint pairwise_sq_dist
    raise NotImplementedError("pairwise_sq_dist")


def last_valid_step(x: Tensor, last: Tensor) -> Tensor:
    """Take from each sequence of a padded batch the features at its last real step.

    Sequences of different lengths share one tensor x (B, T, D); behind its last real step each is filled up with
    padding. last is (B,), int64: last[b] is the index (counted from 0, not a length) of that step.
    The result is (B, D), x's dtype; row b is x[b, last[b]].

    Example: x of shape (2, 3, 1) with [[[1], [2], [0]], [[3], [4], [5]]] and last = [1, 2] give [[2], [5]].

    Twins: indexing with two index tensors, or torch.gather.
    """
    # TODO: The last real step of each sequence · Bước thật cuối cùng của mỗi chuỗi
    # Hint: pytest exercises/u01_tensors --hint last_valid_step
    raise NotImplementedError("last_valid_step")


def tensor_from_numpy(a: np.ndarray) -> Tensor:
    """Copy an array into a float32 tensor of the same shape.

    a has any shape and a bool, integer or float dtype. The tensor has its own memory, also when a is float32
    already: what is later written into a does not show in it, nor the other way round.

    NumPy's default is float64, that of torch float32; a float64 batch meets float32 weights with an error. And
    an array that is reused as a buffer would change a batch behind your back: hence the copy.

    Example: tensor_from_numpy(np.array([[1, 2]])) is [[1., 2.]], dtype torch.float32.

    Twin: torch.tensor (torch.from_numpy and torch.as_tensor share memory where they can).
    """
    # TODO: A copy of an array · Sao chép mảng NumPy thành tensor
    # Hint: pytest exercises/u01_tensors --hint tensor_from_numpy
    raise NotImplementedError("tensor_from_numpy")


def shared_with_numpy(t: Tensor) -> np.ndarray:
    """Show a tensor as an array without copying: one memory under two names.

    t has any shape; the array has the same shape and the matching dtype. What is written into the array shows in t
    and what is written into t shows in the array.

    Two kinds of tensors cannot be shared. For them raise TypeError with a message of a few words that says why:
        a tensor on another device than the CPU (NumPy cannot reach its memory, and a copy would not be shared);
        a tensor that requires grad (autograd would not see what NumPy writes).
    Do not get round it with detach() or cpu(): whoever calls this should decide that.

    Example: t = torch.zeros(2); shared_with_numpy(t)[0] = 7 makes t [7., 0.].

    Twin: torch.Tensor.numpy (which raises RuntimeError when t requires grad).
    """
    # TODO: One memory for tensor and array · Tensor và mảng dùng chung bộ nhớ
    # Hint: pytest exercises/u01_tensors --hint shared_with_numpy
    raise NotImplementedError("shared_with_numpy")


def move_to(x: Tensor, device: torch.device | str) -> Tensor:
    """Bring a tensor to a device: "cpu", "cuda", "cuda:1", "mps", … as text or as torch.device.

    The result has x's shape, dtype and values. x itself stays where it is. When x is on the device already there is
    no copy: the result uses x's memory (it may be x itself). Gradients flow through the move.

    Every training loop does this to each batch, so it must cost nothing on a machine without an accelerator.
    The tests use the CPU, the "meta" device, which has shapes but no values, and a pretended GPU, "cuda:1".

    Example: move_to(torch.ones(2), "meta").device is torch.device("meta").

    Twin: torch.Tensor.to.
    """
    # TODO: To another device · Chuyển sang thiết bị khác
    # Hint: pytest exercises/u01_tensors --hint move_to
    raise NotImplementedError("move_to")
