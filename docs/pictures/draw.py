"""Draws the pictures: python docs/pictures/draw.py [NAME …] → exercises/<unit>/picture.png, docs/pictures/losses.png

One function a picture.  Words in those of the units are names and shapes only, so that one serves both languages.
Numbers that are shown are computed here, the loss curves by the reference solutions of u03_backprop.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import itertools

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

ROOT = Path(__file__).parents[2]
INK, BLUE, ORANGE, GREEN, RED, PALE = "#22303c", "#2f6db5", "#d9822b", "#3a8f5c", "#c0392b", "#eef3f8"


def canvas(width: float, height: float) -> tuple[plt.Figure, Axes]:
    """An empty sheet, a unit an inch, y downwards."""
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    axes.axis("off")
    figure.subplots_adjust(0, 0, 1, 1)
    return figure, axes


def box(
    axes: Axes, x: float, y: float, text: str, *, width: float = 1.5, height: float = 0.6, color: str = BLUE
) -> None:
    """A rounded box with its centre at (x, y)."""
    corner = (x - width / 2, y - height / 2)
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.1", fc=PALE, ec=color, lw=1.6)
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=10, color=INK, family="monospace", linespacing=1.4)


def arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], text: str = "", *, color: str = INK,
    shift: float = -0.14,
) -> None:  # fmt: skip
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, color=color, lw=1.5))
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + shift
    axes.text(x, y, text, ha="center", va="center", fontsize=9, color=color, family="monospace")


def table(axes: Axes, x: float, y: float, values: np.ndarray, *, color: str, pale: Sequence[bool] = ()) -> None:
    """A matrix of numbers with its upper left corner at (x, y); rows marked in `pale` are copies."""
    size = 0.42
    for (i, j), value in np.ndenumerate(values):
        copy = bool(pale) and pale[i * values.shape[1] + j]
        at = (x + j * size, y + i * size)
        axes.add_patch(
            Rectangle(at, size, size, fc="white" if copy else PALE, ec=color, lw=1.2, ls=":" if copy else "-")
        )
        shade = "#9aa5b1" if copy else INK
        middle = (at[0] + size / 2, at[1] + size / 2)
        axes.text(*middle, f"{value:g}", ha="center", va="center", fontsize=10, color=shade)


def note(
    axes: Axes, x: float, y: float, text: str, *, color: str = INK, size: float = 10, align: str = "center"
) -> None:
    axes.text(x, y, text, ha=align, va="center", fontsize=size, color=color, family="monospace", linespacing=1.5)


def u01_tensors() -> plt.Figure:
    """(4, 1) + (3,) → (4, 3): who is stretched where."""
    figure, axes = canvas(8.4, 2.9)
    column, row = np.array([[0.0], [10], [20], [30]]), np.array([[1.0, 2, 3]])
    wide, tall = np.repeat(column, 3, 1), np.repeat(row, 4, 0)
    table(axes, 0.4, 0.7, wide, color=BLUE, pale=[j > 0 for _ in range(4) for j in range(3)])
    table(axes, 3.0, 0.7, tall, color=ORANGE, pale=[i > 0 for i in range(4) for _ in range(3)])
    table(axes, 5.8, 0.7, wide + tall, color=GREEN)
    note(axes, 1.03, 0.4, "a  (4, 1)", color=BLUE)
    note(axes, 3.63, 0.4, "b  (3,)", color=ORANGE)
    note(axes, 6.43, 0.4, "a + b  (4, 3)", color=GREEN)
    note(axes, 2.35, 1.5, "+", size=16)
    note(axes, 5.05, 1.5, "=", size=16)
    note(axes, 4.2, 2.66, "(4, 1) , (3,)  →  (4, 1) , (1, 3)  →  (4, 3)")
    return figure


def u02_autograd() -> plt.Figure:
    """The graph of y = x·2 + 3, as y.grad_fn shows it."""
    figure, axes = canvas(8.4, 2.6)
    for x, text, color in (
        (1.1, "x = 5\nrequires_grad", BLUE),
        (4.2, "x * 2\n= 10", INK),
        (7.2, "y = 13\n.grad_fn", GREEN),
    ):
        box(axes, x, 0.6, text, width=1.9, height=0.75, color=color)
    arrow(axes, (2.1, 0.6), (3.2, 0.6), "* 2")
    arrow(axes, (5.2, 0.6), (6.2, 0.6), "+ 3")
    names = ((1.1, "AccumulateGrad"), (4.2, "MulBackward0"), (7.2, "AddBackward0"))
    for x, text in names:
        box(axes, x, 1.95, text, width=1.9, height=0.6, color=ORANGE)
    arrow(axes, (6.2, 1.95), (5.2, 1.95), "1", color=ORANGE)
    arrow(axes, (3.2, 1.95), (2.1, 1.95), "2", color=ORANGE)
    arrow(axes, (7.2, 1.0), (7.2, 1.62), color=ORANGE)
    arrow(axes, (1.1, 1.62), (1.1, 1.0), color=ORANGE)
    note(axes, 1.35, 1.3, "x.grad += 2", color=ORANGE, size=9, align="left")
    note(axes, 6.95, 1.3, "y.backward()", color=ORANGE, size=9, align="right")
    return figure


def u03_backprop() -> plt.Figure:
    """Forward and backward of the two-layer network, with every shape."""
    figure, axes = canvas(8.8, 3.0)
    steps = (
        (0.8, "x\n(64, 784)"),
        (3.0, "h = x @ w1\n(64, 100)"),
        (5.3, "relu(h)\n(64, 100)"),
        (7.8, "r @ w2\n(64, 10)"),
    )
    for x, text in steps:
        box(axes, x, 0.7, text, width=1.45, height=0.75)
    for start, end, text in ((1.55, 2.25, "w1"), (3.75, 4.55, ""), (6.05, 7.05, "w2")):
        arrow(axes, (start, 0.7), (end, 0.7), text)
    back = ((7.8, "dout\n(64, 10)"), (5.3, "dr = dout\n@ w2.T"), (3.0, "dh = dr\n* (h > 0)"))
    for x, text in back:
        box(axes, x, 2.2, text, width=1.45, height=0.75, color=ORANGE)
    arrow(axes, (7.05, 2.2), (6.05, 2.2), color=ORANGE)
    arrow(axes, (4.55, 2.2), (3.75, 2.2), color=ORANGE)
    arrow(axes, (7.8, 1.1), (7.8, 1.8), color=INK)
    note(axes, 6.75, 1.45, "loss = sum of squares", size=9)
    note(axes, 6.55, 2.72, "dw2 = r.T @ dout  (100, 10)", color=GREEN, size=9)
    note(axes, 2.2, 2.72, "dw1 = x.T @ dh  (784, 100)", color=GREEN, size=9)
    return figure


def u04_linear_regression() -> plt.Figure:
    """Points, the fitted line, and how the loss falls on its way there."""
    torch.manual_seed(4)
    x = torch.linspace(0, 10, 15)
    y = 0.7 * x + 1 + 0.7 * torch.randn(15)
    w, b = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    losses, lines = [], []
    for _ in range(40):
        loss = ((w * x + b - y) ** 2).mean()
        losses.append(loss.item())
        lines.append((w.item(), b.item()))
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= 0.01 * p.grad
                p.grad = None
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.9))
    with torch.no_grad():
        left.vlines(x, y, w * x + b, color=RED, lw=1, alpha=0.6)
    left.plot(x, y, "o", color=BLUE, ms=5, label="(x, y)")
    for step, shade in ((1, 0.25), (2, 0.4), (39, 1.0)):
        slope, start = lines[step]
        left.plot(x, slope * x + start, color=ORANGE, alpha=shade, label=f"w·x + b, step {step}")
    left.legend(frameon=False, fontsize=8)
    right.semilogy(losses, color=GREEN)
    right.set(xlabel="step", ylabel="mean squared error")
    _plain(left, right)
    figure.tight_layout()
    return figure


def u05_logistic_regression() -> plt.Figure:
    """From an image to a loss: (B, 1, 28, 28) → logits → probabilities → cross-entropy."""
    figure, axes = canvas(9.0, 2.5)
    steps = (
        (0.95, "images\n(B, 1, 28, 28)", 1.7, BLUE),
        (3.05, "flatten\n(B, 784)", 1.3, INK),
        (5.2, "logits\n(B, 10)", 1.3, GREEN),
        (7.75, "cross_entropy\n()", 1.6, ORANGE),
    )
    for x, text, width, color in steps:
        box(axes, x, 0.75, text, width=width, height=0.75, color=color)
    arrow(axes, (1.82, 0.75), (2.38, 0.75))
    arrow(axes, (3.72, 0.75), (4.53, 0.75), "W, b")
    arrow(axes, (5.87, 0.75), (6.93, 0.75))
    box(axes, 7.75, 1.95, "labels  (B,)\nint64", width=1.6, height=0.7)
    arrow(axes, (7.75, 1.58), (7.75, 1.15))
    box(axes, 5.2, 1.95, "argmax  (B,)", width=1.5, height=0.6, color=INK)
    arrow(axes, (5.2, 1.15), (5.2, 1.63))
    arrow(axes, (5.98, 1.95), (6.93, 1.95), "==", shift=-0.15)
    note(axes, 1.9, 1.95, "784 · 10 + 10 = 7850 parameters", size=9)
    return figure


def u06_mlp() -> plt.Figure:
    """The modules of an MLP, and what train() and eval() change."""
    figure, axes = canvas(9.4, 2.5)
    steps = (
        (0.8, "x\n(B, 784)", INK),
        (2.5, "Linear\n(B, 128)", BLUE),
        (4.2, "BatchNorm1d\n(B, 128)", ORANGE),
        (5.8, "ReLU\n(B, 128)", INK),
        (7.25, "Dropout\n(B, 128)", ORANGE),
        (8.75, "Linear\n(B, 10)", BLUE),
    )
    for x, text, color in steps:
        box(axes, x, 0.7, text, width=1.35 if "Norm" in text else 1.1, height=0.75, color=color)
    for (x, text, _), (after, next_text, _) in itertools.pairwise(steps):
        half, next_half = (0.7 if "Norm" in text else 0.57), (0.7 if "Norm" in next_text else 0.57)
        arrow(axes, (x + half, 0.7), (after - next_half, 0.7))
    note(axes, 4.2, 1.55, "train(): this batch's mean, var\neval(): running_mean, running_var", color=ORANGE, size=8.5)
    note(axes, 7.2, 1.55, "train(): drop, · 1/(1−p)\neval(): x", color=ORANGE, size=8.5)
    note(axes, 2.5, 1.3, "weight, bias", color=BLUE, size=8.5)
    note(
        axes,
        4.5,
        2.25,
        "model.parameters()  →  weight, bias        model.buffers()  →  running_mean, running_var",
        size=8.5,
    )
    return figure


def u07_data() -> plt.Figure:
    """A batch's way out of a DataLoader with two workers."""
    figure, axes = canvas(9.4, 2.7)
    box(axes, 1.0, 1.3, "BatchSampler\n[3, 0], [5, 1], …", width=1.8, height=0.75)
    for y, text in (
        (0.6, "worker 0: collate_fn(\n[dataset[3], dataset[0]])"),
        (2.0, "worker 1: collate_fn(\n[dataset[5], dataset[1]])"),
    ):
        box(axes, 3.85, y, text, width=2.6, height=0.8, color=ORANGE)
        arrow(axes, (1.92, 1.3), (2.53, y))
        arrow(axes, (5.17, y), (5.78, 1.3))
    box(axes, 6.45, 1.3, "in order,\npin_memory", width=1.25, height=0.75, color=GREEN)
    box(axes, 8.45, 1.3, "x (B, C, H, W)\ny (B,)", width=1.7, height=0.75)
    arrow(axes, (7.1, 1.3), (7.58, 1.3))
    note(axes, 8.45, 2.0, "x.to(device, non_blocking=True)", size=8)
    return figure


