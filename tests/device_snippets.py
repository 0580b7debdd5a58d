"""Small programs about devices: each is right or wrong, by name.  tests/test_devices.py runs them, the table in
docs/explanation/devices.md is made from them.

A program gets a device and returns tensors that should be on it (or None).  A wrong one is *caught* when on one of the
devices of its suite it raises, or returns a tensor that is elsewhere; a right one *passes* when on each of them it
returns what it returns on the CPU, there.  They look like what students write, and know nothing of what judges them.
"""

from __future__ import annotations

import copy
import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset, random_split

Program = Callable[[torch.device], Any]


@dataclass(frozen=True)
class Snippet:
    program: Program
    kind: str  # of the bug; of a right one, what it uses
    right: bool
    drawn: bool = False  # it draws on the device, where a real GPU draws other numbers

    @property
    def name(self) -> str:
        return self.program.__name__


SNIPPETS: list[Snippet] = []


def wrong(kind: str) -> Callable[[Program], Program]:
    def keep(program: Program) -> Program:
        SNIPPETS.append(Snippet(program, kind, right=False))
        return program

    return keep


def right(kind: str, *, drawn: bool = False) -> Callable[[Program], Program]:
    def keep(program: Program) -> Program:
        SNIPPETS.append(Snippet(program, kind, right=True, drawn=drawn))
        return program

    return keep


def batch(n: int = 6, d: int = 4, classes: int = 3) -> tuple[Tensor, Tensor]:
    return torch.randn(n, d), torch.arange(n) % classes


def small_net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


# ------------------------------------------------------------------------------------------------- wrong: devices mixed


@wrong("mixed")
def input_left_behind(device: torch.device) -> Any:
    x, _ = batch()
    return small_net().to(device)(x)


@wrong("mixed")
def model_left_behind(device: torch.device) -> Any:
    x, _ = batch()
    return small_net()(x.to(device))


@wrong("mixed")
def labels_left_behind(device: torch.device) -> Any:
    x, y = batch()
    return F.cross_entropy(small_net().to(device)(x.to(device)), y)


@wrong("mixed")
def result_of_to_thrown_away(device: torch.device) -> Any:
    x, _ = batch()
    x.to(device)
    return small_net().to(device)(x)


@wrong("mixed")
def one_layer_left_behind(device: torch.device) -> Any:
    net = small_net()
    net[0].to(device)
    return net(batch()[0].to(device))


@wrong("mixed")
def class_weights_left_behind(device: torch.device) -> Any:
    x, y = batch()
    return F.cross_entropy(small_net().to(device)(x.to(device)), y.to(device), weight=torch.ones(3))


@wrong("mixed")
def concatenated_with_the_cpu(device: torch.device) -> Any:
    x, _ = batch()
    return torch.cat([x.to(device), x])


@wrong("mixed")
def stacked_with_the_cpu(device: torch.device) -> Any:
    x, _ = batch()
    return torch.stack([x.to(device), torch.ones(6, 4)])


@wrong("mixed")
def vector_of_the_cpu_added(device: torch.device) -> Any:
    return batch()[0].to(device) + torch.ones(4)


@wrong("mixed")
def matrix_of_the_cpu(device: torch.device) -> Any:
    return batch()[0].to(device) @ torch.ones(4, 2)


@wrong("mixed")
def einsum_with_the_cpu(device: torch.device) -> Any:
    return torch.einsum("nd,d->n", batch()[0].to(device), torch.ones(4))


@wrong("mixed")
def condition_on_the_cpu(device: torch.device) -> Any:
    x, _ = batch()
    return torch.where(x > 0, x.to(device), torch.zeros(6, 4, device=device))


@wrong("mixed")
def mask_left_behind(device: torch.device) -> Any:
    x, _ = batch()
    return x.to(device).masked_fill(x > 0, 0.0)


@wrong("mixed")
def cpu_data_indexed_from_the_device(device: torch.device) -> Any:
    x, y = batch()
    return x[y.to(device)].to(device)


@wrong("mixed")
def gathered_with_a_cpu_index(device: torch.device) -> Any:
    x, y = batch()
    return x.to(device).gather(1, y[:, None])


@wrong("mixed")
def tokens_left_behind(device: torch.device) -> Any:
    return nn.Embedding(10, 4).to(device)(torch.arange(5))


@wrong("mixed")
def added_into_a_vector_of_the_cpu(device: torch.device) -> Any:
    total = torch.zeros(4)
    total += batch()[0].to(device).sum(0)
    return total.to(device)


@wrong("mixed")
def loss_added_into_a_number_of_the_cpu(device: torch.device) -> Any:
    total = torch.tensor(0.0)
    for row in batch()[0].to(device):
        total += row.sum()
    return total.to(device)


