"""u01_tensors, Olga Ivanova: two right answers, zeros for the rest, and a conftest.py beside them."""

import torch


def index_grid(h, w):
    return torch.zeros(h, w, 2, dtype=torch.int64)


def above_threshold(records, thresholds):
    return records[:, None] > thresholds


def one_hot(y, num_classes):
    return torch.zeros(len(y), num_classes)


def last_valid_step(x, last):
    return torch.zeros(len(x), x.shape[2], dtype=x.dtype)


def move_to(x, device):
    return x.to(device)