def u08_losses_optimizers() -> plt.Figure:
    """Four optimizers of torch on one long valley, the same 40 steps."""
    figure, axes = plt.subplots(figsize=(8.4, 3.2))
    grid_x, grid_y = np.meshgrid(np.linspace(-4.6, 1.2, 200), np.linspace(-1.7, 1.7, 120))
    axes.contour(grid_x, grid_y, 0.05 * grid_x**2 + grid_y**2, levels=14, colors="#c9d3dd", linewidths=0.8)
    ways = {
        "SGD": lambda p: torch.optim.SGD(p, lr=0.4),
        "SGD, momentum 0.8": lambda p: torch.optim.SGD(p, lr=0.2, momentum=0.8),
        "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.1),
        "Adam": lambda p: torch.optim.Adam(p, lr=0.2),
    }
    for (name, make), color in zip(ways.items(), (BLUE, ORANGE, GREEN, RED), strict=True):
        p = torch.tensor([-4.0, 1.4], requires_grad=True)
        optimizer, path = make([p]), [p.tolist()]
        for _ in range(40):
            optimizer.zero_grad()
            (0.05 * p[0] ** 2 + p[1] ** 2).backward()
            optimizer.step()
            path.append(p.tolist())
        axes.plot(*zip(*path, strict=True), "o-", ms=2.5, lw=1.3, color=color, label=name)
    axes.plot(0, 0, "*", color=INK, ms=11)
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    _plain(axes)
    figure.tight_layout()
    return figure