@wrong("mixed")
def upstream_gradient_of_the_cpu(device: torch.device) -> Any:
    w = torch.ones(3, device=device, requires_grad=True)
    (2 * w).backward(torch.ones(3))
    return w.grad


@wrong("mixed")
def gradient_of_the_cpu_assigned(device: torch.device) -> Any:
    w = torch.ones(3, device=device, requires_grad=True)
    w.grad = torch.ones(3)
    torch.optim.SGD([w], lr=0.1).step()
    return w


@wrong("mixed")
def hidden_state_of_the_cpu(device: torch.device) -> Any:
    lstm = nn.LSTM(4, 5, batch_first=True).to(device)
    return lstm(torch.randn(2, 3, 4).to(device), (torch.zeros(1, 2, 5), torch.zeros(1, 2, 5)))[0]


@wrong("mixed")
def statistics_of_the_cpu(device: torch.device) -> Any:
    return F.batch_norm(batch()[0].to(device), torch.zeros(4), torch.ones(4))


@wrong("mixed")
def back_on_the_cpu_halfway(device: torch.device) -> Any:
    net = small_net().to(device)
    hidden = net[0](batch()[0].to(device)).relu().cpu()
    return net[2](hidden)


@wrong("mixed")
def scattered_from_the_cpu(device: torch.device) -> Any:
    counts = torch.zeros(3, device=device)
    return counts.scatter_add_(0, batch()[1].to(device), torch.ones(6))


@wrong("mixed")
def array_meets_the_device(device: torch.device) -> Any:
    return batch()[0].to(device) * torch.from_numpy(np.full(4, 2.0, dtype=np.float32))


@wrong("mixed")
def average_kept_on_the_cpu(device: torch.device) -> Any:
    net = small_net()
    average = copy.deepcopy(net)
    net.to(device)
    with torch.no_grad():
        for kept, new in zip(average.parameters(), net.parameters(), strict=True):
            kept.mul_(0.9).add_(new, alpha=0.1)
    return [p.to(device) for p in average.parameters()]


@wrong("mixed")
def loaded_to_the_cpu_and_used(device: torch.device) -> Any:
    file = io.BytesIO()
    torch.save({"mean": torch.ones(4, device=device)}, file)
    file.seek(0)
    return batch()[0].to(device) - torch.load(file, map_location="cpu")["mean"]


# --------------------------------------------------------------------------------------- wrong: .numpy() without .cpu()


@wrong("numpy")
def numpy_without_cpu(device: torch.device) -> Any:
    small_net().to(device)(batch()[0].to(device)).detach().numpy()


@wrong("numpy")
def predictions_as_an_array(device: torch.device) -> Any:
    logits = small_net().to(device)(batch()[0].to(device))
    np.asarray(logits.argmax(1))


@wrong("numpy")
def rows_stacked_by_numpy(device: torch.device) -> Any:
    np.stack(list(batch()[0].to(device)))


@wrong("numpy")
def labels_counted_by_numpy(device: torch.device) -> Any:
    np.bincount(batch()[1].to(device))


@wrong("numpy")
def compared_with_an_array(device: torch.device) -> Any:
    np.testing.assert_allclose(torch.ones(3, device=device), np.ones(3))


# ---------------------------------------------------------------------------------------------------- wrong: hard-coded


@wrong("hard-coded")
def batch_by_cuda(device: torch.device) -> Any:
    return small_net().to(device)(batch()[0].cuda())


@wrong("hard-coded")
def everything_by_cuda(device: torch.device) -> Any:
    return small_net().cuda()(batch()[0].cuda())


@wrong("hard-coded")
def everything_by_cuda_if_there_is_one(device: torch.device) -> Any:
    net, x = small_net(), batch()[0]
    if torch.cuda.is_available():
        net, x = net.cuda(), x.cuda()
    return net(x)


@wrong("hard-coded")
def device_chosen_anew(device: torch.device) -> Any:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return small_net().to(device)(batch()[0].to(device))


@wrong("hard-coded")
def to_the_text_cuda(device: torch.device) -> Any:
    return batch()[0].to("cuda").relu()


@wrong("hard-coded")
def to_the_number_0(device: torch.device) -> Any:
    return batch()[0].to(0).relu()


@wrong("hard-coded")
def zeros_on_cuda(device: torch.device) -> Any:
    return batch()[0].to(device) + torch.zeros(4, device="cuda")


@wrong("hard-coded")
def tensor_type_of_cuda(device: torch.device) -> Any:
    return batch()[0].type("torch.cuda.FloatTensor")


@wrong("hard-coded")
def weights_loaded_to_cuda(device: torch.device) -> Any:
    file = io.BytesIO()
    torch.save({"mean": torch.ones(4)}, file)
    file.seek(0)
    return torch.load(file, map_location="cuda")["mean"]


