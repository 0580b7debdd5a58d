"""A notebook's code as text: cut into cells, and freed of what only a notebook understands.  Pure; compiles nothing.

    source, starts → split → Cell… ;  Cell.parsed(compiler) → the cell's tree, magics blanked, or its SyntaxError

What is a magic is not guessed from the text: a `%` may go on an expression from the line above, a `!` may stand in a
string.  It is a line at which Python's own parser stops and that looks like one, so nothing that Python understands
is ever touched.  Every cell keeps its lines' numbers: what is left out becomes `pass` or an empty line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

MOST = 200  # magics of one cell: each costs one more look of the parser
KEEP = frozenset({"%%time", "%%capture", "%%prun"})  # they run their cell as it stands, in the notebook's own names
_CELL_MAGIC = re.compile(r"\s*(%%\w+)")
_OWN = "%%public_tests"  # the public tests in a notebook of ours: of no account here, and nothing to tell a student
_STATEMENT = re.compile(r"(\s*)%(?:time|prun)\s+(?=[^\s-])")  # %time runs the rest of its line
_LINE_MAGIC = re.compile(
    r"""\s*(?:
        [%!?]                                   # %matplotlib inline, !pip install x, ?torch.stack
        | [\w.*\[\]%]+\?{1,2}\s*$               # torch.stack?
        | [\w.\[\]'", *()]+=\s*[%!]             # files = !ls
        | (?:pip3?|conda|mamba|cd|ls)\s+\S      # a magic without its %, as notebooks allow
    )""",
    re.VERBOSE,
)


@dataclass
class Cell:
    first: int  # the number of its first line in the whole source, from 1
    lines: list[str]
    skipped: list[int] = field(default_factory=list)  # lines that were left out

    def parsed(self, parse: Callable[[str], ast.Module]) -> ast.Module:
        """Its tree; SyntaxError (or what else a parser raises) where it is no Python."""
        self._cell_magics()
        while True:
            try:
                return parse("\n" * (self.first - 1) + "\n".join(self.lines) + "\n")
            except SyntaxError as error:
                if isinstance(error, IndentationError) and self._dedent():
                    continue
                at = (error.lineno or 0) - self.first
                if len(self.skipped) >= MOST or not (0 <= at < len(self.lines) and self._leave_out(at)):
                    raise

    def blank(self) -> None:
        self.lines = [""] * len(self.lines)

    def _cell_magics(self) -> None:
        """`%%time` goes and its cell stays; `%%bash`, `%%html`, `%%timeit` and the like go with their cell."""
        for at, line in enumerate(self.lines):
            found = _CELL_MAGIC.match(line)
            if found:
                if found[1] != _OWN:
                    self.skipped.append(self.first + at)
                self.lines[at] = ""
                if found[1] not in KEEP:
                    self.blank()
            elif line.strip():
                return

    def _dedent(self) -> bool:
        """A notebook runs a cell that is indented as a whole; False when this one is not."""
        first = next((line for line in self.lines if line.strip()), "")
        indent = first[: len(first) - len(first.lstrip())]
        self.lines = [line.removeprefix(indent) for line in self.lines]
        return indent != ""

    def _leave_out(self, at: int) -> bool:
        """Take a magic out of a line; False when it is none."""
        line = self.lines[at]
        if statement := _STATEMENT.match(line):
            self.lines[at] = statement[1] + line[statement.end() :]
            return True
        if not _LINE_MAGIC.match(line):
            return False
        self.skipped.append(self.first + at)
        indent = line[: len(line) - len(line.lstrip())]
        while line.rstrip().endswith("\\") and at + 1 < len(self.lines):  # it goes on
            self.lines[at], at = "", at + 1
            line = self.lines[at]
        self.lines[at] = f"{indent}pass"
        return True


class NoShell:
    """What get_ipython() gives: whatever a cell asks of the kernel (a magic, `system`), nothing happens."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None


def split(source: bytes, starts: Sequence[int]) -> Iterator[Cell]:
    lines = source.decode("utf-8", errors="replace").split("\n")
    for start, end in zip(starts, [*starts, len(lines) + 1][1:], strict=True):
        yield Cell(start, lines[start - 1 : end - 1])


def definitions(tree: ast.Module, before: int | None) -> Iterator[tuple[str, int]]:
    """The functions and classes of a cell with their lines; `before`: the line that raised, what follows never ran."""
    for node in tree.body:
        if before is not None and (node.end_lineno or node.lineno) >= before:
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
