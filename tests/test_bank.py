"""bank: mistakes and alternatives are cut out of their file as source and put in the reference's place."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from autograder.bank import Bank, BankError, Entry, load
from autograder.course import Course, Item, LatePolicy, Limits, Unit
from autograder.course import load as load_course
from autograder.models import KINDS, Text

ROOT = Path(__file__).parents[1]
HINT = Text("look", "xem")
REFERENCE = '''\
"""The reference."""
from __future__ import annotations

import torch

LIMIT = 3


def double(x):
    return 2 * x


class Net:
    def __init__(self, n=1):
        self.n = n

    def twice(self):
        return double(self.n)


def helper(x):
    return double(x) + LIMIT
'''


def item(id: str, symbol: str) -> Item:
    return Item(id, symbol, Text(id, id), 1.0, 5, 1, (HINT,))


UNIT = Unit("u01_x", "x", Text("X", "X"), (item("double", "double"), item("net", "Net")))


def bank(folder: Path, text: str | None, reference: str = REFERENCE) -> Bank:
    """The bank of a course in `folder`; without a text there is no bank file."""
    for name, content in (("solutions/u01_x/x.py", reference), ("autograder/mistakes/u01_x.py", text)):
        if content is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(dedent(content), encoding="utf-8")
    course = Course("c", Text("C", "C"), "en", Limits(), LatePolicy(), (UNIT,), folder / "grading.yml")
    return load(course, UNIT)


def run(source: bytes) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "x.py", "exec", dont_inherit=True), names)
    return names


TWO = """
    import math
    from __future__ import annotations
    from autograder.mistakes import alternative, mistake

    FACTOR = 3

    def tripled(x):
        return FACTOR * x

    @mistake("double", kind="scale", en="You tripled.", vi="Bạn nhân ba.", hint_en="Count again.", hint_vi="Đếm lại.")
    def three_times(x):
        return tripled(x)

    @alternative("double")
    def sum_of_two(x):
        return math.fsum([x, x])

    @mistake("net", kind="state", en="n is lost.", vi="Mất n.")
    class Forgets:
        def __init__(self, n=1):
            self.n = 0
        def twice(self):
            return double(self.n)
        def copy(self):
            return Forgets()
