"""A machine with GPUs, as far as `torch.cuda`, `torch.mps`, `torch.accelerator`, autocast, generators, files can tell.

    with two_gpus(): torch.cuda.is_available() is True, torch.load(…, map_location="cuda:1") is there
    with a_mac():    torch.backends.mps.is_available() is True, and CUDA is not there

Names of torch's modules are exchanged while it lasts, and put back.  Streams, events, graphs and collectives are not
pretended: they raise what a build without CUDA raises.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import serialization
from torch.amp import autocast_mode

from .tags import CPU, GPUS, Current, is_gpu, mark, named

Names = list[tuple[Any, str, Any]]


class Generator(torch.Generator):
    """Draws the CPU's numbers, and knows whose they are said to be."""

    _of = CPU

    def __new__(cls, device: Any = "cpu") -> Generator:
        made: Generator = super().__new__(cls, device="cpu")  # type: ignore[call-arg]
        made._of = named(device)
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return self._of


class Using:
    """`torch.cuda.device(1)`: the GPU that "cuda" means inside of it."""

    def __init__(self, device: Any) -> None:
        self.index = Current.index if device is None else named(device).index
        self.before = 0

    def __enter__(self) -> None:
        self.before, Current.index = Current.index, self.index

    def __exit__(self, *_: object) -> None:
        Current.index = self.before


class _Stream:
    """What an optimizer asks before its step."""

    def is_capturing(self) -> bool:
        return False


_STREAM = _Stream()
_start_autocast = autocast_mode.autocast.__init__


def _autocast(
    self: Any, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
) -> None:
    """Autocast for GPUs casts by the CPU's list of operators, to the GPU's default dtype."""
    kind = "mps" if Current.mac else "cuda"
    if isinstance(device_type, str) and torch.device(device_type).type == kind:  # torch takes "cuda:1", too
        device_type, dtype = "cpu", dtype or torch.get_autocast_dtype(kind)
    _start_autocast(self, device_type, dtype, enabled, cache_enabled)


def _set_device(device: Any) -> None:
    Current.index = named(device).index


def _random_state(device: Any = "cuda") -> torch.Tensor:
    return torch.get_rng_state()


def _set_random_state(state: torch.Tensor, device: Any = "cuda") -> None:
    torch.set_rng_state(state)


def _common() -> Names:
    return [(torch, "Generator", Generator), (autocast_mode.autocast, "__init__", _autocast)]


def _accelerator(kind: str, count: int) -> Names:
    accelerator = getattr(torch, "accelerator", None)
    return [
        (accelerator, "is_available", lambda: True),
        (accelerator, "device_count", lambda: count),
        (accelerator, "current_accelerator", lambda check_available=False: torch.device(kind)),
        (accelerator, "current_device_index", lambda: Current.index),
        (accelerator, "set_device_index", _set_device),
        (accelerator, "current_stream", lambda device=None: _STREAM),
        (accelerator, "synchronize", lambda device=None: None),
    ]


def _known(names: Names) -> Names:
    """Those that this torch has."""
    return [(holder, name, value) for holder, name, value in names if hasattr(holder, name)]


def _of_two_gpus() -> Names:
    cuda = torch.cuda
    names: Names = [
        (cuda, "is_available", lambda: True),
        (cuda, "is_initialized", lambda: True),
        (cuda, "init", lambda: None),
        (cuda, "_lazy_init", lambda: None),
        (cuda, "device_count", lambda: len(GPUS)),
        (cuda, "current_device", lambda: Current.index),
        (cuda, "set_device", _set_device),
        (cuda, "device", Using),
        (cuda, "synchronize", lambda device=None: None),
        (cuda, "empty_cache", lambda: None),
        (cuda, "get_device_name", lambda device=None: "Pretend GPU"),
        (cuda, "get_device_capability", lambda device=None: (8, 0)),
        (cuda, "is_bf16_supported", lambda including_emulation=True: True),
        (cuda, "manual_seed", lambda seed: None),  # torch.manual_seed calls it, too
        (cuda, "manual_seed_all", lambda seed: None),
        (cuda, "get_rng_state", _random_state),
        (cuda, "set_rng_state", _set_random_state),
        (cuda, "reset_peak_memory_stats", lambda device=None: None),
    ]
    for told in ("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"):
        names.append((cuda, told, lambda device=None: 0))
    return _known([*names, *_common(), *_accelerator("cuda", len(GPUS))])


def _of_a_mac() -> Names:
    mps, backend = torch.mps, torch.backends.mps
    names: Names = [
        (backend, "is_available", lambda: True),
        (backend, "is_built", lambda: True),
        (mps, "is_available", lambda: True),
        (mps, "device_count", lambda: 1),
        (mps, "synchronize", lambda: None),
        (mps, "empty_cache", lambda: None),
        (mps, "manual_seed", lambda seed: None),
        (mps, "seed", lambda: None),
        (mps, "get_rng_state", _random_state),
        (mps, "set_rng_state", _set_random_state),
        (mps, "current_allocated_memory", lambda: 0),
        (mps, "driver_allocated_memory", lambda: 0),
        (mps, "recommended_max_memory", lambda: 1 << 33),
    ]
    return _known([*names, *_common(), *_accelerator("mps", 1)])


NAMES, NAMES_OF_A_MAC = _of_two_gpus(), _of_a_mac()
REAL = [(holder, name, getattr(holder, name)) for holder, name, _ in [*NAMES, *NAMES_OF_A_MAC]]


def _location(storage: Any) -> str | None:
    """How torch.save notes a storage's device; None leaves it to torch."""
    device = getattr(storage, "_pretended", CPU)
    return str(device) if is_gpu(device) else None


def _brought(storage: Any, location: str) -> Any:
    """How torch.load, and `map_location`, bring a storage there."""
    if not location.startswith("mps" if Current.mac else "cuda"):
        return None
    mark(torch.empty(0, dtype=torch.uint8).set_(storage), named(location))
    return storage


@contextlib.contextmanager
def two_gpus() -> Iterator[None]:
    with _machine(NAMES, mac=False):
        yield


@contextlib.contextmanager
def a_mac() -> Iterator[None]:
    with _machine(NAMES_OF_A_MAC, mac=True):
        yield


@contextlib.contextmanager
def _machine(names: Names, *, mac: bool) -> Iterator[None]:
    before = [(holder, name, getattr(holder, name)) for holder, name, _ in names]
    current, Current.index = Current.index, 0
    was_mac, Current.mac = Current.mac, mac
    files: Any = (0, _location, _brought)  # before those of the CPU (10), of CUDA (20) and of MPS (21)
    try:
        serialization._package_registry.insert(0, files)
        for holder, name, value in names:
            setattr(holder, name, value)
        yield
    finally:
        for holder, name, value in before:
            setattr(holder, name, value)
        serialization._package_registry[:] = [one for one in serialization._package_registry if one is not files]
        Current.index, Current.mac = current, was_mac


def put_back() -> None:
    """No pretended machine, whatever an alarm broke off half-way: for the grader's own process, between two replays."""
    for holder, name, value in REAL:
        setattr(holder, name, value)
    serialization._package_registry[:] = [one for one in serialization._package_registry if one[1] is not _location]
    Current.index, Current.mac = 0, False
