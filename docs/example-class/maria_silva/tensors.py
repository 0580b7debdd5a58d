"""u01, Maria Silva.  The same answers as everybody's, found by other ways."""

import math

import numpy as np
import torch


def create_tensors(n, m):
    zeros = torch.zeros((n, m))
    counting = torch.stack([torch.arange(row * m, (row + 1) * m) for row in range(n)])
    return {
        "zeros": zeros,
        "ones": torch.full_like(zeros, 1.0),
        "uniform": torch.empty(n, m).uniform_(),
        "normal": torch.normal(0.0, 1.0, size=(n, m)),
        "counting": counting,
        "like": counting.new_zeros(n, m),
    }


def arithmetic(a, b):
    return {
        "add": torch.add(a, b),
        "sub": torch.sub(a, b),
        "mul": torch.mul(a, b),
        "div": torch.true_divide(a, b),
        "power": torch.pow(a, b),
    }


def describe(x):
    shape = tuple(x.size())
    return dict(
        shape=shape,
        dtype=x.dtype,
        device=f"{x.device}",
        ndim=len(shape),
        numel=math.prod(shape),
        contiguous=x.is_contiguous(),
        requires_grad=x.requires_grad,
    )


def screenshot_batch(pixels):
    scaled = pixels.astype(np.float32) / np.float32(255)
    return torch.from_numpy(scaled)[None, None]


def index_grid(h, w):
    pairs = torch.cartesian_prod(torch.arange(h), torch.arange(w))  # (h · w, 2)
    return pairs.view(h, w, 2)


def select(x):
    n, d = x.shape
    last_row = x[n - 1, :]
    return x.select(1, 0), last_row, x[0:n:2, ...], last_row[d - 1]


def regroup(x, k):
    rows, rest = divmod(x.numel(), k)
    if rest:
        raise ValueError(f"{rest} elements would be left over")
    return torch.reshape(x, (rows, k))


def row_standardize(x):
    var, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)
    is_constant = x.amax(dim=1, keepdim=True) == x.amin(dim=1, keepdim=True)
    std = torch.where(is_constant, 1.0, var).sqrt()
    return torch.where(is_constant, 0.0, x - mean) / std


def above_threshold(records, thresholds):
    return torch.gt(records.unsqueeze(1), thresholds)


def patchify(x, p):
    h, w = x.shape[2:]
    corners = [(i, j) for i in range(0, h, p) for j in range(0, w, p)]
    return torch.stack([x[:, :, i : i + p, j : j + p].flatten(1) for i, j in corners], dim=1)


def one_hot(y, num_classes):
    return torch.eye(num_classes)[y]


def pairwise_sq_dist(a, b):
    difference = a.unsqueeze(1) - b.unsqueeze(0)
    return torch.einsum("nmd,nmd->nm", difference, difference)


def last_valid_step(x, last):
    index = last.view(-1, 1, 1).expand(-1, 1, x.shape[2])
    return x.gather(1, index).squeeze(1)


def tensor_from_numpy(a):
    return torch.from_numpy(a.astype(np.float32))  # astype always copies


def shared_with_numpy(t):
    try:
        return t.numpy()
    except RuntimeError as error:
        raise TypeError("a tensor that requires grad cannot be shared with NumPy") from error


def move_to(x, device):
    return torch.as_tensor(x, device=device)
