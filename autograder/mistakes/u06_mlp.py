"""Known mistakes and right alternatives of u06_mlp."""

import copy
import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from autograder.mistakes import alternative, mistake

# TwoLayerNet


class _TwoLayers(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super().__init__()
        self.linear1 = nn.Linear(d_in, hidden)
        self.linear2 = nn.Linear(hidden, d_out)


@mistake(
    "two_layer_net", kind="formula",
    en="Nothing stands between the two Linear layers, so together they are one linear map.",
    vi="Giữa hai lớp Linear không có gì cả, nên gộp lại chúng chỉ là một phép biến đổi tuyến tính.",
    hint_en="Clamp the hidden values at 0.",
    hint_vi="Hãy chặn các giá trị ẩn ở 0 bằng clamp.",
)  # fmt: skip
class without_clamp(_TwoLayers):
    def forward(self, x):
        return self.linear2(self.linear1(x))


@mistake(
    "two_layer_net", kind="formula",
    en="The output is clamped as well; only the hidden values are.",
    vi="Bạn chặn cả đầu ra; chỉ các giá trị ẩn mới bị chặn ở 0.",
)  # fmt: skip
class clamped_twice(_TwoLayers):
    def forward(self, x):
        return self.linear2(self.linear1(x).clamp(min=0)).clamp(min=0)


@mistake(
    "two_layer_net", kind="sign",
    en="clamp(max=0) keeps the negative hidden values and throws the positive ones away.",
    vi="clamp(max=0) giữ các giá trị ẩn âm và bỏ các giá trị dương.",
    hint_en="ReLU is max(h, 0): which bound does clamp need?",
    hint_vi="ReLU là max(h, 0): clamp cần cận nào?",
)  # fmt: skip
class clamped_from_above(_TwoLayers):
    def forward(self, x):
        return self.linear2(self.linear1(x).clamp(max=0))


@mistake(
    "two_layer_net", kind="state",
    en="The layers are made in forward, so every call has new random weights and nothing can be trained.",
    vi="Các lớp được tạo trong forward, nên mỗi lần gọi lại có trọng số ngẫu nhiên mới và không thể huấn luyện.",
    hint_en="Make the layers in __init__ and assign them to self.",
    hint_vi="Hãy tạo các lớp trong __init__ và gán vào self.",
)  # fmt: skip
class layers_made_in_forward(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super().__init__()
        self.sizes = d_in, hidden, d_out

    def forward(self, x):
        d_in, hidden, d_out = self.sizes
        h = nn.Linear(d_in, hidden)(x).clamp(min=0)
        return nn.Linear(hidden, d_out)(h)


@mistake(
    "two_layer_net", kind="api",
    en="The Linear layers have no bias.",
    vi="Các lớp Linear không có bias.",
)  # fmt: skip
class without_biases(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super().__init__()
        self.linear1 = nn.Linear(d_in, hidden, bias=False)
        self.linear2 = nn.Linear(hidden, d_out, bias=False)

    def forward(self, x):
        return self.linear2(self.linear1(x).clamp(min=0))


@mistake(
    "two_layer_net", kind="api",
    en="The layers have other names than linear1 and linear2.",
    vi="Các lớp không mang tên linear1 và linear2.",
)  # fmt: skip
class other_names(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super().__init__()
        self.fc1 = nn.Linear(d_in, hidden)
        self.fc2 = nn.Linear(hidden, d_out)

    def forward(self, x):
        return self.fc2(self.fc1(x).clamp(min=0))


@alternative("two_layer_net")
class with_relu_function(_TwoLayers):
    def forward(self, x):
        return self.linear2(F.relu(self.linear1(x)))


@alternative("two_layer_net")
class with_relu_module_and_layers_in_another_order(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super().__init__()
        self.linear2 = nn.Linear(hidden, d_out)
        self.linear1 = nn.Linear(d_in, hidden)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.linear2(self.relu(self.linear1(x)))


@alternative("two_layer_net")
class with_where(_TwoLayers):
    def forward(self, x):
        h = self.linear1(x)
        return self.linear2(torch.where(h > 0, h, torch.zeros_like(h)))


# sequential_net


@mistake(
    "sequential_net", kind="formula",
    en="There is no ReLU between the two Linear layers.",
    vi="Giữa hai lớp Linear không có ReLU.",
)  # fmt: skip
def sequential_without_relu(d_in, hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, hidden), nn.Linear(hidden, d_out))


@mistake(
    "sequential_net", kind="formula",
    en="A ReLU follows the last layer, so the network can never answer with a negative number.",
    vi="Sau lớp cuối còn một ReLU, nên mạng không bao giờ cho được số âm.",
)  # fmt: skip
def sequential_with_relu_at_the_end(d_in, hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out), nn.ReLU())


@mistake(
    "sequential_net", kind="formula",
    en="A Softmax follows the last layer; the item asks for its plain output.",
    vi="Sau lớp cuối có Softmax; bài yêu cầu đầu ra thô của lớp đó.",
)  # fmt: skip
def sequential_with_softmax(d_in, hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out), nn.Softmax(dim=1))


@mistake(
    "sequential_net", kind="shape",
    en="nn.Linear takes the number of inputs first, then the number of outputs: the second layer has them exchanged.",
    vi="nn.Linear nhận số đầu vào trước rồi đến số đầu ra: ở lớp thứ hai bạn đã đổi chỗ chúng.",
)  # fmt: skip
def second_layer_exchanged(d_in, hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(d_out, hidden))


@mistake(
    "sequential_net", kind="return",
    en="The result is a TwoLayerNet, a module of your own, not an nn.Sequential.",
    vi="Kết quả là TwoLayerNet, một module tự viết, chứ không phải nn.Sequential.",
)  # fmt: skip
def a_module_of_its_own(d_in, hidden, d_out):
    return TwoLayerNet(d_in, hidden, d_out)  # noqa: F821


@alternative("sequential_net")
def from_an_ordered_dict(d_in, hidden, d_out):
    layers = [("first", nn.Linear(d_in, hidden)), ("relu", nn.ReLU()), ("last", nn.Linear(hidden, d_out))]
    return nn.Sequential(OrderedDict(layers))


@alternative("sequential_net")
def appended(d_in, hidden, d_out):
    net = nn.Sequential()
    net.append(nn.Linear(d_in, hidden))
    net.append(nn.ReLU(inplace=True))
    net.append(nn.Linear(hidden, d_out))
    return net


# MLP


class _Layers(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1))


@mistake(
    "mlp", kind="formula",
    en="ReLU follows the last layer, too.",
    vi="Sau lớp cuối cũng có ReLU.",
    hint_en="The last layer's output stays as it is.",
    hint_vi="Đầu ra của lớp cuối được giữ nguyên.",
)  # fmt: skip
class relu_after_every_layer(_Layers):
    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return x


@mistake(
    "mlp", kind="formula",
    en="There is no ReLU between the layers.",
    vi="Giữa các lớp không có ReLU.",
)  # fmt: skip
class mlp_without_relu(_Layers):
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@mistake(
    "mlp", kind="formula",
    en="Only the first layer is followed by ReLU.",
    vi="Chỉ lớp đầu tiên có ReLU theo sau.",
)  # fmt: skip
class relu_after_the_first_only(_Layers):
    def forward(self, x):
        x = self.layers[0](x)
        if len(self.layers) > 1:
            x = F.relu(x)
        for layer in self.layers[1:]:
            x = layer(x)
        return x


@mistake(
    "mlp", kind="state",
    en="The layers are kept in a plain Python list, so the module does not know their parameters.",
    vi="Các lớp nằm trong một list Python thường, nên module không biết các tham số của chúng.",
    hint_en="nn.ModuleList and nn.Sequential register the layers they hold.",
    hint_vi="nn.ModuleList và nn.Sequential đăng ký các lớp mà chúng chứa.",
)  # fmt: skip
class plain_list_of_layers(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)]

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


