"""MNIST as the judge needs it: images in shared memory, judged labels in the grader alone.

Loaded once a slot, and only when a unit asks for it.  A worker never maps `test_y`, and meets the test images in a
secret order with faint noise, so that a table of the published labels fits none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from autograder.datasets import Mnist, blinded, mnist
from autograder.models import Words
from autograder.sandbox.shared import SharedData


@dataclass(frozen=True)
class JudgedData:
    """The fixture `mnist`.  train_x (N,784) float32 in [0,1], train_y (N,) int64, test_x (M,784); test_y (M,) int64."""

    train_x: SharedData
    train_y: SharedData
    test_x: SharedData
    test_y: torch.Tensor
    n_train: int
    source: Words
    practice: bool

    @property
    def shared(self) -> tuple[SharedData, ...]:
        return self.train_x, self.train_y, self.test_x


class DataSource:
    """MNIST for one slot, loaded at the first `get()`; `practice` is False until then."""

    def __init__(self, cache: Path, course_data: Path | None, seed: int) -> None:
        self._cache, self._course_data, self._seed = cache, course_data, seed
        self._loaded: JudgedData | None = None

    @property
    def practice(self) -> bool:
        return self._loaded is not None and self._loaded.practice

    def get(self) -> JudgedData:
        """Never downloads: the coordinator did, once for all slots.  Raises DataError for a damaged file."""
        if self._loaded is None:
            self._loaded = judged(mnist(self._cache, course_data=self._course_data, download=False), self._seed)
        return self._loaded


def judged(data: Mnist, seed: int) -> JudgedData:
    test_x, test_y = blinded(data.test_x, data.test_y, seed)
    train_x = torch.from_numpy(data.train_x.reshape(len(data.train_x), -1)).float().div_(255)
    return JudgedData(
        SharedData("train_x", train_x),
        SharedData("train_y", torch.from_numpy(data.train_y)),
        SharedData("test_x", torch.from_numpy(test_x)),
        torch.from_numpy(test_y),
        len(train_x),
        data.source,
        data.practice,
    )
