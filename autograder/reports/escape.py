"""Text from outside made harmless where it is shown: a terminal, a spreadsheet, Markdown.  Pure; never fails.

HTML is escaped by jinja2; what reaches it has gone through `plain` as well.
"""

from __future__ import annotations

import re
import unicodedata

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, bidi and other format marks, surrogates, line ends
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_MARKS = re.compile(r"[\\`*\[\]<>|~#&$!@{}]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.|(?<=:)/(?=/)|:(?=//)", re.IGNORECASE)
_LINE_START = re.compile(r"^(\s*)([-+=:]|\d+(?=[.)]))", re.MULTILINE)


def plain(text: str, *, lines: bool = False) -> str:
    """Without escape sequences and characters that act on the screen; on one line unless `lines`."""
    text = _ANSI.sub("", text.replace("\r\n", "\n")).replace("\t", "    ")
    if lines:
        return "\n".join(_seen(line).rstrip() for line in text.split("\n")).strip("\n")
    return " ".join(_seen(text.replace("\n", " ")).split())


def cell(text: str) -> str:
    """A spreadsheet's cell: shown, never computed."""
    text = plain(text)
    return "'" + text if text.startswith(_FORMULA) else text


def markdown(text: str) -> str:
    """One line of Markdown that reads as the text itself: no emphasis, link, picture, table, mention or HTML."""
    text = _MARKS.sub(lambda found: "\\" + found.group(), plain(text))
    return _LINE_START.sub(_quoted_start, text)


def fenced(text: str, indent: str = "") -> str:
    """Several lines as a block of code, behind a fence longer than any in it."""
    text = plain(text, lines=True)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join(indent + line for line in (f"{fence}text", *text.split("\n"), fence))


def verbatim(text: str) -> str:
    """Every character that acts on a screen written as an escape: nothing is lost, line ends and tabs stay."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in _UNSEEN else c.encode("unicode_escape").decode()
        for c in text
    )


def _quoted_start(found: re.Match[str]) -> str:
    space, mark = found.groups()
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def _seen(text: str) -> str:
    if text.isprintable():  # of no category below; character by character it took a fifth of a class's reports
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _UNSEEN else c for c in text)