"""


def test_mistakes_have_a_cause_and_alternatives_have_none(tmp_path: Path) -> None:
    found = bank(tmp_path, TWO)
    assert [(e.item, e.name, e.kind) for e in found.mistakes] == [
        ("double", "three_times", "scale"),
        ("net", "Forgets", "state"),
    ]
    assert [(e.item, e.name, e.cause) for e in found.alternatives] == [("double", "sum_of_two", None)]
    first, second = found.mistakes
    assert (first.cause, first.hint) == (Text("You tripled.", "Bạn nhân ba."), Text("Count again.", "Đếm lại."))
    assert second.hint is None


def test_mistakes_are_found_by_their_item(tmp_path: Path) -> None:
    assert [entry.name for entry in bank(tmp_path, TWO).mistakes_of("net")] == ["Forgets"]


def test_a_hint_in_english_alone_serves_both(tmp_path: Path) -> None:
    found = bank(tmp_path, '@mistake("double", kind="scale", en="a", vi="b", hint_en="c")\ndef f(x): return 0')
    assert found.mistakes[0].hint == Text("c", "c")


def test_the_answer_takes_the_symbols_place_and_name(tmp_path: Path) -> None:
    found = bank(tmp_path, TWO)
    names = run(found.source(found.mistakes[0]))
    assert names["double"](2) == 6
    assert names["double"].__name__ == "double"
    assert "three_times" not in names


def test_the_rest_of_the_reference_uses_the_exchanged_answer(tmp_path: Path) -> None:
    found = bank(tmp_path, TWO)
    names = run(found.source(found.mistakes[0]))
    assert names["helper"](2) == 9
    assert names["Net"](2).twice() == 6


def test_an_answer_may_use_imports_and_helpers_of_its_file(tmp_path: Path) -> None:
    found = bank(tmp_path, TWO)
    assert run(found.source(found.alternatives[0]))["double"](2) == 4.0


def test_a_class_that_names_itself_is_renamed_throughout(tmp_path: Path) -> None:
    found = bank(tmp_path, TWO)
    names = run(found.source(found.mistakes[1]))
    assert type(names["Net"](3).copy()) is names["Net"]
    assert names["Net"](3).twice() == 0


def test_other_decorators_stay(tmp_path: Path) -> None:
    found = bank(tmp_path, '@alternative("double")\n@torch.no_grad()\ndef quiet(x): return torch.is_grad_enabled()')
    assert run(found.source(found.alternatives[0]))["double"](1) is False


def test_the_kits_own_imports_do_not_travel(tmp_path: Path) -> None:
    found = bank(tmp_path, TWO)
    assert b"autograder" not in found.source(found.mistakes[0])
    assert found.source(found.mistakes[0]).count(b"__future__") == 1


def test_a_unit_without_a_file_has_an_empty_bank(tmp_path: Path) -> None:
    found = bank(tmp_path, None)
    assert (found.mistakes, found.alternatives, found.reference) == ((), (), REFERENCE.encode())


WORDS = 'kind="scale", en="a", vi="b"'
BROKEN = {
    "an item that is none": ('@alternative("doubel")', "u01_x has no item 'doubel'; did you mean 'double'?"),
    "a mistake without its words": ('@mistake("double", kind="scale")', "f lacks en, vi"),
    "a mistake without its kind": ('@mistake("double", en="a", vi="b")', "f lacks kind"),
    "a keyword that is none": (
        f'@mistake("double", {WORDS}, hint="c")',
        "f has an unknown keyword 'hint'; did you mean 'hint_",
    ),
    "a kind that is none": (
        '@mistake("double", kind="graff", en="a", vi="b")',
        "f has an unknown kind 'graff'; did you mean 'graph'?",
    ),
    "a kind like no other": (
        '@mistake("double", kind="?", en="a", vi="b")',
        "f has an unknown kind '?'; the kinds are shape, broadcast,",
    ),
    "another decorator": (f'@wrong("double", {WORDS})', "f lacks @mistake or @alternative"),
    "a bare decorator": ("@mistake", "write @mistake('item', kind=…, en=…, vi=…) or @alternative('item')"),
    "a decorator of a module": ("@torch.no_grad()", "write @mistake("),
    "words that are computed": (
        f'@mistake("double", {WORDS}, hint_en="a" * n)',
        "the decorator's arguments must be plain texts",
    ),
    "an item that is computed": ("@alternative(NAME)", "the decorator's arguments must be plain texts"),
    "a file that is not Python": ("def f(:", "is not Python (invalid syntax"),
}


@pytest.mark.parametrize(("line", "said"), BROKEN.values(), ids=BROKEN)
def test_a_bank_that_cannot_be_used_names_the_line_and_the_cure(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(BankError) as error:
        bank(tmp_path, f"import torch\n{line}\ndef f(x): pass\n")
    where, _, cure = str(error.value).partition(": ")
    assert where in ("u01_x.py:2", "u01_x.py:3")  # Python counts a definition from its `def`
    assert cure.startswith(said)


def test_a_bank_with_a_nul_byte_is_not_python(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"u01_x\.py:1: is not Python"):
        bank(tmp_path, "x = '\0'")


def test_a_missing_reference_is_named(tmp_path: Path) -> None:
    course = Course("c", Text("C", "C"), "en", Limits(), LatePolicy(), (UNIT,), tmp_path / "grading.yml")
    with pytest.raises(BankError, match=r"x\.py: no such file; write the reference solution of u01_x there"):
        load(course, UNIT)


def test_a_reference_that_is_not_python_is_named(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"x\.py:1: is not Python"):
        bank(tmp_path, None, reference="def f(:")


@pytest.mark.parametrize("unit", load_course(ROOT).units, ids=lambda unit: unit.id)
def test_every_entry_of_the_real_bank_makes_a_module_that_compiles(unit: Unit) -> None:
    found = load(load_course(ROOT), unit)
    for entry in (*found.mistakes, *found.alternatives):
        source = found.source(entry)
        compile(source, unit.filename, "exec", dont_inherit=True)
        assert source != found.reference
    for item in unit.items:
        entry = found.mistakes_of(item.id)[0]
        made, reference = ast.parse(found.source(entry)), ast.parse(found.reference)
        assert others(made, found, entry) == others(reference, found, entry)
        assert len(found.mistakes_of(item.id)) >= 3
        assert sum(entry.item == item.id for entry in found.alternatives) >= 2


def others(module: ast.Module, bank: Bank, entry: Entry) -> list[str]:
    """What the module says beside its answer, and beside what the bank's file shares."""
    symbol, shared = bank.unit.item(entry.item).symbol, [ast.unparse(node) for node in bank.shared]
    kept = [node for node in module.body if getattr(node, "name", "") != symbol]
    return [text for text in map(ast.unparse, kept) if text not in shared]


def test_what_stands_in_several_lines_stays_whole(tmp_path: Path) -> None:
    reference = '''"""Of x."""\n\nA = """\x0cdef double(x):\u2028"""\r\n
@cache
# with a word on it
def double(
    x,
):
    return 2 * x  # twice'''
    found = bank(tmp_path, '@mistake("double", kind="scale", en="a", vi="b")\ndef f(x): return 0', reference=reference)
    source = found.source(found.mistakes[0]).decode()
    assert source == '''"""Of x."""\n\n\nA = """\x0cdef double(x):\u2028"""\n\ndef double(x):\n    return 0'''


def test_the_kinds_are_those_of_the_docs_each_with_what_it_means() -> None:
    page = (ROOT / "docs/how-to/add-an-item.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE)
    assert tuple(kind for kind, _ in rows) == KINDS
