"""wire: plain values cross whole, everything else is a Ref or a WireError, and no frame does more than raise."""

from __future__ import annotations

import enum
import math
import socket
import struct
import time
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from autograder.sandbox.inner import wire
from autograder.sandbox.inner.wire import Ref, WireError, pack, unpack

MANY = settings(
    max_examples=200, phases=[Phase.explicit, Phase.generate], derandomize=True, deadline=None, database=None
)  # fmt: skip


def back(value: object) -> Any:
    return unpack(pack(value))


def alike(a: object, b: object) -> bool:
    """The same value to the bit: type, dtype, shape, NaN included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        facts = all(getattr(a, of) == getattr(b, of) for of in ("dtype", "shape", "device", "requires_grad"))
        return facts and (a.is_meta or _bits(a) == _bits(b))
    if isinstance(a, np.ndarray | np.generic) and isinstance(b, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(map(alike, a, b)) and all(map(alike, a.values(), b.values()))
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, complex) and isinstance(b, complex):
        return alike(a.real, b.real) and alike(a.imag, b.imag)
    return a == b


def _bits(tensor: torch.Tensor) -> bytes:
    flat = tensor.detach().resolve_conj().resolve_neg().reshape(-1).clone()
    return bytes(flat.view(torch.uint8).tolist()) if flat.numel() else b""


# --- what crosses whole ---

PLAIN: dict[str, object] = {
    "None": None,
    "bools": [True, False],
    "a text": "Khóa học\n\x00",
    "bytes": b"\x00\xff",
    "small ints": [0, -1, 1 << 63],
    "big ints": [1 << 64, -(1 << 200), (1 << 4096) - 1],
    "floats": [0.0, -0.0, 1e-310, 1e300],
    "odd floats": [math.inf, -math.inf, math.nan],
    "a complex number": complex(1.5, -0.0),
    "an empty list": [],
    "an empty tuple": (),
    "tuples in lists in tuples": (1, [(2, (3, "x"))], {"k": (None,)}),
    "a dict": {"b": 1, "a": [2]},
    "keys of many kinds": {1: "a", (1, "b"): "b", None: "c", 2.5: "d", "t": "e"},
    "dtypes": [torch.float32, torch.bool, torch.bfloat16],
    "devices": [torch.device("cpu"), torch.device("cuda:3")],
    "sizes": [torch.Size([2, 0, 3]), torch.Size([])],
    "a handle": Ref("handle", "3", "Net"),
    "NumPy numbers": [np.float32(1.5), np.int64(-3), np.bool_(True), np.float64(2.5), np.complex64(1j)],
}


@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN)
def test_a_plain_value_comes_back_as_it_was(value: object) -> None:
    assert alike(back(value), value)


TENSORS: dict[str, Callable[[], torch.Tensor]] = {
    "0-d": lambda: torch.tensor(3.5),
    "empty": lambda: torch.empty(0),
    "empty with sizes": lambda: torch.empty(3, 0, 2, dtype=torch.int64),
    "transposed": lambda: torch.arange(6.0).reshape(2, 3).t(),
    "strided": lambda: torch.arange(20)[::3],
    "expanded": lambda: torch.tensor([1.0, 2.0]).expand(3, 2),
    "channels last": lambda: torch.arange(120.0).reshape(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    "with NaN and infinities": lambda: torch.tensor([math.nan, math.inf, -math.inf, -0.0]),
    "that requires grad": lambda: torch.ones(2, requires_grad=True),
    "with a history": lambda: torch.ones(2, requires_grad=True) * 2,
    "conjugated": lambda: torch.tensor([1 + 2j]).conj(),
    "negated lazily": lambda: torch.tensor([1 + 2j, 3j]).conj().imag,
    "without values": lambda: torch.empty(2, 3, device="meta"),
    "of 16 axes": lambda: torch.zeros([1] * 16),
}


@pytest.mark.parametrize("make", TENSORS.values(), ids=TENSORS)
def test_a_tensor_comes_back_bit_by_bit(make: Callable[[], torch.Tensor]) -> None:
    assert alike(back(make()), make())


@pytest.mark.parametrize("dtype", wire.NAMES, ids=str)
def test_every_dtype_crosses(dtype: torch.dtype) -> None:
    value = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype)
    assert alike(back(value), value)


def test_a_parameter_crosses_as_a_tensor_that_requires_grad() -> None:
    got = back(torch.nn.Parameter(torch.ones(2)))
    assert type(got) is torch.Tensor
    assert got.requires_grad


def test_what_comes_back_is_memory_of_its_own() -> None:
    frame = pack(torch.zeros(3))
    first = unpack(frame)
    first += 1
    assert unpack(frame).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3).T,
        np.asfortranarray(np.ones((2, 3))),
        np.broadcast_to(np.float32(2), (3, 2)),
        np.zeros((0, 3)),
        np.array(1.5),
        np.arange(3, dtype=">f8"),
        np.array([True, False]),
        np.array([1j], dtype=np.complex64),
        np.arange(10, dtype=np.uint16)[::-2],
        np.array([1.5], dtype=np.float16),
    ],
    ids=lambda a: f"{a.dtype.str} {a.shape}",
)
def test_an_array_comes_back_bit_by_bit(array: np.ndarray[Any, Any]) -> None:
    got = back(array)
    assert alike(got, array)
    assert got.flags.writeable


# --- what does not cross ---


class Liar(torch.Tensor):
    pass


class Number(int):
    pass


class Words(str):
    pass


class Table(dict[str, int]):
    pass


class Colour(enum.IntEnum):
    RED = 1


Pair = namedtuple("Pair", "a b")

ODD: dict[str, object] = {
    "a tensor's subclass": torch.ones(2).as_subclass(Liar),
    "an int's subclass": Number(3),
    "a text's subclass": Words("x"),
    "a dict's subclass": Table(a=1),
    "an ordered dict": OrderedDict(a=1),
    "an enum": Colour.RED,
    "a named tuple": Pair(1, 2),
    "a function": len,
    "a module": torch.nn.Linear(2, 2),
    "a set": {1},
    "a generator": (i for i in "ab"),
    "a class": int,
    "a sparse tensor": torch.eye(2).to_sparse(),
    "an array of objects": np.array([None, "x"]),
    "an array of texts": np.array(["x"]),
    "dates": np.array(["2026-01-01"], dtype="M8[D]"),
    "a record array": np.zeros(2, dtype=[("a", "f8")]),
    "a masked array": np.ma.array([1.0]),
    "an int that is far too big": 1 << 5000,
    "an exotic dtype": torch.float8_e4m3fn,
    "a tensor of it": torch.zeros(2).to(torch.float8_e4m3fn),
    "an exception": ValueError(),
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_what_is_not_exactly_data_crosses_as_a_reference_only(value: object) -> None:
    told: list[object] = []

    def refer(odd: object) -> Ref:
        told.append(odd)
        return Ref("handle", "0", type(odd).__name__)

    assert unpack(pack([value], refer)) == [Ref("handle", "0", type(value).__name__)]
    assert told[0] is value
    with pytest.raises(WireError, match="cannot cross"):
        pack([value])


def test_a_reference_is_resolved_where_it_is_read() -> None:
    assert unpack(pack({"f": (Ref("handle", "7", "Net"),)}), lambda ref: int(ref.name)) == {"f": (7,)}


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(wire.CAP // 8 + 1, dtype=torch.float64),
        torch.zeros(1).expand(1 << 40),
        np.broadcast_to(np.float64(0), (1 << 20, 1 << 20)),
        b"x" * (wire.CAP + 1),
    ],
    ids=["a tensor", "a tensor that only looks small", "an array that only looks small", "bytes"],
)
def test_what_is_too_large_is_refused_before_it_is_copied(value: object) -> None:
    with pytest.raises(WireError, match="at most 64 MB can cross"):
        pack(value)


def nested(depth: int, kind: type) -> object:
    value: object = 1
    for _ in range(depth):
        value = kind([value])
    return value


@pytest.mark.parametrize("kind", [tuple, list])
def test_a_nest_without_end_is_refused_on_the_way_out(kind: type) -> None:
    with pytest.raises(WireError, match="nested too deeply"):
        pack(nested(3000, kind))
    assert alike(back(nested(20, kind)), nested(20, kind))


@pytest.mark.parametrize(
    ("most", "make"),
    [
        (9_999, lambda n: [0] * n),
        (99, lambda n: [torch.float32] * n),
        (999, lambda n: {"a": [[0, 0, 0]] * n, "b": [0] * 5_000}),
        (wire.KEYS, lambda n: dict.fromkeys(range(n), 0)),
    ],
    ids=["items", "extensions", "items of many lists", "keys"],
)
def test_what_the_reader_would_refuse_is_refused_on_the_way_out(
    most: int, make: Callable[[int], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "ITEMS", 10_000)
    monkeypatch.setattr(wire, "EXTENSIONS", 99)
    assert unpack(pack(make(most))) == make(most)
    with pytest.raises(WireError, match="more than"):
        pack(make(most + 1))


def test_a_list_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(WireError):
        pack(loop)


# --- frames that nobody honest sends ---


def ext(code: int, body: bytes) -> bytes:
    packed: bytes = msgpack.packb(msgpack.ExtType(code, body))
    return packed


def tensor(fields: object, raw: bytes = b"", code: int = wire.TENSOR) -> bytes:
    head = msgpack.packb(fields)
    return ext(code, struct.pack("!H", len(head)) + head + raw)


def chain(depth: int) -> bytes:
    frame: bytes = msgpack.packb([])
    for _ in range(depth):
        frame = b"\x91" + ext(wire.TUPLE, frame)
    return frame


FORGED: dict[str, bytes] = {
    "nothing": b"",
    "half a list": b"\x92\x01",
    "more than one value": b"\x01\x02",
    "a list of four billion": b"\xdd\xff\xff\xff\xff",
    "a map of four billion": b"\xdf\xff\xff\xff\xff",
    "a text of four billion": b"\xdb\xff\xff\xff\xff",
    "a list in itself, a thousand deep": b"\x91" * 1000 + b"\xc0",
    "tuples nested 100 deep": chain(100),
    "an unknown kind": ext(99, b""),
    "an application's kind": ext(0, b"x"),
    "a timestamp": msgpack.packb(msgpack.Timestamp(0)),
    "a timestamp in a tuple": ext(wire.TUPLE, b"\x91" + msgpack.packb(msgpack.Timestamp(0))),
    "a timestamp as a key": b"\x81" + msgpack.packb(msgpack.Timestamp(0)) + b"\x01",
    "a text that is not UTF-8": b"\xa2\xff\xfe",
    "a list as a key": b"\x81\x90\x01",
    "a tuple that is a number": ext(wire.TUPLE, b"\x01"),
    "a tuple of nothing": ext(wire.TUPLE, b""),
    "a tensor without a header": ext(wire.TENSOR, b""),
    "a tensor whose header is longer than it": ext(wire.TENSOR, b"\xff\xff\x94"),
    "a tensor of three fields": tensor(["float32", [1], "cpu"], b"1234"),
    "a tensor of an unknown dtype": tensor(["float31", [1], "cpu", False], b"1234"),
    "a tensor whose dtype is a list": tensor([[], [1], "cpu", False], b"1234"),
    "a tensor with too few bytes": tensor(["float32", [2], "cpu", False], b"1234"),
    "a tensor with too many bytes": tensor(["float32", [1], "cpu", False], b"12345678"),
    "a tensor of a negative size": tensor(["float32", [-1], "cpu", False], b"1234"),
    "a tensor of a size that is no int": tensor(["float32", [1.0], "cpu", False], b"1234"),
    "a tensor of a size that is a bool": tensor(["float32", [True], "cpu", False], b"1234"),
    "a tensor whose sizes overflow": tensor(["float32", [1 << 26] * 3 + [0], "meta", False]),
    "a tensor of 17 axes": tensor(["float32", [1] * 17, "cpu", False], b"1234"),
    "a tensor whose shape is a number": tensor(["float32", 1, "cpu", False], b"1234"),
    "a tensor on a device that cannot be": tensor(["float32", [1], "cpu; rm", False], b"1234"),
    "a tensor on no device": tensor(["float32", [1], None, False], b"1234"),
    "an array of objects": tensor(["|O", [1]], b"12345678", wire.ARRAY),
    "an array of texts": tensor(["<U1", [1]], b"1234", wire.ARRAY),
    "an array of records": tensor(["f8,f8", [1]], b"1" * 16, wire.ARRAY),
    "an array with too few bytes": tensor(["<f8", [2]], b"12345678", wire.ARRAY),
    "a number that is an array": tensor(["<f8", [2]], b"1" * 16, wire.NUMBER),
    "a big int in words": ext(wire.BIG_INT, b"twelve"),
    "a big int of a million digits": ext(wire.BIG_INT, b"1" * 1_000_000),
    "half a complex number": ext(wire.COMPLEX, b"12345678"),
    "a dtype that is none": ext(wire.DTYPE, b"float31"),
    "a dtype by attribute": ext(wire.DTYPE, b"__class__"),
    "a device that is none": ext(wire.DEVICE, b"toaster"),
    "a size of texts": ext(wire.SIZE, msgpack.packb(["a"])),
    "a reference of two fields": ext(wire.REF, msgpack.packb(["handle", "1"])),
    "a reference of numbers": ext(wire.REF, msgpack.packb([1, 2, 3])),
    "pickle": b"\x80\x04\x95" + b"cos\nsystem\n",
    "a kind within a header": ext(wire.TENSOR, struct.pack("!H", 6) + ext(wire.TUPLE, b"\x91\x01")),
}


@pytest.mark.parametrize("frame", FORGED.values(), ids=FORGED)
def test_a_forged_frame_raises_wire_error(frame: bytes) -> None:
    with pytest.raises(WireError):
        unpack(frame)


def test_sixty_megabytes_of_empty_lists_are_refused_before_they_fill_the_grader() -> None:
    size = 30 << 20
    started = time.perf_counter()
    with pytest.raises(WireError):
        unpack(b"\xdd" + size.to_bytes(4, "big") + b"\x90" * size)
    with pytest.raises(WireError):
        unpack((b"\xdd" + (1 << 22).to_bytes(4, "big")) * 400 + b"\x90" * size)
    assert time.perf_counter() - started < 60  # it took 73 s and 4.6 GB before entries were counted


def test_keys_that_collide_are_refused_before_the_dict_is_built() -> None:
    keys = [(1 << 61) - 1 + (i << 61) - i for i in range(wire.KEYS + 1)]  # all hash to 0
    assert len(set(map(hash, keys))) == 1
    with pytest.raises(WireError, match="keys that are not all texts"):
        unpack(b"\xdf" + len(keys).to_bytes(4, "big") + b"".join(pack(key) + b"\xc0" for key in keys))


def test_a_large_map_of_texts_crosses() -> None:
    table = {f"word {i}": i for i in range(3 * wire.KEYS)}
    assert back(table) == table


def test_an_error_of_the_resolver_is_a_wire_error() -> None:
    with pytest.raises(WireError):
        unpack(pack(Ref("handle", "9")), lambda ref: dict[str, object]()[ref.name])


# --- any bytes, any values ---


@MANY
@given(st.binary(max_size=200))
def test_random_bytes_give_a_value_or_a_wire_error(frame: bytes) -> None:
    with suppress(WireError):
        unpack(frame)


SAMPLE = pack(
    [torch.arange(6.0).reshape(2, 3), np.arange(3), (1, (2.5, "x")), {"k": 1 << 70, 2: None}, torch.float32,
     torch.device("cpu"), torch.Size([1, 2]), Ref("handle", "1", "Net"), np.float32(2), 1j]
)  # fmt: skip


@MANY
@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 40),
)
def test_a_damaged_frame_gives_a_value_or_a_wire_error(changes: list[tuple[int, int]], cut: int) -> None:
    frame = bytearray(SAMPLE)
    for place, byte in changes:
        frame[place] = byte
    with suppress(WireError):
        unpack(bytes(frame[: len(frame) - cut]))


NUMBERS = st.none() | st.booleans() | st.integers(-(1 << 80), 1 << 80) | st.floats() | st.complex_numbers()
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
ARRAYS = arrays.arrays(st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.complex64]), SHAPES)
LEAVES = NUMBERS | st.text() | st.binary() | ARRAYS | ARRAYS.map(torch.from_numpy)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=12,
)


@MANY
@given(VALUES)
def test_every_value_comes_back_as_it_was(value: object) -> None:
    assert alike(back(value), value)


# --- frames on a socket ---


@pytest.fixture
def ends() -> Any:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Ends = tuple[socket.socket, socket.socket]


@pytest.mark.parametrize("size", [0, 1, 1 << 12])
def test_a_frame_arrives_whole(ends: Ends, size: int) -> None:
    wire.send(ends[0], b"x" * size)
    assert bytes(wire.receive(ends[1]) or b"") == b"x" * size


def test_a_closed_end_is_none(ends: Ends) -> None:
    ends[0].close()
    assert wire.receive(ends[1]) is None


def test_half_a_frame_is_none(ends: Ends) -> None:
    ends[0].sendall(struct.pack("!Q", 100) + b"half")
    ends[0].close()
    assert wire.receive(ends[1]) is None


def test_a_huge_announced_length_is_refused_unread(ends: Ends) -> None:
    ends[0].sendall(struct.pack("!Q", 1 << 62))
    with pytest.raises(WireError, match="was announced; at most"):
        wire.receive(ends[1])


def test_a_frame_that_drips_in_meets_the_deadline_of_the_whole(ends: Ends) -> None:
    ends[0].sendall(struct.pack("!Q", 100) + b"drip")
    with pytest.raises(TimeoutError):
        wire.receive(ends[1], deadline=time.monotonic() + 0.05)
