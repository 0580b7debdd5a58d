"""Records ↔ plain data, and back exactly as they were: JSON for the store, msgpack for another machine.

    converter() → .dumps(record), .loads(text, type)
    packed(record) → bytes;  unpacked(bytes, type) → record

What was written by another version, or damaged, raises one of `UNREADABLE`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import cattrs
import cattrs.preconf.json
import cattrs.preconf.msgpack
from cattrs.strategies import configure_union_passthrough

from autograder.models import Message, Text, Value

UNREADABLE = (cattrs.BaseValidationError, ValueError, KeyError, TypeError)
LONE = {"unicode_errors": "surrogatepass"}  # what a student's code printed may hold halves of characters
Record = TypeVar("Record")


def converter(make: Callable[..., Any] = cattrs.preconf.json.make_converter) -> Any:
    """A Text and a Message are told apart by their fields."""
    made = make(omit_if_default=True)
    configure_union_passthrough(str | int | float, made)

    def value(raw: Any, _: object) -> Any:
        return made.structure(raw, Text if "en" in raw else Message) if isinstance(raw, dict) else raw

    made.register_structure_hook(Value, value)
    made.register_structure_hook(Text | Message, value)
    return made


@cache
def _msgpack() -> Any:
    return converter(cattrs.preconf.msgpack.make_converter)


def packed(record: object) -> bytes:
    return cast(bytes, _msgpack().dumps(record, **LONE))


def unpacked(data: bytes, kind: type[Record]) -> Record:
    return cast(Record, _msgpack().loads(data, kind, **LONE))
