"""Words for people, in the language they chose: `say(words, lang)`.

A `Text` carries both languages; a `Message` is an English sentence with {holes} that the gettext catalogue in
`locale/<lang>/LC_MESSAGES/autograder.mo` translates.  What has no translation is said in English.

    python -m autograder.words      takes new msg("…") sentences into the .po and compiles the .mo (needs Babel)
"""

from __future__ import annotations

import ast
import gettext
import os
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autograder.models import Message, Text, Words

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "autograder"


def say(words: Words, lang: str) -> str:
    """The sentence in `lang`; English where the language or the translation is missing.

    Holes are filled as by `str.format`, with plain names only; a float without a format is shown as `:g`,
    words inside words are said in the same language.  A hole without a value is a KeyError: the sentence is ours.
    """
    if isinstance(words, Text):
        return words.vi if lang == "vi" else words.en
    sentence = _catalogue(lang).gettext(words.id) if words.id else ""
    return _Holes(lang).vformat(sentence, (), dict(words.values))


def languages() -> tuple[str, ...]:
    """The languages the kit can speak, English first."""
    return ("en", *sorted(path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


def chosen_language(default: str = "en") -> str:
    """The language of COURSE_LANG ("vi", "vi_VN.UTF-8"); `default` when it is unset or no language of the kit."""
    wish = os.environ.get("COURSE_LANG", "").strip().lower().replace("-", "_").split("_")[0].split(".")[0]
    return wish if wish in languages() else default


@cache
def _catalogue(lang: str) -> gettext.NullTranslations:
    if lang not in languages():  # also keeps a path out of the file name
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE, languages=[lang], fallback=True)


class _Holes(string.Formatter):
    """`str.format` for sentences: no attribute or index access, floats short, words said in the language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Text | Message):
            value = say(value, self.lang)
        if isinstance(value, float) and not format_spec:
            format_spec = "g"
        return format(value, format_spec)


def sentences(root: Path = Path(__file__).parent) -> Iterator[tuple[str, str | None]]:
    """Every msg(…) call of the Python files under `root`: "file:line" and its English, None when that is no literal."""
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "msg":
                first = node.args[0] if node.args else None
                literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
                place = f"{path.relative_to(root.parent)}:{node.lineno}"
                yield place, ast.literal_eval(first) if first is not None and literal else None


def update_catalogues() -> dict[str, tuple[str, ...]]:
    """Bring every .po up to date with the msg("…") calls of the kit and compile it.

    Returns, by language, the sentences that lack a translation.  Sentences that are no longer used are dropped.
    Needs Babel, a development dependency.
    """
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po, write_po

    template = Catalog()
    for _, sentence in sentences():
        if sentence:  # the empty one is the header of a catalogue
            template.add(sentence)
    lacking = {}
    for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        language = path.parent.parent.name
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, domain=DOMAIN)
        dates = catalogue.creation_date, catalogue.revision_date
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        catalogue.creation_date, catalogue.revision_date = dates  # a run that changes nothing leaves the file as it was
        with path.open("wb") as file:
            write_po(file, catalogue, width=120, sort_output=True)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
        lacking[language] = tuple(str(entry.id) for entry in catalogue if entry.id and not entry.string)
    return lacking


if __name__ == "__main__":
    for language, untranslated in update_catalogues().items():
        sys.stdout.write(f"{language}: {len(untranslated)} sentences without a translation\n")
        sys.stdout.writelines(f"  {sentence}\n" for sentence in untranslated)
