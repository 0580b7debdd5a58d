"""What trusted code does in a test: run once, remembered for every student of the run.

    Replays.of(unit, test, source) → Replay(trace, error, seconds)

The same seed gives every student the same questions, so a mistake of the bank answers them in the same way for a whole
class.  A slot keeps MOST_BYTES of answers; beyond that the ones asked for longest ago are forgotten and replayed again:
slower, never different.  `seconds` is what the first run took: an explanation is given the same time whether its
replays are remembered or not, so what a student is told does not depend on who was judged before.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch._C import _len_torch_dispatch_stack, _len_torch_function_stack
from torch.overrides import _pop_mode as _pop_function_mode
from torch.utils._python_dispatch import _pop_mode as _pop_dispatch_mode

from autograder.checks import CheckFailed
from autograder.course import Unit
from autograder.grading.memory import Memory
from autograder.grading.suites import Suites, Test
from autograder.sandbox.inner.pretend.machine import put_back
from autograder.sandbox.proxy import Asked, Call, LocalTransport, Session, same

MOST_BYTES = 64 << 20
SAME = 1e-6  # relative: two ways to write one mistake may round differently
MEMORY = 512 << 20  # bytes that one replay may allocate
HOOKS = (
    "_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks", "_global_backward_pre_hooks",
    "_global_forward_hooks_always_called", "_global_forward_hooks_with_kwargs",
)  # of all modules at once: a mistake may leave its own behind  # fmt: skip
EACH = 400  # bytes of an object that is no tensor, roughly

if sys.platform == "linux":
    import resource


@dataclass(frozen=True)
class Replay:
    trace: Sequence[Call]
    error: BaseException | None
    seconds: float  # of the processor
    asked: Sequence[Asked] = ()  # the calls as they went out, of the reference only

    def ends_like(self, trace: Sequence[Call], error: BaseException | None) -> bool:
        """Do both end the test the same way, with the same values on the way?"""
        return _same_trace(self.trace, trace) and _same_end(self.error, error)


class Replays:
    def __init__(self, suites: Suites) -> None:
        self.suites = suites
        self.memory: Memory[Any] = Memory(MOST_BYTES)

    def of(self, unit: Unit, test: Test, source: bytes, *, asked: bool = False, slip: bool = False) -> Replay:
        """The test run with this source in this process; with `asked` its calls are kept to be asked again.

        A `slip` gets little memory.
        """
        key = test.node.nodeid, source, asked
        found: Replay | None = self.memory.get(key)
        if found is None:
            found = self._run(unit, test, source, asked, slip)
            if not isinstance(found.error, (pytest.fail.Exception, OSError, MemoryError)):  # the machine's, for now
                wanted = size(found.trace) if isinstance(found.error, CheckFailed) else 0  # as large as what came
                self.memory.put(key, found, size((found.trace, [one.frame for one in found.asked])) + wanted)
        return found

    def transport(self, test: Test) -> LocalTransport:
        return LocalTransport(self.suites.data.get().shared if test.uses_data else ())

    def _run(self, unit: Unit, test: Test, source: bytes, asked: bool, slip: bool) -> Replay:
        started = time.process_time()
        session = Session(self.transport(test))
        session.asked = [] if asked else None
        error: BaseException | None
        with switches_kept(), little_memory() if slip else nullcontext():
            try:
                session.open(unit.filename, unit.module, source, 30.0)
                error = self.suites.run(test, session).error
            except Exception as raised:
                error = raised
        session.close()
        if error is not None:
            error = error.with_traceback(None)  # its frames hold the whole test
        return Replay(tuple(session.trace), error, time.process_time() - started, tuple(session.asked or ()))


@contextmanager
def switches_kept() -> Iterator[None]:
    """A mistake may be that it leaves autograd off for ever; this process must not learn it (a worker is replaced).

    What torch warns of is not for the instructor's terminal.
    """
    grad, dtype, anomaly = torch.is_grad_enabled(), torch.get_default_dtype(), torch.is_anomaly_enabled()
    hooks = [dict(getattr(torch.nn.modules.module, name)) for name in HOOKS]
    functions, dispatches = _len_torch_function_stack(), _len_torch_dispatch_stack()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        for name, kept in zip(HOOKS, hooks, strict=True):
            found = getattr(torch.nn.modules.module, name)
            found.clear()
            found.update(kept)
        torch.autograd.set_detect_anomaly(anomaly)
        while _len_torch_function_stack() > functions:  # an alarm may ring while a mode is entered or left
            _pop_function_mode()  # type: ignore[no-untyped-call]
        while _len_torch_dispatch_stack() > dispatches:
            _pop_dispatch_mode()
        put_back()


@contextmanager
def little_memory(most: int = MEMORY) -> Iterator[None]:
    """What would allocate more than so many bytes raises: a slip may take a seed for a size."""
    if sys.platform != "linux":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    wanted = pages * resource.getpagesize() + most
    if soft == resource.RLIM_INFINITY or wanted < soft:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def size(value: object) -> int:
    """About how many bytes it keeps alive."""
    if isinstance(value, torch.Tensor):
        return EACH + (0 if value.device.type == "meta" else value.numel() * value.element_size())
    if isinstance(value, np.ndarray):
        return EACH + value.nbytes
    if isinstance(value, (bytes, str)):
        return EACH + len(value)
    if isinstance(value, dict):
        return EACH + sum(size(key) + size(one) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return EACH + sum(map(size, value))
    if isinstance(value, Call):
        return EACH + size(value.arguments) + size(value.returned) + size(value.after)
    return EACH


def _same_end(a: BaseException | None, b: BaseException | None) -> bool:
    if isinstance(a, CheckFailed) and isinstance(b, CheckFailed):
        return [d.code for d in a.diagnoses] == [d.code for d in b.diagnoses]
    return type(a) is type(b)


def _same_trace(a: Sequence[Call], b: Sequence[Call]) -> bool:
    return len(a) == len(b) > 0 and all(
        x.name == y.name and equal(x.returned, y.returned) for x, y in zip(a, b, strict=True)
    )


def equal(a: object, b: object) -> bool:
    """The same values but for rounding; what cannot be compared (tensors as keys) is not the same."""
    try:
        return same(a, b, rtol=SAME)
    except (RuntimeError, TypeError, ValueError):
        return False
