"""Known mistakes and right alternatives of u05_logistic_regression."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from autograder.mistakes import alternative, mistake

# bce_with_logits


@mistake(
    "bce_with_logits", kind="stability",
    en="The sigmoid is computed first; of a confident logit it is exactly 0 or 1, and log 0 is infinite.",
    vi="Bạn tính sigmoid trước; với logit lớn nó bằng đúng 0 hoặc 1, và log 0 là vô cùng.",
    hint_en="Find log p and log(1 − p) from z itself: log sigmoid(z) = −log(1 + e^−z) has a stable form.",
    hint_vi="Hãy tính log p và log(1 − p) thẳng từ z: log sigmoid(z) = −log(1 + e^−z) có dạng ổn định.",
)  # fmt: skip
def bce_of_sigmoid(z, y):
    if z.shape != y.shape:
        raise ValueError
    p = torch.sigmoid(z)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


@mistake(
    "bce_with_logits", kind="stability",
    en="A small number inside the logarithm hides the infinity and makes the loss of confident logits wrong.",
    vi="Một số nhỏ thêm vào trong log che đi vô cùng nhưng làm sai loss của các logit lớn.",
    hint_en="z = 1000 with y = 0 costs 1000. What does −log(1e-8) cost?",
    hint_vi="z = 1000 với y = 0 có loss là 1000. Còn −log(1e-8) bằng bao nhiêu?",
)  # fmt: skip
def bce_with_epsilon(z, y):
    if z.shape != y.shape:
        raise ValueError
    p = torch.sigmoid(z)
    return -(y * torch.log(p + 1e-8) + (1 - y) * torch.log(1 - p + 1e-8)).mean()


@mistake(
    "bce_with_logits", kind="stability",
    en="The probability is clamped before the logarithm: a confident wrong answer costs too little, with no gradient.",
    vi="Xác suất bị clamp trước khi lấy log, nên dự đoán sai mà tự tin bị phạt quá nhẹ và không có gradient.",
)  # fmt: skip
def bce_of_clamped_probabilities(z, y):
    if z.shape != y.shape:
        raise ValueError
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


@mistake(
    "bce_with_logits", kind="stability",
    en="log(1 + e^z) is computed as it stands: e^1000 is infinite.",
    vi="log(1 + e^z) được tính đúng như viết: e^1000 là vô cùng.",
    hint_en="Only e to a negative power is safe: log(1 + e^z) = max(z, 0) + log(1 + e^−|z|).",
    hint_vi="Chỉ e mũ số âm mới an toàn: log(1 + e^z) = max(z, 0) + log(1 + e^−|z|).",
)  # fmt: skip
def bce_with_bare_exponential(z, y):
    if z.shape != y.shape:
        raise ValueError
    return (torch.log(1 + torch.exp(z)) - y * z).mean()


@mistake(
    "bce_with_logits", kind="formula",
    en="z is taken for a probability: the sigmoid is missing.",
    vi="z bị xem là xác suất: thiếu sigmoid.",
)  # fmt: skip
def bce_without_sigmoid(z, y):
    if z.shape != y.shape:
        raise ValueError
    return -(y * torch.log(z) + (1 - y) * torch.log(1 - z)).mean()


@mistake(
    "bce_with_logits", kind="formula",
    en="Only the term of the yes is there; the examples with y = 0 cost nothing.",
    vi="Chỉ có số hạng của y = 1; các mẫu có y = 0 không bị phạt.",
)  # fmt: skip
def bce_of_yes_only(z, y):
    if z.shape != y.shape:
        raise ValueError
    return -(y * F.logsigmoid(z)).mean()


@mistake(
    "bce_with_logits", kind="sign",
    en="The minus in front is missing: this number grows when the model gets better.",
    vi="Thiếu dấu trừ ở đầu: con số này tăng khi mô hình tốt lên.",
)  # fmt: skip
def bce_without_minus(z, y):
    if z.shape != y.shape:
        raise ValueError
    return (y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()


@mistake(
    "bce_with_logits", kind="formula",
    en="Yes and no are exchanged: y belongs to log sigmoid(z), 1 − y to log sigmoid(−z).",
    vi="Hai trường hợp bị đổi chỗ: y đi với log sigmoid(z), còn 1 − y đi với log sigmoid(−z).",
)  # fmt: skip
def bce_with_classes_exchanged(z, y):
    if z.shape != y.shape:
        raise ValueError
    return -((1 - y) * F.logsigmoid(z) + y * F.logsigmoid(-z)).mean()


@mistake(
    "bce_with_logits", kind="reduction",
    en="The losses of the examples are added up; the item asks for their mean.",
    vi="Loss của các mẫu được cộng lại; đề yêu cầu lấy trung bình.",
)  # fmt: skip
def bce_summed(z, y):
    if z.shape != y.shape:
        raise ValueError
    return -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).sum()


@mistake(
    "bce_with_logits", kind="reduction",
    en="The result has one loss for each example; the item asks for their mean.",
    vi="Kết quả có một loss cho mỗi mẫu; đề yêu cầu trung bình của chúng.",
)  # fmt: skip
def bce_of_each_example(z, y):
    if z.shape != y.shape:
        raise ValueError
    return -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z))


@mistake(
    "bce_with_logits", kind="broadcast",
    en="The shapes are not compared: (N, 1) against (N,) broadcasts to (N, N), and the mean is of the wrong pairs.",
    vi="Bạn không so sánh shape: (N, 1) với (N,) bị broadcast thành (N, N), và trung bình lấy trên các cặp sai.",
    hint_en="Raise a ValueError when z.shape != y.shape.",
    hint_vi="Hãy raise ValueError khi z.shape != y.shape.",
)  # fmt: skip
def bce_that_broadcasts(z, y):
    return -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()


@mistake(
    "bce_with_logits", kind="formula",
    en="Targets are compared with 1, so a soft target such as 0.3 counts as a no.",
    vi="Bạn so sánh target với 1, nên target mềm như 0.3 bị xem là 0.",
)  # fmt: skip
def bce_of_hard_targets(z, y):
    if z.shape != y.shape:
        raise ValueError
    return torch.where(y == 1, -F.logsigmoid(z), -F.logsigmoid(-z)).mean()


@mistake(
    "bce_with_logits", kind="graph",
    en="The result has left the graph: no gradient reaches z.",
    vi="Kết quả đã rời khỏi graph: gradient không về được z.",
    hint_en="Which call in your code turns a tensor into a Python number, or detaches it?",
    hint_vi="Lệnh nào trong mã của bạn đổi tensor thành số Python, hoặc detach nó?",
)  # fmt: skip
def bce_outside_the_graph(z, y):
    if z.shape != y.shape:
        raise ValueError
    return torch.tensor(-(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean().item(), dtype=z.dtype)


@alternative("bce_with_logits")
def bce_by_the_famous_formula(z, y):
    if z.shape != y.shape:
        raise ValueError("shapes differ")
    return (z.clamp(min=0) - z * y + torch.log1p(torch.exp(-z.abs()))).mean()


@alternative("bce_with_logits")
def bce_by_softplus(z, y):
    if z.size() != y.size():
        raise ValueError("shapes differ")
    return torch.mean(F.softplus(z) - y * z)


@alternative("bce_with_logits")
def bce_example_by_example(z, y):
    if tuple(z.shape) != tuple(y.shape):
        raise ValueError("shapes differ")
    zero = torch.zeros((), dtype=z.dtype)
    total = zero
    for i in range(len(z)):
        total = total + y[i] * torch.logaddexp(zero, -z[i]) + (1 - y[i]) * torch.logaddexp(zero, z[i])
    return total / len(z)


# cross_entropy


@mistake(
    "cross_entropy", kind="stability",
    en="e^logit is computed as it stands: for 1000 it is infinite, and infinity over infinity is NaN.",
    vi="e^logit được tính đúng như viết: với 1000 nó là vô cùng, và vô cùng chia vô cùng là NaN.",
    hint_en="Subtract the largest logit of the row first, or use logsumexp.",
    hint_vi="Hãy trừ logit lớn nhất của hàng trước, hoặc dùng logsumexp.",
)  # fmt: skip
def xent_with_bare_exponentials(logits, y):
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -p[torch.arange(len(y)), y].log().mean()


@mistake(
    "cross_entropy", kind="stability",
    en="softmax first, the logarithm after it: when a confident answer is wrong, that is log 0, which is infinite.",
    vi="Bạn tính softmax rồi mới lấy log: xác suất của dự đoán sai mà tự tin bằng đúng 0, và log 0 là vô cùng.",
    hint_en="log softmax is logits − logsumexp(logits): no logarithm of a rounded probability.",
    hint_vi="log softmax là logits − logsumexp(logits): không lấy log của một xác suất đã bị làm tròn.",
)  # fmt: skip
def xent_by_log_of_softmax(logits, y):
    return -logits.softmax(1)[torch.arange(len(y)), y].log().mean()


@mistake(
    "cross_entropy", kind="stability",
    en="A small number inside the logarithm hides log 0 and makes the loss of confident answers wrong.",
    vi="Một số nhỏ thêm vào trong log che đi log 0 nhưng làm sai loss của các dự đoán tự tin.",
)  # fmt: skip
def xent_with_epsilon(logits, y):
    return -(logits.softmax(1)[torch.arange(len(y)), y] + 1e-8).log().mean()


@mistake(
    "cross_entropy", kind="stability",
    en="One largest logit is subtracted from all rows; a row far below it becomes log 0.",
    vi="Bạn trừ cùng một logit lớn nhất cho mọi hàng; hàng nằm xa bên dưới sẽ thành log 0.",
    hint_en="Each row has its own largest logit: max along dim 1, with keepdim.",
    hint_vi="Mỗi hàng có logit lớn nhất riêng: lấy max theo dim 1, với keepdim.",
)  # fmt: skip
def xent_shifted_by_one_maximum(logits, y):
    z = logits - logits.max()
    return (z.exp().sum(1).log() - z[torch.arange(len(y)), y]).mean()


@mistake(
    "cross_entropy", kind="reduction",
    en="The losses of the examples are added up; the item asks for their mean.",
    vi="Loss của các mẫu được cộng lại; đề yêu cầu lấy trung bình.",
)  # fmt: skip
def xent_summed(logits, y):
    return (logits.logsumexp(1) - logits[torch.arange(len(y)), y]).sum()


@mistake(
    "cross_entropy", kind="reduction",
    en="The sum is divided by N · C: zeros for the wrong classes were averaged, too.",
    vi="Tổng bị chia cho N · C: các số 0 của lớp sai cũng được tính vào trung bình.",
    hint_en="Take the mean over the examples only.",
    hint_vi="Chỉ lấy trung bình theo các mẫu.",
)  # fmt: skip
def xent_averaged_over_classes_too(logits, y):
    one_hot = F.one_hot(y, logits.shape[1]).to(logits.dtype)
    return -(one_hot * logits.log_softmax(1)).mean()


@mistake(
    "cross_entropy", kind="reduction",
    en="softmax runs over the examples (dim 0); the classes of one example compete with each other (dim 1).",
    vi="softmax chạy theo các mẫu (dim 0); các lớp của cùng một mẫu mới cạnh tranh với nhau (dim 1).",
)  # fmt: skip
def xent_over_the_batch(logits, y):
    return -logits.log_softmax(0)[torch.arange(len(y)), y].mean()


@mistake(
    "cross_entropy", kind="indexing",
    en="logits[:, y] picks N columns for every row, (N, N) numbers, instead of one entry from each row.",
    vi="logits[:, y] chọn N cột cho mọi hàng, thành (N, N) số, thay vì mỗi hàng một phần tử.",
    hint_en="Give an index for each dimension: the row's number and the row's label.",
    hint_vi="Hãy cho chỉ số ở cả hai chiều: số thứ tự của hàng và nhãn của hàng đó.",
)  # fmt: skip
def xent_of_all_pairs(logits, y):
    return (logits.logsumexp(1)[:, None] - logits[:, y]).mean()


@mistake(
    "cross_entropy", kind="formula",
    en="softmax is applied to the logits first, and log-softmax applies it again.",
    vi="Bạn dùng softmax trên logits trước, rồi log-softmax lại áp dụng lần nữa.",
)  # fmt: skip
def xent_of_two_softmaxes(logits, y):
    p = logits.softmax(1)
    return (p.logsumexp(1) - p[torch.arange(len(y)), y]).mean()


@mistake(
    "cross_entropy", kind="formula",
    en="The log-sum-exp is missing: this only looks at the logit of the right class.",
    vi="Thiếu log-sum-exp: bạn chỉ xét logit của lớp đúng.",
)  # fmt: skip
def xent_without_normalisation(logits, y):
    return -logits[torch.arange(len(y)), y].mean()


@mistake(
    "cross_entropy", kind="sign",
    en="The sign is turned round: this number grows when the model gets better.",
    vi="Dấu bị đảo: con số này tăng khi mô hình tốt lên.",
)  # fmt: skip
def xent_with_the_wrong_sign(logits, y):
    return (logits[torch.arange(len(y)), y] - logits.logsumexp(1)).mean()


@mistake(
    "cross_entropy", kind="graph",
    en="The result has left the graph: no gradient reaches the logits.",
    vi="Kết quả đã rời khỏi graph: gradient không về được logits.",
    hint_en="Which call in your code turns a tensor into a Python number, or detaches it?",
    hint_vi="Lệnh nào trong mã của bạn đổi tensor thành số Python, hoặc detach nó?",
)  # fmt: skip
def xent_outside_the_graph(logits, y):
    return (logits.logsumexp(1) - logits[torch.arange(len(y)), y]).mean().detach()


@alternative("cross_entropy")
def xent_by_log_softmax_and_gather(logits, y):
    return -torch.log_softmax(logits, dim=-1).gather(1, y.unsqueeze(1)).squeeze(1).mean()


@alternative("cross_entropy")
def xent_by_the_largest_logit(logits, y):
    z = logits - logits.amax(dim=1, keepdim=True).detach()
    log_z = torch.log(torch.exp(z).sum(dim=1))
    one_hot = torch.zeros_like(z).scatter_(1, y[:, None], 1.0)
    return torch.sum(log_z - (z * one_hot).sum(dim=1)) / len(y)


@alternative("cross_entropy")
def xent_row_by_row(logits, y):
    losses = []
    for row, label in zip(logits, y):  # noqa: B905
        losses.append(torch.logsumexp(row - row[label], dim=0))
    return torch.stack(losses).mean()


# accuracy


@mistake(
    "accuracy", kind="reduction",
    en="argmax runs over the examples (dim 0) instead of over the classes (dim 1).",
    vi="argmax chạy theo các mẫu (dim 0) thay vì theo các lớp (dim 1).",
)  # fmt: skip
def argmax_over_the_batch(logits, y):
    guess = logits.argmax(0)
    n = min(len(guess), len(y))
    return (guess[:n] == y[:n]).double().mean().item()


@mistake(
    "accuracy", kind="reduction",
    en="This is the number of right answers; the item asks for their share.",
    vi="Đây là số câu đúng; đề yêu cầu tỉ lệ.",
)  # fmt: skip
def right_answers_counted(logits, y):
    return float((logits.argmax(1) == y).sum())


@mistake(
    "accuracy", kind="reduction",
    en="The number of right answers is divided by the number of classes, not of examples.",
    vi="Số câu đúng bị chia cho số lớp chứ không phải số mẫu.",
)  # fmt: skip
def divided_by_the_classes(logits, y):
    return (logits.argmax(1) == y).sum().item() / logits.shape[1]


@mistake(
    "accuracy", kind="return",
    en="The result is a tensor; the item asks for a Python float.",
    vi="Kết quả là một tensor; đề yêu cầu số float của Python.",
    hint_en=".item() takes the number out of a tensor with one entry.",
    hint_vi=".item() lấy con số ra khỏi tensor có một phần tử.",
)  # fmt: skip
def accuracy_as_a_tensor(logits, y):
    return (logits.argmax(1) == y).double().mean()


@mistake(
    "accuracy", kind="scale",
    en="The result is in per cent; the item asks for a share between 0 and 1.",
    vi="Kết quả tính theo phần trăm; đề yêu cầu tỉ lệ từ 0 đến 1.",
)  # fmt: skip
def accuracy_in_per_cent(logits, y):
    return 100 * (logits.argmax(1) == y).sum().item() / len(y)


@mistake(
    "accuracy", kind="formula",
    en="The smallest logit is taken (argmin) instead of the largest.",
    vi="Bạn lấy logit nhỏ nhất (argmin) thay vì lớn nhất.",
)  # fmt: skip
def by_the_smallest_logit(logits, y):
    return (logits.argmin(1) == y).sum().item() / len(y)


@mistake(
    "accuracy", kind="stability",
    en="The sigmoid of large logits is 1 for several classes at once, so the first of them wins.",
    vi="Sigmoid của các logit lớn bằng 1 ở nhiều lớp cùng lúc, nên lớp đầu tiên trong đó thắng.",
    hint_en="The largest logit is enough; it needs no sigmoid.",
    hint_vi="Chỉ cần logit lớn nhất, không cần sigmoid.",
)  # fmt: skip
def accuracy_of_sigmoids(logits, y):
    return (torch.sigmoid(logits).argmax(1) == y).sum().item() / len(y)


@mistake(
    "accuracy", kind="return",
    en="The share is rounded to two digits.",
    vi="Tỉ lệ bị làm tròn còn hai chữ số.",
)  # fmt: skip
def accuracy_rounded(logits, y):
    return round((logits.argmax(1) == y).sum().item() / len(y), 2)


@alternative("accuracy")
def accuracy_by_a_float_mean(logits, y):
    return logits.softmax(dim=-1).max(dim=-1)[1].eq(y).float().mean().item()


@alternative("accuracy")
def accuracy_by_counting(logits, y):
    right = 0
    for row, label in zip(logits, y):  # noqa: B905
        right += int(torch.argmax(row)) == int(label)
    return right / logits.size(0)


# SoftmaxRegression


@mistake(
    "softmax_regression", kind="formula",
    en="forward ends with softmax; the item asks for logits, since the loss applies softmax itself.",
    vi="forward kết thúc bằng softmax; đề yêu cầu logits vì loss tự áp dụng softmax.",
)  # fmt: skip
class ends_with_softmax(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10)

    def forward(self, x):
        return self.linear(x.flatten(1)).softmax(1)


@mistake(
    "softmax_regression", kind="formula",
    en="A ReLU follows the linear layer, so no logit can be negative.",
    vi="Sau lớp tuyến tính có ReLU, nên không logit nào âm được.",
)  # fmt: skip
class ends_with_relu(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10)

    def forward(self, x):
        return F.relu(self.linear(x.flatten(1)))


@mistake(
    "softmax_regression", kind="state",
    en="The linear layer is made in forward, so every call has new random weights and nothing can be trained.",
    vi="Lớp tuyến tính được tạo trong forward, nên mỗi lần gọi lại có trọng số ngẫu nhiên mới và không thể huấn luyện.",
    hint_en="Make the layer in __init__ and assign it to self.",
    hint_vi="Hãy tạo lớp trong __init__ và gán vào self.",
)  # fmt: skip
class layer_made_in_forward(nn.Module):
    def forward(self, x):
        return nn.Linear(784, 10)(x.flatten(1))


@mistake(
    "softmax_regression", kind="api",
    en="The linear layer has no bias: 7,840 parameters instead of 7,850.",
    vi="Lớp tuyến tính không có bias: 7.840 tham số thay vì 7.850.",
)  # fmt: skip
class without_a_bias(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10, bias=False)

    def forward(self, x):
        return self.linear(x.flatten(1))


@mistake(
    "softmax_regression", kind="formula",
    en="There is a hidden layer; softmax regression has one linear layer, 7,850 parameters.",
    vi="Có một lớp ẩn; hồi quy softmax chỉ có một lớp tuyến tính, 7.850 tham số.",
)  # fmt: skip
class with_a_hidden_layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, x):
        return self.net(x)


@mistake(
    "softmax_regression", kind="shape",
    en="squeeze() removes the batch dimension as well when the batch has one image.",
    vi="squeeze() xóa luôn chiều batch khi batch chỉ có một ảnh.",
)  # fmt: skip
class squeezes_a_single_image(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10)

    def forward(self, x):
        return self.linear(x.flatten(1)).squeeze()


@mistake(
    "softmax_regression", kind="shape",
    en="flatten() without a start takes the batch apart, too: each image should become a row of 784.",
    vi="flatten() không có vị trí bắt đầu làm mất cả chiều batch: mỗi ảnh phải thành một hàng 784 số.",
    hint_en="x.flatten(1) keeps the first dimension.",
    hint_vi="x.flatten(1) giữ lại chiều đầu tiên.",
)  # fmt: skip
class flattens_the_batch(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10)

    def forward(self, x):
        return self.linear(x.flatten())


@mistake(
    "softmax_regression", kind="shape",
    en="The pixels are in another order: rows and columns of the images are exchanged.",
    vi="Các điểm ảnh nằm sai thứ tự: hàng và cột của ảnh bị đổi chỗ.",
)  # fmt: skip
class images_transposed(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10)

    def forward(self, x):
        return self.linear(x.transpose(2, 3).flatten(1))


@mistake(
    "softmax_regression", kind="graph",
    en="forward detaches its result: no gradient reaches the layer.",
    vi="forward detach kết quả: gradient không về được lớp tuyến tính.",
)  # fmt: skip
class detached_logits(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10)

    def forward(self, x):
        return self.linear(x.flatten(1)).detach()


@alternative("softmax_regression")
class as_a_sequential(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    def forward(self, x):
        return self.net(x)


@alternative("softmax_regression")
class with_parameters_of_its_own(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(10))
        self.weight = nn.Parameter(torch.empty(10, 784).uniform_(-1 / 28, 1 / 28))

    def forward(self, x):
        return x.reshape(x.shape[0], -1) @ self.weight.t() + self.bias


@alternative("softmax_regression")
class with_view_and_another_name(nn.Module):
    def __init__(self):
        super(SoftmaxRegression, self).__init__()  # noqa: F821, UP008
        self.fc = nn.Linear(in_features=1 * 28 * 28, out_features=10)

    def forward(self, x):
        return self.fc(x.view(-1, 28 * 28))


# mnist_loaders


def _sets(root, transform=None):
    from torchvision import datasets, transforms

    transform = transform or transforms.ToTensor()
    return (datasets.MNIST(root, train=part, transform=transform) for part in (True, False))


@mistake(
    "mnist_loaders", kind="data",
    en="The training images are not shuffled.",
    vi="Ảnh huấn luyện không được xáo trộn.",
    hint_en="DataLoader has the argument shuffle.",
    hint_vi="DataLoader có đối số shuffle.",
)  # fmt: skip
def loaders_without_shuffle(root, batch_size, seed):
    train, test = _sets(root)
    return DataLoader(train, batch_size), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="data",
    en="The test images are shuffled, too.",
    vi="Ảnh kiểm tra cũng bị xáo trộn.",
)  # fmt: skip
def loaders_that_shuffle_both(root, batch_size, seed):
    generator = torch.Generator().manual_seed(seed)
    return tuple(DataLoader(data, batch_size, shuffle=True, generator=generator) for data in _sets(root))


@mistake(
    "mnist_loaders", kind="randomness",
    en="The seed is not used: the order depends on whatever random numbers were drawn before.",
    vi="Seed không được dùng: thứ tự phụ thuộc vào những số ngẫu nhiên đã lấy trước đó.",
    hint_en="DataLoader takes a generator: torch.Generator().manual_seed(seed).",
    hint_vi="DataLoader nhận generator: torch.Generator().manual_seed(seed).",
)  # fmt: skip
def loaders_without_a_seed(root, batch_size, seed):
    train, test = _sets(root)
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="randomness",
    en="torch.manual_seed changes the global random state, and what is drawn between call and use changes the order.",
    vi="torch.manual_seed làm đổi trạng thái ngẫu nhiên toàn cục, và số ngẫu nhiên lấy sau lời gọi làm đổi thứ tự.",
    hint_en="Give the loader a generator of its own.",
    hint_vi="Hãy cho loader một generator riêng.",
)  # fmt: skip
def loaders_seeded_globally(root, batch_size, seed):
    torch.manual_seed(seed)
    train, test = _sets(root)
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="randomness",
    en="The generator always has the same seed, so `seed` changes nothing.",
    vi="Generator luôn có cùng một seed, nên `seed` không có tác dụng.",
)  # fmt: skip
def loaders_with_a_fixed_seed(root, batch_size, seed):
    train, test = _sets(root)
    generator = torch.Generator().manual_seed(0)
    return DataLoader(train, batch_size, shuffle=True, generator=generator), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="randomness",
    en="The images are shuffled once and for all; each pass should have a new order.",
    vi="Ảnh chỉ được xáo trộn một lần; mỗi lượt phải có thứ tự mới.",
    hint_en="shuffle=True with a generator draws a new order in every pass.",
    hint_vi="shuffle=True cùng generator sẽ lấy thứ tự mới ở mỗi lượt.",
)  # fmt: skip
def loaders_shuffled_once(root, batch_size, seed):
    train, test = _sets(root)
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed)).tolist()
    return DataLoader(Subset(train, order), batch_size), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="data",
    en="drop_last=True throws the smaller batch at the end away.",
    vi="drop_last=True bỏ mất batch nhỏ hơn ở cuối.",
)  # fmt: skip
def loaders_that_drop_the_last(root, batch_size, seed):
    train, test = _sets(root)
    generator = torch.Generator().manual_seed(seed)
    first = DataLoader(train, batch_size, shuffle=True, generator=generator, drop_last=True)
    return first, DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="data",
    en="Both loaders read the training images: the second needs train=False.",
    vi="Cả hai loader đều đọc ảnh huấn luyện: loader thứ hai cần train=False.",
)  # fmt: skip
def loaders_of_train_twice(root, batch_size, seed):
    train, _ = _sets(root)
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(train, batch_size, shuffle=True, generator=generator), DataLoader(train, batch_size)


@mistake(
    "mnist_loaders", kind="order",
    en="The two loaders are returned in the wrong order: train comes first.",
    vi="Hai loader được trả về sai thứ tự: train phải đứng trước.",
)  # fmt: skip
def loaders_exchanged(root, batch_size, seed):
    train, test = _sets(root)
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(test, batch_size), DataLoader(train, batch_size, shuffle=True, generator=generator)


@mistake(
    "mnist_loaders", kind="data",
    en="The transform is missing: the data set gives PIL images, which a batch cannot hold.",
    vi="Thiếu transform: dataset cho ra ảnh PIL, thứ không gom thành batch được.",
    hint_en="transform=torchvision.transforms.ToTensor()",
    hint_vi="transform=torchvision.transforms.ToTensor()",
)  # fmt: skip
def loaders_of_pil_images(root, batch_size, seed):
    from torchvision import datasets

    train, test = (datasets.MNIST(root, train=part) for part in (True, False))
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(train, batch_size, shuffle=True, generator=generator), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="scale",
    en="The images are normalised after ToTensor; the item asks for pixels in [0, 1].",
    vi="Ảnh bị chuẩn hóa thêm sau ToTensor; đề yêu cầu điểm ảnh trong [0, 1].",
)  # fmt: skip
def loaders_of_normalised_images(root, batch_size, seed):
    from torchvision import transforms

    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train, test = _sets(root, steps)
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(train, batch_size, shuffle=True, generator=generator), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="scale",
    en="The pixels are whole numbers from 0 to 255 (PILToTensor); ToTensor makes floats in [0, 1].",
    vi="Điểm ảnh là số nguyên từ 0 đến 255 (PILToTensor); ToTensor cho số thực trong [0, 1].",
)  # fmt: skip
def loaders_of_whole_pixels(root, batch_size, seed):
    from torchvision import transforms

    train, test = _sets(root, transforms.PILToTensor())
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(train, batch_size, shuffle=True, generator=generator), DataLoader(test, batch_size)


@mistake(
    "mnist_loaders", kind="api",
    en="download=True asks for the files on the network; they are there already.",
    vi="download=True đi tải tệp từ mạng; các tệp đã có sẵn.",
)  # fmt: skip
def loaders_that_download(root, batch_size, seed):
    from torchvision import datasets, transforms

    to = transforms.ToTensor()
    train, test = (datasets.MNIST(root, train=part, transform=to, download=True) for part in (True, False))
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(train, batch_size, shuffle=True, generator=generator), DataLoader(test, batch_size)


@alternative("mnist_loaders")
def loaders_of_tensors(root, batch_size, seed):
    train, test = (TensorDataset(data.data.unsqueeze(1) / 255, data.targets) for data in _sets(root))
    generator = torch.Generator()
    generator.manual_seed(seed)
    return (
        DataLoader(train, batch_size=batch_size, shuffle=True, generator=generator, num_workers=0),
        DataLoader(test, batch_size=batch_size, shuffle=False),
    )


@alternative("mnist_loaders")
def loaders_with_a_sampler(root, batch_size, seed):
    import torchvision
    from torch.utils.data import RandomSampler

    to = torchvision.transforms.Compose([torchvision.transforms.PILToTensor(), lambda image: image.float().div(255)])
    train = torchvision.datasets.MNIST(root=str(root), train=True, transform=to)
    test = torchvision.datasets.MNIST(root=str(root), train=False, transform=to, download=False)
    sampler = RandomSampler(train, generator=torch.Generator().manual_seed(seed))
    return DataLoader(train, sampler=sampler, batch_size=batch_size), DataLoader(test, batch_size=batch_size)


# evaluate


@mistake(
    "evaluate", kind="reduction",
    en="The means of the batches are averaged, so an example in the small last batch counts more than the others.",
    vi="Bạn lấy trung bình các trung bình của batch, nên mẫu trong batch cuối nhỏ hơn được tính nặng hơn.",
    hint_en="Add up the losses of the examples and divide by their number at the end.",
    hint_vi="Hãy cộng loss của các mẫu rồi cuối cùng chia cho số mẫu.",
)  # fmt: skip
def mean_of_the_batches(model, loader):
    was = model.training
    model.eval()
    losses, shares = [], []
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            losses.append(F.cross_entropy(logits, y).item())
            shares.append((logits.argmax(1) == y).double().mean().item())
    model.train(was)
    return sum(losses) / len(losses), sum(shares) / len(shares)


@mistake(
    "evaluate", kind="reduction",
    en="The accuracy is example-weighted, but the loss is the mean of the batches' means.",
    vi="Độ chính xác tính theo từng mẫu, nhưng loss lại là trung bình các trung bình của batch.",
    hint_en="reduction=\"sum\", or the batch's mean times its size.",
    hint_vi="reduction=\"sum\", hoặc trung bình của batch nhân với kích thước batch.",
)  # fmt: skip
def loss_by_batches(model, loader):
    was = model.training
    model.eval()
    loss, right, count, batches = 0.0, 0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y).item()
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
            batches += 1
    model.train(was)
    return loss / batches, right / count


@mistake(
    "evaluate", kind="reduction",
    en="The sums are divided by len(loader.dataset), though the loader leaves some of the examples out.",
    vi="Bạn chia cho len(loader.dataset), dù loader có thể bỏ bớt một số mẫu.",
    hint_en="Count the examples that come out of the loader: len(y) of each batch.",
    hint_vi="Hãy đếm các mẫu đi ra từ loader: len(y) của mỗi batch.",
)  # fmt: skip
def divided_by_the_dataset(model, loader):
    was = model.training
    model.eval()
    loss, right = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
    model.train(was)
    return loss / len(loader.dataset), right / len(loader.dataset)


@mistake(
    "evaluate", kind="reduction",
    en="Every batch counts as if it had the loader's full batch_size.",
    vi="Batch nào cũng được tính như có đủ batch_size mẫu.",
)  # fmt: skip
def full_batches_assumed(model, loader):
    was = model.training
    model.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y).item() * loader.batch_size
            right += (logits.argmax(1) == y).sum().item()
            count += loader.batch_size
    model.train(was)
    return loss / count, right / count


@mistake(
    "evaluate", kind="mode",
    en="The model is not put into eval mode, so Dropout and BatchNorm act as in training.",
    vi="Model không được chuyển sang chế độ eval, nên Dropout và BatchNorm hoạt động như khi huấn luyện.",
    hint_en="model.eval() before the loop.",
    hint_vi="Gọi model.eval() trước vòng lặp.",
)  # fmt: skip
def measured_while_training(model, loader):
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
    return loss / count, right / count


@mistake(
    "evaluate", kind="mode",
    en="The model is left in eval mode: training would go on without Dropout.",
    vi="Model bị bỏ lại ở chế độ eval: huấn luyện tiếp sẽ không còn Dropout.",
    hint_en="Remember model.training at the start and put it back at the end.",
    hint_vi="Hãy nhớ model.training lúc đầu và đặt lại lúc cuối.",
)  # fmt: skip
def left_in_eval_mode(model, loader):
    model.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
    return loss / count, right / count


@mistake(
    "evaluate", kind="mode",
    en="model.train() at the end, whatever the mode was: a model that came in eval mode leaves in training mode.",
    vi="Cuối hàm luôn gọi model.train(): model vào ở chế độ eval lại ra ở chế độ huấn luyện.",
    hint_en="model.train(was) with the flag from before.",
    hint_vi="Hãy gọi model.train(was) với cờ đã nhớ từ trước.",
)  # fmt: skip
def always_back_to_training(model, loader):
    model.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
    model.train()
    return loss / count, right / count


@mistake(
    "evaluate", kind="graph",
    en="A graph is built for each batch: torch.no_grad() is missing.",
    vi="Mỗi batch lại dựng một graph: thiếu torch.no_grad().",
)  # fmt: skip
def measured_with_a_graph(model, loader):
    was = model.training
    model.eval()
    loss, right, count = 0.0, 0, 0
    for x, y in loader:
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        right += (logits.argmax(1) == y).sum().item()
        count += len(y)
    model.train(was)
    return loss / count, right / count


@mistake(
    "evaluate", kind="state",
    en="torch.set_grad_enabled(False) stays in force after the call: nothing could be trained any more.",
    vi="torch.set_grad_enabled(False) vẫn còn hiệu lực sau lời gọi: không thể huấn luyện gì nữa.",
    hint_en="with torch.no_grad(): ends by itself.",
    hint_vi="with torch.no_grad(): tự kết thúc.",
)  # fmt: skip
def gradients_switched_off_for_good(model, loader):
    was = model.training
    model.eval()
    loss, right, count = 0.0, 0, 0
    torch.set_grad_enabled(False)
    for x, y in loader:
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        right += (logits.argmax(1) == y).sum().item()
        count += len(y)
    model.train(was)
    return loss / count, right / count


@mistake(
    "evaluate", kind="reduction",
    en="Only the last batch is measured: the sums start anew with each batch.",
    vi="Chỉ batch cuối được đo: các tổng bắt đầu lại ở mỗi batch.",
)  # fmt: skip
def last_batch_only(model, loader):
    was = model.training
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
    model.train(was)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).double().mean().item()


@mistake(
    "evaluate", kind="formula",
    en="Softmax is applied before cross_entropy, which applies it itself.",
    vi="Bạn dùng softmax trước cross_entropy, trong khi hàm này đã tự áp dụng softmax.",
)  # fmt: skip
def evaluated_probabilities(model, loader):
    was = model.training
    model.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            p = model(x).softmax(1)
            loss += F.cross_entropy(p, y, reduction="sum").item()
            right += (p.argmax(1) == y).sum().item()
            count += len(y)
    model.train(was)
    return loss / count, right / count


@mistake(
    "evaluate", kind="order",
    en="The accuracy comes first; the item asks for (loss, accuracy).",
    vi="Độ chính xác đứng trước; đề yêu cầu (loss, accuracy).",
)  # fmt: skip
def accuracy_first(model, loader):
    was = model.training
    model.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
    model.train(was)
    return right / count, loss / count


@mistake(
    "evaluate", kind="return",
    en="Loss and accuracy are tensors; the item asks for Python floats.",
    vi="Loss và độ chính xác là tensor; đề yêu cầu số float của Python.",
)  # fmt: skip
def evaluated_as_tensors(model, loader):
    was = model.training
    model.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += F.cross_entropy(logits, y, reduction="sum")
            right += (logits.argmax(1) == y).sum()
            count += len(y)
    model.train(was)
    return loss / count, right / count


@alternative("evaluate")
def with_weighted_means(model, loader):
    mode = model.training
    model.train(False)
    total = n = hits = 0
    with torch.inference_mode():
        for batch in loader:
            logits = model(batch[0])
            size = batch[1].size(0)
            total += nn.CrossEntropyLoss()(logits, batch[1]).item() * size
            hits += accuracy(logits, batch[1]) * size  # noqa: F821
            n += size
    if mode:
        model.train()
    return total / n, hits / n


@alternative("evaluate")
@torch.no_grad()
def with_all_logits_at_once(model, loader):
    flags = {module: module.training for module in model.modules()}
    try:
        pairs = [(model.eval()(x), y) for x, y in loader]
    finally:
        for module, flag in flags.items():
            module.training = flag
    logits, y = torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])
    return cross_entropy(logits, y).item(), accuracy(logits, y)  # noqa: F821


# train_step


@mistake(
    "train_step", kind="gradient",
    en="The gradients are not zeroed, so those of earlier steps are added.",
    vi="Gradient không được xóa về 0, nên gradient của các bước trước bị cộng dồn.",
    hint_en="optimizer.zero_grad() before backward().",
    hint_vi="Gọi optimizer.zero_grad() trước backward().",
)  # fmt: skip
def step_without_zero_grad(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step", kind="order",
    en="zero_grad stands between backward and step, so nothing is learned.",
    vi="zero_grad nằm giữa backward và step, nên model không học được gì.",
)  # fmt: skip
def zeroed_before_the_step(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step", kind="state",
    en="The optimizer never steps: the gradients are there, the weights stay.",
    vi="Optimizer không chạy step: đã có gradient nhưng trọng số vẫn giữ nguyên.",
)  # fmt: skip
def never_stepped(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@mistake(
    "train_step", kind="formula",
    en="Softmax is applied before cross_entropy, which applies it itself.",
    vi="Bạn dùng softmax trước cross_entropy, trong khi hàm này đã tự áp dụng softmax.",
)  # fmt: skip
def step_on_probabilities(model, x, y, optimizer):
    loss = F.cross_entropy(model(x).softmax(1), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step", kind="formula",
    en="The loss is the squared error against one-hot labels; the item asks for cross-entropy.",
    vi="Loss là sai số bình phương so với nhãn one-hot; đề yêu cầu cross-entropy.",
)  # fmt: skip
def step_on_squared_errors(model, x, y, optimizer):
    logits = model(x)
    loss = F.mse_loss(logits, F.one_hot(y, logits.shape[1]).to(logits.dtype))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step", kind="reduction",
    en="The loss is the sum over the batch; the item asks for the mean.",
    vi="Loss là tổng trên batch; đề yêu cầu lấy trung bình.",
)  # fmt: skip
def step_on_the_sum(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y, reduction="sum")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step", kind="order",
    en="The loss is computed again after the update; the item asks for the one before it.",
    vi="Loss được tính lại sau khi cập nhật; đề yêu cầu loss trước khi cập nhật.",
)  # fmt: skip
def loss_after_the_update(model, x, y, optimizer):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


@mistake(
    "train_step", kind="return",
    en="The result is a tensor with its graph; the item asks for a Python float.",
    vi="Kết quả là một tensor còn gắn với graph; đề yêu cầu số float của Python.",
)  # fmt: skip
def loss_with_its_graph(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@mistake(
    "train_step", kind="state",
    en="A new optimizer is made inside; the one that was passed, with its momentum and its parameters, is not used.",
    vi="Bên trong tạo một optimizer mới; optimizer được truyền vào, cùng momentum và tham số của nó, không được dùng.",
)  # fmt: skip
def with_an_optimizer_of_its_own(model, x, y, optimizer):
    own = torch.optim.SGD(model.parameters(), lr=optimizer.param_groups[0]["lr"])
    loss = F.cross_entropy(model(x), y)
    own.zero_grad()
    loss.backward()
    own.step()
    return loss.item()


@mistake(
    "train_step", kind="mode",
    en="model.train() changes the training flag; the item leaves it as it is.",
    vi="model.train() làm đổi cờ training; đề yêu cầu giữ nguyên.",
)  # fmt: skip
def puts_it_into_training_mode(model, x, y, optimizer):
    model.train()
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@alternative("train_step")
def by_own_cross_entropy(model, x, y, optimizer):
    model.zero_grad(set_to_none=False)
    loss = cross_entropy(model(x), y)  # noqa: F821
    loss.backward()
    value = float(loss)
    optimizer.step()
    return value


@alternative("train_step")
def with_a_closure(model, x, y, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
        loss.backward()
        return loss

    return optimizer.step(closure).item()


@alternative("train_step")
def zeroed_at_both_ends(model, x, y, optimizer):
    loss_fn = nn.CrossEntropyLoss()
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach().item()


# train_logistic


def _train(model, x, y, epochs, optimizer, batches):
    for _ in range(epochs):
        for batch in batches():
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


def _linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


@mistake(
    "train_logistic", kind="formula",
    en="The model ends with Softmax, and cross_entropy applies it once more; the model should return logits.",
    vi="Model kết thúc bằng Softmax, rồi cross_entropy lại áp dụng lần nữa; model phải trả về logits.",
)  # fmt: skip
def softmax_in_the_model(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear().append(nn.Softmax(dim=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return _train(model, x, y, epochs, optimizer, lambda: torch.randperm(len(x)).split(batch_size))


@mistake(
    "train_logistic", kind="gradient",
    en="The gradients are never zeroed, so each step adds those of all steps before.",
    vi="Gradient không bao giờ được xóa về 0, nên mỗi bước cộng dồn gradient của mọi bước trước.",
)  # fmt: skip
def gradients_pile_up(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@mistake(
    "train_logistic", kind="data",
    en="The smaller batch at the end of an epoch is dropped.",
    vi="Batch nhỏ hơn ở cuối epoch bị bỏ đi.",
)  # fmt: skip
def smaller_batch_dropped(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    full = len(x) // batch_size
    batches = lambda: torch.randperm(len(x)).split(batch_size)[:full]  # noqa: E731
    return _train(model, x, y, epochs, optimizer, batches)


@mistake(
    "train_logistic", kind="data",
    en="The examples come in the order of x; every epoch should shuffle them.",
    vi="Các mẫu được lấy theo thứ tự trong x; mỗi epoch phải xáo trộn lại.",
    hint_en="torch.randperm(len(x)) is a random order.",
    hint_vi="torch.randperm(len(x)) là một thứ tự ngẫu nhiên.",
)  # fmt: skip
def in_the_order_of_x(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return _train(model, x, y, epochs, optimizer, lambda: torch.arange(len(x)).split(batch_size))


@mistake(
    "train_logistic", kind="data",
    en="The order is drawn once, before the epochs; each epoch should draw a new one.",
    vi="Thứ tự chỉ được lấy một lần trước các epoch; mỗi epoch phải lấy thứ tự mới.",
    hint_en="Move randperm into the loop over the epochs.",
    hint_vi="Hãy đưa randperm vào trong vòng lặp theo epoch.",
)  # fmt: skip
def one_order_for_all_epochs(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    order = torch.randperm(len(x))
    return _train(model, x, y, epochs, optimizer, lambda: order.split(batch_size))


@mistake(
    "train_logistic", kind="data",
    en="randint draws with replacement: some images come twice in an epoch, others not at all.",
    vi="randint lấy mẫu có hoàn lại: trong một epoch có ảnh xuất hiện hai lần, có ảnh không xuất hiện.",
    hint_en="torch.randperm(len(x)) is every index once, in random order.",
    hint_vi="torch.randperm(len(x)) gồm mỗi chỉ số đúng một lần, theo thứ tự ngẫu nhiên.",
)  # fmt: skip
def drawn_with_replacement(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return _train(model, x, y, epochs, optimizer, lambda: torch.randint(len(x), (len(x),)).split(batch_size))


@mistake(
    "train_logistic", kind="randomness",
    en="The seed is set after the model was made, so the weights at the start do not depend on it.",
    vi="Seed được đặt sau khi tạo model, nên trọng số ban đầu không phụ thuộc vào nó.",
)  # fmt: skip
def seeded_after_the_model(x, y, epochs, lr, batch_size, seed):
    model = _linear()
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return _train(model, x, y, epochs, optimizer, lambda: torch.randperm(len(x)).split(batch_size))


@mistake(
    "train_logistic", kind="randomness",
    en="The seed is not used (here it is always 0).",
    vi="Seed không được dùng (ở đây luôn bằng 0).",
)  # fmt: skip
def always_the_same_seed(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(0)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return _train(model, x, y, epochs, optimizer, lambda: torch.randperm(len(x)).split(batch_size))


@mistake(
    "train_logistic", kind="api",
    en="The optimizer is not plain SGD with the lr that was passed (here: with momentum).",
    vi="Optimizer không phải là SGD thuần với lr được truyền vào (ở đây có momentum).",
)  # fmt: skip
def with_momentum(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return _train(model, x, y, epochs, optimizer, lambda: torch.randperm(len(x)).split(batch_size))


@mistake(
    "train_logistic", kind="scale",
    en="x is divided by 255, but it is in [0, 1] already: the model sees almost black images.",
    vi="x bị chia cho 255 trong khi đã nằm trong [0, 1]: model chỉ thấy những ảnh gần như đen.",
)  # fmt: skip
def scaled_twice(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return _train(model, x / 255, y, epochs, optimizer, lambda: torch.randperm(len(x)).split(batch_size))


@mistake(
    "train_logistic", kind="return",
    en="The function returns nothing: the trained model is lost.",
    vi="Hàm không trả về gì: model đã huấn luyện bị mất.",
)  # fmt: skip
def model_not_returned(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    _train(model, x, y, epochs, optimizer, lambda: torch.randperm(len(x)).split(batch_size))


@alternative("train_logistic")
def with_a_data_loader(x, y, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = SoftmaxRegression()  # noqa: F821
    generator = torch.Generator().manual_seed(seed)
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for pixels, labels in loader:
            loss = loss_fn(model(pixels), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


@alternative("train_logistic")
def from_zero_by_hand(x, y, epochs, lr, batch_size, seed):
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.zeros_(model[1].weight)
    nn.init.zeros_(model[1].bias)
    steps = math.ceil(len(x) / batch_size)
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for i in range(steps):
            batch = order[i * batch_size : (i + 1) * batch_size]
            with torch.no_grad():
                pixels = x[batch].flatten(1)
                p = model[1](pixels).softmax(1)
                p[torch.arange(len(batch)), y[batch]] -= 1
                model[1].weight -= lr * p.T @ pixels / len(batch)
                model[1].bias -= lr * p.mean(0)
    return model


# save_checkpoint


@mistake(
    "save_checkpoint", kind="api",
    en="The whole module is pickled; the item asks for its state_dict, which can be loaded without running code.",
    vi="Cả module bị pickle; đề yêu cầu state_dict, thứ có thể nạp mà không chạy mã.",
    hint_en="torch.save(model.state_dict(), path)",
    hint_vi="torch.save(model.state_dict(), path)",
)  # fmt: skip
def whole_module_saved(path, model):
    torch.save(model, path)


@mistake(
    "save_checkpoint", kind="state",
    en="Only the parameters are saved: the buffers (BatchNorm's running statistics) are missing.",
    vi="Chỉ lưu các tham số: thiếu các buffer (thống kê chạy của BatchNorm).",
    hint_en="state_dict() has parameters and buffers.",
    hint_vi="state_dict() gồm cả tham số và buffer.",
)  # fmt: skip
def parameters_without_buffers(path, model):
    torch.save(dict(model.named_parameters()), path)


@mistake(
    "save_checkpoint", kind="return",
    en="The parameters are saved as a list, without their names.",
    vi="Các tham số được lưu thành list, không có tên.",
)  # fmt: skip
def parameters_as_a_list(path, model):
    torch.save([p.detach() for p in model.parameters()], path)


@mistake(
    "save_checkpoint", kind="api",
    en="The state_dict lies inside of another dict; the file should hold the state_dict itself.",
    vi="state_dict nằm trong một dict khác; tệp phải chứa chính state_dict.",
)  # fmt: skip
def wrapped_in_a_dict(path, model):
    torch.save({"model": model.state_dict()}, path)


@mistake(
    "save_checkpoint", kind="api",
    en="Something is added to the file's name, so the file is not at `path`.",
    vi="Tên tệp bị thêm đuôi, nên tệp không nằm ở `path`.",
)  # fmt: skip
def with_an_ending_of_its_own(path, model):
    torch.save(model.state_dict(), f"{path}.pth")


@mistake(
    "save_checkpoint", kind="mode",
    en="model.eval() changes the model that is only to be saved.",
    vi="model.eval() làm thay đổi model trong khi chỉ cần lưu nó.",
)  # fmt: skip
def saved_in_eval_mode(path, model):
    model.eval()
    torch.save(model.state_dict(), path)


@mistake(
    "save_checkpoint", kind="dtype",
    en="The numbers are rounded to float32 (or half) on their way into the file.",
    vi="Các số bị làm tròn xuống float32 (hoặc half) khi ghi vào tệp.",
)  # fmt: skip
def rounded_on_the_way(path, model):
    torch.save({name: value.float() for name, value in model.state_dict().items()}, path)


@alternative("save_checkpoint")
def through_an_open_file(path, model):
    with open(path, "wb") as file:
        torch.save(model.state_dict(), file)


@alternative("save_checkpoint")
def as_a_dict_of_copies(path, model):
    state = {name: value.detach().clone() for name, value in model.state_dict().items()}
    torch.save(state, str(path), _use_new_zipfile_serialization=False)
