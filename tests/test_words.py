"""Words: how they are said, and that every sentence of the kit has its translation."""

from __future__ import annotations

import ast
import io
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import words
from autograder.course import load
from autograder.models import Message, Text, msg
from autograder.words import chosen_language, languages, say, sentences

ROOT = Path(__file__).parents[1]
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


# --- terms of art

# What a Vietnamese text keeps in English: the words that torch's own messages, its documentation and the code use.
TERMS = (
    *("tensor", "shape", "gradient", "batch", "dtype", "loss", "logit", "softmax", "epoch", "optimizer", "scheduler"),
    *(
        "dataset",
        "dataloader",
        "notebook",
        "autograd",
        "broadcast",
        "dropout",
        "momentum",
        "checkpoint",
        "bias",
        "seed",
    ),
    *("view", "stride", "module", "buffer", "hook", "mask", "token", "embedding", "backward", "forward", "sandbox"),
    *("float32", "float64", "int64", "keepdim", "requires_grad"),
)
# English phrases in which the word is no term, or in which Vietnamese has a word of its own.
ORDINARY = ("shape of the curve", "backwards")


def spoken() -> Iterator[tuple[str, str, str]]:
    """(place, English, Vietnamese) of everything that is said to a student: catalogue, mistakes, registry."""
    for en, vi in catalogue(next(path for path in PO_FILES if "/vi/" in path.as_posix())).items():
        yield "autograder.po", en, vi
    for path in sorted((ROOT / "autograder" / "mistakes").glob("u*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            given = {word.arg: word.value for word in node.keywords} if isinstance(node, ast.Call) else {}
            for en, vi in (("en", "vi"), ("hint_en", "hint_vi")):
                if en in given and vi in given:
                    place = f"{path.name}:{given[en].lineno}"
                    yield place, ast.literal_eval(given[en]), ast.literal_eval(given[vi])
    course = load(ROOT)
    for unit in course.units:
        for item in unit.items:
            yield from ((f"grading.yml: {unit.id}/{item.id}", text.en, text.vi) for text in (item.title, *item.hints))


def lost(en: str, vi: str) -> list[str]:
    """The terms of the English sentence that the Vietnamese one does not have; a plural is the same term."""
    for phrase in ORDINARY:
        en = en.replace(phrase, "")
    words = re.findall(r"[a-z_0-9]+", en.lower())
    return [term for term in TERMS if {term, f"{term}s", f"{term}es"} & set(words) and term not in vi.lower()]


@pytest.mark.parametrize(
    ("en", "vi", "terms"),
    [
        ("The shapes of two batches", "Kích thước của hai lô", ["shape", "batch"]),
        ("the Dataset, a DataLoader", "Dataset, DataLoader", []),
        ("the shape of the curve", "dạng đường cong", []),
        ("a lossy preview", "bản xem trước", []),
        ("Logits", "logits", []),
    ],
)
def test_a_term_is_lost_when_a_translation_does_not_have_it(en: str, vi: str, terms: list[str]) -> None:
    assert lost(en, vi) == terms


def test_terms_of_art_stay_english_in_vietnamese() -> None:
    found = list(spoken())
    assert len(found) > 2000
    assert [(place, terms, vi) for place, en, vi in found if (terms := lost(en, vi))] == []


def test_what_is_said_in_vietnamese_is_not_the_english_sentence() -> None:
    """More than three words that were copied are not translated; a line of code may be the same."""
    copied = [(place, en) for place, en, vi in spoken() if en == vi and not re.search(r"[()=\[]|\w\.\w", en)]
    assert [(place, en) for place, en in copied if len(re.findall("[A-Za-z]{2,}", en)) > 3] == []


@pytest.mark.parametrize("unit", [unit.id for unit in load(ROOT).units])
def test_the_terms_of_a_unit_s_statement_stand_in_both_languages(unit: str) -> None:
    pages = (ROOT / "exercises" / unit / name for name in ("README.md", "README.vi.md"))
    en, vi = (path.read_text(encoding="utf-8") for path in pages)
    assert lost(en, vi) == []
