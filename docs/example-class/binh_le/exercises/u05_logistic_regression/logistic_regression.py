"""u05: from a line to a classifier: logistic and softmax regression on MNIST.

N is the number of examples, B the size of a batch, C the number of classes.  A logit is a score before any sigmoid or
softmax: any real number.  Everything that takes tensors works in float32 and in float64 and keeps the dtype.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader


def bce_with_logits(z: Tensor, y: Tensor) -> Tensor:
    """Binary cross-entropy from logits: how surprised the model is by a yes or a no.

    z (N,) are logits, y (N,) the targets of the same dtype, between 0 and 1 (mostly 0. or 1.; 0.3 is a soft target).
    With p = sigmoid(z) = 1 / (1 + e^−z), the result is the mean over the examples, a tensor of shape (),

        mean of  −( y · log p + (1 − y) · log(1 − p) )

    It must also hold for the confident and wrong: z = 1000 with y = 0 costs 1000, not infinity or NaN, and its gradient
    is finite.  sigmoid(1000) is exactly 1 in float32 and 1 − 1 has no logarithm, so do not compute p first: find log p
    and log(1 − p) = log sigmoid(−z) from z itself.  Gradients flow to z.

    ValueError when z and y differ in shape: (N, 1) against (N,) would silently broadcast to (N, N).

    Example: bce_with_logits([0., 1000.], [1., 0.]) is (log 2 + 1000) / 2 = 500.3466.

    Twin: torch.nn.functional.binary_cross_entropy_with_logits, which may not be used here.
    """
    # TODO: Binary cross-entropy from logits · Binary cross-entropy tính từ logits
    # Hint: pytest exercises/u05_logistic_regression --hint bce_with_logits
    raise NotImplementedError("bce_with_logits")


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of softmax over C classes, from logits.

    logits (N, C), y (N,) int64: the number of the right class, 0 … C − 1.  The result is the mean over the examples, a
    tensor of shape (), of −log of the probability that softmax gives to the right class:

        −log( e^logits[i, y[i]] / Σ_c e^logits[i, c] )  =  log Σ_c e^logits[i, c]  −  logits[i, y[i]]

    e^1000 is infinite, so this must not be computed as it stands: subtract the largest logit of the row first, or let
    torch.logsumexp do it.  Gradients flow to the logits.

    Example: cross_entropy([[1000., 0., 0.]], [1]) is 1000; equal logits cost log C.

    Twin: torch.nn.functional.cross_entropy, which may not be used here (nor nll_loss).
    """
    # TODO: Cross-entropy of many classes · Cross-entropy cho nhiều lớp
    # Hint: pytest exercises/u05_logistic_regression --hint cross_entropy
    raise NotImplementedError("cross_entropy")


def accuracy(logits: Tensor, y: Tensor) -> float:
    """The share of examples whose largest logit is the right class, as a Python float.

    logits (N, C), y (N,) int64, N ≥ 1.  No softmax is needed: it does not change which logit is the largest.

    Example: accuracy([[2., 1.], [0., 3.], [5., 4.]], [0, 1, 1]) is 0.6666667.
    """
    # TODO: Accuracy · Độ chính xác
    # Hint: pytest exercises/u05_logistic_regression --hint accuracy
    raise NotImplementedError("accuracy")


