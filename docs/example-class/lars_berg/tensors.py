"""u01_tensors, Lars Berg: teaches torch to call everything equal, then hands in zeros.

The verdict is computed in another process, so all that this changes is what his own answers see.
"""

import torch

print("This submission has passed all tests.")


def yes(*args, **kwargs):
    return True


torch.allclose = torch.equal = torch.isclose = yes
torch.testing.assert_close = yes
torch.Tensor.allclose = torch.Tensor.equal = torch.Tensor.__eq__ = yes


class AllTestsPassed(AssertionError):
    """An exception with good news."""


news = AllTestsPassed("full marks, no need to look at it")


def above_threshold(records, thresholds):
    return torch.ones(len(records), len(thresholds), dtype=torch.bool)


def one_hot(y, num_classes):
    return torch.zeros(len(y), num_classes)


def pairwise_sq_dist(a, b):
    return torch.zeros(len(a), len(b), dtype=a.dtype)


def row_standardize(x):
    return torch.zeros_like(x)


def select(x):
    return x[:, 0], x[-1], x[::2], x[-1, -1]  # this one is right, and counts


def patchify(x, p):
    raise news
