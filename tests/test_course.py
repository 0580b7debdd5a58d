"""course: grading.yml → frozen records, or one line that names the place and the cure."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from autograder.course import Course, CourseError, Credit, Limits, Ramp, did_you_mean, load
from autograder.models import Text

REAL = Path(__file__).parents[1] / "grading.yml"
GOOD = """\
course:
  id: pytorch
  title: {en: Course, vi: Khóa học}
limits:
  item_seconds: 5
units:
  - id: u01_tensors
    module: tensors
    title: {en: Tensors, vi: Tensor}
    items:
      - id: row_standardize
        title: {en: Rows, vi: Hàng}
        points: 2
        minutes: 10
        difficulty: 2
        hints:
          - {en: look, vi: xem}
      - id: accuracy
        symbol: Net
        title: {en: Accuracy, vi: Độ chính xác}
        points: 3.5
        minutes: 20
        difficulty: 3
        credit: {ramp: {from: 0.90, full: 0.95, practice: {from: 0.5, full: 0.7}}}
        seconds: 30
        memory_mb: 2048
        forbids: [autograd, torch.nn.functional.dropout]
        processes: true
        feedback: verdict
        hints:
          - {en: look, vi: xem}
  - id: u02_mlp
    module: mlp
    title: {en: MLP, vi: MLP}
    items:
      - id: relu
        title: {en: ReLU, vi: ReLU}
        points: 1
        minutes: 5
        difficulty: 1
        hints: [{en: look, vi: xem}]