@wrong("hard-coded")
def answer_brought_to_the_cpu(device: torch.device) -> Any:
    return small_net().to(device)(batch()[0].to(device)).cpu()


# ----------------------------------------------------------------------------------------- wrong: made without a device


class Noisy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 0.1 * torch.randn(x.shape)


@wrong("no device")
def noise_in_forward(device: torch.device) -> Any:
    return Noisy().to(device)(batch()[0].to(device))


@wrong("no device")
def zeros_in_forward(device: torch.device) -> Any:
    x = batch()[0].to(device)
    return torch.cat([torch.zeros(6, 1), x], dim=1)


@wrong("no device")
def positions_in_forward(device: torch.device) -> Any:
    table = nn.Embedding(10, 4).to(device)
    return torch.randn(2, 5, 4).to(device) + table(torch.arange(5))


@wrong("no device")
def causal_mask_in_forward(device: torch.device) -> Any:
    scores = torch.randn(4, 4).to(device)
    return scores.masked_fill(torch.triu(torch.ones(4, 4), 1).bool(), float("-inf")).softmax(-1)


@wrong("no device")
def list_made_a_tensor(device: torch.device) -> Any:
    return batch()[0].to(device) * torch.tensor([1.0, 2.0, 3.0, 4.0])


@wrong("no device")
def dropout_by_hand(device: torch.device) -> Any:
    x = batch()[0].to(device)
    return x * torch.bernoulli(torch.full((6, 4), 0.5))


@wrong("no device")
def one_hot_by_eye(device: torch.device) -> Any:
    return torch.eye(3)[batch()[1].to(device)].to(device)


@wrong("no device")
def targets_made_for_the_loss(device: torch.device) -> Any:
    return F.binary_cross_entropy_with_logits(batch()[0].to(device), torch.ones(6, 4))


@wrong("no device")
def state_of_a_loop(device: torch.device) -> Any:
    hidden = torch.zeros(2, 4)
    for x in torch.randn(3, 2, 4).to(device):
        hidden = torch.tanh(hidden + x)
    return hidden


@wrong("no device")
def old_constructor(device: torch.device) -> Any:
    return batch()[0].to(device) - torch.FloatTensor([1, 2, 3, 4])


@wrong("no device")
def answer_made_on_the_cpu(device: torch.device) -> Any:
    x = batch()[0].to(device)
    return torch.tensor([row.sum().item() for row in x])


@wrong("no device")
def generator_of_the_cpu(device: torch.device) -> Any:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, device=device, generator=generator)


@wrong("no device")
def drawn_in_place_with_a_generator_of_the_cpu(device: torch.device) -> Any:
    return torch.empty(3, device=device).normal_(generator=torch.Generator().manual_seed(0))


# ------------------------------------------------------------------------------------- wrong: no buffer, not registered


