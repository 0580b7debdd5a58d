"""Hidden tests of u07_data: words of a text, and their numbers."""

import unicodedata

import pytest
import torch

from autograder import checks as check

pytestmark = pytest.mark.unit("u07_data")


# ----------------------------------------------------------------------------------------------------- clean_text

WORDS = (
    "Nghiêng", "ĐƯỜNG", "Thuở", "quyển", "Ngoằn", "ngoèo", "ý", "Ợ", "khuya", "HUẾ", "kỹ", "thuật", "2026", "54",
    "F1", "covid19", "Hello", "WORLD", "x", "Ắt", "phở", "đã", "Đà",
)  # fmt: skip
SEPARATORS = (
    " ", "  ", ", ", "_", "-", "'", "\n", "\t", "… ", "! ", "? ", " – ", "/", '"', "“", "” ", "(", ")", "🙂", ";",
)  # fmt: skip


def words_of(text):
    """Character by character."""
    found = [""]
    for character in unicodedata.normalize("NFC", text):
        if character.isalnum():
            found[-1] += character.lower()
        elif found[-1]:
            found.append("")
    return [word for word in found if word]


def sentence(make, length):
    pieces = [SEPARATORS[make.pick(0, len(SEPARATORS) - 1)] if make.pick(0, 1) else ""]
    for _ in range(length):
        pieces += [WORDS[make.pick(0, len(WORDS) - 1)], SEPARATORS[make.pick(0, len(SEPARATORS) - 1)]]
    return "".join(pieces)


@pytest.mark.item("clean_text")
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("length", [30, 12, 1])
def test_a_text_is_cut_into_words_in_either_spelling(student, make, form, length):
    text = unicodedata.normalize(form, sentence(make, length))
    check.equal(student.clean_text(text), words_of(text), name="clean_text(text)")


@pytest.mark.item("clean_text")
def test_marks_in_another_order_and_mixed_spellings(student):
    typed = "e\u0302\u0323"  # the circumflex first, the dot below second: not the order of NFD
    text = f"Vi{typed}t, vi\u1ec7t; vie\u0323\u0302t. vi\u1eb9\u0302t"
    check.equal(student.clean_text(text), ["vi\u1ec7t"] * 4, name="clean_text(text)")


@pytest.mark.item("clean_text")
def test_all_but_letters_and_digits_separates(student, make):
    for separator in SEPARATORS:
        first, second = (WORDS[make.pick(0, len(WORDS) - 1)] for _ in range(2))
        got = student.clean_text(first + separator + second)
        check.equal(got, [first.lower(), second.lower()], name=f"clean_text(two words with {separator!r} between them)")
        got = student.clean_text(separator + first + separator)
        check.equal(got, [first.lower()], name=f"clean_text(a word between two {separator!r})")


@pytest.mark.item("clean_text")
@pytest.mark.parametrize("text", ["", "   ", "…!?", "_", "\n\t-"])
def test_a_text_without_words_gives_an_empty_list(student, text):
    check.equal(student.clean_text(text), [], name="clean_text(a text without words)")


@pytest.mark.item("clean_text")
@check.about(
    "normal_form",
    en="Characters were exchanged that only look alike: the form is NFC, not NFKC.",
    vi="Những ký tự chỉ trông giống nhau đã bị thay: cần dạng NFC, không phải NFKC.",
)
def test_nothing_else_is_exchanged(student):
    """NFKC would make plain letters of these, casefold "ss" of the ß."""
    check.equal(student.clean_text("ＡＩ ﬁne Straße"), ["ａｉ", "ﬁne", "straße"], name="clean_text(text)")


# --------------------------------------------------------------------------------------------------------- encode


def encoded(tokens, vocab, max_len):
    ids = torch.full((max_len,), vocab["<pad>"], dtype=torch.int64)
    mask = torch.zeros(max_len, dtype=torch.bool)
    for k in range(min(len(tokens), max_len)):
        ids[k] = vocab[tokens[k]] if tokens[k] in vocab else vocab["<unk>"]
        mask[k] = True
    return ids, mask


def vocabulary(make):
    """Six words and the two of every vocab, with ids in a random order from 0 on."""
    words = ["<pad>", "<unk>", "tôi", "yêu", "tiếng", "việt", "pytorch", "2026"]
    order = torch.randperm(len(words), generator=make.generator).tolist()
    return dict(zip(words, order, strict=True))


KNOWN = ("tôi", "yêu", "tiếng", "việt", "pytorch", "2026", "lạ", "Tôi")  # the last two are in no vocab


@pytest.mark.item("encode")
@pytest.mark.parametrize(("length", "max_len"), [(5, 8), (8, 8), (11, 6), (0, 4), (1, 1), (3, 1), (7, 12)])
def test_tokens_are_looked_up_cut_and_filled_up(student, make, length, max_len):
    for _ in range(3):
        vocab = vocabulary(make)
        tokens = [KNOWN[make.pick(0, len(KNOWN) - 1)] for _ in range(length)]
        check.close(student.encode(tokens, vocab, max_len), encoded(tokens, vocab, max_len), name="(ids, mask)")


@pytest.mark.item("encode")
def test_unknown_words_and_padding_have_the_vocab_s_ids(student, make):
    first = make.pick(3, 9)
    vocab = {"tôi": first, "<unk>": first + 1, "yêu": 0, "<pad>": first + 2}
    for tokens in (["lạ", "tôi", "lạ", "yêu"], ["lạ"], []):
        check.close(student.encode(tokens, vocab, 6), encoded(tokens, vocab, 6), name="(ids, mask)")


@pytest.mark.item("encode")
@check.about("mask_by_length")
def test_the_mask_counts_tokens_whatever_their_ids(student):
    vocab = {"<pad>": 0, "<unk>": 1, "a": 2}
    tokens = ["a", "<pad>", "a", "<pad>"]
    check.close(student.encode(tokens, vocab, 6), encoded(tokens, vocab, 6), name="(ids, mask)")
