"""u09: the training loop and what stands around it: checkpoints, devices, early stopping, seeds, mixed precision.

A loader is anything that yields batches (x, y) when it is walked: a DataLoader, a list.  x is (B, …) and y has B
entries; the last batch may be smaller.  `loss_fn(prediction, target)` returns the mean over its batch, as torch's own
losses do.  No item needs a GPU: the meta device, whose tensors have no numbers, can stand for "another device".
"""

from __future__ import annotations

import copy
import math
import os
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Loader = Iterable[tuple[Tensor, Tensor]]
LossFn = Callable[[Tensor, Tensor], Tensor]
FilePath = str | os.PathLike[str]


def train_one_epoch(model: nn.Module, loader: Loader, optimizer: torch.optim.Optimizer, loss_fn: LossFn) -> float:
    """Walk once through `loader`, with one step of `optimizer` for every batch.

    The model is switched to training mode first and stays in it.  For every batch, in the loader's order: predict, take
    the loss, compute fresh gradients (none left from before), step.  Returns the mean loss over the *examples* of the
    epoch, a Python float, each loss taken before its update.  A batch of 3 counts three times as much as a batch of 1,
    so the mean of the batches' losses is not it.

    The loader is walked exactly once (it may be a generator, without a length) and has at least one batch.  Everything
    is on the model's device already.

        >>> train_one_epoch(model, [(x[:3], y[:3]), (x[3:], y[3:])], optimizer, F.mse_loss)     # for example
        0.84        # (3 · 1.0 + 1 · 0.36) / 4
    """
    # TODO: One epoch · Một epoch
    # Hint: pytest exercises/u09_training --hint train_one_epoch
    raise NotImplementedError("train_one_epoch")


def fit(
    model: nn.Module,
    train: Loader,
    val: Loader,
    optimizer: torch.optim.Optimizer,
    loss_fn: LossFn,
    epochs: int,
) -> list[dict[str, float]]:
    """Train for `epochs` epochs, validate after each, and keep the best weights.

    An epoch is one walk through `train` as in `train_one_epoch`, then one walk through `val` in eval mode, without a
    graph and without an update.  Returns one dict an epoch with two Python floats, each a mean over examples:
    "train_loss" (what `train_one_epoch` returns) and "val_loss" (after the epoch's updates).

    At the end the model holds everything of its `state_dict()` (weights and buffers) as it was right after the epoch
    with the lowest val_loss; of equal ones the earliest counts, and NaN is never the lowest.  In which mode the model
    is at the end does not matter.  epochs=0 returns [] and changes nothing.

    Mind that `model.state_dict()` holds no copies: its tensors go on changing while you train.

        >>> fit(model, train, val, optimizer, F.mse_loss, epochs=2)     # for example
        [{'train_loss': 4.1, 'val_loss': 2.0}, {'train_loss': 1.2, 'val_loss': 2.6}]     # the weights of the first
    """
    # TODO: Train and keep the best · Huấn luyện và giữ trọng số tốt nhất
    # Hint: pytest exercises/u09_training --hint fit
    raise NotImplementedError("fit")


def save_checkpoint(path: FilePath, model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int) -> None:
    """Write everything that training needs to go on later into one file.

    The file is made by `torch.save` from a dict with three keys: "model" and "optimizer", the two `state_dict()`s,
    and "epoch", an int: the epoch that has just been finished, counted from 0.  The optimizer belongs in it because
    it has a memory of its own (momentum, Adam's averages, the learning rate).  An older file at `path` is replaced;
    `path` is a str or a pathlib.Path, in a folder that exists.  Model and optimizer stay as they are.

    Such a file holds tensors and plain values only, so it can be read with weights_only=True.

        >>> save_checkpoint("last.pt", model, optimizer, epoch=4)
        >>> torch.load("last.pt", weights_only=True)["epoch"]
        4
    """
    # TODO: Write a checkpoint · Ghi checkpoint
    # Hint: pytest exercises/u09_training --hint save_checkpoint
    raise NotImplementedError("save_checkpoint")


