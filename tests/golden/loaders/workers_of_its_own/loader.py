"""Workers in every way torch offers, and multiprocessing below it."""

import multiprocessing

import torch
from torch.utils.data import DataLoader, Dataset


class Rows(Dataset):
    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], i


def sums(x, workers):
    return torch.stack([rows.sum() for rows, _ in DataLoader(Rows(x), batch_size=3, num_workers=workers)])


def doubled(queue, x):
    queue.put(2 * x)


def epochs(x, workers):
    loader = DataLoader(Rows(x), batch_size=3, num_workers=workers, persistent_workers=workers > 0)
    found = [rows.sum() for _ in range(2) for rows, _ in loader]
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=doubled, args=(queue, x))
    process.start()
    right = torch.equal(queue.get(timeout=3), 2 * x)
    process.join()
    with multiprocessing.Pool(2) as pool:
        right = right and pool.map(abs, [-1, 2]) == [1, 2]
    return torch.stack(found) if right else x


def alone(x):
    return sums(x, 0)


def last(x):
    return -x
