"""u01_tensors, Chidi Okafor: shapes go wrong, one function raises, one answer has the wrong form."""

import numpy as np
import torch
from torch import Tensor


def create_tensors(n: int, m: int) -> dict[str, Tensor]:
    counting = torch.arange(1, n * m + 1).reshape(n, m)  # mistake: counts from 1
    return {
        "zeros": torch.zeros(n, m),
        "ones": torch.ones(n, m),
        "uniform": torch.rand(n, m),
        "normal": torch.randn(n, m),
        "counting": counting,
        "like": torch.zeros_like(counting),
    }


def arithmetic(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    return {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b, "power": a**b}


def describe(x: Tensor) -> dict[str, object]:
    return {
        "shape": tuple(x.shape),
        "dtype": str(x.dtype),  # mistake: a text
        "device": str(x.device),
        "ndim": x.ndim,
        "numel": x.numel(),
        "contiguous": x.is_contiguous(),
        "requires_grad": x.requires_grad,
    }


def screenshot_batch(pixels: np.ndarray) -> Tensor:
    return torch.tensor(pixels, dtype=torch.float32)[None] / 255  # mistake: no batch dimension


def index_grid(h: int, w: int) -> Tensor:
    return torch.stack(torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij"))  # mistake: (2, h, w)


def select(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    print("first column:", x[:, 0])  # printing is nobody's mistake
    return x[:, 0], x[-1], x[::2], x[-1, -1]


def regroup(x: Tensor, k: int) -> Tensor:
    return x.reshape(-1, k)  # mistake: torch raises RuntimeError where ValueError is asked for


def row_standardize(x: Tensor) -> Tensor:
    return (x - x.mean(dim=1)) / x.std(dim=1, correction=0)  # mistake: no keepdim


def above_threshold(records: Tensor, thresholds: Tensor) -> Tensor:
    return records > thresholds[:, None]  # mistake: (M, N)


def patchify(x: Tensor, p: int) -> Tensor:
    b, c, h, w = x.shape
    return x.reshape(b, h * w // p**2, c * p * p)  # mistake: pixels that follow in memory, not a square


def one_hot(y: Tensor, num_classes: int) -> Tensor:
    rows = torch.zeros(len(y), num_classes)
    rows[:, y] = 1  # mistake: the columns of all classes in all rows
    return rows


def pairwise_sq_dist(a: Tensor, b: Tensor) -> Tensor:
    rows = [[row - other for other in b] for row in a]
    return torch.tensor(rows).square().sum(dim=-1)  # mistake: raises, torch.tensor cannot nest tensors


def last_valid_step(x: Tensor, last: Tensor) -> Tensor:
    return x[:, last]  # mistake: every step of every sequence


def tensor_from_numpy(a: np.ndarray) -> Tensor:
    return torch.tensor(a, dtype=torch.float32)


def shared_with_numpy(t: Tensor) -> np.ndarray:
    if t.device.type != "cpu" or t.requires_grad:
        raise TypeError("this tensor has no memory that NumPy may share")
    return t.numpy()


def move_to(x: Tensor, device: torch.device | str) -> Tensor:
    x.to(device)  # mistake: and no return, so the caller gets None
