import _imp
import atexit
import threading
import time

import torch

atexit.register(time.sleep, 3600)
threading._register_atexit(time.sleep, 3600)


class Clinging:
    def __del__(self):
        while True:
            time.sleep(1)


def double(x):
    return 2 * x


def rows(x):
    Clinging()
    return x.mean(1, keepdim=True)


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
    def hold(mine, other):
        with mine:
            time.sleep(0.05)
            other.acquire()

    first, second = threading.Lock(), threading.Lock()
    thread = threading.Thread(target=hold, args=(first, second), daemon=True)
    thread.start()
    hold(second, first)


def last(x):
    threading.Thread(target=_imp.acquire_lock, daemon=True).start()
    return -x
