"""Known mistakes and right alternatives of u10_debugging.

The first mistake of an item with code to mend is that code itself: then the report says that it still stands there.
"""

import copy
import itertools
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from autograder.mistakes import alternative, mistake

# forgotten_zero_grad


@mistake(
    "forgotten_zero_grad", kind="gradient",
    en="Each step follows the sum of all gradients so far: backward() adds to what still lies in .grad.",
    vi="Mỗi bước đi theo tổng mọi gradient từ trước đến nay: backward() cộng vào những gì còn trong .grad.",
    hint_en="What must happen to .grad between two calls of backward()?",
    hint_vi="Giữa hai lần gọi backward(), phải làm gì với .grad?",
)  # fmt: skip
def gradients_pile_up(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "forgotten_zero_grad", kind="order",
    en="zero_grad() stands between backward() and step(), so the step finds no gradient and the model never moves.",
    vi="zero_grad() nằm giữa backward() và step(), nên step không còn gradient và model không hề nhúc nhích.",
    hint_en="Zero before backward() or after step(), not between the two.",
    hint_vi="Hãy xóa trước backward() hoặc sau step(), không phải ở giữa hai lệnh.",
)  # fmt: skip
def zeroed_before_the_step(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
    return losses


@mistake(
    "forgotten_zero_grad", kind="gradient",
    en="The gradients are zeroed once, before the loop; inside of it they still add up.",
    vi="Gradient chỉ được xóa một lần trước vòng lặp; bên trong vòng lặp chúng vẫn cộng dồn.",
    hint_en="Every step needs fresh gradients, not the first one alone.",
    hint_vi="Bước nào cũng cần gradient mới, không chỉ bước đầu tiên.",
)  # fmt: skip
def zeroed_once(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    optimizer.zero_grad()
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "forgotten_zero_grad", kind="gradient",
    en="The gradients are zeroed after the step only: what lay in .grad before the call leaks into the first step.",
    vi="Gradient chỉ được xóa sau step, nên những gì có sẵn trong .grad trước lời gọi vẫn lọt vào bước đầu tiên.",
    hint_en="Zero in front of backward().",
    hint_vi="Hãy xóa ngay trước backward().",
)  # fmt: skip
def zeroed_after_the_step_only(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return losses


@mistake(
    "forgotten_zero_grad", kind="scale",
    en="The pile of gradients is divided by the number of steps: an average, not the gradient of this step.",
    vi="Bạn chia đống gradient cộng dồn cho số bước; đó là trung bình, trong khi cần gradient của chính bước này.",
)  # fmt: skip
def averaged_over_the_steps(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    optimizer.zero_grad()
    losses = []
    for step in range(1, steps + 1):
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        loss.backward()
        before = [p.grad.clone() for p in model.parameters()]
        for p in model.parameters():
            p.grad /= step
        optimizer.step()
        for p, grad in zip(model.parameters(), before, strict=True):
            p.grad = grad
    return losses


@alternative("forgotten_zero_grad")
def fresh_gradients_from_autograd(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    params = list(model.parameters())
    losses = []
    for _ in range(steps):
        loss = torch.mean((y - model(x)) ** 2)
        losses.append(float(loss.detach()))
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, grad in zip(params, grads, strict=True):
                p.sub_(grad, alpha=lr)
    return losses


@alternative("forgotten_zero_grad")
def gradients_set_to_none(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_fn, losses = nn.MSELoss(), []
    while len(losses) < steps:
        for p in model.parameters():
            p.grad = None
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# softmax_before_cross_entropy


@mistake(
    "softmax_before_cross_entropy", kind="formula",
    en="cross_entropy gets probabilities and takes a softmax of them again: numbers from 0 to 1 can never be sure.",
    vi="cross_entropy nhận xác suất rồi lại lấy softmax của chúng: các số từ 0 đến 1 không bao giờ chắc chắn được.",
    hint_en="cross_entropy wants logits.",
    hint_vi="cross_entropy cần logits.",
)  # fmt: skip
def softmax_twice(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        probabilities = model(x).softmax(dim=1)
        loss = F.cross_entropy(probabilities, y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "softmax_before_cross_entropy", kind="stability",
    en="The log of a softmax is −∞ where the softmax is 0; a model that is wrong and sure gets an infinite loss.",
    vi="log của softmax là −∞ ở chỗ softmax bằng 0; model sai mà chắc chắn sẽ có loss vô hạn.",
    hint_en="log_softmax and cross_entropy compute both at once.",
    hint_vi="log_softmax và cross_entropy tính cả hai cùng lúc.",
)  # fmt: skip
def log_of_the_softmax(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.nll_loss(model(x).softmax(dim=1).log(), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "softmax_before_cross_entropy", kind="formula",
    en="nll_loss wants log probabilities; of probabilities it gives minus their mean, a loss below 0.",
    vi="nll_loss cần log xác suất; với xác suất nó cho giá trị âm của trung bình, tức loss nhỏ hơn 0.",
)  # fmt: skip
def nll_of_probabilities(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.nll_loss(model(x).softmax(dim=1), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "softmax_before_cross_entropy", kind="formula",
    en="The reported loss is mended, but the model still follows the gradient of the old one, with the softmax in it.",
    vi="Loss được báo ra đã đúng, nhưng model vẫn đi theo gradient của loss cũ còn softmax.",
    hint_en="Which tensor is backward() called on?",
    hint_vi="backward() được gọi trên tensor nào?",
)  # fmt: skip
def only_the_report_mended(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        logits = model(x)
        losses.append(F.cross_entropy(logits, y).item())
        optimizer.zero_grad()
        F.cross_entropy(logits.softmax(dim=1), y).backward()
        optimizer.step()
    return losses


@mistake(
    "softmax_before_cross_entropy", kind="scale",
    en="The loss has lost its floor by a subtraction of 1.461…; its gradient is still the one with two softmaxes.",
    vi="Bạn trừ 1.461… để loss xuống được 0; gradient vẫn là của loss có hai lần softmax.",
)  # fmt: skip
def floor_subtracted(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        logits = model(x)
        floor = math.log(math.e + logits.shape[1] - 1) - 1
        loss = F.cross_entropy(logits.softmax(dim=1), y) - floor
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@alternative("softmax_before_cross_entropy")
def log_softmax_and_nll(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@alternative("softmax_before_cross_entropy")
def log_softmax_in_front(model, x, y, steps, lr, seed):
    # a log_softmax of a log_softmax is the log_softmax: unusual, and right
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_fn, losses = nn.CrossEntropyLoss(), []
    for _ in range(steps):
        loss = loss_fn(model(x).log_softmax(dim=1), y)
        losses.append(loss.item())
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
    return losses


@alternative("softmax_before_cross_entropy")
def logsumexp_minus_the_right_logit(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    losses = []
    for _ in range(steps):
        logits = model(x)
        loss = (logits.logsumexp(1) - logits[torch.arange(len(y)), y]).sum() / len(y)
        model.zero_grad()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
    return losses


# view_for_permute


@mistake(
    "view_for_permute", kind="view_copy",
    en="view and reshape give the numbers another shape in the order of memory; no dimension was exchanged.",
    vi="view và reshape cho các số shape khác nhưng vẫn theo thứ tự bộ nhớ; không chiều nào được hoán đổi.",
    hint_en="Which function says where each dimension goes?",
    hint_vi="Hàm nào nói rõ mỗi chiều đi về đâu?",
)  # fmt: skip
def viewed(x):
    n, h, w, c = x.shape
    return x.contiguous().view(n, c, h, w)


@mistake(
    "view_for_permute", kind="shape",
    en="The channels stand before the batch: (C, N, H, W) in place of (N, C, H, W).",
    vi="Kênh đứng trước batch: (C, N, H, W) thay vì (N, C, H, W).",
)  # fmt: skip
def channels_before_the_batch(x):
    return torch.stack(x.unbind(dim=3), dim=0)


@mistake(
    "view_for_permute", kind="shape",
    en="transpose(1, 3) exchanges H with C and leaves W in the middle: the pictures lie on their side.",
    vi="transpose(1, 3) đổi H với C và để W ở giữa: ảnh bị lật nằm ngang.",
    hint_en="The three dimensions move in a circle; one exchange is not enough.",
    hint_vi="Ba chiều xoay vòng; một lần đổi chỗ là chưa đủ.",
)  # fmt: skip
def pictures_on_their_side(x):
    return x.transpose(1, 3).contiguous()


@mistake(
    "view_for_permute", kind="shape",
    en="permute(0, 2, 3, 1) is the way from channels first to channels last; the other way is wanted.",
    vi="permute(0, 2, 3, 1) đi từ kênh đứng trước sang kênh đứng sau; bài cần chiều ngược lại.",
)  # fmt: skip
def permuted_the_other_way(x):
    return x.permute(0, 2, 3, 1).contiguous()


@mistake(
    "view_for_permute", kind="view_copy",
    en="The entries are right, but the result is not contiguous, so .view(N, −1) raises.",
    vi="Các phần tử đã đúng, nhưng kết quả không contiguous nên .view(N, −1) báo lỗi.",
    hint_en="permute moves no number in memory.",
    hint_vi="permute không di chuyển số nào trong bộ nhớ.",
)  # fmt: skip
def permuted_and_not_contiguous(x):
    return x.permute(0, 3, 1, 2)


@alternative("view_for_permute")
def by_two_transposes(x):
    return x.transpose(2, 3).transpose(1, 2).clone(memory_format=torch.contiguous_format)


@alternative("view_for_permute")
def stacked_channels(x):
    return torch.stack(x.unbind(dim=3), dim=1)


@alternative("view_for_permute")
def by_einsum_or_movedim(x):
    return torch.movedim(x, -1, 1).contiguous()


# list_of_layers


class _ForwardOfTheStub(nn.Module):
    def forward(self, x):
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.head(x)


@mistake(
    "list_of_layers", kind="state",
    en="The hidden layers are kept in a plain Python list, so the module does not know their parameters.",
    vi="Các lớp ẩn nằm trong một list Python thường, nên module không biết các tham số của chúng.",
    hint_en="nn.ModuleList and nn.Sequential register the layers they hold.",
    hint_vi="nn.ModuleList và nn.Sequential đăng ký các lớp mà chúng chứa.",
)  # fmt: skip
class plain_list(_ForwardOfTheStub):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = [nn.Linear(n, m) for n, m in itertools.pairwise(sizes[:-1])]
        self.head = nn.Linear(sizes[-2], sizes[-1])


@mistake(
    "list_of_layers", kind="state",
    en="Copies of the hidden layers are registered, and forward uses the others: the optimizer moves the wrong ones.",
    vi="Bạn đăng ký bản sao của các lớp ẩn; forward vẫn dùng các lớp chưa đăng ký, nên optimizer cập nhật nhầm lớp.",
    hint_en="Register the very layers that forward uses.",
    hint_vi="Hãy đăng ký chính những lớp mà forward dùng.",
)  # fmt: skip
class copies_registered(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.used = [nn.Linear(n, m) for n, m in itertools.pairwise(sizes[:-1])]
        self.hidden = nn.ModuleList(copy.deepcopy(layer) for layer in self.used)
        self.head = nn.Linear(sizes[-2], sizes[-1])

    def forward(self, x):
        for layer in self.used:
            x = F.relu(layer.to(x.dtype)(x))
        return self.head(x)


@mistake(
    "list_of_layers", kind="state",
    en="The weights of the hidden layers are registered, their biases are not.",
    vi="Trọng số của các lớp ẩn được đăng ký, còn bias thì không.",
)  # fmt: skip
class weights_registered_only(_ForwardOfTheStub):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = [nn.Linear(n, m) for n, m in itertools.pairwise(sizes[:-1])]
        self.weights = nn.ParameterList(layer.weight for layer in self.hidden)
        self.head = nn.Linear(sizes[-2], sizes[-1])


@mistake(
    "list_of_layers", kind="state",
    en="parameters() was rewritten to include the hidden layers; state_dict() and double() still do not know them.",
    vi="Bạn viết lại parameters() để có các lớp ẩn; state_dict() và double() vẫn không biết chúng.",
    hint_en="Register the layers, then all three follow.",
    hint_vi="Hãy đăng ký các lớp, khi đó cả ba đều đúng.",
)  # fmt: skip
class parameters_rewritten(_ForwardOfTheStub):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = [nn.Linear(n, m) for n, m in itertools.pairwise(sizes[:-1])]
        self.head = nn.Linear(sizes[-2], sizes[-1])

    def parameters(self, recurse=True):
        return itertools.chain(*(layer.parameters() for layer in self.hidden), self.head.parameters())


@mistake(
    "list_of_layers", kind="order",
    en="The head is registered before the hidden layers, so its parameters come first.",
    vi="Head được đăng ký trước các lớp ẩn, nên tham số của nó đứng đầu.",
)  # fmt: skip
class head_registered_first(_ForwardOfTheStub):
    def __init__(self, sizes):
        super().__init__()
        self.head = nn.Linear(sizes[-2], sizes[-1])
        self.hidden = nn.ModuleList(nn.Linear(n, m) for n, m in itertools.pairwise(sizes[:-1]))


@alternative("list_of_layers")
class one_sequential(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for n, m in itertools.pairwise(sizes):
            layers += [nn.Linear(n, m), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.net(x)


@alternative("list_of_layers")
class added_one_by_one(_ForwardOfTheStub):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = [nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 2)]
        for i, layer in enumerate(self.hidden):
            self.add_module(f"hidden{i}", layer)
        self.head = nn.Linear(sizes[-2], sizes[-1])


# forgotten_eval


@mistake(
    "forgotten_eval", kind="mode",
    en="The model is measured in training mode: dropout drops, and batch norm uses the batch and remembers it.",
    vi="Model được đo ở chế độ huấn luyện: dropout vẫn bỏ phần tử, batch norm dùng thống kê của batch và ghi nhớ nó.",
    hint_en="Which call switches a model to use, and which one back?",
    hint_vi="Lệnh nào chuyển model sang chế độ sử dụng, lệnh nào chuyển lại?",
)  # fmt: skip
def measured_while_training(model, x, y, batch_size):
    right = 0
    with torch.no_grad():
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            right += (model(batch_x).argmax(dim=1) == batch_y).sum().item()
    return right / len(y)


@mistake(
    "forgotten_eval", kind="mode",
    en="The model stays in eval mode after the call; the training that goes on has no dropout and a frozen batch norm.",
    vi="Sau lời gọi model vẫn ở chế độ eval; huấn luyện tiếp theo sẽ không có dropout và batch norm bị đóng băng.",
)  # fmt: skip
def left_in_eval_mode(model, x, y, batch_size):
    model.eval()
    right = 0
    with torch.no_grad():
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            right += (model(batch_x).argmax(dim=1) == batch_y).sum().item()
    return right / len(y)


@mistake(
    "forgotten_eval", kind="mode",
    en="Only the mode of the whole model was noted; a layer in another mode, a frozen batch norm, is switched to it.",
    vi="Bạn chỉ ghi chế độ của cả model; lớp đang ở chế độ khác, như batch norm bị đóng băng, bị đổi theo.",
    hint_en="model.train(mode) sets every module inside the model.",
    hint_vi="model.train(mode) đặt chế độ cho mọi module bên trong.",
)  # fmt: skip
def one_mode_for_all(model, x, y, batch_size):
    training = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            right += (model(batch_x).argmax(dim=1) == batch_y).sum().item()
    model.train(training)
    return right / len(y)


@mistake(
    "forgotten_eval", kind="mode",
    en="train() at the end puts the whole model into training mode, also a model or a layer that was not in it.",
    vi="train() ở cuối đưa cả model sang chế độ huấn luyện, kể cả model hay lớp vốn không ở chế độ đó.",
    hint_en="Note the mode of every module before, and write each back.",
    hint_vi="Hãy ghi chế độ của từng module trước đó rồi gán lại từng cái.",
)  # fmt: skip
def always_back_to_training(model, x, y, batch_size):
    model.eval()
    right = 0
    with torch.no_grad():
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            right += (model(batch_x).argmax(dim=1) == batch_y).sum().item()
    model.train()
    return right / len(y)


@mistake(
    "forgotten_eval", kind="reduction",
    en="The accuracies of the batches are averaged, so an example in a small last batch counts more than another.",
    vi="Bạn lấy trung bình độ chính xác của các batch, nên mẫu trong batch cuối nhỏ hơn nặng ký hơn mẫu khác.",
)  # fmt: skip
def mean_of_the_batches(model, x, y, batch_size):
    model = copy.deepcopy(model).eval()
    with torch.no_grad():
        shares = [
            (model(a).argmax(dim=1) == b).double().mean().item()
            for a, b in zip(x.split(batch_size), y.split(batch_size), strict=True)
        ]
    return sum(shares) / len(shares)


@mistake(
    "forgotten_eval", kind="graph",
    en="no_grad() is gone: eval() alone does not stop autograd, and every batch builds a graph.",
    vi="Mất no_grad(): chỉ eval() thì autograd không dừng, và batch nào cũng dựng đồ thị.",
)  # fmt: skip
def eval_in_place_of_no_grad(model, x, y, batch_size):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    right = 0
    for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
        right += (model(batch_x).argmax(dim=1) == batch_y).sum().item()
    for module, training in modes:
        module.training = training
    return right / len(y)


@alternative("forgotten_eval")
@torch.no_grad()
def a_copy_is_measured(model, x, y, batch_size):
    model = copy.deepcopy(model).eval()
    answers = [model(x[i : i + batch_size]).argmax(1) for i in range(0, len(x), batch_size)]
    return (torch.cat(answers) == y).double().mean().item()


@alternative("forgotten_eval")
def in_inference_mode(model, x, y, batch_size):
    was_training = [module for module in model.modules() if module.training]
    for module in model.modules():
        module.training = False
    right = 0
    with torch.inference_mode():
        for a, b in DataLoader(TensorDataset(x, y), batch_size=batch_size, generator=torch.Generator()):
            right += int((model(a).max(1).indices == b).sum())
    for module in was_training:
        module.training = True
    return right / x.shape[0]


# optimizer_on_old_parameters


@mistake(
    "optimizer_on_old_parameters", kind="order",
    en="The optimizer is made before the head is replaced, so it goes on moving the old head and never the new one.",
    vi="Optimizer được tạo trước khi thay head, nên nó cứ cập nhật head cũ mà không hề chạm đến head mới.",
    hint_en="An optimizer keeps the Parameter objects it was given, not the model.",
    hint_vi="Optimizer giữ các đối tượng Parameter đã được đưa cho nó, không giữ model.",
)  # fmt: skip
def optimizer_before_the_head(model, num_classes, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    old = model.head
    model.head = nn.Linear(old.in_features, num_classes, dtype=old.weight.dtype)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "optimizer_on_old_parameters", kind="state",
    en="Only the new head is given to the optimizer; the body stays as it was.",
    vi="Optimizer chỉ nhận head mới; body giữ nguyên như cũ.",
    hint_en="All parameters of the model are to learn.",
    hint_vi="Mọi tham số của model đều phải học.",
)  # fmt: skip
def head_alone_learns(model, num_classes, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    old = model.head
    model.head = nn.Linear(old.in_features, num_classes, dtype=old.weight.dtype)
    optimizer = torch.optim.SGD(model.head.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "optimizer_on_old_parameters", kind="state",
    en="A new optimizer is made in every step; momentum, which an optimizer remembers, begins at 0 each time.",
    vi="Mỗi bước lại tạo một optimizer mới; momentum mà optimizer ghi nhớ lần nào cũng bắt đầu từ 0.",
    hint_en="One optimizer, after the new head and before the loop.",
    hint_vi="Chỉ một optimizer, sau khi có head mới và trước vòng lặp.",
)  # fmt: skip
def new_optimizer_in_every_step(model, num_classes, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    old = model.head
    model.head = nn.Linear(old.in_features, num_classes, dtype=old.weight.dtype)
    losses = []
    for _ in range(steps):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "optimizer_on_old_parameters", kind="gradient",
    en="The optimizer zeroes its own parameters only; the gradients of the new head, unknown to it, pile up.",
    vi="Optimizer chỉ xóa gradient của các tham số của nó, còn gradient của head mới mà nó không biết thì cộng dồn.",
)  # fmt: skip
def head_moved_by_hand_without_zeroing(model, num_classes, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    old = model.head
    model.head = nn.Linear(old.in_features, num_classes, dtype=old.weight.dtype)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for p in model.head.parameters():
                p -= lr * p.grad
    return losses


@mistake(
    "optimizer_on_old_parameters", kind="dtype",
    en="The new head is float32 whatever the model is; in a float64 model the two do not fit together.",
    vi="Head mới luôn là float32 bất kể model là gì; trong model float64 hai phần không khớp nhau.",
    hint_en="nn.Linear(…, dtype=old.weight.dtype).",
    hint_vi="nn.Linear(…, dtype=old.weight.dtype).",
)  # fmt: skip
def head_in_float32(model, num_classes, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    model.head = nn.Linear(model.head.in_features, num_classes)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@alternative("optimizer_on_old_parameters")
def group_added_for_the_head(model, num_classes, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    model.zero_grad()  # the old head is no longer part of the model when the loop zeroes
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    old = model.head
    model.head = nn.Linear(old.in_features, num_classes).to(old.weight)
    optimizer.add_param_group({"params": model.head.parameters()})
    losses = []
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(x), y)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@alternative("optimizer_on_old_parameters")
def momentum_by_hand(model, num_classes, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    dtype = next(model.parameters()).dtype
    setattr(model, "head", nn.Linear(model.head.weight.shape[1], num_classes, dtype=dtype))
    params = list(model.parameters())
    speeds = [torch.zeros_like(p) for p in params]
    losses = []
    for _ in range(steps):
        loss = -F.log_softmax(model(x), 1).gather(1, y.unsqueeze(1)).mean()
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, speed, grad in zip(params, speeds, grads, strict=True):
                speed.mul_(0.9).add_(grad)
                p.sub_(lr * speed)
    return losses


# mse_broadcast


@mistake(
    "mse_broadcast", kind="broadcast",
    en="(N, 1) minus (N,) or (1, N) broadcasts to (N, N): every prediction is compared with every target.",
    vi="(N, 1) trừ (N,) hay (1, N) broadcast thành (N, N): mỗi dự đoán bị so với mọi target.",
    hint_en="Print the shape of the difference.",
    hint_vi="Hãy in shape của hiệu.",
)  # fmt: skip
def everyone_against_everyone(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = ((model(x) - y) ** 2).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "mse_broadcast", kind="formula",
    en="The errors are taken without their squares.",
    vi="Sai số được lấy trị tuyệt đối chứ không bình phương.",
)  # fmt: skip
def absolute_errors(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = (model(x)[:, 0] - y).abs().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "mse_broadcast", kind="reduction",
    en="The shapes fit now, but the squared errors are added up, not averaged.",
    vi="Shape đã khớp, nhưng các bình phương sai số được cộng lại chứ không lấy trung bình.",
)  # fmt: skip
def summed_errors(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = ((model(x)[:, 0] - y) ** 2).sum()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "mse_broadcast", kind="scale",
    en="The (N, N) differences are still there; adding them up and dividing by N only makes them N times as heavy.",
    vi="Các hiệu (N, N) vẫn còn đó; cộng lại rồi chia cho N chỉ làm chúng nặng gấp N lần.",
)  # fmt: skip
def divided_by_n_only(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = ((model(x) - y) ** 2).sum() / len(y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "mse_broadcast", kind="reduction",
    en="Predictions and targets are averaged first and compared afterwards: the errors of the examples cancel.",
    vi="Dự đoán và target được lấy trung bình trước rồi mới so sánh: sai số của các mẫu triệt tiêu nhau.",
)  # fmt: skip
def means_compared(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = (model(x).mean() - y.mean()) ** 2
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@alternative("mse_broadcast")
def targets_as_a_column(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y[:, None])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@alternative("mse_broadcast")
def dot_product_of_the_errors(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    losses = []
    for _ in range(steps):
        error = model(x).flatten() - y
        loss = error @ error / error.numel()
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, grad in zip(model.parameters(), grads, strict=True):
                p.add_(grad, alpha=-lr)
    return losses


# labels_shuffled_apart


@mistake(
    "labels_shuffled_apart", kind="data",
    en="x and y are shuffled by two different orders, so almost no example keeps its label.",
    vi="x và y được xáo theo hai thứ tự khác nhau, nên hầu như không mẫu nào giữ được nhãn của mình.",
    hint_en="How many random orders does one epoch need?",
    hint_vi="Một epoch cần mấy thứ tự ngẫu nhiên?",
)  # fmt: skip
def two_orders(model, x, y, epochs, batch_size, lr, seed):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        x = x[torch.randperm(len(x), generator=generator)]
        y = y[torch.randperm(len(y), generator=generator)]
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            loss = F.cross_entropy(model(batch_x), batch_y)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


@mistake(
    "labels_shuffled_apart", kind="randomness",
    en="Nothing is shuffled any more: every epoch goes through the examples in the order of x.",
    vi="Không còn xáo trộn gì nữa: epoch nào cũng đi qua các mẫu theo thứ tự của x.",
)  # fmt: skip
def not_shuffled(model, x, y, epochs, batch_size, lr, seed):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            loss = F.cross_entropy(model(batch_x), batch_y)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


@mistake(
    "labels_shuffled_apart", kind="data",
    en="x is shuffled on top of the last epoch's order, y from the beginning: they part in the second epoch.",
    vi="x được xáo chồng lên thứ tự của epoch trước, y xáo lại từ đầu: từ epoch thứ hai chúng tách rời nhau.",
    hint_en="Shuffle both from the same beginning.",
    hint_vi="Hãy xáo cả hai từ cùng một điểm xuất phát.",
)  # fmt: skip
def shuffled_on_top(model, x, y, epochs, batch_size, lr, seed):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        x = x[order]
        labels = y[order]
        for batch_x, batch_y in zip(x.split(batch_size), labels.split(batch_size), strict=True):
            loss = F.cross_entropy(model(batch_x), batch_y)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


@mistake(
    "labels_shuffled_apart", kind="randomness",
    en="The examples are shuffled once, before the first epoch; every epoch has the same order.",
    vi="Các mẫu chỉ được xáo một lần trước epoch đầu; mọi epoch có cùng thứ tự.",
    hint_en="Draw the order inside the loop over the epochs.",
    hint_vi="Hãy lấy thứ tự bên trong vòng lặp theo epoch.",
)  # fmt: skip
def shuffled_once(model, x, y, epochs, batch_size, lr, seed):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for rows in order.split(batch_size):
            loss = F.cross_entropy(model(x[rows]), y[rows])
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


@mistake(
    "labels_shuffled_apart", kind="data",
    en="The labels were left where they are while the examples were shuffled.",
    vi="Các nhãn giữ nguyên chỗ trong khi các mẫu bị xáo trộn.",
)  # fmt: skip
def labels_left_in_place(model, x, y, epochs, batch_size, lr, seed):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        shuffled = x[torch.randperm(len(x), generator=generator)]
        for batch_x, batch_y in zip(shuffled.split(batch_size), y.split(batch_size), strict=True):
            loss = F.cross_entropy(model(batch_x), batch_y)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


@alternative("labels_shuffled_apart")
def by_a_data_loader(model, x, y, epochs, batch_size, lr, seed):
    generator = torch.Generator().manual_seed(seed)
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for batch_x, batch_y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(batch_x), batch_y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@alternative("labels_shuffled_apart")
def two_generators_with_one_seed(model, x, y, epochs, batch_size, lr, seed):
    of_x, of_y = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        x = x[torch.randperm(len(x), generator=of_x)]
        y = y[torch.randperm(len(y), generator=of_y)]
        for i in range(0, len(x), batch_size):
            loss = F.cross_entropy(model(x[i : i + batch_size]), y[i : i + batch_size])
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


@alternative("labels_shuffled_apart")
def by_sorting_random_numbers(model, x, y, epochs, batch_size, lr, seed):
    torch.manual_seed(seed)
    losses = []
    for _ in range(epochs):
        order = torch.rand(len(y)).argsort().tolist()
        while order:
            rows, order = order[:batch_size], order[batch_size:]
            log_p = F.log_softmax(model(x[rows]), dim=1)
            loss = -log_p[range(len(rows)), y[rows]].mean()
            losses.append(loss.item())
            model.zero_grad()
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= lr * p.grad
    return losses


# detached_loss


@mistake(
    "detached_loss", kind="graph",
    en="item() and torch.tensor(…) cut the loss off from the model; requires_grad=True only makes a new leaf.",
    vi="item() và torch.tensor(…) cắt loss khỏi model: requires_grad=True tạo một lá mới chứ không nối lại đồ thị cũ.",
    hint_en="Follow the path from the parameters to the loss: where does it leave the tensors?",
    hint_vi="Hãy lần theo đường từ tham số đến loss: nó rời khỏi các tensor ở đâu?",
)  # fmt: skip
def made_of_numbers(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        each = [F.cross_entropy(model(x[i : i + 1]), y[i : i + 1]).item() for i in range(len(x))]
        loss = torch.tensor(each, dtype=x.dtype, requires_grad=True).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "detached_loss", kind="graph",
    en="backward() is called on the loss of the last example; the loss of a step is the mean over all of them.",
    vi="backward() được gọi trên loss của mẫu cuối cùng; loss của một bước là trung bình trên mọi mẫu.",
)  # fmt: skip
def last_example_only(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        each = []
        for i in range(len(x)):
            loss = F.cross_entropy(model(x[i : i + 1]), y[i : i + 1])
            each.append(loss.item())
        losses.append(sum(each) / len(each))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "detached_loss", kind="reduction",
    en="The losses of the examples are added up in the graph, not averaged.",
    vi="Loss của các mẫu được cộng lại trong đồ thị chứ không lấy trung bình.",
)  # fmt: skip
def summed_in_the_graph(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = sum(F.cross_entropy(model(x[i : i + 1]), y[i : i + 1]) for i in range(len(x)))
        losses.append(loss.item() / len(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "detached_loss", kind="order",
    en="The model moves after every single example; one step follows the mean over all of them.",
    vi="Model bị cập nhật sau từng mẫu; một bước phải theo trung bình trên mọi mẫu.",
)  # fmt: skip
def a_step_for_each_example(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        each = []
        for i in range(len(x)):
            loss = F.cross_entropy(model(x[i : i + 1]), y[i : i + 1])
            each.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(sum(each) / len(each))
    return losses


@alternative("detached_loss")
def stacked_with_the_graph(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = torch.stack([F.cross_entropy(model(x[i : i + 1]), y[i : i + 1]) for i in range(len(x))]).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@alternative("detached_loss")
def gradients_of_the_parts_added_up(model, x, y, steps, lr, seed):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        total = 0.0
        for row, label in zip(x, y, strict=True):
            part = F.cross_entropy(model(row[None]), label[None]) / len(x)
            part.backward()
            total += part.item()
        optimizer.step()
        losses.append(total)
    return losses


# if_else_loss


@mistake(
    "if_else_loss", kind="graph",
    en="The loss counts by if and else: it is made of constants, so no gradient reaches the scores.",
    vi="Loss đếm bằng if và else: nó chỉ gồm hằng số, nên gradient không về được scores.",
    hint_en="What enters the loss must be computed from the scores, not chosen by them.",
    hint_vi="Thứ đưa vào loss phải được tính từ scores, không phải được chọn dựa trên scores.",
)  # fmt: skip
def counted(scores, y):
    loss = torch.zeros((), dtype=scores.dtype)
    for score, label in zip(scores, y, strict=True):
        if score * label > 0:
            loss += 0.0
        else:
            loss += 1.0
    return loss / len(y)


@mistake(
    "if_else_loss", kind="graph",
    en="torch.where between two constants is still if and else: backward runs, and every slope is 0.",
    vi="torch.where giữa hai hằng số vẫn là if và else: backward chạy được nhưng mọi độ dốc đều bằng 0.",
)  # fmt: skip
def counted_by_where(scores, y):
    return torch.where(y * scores > 0, 0.0, 1.0).to(scores.dtype).mean() + 0.0 * scores.sum()


@mistake(
    "if_else_loss", kind="formula",
    en="The margin is missing: max(0, −y · score) is 0 as soon as the answer is right, however narrowly.",
    vi="Thiếu lề: max(0, −y · score) bằng 0 ngay khi trả lời đúng, dù chỉ vừa đủ đúng.",
    hint_en="A right score below 1 still counts.",
    hint_vi="Score đúng phía nhưng nhỏ hơn 1 vẫn bị tính.",
)  # fmt: skip
def without_a_margin(scores, y):
    return F.relu(-y * scores).mean()


@mistake(
    "if_else_loss", kind="formula",
    en="The loss is squared; the item asks for slope 1.",
    vi="Loss bị bình phương; bài yêu cầu độ dốc 1.",
)  # fmt: skip
def squared(scores, y):
    return (F.relu(1 - y * scores) ** 2).mean()


@mistake(
    "if_else_loss", kind="reduction",
    en="The examples are added up, not averaged.",
    vi="Các mẫu được cộng lại chứ không lấy trung bình.",
)  # fmt: skip
def summed(scores, y):
    return F.relu(1 - y * scores).sum()


@mistake(
    "if_else_loss", kind="sign",
    en="1 + y · score punishes the right side; the margin is subtracted.",
    vi="1 + y · score phạt phía đúng; lề phải được trừ đi.",
)  # fmt: skip
def the_wrong_side(scores, y):
    return F.relu(1 + y * scores).mean()


@mistake(
    "if_else_loss", kind="formula",
    en="Wrong answers alone count; an answer on the right side, but by less than 1, counts too.",
    vi="Chỉ câu trả lời sai bị tính; câu đúng phía nhưng cách chưa đến 1 cũng phải bị tính.",
)  # fmt: skip
def wrong_answers_only(scores, y):
    margin = y * scores
    return torch.where(margin > 0, torch.zeros_like(margin), 1 - margin).mean()


@mistake(
    "if_else_loss", kind="formula",
    en="Nothing is cut off at 0, so very right answers are paid a bonus that hides the wrong ones.",
    vi="Không chặn ở 0, nên câu rất đúng được thưởng và che mất các câu sai.",
)  # fmt: skip
def not_cut_off(scores, y):
    return (1 - y * scores).mean()


@alternative("if_else_loss")
def if_and_else_over_tensors(scores, y):
    total = scores.sum() * 0
    for score, label in zip(scores, y, strict=True):
        if score * label < 1:
            total = total + (1 - score * label)
    return total / len(y)


@alternative("if_else_loss")
def by_where(scores, y):
    shortfall = 1 - y.to(scores.dtype) * scores
    return torch.where(shortfall > 0, shortfall, 0.0 * shortfall).sum() / scores.numel()


@alternative("if_else_loss")
def by_clamp(scores, y):
    return torch.mean((1 - torch.mul(scores, y)).clamp(min=0))


# validating_on_train_data


@mistake(
    "validating_on_train_data", kind="data",
    en="The two parts are cut from two different random orders: they share examples, and other examples are in none.",
    vi="Hai phần được cắt từ hai thứ tự ngẫu nhiên khác nhau: có mẫu nằm ở cả hai, có mẫu không ở phần nào.",
    hint_en="Draw one order and cut it.",
    hint_vi="Hãy lấy một thứ tự rồi cắt nó.",
)  # fmt: skip
def two_draws(x, y, n_val, seed):
    generator = torch.Generator().manual_seed(seed)
    val = torch.randperm(len(x), generator=generator)[:n_val]
    train = torch.randperm(len(x), generator=generator)[n_val:]
    return x[train], y[train], x[val], y[val]


@mistake(
    "validating_on_train_data", kind="data",
    en="The validation data were drawn, and all examples are still used for training.",
    vi="Đã rút dữ liệu kiểm định, nhưng mọi mẫu vẫn được dùng để huấn luyện.",
)  # fmt: skip
def trained_on_everything(x, y, n_val, seed):
    val = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:n_val]
    return x, y, x[val], y[val]


@mistake(
    "validating_on_train_data", kind="randomness",
    en="The first n_val examples are the validation data; nothing is drawn, and sorted data put one class there.",
    vi="n_val mẫu đầu thành dữ liệu kiểm định, không rút ngẫu nhiên; dữ liệu đã sắp xếp sẽ dồn một lớp vào đó.",
)  # fmt: skip
def first_examples_put_aside(x, y, n_val, seed):
    return x[n_val:], y[n_val:], x[:n_val], y[:n_val]


@mistake(
    "validating_on_train_data", kind="indexing",
    en="order[:-n_val] and order[-n_val:] change places when n_val is 0: everything becomes validation data.",
    vi="order[:-n_val] và order[-n_val:] đổi chỗ khi n_val bằng 0: mọi thứ thành dữ liệu kiểm định.",
    hint_en="Cut at n_val from the front, or at len(x) − n_val.",
    hint_vi="Hãy cắt tại n_val từ đầu, hoặc tại len(x) − n_val.",
)  # fmt: skip
def cut_from_the_end(x, y, n_val, seed):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    val, train = order[-n_val:], order[:-n_val]
    return x[train], y[train], x[val], y[val]


@mistake(
    "validating_on_train_data", kind="order",
    en="The result is (train_x, train_y, val_x, val_y); yours has the two parts exchanged.",
    vi="Kết quả là (train_x, train_y, val_x, val_y); của bạn hai phần bị đổi chỗ.",
)  # fmt: skip
def parts_exchanged(x, y, n_val, seed):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    val, train = order[:n_val], order[n_val:]
    return x[val], y[val], x[train], y[train]


@mistake(
    "validating_on_train_data", kind="data",
    en="The pictures are split without overlap, but the labels by another order.",
    vi="Các mẫu được chia không chồng lấn, nhưng nhãn lại chia theo thứ tự khác.",
)  # fmt: skip
def labels_by_another_order(x, y, n_val, seed):
    generator = torch.Generator().manual_seed(seed)
    order, other = torch.randperm(len(x), generator=generator), torch.randperm(len(x), generator=generator)
    return x[order[n_val:]], y[other[n_val:]], x[order[:n_val]], y[other[:n_val]]


@alternative("validating_on_train_data")
def by_a_mask(x, y, n_val, seed):
    held = torch.zeros(len(x), dtype=torch.bool)
    held[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:n_val]] = True
    return x[~held], y[~held], x[held], y[held]


@alternative("validating_on_train_data")
def by_random_split(x, y, n_val, seed):
    generator = torch.Generator().manual_seed(seed)
    train, val = random_split(TensorDataset(x, y), [len(x) - n_val, n_val], generator=generator)
    a, b = torch.tensor(list(train.indices), dtype=torch.int64), torch.tensor(list(val.indices), dtype=torch.int64)
    return x[a], y[a], x[b], y[b]


# overfit_one_batch


@mistake(
    "overfit_one_batch", kind="inplace",
    en="The tool trains the model itself; the caller's model is to be left as it was.",
    vi="Công cụ huấn luyện chính model; model của người gọi phải được giữ nguyên.",
    hint_en="copy.deepcopy.",
    hint_vi="copy.deepcopy.",
)  # fmt: skip
def the_model_itself(model, batch, steps):
    x, y = batch
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return F.cross_entropy(model(x), y).item()


@mistake(
    "overfit_one_batch", kind="order",
    en="The returned loss was taken before the last update.",
    vi="Loss trả về được tính trước lần cập nhật cuối cùng.",
    hint_en="Compute the loss once more after the loop.",
    hint_vi="Hãy tính loss thêm một lần sau vòng lặp.",
)  # fmt: skip
def loss_before_the_last_update(model, batch, steps):
    x, y = batch
    model = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss = F.cross_entropy(model(x), y)
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


@mistake(
    "overfit_one_batch", kind="gradient",
    en="The gradients of the steps pile up.",
    vi="Gradient của các bước cộng dồn.",
)  # fmt: skip
def without_zero_grad(model, batch, steps):
    x, y = batch
    model = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return F.cross_entropy(model(x), y).item()


@mistake(
    "overfit_one_batch", kind="state",
    en="Each step makes a new Adam, which has forgotten the averages of the steps before.",
    vi="Mỗi bước tạo một Adam mới, đã quên các giá trị trung bình của những bước trước.",
)  # fmt: skip
def a_new_adam_in_every_step(model, batch, steps):
    x, y = batch
    model = copy.deepcopy(model)
    for _ in range(steps):
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return F.cross_entropy(model(x), y).item()


@mistake(
    "overfit_one_batch", kind="mode",
    en="The copy is put into training mode; it must stay in the mode of the model.",
    vi="Bản sao bị đưa sang chế độ huấn luyện; nó phải giữ chế độ của model.",
)  # fmt: skip
def always_in_training_mode(model, batch, steps):
    x, y = batch
    model = copy.deepcopy(model).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return F.cross_entropy(model(x), y).item()


@mistake(
    "overfit_one_batch", kind="return",
    en="The result is a tensor; a Python float is wanted.",
    vi="Kết quả là tensor; cần một float của Python.",
)  # fmt: skip
def loss_as_a_tensor(model, batch, steps):
    x, y = batch
    model = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return F.cross_entropy(model(x), y).detach()


@alternative("overfit_one_batch")
def one_loss_more_than_steps(model, batch, steps):
    twin = copy.deepcopy(model)
    optimizer = torch.optim.Adam(twin.parameters(), lr=1e-2)
    for step in range(steps + 1):
        loss = F.nll_loss(F.log_softmax(twin(batch[0]), dim=1), batch[1])
        if step == steps:
            return float(loss.detach())
        twin.zero_grad()
        loss.backward()
        optimizer.step()


@alternative("overfit_one_batch")
def trained_and_put_back(model, batch, steps):
    x, y = batch
    state = {key: value.clone() for key, value in model.state_dict().items()}
    grads = [p.grad for p in model.parameters()]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()  # sets .grad to None: the old tensors stay as they are
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    loss = F.cross_entropy(model(x), y).item()
    model.load_state_dict(state)
    for p, grad in zip(model.parameters(), grads, strict=True):
        p.grad = grad
    return loss


# initial_loss_ok


@mistake(
    "initial_loss_ok", kind="formula",
    en="log2 measures in bits; cross_entropy is in natural logarithms.",
    vi="log2 đo bằng bit; cross_entropy dùng logarit tự nhiên.",
)  # fmt: skip
def in_bits(model, batch, num_classes):
    x, y = batch
    loss = F.cross_entropy(copy.deepcopy(model).eval()(x), y).item()
    return abs(loss - math.log2(num_classes)) <= 0.25 * math.log2(num_classes)


@mistake(
    "initial_loss_ok", kind="mode",
    en="The model is measured in the mode it is in; dropout blurs the loss, and batch norm remembers the batch.",
    vi="Model được đo ở chế độ đang có; dropout làm nhiễu loss, còn batch norm ghi nhớ batch.",
    hint_en="Measure a copy in eval mode.",
    hint_vi="Hãy đo một bản sao ở chế độ eval.",
)  # fmt: skip
def in_the_mode_it_is_in(model, batch, num_classes):
    x, y = batch
    loss = F.cross_entropy(copy.deepcopy(model)(x), y).item()
    return abs(loss - math.log(num_classes)) <= 0.25 * math.log(num_classes)


@mistake(
    "initial_loss_ok", kind="mode",
    en="The model stays in eval mode after the call.",
    vi="Sau lời gọi model vẫn ở chế độ eval.",
)  # fmt: skip
def initial_left_in_eval_mode(model, batch, num_classes):
    x, y = batch
    model.eval()
    loss = F.cross_entropy(model(x), y).item()
    return abs(loss - math.log(num_classes)) <= 0.25 * math.log(num_classes)


@mistake(
    "initial_loss_ok", kind="formula",
    en="Only a loss that is too large is refused; one that is too small (labels in the input?) is just as odd.",
    vi="Chỉ loss quá lớn bị từ chối; loss quá nhỏ (nhãn lọt vào đầu vào?) cũng không hợp lý.",
)  # fmt: skip
def too_large_only(model, batch, num_classes):
    x, y = batch
    loss = F.cross_entropy(copy.deepcopy(model).eval()(x), y).item()
    return loss <= 1.25 * math.log(num_classes)


@mistake(
    "initial_loss_ok", kind="scale",
    en="The tolerance is a quarter of ln(C); yours is 0.25 whatever C is.",
    vi="Dung sai là một phần tư của ln(C); của bạn luôn là 0.25 bất kể C.",
)  # fmt: skip
def an_absolute_tolerance(model, batch, num_classes):
    x, y = batch
    loss = F.cross_entropy(copy.deepcopy(model).eval()(x), y).item()
    return abs(loss - math.log(num_classes)) <= 0.25


@mistake(
    "initial_loss_ok", kind="return",
    en="A comparison of tensors is a tensor; True or False is wanted.",
    vi="So sánh hai tensor cho một tensor; cần True hoặc False.",
)  # fmt: skip
def a_tensor_as_the_answer(model, batch, num_classes):
    x, y = batch
    loss = F.cross_entropy(copy.deepcopy(model).eval()(x), y).detach()
    return (loss - math.log(num_classes)).abs() <= 0.25 * math.log(num_classes)


@alternative("initial_loss_ok")
def between_two_bounds(model, batch, num_classes):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.no_grad():
        loss = F.nll_loss(model(batch[0]).log_softmax(-1), batch[1])
    for module, mode in modes.items():
        module.training = mode
    fair = -math.log(1 / num_classes)
    return bool(0.75 * fair <= loss <= 1.25 * fair)


@alternative("initial_loss_ok")
def by_isclose(model, batch, num_classes):
    loss = float(F.cross_entropy(copy.deepcopy(model).eval()(batch[0]), batch[1]).detach())
    ratio = loss / math.log(num_classes)
    return math.isfinite(ratio) and -0.25 <= ratio - 1 <= 0.25


# first_bad_layer


@mistake(
    "first_bad_layer", kind="formula",
    en="isnan does not see an infinity; both are bad.",
    vi="isnan không thấy giá trị vô hạn; cả hai đều hỏng.",
    hint_en="torch.isfinite sees both.",
    hint_vi="torch.isfinite thấy cả hai.",
)  # fmt: skip
def nan_only(model, x):
    bad, handles = [], []
    for name, layer in model.named_modules():
        if not list(layer.children()):
            handles.append(
                layer.register_forward_hook(
                    lambda m, a, out, name=name: bad.append(name) if out.isnan().any() else None
                )
            )
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return bad[0] if bad else None


@mistake(
    "first_bad_layer", kind="state",
    en="When the model raises, the lines that remove the hooks are never reached.",
    vi="Khi model báo lỗi, các dòng gỡ hook không bao giờ được chạy đến.",
    hint_en="try … finally.",
    hint_vi="try … finally.",
)  # fmt: skip
def hooks_left_after_an_error(model, x):
    bad, handles = [], []
    for name, layer in model.named_modules():
        if not list(layer.children()):
            handles.append(
                layer.register_forward_hook(
                    lambda m, a, out, name=name: None if out.isfinite().all() else bad.append(name)
                )
            )
    model(x)
    for handle in handles:
        handle.remove()
    return bad[0] if bad else None


@mistake(
    "first_bad_layer", kind="state",
    en="The hooks stay on the model: it goes on looking at every output, and a second call doubles them.",
    vi="Các hook vẫn còn trên model: nó tiếp tục xét mọi đầu ra, và lời gọi thứ hai làm chúng tăng gấp đôi.",
    hint_en="Keep the handles, and remove() each.",
    hint_vi="Hãy giữ các handle và remove() từng cái.",
)  # fmt: skip
def hooks_left_behind(model, x):
    bad = []
    for name, layer in model.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda m, a, out, name=name: None if out.isfinite().all() else bad.append(name))
    model(x)
    return bad[0] if bad else None


@mistake(
    "first_bad_layer", kind="state",
    en="All hooks of the model are cleared, also those that somebody else had put there.",
    vi="Mọi hook của model bị xóa, kể cả hook của người khác.",
)  # fmt: skip
def hooks_of_others_cleared(model, x):
    bad = []
    for name, layer in model.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda m, a, out, name=name: None if out.isfinite().all() else bad.append(name))
    try:
        model(x)
    finally:
        for layer in model.modules():
            layer._forward_hooks.clear()
    return bad[0] if bad else None


@mistake(
    "first_bad_layer", kind="order",
    en="The layers are asked in the order in which they were made, not in the order in which they ran.",
    vi="Các lớp được xét theo thứ tự được tạo chứ không theo thứ tự chạy.",
    hint_en="Let the hooks write into one list, then the run decides the order.",
    hint_vi="Để các hook ghi vào cùng một list, khi đó thứ tự chạy sẽ quyết định.",
)  # fmt: skip
def in_the_order_of_making(model, x):
    bad, handles = set(), []
    names = [name for name, layer in model.named_modules() if not list(layer.children())]
    for name in names:
        layer = model.get_submodule(name)
        handles.append(
            layer.register_forward_hook(lambda m, a, out, name=name: None if out.isfinite().all() else bad.add(name))
        )
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return next((name for name in names if name in bad), None)


@mistake(
    "first_bad_layer", kind="indexing",
    en="This is the last bad layer; a NaN spreads, and the first one is its source.",
    vi="Đây là lớp hỏng cuối cùng; NaN lan đi, và lớp đầu tiên mới là nguồn.",
)  # fmt: skip
def the_last_bad_layer(model, x):
    bad, handles = [], []
    for name, layer in model.named_modules():
        if not list(layer.children()):
            handles.append(
                layer.register_forward_hook(
                    lambda m, a, out, name=name: None if out.isfinite().all() else bad.append(name)
                )
            )
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return bad[-1] if bad else None


@mistake(
    "first_bad_layer", kind="formula",
    en="Only an output without a single finite number counts; one NaN is enough.",
    vi="Bạn chỉ tính đầu ra không còn số hữu hạn nào; một NaN đã là đủ.",
)  # fmt: skip
def wholly_bad_only(model, x):
    bad, handles = [], []
    for name, layer in model.named_modules():
        if not list(layer.children()):
            handles.append(
                layer.register_forward_hook(
                    lambda m, a, out, name=name: None if out.isfinite().any() else bad.append(name)
                )
            )
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return bad[0] if bad else None


@mistake(
    "first_bad_layer", kind="api",
    en="All hooks of the loop see the last name: a function remembers a variable, not its value.",
    vi="Mọi hook trong vòng lặp đều thấy tên cuối cùng: hàm nhớ biến chứ không nhớ giá trị của biến.",
    hint_en="Bind the name for each layer: lambda …, name=name, or a function that makes the hook.",
    hint_vi="Gắn tên riêng cho từng lớp: lambda …, name=name, hoặc một hàm tạo hook.",
)  # fmt: skip
def the_name_of_the_loop(model, x):
    bad, handles = [], []
    for name, layer in model.named_modules():
        if not list(layer.children()):
            handles.append(
                layer.register_forward_hook(lambda m, a, out: None if out.isfinite().all() else bad.append(name))
            )
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return bad[0] if bad else None


@alternative("first_bad_layer")
def one_hook_for_all_modules(model, x):
    names = {layer: name for name, layer in model.named_modules() if next(layer.children(), None) is None}
    bad = []

    def look(module, args, output):
        if module in names and not torch.isfinite(output).all():
            bad.append(names[module])

    handle = nn.modules.module.register_module_forward_hook(look)
    try:
        with torch.no_grad():
            model(x)
    finally:
        handle.remove()
    return next(iter(bad), None)


@alternative("first_bad_layer")
def the_first_is_remembered(model, x):
    import contextlib
    import functools

    found = {}

    def look(name, module, args, output):
        if "first" not in found and (output.isnan() | output.isinf()).any():
            found["first"] = name

    with contextlib.ExitStack() as stack:
        for name, layer in model.named_modules():
            if len(list(layer.children())) == 0:
                stack.callback(layer.register_forward_hook(functools.partial(look, name)).remove)
        model(x)
    return found.get("first")


# gradient_report


@mistake(
    "gradient_report", kind="formula",
    en="The sum of a gradient can be 0 when none of its elements is.",
    vi="Tổng của gradient có thể bằng 0 dù không phần tử nào bằng 0.",
    hint_en="any() asks the elements.",
    hint_vi="any() hỏi từng phần tử.",
)  # fmt: skip
def zero_by_its_sum(model):
    report = {}
    for name, p in model.named_parameters():
        if p.grad is None:
            report[name] = "none"
        elif not p.grad.isfinite().all():
            report[name] = "nan"
        else:
            report[name] = "zero" if p.grad.sum() == 0 else "ok"
    return report


@mistake(
    "gradient_report", kind="formula",
    en="A small gradient is called zero; only exact zeros are.",
    vi="Gradient nhỏ bị gọi là zero; chỉ số 0 đúng nghĩa mới là zero.",
)  # fmt: skip
def zero_when_small(model):
    report = {}
    for name, p in model.named_parameters():
        if p.grad is None:
            report[name] = "none"
        elif not p.grad.isfinite().all():
            report[name] = "nan"
        else:
            report[name] = "zero" if p.grad.abs().max() < 1e-8 else "ok"
    return report


@mistake(
    "gradient_report", kind="formula",
    en="An infinite gradient is called ok; isnan sees NaN alone.",
    vi="Gradient vô hạn bị gọi là ok; isnan chỉ thấy NaN.",
)  # fmt: skip
def infinity_is_ok(model):
    report = {}
    for name, p in model.named_parameters():
        if p.grad is None:
            report[name] = "none"
        elif p.grad.isnan().any():
            report[name] = "nan"
        else:
            report[name] = "ok" if p.grad.any() else "zero"
    return report


@mistake(
    "gradient_report", kind="formula",
    en="One 0 among the elements makes the whole gradient zero here; it takes all of them.",
    vi="Ở đây chỉ một phần tử bằng 0 đã khiến cả gradient bị gọi là zero; phải tất cả mới đúng.",
)  # fmt: skip
def one_zero_is_enough(model):
    report = {}
    for name, p in model.named_parameters():
        if p.grad is None:
            report[name] = "none"
        elif not p.grad.isfinite().all():
            report[name] = "nan"
        else:
            report[name] = "ok" if p.grad.all() else "zero"
    return report


@mistake(
    "gradient_report", kind="indexing",
    en="Parameters without a gradient are left out of the report.",
    vi="Các tham số không có gradient bị bỏ khỏi báo cáo.",
)  # fmt: skip
def without_the_none(model):
    report = {}
    for name, p in model.named_parameters():
        if p.grad is not None:
            ok = "ok" if p.grad.any() else "zero"
            report[name] = ok if p.grad.isfinite().all() else "nan"
    return report


@mistake(
    "gradient_report", kind="indexing",
    en="named_children shows the outermost modules alone; parameters deeper in the model, and its own, are missing.",
    vi="named_children chỉ cho các module ngoài cùng; thiếu tham số nằm sâu hơn và tham số của chính model.",
)  # fmt: skip
def outermost_modules_only(model):
    report = {}
    for child, module in model.named_children():
        for name, p in module.named_parameters(recurse=False):
            if p.grad is None:
                word = "none"
            elif not p.grad.isfinite().all():
                word = "nan"
            else:
                word = "ok" if p.grad.any() else "zero"
            report[f"{child}.{name}"] = word
    return report


@alternative("gradient_report")
def by_the_largest_element(model):
    def word(grad):
        if grad is None:
            return "none"
        largest = grad.abs().max().item()
        if math.isnan(largest) or math.isinf(largest):
            return "nan"
        return "ok" if largest > 0 else "zero"

    return {name: word(p.grad) for name, p in model.named_parameters()}


@alternative("gradient_report")
def by_counting(model):
    words = {}
    for name, p in model.named_parameters():
        g = p.grad
        if g is None:
            words[name] = "none"
            continue
        if bool(torch.isnan(g).any()) or bool(torch.isinf(g).any()):
            words[name] = "nan"
        else:
            words[name] = "zero" if torch.count_nonzero(g) == 0 else "ok"
    return words
