"""u01_tensors, Ivan Petrov: one bracket is missing, so Python cannot read the file at all."""

import torch


def one_hot(y, num_classes):
    return torch.eye(num_classes)[y]


def row_standardize(x):
    mean = x.mean(dim=1, keepdim=True
    return (x - mean) / x.std(dim=1, correction=0, keepdim=True)
