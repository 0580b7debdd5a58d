"""u03, Maria Silva."""

import math

import numpy as np
import torch


def relu(x):
    return np.where(x > 0, x, 0.0)


def numpy_mlp(x, y, w1, w2, lr, steps):
    w1, w2 = w1.copy(), w2.copy()  # so that -= may be used below
    losses = []
    for _ in range(steps):
        h = x @ w1
        error = relu(h) @ w2 - y
        losses.append(float(np.sum(error**2)))
        grad_w2 = 2 * relu(h).T @ error
        _, grad_w1, _ = linear_backward(relu_backward(2 * error @ w2.T, h), x, w1)
        w1 -= lr * grad_w1
        w2 -= lr * grad_w2
    return losses


def linear_backward(dout, x, w):
    dx = np.einsum("nm,dm->nd", dout, w)
    dw = np.einsum("nd,nm->dm", x, dout)
    return dx, dw, np.einsum("nm->m", dout)


def relu_backward(dout, x):
    return np.where(x > 0, dout, 0.0)


def softmax_xent(z, y):
    n, c = z.shape
    shifted = z - z.max(axis=1)[:, None]
    log_total = np.log(np.exp(shifted).sum(axis=1))  # (N,)
    right = shifted[np.arange(n), y]  # (N,)
    probabilities = np.exp(shifted - log_total[:, None])
    return float((log_total - right).mean()), (probabilities - np.eye(c)[y]) / n


def batchnorm_backward(dout, cache):
    xhat, gamma, var, eps = cache
    n = dout.shape[0]
    dgamma, dbeta = np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
    dx = gamma * (n * dout - dbeta - xhat * dgamma) / (n * np.sqrt(var + eps))
    return dx, dgamma, dbeta


def unbroadcast(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, size in enumerate(padded) if size == 1)
    return g.sum(axis=axes, keepdims=True).reshape(shape)


class Value:
    """Remembers how to push its gradient to its parents."""

    def __init__(self, data, parents=()):
        self.data = float(data)
        self.grad = 0.0
        self.parents = parents
        self.push = lambda: None

    @staticmethod
    def of(number):
        return number if isinstance(number, Value) else Value(number)

    def __add__(self, other):
        other = Value.of(other)
        out = Value(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    __radd__ = __add__

    def __mul__(self, other):
        other = Value.of(other)
        out = Value(self.data * other.data, (self, other))

        def push():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.push = push
        return out

    __rmul__ = __mul__

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def push():
            self.grad += (1 - out.data**2) * out.grad

        out.push = push
        return out

    def backward(self):
        # how many results each node still waits for
        waiting, nodes = {}, [self]
        for node in nodes:
            for parent in node.parents:
                if parent not in waiting:
                    waiting[parent] = 0
                    nodes.append(parent)
                waiting[parent] += 1
        for node in nodes:
            node.grad = 0.0
        self.grad = 1.0
        ready = [self]
        while ready:
            node = ready.pop()
            node.push()
            for parent in node.parents:
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)


def torch_mlp_step(x, y, w1, w2, lr):
    h = x.mm(w1)
    error = torch.relu(h).mm(w2) - y
    dw2 = 2 * torch.relu(h).t().mm(error)
    dw1 = 2 * x.t().mm(error.mm(w2.t()) * (h > 0))
    return error.pow(2).sum().item(), w1 - lr * dw1, w2 - lr * dw2


def autograd_mlp(x, y, w1, w2, lr, steps):
    weights = [w.detach().clone().requires_grad_() for w in (w1, w2)]
    losses = []
    for _ in range(steps):
        loss = (torch.relu(x @ weights[0]) @ weights[1] - y).pow(2).sum()
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, weights)
        weights = [(w - lr * g).detach().requires_grad_() for w, g in zip(weights, grads)]
    return losses


def mlp_manual_grads(x, y, params):
    pre = torch.addmm(params["b1"], x, params["w1"])
    h = torch.relu(pre)
    logits = torch.addmm(params["b2"], h, params["w2"])
    right = torch.eye(logits.shape[1], dtype=logits.dtype)[y]
    dlogits = (logits - logits.logsumexp(dim=1, keepdim=True)).exp().sub(right) / len(x)
    dpre = dlogits.mm(params["w2"].t()).masked_fill(pre <= 0, 0.0)
    return {
        "w1": x.t().mm(dpre),
        "b1": dpre.sum(dim=0),
        "w2": h.t().mm(dlogits),
        "b2": dlogits.sum(dim=0),
    }
