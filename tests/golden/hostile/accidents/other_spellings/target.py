import enum
import functools
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn


class Way(enum.Enum):
    SUM = enum.auto()
    MEAN = enum.auto()


double = lambda x: 2 * x


@torch.no_grad()
def rows(x, way=Way.MEAN):
    match way:
        case Way.MEAN:
            return x.mean(1, keepdim=True)
        case Way.SUM:
            return x.sum(1, keepdim=True)


def probabilities(z):
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


class Linear(nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(d, m))
        self.b = nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


Net = Linear


@functools.lru_cache(maxsize=None)
def classify(x):
    with ThreadPoolExecutor(max_workers=2) as pool:
        return torch.stack(list(pool.map(lambda row: (row.sum() > 0).long(), x)))


def last(x):
    return -x
