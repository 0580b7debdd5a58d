"""Hand-ins of the hostile corpus that git cannot keep, or would change: odd bytes, line ends, sizes.

BUILDERS[name](student's folder): named by `build` in a case's expect.toml, called before its files are laid there
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

RIGHT = """\
# Right answers to every item.
import torch
from torch import nn


def double(x):
    return 2 * x


def rows(x):
    return x.mean(1, keepdim=True)


def probabilities(z):
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


class Net(nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(d, m))
        self.b = nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.w + self.b


def classify(x):
    return (x.sum(1) > 0).long()


def last(x):
    return -x
"""
VIETNAMESE = '"""Bài làm của Đặng Thị Hường: nhân đôi, trung bình, softmax."""\n'


def windows_line_ends(student: Path) -> None:
    """Notepad's way to end a line."""
    _write(student, RIGHT.replace("\n", "\r\n").encode())


def byte_order_mark(student: Path) -> None:
    """Notepad's "UTF-8 with BOM", Vietnamese words and Windows line ends."""
    _write(student, b"\xef\xbb\xbf" + (VIETNAMESE + RIGHT).replace("\n", "\r\n").encode())


def old_line_ends(student: Path) -> None:
    """A lone carriage return ends a line, and the mistake stands on line 4."""
    _write(student, b"import torch\r\rdef double(x):\r    return 2 * x)\r")


def latin_1_declared(student: Path) -> None:
    """An old encoding, said in the first line as Python wants it."""
    _write(student, ("# -*- coding: latin-1 -*-\n# Réponse de François\n" + RIGHT).encode("latin-1"))


def latin_1_undeclared(student: Path) -> None:
    """An old encoding, not said, in a text (in a comment Python 3.11 lets it pass)."""
    _write(student, (RIGHT + "\n\nAUTHOR = 'François'\n").encode("latin-1"))


def utf_16(student: Path) -> None:
    """PowerShell's `>` and Notepad's "Unicode"."""
    _write(student, RIGHT.encode("utf-16"))


def nul_bytes(student: Path) -> None:
    """What a crashed editor or a full disk leaves at the end of a file."""
    _write(student, RIGHT.encode() + bytes(512))


def ten_megabytes(student: Path) -> None:
    """Right answers, and a table of numbers pasted behind them."""
    _write(student, RIGHT.encode() + b"TABLE = [" + b"0.123456789, " * 800_000 + b"]\n")


def form_feed(student: Path) -> None:
    """A page break between functions, as old editors write it; the mistake stands on line 7."""
    source = "import torch\n\n\f\ndef rows(x):\n    return x.mean(1, keepdim=True)\n\f\ndef double(x) return 2 * x\n"
    _write(student, source.encode())


def nothing(student: Path) -> None:
    """A folder without a file."""


def wrong_case(student: Path) -> None:
    """Target.py: one file on Windows and macOS, another one on Linux."""
    (student / "Target.py").write_text(RIGHT, encoding="utf-8")


def empty_file(student: Path) -> None:
    """Saved too late: no byte in it."""
    _write(student, b"")


def tabs_and_spaces(student: Path) -> None:
    """Two editors: the line above is indented by spaces, line 6 by a tab."""
    _write(student, b"import torch\n\n\ndef double(x):\n    y = 2 * x\n\treturn y\n")


def _write(student: Path, source: bytes) -> None:
    (student / "target.py").write_bytes(source)


BUILDERS: dict[str, Callable[[Path], None]] = {
    build.__name__: build
    for build in (
        windows_line_ends,
        byte_order_mark,
        old_line_ends,
        latin_1_declared,
        latin_1_undeclared,
        utf_16,
        nul_bytes,
        ten_megabytes,
        form_feed,
        nothing,
        wrong_case,
        empty_file,
        tabs_and_spaces,
    )
}