class Centred(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mean = torch.ones(4)

    def forward(self, x: Tensor) -> Tensor:
        return x - self.mean


@wrong("no buffer")
def attribute_instead_of_a_buffer(device: torch.device) -> Any:
    return Centred().to(device)(batch()[0].to(device))


class RunningMean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mean = torch.zeros(4)

    def forward(self, x: Tensor) -> Tensor:
        self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
        return x - self.mean


@wrong("no buffer")
def running_mean_as_an_attribute(device: torch.device) -> Any:
    return RunningMean().to(device)(batch()[0].to(device))


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


@wrong("no buffer")
def layers_in_a_plain_list(device: torch.device) -> Any:
    return Listed().to(device)(batch()[0].to(device))


class Weights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = {"w": nn.Parameter(torch.ones(4, 3))}

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weights["w"]


@wrong("no buffer")
def parameters_in_a_plain_dict(device: torch.device) -> Any:
    return Weights().to(device)(batch()[0].to(device))


class Shifted(nn.Module):
    shift = torch.ones(4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.shift


@wrong("no buffer")
def tensor_of_the_class(device: torch.device) -> Any:
    return Shifted().to(device)(batch()[0].to(device))


MEAN = torch.tensor([0.1, 0.2, 0.3, 0.4])


@wrong("no buffer")
def tensor_of_the_module(device: torch.device) -> Any:
    return batch()[0].to(device) - MEAN


@wrong("no buffer")
def weights_bound_into_the_loss(device: torch.device) -> Any:
    loss_fn = functools.partial(F.cross_entropy, weight=torch.ones(3))
    x, y = batch()
    return loss_fn(small_net().to(device)(x.to(device)), y.to(device))


@wrong("no buffer")
def loss_module_left_behind(device: torch.device) -> Any:
    x, y = batch()
    return nn.CrossEntropyLoss(weight=torch.ones(3))(small_net().to(device)(x.to(device)), y.to(device))


# ------------------------------------------------------------------------------------- wrong: optimizer before the move


def one_step(net: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device | str) -> Tensor:
    x, y = (t.to(device) for t in batch())
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


@wrong("optimizer")
def adagrad_before_the_move(device: torch.device) -> Any:
    net = small_net()
    optimizer = torch.optim.Adagrad(net.parameters(), lr=0.1)  # makes its sums at once
    return one_step(net.to(device), optimizer, device)


@wrong("optimizer")
def adam_after_a_step_on_the_cpu(device: torch.device) -> Any:
    net = small_net()
    optimizer = torch.optim.Adam(net.parameters())
    one_step(net, optimizer, "cpu")
    return one_step(net.to(device), optimizer, device)


@wrong("optimizer")
def momentum_after_a_step_on_the_cpu(device: torch.device) -> Any:
    net = small_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    one_step(net, optimizer, "cpu")
    return one_step(net.to(device), optimizer, device)


@wrong("optimizer")
def rmsprop_after_a_step_on_the_cpu(device: torch.device) -> Any:
    net = small_net()
    optimizer = torch.optim.RMSprop(net.parameters())
    one_step(net, optimizer, "cpu")
    return one_step(net.to(device), optimizer, device)


@wrong("optimizer")
def leaf_moved_after_requires_grad(device: torch.device) -> Any:
    w = torch.ones(4, requires_grad=True).to(device)  # no leaf any more, except on the CPU
    (batch()[0].to(device) @ w).sum().backward()
    return w - 0.1 * w.grad  # type: ignore[operator]


@wrong("optimizer")
def optimizer_of_the_tensor_before(device: torch.device) -> Any:
    w = torch.ones(4, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    w = w.to(device)
    optimizer.zero_grad()
    (batch()[0].to(device) @ w).sum().backward()
    optimizer.step()
    return w.grad.clone()  # type: ignore[union-attr]


# -------------------------------------------------------------------------------------------------------- right: layers


def trained(net: nn.Module, x: Tensor, device: torch.device) -> list[Any]:
    """Forward and backward on the device: the answer and every gradient."""
    net, x = net.to(device), x.to(device).requires_grad_(x.is_floating_point())
    y = net(x)
    (y * torch.linspace(0, 1, y.numel(), device=device).view_as(y)).sum().backward()
    return [y.detach(), *([x.grad] if x.grad is not None else []), *(p.grad for p in net.parameters())]


@right("layers")
def linear(device: torch.device) -> Any:
    return trained(small_net(), batch()[0], device)


@right("layers")
def conv2d(device: torch.device) -> Any:
    net = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2))
    return trained(net, torch.randn(2, 2, 4, 4), device)


@right("layers")
def batch_norm(device: torch.device) -> Any:
    net = nn.BatchNorm1d(4)
    found = trained(net, batch()[0], device)
    return [*found, *net.buffers(), net.eval()(batch()[0].to(device)).detach()]


@right("layers")
def layer_norm(device: torch.device) -> Any:
    return trained(nn.Sequential(nn.LayerNorm(4), nn.GELU()), batch()[0], device)


@right("layers", drawn=True)
def dropout(device: torch.device) -> Any:
    return trained(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)), batch()[0], device)


@right("layers")
def lstm(device: torch.device) -> Any:
    net = nn.LSTM(4, 5, num_layers=2, batch_first=True, bidirectional=True).to(device)
    y, (h, c) = net(torch.randn(2, 3, 4).to(device))
    y.sum().backward()
    return [y.detach(), h.detach(), c.detach(), *(p.grad for p in net.parameters())]


@right("layers")
def gru_with_a_state(device: torch.device) -> Any:
    x = torch.randn(2, 3, 4).to(device)
    return nn.GRU(4, 5, batch_first=True).to(device)(x, x.new_zeros(1, 2, 5))[0]


@right("layers")
def packed_sequence(device: torch.device) -> Any:
    x, lengths = torch.randn(3, 5, 4).to(device), torch.tensor([5, 3, 2])  # the lengths stay on the CPU
    packed, _ = nn.LSTM(4, 5, batch_first=True).to(device)(pack_padded_sequence(x, lengths, batch_first=True))
    return pad_packed_sequence(packed, batch_first=True)[0]


@right("layers")
def attention(device: torch.device) -> Any:
    net, x = nn.MultiheadAttention(4, 2, batch_first=True).to(device), torch.randn(2, 3, 4).to(device)
    mask = torch.triu(torch.ones(3, 3, dtype=torch.bool, device=device), 1)
    y, weights = net(x, x, x, attn_mask=mask)
    y.sum().backward()
    return [y.detach(), weights.detach(), *(p.grad for p in net.parameters())]


