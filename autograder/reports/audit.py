"""What `autograder audit` found, as text: a row an item, then each survivor with the line it stands on.

The frame is said in the language of the command; problems are for the author, in English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.models import msg
from autograder.reports.text import columns, pad
from autograder.words import say

if TYPE_CHECKING:
    from autograder.authoring.audit import Audit

WIDTHS = (22, 24, 7, 6, 10, 8, 5)  # at least; the first two are words, the others numbers


def table(found: Audit, lang: str = "en") -> str:
    heads = (msg("unit"), msg("item"), msg("mutants"), msg("killed"), msg("equivalent"), msg("survived"), msg("told"))
    rows = [tuple(say(head, lang) for head in heads)]
    for row in found.rows:
        numbers = (row.mutants, row.killed, row.equivalent, row.survived, row.told)
        rows.append((row.unit, row.item, *map(str, numbers)))
    totals = [sum(getattr(row, name) for row in found.rows) for name in ("mutants", "killed", "equivalent", "survived")]
    rows.append((say(msg("all"), lang), "", *map(str, totals), ""))
    wide = [max(least, *(columns(row[i]) for row in rows)) for i, least in enumerate(WIDTHS)]
    lines = [
        " ".join(pad(text, wide[i]) if i < 2 else text.rjust(wide[i]) for i, text in enumerate(row)).rstrip()
        for row in rows
    ]
    for survivor in found.survivors:
        mutant, unit = survivor.mutant, survivor.unit
        where = f"{unit.id}/{mutant.items[0]}"
        lines.append(
            say(msg("survived: {where}, line {line}: {code}", where=where, line=mutant.line, code=mutant.before), lang)
        )
        lines.append(f"{'':>10}→ {mutant.after}")
    for one in found.twins:
        where, names = f"{one.unit}/{one.item}", ", ".join(one.names)
        lines.append(say(msg("not told apart: {where}: {names}", where=where, names=names), lang))
    lines += [say(msg("problem: {problem}", problem=problem), lang) for problem in found.problems]
    words = msg("{share} of the mutants without a proof of equivalence are killed", share=f"{found.rate:.1%}")
    return "\n".join([*lines, f"audit: {say(words, lang)}"])
