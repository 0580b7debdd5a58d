"""What `autograder verify` found, as text: a table of populations, then each problem on a line.

The frame is said in the language of the command; problems name files and verdicts, for the author, in English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.models import msg
from autograder.reports.text import columns, pad
from autograder.words import say

if TYPE_CHECKING:
    from autograder.authoring.verify import Verification

MUST = {
    "stub": msg("fail every item"),
    "solution": msg("pass"),
    "mistake": msg("are rejected"),
    "alternative": msg("pass"),
}
WIDTHS = (20, 12, 16, 5, 5, 6)  # at least; the first three are words, the others numbers


def table(found: Verification, lang: str = "en") -> str:
    heads = (msg("unit"), msg("population"), msg("must"), msg("cases"), msg("hold"), msg("named"))
    rows = [tuple(say(head, lang) for head in heads)]
    for row in found.rows:
        named = "" if row.named is None else str(row.named)
        rows.append((row.unit, row.population, say(MUST[row.population], lang), str(row.cases), str(row.right), named))
    wide = [max(least, *(columns(row[i]) for row in rows)) for i, least in enumerate(WIDTHS)]
    lines = [
        " ".join(pad(text, wide[i]) if i < 3 else text.rjust(wide[i]) for i, text in enumerate(row)) for row in rows
    ]
    lines.append(say(msg("isolation: {isolation}", isolation=found.tier), lang))
    if found.runs > 1:
        lines.append(say(msg("runs: {n}, each with a seed of its own", n=found.runs), lang))
    if found.unnamed:
        lines.append(say(msg("rejected, but not by name: {names}", names=", ".join(found.unnamed)), lang))
    lines += [say(msg("problem: {problem}", problem=problem), lang) for problem in found.problems]
    end = msg("all populations hold") if found.ok else msg("problems: {n}", n=len(found.problems))
    lines.append(f"verify: {say(end, lang)}")
    return "\n".join(line.rstrip() for line in lines)
