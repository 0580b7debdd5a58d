"""Moments as text: strict reading, one way of writing.  Reads no clock; every date is handed in.

    moment("2026-03-01T23:59+07:00") → "2026-03-01T16:59:00Z"     what records and files hold: UTC, ISO 8601

Fails with `DateError`, a sentence without the place: who read the text knows where it stood.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder.models import Message, msg

_FORM = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[ T](?P<time>\d\d:\d\d(?::\d\d)?)(?P<part>\.\d{1,6})? ?(?P<zone>\S*)", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
_NAME = re.compile(r"[A-Za-z]{1,20}(?:[/_+-][A-Za-z0-9]{1,20}){0,4}", re.ASCII)


class DateError(Exception):
    """Why a text is no moment, in words."""

    def __init__(self, words: Message) -> None:
        super().__init__(words.id)
        self.words = words


def moment(text: str, *, zone: str = "") -> str:
    """The moment in UTC.  `zone` stands for a zone that the text does not name; without it one must be named.

    Reads what nbgrader's exchange writes (`2015-02-02 14:58:23.948203 America/Los_Angeles`) and ISO 8601, no more:
    a reader that guesses would fill what is missing from today's date.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise DateError(msg("it is not of the form 2026-03-01T23:59:00+07:00"))
    named = found["zone"] or zone
    if not named:
        raise DateError(msg("it names no time zone; write 2026-03-01T23:59+07:00, or Z for UTC"))
    time = found["time"] if len(found["time"]) > 5 else f"{found['time']}:00"
    try:
        bare = datetime.strptime(f"{found['day']} {time}{found['part'] or '.0'}", "%Y-%m-%d %H:%M:%S.%f")
    except ValueError:
        raise DateError(msg("there is no such day or time")) from None
    try:
        return written(bare.replace(tzinfo=_zone(named)))
    except OverflowError:
        raise DateError(msg("it lies outside of the calendar")) from None


def seconds(later: str, earlier: str) -> float:
    """From one moment to another; both as `moment` writes them."""
    return (utc(later) - utc(earlier)).total_seconds()


def order(moment: str) -> float:
    """A number to sort by; what is not known comes before all others."""
    return utc(moment).timestamp() if moment else float("-inf")


def later(moment: str, days: float) -> str:
    """So many days after; the moment itself where that lies outside of the calendar."""
    try:
        return written(utc(moment) + timedelta(days=days))
    except OverflowError:
        return moment


def utc(moment: str) -> datetime:
    """As a datetime in UTC, for libraries that ask for one."""
    return datetime.fromisoformat(moment)


def written(moment: datetime) -> str:
    """A datetime without a zone is taken for UTC."""
    there = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return there.isoformat().replace("+00:00", "Z")


def _zone(name: str) -> tzinfo:
    if name in ("Z", "UTC", "GMT"):
        return UTC
    if offset := _OFFSET.fullmatch(name):
        sign = -1 if offset[1] == "-" else 1
        minutes = int(offset[2]) * 60 + int(offset[3])
        if minutes < 24 * 60:
            return timezone(sign * timedelta(minutes=minutes))
    elif _NAME.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise DateError(msg("its time zone is not known; write an offset such as +07:00, or Z for UTC"))
