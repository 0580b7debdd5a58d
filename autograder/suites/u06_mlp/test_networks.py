"""Hidden tests of u06_mlp: the networks, their first weights, their size."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u06_mlp")


@inside
def parameter_shapes(net):
    return {name: tuple(p.shape) for name, p in net.named_parameters()}


@inside
def load(net, weights):
    named = dict(net.named_parameters())
    net.double()
    with torch.no_grad():
        for name, weight in weights.items():
            named[name].copy_(weight)


@inside
def load_in_order(net, weights):
    net.double()
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)


@inside
def run(net, x, upstream):
    x = x.clone().requires_grad_(True)
    y = net(x)
    y.backward(upstream)
    return y.detach(), x.grad, {name: p.grad for name, p in net.named_parameters()}


def forward(x, *weights):
    """The reference: Linear layers with ReLU between them, weights and biases in turn."""
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    for i, (w, b) in enumerate(pairs):
        x = x @ w.T + b
        if i + 1 < len(pairs):
            x = torch.where(x > 0, x, torch.zeros_like(x))
    return x


def layers(make, sizes):
    """A float64 weight and bias for each layer."""
    pairs = [(make(m, n), make(m)) for n, m in pairwise(sizes)]
    return [tensor for pair in pairs for tensor in pair]


def expect_same(net, x, upstream, weights):
    """Values and every gradient of `net` are those of the reference with the same weights."""
    y, dx, grads = run(net, x, upstream)
    check.close(y, forward(x, *weights), name="net(x)")
    want_dx, *want = check.autograd_of(forward, x, *weights, upstream=upstream)
    check.close(dx, want_dx, name="x.grad")
    check.equal(len(grads), len(want), name="len(list(net.parameters()))")
    for (name, grad), grad_wanted in zip(grads.items(), want, strict=True):
        check.close(grad, grad_wanted, name=f"{name}.grad")


# ---------------------------------------------------------------------------------------------------- TwoLayerNet

NAMES = ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias")
SIZES = [(6, 5, 7, 3), (1, 4, 6, 2), (4, 4, 4, 4)]  # N, d_in, hidden, d_out


@pytest.mark.item("two_layer_net")
@check.about("registered")
def test_it_registers_linear1_and_linear2(student):
    net = student.TwoLayerNet(5, 7, 3)
    want = {"linear1.weight": (7, 5), "linear1.bias": (7,), "linear2.weight": (3, 7), "linear2.bias": (3,)}
    check.equal(parameter_shapes(net), want, name="shapes of named_parameters()")


@pytest.mark.item("two_layer_net")
def test_its_values_and_gradients_are_those_of_linear_clamp_linear(student, make):
    for n, *widths in SIZES:
        net = student.TwoLayerNet(*widths)
        weights = layers(make, widths)
        load(net, dict(zip(NAMES, weights, strict=True)))
        x, upstream = make(n, widths[0]), make(n, widths[-1])
        y, dx, grads = run(net, x, upstream)
        check.close(y, forward(x, *weights), name="net(x)")
        want_dx, *want = check.autograd_of(forward, x, *weights, upstream=upstream)
        check.close(dx, want_dx, name="x.grad")
        check.close(grads, dict(zip(NAMES, want, strict=True)), name="grads")


@pytest.mark.item("two_layer_net")
def test_two_calls_with_one_input_agree(student, make):
    net = student.TwoLayerNet(5, 7, 3)
    x = make(4, 5, dtype=torch.float32)
    first, second = net(x), net(x)
    check.shape(first, (4, 3), name="net(x)")
    check.dtype(first, torch.float32, name="net(x)")
    check.close(second, first, name="net(x), the second time")


# ------------------------------------------------------------------------------------------------- sequential_net


@inside
def modules_of(net):
    return isinstance(net, nn.Sequential), [type(module).__name__ for module in net.children()]


@pytest.mark.item("sequential_net")
def test_it_is_a_sequential_of_linear_relu_linear(student):
    sequential, kinds = modules_of(student.sequential_net(5, 7, 3))
    check.that(
        sequential, Text(en="The result is not an nn.Sequential.", vi="Kết quả không phải là một nn.Sequential.")
    )
    check.equal(kinds, ["Linear", "ReLU", "Linear"], name="the modules of sequential_net(5, 7, 3)")


@pytest.mark.item("sequential_net")
def test_its_layers_have_the_widths_asked_for(student):
    shapes = list(parameter_shapes(student.sequential_net(5, 7, 3)).values())
    check.equal(shapes, [(7, 5), (7,), (3, 7), (3,)], name="shapes of parameters()")


@pytest.mark.item("sequential_net")
def test_its_values_and_gradients_are_right(student, make):
    for n, *widths in SIZES:
        net = student.sequential_net(*widths)
        weights = layers(make, widths)
        load_in_order(net, weights)
        expect_same(net, make(n, widths[0]), make(n, widths[-1]), weights)


# ------------------------------------------------------------------------------------------------------------ MLP


DEPTHS = [[5, 7, 3], [6, 4], [3, 8, 6, 5, 2], [4, 4, 4, 4]]


@pytest.mark.item("mlp")
@check.about("registered")
def test_its_parameters_come_in_the_order_of_the_layers(student):
    for sizes in DEPTHS:
        got = list(parameter_shapes(student.MLP(sizes)).values())
        want = [shape for n, m in pairwise(sizes) for shape in ((m, n), (m,))]
        check.equal(got, want, name=f"shapes of MLP({sizes}).parameters()")


@pytest.mark.item("mlp")
@pytest.mark.parametrize("n", [5, 1])
def test_relu_stands_between_the_layers_and_nowhere_else(student, make, n):
    for sizes in DEPTHS:
        weights = layers(make, sizes)
        net = student.MLP(sizes)
        load_in_order(net, weights)
        expect_same(net, make(n, sizes[0]), make(n, sizes[-1]), weights)


@inside
def shape_after_the_list_changed(sizes, x):
    own = list(sizes)
    net = student.MLP(own)
    own[1:] = [2]
    return tuple(net(x).shape)


@pytest.mark.item("mlp")
@check.about(
    "keeps_the_list",
    en="The caller's list itself is kept: what the caller changes later changes the network.",
    vi="Chính danh sách của người gọi được giữ lại: họ sửa nó về sau thì mạng cũng đổi theo.",
)
def test_a_later_change_of_the_list_does_not_reach_the_network(student, make):
    shape = shape_after_the_list_changed([5, 7, 6, 3], make(4, 5, dtype=torch.float32))
    check.equal(shape, (4, 3), name="shape of net(x)")


# -------------------------------------------------------------------------------------------------- kaiming_init_


@inside
def initialised(dtype):
    inner = nn.Sequential(nn.Linear(80, 150, bias=False), nn.ReLU(), nn.Sequential(nn.Linear(150, 70)))
    model = nn.Sequential(nn.Linear(250, 80), nn.ReLU(), inner).to(dtype)
    student.kaiming_init_(model)
    return {name: p.detach() for name, p in model.named_parameters()}


@inside
def initialised_alone():
    layer = nn.Linear(120, 90)
    student.kaiming_init_(layer)
    first = layer.weight.detach().clone()
    student.kaiming_init_(layer)
    return first, layer.weight.detach().clone(), layer.bias.detach()


def expect_he_normal(w, name):
    """Six standard errors on the mean, the variance and the share within one standard deviation."""
    n, std = w.numel(), math.sqrt(2 / w.shape[1])
    z = w.double() / std
    check.finite(w, name=name)
    check.that(
        abs(z.mean().item()) < 6 / math.sqrt(n),
        Text(en=f"The mean of {name} is not 0.", vi=f"Trung bình của {name} không bằng 0."),
        code="init",
    )
    check.that(
        abs(z.square().mean().item() - 1) < 6 * math.sqrt(2 / n),
        Text(
            en=f"The standard deviation of {name} is not sqrt(2 / fan_in).",
            vi=f"Độ lệch chuẩn của {name} không phải là sqrt(2 / fan_in).",
        ),
        code="init",
    )
    share = (z.abs() < 1).double().mean().item()
    check.that(
        abs(share - 0.6827) < 6 * math.sqrt(0.6827 * 0.3173 / n),
        Text(en=f"{name} is not drawn from a normal distribution.", vi=f"{name} không được lấy từ phân phối chuẩn."),
        code="init",
    )


@pytest.mark.item("kaiming_init_")
def test_every_linear_weight_is_he_normal_and_every_bias_zero(student):
    for dtype in (torch.float32, torch.float64):
        for name, value in initialised(dtype).items():
            check.dtype(value, dtype, name=name)
            if name.endswith("bias"):
                check.close(value, torch.zeros(value.shape, dtype=dtype), name=name)
            else:
                expect_he_normal(value, name)


@pytest.mark.item("kaiming_init_")
def test_a_model_that_is_one_linear_gets_new_numbers_with_every_call(student):
    first, second, bias = initialised_alone()
    expect_he_normal(first, "weight")
    expect_he_normal(second, "weight")
    check.close(bias, torch.zeros(90), name="bias")
    check.that(
        not torch.equal(first, second),
        Text(
            en="Two calls drew the same numbers: do not seed inside.",
            vi="Hai lần gọi cho cùng một bộ số: đừng đặt seed bên trong hàm.",
        ),
        code="fresh_draws",
    )


@inside
def other_layers():
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm1d(4), nn.Linear(4, 5), nn.Embedding(6, 2))
    with torch.no_grad():
        model[1].bias.fill_(0.5)
    kept = [p for i in (0, 1, 3) for p in model[i].parameters()]
    before = [p.detach().clone() for p in kept]
    student.kaiming_init_(model)
    return before, [p.detach() for p in kept]


@pytest.mark.item("kaiming_init_")
@check.about(
    "init",
    en="Layers that are not Linear got new numbers, too.",
    vi="Những lớp không phải Linear cũng bị gán số mới.",
)
def test_other_layers_keep_their_values(student):
    before, after = other_layers()
    check.close(after, before, name="parameters of Conv2d, BatchNorm1d and Embedding")


@inside
def step_with_an_older_optimizer(x, upstream):
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).double()
    old = list(model.parameters())
    optimizer = torch.optim.SGD(old, lr=0.5)
    student.kaiming_init_(model)
    new = list(model.parameters())
    places = [[i for i, p in enumerate(old) if p is q] for q in new]
    before = [p.detach().clone() for p in new]
    model(x).backward(upstream)
    optimizer.step()
    return places, [p.is_leaf for p in new], before, [p.detach() for p in new]


@pytest.mark.item("kaiming_init_")
@check.about("same_objects")
def test_an_optimizer_made_before_still_trains_the_model(student, make):
    x, upstream = make(4, 6), make(4, 3)
    places, leaves, before, after = step_with_an_older_optimizer(x, upstream)
    check.equal(places, [[0], [1], [2], [3]], name="places of the Parameters among the old ones")
    check.equal(leaves, [True] * 4, name="[p.is_leaf for p in model.parameters()]")
    _, *grads = check.autograd_of(forward, x, *before, upstream=upstream)
    want = [p - 0.5 * g for p, g in zip(before, grads, strict=True)]
    check.close(after, want, name="parameters after one SGD step")


# ----------------------------------------------------------------------------------------------- count_parameters


@inside
def count_plain(a, b, c, trainable_only):
    model = nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.Sequential(nn.ReLU(), nn.Linear(b, c)))
    return student.count_parameters(model, trainable_only)


@inside
def count_frozen(a, b, c, trainable_only):
    model = nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c))
    model[0].weight.requires_grad_(False)
    model[2].bias.requires_grad_(False)
    return student.count_parameters(model, trainable_only)


@inside
def count_shared(n, trainable_only):
    model = nn.Sequential(nn.Linear(n, n), nn.Sequential(nn.Linear(n, n), nn.Linear(n, 2)))
    model[1][0].weight = model[0].weight  # tied; the biases are two
    model.append(model[1][1])  # one module in two places
    model.append(nn.BatchNorm1d(2))
    return student.count_parameters(model, trainable_only)


@inside
def count_own(n, trainable_only):
    model = nn.Module()
    model.scale = nn.Parameter(torch.tensor(1.0))  # no dimensions, one number
    model.grid = nn.Parameter(torch.zeros(2, n, 3))
    model.register_buffer("steps", torch.zeros(5))
    return student.count_parameters(model, trainable_only)


@inside
def count_empty(trainable_only):
    return student.count_parameters(nn.ReLU(), trainable_only)


@pytest.mark.item("count_parameters")
def test_it_counts_numbers_at_every_depth_and_no_buffers(student, make):
    a, b, c, n = make.pick(3, 9), make.pick(10, 14), make.pick(3, 9), make.pick(3, 9)
    for trainable_only in (False, True):
        got = count_plain(a, b, c, trainable_only)
        check.equal(got, a * b + b + 2 * b + b * c + c, name="count_parameters")
        check.equal(count_own(n, trainable_only), 1 + 6 * n, name="count_parameters, own Parameters")
        check.equal(count_empty(trainable_only), 0, name="count_parameters(nn.ReLU())")


@pytest.mark.item("count_parameters")
@check.about(
    "counted_twice",
    en="What is shared by two modules is counted twice.",
    vi="Tham số dùng chung cho hai module bị đếm hai lần.",
)
def test_a_shared_parameter_counts_once(student, make):
    n = make.pick(4, 9)
    for trainable_only in (False, True):
        want = n * n + 2 * n + 2 * n + 2 + 4
        check.equal(count_shared(n, trainable_only), want, name="count_parameters, shared")


@pytest.mark.item("count_parameters")
@check.about("setting")
def test_frozen_parameters_count_only_when_asked_for(student, make):
    a, b, c = make.pick(3, 5), make.pick(6, 9), make.pick(3, 5)
    check.equal(count_frozen(a, b, c, True), b + b * c, name="count_parameters(model, True)")
    check.equal(count_frozen(a, b, c, False), a * b + b + b * c + c, name="count_parameters(model, False)")
