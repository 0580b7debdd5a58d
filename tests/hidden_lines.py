"""Is a line of something hidden in a text?  For tests of whatever leaves the staff's machine.

HIDDEN.found(text) → the lines of suites, mistakes and solutions that stand in it, wherever, also within a line
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from autograder.course import load

ROOT = Path(__file__).parents[1]
TELLING = 25  # characters; a shorter line may stand anywhere by chance

# What any Python file may say: no line of a suite is given away by it.
EVERYBODY_S = {
    '@pytest.mark.devices("cpu", "pretend", "cuda")',
    "except Exception as error:",
    "generator.manual_seed(seed)",
    "if isinstance(value, dict):",
    "if torch.cuda.is_available():",
    "model.train(was_training)",
    "return flags, torch.is_grad_enabled()",
    "return func(*args, **(kwargs or {}))",
    "return function(*args, **kwargs)",
    "torch.cuda.manual_seed_all(seed)",
    "with contextlib.ExitStack() as stack:",
    "with torch.enable_grad():",
}

_BEGINNING = re.compile(r"\b\w|[^\w\s]")  # where a line may begin: not in the middle of a word
_MARKED_UP = re.compile(r"&#?\w+;|</\w")
_PICTURE = re.compile(r"base64,[A-Za-z0-9+/=]{100,}")


class Hidden:
    """The telling lines of this course's hidden files, and where each stands."""

    @cached_property
    def lines(self) -> dict[str, str]:
        public = "\n".join(self._public())
        every = {line: name for name, text in self._files() for line in self._telling(text)}
        known = set(_standing(_index(every), public)) | EVERYBODY_S
        return {line: name for line, name in every.items() if line not in known}

    @cached_property
    def index(self) -> dict[str, list[str]]:
        return _index(self.lines)

    def found(self, text: str) -> dict[str, str]:
        """The hidden lines in a text, and the file each belongs to."""
        plain = "\n".join(_readings(text))
        return {line: self.lines[line] for line in _standing(self.index, plain)}

    def _files(self) -> Iterator[tuple[str, str]]:
        kit = ROOT / "autograder"
        paths = [*(kit / "suites").rglob("*.py"), *(kit / "mistakes").iterdir(), *(ROOT / "solutions").rglob("*.py")]
        for path in sorted(paths):
            if path.suffix in (".py", ".toml"):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")

    def _public(self) -> Iterator[str]:
        """What every student may read; the stronger hint of an item often is its line."""
        yield from (
            text for unit in load(ROOT).units for i in unit.items for hint in i.hints for text in (hint.en, hint.vi)
        )
        for path in sorted((ROOT / "exercises").rglob("*")):
            if path.suffix in (".py", ".md"):
                yield path.read_text(encoding="utf-8")

    def _telling(self, text: str) -> Iterator[str]:
        lines = (line.strip() for line in text.splitlines())
        return (line for line in lines if len(line) >= TELLING and not line.startswith(("import ", "from ")))


HIDDEN = Hidden()


def _index(lines: Iterable[str]) -> dict[str, list[str]]:
    """Their first characters → the lines."""
    begin: dict[str, list[str]] = {}
    for line in lines:
        begin.setdefault(line[:TELLING], []).append(line)
    return begin


def _standing(begin: Mapping[str, list[str]], text: str) -> Iterator[str]:
    """Those of the lines that stand in the text: one look-up of their first characters for each place."""
    seen: set[str] = set()
    for place in _BEGINNING.finditer(text):
        at = place.start()
        for line in begin.get(text[at : at + TELLING], ()):
            if line not in seen and text.startswith(line, at):
                seen.add(line)
                yield line


def _readings(text: str) -> Iterator[str]:
    """The text, and what it says where it is a notebook or other JSON, HTML or Markdown; pictures left out."""
    text = _PICTURE.sub("", text)
    yield text
    if text.lstrip().startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            yield from _strings(json.loads(text))
    if _MARKED_UP.search(text):
        yield html.unescape(re.sub(r"</?\w[^>]*>", "", text))
    if "\\" in text:
        yield re.sub(r"\\([^\w\s])", r"\1", text)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list):
        if value and all(isinstance(entry, str) for entry in value):
            yield "".join(value)
        for entry in value:
            yield from _strings(entry)
