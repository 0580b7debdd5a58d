"""The module that the hostile corpus attacks."""

import torch
from torch import Tensor, nn


def double(x: Tensor) -> Tensor:
    """2 x, any shape."""
    ### BEGIN SOLUTION
    return 2 * x  # CANARY_SOLUTION
    ### END SOLUTION


def rows(x: Tensor) -> Tensor:
    """The mean of each row: (N, D) → (N, 1)."""
    ### BEGIN SOLUTION
    return x.mean(1, keepdim=True)
    ### END SOLUTION


def probabilities(z: Tensor) -> Tensor:
    """Softmax over the last dimension, written by hand: (N, C) → (N, C)."""
    ### BEGIN SOLUTION
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
    ### END SOLUTION


class Net(nn.Module):
    """x w + b with parameters w (D, M) and b (M,), zeros at first."""

    def __init__(self, d: int, m: int) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.w = nn.Parameter(torch.zeros(d, m))
        self.b = nn.Parameter(torch.zeros(m))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return x @ self.w + self.b
        ### END SOLUTION


def classify(x: Tensor) -> Tensor:
    """1 where the sum of the row is positive, else 0: (N, D) → (N,) int64."""
    ### BEGIN SOLUTION
    return (x.sum(1) > 0).long()
    ### END SOLUTION


def last(x: Tensor) -> Tensor:
    """−x: the item that shows whether the ones before it left the worker whole."""
    ### BEGIN SOLUTION
    return -x
    ### END SOLUTION