def load_checkpoint(path: FilePath, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Put a file of `save_checkpoint` back into `model` and `optimizer`; return the epoch to start with.

    That is one more than the "epoch" in the file, since that one is done.  `model` and `optimizer` are built like
    those that were saved (same layers, same kind of optimizer) and are changed in place.  Training then goes on to
    the last bit as if it had never stopped: weights, buffers, momentum and learning rate are those of the file.  The
    mode of the model stays as it is.

    - A file that was written on a machine with a GPU loads on one without: read it with map_location="cpu".  The
      numbers are copied into the model's own tensors, wherever those are.
    - A file may come from somebody else, and unpickling can run code: weights_only=True refuses everything but
      tensors and plain values.  Let its exception through.

        >>> start = load_checkpoint("last.pt", model, optimizer)    # it was saved with epoch=4
        >>> list(range(start, 8))
        [5, 6, 7]
    """
    # TODO: Go on from a checkpoint · Tiếp tục từ checkpoint
    # Hint: pytest exercises/u09_training --hint load_checkpoint
    raise NotImplementedError("load_checkpoint")


def save_whole(path: FilePath, model: nn.Module) -> None:
    """Write the module itself with `torch.save`: its class, its layers, its numbers, its mode.

    The model stays as it is.  Handy, since nobody has to build the model again before loading.  But the file holds the
    *names* of the classes, not their code: after a class is renamed, or its file moved, it can no longer be read.
    So use it for a quick look and a `state_dict()` for everything that should last.

        >>> save_whole("model.pt", nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
        >>> torch.load("model.pt", weights_only=False)
        Sequential(
          (0): Linear(in_features=3, out_features=2, bias=True)
          (1): ReLU()
        )
    """
    # TODO: Write a whole module · Ghi cả module
    # Hint: pytest exercises/u09_training --hint save_whole
    raise NotImplementedError("save_whole")


def load_whole(path: FilePath) -> nn.Module:
    """Read a module that `save_whole` wrote, onto the CPU.

    Every call makes a new model, with the numbers and in the mode (train or eval) in which it was saved; one that was
    saved from a GPU comes to the CPU.  Since the file names classes and tells how to build their objects, it is a small
    program: torch refuses it unless you say weights_only=False.  Do that with files of your own only; whoever wrote the
    file decides what runs while it is read.

        >>> model = load_whole("model.pt")
        >>> model(torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """
    # TODO: Read a whole module · Đọc cả module
    # Hint: pytest exercises/u09_training --hint load_whole
    raise NotImplementedError("load_whole")


def to_device(batch: Any, device: torch.device | str) -> Any:
    """Move every tensor of a nested batch to `device`, and return a batch of the same build.

    A batch is a tensor, or a tuple, list or dict of batches, nested in any way; a named tuple stays one.  Anything else
    (a number, a text, None) is returned as it is.  The containers are new: the ones that were passed still hold their
    own tensors.  Keys and order stay, dtypes too.  A tensor that is on `device` already is returned itself, not a copy.

        >>> to_device({"x": torch.zeros(2, 3), "names": ["cat", "dog"]}, "meta")
        {'x': tensor(..., device='meta', size=(2, 3)), 'names': ['cat', 'dog']}

    Twin: accelerate.utils.send_to_device.
    """
    # TODO: Move a nested batch · Chuyển một batch lồng nhau
    # Hint: pytest exercises/u09_training --hint to_device
    raise NotImplementedError("to_device")


def accumulate_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: LossFn,
    micro_batches: list[tuple[Tensor, Tensor]],
) -> None:
    """One step of the optimizer for a batch that is too large for the memory.

    `micro_batches` is the batch in pieces (x, y), which may differ in size.  The step must be the one that the whole
    batch would have given, where `loss_fn` is the mean over all its examples.  So the loss of a piece counts by its
    share of the examples: with pieces of 6 and 2 the losses are weighted by 6/8 and 2/8, not by 1/2 each.

    - Gradients that are left from before must not leak in; the optimizer takes exactly one step.
    - Each piece goes through the model alone, and its backward comes before the next piece's forward: only one graph
      is alive at a time.  That is the point of it.

    Returns nothing.  The model's mode stays as it is.

        >>> accumulate_step(model, optimizer, F.mse_loss, [(x[:6], y[:6]), (x[6:], y[6:])])
    """
    # TODO: A batch in pieces · Một batch chia thành nhiều mảnh
    # Hint: pytest exercises/u09_training --hint accumulate_step
    raise NotImplementedError("accumulate_step")


class EarlyStopping:
    """Say when to stop: after `patience` validation losses in a row that were no improvement.

    `best` starts at infinity.  A loss v is an improvement when v < best − min_delta; only then does `best` become v and
    the count go back to 0.  Otherwise the count grows by 1.  `step(v)` returns True, a plain bool, when the count has
    reached `patience` (1 or more) or is above it, else False.  Three things follow from that:

    - Several small steps down, each less than min_delta, are an improvement as soon as they add up to more.
    - NaN is never an improvement.
    - It may be asked after it said True; an improvement then starts the count anew.

        >>> stop = EarlyStopping(patience=2)
        >>> [stop.step(v) for v in [5.0, 4.0, 4.0, 4.5, 3.0]]
        [False, False, False, True, False]
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        # TODO: Stop in time · Dừng đúng lúc
        # Hint: pytest exercises/u09_training --hint early_stopping
        raise NotImplementedError("early_stopping")

    def step(self, v: float) -> bool:
        """Take the next validation loss; True: stop."""
        # TODO
        raise NotImplementedError("early_stopping")


def seed_everything(seed: int) -> None:
    """Seed every generator that a training run draws from: Python's `random`, NumPy's and torch's global ones.

    `seed` is an int with 0 <= seed < 2**32 (NumPy takes no more) and goes into each of the three as it is:
    random.seed, np.random.seed, torch.manual_seed; the last one seeds the GPUs, too.

        >>> seed_everything(0)
        >>> random.random(), torch.rand(1).item()       # the same two numbers after every seed_everything(0)
        (0.8444218515250481, 0.49625658988952637)
    """
    # TODO: Seed everything · Đặt seed cho mọi bộ sinh số
    # Hint: pytest exercises/u09_training --hint seed_everything
    raise NotImplementedError("seed_everything")


def worker_init(worker_id: int) -> None:
    """For DataLoader(…, num_workers=2, worker_init_fn=worker_init): seed `random` and NumPy in a worker process.

    When a worker starts, torch's generator already has a seed of its own there, another one in each worker:
    `torch.initial_seed()`.  Take it modulo 2**32 and seed `random` and NumPy's global generator with it, both with
    the same number.  Then augmentations that draw from them differ from worker to worker, and the seed of the loader
    repeats them.  torch's own generator stays as it is.  `worker_id` is 0, 1, …: the loader passes it; it is
    contained in torch's seed, so you need not use it.

    Twin: seed_worker in PyTorch's notes on reproducibility.
    """
    # TODO: Seed a loader's worker · Đặt seed cho worker của DataLoader
    # Hint: pytest exercises/u09_training --hint worker_init
    raise NotImplementedError("worker_init")


def pick_device(prefer: str | None = None) -> torch.device:
    """The device to train on: the preferred one if this machine has it, else the best there is.

    `prefer` is "cuda", "mps", "cpu" or None (no wish); anything else is a ValueError, so that a typing mistake does not
    silently train on the CPU.  The preferred device is returned when it can be used.  Otherwise the first of cuda, mps,
    cpu that can be.  cuda can be used when torch.cuda.is_available(), mps (Apple's GPU) when
    torch.backends.mps.is_available(), cpu always.  Ask with these two functions, each time anew.  The result has no
    index: torch.device("cuda"), not torch.device("cuda:0").

        >>> pick_device(), pick_device("cpu")           # on a machine with an NVIDIA GPU
        (device(type='cuda'), device(type='cpu'))
        >>> pick_device("cuda")                         # on a Mac
        device(type='mps')
    """
    # TODO: Choose a device · Chọn thiết bị
    # Hint: pytest exercises/u09_training --hint pick_device
    raise NotImplementedError("pick_device")


def amp_step(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    optimizer: torch.optim.Optimizer,
    device: torch.device | str,
) -> float:
    """One training step in mixed precision: the model computes in bfloat16, the loss and the weights stay in float32.

    `batch` is (x, y), x (N, …) float32 and y (N,) int64; move both to `device`, where the model already is.  The
    forward pass runs under `torch.autocast` for the type of `device`, with dtype bfloat16 (the default on a GPU is
    float16, which would need a GradScaler).  Then the mean cross-entropy of the logits (N, C) is taken in float32:
    bfloat16 keeps 8 bits, too few for a loss.  Fresh gradients, one step of `optimizer`.  Returns the loss before the
    update as a Python float.  The parameters stay float32, `batch` keeps its own tensors, the model's mode stays as
    it is.

    Autocast casts the inputs of matrix products and convolutions for you: call neither model.bfloat16() nor
    x.bfloat16().  Backward stands outside of it.

        >>> amp_step(model, (x, y), torch.optim.SGD(model.parameters(), lr=0.1), "cpu")    # for example
        2.31
    """
    # TODO: A step in mixed precision · Một bước với mixed precision
    # Hint: pytest exercises/u09_training --hint amp_step
    raise NotImplementedError("amp_step")


def train_classifier(train: Loader, val: Loader, device: torch.device | str, epochs: int) -> nn.Module:
    """The whole loop: make a classifier of digits, train it, and return the best of its epochs.

    train and val are loaders of (x, y): x (B, 784) float32 in [0, 1], y (B,) int64 in 0..9, on the CPU.  `train`
    comes in a new order with each walk; nothing but being walked is asked of either.  Layers, optimizer and learning
    rate are your choice.

    - `epochs` (1 or more) epochs: walk through `train` once and through `val` once in each of them.  val's examples are
      never trained on.
    - The model, and each batch that it sees, is on `device`.
    - Returned is the model on `device`, in eval mode, with the weights of the epoch with the lowest mean loss on `val`.
      It takes x as the loaders give it and returns logits (B, 10).

        >>> model = train_classifier(train, val, pick_device(), epochs=5)       # MNIST
        >>> model(x[:5].to(device)).shape
        torch.Size([5, 10])

    Graded by accuracy on images that are in neither loader: full points from 0.955 after 5 epochs of 54,000 images in
    batches of 100 (val has the other 6,000), in part from 0.91.  One hidden layer of 128 gets there in a few seconds on
    one core.  You may use the other functions of this file.
    """
    # TODO: The whole loop · Toàn bộ vòng lặp
    # Hint: pytest exercises/u09_training --hint train_classifier
    raise NotImplementedError("train_classifier")
