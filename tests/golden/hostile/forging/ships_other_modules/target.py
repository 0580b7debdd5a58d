"""Wrong throughout; the files beside it would have to be imported instead of the real ones."""

import torch

try:
    import usercustomize  # noqa: F401
except ImportError:
    pass


def double(x):
    return x


def rows(x):
    return x[:, :1]


def probabilities(z):
    return z


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b + 1


def classify(x):
    return torch.zeros(len(x), dtype=torch.int64)


def last(x):
    return x
