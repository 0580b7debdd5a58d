"""data: MNIST for the judge, with the judged labels in the grader alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from autograder.datasets import DataError, Mnist
from autograder.grading import data as data_module
from autograder.grading.data import DataSource, JudgedData
from autograder.models import Verdict, msg
from autograder.sandbox.shared import SharedData
from tests.tiny_course import answer, item, judged_here, tiny_course, told

SUITE = "autograder/suites/u01_tiny/test_tiny.py"
N, M = 40, 120


def digits(practice: bool) -> Mnist:
    """Images in which the first row tells the label."""
    draw = np.random.default_rng(0)

    def images(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        pictures = draw.integers(0, 100, (len(labels), 28, 28), dtype=np.uint8)
        pictures[:, 0] = labels[:, None] * 25
        return pictures

    train_y, test_y = draw.integers(0, 10, N), draw.integers(0, 10, M)
    return Mnist(images(train_y), train_y, images(test_y), test_y, msg("made for a test"), practice)


@pytest.fixture(params=[False, True], ids=["real", "practice"])
def practice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    generated = bool(request.param)
    monkeypatch.setattr(data_module, "mnist", lambda *args, **kwargs: digits(generated))
    return generated


def source(seed: int = 1) -> DataSource:
    return DataSource(Path("datasets"), None, seed)


def first_rows(found: JudgedData) -> list[int]:
    return [round(value * 10.2) for value in found.test_x.tensor[:, :28].mean(1).tolist()]


def test_data_are_practice_only_once_they_were_asked_for(practice: bool) -> None:
    found = source()
    assert not found.practice
    found.get()
    assert found.practice is practice


@pytest.mark.usefixtures("practice")
def test_data_are_loaded_once() -> None:
    found = source()
    assert found.get() is found.get()


@pytest.mark.usefixtures("practice")
def test_images_are_shared_and_the_judged_labels_are_not() -> None:
    found = source().get()
    assert [shared.name for shared in found.shared] == ["train_x", "train_y", "test_x"]
    assert all(isinstance(shared, SharedData) for shared in found.shared)
    assert type(found.test_y) is torch.Tensor
    assert (found.train_x.tensor.shape, found.n_train, found.test_x.tensor.shape) == ((N, 784), N, (M, 784))
    assert found.train_x.tensor.max() <= 1.0


@pytest.mark.usefixtures("practice")
def test_the_judged_images_come_in_a_secret_order_and_labels_follow_them() -> None:
    one, other = source(1).get(), source(2).get()
    assert one.test_y.tolist() != other.test_y.tolist()
    assert first_rows(one) == one.test_y.tolist()
    assert first_rows(other) == other.test_y.tolist()


def test_a_slot_never_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def remembered(cache: Path, **options: object) -> Mnist:
        asked.update(options, cache=cache)
        return digits(False)

    monkeypatch.setattr(data_module, "mnist", remembered)
    DataSource(Path("here"), Path("there"), 1).get()
    assert asked == {"cache": Path("here"), "course_data": Path("there"), "download": False}


def test_damaged_files_are_an_error_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"no images")
    with pytest.raises(DataError, match="train-images"):
        DataSource(tmp_path, tmp_path, 1).get()


READS = """\
@pytest.mark.item("double")
def test_it_reads_digits(student, mnist):
    check.finite(student.double(mnist.test_x).argmax(1).double())


@pytest.mark.item("double")
def test_it_is_twice_x("""


@pytest.mark.usefixtures("practice")
def test_a_wrong_form_in_a_test_on_data_is_the_students_fault(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, (SUITE, '@pytest.mark.item("double")\ndef test_it_is_twice_x(', READS))
    (attempt,) = judged_here(course, answer(double="return None"))
    found = item(attempt, "double")
    assert found.verdict is Verdict.FAILED
    assert [diagnosis.code for diagnosis in found.diagnoses] == ["wrong_form"]
    assert f"float32 tensor ({M}, 784)" in told(found)


RAMP = "{ramp: {from: 2, full: 3, practice: {from: 0, full: 1}}}"
MEASURES = """\
@pytest.mark.item("double")
def test_it_reads_digits(student, mnist):
    labels = student.double(mnist.test_x)
    check.metric((labels == mnist.test_y).double().mean().item())


@pytest.mark.item("double")
def test_it_is_twice_x("""


def test_the_first_submission_of_a_slot_is_judged_by_the_data_it_met(tmp_path: Path, practice: bool) -> None:
    course = tiny_course(
        tmp_path,
        (SUITE, '@pytest.mark.item("double")\ndef test_it_is_twice_x(', MEASURES),
        ("grading.yml", "points: 2\n", f"points: 2\n        credit: {RAMP}\n"),
    )
    reads = "return (x[:, :28].mean(1) * 10.2).round().long() if x.ndim == 2 else 2 * x"
    for attempt in judged_here(course, answer(double=reads), answer(double=reads)):
        assert item(attempt, "double").score == (2.0 if practice else 0.0)
        assert item(attempt, "double").verdict is (Verdict.PASSED if practice else Verdict.FAILED)
