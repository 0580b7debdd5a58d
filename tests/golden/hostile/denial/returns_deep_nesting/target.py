import torch


def double(x):
    value = []
    for _ in range(100_000):
        value = [value]
    return value


def rows(x):
    value = []
    value.append(value)
    return value


def probabilities(z):
    value = {}
    value["self"] = (value, value)
    return value


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
