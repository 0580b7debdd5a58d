"""Guards of "by hand" and "no twin" items: they watch what the student's code calls while such an item runs.

`Guard(forbids, filename)` is entered around each call into the student's code and notes the first forbidden use.
Its poison lasts for the item, its spies for the call.  With `strict=False` (an item that only warns) it notes and lets
everything work.
`autograd` combines what was measured in field-notes.md ("Gradients": 15 of 15 cheats in one run): derivatives of the
common operators are poisoned (forward right, backward wrong, so an answer that slips through autograd is simply
wrong), the engine, forward mode and functorch are hooked, and a dispatch spy looks for operators run by a backward
node.  Dotted names are functions as `torch.overrides.resolve_name` spells them (torch.nn.functional.dropout) or
operators of the dispatcher (aten.native_layer_norm).  `loops` counts the steps of one call: operators dispatched, and
calls made by the student's own lines; more than STEPS of them are a loop, whatever the source looks like (`policy`).

These guards deter, they prove nothing: complex-step derivatives in NumPy and unpoisoned operators in a thread of the
student's own get through (docs/decisions/0005-guards.md lists what does).
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from .modes import Uncompiled
from .policy import LOOPS

STEPS = 200  # of one call: a vectorised answer takes 1 to 20, a loop some for each element (decisions/0007)
POISON = 1.37  # any factor that no right derivative has
POISONED = (
    "mm", "addmm", "bmm", "mv", "dot", "relu", "tanh", "exp", "sub.Tensor", "add.Tensor", "mul.Tensor",
    "_log_softmax", "_softmax", "clamp", "clamp_min",
)  # fmt: skip


class ForbiddenUse(RuntimeError):
    """Raised where autograd's engine would start; the use is noted even when the student's code swallows this."""


class Guard:
    """Notes in `found` the first forbidden use as (what, line in the student's file or 0)."""

    def __init__(self, forbids: tuple[str, ...], filename: str, strict: bool = True) -> None:
        self.filename, self.strict = filename, strict
        self.steps = 0
        self.loops = LOOPS in forbids
        self.found: tuple[str, int] | None = None
        self.autograd = "autograd" in forbids
        self.functions = frozenset(name for name in forbids if name.startswith("torch."))
        self.operators = frozenset(name.removeprefix("aten.") for name in forbids if name.startswith("aten."))

    def note(self, what: str) -> None:
        if self.found is None:
            self.found = what, self._line()

    def step(self) -> None:
        self.steps += 1
        if self.loops and self.steps > STEPS:
            self.note(LOOPS)

    def _line(self) -> int:
        frame = sys._getframe()
        while frame is not None:
            if frame.f_code.co_filename == self.filename:
                return frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return 0

    @contextlib.contextmanager
    def poisoning(self) -> Iterator[None]:
        """For a whole item: registering the poisoned kernels costs more than most calls."""
        with _poisoned_derivatives() if self.autograd and self.strict else contextlib.nullcontext():
            yield

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            if self.autograd:
                stack.enter_context(_hooked_engines(self.note, self.strict))
            if self.autograd or self.operators or self.loops:
                stack.enter_context(_DispatchSpy(self))
            if self.loops:
                stack.enter_context(_counted_calls(self))
            if self.functions:
                stack.enter_context(_FunctionSpy(self))
            yield


class _DispatchSpy(Uncompiled):
    def __init__(self, guard: Guard) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.guard = guard

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.guard.step()
        if self.guard.autograd and torch._C._current_autograd_node() is not None:
            self.guard.note("autograd")
        name = func._overloadpacket.__name__
        if name in self.guard.operators:
            self.guard.note(f"aten.{name}")
        return func(*args, **(kwargs or {}))


class _FunctionSpy(TorchFunctionMode):
    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = resolve_name(func)
        if name in self.guard.functions:
            self.guard.note(name)
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def _counted_calls(guard: Guard) -> Iterator[None]:
    """Calls that lines of the student's make, of Python and of C.  Not those of "<string>": a library that is imported
    at its first use makes tens of thousands there (dataclasses, namedtuples)."""

    def profile(frame: Any, event: str, arg: object) -> None:
        if event in ("call", "c_call") and frame.f_code.co_filename == guard.filename:
            guard.step()

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


@contextlib.contextmanager
def _hooked_engines(note: Callable[[str], None], strict: bool) -> Iterator[None]:
    """Backward, forward mode and functorch say that they start, and refuse to if `strict`."""
    import torch._functorch.eager_transforms as eager
    from torch.autograd import forward_ad
    from torch.autograd.variable import Variable

    def hooked(function: Callable[..., Any]) -> Callable[..., Any]:
        def hook(*args: object, **kwargs: object) -> Any:
            note("autograd")
            if strict:
                raise ForbiddenUse("this item is done by hand: autograd may not be used")
            return function(*args, **kwargs)

        return hook

    real = Variable._execution_engine

    class Engine:
        run_backward = staticmethod(hooked(real.run_backward))

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    places: list[tuple[Any, str]] = [(torch._C, "_enter_dual_level"), (forward_ad, "make_dual")]
    places += [(forward_ad, "enter_dual_level")]
    for name in ("_grad_increment_nesting", "_jvp_increment_nesting"):
        places += [(holder, name) for holder in (torch._C._functorch, eager) if hasattr(holder, name)]
    before = [(holder, name, getattr(holder, name)) for holder, name in places]
    for holder, name, value in before:
        setattr(holder, name, hooked(value))
    before.append((Variable, "_execution_engine", real))
    setattr(*before[-1][:2], Engine())
    try:
        yield
    finally:
        for holder, name, value in before:
            setattr(holder, name, value)


@contextlib.contextmanager
def _poisoned_derivatives() -> Iterator[None]:
    library: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "overriding a previously registered kernel": on purpose
        for name in POISONED:
            base, _, overload = name.partition(".")
            operator = getattr(getattr(torch.ops.aten, base), overload or "default")
            library.impl(name, _poisoned(operator), "AutogradCPU")
    try:
        yield
    finally:
        library._destroy()


def _poisoned(operator: Any) -> Callable[..., Any]:
    class Poisoned(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *args: Any) -> Any:
            ctx.shapes = [arg.shape if isinstance(arg, torch.Tensor) else None for arg in args]
            with torch._C._AutoDispatchBelowAutograd():
                return operator(*args)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return tuple(None if shape is None else grads[0].new_full(shape, POISON) for shape in ctx.shapes)

    def kernel(*args: Any, **kwargs: Any) -> Any:
        tracked = any(isinstance(arg, torch.Tensor) and arg.requires_grad for arg in args)
        if kwargs or not tracked or not torch.is_grad_enabled():
            with torch._C._AutoDispatchBelowAutograd():
                return operator(*args, **kwargs)
        return Poisoned.apply(*args)  # type: ignore[no-untyped-call]

    return kernel
