"""Words: how they are said, and that every sentence of the kit has its translation."""

from __future__ import annotations

import io
import string
from pathlib import Path

import pytest

from autograder import words
from autograder.models import Message, Text, msg
from autograder.words import chosen_language, languages, say, sentences

PO_FILES = sorted(words.LOCALE.glob("*/LC_MESSAGES/autograder.po"))
TRANSLATED = "{name} is None"


@pytest.mark.parametrize(("lang", "said"), [("en", "yes"), ("vi", "có"), ("fr", "yes"), ("", "yes")])
def test_a_text_is_said_in_the_language_asked_for_else_in_english(lang: str, said: str) -> None:
    assert say(Text("yes", "có"), lang) == said


def test_a_message_is_looked_up_and_then_filled() -> None:
    assert say(msg(TRANSLATED, name="dx"), "en") == "dx is None"
    assert say(msg(TRANSLATED, name="dx"), "vi") == "dx là None"


@pytest.mark.parametrize("lang", ["fr", "", "../vi", "en_US", "\0"])
def test_an_unknown_language_falls_back_to_english(lang: str) -> None:
    assert say(msg(TRANSLATED, name="dx"), lang) == "dx is None"


def test_a_sentence_without_a_translation_is_said_in_english() -> None:
    unknown = "nobody translated {this}"
    assert say(Message(unknown, (("this", 1),)), "vi") == "nobody translated 1"


def test_words_inside_words_are_said_in_the_same_language() -> None:
    inner = msg("{name} is None", name=Text("the loss", "giá trị loss"))
    outer = Message("({inner})", (("inner", inner),))
    assert say(outer, "en") == "(the loss is None)"
    assert say(outer, "vi") == "(giá trị loss là None)"


@pytest.mark.parametrize(
    ("sentence", "value", "said"),
    [("{x}", 0.5, "0.5"), ("{x}", 1e-9, "1e-09"), ("{x}", 3, "3"), ("{x:.2f}", 0.5, "0.50"), ("{{{x}}}", "a", "{a}"),
     ("{x:>3}", 7, "  7"), ("{x!r}", "a", "'a'")],
)  # fmt: skip
def test_holes_are_filled_as_by_format_with_short_floats(sentence: str, value: float | str, said: str) -> None:
    assert say(Message(sentence, (("x", value),)), "en") == said


def test_values_are_never_read_as_sentences() -> None:
    assert say(Message("{x}", (("x", "{y} {0} %s"),)), "en") == "{y} {0} %s"


def test_a_hole_takes_no_attribute_of_a_value() -> None:
    with pytest.raises(KeyError):
        say(Message("{x.__class__}", (("x", "a"),)), "en")


def test_a_hole_without_a_value_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        say(msg(TRANSLATED), "en")


def test_an_empty_message_is_empty_in_every_language() -> None:
    assert [say(Message(""), lang) for lang in languages()] == ["", ""]


def test_the_kit_speaks_english_and_vietnamese() -> None:
    assert languages() == ("en", "vi")


@pytest.mark.parametrize(
    ("wish", "lang"),
    [(None, "en"), ("", "en"), ("vi", "vi"), ("VI", "vi"), ("vi_VN.UTF-8", "vi"), ("vi-VN", "vi"), ("vi.UTF-8", "vi"),
     ("fr", "en"), ("../vi", "en")],
)  # fmt: skip
def test_the_language_is_chosen_by_the_environment(
    wish: str | None, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COURSE_LANG", raising=False)
    if wish is not None:
        monkeypatch.setenv("COURSE_LANG", wish)
    assert chosen_language() == lang
    assert chosen_language("vi") == "vi"


# --- the catalogues


def holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def catalogue(path: Path) -> dict[str, str]:
    pofile = pytest.importorskip("babel.messages.pofile")
    with path.open("rb") as file:
        return {entry.id: entry.string for entry in pofile.read_po(file) if entry.id}


def test_every_sentence_is_written_where_it_is_built_so_that_it_can_be_translated() -> None:
    computed = [place for place, sentence in sentences() if sentence is None]
    assert not computed, f"write the sentence into msg(…), or use Message(…) to refill one: {computed}"


def test_sentences_are_found_wherever_they_stand(tmp_path: Path) -> None:
    lines = (
        'msg("one")',
        "f\"**{say(msg('two'), lang)}**\"",
        "models.msg(",
        '"thr"',
        '"ee", a=1)',
        "msg(four)",
        "'msg(1)'",
    )
    (tmp_path / "module.py").write_text("\n".join(lines))
    found = {place.split("/")[-1]: sentence for place, sentence in sentences(tmp_path)}
    assert found == {"module.py:1": "one", "module.py:2": "two", "module.py:3": "three", "module.py:6": None}


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: path.parent.parent.name)
def test_every_sentence_has_a_translation(path: Path) -> None:
    translated = catalogue(path)
    lacking = [(place, sentence) for place, sentence in sentences() if sentence and not translated.get(sentence)]
    assert not lacking, "run `python -m autograder.words`, then fill the empty msgstr in " + str(path)


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: path.parent.parent.name)
def test_a_translation_has_the_holes_of_its_sentence(path: Path) -> None:
    wrong = [sentence for sentence, said in catalogue(path).items() if said and holes(sentence) != holes(said)]
    assert not wrong


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: path.parent.parent.name)
def test_the_compiled_catalogue_is_that_of_the_po_file(path: Path) -> None:
    pofile, mofile = pytest.importorskip("babel.messages.pofile"), pytest.importorskip("babel.messages.mofile")
    with path.open("rb") as po, path.with_suffix(".mo").open("rb") as mo:
        wanted, found = pofile.read_po(po), mofile.read_mo(mo)
    compiled = io.BytesIO()
    mofile.write_mo(compiled, wanted)
    assert {e.id: e.string for e in wanted if e.id and e.string} == {e.id: e.string for e in found if e.id}, (
        "the .mo is older than the .po: run `python -m autograder.words`"
    )


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: path.parent.parent.name)
def test_a_translation_begins_and_ends_as_its_sentence_does(path: Path) -> None:
    """Sentences are put together with others: a lost space or full stop would show."""

    def edges(text: str) -> tuple[str, str, str]:
        return (
            text[: len(text) - len(text.lstrip())],
            text[len(text.rstrip()) :],
            text.strip()[-1:] if text.strip()[-1:] in ".:?" else "",
        )

    wrong = [sentence for sentence, said in catalogue(path).items() if said and edges(sentence) != edges(said)]
    assert not wrong
