"""What `autograder verify` found, as text: a table of populations, then each problem on a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.authoring.verify import Verification

MUST = {"stub": "fail every item", "solution": "pass", "mistake": "are rejected", "alternative": "pass"}


def table(found: Verification) -> str:
    lines = [f"{'unit':<20} {'population':<12} {'must':<16} {'cases':>5} {'hold':>5} {'named':>6}"]
    for row in found.rows:
        named = "" if row.named is None else str(row.named)
        lines.append(
            f"{row.unit:<20} {row.population:<12} {MUST[row.population]:<16} {row.cases:>5} {row.right:>5} {named:>6}"
        )
    lines.append(f"isolation: {found.tier}")
    if found.runs > 1:
        lines.append(f"runs: {found.runs}, each with a seed of its own")
    if found.unnamed:
        lines.append(f"rejected, but not by name: {', '.join(found.unnamed)}")
    lines += [f"problem: {problem}" for problem in found.problems]
    lines.append("verify: all populations hold" if found.ok else f"verify: {len(found.problems)} problems")
    return "\n".join(line.rstrip() for line in lines)
