"""u03_backprop, Bảo Phạm: the easy half is right, the rest has one mistake each."""

import math

import numpy as np
import torch


def numpy_mlp(x, y, w1, w2, lr, steps):
    losses = []
    for _ in range(steps):
        h = x @ w1
        a = np.maximum(h, 0)
        diff = a @ w2 - y
        losses.append(float((diff**2).sum()))
        dpred = 2 * diff
        dw2 = a.T @ dpred
        dw1 = x.T @ (dpred @ w2.T * (h > 0))
        w1 -= lr * dw1  # mistake: writes into the caller's arrays
        w2 -= lr * dw2
    return losses


def linear_backward(dout, x, w):
    dx = dout @ w.T
    dw = x.T @ dout
    db = dout.sum(axis=0, keepdims=True)  # mistake: (1, M), b has the shape (M,)
    return dx, dw, db


def relu_backward(dout, x):
    return dout * (x > 0)


def softmax_xent(z, y):
    rows = np.arange(len(z))
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    dz = np.exp(logp)
    dz[rows, y] -= 1
    return float(-logp[rows, y].mean()), dz  # mistake: the loss is a mean, so dz needs the 1/N too


def batchnorm_backward(dout, cache):
    # TODO: Backward of batch normalisation
    raise NotImplementedError("batchnorm_backward")


def unbroadcast(g, shape):
    lead = g.ndim - len(shape)
    stretched = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=tuple(range(lead)) + stretched).reshape(shape)


class Value:
    def __init__(self, data, parents=()):
        self.data = float(data)
        self.grad = 0.0
        self._parents = parents

    def __add__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __rmul__(self, other):
        return self * other

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - self.data**2),))  # mistake: the derivative is 1 − t²

    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                for parent, _ in node._parents:
                    visit(parent)
                order.append(node)

        visit(self)
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
    dw2 = a.T @ (2 * diff)
    dw1 = x.T @ ((2 * diff) @ w2.T * (h > 0))
    return diff.square().sum().item(), w1 - lr * dw1, w2 - lr * dw2


def autograd_mlp(x, y, w1, w2, lr, steps):
    w1 = w1.clone().requires_grad_()
    w2 = w2.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = ((x @ w1).relu() @ w2 - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= lr * w1.grad
            w2 -= lr * w2.grad
        # mistake: .grad is never cleared, so every step adds to it
    return losses


def mlp_manual_grads(x, y, params):
    # TODO: All gradients of a classifier by hand
    raise NotImplementedError("mlp_manual_grads")
