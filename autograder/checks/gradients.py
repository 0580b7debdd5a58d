"""Reference gradients: autograd in float64, in the grader, from the grader's own formula."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def autograd_of(fn: Callable[..., Tensor], *inputs: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    """The gradients of `(fn(*inputs) * upstream).sum()` with respect to each input, in float64.

    `inputs` are floating-point tensors of any shape; each is copied into a fresh float64 leaf.  `upstream` has the
    shape of `fn`'s output.  The gradient of an input has its shape; an input that `fn` does not use gets zeros.
    Raises TypeError for an input that is no floating-point tensor (close over integers instead) and ValueError when
    the output and `upstream` differ in shape.
    """
    for tensor in (*inputs, upstream):
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            raise TypeError("autograd_of wants floating-point tensors; let fn close over anything else")
    leaves = [tensor.detach().to(torch.float64, copy=True).requires_grad_() for tensor in inputs]
    with torch.enable_grad():
        y = fn(*leaves)
    if y.shape != upstream.shape:
        raise ValueError(f"fn returns shape {tuple(y.shape)}, upstream has {tuple(upstream.shape)}")
    if not y.requires_grad:
        return tuple(torch.zeros_like(leaf, requires_grad=False) for leaf in leaves)
    found = torch.autograd.grad(y, leaves, upstream.detach().to(y.dtype), allow_unused=True)
    return tuple(
        torch.zeros_like(leaf, requires_grad=False) if grad is None else grad.detach()
        for leaf, grad in zip(leaves, found, strict=True)
    )
