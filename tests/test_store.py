"""store: results the moment they are there; nothing is judged twice, and nothing old is taken for new."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.grading.digest import Parts
from autograder.grading.store import ASKED, FOLDER, Kept, Published, Store, StoreError, Walls
from autograder.models import Diagnosis, Environment, Isolation, ItemResult, Text, Verdict, msg

ENVIRONMENT = Environment("2.13.0", "3.12", "2.3", "cpu", 1, 7, "0.1.0", data="MNIST, your copy", practice=False)
HELD = Isolation("landlock", ("namespaces: no bwrap", "landlock: the self-attack failed"))
WORDS = msg(
    "{name} is {n} of {share}{where}",
    name="dx",
    n=3,
    share=0.25,
    where=msg(" on line {line}: {code}", line=4, code=Text("x", "ẋ")),
)
ITEM = ItemResult(
    "f",
    Verdict.FAILED,
    1.5,
    4.0,
    (Diagnosis("sign", WORDS, Text("look", "xem")), Diagnosis("shape", Text("a", "b"))),
    (WORDS, Text("c", "d"), msg("no holes")),
    0.25,
    "exit code 1",
)
WALLS = Walls(HELD, ENVIRONMENT)
PARTS = Parts(*"abcdefghijk")


def recalled(store: Store, parts: Parts = PARTS) -> Kept | None:
    return store.kept([parts.key]).get(parts.key)


def test_a_result_comes_back_as_it_was_with_all_words_in_both_languages(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.put(PARTS, ITEM, WALLS) == ITEM
        assert recalled(store) == Kept(ITEM, WALLS)


def test_a_result_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(PARTS, ITEM, WALLS)
    with Store(tmp_path) as store:
        assert recalled(store) == Kept(ITEM, WALLS)


def test_what_was_never_put_is_not_there(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(PARTS, ITEM, WALLS)
        assert store.kept([]) == {}
        assert recalled(store, replace(PARTS, seed="another")) is None


def test_more_results_are_asked_for_than_one_question_holds(tmp_path: Path) -> None:
    many = [replace(PARTS, submission=str(number)) for number in range(ASKED + 3)]
    with Store(tmp_path) as store:
        for parts in many:
            store.put(parts, ITEM, WALLS)
        assert len(store.kept([parts.key for parts in many])) == len(many)


def test_results_that_are_alike_are_one_in_memory_but_for_their_time(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        one, other = (store.put(PARTS, replace(ITEM, seconds=seconds), WALLS) for seconds in (1.0, 2.0))
    assert (one.seconds, other.seconds) == (1.0, 2.0)
    assert one.diagnoses is other.diagnoses


def test_a_newer_result_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for seconds in (1.0, 9.0):
            store.put(PARTS, replace(ITEM, seconds=seconds), WALLS)
        assert recalled(store) == Kept(replace(ITEM, seconds=9.0), WALLS)


@pytest.mark.parametrize("verdict", [Verdict.GRADER_ERROR, Verdict.UNSTABLE])
def test_what_has_no_number_is_never_kept(tmp_path: Path, verdict: Verdict) -> None:
    unscored = replace(ITEM, verdict=verdict)
    with Store(tmp_path) as store:
        assert store.put(PARTS, unscored, WALLS) == unscored
        assert recalled(store) is None


def test_advice_is_never_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.put(PARTS, ITEM, Walls(Isolation("none"), ENVIRONMENT)) == ITEM
        assert recalled(store) is None


def test_what_a_notebook_had_to_say_is_kept_in_both_languages(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put_notes("handed", (WORDS, Text("a", "b")))
        assert store.notes("handed") == (WORDS, Text("a", "b"))
        assert store.notes("another") is None


def broken(record: dict[str, object]) -> list[str]:
    """The record as other versions may have written it, and no record at all."""
    return [
        json.dumps({"item": record["item"]}),
        json.dumps(record | {"verdict": "excellent"}),
        json.dumps(record | {"feedback": [{"sentence": "x"}]}),
        json.dumps(record | {"diagnoses": 3}),
        "[]",
        "{half of it",
        "",
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_record_of_another_version_is_as_good_as_none(tmp_path: Path, number: int) -> None:
    with Store(tmp_path) as store:
        store.put(PARTS, ITEM, WALLS)
        with sqlite3.connect(tmp_path / FOLDER / "results.sqlite") as other:
            ((record,),) = other.execute("SELECT record FROM results")
            other.execute("UPDATE results SET record = ?", (broken(json.loads(record))[number],))
        assert recalled(store) is None


# What the reports say

TOLD = Published("Đặng Nam", "u01", 1, "f", "failed", 1.5, 4.0, PARTS)
UNKEPT = replace(TOLD, item="g", verdict="grader_error", score=None, parts=None)


def test_what_the_reports_say_comes_back_in_their_order(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert list(store.published()) == []
        store.publish([TOLD, UNKEPT])
    with Store(tmp_path) as store:
        assert list(store.published()) == [TOLD, UNKEPT]


def test_new_reports_take_the_place_of_the_old_ones_or_of_none(tmp_path: Path) -> None:
    def breaks() -> Iterator[Published]:
        yield UNKEPT
        raise KeyboardInterrupt

    with Store(tmp_path) as store:
        store.publish([TOLD, UNKEPT])
        store.publish([TOLD])
        with pytest.raises(KeyboardInterrupt):
            store.publish(breaks())
        assert list(store.published()) == [TOLD]


# The seed


def test_a_run_that_goes_on_keeps_its_seed_and_a_fresh_one_draws_another(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        seed = store.seed()
    with Store(tmp_path) as store:
        assert store.seed() == seed
        fresh = store.seed(fresh=True)
        assert fresh != seed
        assert store.seed() == fresh


def test_two_folders_have_two_seeds(tmp_path: Path) -> None:
    with Store(tmp_path / "a") as one, Store(tmp_path / "b") as other:
        assert one.seed() != other.seed()


# What a run leaves behind


def test_a_run_that_ends_in_an_error_leaves_nothing_when_it_finished_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Store(tmp_path) as store:
        store.seed()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_ends_in_an_error_leaves_what_it_finished(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Store(tmp_path) as store:
        store.put(PARTS, ITEM, WALLS)
        raise KeyboardInterrupt
    with Store(tmp_path) as store:
        assert recalled(store) == Kept(ITEM, WALLS)


# Folders that cannot be used


def test_a_file_in_the_way_is_told_with_the_folder_and_the_cure(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(StoreError, match=r"out: cannot be written \(.*\); choose another folder with --out"):
        Store(tmp_path / "out")


def test_a_damaged_file_of_results_is_told_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "results.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(tmp_path)


def test_a_full_disk_is_told_with_the_cure(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match=r"a result could not be kept .* free some disk, run again"):
            store.put(PARTS, replace(ITEM, staff="x" * 100_000), WALLS)
        with pytest.raises(StoreError, match=r"what was reported could not be kept .* free some disk, run again"):
            store.publish(replace(TOLD, item=str(number)) for number in range(10_000))
