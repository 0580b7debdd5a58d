"""Workers that wait for ever, a daemon in a session of its own, a child that holds every descriptor."""

import os
import signal
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


KEPT = []


def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(1000)
        os._exit(0)


def epochs(x, workers):
    if workers:
        KEPT.append(iter(DataLoader(Rows(x), num_workers=workers)))
        next(KEPT[0])
        daemon()
    return torch.cat([sums(x, workers), sums(x, workers)])


def alone(x):
    return sums(x, 0)


def last(x):
    return -x