@mistake(
    "mlp", kind="indexing",
    en="The first layer is missing: the pairs of widths begin with the second width.",
    vi="Thiếu lớp đầu tiên: các cặp độ rộng bắt đầu từ độ rộng thứ hai.",
)  # fmt: skip
class first_layer_left_out(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(sizes[i], sizes[i + 1]) for i in range(1, len(sizes) - 1))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


@mistake(
    "mlp", kind="view_copy",
    en="forward reads the caller's list again, so a later change of that list changes the network.",
    vi="forward đọc lại list của người gọi, nên khi list đó bị sửa về sau thì mạng cũng đổi theo.",
)  # fmt: skip
class remembers_the_caller_s_list(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        self.layers = nn.ModuleList(nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1))

    def forward(self, x):
        last = len(self.sizes) - 2
        for i in range(last + 1):
            x = self.layers[i](x) if i == last else F.relu(self.layers[i](x))
        return x


@alternative("mlp")
class as_a_sequential(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for n, m in zip(sizes, sizes[1:]):  # noqa: B905
            layers += [nn.Linear(n, m), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.net(x)


@alternative("mlp")
class with_numbered_attributes(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.depth = len(sizes) - 1
        for i in range(self.depth):
            setattr(self, f"layer{i}", nn.Linear(sizes[i], sizes[i + 1]))

    def forward(self, x):
        for i in range(self.depth):
            if i > 0:
                x = x.clamp(min=0)
            x = getattr(self, f"layer{i}")(x)
        return x


# kaiming_init_


@mistake(
    "kaiming_init_", kind="initialisation",
    en="The standard deviation comes from fan_out, the number of outputs; the item asks for fan_in.",
    vi="Độ lệch chuẩn tính theo fan_out, tức số đầu ra; bài yêu cầu fan_in.",
    hint_en="A Linear weight has shape (outputs, inputs).",
    hint_vi="Trọng số của Linear có shape (số đầu ra, số đầu vào).",
)  # fmt: skip
def by_fan_out(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@mistake(
    "kaiming_init_", kind="initialisation",
    en="The weights are uniform (kaiming_uniform_); the item asks for the normal distribution.",
    vi="Trọng số có phân phối đều (kaiming_uniform_); bài yêu cầu phân phối chuẩn.",
)  # fmt: skip
def drawn_uniformly(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@mistake(
    "kaiming_init_", kind="scale",
    en="2 / fan_in is the variance; the standard deviation is its square root.",
    vi="2 / fan_in là phương sai; độ lệch chuẩn là căn bậc hai của nó.",
)  # fmt: skip
def variance_for_deviation(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=2 / module.in_features)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@mistake(
    "kaiming_init_", kind="initialisation",
    en="That is Xavier's rule, made for tanh: ReLU needs sqrt(2 / fan_in).",
    vi="Đó là quy tắc Xavier, dành cho tanh: ReLU cần sqrt(2 / fan_in).",
)  # fmt: skip
def by_xavier(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@mistake(
    "kaiming_init_", kind="initialisation",
    en="The biases keep their old values; they should become 0.",
    vi="Các bias giữ giá trị cũ; chúng phải bằng 0.",
)  # fmt: skip
def biases_forgotten(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")


@mistake(
    "kaiming_init_", kind="initialisation",
    en="Only direct children are visited: Linear layers deeper in the model, or the model itself, keep their values.",
    vi="Chỉ các con trực tiếp được duyệt: những lớp Linear nằm sâu hơn, hay chính model, vẫn giữ giá trị cũ.",
    hint_en="model.modules() walks through all of them.",
    hint_vi="model.modules() đi qua tất cả các lớp.",
)  # fmt: skip
def children_only(model):
    for module in model.children():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@mistake(
    "kaiming_init_", kind="inplace",
    en="New Parameters replace the old ones, so an optimizer that was made earlier trains tensors nobody uses.",
    vi="Parameter mới thay cho Parameter cũ, nên optimizer tạo từ trước huấn luyện những tensor không ai dùng.",
    hint_en="Functions whose name ends in _ change the tensor itself.",
    hint_vi="Những hàm có tên kết thúc bằng _ sửa ngay trên tensor.",
)  # fmt: skip
def new_parameters(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            std = math.sqrt(2 / module.in_features)
            module.weight = nn.Parameter(torch.randn_like(module.weight) * std)
            if module.bias is not None:
                module.bias = nn.Parameter(torch.zeros_like(module.bias))


@mistake(
    "kaiming_init_", kind="initialisation",
    en="Every matrix gets new numbers, also those of layers that are not Linear (a convolution, an embedding).",
    vi="Mọi ma trận đều nhận số mới, kể cả của những lớp không phải Linear (convolution, embedding).",
)  # fmt: skip
def every_matrix(model):
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.kaiming_normal_(p, nonlinearity="relu")
        else:
            nn.init.zeros_(p)


@mistake(
    "kaiming_init_", kind="randomness",
    en="A seed is set inside, so every call, and every model, gets the same numbers.",
    vi="Seed được đặt bên trong hàm, nên lần gọi nào và model nào cũng nhận cùng một bộ số.",
)  # fmt: skip
def seeded_inside(model):
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@alternative("kaiming_init_")
def drawn_by_hand(model):
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear):
                module.weight.normal_(0, math.sqrt(2 / module.in_features))
                if module.bias is not None:
                    module.bias.zero_()


@alternative("kaiming_init_")
def with_apply(model):
    def start(module):
        if isinstance(module, nn.Linear):
            std = (2 / module.weight.shape[1]) ** 0.5
            module.weight.data.copy_(torch.randn_like(module.weight) * std)
            if module.bias is not None:
                module.bias.data.fill_(0)

    model.apply(start)


# Dropout


class _Drops(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p must be between 0 and 1")
        self.p = p
        self.scale = 0.0 if p == 1 else 1 / (1 - p)


@mistake(
    "dropout", kind="scale",
    en="The elements that stay are not divided by 1 − p, so the expected value shrinks.",
    vi="Các phần tử được giữ không chia cho 1 − p, nên giá trị kỳ vọng bị giảm.",
)  # fmt: skip
class without_scale(_Drops):
    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) if self.training else x


@mistake(
    "dropout", kind="mode",
    en="Elements are scaled by 1 − p in eval mode instead of 1 / (1 − p) in training: that is the older form.",
    vi="Bạn nhân với 1 − p khi eval thay vì chia cho 1 − p khi huấn luyện: đó là dạng cũ của dropout.",
    hint_en="In eval mode a Dropout does nothing at all.",
    hint_vi="Ở chế độ eval, Dropout không làm gì cả.",
)  # fmt: skip
class scaled_in_eval(_Drops):
    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) if self.training else x * (1 - self.p)


@mistake(
    "dropout", kind="randomness",
    en="p is the probability of dropping an element; here it is the probability of keeping one.",
    vi="p là xác suất bỏ một phần tử; ở đây bạn dùng nó như xác suất giữ lại.",
)  # fmt: skip
class keeps_with_p(_Drops):
    def forward(self, x):
        return x * (torch.rand_like(x) < self.p) * self.scale if self.training else x


@mistake(
    "dropout", kind="mode",
    en="Elements are dropped in eval mode, too: look at self.training.",
    vi="Ở chế độ eval vẫn bỏ phần tử: hãy xét self.training.",
)  # fmt: skip
class active_in_eval(_Drops):
    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) * self.scale


@mistake(
    "dropout", kind="state",
    en="The mask of the first call is kept and used again; every call must draw a new one.",
    vi="Mask của lần gọi đầu được giữ lại và dùng tiếp; mỗi lần gọi phải sinh một mask mới.",
)  # fmt: skip
class one_mask_for_ever(_Drops):
    mask = None

    def forward(self, x):
        if not self.training:
            return x
        if self.mask is None or self.mask.shape != x.shape:
            self.mask = torch.rand_like(x) >= self.p
        return x * self.mask * self.scale


@mistake(
    "dropout", kind="broadcast",
    en="One mask row is broadcast over the batch, so every example loses the same features.",
    vi="Một hàng mask được broadcast cho cả batch, nên mọi mẫu đều mất cùng những đặc trưng.",
)  # fmt: skip
class one_mask_for_the_batch(_Drops):
    def forward(self, x):
        mask = torch.rand(x.shape[-1], dtype=x.dtype, device=x.device) >= self.p
        return x * mask * self.scale if self.training else x


@mistake(
    "dropout", kind="broadcast",
    en="Whole rows are dropped: an example loses all of its elements or none.",
    vi="Cả hàng bị bỏ: một mẫu mất tất cả phần tử hoặc không mất phần tử nào.",
)  # fmt: skip
class whole_rows(_Drops):
    def forward(self, x):
        return x * (torch.rand_like(x[..., :1]) >= self.p) * self.scale if self.training else x


@mistake(
    "dropout", kind="stability",
    en="With p = 1 the result is NaN: 0 is divided by 1 − p = 0.",
    vi="Khi p = 1, kết quả là NaN: 0 bị chia cho 1 − p = 0.",
)  # fmt: skip
class nan_for_one(_Drops):
    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) / torch.tensor(1 - self.p) if self.training else x


@mistake(
    "dropout", kind="gradient",
    en="The mask is applied to x.data, so the gradient does not follow it.",
    vi="Mask được áp dụng trên x.data, nên gradient không đi theo mask.",
)  # fmt: skip
class mask_out_of_the_graph(_Drops):
    def forward(self, x):
        if not self.training:
            return x
        dropped = x.data * (torch.rand_like(x) >= self.p) * self.scale
        return x + (dropped - x.data)


@mistake(
    "dropout", kind="api",
    en="A p outside of [0, 1] is accepted; the item asks for a ValueError.",
    vi="p nằm ngoài [0, 1] vẫn được chấp nhận; bài yêu cầu ValueError.",
)  # fmt: skip
class any_p(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) >= self.p) * (0.0 if self.p == 1 else 1 / (1 - self.p))


@mistake(
    "dropout", kind="device",
    en="The mask is made on the CPU: on a GPU it does not meet x.",
    vi="Mask được tạo trên CPU: khi chạy trên GPU, mask và x không ở cùng thiết bị.",
    hint_en="torch.rand(x.shape, device=x.device), or torch.rand_like(x).",
    hint_vi="torch.rand(x.shape, device=x.device), hoặc torch.rand_like(x).",
)  # fmt: skip
class mask_made_on_the_cpu(_Drops):
    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        return (x * self.scale).masked_fill(torch.rand(x.shape) < self.p, 0)


@mistake(
    "dropout", kind="device",
    en="The tensor that the layer keeps is a plain attribute: net.to(device) moves parameters and buffers only.",
    vi="Tensor mà lớp lưu lại chỉ là thuộc tính thường: net.to(device) chỉ chuyển parameter và buffer.",
    hint_en='self.register_buffer("zero", …, persistent=False), or make it in forward with device=x.device.',
    hint_vi='self.register_buffer("zero", …, persistent=False), hoặc tạo nó trong forward với device=x.device.',
)  # fmt: skip
class zero_as_a_plain_attribute(_Drops):
    def __init__(self, p=0.5):
        super().__init__(p)
        self.zero = torch.zeros(1)

    def forward(self, x):
        if not self.training:
            return x
        return torch.where(torch.rand_like(x) >= self.p, x * self.scale, self.zero)


@alternative("dropout")
class with_bernoulli(_Drops):
    def forward(self, x):
        if self.training:
            return x * torch.bernoulli(torch.full_like(x, 1 - self.p)) * self.scale
        return x


@alternative("dropout")
class with_masked_fill(_Drops):
    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        return (x * self.scale).masked_fill(torch.rand(x.shape, device=x.device) < self.p, 0)


@alternative("dropout")
class with_where_and_a_scaled_mask(_Drops):
    def forward(self, x):
        if not self.training:
            return x.clone()
        keep = torch.empty_like(x).bernoulli_(1 - self.p)
        return torch.where(keep.bool(), x * self.scale, torch.zeros_like(x))


# BatchNorm1d


class _BatchNorm(nn.Module):
    def __init__(self, n, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(n))
        self.bias = nn.Parameter(torch.zeros(n))
        self.register_buffer("running_mean", torch.zeros(n))
        self.register_buffer("running_var", torch.ones(n))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def batch(self, x):
        if len(x) == 1:
            raise ValueError("one example has no variance")
        return x.mean(0), x.var(0, correction=0)

    def remember(self, x, mean, var):
        with torch.no_grad():
            self.running_mean.mul_(1 - self.momentum).add_(mean, alpha=self.momentum)
            self.running_var.mul_(1 - self.momentum).add_(var * len(x) / (len(x) - 1), alpha=self.momentum)
            self.num_batches_tracked.add_(1)

    def scaled(self, x, mean, var):
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias

    def forward(self, x):
        if not self.training:
            return self.scaled(x, self.running_mean, self.running_var)
        mean, var = self.batch(x)
        self.remember(x, mean, var)
        return self.scaled(x, mean, var)


@mistake(
    "batch_norm1d", kind="statistics",
    en="running_var remembers the variance that divides by N; it should be the one that divides by N − 1.",
    vi="running_var nhớ phương sai chia cho N; phải là phương sai chia cho N − 1.",
    hint_en="Multiply by N / (N − 1) before you remember it, and normalise with the other one.",
    hint_vi="Hãy nhân với N / (N − 1) trước khi ghi nhớ, còn khi chuẩn hóa thì dùng phương sai kia.",
)  # fmt: skip
class remembers_the_biased_variance(_BatchNorm):
    def remember(self, x, mean, var):
        super().remember(x, mean, var * (len(x) - 1) / len(x))


@mistake(
    "batch_norm1d", kind="graph",
    en="The running statistics are updated inside the graph: each batch keeps all batches before it alive.",
    vi="Các thống kê tích lũy được cập nhật bên trong đồ thị tính toán: mỗi batch giữ lại mọi batch trước nó.",
    hint_en="What you remember is numbers: update the buffers under torch.no_grad().",
    hint_vi="Thứ cần nhớ chỉ là các con số: hãy cập nhật buffer trong torch.no_grad().",
)  # fmt: skip
class remembers_the_graph(_BatchNorm):
    def remember(self, x, mean, var):
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)
        self.num_batches_tracked.add_(1)


@mistake(
    "batch_norm1d", kind="statistics",
    en="The batch is normalised with the variance that divides by N − 1; it should divide by N.",
    vi="Batch được chuẩn hóa bằng phương sai chia cho N − 1; phải chia cho N.",
    hint_en="Look at the argument `correction` of var.",
    hint_vi="Hãy xem tham số `correction` của var.",
)  # fmt: skip
class normalises_with_the_sample_variance(_BatchNorm):
    def forward(self, x):
        if not self.training:
            return self.scaled(x, self.running_mean, self.running_var)
        mean, var = self.batch(x)
        self.remember(x, mean, var)
        return self.scaled(x, mean, x.var(0))


@mistake(
    "batch_norm1d", kind="formula",
    en="momentum is the weight of the new batch here; you gave it to the old value.",
    vi="momentum ở đây là trọng số của batch mới; bạn lại nhân nó với giá trị cũ.",
)  # fmt: skip
class momentum_turned_round(_BatchNorm):
    def __init__(self, n, eps=1e-5, momentum=0.1):
        super().__init__(n, eps, 1 - momentum)


@mistake(
    "batch_norm1d", kind="mode",
    en="Eval mode still normalises with the batch's own statistics instead of the running ones.",
    vi="Chế độ eval vẫn chuẩn hóa bằng thống kê của batch thay vì thống kê tích lũy.",
)  # fmt: skip
class batch_statistics_in_eval(_BatchNorm):
    def forward(self, x):
        mean, var = x.mean(0), x.var(0, correction=0)
        if self.training:
            mean, var = self.batch(x)
            self.remember(x, mean, var)
        return self.scaled(x, mean, var)


@mistake(
    "batch_norm1d", kind="mode",
    en="The running statistics change in eval mode, too.",
    vi="Các thống kê tích lũy vẫn thay đổi ở chế độ eval.",
)  # fmt: skip
class remembers_in_eval(_BatchNorm):
    def forward(self, x):
        if self.training or len(x) > 1:
            self.remember(x, *self.batch(x))
        mean, var = self.batch(x) if self.training else (self.running_mean, self.running_var)
        return self.scaled(x, mean, var)


@mistake(
    "batch_norm1d", kind="mode",
    en="Training normalises with the running statistics; it should use those of the batch.",
    vi="Khi huấn luyện lại chuẩn hóa bằng thống kê tích lũy; phải dùng thống kê của batch.",
)  # fmt: skip
class running_statistics_in_training(_BatchNorm):
    def forward(self, x):
        if self.training:
            self.remember(x, *self.batch(x))
        return self.scaled(x, self.running_mean.clone(), self.running_var.clone())


@mistake(
    "batch_norm1d", kind="gradient",
    en="Mean and variance are detached, so their part of the gradient is missing.",
    vi="Trung bình và phương sai bị detach, nên gradient thiếu phần đi qua chúng.",
)  # fmt: skip
class detached_statistics(_BatchNorm):
    def batch(self, x):
        mean, var = super().batch(x)
        return mean.detach(), var.detach()


@mistake(
    "batch_norm1d", kind="graph",
    en="The running statistics keep the graph of earlier batches, so a later backward runs through it again.",
    vi="Các thống kê tích lũy giữ lại graph của những batch trước, nên backward về sau lại chạy qua graph đó.",
    hint_en="Update the buffers under torch.no_grad().",
    hint_vi="Hãy cập nhật các buffer trong torch.no_grad().",
)  # fmt: skip
class statistics_with_a_graph(_BatchNorm):
    def remember(self, x, mean, var):
        m, n = self.momentum, len(x)
        self.running_mean = (1 - m) * self.running_mean + m * mean
        self.running_var = (1 - m) * self.running_var + m * var * n / (n - 1)
        self.num_batches_tracked += 1

    def scaled(self, x, mean, var):
        anchor = (self.running_mean.sum() + self.running_var.sum()) * 0 if self.training else 0.0
        return super().scaled(x, mean, var) + anchor


@mistake(
    "batch_norm1d", kind="formula",
    en="eps is added after the square root; it belongs under it.",
    vi="eps được cộng sau khi lấy căn; nó phải nằm dưới dấu căn.",
)  # fmt: skip
class eps_outside_of_the_root(_BatchNorm):
    def scaled(self, x, mean, var):
        return (x - mean) / (var.sqrt() + self.eps) * self.weight + self.bias


@mistake(
    "batch_norm1d", kind="reduction",
    en="Mean and variance are taken over the features of an example; batch norm takes them over the batch.",
    vi="Trung bình và phương sai lấy theo các đặc trưng của một mẫu; batch norm lấy theo batch.",
)  # fmt: skip
class over_the_features(_BatchNorm):
    def forward(self, x):
        if not self.training:
            return self.scaled(x, self.running_mean, self.running_var)
        self.remember(x, *self.batch(x))
        return self.scaled(x, x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True))


@mistake(
    "batch_norm1d", kind="state",
    en="The running statistics are plain attributes: state_dict() does not hold them.",
    vi="Các thống kê tích lũy chỉ là thuộc tính thường: state_dict() không chứa chúng.",
    hint_en="Use register_buffer.",
    hint_vi="Hãy dùng register_buffer.",
)  # fmt: skip
class statistics_not_registered(_BatchNorm):
    def __init__(self, n, eps=1e-5, momentum=0.1):
        super().__init__(n, eps, momentum)
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            value = self._buffers.pop(name)
            setattr(self, name, value)


@mistake(
    "batch_norm1d", kind="state",
    en="num_batches_tracked is never counted up.",
    vi="num_batches_tracked không bao giờ được tăng.",
)  # fmt: skip
class batches_not_counted(_BatchNorm):
    def remember(self, x, mean, var):
        super().remember(x, mean, var)
        self.num_batches_tracked -= 1


@mistake(
    "batch_norm1d", kind="api",
    en="Training on a single example is let through; its variance is 0, and the item asks for a ValueError.",
    vi="Huấn luyện với một mẫu duy nhất vẫn được cho qua; phương sai của nó bằng 0, bài yêu cầu ValueError.",
)  # fmt: skip
class one_example_let_through(_BatchNorm):
    def batch(self, x):
        return x.mean(0), x.var(0, correction=0)

    def remember(self, x, mean, var):
        if len(x) > 1:
            super().remember(x, mean, var)


@mistake(
    "batch_norm1d", kind="device",
    en="A tensor is made inside forward without a device: on a GPU it does not meet x.",
    vi="Một tensor được tạo trong forward mà không nêu device: khi chạy trên GPU, nó và x không ở cùng thiết bị.",
    hint_en="torch.full(…, device=x.device), x.new_full(…), or a plain number.",
    hint_vi="torch.full(…, device=x.device), x.new_full(…), hoặc một số thường.",
)  # fmt: skip
class correction_made_on_the_cpu(_BatchNorm):
    def remember(self, x, mean, var):
        n = len(x)
        correction = torch.full((x.shape[1],), n / (n - 1), dtype=x.dtype)
        super().remember(x, mean, var * correction * (n - 1) / n)


@mistake(
    "batch_norm1d", kind="device",
    en="A tensor is kept as a plain attribute: net.to(device) leaves it on the CPU.",
    vi="Một tensor được lưu như thuộc tính thường: net.to(device) để nó lại trên CPU.",
    hint_en="What moves with a module is a Parameter or a buffer (register_buffer).",
    hint_vi="Thứ di chuyển cùng module là Parameter hoặc buffer (register_buffer).",
)  # fmt: skip
class ones_as_a_plain_attribute(_BatchNorm):
    def __init__(self, n, eps=1e-5, momentum=0.1):
        super().__init__(n, eps, momentum)
        self.ones = torch.ones(n)

    def scaled(self, x, mean, var):
        return (x - mean) / (var + self.eps).sqrt() * (self.weight * self.ones) + self.bias


@alternative("batch_norm1d")
class with_new_buffers(_BatchNorm):
    def remember(self, x, mean, var):
        m, n = self.momentum, x.shape[0]
        self.running_mean = (1 - m) * self.running_mean + m * mean.detach()
        self.running_var = (1 - m) * self.running_var + m * var.detach() * n / (n - 1)
        self.num_batches_tracked = self.num_batches_tracked + 1


@alternative("batch_norm1d")
class with_sums(nn.Module):
    def __init__(self, n, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(n))
        self.bias = nn.Parameter(torch.zeros(n))
        self.register_buffer("running_mean", torch.zeros(n))
        self.register_buffer("running_var", torch.ones(n))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        n = x.shape[0]
        if self.training and n < 2:
            raise ValueError("at least two examples are needed")
        mean = x.sum(0) / n if self.training else self.running_mean
        centred = x - mean
        var = (centred**2).sum(0) / n if self.training else self.running_var
        if self.training:
            self.running_mean += self.momentum * (mean.detach() - self.running_mean)
            self.running_var += self.momentum * (x.detach().var(0) - self.running_var)
            self.num_batches_tracked += 1
        return self.weight * centred * torch.rsqrt(var + self.eps) + self.bias


# LayerNorm


class _LayerNorm(nn.Module):
    def __init__(self, n, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n))
        self.bias = nn.Parameter(torch.zeros(n))


