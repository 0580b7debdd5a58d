import torch


def double(x):
    return torch.empty(75 << 20)


def rows(x):
    return bytes(300 << 20)


def probabilities(z):
    return torch.zeros(1).expand(10**12)


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    return [0.0] * (5 << 20)


def last(x):
    return -x
