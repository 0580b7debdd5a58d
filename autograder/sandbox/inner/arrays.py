"""Tensors and arrays as bytes: a header that is checked before memory is touched, then the values in C order.

    tensor_bytes(tensor) → bytes → read_tensor(bytes)      array_bytes(array) → bytes → read_array(bytes)

`wire` lays them into its frames, and says what else may cross.  A tensor's device is a name in the header; each side
says what that means to it (`where`, `place`), and memory is the CPU's.  What may not cross raises `WireError`; what a
hostile header makes a parser raise is made one by `wire.unpack`.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np
import torch

CAP = 64 << 20  # bytes in one frame
Place = Callable[[torch.Tensor, str], object]

DTYPES: dict[str, torch.dtype] = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
    )
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DTYPES.items()}
ARRAY_DTYPE = re.compile(r"[<>|=]?(f2|f4|f8|c8|c16|i1|i2|i4|i8|u1|u2|u4|u8|b1)")
DEVICE_NAME = re.compile(r"[a-z]{2,12}(:\d{1,3})?")


class WireError(Exception):
    """A frame or a value that is not allowed to cross."""


def tensor_bytes(tensor: torch.Tensor, where: Callable[[torch.Tensor], torch.device]) -> bytes | None:
    """dtype, shape, device, requires_grad, then the bytes in C order; None when it has no plain memory (sparse …)."""
    name = NAMES.get(tensor.dtype)
    if name is None or tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    device = str(where(tensor))
    fields: list[object] = [name, list(tensor.shape), device, tensor.requires_grad]
    if device == "meta":  # a shape without values: crosses as such
        return _header(fields, b"")
    size = tensor.numel() * tensor.element_size()  # an expanded tensor is small until it is copied
    if size > CAP:
        raise WireError(f"a tensor of {size >> 20} MB; at most {CAP >> 20} MB can cross")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    readable = plain.view(torch.int16) if plain.dtype is torch.bfloat16 else plain  # NumPy has no bfloat16
    return _header(fields, readable.numpy().tobytes())


def read_tensor(body: bytes, place: Place | None) -> torch.Tensor:
    (name, shape, device, requires_grad), raw = _split(body)
    dtype, shape = DTYPES[name], _shape(shape)
    if device_name(device) == "meta":
        return torch.empty(shape, dtype=dtype, device="meta")
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise WireError("a tensor whose bytes do not fit its shape")
    flat = torch.frombuffer(bytearray(raw), dtype=dtype) if len(raw) else torch.empty(0, dtype=dtype)
    tensor = flat.reshape(shape)
    if place is not None and device != "cpu":
        place(tensor, device)
    differentiable = dtype.is_floating_point or dtype.is_complex
    return tensor.requires_grad_() if requires_grad is True and differentiable else tensor


def array_bytes(array: np.ndarray[Any, Any]) -> bytes:
    if array.nbytes > CAP:
        raise WireError(f"an array of {array.nbytes >> 20} MB; at most {CAP >> 20} MB can cross")
    return _header([array.dtype.str, list(array.shape)], array.tobytes())


def read_array(body: bytes) -> np.ndarray[Any, Any]:
    (name, shape), raw = _split(body)
    if not ARRAY_DTYPE.fullmatch(name):
        raise WireError("an array of a dtype that cannot cross")
    dtype, shape = np.dtype(name), _shape(shape)
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise WireError("an array whose bytes do not fit its shape")
    return np.frombuffer(bytearray(raw), dtype=dtype).reshape(shape)


def device_name(name: object) -> str:
    if not isinstance(name, str) or not DEVICE_NAME.fullmatch(name):
        raise WireError("a device that cannot be")
    return name


def _shape(shape: object) -> list[int]:
    sizes = listed(shape)
    if len(sizes) > 16 or not all(type(n) is int and 0 <= n <= CAP for n in sizes):
        raise WireError("a shape that cannot be")
    return sizes


def _header(fields: list[object], raw: bytes) -> bytes:
    head: bytes = msgpack.packb(fields)
    return struct.pack("!H", len(head)) + head + raw


def _split(body: bytes) -> tuple[list[Any], memoryview]:
    size = struct.unpack_from("!H", body)[0]
    return listed(msgpack.unpackb(body[2 : 2 + size])), memoryview(body)[2 + size :]


def listed(value: object) -> list[Any]:
    if type(value) is not list:
        raise WireError("a list was expected here")
    return value
