"""An item's right answers → their slips: the likely ones of all answers first, the reference's before the others'.

Two that write the same source are one, called by the stronger of their names.  A slip whose sentence would repeat a
word that is neither torch's nor the stub's is none.  An answer that opens files has no slips.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from autograder.bank import Bank, Definition, Entry
from autograder.sandbox.inner.policy import Source
from autograder.slips import calls, expressions, extras, names, statements
from autograder.slips.edit import Edit, called
from autograder.slips.places import Change, blocks, changed, is_text, places
from autograder.slips.tables import ARGUMENTS
from autograder.slips.trust import RARE, WEAK

MOST = 800  # of one item


@dataclass(frozen=True)
class Slip:
    code: str
    before: str
    definitions: str  # the answer and its helpers, one of them with the slip
    after: str
    name: str = ""  # a word of torch's or of the task's that its sentence may repeat
    where: int = 0  # which of the right answers
    right: str = ""  # that answer and its helpers, without the slip

    @property
    def source(self) -> bytes:
        """The whole module."""
        return f"{self.before}\n{self.definitions}\n{self.after}".encode()


def base(bank: Bank, item: str) -> bytes:
    """A module with everything that the right answers of an item use."""
    others = [entry for entry in bank.alternatives if entry.item == item]
    return bank.source(others[0]) if others else bank.reference


def words_of_the_right(bank: Bank, item: str) -> tuple[frozenset[str], ...]:
    """What each right answer calls, as it is read in a student's source."""
    sources = [bank.reference, *(bank.source(entry) for entry in bank.alternatives if entry.item == item)]
    symbol = bank.unit.item(item).symbol
    return tuple(frozenset(Source([ast.parse(source)]).words(symbol)) for source in sources)


def slips_of(bank: Bank, item: str) -> tuple[Slip, ...]:
    return tuple(islice(_slips(bank, item), MOST))


@dataclass(frozen=True)
class _Answer:
    """A right answer as it is taken apart: its definitions as trees, and what may go wrong in each."""

    number: int
    before: str
    after: str
    reached: list[Definition]
    written: list[str]
    edits: list[tuple[int, Edit]]  # beside the place of the definition


def _slips(bank: Bank, item: str) -> Iterator[Slip]:
    """The likely ones of all answers first: there may be too many of them, or too little time."""
    answers = list(_answers(bank, item))
    tellable = ARGUMENTS.keys() | _parameters(ast.parse(bank.reference), bank.unit.item(item).symbol)
    seen: set[str] = set()
    for rank in range(3):
        for answer in answers:
            for place, edit in answer.edits:
                if _rank(edit.code) != rank or (edit.name and edit.name not in tellable):
                    continue
                code = _written(answer.reached[place], edit)
                if code not in seen and code != answer.written[place]:
                    seen.add(code)
                    parts = [*answer.written[:place], code, *answer.written[place + 1 :]]
                    whole = "\n".join(answer.written)
                    yield Slip(
                        edit.code, answer.before, "\n".join(parts), answer.after, edit.name, answer.number, whole
                    )


def _rank(code: str) -> int:
    return 2 if code in WEAK else 1 if code in RARE else 0


def _answers(bank: Bank, item: str) -> Iterator[_Answer]:
    others: list[Entry | None] = [None, *(entry for entry in bank.alternatives if entry.item == item)]
    symbol = bank.unit.item(item).symbol
    for number, entry in enumerate(others):
        module = ast.parse(bank.reference if entry is None else bank.source(entry))
        reached = _reached(module, symbol)
        if any(map(_touches_the_machine, reached)):
            continue
        before, after = _around(module, reached)
        written = [ast.unparse(top) for top in reached]
        edits = [(place, edit) for place, top in enumerate(reached) for edit in _edits(top)]
        yield _Answer(number, before, after, reached, written, edits)


