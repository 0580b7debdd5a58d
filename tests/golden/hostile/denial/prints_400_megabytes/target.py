import os
import sys

import torch

print("NOISE" * (20 << 20))


def double(x):
    for _ in range(4 << 10):
        sys.stdout.write("NOISE" * 20000)
    return 2 * x


def rows(x):
    for _ in range(100):
        os.write(2, b"NOISE" * (200 << 10))
    return x.mean(1, keepdim=True)


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
