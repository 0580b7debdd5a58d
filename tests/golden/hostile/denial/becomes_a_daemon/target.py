import os
import threading
import time

import torch


def double(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    return 2 * x


def rows(x):
    try:
        os.setsid()
    except OSError:
        pass
    threading.Thread(target=time.sleep, args=(3600,)).start()
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
    return (x.sum(1) > 0).long()


def last(x):
    return -x