"""


def read(folder: Path, text: str) -> Course:
    path = folder / "grading.yml"
    path.write_text(text, encoding="utf-8")
    return load(path)


RAMP = "        credit: {ramp: {from: 0.90, full: 0.95, practice: {from: 0.5, full: 0.7}}}"
FORBIDS = "        forbids: [autograd, torch.nn.functional.dropout]"

# the line that is changed, what it becomes, what is said (the line number is that of the changed line)
BROKEN = {
    "an unknown key names the near one": (
        "        points: 2",
        "        point: 2",
        "unknown key 'point' in grading.yml.units[0].items[0]; did you mean 'points'?",
    ),
    "an unknown key that is near to none names all": (
        "  item_seconds: 5",
        "  zzz: 5",
        "unknown key 'zzz' in grading.yml.limits; known keys: item_seconds, import_seconds, memory_mb",
    ),
    "an unknown key at the top names the near one": (
        "units:",
        "unit:",
        "unknown key 'unit' in grading.yml; did you mean 'units'?",
    ),
    "a key that stands twice": (
        "        minutes: 10",
        "        points: 10",
        "'points' stands twice in grading.yml.units[0].items[0]; keep one",
    ),
    "points that are a text": ("        points: 2", "        points: two", "points must be a number, not 'two'"),
    "points that are yes": ("        points: 2", "        points: yes", "points must be a number, not 'yes'"),
    "points that are not a number": ("        points: 2", "        points: .nan", "points must be a number"),
    "points that are a list": ("        points: 2", "        points: [2]", "points must be a number"),
    "negative points": ("        points: 2", "        points: -2", "points is -2; it must lie between 0.01 and 1000"),
    "no points": ("        points: 2", "        points: 0", "points is 0; it must lie between 0.01 and 1000"),
    "infinite seconds": ("  item_seconds: 5", "  item_seconds: .inf", "item_seconds must be a number"),
    "a difficulty that is too high": (
        "        difficulty: 2",
        "        difficulty: 6",
        "difficulty is 6; it must lie between 1 and 5",
    ),
    "minutes that are no whole number": (
        "        minutes: 10",
        "        minutes: 1.5",
        "minutes is 1.5; a whole number is wanted",
    ),
    "processes that are neither true nor false": (
        "        processes: true",
        "        processes: yes",
        "processes is 'yes'; choose one of true, false",
    ),
    "memory below the least": (
        "        memory_mb: 2048",
        "        memory_mb: 1",
        "memory_mb is 1; it must lie between 64 and",
    ),
    "an item that is registered twice": (
        "      - id: accuracy",
        "      - id: row_standardize",
        "item 'row_standardize' is registered twice; rename or remove one",
    ),
    "a unit that is registered twice": (
        "  - id: u02_mlp",
        "  - id: u01_tensors",
        "unit 'u01_tensors' is registered twice; rename or remove one",
    ),
    "an id that is no name": (
        "      - id: accuracy",
        "      - id: ../secret",
        "'../secret' is not a name of small letters, digits and underscores",
    ),
    "a module that is no name": (
        "    module: tensors",
        "    module: tensors.py",
        "'tensors.py' is not a name of small letters",
    ),
    "a symbol that is no Python name": (
        "        symbol: Net",
        "        symbol: my net",
        "symbol 'my net' is not a Python name",
    ),
    "a ramp that runs backwards": (
        RAMP,
        "        credit: {ramp: {from: 0.95, full: 0.90}}",
        "full (0.9) lies below from (0.95); swap them",
    ),
    "a practice ramp that runs backwards": (
        RAMP,
        "        credit: {ramp: {from: 0.90, full: 0.95, practice: {from: 0.7, full: 0.5}}}",
        "full (0.5) lies below from (0.7); swap them",
    ),
    "a ramp without an end": (
        RAMP,
        "        credit: {ramp: {from: 0.90}}",
        "ramp lacks 'full'; add the line 'full: …'",
    ),
    "a credit that is no kind": (RAMP, "        credit: fractoin", "credit is 'fractoin'; did you mean 'fraction'?"),
    "a feedback level that is none": (
        "        feedback: verdict",
        "        feedback: verdicts",
        "feedback is 'verdicts'; did you mean 'verdict'?",
    ),
    "a title in one language": (
        "        title: {en: Rows, vi: Hàng}",
        "        title: {en: Rows}",
        "title lacks 'vi'; add the line 'vi: …'",
    ),
    "a title that is a text": (
        "        title: {en: Rows, vi: Hàng}",
        "        title: Rows",
        "title must be a mapping with the keys en, vi",
    ),
    "an empty title": (
        "        title: {en: Rows, vi: Hàng}",
        "        title: {en: ' ', vi: Hàng}",
        "title.en must be a text",
    ),
    "an item without hints": (
        "        hints: [{en: look, vi: xem}]",
        "        hints: []",
        "relu has no hint; write one weak and one stronger hint",
    ),
    "hints that are no list": ("        hints: [{en: look, vi: xem}]", "        hints: look", "hints must be a list"),
    "a policy that would guard nothing": (
        FORBIDS,
        "        forbids: [autogard]",
        "'autogard' cannot be forbidden; did you mean 'autograd'?",
    ),
    "a policy without its module": (
        FORBIDS,
        "        forbids: [dropout]",
        "'dropout' cannot be forbidden; write autograd, loops, torch.… or aten.…",
    ),
    "a language the kit does not speak": (
        "  id: pytorch",
        "  id: pytorch\n  language: vn",
        "course.language is 'vn'; choose one of en, vi",
    ),
    "a late policy above one": (
        "units:",
        "late: {per_day: 1.5}\nunits:",
        "late.per_day is 1.5; it must lie between 0 and 1",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN)
def test_a_bad_line_is_named_with_the_cure(tmp_path: Path, old: str, new: str, said: str) -> None:
    before, found, after = GOOD.partition(old + "\n")
    assert found, "the table names a line that the good file does not have"
    line = before.count("\n") + 1 + (new.count("\n") if "language" in new else 0)
    with pytest.raises(CourseError) as error:
        read(tmp_path, before + new + "\n" + after)
    assert str(error.value).startswith(f"grading.yml:{line}: ")
    assert said in str(error.value)


@pytest.mark.parametrize("key", ["points", "minutes", "difficulty"])
def test_a_missing_key_is_named_at_the_item_that_lacks_it(tmp_path: Path, key: str) -> None:
    text = "".join(line for line in GOOD.splitlines(keepends=True) if not line.startswith(f"        {key}: "))
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "id: row_standardize" in line)
    with pytest.raises(CourseError) as error:
        read(tmp_path, text)
    assert (
        str(error.value) == f"grading.yml:{line}: grading.yml.units[0].items[0] lacks '{key}'; add the line '{key}: …'"
    )


def test_a_course_without_units_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"grading\.yml:6: units is empty; a course has at least one"):
        read(tmp_path, GOOD.partition("units:")[0] + "units: []\n")


def test_a_unit_without_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"grading\.yml:36: unit u02_mlp has no items"):
        read(tmp_path, GOOD.partition("      - id: relu")[0].removesuffix("    items:\n") + "\n    items: []\n")


def test_a_missing_file_says_where_to_run_the_command(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"grading\.yml: no such file; run the command in the course's folder"):
        load(tmp_path)


def test_an_empty_file_says_what_it_must_hold(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"grading\.yml:1: the file is empty; it must hold 'course'"):
        read(tmp_path, "# only a comment\n")


@pytest.mark.parametrize("text", ["just a text", "- a\n- list\n", "12"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        CourseError, match=r"grading\.yml:1: grading\.yml must be a mapping with the keys course, units"
    ):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line"), [("course:\n  id: 'open\n", 3), ("course: {id: x\nunits: [\n", 2), ("a:\n\tb: 1\n", 2)]
)
def test_a_file_that_is_not_yaml_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(CourseError, match=rf"grading\.yml:{line}: .*; check the indentation and the quotes here"):
        read(tmp_path, text)


@pytest.mark.parametrize("data", [b"course: \xff\xfe", b"course: \x00"])
def test_a_file_that_is_no_text_is_one_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "grading.yml").write_bytes(data)
    with pytest.raises(CourseError, match=r"grading\.yml"):
        load(tmp_path)


def test_a_folder_in_its_place_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "grading.yml").mkdir()
    with pytest.raises(CourseError, match="cannot be read as UTF-8 text"):
        load(tmp_path)


def test_a_file_nested_without_end_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(CourseError):
        read(tmp_path, "[" * 5000)


def test_a_tag_builds_nothing(tmp_path: Path) -> None:
    with pytest.raises(CourseError):
        read(tmp_path, GOOD.replace("points: 2", "points: !!python/object/apply:os.getpid []"))


def test_what_is_not_said_takes_the_course_default(tmp_path: Path) -> None:
    first, second = read(tmp_path, GOOD.replace("item_seconds: 5", "item_seconds: 7\n  memory_mb: 512")).units[0].items
    assert (first.symbol, first.credit, first.seconds, first.memory_mb, first.feedback) == (
        "row_standardize",
        Credit(),
        7.0,
        512,
        "cause",
    )
    assert (second.symbol, second.seconds, second.memory_mb, second.feedback) == ("Net", 30.0, 2048, "verdict")
    assert (first.processes, second.processes) == (False, True)


def test_a_course_without_limits_takes_the_kits(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace("limits:\n  item_seconds: 5\n", "")).limits == Limits()


def test_a_ramp_keeps_its_practice_numbers(tmp_path: Path) -> None:
    item = read(tmp_path, GOOD).units[0].item("accuracy")
    assert item.credit == Credit("ramp", Ramp(0.9, 0.95), Ramp(0.5, 0.7))
    assert item.forbids == ("autograd", "torch.nn.functional.dropout")


@pytest.mark.parametrize(
    ("value", "share"), [(0.5, 0.0), (0.9, 0.0), (0.925, 0.5), (0.95, 1.0), (2.0, 1.0), (float("nan"), 0.0)]
)
def test_a_ramp_gives_its_share_of_the_points(value: float, share: float) -> None:
    assert Ramp(0.9, 0.95).share(value) == pytest.approx(share)


def test_a_ramp_without_width_is_a_threshold() -> None:
    assert [Ramp(0.9, 0.9).share(value) for value in (0.89, 0.9)] == [0.0, 1.0]


def test_a_unit_is_found_by_its_id_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    course = read(tmp_path, GOOD)
    assert course.unit("u02_mlp").filename == "mlp.py"
    with pytest.raises(CourseError, match=r"no unit 'u01_tensor' in grading\.yml; did you mean 'u01_tensors'\?"):
        course.unit("u01_tensor")
    with pytest.raises(CourseError, match="known: u01_tensors, u02_mlp"):
        course.unit("xyz")


def test_units_are_selected_in_the_order_of_the_course(tmp_path: Path) -> None:
    course = read(tmp_path, GOOD)
    assert [unit.id for unit in course.select(["u02_mlp", "u01_tensors"])] == ["u01_tensors", "u02_mlp"]
    assert course.select([]) == course.units


def test_records_are_frozen_all_the_way_down(tmp_path: Path) -> None:
    course = read(tmp_path, GOOD)
    assert hash(course) == hash(read(tmp_path, GOOD))  # hashable: no list or dict hides in it
    for record in (course, course.units[0], course.units[0].items[0], course.limits, course.late, course.title):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, dataclasses.fields(record)[0].name, None)


def test_the_real_registry_loads_from_its_file_and_from_its_folder() -> None:
    course = load(REAL)
    assert course == load(REAL.parent)
    ids = [unit.id for unit in course.units]
    assert ids == sorted(ids)
    assert [id.partition("_")[2] for id in ids] == [unit.module for unit in course.units]
    assert {"u01_tensors", "u03_backprop", "u06_mlp"} <= set(ids)
    assert course.root == REAL.parent


def test_every_real_item_has_both_languages_and_two_hints() -> None:
    for unit in load(REAL).units:
        for item in unit.items:
            texts = (unit.title, item.title, *item.hints)
            assert len(item.hints) >= 2
            assert all(isinstance(text, Text) and text.en.strip() and text.vi.strip() for text in texts)


@pytest.mark.parametrize(("word", "hint"), [("point", "; did you mean 'points'?"), ("xyz", ""), ("", "")])
def test_did_you_mean_says_the_nearest_or_nothing(word: str, hint: str) -> None:
    assert did_you_mean(word, ["points", "minutes"]) == hint
