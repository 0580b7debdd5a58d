"""Modules that take long to import are brought once into the process that workers are forked from.

    bring(names)     in the nursery what a run's units need, in a zygote what one submission needs beside

The names are the grader's (grading/late.py).  What cannot be imported is left to the worker that asks for it: there it
fails as it does for the student.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import tempfile
from collections.abc import Iterator, Sequence

_tried: set[str] = set()


def bring(names: Sequence[str]) -> None:
    """Each name once, in this process and in those that were forked from it."""
    lacking = [name for name in names if name not in _tried]
    if lacking:
        with uncollected(), nowhere_to_compile():
            for name in lacking:
                _tried.add(name)
                with contextlib.suppress(Exception):
                    importlib.import_module(name)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """A fifth of the time of imports is garbage collection that finds nothing.  The heap stays shared with the children
    (field-notes.md: 0.35 s less a submission).  Nor is garbage collected after it: its places, all over the heap, would
    be given to what a worker makes, and each such page would be copied."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def nowhere_to_compile() -> Iterator[None]:
    """torch._dynamo makes a folder at its import, which is not used."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["TORCHINDUCTOR_CACHE_DIR"]
