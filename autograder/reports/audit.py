"""What `autograder audit` found, as text: a row an item, then each survivor with the line it stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.authoring.audit import Audit


def table(found: Audit) -> str:
    lines = [f"{'unit':<22} {'item':<24} {'mutants':>7} {'killed':>6} {'equivalent':>10} {'survived':>8} {'told':>5}"]
    for row in found.rows:
        lines.append(
            f"{row.unit:<22} {row.item:<24} {row.mutants:>7} {row.killed:>6} {row.equivalent:>10} {row.survived:>8}"
            f" {row.told:>5}"
        )
    totals = [sum(getattr(row, name) for row in found.rows) for name in ("mutants", "killed", "equivalent", "survived")]
    lines.append(f"{'all':<47} {totals[0]:>7} {totals[1]:>6} {totals[2]:>10} {totals[3]:>8}")
    for survivor in found.survivors:
        mutant, unit = survivor.mutant, survivor.unit
        lines.append(f"survived: {unit.id}/{mutant.items[0]}, line {mutant.line}: {mutant.before}")
        lines.append(f"{'':>10}→ {mutant.after}")
    lines += [f"problem: {problem}" for problem in found.problems]
    lines.append(f"audit: {found.rate:.1%} of the mutants without a proof of equivalence are killed")
    return "\n".join(lines)
