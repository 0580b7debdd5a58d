"""The student's copy: exercises, the kit's public half, the public part of grading.yml, README and workflow.

    release(course, out) → the files written

What goes in is a list of what is known to be public; everything else stays out: solutions, suites, mistakes, and the
half of the kit that grades.  Afterwards every file is read again and compared with the lines of what is secret;
a line that slipped through is a ReleaseError and nothing is left behind.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from autograder.authoring.build import BEGIN, END, stubs
from autograder.bank import bank_path, solution_path
from autograder.course import Course, Item
from autograder.models import Text

KIT = [
    "__init__.py",
    "__main__.py",
    "arguments.py",
    "ci.py",
    "cli.py",
    "course.py",
    "dates.py",
    "marked_yaml.py",
    "meanings.py",
    "models.py",
    "torchvision_compat.py",
    "words.py",
    "board/*.py",
    "checks/*.py",
    "locale/*/LC_MESSAGES/*.mo",
    "reports/__init__.py",
    "reports/escape.py",
    "reports/github.py",
]
STUDENT_FILES = Path(__file__).parent / "student"
TELLING = 40  # a shorter line of a suite may stand anywhere by chance


class ReleaseError(Exception):
    """A copy that cannot be given away: the file and the cure."""


def release(course: Course, out: Path) -> list[Path]:
    """Write the student's copy into a new or empty folder; ReleaseError leaves it as it was."""
    out = out.absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ReleaseError(f"{out}: is not empty; name a new folder with --out")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        _write(course, part)
        leaked = next(leaks(course, part), None)
        if leaked is not None:
            raise ReleaseError(
                f"{leaked[0].relative_to(part)} holds a line of {leaked[1]}; remove it there and release again"
            )
        if out.exists():
            out.rmdir()
        part.rename(out)
    except OSError as error:
        raise ReleaseError(
            f"{out}: cannot be written ({error.strerror}: {error.filename}); choose another --out"
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(path for path in out.rglob("*") if path.is_file())


def _write(course: Course, out: Path) -> None:
    texts = {path.relative_to(course.root): text for path, text in stubs(course).items()}
    texts[Path("grading.yml")] = public_registry(course)
    texts[Path(".gitignore")] = "__pycache__/\n.venv/\n.pytest_cache/\nbuild/\n*.egg-info/\n"
    for path, text in texts.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")
    for source, target in _copies(course):
        if not source.is_file():
            raise ReleaseError(f"{source} is missing; a student's copy needs it")
        (out / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, out / target)


def _copies(course: Course) -> Iterator[tuple[Path, Path]]:
    kit = course.root / "autograder"
    for pattern in KIT:
        for path in sorted(kit.glob(pattern)):
            yield path, Path("autograder") / path.relative_to(kit)
    for unit in course.units:
        folder = course.root / "exercises" / unit.id
        written = [folder / name for name in (f"test_{unit.filename}", "README.md", "README.vi.md")]
        for path in (*written, *sorted(folder.glob("*.png"))):
            yield path, path.relative_to(course.root)
    yield STUDENT_FILES / "pyproject.toml", Path("pyproject.toml")
    for name in ("README.md", "README.vi.md"):
        yield course.root / "docs" / "student" / name, Path(name)
    yield course.root / ".github" / "workflows" / "feedback.yml", Path(".github/workflows/feedback.yml")
    yield course.root / "LICENSE", Path("LICENSE")


def public_registry(course: Course) -> str:
    """grading.yml without what only staff need: no credit thresholds, no late policy, no comments."""
    record = {
        "course": {"id": course.id, "title": _both(course.title), "language": course.language},
        "units": [
            {
                "id": unit.id,
                "module": unit.module,
                "title": _both(unit.title),
                "items": [_public(item) for item in unit.items],
            }
            for unit in course.units
        ],
    }
    return "# Units and items of the course.\n" + yaml.safe_dump(record, allow_unicode=True, sort_keys=False, width=120)


def _public(item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": item.id,
        "symbol": item.symbol,
        "title": _both(item.title),
        "points": item.points,
        "minutes": item.minutes,
        "difficulty": item.difficulty,
        "seconds": item.seconds,
        "hints": [_both(hint) for hint in item.hints],
    }
    if item.forbids:
        told |= {"forbids": list(item.forbids)} | ({"policy": item.policy} if item.policy != "zero" else {})
    return told


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "vi": text.vi}


def leaks(course: Course, folder: Path) -> Iterator[tuple[Path, str]]:
    """Files of a copy that hold a telling line of a suite, a mistake or a solution, with the secret's file name."""
    secret = dict(_secret_lines(course))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.strip() in secret:
                    yield path, secret[line.strip()]


def _secret_lines(course: Course) -> Iterator[tuple[str, str]]:
    """Lines of code of suites, bank and solution regions that are long enough to give something away.

    What the public files show themselves is no secret: a public test may assert what a hidden one asserts.
    """
    public = {
        line.strip()
        for unit in course.units
        for path in (course.root / "exercises" / unit.id).iterdir()
        if path.suffix in (".py", ".md")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    for unit in course.units:
        files = [*sorted((course.root / "autograder" / "suites" / unit.id).glob("*.py")), bank_path(course, unit)]
        texts = [(path.name, path.read_text(encoding="utf-8")) for path in files if path.is_file()]
        solution = solution_path(course, unit)
        regions = re.findall(f"{BEGIN}\n(.*?){END}", solution.read_text(encoding="utf-8"), re.DOTALL)
        texts.append((f"the solution {solution.name}", "\n".join(regions)))
        for name, text in texts:
            for line in text.splitlines():
                telling = line.strip()
                if (
                    len(telling) >= TELLING
                    and not telling.startswith(("import ", "from ", "#"))
                    and telling not in public
                ):
                    yield telling, name
