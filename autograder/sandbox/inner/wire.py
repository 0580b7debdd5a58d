"""Values as frames: the only thing that crosses between grader and worker, in both directions.

    pack(value) → bytes → unpack(bytes) → value

Plain Python values go as msgpack; tensors and arrays as a checked header with their raw bytes (`arrays`); what is not
data (functions, modules, loaders) stays where it is and crosses as a `Ref`.  Nothing is ever pickled.
Every header is checked before memory is touched; anything odd raises `WireError`, never another exception.
Figures (field-notes.md, "Wire"): 34k small calls a second, a full call 16k.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
import torch

from .arrays import (
    ARRAY_DTYPE,
    CAP,
    DTYPES,
    NAMES,
    Place,
    WireError,
    array_bytes,
    device_name,
    listed,
    read_array,
    read_tensor,
    tensor_bytes,
)

__all__ = ["CAP", "DTYPES", "NAMES", "READY", "Ref", "WireError", "pack", "receive", "send", "unpack"]

READY = b"locked in"  # a worker's first frame, before a line of the student's has run
DEPTH = 24  # tuples in tuples; msgpack itself stops lists and maps at 512
ITEMS = 1 << 22  # entries of all lists, tuples and maps of a frame: 60 MB of empty lists took 4.6 GB and 73 s to read
EXTENSIONS = 1 << 15  # tensors, arrays, tuples … of a frame: each takes 13 µs to rebuild
KEYS = 1 << 13  # keys of a map that are not all strings: numbers that collide make a dict quadratic
_LENGTH = struct.Struct("!Q")
_HOLDERS = (list, tuple, dict, torch.Size)

TUPLE, TENSOR, ARRAY, NUMBER, BIG_INT, COMPLEX, DTYPE, DEVICE, SIZE, REF = range(1, 11)


@dataclass(frozen=True)
class Ref:
    """Something that stays on one side.  `kind`: handle (worker's object), inside (a program), shared (read-only data).

    `name` is the handle's number, the program's entry point or the data's name; `text` its type name or source.
    """

    kind: str
    name: str
    text: str = ""


def pack(
    value: object,
    refer: Callable[[object], Ref | None] | None = None,
    where: Callable[[torch.Tensor], torch.device] = lambda tensor: tensor.device,
) -> bytes:
    """One frame, within what `unpack` takes.  `refer` turns what is no data into a Ref; without it: WireError.

    `where` tells the device of a tensor.
    """

    depth = extensions = references = 0

    def default(odd: object) -> msgpack.ExtType:
        nonlocal extensions, references
        extensions += 1
        if extensions > EXTENSIONS:
            raise WireError(f"more than {EXTENSIONS} tensors and tuples in one frame")
        # exact types only: a subclass may lie about itself, so it crosses as a Ref that says what it is
        kind = type(odd)
        if kind is tuple:
            return msgpack.ExtType(TUPLE, nested(list(odd)))  # type: ignore[call-overload]
        if kind is torch.Tensor or kind is torch.nn.Parameter:
            packed = tensor_bytes(odd, where)  # type: ignore[arg-type]
            if packed is not None:
                return msgpack.ExtType(TENSOR, packed)
        if kind is np.ndarray and ARRAY_DTYPE.fullmatch(odd.dtype.str):  # type: ignore[attr-defined]
            return msgpack.ExtType(ARRAY, array_bytes(odd))  # type: ignore[arg-type]
        if isinstance(odd, np.generic) and kind.__module__ == "numpy" and ARRAY_DTYPE.fullmatch(odd.dtype.str):
            return msgpack.ExtType(NUMBER, array_bytes(np.asarray(odd)))
        if kind is int and odd.bit_length() <= 4096:  # type: ignore[attr-defined]
            return msgpack.ExtType(BIG_INT, str(odd).encode())
        if kind is complex:
            return msgpack.ExtType(COMPLEX, struct.pack("!dd", odd.real, odd.imag))  # type: ignore[attr-defined]
        if kind is torch.dtype and odd in NAMES:
            return msgpack.ExtType(DTYPE, NAMES[odd].encode())
        if kind is torch.device:
            return msgpack.ExtType(DEVICE, str(odd).encode())
        if kind is torch.Size:
            return msgpack.ExtType(SIZE, packb(list(odd)))  # type: ignore[call-overload]
        ref = odd if kind is Ref else refer(odd) if refer else None
        if ref is None:
            raise WireError(f"a {kind.__name__} cannot cross")
        references += 1
        return msgpack.ExtType(REF, packb([ref.kind, ref.name, ref.text]))  # type: ignore[attr-defined]

    def nested(plain: object) -> bytes:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise WireError("tuples nested too deeply")
        packed = packb(plain)
        depth -= 1
        return packed

    def packb(plain: object) -> bytes:
        packed: bytes = msgpack.packb(plain, default=default, strict_types=True, use_bin_type=True)
        return packed

    try:
        frame = packb(value)
    except WireError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WireError(f"the value is nested too deeply or cannot be written ({type(error).__name__})") from None
    if len(frame) > CAP:
        raise WireError(f"the value takes {len(frame) >> 20} MB; at most {CAP >> 20} MB can cross")
    if len(frame) > KEYS:  # below, nothing can be too many
        _count(value, extensions + 4 * references)
    return frame


def _count(value: object, spent: int) -> None:
    """WireError where `unpack` would refuse: the one who answers is told so, not that the exchange was disturbed."""
    budget = _Budget()
    budget.spend(spent)
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if type(inner) is dict:
            budget.keys(inner)
            waiting += [each for pair in inner.items() for each in pair if type(each) in _HOLDERS]
        elif isinstance(inner, (list, tuple)):
            budget.spend(len(inner) + 1)
            waiting += [each for each in inner if type(each) in _HOLDERS]


def unpack(
    frame: bytes | memoryview, resolve: Callable[[Ref], object] | None = None, place: Place | None = None
) -> Any:
    """The value of a frame.  `resolve` turns a Ref into what it stands for on this side.

    `place` is told of each tensor that comes from another device than the CPU, by the device's name.
    """
    try:
        value = _unpack(frame, resolve, place, 0, _Budget())
        _no_timestamps(value)
        return value
    except WireError:
        raise
    except Exception as error:  # every parser error of a hostile frame ends here, as ours
        raise WireError(f"not a frame of the kit ({type(error).__name__})") from None


class _Budget:
    """What one frame may still hold: a few bytes each announce a list, and a list in the grader takes 56."""

    def __init__(self) -> None:
        self.left = ITEMS
        self.extensions = EXTENSIONS

    def spend(self, items: int) -> None:
        self.left -= items
        if self.left < 0:
            raise WireError(f"more than {ITEMS} values in one frame")

    def sequence(self, found: list[Any]) -> list[Any]:
        self.spend(len(found) + 1)
        return found

    def mapping(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        self.keys([key for key, _ in pairs])
        return dict(pairs)

    def keys(self, found: Collection[Any]) -> None:
        self.spend(len(found) + 1)
        if len(found) > KEYS and not all(type(key) is str for key in found):
            raise WireError(f"a map of more than {KEYS} keys that are not all texts")


def _unpack(
    frame: bytes | memoryview,
    resolve: Callable[[Ref], object] | None,
    place: Place | None,
    depth: int,
    budget: _Budget,
) -> Any:
    if depth > DEPTH:
        raise WireError("tuples nested too deeply")

    def extension(code: int, body: bytes) -> object:
        budget.spend(1)
        budget.extensions -= 1
        if budget.extensions < 0:
            raise WireError(f"more than {EXTENSIONS} tensors and tuples in one frame")
        if code == TUPLE:
            return tuple(listed(_unpack(body, resolve, place, depth + 1, budget)))
        if code == TENSOR:
            return read_tensor(body, place)
        if code == ARRAY:
            return read_array(body)
        if code == NUMBER:
            return read_array(body).reshape(())[()]
        if code == BIG_INT and len(body) <= 1300:
            return int(body)
        if code == COMPLEX:
            return complex(*struct.unpack("!dd", body))
        if code == DTYPE:
            return DTYPES[body.decode()]
        if code == DEVICE:
            return torch.device(device_name(body.decode()))
        if code == SIZE:
            return torch.Size(listed(_unpack(body, None, None, depth + 1, budget)))
        if code == REF:
            kind, name, text = listed(_unpack(body, None, None, depth + 1, budget))
            if not (isinstance(kind, str) and isinstance(name, str) and isinstance(text, str)):
                raise WireError("a reference that is not made of texts")
            ref = Ref(kind, name, text)
            return resolve(ref) if resolve else ref
        raise WireError(f"unknown kind of value {code}")

    return msgpack.unpackb(
        frame, ext_hook=extension, list_hook=budget.sequence, object_pairs_hook=budget.mapping,
        max_array_len=ITEMS, max_map_len=ITEMS, strict_map_key=False, raw=False,
    )  # fmt: skip


def _no_timestamps(value: object) -> None:
    """msgpack turns extension −1 into a Timestamp by itself: the one type that could slip in."""
    if isinstance(value, (list, tuple)):
        for inner in value:
            _no_timestamps(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _no_timestamps(key)
            _no_timestamps(inner)
    elif isinstance(value, msgpack.Timestamp):
        raise WireError("a timestamp cannot cross")


# --- frames on a socket: eight bytes of length, then the frame ---


def send(sock: Any, *frames: bytes) -> None:
    """Small ones together: who reads them is woken once."""
    small = b""
    for frame in frames:
        small += _LENGTH.pack(len(frame))
        if len(frame) < 1 << 16:
            small += frame
        else:
            sock.sendall(small)
            sock.sendall(frame)
            small = b""
    if small:
        sock.sendall(small)


def receive(sock: Any, cap: int = CAP + 4096, deadline: float | None = None) -> bytearray | None:
    """The next frame, or None when the other side has closed; a length above `cap` raises WireError unread.

    `deadline` (of time.monotonic) bounds the whole frame: one that drips in a byte at a time raises TimeoutError too.
    """
    head = _exactly(sock, _LENGTH.size, deadline)
    if head is None:
        return None
    size = _LENGTH.unpack(head)[0]
    if size > cap:
        raise WireError(f"a frame of {size} bytes was announced; at most {cap} are read")
    return _exactly(sock, size, deadline)


def _exactly(sock: Any, size: int, deadline: float | None) -> bytearray | None:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        if deadline is not None:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
        n = sock.recv_into(view[got:], min(size - got, 1 << 20))
        if n == 0:
            return None
        got += n
    return data
