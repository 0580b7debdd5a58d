"""Exact equality of plain Python values, told without telling the value."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

import numpy as np
import torch

from autograder.checks.kinds import same_kind, wrong_kind, wrong_length
from autograder.models import Diagnosis, Message, msg

PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device, np.dtype)


def differences(got: object, want: object, name: str) -> Diagnosis | None:
    """Why `got` does not equal `want`, the first place that differs; None when it does.

    TypeError when `want` is nothing that can be compared exactly.
    """
    if isinstance(want, dict):
        return _dicts(got, want, name)
    if isinstance(want, list | tuple):
        return _sequences(got, want, name)
    if not isinstance(want, PLAIN):
        raise TypeError(f"check.equal cannot compare with a {type(want).__name__}")
    if not same_kind(got, want):
        return wrong_kind(got, want, name)
    if got == want or (isinstance(got, float) and isinstance(want, float) and math.isnan(got) and math.isnan(want)):
        return None
    if isinstance(got, str) and isinstance(want, str):
        return Diagnosis("values", *_strings(got, want, name))
    return Diagnosis("values", msg("{name} is not the right value", name=name))


def _dicts(got: Any, want: dict[Any, Any], name: str) -> Diagnosis | None:
    if not same_kind(got, want):
        return wrong_kind(got, want, name)
    missing, extra = sum(key not in got for key in want), sum(key not in want for key in got)
    if missing:
        words = msg("{name} lacks {count} of {total} keys", name=name, count=missing, total=len(want))
        return Diagnosis("missing_key", words)
    if extra:
        return Diagnosis("extra_key", msg("{name} has keys that are not wanted: {count}", name=name, count=extra))
    return next(filter(None, (differences(got[key], want[key], f"{name}[{key!r}]") for key in want)), None)


def _sequences(got: Any, want: list[Any] | tuple[Any, ...], name: str) -> Diagnosis | None:
    if not same_kind(got, want):
        return wrong_kind(got, want, name)
    if len(got) != len(want):
        return wrong_length(got, want, name)
    pairs = zip(got, want, strict=True)
    found = next(filter(None, (differences(g, w, f"{name}[{i}]") for i, (g, w) in enumerate(pairs))), None)
    if found and found.code == "values" and len(set(map(repr, want))) >= 3:
        same = sorted(map(repr, got)) == sorted(map(repr, want))
        if same:
            return Diagnosis("order", msg("{name} has the right elements in another order", name=name))
    return found


def _strings(got: str, want: str, name: str) -> tuple[Message, Message | None]:
    words = msg("{name} is not the right string", name=name)
    if len(want) < 4:
        return words, None
    if got.casefold() == want.casefold():
        return words, msg("Upper and lower case differ.")
    if "".join(got.split()) == "".join(want.split()):
        return words, msg("White space differs.")
    if unicodedata.normalize("NFC", got) == unicodedata.normalize("NFC", want):
        return words, msg('The same letters in another Unicode form: unicodedata.normalize("NFC", text).')
    return words, None