@right("layers")
def transformer_layer(device: torch.device) -> Any:
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True).to(device)
    return trained(layer, torch.randn(2, 3, 4), device)


@right("layers")
def embedding(device: torch.device) -> Any:
    return trained(nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2)), torch.arange(5), device)


@right("layers")
def embedding_bag(device: torch.device) -> Any:
    net = nn.EmbeddingBag(10, 4).to(device)
    return net(torch.arange(6, device=device), torch.tensor([0, 2], device=device))


@right("layers")
def weight_norm(device: torch.device) -> Any:
    net = torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)).to(device)
    return net(batch()[0].to(device))


@right("layers")
def tied_weights(device: torch.device) -> Any:
    table, out = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
    out.weight = table.weight
    return trained(nn.Sequential(table, out), torch.arange(5), device)


# --------------------------------------------------------------------------------------------- right: losses, gradients


@right("losses")
def cross_entropy_with_weights(device: torch.device) -> Any:
    x, y = (t.to(device) for t in batch())
    loss_fn = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1).to(device)
    return loss_fn(small_net().to(device)(x), y)


@right("losses")
def other_losses(device: torch.device) -> Any:
    x, y = (t.to(device) for t in batch())
    p = torch.rand(6, 4).to(device)
    found = [F.mse_loss(x, p), F.l1_loss(x, p), F.smooth_l1_loss(x, p), F.huber_loss(x, p)]
    found += [F.binary_cross_entropy_with_logits(x, p), F.nll_loss(x.log_softmax(1), y)]
    return [*found, F.kl_div(x.log_softmax(1), p.softmax(1), reduction="batchmean")]


@right("losses")
def ctc_with_lengths_on_the_cpu(device: torch.device) -> Any:
    logits = torch.randn(5, 2, 4).log_softmax(-1).to(device)
    targets = torch.tensor([[1, 2], [3, 1]], device=device)
    return F.ctc_loss(logits, targets, torch.tensor([5, 5]), torch.tensor([2, 2]))


@right("gradients")
def gradients_of_gradients(device: torch.device) -> Any:
    x = torch.linspace(-1, 1, 5, device=device, requires_grad=True)
    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return [first.detach(), second]


@right("gradients")
def gradient_through_the_move(device: torch.device) -> Any:
    w = torch.ones(4, requires_grad=True)  # the leaf stays on the CPU, and so does its gradient
    (batch()[0].to(device) @ w.to(device)).sum().backward()
    assert w.grad is not None
    assert w.grad.device == w.device == torch.device("cpu")
    return w.grad.to(device)


@right("gradients")
def accumulated_and_clipped(device: torch.device) -> Any:
    net = small_net().to(device)
    for _ in range(2):
        x, y = (t.to(device, non_blocking=True) for t in batch())
        (F.cross_entropy(net(x), y) / 2).backward()
    norm = nn.utils.clip_grad_norm_(net.parameters(), 0.1)
    return [norm, *(p.grad for p in net.parameters())]


@right("gradients")
def function_of_ones_own(device: torch.device) -> Any:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, *grads: Tensor) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * x * grads[0]

    x = torch.arange(4.0, device=device, requires_grad=True)
    Square.apply(x).sum().backward()
    return x.grad


@right("gradients")
def hooks(device: torch.device) -> Any:
    seen: list[Tensor] = []
    net: Any = small_net().to(device)
    net[0].register_forward_hook(lambda module, args, out: seen.append(out.detach().mean(0)))
    net[2].weight.register_hook(lambda grad: seen.append(grad.norm()))
    net(batch()[0].to(device)).sum().backward()
    return seen


@right("gradients")
def checkpointed(device: torch.device) -> Any:
    net, x = small_net().to(device), batch()[0].to(device).requires_grad_()
    checkpoint(net, x, use_reentrant=False).sum().backward()
    return x.grad


@right("gradients")
def functional_gradients(device: torch.device) -> Any:
    net, x = small_net().to(device), batch()[0].to(device)
    weights = {name: p.detach() for name, p in net.named_parameters()}

    def loss(weights: dict[str, Tensor], row: Tensor) -> Tensor:
        out: Tensor = torch.func.functional_call(net, weights, (row,))
        total: Tensor = out.square().sum()
        return total

    return list(torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(weights, x).values())


# ---------------------------------------------------------------------------------------------------- right: optimizers


def _trains_with(make: Callable[[Any], torch.optim.Optimizer], name: str) -> None:
    def program(device: torch.device) -> Any:
        net = small_net().to(device)
        optimizer = make(list(net.parameters()))
        losses = [one_step(net, optimizer, device) for _ in range(3)]
        return [*losses, *(p.detach() for p in net.parameters())]

    program.__name__ = program.__qualname__ = name
    right("optimizers")(program)