def _touches_the_machine(top: ast.stmt) -> bool:
    """It opens files, starts processes, or asks the operating system.

    open(3) would close a descriptor of the grader's own, torch.save(state, str(epoch)) writes a file "3" where the
    grader stands, and num_workers=seed forks it a billion times.
    """
    modules = ("os.", "sys.", "shutil.", "subprocess.", "io.")
    calls = [node for node in ast.walk(top) if isinstance(node, ast.Call)]
    return any(
        called(call) in ("open", "save", "load", "savefig", "savetxt", "tofile")
        or ast.unparse(call.func).startswith(modules)
        or any(keyword.arg == "num_workers" for keyword in call.keywords)
        for call in calls
    )


def _parameters(module: ast.Module, symbol: str) -> set[str]:
    """What the student's stub states: the parameters of the answer, or of its methods."""
    top = next(node for node in module.body if isinstance(node, Definition) and node.name == symbol)
    functions = [top] if isinstance(top, ast.FunctionDef) else [n for n in top.body if isinstance(n, ast.FunctionDef)]
    return {arg.arg for one in functions for arg in (*one.args.args, *one.args.kwonlyargs)}


def _written(top: ast.stmt, edit: Edit) -> str:
    with changed(edit.changes):
        return ast.unparse(top)


def _around(module: ast.Module, reached: list[Definition]) -> tuple[str, str]:
    """The rest of the module, in two parts: the definitions stand where the last of them stood."""
    last = max(module.body.index(top) for top in reached)
    parts = module.body[:last], module.body[last + 1 :]
    before, after = (ast.unparse(ast.Module([node for node in part if node not in reached], [])) for part in parts)
    return before, after


def _reached(module: ast.Module, symbol: str) -> list[Definition]:
    """The answer itself, then the helpers that it uses and that are no answers of their own."""
    named = {node.name: node for node in module.body if isinstance(node, Definition)}
    found: list[Definition] = []
    waiting = [symbol]
    while waiting:
        node = named.get(waiting.pop(0))
        if node is not None and node not in found:
            found.append(node)
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and inner.id.startswith("_"):
                    waiting.append(inner.id)
    for top in found:
        _without_texts(top)
    return sorted(found, key=lambda node: node.lineno)


def _without_texts(top: ast.AST) -> None:
    for node in ast.walk(top):
        if isinstance(node, Definition):
            node.body = [inner for inner in node.body if not is_text(inner)] or [ast.Pass()]


def _edits(top: ast.stmt) -> list[Edit]:
    """Every edit of one definition; afterwards each slip that can be made in several places, made in all of them."""
    found: list[Edit] = []
    for block in blocks(top):
        found += statements.of_block(block)
        found += statements.simultaneous(block)
        found += extras.recomputed(block)
        found += extras.first_round_only(block)
        found += extras.left_in_eval(block)
        found += extras.drawn_twice(block)
    public = [top] if isinstance(top, ast.FunctionDef) else top.body if isinstance(top, ast.ClassDef) else []
    for one in public:
        if isinstance(one, ast.FunctionDef):
            found += names.unused(one)
    if isinstance(top, ast.ClassDef):
        found += names.of_class(top)
    everywhere = list(places(top))
    for place in everywhere:
        if isinstance(place.node, ast.stmt):
            found += statements.slips(place)
        else:
            found += calls.slips(place)
            found += expressions.slips(place)
    for place in everywhere:
        found += expressions.detached(place)
        found += extras.slips(place)
    found += _together(found)
    for node in ast.walk(top):
        if isinstance(node, ast.FunctionDef):
            found += names.of_function(node)
    return found


def _together(found: Sequence[Edit]) -> Iterator[Edit]:
    """The first variant of a slip in each place, in all its places at once; none of them within another."""
    groups: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for edit in found:
        if len(edit.changes) == 1 and isinstance(edit.changes[0].new, ast.AST):
            (change,) = edit.changes
            held = groups[edit.code, edit.name]
            if not any(_overlap(change, other) for other in held):
                held.append(change)
    for (code, name), changes in groups.items():
        if len(changes) > 1:
            yield Edit(code, tuple(changes), name)


def _overlap(a: Change, b: Change) -> bool:
    mine, other = a.old, b.old
    return (
        mine is other or any(node is other for node in ast.walk(mine)) or any(node is mine for node in ast.walk(other))
    )
