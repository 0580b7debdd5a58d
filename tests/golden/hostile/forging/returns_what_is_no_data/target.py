import sys

import torch

wire = sys.modules["inner.wire"]


class Reduced:
    def __reduce__(self):
        return print, ("FORGED BY REDUCE",)

    def __call__(self, *args):
        return print("FORGED BY REDUCE")


def double(x):
    return Reduced()


def rows(x):
    return wire.Ref("inside", "double", "print('FORGED BY REDUCE')")


def probabilities(z):
    return (row for row in z)


class Net:
    def __init__(self, d, m):
        self.w, self.b = torch.zeros(d, m), torch.zeros(m)

    def __call__(self, x):
        return torch.sparse_coo_tensor(size=(4, 2), requires_grad=True)


def classify(x):
    return torch.nn.Linear(3, 1)


def last(x):
    return -x
