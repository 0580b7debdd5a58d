"""`student` as a suite sees it: a call becomes a frame, the answer becomes plain values or an exception in words.

    student.f(x) → Session.ask → transport (a Worker, or a Workbench in this process) → value | Handle | exception

Every question and answer of a test is kept in `Session.trace`, so that the same test can be replayed through a known
mistake and compared.  Raises, in the grader: `StudentRaised` (the student's exception), `Missing`, `PolicyBroken`,
`OutOfMemory`, `CheckFailed` (an argument was changed), and what the transport raises when the worker is gone.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import torch

from autograder import torchvision_compat
from autograder.checks.devices import tell, told
from autograder.checks.faults import CheckFailed, StudentRaised
from autograder.checks.inside import InsideFunction
from autograder.models import Diagnosis, msg
from autograder.sandbox.answers import (
    TYPE_NAME,
    CellsRan,
    PolicyBroken,
    cells_ran,
    policy_broken,
    refusal,
    source_words,
)
from autograder.sandbox.inner import wire
from autograder.sandbox.inner.traces import SWITCHES
from autograder.sandbox.inner.workbench import Workbench
from autograder.sandbox.shared import SharedData

KEPT = 40  # calls of a test whose changed arguments are kept to explain a failure
DESK_SECONDS = 3.0  # what opens and ends an item takes milliseconds, unless the student's own objects hang in it
_HOMES = (builtins, torch, torch.nn, torch.optim, torch.utils.data, np)
LIBRARY_TYPES = frozenset(name for home in _HOMES for name in dir(home)) | {"function", "generator", "module", "method"}


class Transport(Protocol):
    busy: bool  # a question is out and unanswered

    def request(self, frame: bytes, seconds: float | None = None) -> bytes: ...


class LocalTransport:
    """The workbench in this very process: for trusted code (replays) and `--isolation none`."""

    def __init__(self, shared: Sequence[SharedData] = ()) -> None:
        self.busy = False
        torchvision_compat.install()  # as in the worker, or a replayed mistake that needs torchvision has another end
        self.bench = Workbench({data.name: lambda data=data: data.tensor.clone() for data in shared})  # type: ignore[misc]

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        self.busy = True
        answer = self.bench.answer(frame)
        self.busy = False
        return answer


class Closed:
    """The transport of a session that is over."""

    busy = False

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        raise RuntimeError("the session is over")


@dataclass(frozen=True)
class Call:
    """One question of a test and its answer, as the student's feedback and the replay need them."""

    name: str
    arguments: tuple[object, ...]
    returned: object
    inside: bool = False  # a function of the suite's own: not told to the student
    names: tuple[str, ...] = ()  # of the arguments: "1", "2", "lr"; those of the suite's own function by parameter
    rng: bool = False  # it changed a global random state
    after: Sequence[object] | None = None  # the arguments as they came back, where they may have changed
    left: tuple[str, ...] = ()  # of SWITCHES: what it left in another state than it was in


@dataclass(frozen=True)
class Asked:
    """One call as it went out: the same frame can be answered by another answer."""

    question: dict[str, object]
    frame: bytes


@lru_cache(maxsize=256)  # a mistake is replayed through one test after another
def _names_in(source: bytes) -> frozenset[str]:
    return frozenset(TYPE_NAME.findall(source.decode("utf-8", errors="replace")))


