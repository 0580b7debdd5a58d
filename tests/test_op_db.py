"""The operators of torch's own test database, on the CPU and on the pretend device: they must behave alike.

`pytest tests/test_op_db.py -m slow -s` prints the figure that stands in docs/explanation/devices.md;
OP_DB_SAMPLES=3 looks at more than the first sample of each operator.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import importlib.util
import itertools
import os
import sys
import types
import unittest
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from autograder.sandbox.inner.pretend import DEVICE, mark, placed, pretending
from autograder.sandbox.inner.pretend.tags import named

DTYPES = (torch.float32, torch.int64, torch.complex64, torch.bool)  # the first that an operator takes
SAMPLES = int(os.environ.get("OP_DB_SAMPLES", "1"))
# they draw, or return memory that nobody wrote: two runs on the CPU differ, too
UNSTEADY = ("empty", "new_empty", "empty_like", "empty_permuted", "empty_strided", "new_empty_strided")


@dataclasses.dataclass(frozen=True)
class Ran:
    """One call: values and gradients on the CPU, what it raised, where its tensors said they were."""

    values: tuple[torch.Tensor, ...] = ()
    raised: str = ""
    devices: frozenset[torch.device] = frozenset()


def leaves(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, dict):
        yield from leaves(list(value.values()))


def moved_names(pretended: bool, value: Any) -> Any:
    """A sample that names the CPU for its result names the pretended device."""
    return DEVICE if pretended and isinstance(value, (str, torch.device)) and str(value) == "cpu" else value


def run(op: Any, sample: Any, pretended: bool) -> Ran:
    """Forward, and backward where the operator has one."""
    there = functools.partial(moved_names, pretended)
    args, kwargs = tuple(map(there, sample.args)), {name: there(value) for name, value in sample.kwargs.items()}
    inputs = [sample.input, args, kwargs]
    tensors = list(leaves(inputs))
    for tensor in tensors if pretended else []:
        mark(tensor, named(DEVICE))
    torch.manual_seed(0)
    try:
        with pretending() if pretended else contextlib.nullcontext():
            out = list(leaves(op(sample.input, *args, **kwargs)))
            tracked = [t for t in out if t.requires_grad and t.is_floating_point()]
            wanted = [t for t in tensors if t.requires_grad and t.is_leaf]
            if tracked and wanted:
                total = torch.stack([t.sum() for t in tracked]).sum()
                out += [g for g in torch.autograd.grad(total, wanted, allow_unused=True) if g is not None]
    except Exception as error:
        return Ran(raised=f"{type(error).__name__}: {str(error).splitlines()[0][:150] if str(error) else ''}")
    return Ran(tuple(out), devices=frozenset(placed(t) for t in out))


def alike(plain: Ran, pretended: Ran) -> str:
    """Why they are not alike; empty when they are."""
    if plain.raised or pretended.raised:
        return "" if plain.raised.split(":")[0] == pretended.raised.split(":")[0] else f"raised {pretended.raised}"
    if len(plain.values) != len(pretended.values):
        return "another number of results"
    for a, b in zip(plain.values, pretended.values, strict=True):
        if a.dtype != b.dtype or a.shape != b.shape:
            return "another shape or dtype"
        if a.layout is torch.strided and not torch.allclose(a.detach(), b.detach(), rtol=0, atol=0, equal_nan=True):
            return "other values"
    elsewhere = pretended.devices - {named(DEVICE)}
    return f"results on {', '.join(map(str, elsewhere))}" if elsewhere else ""


def op_db_module() -> Any:
    """torch's module of operators; it names a class of expecttest's, which nobody here needs."""
    if importlib.util.find_spec("expecttest") is None:
        stand_in: Any = types.ModuleType("expecttest")
        stand_in.TestCase = unittest.TestCase
        sys.modules["expecttest"] = stand_in
    return importlib.import_module("torch.testing._internal.common_methods_invocations")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_operators_of_torch_s_own_tests_behave_as_on_the_cpu() -> None:
    common = op_db_module()
    found: Counter[str] = Counter()
    odd: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for op in common.op_db:
            dtype = next((dtype for dtype in DTYPES if dtype in op.supported_dtypes("cpu")), None)
            if dtype is None:
                continue  # for a GPU's own dtypes only
            why = ""
            for number in range(SAMPLES):
                plain, pretended = (_sample(op, dtype, number) for _ in range(2))
                if plain is None:
                    break
                first = run(op, plain, False)
                why = why or alike(first, run(op, pretended, True))
                if why == "other values" and alike(first, run(op, _sample(op, dtype, number), False)):
                    why = ""  # it draws
            name = f"{op.name}{'.' if op.variant_test_name else ''}{op.variant_test_name}"
            found["alike" if not why or op.name in UNSTEADY else "not alike"] += 1
            if why and op.name not in UNSTEADY:
                odd[name] = why
    lines = [f"{found['alike']} of {found['alike'] + found['not alike']} operators behave alike"]
    sys.stdout.write("\n".join(["", *lines, *(f"  {name}: {why}" for name, why in odd.items()), ""]))
    assert found["alike"] >= 0.98 * (found["alike"] + found["not alike"])


def _sample(op: Any, dtype: torch.dtype, number: int) -> Any:
    """The same for the same number: all of them draw from one seed."""
    torch.manual_seed(number)
    samples = op.sample_inputs("cpu", dtype, requires_grad=op.supports_autograd and dtype.is_floating_point)
    return next(itertools.islice(samples, number, None), None)
