"""Known mistakes and right alternatives of u04_linear_regression."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from autograder.mistakes import alternative, mistake

# mse_loss


@mistake(
    "mse_loss", kind="broadcast",
    en="Only the lengths are compared: (N,) and (N, 1) have the same length and still broadcast.",
    vi="Bạn chỉ so sánh độ dài: (N,) và (N, 1) có cùng độ dài mà vẫn bị broadcasting.",
    hint_en="Compare the whole shapes.",
    hint_vi="Hãy so sánh toàn bộ shape.",
)  # fmt: skip
def lengths_compared(pred, target):
    if pred.numel() != target.numel():
        raise ValueError("different lengths")
    return ((pred - target) ** 2).mean()


@mistake(
    "mse_loss", kind="broadcast",
    en="The shapes are not compared: (N,) minus (N, 1) quietly becomes (N, N).",
    vi="Bạn không so sánh hai shape: (N,) trừ (N, 1) lặng lẽ thành (N, N).",
    hint_en="raise ValueError when pred.shape and target.shape differ.",
    hint_vi="Hãy raise ValueError khi pred.shape và target.shape khác nhau.",
)  # fmt: skip
def shapes_not_compared(pred, target):
    return ((pred - target) ** 2).mean()


@mistake(
    "mse_loss", kind="reduction",
    en="The squared errors are added up; the loss is their mean.",
    vi="Bạn cộng các sai số bình phương lại; loss là trung bình của chúng.",
)  # fmt: skip
def squares_summed(pred, target):
    if pred.shape != target.shape:
        raise ValueError("different shapes")
    return ((pred - target) ** 2).sum()


@mistake(
    "mse_loss", kind="formula",
    en="That is the mean absolute error; square the errors.",
    vi="Đó là sai số tuyệt đối trung bình; hãy bình phương các sai số.",
)  # fmt: skip
def absolute_errors(pred, target):
    if pred.shape != target.shape:
        raise ValueError("different shapes")
    return (pred - target).abs().mean()


@mistake(
    "mse_loss", kind="scale",
    en="There is a ½ in front, as in some textbooks; this loss has none.",
    vi="Phía trước có hệ số ½ như trong một số giáo trình; loss này không có.",
)  # fmt: skip
def half_of_it(pred, target):
    if pred.shape != target.shape:
        raise ValueError("different shapes")
    return ((pred - target) ** 2).mean() / 2


@mistake(
    "mse_loss", kind="formula",
    en="The root was taken at the end: that is the RMSE.",
    vi="Cuối cùng bạn lấy căn bậc hai: đó là RMSE.",
)  # fmt: skip
def root_of_it(pred, target):
    if pred.shape != target.shape:
        raise ValueError("different shapes")
    return ((pred - target) ** 2).mean().sqrt()


@mistake(
    "mse_loss", kind="graph",
    en="The loss has left the graph: no gradient reaches pred.",
    vi="Loss đã rời khỏi đồ thị tính toán: gradient không về được pred.",
    hint_en="torch.tensor(…), .item() and .detach() make numbers without a history.",
    hint_vi="torch.tensor(…), .item() và .detach() tạo ra những số không còn lịch sử tính toán.",
)  # fmt: skip
def loss_without_a_graph(pred, target):
    if pred.shape != target.shape:
        raise ValueError("different shapes")
    return torch.tensor(((pred - target) ** 2).mean().item(), dtype=pred.dtype)


@mistake(
    "mse_loss", kind="return",
    en="The result is a Python float; a tensor () is wanted, with which backward() can begin.",
    vi="Kết quả là một số float của Python; cần một tensor () để backward() bắt đầu từ đó.",
)  # fmt: skip
def loss_as_a_float(pred, target):
    if pred.shape != target.shape:
        raise ValueError("different shapes")
    return ((pred - target) ** 2).mean().item()


@alternative("mse_loss")
def mse_by_torch(pred, target):
    if pred.size() != target.size():
        raise ValueError("the shapes differ")
    return F.mse_loss(pred, target)


@alternative("mse_loss")
def mse_by_dot_product(pred, target):
    if list(pred.shape) != list(target.shape):
        raise ValueError("the shapes differ")
    error = target - pred
    return error @ error / error.numel()


@alternative("mse_loss")
def mse_by_norm(pred, target):
    if pred.ndim != target.ndim or pred.shape[0] != target.shape[0]:
        raise ValueError("the shapes differ")
    return torch.stack([(p - t).pow(2) for p, t in zip(pred, target, strict=True)]).sum() / len(pred)


# mse_grad


@mistake(
    "mse_grad", kind="scale",
    en="The 2 of the square is missing in both gradients.",
    vi="Cả hai gradient đều thiếu số 2 của phép bình phương.",
    hint_en="The derivative of e² is 2 e.",
    hint_vi="Đạo hàm của e² là 2 e.",
)  # fmt: skip
def square_s_two_missing(x, y, w, b):
    error = x @ w + b - y
    return x.T @ error / len(x), error.mean()


@mistake(
    "mse_grad", kind="reduction",
    en="The sum over the examples was not divided by N.",
    vi="Tổng theo các mẫu chưa được chia cho N.",
)  # fmt: skip
def not_divided_by_n(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error, 2 * error.sum()


@mistake(
    "mse_grad", kind="sign",
    en="The sign is turned around: the error is ŷ − y, not y − ŷ, when its derivative is x.",
    vi="Dấu bị ngược: sai số là ŷ − y chứ không phải y − ŷ khi đạo hàm của nó là x.",
)  # fmt: skip
def sign_turned(x, y, w, b):
    error = y - (x @ w + b)
    return 2 * x.T @ error / len(x), 2 * error.mean()


@mistake(
    "mse_grad", kind="formula",
    en="The prediction lacks the bias.",
    vi="Dự đoán thiếu bias.",
)  # fmt: skip
def prediction_without_bias(x, y, w, b):
    error = x @ w - y
    return 2 * x.T @ error / len(x), 2 * error.mean()


@mistake(
    "mse_grad", kind="reduction",
    en="Divided by N · D, as a mean over x.T * error would; the mean goes over the N examples only.",
    vi="Bạn chia cho N · D, như khi lấy trung bình trên toàn x.T * error; chỉ lấy trung bình theo N mẫu.",
)  # fmt: skip
def divided_by_n_d(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error / x.numel(), 2 * error.mean()


@mistake(
    "mse_grad", kind="shape",
    en="db has the shape (1,); b is a tensor without dimensions, and so is its gradient.",
    vi="db có shape (1,); b là tensor không có chiều, nên gradient của nó cũng vậy.",
)  # fmt: skip
def bias_gradient_with_a_dimension(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean(dim=0, keepdim=True)


@mistake(
    "mse_grad", kind="broadcast",
    en="y was made (N, 1), so the error is (N, N): every prediction met every target.",
    vi="y bị đổi thành (N, 1) nên sai số có shape (N, N): mỗi dự đoán bị trừ với mọi target.",
)  # fmt: skip
def every_target_for_every_prediction(x, y, w, b):
    error = (x @ w + b - y[:, None]).mean(dim=0)
    return 2 * x.T @ error / len(x), 2 * error.mean()


@alternative("mse_grad")
def grad_example_by_example(x, y, w, b):
    dw, db = torch.zeros_like(w), torch.zeros_like(b)
    for row, target in zip(x, y, strict=True):
        error = torch.dot(row, w) + b - target
        dw = dw + 2 * error * row / len(y)
        db = db + 2 * error / len(y)
    return dw, db


@alternative("mse_grad")
def grad_by_a_mean_over_rows(x, y, w, b):
    slope = 2 * (torch.mv(x, w) + (b - y))
    return (slope.unsqueeze(1) * x).mean(0), slope.sum() / slope.shape[0]


@alternative("mse_grad")
def grad_by_einsum_of_a_column_of_ones(x, y, w, b):
    a = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
    error = a @ torch.cat([w, b.reshape(1)]) - y
    grad = torch.einsum("nd,n->d", a, error) * (2 / len(a))
    return grad[:-1], grad[-1]


# fit_gd


@mistake(
    "fit_gd", kind="order",
    en="The losses are taken after the update; each belongs before it.",
    vi="Loss được ghi sau khi cập nhật; phải ghi trước đó.",
)  # fmt: skip
def losses_after_the_update(x, y, lr, steps):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        error = x @ w + b - y
        w, b = w - lr * 2 * x.T @ error / len(x), b - lr * 2 * error.mean()
        losses.append((x @ w + b - y).square().mean().item())
    return w, b, losses


@mistake(
    "fit_gd", kind="sign",
    en="The step goes up the hill: + lr · gradient in place of −.",
    vi="Bước đi lên dốc: + lr · gradient thay vì −.",
)  # fmt: skip
def uphill(x, y, lr, steps):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        error = x @ w + b - y
        losses.append(error.square().mean().item())
        w, b = w + lr * 2 * x.T @ error / len(x), b + lr * 2 * error.mean()
    return w, b, losses


@mistake(
    "fit_gd", kind="order",
    en="w moves first, and the gradient of b is then computed with the new w: take both gradients before either moves.",
    vi="w được cập nhật trước rồi gradient của b lại tính với w mới: hãy tính cả hai gradient trước khi cập nhật.",
)  # fmt: skip
def one_after_the_other(x, y, lr, steps):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        losses.append((x @ w + b - y).square().mean().item())
        w = w - lr * 2 * x.T @ (x @ w + b - y) / len(x)
        b = b - lr * 2 * (x @ w + b - y).mean()
    return w, b, losses


@mistake(
    "fit_gd", kind="formula",
    en="The bias is never updated.",
    vi="Bias không bao giờ được cập nhật.",
)  # fmt: skip
def bias_stays_zero(x, y, lr, steps):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        error = x @ w + b - y
        losses.append(error.square().mean().item())
        w = w - lr * 2 * x.T @ error / len(x)
    return w, b, losses


@mistake(
    "fit_gd", kind="initialisation",
    en="w starts with random numbers; start with zeros.",
    vi="w bắt đầu bằng số ngẫu nhiên; hãy bắt đầu bằng 0.",
)  # fmt: skip
def random_start(x, y, lr, steps):
    w, b, losses = torch.randn(x.shape[1], dtype=x.dtype), x.new_zeros(()), []
    for _ in range(steps):
        error = x @ w + b - y
        losses.append(error.square().mean().item())
        w, b = w - lr * 2 * x.T @ error / len(x), b - lr * 2 * error.mean()
    return w, b, losses


@mistake(
    "fit_gd", kind="state",
    en="The gradients are not cleared, so every step also takes all the steps before it again.",
    vi="Gradient không được xóa, nên mỗi bước lặp lại cả những bước trước đó.",
    hint_en="backward() adds to what stands in .grad.",
    hint_vi="backward() cộng dồn vào những gì đang có trong .grad.",
)  # fmt: skip
def gradients_pile_up(x, y, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach(), losses


@mistake(
    "fit_gd", kind="graph",
    en="w and b still require grad: detach them before you return them.",
    vi="w và b vẫn còn requires_grad: hãy detach trước khi trả về.",
)  # fmt: skip
def weights_that_require_grad(x, y, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        dw, db = torch.autograd.grad(loss, (w, b))
        with torch.no_grad():
            w -= lr * dw
            b -= lr * db
    return w, b, losses


@mistake(
    "fit_gd", kind="dtype",
    en="w and b are float32 whatever x is: take the dtype of x.",
    vi="w và b luôn là float32 bất kể x thế nào: hãy lấy dtype của x.",
)  # fmt: skip
def weights_always_float32(x, y, lr, steps):
    w, b, losses = torch.zeros(x.shape[1]), torch.zeros(()), []
    for _ in range(steps):
        error = x.float() @ w + b - y.float()
        losses.append(error.square().mean().item())
        w, b = w - lr * 2 * x.float().T @ error / len(x), b - lr * 2 * error.mean()
    return w, b, losses


@mistake(
    "fit_gd", kind="return",
    en="The losses are tensors; Python floats are wanted: .item().",
    vi="Các loss là tensor; cần số float của Python: .item().",
)  # fmt: skip
def losses_as_tensors(x, y, lr, steps):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        error = x @ w + b - y
        losses.append(error.square().mean())
        w, b = w - lr * 2 * x.T @ error / len(x), b - lr * 2 * error.mean()
    return w, b, losses


@alternative("fit_gd")
def fit_with_autograd(x, y, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(x @ w + b, y)
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad = None
    return w.detach(), b.detach(), losses


@alternative("fit_gd")
def fit_with_an_optimizer(x, y, lr, steps):
    model = nn.Linear(x.shape[1], 1, dtype=x.dtype)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.MSELoss()(model(x)[:, 0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return model.weight.detach()[0], model.bias.detach()[0], losses


@alternative("fit_gd")
def fit_with_a_column_of_ones(x, y, lr, steps):
    a = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
    theta = torch.zeros(a.shape[1], dtype=x.dtype)
    losses = []
    for _ in range(steps):
        error = a @ theta - y
        losses.append((error @ error / len(y)).item())
        theta = theta - 2 * lr / len(y) * (error @ a)
    return theta[:-1], theta[-1], losses


# normal_equation


@mistake(
    "normal_equation", kind="stability",
    en="AᵀA was solved as if it had an inverse; with dependent columns or few examples it has none.",
    vi="Bạn giải AᵀA như thể nó có nghịch đảo; khi các cột phụ thuộc nhau hoặc ít mẫu thì nó không có.",
    hint_en="torch.linalg.pinv and torch.linalg.lstsq need no inverse.",
    hint_vi="torch.linalg.pinv và torch.linalg.lstsq không cần nghịch đảo.",
)  # fmt: skip
def solved_with_an_inverse(x, y):
    a = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
    theta = torch.linalg.solve(a.T @ a, a.T @ y)
    return theta[:-1], theta[-1]


@mistake(
    "normal_equation", kind="stability",
    en='driver="gels" assumes that the columns are independent.',
    vi='driver="gels" giả định các cột độc lập với nhau.',
    hint_en='driver="gelsd" finds dependent columns by singular values.',
    hint_vi='driver="gelsd" phát hiện các cột phụ thuộc nhờ giá trị kỳ dị.',
)  # fmt: skip
def lstsq_for_full_rank(x, y):
    a = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
    theta = torch.linalg.lstsq(a, y[:, None], driver="gels").solution[:, 0]
    return theta[:-1], theta[-1]


@mistake(
    "normal_equation", kind="formula",
    en="There is no column of ones, so the line goes through the origin and b is 0.",
    vi="Không có cột số 1 nên đường thẳng đi qua gốc tọa độ và b bằng 0.",
)  # fmt: skip
def without_a_column_of_ones(x, y):
    return torch.linalg.pinv(x) @ y, x.new_zeros(())


@mistake(
    "normal_equation", kind="indexing",
    en="The column of ones stands last, but the bias was taken from the first place.",
    vi="Cột số 1 đứng cuối nhưng bạn lại lấy bias ở vị trí đầu.",
)  # fmt: skip
def bias_from_the_wrong_end(x, y):
    theta = torch.linalg.pinv(torch.cat([x, x.new_ones(len(x), 1)], dim=1)) @ y
    return theta[1:], theta[0]


@mistake(
    "normal_equation", kind="formula",
    en="A ridge was added to AᵀA: it has an inverse now, but the fit is no longer the best one.",
    vi="Bạn cộng thêm ridge vào AᵀA: giờ nó có nghịch đảo, nhưng kết quả khớp không còn là tốt nhất.",
)  # fmt: skip
def with_a_ridge(x, y):
    a = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
    theta = torch.linalg.solve(a.T @ a + 1e-3 * torch.eye(a.shape[1], dtype=x.dtype), a.T @ y)
    return theta[:-1], theta[-1]


@mistake(
    "normal_equation", kind="shape",
    en="w is a column (D, 1); the item asks for (D,) and for b without dimensions.",
    vi="w là một cột (D, 1); đề yêu cầu (D,) và b không có chiều.",
)  # fmt: skip
def weights_as_a_column(x, y):
    theta = torch.linalg.pinv(torch.cat([x, x.new_ones(len(x), 1)], dim=1)) @ y[:, None]
    return theta[:-1], theta[-1]


@mistake(
    "normal_equation", kind="statistics",
    en="x and y are centred and w fits, but b is only the mean of y: subtract the mean of x times w.",
    vi="x và y đã được trừ trung bình và w khớp, nhưng b chỉ là trung bình của y: phải trừ đi trung bình của x nhân w.",
)  # fmt: skip
def bias_is_the_mean_of_y(x, y):
    w = torch.linalg.pinv(x - x.mean(0)) @ (y - y.mean())
    return w, y.mean()


@alternative("normal_equation")
def by_lstsq(x, y):
    a = torch.cat([torch.ones_like(x[:, :1]), x], dim=1)
    theta = torch.linalg.lstsq(a, y.unsqueeze(1), driver="gelss").solution.squeeze(1)
    return theta[1:], theta[0]


@alternative("normal_equation")
def by_the_pseudo_inverse_of_the_normal_matrix(x, y):
    a = torch.hstack([x, torch.ones(len(x), 1, dtype=x.dtype)])
    theta = torch.linalg.pinv(a.T @ a, hermitian=True) @ (a.T @ y)
    return theta[:-1], theta[-1]


@alternative("normal_equation")
def by_centring(x, y):
    mean_x, mean_y = x.mean(0), y.mean()
    w = torch.linalg.lstsq(x - mean_x, (y - mean_y)[:, None], driver="gelsd").solution[:, 0]
    return w, mean_y - mean_x @ w


@alternative("normal_equation")
def by_numpy(x, y):
    a = np.c_[x.numpy(), np.ones(len(x), dtype=x.numpy().dtype)]
    theta = torch.from_numpy(np.linalg.lstsq(a, y.numpy(), rcond=None)[0])
    return theta[:-1], theta[-1]


@alternative("normal_equation")
def by_singular_values(x, y):
    a = torch.cat([x, torch.ones(x.shape[0], 1, dtype=x.dtype)], 1)
    u, s, vh = torch.linalg.svd(a, full_matrices=False)
    keep = s > s.max() * len(a) * torch.finfo(x.dtype).eps * 10
    theta = vh[keep].T @ ((u[:, keep].T @ y) / s[keep])
    return theta[:-1].clone(), theta[-1].clone()


# standardize


@mistake(
    "standardize", kind="data",
    en="test is scaled by its own mean and std; it must get those of train.",
    vi="test được chuẩn hóa bằng mean và std của chính nó; phải dùng của train.",
    hint_en="At the time of judging, one example at a time may come: it has no statistics of its own.",
    hint_vi="Khi dùng thật, có thể chỉ có từng mẫu một đến: nó không có thống kê của riêng mình.",
)  # fmt: skip
def test_by_its_own_statistics(train, test):
    def scale(t):
        z = (t - t.mean(0)) / t.std(0, correction=0)
        return torch.where(train.amax(0) == train.amin(0), 0.0, z)

    return scale(train), scale(test)


@mistake(
    "standardize", kind="data",
    en="mean and std were taken over train and test together: what is judged later has leaked in.",
    vi="mean và std được tính trên cả train lẫn test: dữ liệu để đánh giá đã bị rò rỉ vào.",
)  # fmt: skip
def statistics_of_both(train, test):
    both = torch.cat([train, test])
    mean, std = both.mean(0), both.std(0, correction=0)
    constant = train.amax(0) == train.amin(0)
    return torch.where(constant, 0.0, (train - mean) / std), torch.where(constant, 0.0, (test - mean) / std)


@mistake(
    "standardize", kind="statistics",
    en="std divides by N − 1; the item asks for the population standard deviation.",
    vi="std chia cho N − 1; đề yêu cầu độ lệch chuẩn tổng thể (chia cho N).",
    hint_en="Look at the argument correction (or unbiased) of std.",
    hint_vi="Hãy xem tham số correction (hoặc unbiased) của std.",
)  # fmt: skip
def sample_deviation(train, test):
    mean, std = train.mean(0), train.std(0)
    constant = train.amax(0) == train.amin(0)
    return torch.where(constant, 0.0, (train - mean) / std), torch.where(constant, 0.0, (test - mean) / std)


@mistake(
    "standardize", kind="stability",
    en="Constant columns are found by std == 0, but the mean of equal numbers is rounded and their std need not be 0.",
    vi="Bạn nhận ra cột hằng bằng std == 0, nhưng trung bình của các số bằng nhau bị làm tròn, std có thể khác 0.",
    hint_en="Compare the numbers: train.amax(dim=0) == train.amin(dim=0).",
    hint_vi="Hãy so sánh chính các số: train.amax(dim=0) == train.amin(dim=0).",
)  # fmt: skip
def constant_means_std_zero(train, test):
    mean, std = train.mean(0), train.std(0, correction=0)
    return torch.where(std == 0, 0.0, (train - mean) / std), torch.where(std == 0, 0.0, (test - mean) / std)


@mistake(
    "standardize", kind="stability",
    en="A constant column became NaN or infinite: its std is 0.",
    vi="Cột hằng trở thành NaN hoặc vô cùng: std của nó bằng 0.",
)  # fmt: skip
def constant_columns_divided_by_zero(train, test):
    mean, std = train.mean(0), train.std(0, correction=0)
    return (train - mean) / std, (test - mean) / std


@mistake(
    "standardize", kind="formula",
    en="An epsilon was added to std; the item asks for none.",
    vi="Bạn cộng epsilon vào std; đề không cho phép.",
)  # fmt: skip
def deviation_with_epsilon(train, test):
    mean, std = train.mean(0), train.std(0, correction=0) + 1e-8
    return (train - mean) / std, (test - mean) / std


@mistake(
    "standardize", kind="formula",
    en="A constant column of train becomes 0 in train only; in test it keeps its distance from the mean.",
    vi="Cột hằng của train chỉ thành 0 trong train; ở test nó vẫn giữ khoảng cách đến trung bình.",
)  # fmt: skip
def constant_columns_of_test_kept(train, test):
    mean, std = train.mean(0), train.std(0, correction=0)
    std = torch.where(train.amax(0) == train.amin(0), 1.0, std)
    return torch.where(train.amax(0) == train.amin(0), 0.0, (train - mean) / std), (test - mean) / std


@mistake(
    "standardize", kind="reduction",
    en="One mean and one std for the whole table; every column has its own.",
    vi="Bạn dùng một mean và một std cho cả bảng; mỗi cột phải có riêng.",
)  # fmt: skip
def one_scale_for_all(train, test):
    mean, std = train.mean(), train.std(correction=0)
    constant = train.amax(0) == train.amin(0)
    return torch.where(constant, 0.0, (train - mean) / std), torch.where(constant, 0.0, (test - mean) / std)


@mistake(
    "standardize", kind="formula",
    en="Divided by the variance; divide by its root.",
    vi="Bạn chia cho phương sai; phải chia cho căn bậc hai của nó.",
)  # fmt: skip
def scaled_by_the_variance(train, test):
    mean, var = train.mean(0), train.var(0, correction=0)
    constant = train.amax(0) == train.amin(0)
    return torch.where(constant, 0.0, (train - mean) / var), torch.where(constant, 0.0, (test - mean) / var)


@mistake(
    "standardize", kind="statistics",
    en="The columns were brought to [0, 1] by minimum and maximum; that is another scaling.",
    vi="Bạn đưa các cột về [0, 1] theo min và max; đó là kiểu chuẩn hóa khác.",
)  # fmt: skip
def scaled_by_the_range(train, test):
    low, span = train.amin(0), train.amax(0) - train.amin(0)
    return torch.where(span == 0, 0.0, (train - low) / span), torch.where(span == 0, 0.0, (test - low) / span)


@alternative("standardize")
def by_root_mean_square(train, test):
    mean = train.sum(0) / len(train)
    varies = (train != train[0]).any(0)
    scale = torch.where(varies, (train - mean).square().mean(0).sqrt(), torch.inf)
    return (train - mean) / scale, (test - mean) / scale


@alternative("standardize")
def column_by_column(train, test):
    left, right = torch.zeros_like(train), torch.zeros_like(test)
    for j in range(train.shape[1]):
        var, mean = torch.var_mean(train[:, j], unbiased=False)
        if train[:, j].max() > train[:, j].min():
            left[:, j] = (train[:, j] - mean) / var.sqrt()
            right[:, j] = (test[:, j] - mean) / var.sqrt()
    return left, right


@alternative("standardize")
def by_a_threshold_on_std(train, test):
    std, mean = torch.std_mean(train, dim=0, correction=0)
    narrow = std <= 1e-12 * (1 + mean.abs())
    scale = torch.where(narrow, torch.ones_like(std), std)
    keep = (~narrow).to(train.dtype)
    return (train - mean) / scale * keep, (test - mean) / scale * keep


# minibatches


@mistake(
    "minibatches", kind="data",
    en="x and y are shuffled apart from each other, so the examples lose their targets.",
    vi="x và y bị xáo trộn riêng rẽ nên các mẫu mất target của mình.",
    hint_en="One order for both.",
    hint_vi="Dùng chung một thứ tự cho cả hai.",
)  # fmt: skip
def shuffled_apart(x, y, batch_size, generator):
    xs, ys = x[torch.randperm(len(x), generator=generator)], y[torch.randperm(len(x), generator=generator)]
    for start in range(0, len(x), batch_size):
        yield xs[start : start + batch_size], ys[start : start + batch_size]


@mistake(
    "minibatches", kind="indexing",
    en="The smaller last batch is dropped.",
    vi="Batch cuối nhỏ hơn bị bỏ mất.",
)  # fmt: skip
def last_batch_dropped(x, y, batch_size, generator):
    order = torch.randperm(len(x), generator=generator)
    for i in range(len(x) // batch_size):
        rows = order[i * batch_size : (i + 1) * batch_size]
        yield x[rows], y[rows]


@mistake(
    "minibatches", kind="randomness",
    en="The order comes from torch's global state, not from the generator.",
    vi="Thứ tự lấy từ trạng thái ngẫu nhiên toàn cục của torch, không phải từ generator.",
    hint_en="torch.randperm takes the argument generator=.",
    hint_vi="torch.randperm có tham số generator=.",
)  # fmt: skip
def global_order(x, y, batch_size, generator):
    for rows in torch.randperm(len(x)).split(batch_size):
        yield x[rows], y[rows]


@mistake(
    "minibatches", kind="randomness",
    en="The examples come in the order of x: nothing is shuffled.",
    vi="Các mẫu đến theo đúng thứ tự trong x: không có gì được xáo trộn.",
)  # fmt: skip
def not_shuffled(x, y, batch_size, generator):
    yield from zip(x.split(batch_size), y.split(batch_size), strict=True)


@mistake(
    "minibatches", kind="randomness",
    en="The batches are shuffled, but each of them always holds the same neighbours.",
    vi="Các batch được xáo trộn, nhưng mỗi batch luôn chứa cùng những mẫu cạnh nhau.",
)  # fmt: skip
def batches_shuffled_only(x, y, batch_size, generator):
    xs, ys = x.split(batch_size), y.split(batch_size)
    for i in torch.randperm(len(xs), generator=generator).tolist():
        yield xs[i], ys[i]


@mistake(
    "minibatches", kind="randomness",
    en="Rows are drawn with replacement: some come twice, others not at all.",
    vi="Các hàng được lấy có hoàn lại: hàng thì đến hai lần, hàng thì không bao giờ.",
    hint_en="A permutation holds each number once: torch.randperm.",
    hint_vi="Một hoán vị chứa mỗi số đúng một lần: torch.randperm.",
)  # fmt: skip
def with_replacement(x, y, batch_size, generator):
    for rows in torch.randint(len(x), (len(x),), generator=generator).split(batch_size):
        yield x[rows], y[rows]


@mistake(
    "minibatches", kind="randomness",
    en="A new generator is seeded with every call, so every epoch has the same order.",
    vi="Mỗi lần gọi lại tạo một generator mới với cùng seed, nên mọi epoch có cùng thứ tự.",
)  # fmt: skip
def same_order_every_epoch(x, y, batch_size, generator):
    own = torch.Generator().manual_seed(generator.initial_seed())
    for rows in torch.randperm(len(x), generator=own).split(batch_size):
        yield x[rows], y[rows]


@mistake(
    "minibatches", kind="return",
    en="The result is a list; an iterator is wanted, of which next() takes the first batch.",
    vi="Kết quả là một list; cần một iterator mà next() lấy được batch đầu tiên.",
    hint_en="Write yield in the loop, or return iter(…).",
    hint_vi="Hãy viết yield trong vòng lặp, hoặc trả về iter(…).",
)  # fmt: skip
def a_list_of_batches(x, y, batch_size, generator):
    order = torch.randperm(len(x), generator=generator)
    return [(x[rows], y[rows]) for rows in order.split(batch_size)]


@mistake(
    "minibatches", kind="indexing",
    en="torch.chunk takes the number of pieces, not their size.",
    vi="torch.chunk nhận số đoạn chứ không phải độ dài mỗi đoạn.",
)  # fmt: skip
def chunks_for_batches(x, y, batch_size, generator):
    for rows in torch.randperm(len(x), generator=generator).chunk(batch_size):
        yield x[rows], y[rows]


@alternative("minibatches")
def by_a_data_loader(x, y, batch_size, generator):
    return iter(DataLoader(TensorDataset(x, y), batch_size, shuffle=True, generator=generator))


@alternative("minibatches")
def shuffled_then_sliced(x, y, batch_size, generator):
    order = torch.rand(len(x), generator=generator, dtype=torch.float64).argsort()
    x, y = x[order], y[order]
    return ((x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x), batch_size))


@alternative("minibatches")
def by_a_batch_sampler(x, y, batch_size, generator):
    sampler = BatchSampler(RandomSampler(range(len(x)), generator=generator), batch_size, drop_last=False)
    return iter([(x[rows], y[rows]) for rows in sampler])


# linear_model


@mistake(
    "linear_model", kind="api",
    en="The layer has no bias.",
    vi="Lớp này không có bias.",
)  # fmt: skip
class without_a_bias(nn.Module):
    def __init__(self, d_in, d_out=1):
        super().__init__()
        self.linear = nn.Linear(d_in, d_out, bias=False)

    def forward(self, x):
        return self.linear(x)


@mistake(
    "linear_model", kind="api",
    en="The layer is not called linear, so its numbers have other names in state_dict().",
    vi="Lớp không mang tên linear, nên các con số của nó có tên khác trong state_dict().",
)  # fmt: skip
class another_name(nn.Module):
    def __init__(self, d_in, d_out=1):
        super().__init__()
        self.fc = nn.Linear(d_in, d_out)

    def forward(self, x):
        return self.fc(x)


@mistake(
    "linear_model", kind="formula",
    en="Something bends the output (ReLU): a linear regression ends with its linear layer.",
    vi="Đầu ra bị ReLU làm gãy: hồi quy tuyến tính kết thúc ngay ở lớp tuyến tính.",
)  # fmt: skip
class relu_at_the_end(nn.Module):
    def __init__(self, d_in, d_out=1):
        super().__init__()
        self.linear = nn.Linear(d_in, d_out)

    def forward(self, x):
        return torch.relu(self.linear(x))


@mistake(
    "linear_model", kind="state",
    en="The layer is made in forward: every call has new random weights, and nothing is registered.",
    vi="Lớp được tạo trong forward: mỗi lần gọi lại có trọng số ngẫu nhiên mới và không có gì được đăng ký.",
    hint_en="Make it in __init__ and assign it to self.",
    hint_vi="Hãy tạo nó trong __init__ và gán vào self.",
)  # fmt: skip
class made_in_forward(nn.Module):
    def __init__(self, d_in, d_out=1):
        super().__init__()
        self.sizes = d_in, d_out

    def forward(self, x):
        return nn.Linear(*self.sizes)(x)


@mistake(
    "linear_model", kind="shape",
    en="The output was squeezed to (N,); the model gives (N, d_out).",
    vi="Đầu ra bị squeeze thành (N,); model phải cho (N, d_out).",
)  # fmt: skip
class squeezed_output(nn.Module):
    def __init__(self, d_in, d_out=1):
        super().__init__()
        self.linear = nn.Linear(d_in, d_out)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


@mistake(
    "linear_model", kind="shape",
    en="nn.Linear got its two sizes the wrong way round: inputs come first.",
    vi="nn.Linear nhận hai kích thước ngược thứ tự: số đầu vào đứng trước.",
)  # fmt: skip
class sizes_exchanged(nn.Module):
    def __init__(self, d_in, d_out=1):
        super().__init__()
        self.linear = nn.Linear(d_out, d_in)

    def forward(self, x):
        return self.linear(x)


@alternative("linear_model")
class by_the_functional_form(nn.Module):
    def __init__(self, d_in, d_out=1):
        super().__init__()
        self.linear = nn.Linear(in_features=d_in, out_features=d_out)

    def forward(self, x):
        return F.linear(x, self.linear.weight, self.linear.bias)


@alternative("linear_model")
class by_a_matrix_product(nn.Module):
    def __init__(self, d_in, d_out=1):
        nn.Module.__init__(self)
        self.add_module("linear", nn.Linear(d_in, d_out, True))

    def forward(self, x):
        return x.matmul(self.linear.weight.t()) + self.linear.bias


# train_linear


@mistake(
    "train_linear", kind="dtype",
    en="The float64 arrays meet the float32 model as they are, and torch refuses to multiply them.",
    vi="Mảng float64 được đưa thẳng vào model float32, và torch không chịu nhân chúng với nhau.",
    hint_en="torch.from_numpy(x).float().",
    hint_vi="torch.from_numpy(x).float().",
)  # fmt: skip
def arrays_left_float64(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_linear", kind="dtype",
    en="model.double() changed the caller's model to float64; change the arrays' copies instead.",
    vi="model.double() đã đổi model của người gọi sang float64; hãy đổi bản sao của các mảng.",
)  # fmt: skip
def model_made_float64(model, x, y, epochs, lr):
    model.double()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_linear", kind="state",
    en="The gradients are never cleared, so each step adds up all those before it.",
    vi="Gradient không bao giờ được xóa, nên mỗi bước cộng dồn mọi bước trước đó.",
    hint_en="optimizer.zero_grad() before backward().",
    hint_vi="Gọi optimizer.zero_grad() trước backward().",
)  # fmt: skip
def never_zeroed(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_linear", kind="state",
    en="zero_grad() comes after the step only, so a gradient left from before leaks into the first one.",
    vi="zero_grad() chỉ được gọi sau bước cập nhật, nên gradient còn lại từ trước lọt vào bước đầu tiên.",
)  # fmt: skip
def zeroed_too_late(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return losses


@mistake(
    "train_linear", kind="broadcast",
    en="The targets were flattened to (N,) while the predictions are (N, 1): the loss compares all with all.",
    vi="Target bị làm phẳng thành (N,) trong khi dự đoán là (N, 1): loss so sánh mọi cặp với nhau.",
)  # fmt: skip
def targets_flattened(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float().flatten()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = (model(inputs) - targets).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_linear", kind="reduction",
    en='The squared errors are added up (reduction="sum"); MSELoss takes their mean.',
    vi='Các sai số bình phương bị cộng lại (reduction="sum"); MSELoss lấy trung bình.',
)  # fmt: skip
def summed_squares(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets, reduction="sum")
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_linear", kind="order",
    en="Each loss is taken after its update.",
    vi="Mỗi loss được ghi sau khi cập nhật.",
)  # fmt: skip
def loss_after_the_step(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        F.mse_loss(model(inputs), targets).backward()
        optimizer.step()
        losses.append(F.mse_loss(model(inputs), targets).item())
    return losses


@mistake(
    "train_linear", kind="api",
    en="The optimizer is Adam; the item asks for plain SGD.",
    vi="Optimizer là Adam; đề yêu cầu SGD thuần.",
)  # fmt: skip
def adam_for_sgd(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_linear", kind="state",
    en="Nothing is learned: backward() computes gradients, but no optimizer.step() follows.",
    vi="Không học được gì: backward() tính gradient nhưng sau đó không có optimizer.step().",
)  # fmt: skip
def no_step(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
    return losses


@mistake(
    "train_linear", kind="mode",
    en="model.train() changed the training flag of the caller's model.",
    vi="model.train() đã đổi cờ training của model mà người gọi truyền vào.",
)  # fmt: skip
def flag_changed_by_training(model, x, y, epochs, lr):
    model.train()
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_linear", kind="return",
    en="The losses are tensors with their graphs; Python floats are wanted.",
    vi="Các loss là tensor còn mang đồ thị; cần số float của Python.",
)  # fmt: skip
def losses_with_their_graphs(model, x, y, epochs, lr):
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.mse_loss(model(inputs), targets)
        losses.append(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@alternative("train_linear")
def train_by_hand(model, x, y, epochs, lr):
    inputs, targets = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    parameters = list(model.parameters())
    losses = []
    for _ in range(epochs):
        loss = (model(inputs) - targets).pow(2).sum() / targets.numel()
        losses.append(float(loss))
        grads = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, grad in zip(parameters, grads, strict=True):
                p.add_(grad, alpha=-lr)
    return losses


@alternative("train_linear")
def train_zeroing_by_the_model(model, x, y, epochs, lr):
    inputs = torch.as_tensor(x.astype(np.float32))
    targets = torch.as_tensor(y.astype(np.float32))
    optimizer, losses = torch.optim.SGD(model.parameters(), lr), []
    while len(losses) < epochs:
        model.zero_grad(set_to_none=False)
        loss = F.mse_loss(input=model(inputs), target=targets)
        loss.backward()
        losses.append(loss.detach().numpy().item())
        optimizer.step()
    return losses


@alternative("train_linear")
def train_in_the_dtype_of_the_model(model, x, y, epochs, lr):
    dtype = next(model.parameters()).dtype
    data = [(torch.from_numpy(x).to(dtype), torch.from_numpy(y).to(dtype))] * epochs
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.0)
    losses = []
    for inputs, targets in data:
        optimizer.zero_grad()
        error = model(inputs) - targets
        loss = (error * error).mean()
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    return losses


# plot_fit (replays draw: those that other tests than the first see stand first)


@mistake(
    "plot_fit", kind="order",
    en="The predictions are joined in the order of the rows: sort them by x, else the line runs to and fro.",
    vi="Các dự đoán được nối theo thứ tự hàng: hãy sắp theo x, nếu không đường sẽ chạy tới chạy lui.",
    hint_en="order = np.argsort(x), then x[order] and prediction[order].",
    hint_vi="order = np.argsort(x), rồi dùng x[order] và prediction[order].",
)  # fmt: skip
def line_in_the_order_of_the_rows(x, y, prediction, path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.plot(x, y, "o")
    axes.plot(x, prediction)
    figure.savefig(path)


@mistake(
    "plot_fit", kind="api",
    en="The data are joined by a line; each example should be a point of its own.",
    vi="Dữ liệu bị nối bằng một đường; mỗi mẫu phải là một điểm riêng.",
    hint_en='plot(x, y, "o") or scatter(x, y).',
    hint_vi='plot(x, y, "o") hoặc scatter(x, y).',
)  # fmt: skip
def points_joined(x, y, prediction, path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    order = np.argsort(x)
    axes.plot(x[order], y[order])
    axes.plot(x[order], prediction[order])
    figure.savefig(path)


@mistake(
    "plot_fit", kind="state",
    en="The figure of pyplot stays open, and the next call draws into it, on top of the old picture.",
    vi="Figure của pyplot vẫn còn mở, lần gọi sau vẽ tiếp vào đó, đè lên ảnh cũ.",
    hint_en="plt.close() at the end, or a Figure of your own.",
    hint_vi="Gọi plt.close() ở cuối, hoặc tạo Figure riêng.",
)  # fmt: skip
def figure_left_open(x, y, prediction, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    order = np.argsort(x)
    plt.plot(x, y, "o")
    plt.plot(x[order], prediction[order])
    plt.savefig(path)


@mistake(
    "plot_fit", kind="api",
    en="The predictions are points, too; join them by a line.",
    vi="Các dự đoán cũng chỉ là các điểm; hãy nối chúng bằng một đường.",
)  # fmt: skip
def predictions_as_points(x, y, prediction, path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.scatter(x, y)
    axes.scatter(x, prediction)
    figure.savefig(path)


@mistake(
    "plot_fit", kind="data",
    en="x was sorted without its predictions, so each prediction stands at another example's x.",
    vi="x được sắp xếp mà không kèm dự đoán, nên mỗi dự đoán nằm ở x của mẫu khác.",
)  # fmt: skip
def sorted_apart(x, y, prediction, path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.plot(x, y, "o")
    axes.plot(np.sort(x), prediction)
    figure.savefig(path)


@mistake(
    "plot_fit", kind="data",
    en="The line is a fit of your own; draw the predictions that are passed.",
    vi="Đường vẽ là kết quả khớp do bạn tự tính; hãy vẽ các dự đoán được truyền vào.",
)  # fmt: skip
def a_fit_of_its_own(x, y, prediction, path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.plot(x, y, "o")
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, np.polyval(np.polyfit(x, y, 1), ends))
    figure.savefig(path)


@mistake(
    "plot_fit", kind="order",
    en="The picture is saved before anything is drawn into it.",
    vi="Ảnh được lưu trước khi có gì được vẽ lên.",
)  # fmt: skip
def saved_before_drawing(x, y, prediction, path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    figure.savefig(path)
    order = np.argsort(x)
    axes.plot(x, y, "o")
    axes.plot(x[order], prediction[order])


@mistake(
    "plot_fit", kind="order",
    en="x and y are exchanged: x belongs on the horizontal axis.",
    vi="x và y bị đổi chỗ: x phải nằm trên trục ngang.",
)  # fmt: skip
def axes_exchanged(x, y, prediction, path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    order = np.argsort(x)
    axes.plot(y, x, "o")
    axes.plot(prediction[order], x[order])
    figure.savefig(path)


@alternative("plot_fit")
def with_pyplot(x, y, prediction, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    pairs = sorted(zip(x.tolist(), prediction.tolist(), strict=True))
    plt.figure(figsize=(5, 4))
    plt.scatter(x, y, color="red", alpha=0.5, label="data")
    plt.plot([p[0] for p in pairs], [p[1] for p in pairs], "b--", label="fit")
    plt.xlabel("x")
    plt.ylabel("y")
    plt.legend()
    plt.grid(True)
    plt.savefig(path, bbox_inches="tight", dpi=120)
    plt.close()


@alternative("plot_fit")
def with_style_and_a_title(x, y, prediction, path):
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    with pyplot.style.context("ggplot"):
        figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
        order = sorted(range(len(x)), key=lambda i: x[i])
        axes.plot(x, y, "kx", x[order], prediction[order], ":", linewidth=2)
        axes.set(title="linear regression", xlabel="x", ylabel="y")
        figure.savefig(path)
    pyplot.close(figure)


@alternative("plot_fit")
def dark_without_axes(x, y, prediction, path):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    canvas = FigureCanvasAgg(Figure(figsize=(4, 4), facecolor="black"))
    axes = canvas.figure.add_subplot(facecolor="black")
    axes.axis("off")
    order = np.argsort(x, kind="stable")
    axes.plot(x[order], prediction[order], color="yellow", linewidth=3)
    axes.scatter(x, y, s=60, c="white", marker="D", zorder=3)
    canvas.print_png(path)


# predict_numpy


@mistake(
    "predict_numpy", kind="dtype",
    en="The float64 array meets the float32 model as it is.",
    vi="Mảng float64 được đưa thẳng vào model float32.",
)  # fmt: skip
def array_left_float64(model, x):
    with torch.no_grad():
        return model(torch.from_numpy(x)).numpy()


@mistake(
    "predict_numpy", kind="graph",
    en="The model runs with a graph, and detach() throws it away afterwards; with no_grad there is none.",
    vi="Model chạy kèm đồ thị rồi detach() mới bỏ đi; dùng no_grad thì không tạo đồ thị.",
)  # fmt: skip
def detached_afterwards(model, x):
    return model(torch.from_numpy(x).float()).detach().numpy()


@mistake(
    "predict_numpy", kind="graph",
    en=".numpy() was called on a tensor that requires grad, and torch refuses.",
    vi="Bạn gọi .numpy() trên tensor có requires_grad, và torch từ chối.",
    hint_en="with torch.no_grad(): around the call of the model.",
    hint_vi="Đặt lời gọi model trong with torch.no_grad():.",
)  # fmt: skip
def numpy_of_a_tensor_with_grad(model, x):
    return model(torch.from_numpy(x).float()).numpy()


@mistake(
    "predict_numpy", kind="return",
    en="The result is a tensor; an ndarray is wanted.",
    vi="Kết quả là tensor; cần một ndarray.",
)  # fmt: skip
def prediction_as_a_tensor(model, x):
    with torch.no_grad():
        return model(torch.from_numpy(x).float())


@mistake(
    "predict_numpy", kind="shape",
    en="The result was flattened to (N,); keep the model's shape (N, 1).",
    vi="Kết quả bị làm phẳng thành (N,); hãy giữ shape (N, 1) của model.",
)  # fmt: skip
def flattened_predictions(model, x):
    with torch.no_grad():
        return model(torch.from_numpy(x).float()).flatten().numpy()


@mistake(
    "predict_numpy", kind="mode",
    en="model.eval() changed the training flag and nothing restores it.",
    vi="model.eval() đổi cờ training mà sau đó không khôi phục lại.",
)  # fmt: skip
def left_in_eval_mode(model, x):
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(x).float()).numpy()


@mistake(
    "predict_numpy", kind="state",
    en="requires_grad was switched off on the parameters themselves: the model can no longer be trained.",
    vi="requires_grad bị tắt ngay trên các tham số: model không huấn luyện tiếp được nữa.",
)  # fmt: skip
def frozen_for_good(model, x):
    for p in model.parameters():
        p.requires_grad_(False)
    return model(torch.from_numpy(x).float()).numpy()


@alternative("predict_numpy")
def in_inference_mode(model, x):
    with torch.inference_mode():
        return model(torch.tensor(x, dtype=torch.float32)).cpu().numpy()


@alternative("predict_numpy")
def decorated(model, x):
    @torch.no_grad()
    def run(inputs):
        return model(inputs)

    dtype = next(model.parameters()).dtype
    return np.array(run(torch.as_tensor(x).to(dtype)).tolist(), dtype=np.float32)


@alternative("predict_numpy")
def in_eval_mode_and_back(model, x):
    training = model.training
    model.eval()
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    try:
        return np.asarray(model(torch.from_numpy(x.astype("float32"))).detach())
    finally:
        torch.set_grad_enabled(before)
        model.train(training)


# save_model


@mistake(
    "save_model", kind="api",
    en="The whole model was pickled: a reader needs its class, and must trust the file with weights_only=False.",
    vi="Bạn đã pickle cả model: người đọc cần có class của nó và phải tin tưởng tệp với weights_only=False.",
    hint_en="Save model.state_dict().",
    hint_vi="Hãy lưu model.state_dict().",
)  # fmt: skip
def whole_model_saved(model, path):
    torch.save(model, path)


@mistake(
    "save_model", kind="state",
    en="Only the parameters are in the file; buffers such as running statistics are missing.",
    vi="Tệp chỉ có tham số; thiếu các buffer như thống kê tích lũy.",
)  # fmt: skip
def parameters_only(model, path):
    torch.save({name: p.detach() for name, p in model.named_parameters()}, path)


@mistake(
    "save_model", kind="api",
    en="A list of tensors has no names; load_state_dict needs them.",
    vi="Danh sách tensor không có tên; load_state_dict cần tên.",
)  # fmt: skip
def a_list_of_tensors(model, path):
    torch.save(list(model.state_dict().values()), path)


@mistake(
    "save_model", kind="api",
    en="The state_dict is packed into another dict; the file should hold the state_dict itself.",
    vi="state_dict bị gói trong một dict khác; tệp phải chứa chính state_dict.",
)  # fmt: skip
def packed_into_a_dict(model, path):
    torch.save({"model": model.state_dict()}, path)


@alternative("save_model")
def through_an_open_file(model, path):
    with open(path, "wb") as file:
        torch.save(model.state_dict(), file)


@alternative("save_model")
def on_the_cpu(model, path):
    torch.save({name: value.detach().cpu().clone() for name, value in model.state_dict().items()}, path)


# load_model


@mistake(
    "load_model", kind="api",
    en="weights_only=False runs whatever program the file brings along.",
    vi="weights_only=False sẽ chạy bất cứ chương trình nào mà tệp mang theo.",
    hint_en="weights_only=True reads tensors and plain containers only.",
    hint_vi="weights_only=True chỉ đọc tensor và các kiểu chứa thông thường.",
)  # fmt: skip
def everything_is_unpickled(model, path):
    model.load_state_dict(torch.load(path, weights_only=False))


@mistake(
    "load_model", kind="state",
    en="strict=False passes over names that are missing or unknown, and the model stays half random.",
    vi="strict=False bỏ qua các tên bị thiếu hoặc lạ, và model vẫn còn một nửa ngẫu nhiên.",
)  # fmt: skip
def not_strict(model, path):
    model.load_state_dict(torch.load(path, weights_only=True), strict=False)


@mistake(
    "load_model", kind="inplace",
    en="assign=True exchanges the Parameter objects, so an optimizer made earlier trains tensors nobody uses.",
    vi="assign=True thay các đối tượng Parameter, nên optimizer tạo từ trước huấn luyện những tensor không ai dùng.",
)  # fmt: skip
def parameters_exchanged(model, path):
    model.load_state_dict(torch.load(path, weights_only=True), assign=True)


@mistake(
    "load_model", kind="state",
    en="The file is read, but its numbers never reach the model: load_state_dict is missing.",
    vi="Tệp được đọc nhưng các con số không đến được model: thiếu load_state_dict.",
)  # fmt: skip
def read_and_dropped(model, path):
    torch.load(path, weights_only=True)


@mistake(
    "load_model", kind="state",
    en="Only the parameters are copied; buffers such as running statistics keep their old numbers.",
    vi="Chỉ tham số được chép; các buffer như thống kê tích lũy vẫn giữ số cũ.",
)  # fmt: skip
def buffers_forgotten(model, path):
    found = torch.load(path, weights_only=True)
    if set(found) != set(model.state_dict()):
        raise RuntimeError("another model's file")
    with torch.no_grad():
        for name, p in model.named_parameters():
            if found[name].shape != p.shape:
                raise RuntimeError("another model's file")
            p.copy_(found[name])


@mistake(
    "load_model", kind="mode",
    en="model.eval() was called as well; the training flag is the caller's.",
    vi="Bạn còn gọi model.eval(); cờ training là việc của người gọi.",
)  # fmt: skip
def loaded_into_eval_mode(model, path):
    model.load_state_dict(torch.load(path, weights_only=True))
    model.eval()


@alternative("load_model")
def with_the_default_and_a_device(model, path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state, strict=True)


@alternative("load_model")
def tensor_by_tensor(model, path):
    with open(path, "rb") as file:
        found = torch.load(file, weights_only=True)
    own = model.state_dict()
    if found.keys() != own.keys() or any(found[name].shape != own[name].shape for name in own):
        raise RuntimeError("the file is of another model")
    for name in own:
        own[name].copy_(found[name])
