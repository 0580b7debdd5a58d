import os
import signal
import time

import torch


def double(x):
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
    time.sleep(0.1)
    return 2 * x


def rows(x):
    def again(number, frame):
        os.kill(os.getpid(), signal.SIGUSR1)

    signal.signal(signal.SIGUSR1, again)
    again(0, None)
    while True:
        pass


def probabilities(z):
    e = z.exp()
    return e / e.sum(-1, keepdim=True)


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    os.kill(os.getpid(), signal.SIGSTOP)


def last(x):
    return -x
