"""The mistakes and the right alternatives of u03_backprop."""

import heapq
import itertools
import math

import numpy as np
import torch
from torch.nn import functional as F

from autograder.mistakes import alternative, mistake

# --- numpy_mlp


@mistake(
    "numpy_mlp",
    kind="order",
    en="Your losses are those after each update; the item asks for the loss before it.",
    vi="Các loss bạn trả về được tính sau mỗi lần cập nhật; đề bài yêu cầu loss trước khi cập nhật.",
    hint_en="Append the loss before you touch w1 and w2.",
    hint_vi="Ghi lại loss trước khi thay đổi w1 và w2.",
)
def losses_after_the_update(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        h = x @ w1
        a = np.maximum(h, 0)
        dpred = 2 * (a @ w2 - y)
        dw1 = x.T @ (dpred @ w2.T * (h > 0))
        w1, w2 = w1 - lr * dw1, w2 - lr * a.T @ dpred
        losses.append(float(((np.maximum(x @ w1, 0) @ w2 - y) ** 2).sum()))
    return losses


@mistake(
    "numpy_mlp",
    kind="gradient",
    en="The gradient of w1 ignores relu: what comes back must be 0 wherever h is not positive.",
    vi="Gradient của w1 bỏ qua relu: phần truyền ngược phải bằng 0 tại mọi chỗ h không dương.",
    hint_en="A mask built from relu(h) < 0 never hits: relu(h) is never negative.",
    hint_vi="Mask lấy từ relu(h) < 0 không bao giờ đúng, vì relu(h) không bao giờ âm.",
)
def relu_forgotten_on_the_way_back(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        a = np.maximum(x @ w1, 0)
        diff = a @ w2 - y
        losses.append(float((diff**2).sum()))
        dw1 = x.T @ (2 * diff @ w2.T)
        w1, w2 = w1 - lr * dw1, w2 - lr * a.T @ (2 * diff)
    return losses


@mistake(
    "numpy_mlp",
    kind="reduction",
    en="You took the mean of the squares; the item asks for their sum.",
    vi="Bạn lấy trung bình các bình phương; đề bài yêu cầu tổng của chúng.",
    hint_en="Replace mean by sum, in the loss and in its gradient.",
    hint_vi="Thay mean bằng sum, cả trong loss lẫn trong gradient.",
)
def mean_of_squares(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        h = x @ w1
        a = np.maximum(h, 0)
        diff = a @ w2 - y
        losses.append(float((diff**2).mean()))
        dpred = 2 * diff / diff.size
        dw1 = x.T @ (dpred @ w2.T * (h > 0))
        w1, w2 = w1 - lr * dw1, w2 - lr * a.T @ dpred
    return losses


@mistake(
    "numpy_mlp",
    kind="formula",
    en="The derivative of (pred − y)² is 2 · (pred − y); your gradients lack the factor 2.",
    vi="Đạo hàm của (pred − y)² là 2 · (pred − y); gradient của bạn thiếu hệ số 2.",
    hint_en="Look at the first line of your backward pass.",
    hint_vi="Xem lại dòng đầu tiên trong phần backward của bạn.",
)
def factor_two_forgotten(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        h = x @ w1
        a = np.maximum(h, 0)
        diff = a @ w2 - y
        losses.append(float((diff**2).sum()))
        dw1 = x.T @ (diff @ w2.T * (h > 0))
        w1, w2 = w1 - lr * dw1, w2 - lr * a.T @ diff
    return losses


@mistake(
    "numpy_mlp",
    kind="order",
    en="You updated w2 before you computed the gradient of w1, which needs the old w2.",
    vi="Bạn cập nhật w2 trước khi tính gradient của w1, trong khi gradient đó cần w2 cũ.",
    hint_en="Compute both gradients first, then update both weights.",
    hint_vi="Tính cả hai gradient trước, rồi mới cập nhật cả hai trọng số.",
)
def new_w2_in_the_gradient_of_w1(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        h = x @ w1
        a = np.maximum(h, 0)
        diff = a @ w2 - y
        losses.append(float((diff**2).sum()))
        w2 = w2 - lr * a.T @ (2 * diff)
        w1 = w1 - lr * x.T @ (2 * diff @ w2.T * (h > 0))
    return losses


@mistake(
    "numpy_mlp",
    kind="inplace",
    en="You updated the caller's weights in place: w1 and w2 have other values after the call.",
    vi="Bạn cập nhật tại chỗ trọng số của người gọi: sau lời gọi, w1 và w2 đã mang giá trị khác.",
    hint_en="`w1 = w1 - lr * dw1` makes a new array; `w1 -= lr * dw1` writes into the old one.",
    hint_vi="`w1 = w1 - lr * dw1` tạo mảng mới; `w1 -= lr * dw1` ghi đè lên mảng cũ.",
)
def callers_weights_updated(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        h = x @ w1
        a = np.maximum(h, 0)
        diff = a @ w2 - y
        losses.append(float((diff**2).sum()))
        dw1 = x.T @ (2 * diff @ w2.T * (h > 0))
        w2 -= lr * a.T @ (2 * diff)
        w1 -= lr * dw1
    return losses


@mistake(
    "numpy_mlp",
    kind="scale",
    en="You divided the gradients by the batch size; the loss is a sum, so its gradients are sums too.",
    vi="Bạn chia gradient cho kích thước batch; loss là một tổng nên gradient cũng là tổng.",
    hint_en="The loss has no 1/N in it.",
    hint_vi="Trong loss không có 1/N.",
)
def gradients_averaged(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        h = x @ w1
        a = np.maximum(h, 0)
        diff = a @ w2 - y
        losses.append(float((diff**2).sum()))
        dpred = 2 * diff / len(x)
        dw1 = x.T @ (dpred @ w2.T * (h > 0))
        w1, w2 = w1 - lr * dw1, w2 - lr * a.T @ dpred
    return losses


@alternative("numpy_mlp")
def in_place_on_copies(x, y, w1, w2, lr, steps):
    w1, w2 = w1.copy(), w2.copy()
    losses = []
    for _ in range(steps):
        h = x.dot(w1)
        h_relu = np.maximum(h, 0)
        y_pred = h_relu.dot(w2)
        losses.append(np.square(y_pred - y).sum().item())
        grad_y_pred = 2.0 * (y_pred - y)
        grad_w2 = h_relu.T.dot(grad_y_pred)
        grad_h = grad_y_pred.dot(w2.T)
        grad_h[h < 0] = 0
        w1 -= lr * x.T.dot(grad_h)
        w2 -= lr * grad_w2
    return losses


@alternative("numpy_mlp")
def with_einsum(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        a = np.where(x @ w1 > 0, x @ w1, 0.0)
        diff = a @ w2 - y
        losses.append(float(np.vdot(diff, diff)))
        dh = np.einsum("nm,hm,nh->nh", 2 * diff, w2, np.sign(a), optimize=True)
        w1, w2 = w1 - lr * np.einsum("nd,nh->dh", x, dh, optimize=True), w2 - 2 * lr * (a.T @ diff)
    return losses


# --- linear_backward


@mistake(
    "linear_backward",
    kind="shape",
    en="db must be summed over the batch: b was added to every row, so it collects the gradient of every row.",
    vi="db phải được cộng theo batch: b được cộng vào mọi hàng nên nhận gradient của mọi hàng.",
    hint_en="db has the shape of b: (M,).",
    hint_vi="db có shape của b: (M,).",
)
def bias_not_summed(dout, x, w):
    return dout @ w.T, x.T @ dout, dout.copy()


@mistake(
    "linear_backward",
    kind="shape",
    en="db kept the batch dimension and has the shape (1, M); the item asks for (M,).",
    vi="db còn giữ chiều batch nên có shape (1, M); đề bài yêu cầu (M,).",
    hint_en="Leave out keepdims.",
    hint_vi="Bỏ keepdims.",
)
def bias_keeps_a_dimension(dout, x, w):
    return dout @ w.T, x.T @ dout, dout.sum(axis=0, keepdims=True)


@mistake(
    "linear_backward",
    kind="scale",
    en="You averaged dw and db over the batch; the 1/N of a mean loss is already in dout.",
    vi="Bạn lấy trung bình dw và db theo batch; hệ số 1/N của loss trung bình đã nằm sẵn trong dout.",
    hint_en="Sum over the batch, do not divide by N.",
    hint_vi="Hãy cộng theo batch, đừng chia cho N.",
)
def averaged_over_the_batch(dout, x, w):
    return dout @ w.T, x.T @ dout / len(x), dout.mean(axis=0)


@mistake(
    "linear_backward",
    kind="shape",
    en="Your dw is transposed: (M, D) instead of the shape of w, (D, M).",
    vi="dw của bạn bị chuyển vị: (M, D) thay vì shape của w là (D, M).",
    hint_en="A gradient has the shape of what it belongs to; this order suits y = x @ w.T, not y = x @ w.",
    hint_vi="Gradient có cùng shape với biến của nó; thứ tự này hợp với y = x @ w.T chứ không phải y = x @ w.",
)
def weight_gradient_transposed(dout, x, w):
    return dout @ w.T, dout.T @ x, dout.sum(axis=0)


@mistake(
    "linear_backward",
    kind="gradient",
    en="You multiplied dout by w where dx needs w transposed.",
    vi="Bạn nhân dout với w, trong khi dx cần w chuyển vị.",
    hint_en="dx[n, d] = sum over m of dout[n, m] · w[d, m].",
    hint_vi="dx[n, d] = tổng theo m của dout[n, m] · w[d, m].",
)
def weight_not_transposed_in_dx(dout, x, w):
    return dout @ w, x.T @ dout, dout.sum(axis=0)


@mistake(
    "linear_backward",
    kind="return",
    en="You returned (dw, dx, db); the order asked for is (dx, dw, db).",
    vi="Bạn trả về (dw, dx, db); thứ tự được yêu cầu là (dx, dw, db).",
    hint_en="Swap the first two results.",
    hint_vi="Đổi chỗ hai kết quả đầu tiên.",
)
def first_two_swapped(dout, x, w):
    return x.T @ dout, dout @ w.T, dout.sum(axis=0)


@alternative("linear_backward")
def linear_with_einsum(dout, x, w):
    return np.einsum("nm,dm->nd", dout, w), np.einsum("nd,nm->dm", x, dout), np.einsum("nm->m", dout)


@alternative("linear_backward")
def row_by_row(dout, x, w):
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])
    for n, (up, row) in enumerate(zip(dout, x, strict=True)):
        dx[n] = w @ up
        dw += np.outer(row, up)
        db += up
    return dx, dw, db


# --- relu_backward


@mistake(
    "relu_backward",
    kind="gradient",
    en="At x = 0 you let the gradient through; the item (and torch) takes 0 there.",
    vi="Tại x = 0 bạn vẫn cho gradient đi qua; đề bài (và torch) lấy 0 tại đó.",
    hint_en="Compare with > instead of >=.",
    hint_vi="So sánh bằng > thay vì >=.",
)
def open_at_zero(dout, x):
    return dout * (x >= 0)


@mistake(
    "relu_backward",
    kind="gradient",
    en="You masked by the sign of dout; what decides is the sign of x.",
    vi="Bạn tạo mask theo dấu của dout; điều quyết định là dấu của x.",
    hint_en="A negative gradient passes through relu unchanged when x is positive.",
    hint_vi="Gradient âm vẫn đi qua relu nguyên vẹn khi x dương.",
)
def masked_by_dout(dout, x):
    return np.maximum(dout, 0)


@mistake(
    "relu_backward",
    kind="gradient",
    en="You returned the derivative of relu alone; it still has to be multiplied by dout.",
    vi="Bạn chỉ trả về đạo hàm của relu; còn phải nhân với dout.",
    hint_en="Chain rule: dx = dout · (derivative at x).",
    hint_vi="Quy tắc chuỗi: dx = dout · (đạo hàm tại x).",
)
def mask_alone(dout, x):
    return (x > 0).astype(dout.dtype)


@mistake(
    "relu_backward",
    kind="formula",
    en="You multiplied dout by relu(x); the chain rule asks for relu's derivative, which is 0 or 1.",
    vi="Bạn nhân dout với relu(x); quy tắc chuỗi cần đạo hàm của relu, tức 0 hoặc 1.",
    hint_en="How steep is relu at x = 5?",
    hint_vi="Tại x = 5, relu dốc bao nhiêu?",
)
def times_relu_itself(dout, x):
    return dout * np.maximum(x, 0)


@mistake(
    "relu_backward",
    kind="inplace",
    en="You set entries of dout to 0 in place: the caller's dout has other values after the call.",
    vi="Bạn gán 0 ngay trong dout: sau lời gọi, dout của người gọi đã bị thay đổi.",
    hint_en="Make a copy first, or multiply by a mask.",
    hint_vi="Hãy tạo bản sao trước, hoặc nhân với một mask.",
)
def dout_overwritten(dout, x):
    dout[x <= 0] = 0
    return dout


@alternative("relu_backward")
def relu_with_where(dout, x):
    return np.where(x > 0, dout, 0.0)


@alternative("relu_backward")
def on_a_copy(dout, x):
    dx = dout.copy()
    dx[x <= 0] = 0
    return dx


# --- softmax_xent


@mistake(
    "softmax_xent",
    kind="stability",
    en="exp of a large logit overflows: subtract each row's maximum before exp.",
    vi="exp của logit lớn bị tràn số: hãy trừ giá trị lớn nhất của mỗi hàng trước khi lấy exp.",
    hint_en="softmax(z) and softmax(z − max(z)) are the same.",
    hint_vi="softmax(z) và softmax(z − max(z)) bằng nhau.",
)
def maximum_not_subtracted(z, y):
    rows = np.arange(len(z))
    with np.errstate(all="ignore"):
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        dz = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    dz[rows, y] -= 1
    return float(-logp[rows, y].mean()), dz / len(z)


@mistake(
    "softmax_xent",
    kind="stability",
    en="You subtracted the maximum of the whole batch; a row far below it underflows to 0/0.",
    vi="Bạn trừ giá trị lớn nhất của cả batch; hàng nằm thấp hơn nhiều sẽ thành 0/0.",
    hint_en="The maximum belongs to the row: axis=1, keepdims=True.",
    hint_vi="Giá trị lớn nhất phải lấy theo từng hàng: axis=1, keepdims=True.",
)
def maximum_of_the_whole_batch(z, y):
    rows = np.arange(len(z))
    with np.errstate(all="ignore"):
        z = z - z.max()
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        dz = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    dz[rows, y] -= 1
    return float(-logp[rows, y].mean()), dz / len(z)


@mistake(
    "softmax_xent",
    kind="stability",
    en="You took the log of a probability that can be rounded to 0; compute log softmax without going through softmax.",
    vi="Bạn lấy log của một xác suất có thể bị làm tròn về 0; hãy tính log softmax mà không đi qua softmax.",
    hint_en="log softmax(z) = z − log(sum(exp(z))).",
    hint_vi="log softmax(z) = z − log(sum(exp(z))).",
)
def log_of_softmax(z, y):
    rows = np.arange(len(z))
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        loss = float(-np.log(p[rows, y]).mean())
    p[rows, y] -= 1
    return loss, p / len(z)


@mistake(
    "softmax_xent",
    kind="stability",
    en="The small number inside your log changes the loss and caps it: a sure and wrong row gives about 28, not 1000.",
    vi="Số nhỏ bạn thêm vào trong log làm sai và chặn trên loss: hàng tự tin mà sai cho khoảng 28, không phải 1000.",
    hint_en="log softmax(z) = z − log(sum(exp(z))) needs no such number.",
    hint_vi="log softmax(z) = z − log(sum(exp(z))) không cần số đó.",
)
def small_number_inside_the_log(z, y):
    rows = np.arange(len(z))
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = float(-np.log(p[rows, y] + 1e-12).mean())
    p[rows, y] -= 1
    return loss, p / len(z)


@mistake(
    "softmax_xent",
    kind="scale",
    en="The loss is a mean over the rows, but your dz is not divided by N.",
    vi="Loss là trung bình trên các hàng, nhưng dz của bạn chưa chia cho N.",
    hint_en="Whatever the loss is divided by, its gradient is divided by too.",
    hint_vi="Loss chia cho bao nhiêu thì gradient cũng chia cho bấy nhiêu.",
)
def gradient_not_averaged(z, y):
    rows = np.arange(len(z))
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    dz = np.exp(logp)
    dz[rows, y] -= 1
    return float(-logp[rows, y].mean()), dz


@mistake(
    "softmax_xent",
    kind="reduction",
    en="You summed over the rows; the item asks for the mean.",
    vi="Bạn cộng trên các hàng; đề bài yêu cầu lấy trung bình.",
    hint_en="Divide the loss and its gradient by N.",
    hint_vi="Chia cả loss và gradient cho N.",
)
def sum_over_the_rows(z, y):
    rows = np.arange(len(z))
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    dz = np.exp(logp)
    dz[rows, y] -= 1
    return float(-logp[rows, y].sum()), dz


@mistake(
    "softmax_xent",
    kind="indexing",
    en="`dz[:, y]` takes whole columns; one entry in each row is `dz[np.arange(N), y]`.",
    vi="`dz[:, y]` lấy cả cột; mỗi hàng một phần tử là `dz[np.arange(N), y]`.",
    hint_en="Only the right class of each row has 1 subtracted.",
    hint_vi="Chỉ lớp đúng của mỗi hàng bị trừ 1.",
)
def whole_columns(z, y):
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    dz = np.exp(logp)
    dz[:, y] -= 1
    return float(-logp[np.arange(len(z)), y].mean()), dz / len(z)


@mistake(
    "softmax_xent",
    kind="formula",
    en="Your dz is softmax(z) / N; the 1 of the right class was not subtracted.",
    vi="dz của bạn là softmax(z) / N; chưa trừ 1 ở lớp đúng.",
    hint_en="dz = (softmax(z) − one_hot(y)) / N.",
    hint_vi="dz = (softmax(z) − one_hot(y)) / N.",
)
def one_hot_not_subtracted(z, y):
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return float(-logp[np.arange(len(z)), y].mean()), np.exp(logp) / len(z)


@mistake(
    "softmax_xent",
    kind="reduction",
    en="You normalised over the batch (axis 0); each row is a distribution over the classes (axis 1).",
    vi="Bạn chuẩn hóa theo batch (axis 0); mỗi hàng mới là một phân phối trên các lớp (axis 1).",
    hint_en="softmax(z).sum(axis=1) should be all ones.",
    hint_vi="softmax(z).sum(axis=1) phải toàn số 1.",
)
def softmax_over_the_batch(z, y):
    rows = np.arange(len(z))
    z = z - z.max(axis=0)
    logp = z - np.log(np.exp(z).sum(axis=0))
    dz = np.exp(logp)
    dz[rows, y] -= 1
    return float(-logp[rows, y].mean()), dz / len(z)


@alternative("softmax_xent")
def with_logaddexp(z, y):
    total = np.logaddexp.reduce(z, axis=1)
    loss = (total - np.take_along_axis(z, y[:, None], axis=1)[:, 0]).mean()
    return loss, (np.exp(z - total[:, None]) - np.eye(z.shape[1])[y]) / len(z)


@alternative("softmax_xent")
def xent_row_by_row(z, y):
    loss, dz = 0.0, np.zeros_like(z)
    for n, (row, label) in enumerate(zip(z, y, strict=True)):
        e = np.exp(row - row.max())
        loss += math.log(e.sum()) + row.max() - row[label]
        dz[n] = e / e.sum()
        dz[n, label] -= 1
    return float(loss / len(z)), dz / len(z)


# --- batchnorm_backward


@mistake(
    "batchnorm_backward",
    kind="gradient",
    en="You treated mean and variance as constants; both move with x and add two terms to dx.",
    vi="Bạn coi mean và variance là hằng số; cả hai thay đổi theo x và thêm hai số hạng vào dx.",
    hint_en="Every column of dx sums to 0.",
    hint_vi="Tổng mỗi cột của dx bằng 0.",
)
def statistics_as_constants(dout, cache):
    xhat, gamma, var, eps = cache
    return dout * gamma / np.sqrt(var + eps), (dout * xhat).sum(axis=0), dout.sum(axis=0)


@mistake(
    "batchnorm_backward",
    kind="gradient",
    en="dx has the term of the mean but not the term of the variance.",
    vi="dx có số hạng từ mean nhưng thiếu số hạng từ variance.",
    hint_en="What is missing is xhat times the mean of dout · xhat.",
    hint_vi="Phần còn thiếu là xhat nhân với trung bình của dout · xhat.",
)
def variance_as_a_constant(dout, cache):
    xhat, gamma, var, eps = cache
    dx = gamma / np.sqrt(var + eps) * (dout - dout.mean(axis=0))
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


@mistake(
    "batchnorm_backward",
    kind="gradient",
    en="dx has the term of the variance but not the term of the mean.",
    vi="dx có số hạng từ variance nhưng thiếu số hạng từ mean.",
    hint_en="Every column of dx sums to 0.",
    hint_vi="Tổng mỗi cột của dx bằng 0.",
)
def mean_as_a_constant(dout, cache):
    xhat, gamma, var, eps = cache
    dx = gamma / np.sqrt(var + eps) * (dout - xhat * (dout * xhat).mean(axis=0))
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


@mistake(
    "batchnorm_backward",
    kind="formula",
    en="dx lacks the factor gamma: y = gamma · xhat + beta, so the gradient passes through gamma first.",
    vi="dx thiếu hệ số gamma: y = gamma · xhat + beta nên gradient đi qua gamma trước.",
    hint_en="The gradient of xhat is dout · gamma.",
    hint_vi="Gradient của xhat là dout · gamma.",
)
def gamma_forgotten(dout, cache):
    xhat, _, var, eps = cache
    dx = (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0)) / np.sqrt(var + eps)
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


@mistake(
    "batchnorm_backward",
    kind="formula",
    en="You divided by sqrt(var); the forward pass divided by sqrt(var + eps).",
    vi="Bạn chia cho sqrt(var); bước forward chia cho sqrt(var + eps).",
    hint_en="eps is the last entry of the cache.",
    hint_vi="eps là phần tử cuối của cache.",
)
def eps_forgotten(dout, cache):
    xhat, gamma, var, _ = cache
    with np.errstate(all="ignore"):
        dx = gamma / np.sqrt(var) * (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0))
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


@mistake(
    "batchnorm_backward",
    kind="formula",
    en="You divided by sqrt(var) + eps; eps belongs under the root: sqrt(var + eps).",
    vi="Bạn chia cho sqrt(var) + eps; eps phải nằm trong căn: sqrt(var + eps).",
    hint_en="Compare with the forward pass in the statement.",
    hint_vi="So lại với bước forward trong đề bài.",
)
def eps_outside_the_root(dout, cache):
    xhat, gamma, var, eps = cache
    dx = gamma / (np.sqrt(var) + eps) * (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0))
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


@mistake(
    "batchnorm_backward",
    kind="statistics",
    en="You divided by N − 1 in the term of the variance; the forward pass used the population variance.",
    vi="Bạn chia cho N − 1 trong số hạng của variance; bước forward dùng phương sai tổng thể (population).",
    hint_en="Both corrections are divided by N.",
    hint_vi="Cả hai số hạng hiệu chỉnh đều chia cho N.",
)
def sample_variance(dout, cache):
    xhat, gamma, var, eps = cache
    n = len(dout)
    dgamma, dbeta = (dout * xhat).sum(axis=0), dout.sum(axis=0)
    dx = gamma / np.sqrt(var + eps) * (dout - dbeta / n - xhat * dgamma / max(n - 1, 1))
    return dx, dgamma, dbeta


@mistake(
    "batchnorm_backward",
    kind="scale",
    en="You averaged dgamma and dbeta over the batch; they are sums.",
    vi="Bạn lấy trung bình dgamma và dbeta theo batch; chúng là tổng.",
    hint_en="gamma and beta are used once for each row: sum over the rows.",
    hint_vi="gamma và beta được dùng một lần cho mỗi hàng: cộng theo hàng.",
)
def parameters_averaged(dout, cache):
    xhat, gamma, var, eps = cache
    dgamma, dbeta = (dout * xhat).mean(axis=0), dout.mean(axis=0)
    return gamma / np.sqrt(var + eps) * (dout - dbeta - xhat * dgamma), dgamma, dbeta


@mistake(
    "batchnorm_backward",
    kind="return",
    en="dgamma and dbeta are swapped; the order asked for is (dx, dgamma, dbeta).",
    vi="dgamma và dbeta bị đổi chỗ; thứ tự được yêu cầu là (dx, dgamma, dbeta).",
    hint_en="beta is added, so dbeta is the plain sum of dout.",
    hint_vi="beta được cộng vào nên dbeta chỉ là tổng của dout.",
)
def gamma_and_beta_swapped(dout, cache):
    xhat, gamma, var, eps = cache
    dx = gamma / np.sqrt(var + eps) * (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0))
    return dx, dout.sum(axis=0), (dout * xhat).sum(axis=0)


@alternative("batchnorm_backward")
def step_by_step(dout, cache):
    xhat, gamma, var, eps = cache
    n = len(dout)
    std = np.sqrt(var + eps)
    centred = xhat * std
    dxhat = dout * gamma
    dvar = (dxhat * centred).sum(axis=0) * -0.5 * std**-3
    dmean = -(dxhat / std).sum(axis=0) + dvar * -2 * centred.mean(axis=0)
    dx = dxhat / std + dvar * 2 * centred / n + dmean / n
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


@alternative("batchnorm_backward")
def by_the_jacobian_of_each_column(dout, cache):
    xhat, gamma, var, eps = cache
    n, d = dout.shape
    dx = np.empty_like(dout)
    for j in range(d):
        jacobian = np.eye(n) - 1 / n - np.outer(xhat[:, j], xhat[:, j]) / n
        dx[:, j] = gamma[j] * (var[j] + eps) ** -0.5 * jacobian @ dout[:, j]
    return dx, np.einsum("nd,nd->d", dout, xhat), dout.sum(0)


# --- unbroadcast


@mistake(
    "unbroadcast",
    kind="broadcast",
    en="You summed the dimensions added in front, but not those that were stretched from 1.",
    vi="Bạn cộng các chiều được thêm ở phía trước, nhưng chưa cộng các chiều được kéo giãn từ 1.",
    hint_en="From (4, 1) to (4, 3): the last dimension was stretched.",
    hint_vi="Từ (4, 1) đến (4, 3): chiều cuối đã bị kéo giãn.",
)
def only_the_dimensions_in_front(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    return g


@mistake(
    "unbroadcast",
    kind="broadcast",
    en="You summed the dimensions stretched from 1, but not those that broadcasting added in front.",
    vi="Bạn cộng các chiều được kéo giãn từ 1, nhưng chưa cộng các chiều mà broadcasting thêm ở phía trước.",
    hint_en="From (3,) to (4, 3): a dimension was added in front.",
    hint_vi="Từ (3,) đến (4, 3): một chiều đã được thêm ở phía trước.",
)
def only_the_stretched_dimensions(g, shape):
    lead = g.ndim - len(shape)
    for i, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=lead + i, keepdims=True)
    return g


@mistake(
    "unbroadcast",
    kind="reduction",
    en="You averaged over the copies; their gradients add up.",
    vi="Bạn lấy trung bình trên các bản sao; gradient của chúng phải được cộng lại.",
    hint_en="Each copy moves the loss by itself: sum, not mean.",
    hint_vi="Mỗi bản sao tự tác động lên loss: dùng sum, không dùng mean.",
)
def mean_over_the_copies(g, shape):
    lead = g.ndim - len(shape)
    stretched = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return np.asarray(g.mean(axis=tuple(range(lead)) + stretched)).reshape(shape)


@mistake(
    "unbroadcast",
    kind="reduction",
    en="You took the gradient of the first copy only; the copies' gradients add up.",
    vi="Bạn chỉ lấy gradient của bản sao đầu tiên; gradient của các bản sao phải được cộng lại.",
    hint_en="Sum over the dimensions instead of taking index 0.",
    hint_vi="Hãy cộng theo các chiều thay vì lấy chỉ số 0.",
)
def first_copy_only(g, shape):
    while g.ndim > len(shape):
        g = g[0]
    for i, size in enumerate(shape):
        if size == 1:
            g = g.take([0], axis=i)
    return g


@mistake(
    "unbroadcast",
    kind="shape",
    en="The sums are right, but the dimensions of size 1 are gone: (4, 1) came back as (4,).",
    vi="Các tổng đều đúng, nhưng những chiều có kích thước 1 đã mất: (4, 1) trở thành (4,).",
    hint_en="Use keepdims=True, or reshape at the end.",
    hint_vi="Dùng keepdims=True, hoặc reshape ở cuối.",
)
def dimensions_of_one_dropped(g, shape):
    lead = g.ndim - len(shape)
    return g.sum(axis=tuple(range(lead)) + tuple(lead + i for i, size in enumerate(shape) if size == 1))


@mistake(
    "unbroadcast",
    kind="broadcast",
    en="You lined the shapes up at the front; broadcasting lines them up at the end.",
    vi="Bạn so khớp hai shape từ phía trước; broadcasting so khớp từ phía sau.",
    hint_en="Dimension i of `shape` is dimension i + g.ndim − len(shape) of g.",
    hint_vi="Chiều i của `shape` là chiều i + g.ndim − len(shape) của g.",
)
def lined_up_at_the_front(g, shape):
    extra = tuple(range(len(shape), g.ndim))
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=extra + stretched, keepdims=True).reshape(
        [g.shape[i] if s != 1 else 1 for i, s in enumerate(shape)]
    )


@alternative("unbroadcast")
def in_two_loops(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


@alternative("unbroadcast")
def with_ones_in_front(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (have, want) in enumerate(zip(g.shape, padded, strict=True)) if have != want)
    return np.add.reduce(g, axis=axes, keepdims=True).reshape(shape)


@alternative("unbroadcast")
def by_adding_at_broadcast_positions(g, shape):
    out = np.zeros(shape)
    where = np.broadcast_to(np.arange(out.size).reshape(shape), g.shape)
    np.add.at(out.reshape(-1), where.ravel(), g.ravel())
    return out


# --- value_backward


class Node:
    """What the mistakes below have in common: a right Value, of which each changes one method."""

    def __init__(self, data, parents=()):
        self.data, self.grad, self._parents = float(data), 0.0, parents

    def __add__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        return type(self)(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        return type(self)(self.data * other.data, ((self, other.data), (other, self.data)))

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        t = math.tanh(self.data)
        return type(self)(t, ((self, 1 - t**2),))

    def ancestors(self):
        """Every node that self was made from, self last; parents come before what was made from them."""
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent, _ in node._parents:
                    visit(parent)
                order.append(node)

        visit(self)
        return order

    def backward(self):
        nodes = self.ancestors()
        for node in nodes:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(nodes):
            for parent, slope in node._parents:
                parent.grad += slope * node.grad


@mistake(
    "value_backward",
    kind="gradient",
    en="You set the gradients with =; a Value that is used more than once must add up what comes back (+=).",
    vi="Bạn gán gradient bằng =; một Value được dùng nhiều lần phải cộng dồn các phần truyền về (+=).",
    hint_en="Try y = a + a: a.grad is 2.",
    hint_vi="Thử y = a + a: a.grad bằng 2.",
)
class GradientsOverwritten(Node):
    def backward(self):
        order = self.ancestors()
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node._parents:
                parent.grad = slope * node.grad


@mistake(
    "value_backward",
    kind="state",
    en="backward() adds to the gradients of the call before; it has to start from zero.",
    vi="backward() cộng thêm vào gradient của lần gọi trước; nó phải bắt đầu từ 0.",
    hint_en="Set grad to 0.0 in every Value that y was made from, then walk back.",
    hint_vi="Đặt grad = 0.0 cho mọi Value tạo nên y, rồi mới truyền ngược.",
)
class GradientsNeverZeroed(Node):
    def backward(self):
        order = self.ancestors()
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node._parents:
                parent.grad += slope * node.grad


@mistake(
    "value_backward",
    kind="state",
    en="You zeroed the Values that were made directly, but not the results in between, so a second backward() grows.",
    vi="Bạn đặt về 0 các Value tạo trực tiếp nhưng bỏ sót kết quả trung gian, nên backward() lần hai cho số lớn hơn.",
    hint_en="Zero every node of the graph, not only the leaves.",
    hint_vi="Đặt về 0 mọi nút của đồ thị, không chỉ các lá.",
)
class OnlyLeavesZeroed(Node):
    def backward(self):
        order = self.ancestors()
        for node in order:
            if not node._parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node._parents:
                parent.grad += slope * node.grad


@mistake(
    "value_backward",
    kind="order",
    en="A node passed its grad on each time something arrived, so what came first was passed on again and again.",
    vi="Một nút truyền grad đi mỗi lần có phần mới tới, nên phần đến trước bị truyền đi nhiều lần.",
    hint_en="A node passes on once, after everything that was made from it (topological order).",
    hint_vi="Mỗi nút chỉ truyền một lần, sau tất cả những gì được tạo từ nó (thứ tự tô-pô).",
)
class PassedOnAtOnce(Node):
    def backward(self):
        def push(node):
            for parent, slope in node._parents:
                parent.grad += slope * node.grad
                push(parent)

        for node in self.ancestors():
            node.grad = 0.0
        self.grad = 1.0
        push(self)


@mistake(
    "value_backward",
    kind="order",
    en="You visited the nodes in the order you met them; a node passed its grad on before all of it had arrived.",
    vi="Bạn duyệt các nút theo thứ tự gặp được; có nút truyền grad đi trước khi nhận đủ.",
    hint_en="A node that is near y by one way and far by another has to wait for the long way (topological order).",
    hint_vi="Nút gần y theo một đường nhưng xa theo đường khác phải chờ đường dài (thứ tự tô-pô).",
)
class BreadthFirst(Node):
    def backward(self):
        nodes, seen = [self], {self}
        for node in nodes:
            node.grad = 0.0
            for parent, _ in node._parents:
                if parent not in seen:
                    seen.add(parent)
                    nodes.append(parent)
        self.grad = 1.0
        for node in nodes:
            for parent, slope in node._parents:
                parent.grad += slope * node.grad


@mistake(
    "value_backward",
    kind="formula",
    en="The derivative of tanh(x) is 1 − tanh(x)²; you used 1 − x².",
    vi="Đạo hàm của tanh(x) là 1 − tanh(x)²; bạn đã dùng 1 − x².",
    hint_en="Square the result of tanh, not its input.",
    hint_vi="Bình phương kết quả của tanh, không phải đầu vào.",
)
class TanhSlopeFromItsInput(Node):
    def tanh(self):
        return type(self)(math.tanh(self.data), ((self, 1 - self.data**2),))


@mistake(
    "value_backward",
    kind="formula",
    en="The slopes of a product are swapped: ∂(a·b)/∂a is b, not a.",
    vi="Độ dốc của tích bị đổi chỗ: ∂(a·b)/∂a là b, không phải a.",
    hint_en="In a * b each side gets the other side's data.",
    hint_vi="Trong a * b, mỗi bên nhận data của bên kia.",
)
class SlopesOfAProductSwapped(Node):
    def __mul__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        return type(self)(self.data * other.data, ((self, self.data), (other, other.data)))

    __rmul__ = __mul__


@alternative("value_backward")
class WithClosures:
    """micrograd's way: each result keeps a function that passes its grad on."""

    def __init__(self, data, children=()):
        self.data, self.grad = data, 0.0
        self._children, self._backward = set(children), lambda: None

    def __add__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        out = type(self)(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        out = type(self)(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def tanh(self):
        t = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)
        out = type(self)(t, (self,))

        def _backward():
            self.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._children:
                    build(child)
                topo.append(v)

        build(self)
        for v in topo:
            v.grad = 0.0
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()


@alternative("value_backward")
class YoungestFirst:
    """A result is younger than what it was made from: walk back in the order of birth."""

    births = itertools.count()

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = float(data), 0.0, parents
        self.birth = next(type(self).births)

    def __add__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        return type(self)(math.tanh(self.data), [(self, 1 / math.cosh(self.data) ** 2)])

    def backward(self):
        grads, heap = {self: 1.0}, [(-self.birth, self)]
        while heap:
            _, node = heapq.heappop(heap)
            node.grad = grads[node]
            for parent, slope in node.parents:
                if parent not in grads:
                    grads[parent] = 0.0
                    heapq.heappush(heap, (-parent.birth, parent))
                grads[parent] += slope * node.grad


@alternative("value_backward")
class ForwardMode:
    """Every Value carries its derivatives with respect to all it was made from."""

    def __init__(self, data, slopes=None):
        self.data, self.grad = float(data), 0.0
        self.slopes = {**(slopes or {}), self: 1.0}

    def mix(self, data, *terms):
        slopes = {}
        for value, factor in terms:
            for node, slope in value.slopes.items():
                slopes[node] = slopes.get(node, 0.0) + factor * slope
        return type(self)(data, slopes)

    def __add__(self, other):
        if isinstance(other, (int, float)):
            return self.mix(self.data + other, (self, 1.0))
        return self.mix(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        if isinstance(other, (int, float)):
            return self.mix(self.data * other, (self, other))
        return self.mix(self.data * other.data, (self, other.data), (other, self.data))

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        t = math.tanh(self.data)
        return self.mix(t, (self, 1 - t * t))

    def backward(self):
        for node, slope in self.slopes.items():
            node.grad = slope


# --- torch_mlp_step


@mistake(
    "torch_mlp_step",
    kind="order",
    en="You updated w2 before you computed the gradient of w1, which needs the old w2.",
    vi="Bạn cập nhật w2 trước khi tính gradient của w1, trong khi gradient đó cần w2 cũ.",
    hint_en="Compute both gradients first, then update both weights.",
    hint_vi="Tính cả hai gradient trước, rồi mới cập nhật cả hai trọng số.",
)
def step_with_the_new_w2(x, y, w1, w2, lr):
    h = x @ w1
    a = h.clamp(min=0)
    diff = a @ w2 - y
    w2 = w2 - lr * a.T @ (2 * diff)
    w1 = w1 - lr * x.T @ (2 * diff @ w2.T * (h > 0))
    return diff.square().sum().item(), w1, w2


@mistake(
    "torch_mlp_step",
    kind="gradient",
    en="The gradient of w1 ignores relu: what comes back must be 0 wherever h is not positive.",
    vi="Gradient của w1 bỏ qua relu: phần truyền ngược phải bằng 0 tại mọi chỗ h không dương.",
    hint_en="A mask built from relu(h) < 0 never hits: relu(h) is never negative.",
    hint_vi="Mask lấy từ relu(h) < 0 không bao giờ đúng, vì relu(h) không bao giờ âm.",
)
def step_without_relus_mask(x, y, w1, w2, lr):
    a = (x @ w1).clamp(min=0)
    diff = a @ w2 - y
    return diff.square().sum().item(), w1 - lr * x.T @ (2 * diff @ w2.T), w2 - lr * a.T @ (2 * diff)


@mistake(
    "torch_mlp_step",
    kind="formula",
    en="The derivative of (pred − y)² is 2 · (pred − y); your gradients lack the factor 2.",
    vi="Đạo hàm của (pred − y)² là 2 · (pred − y); gradient của bạn thiếu hệ số 2.",
    hint_en="Look at the first line of your backward pass.",
    hint_vi="Xem lại dòng đầu tiên trong phần backward của bạn.",
)
def step_without_the_factor_two(x, y, w1, w2, lr):
    h = x @ w1
    a = h.clamp(min=0)
    diff = a @ w2 - y
    return diff.square().sum().item(), w1 - lr * x.T @ (diff @ w2.T * (h > 0)), w2 - lr * a.T @ diff


@mistake(
    "torch_mlp_step",
    kind="reduction",
    en="You took the mean of the squares; the item asks for their sum.",
    vi="Bạn lấy trung bình các bình phương; đề bài yêu cầu tổng của chúng.",
    hint_en="Replace mean by sum, in the loss and in its gradient.",
    hint_vi="Thay mean bằng sum, cả trong loss lẫn trong gradient.",
)
def step_on_the_mean(x, y, w1, w2, lr):
    h = x @ w1
    a = h.clamp(min=0)
    diff = a @ w2 - y
    dpred = 2 * diff / diff.numel()
    return diff.square().mean().item(), w1 - lr * x.T @ (dpred @ w2.T * (h > 0)), w2 - lr * a.T @ dpred


@mistake(
    "torch_mlp_step",
    kind="inplace",
    en="You updated the tensors that were passed in place; the item asks for new ones.",
    vi="Bạn cập nhật tại chỗ các tensor được truyền vào; đề bài yêu cầu trả về tensor mới.",
    hint_en="`w1 = w1 - lr * dw1` makes a new tensor; `w1 -= lr * dw1` writes into the old one.",
    hint_vi="`w1 = w1 - lr * dw1` tạo tensor mới; `w1 -= lr * dw1` ghi đè lên tensor cũ.",
)
def step_in_place(x, y, w1, w2, lr):
    h = x @ w1
    a = h.clamp(min=0)
    diff = a @ w2 - y
    dw1 = x.T @ (2 * diff @ w2.T * (h > 0))
    w2 -= lr * a.T @ (2 * diff)
    w1 -= lr * dw1
    return diff.square().sum().item(), w1, w2


@mistake(
    "torch_mlp_step",
    kind="order",
    en="Your loss is the one after the update; the item asks for the loss before it.",
    vi="Loss bạn trả về được tính sau khi cập nhật; đề bài yêu cầu loss trước khi cập nhật.",
    hint_en="Compute the loss from the weights that came in.",
    hint_vi="Tính loss từ các trọng số được truyền vào.",
)
def step_with_the_loss_after(x, y, w1, w2, lr):
    h = x @ w1
    a = h.clamp(min=0)
    diff = a @ w2 - y
    w1, w2 = w1 - lr * x.T @ (2 * diff @ w2.T * (h > 0)), w2 - lr * a.T @ (2 * diff)
    return ((x @ w1).clamp(min=0) @ w2 - y).square().sum().item(), w1, w2


@mistake(
    "torch_mlp_step",
    kind="sign",
    en="You added the gradient; descent goes against it.",
    vi="Bạn cộng gradient; gradient descent phải đi ngược hướng gradient.",
    hint_en="w − lr · gradient.",
    hint_vi="w − lr · gradient.",
)
def step_uphill(x, y, w1, w2, lr):
    h = x @ w1
    a = h.clamp(min=0)
    diff = a @ w2 - y
    return diff.square().sum().item(), w1 + lr * x.T @ (2 * diff @ w2.T * (h > 0)), w2 + lr * a.T @ (2 * diff)


@alternative("torch_mlp_step")
def as_published(x, y, w1, w2, lr):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum()
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y_pred)
    grad_h = grad_y_pred.mm(w2.t()).clone()
    grad_h[h < 0] = 0
    return loss, w1 - lr * x.t().mm(grad_h), w2 - lr * grad_w2


@alternative("torch_mlp_step")
def step_with_einsum(x, y, w1, w2, lr):
    h = torch.einsum("nd,dh->nh", x, w1)
    a = torch.where(h > 0, h, torch.zeros_like(h))
    diff = torch.einsum("nh,hm->nm", a, w2) - y
    dh = torch.where(h > 0, torch.einsum("nm,hm->nh", diff, w2), torch.zeros_like(h))
    new_w1 = torch.add(w1, torch.einsum("nd,nh->dh", x, dh), alpha=-2 * lr)
    new_w2 = torch.add(w2, torch.einsum("nh,nm->hm", a, diff), alpha=-2 * lr)
    return float((diff * diff).sum()), new_w1, new_w2


# --- autograd_mlp


@mistake(
    "autograd_mlp",
    kind="state",
    en="You did not clear the gradients: backward() adds to .grad, so each step used the sum of all steps so far.",
    vi="Bạn chưa xóa gradient: backward() cộng dồn vào .grad nên mỗi bước dùng tổng gradient của mọi bước trước đó.",
    hint_en="Set w.grad to None (or zero it) after each update.",
    hint_vi="Đặt w.grad = None (hoặc đưa về 0) sau mỗi lần cập nhật.",
)
def gradients_pile_up(x, y, w1, w2, lr, steps):
    w1, w2 = w1.clone().requires_grad_(), w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = ((x @ w1).relu() @ w2 - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= lr * w1.grad
            w2 -= lr * w2.grad
    return losses


@mistake(
    "autograd_mlp",
    kind="state",
    en="You cleared the gradient of w1 but not that of w2.",
    vi="Bạn xóa gradient của w1 nhưng quên gradient của w2.",
    hint_en="Both weights have a .grad to clear.",
    hint_vi="Cả hai trọng số đều có .grad cần xóa.",
)
def only_one_gradient_cleared(x, y, w1, w2, lr, steps):
    w1, w2 = w1.clone().requires_grad_(), w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = ((x @ w1).relu() @ w2 - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= lr * w1.grad
            w2 -= lr * w2.grad
        w1.grad = None
    return losses


@mistake(
    "autograd_mlp",
    kind="order",
    en="Your losses are those after each update; the item asks for the loss before it.",
    vi="Các loss bạn trả về được tính sau mỗi lần cập nhật; đề bài yêu cầu loss trước khi cập nhật.",
    hint_en="Append the loss before you touch w1 and w2.",
    hint_vi="Ghi lại loss trước khi thay đổi w1 và w2.",
)
def autograd_losses_after_the_update(x, y, w1, w2, lr, steps):
    w1, w2 = w1.clone().requires_grad_(), w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        ((x @ w1).relu() @ w2 - y).square().sum().backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= lr * w.grad
                w.grad = None
            losses.append(((x @ w1).relu() @ w2 - y).square().sum().item())
    return losses


@mistake(
    "autograd_mlp",
    kind="reduction",
    en="You took the mean of the squares; the item asks for their sum.",
    vi="Bạn lấy trung bình các bình phương; đề bài yêu cầu tổng của chúng.",
    hint_en="F.mse_loss takes the mean unless you say reduction='sum'.",
    hint_vi="F.mse_loss lấy trung bình trừ khi bạn đặt reduction='sum'.",
)
def autograd_on_the_mean(x, y, w1, w2, lr, steps):
    w1, w2 = w1.clone().requires_grad_(), w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = ((x @ w1).relu() @ w2 - y).square().mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= lr * w.grad
                w.grad = None
    return losses


@mistake(
    "autograd_mlp",
    kind="view_copy",
    en="detach() shares memory with the caller's weights, so your updates changed them; take a clone.",
    vi="detach() dùng chung bộ nhớ với trọng số của người gọi nên cập nhật của bạn đã đổi chúng; hãy dùng clone.",
    hint_en="w1.clone().requires_grad_()",
    hint_vi="w1.clone().requires_grad_()",
)
def callers_memory_shared(x, y, w1, w2, lr, steps):
    w1, w2 = w1.detach().requires_grad_(), w2.detach().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = ((x @ w1).relu() @ w2 - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= lr * w.grad
                w.grad = None
    return losses


@mistake(
    "autograd_mlp",
    kind="graph",
    en="The hidden layer was cut from the graph (detach), so w1 never learned.",
    vi="Lớp ẩn bị cắt khỏi đồ thị (detach) nên w1 không hề được học.",
    hint_en="Only what is recorded can be differentiated: no detach, .data or no_grad in the forward pass.",
    hint_vi="Chỉ phần được ghi lại mới có đạo hàm: đừng dùng detach, .data hay no_grad trong forward.",
)
def hidden_layer_detached(x, y, w1, w2, lr, steps):
    w2 = w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = ((x @ w1).relu().detach() @ w2 - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w2 -= lr * w2.grad
            w2.grad = None
    return losses


@mistake(
    "autograd_mlp",
    kind="formula",
    en="There is no relu between your two layers.",
    vi="Giữa hai lớp của bạn không có relu.",
    hint_en="pred = relu(x @ w1) @ w2.",
    hint_vi="pred = relu(x @ w1) @ w2.",
)
def relu_left_out(x, y, w1, w2, lr, steps):
    w1, w2 = w1.clone().requires_grad_(), w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (x @ w1 @ w2 - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= lr * w.grad
                w.grad = None
    return losses


@alternative("autograd_mlp")
def with_autograd_grad(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        w1, w2 = w1.detach().requires_grad_(), w2.detach().requires_grad_()
        loss = ((x @ w1).clamp(min=0) @ w2 - y).pow(2).sum()
        losses.append(loss.item())
        dw1, dw2 = torch.autograd.grad(loss, (w1, w2))
        w1, w2 = w1 - lr * dw1, w2 - lr * dw2
    return losses


@alternative("autograd_mlp")
def with_an_optimizer(x, y, w1, w2, lr, steps):
    weights = [w.detach().clone().requires_grad_(True) for w in (w1, w2)]
    optimizer = torch.optim.SGD(weights, lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.sum((torch.relu(x @ weights[0]) @ weights[1] - y) ** 2)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return losses


# --- mlp_manual_grads


@mistake(
    "mlp_manual_grads",
    kind="scale",
    en="The loss is a mean over the rows, but your gradients are not divided by N.",
    vi="Loss là trung bình trên các hàng, nhưng gradient của bạn chưa chia cho N.",
    hint_en="Divide the gradient of the logits by N; everything after it follows.",
    hint_vi="Chia gradient của logits cho N; mọi thứ sau đó sẽ đúng theo.",
)
def grads_not_averaged(x, y, params):
    pre = x @ params["w1"] + params["b1"]
    h = pre.relu()
    dlogits = torch.softmax(h @ params["w2"] + params["b2"], dim=1)
    dlogits[torch.arange(len(x)), y] -= 1
    dpre = dlogits @ params["w2"].T * (pre > 0)
    return {"w1": x.T @ dpre, "b1": dpre.sum(0), "w2": h.T @ dlogits, "b2": dlogits.sum(0)}


@mistake(
    "mlp_manual_grads",
    kind="gradient",
    en="The gradients of w1 and b1 ignore relu: what comes back must be 0 wherever x w1 + b1 is not positive.",
    vi="Gradient của w1 và b1 bỏ qua relu: phần truyền ngược phải bằng 0 tại mọi chỗ x w1 + b1 không dương.",
    hint_en="Multiply by the mask (x @ w1 + b1 > 0) on the way back.",
    hint_vi="Khi truyền ngược, hãy nhân với mask (x @ w1 + b1 > 0).",
)
def grads_without_relus_mask(x, y, params):
    h = (x @ params["w1"] + params["b1"]).relu()
    dlogits = torch.softmax(h @ params["w2"] + params["b2"], dim=1)
    dlogits[torch.arange(len(x)), y] -= 1
    dlogits /= len(x)
    dh = dlogits @ params["w2"].T
    return {"w1": x.T @ dh, "b1": dh.sum(0), "w2": h.T @ dlogits, "b2": dlogits.sum(0)}


@mistake(
    "mlp_manual_grads",
    kind="stability",
    en="exp of a large logit overflows: subtract each row's maximum first, or use torch.softmax.",
    vi="exp của logit lớn bị tràn số: hãy trừ giá trị lớn nhất của mỗi hàng trước, hoặc dùng torch.softmax.",
    hint_en="exp(1000) is infinite, and infinite / infinite is NaN.",
    hint_vi="exp(1000) là vô cùng, và vô cùng chia vô cùng là NaN.",
)
def grads_from_a_plain_exp(x, y, params):
    pre = x @ params["w1"] + params["b1"]
    h = pre.relu()
    e = (h @ params["w2"] + params["b2"]).exp()
    dlogits = e / e.sum(1, keepdim=True)
    dlogits[torch.arange(len(x)), y] -= 1
    dlogits /= len(x)
    dpre = dlogits @ params["w2"].T * (pre > 0)
    return {"w1": x.T @ dpre, "b1": dpre.sum(0), "w2": h.T @ dlogits, "b2": dlogits.sum(0)}


@mistake(
    "mlp_manual_grads",
    kind="indexing",
    en="`[:, y]` takes whole columns; one entry in each row is `[torch.arange(N), y]`.",
    vi="`[:, y]` lấy cả cột; mỗi hàng một phần tử là `[torch.arange(N), y]`.",
    hint_en="Only the right class of each row has 1 subtracted.",
    hint_vi="Chỉ lớp đúng của mỗi hàng bị trừ 1.",
)
def grads_of_whole_columns(x, y, params):
    pre = x @ params["w1"] + params["b1"]
    h = pre.relu()
    dlogits = torch.softmax(h @ params["w2"] + params["b2"], dim=1)
    dlogits[:, y] -= 1
    dlogits /= len(x)
    dpre = dlogits @ params["w2"].T * (pre > 0)
    return {"w1": x.T @ dpre, "b1": dpre.sum(0), "w2": h.T @ dlogits, "b2": dlogits.sum(0)}


@mistake(
    "mlp_manual_grads",
    kind="formula",
    en="The gradient of the logits is (softmax − one_hot(y)) / N; the 1 of the right class was not subtracted.",
    vi="Gradient của logits là (softmax − one_hot(y)) / N; bạn chưa trừ 1 ở lớp đúng.",
    hint_en="Where does y enter your gradients?",
    hint_vi="y xuất hiện ở đâu trong gradient của bạn?",
)
def grads_without_the_labels(x, y, params):
    pre = x @ params["w1"] + params["b1"]
    h = pre.relu()
    dlogits = torch.softmax(h @ params["w2"] + params["b2"], dim=1) / len(x)
    dpre = dlogits @ params["w2"].T * (pre > 0)
    return {"w1": x.T @ dpre, "b1": dpre.sum(0), "w2": h.T @ dlogits, "b2": dlogits.sum(0)}


@mistake(
    "mlp_manual_grads",
    kind="reduction",
    en="softmax ran over the batch (dim 0); each row is a distribution over the classes (dim 1).",
    vi="softmax chạy theo batch (dim 0); mỗi hàng mới là một phân phối trên các lớp (dim 1).",
    hint_en="torch.softmax(logits, dim=1)",
    hint_vi="torch.softmax(logits, dim=1)",
)
def grads_with_softmax_over_the_batch(x, y, params):
    pre = x @ params["w1"] + params["b1"]
    h = pre.relu()
    dlogits = torch.softmax(h @ params["w2"] + params["b2"], dim=0)
    dlogits[torch.arange(len(x)), y] -= 1
    dlogits /= len(x)
    dpre = dlogits @ params["w2"].T * (pre > 0)
    return {"w1": x.T @ dpre, "b1": dpre.sum(0), "w2": h.T @ dlogits, "b2": dlogits.sum(0)}


@mistake(
    "mlp_manual_grads",
    kind="shape",
    en="The gradients of the biases kept the batch dimension: (1, H) and (1, C) instead of (H,) and (C,).",
    vi="Gradient của các bias còn giữ chiều batch: (1, H) và (1, C) thay vì (H,) và (C,).",
    hint_en="Leave out keepdim.",
    hint_vi="Bỏ keepdim.",
)
def bias_grads_keep_a_dimension(x, y, params):
    pre = x @ params["w1"] + params["b1"]
    h = pre.relu()
    dlogits = torch.softmax(h @ params["w2"] + params["b2"], dim=1)
    dlogits[torch.arange(len(x)), y] -= 1
    dlogits /= len(x)
    dpre = dlogits @ params["w2"].T * (pre > 0)
    return {
        "w1": x.T @ dpre,
        "b1": dpre.sum(0, keepdim=True),
        "w2": h.T @ dlogits,
        "b2": dlogits.sum(0, keepdim=True),
    }


@mistake(
    "mlp_manual_grads",
    kind="formula",
    en="The gradient of w2 uses x w1 + b1 as it was before relu; the second layer saw relu(x w1 + b1).",
    vi="Gradient của w2 dùng x w1 + b1 trước relu; lớp thứ hai thực ra nhận relu(x w1 + b1).",
    hint_en="dw2 = (input of the second layer)ᵀ @ dlogits.",
    hint_vi="dw2 = (đầu vào của lớp thứ hai)ᵀ @ dlogits.",
)
def w2_grad_from_before_relu(x, y, params):
    pre = x @ params["w1"] + params["b1"]
    dlogits = torch.softmax(pre.relu() @ params["w2"] + params["b2"], dim=1)
    dlogits[torch.arange(len(x)), y] -= 1
    dlogits /= len(x)
    dpre = dlogits @ params["w2"].T * (pre > 0)
    return {"w1": x.T @ dpre, "b1": dpre.sum(0), "w2": pre.T @ dlogits, "b2": dlogits.sum(0)}


@alternative("mlp_manual_grads")
def with_one_hot(x, y, params):
    h = torch.clamp(torch.addmm(params["b1"], x, params["w1"]), min=0)
    logits = torch.addmm(params["b2"], h, params["w2"])
    p = (logits - logits.logsumexp(dim=1, keepdim=True)).exp()
    dlogits = (p - torch.eye(logits.shape[1], dtype=x.dtype)[y]) / x.shape[0]
    dh = torch.where(h > 0, dlogits @ params["w2"].t(), 0.0)
    ones = torch.ones(x.shape[0], dtype=x.dtype)
    return {"b2": ones @ dlogits, "w2": h.t() @ dlogits, "b1": ones @ dh, "w1": x.t() @ dh}


@alternative("mlp_manual_grads")
def grads_row_by_row(x, y, params):
    grads = {name: torch.zeros_like(value) for name, value in params.items()}
    for row, label in zip(x, y, strict=True):
        pre = row @ params["w1"] + params["b1"]
        h = pre.clamp(min=0)
        dlogits = torch.softmax(h @ params["w2"] + params["b2"], dim=0)
        dlogits[label] -= 1
        dpre = (params["w2"] @ dlogits) * (pre > 0)
        grads["w1"] += torch.outer(row, dpre) / len(x)
        grads["b1"] += dpre / len(x)
        grads["w2"] += torch.outer(h, dlogits) / len(x)
        grads["b2"] += dlogits / len(x)
    return grads


@alternative("mlp_manual_grads")
def with_log_softmax(x, y, params):
    pre = F.linear(x, params["w1"].T, params["b1"])
    h = F.relu(pre)
    dlogits = F.log_softmax(F.linear(h, params["w2"].T, params["b2"]), dim=1).exp() - F.one_hot(y, len(params["b2"]))
    dlogits = dlogits / len(x)
    dpre = dlogits.mm(params["w2"].T).masked_fill(pre <= 0, 0.0)
    return {"w1": x.T.mm(dpre), "b1": dpre.sum(0), "w2": h.T.mm(dlogits), "b2": dlogits.sum(0)}
