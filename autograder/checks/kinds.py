"""What kind of thing an answer is: exact types only, named without any word of the student's making."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from autograder.models import Diagnosis, Message, Words, msg

# exact types that may stand for the wanted one: they are the library's own and behave as it does
STAND_INS: dict[type, tuple[type, ...]] = {
    Tensor: (Tensor, nn.Parameter),
    nn.Parameter: (Tensor, nn.Parameter),
    tuple: (tuple, torch.Size),
    torch.Size: (tuple, torch.Size),
    dict: (dict, OrderedDict),
    OrderedDict: (dict, OrderedDict),
}


def is_tensor(value: object) -> TypeGuard[Tensor]:
    """A plain Tensor or Parameter: no subclass, whose operators could lie."""
    return type(value) in STAND_INS[Tensor]


def is_array(value: object) -> TypeGuard[np.ndarray[Any, Any]]:
    return type(value) is np.ndarray


def same_kind(got: object, want: object) -> bool:
    """Whether `got` has exactly the type of `want`."""
    return type(got) in STAND_INS.get(type(want), (type(want),))


def wrong_kind(got: object, want: object, name: str) -> Diagnosis:
    """The words for a value of the wrong type, with the usual cure."""
    if got is None:
        hint = msg("A function gives None where it ends without a return; .grad is None where no gradient has arrived.")
        return Diagnosis("none", msg("{name} is None", name=name), hint)
    words = msg("{name} is {got}; {want} is wanted", name=name, got=_kind(got), want=_kind(want))
    return Diagnosis(_code(got), words, _cure(got, want))


def wrong_length(got: Any, want: Any, name: str) -> Diagnosis:
    words = msg("{name} has {got} elements, {want} are wanted", name=name, got=len(got), want=len(want))
    return Diagnosis("length", words)


def spelled_dtype(value: Any) -> str:
    """ "float32" for a tensor's, an array's or a bare dtype."""
    return str(getattr(value, "dtype", value)).removeprefix("torch.")


def _code(got: object) -> str:
    if is_tensor(got):
        return "tensor"
    if is_array(got) or isinstance(got, np.generic):
        return "numpy"
    if type(got) in (int, float, bool, complex):
        return "python_number"
    return "type"


def _kind(value: object) -> Message:
    kind = type(value)
    if is_tensor(value):
        return msg("a torch.Tensor")
    if is_array(value):
        return msg("a numpy ndarray")
    if value is None:
        return msg("None")
    if kind.__module__ == "builtins":
        return msg("a Python {kind}", kind=kind.__name__)
    if kind in (torch.dtype, torch.device, torch.Size) or (
        kind.__module__ == "numpy" and isinstance(value, np.generic)
    ):
        return msg("a {kind}", kind=f"{kind.__module__}.{kind.__name__}")
    for base, words in SUBCLASSES:
        if isinstance(value, base):
            return words
    if _stayed_sparse(value):
        return msg("a tensor that is not dense")
    return msg("an object of another class")


def _stayed_sparse(value: object) -> bool:
    """A tensor without plain memory does not cross from the worker: what stands for it knows its type's name."""
    return getattr(value, "type_name", "") in ("Tensor", "Parameter")


SUBCLASSES = (
    (Tensor, msg("a subclass of torch.Tensor")),
    (np.ndarray, msg("a subclass of numpy.ndarray")),
    *((base, msg("a subclass of {kind}", kind=base.__name__)) for base in (int, float, str, list, tuple, dict)),
)


def _cure(got: object, want: object) -> Words | None:
    if isinstance(want, Tensor):
        if _stayed_sparse(got):
            return msg(".to_dense() makes a dense one of a sparse tensor, .dequantize() of a quantized one.")
        if is_array(got):
            return msg("Stay in torch, or use torch.from_numpy.")
        if type(got) in (list, tuple):
            return msg("torch.stack or torch.tensor makes one tensor of them.")
        if isinstance(got, int | float | np.generic):
            return msg("Did .item() slip in? It makes a Python number and cuts the graph.")
    if isinstance(want, np.ndarray) and is_tensor(got):
        return msg("This item works on arrays: .numpy() makes one of a tensor.")
    if type(want) in (int, float, bool) and (is_tensor(got) or is_array(got) or isinstance(got, np.generic)):
        return msg(".item() makes a Python number of it.")
    if type(want) is int and type(got) is float:
        return msg("Use // or int(…) for whole numbers.")
    if type(want) is tuple and (is_tensor(got) or is_array(got)):
        return msg("Return all of the results: return a, b")
    return None
