"""A real GPU in the worker: tensors that the suite put on it go there, and how much of its memory was used.

    brought(arguments, "cuda:0") → the same, with tensors on the GPU        peak() → bytes, or None

CUDA starts here, in the forked worker, at its first use.  That is allowed while the zygote has not started it (torch
refuses a child of a process that has: torch.cuda._is_in_bad_fork); `not_started` is asked before each fork.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

import torch

from .pretend import placed
from .pretend.tags import CPU

_started: Any = torch.cuda.is_initialized
NOT_INITIALIZED = 3  # CUDA_ERROR_NOT_INITIALIZED


def brought(value: Any, device: str) -> Any:
    """Every tensor that is marked as on a device, on this one."""
    if isinstance(value, torch.Tensor):
        if placed(value) is CPU:
            return value
        moved = value.detach().to(device)
        return moved.requires_grad_() if value.requires_grad else moved
    if type(value) is dict:
        return {key: brought(one, device) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(brought(one, device) for one in value)
    return value


def peak() -> int | None:
    """The most bytes that torch held on the GPU since this worker began; None where CUDA was not started."""
    return int(torch.cuda.max_memory_allocated()) if _started() else None


def not_started() -> bool:
    """Has neither torch nor another library started CUDA's driver in this process?"""
    if _started():
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1", mode=os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError:  # not even loaded
        return True
    return bool(driver.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) == NOT_INITIALIZED)
