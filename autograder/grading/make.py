"""`make`, the fixture that gives a hidden test its inputs: fresh numbers from the run's secret seed.

The same for every student and every replay of the same run.  Values keep 1e-2 away from 0, where relu, clamp and
maximum each have their own right derivative (field-notes.md, "Gradients").
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

KINK = 1e-2


def seed_of(run_seed: int, nodeid: str) -> int:
    """A seed of 48 bits for one test of one grading run."""
    return int.from_bytes(hashlib.sha256(f"{run_seed}:{nodeid}".encode()).digest()[:6], "big")


class Make:
    """`make(4, 5)` a float64 tensor of normal numbers; the other kinds by name."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        normal = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        return (normal + torch.where(normal < 0, -KINK, KINK)).to(dtype)

    def uniform(self, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """U[0, 1)."""
        return torch.rand(shape, generator=self.generator, dtype=torch.float64).to(dtype)

    def ints(self, high: int, *shape: int) -> torch.Tensor:
        """int64 in [0, high)."""
        return torch.randint(high, shape, generator=self.generator)

    def array(self, *shape: int, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        return self(*shape).numpy().astype(dtype)

    def int_array(self, high: int, *shape: int) -> npt.NDArray[np.int64]:
        return self.ints(high, *shape).numpy()

    def pick(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return low + int(self.ints(high - low + 1))

    def seed(self) -> int:
        return int(self.ints(2**31))
