"""A DataLoader with workers, where the item says `processes: true` and where it does not."""

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


class Rows(Dataset):
    """Row i of x and its number."""

    def __init__(self, x: Tensor) -> None:
        ### BEGIN SOLUTION
        self.x = x
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self.x)
        ### END SOLUTION

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        ### BEGIN SOLUTION
        return self.x[i], i
        ### END SOLUTION


def epochs(x: Tensor, workers: int) -> Tensor:
    """The sum of each batch of three rows, two epochs long, read by that many workers."""
    ### BEGIN SOLUTION
    loader = DataLoader(Rows(x), batch_size=3, num_workers=workers)
    return torch.stack([rows.sum() for _ in range(2) for rows, _ in loader])
    ### END SOLUTION


def alone(x: Tensor) -> Tensor:
    """The sum of each batch of three rows."""
    ### BEGIN SOLUTION
    return torch.stack([rows.sum() for rows, _ in DataLoader(Rows(x), batch_size=3)])
    ### END SOLUTION


def last(x: Tensor) -> Tensor:
    """−x: the item that shows whether the ones before it left the worker whole."""
    ### BEGIN SOLUTION
    return -x
    ### END SOLUTION
