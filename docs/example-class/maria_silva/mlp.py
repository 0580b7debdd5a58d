"""u06, Maria Silva."""

from itertools import chain, pairwise

import torch
from torch import nn
from torch.nn import functional as F


class TwoLayerNet(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(d_in, hidden), nn.Linear(hidden, d_out)

    def forward(self, x):
        return self.linear2(torch.relu(self.linear1(x)))


def sequential_net(d_in, hidden, d_out):
    net = nn.Sequential()
    net.append(nn.Linear(d_in, hidden))
    net.append(nn.ReLU())
    net.append(nn.Linear(hidden, d_out))
    return net


class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        linears = [nn.Linear(n, m) for n, m in pairwise(sizes)]
        steps = [linears[0]]
        for linear in linears[1:]:
            steps += [nn.ReLU(), linear]
        self.net = nn.Sequential(*steps)

    def forward(self, x):
        return self.net(x)


def kaiming_init_(model):
    def start(module):
        if isinstance(module, nn.Linear):
            with torch.no_grad():
                module.weight.normal_(0.0, (2 / module.in_features) ** 0.5)
                if module.bias is not None:
                    module.bias.zero_()

    model.apply(start)


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"p = {p} is not a probability")
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.bernoulli(torch.full_like(x, 1 - self.p))
        return x * keep / max(1 - self.p, 1e-30)


class BatchNorm1d(nn.Module):
    def __init__(self, n, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(n))
        self.bias = nn.Parameter(torch.zeros(n))
        self.register_buffer("running_mean", torch.zeros(n))
        self.register_buffer("running_var", torch.ones(n))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        if not self.training:
            return self.scaled(x, self.running_mean, self.running_var)
        if len(x) < 2:
            raise ValueError("batch norm needs at least two examples to train")
        mean = x.mean(0)
        self.remember(mean.detach(), x.detach().var(0))  # var divides by N − 1 here
        return self.scaled(x, mean, (x - mean).pow(2).mean(0))  # and by N here

    def remember(self, mean, var):
        m = self.momentum
        self.running_mean.mul_(1 - m).add_(m * mean)
        self.running_var.mul_(1 - m).add_(m * var)
        self.num_batches_tracked += 1

    def scaled(self, x, mean, var):
        return (x - mean) * (var + self.eps).rsqrt() * self.weight + self.bias


class LayerNorm(nn.Module):
    def __init__(self, n, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n))
        self.bias = nn.Parameter(torch.zeros(n))

    def forward(self, x):
        var, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
        return self.weight * (x - mean) * (var + self.eps).rsqrt() + self.bias


def count_parameters(model, trainable_only):
    parameters = model.parameters()
    if trainable_only:
        parameters = filter(lambda p: p.requires_grad, parameters)
    return sum(map(torch.numel, parameters))


@torch.no_grad()
def manual_update(model, lr):
    for p in model.parameters():
        if p.grad is not None:
            p.sub_(p.grad, alpha=lr)


def train_sequential(x, y, model, lr, steps):
    def one_step():
        for p in model.parameters():
            p.grad = None
        loss = F.mse_loss(model(x), y, reduction="sum")
        loss.backward()
        manual_update(model, lr)
        return loss.item()

    return [one_step() for _ in range(steps)]


def train_adam(x, y, model, lr, steps):
    adam = torch.optim.Adam(model.parameters(), lr)
    losses = []
    for _ in range(steps):
        adam.zero_grad()
        loss = F.mse_loss(model(x), y, reduction="sum")
        loss.backward()
        adam.step()
        losses.append(float(loss))
    return losses


def train_mlp(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    model = sequential_net(784, hidden, 10)
    sgd = torch.optim.SGD(model.parameters(), lr)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            sgd.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            sgd.step()
    return model


def device_of(model):
    first = next(chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def train_step_on(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    optimizer.zero_grad()
    loss = F.cross_entropy(model.to(device)(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()
