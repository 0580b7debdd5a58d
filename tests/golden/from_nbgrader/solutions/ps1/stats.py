"""ps1: from the nbgrader assignment ps1."""

import torch
from torch import nn

EPS = 1e-8


def row_means(x):
    """The mean of each row of an (n, m) array: an (n,) array."""
    ### BEGIN SOLUTION
    return x.sum(axis=1) / x.shape[1]
    ### END SOLUTION


def clip(value, low, high):
    """A number, moved into [low, high]."""
    ### BEGIN SOLUTION
    if low > high:
        raise ValueError("low lies above high")
    return max(low, min(value, high))
    ### END SOLUTION


def distance(a, b):
    """How far two numbers lie apart."""
    ### BEGIN SOLUTION
    return abs(a - b)
    ### END SOLUTION


### BEGIN SOLUTION
def _start(value):
    return torch.tensor(float(value))


### END SOLUTION
class ScaleLayer(nn.Module):
    def __init__(self, start):
        super().__init__()
        ### BEGIN SOLUTION
        self.weight = nn.Parameter(_start(start))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return self.weight * x
        ### END SOLUTION
