"""u01_tensors, An Nguyễn: all items."""

import numpy as np
import torch
from torch import Tensor


def create_tensors(n: int, m: int) -> dict[str, Tensor]:
    counting = torch.arange(n * m).reshape(n, m)
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
        "dtype": x.dtype,
        "device": str(x.device),
        "ndim": x.ndim,
        "numel": x.numel(),
        "contiguous": x.is_contiguous(),
        "requires_grad": x.requires_grad,
    }


def screenshot_batch(pixels: np.ndarray) -> Tensor:
    image = torch.tensor(pixels, dtype=torch.float32) / 255  # (H, W), a copy
    return image.unsqueeze(0).unsqueeze(0)  # (1, 1, H, W)


def index_grid(h: int, w: int) -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return torch.stack([rows, columns], dim=-1)  # (h, w, 2)


def select(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return x[:, 0], x[-1], x[::2], x[-1, -1]


def regroup(x: Tensor, k: int) -> Tensor:
    if x.numel() % k:
        raise ValueError(f"cannot fill rows of {k} with {x.numel()} elements")
    return x.reshape(-1, k)


def row_standardize(x: Tensor) -> Tensor:
    mean = x.mean(dim=1, keepdim=True)  # (N, 1)
    std = x.std(dim=1, correction=0, keepdim=True)  # (N, 1)
    constant = (x == x[:, :1]).all(dim=1, keepdim=True)  # (N, 1)
    return torch.where(constant, 0.0, (x - mean) / std)


def above_threshold(records: Tensor, thresholds: Tensor) -> Tensor:
    return records[:, None] > thresholds[None, :]  # (N, M)


def patchify(x: Tensor, p: int) -> Tensor:
    b, c, h, w = x.shape
    x = x.reshape(b, c, h // p, p, w // p, p)
    x = x.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, C, p, p)
    return x.reshape(b, (h // p) * (w // p), c * p * p)


def one_hot(y: Tensor, num_classes: int) -> Tensor:
    return (y[:, None] == torch.arange(num_classes)).float()


def pairwise_sq_dist(a: Tensor, b: Tensor) -> Tensor:
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(dim=2)


def last_valid_step(x: Tensor, last: Tensor) -> Tensor:
    return x[torch.arange(len(x)), last]


def tensor_from_numpy(a: np.ndarray) -> Tensor:
    return torch.tensor(a, dtype=torch.float32)


def shared_with_numpy(t: Tensor) -> np.ndarray:
    if t.device.type != "cpu":
        raise TypeError(f"NumPy cannot reach the memory of {t.device}")
    if t.requires_grad:
        raise TypeError("autograd cannot see what NumPy writes: detach the tensor first")
    return t.numpy()


def move_to(x: Tensor, device: torch.device | str) -> Tensor:
    return x.to(device)
