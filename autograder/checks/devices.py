"""Where a value is said to be: the device that a tensor was on beside the student's code.

    on(x, device) → x as it is on that device        told(tensor) → its device        device(got, "cuda")

Every tensor of a suite is a CPU tensor, and the grader computes with it like with any other.  One that comes from
another device remembers it by a mark on its storage, which views share and copies do not; one that goes to the student
takes its mark along, and arrives there.  `mps` and `cuda` without an index mean any of their kind.
"""

from __future__ import annotations

from typing import TypeVar

import torch

from autograder.checks.faults import CheckFailed
from autograder.checks.kinds import is_tensor, wrong_kind
from autograder.models import Diagnosis, msg

CPU = torch.device("cpu")
_MARK = "_told_device"
T = TypeVar("T")


def on(value: T, device: torch.device | str) -> T:
    """The tensors of `value` (also in lists, tuples and dicts) as copies that are said to be on `device`."""
    if isinstance(value, torch.Tensor):
        copy = value.detach().clone().requires_grad_(value.requires_grad)
        tell(copy, torch.device(device))
        return copy  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: on(one, device) for key, one in value.items()}  # type: ignore[return-value]
    if isinstance(value, (list, tuple)):
        return type(value)(on(one, device) for one in value)
    return value


def device(got: object, device: torch.device | str, *, name: str = "result") -> None:
    """Fail unless `got` is a Tensor on this device."""
    if not is_tensor(got):
        raise CheckFailed(wrong_kind(got, torch.empty(0), name))
    found = elsewhere(got, torch.device(device), name)
    if found:
        raise CheckFailed(found)


def elsewhere(got: torch.Tensor, want: torch.device, name: str) -> Diagnosis | None:
    """Why `got` is not on the wanted device."""
    is_on = told(got)
    if is_on.type == want.type and (want.index is None or want.index == is_on.index):
        return None
    words = msg("{name} is on device {got}, it should be on {want}", name=name, got=str(is_on), want=str(want))
    return Diagnosis("device", words)


def told(tensor: torch.Tensor) -> torch.device:
    try:
        found: torch.device = getattr(tensor.untyped_storage(), _MARK, tensor.device)
    except (NotImplementedError, RuntimeError):  # sparse: it has no storage
        return tensor.device
    return found


def tell(tensor: torch.Tensor, device: torch.device) -> None:
    if device != CPU:
        setattr(tensor.untyped_storage(), _MARK, device)
