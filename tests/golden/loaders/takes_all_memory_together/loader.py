"""Each process stays within its limit, all of them together do not."""

import os
import time

import torch
from torch.utils.data import DataLoader, Dataset


class Rows(Dataset):
    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], i


def sums(x, workers):
    return torch.stack([rows.sum() for rows, _ in DataLoader(Rows(x), batch_size=3, num_workers=workers)])


def epochs(x, workers):
    for _ in range(8 if workers else 0):
        if os.fork() == 0:
            held = bytearray(400 << 20)
            held[::4096] = b"x" * len(held[::4096])
            time.sleep(1000)
    time.sleep(1000 if workers else 0)
    return torch.cat([sums(x, 0), sums(x, 0)])


def alone(x):
    return sums(x, 0)


def last(x):
    return -x