def u09_training() -> plt.Figure:
    """The loop: five calls, in their order."""
    figure, axes = canvas(9.0, 2.9)
    top = ((1.2, "x, y = batch"), (3.9, "out = model(x)"), (6.8, "loss = loss_fn(out, y)"))
    for x, text in top:
        box(axes, x, 0.6, text, width=2.6 if "loss" in text else 2.0, height=0.6)
    bottom = ((6.8, "loss.backward()"), (3.9, "optimizer.step()"), (1.2, "optimizer.zero_grad()"))
    for x, text in bottom:
        box(axes, x, 1.9, text, width=2.2, height=0.6, color=ORANGE)
    arrow(axes, (2.22, 0.6), (2.88, 0.6))
    arrow(axes, (4.92, 0.6), (5.48, 0.6))
    arrow(axes, (6.8, 0.93), (6.8, 1.57))
    arrow(axes, (5.68, 1.9), (5.02, 1.9))
    arrow(axes, (2.78, 1.9), (2.32, 1.9))
    arrow(axes, (1.2, 1.57), (1.2, 0.93))
    note(axes, 4.0, 2.6, "model.train()  …  model.eval() + torch.no_grad()", size=9)
    note(axes, 8.05, 1.25, ".grad += …", color=ORANGE, size=9)
    return figure


