"""ps1: from the nbgrader assignment ps1."""

import torch
from torch import nn

EPS = 1e-8


def row_means(x):
    """The mean of each row of an (n, m) array: an (n,) array."""
    # TODO: row_means · row_means
    # Hint: pytest exercises/ps1 --hint row_means
    raise NotImplementedError("row_means")


def clip(value, low, high):
    """A number, moved into [low, high]."""
    # TODO: clip · clip
    # Hint: pytest exercises/ps1 --hint clip
    raise NotImplementedError("clip")


def distance(a, b):
    """How far two numbers lie apart."""
    # TODO: distance · distance
    # Hint: pytest exercises/ps1 --hint distance
    raise NotImplementedError("distance")


class ScaleLayer(nn.Module):
    def __init__(self, start):
        super().__init__()
        # TODO: ScaleLayer · ScaleLayer
        # Hint: pytest exercises/ps1 --hint scale_layer
        raise NotImplementedError("scale_layer")

    def forward(self, x):
        # TODO
        raise NotImplementedError("scale_layer")