_OPTIM = torch.optim
for _name, _make in {
    "sgd": lambda p: _OPTIM.SGD(p, lr=0.1),
    "sgd_with_momentum": lambda p: _OPTIM.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: _OPTIM.Adam(p),
    "adam_amsgrad": lambda p: _OPTIM.Adam(p, amsgrad=True),
    "adam_fused": lambda p: _OPTIM.Adam(p, fused=True),
    "adam_in_a_loop": lambda p: _OPTIM.Adam(p, foreach=False),
    "adamw": lambda p: _OPTIM.AdamW(p),
    "adamax": lambda p: _OPTIM.Adamax(p),
    "nadam": lambda p: _OPTIM.NAdam(p),
    "radam": lambda p: _OPTIM.RAdam(p),
    "adagrad": lambda p: _OPTIM.Adagrad(p),
    "adadelta": lambda p: _OPTIM.Adadelta(p),
    "rmsprop": lambda p: _OPTIM.RMSprop(p, centered=True, momentum=0.9),
    "rprop": lambda p: _OPTIM.Rprop(p),
    "asgd": lambda p: _OPTIM.ASGD(p),
    "adafactor": lambda p: _OPTIM.Adafactor(p),
}.items():
    _trains_with(_make, f"trains_with_{_name}")


@right("optimizers")
def trains_with_lbfgs(device: torch.device) -> Any:
    net, (x, y) = small_net().to(device), (t.to(device) for t in batch())
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=3)

    def closure() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        return loss  # type: ignore[return-value]

    return [torch.as_tensor(optimizer.step(closure)).detach(), *(p.detach() for p in net.parameters())]


@right("optimizers")
def trains_with_sparse_adam(device: torch.device) -> Any:
    table = nn.Embedding(10, 3, sparse=True).to(device)
    optimizer = torch.optim.SparseAdam(table.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        table(torch.tensor([1, 2, 1], device=device)).square().sum().backward()
        optimizer.step()
    return table.weight.detach()


@right("optimizers")
def optimizer_before_the_move_without_a_state(device: torch.device) -> Any:
    net = small_net()
    optimizer = torch.optim.Adam(net.parameters())  # a module moves in place: these stay its parameters
    net.to(device)
    return [one_step(net, optimizer, device) for _ in range(2)]


@right("optimizers")
def optimizer_resumed(device: torch.device) -> Any:
    net = small_net().to(device)
    optimizer = torch.optim.Adam(net.parameters())
    one_step(net, optimizer, device)
    file = io.BytesIO()
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, map_location="cpu")  # load_state_dict brings it to the parameters' device
    again = small_net().to(device)
    other = torch.optim.Adam(again.parameters())
    again.load_state_dict(state["net"])
    other.load_state_dict(state["optimizer"])
    return [one_step(again, other, device) for _ in range(2)]


@right("optimizers")
def learning_rate_as_a_tensor_and_a_schedule(device: torch.device) -> Any:
    net = small_net().to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
    losses = []
    for _ in range(3):
        losses.append(one_step(net, optimizer, device))
        schedule.step()
    return losses


# ------------------------------------------------------------------------------------------------ right: data and files


@right("data")
def loader_with_non_blocking(device: torch.device) -> Any:
    loader = DataLoader(TensorDataset(*batch(8)), batch_size=3, pin_memory=torch.cuda.is_available())
    net = small_net().to(device)
    return [F.cross_entropy(net(x.to(device, non_blocking=True)), y.to(device, non_blocking=True)) for x, y in loader]


@right("data")
def shuffled_and_split_by_generators(device: torch.device) -> Any:
    data = TensorDataset(*batch(8))
    first, _ = random_split(data, [6, 2], generator=torch.Generator().manual_seed(1))
    loader = DataLoader(first, 2, shuffle=True, generator=torch.Generator().manual_seed(2))
    return [x.to(device) for x, _ in loader]


@right("data")
def nested_batch_moved(device: torch.device) -> Any:
    x, y = batch()
    moved = {name: t.to(device) for name, t in {"x": x, "y": y}.items()}
    return [moved["x"][moved["y"] == 1], moved["y"].float().mean()]


@right("files")
def state_dict_with_map_location(device: torch.device) -> Any:
    net, file = small_net().to(device), io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    again = small_net().to(device)
    again.load_state_dict(torch.load(file, map_location=device))
    return again(batch()[0].to(device))


@right("files")
def loaded_where_it_was_saved(device: torch.device) -> Any:
    file = io.BytesIO()
    torch.save({"w": torch.arange(4.0, device=device)}, file)
    file.seek(0)
    return torch.load(file)["w"] + torch.ones(4, device=device)