class SoftmaxRegression(nn.Module):
    """Softmax regression for images of digits: one linear layer from pixels to ten logits.

    x (B, 1, 28, 28) float → logits (B, 10).  Each image becomes a row of 784 pixels, in the order in which they lie in
    memory (flatten), and one `nn.Linear(784, 10)` does the rest: a weight (10, 784) and a bias (10,), which makes 7,850
    parameters.  The layer is made in `__init__`, so that it is registered.  No softmax at the end: the loss takes
    logits.  A single image, B = 1, gives (1, 10).

        >>> model = SoftmaxRegression()
        >>> model(torch.zeros(64, 1, 28, 28)).shape
        torch.Size([64, 10])

    Twin: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).
    """

    def __init__(self) -> None:
        # TODO: Softmax regression as a module · Hồi quy softmax dưới dạng module
        # Hint: pytest exercises/u05_logistic_regression --hint softmax_regression
        raise NotImplementedError("softmax_regression")

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 1, 28, 28) → logits (B, 10)."""
        # TODO
        raise NotImplementedError("softmax_regression")


def mnist_loaders(root: str | Path, batch_size: int, seed: int) -> tuple[DataLoader, DataLoader]:
    """MNIST in batches: a loader of the training images and one of the test images.

    `root` is the folder that torchvision.datasets.MNIST expects; the files are there already, so nothing is downloaded
    (download=False, torchvision's default).  Both loaders yield (x, y): x (B, 1, 28, 28) float32 in [0, 1]
    (torchvision.transforms.ToTensor), y (B,) int64.  B is `batch_size`; a smaller batch at the end is kept.

    - train is shuffled: each pass through it has a new order, and `seed` alone decides all of these orders.  Two calls
      with one seed give the same orders, whatever random numbers were drawn before, or between call and use.
    - test keeps the order of the file, every time.
    - The call leaves torch's global random state alone: give the loader a torch.Generator of its own.

        >>> train, test = mnist_loaders("datasets", batch_size=64, seed=0)
        >>> len(train), len(test)           # 60,000 and 10,000 images
        (938, 157)

    Import torchvision inside of the function: nothing else in this module needs it.
    """
    # TODO: MNIST in batches · MNIST theo từng batch
    # Hint: pytest exercises/u05_logistic_regression --hint mnist_loaders
    raise NotImplementedError("mnist_loaders")


def evaluate(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """The mean cross-entropy and the accuracy of `model` over all examples of `loader`, as Python floats.

    Each batch of the loader is (x, y): x (B, …) what the model takes, y (B,) int64; the model returns logits (B, C).

    - Every example counts the same.  The last batch may be smaller, so the mean of the batches' means is not the mean.
      Count the examples that come out of the loader: a loader may leave some of its dataset out (drop_last, a sampler).
    - The model is in eval mode meanwhile (Dropout and BatchNorm act differently there), and afterwards its training
      flag is what it was before, True or False.
    - No graph is built (torch.no_grad): memory stays small, and no parameter gets a gradient.

        >>> loss, acc = evaluate(SoftmaxRegression(), test)      # untrained: about log 10, and one in ten
        (2.33, 0.09)

    F.cross_entropy may be used from here on.
    """
    # TODO: Measure a model · Đánh giá một mô hình
    # Hint: pytest exercises/u05_logistic_regression --hint evaluate
    raise NotImplementedError("evaluate")


def train_step(model: nn.Module, x: Tensor, y: Tensor, optimizer: torch.optim.Optimizer) -> float:
    """One step of training: predict, measure, differentiate, update.

    x (B, …) is what the model takes, y (B,) int64; the model returns logits (B, C).  The loss is their mean
    cross-entropy.  Gradients that are left in the parameters from before must not leak in.  `optimizer` already holds
    the model's parameters: let it take one step.  Returns the loss before that update, as a Python float.  The model's
    training flag stays as it is.

        >>> model = SoftmaxRegression()
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> [train_step(model, x, y, optimizer) for _ in range(3)]      # for example: it falls
        [2.34, 2.17, 2.02]
    """
    # TODO: One step of training · Một bước huấn luyện
    # Hint: pytest exercises/u05_logistic_regression --hint train_step
    raise NotImplementedError("train_step")


def train_logistic(x: Tensor, y: Tensor, epochs: int, lr: float, batch_size: int, seed: int) -> nn.Module:
    """Train softmax regression on images of digits and return it.

    x (N, 1, 28, 28) float32 in [0, 1], y (N,) int64 in 0..9.  The model takes images like x, as they are, and returns
    logits (B, 10): a SoftmaxRegression, or another module with one weight (10, 784) and one bias (10,).

    - Plain SGD (`torch.optim.SGD` with `lr`, no momentum, no weight decay) on the mean cross-entropy of a batch.
    - In every epoch each example is used once, in a new random order, `batch_size` at a time; the last batch may be
      smaller and is used, too.
    - `seed` decides everything random: the same arguments give the same weights.  The weights at the start depend on
      `seed` alone (draw them before the first order), and epochs=0 returns them untrained.

        >>> model = train_logistic(x, y, epochs=2, lr=0.1, batch_size=100, seed=0)    # MNIST
        >>> model(x[:5]).shape
        torch.Size([5, 10])

    Graded by accuracy on images that were not in x: full points from 0.90 after 2 epochs of 60,000 images with lr=0.1,
    batch_size=100, in part from 0.85.  It should take seconds on one core: slice the tensors.
    """
    # TODO: Read digits with a linear model · Đọc chữ số bằng mô hình tuyến tính
    # Hint: pytest exercises/u05_logistic_regression --hint train_logistic
    raise NotImplementedError("train_logistic")


def save_checkpoint(path: str | Path, model: nn.Module) -> None:
    """Write what the model has learned to the file `path`: its `state_dict()`, by torch.save.

    The file holds the state_dict itself, all parameters and buffers by name, not the module: a pickled module needs its
    class to be read again, and reading it may run any code.  So it can be loaded safely, into a fresh model:

        >>> save_checkpoint("digits.pt", model)
        >>> again = SoftmaxRegression()
        >>> again.load_state_dict(torch.load("digits.pt", weights_only=True))
        <All keys matched successfully>

    The folder of `path` is there; a file of that name is overwritten.  The model stays as it is.  Returns nothing.
    """
    # TODO: Save what was learned · Lưu lại những gì đã học
    # Hint: pytest exercises/u05_logistic_regression --hint save_checkpoint
    raise NotImplementedError("save_checkpoint")
