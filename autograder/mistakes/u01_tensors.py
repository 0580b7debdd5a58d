"""Known mistakes and right alternatives of u01_tensors."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.mistakes import alternative, mistake

# create_tensors


@mistake(
    "create_tensors", kind="dtype",
    en='"counting" is float32: a float was put into arange, and "like" inherits it.',
    vi='"counting" có dtype float32: bạn đưa số thực vào arange, và "like" cũng lấy theo dtype đó.',
    hint_en="arange of whole numbers is int64 by itself.",
    hint_vi="arange với các số nguyên tự cho dtype int64.",
)  # fmt: skip
def counting_in_floats(n, m):
    counting = torch.arange(float(n * m)).reshape(n, m)
    return {
        "zeros": torch.zeros(n, m), "ones": torch.ones(n, m), "uniform": torch.rand(n, m),
        "normal": torch.randn(n, m), "counting": counting, "like": torch.zeros_like(counting),
    }  # fmt: skip


@mistake(
    "create_tensors", kind="dtype",
    en='"like" has the shape of "counting" but not its dtype: torch.zeros makes float32.',
    vi='"like" có đúng shape của "counting" nhưng sai dtype: torch.zeros tạo ra float32.',
    hint_en="There is a constructor that takes shape and dtype from another tensor.",
    hint_vi="Có một hàm tạo lấy cả shape lẫn dtype từ một tensor khác.",
)  # fmt: skip
def like_takes_only_the_shape(n, m):
    counting = torch.arange(n * m).reshape(n, m)
    return {
        "zeros": torch.zeros(n, m), "ones": torch.ones(n, m), "uniform": torch.rand(n, m),
        "normal": torch.randn(n, m), "counting": counting, "like": torch.zeros(counting.shape),
    }  # fmt: skip


@mistake(
    "create_tensors", kind="indexing",
    en='"counting" begins at 1; it counts from 0 to n·m − 1.',
    vi='"counting" bắt đầu từ 1; nó phải đếm từ 0 đến n·m − 1.',
)  # fmt: skip
def counting_from_one(n, m):
    counting = torch.arange(1, n * m + 1).reshape(n, m)
    return {
        "zeros": torch.zeros(n, m), "ones": torch.ones(n, m), "uniform": torch.rand(n, m),
        "normal": torch.randn(n, m), "counting": counting, "like": torch.zeros_like(counting),
    }  # fmt: skip


@mistake(
    "create_tensors", kind="randomness",
    en='"uniform" was drawn with randn: that is the normal distribution, with negative numbers too.',
    vi='"uniform" được sinh bằng randn: đó là phân phối chuẩn, có cả số âm.',
    hint_en="The n at the end of randn stands for normal.",
    hint_vi="Chữ n ở cuối randn là viết tắt của normal (phân phối chuẩn).",
)  # fmt: skip
def uniform_by_randn(n, m):
    counting = torch.arange(n * m).reshape(n, m)
    return {
        "zeros": torch.zeros(n, m), "ones": torch.ones(n, m), "uniform": torch.randn(n, m),
        "normal": torch.randn(n, m), "counting": counting, "like": torch.zeros_like(counting),
    }  # fmt: skip


@mistake(
    "create_tensors", kind="randomness",
    en='"normal" is a stretched uniform distribution: mean and range may fit, the shape of the curve does not.',
    vi='"normal" chỉ là phân phối đều được kéo giãn: trung bình có thể đúng nhưng dạng phân phối thì không.',
)  # fmt: skip
def normal_by_rand(n, m):
    counting = torch.arange(n * m).reshape(n, m)
    return {
        "zeros": torch.zeros(n, m), "ones": torch.ones(n, m), "uniform": torch.rand(n, m),
        "normal": 2 * torch.rand(n, m) - 1, "counting": counting, "like": torch.zeros_like(counting),
    }  # fmt: skip


@mistake(
    "create_tensors", kind="randomness",
    en="You set a seed inside the function, so every call draws the same numbers.",
    vi="Bạn đặt seed ngay trong hàm, nên lần gọi nào cũng sinh ra cùng các số.",
    hint_en="Seeding is the caller's business: leave manual_seed out.",
    hint_vi="Đặt seed là việc của bên gọi hàm: hãy bỏ manual_seed.",
)  # fmt: skip
def seeded_inside(n, m):
    torch.manual_seed(0)
    counting = torch.arange(n * m).reshape(n, m)
    return {
        "zeros": torch.zeros(n, m), "ones": torch.ones(n, m), "uniform": torch.rand(n, m),
        "normal": torch.randn(n, m), "counting": counting, "like": torch.zeros_like(counting),
    }  # fmt: skip


@alternative("create_tensors")
def filled_in_place(n, m):
    counting = torch.tensor(range(n * m)).view(n, m)
    return {
        "zeros": torch.empty(n, m).zero_(), "ones": torch.full((n, m), 1.0), "uniform": torch.empty(n, m).uniform_(),
        "normal": torch.empty(n, m).normal_(), "counting": counting, "like": counting.new_zeros(n, m),
    }  # fmt: skip


@alternative("create_tensors")
def from_each_other(n, m):
    zeros = torch.zeros((n, m), dtype=torch.float32)
    counting = torch.stack([torch.arange(i * m, (i + 1) * m) for i in range(n)])
    return {
        "zeros": zeros, "ones": zeros + 1, "uniform": torch.rand_like(zeros), "normal": torch.normal(0.0, 1.0, (n, m)),
        "counting": counting, "like": counting - counting,
    }  # fmt: skip


# arithmetic


@mistake(
    "arithmetic", kind="dtype",
    en='"div" is whole-number division (//); the item asks for true division, also of integers.',
    vi='"div" là phép chia lấy phần nguyên (//); đề yêu cầu phép chia thật, kể cả với số nguyên.',
)  # fmt: skip
def floor_division(a, b):
    return {"add": a + b, "sub": a - b, "mul": a * b, "div": a // b, "power": a**b}


@mistake(
    "arithmetic", kind="broadcast",
    en="b was stretched to the shape of a; either of the two may be the smaller one.",
    vi="Bạn chỉ mở rộng b theo shape của a; tensor nhỏ hơn có thể là a hoặc b.",
    hint_en="Leave the stretching to broadcasting.",
    hint_vi="Hãy để broadcasting lo việc mở rộng.",
)  # fmt: skip
def only_b_is_stretched(a, b):
    b = b.expand_as(a)
    return {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b, "power": a**b}


@mistake(
    "arithmetic", kind="broadcast",
    en='"mul" is the matrix product (@); the item asks for the product element by element.',
    vi='"mul" là tích ma trận (@); đề yêu cầu nhân từng phần tử.',
)  # fmt: skip
def matrix_product(a, b):
    return {"add": a + b, "sub": a - b, "mul": a @ b, "div": a / b, "power": a**b}


@mistake(
    "arithmetic", kind="inplace",
    en="a was changed: a method whose name ends in an underscore writes its result into the tensor itself.",
    vi="a đã bị thay đổi: phương thức có dấu gạch dưới ở cuối tên ghi kết quả vào chính tensor đó.",
    hint_en="Use add, not add_; and a + b, not a += b.",
    hint_vi="Hãy dùng add, không dùng add_; dùng a + b, không dùng a += b.",
)  # fmt: skip
def added_in_place(a, b):
    return {"add": a.add_(b), "sub": a - b, "mul": a * b, "div": a / b, "power": a**b}


@mistake(
    "arithmetic", kind="order",
    en='"power" has base and exponent the other way round: it is a to the power b.',
    vi='"power" bị đảo cơ số và số mũ: phải là a lũy thừa b.',
)  # fmt: skip
def base_and_exponent_swapped(a, b):
    return {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b, "power": b**a}


@mistake(
    "arithmetic", kind="dtype",
    en="Everything was turned into floats first: integers added, subtracted or multiplied must stay integers.",
    vi="Bạn đổi mọi thứ sang số thực trước: cộng, trừ, nhân số nguyên phải cho kết quả số nguyên.",
)  # fmt: skip
def all_in_float(a, b):
    a, b = a.float(), b.float()
    return {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b, "power": a**b}


@alternative("arithmetic")
def by_functions(a, b):
    return {
        "add": torch.add(a, b), "sub": torch.sub(a, b), "mul": torch.mul(a, b), "div": torch.true_divide(a, b),
        "power": torch.pow(a, b),
    }  # fmt: skip


@alternative("arithmetic")
def broadcast_first(a, b):
    a, b = torch.broadcast_tensors(a, b)
    return {"add": a.add(b), "sub": a.sub(b), "mul": a.mul(b), "div": a.div(b), "power": a.pow(b)}


# describe


@mistake(
    "describe", kind="return",
    en='"dtype" is a text; the item asks for the torch.dtype itself.',
    vi='"dtype" là chuỗi ký tự; đề yêu cầu chính đối tượng torch.dtype.',
)  # fmt: skip
def dtype_as_text(x):
    return {
        "shape": tuple(x.shape), "dtype": str(x.dtype), "device": str(x.device), "ndim": x.ndim, "numel": x.numel(),
        "contiguous": x.is_contiguous(), "requires_grad": x.requires_grad,
    }  # fmt: skip


@mistake(
    "describe", kind="device",
    en='"device" is always "cpu"; ask the tensor where it is.',
    vi='"device" luôn là "cpu"; hãy hỏi chính tensor xem nó nằm ở đâu.',
)  # fmt: skip
def always_on_the_cpu(x):
    return {
        "shape": tuple(x.shape), "dtype": x.dtype, "device": "cpu", "ndim": x.ndim, "numel": x.numel(),
        "contiguous": x.is_contiguous(), "requires_grad": x.requires_grad,
    }  # fmt: skip


@mistake(
    "describe", kind="shape",
    en='"numel" is the number of rows (len); it is the number of all elements.',
    vi='"numel" đang là số hàng (len); nó phải là tổng số phần tử.',
)  # fmt: skip
def rows_for_elements(x):
    return {
        "shape": tuple(x.shape), "dtype": x.dtype, "device": str(x.device), "ndim": x.ndim, "numel": len(x),
        "contiguous": x.is_contiguous(), "requires_grad": x.requires_grad,
    }  # fmt: skip


@mistake(
    "describe", kind="graph",
    en='"requires_grad" says whether x is a leaf; results of a computation can require grad too.',
    vi='"requires_grad" đang cho biết x có phải là leaf không; kết quả tính toán cũng có thể có requires_grad.',
)  # fmt: skip
def leaf_for_requires_grad(x):
    return {
        "shape": tuple(x.shape), "dtype": x.dtype, "device": str(x.device), "ndim": x.ndim, "numel": x.numel(),
        "contiguous": x.is_contiguous(), "requires_grad": x.is_leaf,
    }  # fmt: skip


@mistake(
    "describe", kind="state",
    en='"requires_grad" says whether x.grad is filled; before backward() it is None, also where gradients are wanted.',
    vi='"requires_grad" đang cho biết x.grad đã có chưa; trước backward() nó là None dù tensor có cần gradient.',
)  # fmt: skip
def grad_for_requires_grad(x):
    return {
        "shape": tuple(x.shape), "dtype": x.dtype, "device": str(x.device), "ndim": x.ndim, "numel": x.numel(),
        "contiguous": x.is_contiguous(), "requires_grad": x.is_leaf and x.grad is not None,
    }  # fmt: skip


@mistake(
    "describe", kind="view_copy",
    en='"contiguous" was asked of a contiguous copy, so it is always True.',
    vi='"contiguous" được hỏi trên một bản sao contiguous nên luôn là True.',
    hint_en="x.contiguous() makes a tensor, x.is_contiguous() answers a question.",
    hint_vi="x.contiguous() tạo ra tensor, còn x.is_contiguous() trả lời câu hỏi.",
)  # fmt: skip
def contiguous_copy_is_asked(x):
    return {
        "shape": tuple(x.shape), "dtype": x.dtype, "device": str(x.device), "ndim": x.ndim, "numel": x.numel(),
        "contiguous": x.contiguous().is_contiguous(), "requires_grad": x.requires_grad,
    }  # fmt: skip


@alternative("describe")
def by_methods(x):
    shape = tuple(x.size())
    return {
        "requires_grad": x.requires_grad, "contiguous": x.is_contiguous(), "numel": math.prod(shape), "ndim": x.dim(),
        "device": f"{x.device}", "dtype": x.dtype, "shape": shape,
    }  # fmt: skip


@alternative("describe")
def step_by_step(x):
    result = {"shape": tuple(int(n) for n in x.shape), "dtype": x.dtype}
    result["device"] = x.device.type if x.device.index is None else f"{x.device.type}:{x.device.index}"
    result["ndim"], result["numel"] = len(x.shape), x.nelement()
    result.update(contiguous=x.is_contiguous(), requires_grad=x.requires_grad)
    return result


# screenshot_batch


@mistake(
    "screenshot_batch", kind="scale",
    en="The values still go up to 255: divide by 255.",
    vi="Các giá trị vẫn lên đến 255: hãy chia cho 255.",
)  # fmt: skip
def not_scaled(pixels):
    return torch.tensor(pixels, dtype=torch.float32)[None, None]


@mistake(
    "screenshot_batch", kind="scale",
    en="You divided by 256; a white pixel is 255 and must become exactly 1.",
    vi="Bạn chia cho 256; điểm ảnh trắng là 255 và phải trở thành đúng 1.",
)  # fmt: skip
def divided_by_256(pixels):
    return torch.tensor(pixels, dtype=torch.float32)[None, None] / 256


@mistake(
    "screenshot_batch", kind="scale",
    en="You divided by the brightest pixel of the picture; the scale is 255 for every picture.",
    vi="Bạn chia cho điểm ảnh sáng nhất của ảnh; thang đo là 255 cho mọi ảnh.",
)  # fmt: skip
def divided_by_the_brightest(pixels):
    return torch.tensor(pixels, dtype=torch.float32)[None, None] / float(pixels.max())


@mistake(
    "screenshot_batch", kind="dtype",
    en="The result is float64: NumPy divides uint8 into float64.",
    vi="Kết quả có dtype float64: NumPy chia uint8 ra float64.",
)  # fmt: skip
def left_in_float64(pixels):
    return torch.from_numpy(pixels / 255)[None, None]


@mistake(
    "screenshot_batch", kind="shape",
    en="One dimension is missing: a batch needs both a batch and a channel dimension in front.",
    vi="Thiếu một chiều: phải thêm cả chiều batch lẫn chiều channel ở phía trước.",
)  # fmt: skip
def channel_without_batch(pixels):
    return torch.tensor(pixels, dtype=torch.float32)[None] / 255


@mistake(
    "screenshot_batch", kind="shape",
    en="The channel came last, as in picture libraries; torch wants (batch, channel, height, width).",
    vi="Chiều channel nằm cuối như trong các thư viện ảnh; torch cần (batch, channel, height, width).",
)  # fmt: skip
def channel_last(pixels):
    return torch.tensor(pixels, dtype=torch.float32)[None, :, :, None] / 255


@alternative("screenshot_batch")
def by_numpy(pixels):
    return torch.from_numpy(pixels.astype(np.float32) / np.float32(255)).reshape(1, 1, *pixels.shape)


@alternative("screenshot_batch")
def by_unsqueeze(pixels):
    return torch.from_numpy(pixels.copy()).float().div(255).unsqueeze(0).unsqueeze(0)


# index_grid


@mistake(
    "index_grid", kind="order",
    en="The pairs are (j, i): the column came before the row.",
    vi="Các cặp đang là (j, i): cột đứng trước hàng.",
)  # fmt: skip
def column_before_row(h, w):
    i, j = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return torch.stack((j, i), dim=-1)


@mistake(
    "index_grid", kind="shape",
    en="The two coordinates were stacked in front, as (2, h, w); the pair is the last dimension.",
    vi="Hai tọa độ được xếp ở chiều đầu, thành (2, h, w); cặp tọa độ phải là chiều cuối.",
    hint_en="torch.stack has an argument dim.",
    hint_vi="torch.stack có tham số dim.",
)  # fmt: skip
def stacked_in_front(h, w):
    return torch.stack(torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij"))


@mistake(
    "index_grid", kind="order",
    en='The grid is (w, h, 2): meshgrid was asked with indexing="xy".',
    vi='Lưới có shape (w, h, 2): meshgrid được gọi với indexing="xy".',
)  # fmt: skip
def xy_indexing(h, w):
    return torch.stack(torch.meshgrid(torch.arange(h), torch.arange(w), indexing="xy"), dim=-1)


@mistake(
    "index_grid", kind="dtype",
    en="The indices are floats; indices are int64.",
    vi="Các chỉ số đang là số thực; chỉ số phải có dtype int64.",
)  # fmt: skip
def indices_as_floats(h, w):
    i, j = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return torch.stack((i, j), dim=-1).float()


@mistake(
    "index_grid", kind="indexing",
    en="The indices begin at 1; they count from 0.",
    vi="Các chỉ số bắt đầu từ 1; phải đếm từ 0.",
)  # fmt: skip
def indices_from_one(h, w):
    i, j = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return torch.stack((i, j), dim=-1) + 1


@alternative("index_grid")
def by_cartesian_product(h, w):
    return torch.cartesian_prod(torch.arange(h), torch.arange(w)).reshape(h, w, 2)


@alternative("index_grid")
def by_loops(h, w):
    grid = torch.zeros(h, w, 2, dtype=torch.int64)
    for i in range(h):
        for j in range(w):
            grid[i, j, 0], grid[i, j, 1] = i, j
    return grid


@alternative("index_grid")
def by_divmod(h, w):
    n = torch.arange(h * w).view(h, w)
    return torch.stack((n // w, n % w), dim=2)


# select


@mistake(
    "select", kind="view_copy",
    en="The rows 0, 2, 4 … were picked with a list of indices, and that makes a copy.",
    vi="Các hàng 0, 2, 4 … được lấy bằng danh sách chỉ số, và cách đó tạo bản sao.",
    hint_en="A slice with a step makes a view.",
    hint_vi="Slice có bước nhảy tạo ra view.",
)  # fmt: skip
def rows_by_a_list(x):
    return x[:, 0], x[-1], x[list(range(0, len(x), 2))], x[-1, -1]


@mistake(
    "select", kind="view_copy",
    en="The pieces are copies (clone): what is written into them does not reach x.",
    vi="Các phần là bản sao (clone): ghi vào chúng không làm x thay đổi.",
)  # fmt: skip
def cloned_pieces(x):
    return x[:, 0].clone(), x[-1].clone(), x[::2].clone(), x[-1, -1].clone()


@mistake(
    "select", kind="shape",
    en="First column and last row kept a dimension of size 1: a slice keeps the dimension, a number drops it.",
    vi="Cột đầu và hàng cuối vẫn giữ một chiều kích thước 1: slice giữ chiều, chỉ số thì bỏ chiều.",
)  # fmt: skip
def slices_keep_the_dimension(x):
    return x[:, :1], x[-1:], x[::2], x[-1, -1]


@mistake(
    "select", kind="indexing",
    en="The odd rows 1, 3, 5 … were taken; the item asks for 0, 2, 4 ….",
    vi="Bạn lấy các hàng lẻ 1, 3, 5 …; đề yêu cầu các hàng 0, 2, 4 ….",
)  # fmt: skip
def odd_rows(x):
    return x[:, 0], x[-1], x[1::2], x[-1, -1]


@mistake(
    "select", kind="indexing",
    en="Row and column are mixed up: the first row and the last column were taken.",
    vi="Bạn nhầm hàng với cột: đã lấy hàng đầu và cột cuối.",
    hint_en="The first index counts rows.",
    hint_vi="Chỉ số thứ nhất đếm hàng.",
)  # fmt: skip
def rows_for_columns(x):
    return x[0], x[:, -1], x[::2], x[-1, -1]


@mistake(
    "select", kind="return",
    en="The last element is a Python number (item()); the item asks for a tensor without dimensions.",
    vi="Phần tử cuối là số Python (do item()); đề yêu cầu một tensor 0 chiều.",
)  # fmt: skip
def last_element_as_number(x):
    return x[:, 0], x[-1], x[::2], x[-1, -1].item()


@alternative("select")
def by_select_and_slice(x):
    n, d = x.shape
    last = x.select(0, n - 1)
    return x.select(1, 0), last, x[0:n:2, :], last.select(0, d - 1)


@alternative("select")
def by_transposing(x):
    return x.t()[0], x[len(x) - 1, :], x[::2, ...], x.view(-1)[-1]


# regroup


@mistake(
    "regroup", kind="api",
    en="A rest is left to torch, which raises RuntimeError; the item asks for ValueError.",
    vi="Bạn để torch tự xử lý phần dư nên lỗi là RuntimeError; đề yêu cầu ValueError.",
)  # fmt: skip
def rest_left_to_torch(x, k):
    return x.reshape(-1, k)


@mistake(
    "regroup", kind="data",
    en="Elements that do not fill a row were dropped; the item asks for a ValueError.",
    vi="Bạn bỏ đi các phần tử không lấp đầy một hàng; đề yêu cầu ValueError.",
)  # fmt: skip
def rest_is_dropped(x, k):
    rest = x.numel() % k
    if rest:
        x = x.reshape(-1)[:-rest]
    return x.reshape(-1, k)


@mistake(
    "regroup", kind="shape",
    en="D is asked to be a multiple of k; only the number of all elements, N·D, must be.",
    vi="Bạn đòi D chia hết cho k; chỉ cần tổng số phần tử N·D chia hết cho k.",
)  # fmt: skip
def row_length_must_divide(x, k):
    if x.shape[1] % k != 0:
        raise ValueError(f"{x.shape[1]} is not a multiple of {k}")
    return x.reshape(-1, k)


@mistake(
    "regroup", kind="view_copy",
    en="contiguous() copies every strided tensor, also one such as x[::2] that could have been viewed.",
    vi="contiguous() sao chép mọi tensor không liền mạch, kể cả trường hợp như x[::2] vẫn tạo view được.",
    hint_en="reshape finds out by itself whether a view is possible.",
    hint_vi="reshape tự xác định xem có tạo view được không.",
)  # fmt: skip
def contiguous_first(x, k):
    if x.numel() % k != 0:
        raise ValueError(f"{x.numel()} is not a multiple of {k}")
    return x.contiguous().view(-1, k)


@mistake(
    "regroup", kind="view_copy",
    en="The result is always a copy; where the memory allows it, it must be a view.",
    vi="Kết quả luôn là bản sao; khi bộ nhớ cho phép thì nó phải là view.",
)  # fmt: skip
def regrouped_copy(x, k):
    if x.numel() % k != 0:
        raise ValueError(f"{x.numel()} is not a multiple of {k}")
    return x.reshape(-1, k).clone()


@mistake(
    "regroup", kind="view_copy",
    en="view cannot regroup a transposed tensor: it raises, where a copy is the way out.",
    vi="view không sắp lại được tensor đã transpose: nó báo lỗi, trong khi phải tạo bản sao.",
    hint_en="Look for the method that makes a view if it can and a copy if it must.",
    hint_vi="Hãy tìm phương thức tạo view khi có thể và tạo bản sao khi bắt buộc.",
)  # fmt: skip
def view_only(x, k):
    if x.numel() % k != 0:
        raise ValueError(f"{x.numel()} is not a multiple of {k}")
    return x.view(-1, k)


@mistake(
    "regroup", kind="order",
    en="The result is k rows long instead of k columns wide.",
    vi="Kết quả có k hàng thay vì k cột.",
)  # fmt: skip
def k_rows(x, k):
    if x.numel() % k != 0:
        raise ValueError(f"{x.numel()} is not a multiple of {k}")
    return x.reshape(k, -1)


@alternative("regroup")
def by_divmod_and_shape(x, k):
    rows, rest = divmod(x.shape[0] * x.shape[1], k)
    if rest:
        raise ValueError("some elements are left over")
    return torch.reshape(x, (rows, k))


@alternative("regroup")
def by_translating_the_error(x, k):
    try:
        return x.reshape(-1, k)
    except RuntimeError as error:
        raise ValueError(str(error)) from error


@alternative("regroup")
def view_or_copy(x, k):
    if x.numel() / k != x.numel() // k:
        raise ValueError(f"{k} does not divide {x.numel()}")
    try:
        return x.view(-1, k)
    except RuntimeError:
        return x.contiguous().view(-1, k)


# row_standardize


@mistake(
    "row_standardize", kind="statistics",
    en="You divided by N − 1; the item asks for the population standard deviation.",
    vi="Bạn đã chia cho N − 1; đề yêu cầu độ lệch chuẩn tổng thể (chia cho N).",
    hint_en="Look at the argument `correction` (or `unbiased`) of std.",
    hint_vi="Hãy xem tham số `correction` (hoặc `unbiased`) của std.",
)  # fmt: skip
def sample_standard_deviation(x):
    z = (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)
    return torch.where(x.amax(dim=1, keepdim=True) == x.amin(dim=1, keepdim=True), 0.0, z)


@mistake(
    "row_standardize", kind="reduction",
    en="Mean and standard deviation were taken over the whole table, not for each row.",
    vi="Trung bình và độ lệch chuẩn được tính trên toàn bảng, không phải theo từng hàng.",
)  # fmt: skip
def standardised_as_a_whole(x):
    return (x - x.mean()) / x.std(correction=0)


@mistake(
    "row_standardize", kind="reduction",
    en="The columns were standardised, not the rows: dim is the dimension that disappears.",
    vi="Bạn đã chuẩn hóa các cột chứ không phải các hàng: dim là chiều bị gộp lại.",
)  # fmt: skip
def columns_standardised(x):
    z = (x - x.mean(dim=0, keepdim=True)) / x.std(dim=0, correction=0, keepdim=True)
    return torch.where(x.amax(dim=0, keepdim=True) == x.amin(dim=0, keepdim=True), 0.0, z)


@mistake(
    "row_standardize", kind="broadcast",
    en="Without keepdim the statistics (N,) are stretched along the columns, or do not fit at all.",
    vi="Thiếu keepdim nên thống kê có shape (N,) bị broadcasting theo cột, hoặc không khớp shape.",
    hint_en="The statistics must be (N, 1).",
    hint_vi="Các thống kê phải có shape (N, 1).",
)  # fmt: skip
def without_keepdim(x):
    return (x - x.mean(dim=1)) / x.std(dim=1, correction=0)


@mistake(
    "row_standardize", kind="formula",
    en="An epsilon was added to the standard deviation; the item asks for none, and treats constant rows apart.",
    vi="Bạn cộng thêm epsilon vào độ lệch chuẩn; đề không cho phép, và hàng hằng được xử lý riêng.",
)  # fmt: skip
def with_epsilon(x):
    return (x - x.mean(dim=1, keepdim=True)) / (x.std(dim=1, correction=0, keepdim=True) + 1e-5)


@mistake(
    "row_standardize", kind="formula",
    en="You divided by the variance; divide by its square root.",
    vi="Bạn chia cho phương sai; phải chia cho căn bậc hai của nó.",
)  # fmt: skip
def divided_by_the_variance(x):
    z = (x - x.mean(dim=1, keepdim=True)) / x.var(dim=1, correction=0, keepdim=True)
    return torch.where(x.amax(dim=1, keepdim=True) == x.amin(dim=1, keepdim=True), 0.0, z)


@mistake(
    "row_standardize", kind="stability",
    en="A constant row became NaN: 0 was divided by a standard deviation of 0.",
    vi="Hàng hằng trở thành NaN: 0 bị chia cho độ lệch chuẩn bằng 0.",
)  # fmt: skip
def constant_rows_are_nan(x):
    return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, correction=0, keepdim=True)


@alternative("row_standardize")
def with_var_mean(x):
    var, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)
    return (x - mean) / torch.where(var == 0, 1.0, var).sqrt()


@alternative("row_standardize")
def nan_to_zero(x):
    centred = x - x.sum(dim=1, keepdim=True) / x.shape[1]
    return (centred / centred.square().mean(dim=1, keepdim=True).sqrt()).nan_to_num()


@alternative("row_standardize")
def row_by_row(x):
    rows = []
    for row in x:
        std = row.std(unbiased=False)
        rows.append((row - row.mean()) / std if std > 0 else torch.zeros_like(row))
    return torch.stack(rows)


# above_threshold


@mistake(
    "above_threshold", kind="formula",
    en="A record that equals the threshold was counted (>=); the item asks for strictly greater.",
    vi="Bạn tính cả trường hợp bằng ngưỡng (>=); đề yêu cầu lớn hơn hẳn.",
)  # fmt: skip
def equal_counts_too(records, thresholds):
    return records[:, None] >= thresholds


@mistake(
    "above_threshold", kind="shape",
    en="The result is (M, N): records are the rows, thresholds the columns.",
    vi="Kết quả có shape (M, N): records phải là hàng, thresholds là cột.",
)  # fmt: skip
def thresholds_as_rows(records, thresholds):
    return records > thresholds[:, None]


@mistake(
    "above_threshold", kind="broadcast",
    en="Records and thresholds were compared pair by pair: without a new dimension (N,) and (M,) never become (N, M).",
    vi="Bạn so sánh từng cặp cùng vị trí; nếu không thêm chiều mới thì (N,) và (M,) không thể thành (N, M).",
    hint_en="records[:, None] has the shape (N, 1).",
    hint_vi="records[:, None] có shape (N, 1).",
)  # fmt: skip
def pair_by_pair(records, thresholds):
    return records > thresholds


@mistake(
    "above_threshold", kind="dtype",
    en="The answers are numbers, 0 and 1; the item asks for bool.",
    vi="Kết quả là số 0 và 1; đề yêu cầu dtype bool.",
)  # fmt: skip
def answers_as_numbers(records, thresholds):
    return (records[:, None] > thresholds).float()


@mistake(
    "above_threshold", kind="sign",
    en="The comparison is the wrong way round: records below the threshold are True.",
    vi="Phép so sánh bị ngược: các record nhỏ hơn ngưỡng lại cho True.",
)  # fmt: skip
def below_threshold(records, thresholds):
    return records[:, None] < thresholds


@mistake(
    "above_threshold", kind="loop",
    en="The thresholds are gone through one by one; the item asks for broadcasting, without a loop.",
    vi="Bạn duyệt từng ngưỡng một; đề yêu cầu broadcasting, không dùng vòng lặp.",
    hint_en="records[:, None] has the shape (N, 1).",
    hint_vi="records[:, None] có shape (N, 1).",
)  # fmt: skip
def stacked_columns(records, thresholds):
    return torch.stack([records > threshold for threshold in thresholds], dim=1)


@mistake(
    "above_threshold", kind="loop",
    en="The function calls itself for each half of the records; the item asks for broadcasting.",
    vi="Hàm tự gọi lại cho từng nửa của records; đề yêu cầu broadcasting.",
)  # fmt: skip
def by_halves(records, thresholds):
    if len(records) == 1:
        return (records > thresholds)[None]
    half = len(records) // 2
    return torch.cat([by_halves(records[:half], thresholds), by_halves(records[half:], thresholds)])


@alternative("above_threshold")
def by_gt_and_unsqueeze(records, thresholds):
    return torch.gt(records.unsqueeze(1), thresholds.unsqueeze(0))


@alternative("above_threshold")
def not_at_most(records, thresholds):
    return ~(records.view(-1, 1).expand(-1, len(thresholds)) <= thresholds)


# patchify


@mistake(
    "patchify", kind="shape",
    en="The image was only reshaped: a row then holds pixels that follow in memory, not a square.",
    vi="Bạn chỉ reshape ảnh: mỗi hàng khi đó chứa các điểm ảnh liền nhau trong bộ nhớ, không phải một ô vuông.",
    hint_en="Split H and W in two dimensions each, then permute.",
    hint_vi="Hãy tách H và W mỗi chiều thành hai chiều, rồi permute.",
)  # fmt: skip
def reshaped_only(x, p):
    b, c, h, w = x.shape
    return x.reshape(b, h * w // p**2, c * p * p)


@mistake(
    "patchify", kind="order",
    en="Within a patch the channel changes fastest; all pixels of channel 0 come first.",
    vi="Trong mỗi patch, channel đang thay đổi nhanh nhất; phải xếp hết điểm ảnh của channel 0 trước.",
)  # fmt: skip
def channels_innermost(x, p):
    b, c, h, w = x.shape
    grid = x.reshape(b, c, h // p, p, w // p, p)
    return grid.permute(0, 2, 4, 3, 5, 1).reshape(b, -1, c * p * p)


@mistake(
    "patchify", kind="shape",
    en="The last two dimensions are swapped: unfold gives (B, C·p², patches), the item asks for (B, patches, C·p²).",
    vi="Hai chiều cuối bị đảo: unfold cho (B, C·p², số patch), đề yêu cầu (B, số patch, C·p²).",
)  # fmt: skip
def unfold_not_transposed(x, p):
    return F.unfold(x, kernel_size=p, stride=p)


@mistake(
    "patchify", kind="order",
    en="The patches are numbered from top to bottom first; they go from left to right first.",
    vi="Các patch được đánh số từ trên xuống dưới trước; phải từ trái sang phải trước.",
)  # fmt: skip
def patches_column_by_column(x, p):
    b, c, h, w = x.shape
    grid = x.reshape(b, c, h // p, p, w // p, p)
    return grid.permute(0, 4, 2, 1, 3, 5).reshape(b, -1, c * p * p)


@mistake(
    "patchify", kind="api",
    en="The patches overlap: unfold moves by 1 when no stride is given.",
    vi="Các patch chồng lên nhau: unfold dịch từng bước 1 khi không truyền stride.",
)  # fmt: skip
def overlapping_patches(x, p):
    return F.unfold(x, kernel_size=p).transpose(1, 2)


@mistake(
    "patchify", kind="order",
    en="Every patch is transposed: its pixels are listed column by column.",
    vi="Mỗi patch bị chuyển vị: điểm ảnh được liệt kê theo từng cột.",
)  # fmt: skip
def patches_transposed(x, p):
    b, c, h, w = x.shape
    grid = x.reshape(b, c, h // p, p, w // p, p)
    return grid.permute(0, 2, 4, 1, 5, 3).reshape(b, -1, c * p * p)


@alternative("patchify")
def by_unfold(x, p):
    return F.unfold(x, kernel_size=p, stride=p).transpose(1, 2)


@alternative("patchify")
def by_tensor_unfold(x, p):
    patches = x.unfold(2, p, p).unfold(3, p, p)
    return patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


@alternative("patchify")
def by_slices(x, p):
    h, w = x.shape[2:]
    rows = [x[:, :, i : i + p, j : j + p].flatten(1) for i in range(0, h, p) for j in range(0, w, p)]
    return torch.stack(rows, dim=1)


# one_hot


@mistake(
    "one_hot", kind="dtype",
    en="The result is int64, as F.one_hot gives it; the item asks for float32.",
    vi="Kết quả có dtype int64 như F.one_hot trả về; đề yêu cầu float32.",
)  # fmt: skip
def left_in_int64(y, num_classes):
    return F.one_hot(y, num_classes)


@mistake(
    "one_hot", kind="shape",
    en="The width follows the largest class that occurs; it is num_classes.",
    vi="Số cột phụ thuộc lớp lớn nhất có mặt; nó phải là num_classes.",
)  # fmt: skip
def width_from_the_data(y, num_classes):
    return F.one_hot(y).float()


@mistake(
    "one_hot", kind="shape",
    en="The result is (K, N): every example is a row, every class a column.",
    vi="Kết quả có shape (K, N): mỗi mẫu là một hàng, mỗi lớp là một cột.",
)  # fmt: skip
def classes_as_rows(y, num_classes):
    return (torch.arange(num_classes)[:, None] == y).float()


@mistake(
    "one_hot", kind="indexing",
    en="A slice was written instead of one entry per row: out[:, y] sets the columns of all classes in all rows.",
    vi="Bạn ghi cả lát cắt thay vì một phần tử mỗi hàng: out[:, y] đặt 1 vào cột của mọi lớp ở mọi hàng.",
    hint_en="Pair every row number with its class: out[arange, y].",
    hint_vi="Hãy ghép mỗi số hàng với lớp của nó: out[arange, y].",
)  # fmt: skip
def ones_in_all_rows(y, num_classes):
    out = torch.zeros(len(y), num_classes)
    out[:, y] = 1
    return out


@mistake(
    "one_hot", kind="indexing",
    en="The classes were counted from 1, so each 1 stands one column too far to the left.",
    vi="Bạn đếm lớp từ 1, nên mỗi số 1 bị lệch sang trái một cột.",
)  # fmt: skip
def classes_from_one(y, num_classes):
    return torch.eye(num_classes)[y - 1]


@alternative("one_hot")
def rows_of_the_identity(y, num_classes):
    return torch.eye(num_classes)[y]


@alternative("one_hot")
def by_scatter(y, num_classes):
    return torch.zeros(len(y), num_classes).scatter_(1, y.unsqueeze(1), 1.0)


@alternative("one_hot")
def by_index_pairs(y, num_classes):
    out = torch.zeros(y.shape[0], num_classes)
    out[torch.arange(y.shape[0]), y] = 1
    return out


# pairwise_sq_dist


@mistake(
    "pairwise_sq_dist", kind="stability",
    en="torch.cdist takes the short cut |a|² − 2 a·b + |b|² for more than 25 rows, which is inexact for close points.",
    vi="torch.cdist dùng công thức |a|² − 2 a·b + |b|² khi có hơn 25 hàng, nên thiếu chính xác với các điểm gần nhau.",
    hint_en="cdist has an argument compute_mode.",
    hint_vi="cdist có tham số compute_mode.",
)  # fmt: skip
def cdist_by_default(a, b):
    return torch.cdist(a, b) ** 2


@mistake(
    "pairwise_sq_dist", kind="stability",
    en="|a|² − 2 a·b + |b|² subtracts large numbers that are almost equal: near 1000 nothing right is left in float32.",
    vi="|a|² − 2 a·b + |b|² trừ hai số lớn gần bằng nhau: quanh 1000, float32 không còn chữ số đúng nào.",
    hint_en="Take the differences first, then square them.",
    hint_vi="Hãy lấy hiệu trước rồi mới bình phương.",
)  # fmt: skip
def expanded_square(a, b):
    return a.square().sum(dim=1)[:, None] - 2 * a @ b.T + b.square().sum(dim=1)


@mistake(
    "pairwise_sq_dist", kind="stability",
    en="clamp hides the negative values of |a|² − 2 a·b + |b|², but the distances of close points stay wrong.",
    vi="clamp che các giá trị âm của |a|² − 2 a·b + |b|², nhưng khoảng cách giữa các điểm gần nhau vẫn sai.",
    hint_en="Take the differences first, then square them.",
    hint_vi="Hãy lấy hiệu trước rồi mới bình phương.",
)  # fmt: skip
def expanded_and_clamped(a, b):
    return (a.square().sum(dim=1)[:, None] - 2 * a @ b.T + b.square().sum(dim=1)).clamp(min=0)


@mistake(
    "pairwise_sq_dist", kind="formula",
    en="These are distances, not squared distances: leave out the root.",
    vi="Đây là khoảng cách, không phải bình phương khoảng cách: hãy bỏ căn bậc hai.",
)  # fmt: skip
def root_taken(a, b):
    return (a[:, None] - b).square().sum(dim=-1).sqrt()


@mistake(
    "pairwise_sq_dist", kind="reduction",
    en="You took the mean over the features; the squared distance is the sum.",
    vi="Bạn lấy trung bình theo các đặc trưng; bình phương khoảng cách là tổng.",
)  # fmt: skip
def mean_over_features(a, b):
    return (a[:, None] - b).square().mean(dim=-1)


@mistake(
    "pairwise_sq_dist", kind="formula",
    en="Absolute differences were added up; square them instead.",
    vi="Bạn cộng trị tuyệt đối của các hiệu; phải bình phương chúng.",
)  # fmt: skip
def absolute_differences(a, b):
    return (a[:, None] - b).abs().sum(dim=-1)


@mistake(
    "pairwise_sq_dist", kind="shape",
    en="The result is (M, N): the rows of a are the rows of the result.",
    vi="Kết quả có shape (M, N): các hàng của a phải là các hàng của kết quả.",
)  # fmt: skip
def rows_of_b_first(a, b):
    return (b[:, None] - a).square().sum(dim=-1)


@alternative("pairwise_sq_dist")
def by_exact_cdist(a, b):
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") ** 2


@alternative("pairwise_sq_dist")
def by_einsum(a, b):
    difference = a.unsqueeze(1) - b.unsqueeze(0)
    return torch.einsum("nmd,nmd->nm", difference, difference)


@alternative("pairwise_sq_dist")
def one_row_at_a_time(a, b):
    return torch.stack([((row - b) ** 2).sum(dim=1) for row in a])


# last_valid_step


@mistake(
    "last_valid_step", kind="indexing",
    en="You took the last step of the tensor (−1): for shorter sequences that is padding.",
    vi="Bạn lấy bước cuối của tensor (−1): với các chuỗi ngắn hơn đó là phần padding.",
)  # fmt: skip
def last_step_of_the_tensor(x, last):
    return x[:, -1]


@mistake(
    "last_valid_step", kind="indexing",
    en="last was read as a length: it is an index from 0, so nothing is to be subtracted.",
    vi="Bạn hiểu last là độ dài: nó là chỉ số đếm từ 0, không cần trừ 1.",
)  # fmt: skip
def last_as_a_length(x, last):
    return x[torch.arange(len(x)), last - 1]


@mistake(
    "last_valid_step", kind="indexing",
    en="x[:, last] takes all those steps from every sequence, (B, B, D); each sequence needs only its own.",
    vi="x[:, last] lấy mọi bước đó từ mọi chuỗi, thành (B, B, D); mỗi chuỗi chỉ cần bước của nó.",
    hint_en="Pair each step with its row: a second index tensor, arange(B).",
    hint_vi="Hãy ghép mỗi bước với hàng của nó: thêm tensor chỉ số arange(B).",
)  # fmt: skip
def every_step_of_every_sequence(x, last):
    return x[:, last]


@mistake(
    "last_valid_step", kind="shape",
    en="The index of gather was not expanded over the features, so only feature 0 came out.",
    vi="Chỉ số của gather chưa được mở rộng theo các đặc trưng, nên chỉ lấy được đặc trưng 0.",
)  # fmt: skip
def gather_of_one_feature(x, last):
    return x.gather(1, last[:, None, None])[:, 0]


@mistake(
    "last_valid_step", kind="shape",
    en="The time dimension is still there, with size 1: squeeze it away.",
    vi="Chiều thời gian vẫn còn, với kích thước 1: hãy bỏ nó đi.",
)  # fmt: skip
def time_dimension_kept(x, last):
    return x[torch.arange(len(x))[:, None], last[:, None]]


@alternative("last_valid_step")
def by_gather(x, last):
    index = last.view(-1, 1, 1).expand(-1, 1, x.shape[2])
    return x.gather(1, index).squeeze(1)


@alternative("last_valid_step")
def sequence_by_sequence(x, last):
    return torch.stack([sequence[step] for sequence, step in zip(x, last, strict=True)])


@alternative("last_valid_step")
def by_take_along_dim(x, last):
    return torch.take_along_dim(x, last[:, None, None], dim=1)[:, 0]


# tensor_from_numpy


@mistake(
    "tensor_from_numpy", kind="view_copy",
    en="A float32 array is not copied: from_numpy shares the memory, and float() changes nothing then.",
    vi="Mảng float32 không được sao chép: from_numpy dùng chung bộ nhớ, và float() khi đó không làm gì cả.",
    hint_en="torch.tensor always copies.",
    hint_vi="torch.tensor luôn sao chép.",
)  # fmt: skip
def shared_when_float32(a):
    return torch.from_numpy(a).float()


@mistake(
    "tensor_from_numpy", kind="dtype",
    en="The tensor took the dtype of the array; the item asks for float32.",
    vi="Tensor lấy dtype của mảng; đề yêu cầu float32.",
)  # fmt: skip
def dtype_of_the_array(a):
    return torch.tensor(a)


@mistake(
    "tensor_from_numpy", kind="shape",
    en="The shape is lost: the array was flattened.",
    vi="Mất shape: mảng đã bị duỗi thành một chiều.",
)  # fmt: skip
def flattened(a):
    return torch.tensor(a.ravel(), dtype=torch.float32)


@mistake(
    "tensor_from_numpy", kind="dtype",
    en="The numbers went through int: what is behind the decimal point is gone.",
    vi="Các số đã bị đổi qua int: phần thập phân bị mất.",
)  # fmt: skip
def through_integers(a):
    return torch.tensor(a.astype(np.int64)).float()


@alternative("tensor_from_numpy")
def copied_by_astype(a):
    return torch.from_numpy(a.astype(np.float32))


@alternative("tensor_from_numpy")
def copied_by_to(a):
    return torch.from_numpy(a).to(torch.float32, copy=True)


@alternative("tensor_from_numpy")
def copied_into_an_empty_one(a):
    t = torch.empty(a.shape, dtype=torch.float32)
    t.copy_(torch.from_numpy(a))
    return t


# shared_with_numpy


@mistake(
    "shared_with_numpy", kind="api",
    en="t.numpy() raises RuntimeError for a tensor that requires grad; the item asks for TypeError.",
    vi="t.numpy() báo RuntimeError với tensor có requires_grad; đề yêu cầu TypeError.",
)  # fmt: skip
def refusal_left_to_torch(t):
    return t.numpy()


@mistake(
    "shared_with_numpy", kind="api",
    en="The TypeError says nothing: give it a message.",
    vi="TypeError không nói gì: hãy thêm thông báo.",
)  # fmt: skip
def refused_without_words(t):
    if t.device.type != "cpu" or t.requires_grad:
        raise TypeError
    return t.numpy()


@mistake(
    "shared_with_numpy", kind="graph",
    en="detach() gets round the check: a tensor that requires grad is to be refused.",
    vi="detach() né việc kiểm tra: tensor có requires_grad phải bị từ chối.",
)  # fmt: skip
def detached_without_asking(t):
    if t.device.type != "cpu":
        raise TypeError("this tensor is not on the CPU")
    return t.detach().numpy()


@mistake(
    "shared_with_numpy", kind="view_copy",
    en="np.array makes a copy: the array and the tensor have separate memories.",
    vi="np.array tạo bản sao: mảng và tensor có bộ nhớ riêng.",
)  # fmt: skip
def copied_array(t):
    if t.device.type != "cpu" or t.requires_grad:
        raise TypeError("this tensor cannot be shared with NumPy")
    return np.array(t)


@mistake(
    "shared_with_numpy", kind="api",
    en="The refusal is a ValueError; the item asks for TypeError.",
    vi="Lỗi từ chối là ValueError; đề yêu cầu TypeError.",
)  # fmt: skip
def refused_with_value_error(t):
    if t.device.type != "cpu" or t.requires_grad:
        raise ValueError("this tensor cannot be shared with NumPy")
    return t.numpy()


@mistake(
    "shared_with_numpy", kind="device",
    en="detach().cpu() makes a silent copy of a tensor on another device: such a tensor is to be refused.",
    vi="detach().cpu() âm thầm sao chép tensor ở thiết bị khác: tensor như vậy phải bị từ chối.",
)  # fmt: skip
def brought_to_the_cpu(t):
    return t.detach().cpu().numpy()


@alternative("shared_with_numpy")
def torch_refusal_translated(t):
    try:
        return t.numpy()
    except RuntimeError as error:
        raise TypeError(str(error)) from error


@alternative("shared_with_numpy")
def by_asarray(t):
    if t.requires_grad or t.device != torch.device("cpu"):
        raise TypeError("only a CPU tensor without grad has memory that NumPy may share")
    return np.asarray(t)


@alternative("shared_with_numpy")
def detached_after_asking(t):
    if t.is_cpu and not t.requires_grad:
        return t.detach().numpy()
    raise TypeError("cannot share the memory of this tensor: use t.detach().cpu()")


# move_to


@mistake(
    "move_to", kind="inplace",
    en="x.to(device) does not move x itself: the moved tensor is its result, which was thrown away.",
    vi="x.to(device) không di chuyển chính x: tensor đã chuyển là giá trị trả về, mà bạn lại bỏ đi.",
)  # fmt: skip
def result_thrown_away(x, device):
    x.to(device)
    return x


@mistake(
    "move_to", kind="device",
    en='.cuda() goes to the first GPU, whatever `device` says: "cuda:1" is another one.',
    vi='.cuda() chuyển đến GPU đầu tiên, bất kể `device` là gì: "cuda:1" là một GPU khác.',
    hint_en="x.to(device) takes every device.",
    hint_vi="x.to(device) nhận mọi thiết bị.",
)  # fmt: skip
def to_any_gpu(x, device):
    return x.cpu() if torch.device(device).type == "cpu" else x.cuda()


@mistake(
    "move_to", kind="view_copy",
    en="copy=True copies the tensor even when it is on the device already.",
    vi="copy=True sao chép tensor ngay cả khi nó đã nằm trên thiết bị đó.",
)  # fmt: skip
def copied_always(x, device):
    return x.to(device, copy=True)


@mistake(
    "move_to", kind="dtype",
    en="The dtype was changed to float32 on the way; only the device changes.",
    vi="dtype bị đổi sang float32 khi di chuyển; chỉ thiết bị được thay đổi.",
)  # fmt: skip
def made_float_on_the_way(x, device):
    return x.to(device, torch.float32)


@mistake(
    "move_to", kind="graph",
    en="detach() cuts the graph: gradients must flow through the move.",
    vi="detach() cắt đồ thị tính toán: gradient phải đi qua được bước di chuyển.",
)  # fmt: skip
def detached_on_the_way(x, device):
    return x.detach().to(device)


@mistake(
    "move_to", kind="device",
    en="The way goes through NumPy, which cannot read the memory of a GPU; and it cuts the graph.",
    vi="Cách này đi qua NumPy, mà NumPy không đọc được bộ nhớ của GPU; nó còn cắt đồ thị tính toán.",
    hint_en="x.to(device) goes from any device to any other.",
    hint_vi="x.to(device) chuyển từ thiết bị bất kỳ sang thiết bị bất kỳ.",
)  # fmt: skip
def by_way_of_numpy(x, device):
    return torch.from_numpy(x.detach().numpy()).to(device)


@alternative("move_to")
def only_when_needed(x, device):
    return x if x.device == torch.device(device) else x.to(device)


@alternative("move_to")
def by_as_tensor(x, device):
    return torch.as_tensor(x, device=device)


@alternative("move_to")
def by_keyword(x, device):
    return x.to(device=torch.device(device), non_blocking=False)
