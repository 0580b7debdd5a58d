"""u03_backprop, An Nguyễn: all items."""

import math

import numpy as np
import torch


def numpy_mlp(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        # forward
        h = x @ w1  # (N, H)
        a = np.maximum(h, 0)  # (N, H)
        pred = a @ w2  # (N, M)
        losses.append(float(((pred - y) ** 2).sum()))
        # backward
        dpred = 2 * (pred - y)  # (N, M)
        dw2 = a.T @ dpred  # (H, M)
        dh = (dpred @ w2.T) * (h > 0)  # (N, H)
        dw1 = x.T @ dh  # (D, H)
        # new arrays: the caller keeps the old ones
        w1 = w1 - lr * dw1
        w2 = w2 - lr * dw2
    return losses


def linear_backward(dout, x, w):
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def relu_backward(dout, x):
    return dout * (x > 0)


def softmax_xent(z, y):
    n = len(z)
    z = z - z.max(axis=1, keepdims=True)
    log_softmax = z - np.log(np.exp(z).sum(axis=1, keepdims=True))  # (N, C)
    loss = -log_softmax[np.arange(n), y].mean()
    dz = np.exp(log_softmax)
    dz[np.arange(n), y] -= 1
    return float(loss), dz / n


def batchnorm_backward(dout, cache):
    xhat, gamma, var, eps = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma  # (N, D)
    dx = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / np.sqrt(var + eps)
    return dx, dgamma, dbeta


def unbroadcast(g, shape):
    while g.ndim > len(shape):  # dimensions that were added in front
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):  # dimensions that were stretched
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


class Value:
    def __init__(self, data, parents=()):
        self.data = float(data)
        self.grad = 0.0
        self._parents = parents  # pairs (Value, slope)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __rmul__(self, other):
        return self * other

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - t * t),))

    def backward(self):
        # parents first, without recursion: a long chain would be too deep for Python's stack
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((parent, False) for parent, _ in node._parents)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node._parents:
                parent.grad += slope * node.grad


def torch_mlp_step(x, y, w1, w2, lr):
    h = x @ w1
    a = h.clamp(min=0)
    diff = a @ w2 - y
    dpred = 2 * diff
    dw2 = a.T @ dpred
    dw1 = x.T @ ((dpred @ w2.T) * (h > 0))
    return (diff**2).sum().item(), w1 - lr * dw1, w2 - lr * dw2


def autograd_mlp(x, y, w1, w2, lr, steps):
    w1 = w1.clone().requires_grad_()
    w2 = w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (((x @ w1).relu() @ w2 - y) ** 2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= lr * w1.grad
            w2 -= lr * w2.grad
        w1.grad = None
        w2.grad = None
    return losses


def mlp_manual_grads(x, y, params):
    w1, b1, w2, b2 = params["w1"], params["b1"], params["w2"], params["b2"]
    n = len(x)
    pre = x @ w1 + b1  # (N, H)
    h = pre.relu()
    dlogits = torch.softmax(h @ w2 + b2, dim=1)  # (N, C)
    dlogits[torch.arange(n), y] -= 1
    dlogits = dlogits / n
    dpre = (dlogits @ w2.T) * (pre > 0)  # (N, H)
    return {"w1": x.T @ dpre, "b1": dpre.sum(dim=0), "w2": h.T @ dlogits, "b2": dlogits.sum(dim=0)}
