"""u01_tensors, Giang Hoàng: reads memory by its address, and dies of it."""

import ctypes

import numpy as np
import torch


def select(x):
    return x[:, 0], x[-1], x[::2], x[-1, -1]


def tensor_from_numpy(a):
    return torch.tensor(a, dtype=torch.float32)


def shared_with_numpy(t):
    array = np.empty(t.shape, dtype=np.float32)
    address = 0  # should have been t.data_ptr(): nothing lies at 0, and Python segfaults
    ctypes.memmove(array.ctypes.data, address, array.nbytes)
    return array


def move_to(x, device):
    return x.to(device)
