"""What a slot keeps from one submission for the next, bounded by its bytes: replays, known answers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Values by key, bounded by their bytes; what was used longest ago goes first."""

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: Hashable, value: T, size: int) -> None:
        _, before = self._kept.pop(key, (None, 0))
        self._kept[key] = value, size
        self.bytes += size - before
        while self.bytes > self.most:
            _, (_, gone) = self._kept.popitem(last=False)
            self.bytes -= gone
