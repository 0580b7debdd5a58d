"""The course as one page: Course → docs/curriculum.md.  Pure; `authoring.build` writes it beside the stubs."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.course import Course, Credit, Unit

CREDIT = {
    "all": "all tests pass, or nothing",
    "fraction": "a share for each test",
}


def page(course: Course) -> str:
    return "\n".join(_lines(course)) + "\n"


def _lines(course: Course) -> Iterator[str]:
    items = [item for unit in course.units for item in unit.items]
    yield f"# {course.title.en} · {course.title.vi}"
    yield ""
    yield "Generated from `grading.yml` by `autograder build`; change it there."
    yield ""
    yield (
        f"{len(course.units)} units, {len(items)} items, {sum(item.points for item in items):g} points, "
        f"{sum(item.minutes for item in items) / 60:.0f} hours. "
        "Difficulty runs from 1 (a line, once the idea is there) to 5."
    )
    yield ""
    yield "| unit | | items | points | minutes | source |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for unit in course.units:
        minutes = sum(item.minutes for item in unit.items)
        title = f"{unit.title.en} · {unit.title.vi}"
        yield f"| [{unit.id}](#{unit.id}) | {title} | {len(unit.items)} | {unit.points:g} | {minutes} | {unit.source} |"
    for unit in course.units:
        yield from _unit(unit)


def _unit(unit: Unit) -> Iterator[str]:
    yield ""
    yield f"## {unit.id}"
    yield ""
    place = f"exercises/{unit.id}/{unit.filename}"
    yield f"[{place}](../{place})" + (f", from {unit.source}." if unit.source else "")
    yield ""
    yield "| item | | points | minutes | difficulty | credit |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for item in unit.items:
        title, credit = f"{item.title.en} · {item.title.vi}", _credit(item.credit)
        yield f"| `{item.symbol}` | {title} | {item.points:g} | {item.minutes} | {item.difficulty} | {credit} |"


def _credit(credit: Credit) -> str:
    if credit.ramp is None:
        return CREDIT[credit.kind]
    return f"measured: from {credit.ramp.start:g}, full at {credit.ramp.full:g}"
