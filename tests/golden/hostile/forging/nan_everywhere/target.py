import torch

NAN = float("nan")


def double(x):
    return torch.full_like(x, NAN)


def rows(x):
    return torch.full((len(x), 1), NAN, dtype=x.dtype)


def probabilities(z):
    return torch.full_like(z, NAN)


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return (x @ self.w + self.b) * NAN


def classify(x):
    return torch.full((len(x),), NAN, dtype=x.dtype)


def last(x):
    return -x * NAN
