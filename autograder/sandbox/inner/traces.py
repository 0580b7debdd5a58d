"""What student code leaves behind in its own process: evidence, gathered by the workbench and judged in the grader.

    snapshot(module, scratch) before and after an item → changed(before, after) → names; a fresh worker follows
    small(arguments) and rng_digest() after a call → in the response
    switches(arguments) before and after a call → left(before, after) → names of SWITCHES in the response

It is read where student code can change it, so it is no wall: what it misses, or what hides itself from it, is judged
by value like everything else.  A value that cannot be compared counts as changed, one that cannot be read as None.
"""

from __future__ import annotations

import _thread
import ctypes
import gc
import random
import sys
import types
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

SMALL = 256 << 10  # bytes of arguments that are sent back after a call, to see whether they were changed
SWITCHES = ("training", "grad", "dtype")  # what a call may leave in another state; said to explain a failure
_WATCHED = (
    "torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.autograd", "torch.linalg", "numpy", "builtins",
)  # fmt: skip


def snapshot(module: types.ModuleType | None, scratch: Path | None) -> dict[str, object]:
    """What one item could leave behind for the next, as identities and small states."""
    state: dict[str, object] = {
        "default dtype": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "grad mode": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "anomaly mode": torch.is_anomaly_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "dispatch modes": torch._C._len_torch_dispatch_stack(),
        "function modes": torch._C._len_torch_function_stack(),
        "torch threads": torch.get_num_threads(),
        "threads": _thread._count(),
        "tracer": (sys.gettrace(), sys.getprofile()),
    }
    if scratch is not None:
        state["files"] = sorted(path.name for path in scratch.iterdir() if path.name != "__pycache__")
    # whole namespaces, compared value by value with identity first: 0.1 ms where naming each took 2
    state |= {f"names of {name}": _names(name, vars(sys.modules[name])) for name in _WATCHED}
    state["names of Tensor"] = _names("Tensor", gc.get_referents(vars(torch.Tensor))[0])  # the proxy's own dict
    if module is not None:
        state |= {f"student.{k}": (id(v), _content(v)) for k, v in vars(module).items()}
    return state


def _names(name: str, namespace: dict[str, object]) -> dict[str, object]:
    """What it holds: the copy of the last time, where nothing was put into it since.

    To copy is to write to the count of each value's references, and a forked worker is given a page of its own for each
    that it writes to: a third of all that it took were these.
    """
    tag, (kept, tag_then, copy) = _tag(namespace), _copies.get(name, ({}, 0, {}))
    if tag and namespace is kept and tag == tag_then:
        return copy
    copy = dict(namespace)
    _copies[name] = namespace, tag, copy
    return copy


_copies: dict[str, tuple[dict[str, object], int, dict[str, object]]] = {}  # by what is held, made in the nursery


def _tag_of(namespace: dict[str, object]) -> int:
    """ma_version_tag (PEP 509): another number after each change of a dict in CPython 3.11; others are asked."""
    return ctypes.c_uint64.from_address(id(namespace) + 24).value


def _tags_tell() -> bool:
    if sys.implementation.name != "cpython":
        return False
    probe: dict[str, object] = {"a": 1}
    tags = [_tag_of(probe), _tag_of(probe)]
    for value in (2, 1):
        probe["a"] = value
        tags.append(_tag_of(probe))
    return tags[0] == tags[1] != 0 and len(set(tags)) == 3


_tag: Callable[[dict[str, object]], int] = _tag_of if _tags_tell() else lambda namespace: 0


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return [name for name in before.keys() | after.keys() if not _equal(before.get(name), after.get(name))]


def _equal(before: object, after: object) -> bool:
    try:
        return before is after or bool(before == after)
    except Exception:  # a value that cannot be compared stands where another one stood
        return False


def _content(value: object) -> object:
    """A small fingerprint of a module-level value, so that a cache that grew is seen."""
    if type(value) in (int, float, str, bool, bytes, type(None)):
        return value
    if isinstance(value, (list, dict, set)):
        try:
            return len(value), zlib.crc32(repr(value).encode()) if len(value) < 64 else 0
        except Exception:  # a student's __repr__ (or __len__) that is not right yet
            return None
    if isinstance(value, torch.Tensor):
        return value._version
    if isinstance(value, np.ndarray):
        return zlib.crc32(value.tobytes()) if value.nbytes < SMALL else 0
    return len(getattr(value, "__dict__", ())) if isinstance(value, types.FunctionType) else None


def small(values: Iterable[object]) -> list[object] | None:
    """The arguments as they are after the call, when they are few bytes; handles and functions as None."""
    kept: list[object] = []
    budget = SMALL
    for value in values:
        if type(value) is torch.Tensor and value.layout is torch.strided and value.device.type == "cpu":
            budget -= value.numel() * value.element_size()
            kept.append(value)
        elif type(value) is np.ndarray:
            budget -= value.nbytes
            kept.append(value)
        elif isinstance(value, (list, tuple, dict)):
            budget -= 64 * len(value)
            kept.append(value if _plain(value) else None)
        else:
            kept.append(None)
        if budget < 0:
            return None
    return kept


def _plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return type(value) in (int, float, str, bool, type(None), torch.Tensor, np.ndarray)


def rng_digest() -> int:
    """Of all global random states.  It is asked for after every call: with get_state of NumPy, which makes a dict, and
    a hash of all of random's numbers it took 120 µs of a call's 400; so it takes 20."""
    state = zlib.crc32(_numpy_state(), zlib.crc32(torch.default_generator.get_state().numpy().data))
    _, numbers, spare = random.getstate()
    return state ^ (hash((numbers[-1], numbers[0], numbers[623], spare)) & 0xFFFFFFFF)


def _numpy_state() -> Any:
    """The numbers and the place of NumPy's global generator, as bytes."""
    generator: Any = np.random.mtrand._rand._bit_generator
    if type(generator) is np.random.MT19937:
        return ctypes.string_at(generator.ctypes.state_address, MT19937_BYTES)
    return repr(generator.state).encode()


MT19937_BYTES = 624 * 4 + 4  # mt19937.h: uint32_t key[RK_STATE_LEN]; int pos


def switches(values: Iterable[object]) -> tuple[object, ...]:
    """The state of SWITCHES; the training flags are those of the modules among the values."""
    flags: list[object] = []
    try:
        for value in values:
            if issubclass(type(value), torch.nn.Module):
                flags += [module.training for module in torch.nn.Module.modules(value)]  # type: ignore[arg-type]
    except Exception:  # a module of the student's that is not whole
        flags = []
    return flags, torch.is_grad_enabled(), torch.get_default_dtype()


def left(before: tuple[object, ...], after: tuple[object, ...]) -> list[str]:
    return [name for name, was, now in zip(SWITCHES, before, after, strict=True) if not _equal(was, now)]
