"""The bank of known mistakes and of right alternatives, one file a unit (never in a wheel or a release).

A bank file is read as source: the decorated function or class is cut out, renamed to its item's symbol and put in
place of the reference (`autograder.bank`).  So a body may use every name of the reference module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from autograder.models import Kind

T = TypeVar("T")


def mistake(item: str, *, kind: Kind, en: str, vi: str, hint_en: str = "", hint_vi: str = "") -> Callable[[T], T]:
    """Mark a wrong answer of `item`; `en` and `vi` say the cause in one sentence, the hints what to try."""
    return lambda body: body


def alternative(item: str) -> Callable[[T], T]:
    """Mark a right answer of `item` that is written another way than the reference."""
    return lambda body: body
