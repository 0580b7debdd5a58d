"""Values of the student, remembered cheaply when a call is made and spelled only when a test has failed.

torch is never imported here: a value can only be a tensor when somebody else imported it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from autograder.board.lines import one_line

FEW = 64  # entries that are worth printing
DIGITS = 5
_PLAIN_DTYPES = ("float32", "int64", "bool")


@dataclass(frozen=True)
class Described:
    """What stands for a value too large to keep."""

    text: str

    def __repr__(self) -> str:
        return self.text


def snapshot(value: Any, depth: int = 3) -> Any:
    """A copy that later changes cannot reach; a large value becomes its description.  Never raises."""
    try:
        if type(value) in (list, tuple) and depth:
            kept = [snapshot(one, depth - 1) for one in value[:FEW]]
            return type(value)(kept) if len(value) <= FEW else Described(kind(value))
        if type(value) is dict and depth:
            few = len(value) <= FEW
            return {key: snapshot(one, depth - 1) for key, one in value.items()} if few else Described(kind(value))
        if _is_tensor(value):
            return value.detach().clone() if value.numel() <= FEW else Described(kind(value))
        if _is_array(value):
            return value.copy() if value.size <= FEW else Described(kind(value))
    except Exception:  # an exotic subclass: its description must do
        return Described(type(value).__name__)
    return value


def spelled(value: Any, precision: int = DIGITS) -> str:
    """The value as one would type it, on one line.  Never raises: a `__repr__` of the student's may."""
    try:
        return one_line(_spelled(value, precision))
    except Exception:  # the code of a student may raise anything
        return f"<{one_line(type(value).__name__, 60)}>"


def kind(value: Any) -> str:
    """What sort of value it is: "float32 tensor, shape (2, 3)"."""
    if isinstance(value, Described):
        return value.text
    if _is_tensor(value):
        return f"{_dtype(value)} tensor, shape {tuple(value.shape)}"
    if _is_array(value):
        return f"{_dtype(value)} array, shape {value.shape}"
    if type(value) in (list, tuple):
        return f"{type(value).__name__}, len {len(value)}"
    if type(value) is dict:
        return f"dict, len {len(value)}"
    return one_line(type(value).__name__, 60)


def answer(value: Any, precision: int = DIGITS) -> str:
    """Kind and value, where the value alone does not tell its kind."""
    text = spelled(value, precision)
    if _is_tensor(value) or _is_array(value):
        return f"{kind(value)}: {_inner(text)}" if _size(value) <= FEW else kind(value)
    if isinstance(value, (bool, int, float, str)):
        return f"{text} ({kind(value)})"
    return text


def answers(got: Any, wanted: Any) -> tuple[str, str]:
    """Both answers, with as many digits as it takes to see that they differ."""
    for precision in (DIGITS, 9, 17):
        pair = answer(got, precision), answer(wanted, precision)
        if pair[0] != pair[1]:
            break
    return pair


def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """`regroup(tensor([1, 2, 3, 4]), k=2)`."""
    parts = [spelled(arg) for arg in args] + [f"{key}={spelled(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _spelled(value: Any, precision: int) -> str:
    if type(value) in (list, tuple, dict):
        return _container(value, precision)
    if _is_tensor(value):
        if value.numel() > FEW:
            return kind(value)
        value = value.detach().cpu()
        if str(value.dtype) in ("torch.bfloat16", "torch.float16"):
            return f"tensor({_entries(value.float().numpy(), precision)}, dtype={value.dtype})"
        dtype = "" if _dtype(value) in _PLAIN_DTYPES else f", dtype={value.dtype}"
        return f"tensor({_entries(value.resolve_conj().resolve_neg().numpy(), precision)}{dtype})"
    if _is_array(value):
        return f"array({_entries(value, precision)})" if value.size <= FEW else kind(value)
    if type(value) is float:
        text = _number(value, max(precision, 9))
        return f"{text}0" if text.endswith(".") else text
    if callable(value) and isinstance(getattr(value, "__name__", None), str):
        return f"{value.__name__}"
    return repr(value)


def _container(value: Any, precision: int) -> str:
    if type(value) is dict:
        return "{" + ", ".join(f"{key!r}: {_spelled(one, precision)}" for key, one in value.items()) + "}"
    inside = ", ".join(_spelled(one, precision) for one in value)
    if type(value) is list:
        return f"[{inside}]"
    return f"({inside},)" if len(value) == 1 else f"({inside})"


def _entries(array: Any, precision: int) -> str:
    numpy = sys.modules["numpy"]
    spelling = {"bool": str, "int": str, "float_kind": lambda value: _number(float(value), precision)}
    text: str = numpy.array2string(array, separator=", ", formatter=spelling)
    return text


def _number(value: float, precision: int) -> str:
    """A float with a point, so that it is not taken for an integer: 1., -0.33333, 2e+10, nan."""
    text = f"{value:.{precision}g}"
    return text + "." if text.lstrip("-").isdigit() else text


def _inner(text: str) -> str:
    """tensor([1, 2], dtype=torch.int32) → [1, 2]: the kind stands before it already."""
    text = text.split("(", 1)[1].rsplit(")", 1)[0] if text.endswith(")") else text
    return text.split(", dtype=", 1)[0]


def _dtype(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")


def _size(value: Any) -> int:
    return int(value.numel()) if _is_tensor(value) else int(value.size)


def _is_tensor(value: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return isinstance(value, getattr(torch, "Tensor", ()))


def _is_array(value: Any) -> bool:
    numpy: Any = sys.modules.get("numpy")
    return isinstance(value, getattr(numpy, "ndarray", ()))