@dataclass
class Session:
    """A conversation with one worker.  `mutates` lets arguments change; set per test."""

    transport: Transport
    mutates: bool = False
    seed: int | None = None
    device: str = "cpu"  # of the test: cpu, pretend, cuda, mps
    trace: list[Call] = field(default_factory=list)
    rng_touched: bool = False
    written: frozenset[str] = frozenset()  # the names that stand in the submitted file: no others are repeated
    forbids: tuple[str, ...] = ()
    strict: bool = True  # a forbidden use ends the item; else it is kept in `noted`
    noted: PolicyBroken | None = None
    asked: list[Asked] | None = None  # the calls as they went out, where somebody wants to ask them again
    peak_bytes: int | None = None  # of a GPU's memory, when the last item ended, as the worker tells it

    def open(
        self, filename: str, module: str, source: bytes, seconds: float, cells: Sequence[int] = ()
    ) -> CellsRan | None:
        """Import the student's module; exceptions come as StudentRaised, of a notebook's cells as CellsRan."""
        self.written = _names_in(source)
        question: dict[str, object] = {"op": "open", "filename": filename, "name": module, "source": source}
        if not cells:
            self.ask(question, seconds)
            return None
        told = self.ask({**question, "cells": list(cells), "seconds": seconds}, seconds)
        return cells_ran(told, len(cells), self.written)

    def item(self, forbids: Sequence[str], symbol: str = "", *, strict: bool = True) -> None:
        """An item begins; Missing when the module lacks its symbol, PolicyBroken when its source breaks a policy.

        Without `strict` a broken policy is kept in `noted`, and the item goes on.
        """
        self.forbids, self.strict, self.noted = tuple(forbids), strict, None
        question: dict[str, object] = {"op": "item", "forbids": list(forbids), "symbol": symbol}
        found = self.ask(question if strict else {**question, "strict": False}, DESK_SECONDS)
        if found is not None:
            self._broken(found)

    def words(self, symbol: str) -> frozenset[str]:
        """What the item's code calls and which keywords it gives, as the worker read them in its source."""
        return source_words(self.ask({"op": "words", "symbol": symbol}, DESK_SECONDS), self.written)

    def test(self, seed: int, mutates: bool, device: str = "cpu") -> None:
        """A test begins; its seed and its device travel with its first question."""
        self.trace.clear()
        self.mutates, self.seed, self.device = mutates, seed, device

    def end_item(self) -> list[str]:
        """The traces the item left in the worker (names of states that changed); empty: it may be used again."""
        answer = self.exchange({"op": "end"}, DESK_SECONDS)
        traces, most = answer["ok"], answer.get("peak")
        self.peak_bytes = most if type(most) is int and 0 <= most < 1 << 63 else None
        return traces if isinstance(traces, list) and all(type(trace) is str for trace in traces) else ["unknown"]

    def call(
        self,
        op: str,
        name: str,
        args: tuple[object, ...],
        kwargs: dict[str, object],
        /,
        *,
        parameters: tuple[str, ...] = (),
        **extra: object,
    ) -> Any:
        """Ask for a call and keep it; arguments that came back changed fail the test."""
        question = {"op": op, **extra, "args": list(args), "kwargs": kwargs}
        given = [*args, *kwargs.values()]
        names = (*parameters[: len(args)], *map(str, range(len(parameters) + 1, len(args) + 1)), *kwargs)
        if self.seed is not None:
            question["seed"], self.seed = self.seed, None
            question |= {"device": self.device} if self.device != "cpu" else {}
        try:
            answer = self.exchange(question, None)
        except StudentRaised as error:
            self.trace.append(Call(name, tuple(given), error, op == "inside", names))
            raise
        if "noted" in answer and not self.strict:
            self._broken(answer["noted"])
        rng, after, told = answer.get("rng"), answer.get("args"), answer.get("left")
        self.rng_touched = isinstance(rng, list) and len(rng) == 2 and rng[0] != rng[1]
        kept = (
            after if (op == "inside" or self.mutates) and len(self.trace) < KEPT and isinstance(after, list) else None
        )
        switches = [one for one in told if type(one) is str] if isinstance(told, list) else []
        left = tuple(switch for switch in SWITCHES if switch in switches)
        inside = op == "inside"
        self.trace.append(Call(name, tuple(given), answer["ok"], inside, names, self.rng_touched, kept, left))
        if op != "inside" and not self.mutates and isinstance(after, list) and len(after) == len(given):
            _refuse_changes(name, list(zip(names, given, after, strict=True)))
        return answer["ok"]

    def run_inside(self, fn: InsideFunction, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        program = fn.program()
        return self.call("inside", fn.name, args, kwargs, parameters=fn.parameters, entry=fn.name, program=program)

    def ask(self, question: dict[str, object], seconds: float | None) -> Any:
        try:
            return self.exchange(question, seconds)["ok"]
        except (CheckFailed, PolicyBroken) as error:  # only a call can be answered like this
            raise wire.WireError(f"{question['op']}: an answer to another question") from error

    def exchange(self, question: dict[str, object], seconds: float | None) -> dict[str, Any]:
        try:
            frame = wire.pack(question, _refer, told)
        except wire.WireError as error:  # ours: it must not look like a frame of the student's
            raise TypeError(f"the suite passes what cannot cross to the worker: {error}") from None
        if self.asked is not None and "args" in question:
            self.asked.append(Asked(question, frame))
        return self._answered(question, frame, seconds)

    def repeat(self, asked: Asked) -> object:
        """What comes back of the same call, a student's exception as a value; the trace does not grow."""
        try:
            return self._answered(asked.question, asked.frame, None)["ok"]
        except StudentRaised as error:
            return error

    def close(self) -> None:
        """It is over: handles that are kept no longer hold what the worker held."""
        self.transport = Closed()

    def _answered(self, question: dict[str, object], frame: bytes, seconds: float | None) -> dict[str, Any]:
        returned = self.transport.request(frame, seconds)
        self.transport.busy = True  # until it is read: a slow answer is still the student's time
        answer = wire.unpack(returned, self._resolve, _tell)
        self.transport.busy = False
        if not isinstance(answer, dict):
            raise wire.WireError("an answer that is no mapping")
        if "ok" not in answer:
            raise refusal(question, answer, self.written, self.forbids)
        return answer

    def _resolve(self, ref: wire.Ref) -> object:
        known = ref.text in self.written or ref.text in LIBRARY_TYPES
        return Handle(self, ref.name, ref.text if known else "object")

    def _broken(self, told: object) -> None:
        """A use that did not end the call: it ends the item, or is the first that is noted."""
        broken = policy_broken(told, self.forbids)
        if self.strict:
            raise broken
        self.noted = self.noted or broken


class Handle:
    """An object that stayed in the worker: hand it to @inside functions, or call it.  Knows only its type's name."""

    def __init__(self, session: Session, number: str, type_name: str) -> None:
        self._session, self._number, self.type_name = session, number, type_name

    def __call__(self, *args: object, **kwargs: object) -> Any:
        return self._session.call("apply", self.type_name, args, kwargs, target=self)

    def __repr__(self) -> str:
        return f"<a {self.type_name} in the worker>"


class Student:
    """The fixture: `student.linear_backward(dout, x, w)` asks the worker for exactly that."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def rng_touched(self) -> bool:
        """Did the last call change a global random state (torch, NumPy, random)?  Evidence from the worker."""
        return self._session.rng_touched

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._session.call("call", name, args, kwargs, name=name)


def _tell(tensor: torch.Tensor, device: str) -> None:
    try:
        tell(tensor, torch.device(device))
    except RuntimeError:  # a name that torch does not know
        raise wire.WireError("a device that cannot be") from None


def _refer(value: object) -> wire.Ref | None:
    if isinstance(value, Handle):
        return wire.Ref("handle", value._number)
    if isinstance(value, SharedData):
        return wire.Ref("shared", value.name)
    if isinstance(value, InsideFunction):
        return wire.Ref("inside", value.name, value.program())
    return None


def _refuse_changes(call: str, arguments: list[tuple[str, object, object]]) -> None:
    for place, given, after in arguments:
        given = given.tensor if isinstance(given, SharedData) else given
        if after is not None and not same(given, after):
            words = msg(
                "`{call}` changed its argument {place}; it must leave what it is given as it was.",
                call=call,
                place=place,
            )
            hint = msg(
                "An operation in place (`+=`, `x[...] =`, a name ending in `_`) writes into the caller's memory: "
                "work on a copy."
            )
            raise CheckFailed(Diagnosis("argument_changed", words, hint))


def same(a: object, b: object, *, rtol: float = 0.0) -> bool:
    """Equal in type, shape, dtype and every bit (or within `rtol`); NaN equals NaN, Handles by type name."""
    if isinstance(a, StudentRaised) and isinstance(b, StudentRaised):
        return a.type_name == b.type_name and a.about == b.about
    if isinstance(a, Handle) and isinstance(b, Handle):
        return a.type_name == b.type_name
    if isinstance(a, torch.nn.Parameter):
        a = a.data
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        if a.shape != b.shape or a.dtype != b.dtype or told(a) != told(b):
            return False
        return a.device.type == "meta" or bool(torch.isclose(a, b, rtol=rtol, atol=rtol * 1e-3, equal_nan=True).all())
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        return same(torch.from_numpy(np.ascontiguousarray(a)), torch.from_numpy(np.ascontiguousarray(b)), rtol=rtol)
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key], rtol=rtol) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, rtol=rtol) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=rtol, abs_tol=0.0)
    return bool(a == b)
