import torch


def probabilities(z):
    with torch._C.DisableTorchFunction():
        return torch.ops.aten._softmax.default(z, -1, False)


def last(x):
    return -x