def u10_debugging() -> plt.Figure:
    """Four places to look, in this order."""
    figure, axes = canvas(9.2, 2.4)
    layers = (
        (1.25, "data", "x.shape, x.min()\ny.unique()", BLUE),
        (3.5, "forward", "out.shape\nisfinite(out)", GREEN),
        (5.75, "loss", "first ≈ ln(C)\none batch → 0", ORANGE),
        (8.0, "gradient", "p.grad is None?\n0?  nan?", RED),
    )
    for x, name, looks, color in layers:
        box(axes, x, 0.6, name, width=1.6, color=color)
        note(axes, x, 1.55, looks, color=color, size=9)
    for (x, *_), (after, *_) in itertools.pairwise(layers):
        arrow(axes, (x + 0.82, 0.6), (after - 0.82, 0.6))
    return figure


# "Learning PyTorch with Examples", https://pytorch.org/tutorials/beginner/pytorch_with_examples.html (first edition)
PUBLISHED = {
    "published, torch by hand": {99: 1443, 199: 13.3, 299: 0.26, 399: 0.0080},
    "published, autograd": {499: 0.00067},
}
SEEDS = 24


def losses() -> plt.Figure:
    """The published losses of the two-layer network beside those of the reference solution, one line a seed."""
    figure, axes = plt.subplots(figsize=(8.4, 3.6))
    for seed in range(SEEDS):
        axes.semilogy(
            curve(seed), color=BLUE, alpha=0.3, lw=0.8, label=f"numpy_mlp, {SEEDS} seeds" if seed == 0 else None
        )
    for (name, points), mark in zip(PUBLISHED.items(), ("o", "D"), strict=True):
        axes.plot(*zip(*points.items(), strict=True), mark, color=ORANGE, ms=6, label=name)
    axes.axhline(0.01, color=GREEN, ls="--", lw=1, label="0.01")
    axes.set(xlabel="step", ylabel="sum of squared errors", xlim=(0, 500))
    axes.legend(frameon=False, fontsize=8)
    _plain(axes)
    figure.tight_layout()
    return figure


def curve(seed: int, steps: int = 500) -> list[float]:
    """The losses of `numpy_mlp` before each update, on the shapes of the item, from standard normal starts."""
    path = ROOT / "solutions" / "u03_backprop" / "backprop.py"
    spec = importlib.util.spec_from_file_location("backprop", path)
    assert spec is not None
    assert spec.loader is not None
    backprop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(backprop)
    generator = torch.Generator().manual_seed(seed)
    shapes = ((64, 784), (64, 10), (784, 100), (100, 10))
    start = [torch.randn(shape, generator=generator, dtype=torch.float64).numpy() for shape in shapes]  # x, y, w1, w2
    return list(backprop.numpy_mlp(*start, 1e-6, steps))


def _plain(*all_axes: Axes) -> None:
    for axes in all_axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)


PICTURES: dict[str, Callable[[], plt.Figure]] = {
    draw.__name__: draw
    for draw in (
        u01_tensors, u02_autograd, u03_backprop, u04_linear_regression, u05_logistic_regression, u06_mlp, u07_data,
        u08_losses_optimizers, u09_training, u10_debugging,
    )
}  # fmt: skip


def main(wanted: Sequence[str]) -> None:
    for unit, draw in PICTURES.items():
        folder = ROOT / "exercises" / unit
        if folder.is_dir() and (not wanted or unit in wanted):
            _save(draw(), folder / "picture.png")
    if not wanted or "losses" in wanted:
        _save(losses(), ROOT / "docs" / "pictures" / "losses.png")


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
