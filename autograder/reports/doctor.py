"""What `autograder doctor` found, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.doctor import Examination

MARKS = {True: "ok", False: "no", None: "--"}


def text(found: Examination) -> str:
    width = max(len(finding.name) for finding in found.findings)
    lines = [f"{MARKS[finding.ok]}  {finding.name:<{width}}  {finding.found}" for finding in found.findings]
    lines += ["", f"tier: {found.tier or 'none that may hold code nobody has read'}"]
    lines += [f"  {reason}" for reason in found.reasons]
    if found.cure:
        lines.append(f"to raise it: {found.cure}")
    elif not found.tier:
        lines.append(
            "to raise it: grade on Linux, in a virtual machine for example; --trust-submissions does without walls"
        )
    if found.memory_cure:
        lines.append(f"to cap all memory of a worker: {found.memory_cure}")
    lines.append(f"hidden grading: {'possible' if found.possible else 'not possible here'}")
    return "\n".join(line.rstrip() for line in lines)


def as_json(found: Examination) -> str:
    return json.dumps(asdict(found), ensure_ascii=False, indent=2)
