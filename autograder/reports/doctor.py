"""What `autograder doctor` found, as text and as JSON.

What a finding is called and what follows are said in the language of the command; what was found (versions, paths,
commands, the machine's own messages) stands as it was found, and so does everything in the JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from autograder.models import msg
from autograder.reports.text import columns, pad
from autograder.words import say

if TYPE_CHECKING:
    from autograder.doctor import Examination

MARKS = {True: "ok", False: "no", None: "--"}
NAMES = {
    "system": msg("system"),
    "user namespaces": msg("user namespaces"),
    "memory cap": msg("memory cap"),
}
FREE = "free disk in "


def text(found: Examination, lang: str = "en") -> str:
    names = [_name(finding.name, lang) for finding in found.findings]
    width = max(map(columns, names))
    lines = [
        f"{MARKS[finding.ok]}  {pad(name, width)}  {finding.found}"
        for name, finding in zip(names, found.findings, strict=True)
    ]
    tier = found.tier or say(msg("none that may hold code nobody has read"), lang)
    lines += ["", say(msg("tier: {tier}", tier=tier), lang)]
    lines += [f"  {reason}" for reason in found.reasons]
    elsewhere = msg("grade on Linux, in a virtual machine for example; --trust-submissions does without walls")
    cure = found.cure or ("" if found.tier else say(elsewhere, lang))
    if cure:
        lines.append(say(msg("to raise it: {cure}", cure=cure), lang))
    if found.memory_cure:
        lines.append(say(msg("to cap all memory of a worker: {cure}", cure=found.memory_cure), lang))
    lines.append(
        say(msg("hidden grading: possible") if found.possible else msg("hidden grading: not possible here"), lang)
    )
    return "\n".join(line.rstrip() for line in lines)


def as_json(found: Examination) -> str:
    return json.dumps(asdict(found), ensure_ascii=False, indent=2)


def _name(name: str, lang: str) -> str:
    """Names of programs and libraries are the same in every language."""
    if name.startswith(FREE):
        return say(msg("free disk in {place}", place=name.removeprefix(FREE)), lang)
    return say(NAMES[name], lang) if name in NAMES else name
