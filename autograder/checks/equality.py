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
        return _strings(got, want, name)
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
    if _are_words(got) and _are_words(want) and list(got) != list(want) and (found := _words(got, want, name)):
        return found
    if len(got) != len(want):
        return wrong_length(got, want, name)
    pairs = zip(got, want, strict=True)
    found = next(filter(None, (differences(g, w, f"{name}[{i}]") for i, (g, w) in enumerate(pairs))), None)
    if found and found.code == "values" and len(set(map(repr, want))) >= 3:
        same = sorted(map(repr, got)) == sorted(map(repr, want))
        if same:
            return Diagnosis("order", msg("{name} has the right elements in another order", name=name))
    return found


def _are_words(value: Any) -> bool:
    return len(value) > 1 and all(type(one) is str for one in value)


def _words(got: Any, want: Any, name: str) -> Diagnosis | None:
    """What a text was cut into: the reason that holds for all of them together."""
    words = msg("{name} does not hold the right strings", name=name)
    if len(got) == len(want):
        code, hint = _reason("\0".join(got), "\0".join(want))
        return Diagnosis(code, words, hint) if hint else None
    if [word for word in got if word] == list(want):
        return Diagnosis("empty_words", words, msg("Some of them are empty: the others are right."))
    if _letters(got) == _letters(want):
        return Diagnosis("cut_elsewhere", words, msg("The right letters, but the text is cut at other places."))
    return None


def _letters(words: Any) -> str:
    return "".join(letter for word in words for letter in word if letter.isalnum())


def _strings(got: str, want: str, name: str) -> Diagnosis:
    code, hint = _reason(got, want) if len(want) > 3 else ("values", None)
    return Diagnosis(code, msg("{name} is not the right string", name=name), hint)


def _reason(got: str, want: str) -> tuple[str, Message | None]:
    """What the two texts differ in and nothing else: a code, and how it is said."""
    if got.casefold() == want.casefold():
        return "letter_case", msg("Upper and lower case differ.")
    if "".join(got.split()) == "".join(want.split()):
        return "white_space", msg("White space differs.")
    if unicodedata.normalize("NFC", got) == unicodedata.normalize("NFC", want):
        hint = msg('The same letters in another Unicode form: unicodedata.normalize("NFC", text).')
        return "normal_form", hint
    if _without_marks(got) == _without_marks(want):
        return "marks", msg("The same letters but for the marks above and below them: some are lost.")
    return "values", None


def _without_marks(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
