import torch

LOUD = "NOI" + "SE"


class Large(Exception):
    def __str__(self):
        return LOUD * (40 << 20)


class Raising(Exception):
    def __str__(self):
        raise self

    __repr__ = __str__

    @property
    def args(self):
        raise self


class Endless(Exception):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def double(x):
    raise Large(LOUD * (40 << 20))


def rows(x):
    raise Raising


def probabilities(z):
    raise Endless


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    raise first


def last(x):
    return -x
