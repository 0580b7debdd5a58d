"""What a rule looks at: the wanted and the returned tensor, the tolerances of the story, and their common questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from autograder.checks.given import Given
from autograder.models import Diagnosis, Message, Words, msg

LARGE = 200_000  # above it only the cheap rules run


@dataclass(frozen=True)
class Case:
    """One wrong answer: two strided tensors of any shape, and named numbers that make a factor meaningful.

    `sizes` were named by the suite; `origin()` is what the call was given, as far as it is known.
    """

    name: str
    want: Tensor
    got: Tensor
    rtol: float
    atol: float
    sizes: Mapping[str, int] = field(default_factory=dict)
    origin: Callable[[], tuple[Given, ...]] = tuple  # asked on a failure only

    @cached_property
    def e(self) -> Tensor:
        """The expected values in double precision."""
        return widened(self.want, self.complex)

    @cached_property
    def a(self) -> Tensor:
        """The actual values in double precision."""
        return widened(self.got, self.complex)

    @property
    def complex(self) -> bool:
        return self.want.is_complex() or self.got.is_complex()

    @cached_property
    def story_rtol(self) -> float:
        """A story must fit to this relative error, whatever the test allows."""
        return min(max(self.rtol, 1e-6), max(1e-4, 2 * coarseness(self.want), 2 * coarseness(self.got)))

    @property
    def whole(self) -> bool:
        """Integers or booleans are wanted."""
        return not (self.want.is_floating_point() or self.want.is_complex())

    @cached_property
    def rich(self) -> bool:
        """Enough different values are wanted that a coincidence is not credible."""
        return distinct(self.e) >= 4

    @cached_property
    def scale(self) -> float:
        return float(self.e.abs().max()) if self.e.numel() else 0.0

    @cached_property
    def given(self) -> tuple[Given, ...]:
        return self.origin()

    @cached_property
    def inputs(self) -> tuple[tuple[Message, Tensor], ...]:
        """The floating-point tensors that were given, in double precision, each with the words for its argument."""
        return tuple(
            (given.words, widened(given.value, complex=False))
            for given in self.given
            if isinstance(given.value, Tensor) and given.value.is_floating_point()
        )

    @cached_property
    def numbers(self) -> tuple[Given, ...]:
        """The plain numbers that were given, those first whose name says what they are."""
        numbers = [given for given in self.given if not isinstance(given.value, Tensor)]
        return tuple(sorted(numbers, key=lambda given: not given.rate))

    @cached_property
    def plain(self) -> bool:
        """Finite real values on both sides: what stories are told about."""
        return not self.complex and all(bool(torch.isfinite(t).all()) for t in (self.e, self.a))

    @cached_property
    def credible(self) -> bool:
        """Many different values, or floats with many digits: a fit is no accident.

        A few numbers with few decimals (an accuracy, a count, what a student makes up) fit some story too often.
        """
        if self.rich or self.whole or not self.e.numel():
            return self.rich
        slack = max(1e-9, 2000 * coarseness(self.want), 2000 * coarseness(self.got))
        return not all(abs(v * 1000 - round(v * 1000)) < slack * max(1.0, abs(v)) for v in self.e.reshape(-1).tolist())

    @cached_property
    def shuffled(self) -> bool:
        """The right numbers in some order, many of them."""
        if not self.rich or self.a.numel() != self.e.numel():
            return False
        mine, theirs = (torch.from_numpy(np.sort(t.reshape(-1).numpy())) for t in (self.a, self.e))
        return self.same(mine, theirs)

    def same(self, x: Tensor, y: Tensor) -> bool:
        """Equal shapes and, `y` being finite, values within the story's tolerance."""
        if x.shape != y.shape or not y.numel():
            return x.shape == y.shape
        top = float(y.abs().max())
        atol = max(min(self.atol, 1e-4 * top), 1e-3 * self.story_rtol * top)
        return math.isfinite(top) and bool(torch.isclose(x, y, rtol=self.story_rtol, atol=atol).all())

    @cached_property
    def bad(self) -> Tensor:
        """Where the answer is wrong (shapes are equal here); whole numbers of one dtype are compared exactly."""
        if self.whole and self.got.dtype == self.want.dtype:
            return torch.from_numpy(np.asarray(self.got.cpu().numpy() != self.want.cpu().numpy()))
        return ~torch.isclose(self.a, self.e, rtol=self.rtol, atol=self.atol)

    def says(self, code: str, words: Message, hint: Words | None = None) -> Diagnosis:
        """A diagnosis whose {name} hole is filled."""
        return Diagnosis(code, Message(words.id, (("name", self.name), *words.values)), hint)


Rule = Callable[[Tensor, Tensor, Case], Diagnosis | None]


def widened(tensor: Tensor, complex: bool) -> Tensor:
    """The values in double precision, on the CPU, without a graph."""
    return tensor.detach().cpu().to(torch.complex128 if complex else torch.float64)


def coarseness(tensor: Tensor) -> float:
    """The spacing of the dtype at 1; 0 for integers."""
    return torch.finfo(tensor.dtype).eps if tensor.is_floating_point() or tensor.is_complex() else 0.0


def distinct(tensor: Tensor) -> int:
    return int(np.unique(tensor.numpy()).size)


def spelled(shape: torch.Size | tuple[int, ...]) -> str:
    return str(tuple(shape))


def first_place(bad: Tensor) -> str:
    """The index of the first True, "[2, 0]"."""
    return str([int(i) for i in bad.nonzero()[0]])


# the names a suite may use in sizes={...}, so that they have translations
SIZE_NAMES = (
    msg("the batch size"),
    msg("the number of classes"),
    msg("the number of features"),
    msg("the number of steps"),
    msg("the number of outputs"),
)
