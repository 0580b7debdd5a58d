"""u06: multilayer perceptrons, written as `nn.Module`.

N is the batch size, D the number of features, C the number of classes.  Weights are float32 unless the model was
made in another dtype; everything that takes a tensor works in float32 and in float64 and keeps the dtype.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TwoLayerNet(nn.Module):
    """Linear → clamp at 0 → Linear, as in PyTorch's "learning by examples".

    `linear1` maps d_in → hidden and `linear2` maps hidden → d_out, both `nn.Linear` with a bias.  Negative hidden
    values become 0; the output is not clamped.  The layers are made once, in `__init__`, so that they are registered:
    `named_parameters()` lists linear1.weight (hidden, d_in), linear1.bias (hidden,), linear2.weight (d_out, hidden)
    and linear2.bias (d_out,).

        >>> TwoLayerNet(1000, 100, 10)(torch.zeros(64, 1000)).shape
        torch.Size([64, 10])

    Twin: nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out)).
    """

    def __init__(self, d_in: int, hidden: int, d_out: int) -> None:
        # TODO: A two-layer network as a module · Mạng hai lớp dưới dạng module
        # Hint: pytest exercises/u06_mlp --hint two_layer_net
        raise NotImplementedError("two_layer_net")

    def forward(self, x: Tensor) -> Tensor:
        """x (N, d_in) → (N, d_out)."""
        # TODO
        raise NotImplementedError("two_layer_net")


def sequential_net(d_in: int, hidden: int, d_out: int) -> nn.Sequential:
    """The same network without a class of your own: an `nn.Sequential` of Linear, ReLU, Linear.

    Takes x (N, d_in), returns (N, d_out).  Both Linear layers have a bias; nothing follows the last one.  The result
    must be an `nn.Sequential` of exactly these three modules, so that `net[0]` and `net[2]` are the Linear layers.

        >>> net = sequential_net(1000, 100, 10)
        >>> net[0].weight.shape, net[2].weight.shape
        (torch.Size([100, 1000]), torch.Size([10, 100]))
    """
    # TODO: The same network with nn.Sequential · Cũng mạng đó bằng nn.Sequential
    # Hint: pytest exercises/u06_mlp --hint sequential_net
    raise NotImplementedError("sequential_net")


class MLP(nn.Module):
    """A perceptron of any depth.

    `sizes` lists the layer widths, the input's first: [784, 128, 64, 10] makes three `nn.Linear` layers, 784 → 128,
    128 → 64 and 64 → 10.  ReLU stands between the layers, and nothing after the last one.  Two widths make one Linear
    layer and no ReLU.  The layers must be registered in this order: `parameters()` yields the first layer's weight and
    bias, then the second's, and so on (a plain Python list hides them: see `nn.ModuleList` and `nn.Sequential`).
    `sizes` is only read, and changing the list afterwards does not change the network.

        >>> [tuple(p.shape) for p in MLP([4, 3, 2]).parameters()]
        [(3, 4), (3,), (2, 3), (2,)]
    """

    def __init__(self, sizes: list[int]) -> None:
        # TODO: A perceptron of any depth · Perceptron có độ sâu tùy ý
        # Hint: pytest exercises/u06_mlp --hint mlp
        raise NotImplementedError("mlp")

    def forward(self, x: Tensor) -> Tensor:
        """x (N, sizes[0]) → (N, sizes[-1])."""
        # TODO
        raise NotImplementedError("mlp")


def kaiming_init_(model: nn.Module) -> None:
    """Start every `nn.Linear` of `model` as He et al. do for ReLU, in place.

    Every weight is drawn anew from a normal distribution with mean 0 and standard deviation sqrt(2 / fan_in), where
    fan_in is the layer's number of inputs; every bias becomes 0.  This keeps the size of the activations about equal
    from layer to layer, because ReLU throws half of their energy away.

    - Linear layers are found at any depth of the model; a Linear without a bias is fine.
    - Other layers (Conv2d, BatchNorm1d …) keep their values.
    - The Parameter objects stay the same ones, leaves that require grad as before: an optimizer that was made earlier
      must still train them.  The dtype stays, too.

        >>> layer = nn.Linear(800, 50)
        >>> kaiming_init_(layer)
        >>> layer.weight.std()      # about sqrt(2 / 800) = 0.05
        tensor(0.0501, grad_fn=<StdBackward0>)

    Twin: nn.init.kaiming_normal_(weight, nonlinearity="relu"), which you may use.
    """
    # TODO: He initialisation in place · Khởi tạo He tại chỗ
    # Hint: pytest exercises/u06_mlp --hint kaiming_init_
    raise NotImplementedError("kaiming_init_")


class Dropout(nn.Module):
    """Throw away each number with probability `p` while training; write it with tensor operations, not with a twin.

    In training mode: every element of x becomes 0 with probability p, independently of all others, and the ones that
    stay are divided by 1 − p, so that the expected value of each element does not change.  Every call draws a new mask
    from torch's global generator (`torch.manual_seed` repeats it).  p = 0 keeps everything, p = 1 gives zeros, not NaN.
    The gradient follows the mask: kept elements pass it on divided by 1 − p, the others get 0.
    In eval mode (`self.training` is False): the values of x as they are; no random number is drawn.

    x has any shape and a float dtype; the result has the same.  x itself is not changed.
    ValueError when p is not in [0, 1].

        >>> Dropout(0.5)(torch.ones(6))         # for example
        tensor([2., 0., 2., 2., 0., 0.])

    Twin: nn.Dropout(p).
    """

    def __init__(self, p: float = 0.5) -> None:
        # TODO: Dropout · Dropout
        # Hint: pytest exercises/u06_mlp --hint dropout
        raise NotImplementedError("dropout")

    def forward(self, x: Tensor) -> Tensor:
        """x (any shape) → the same shape and dtype."""
        # TODO
        raise NotImplementedError("dropout")


class BatchNorm1d(nn.Module):
    """Standardise every feature over the batch, then scale and shift it; without torch's own batch norm.

    Parameters: `weight` (n,) of ones and `bias` (n,) of zeros.  Buffers: `running_mean` (n,) of zeros, `running_var`
    (n,) of ones, `num_batches_tracked` () int64, 0.  These five names are the keys of `state_dict()`, as in nn's.

    Training mode, x (N, n): with the mean and the variance of the batch, per feature,

        y = (x − mean) / sqrt(var + eps) · weight + bias            var divides by N
        running_mean ← (1 − momentum) · running_mean + momentum · mean
        running_var  ← (1 − momentum) · running_var  + momentum · var · N / (N − 1)
        num_batches_tracked ← num_batches_tracked + 1

    Mind the two variances: the one that normalises divides by N, the one that is remembered by N − 1.  Gradients flow
    through mean and var into x; the buffers hold plain numbers without a graph.  N = 1 raises ValueError: one example
    has no variance.

    Eval mode: y from running_mean and running_var in place of the batch's; no buffer changes; N = 1 is fine.

        >>> BatchNorm1d(2)(torch.tensor([[1., 10.], [3., 30.]]))
        tensor([[-1.0000, -1.0000], [1.0000, 1.0000]], grad_fn=...)

    Twin: nn.BatchNorm1d(n, eps, momentum).
    """

    def __init__(self, n: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        # TODO: Batch normalisation · Chuẩn hóa theo batch
        # Hint: pytest exercises/u06_mlp --hint batch_norm1d
        raise NotImplementedError("batch_norm1d")

    def forward(self, x: Tensor) -> Tensor:
        """x (N, n) → (N, n)."""
        # TODO
        raise NotImplementedError("batch_norm1d")


class LayerNorm(nn.Module):
    """Standardise every example over its own features, then scale and shift; without torch's own layer norm.

    x has shape (…, n): (N, n), (N, T, n) or more.  Over the last dimension only,

        y = (x − mean) / sqrt(var + eps) · weight + bias            var divides by n

    with the parameters `weight` (n,) of ones and `bias` (n,) of zeros, the two keys of `state_dict()`.  No running
    statistics: training and eval mode do the same, and an example does not see the others of its batch (N = 1 is fine).
    A constant row gives `bias`.

        >>> LayerNorm(2)(torch.tensor([[1., 3.], [10., 30.]]))
        tensor([[-1.0000, 1.0000], [-1.0000, 1.0000]], grad_fn=...)

    Twin: nn.LayerNorm(n, eps).
    """

    def __init__(self, n: int, eps: float = 1e-5) -> None:
        # TODO: Layer normalisation · Chuẩn hóa theo lớp (layer norm)
        # Hint: pytest exercises/u06_mlp --hint layer_norm
        raise NotImplementedError("layer_norm")

    def forward(self, x: Tensor) -> Tensor:
        """x (…, n) → (…, n)."""
        # TODO
        raise NotImplementedError("layer_norm")


def count_parameters(model: nn.Module, trainable_only: bool) -> int:
    """How many numbers the model learns, as a Python int.

    Counts the elements of every Parameter of the model and of the modules inside it; a Parameter that two layers share
    counts once, and buffers (running statistics) do not count.  With `trainable_only`, Parameters with
    requires_grad=False are left out.  A model without Parameters has 0.

        >>> count_parameters(nn.Linear(784, 10), trainable_only=False)      # 784 · 10 + 10
        7850
    """
    # TODO: Count the parameters · Đếm tham số
    # Hint: pytest exercises/u06_mlp --hint count_parameters
    raise NotImplementedError("count_parameters")


def manual_update(model: nn.Module, lr: float) -> None:
    """One step of gradient descent, p ← p − lr · p.grad, without an optimizer and without a graph.

    The gradients are already there: the caller has run `backward()`.  Every Parameter of `model` changes in place: it
    stays the same object, a leaf that requires grad.  A Parameter whose `.grad` is None is left alone.  `.grad` itself
    keeps its values (the caller zeroes it).  Returns nothing.

        >>> layer = nn.Linear(1, 1)         # weight w
        >>> layer(torch.tensor([[2.]])).sum().backward()
        >>> manual_update(layer, lr=0.1)    # w becomes w − 0.1 · 2

    Twin: torch.optim.SGD(model.parameters(), lr).step().
    """
    # TODO: A gradient step by hand · Một bước gradient descent tự viết
    # Hint: pytest exercises/u06_mlp --hint manual_update
    raise NotImplementedError("manual_update")


def train_sequential(x: Tensor, y: Tensor, model: nn.Module, lr: float, steps: int) -> list[float]:
    """Train `model` on one batch, updating the parameters by hand (no torch.optim).

    x (N, D) and y (N, K) have the model's dtype.  In each of `steps` steps: predict, take the sum (not the mean) of
    the squared errors, compute fresh gradients, and move every parameter by −lr times its gradient.  Gradients that are
    left in `.grad` from before must not leak in.  Returns the losses as Python floats, each taken before its update,
    so the list has `steps` entries.  The model that was passed is trained in place; its training flag stays as it is.

    The published example: x (64, 1000), y (64, 10), nn.Sequential(nn.Linear(1000, 100), nn.ReLU(), nn.Linear(100, 10)),
    lr 1e-4, 500 steps, nn.MSELoss(reduction="sum").

        >>> train_sequential(x, y, model, lr=1e-4, steps=3)      # for example
        [687.3, 640.5, 600.1]
    """
    # TODO: Train by hand-made updates · Huấn luyện với cập nhật tự viết
    # Hint: pytest exercises/u06_mlp --hint train_sequential
    raise NotImplementedError("train_sequential")


def train_adam(x: Tensor, y: Tensor, model: nn.Module, lr: float, steps: int) -> list[float]:
    """The same loop as `train_sequential`, with `torch.optim.Adam` in place of the update by hand.

    x (N, D), y (N, K).  One `torch.optim.Adam(model.parameters(), lr=lr)`, everything else at its defaults, serves all
    steps: it remembers averages of the gradients.  The loss is again the sum of the squared errors, without stale
    gradients; returned are the losses before each update, Python floats.  The model is trained in place and its
    training flag stays as it is.

        >>> train_adam(x, y, model, lr=1e-4, steps=3)      # for example
        [687.3, 670.5, 654.1]
    """
    # TODO: Train with Adam · Huấn luyện với Adam
    # Hint: pytest exercises/u06_mlp --hint train_adam
    raise NotImplementedError("train_adam")


def train_mlp(x: Tensor, y: Tensor, hidden: int, epochs: int, lr: float, batch_size: int, seed: int) -> nn.Module:
    """Train a digit classifier with one hidden layer and return it.

    x (N, 784) float32 in [0, 1], y (N,) int64 in 0..9.  The model is nn.Linear(784, hidden), ReLU,
    nn.Linear(hidden, 10): it takes pixels like x, as they are, and returns logits (N, 10), no softmax.

    - Plain SGD (`torch.optim.SGD` with `lr`, no momentum, no weight decay) on the mean cross-entropy of a batch.
    - In every epoch each example is used once, in a new random order, `batch_size` at a time; the last batch may be
      smaller and is used, too.
    - `seed` decides everything random: the same arguments give the same weights.  The weights at the start depend on
      `hidden` and `seed` alone (draw them before the first order), and epochs=0 returns them untrained.

        >>> model = train_mlp(x, y, hidden=128, epochs=3, lr=0.25, batch_size=100, seed=0)    # MNIST
        >>> model(x[:5]).shape
        torch.Size([5, 10])

    Graded by accuracy on images that were not in x: full points from 0.95 after 3 epochs of 60,000 images with
    hidden=128, lr=0.25, batch_size=100, in part from 0.90.  It should take seconds on one core: slice the tensors.
    """
    # TODO: Read handwritten digits · Đọc chữ số viết tay
    # Hint: pytest exercises/u06_mlp --hint train_mlp
    raise NotImplementedError("train_mlp")


def device_of(model: nn.Module) -> torch.device:
    """Where the model lives, as a `torch.device`.

    The device of its first Parameter; for a model without Parameters that of its first buffer; for a model with
    neither, torch.device("cpu").  (A module has no `.device` of its own: each of its tensors has one.)

        >>> device_of(nn.Linear(3, 2)), device_of(nn.Linear(3, 2, device="meta"))
        (device(type='cpu'), device(type='meta'))
    """
    # TODO: Where does a model live? · Model nằm ở thiết bị nào?
    # Hint: pytest exercises/u06_mlp --hint device_of
    raise NotImplementedError("device_of")


def train_step_on(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    optimizer: torch.optim.Optimizer,
    device: torch.device | str,
) -> float:
    """One training step with everything on `device`.

    `batch` is (x, y): x (N, …) floats, y (N,) int64.  Move the model, x and y to `device`, compute the mean
    cross-entropy of the model's logits (N, C), fresh gradients (none left from before), and let `optimizer`, which
    already holds the model's parameters, take one step.  Returns the loss before the update as a Python float.
    `batch` keeps its own tensors, and the model's training flag stays as it is.

        >>> train_step_on(model, (x, y), torch.optim.SGD(model.parameters(), lr=0.1), "cpu")    # for example
        2.31

    A module moves in place (`model.to(device)`); a tensor does not (`x = x.to(device)`).
    """
    # TODO: A training step on a device · Một bước huấn luyện trên thiết bị
    # Hint: pytest exercises/u06_mlp --hint train_step_on
    raise NotImplementedError("train_step_on")
