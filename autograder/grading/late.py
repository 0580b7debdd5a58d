"""What is imported late: modules that torch, or a student, imports when something is first used, and that take longer
than many a submission (torch._dynamo: 823 modules, 1.2 s beside 1.7 of torch's own; torchvision: about a second).

    of_units(course, units) → what the units' own files mention: imported once, before anything is forked
    of_source(source)       → what one submission mentions beside: imported by its slot's zygote before the worker

A word decides, also one in a comment: wrongly found it costs an import, and what is not found the worker imports for
itself, as slow as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from autograder.bank import bank_path, solution_path, suite_path
from autograder.course import Course, Unit

DYNAMO, TORCHVISION = "torch._dynamo", "torchvision"
# What imports torch._dynamo in torch 2.13: a step of any optimizer, an autograd.Function in some versions, functorch's
# transforms, what compiles, checkpoints or profiles, a dispatch mode, torchvision.
WORDS = {
    DYNAMO: re.compile(
        rb"\b(?:optim|Function|func|functorch|compile|checkpoint|profiler|export|FakeTensorMode|TorchDispatchMode|_dynamo)\b"
        rb"|(?:from|import)\s+torchvision"
    ),
    TORCHVISION: re.compile(rb"(?:from|import)\s+torchvision"),
}


def of_source(source: bytes) -> tuple[str, ...]:
    return tuple(module for module, words in WORDS.items() if words.search(source))


def of_units(course: Course, units: Sequence[Unit]) -> tuple[str, ...]:
    found = {module for unit in units for source in _sources(course, unit) for module in of_source(source)}
    return tuple(sorted(found))


def _sources(course: Course, unit: Unit) -> Iterator[bytes]:
    """The reference, the mistakes and the hidden suites; who lacks one of them is told elsewhere."""
    for path in (solution_path(course, unit), bank_path(course, unit), *suite_path(course, unit).glob("*.py")):
        if path.is_file():
            yield path.read_bytes()