@mistake(
    "layer_norm", kind="statistics",
    en="The variance divides by n − 1; layer norm divides by n.",
    vi="Phương sai chia cho n − 1; layer norm chia cho n.",
    hint_en="Look at the argument `correction` of var.",
    hint_vi="Hãy xem tham số `correction` của var.",
)  # fmt: skip
class with_the_sample_variance(_LayerNorm):
    def forward(self, x):
        mean, var = x.mean(-1, keepdim=True), x.var(-1, keepdim=True)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@mistake(
    "layer_norm", kind="reduction",
    en="Mean and variance are taken over the first dimension, as in batch norm; it should be the last.",
    vi="Trung bình và phương sai lấy theo chiều đầu tiên như batch norm; phải lấy theo chiều cuối.",
)  # fmt: skip
class over_the_batch(_LayerNorm):
    def forward(self, x):
        mean, var = x.mean(0), x.var(0, correction=0)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@mistake(
    "layer_norm", kind="reduction",
    en="Mean and variance are taken over all dimensions but the first; only the last one is meant.",
    vi="Trung bình và phương sai lấy theo mọi chiều trừ chiều đầu; chỉ lấy theo chiều cuối.",
)  # fmt: skip
class over_all_but_the_first(_LayerNorm):
    def forward(self, x):
        dims = tuple(range(1, x.dim()))
        mean, var = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@mistake(
    "layer_norm", kind="formula",
    en="eps is added to the standard deviation; it belongs under the square root.",
    vi="eps được cộng vào độ lệch chuẩn; nó phải nằm dưới dấu căn.",
)  # fmt: skip
class eps_after_the_root(_LayerNorm):
    def forward(self, x):
        mean, std = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True).sqrt()
        return (x - mean) / (std + self.eps) * self.weight + self.bias


