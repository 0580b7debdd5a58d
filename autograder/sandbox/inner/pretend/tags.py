"""Where a tensor is said to be: a mark on its storage.

    mark(tensor, GPUS[1]);  placed(tensor) → GPUS[1];  named("cuda") → GPUS[current];  is_gpu(GPUS[1])

Views share their storage and so the mark; what an operator makes has a new storage, and `operators` marks it.  A sparse
tensor has none: its values' storage stands for it.  No mark is the CPU.  UNDECIDED is what torch itself made inside
one of its functions without saying where: it is wherever the first tensor is that it meets.
"""

from __future__ import annotations

from typing import Any

import torch

CPU = torch.device("cpu")
GPUS = (torch.device("cuda:0"), torch.device("cuda:1"))
MPS = torch.device("mps:0")  # the one GPU of a pretended Mac, which has none of GPUS
UNDECIDED = torch.device("privateuseone:0")
_MARK = "_pretended"
_storage: Any = torch.Tensor.untyped_storage


class Current:
    """The GPU that "cuda" without an index means, and whether the machine is a Mac."""

    index = 0
    mac = False


def is_gpu(device: torch.device) -> bool:
    return device.type == "cuda" or device is MPS


def placed(tensor: torch.Tensor) -> torch.device:
    """The device by its mark, always one of the objects of this module; no torch function is seen by a mode."""
    with torch._C.DisableTorchFunction():
        return look(tensor)


def mark(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    with torch._C.DisableTorchFunction():
        put(tensor, device)
    return tensor


def look(tensor: torch.Tensor) -> torch.device:
    """`placed` for whoever has disabled torch functions already."""
    try:
        found: torch.device = getattr(_storage(tensor), _MARK, CPU)
    except (NotImplementedError, RuntimeError):
        parts = _parts(tensor)
        return look(parts[0]) if parts else CPU
    return found


def put(tensor: torch.Tensor, device: torch.device) -> None:
    """`mark` for whoever has disabled torch functions already."""
    try:
        storage = _storage(tensor)
    except (NotImplementedError, RuntimeError):
        for part in _parts(tensor):
            put(part, device)
        return
    if device is not CPU:
        setattr(storage, _MARK, device)
    elif getattr(storage, _MARK, CPU) is not CPU:
        delattr(storage, _MARK)


def _parts(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What a sparse tensor is made of, its values first."""
    if tensor.layout is torch.sparse_coo:
        return tensor._values(), tensor._indices()
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return tensor.values(), tensor.crow_indices(), tensor.col_indices()
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return tensor.values(), tensor.ccol_indices(), tensor.row_indices()
    return ()


def named(device: Any) -> torch.device:
    """What a student wrote as one of ours: "cuda", 1, torch.device("cuda:1") …; RuntimeError for a GPU too many.

    Other devices (meta; on a Mac cuda, elsewhere mps) come back as torch spells them, and torch answers for them.
    """
    if type(device) is int:
        index: int | None = device
    else:
        spelled = torch.device(device)
        if spelled.type == "cpu":
            return CPU
        if Current.mac and spelled.type == "mps" and not spelled.index:
            return MPS
        if spelled.type != "cuda" or Current.mac:
            return spelled
        index = spelled.index
    index = Current.index if index is None else index
    if not 0 <= index < len(GPUS):
        raise RuntimeError(f"CUDA error: invalid device ordinal (there are {len(GPUS)} GPUs, and cuda:{index} is none)")
    return GPUS[index]


def mismatch(operator: object, one: torch.device, other: torch.device) -> RuntimeError:
    return RuntimeError(
        f"Expected all tensors to be on the same device, but found at least two devices, {one} and {other}! "
        f"(when checking arguments of {operator})"
    )
