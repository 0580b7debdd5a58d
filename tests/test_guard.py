"""guard: what an item forbids is noted or comes out wrong; right answers by hand pass unhindered.

The cheats below are the measured table of docs/decisions/0005-guards.md, which a test holds to these outcomes.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.autograd.variable import Variable

from autograder.sandbox.inner.guard import Guard

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

DECISION = Path(__file__).parents[1] / "docs" / "decisions" / "0005-guards.md"
NOTED, WRONG, THROUGH = "noted", "wrong numbers", "gets through"

HEAD = """
import gc, threading, torch, numpy as np
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.autograd.variable import Variable
from torch.utils._python_dispatch import _disable_current_modes
SAVED = Variable._execution_engine

def engine_grad(engine, y, v, dout):
    return engine.run_backward((y,), (dout,), False, False, (v,), allow_unreachable=True, accumulate_grad=False)[0]

def in_thread(work):
    got = []
    def run():
        try:
            got.append(work())
        except Exception:
            got.append(None)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return got[0]

def columns(w, step):
    grad = torch.zeros_like(w)
    for i in range(w.numel()):
        e = torch.zeros_like(w)
        e.view(-1)[i] = 1
        grad.view(-1)[i] = step(e)
    return grad

"""

# name: (what a guarded run gives, the body of `def answer(x, w, dout)`: the gradient of x @ w for w, not by hand)
CHEATS: dict[str, tuple[str, str]] = {
    "Tensor.backward": (NOTED, """
        v = w.clone().requires_grad_()
        (x @ v).backward(dout)
        return v.grad
    """),
    "torch.autograd.backward": (NOTED, """
        v = w.clone().requires_grad_()
        torch.autograd.backward(x @ v, dout)
        return v.grad
    """),
    "torch.autograd.grad": (NOTED, """
        v = w.clone().requires_grad_()
        return torch.autograd.grad(x @ v, v, dout)[0]
    """),
    "torch.autograd.functional.vjp": (NOTED, """
        return torch.autograd.functional.vjp(lambda w: x @ w, w, dout)[1]
    """),
    "torch.func.grad": (NOTED, """
        return torch.func.grad(lambda w: (x @ w * dout).sum())(w)
    """),
    "torch.func.vjp": (NOTED, """
        return torch.func.vjp(lambda w: x @ w, w)[1](dout)[0]
    """),
    "torch.func.jvp": (NOTED, """
        return columns(w, lambda e: (torch.func.jvp(lambda w: x @ w, (w,), (e,))[1] * dout).sum())
    """),
    "torch.func.jacrev": (NOTED, """
        return torch.einsum("ijkl,ij->kl", torch.func.jacrev(lambda w: x @ w)(w), dout)
    """),
    "torch.func.jacfwd": (NOTED, """
        return torch.einsum("ijkl,ij->kl", torch.func.jacfwd(lambda w: x @ w)(w), dout)
    """),
    "forward_ad dual numbers": (NOTED, """
        def step(e):
            with forward_ad.dual_level():
                return (forward_ad.unpack_dual(x @ forward_ad.make_dual(w, e)).tangent * dout).sum()
        return columns(w, step)
    """),
    "an own autograd.Function": (NOTED, """
        class Mat(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.save_for_backward(x)
                return x @ w
            @staticmethod
            def backward(ctx, g):
                return None, ctx.saved_tensors[0].T @ g
        v = w.clone().requires_grad_()
        Mat.apply(x, v).backward(dout)
        return v.grad
    """),
    "torch.jit.trace": (NOTED, """
        v = w.clone().requires_grad_()
        torch.jit.trace(torch.mm, (x, v), check_trace=False)(x, v).backward(dout)
        return v.grad
    """),
    "an exception that is swallowed": (NOTED, """
        try:
            v = w.clone().requires_grad_()
            (x @ v).backward(dout)
        except BaseException:
            pass
        return x.T @ dout
    """),
    "backward in a thread": (NOTED, """
        v = w.clone().requires_grad_()
        return in_thread(lambda: ((x @ v).backward(dout), v.grad)[1])
    """),
    "an engine saved at import": (NOTED, """
        v = w.clone().requires_grad_()
        return engine_grad(SAVED, x @ v, v, dout)
    """),
    "an engine of its own": (NOTED, """
        v = w.clone().requires_grad_()
        return engine_grad(type(SAVED)(), x @ v, v, dout)
    """),
    "the engine put back": (NOTED, """
        Variable._execution_engine = SAVED
        v = w.clone().requires_grad_()
        (x @ v).backward(dout)
        return v.grad
    """),
    "a saved engine in a thread": (WRONG, """
        v = w.clone().requires_grad_()
        return in_thread(lambda: engine_grad(SAVED, x @ v, v, dout))
    """),
    "a saved engine with the modes disabled": (WRONG, """
        with _disable_current_modes():
            v = w.clone().requires_grad_()
            return engine_grad(SAVED, x @ v, v, dout)
    """),
    "the guard's note erased": (WRONG, """
        v = w.clone().requires_grad_()
        grad = engine_grad(SAVED, x @ v, v, dout)
        for thing in gc.get_objects():
            if type(thing).__name__ == "Guard" and hasattr(thing, "found"):
                thing.found = None
        return grad
    """),
    "grad_fn called by hand": (WRONG, """
        v = w.clone().requires_grad_()
        y = x @ v
        try:
            return y.grad_fn(dout)[1]
        except TypeError:
            return None
    """),
    "an unpoisoned operator, a saved engine in a thread": (THROUGH, """
        v = w.clone().requires_grad_()
        zeros = torch.zeros(1, *dout.shape, dtype=w.dtype)
        return in_thread(lambda: engine_grad(SAVED, torch.baddbmm(zeros, x[None], v[None])[0], v, dout))
    """),
    "finite differences of a linear layer": (THROUGH, """
        return columns(w, lambda e: ((x @ (w + e) - x @ (w - e)) * dout).sum() / 2)
    """),
    "complex step in torch": (THROUGH, """
        return columns(w, lambda e: ((x + 0j) @ (w + 1e-30j * e)).imag.mul(dout).sum() / 1e-30)
    """),
    "complex step in NumPy": (THROUGH, """
        x, w, dout = x.numpy(), w.numpy(), dout.numpy()
        grad = np.zeros_like(w)
        for i in np.ndindex(*w.shape):
            e = w.astype(complex)
            e[i] += 1e-30j
            grad[i] = ((x @ e).imag * dout).sum() / 1e-30
        return torch.from_numpy(grad)
    """),
}  # fmt: skip


def defined(body: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    lines = "\n".join("    " + line for line in dedent(body).strip().splitlines())
    exec(compile(f"{HEAD}def answer(x, w, dout):\n{lines}\n", "answer.py", "exec"), names)
    answer: Callable[..., Any] = names["answer"]
    return answer


def numbers() -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((4, 5), (5, 3), (4, 3)))


def right(got: object) -> bool:
    x, _, dout = numbers()
    return isinstance(got, torch.Tensor) and torch.allclose(got.detach(), x.T @ dout, rtol=1e-9, atol=1e-12)


def guarded(function: Callable[..., Any], *args: object, forbids: tuple[str, ...] = ("autograd",)) -> tuple[Any, Guard]:
    guard = Guard(forbids, "answer.py")
    with guard.poisoning():
        try:
            with guard.watching():
                return function(*args), guard
        except Exception as error:
            return error, guard


@pytest.fixture(autouse=True)
def _default_engine() -> Iterator[None]:
    engine = Variable._execution_engine
    yield
    Variable._execution_engine = engine


@pytest.mark.parametrize("body", [body for _, body in CHEATS.values()], ids=CHEATS)
def test_every_cheat_gives_the_gradient_without_a_guard(body: str) -> None:
    got = defined(body)(*numbers())
    assert right(got) or got is None  # None: grad_fn of torch's own node is not callable everywhere


@pytest.mark.parametrize(("outcome", "body"), CHEATS.values(), ids=CHEATS)
def test_a_cheat_under_the_guard_is_noted_or_wrong_as_the_table_says(outcome: str, body: str) -> None:
    got, guard = guarded(defined(body), *numbers())
    assert (NOTED if guard.found else THROUGH if right(got) else WRONG) == outcome


def test_the_decision_holds_the_table_as_measured() -> None:
    rows = dict(re.findall(r"^\| (.+?) \| (noted|wrong numbers|gets through) \|$", DECISION.read_text(), re.MULTILINE))
    assert rows == {name: outcome for name, (outcome, _) in CHEATS.items()}


def test_the_note_names_the_line_in_the_students_file() -> None:
    source = "import torch\n\ndef helper(y):\n    y.sum().backward()\n\ndef answer(w):\n    helper(w * 2)\n"
    names: dict[str, Any] = {}
    exec(compile(source, "answer.py", "exec"), names)
    _, guard = guarded(names["answer"], torch.ones(2, requires_grad=True))
    assert guard.found == ("autograd", 4)


def test_only_the_first_use_is_noted() -> None:
    guard = Guard(("autograd",), "answer.py")
    guard.note("first")
    guard.note("second")
    assert guard.found == ("first", 0)


# --- right answers ---

BY_HAND = {
    "a linear layer": """
        return x.T @ dout
    """,
    "a linear layer in NumPy": """
        return torch.from_numpy(x.numpy().T @ dout.numpy())
    """,
    "an einsum": """
        return torch.einsum("ni,nj->ij", x, dout)
    """,
    "loops": """
        grad = torch.zeros_like(w)
        for n in range(len(x)):
            for i in range(w.shape[0]):
                for j in range(w.shape[1]):
                    grad[i, j] += x[n, i] * dout[n, j]
        return grad
    """,
    "parameters": """
        w = torch.nn.Parameter(w)
        y = torch.relu(x @ w)
        with torch.no_grad():
            w -= 0.1 * w
        return x.T @ dout
    """,
    "no_grad": """
        with torch.no_grad():
            return (dout.T @ x).T
    """,
    "inference mode": """
        with torch.inference_mode():
            return (dout.T @ x).T.clone()
    """,
    "vmap": """
        return torch.vmap(torch.outer)(x, dout).sum(0)
    """,
}


@pytest.mark.parametrize("body", BY_HAND.values(), ids=BY_HAND)
def test_an_answer_by_hand_passes_unnoticed(body: str) -> None:
    got, guard = guarded(defined(body), *numbers())
    assert guard.found is None
    assert right(got)


FORWARD: dict[str, Callable[..., torch.Tensor]] = {
    "mm": lambda a, b: a @ b,
    "addmm": lambda a, b: torch.addmm(b[0], a, b),
    "linear": lambda a, b: F.linear(a, b.t(), b[0]),
    "bmm": lambda a, b: torch.stack([a, a]) @ torch.stack([b, b]),
    "mv": lambda a, b: a @ b[:, 0],
    "dot": lambda a, b: a[0] @ b[:, 0],
    "relu": lambda a, b: torch.relu(a),
    "tanh": lambda a, b: torch.tanh(a),
    "exp": lambda a, b: torch.exp(a),
    "add": lambda a, b: a + 2 * a,
    "add with alpha": lambda a, b: torch.add(a, a, alpha=3),
    "a number added": lambda a, b: 1 + a,
    "sub": lambda a, b: a - a[0],
    "mul": lambda a, b: a * a[:, :1],
    "log_softmax": lambda a, b: F.log_softmax(a, dim=1),
    "softmax": lambda a, b: F.softmax(a, dim=0),
    "clamp": lambda a, b: a.clamp(-0.1, 0.1),
    "clamp from below": lambda a, b: a.clamp(min=0),
    "clamp_min": lambda a, b: a.clamp_min(0.1),
    "cross entropy": lambda a, b: F.cross_entropy(a, torch.zeros(4, dtype=torch.int64)),
    "whole numbers": lambda a, b: torch.arange(4) * 2 + 1,
    "in place": lambda a, b: (a * 1).add_(1).mul_(2).relu_(),
}


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("forward", FORWARD.values(), ids=FORWARD)
def test_forward_values_are_the_same_to_the_bit(
    forward: Callable[..., torch.Tensor], dtype: torch.dtype, requires_grad: bool
) -> None:
    a, b = (number.to(dtype).requires_grad_(requires_grad) for number in numbers()[:2])
    got, guard = guarded(forward, a, b)
    want = forward(a, b)
    assert guard.found is None
    assert isinstance(got, torch.Tensor)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    assert torch.equal(got, want)


# --- functions and operators ---

DROPOUT = ("torch.nn.functional.dropout", "torch.dropout", "aten.native_dropout")
TWINS = {
    "F.dropout": ("F.dropout(x, 0.5)", "torch.nn.functional.dropout"),
    "nn.Dropout": ("torch.nn.Dropout()(x)", "torch.nn.functional.dropout"),
    "in a Sequential": (
        "torch.nn.Sequential(torch.nn.Identity(), torch.nn.Dropout())(x)",
        "torch.nn.functional.dropout",
    ),
    "torch.dropout": ("torch.dropout(x, 0.5, True)", "torch.dropout"),
    "the operator itself": ("torch.ops.aten.native_dropout(x, 0.5, True)[0]", "aten.native_dropout"),
    "torch.native_dropout": ("torch.native_dropout(x, 0.5, True)[0]", "aten.native_dropout"),
    "saved at import": ("SAVED_DROPOUT(x, 0.5)", "torch.nn.functional.dropout"),
    "with autograd's Function off": ("F.dropout(x.detach(), 0.5, False)", "torch.nn.functional.dropout"),
}


def expression(code: str) -> Callable[..., Any]:
    names: dict[str, Any] = {"torch": torch, "F": F, "SAVED_DROPOUT": F.dropout}
    exec(compile(f"def answer(x):\n    return {code}\n", "answer.py", "exec"), names)
    answer: Callable[..., Any] = names["answer"]
    return answer


@pytest.mark.parametrize(("code", "what"), TWINS.values(), ids=TWINS)
def test_a_forbidden_function_is_noted_by_its_name(code: str, what: str) -> None:
    _, guard = guarded(expression(code), torch.ones(5), forbids=DROPOUT)
    assert guard.found == (what, 2)


@pytest.mark.parametrize(
    "code",
    [
        "x * (torch.rand_like(x) > 0.5) / 0.5",
        "torch.bernoulli(torch.full_like(x, 0.5)) * x",
        "F.relu(x)",
        "torch.nn.Linear(5, 2)(x)",
    ],
)
def test_an_own_dropout_passes_unnoticed(code: str) -> None:
    _, guard = guarded(expression(code), torch.ones(5), forbids=DROPOUT)
    assert guard.found is None


def test_a_function_policy_leaves_autograd_alone() -> None:
    def answer() -> Any:
        w = torch.ones(2, 2, requires_grad=True)
        return torch.autograd.grad((w @ w).sum(), w)[0]

    got, guard = guarded(answer, forbids=DROPOUT)
    assert guard.found is None
    assert got.tolist() == [[4, 4], [4, 4]]


# --- afterwards ---


def _places() -> list[object]:
    eager: Any = importlib.import_module("torch._functorch.eager_transforms")
    return [
        Variable._execution_engine, torch._C._enter_dual_level, forward_ad.make_dual, forward_ad.enter_dual_level,
        torch._C._functorch._grad_increment_nesting, torch._C._functorch._jvp_increment_nesting,
        eager._grad_increment_nesting, eager._jvp_increment_nesting,
        torch._C._len_torch_dispatch_stack(), torch._C._len_torch_function_stack(), torch.is_grad_enabled(),
    ]  # fmt: skip


def _fall() -> None:
    raise KeyError


@pytest.mark.parametrize("answer", [lambda: 1, _fall, lambda: torch.ones(1, requires_grad=True).backward()])  # type: ignore[no-untyped-call]
def test_after_the_guard_everything_stands_as_before(answer: Callable[[], object]) -> None:
    before = _places()
    guarded(answer, forbids=("autograd", *DROPOUT))
    assert _places() == before


def test_after_the_guard_derivatives_are_right_again() -> None:
    def everything(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        y = torch.relu(a @ b) + torch.tanh(a @ b) - torch.exp(a @ b).clamp(max=2) * F.softmax(a @ b, dim=1)
        return F.log_softmax(y, dim=1).sum() + torch.addmm(b[0], a, b).sum() + (a[0] @ b[:, 0])

    a, b = (number.clone().requires_grad_() for number in numbers()[:2])
    before = torch.autograd.grad(everything(a, b), (a, b))
    for _ in range(3):
        guarded(lambda: None)
    after = torch.autograd.grad(everything(a, b), (a, b))
    assert all(map(torch.equal, before, after))
    forward = torch.func.jvp(lambda b: a @ b, (b,), (torch.ones_like(b),))[1]
    assert torch.allclose(forward, a @ torch.ones_like(b))


def test_the_guard_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, guard = guarded(lambda: torch.ones(2, 2) @ torch.ones(2, 2))
    assert guard.found is None
