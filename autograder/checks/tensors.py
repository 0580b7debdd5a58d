"""One tensor or array against one: layout, shape, dtype, device, NaN, then values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.checks.case import Case, coarseness
from autograder.checks.devices import elsewhere, told
from autograder.checks.diagnose import told_later
from autograder.checks.faults import Story
from autograder.checks.given import Given, given_for
from autograder.checks.kinds import spelled_dtype
from autograder.models import Diagnosis, msg

TOLERANCES = {
    torch.float64: (1e-9, 1e-12),
    torch.complex128: (1e-9, 1e-12),
    torch.float32: (1e-5, 1e-6),
    torch.complex64: (1e-5, 1e-6),
    torch.bfloat16: (1e-2, 1e-2),
    torch.float16: (1e-2, 1e-2),
}


@dataclass(frozen=True)
class Options:
    """The options of one `close`, passed down to its entries; None: by dtype."""

    rtol: float | None
    atol: float | None
    sizes: Mapping[str, int]
    infinite: bool
    device: torch.device | None = None  # None: where the wanted one is
    origin: Callable[[], tuple[Given, ...]] = tuple

    def tolerances(self, *tensors: Tensor) -> tuple[float, float]:
        """Relative and absolute, of the coarsest dtype."""
        rtol, atol = TOLERANCES.get(max(tensors, key=coarseness).dtype, (0.0, 0.0))
        return (rtol if self.rtol is None else self.rtol), (atol if self.atol is None else self.atol)


def compare_tensors(got: Tensor, want: Tensor, name: str, options: Options) -> Diagnosis | Story | None:
    """Why `got` is not `want`, both plain tensors; None when it is.  ValueError when `want` is not finite."""
    options = replace(options, origin=partial(given_for, got))
    return _compare(got.detach(), want.detach(), (spelled_dtype(got), spelled_dtype(want)), name, options)


def compare_arrays(
    got: np.ndarray[Any, Any], want: np.ndarray[Any, Any], name: str, options: Options
) -> Diagnosis | Story | None:
    """The same for plain ndarrays of numbers."""
    if want.dtype.kind not in "biufc":
        raise TypeError(f"arrays of {want.dtype} cannot be compared")
    if got.dtype.kind not in "biufc":
        return Diagnosis("dtype", msg("{name} is an array of something other than numbers", name=name))
    options = replace(options, origin=partial(given_for, got))
    return _compare(as_tensor(got), as_tensor(want), (spelled_dtype(got), spelled_dtype(want)), name, options)


def as_tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """A copy as a tensor; a float that torch does not know becomes float64 or complex128."""
    native = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
    if native.dtype in (np.dtype(np.longdouble), np.dtype(np.clongdouble)):
        native = native.astype(np.complex128 if native.dtype.kind == "c" else np.float64)
    return torch.from_numpy(native)


def _compare(
    got: Tensor, want: Tensor, dtypes: tuple[str, str], name: str, options: Options
) -> Diagnosis | Story | None:
    if got.layout is not want.layout:
        words = msg(
            "{name} has layout {got}, it should be {want}", name=name, got=str(got.layout), want=str(want.layout)
        )
        return Diagnosis("layout", words)
    _fit_to_compare(want, options)
    wrong_device = elsewhere(got, options.device or told(want), name)
    if wrong_device and got.device.type == "meta":  # there are no values to look at
        return wrong_device
    case = Case(name, want, got, *options.tolerances(want, got), sizes=options.sizes, origin=options.origin)
    if got.shape != want.shape:
        return told_later(case)
    if dtypes[0] != dtypes[1]:
        return _wrong_dtype(case, *dtypes)
    if wrong_device:
        return wrong_device
    return told_later(case) if bool(case.bad.any()) else None


def _fit_to_compare(want: Tensor, options: Options) -> None:
    if bool(torch.isnan(want).any()):
        raise ValueError("the wanted values hold NaN")
    if not options.infinite and not bool(torch.isfinite(want).all()):
        raise ValueError("the wanted values are not finite; say infinite=True if they should be")


def _wrong_dtype(case: Case, got: str, want: str) -> Diagnosis:
    hint = None
    if case.want.is_floating_point() and case.got.is_floating_point():
        hint = msg("New tensors are float32 unless told otherwise: zeros_like(x), x.new_zeros(…) or dtype=x.dtype.")
    elif case.want.is_floating_point():
        hint = msg("Whole numbers make an integer tensor: use .float() or dtype=….")
    if bool(case.bad.any()):
        return case.says("dtype", msg("{name} has dtype {got}, it should be {want}", got=got, want=want), hint)
    words = msg("the values of {name} are right, its dtype is {got} and should be {want}", got=got, want=want)
    return case.says("dtype", words, hint)
