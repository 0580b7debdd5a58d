"""marked_yaml: values that know their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.marked_yaml import CourseError, Node, read


def node(folder: Path, text: str) -> Node:
    path = folder / "some.yml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_an_error_names_the_file_and_the_line_of_the_value(tmp_path: Path) -> None:
    inner = node(tmp_path, "a:\n  b: 1\n").mapping("a")["a"].mapping("b")["b"]
    assert str(inner.error("is odd")) == "some.yml:2: is odd"


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("-0.5", -0.5), ("1_000", 1000.0), ("1.0e+3", 1000.0)])
def test_a_number_is_a_number(tmp_path: Path, text: str, value: float) -> None:
    assert node(tmp_path, text).number(least=-10.0) == value


@pytest.mark.parametrize("text", ["yes", "null", "'1'", "0x10", "1:30", ".nan", ".inf", "-.inf", "[1]", "{a: 1}", "~"])
def test_what_only_looks_like_a_number_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CourseError, match=r"some\.yml:1: some\.yml must be a number"):
        node(tmp_path, text).number()


def test_an_integer_may_be_written_with_a_point(tmp_path: Path) -> None:
    assert node(tmp_path, "2.0").integer() == 2


@pytest.mark.parametrize("text", ["''", "' '", "[a]", "{a: b}"])
def test_a_text_says_something(tmp_path: Path, text: str) -> None:
    with pytest.raises(CourseError, match="must be a text"):
        node(tmp_path, text).text()


def test_a_number_may_serve_as_a_text(tmp_path: Path) -> None:
    assert node(tmp_path, "2026").text() == "2026"


def test_a_key_that_is_no_text_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"some\.yml:1: unknown key"):
        node(tmp_path, "? [a, b]\n: 1\n").mapping("a")


def test_an_anchor_is_read_where_it_is_used(tmp_path: Path) -> None:
    found = node(tmp_path, "a: &x {b: 1}\nc: *x\n").mapping("a c")
    assert found["c"].mapping("b")["b"].number() == 1.0


def test_two_documents_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"some\.yml:"):
        node(tmp_path, "a: 1\n---\nb: 2\n")
