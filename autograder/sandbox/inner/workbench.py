"""The worker's desk: it holds the student's module and the objects made from it, and answers one request at a time.

    request (bytes) → Workbench.answer → response (bytes)

It knows nothing that is worth stealing: no expected value, label, path or token.  Whatever the student's code does
in here can only change what the student's code returns.  The same class runs in the grader's own process for
trusted code (`--isolation none`, the replay of mistakes), where it is given no jail.

Requests: open, item, call, apply, inside, end; the first one of a test brings its seed.  Responses: {"ok": value, …}
or one of "error", "missing", "blocked", "memory", "too_much".  A response never holds a text of the student's making
except names, which the grader checks.
"""

from __future__ import annotations
import __future__

import _thread
import ast
import builtins
import contextlib
import random
import re
import signal
import sys
import time
import types
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import wire
from .cells import Cell, definitions, split
from .guard import Guard

SMALL = 256 << 10  # bytes of arguments that are sent back after a call, to see whether they were changed
NAMES = 200
SHARE = 0.7  # of the time that is left for an import: what one cell of a notebook may take
SWITCHES = ("training", "grad", "dtype")  # what a call may leave in another state; said to explain a failure
TOLD = 50  # of each kind of thing that there is to say about a notebook
FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
# What torch and NumPy complain about, by their own words; only the name crosses
ABOUT: dict[str, str] = {
    "leaf_in_place": r"leaf Variable that requires grad is being used in an in-place",
    "changed_in_place": r"has been modified by an inplace operation",
    "no_graph": r"does not require grad and does not have a grad_fn",
    "backward_twice": r"backward through the graph a second time",
    "not_scalar": r"grad can be implicitly created only for scalar outputs",
    "sizes": r"shapes cannot be multiplied|must match the size of tensor|could not be broadcast|size mismatch"
    r"|Sizes of tensors must match|inconsistent tensor size|not aligned|is not broadcastable|same number of dimensions",
    "reshape_size": r"is invalid for input of size|cannot reshape array of size",
    "index_dtype": r"used as indices must be|expected scalar type Long|expected target dtype to be Long"
    r"|Expected floating point type for target",
    "dtypes": r"must have the same dtype|to have the same dtype|expected scalar type|expected .* dtype|Found dtype",
    "needs_float": r"of floating point and complex dtype can require gradients|Could not infer output dtype"
    r"|not implemented for '(Long|Int|Bool|Byte)'|must be either a floating point or complex dtype",
    "numpy_of_graph": r"Can't call numpy\(\) on Tensor that requires grad",
    "truth_of_many": r"truth value of an array with more than one|Boolean value of Tensor with more than one",
}
_WATCHED = (
    "torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.autograd", "torch.linalg", "numpy", "builtins",
)  # fmt: skip


class CellTooSlow(BaseException):
    """A cell that trains, most likely: it is stopped so that the cells below it still run."""