@mistake(
    "layer_norm", kind="formula",
    en="weight and bias are made but not used.",
    vi="weight và bias được tạo ra nhưng không được dùng.",
)  # fmt: skip
class without_scale_and_shift(_LayerNorm):
    def forward(self, x):
        mean, var = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
        return (x - mean) / (var + self.eps).sqrt() + 0 * (self.weight + self.bias)


@mistake(
    "layer_norm", kind="gradient",
    en="Mean and variance are detached, so their part of the gradient is missing.",
    vi="Trung bình và phương sai bị detach, nên gradient thiếu phần đi qua chúng.",
)  # fmt: skip
class layer_statistics_detached(_LayerNorm):
    def forward(self, x):
        mean, var = x.mean(-1, keepdim=True).detach(), x.var(-1, correction=0, keepdim=True).detach()
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@mistake(
    "layer_norm", kind="mode",
    en="Eval mode does something else than training; layer norm has no running statistics and does the same in both.",
    vi="Chế độ eval làm khác khi huấn luyện; layer norm không có thống kê tích lũy và làm như nhau ở cả hai chế độ.",
)  # fmt: skip
class idle_in_eval(_LayerNorm):
    def forward(self, x):
        if not self.training:
            return x * self.weight + self.bias
        mean, var = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


@alternative("layer_norm")
class with_var_mean(_LayerNorm):
    def forward(self, x):
        var, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
        return torch.addcmul(self.bias, self.weight, (x - mean) * torch.rsqrt(var + self.eps))


