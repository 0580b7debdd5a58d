"""u01_tensors, Hana Sato: one answer needs more memory than any machine has, one grows until it is stopped."""

import torch


def index_grid(h, w):
    rows = torch.arange(h)[:, None].expand(h, w)
    columns = torch.arange(w)[None, :].expand(h, w)
    return torch.stack((rows, columns), dim=-1)


def one_hot(y, num_classes):
    every_number = torch.eye(10**6)  # one row for each number there may ever be: 4 TB
    return every_number[y][:, :num_classes]


def pairwise_sq_dist(a, b):
    table = ((a[:, None] - b) ** 2).sum(dim=-1)
    kept = []
    while len(kept) < 10**6:
        kept.append(torch.empty(10**6))  # 4 MB of work space each time, and all of it is kept
    return table


def last_valid_step(x, last):
    return x[torch.arange(len(x)), last]
