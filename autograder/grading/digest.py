"""What a result hangs on: two runs with the same parts would say the same, so the second is not made.

    sides = Sides(course, units, isolation=…, device=…, seed=…, practice=…)
    sides.parts(unit, item, handed(submission)) → Parts;  Parts.key, Parts.changed(other)
    sides.whole() → {part: digest}, kit(), versions()       for a comparison with another machine

An item hangs on its own tests, its own mistakes, and on all that several items share (helpers, the reference, the
engine); a change of one item's test is no reason to judge another one again.  Reads files, runs nothing, imports no
torch.  A suite that cannot be parsed counts as a whole; the slot will say what is wrong with it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

from autograder import __version__
from autograder.bank import bank_path, solution_path
from autograder.course import Course, Unit
from autograder.models import Submission

KIT = Path(__file__).parents[1]
# a change in here may change a verdict or its explanation; an editable install keeps its version
ENGINE = ("checks", "grading", "sandbox", "slips", "bank.py", "datasets.py", "digits.py", "torchvision_compat.py")
LIBRARIES = ("torch", "numpy", "pytest")


@dataclass(frozen=True, slots=True)
class Parts:
    """Each a short text; what it means to a person stands in `reports.regrade`."""

    submission: str
    suite: str  # the item's hidden tests
    mistakes: str  # the item's entries of the bank
    solution: str  # the unit's reference
    settings: str  # the item in grading.yml, and the limits
    data: str
    isolation: str
    device: str
    seed: str
    kit: str
    versions: str

    @property
    def key(self) -> bytes:
        return hashlib.sha256("\0".join(_values(self)).encode()).digest()[:16]

    def dumps(self) -> str:
        return json.dumps(_values(self), ensure_ascii=False)

    def changed(self, other: Parts) -> tuple[str, ...]:
        """The names of what is not the same."""
        pairs = zip(NAMES, _values(self), _values(other), strict=True)
        return tuple(name for name, one, another in pairs if one != another)


NAMES = tuple(field.name for field in fields(Parts))
_values: Callable[[Parts], tuple[str, ...]] = attrgetter(*NAMES)  # dataclasses.astuple copies deeply: 60 µs


def loads(text: str) -> Parts | None:
    """None for what another version wrote."""
    found = json.loads(text)
    known = isinstance(found, list) and len(found) == len(NAMES) and all(type(one) is str for one in found)
    return Parts(*found) if known else None


def handed(submission: Submission) -> str:
    """Who handed in what; the notes tell how it was found."""
    parts = (
        submission.student,
        submission.filename,
        _sha(submission.source) if submission.source is not None else None,
        submission.cells,
        repr(submission.notes),
    )
    return _sha(json.dumps(parts).encode())


class Sides:
    """Our side of every item of a run; each file is read once."""

    def __init__(
        self, course: Course, units: Sequence[Unit], *, isolation: str, device: str, seed: int, practice: bool
    ) -> None:
        self._course = course
        self._isolation, self._device, self._seed, self._practice = isolation, device, str(seed), practice
        self._items = {(unit.id, item): side for unit in units for item, side in self._sides(unit)}

    def parts(self, unit: str, item: str, handed: str) -> Parts:
        suite, mistakes, solution, settings, data = self._items[unit, item]
        return Parts(
            handed, suite, mistakes, solution, settings, data,
            self._isolation, self._device, self._seed, self._kit, self._versions,
        )  # fmt: skip

    def whole(self) -> dict[str, str]:
        """All that these units are judged with, by the names of `Parts`."""
        every = [asdict(self.parts(unit, item, "")) for unit, item in sorted(self._items)]
        return {name: _sha("\n".join(parts[name] for parts in every).encode()) for name in every[0]}

    def _sides(self, unit: Unit) -> Iterator[tuple[str, tuple[str, str, str, str, str]]]:
        suites = sorted((self._course.root / "autograder" / "suites" / unit.id).rglob("*.py"))
        tests = [piece for path in suites for piece in _pieces(path)]
        entries = _pieces(bank_path(self._course, unit))
        solution = _files([solution_path(self._course, unit)])
        data = ("generated" if self._practice else "MNIST") if measures(unit) else ""
        for item in unit.items:
            settings = _sha(repr((item, unit.filename, self._course.limits)).encode())
            others = {other.id for other in unit.items} - {item.id}
            yield item.id, (_part(tests, others), _part(entries, others), solution, settings, data)

    @cached_property
    def _kit(self) -> str:
        return kit()

    @cached_property
    def _versions(self) -> str:
        return versions()


def kit() -> str:
    """Of the files that judge, as they lie on this machine now."""
    paths = [KIT / name for name in ENGINE]
    return _files(path for root in paths for path in ([root] if root.is_file() else sorted(root.rglob("*.py"))))


def versions() -> str:
    libraries = (f"{name} {version(name)}" for name in LIBRARIES)
    return ", ".join((f"kit {__version__}", f"python {platform.python_version()}", *libraries))


def measures(unit: Unit) -> bool:
    """Does the unit measure on MNIST?  Its ramp items do."""
    return any(item.credit.kind == "ramp" for item in unit.items)


def _part(pieces: Iterable[tuple[str, str]], others: Collection[str]) -> str:
    """Of a file what does not stand there for other items alone."""
    return _sha("".join(text for owner, text in pieces if owner not in others).encode())


def _pieces(path: Path) -> list[tuple[str, str]]:
    """Each statement of the file with the item it is for; "" where several may need it."""
    if not path.is_file():
        return []
    source = path.read_bytes()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return [("", _sha(source))]
    lines = source.decode("utf-8", errors="replace").split("\n")
    pieces = []
    for node in tree.body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])
        pieces.append((_owner(decorators), "\n".join(lines[first - 1 : node.end_lineno])))
    return pieces


def _owner(decorators: Sequence[ast.expr]) -> str:
    """`@pytest.mark.item("f")`, `@mistake("f", …)`, `@alternative("f", …)` → f."""
    for one in decorators:
        if isinstance(one, ast.Call) and one.args and isinstance(one.args[0], ast.Constant):
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            if name in ("item", "mistake", "alternative"):
                return str(one.args[0].value)
    return ""


def _files(paths: Iterable[Path]) -> str:
    return _sha("".join(_sha(path.read_bytes()) for path in paths if path.is_file()).encode())


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