@alternative("layer_norm")
class with_centred_squares(_LayerNorm):
    def forward(self, x):
        centred = x - x.sum(-1, keepdim=True) / x.shape[-1]
        var = (centred * centred).mean(dim=-1).unsqueeze(-1)
        return self.weight * centred / (var + self.eps) ** 0.5 + self.bias


# count_parameters


@mistake(
    "count_parameters", kind="state",
    en="state_dict() holds buffers as well, and a shared Parameter under each of its names.",
    vi="state_dict() chứa cả buffer, và một Parameter dùng chung thì có mặt dưới mọi tên của nó.",
    hint_en="model.parameters() yields each Parameter once.",
    hint_vi="model.parameters() đưa ra mỗi Parameter đúng một lần.",
)  # fmt: skip
def from_the_state_dict(model, trainable_only):
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    return sum(v.numel() for name, v in model.state_dict().items() if not (trainable_only and name in frozen))


@mistake(
    "count_parameters", kind="reduction",
    en="Every module adds all Parameters below it, so those of inner modules count many times.",
    vi="Mỗi module cộng mọi Parameter bên dưới nó, nên Parameter của module con bị đếm nhiều lần.",
)  # fmt: skip
def once_per_module(model, trainable_only):
    found = [p for module in model.modules() for p in module.parameters()]
    return sum(p.numel() for p in found if p.requires_grad or not trainable_only)


@mistake(
    "count_parameters", kind="reduction",
    en="A Parameter that two layers share is counted twice.",
    vi="Parameter dùng chung cho hai lớp bị đếm hai lần.",
)  # fmt: skip
def shared_counted_twice(model, trainable_only):
    named = model.named_parameters(remove_duplicate=False)
    return sum(p.numel() for _, p in named if p.requires_grad or not trainable_only)


@mistake(
    "count_parameters", kind="reduction",
    en="This counts the tensors; the item asks for the numbers in them.",
    vi="Bạn đếm số tensor; bài yêu cầu đếm số phần tử trong chúng.",
    hint_en="A tensor knows its numel().",
    hint_vi="Tensor biết số phần tử của mình qua numel().",
)  # fmt: skip
def counts_tensors(model, trainable_only):
    return len([p for p in model.parameters() if p.requires_grad or not trainable_only])


@mistake(
    "count_parameters", kind="api",
    en="trainable_only is not looked at: frozen Parameters always count.",
    vi="trainable_only không được xét đến: Parameter bị đóng băng lúc nào cũng được đếm.",
)  # fmt: skip
def flag_ignored(model, trainable_only):
    return sum(p.numel() for p in model.parameters())


@mistake(
    "count_parameters", kind="api",
    en="Frozen Parameters are always left out, also when all are asked for.",
    vi="Parameter bị đóng băng lúc nào cũng bị bỏ, kể cả khi cần đếm tất cả.",
)  # fmt: skip
def always_trainable_only(model, trainable_only):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@mistake(
    "count_parameters", kind="return",
    en="The result is a tensor; the item asks for a Python int.",
    vi="Kết quả là một tensor; bài yêu cầu số int của Python.",
)  # fmt: skip
def counted_in_a_tensor(model, trainable_only):
    return torch.tensor([p.numel() for p in model.parameters() if p.requires_grad or not trainable_only] + [0]).sum()


