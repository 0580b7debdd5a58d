import torch
from torch import nn


def double(x):
    y = x.clone().requires_grad_()
    y += x
    return y


def rows(x):
    mean = torch.zeros(len(x), 1, requires_grad=True)
    mean.add_(x.mean(1, keepdim=True))
    return mean


def probabilities(z):
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


class Net(nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(d, m))
        self.b = nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    return (x.sum(1) > 0).long()


def last(x):
    x *= -1
    return x
