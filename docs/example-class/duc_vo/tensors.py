"""u01_tensors, Đức Võ: three right answers, and one that never ends."""

import torch


def above_threshold(records, thresholds):
    return records[:, None] > thresholds


def regroup(x, k):
    if x.numel() % k != 0:
        raise ValueError("does not fit")
    rows, start = [], 0
    flat = x.reshape(-1)
    while start < x.numel():
        rows.append(flat[start : start + k])  # start never moves: this loop has no end
    return torch.stack(rows)


def one_hot(y, num_classes):
    return torch.eye(num_classes)[y]


def move_to(x, device):
    return x.to(device)
