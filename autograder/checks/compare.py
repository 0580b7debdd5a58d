"""Comparisons that never broadcast and never trust a subclass: the exact type first, then everything else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.checks.case import Case, spelled
from autograder.checks.diagnose import told_later
from autograder.checks.equality import differences
from autograder.checks.faults import CheckFailed, Story
from autograder.checks.given import given_for
from autograder.checks.kinds import is_array, is_tensor, same_kind, spelled_dtype, wrong_kind, wrong_length
from autograder.checks.nonfinite import explain_nonfinite
from autograder.checks.tensors import Options, as_tensor, compare_arrays, compare_tensors
from autograder.models import Diagnosis, msg


def close(
    got: object,
    want: object,
    *,
    name: str = "result",
    rtol: float | None = None,
    atol: float | None = None,
    sizes: Mapping[str, int] | None = None,
    infinite: bool = False,
    device: torch.device | str | None = None,
) -> None:
    """Fail unless `got` is what `want` is: Tensor or ndarray of the same shape, dtype, device and values.

    A list, tuple or dict of those is compared entry by entry (numbers as by `number`, the rest as by `equal`), and
    every entry that is wrong is told.  The keys of such a dict are taken for public and are named; where keys are data,
    use `equal`.  Default tolerances (relative, absolute): float64 1e-9, 1e-12; float32 1e-5, 1e-6; bfloat16 and float16
    1e-2, 1e-2; integers and booleans are compared exactly.  `sizes` are numbers with a name, {"the batch size": 8}: a
    factor of such a size is then named.  `requires_grad` and the graph are not looked at.  `device` is where every
    tensor must be, in place of where `want` is: the wanted values are always computed on the CPU.

    `want` must be finite (else ValueError; with `infinite=True` infinities may stand in it and must agree exactly).
    """
    where = None if device is None else torch.device(device)
    found = list(_close(got, want, name, Options(rtol, atol, dict(sizes or {}), infinite, where)))
    if found:
        raise CheckFailed(*found)


def number(
    got: object,
    want: float,
    *,
    name: str = "result",
    rtol: float = 1e-9,
    atol: float = 0.0,
    sizes: Mapping[str, int] | None = None,
) -> None:
    """Fail unless `got` is a plain float close to `want`; where `want` is an int, a plain int equal to it."""
    found = _number(got, want, name, Options(rtol, atol, dict(sizes or {}), infinite=False))
    if found:
        raise CheckFailed(found)


def equal(got: object, want: object, *, name: str = "result") -> None:
    """Fail unless `got` has exactly the type of `want` and equals it.

    For int, float, str, bool, None, dtype, device, and tuple, list, dict of those.  NaN equals NaN.  The first place
    that differs is told; neither a wanted value nor a wanted key is.
    """
    found = differences(got, want, name)
    if found:
        raise CheckFailed(found)


def shape(got: object, shape: tuple[int, ...], *, name: str = "result") -> None:
    """Fail unless `got` is a Tensor or ndarray of this shape."""
    if not is_tensor(got) and not is_array(got):
        raise CheckFailed(wrong_kind(got, torch.empty(0), name))
    if tuple(got.shape) != tuple(shape):
        words = msg(
            "{name} has shape {got}, it should be {want}", name=name, got=spelled(got.shape), want=spelled(shape)
        )
        raise CheckFailed(Diagnosis("shape", words))


def dtype(got: object, dtype: torch.dtype | np.dtype[Any] | type, *, name: str = "result") -> None:
    """Fail unless `got` is a Tensor (for a torch dtype) or an ndarray (for a numpy one) of this dtype."""
    sample = torch.empty(0, dtype=dtype) if isinstance(dtype, torch.dtype) else np.empty(0, dtype)
    if not same_kind(got, sample):
        raise CheckFailed(wrong_kind(got, sample, name))
    if spelled_dtype(got) != spelled_dtype(sample):
        both = {"got": spelled_dtype(got), "want": spelled_dtype(sample)}
        raise CheckFailed(Diagnosis("dtype", msg("{name} has dtype {got}, it should be {want}", name=name, **both)))


def finite(got: object, *, name: str = "result") -> None:
    """Fail when a Tensor, an ndarray, a number, or a list, tuple or dict of them holds NaN or infinity."""
    found = list(_not_finite(got, name))
    if found:
        raise CheckFailed(*found)


def _close(got: object, want: object, name: str, options: Options) -> Iterator[Diagnosis | Story]:
    found: Diagnosis | Story | None
    if type(want) in (float, int):
        found = _number(got, want, name, options)
    elif not isinstance(want, Tensor | np.ndarray | list | tuple | dict):
        found = differences(got, want, name)
    elif not same_kind(got, want):
        found = wrong_kind(got, want, name)
    elif isinstance(want, Tensor):
        assert is_tensor(got)
        found = compare_tensors(got, want, name, options)
    elif isinstance(want, np.ndarray):
        assert is_array(got)
        found = compare_arrays(got, want, name, options)
    else:
        yield from _entries(got, want, name, options)
        return
    if found:
        yield found


def _entries(got: Any, want: Any, name: str, options: Options) -> Iterator[Diagnosis | Story]:
    """Every entry of a list, tuple or dict; `got` has the right type."""
    if not isinstance(want, dict):
        if len(got) != len(want):
            yield wrong_length(got, want, name)
            return
        keys = list(range(len(want)))
    else:
        for key in want:
            if key not in got:
                yield Diagnosis("missing_key", msg("{name} lacks the key {key}", name=name, key=repr(key)))
        extra = sum(key not in want for key in got)
        if extra:
            yield Diagnosis("extra_key", msg("{name} has keys that are not wanted: {count}", name=name, count=extra))
        keys = [key for key in want if key in got]
    for key in keys:
        yield from _close(got[key], want[key], f"{name}[{key!r}]", options)


def _number(got: object, want: Any, name: str, options: Options) -> Diagnosis | Story | None:
    if type(want) not in (int, float):
        raise TypeError(f"check.number wants a plain int or float to compare with, not {type(want).__name__}")
    if not math.isfinite(want):
        raise ValueError("the wanted number is not finite")
    if not same_kind(got, want):
        return wrong_kind(got, want, name)
    if isinstance(got, int):
        return None if got == want else Diagnosis("values", msg("{name} is not the right number", name=name))
    as_tensors = [torch.tensor(value, dtype=torch.float64) for value in (want, got)]
    rtol = 1e-9 if options.rtol is None else options.rtol
    case = Case(name, as_tensors[0], as_tensors[1], rtol, options.atol or 0.0, options.sizes, partial(given_for, got))
    return told_later(case) if bool(case.bad) else None


def _not_finite(got: object, name: str) -> Iterator[Diagnosis]:
    if type(got) is list or type(got) is tuple:
        for i, entry in enumerate(got):
            yield from _not_finite(entry, f"{name}[{i}]")
    elif type(got) is dict:
        for i, entry in enumerate(got.values()):  # keys of the student's making are not told
            yield from _not_finite(entry, f"{name}[{i}]")
    elif is_array(got) and got.dtype.kind in "biufc":
        yield from _not_finite(as_tensor(got), name)
    elif is_tensor(got) or type(got) in (int, float):
        values = torch.as_tensor(got)
        found = explain_nonfinite(Case(name, torch.zeros_like(values), values, 0.0, 0.0))
        if found:
            yield found
    else:
        yield wrong_kind(got, torch.empty(0), name)