class Workbench:
    def __init__(self, shared: Mapping[str, Callable[[], torch.Tensor]], *, scratch: Path | None = None) -> None:
        self.shared = shared
        self.scratch = scratch  # where the student's file is laid; None in the grader's own process
        # in the jail everything is the student's, SystemExit too; in the grader our own alarm must get through
        self.catches = BaseException if scratch is not None else Exception
        self.module: types.ModuleType | None = None
        self.filename = ""
        self.handles: dict[str, object] = {}
        self.programs: dict[str, dict[str, Any]] = {}
        self.forbids: tuple[str, ...] = ()
        self.policies = contextlib.ExitStack()  # what holds for the whole item
        self.before: dict[str, object] = {}
        self.rng = 0

    def answer(self, frame: bytes | bytearray) -> bytes:
        """The response to one request; a student's exception is an answer, not an error."""
        request = wire.unpack(bytes(frame), self._resolve)
        try:
            if "seed" in request:
                self._seed(request.pop("seed"))
            response = getattr(self, f"_{request.pop('op')}")(**request)
        except self.catches as error:
            response = self._describe(error)
        return self._pack(response)

    # --- requests ---

    def _open(
        self, filename: str, name: str, source: bytes, cells: Sequence[int] = (), seconds: float = 0.0
    ) -> dict[str, object]:
        """Import the student's module from its bytes; `SyntaxError` and the like are answers.

        `cells`: the lines at which a notebook's cells begin.  It is imported whatever its cells raise; `seconds` is
        what the grader waits.
        """
        self.filename = filename
        if self.scratch is not None:
            (self.scratch / filename).write_bytes(source)
        code = None if cells else compile(source, filename, "exec", dont_inherit=True)
        self.module = types.ModuleType(name)
        self.module.__file__ = filename
        if self.scratch is not None:
            sys.modules[name] = self.module  # pickling and dataclasses look a class's module up
        told = None
        if code is None:
            told = self._run_cells(list(split(source, cells)), time.monotonic() + 0.9 * seconds)
        else:
            exec(code, self.module.__dict__)
        self.before = self._snapshot()
        return {"ok": told}

    def _run_cells(self, cells: list[Cell], deadline: float) -> dict[str, object]:
        """A notebook's cells one after another, as "Restart and run all" has it, but on after one that raises.

        Returns the lines that were skipped, what was raised in which cell, and what was defined more than once.
        """
        assert self.module is not None
        names = self.module.__dict__
        names["display"] = lambda *args, **kwargs: None  # a notebook has it; nobody looks here
        trees = [self._parsed(cell) for cell in cells]
        if self.scratch is not None:  # for inspect.getsource, which must be able to read it
            text = "".join(f"{line}\n" for cell in cells for line in cell.lines)
            (self.scratch / self.filename).write_text(text, encoding="utf-8")
        raised: list[dict[str, object]] = []
        lines_of: dict[str, list[int]] = {}
        first_in: dict[str, int] = {}
        flags = 0
        for number, (tree, fault) in enumerate(trees, start=1):
            stopped: int | None = None
            try:
                if fault is not None:
                    raise fault
                code = compile(tree, self.filename, "exec", flags, dont_inherit=True)
                flags |= code.co_flags & FUTURE  # `from __future__` holds for the cells below
                with self._hurry(deadline):
                    exec(code, names)
            except self.catches as error:
                known = self._describe(error)
                known = {"error": "MemoryError", "lines": known["memory"]} if "memory" in known else known
                name = getattr(error, "name", None) if isinstance(error, NameError) else None
                known["slow"] = isinstance(error, CellTooSlow)
                raised.append({"cell": number, **known, "name": name if type(name) is str else ""})
                stopped = self._statement(error)
            for name, line in definitions(tree, stopped):
                lines_of.setdefault(name, []).append(line)
            for name in names.keys() - first_in.keys():
                first_in[name] = number
        for entry in raised:
            entry["later"] = first_in.get(str(entry["name"]), 0)
        twice = [[name, lines[0], lines[-1]] for name, lines in lines_of.items() if len(lines) > 1]
        skipped = [line for cell in cells for line in cell.skipped]
        return {"skipped": skipped[:TOLD], "raised": raised[:TOLD], "twice": twice[:TOLD]}

    @contextlib.contextmanager
    def _hurry(self, deadline: float) -> Iterator[None]:
        """Stop a cell that would take the time of those below it: a courtesy.  Who swallows it meets the grader's
        clock, which stops the whole import.  In the grader's own process the alarm belongs to pytest."""
        if self.scratch is None:
            yield
            return

        def stop(*_: object) -> None:
            raise CellTooSlow

        before = signal.signal(signal.SIGALRM, stop)
        try:
            signal.setitimer(signal.ITIMER_REAL, max(0.05, SHARE * (deadline - time.monotonic())))
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)

    def _parsed(self, cell: Cell) -> tuple[ast.Module, BaseException | None]:
        def parse(text: str) -> ast.Module:
            tree = compile(text, self.filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            assert isinstance(tree, ast.Module)
            return tree

        try:
            return cell.parsed(parse), None
        except self.catches as error:
            cell.blank()
            return ast.Module([], []), error

    def _statement(self, error: BaseException) -> int:
        """The line of the cell's own statement that raised."""
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.filename:
                return trace.tb_lineno
            trace = trace.tb_next
        return 0

    def _item(self, forbids: list[str], symbol: str = "") -> dict[str, object]:
        """An item begins: what it forbids holds until it ends; a module without its symbol is told at once."""
        self.policies.close()
        self.forbids = tuple(forbids)
        if self.scratch is not None:  # the grader's own process computes references between two calls
            self.policies.enter_context(Guard(self.forbids, self.filename).poisoning())
        self.handles.clear()
        return self._missing(symbol) if symbol and not hasattr(self.module, symbol) else {"ok": None}

    def _call(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> dict[str, object]:
        if not hasattr(self.module, name):
            return self._missing(name)
        return self._run(getattr(self.module, name), args, kwargs)

    def _missing(self, name: str) -> dict[str, object]:
        """No such name; the names there are, for "did you mean"."""
        known = [known for known in vars(self.module) if known.isidentifier() and not known.startswith("_")]
        return {"missing": name, "names": known[:NAMES]}

    def _apply(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, object]:
        return self._run(target, args, kwargs)

    def _inside(self, entry: str, program: str, args: list[Any], kwargs: dict[str, Any]) -> dict[str, object]:
        return self._run(self._compiled(program)[entry], args, kwargs)

    def _end(self) -> dict[str, object]:
        """The item is over: which traces did it leave?  (A fresh worker follows when there are any.)"""
        self.policies.close()
        self.handles.clear()
        after = self._snapshot()
        names = self.before.keys() | after.keys()
        changed = [name for name in names if not _equal(self.before.get(name), after.get(name))]
        return {"ok": changed[:20]}

    # --- running ---

    def _seed(self, seed: int) -> None:
        """A test begins: every student meets the same random numbers."""
        torch.default_generator.manual_seed(seed)
        np.random.seed(seed % (1 << 32))
        random.seed(seed)
        self.rng = _rng_digest()

    def _run(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, object]:
        rng = self.rng
        guard = Guard(self.forbids, self.filename) if self.forbids else None
        before = self._switches([function, *args, *kwargs.values()])
        try:
            with self._policies(guard):
                value = function(*args, **kwargs)
        except self.catches as error:
            self.rng = _rng_digest()
            if guard and guard.found:
                return {"blocked": list(guard.found)}
            return self._describe(error)
        if guard and guard.found:
            return {"blocked": list(guard.found)}
        self.rng = _rng_digest()
        response = {"ok": value, "args": _small([*args, *kwargs.values()]), "rng": [rng, self.rng]}
        after = self._switches([function, *args, *kwargs.values()])
        left = [name for name, was, now in zip(SWITCHES, before, after, strict=True) if was != now]
        return response | {"left": left} if left else response

    def _switches(self, values: Sequence[object]) -> tuple[object, ...]:
        """The state of SWITCHES; the training flags are those of the modules among the values."""
        flags: list[object] = []
        try:
            for value in values:
                if issubclass(type(value), torch.nn.Module):
                    flags += [module.training for module in torch.nn.Module.modules(value)]  # type: ignore[arg-type]
        except self.catches:  # a module of the student's that is not whole
            flags = []
        return flags, torch.is_grad_enabled(), torch.get_default_dtype()

    @contextlib.contextmanager
    def _policies(self, guard: Guard | None) -> Iterator[None]:
        if guard is None:
            yield
        else:
            with guard.poisoning() if self.scratch is None else contextlib.nullcontext(), guard.watching():
                yield

    def _compiled(self, program: str) -> dict[str, Any]:
        if program not in self.programs:
            names: dict[str, Any] = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "np": np}
            names["student"] = self.module
            exec(compile(program, "<inside>", "exec", dont_inherit=True), names)
            self.programs[program] = names
        return self.programs[program]

    def _resolve(self, ref: wire.Ref) -> object:
        if ref.kind == "handle":
            return self.handles[ref.name]
        if ref.kind == "shared":
            return self.shared[ref.name]()
        return self._compiled(ref.text)[ref.name]

    def _refer(self, value: object) -> wire.Ref:
        number = str(len(self.handles))
        self.handles[number] = value
        return wire.Ref("handle", number, type(value).__name__)

    def _pack(self, response: dict[str, object]) -> bytes:
        try:
            return wire.pack(response, self._refer)
        except wire.WireError as error:
            return wire.pack({"too_much": str(error)})
        except BaseException as error:  # an object of the student's that raises while it is looked at
            return wire.pack(self._describe(error))

    def _describe(self, error: BaseException) -> dict[str, object]:
        """An exception as data: a type of Python's or torch's, lines of the student's file, never a text."""
        if _is_memory(error):
            return {"memory": self._lines(error), "asked": _asked(error)}
        kind = next(t for t in type(error).__mro__ if t.__module__ == "builtins" or t.__module__.startswith("torch."))
        described: dict[str, object] = {"error": kind.__name__.lstrip("_"), "lines": self._lines(error)}
        about = _about(error)
        return described | {"about": about} if about else described

    def _lines(self, error: BaseException) -> list[int]:
        lines = []
        if isinstance(error, SyntaxError) and type(error.lineno) is int:
            lines.append(error.lineno)
        trace = error.__traceback__
        while trace is not None and len(lines) < 1000:
            if trace.tb_frame.f_code.co_filename == self.filename:
                lines.append(trace.tb_lineno)
            trace = trace.tb_next
        return [line for line in lines if type(line) is int][-5:]

    # --- traces ---

    def _snapshot(self) -> dict[str, object]:
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
        if self.scratch is not None:
            state["files"] = sorted(path.name for path in self.scratch.iterdir() if path.name != "__pycache__")
        # whole namespaces, compared value by value with identity first: 0.1 ms where naming each took 2
        state |= {f"names of {module}": dict(vars(sys.modules[module])) for module in _WATCHED}
        state["names of Tensor"] = dict(vars(torch.Tensor))
        if self.module is not None:
            state |= {f"student.{k}": (id(v), _content(v)) for k, v in vars(self.module).items()}
        return state


def _equal(before: object, after: object) -> bool:
    try:
        return bool(before == after)
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


def _small(values: Iterable[object]) -> list[object] | None:
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


def _rng_digest() -> int:
    state = zlib.crc32(torch.get_rng_state().numpy().data)
    numpy_state: Any = np.random.get_state()
    state = zlib.crc32(numpy_state[1], state + numpy_state[2])
    return state ^ (hash(random.getstate()) & 0xFFFFFFFF)


def _about(error: BaseException) -> str:
    """Which of ABOUT a message of torch's or NumPy's is; "" for any other."""
    kinds = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)
    text = error.args[0] if type(error) in kinds and error.args else ""
    if builtins.type(text) is not str:
        return ""
    return next((name for name, pattern in ABOUT.items() if re.search(pattern, text[:2000])), "")


def _asked(error: BaseException) -> int:
    """How many bytes torch says it was asked for; 0 where nobody says (a MemoryError)."""
    text = error.args[0] if type(error).__module__ in ("builtins", "torch") and error.args else ""
    found = re.search(r"tried to allocate ([0-9]{1,18}) bytes", text) if builtins.type(text) is str else None
    return int(found[1]) if found else 0


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    text = error.args[0] if type(error).__module__ in ("builtins", "torch") and error.args else ""
    return builtins.type(text) is str and ("can't allocate memory" in text or "std::bad_alloc" in text)
