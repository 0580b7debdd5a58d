"""u06_mlp, Sara Cohen: networks that run and do not learn."""

import torch
import torch.nn.functional as F
from torch import nn


class TwoLayerNet(nn.Module):
    def __init__(self, d_in, hidden, d_out):
        super().__init__()
        self.linear1 = nn.Linear(d_in, hidden)
        self.linear2 = nn.Linear(hidden, d_out)

    def forward(self, x):
        return self.linear2(self.linear1(x))  # mistake: nothing between the layers


def sequential_net(d_in, hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out))


class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(n, m) for n, m in zip(sizes, sizes[1:])]  # mistake: a plain list

    def forward(self, x):
        *hidden, last = self.layers
        for layer in hidden:
            x = torch.relu(layer(x))
        return last(x)


def kaiming_init_(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")  # mistake: the biases keep their values


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p must be in [0, 1]")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) >= self.p)  # mistake: what stays is not divided by 1 − p


class BatchNorm1d(nn.Module):
    def __init__(self, n, eps=1e-5, momentum=0.1):
        super().__init__()
        self.twin = nn.BatchNorm1d(n, eps, momentum)

    def forward(self, x):
        return F.batch_norm(x, None, None, training=True)  # forbidden: the item is done without torch's own


class LayerNorm(nn.Module):
    def __init__(self, n, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n))
        self.bias = nn.Parameter(torch.zeros(n))

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.var(-1, correction=0, keepdim=True).sqrt()
        return (x - mean) / (std + self.eps) * self.weight + self.bias  # mistake: eps belongs under the root


def count_parameters(model, trainable_only):
    return sum(p.numel() for p in model.parameters())  # mistake: trainable_only is not looked at


def manual_update(model, lr):
    for p in model.parameters():
        if p.grad is not None:
            p -= lr * p.grad  # mistake: without no_grad autograd refuses


def train_sequential(x, y, model, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        loss.backward()  # mistake: the gradients are never zeroed
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
    return losses


def train_adam(x, y, model, lr, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y, reduction="sum")
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_mlp(x, y, hidden, epochs, lr, batch_size, seed):
    torch.manual_seed(seed)
    # mistake: cross_entropy takes logits, and applies softmax itself
    model = nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10), nn.Softmax(dim=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def device_of(model):
    return next(model.parameters()).device  # mistake: a model without Parameters raises StopIteration


def train_step_on(model, batch, optimizer, device):
    x, y = batch
    x.to(device), y.to(device)  # mistake: a tensor does not move in place
    loss = F.cross_entropy(model.to(device)(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