@right("files")
def map_location_as_a_function_and_a_dict(device: torch.device) -> Any:
    file = io.BytesIO()
    torch.save(torch.arange(4.0), file)
    found = []
    for where in (lambda storage, location: storage, {"cpu": str(device)}):
        file.seek(0)
        found.append(torch.load(file, map_location=where).to(device))
    return found


# --------------------------------------------------------------------------------------------------------- right: modes


@right("modes")
def inference_mode(device: torch.device) -> Any:
    net = small_net().to(device).eval()
    with torch.inference_mode():
        return net(batch()[0].to(device)).softmax(1).clone()


@right("modes")
def autocast(device: torch.device) -> Any:
    net, (x, y) = small_net().to(device), (t.to(device) for t in batch())
    with torch.autocast(device.type, dtype=torch.bfloat16):
        logits = net(x)
    loss = F.cross_entropy(logits.float(), y)
    loss.backward()
    assert logits.dtype == torch.bfloat16
    return loss.detach().round(decimals=1)


@right("modes")
def gradient_scaler(device: torch.device) -> Any:
    net = small_net().to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
    x, y = (t.to(device) for t in batch())
    loss = F.cross_entropy(net(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    return [loss.detach(), *(p.detach() for p in net.parameters())]


@right("modes")
def default_device_for_a_while(device: torch.device) -> Any:
    with torch.device(device):
        net, table = nn.Linear(4, 3), torch.arange(4.0)
    with torch.no_grad():
        net.weight.fill_(0.5), net.bias.zero_()
    return net(batch()[0].to(device) + table)


@right("modes")
def default_device_set_and_put_back(device: torch.device) -> Any:
    torch.set_default_device(device)
    try:
        return [torch.zeros(3) + 1, torch.tensor([1.0, 2.0]), torch.hann_window(4)]
    finally:
        torch.set_default_device(None)


# ------------------------------------------------------------------------------------------------ right: legal mixtures


@right("legal mixtures")
def numbers_of_the_cpu(device: torch.device) -> Any:
    x, two = batch()[0].to(device), torch.tensor(2.0)
    return [x * two, two - x, x.clamp(max=two), torch.where(x > 0, x, two), x.masked_fill(x > 0, two), x / two.item()]


@right("legal mixtures")
def number_of_the_cpu_in_place(device: torch.device) -> Any:
    x = batch()[0].to(device)
    x += torch.tensor(1.0)
    x[0] = torch.tensor(5.0)
    x[x > 1] = torch.tensor(0.5)
    return x


@right("legal mixtures")
def indices_of_the_cpu(device: torch.device) -> Any:
    x, y = batch()
    moved = x.to(device)
    return [moved[torch.tensor([2, 0])], moved[x[:, 0] > 0], moved[torch.arange(6), y], moved[torch.randperm(6)].sum(0)]


@right("legal mixtures")
def copied_from_the_cpu(device: torch.device) -> Any:
    kept = torch.empty(6, 4, device=device)
    kept.copy_(batch()[0])
    kept[1:3] = torch.zeros(2, 4, device=device)
    return kept


@right("legal mixtures")
def losses_added_up_as_numbers(device: torch.device) -> Any:
    total = 0.0
    for row in batch()[0].to(device):
        total += row.sum().item()
    return torch.tensor(total, device=device)


# ------------------------------------------------------------------------------------------- right: to the CPU and back


@right("back")
def numpy_by_way_of_the_cpu(device: torch.device) -> Any:
    y = small_net().to(device)(batch()[0].to(device))
    array = y.detach().cpu().numpy()
    forced = y.numpy(force=True)
    assert np.array_equal(array, forced)
    return torch.from_numpy(array).to(device)


@right("back")
def numbers_and_lists(device: torch.device) -> Any:
    x = batch()[0].to(device)
    values = x.tolist()
    assert len(values) == 6
    assert float(x[0, 0]) == x[0, 0].item() == values[0][0]
    return torch.tensor(values, device=x.device)


@right("back")
def asks_where_it_is(device: torch.device) -> Any:
    x = batch()[0].to(device)
    assert x.device == device
    assert x.is_cuda == (device.type == "cuda")
    assert x.cpu().device.type == "cpu"
    assert str(x.device) == str(device)
    return x if x.device.type == device.type else None


@right("back")
def accuracy_counted_on_the_cpu(device: torch.device) -> Any:
    x, y = batch()
    predicted = small_net().to(device)(x.to(device)).argmax(1).cpu()
    return (predicted == y).float().mean().to(device)


# --------------------------------------------------------------------------------------- right: made in the right place


class Buffered(nn.Module):
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.ones(4))
        self.register_buffer("mask", torch.tril(torch.ones(4, 4)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) @ self.get_buffer("mask")


@right("made there")
def buffers(device: torch.device) -> Any:
    return Buffered().to(device)(batch()[0].to(device))


@right("made there")
def device_taken_from_the_input(device: torch.device) -> Any:
    x = batch()[0].to(device)
    positions = torch.arange(x.size(1), device=x.device)
    return x * positions + torch.eye(6, 4, device=x.device)


@right("made there")
def like_the_input(device: torch.device) -> Any:
    x = batch()[0].to(device)
    return [
        torch.zeros_like(x) + x,
        x.new_ones(4) * x,
        x.new_tensor([1.0, 2.0, 3.0, 4.0]) + x,
        torch.ones(4).type_as(x),
    ]


@right("made there", drawn=True)
def drawn_there(device: torch.device) -> Any:
    x = batch()[0].to(device)
    generator = torch.Generator(device=device).manual_seed(0)
    noise = torch.randn(x.shape, device=x.device, generator=generator)
    return [
        x + noise,
        x + torch.randn_like(x),
        torch.rand(4, device=device) * x,
        torch.bernoulli(torch.full_like(x, 0.5)),
    ]


@right("made there")
def one_hot_and_masks(device: torch.device) -> Any:
    x, y = (t.to(device) for t in batch())
    mask = torch.triu(torch.ones(6, 6, device=device), 1).bool()
    return [F.one_hot(y, 3).float(), (x @ x.T).masked_fill(mask, float("-inf")).softmax(-1)]


@right("made there")
def from_an_array(device: torch.device) -> Any:
    array = np.arange(4.0, dtype=np.float32)
    return [
        torch.from_numpy(array).to(device),
        torch.tensor(array, device=device),
        torch.as_tensor(array, device=device),
    ]


@right("made there")
def copies_of_a_model(device: torch.device) -> Any:
    net = small_net().to(device)
    twin = copy.deepcopy(net)
    with torch.no_grad():
        for kept, new in zip(twin.parameters(), net.parameters(), strict=True):
            kept.lerp_(new, 0.1)
    return twin(batch()[0].to(device))


@right("made there")
def modules_moved_in_other_words(device: torch.device) -> Any:
    by_keyword, by_tensor = nn.Linear(4, 3).to(device=device), nn.Linear(4, 3).to(torch.zeros(1, device=device))
    with_dtype = nn.Linear(4, 3).to(device, torch.float64).float()
    made_there = nn.Linear(4, 3, device=device)
    made_there.load_state_dict(by_keyword.state_dict())
    x = batch()[0].to(device)
    return [by_keyword(x), by_tensor(x), with_dtype(x), made_there(x)]


@right("made there")
def built_on_meta_first(device: torch.device) -> Any:
    net = nn.Linear(4, 3, device="meta").to_empty(device=device)
    with torch.no_grad():
        net.weight.fill_(0.25), net.bias.zero_()
    return net(batch()[0].to(device))


@right("made there")
def other_dtypes_and_layouts(device: torch.device) -> Any:
    x = torch.randn(2, 3, 4, 4).to(device, memory_format=torch.channels_last)
    return [x.to(torch.float64), x.half().to(device=device, dtype=torch.float32), x.to(x.double()), x.contiguous()]


# ----------------------------------------------------------------------------------------------------- right: operators


@right("operators")
def order_and_search(device: torch.device) -> Any:
    x = batch()[0].to(device)
    top, where = x.topk(2, dim=1)
    return [top, where, x.sort(dim=0).values, x.argmax(1), x.unique(), (x > 0).nonzero(), x.median(0).values]


@right("operators")
def gather_and_scatter(device: torch.device) -> Any:
    x, y = (t.to(device) for t in batch())
    counts = torch.zeros(3, device=device).scatter_add_(0, y, torch.ones(6, device=device))
    return [x.gather(1, y[:, None]), counts, torch.bincount(y), x.index_select(0, y), torch.cdist(x, x)]


@right("operators")
def linear_algebra(device: torch.device) -> Any:
    a = torch.randn(3, 3).to(device) + 3 * torch.eye(3, device=device)
    return [
        torch.linalg.solve(a, torch.ones(3, device=device)),
        torch.linalg.inv(a),
        a.det(),
        torch.einsum("ij,kj", a, a),
    ]


@right("operators")
def waits_for_the_device(device: torch.device) -> Any:
    y = batch()[0].to(device).cumsum(0)
    if device.type == "cuda":
        torch.cuda.synchronize()
        assert torch.cuda.device_count() >= 1
        assert torch.cuda.max_memory_allocated() >= 0
    return y
