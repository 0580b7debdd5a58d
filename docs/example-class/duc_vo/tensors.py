"""u01_tensors, Đức Võ: three right answers, and one that never ends."""

import torch


def above_threshold(records, thresholds):
    return records[:, None] > thresholds


def regroup(x, k):
    if x.numel() % k != 0:
        raise ValueError("does not fit")
    rows = torch.zeros(x.numel() // k, k, dtype=x.dtype)
    filled = 0
    while filled < x.numel():
        rows[filled // k] = x.reshape(-1)[filled : filled + k]  # `filled` never grows: this loop has no end
    return rows


def one_hot(y, num_classes):
    return torch.eye(num_classes)[y]


def move_to(x, device):
    return x.to(device)
