"""YAML whose values know their line: the edge where grading.yml (`course`) and overrides.yml (`overrides`) are parsed.

`read(path)` gives a `Node`; a `Node` is asked for what the caller wants (`.mapping(...)`, `.text()`, `.number()`) and
answers with plain values, or raises `CourseError("grading.yml:12: … did you mean …")`.  PyYAML composes the tree
(its C loader where built: 10× faster), no constructor runs, so a tag in the file can build nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CourseError(Exception):
    """A registry that cannot be used: one line that names the place and the cure."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'points'?"`, or `""` when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


class Node:
    """One YAML value and the place it stands in."""

    def __init__(self, raw: yaml.Node, path: Path, label: str) -> None:
        self.raw, self.path, self.label = raw, path, label

    @property
    def line(self) -> int:
        return int(self.raw.start_mark.line) + 1

    def error(self, problem: str) -> CourseError:
        return CourseError(f"{self.path.name}:{self.line}: {problem}")

    def mapping(self, required: str = "", optional: str = "") -> dict[str, Node]:
        """The entries of a mapping whose keys must be among the space-separated names."""
        must, may = required.split(), optional.split()
        known = must + may
        if not isinstance(self.raw, yaml.MappingNode):
            raise self.error(f"{self.label} must be a mapping with the keys {', '.join(known)}")
        found: dict[str, Node] = {}
        for key, value in self.raw.value:
            name = str(key.value)
            here = Node(key, self.path, self.label)
            if name not in known:
                hint = did_you_mean(name, known) or f"; known keys: {', '.join(known)}"
                raise here.error(f"unknown key {name!r} in {self.label}{hint}")
            if name in found:
                raise here.error(f"{name!r} stands twice in {self.label}; keep one")
            found[name] = Node(value, self.path, f"{self.label}.{name}")
        for name in must:
            if name not in found:
                raise self.error(f"{self.label} lacks {name!r}; add the line '{name}: …'")
        return found

    def sequence(self) -> Iterator[Node]:
        if not isinstance(self.raw, yaml.SequenceNode):
            raise self.error(f"{self.label} must be a list")
        return (Node(value, self.path, f"{self.label}[{i}]") for i, value in enumerate(self.raw.value))

    def each(self, key: str) -> Iterator[Node]:
        """The value under `key` of every mapping in a list that has been read with `mapping`."""
        for entry in self.raw.value:
            yield from (Node(value, self.path, key) for name, value in entry.value if name.value == key)

    def text(self, among: Iterable[str] = ()) -> str:
        """A non-empty string; with `among`, one of these words."""
        if not isinstance(self.raw, yaml.ScalarNode) or not str(self.raw.value).strip():
            raise self.error(f"{self.label} must be a text")
        word, allowed = str(self.raw.value), list(among)
        if allowed and word not in allowed:
            hint = did_you_mean(word, allowed) or f"; choose one of {', '.join(allowed)}"
            raise self.error(f"{self.label} is {word!r}{hint}")
        return word

    def number(self, least: float = 0.0, most: float = float("inf")) -> float:
        """A real number in [least, most]; `yes`, `.nan` and texts are refused."""
        try:
            if not isinstance(self.raw, yaml.ScalarNode) or self.raw.tag not in _NUMBERS:
                raise ValueError
            value = float(self.raw.value)
        except ValueError:
            raise self.error(f"{self.label} must be a number{self._given()}") from None
        if not least <= value <= most:
            raise self.error(f"{self.label} is {value:g}; it must lie between {least:g} and {most:g}")
        return value

    def integer(self, least: int = 0, most: int = 10**9) -> int:
        value = self.number(least, most)
        if value != int(value):
            raise self.error(f"{self.label} is {value:g}; a whole number is wanted")
        return int(value)

    def boolean(self) -> bool:
        """`true` or `false`; YAML's yes, on and the like are refused, as numbers refuse them."""
        return self.text(("true", "false")) == "true"

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.raw, yaml.ScalarNode)

    def _given(self) -> str:
        return f", not {self.raw.value!r}" if isinstance(self.raw, yaml.ScalarNode) else ""


_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read(path: Path, holds: str = "'course', 'limits' and 'units'") -> Node:
    """The root node of a file that holds this; a missing, unreadable or broken file is a `CourseError`."""
    try:
        raw = yaml.compose(path.read_text(encoding="utf-8"), Loader)
    except FileNotFoundError:
        raise CourseError(f"{path}: no such file; run the command in the course's folder, or give --course") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise CourseError(f"{path.name}{line}: {problem}; check the indentation and the quotes here") from None
    if raw is None:
        raise CourseError(f"{path.name}:1: the file is empty; it must hold {holds}")
    return Node(raw, path, path.name)