@alternative("count_parameters")
def by_the_shapes(model, trainable_only):
    total = 0
    for p in model.parameters():
        if trainable_only and not p.requires_grad:
            continue
        total += math.prod(p.shape)
    return total


@alternative("count_parameters")
def by_identity(model, trainable_only):
    found = {id(p): p for module in model.modules() for p in module.parameters(recurse=False)}
    return sum(p.nelement() for p in found.values() if p.requires_grad or not trainable_only)


# manual_update


@mistake(
    "manual_update", kind="sign",
    en="The gradient is added; descent subtracts it.",
    vi="Gradient được cộng vào; gradient descent phải trừ đi.",
)  # fmt: skip
def uphill(model, lr):
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p += lr * p.grad


@mistake(
    "manual_update", kind="inplace",
    en="p = p − … gives the name p to a new tensor; the model's Parameter stays as it was.",
    vi="p = p − … gán tên p cho một tensor mới; Parameter của model không thay đổi.",
    hint_en="Change the tensor itself: p -= … or p.sub_(…).",
    hint_vi="Hãy sửa ngay trên tensor: p -= … hoặc p.sub_(…).",
)  # fmt: skip
def name_bound_anew(model, lr):
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p = p - lr * p.grad  # noqa: PLW2901


@mistake(
    "manual_update", kind="graph",
    en="The update runs without no_grad: autograd refuses to change a leaf that requires grad.",
    vi="Phép cập nhật không nằm trong no_grad: autograd không cho sửa một leaf cần gradient.",
    hint_en="Put the update under torch.no_grad().",
    hint_vi="Hãy đặt phép cập nhật trong torch.no_grad().",
)  # fmt: skip
def tracked(model, lr):
    for p in model.parameters():
        if p.grad is not None:
            p -= lr * p.grad


@mistake(
    "manual_update", kind="state",
    en="The gradients are zeroed after the update; the item leaves them to the caller.",
    vi="Gradient bị xóa về 0 sau khi cập nhật; bài để việc đó cho người gọi.",
)  # fmt: skip
def zeroes_the_gradients(model, lr):
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p -= lr * p.grad
                p.grad.zero_()


@mistake(
    "manual_update", kind="inplace",
    en="p.grad.mul_(lr) changes the gradient itself.",
    vi="p.grad.mul_(lr) làm thay đổi chính gradient.",
)  # fmt: skip
def gradient_scaled_in_place(model, lr):
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p -= p.grad.mul_(lr)


@mistake(
    "manual_update", kind="state",
    en="A Parameter without a gradient is not skipped: None cannot be multiplied.",
    vi="Parameter chưa có gradient không được bỏ qua: không thể nhân với None.",
)  # fmt: skip
def none_not_skipped(model, lr):
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad


@mistake(
    "manual_update", kind="inplace",
    en="New Parameters take the place of the old ones; the item asks for a change in place.",
    vi="Parameter mới thay chỗ Parameter cũ; bài yêu cầu sửa tại chỗ.",
)  # fmt: skip
def parameters_replaced(model, lr):
    for module in model.modules():
        for name, p in list(module.named_parameters(recurse=False)):
            if p.grad is not None:
                setattr(module, name, nn.Parameter(p.detach() - lr * p.grad))


@alternative("manual_update")
def with_add(model, lr):
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p.add_(p.grad, alpha=-lr)


@alternative("manual_update")
def through_data(model, lr):
    for p in model.parameters():
        if p.grad is not None:
            p.data.sub_(lr * p.grad)


@alternative("manual_update")
@torch.no_grad()
def with_copy(model, lr):
    for p in filter(lambda p: p.grad is not None, model.parameters()):
        p.copy_(p - lr * p.grad)


# train_sequential


def _descend(model, lr):
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad


