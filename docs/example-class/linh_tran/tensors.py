"""u01_tensors, Linh Trần: most of it, with the mistakes that most beginners make."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def create_tensors(n: int, m: int) -> dict[str, Tensor]:
    counting = torch.arange(n * m).reshape(n, m)
    return {
        "zeros": torch.zeros(n, m),
        "ones": torch.ones(n, m),
        "uniform": torch.rand(n, m),
        "normal": torch.randn(n, m),
        "counting": counting,
        "like": torch.zeros(counting.shape),  # mistake: float32, not the dtype of `counting`
    }


def arithmetic(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    total = a.add_(b)  # mistake: changes the caller's a
    return {"add": total, "sub": a - b, "mul": a * b, "div": a / b, "power": a**b}


def describe(x: Tensor) -> dict[str, object]:
    return {
        "shape": tuple(x.shape),
        "dtype": x.dtype,
        "device": str(x.device),
        "ndim": x.ndim,
        "numel": x.numel(),
        "contiguous": x.is_contiguous(),
        "requires_grad": x.requires_grad,
    }


def screenshot_batch(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels / 255)[None, None]  # mistake: float64


def index_grid(h: int, w: int) -> Tensor:
    i, j = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return torch.stack((i, j), dim=-1)


def select(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    even = list(range(0, len(x), 2))
    return x[:, 0], x[-1], x[even], x[-1, -1]  # mistake: x[even] is a copy, x[::2] a view


def regroup(x: Tensor, k: int) -> Tensor:
    if x.numel() % k != 0:
        raise ValueError("the rows do not come out even")
    return x.reshape(-1, k)


def row_standardize(x: Tensor) -> Tensor:
    mean = x.mean(dim=1, keepdim=True)
    std = x.std(dim=1, keepdim=True)  # mistake: divides by D − 1
    constant = x.amax(dim=1, keepdim=True) == x.amin(dim=1, keepdim=True)
    return torch.where(constant, 0.0, (x - mean) / std)


def above_threshold(records: Tensor, thresholds: Tensor) -> Tensor:
    return records[:, None] > thresholds


def patchify(x: Tensor, p: int) -> Tensor:
    # TODO: Images into patches
    raise NotImplementedError("patchify")


def one_hot(y: Tensor, num_classes: int) -> Tensor:
    return F.one_hot(y, num_classes)  # mistake: int64, the item asks for float32


def pairwise_sq_dist(a: Tensor, b: Tensor) -> Tensor:
    difference = a[:, None] - b
    return difference.square().sum(dim=-1)


def last_valid_step(x: Tensor, last: Tensor) -> Tensor:
    # TODO: The last real step of each sequence
    raise NotImplementedError("last_valid_step")


def tensor_from_numpy(a: np.ndarray) -> Tensor:
    return torch.from_numpy(a).float()  # mistake: shares the memory of a float32 array


def shared_with_numpy(t: Tensor) -> np.ndarray:
    # TODO: One memory for tensor and array
    raise NotImplementedError("shared_with_numpy")


def move_to(x: Tensor, device: torch.device | str) -> Tensor:
    return x.to(device)
