"""The worker's desk: it holds the student's module and the objects made from it, and answers one request at a time.

    request (bytes) → Workbench.answer → response (bytes)

It knows nothing that is worth stealing: no expected value, label, path or token.  Whatever the student's code does
in here can only change what the student's code returns.  The same class runs in the grader's own process for
trusted code (`--isolation none`, the replay of mistakes), where it is given no jail.

Requests: open, item, words, call, apply, inside, end; the first of a test brings its seed and its device.  Responses:
{"ok": value, …} or one of "error", "missing", "blocked", "memory", "too_much".  A response never holds a text of the
student's making except names, which the grader checks.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import random
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import pretend, real, wire
from .cells import Cell, NoShell, definitions, split
from .guard import Guard
from .policy import Source
from .pretend.tags import MPS, is_gpu, named
from .raised import describe, is_memory, statement
from .traces import changed, left, rng_digest, small, snapshot, switches

NAMES = 200
WORDS = 500  # of the source of one item
SHARE = 0.7  # of the time that is left for an import: what one cell of a notebook may take
TOLD = 50  # of each kind of thing that there is to say about a notebook
REAL = {"cuda": "cuda:0", "mps": "mps:0"}
FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})


class CellTooSlow(BaseException):
    """A cell that trains, most likely: it is stopped so that the cells below it still run."""


class Workbench:
    def __init__(
        self,
        shared: Mapping[str, Callable[[], torch.Tensor]],
        *,
        scratch: Path | None = None,
        make_room: Callable[[], None] = lambda: None,
    ) -> None:
        self.shared = shared
        self.make_room = make_room  # for saying that there is no memory left: what filled it may still be held
        self.scratch = scratch  # where the student's file is laid; None in the grader's own process
        # in the jail everything is the student's, SystemExit too; in the grader our own alarm must get through
        self.catches = BaseException if scratch is not None else Exception
        self.module: types.ModuleType | None = None
        self.filename = ""
        self.handles: dict[str, object] = {}
        self.programs: dict[str, dict[str, Any]] = {}
        self.source: Source | None = None  # what the student's source shows of forbidden things
        self.trees: Callable[[], list[Any]] = list
        self.forbids: tuple[str, ...] = ()
        self.strict = True  # a forbidden use ends the call; else it is only noted
        self.policies = contextlib.ExitStack()  # what holds for the whole item
        self.before: dict[str, object] = {}
        self.rng = 0
        self.device = "cpu"  # of the test: cpu, pretend, cuda, mps

    def answer(self, frame: bytes | bytearray) -> bytes:
        """The response to one request; a student's exception is an answer, not an error."""
        request = wire.unpack(bytes(frame), self._resolve, _place)
        try:
            if "seed" in request:
                self.device = request.pop("device", "cpu")
                self._seed(request.pop("seed"))
            response = getattr(self, f"_{request.pop('op')}")(**request)
        except self.catches as error:
            response = self._described(error)
        return self._pack(response)

    def redefine(self, definitions: str) -> None:
        """Other answers in the module that is open, and no handles left.  No request: trusted code only, which the
        grader rehearses in its own process."""
        assert self.module is not None
        self.handles.clear()
        exec(compile(definitions, self.filename, "exec", dont_inherit=True), self.module.__dict__)

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
        code = None if cells else (_compiled if self.scratch is None else _code)(source, filename)
        if code is not None:
            self._read(lambda: [compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)])
        self.module = types.ModuleType(name)
        self.module.__file__ = filename
        if self.scratch is not None:
            sys.modules[name] = self.module  # pickling and dataclasses look a class's module up
        told = None
        if code is None:
            told = self._run_cells(list(split(source, cells)), time.monotonic() + 0.9 * seconds)
        else:
            exec(code, self.module.__dict__)
        self.before = snapshot(self.module, self.scratch)
        return {"ok": told}

    def _run_cells(self, cells: list[Cell], deadline: float) -> dict[str, object]:
        """A notebook's cells one after another, as "Restart and run all" has it, but on after one that raises.

        Returns the lines that were skipped, what was raised in which cell, and what was defined more than once.
        """
        assert self.module is not None
        names = self.module.__dict__
        names["display"] = lambda *args, **kwargs: None  # a notebook has it; nobody looks here
        names["get_ipython"] = NoShell  # so does a kernel
        trees = [self._parsed(cell) for cell in cells]
        self._read(lambda: [tree for tree, _ in trees])
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
                known = describe(error, self.filename)
                known = {"error": "MemoryError", "lines": known["memory"]} if "memory" in known else known
                name = getattr(error, "name", None) if isinstance(error, NameError) else None
                known["slow"] = isinstance(error, CellTooSlow)
                raised.append({"cell": number, **known, "name": name if type(name) is str else ""})
                stopped = statement(error, self.filename)
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

    def _read(self, trees: Callable[[], list[Any]]) -> None:
        """In the jail before the first line runs, which could rebind what this needs.  In the grader's own process when
        an item asks: a replay never does, and reading took two thirds of its time."""
        self.source, self.trees = None, trees
        if self.scratch is not None:
            self._shown()

    def _shown(self) -> Source:
        if self.source is None:
            self.source = Source()
            with contextlib.suppress(RecursionError):  # a tree may be too deep where its code is not: the guard sees it
                self.source = Source(self.trees())
        return self.source

    def _item(self, forbids: list[str], symbol: str = "", strict: bool = True) -> dict[str, object]:
        """An item begins: what it forbids holds until it ends.  Told at once: a module without its symbol, and what
        the source shows of forbidden things."""
        self.policies.close()
        self.forbids, self.strict = tuple(forbids), strict
        if self.scratch is not None:  # the grader's own process computes references between two calls
            self.policies.enter_context(Guard(self.forbids, self.filename, strict).poisoning())
        self.handles.clear()
        if symbol and not hasattr(self.module, symbol):
            return self._missing(symbol)
        found = self._shown().finding(symbol, self.forbids) if self.forbids else None
        return {"ok": list(found) if found else None}

    def _words(self, symbol: str) -> dict[str, object]:
        """How the item's code does it: what it calls, and with which keywords."""
        return {"ok": sorted(self._shown().words(symbol))[:WORDS]}

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
        found: dict[str, object] = {"ok": changed(self.before, snapshot(self.module, self.scratch))[:20]}
        most = real.peak() if self.scratch is not None else None
        return found if most is None else found | {"peak": most}

    # --- running ---

    def _seed(self, seed: int) -> None:
        """A test begins: every student meets the same random numbers."""
        torch.default_generator.manual_seed(seed)
        if self._is_real() and self.device == "mps":
            torch.mps.manual_seed(seed)
        elif self._is_real():
            torch.cuda.manual_seed_all(seed)  # waits until CUDA starts
        np.random.seed(seed % (1 << 32))
        random.seed(seed)
        self.rng = rng_digest()

    def _run(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, object]:
        if self._is_real():
            args, kwargs = real.brought(args, REAL[self.device]), real.brought(kwargs, REAL[self.device])
        rng = self.rng
        guard = Guard(self.forbids, self.filename, self.strict) if self.forbids else None
        before = switches([function, *args, *kwargs.values()])
        try:
            with self._on_device(), self._policies(guard):
                value = function(*args, **kwargs)
        except self.catches as error:
            described = self._described(error)
            self.rng = rng_digest()
            return {"blocked": list(guard.found)} if guard and guard.found and self.strict else described
        if guard and guard.found and self.strict:
            return {"blocked": list(guard.found)}
        self.rng = rng_digest()
        response = {"ok": value, "args": small([*args, *kwargs.values()]), "rng": [rng, self.rng]}
        if guard and guard.found:
            response["noted"] = list(guard.found)
        otherwise = left(before, switches([function, *args, *kwargs.values()]))
        return response | {"left": otherwise} if otherwise else response

    def _is_real(self) -> bool:
        return self.device in REAL and self.scratch is not None

    def _on_device(self) -> contextlib.AbstractContextManager[None]:
        """Pretended GPUs, where the test asks for them; and where it asks for a real one in the grader's own process,
        which replays trusted code only and starts no CUDA."""
        if self.device == "cpu" or self._is_real():
            return contextlib.nullcontext()
        return pretend.pretending("mps" if self.device == "mps" else "cuda")

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
            return wire.pack(response, self._refer, _where)
        except wire.WireError as error:
            return wire.pack({"too_much": str(error)})
        except BaseException as error:  # an object of the student's that raises while it is looked at
            return wire.pack(self._described(error))

    def _described(self, error: BaseException) -> dict[str, object]:
        if is_memory(error):
            self.make_room()
        return describe(error, self.filename)


def _code(source: bytes, filename: str) -> types.CodeType:
    return compile(source, filename, "exec", dont_inherit=True)


_compiled = lru_cache(maxsize=256)(_code)  # for the grader's own process, which replays one mistake in many tests


def _place(tensor: torch.Tensor, device: str) -> None:
    """A tensor that the suite has put on a device arrives there."""
    pretend.mark(tensor, MPS if device == str(MPS) else named(device))


def _where(tensor: torch.Tensor) -> torch.device:
    device = pretend.placed(tensor)
    return device if is_gpu(device) else tensor.device