@mistake(
    "train_sequential", kind="reduction",
    en="The loss is the mean of the squared errors; the item asks for their sum.",
    vi="Loss là trung bình của bình phương sai số; bài yêu cầu tổng.",
    hint_en='nn.MSELoss has an argument `reduction`.',
    hint_vi='nn.MSELoss có tham số `reduction`.',
)  # fmt: skip
def mean_of_squares(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        _descend(model, lr)
    return losses


@mistake(
    "train_sequential", kind="order",
    en="Each loss is taken after its update; the list should hold the loss before it.",
    vi="Loss được ghi sau khi cập nhật; danh sách phải chứa loss trước khi cập nhật.",
)  # fmt: skip
def losses_after_the_update(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        model.zero_grad()
        loss.backward()
        _descend(model, lr)
        losses.append(F.mse_loss(model(x), y, reduction="sum").item())
    return losses


@mistake(
    "train_sequential", kind="gradient",
    en="The gradients are never zeroed, so each step adds those of all steps before.",
    vi="Gradient không bao giờ được xóa về 0, nên mỗi bước cộng dồn gradient của mọi bước trước.",
)  # fmt: skip
def gradients_never_zeroed(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        loss.backward()
        _descend(model, lr)
    return losses


@mistake(
    "train_sequential", kind="gradient",
    en="The gradients are zeroed only after each step, so those left from before leak into the first one.",
    vi="Gradient chỉ được xóa sau mỗi bước, nên gradient còn sót từ trước lọt vào bước đầu tiên.",
    hint_en="Zero them before backward.",
    hint_vi="Hãy xóa chúng trước khi gọi backward.",
)  # fmt: skip
def zeroed_too_late(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        loss.backward()
        _descend(model, lr)
        model.zero_grad()
    return losses


@mistake(
    "train_sequential", kind="sign",
    en="The parameters move along the gradient, so the loss grows.",
    vi="Tham số đi theo hướng gradient, nên loss tăng lên.",
)  # fmt: skip
def sequential_uphill(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        _descend(model, -lr)
    return losses


@mistake(
    "train_sequential", kind="inplace",
    en="p = p − … only names a new tensor: the model never learns.",
    vi="p = p − … chỉ đặt tên cho một tensor mới: model không hề học.",
)  # fmt: skip
def never_learns(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p = p - lr * p.grad  # noqa: PLW2901
    return losses


@mistake(
    "train_sequential", kind="state",
    en="A copy of the model is trained; the model that was passed stays as it was.",
    vi="Bạn huấn luyện một bản sao của model; model được truyền vào không thay đổi.",
)  # fmt: skip
def a_copy_is_trained(x, y, model, lr, steps):
    model, losses = copy.deepcopy(model), []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        _descend(model, lr)
    return losses


@mistake(
    "train_sequential", kind="return",
    en="The losses are tensors; the item asks for Python floats.",
    vi="Các loss là tensor; bài yêu cầu số float của Python.",
    hint_en="A tensor with one number has item().",
    hint_vi="Tensor một phần tử có hàm item().",
)  # fmt: skip
def losses_as_tensors(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.detach())
        model.zero_grad()
        loss.backward()
        _descend(model, lr)
    return losses


@mistake(
    "train_sequential", kind="mode",
    en="model.train() changes the training flag; the item leaves it as it is.",
    vi="model.train() làm đổi cờ training; bài yêu cầu giữ nguyên.",
)  # fmt: skip
def switched_to_training(x, y, model, lr, steps):
    losses = []
    model.train()
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        _descend(model, lr)
    return losses


@alternative("train_sequential")
def with_functional_gradients(x, y, model, lr, steps):
    params, losses = list(model.parameters()), []
    for _ in range(steps):
        loss = ((model(x) - y) ** 2).sum()
        grads = torch.autograd.grad(loss, params)
        for p, g in zip(params, grads):  # noqa: B905
            p.data -= lr * g
        losses.append(loss.item())
    return losses


@alternative("train_sequential")
def with_manual_update(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        for p in model.parameters():
            p.grad = None
        loss = F.mse_loss(model(x), y, reduction="sum")
        loss.backward()
        manual_update(model, lr)  # noqa: F821
        losses.append(float(loss))
    return losses


# train_adam


@mistake(
    "train_adam", kind="reduction",
    en="The loss is the mean of the squared errors; the item asks for their sum.",
    vi="Loss là trung bình của bình phương sai số; bài yêu cầu tổng.",
)  # fmt: skip
def adam_on_the_mean(x, y, model, lr, steps):
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_adam", kind="state",
    en="A new Adam is made for every step, so its averages begin at zero each time.",
    vi="Mỗi bước lại tạo một Adam mới, nên các trung bình của nó luôn bắt đầu lại từ 0.",
    hint_en="Make the optimizer once, before the loop.",
    hint_vi="Hãy tạo optimizer một lần, trước vòng lặp.",
)  # fmt: skip
def a_new_adam_each_step(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_adam", kind="api",
    en="The optimizer is SGD; the item asks for Adam.",
    vi="Optimizer là SGD; bài yêu cầu Adam.",
)  # fmt: skip
def sgd_for_adam(x, y, model, lr, steps):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_adam", kind="api",
    en="AdamW also shrinks the weights by its default weight decay; the item asks for Adam.",
    vi="AdamW còn thu nhỏ trọng số theo weight decay mặc định; bài yêu cầu Adam.",
)  # fmt: skip
def adamw_for_adam(x, y, model, lr, steps):
    optimizer, losses = torch.optim.AdamW(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_adam", kind="gradient",
    en="The gradients are never zeroed, so each step adds those of all steps before.",
    vi="Gradient không bao giờ được xóa về 0, nên mỗi bước cộng dồn gradient của mọi bước trước.",
)  # fmt: skip
def adam_without_zero_grad(x, y, model, lr, steps):
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


@mistake(
    "train_adam", kind="order",
    en="zero_grad stands between backward and step, so the step sees no gradient.",
    vi="zero_grad nằm giữa backward và step, nên step không thấy gradient nào.",
)  # fmt: skip
def zeroed_before_the_step(x, y, model, lr, steps):
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
    return losses


@mistake(
    "train_adam", kind="order",
    en="Each loss is taken after its update; the list should hold the loss before it.",
    vi="Loss được ghi sau khi cập nhật; danh sách phải chứa loss trước khi cập nhật.",
)  # fmt: skip
def adam_losses_after_the_update(x, y, model, lr, steps):
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(F.mse_loss(model(x), y, reduction="sum").item())
    return losses


@alternative("train_adam")
def with_a_closure(x, y, model, lr, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr)

    def closure():
        optimizer.zero_grad(set_to_none=False)
        loss = torch.sum((model(x) - y) ** 2)
        loss.backward()
        return loss

    return [float(optimizer.step(closure)) for _ in range(steps)]


@alternative("train_adam")
def zeroed_first_and_last(x, y, model, lr, steps):
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=lr), []
    model.zero_grad()
    for _ in range(steps):
        loss = nn.MSELoss(reduction="sum")(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


# train_mlp


def _classifier(hidden):
    return nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))


@mistake(
    "train_mlp", kind="formula",
    en="The two Linear layers have no ReLU between them: the model is linear.",
    vi="Giữa hai lớp Linear không có ReLU: mô hình là tuyến tính.",
)  # fmt: skip
def classifier_without_relu(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(784, hidden), nn.Linear(hidden, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@mistake(
    "train_mlp", kind="formula",
    en="The model ends with Softmax, and cross_entropy applies it once more; the model should return logits.",
    vi="Model kết thúc bằng Softmax, rồi cross_entropy lại áp dụng lần nữa; model phải trả về logits.",
)  # fmt: skip
def softmax_twice(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _classifier(hidden).append(nn.Softmax(dim=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@mistake(
    "train_mlp", kind="gradient",
    en="The gradients are never zeroed, so each step adds those of all steps before.",
    vi="Gradient không bao giờ được xóa về 0, nên mỗi bước cộng dồn gradient của mọi bước trước.",
)  # fmt: skip
def classifier_without_zero_grad(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _classifier(hidden)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@mistake(
    "train_mlp", kind="data",
    en="The smaller batch at the end of an epoch is dropped.",
    vi="Batch nhỏ hơn ở cuối epoch bị bỏ đi.",
)  # fmt: skip
def last_batch_dropped(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _classifier(hidden)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for i in range(len(x) // batch_size):
            batch = order[i * batch_size : (i + 1) * batch_size]
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@mistake(
    "train_mlp", kind="data",
    en="The examples come in the order of x; every epoch should shuffle them.",
    vi="Các mẫu được lấy theo thứ tự trong x; mỗi epoch phải xáo trộn lại.",
    hint_en="torch.randperm(len(x)) is a random order.",
    hint_vi="torch.randperm(len(x)) là một thứ tự ngẫu nhiên.",
)  # fmt: skip
def never_shuffled(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _classifier(hidden)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.arange(len(x)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@mistake(
    "train_mlp", kind="randomness",
    en="The seed is set after the model was made, so the weights at the start do not depend on it.",
    vi="Seed được đặt sau khi tạo model, nên trọng số ban đầu không phụ thuộc vào nó.",
)  # fmt: skip
def seeded_too_late(x, y, hidden, epochs, lr, batch_size, seed):
    model = _classifier(hidden)
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@mistake(
    "train_mlp", kind="api",
    en="The optimizer is not plain SGD with the lr that was passed (here: Adam).",
    vi="Optimizer không phải là SGD thuần với lr được truyền vào (ở đây là Adam).",
)  # fmt: skip
def trained_with_adam(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = _classifier(hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr / 300)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


@alternative("train_mlp")
def with_a_loader(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = MLP([784, hidden, 10])  # noqa: F821
    generator = torch.Generator().manual_seed(seed)
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for images, labels in loader:
            loss = loss_fn(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


@alternative("train_mlp")
def by_hand_from_kaiming(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = TwoLayerNet(784, hidden, 10)  # noqa: F821
    kaiming_init_(model)  # noqa: F821
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            model.zero_grad()
            F.nll_loss(model(x[batch]).log_softmax(1), y[batch]).backward()
            manual_update(model, lr)  # noqa: F821
    return model


# device_of


@mistake(
    "device_of", kind="return",
    en="The result is a string; the item asks for a torch.device.",
    vi="Kết quả là một chuỗi; bài yêu cầu torch.device.",
)  # fmt: skip
def device_as_a_string(model):
    for tensor in [*model.parameters(), *model.buffers()]:
        return str(tensor.device)
    return "cpu"


@mistake(
    "device_of", kind="device",
    en="The answer is always the CPU, or whatever the machine has; the model's tensors are not looked at.",
    vi="Kết quả luôn là CPU, hoặc thiết bị mà máy có; các tensor của model không được xét đến.",
)  # fmt: skip
def of_the_machine(model):
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@mistake(
    "device_of", kind="state",
    en="A model without Parameters ends in StopIteration.",
    vi="Model không có Parameter làm hàm dừng với StopIteration.",
    hint_en="next(…, default) has a second argument; buffers have a device, too.",
    hint_vi="next(…, mặc_định) có tham số thứ hai; buffer cũng có device.",
)  # fmt: skip
def parameters_or_nothing(model):
    return next(model.parameters()).device


@mistake(
    "device_of", kind="state",
    en="Buffers are not looked at: a model without Parameters always answers CPU.",
    vi="Buffer không được xét đến: model không có Parameter luôn trả về CPU.",
)  # fmt: skip
def buffers_overlooked(model):
    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


@mistake(
    "device_of", kind="order",
    en="A buffer is asked before the Parameters.",
    vi="Buffer được hỏi trước các Parameter.",
)  # fmt: skip
def buffers_first(model):
    for tensor in [*model.buffers(), *model.parameters()]:
        return tensor.device
    return torch.device("cpu")


@mistake(
    "device_of", kind="order",
    en="This is the device of the last Parameter; the item asks for the first.",
    vi="Đây là device của Parameter cuối cùng; bài yêu cầu Parameter đầu tiên.",
)  # fmt: skip
def of_the_last_parameter(model):
    tensors = list(model.parameters()) or list(model.buffers())
    return tensors[-1].device if tensors else torch.device("cpu")


@alternative("device_of")
def with_next(model):
    tensor = next(model.parameters(), next(model.buffers(), None))
    return torch.device("cpu") if tensor is None else tensor.device


@alternative("device_of")
def with_two_tries(model):
    try:
        return next(model.parameters()).device
    except StopIteration:
        devices = [buffer.device for buffer in model.buffers()]
        return devices[0] if devices else torch.empty(0).device


# train_step_on


@mistake(
    "train_step_on", kind="device",
    en="tensor.to(device) returns a new tensor; its result is not used, so x and y stay where they were.",
    vi="tensor.to(device) trả về tensor mới; kết quả không được dùng nên x và y vẫn ở chỗ cũ.",
    hint_en="Assign the result: x = x.to(device).",
    hint_vi="Hãy gán kết quả: x = x.to(device).",
)  # fmt: skip
def batch_not_assigned(model, batch, optimizer, device):
    x, y = batch
    model.to(device)
    x.to(device)
    y.to(device)
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="device",
    en="The labels stay behind on their old device.",
    vi="Nhãn bị bỏ lại trên thiết bị cũ.",
)  # fmt: skip
def labels_left_behind(model, batch, optimizer, device):
    x, y = batch
    loss = F.cross_entropy(model.to(device)(x.to(device)), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="device",
    en="The batch is moved, the model is not.",
    vi="Batch được chuyển sang thiết bị mới, còn model thì không.",
)  # fmt: skip
def model_left_behind(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="device",
    en='"cuda" stands in the code: it takes the first GPU of the machine, whatever `device` says.',
    vi='Trong mã ghi sẵn "cuda": nó dùng GPU đầu tiên của máy, bất kể `device` là gì.',
    hint_en="Use the argument: model.to(device), x.to(device), y.to(device).",
    hint_vi="Hãy dùng đối số: model.to(device), x.to(device), y.to(device).",
)  # fmt: skip
def on_any_gpu_there_is(model, batch, optimizer, device):
    x, y = batch
    if torch.cuda.is_available():
        model, x, y = model.cuda(), x.cuda(), y.to("cuda")
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="device",
    en=".cuda() stands in the code: without a GPU it is an error, and it does not ask for `device`.",
    vi="Trong mã ghi sẵn .cuda(): máy không có GPU sẽ báo lỗi, và nó không xét `device`.",
    hint_en="Use the argument: model.to(device), x.to(device), y.to(device).",
    hint_vi="Hãy dùng đối số: model.to(device), x.to(device), y.to(device).",
)  # fmt: skip
def always_cuda(model, batch, optimizer, device):
    x, y = (tensor.cuda() for tensor in batch)
    loss = F.cross_entropy(model.cuda()(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="device",
    en=".numpy() cannot read the memory of a GPU: the loss has to come to the CPU first.",
    vi=".numpy() không đọc được bộ nhớ của GPU: phải đưa loss về CPU trước.",
    hint_en="loss.item() brings a single number over.",
    hint_vi="loss.item() mang về một con số.",
)  # fmt: skip
def loss_by_numpy(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model.to(device)(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach().numpy())


@mistake(
    "train_step_on", kind="device",
    en="The targets are made anew without a device, so they are on the CPU while the logits are on `device`.",
    vi="Nhãn được tạo lại mà không nêu device, nên nằm trên CPU trong khi logits nằm trên `device`.",
    hint_en="torch.zeros(…, device=logits.device), torch.zeros_like(logits), or F.one_hot of y.",
    hint_vi="torch.zeros(…, device=logits.device), torch.zeros_like(logits), hoặc F.one_hot của y.",
)  # fmt: skip
def targets_made_on_the_cpu(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    logits = model.to(device)(x)
    targets = torch.eye(logits.shape[1], dtype=logits.dtype)[y.tolist()]
    loss = F.cross_entropy(logits, targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="gradient",
    en="The gradients are not zeroed, so those of earlier steps are added.",
    vi="Gradient không được xóa về 0, nên gradient của các bước trước bị cộng dồn.",
)  # fmt: skip
def step_without_zero_grad(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model.to(device)(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="order",
    en="zero_grad stands between backward and step, so nothing is learned.",
    vi="zero_grad nằm giữa backward và step, nên model không học được gì.",
)  # fmt: skip
def step_sees_no_gradient(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model.to(device)(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="formula",
    en="Softmax is applied before cross_entropy, which applies it itself.",
    vi="Bạn dùng softmax trước cross_entropy, trong khi hàm này đã tự áp dụng softmax.",
)  # fmt: skip
def probabilities_into_cross_entropy(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model.to(device)(x).softmax(1), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "train_step_on", kind="state",
    en="A new optimizer is made inside; the one that was passed, with its momentum, is not used.",
    vi="Bên trong tạo một optimizer mới; optimizer được truyền vào, cùng momentum của nó, không được dùng.",
)  # fmt: skip
def an_optimizer_of_its_own(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    own = torch.optim.SGD(model.to(device).parameters(), lr=optimizer.param_groups[0]["lr"])
    loss = F.cross_entropy(model(x), y)
    own.zero_grad()
    loss.backward()
    own.step()
    return loss.item()


@mistake(
    "train_step_on", kind="return",
    en="The result is a tensor with its graph; the item asks for a Python float.",
    vi="Kết quả là một tensor còn gắn với graph; bài yêu cầu số float của Python.",
)  # fmt: skip
def loss_as_a_tensor(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model.to(device)(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@mistake(
    "train_step_on", kind="order",
    en="The loss is computed again after the update; the item asks for the one before it.",
    vi="Loss được tính lại sau khi cập nhật; bài yêu cầu loss trước khi cập nhật.",
)  # fmt: skip
def loss_after_the_step(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model.to(device)(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


@mistake(
    "train_step_on", kind="mode",
    en="model.train() changes the training flag; the item leaves it as it is.",
    vi="model.train() làm đổi cờ training; bài yêu cầu giữ nguyên.",
)  # fmt: skip
def step_in_training_mode(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    model.to(device).train()
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@alternative("train_step_on")
def with_log_probabilities(model, batch, optimizer, device):
    model.zero_grad()
    model = model.to(device=device)
    x, y = [tensor.to(device, non_blocking=True) for tensor in batch]
    logp = torch.log_softmax(model(x), dim=1)
    loss = -logp[torch.arange(len(y), device=device), y].mean()
    loss.backward()
    optimizer.step()
    return float(loss)


@alternative("train_step_on")
def with_a_loss_module(model, batch, optimizer, device):
    device = torch.device(device)
    loss_fn = nn.CrossEntropyLoss().to(device)
    model.to(device)
    x = batch[0].to(device)
    y = batch[1].to(device)
    optimizer.zero_grad(set_to_none=False)
    loss = loss_fn(model(x), y)
    value = loss.item()
    loss.backward()
    optimizer.step()
    return value
