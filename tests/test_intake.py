"""intake: what was handed in → clean submissions, whatever strangers put into a folder or a zip."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import pytest

from autograder.course import Course, Item, LatePolicy, Limits, Unit
from autograder.intake import Intake, IntakeError, collect, file_names
from autograder.intake import archive as archive_module
from autograder.intake.entry import MAX_ENTRIES, MAX_SOURCE
from autograder.intake.names import printable, student_name
from autograder.models import Submission, Text
from autograder.words import say
from tests.ordinary_user import being_nobody

HINT = Text("look", "xem")
CODE = b"def f():\n    return 1\n"
LINK = stat.S_IFLNK | 0o777
FIFO = stat.S_IFIFO | 0o644


def unit(id: str, module: str) -> Unit:
    item = Item(module, module, Text(module, module), 1.0, 5, 1, (HINT,))
    return Unit(id, module, Text(module, module), (item,))


COURSE = Course(
    id="pytorch",
    title=Text("Course", "Khóa học"),
    language="en",
    limits=Limits(),
    late=LatePolicy(),
    units=(unit("u01_tensors", "tensors"), unit("u03_backprop", "backprop"), unit("u06_mlp", "mlp")),
    path=Path("grading.yml"),
)


def put(root: Path, *names: str, data: bytes = CODE) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def zipped(path: Path, *entries: str | tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for entry in entries:
            name, data = (entry, CODE) if isinstance(entry, str) else entry
            archive.writestr(name, data)
    return path


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def take(*paths: Path, units: Collection[str] | None = None) -> Intake:
    return collect(paths, COURSE, units)


def found(intake: Intake) -> list[tuple[str, str]]:
    return [(submission.student, submission.unit) for submission in intake.submissions]


def said(submission: Submission) -> str:
    return " | ".join(say(note, "en") for note in submission.notes)


def noted(intake: Intake) -> str:
    return " | ".join(say(note, "en") for note in intake.notes)


def only(intake: Intake) -> Submission:
    (submission,) = intake.submissions
    return submission


# Where submissions may lie


def test_a_class_is_a_folder_of_students_with_modules_or_unit_folders(tmp_path: Path) -> None:
    put(tmp_path, "bob/u01_tensors/tensors.py", "alice/tensors.py", "alice/backprop.py")
    intake = take(tmp_path)
    assert found(intake) == [("alice", "u01_tensors"), ("alice", "u03_backprop"), ("bob", "u01_tensors")]
    assert intake.submissions[0] == Submission("alice", "u01_tensors", "tensors.py", CODE)
    assert intake.notes == ()


def test_one_students_folder_is_named_after_the_student(tmp_path: Path) -> None:
    put(tmp_path / "alice", "tensors.py", "u03_backprop/backprop.py")
    assert found(take(tmp_path / "alice")) == [("alice", "u01_tensors"), ("alice", "u03_backprop")]


def test_the_whole_repository_of_a_student_is_one_student(tmp_path: Path) -> None:
    put(tmp_path / "alice", "exercises/u01_tensors/tensors.py", "exercises/u06_mlp/mlp.py", "autograder/tensors.py")
    assert found(take(tmp_path / "alice")) == [("alice", "u01_tensors"), ("alice", "u06_mlp")]


def test_repositories_lie_side_by_side_in_a_class(tmp_path: Path) -> None:
    put(tmp_path, "alice/exercises/u01_tensors/tensors.py", "bob/exercises/u01_tensors/tensors.py")
    assert found(take(tmp_path)) == [("alice", "u01_tensors"), ("bob", "u01_tensors")]


@pytest.mark.parametrize("place", ["alice", "alice/u01_tensors", "alice/exercises/u01_tensors"])
def test_a_single_file_belongs_to_the_folder_above_it(tmp_path: Path, place: str) -> None:
    put(tmp_path, f"{place}/tensors.py")
    assert found(take(tmp_path / place / "tensors.py")) == [("alice", "u01_tensors")]


def test_a_path_relative_to_the_current_folder_still_names_the_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "alice/tensors.py")
    monkeypatch.chdir(tmp_path / "alice")
    assert found(take(Path("tensors.py"))) == found(take(Path())) == [("alice", "u01_tensors")]


@pytest.mark.parametrize("inside", ["tensors.py", "u01_tensors/tensors.py", "homework/tensors.py", "a/b/tensors.py"])
def test_a_zip_of_one_student_is_named_after_the_zip(tmp_path: Path, inside: str) -> None:
    assert only(take(zipped(tmp_path / "alice.zip", inside))) == Submission("alice", "u01_tensors", "tensors.py", CODE)


@pytest.mark.parametrize("top", ["", "class-2025/"])
def test_a_zip_of_a_class_holds_students_with_or_without_a_folder_around_them(tmp_path: Path, top: str) -> None:
    path = zipped(tmp_path / "class.zip", f"{top}alice/tensors.py", f"{top}bob/u03_backprop/backprop.py")
    assert found(take(path)) == [("alice", "u01_tensors"), ("bob", "u03_backprop")]


def test_a_students_zip_in_a_class_folder_is_named_after_the_zip(tmp_path: Path) -> None:
    put(tmp_path, "bob/tensors.py")
    zipped(tmp_path / "alice.zip", "homework/tensors.py")
    zipped(tmp_path / "carol" / "upload.zip", "mlp.py")
    assert found(take(tmp_path)) == [("alice", "u01_tensors"), ("bob", "u01_tensors"), ("carol", "u06_mlp")]


def test_several_paths_make_one_class(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py", "alice/mlp.py")
    bob = zipped(tmp_path / "bob.zip", "tensors.py")
    assert found(take(bob, tmp_path / "alice" / "mlp.py", tmp_path / "alice" / "tensors.py")) == [
        ("alice", "u01_tensors"),
        ("alice", "u06_mlp"),
        ("bob", "u01_tensors"),
    ]


def test_a_class_one_folder_down_is_found_and_said(tmp_path: Path) -> None:
    put(tmp_path, "class/alice/tensors.py", "class/bob/tensors.py")
    intake = take(tmp_path)
    assert [submission.student for submission in intake.submissions] == ["alice", "bob"]
    assert "one folder down, in class" in noted(intake)


def test_a_file_beside_the_students_folders_belongs_to_nobody_and_is_said(tmp_path: Path) -> None:
    put(tmp_path, "tensors.py", "late.7z", "alice/tensors.py", "bob/tensors.py")
    intake = take(tmp_path)
    assert [submission.student for submission in intake.submissions] == ["alice", "bob"]
    assert "not graded: late.7z, tensors.py" in noted(intake)


def test_old_copies_in_a_students_folder_do_not_make_it_a_class(tmp_path: Path) -> None:
    put(tmp_path / "alice", "tensors.py")
    put(tmp_path / "alice", "old/tensors.py", data=b"old")
    submission = only(take(tmp_path / "alice"))
    assert submission.source == CODE
    assert "alice/tensors.py counts, not alice/old/tensors.py" in said(submission)


def test_a_zip_made_on_windows_or_on_a_mac_keeps_its_names(tmp_path: Path) -> None:
    path = zipped(tmp_path / "class.zip", "hoàng\\tensors.py", "bình\\tensors.py", "__MACOSX/hoàng/._tensors.py")
    path.write_bytes(_without_utf8_flag(path.read_bytes()))
    assert [submission.student for submission in take(path).submissions] == ["bình", "hoàng"]


def _without_utf8_flag(data: bytes) -> bytes:
    """The same zip, which no longer says that its names are UTF-8."""
    out = bytearray(data)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = out.find(magic)
        while at >= 0:
            (flags,) = struct.unpack_from("<H", out, at + offset)
            struct.pack_into("<H", out, at + offset, flags & ~0x800)
            at = out.find(magic, at + 4)
    return bytes(out)


# Which units


def test_without_a_selection_a_student_is_graded_only_in_what_they_handed_in(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py", "bob/notes.txt")
    intake = take(tmp_path)
    assert found(intake) == [("alice", "u01_tensors")]
    assert "bob: no module was found; looked for tensors.py, backprop.py, mlp.py" in noted(intake)


def test_with_a_selection_every_student_is_graded_in_each_of_its_units(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py", "bob/notes.txt", "carol/mlp.py")
    intake = take(tmp_path, units=["u03_backprop", "u01_tensors"])
    assert found(intake) == [(name, id) for name in ("alice", "bob", "carol") for id in ("u01_tensors", "u03_backprop")]
    missing = [submission for submission in intake.submissions if submission.source is None]
    assert len(missing) == 5
    assert "backprop.py was not handed in" in said(missing[0])


def test_of_two_copies_the_path_named_first_counts_and_the_other_is_said(tmp_path: Path) -> None:
    put(tmp_path, "late/alice/tensors.py", data=b"late")
    put(tmp_path, "first/alice/tensors.py", data=b"first")
    submission = only(take(tmp_path / "first", tmp_path / "late"))
    assert submission.source == b"first"
    assert "first/alice/tensors.py counts, not late/alice/tensors.py" in said(submission)


def test_two_copies_with_the_same_text_need_no_word(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py", "alice/u01_tensors/tensors.py")
    assert only(take(tmp_path)).notes == ()


def test_a_copy_that_can_be_read_wins_over_one_that_cannot(tmp_path: Path) -> None:
    put(tmp_path, "alice/u01_tensors/tensors.py")
    (tmp_path / "alice" / "tensors.py").symlink_to("/etc/passwd")
    assert only(take(tmp_path)).source == CODE


def test_the_wrong_case_of_a_name_is_understood_and_said(tmp_path: Path) -> None:
    put(tmp_path, "alice/Tensors.PY")
    submission = only(take(tmp_path))
    assert submission.filename == "tensors.py"
    assert "Tensors.PY was taken for tensors.py" in said(submission)


def test_of_two_cases_of_a_name_the_exact_one_counts(tmp_path: Path) -> None:
    path = zipped(tmp_path / "alice.zip", ("Tensors.py", b"no"), ("tensors.py", CODE), ("TENSORS.py", b"no"))
    assert only(take(path)).source == CODE


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_one_name_twice_in_a_zip_the_later_counts_as_unzip_has_it(tmp_path: Path) -> None:
    submission = only(take(zipped(tmp_path / "alice.zip", ("tensors.py", b"no"), ("tensors.py", CODE))))
    assert submission.source == CODE
    assert "more than once" in said(submission)


def test_a_misnamed_module_is_pointed_out_beside_the_right_ones(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py", "alice/backprob.py", "alice/test_mlp.py")
    assert "did you mean backprop.py? found backprob.py" in said(only(take(tmp_path)))
    assert "mlp.py?" not in said(only(take(tmp_path)))


def test_a_notebook_with_a_name_that_is_nearly_right_is_pointed_out(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensor.ipynb", "bob/tensors.py")
    assert "alice: did you mean tensors.ipynb? found tensor.ipynb" in noted(take(tmp_path))


# What is left out


def test_files_that_would_steer_python_or_pytest_are_ignored_and_said(tmp_path: Path) -> None:
    ignored = ["conftest.py", "pytest.ini", "pyproject.toml", "sitecustomize.py", "x.pth", "__pycache__/tensors.pyc"]
    put(tmp_path / "alice", "tensors.py", "README.md", *ignored)
    submission = only(take(tmp_path / "alice"))
    assert submission.source == CODE
    assert "ignored, never read: __pycache__, conftest.py, pyproject.toml, pytest.ini" in said(submission)
    assert "README" not in said(submission)


def test_a_zip_ignores_the_same_files_and_zips_within_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "alice.zip", "tensors.py", "conftest.py", "more.zip", "notes.txt")
    assert said(only(take(path))) == "ignored, never read: conftest.py, more.zip"


def test_hidden_folders_and_virtual_environments_are_not_searched(tmp_path: Path) -> None:
    put(tmp_path, ".git/tensors.py", "alice/.venv/tensors.py", "alice/venv/lib/mlp.py", "alice/tensors.py")
    assert found(take(tmp_path)) == [("alice", "u01_tensors")]
    assert ".git" not in noted(take(tmp_path))


def test_source_is_never_run_or_parsed(tmp_path: Path) -> None:
    bomb = f"open({str(tmp_path / 'ran')!r}, 'w')\n".encode() + b"-" * 100_000 + b"1\n\x00\xff"
    put(tmp_path / "alice", "tensors.py", "conftest.py", "sitecustomize.py", data=bomb)
    assert only(take(tmp_path / "alice")).source == bomb
    assert not (tmp_path / "ran").exists()


def test_an_empty_file_is_a_submission(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py", data=b"")
    assert only(take(tmp_path)).source == b""


@pytest.mark.parametrize("size", [MAX_SOURCE, MAX_SOURCE + 1])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_module_may_hold_256_kib_and_not_a_byte_more(tmp_path: Path, size: int, kind: str) -> None:
    data = b"#" * size
    if kind == "zip":
        path = zipped(tmp_path / "alice.zip", ("tensors.py", data))
    else:
        path = put(tmp_path / "alice", "tensors.py", data=data)
    submission = only(take(path))
    assert (submission.source is None) == (size > MAX_SOURCE)
    assert ("larger than 256 KiB" in said(submission)) == (size > MAX_SOURCE)


# Links, pipes, devices


def test_a_link_to_the_solution_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "solutions/tensors.py", "class/bob/tensors.py")
    (tmp_path / "class" / "alice").mkdir()
    (tmp_path / "class" / "alice" / "tensors.py").symlink_to(tmp_path / "solutions" / "tensors.py")
    alice, bob = take(tmp_path / "class").submissions
    assert alice.source is None
    assert "tensors.py is a link" in said(alice)
    assert bob.source == CODE


def test_a_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "solutions/tensors.py", "class/bob/tensors.py")
    (tmp_path / "class" / "alice").symlink_to(tmp_path / "solutions")
    intake = take(tmp_path / "class")
    assert found(intake) == [("bob", "u01_tensors")]
    assert "alice is a link and was not followed" in noted(intake)


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py")
    (tmp_path / "alice" / "again").symlink_to(tmp_path)
    assert only(take(tmp_path)).source == CODE


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "alice").mkdir()
    os.mkfifo(tmp_path / "alice" / "tensors.py")
    os.mkfifo(tmp_path / "carol.zip")
    put(tmp_path, "bob/tensors.py")
    intake = take(tmp_path)
    assert "not a file" in said(intake.submissions[0])
    assert "carol: carol.zip is a link or a device" in noted(intake)


@pytest.mark.parametrize("mode", [LINK, FIFO, stat.S_IFCHR | 0o666])
def test_a_link_or_device_in_a_zip_is_refused(tmp_path: Path, mode: int) -> None:
    path = zipped(tmp_path / "alice.zip", (special("tensors.py", mode), b"/etc/passwd"), "mlp.py")
    tensors, mlp = take(path).submissions
    assert tensors.source is None
    assert "link or a device in the zip" in said(tensors)
    assert mlp.source == CODE


def test_a_link_named_on_the_command_line_is_refused_too(tmp_path: Path) -> None:
    put(tmp_path, "solutions/tensors.py")
    (tmp_path / "alice").symlink_to(tmp_path / "solutions")
    with pytest.raises(IntakeError, match="alice: a link; name what it points to"):
        take(tmp_path / "alice")


def test_a_file_without_read_permission_is_said() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = put(Path(name), "alice/tensors.py", "bob/tensors.py")
        folder.chmod(0o755)
        (folder / "alice" / "tensors.py").chmod(0)
        with being_nobody():
            alice, bob = take(folder).submissions
    assert "cannot be read (Permission denied)" in said(alice)
    assert said(bob) == ""


# Hostile zips


@pytest.mark.parametrize("name", ["../tensors.py", "/tensors.py", "a/../../tensors.py", "C:\\tensors.py", "..\\mlp.py"])
def test_a_name_that_leads_out_of_the_zip_is_refused(tmp_path: Path, name: str) -> None:
    submission = only(take(zipped(tmp_path / "alice.zip", (name, b"evil"), "backprop.py")))
    assert submission.unit == "u03_backprop"
    assert "leads out of the zip" in said(submission)


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "alice.zip", ("tensors.py_.png", b"evil"), "mlp.py")
    path.write_bytes(path.read_bytes().replace(b"tensors.py_.png", b"tensors.py\0.png"))
    submission = only(take(path))
    assert submission.unit == "u06_mlp"
    assert "tensors.py_.png was refused" in said(submission)


def test_a_bomb_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    bomb = b"\0" * 200_000_000
    path = zipped(tmp_path / "alice.zip", ("tensors.py", bomb), ("data.bin", bomb), "mlp.py")
    start = time.process_time()
    tensors, mlp = take(path).submissions
    assert time.process_time() - start < 0.5
    assert tensors.source is None
    assert mlp.source == CODE


def test_a_size_that_lies_is_not_believed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "alice.zip", ("tensors.py", b"#" * 300_000), "mlp.py")
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 300_000), struct.pack("<I", 10)))
    tensors, _ = take(path).submissions
    assert tensors.source is None
    assert "damaged" in said(tensors)


def test_a_directory_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "alice.zip", "tensors.py")
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    path.write_bytes(bytes(data[:end]) + bytes(60_000_000) + bytes(data[end:]))
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, 60_000_000)
    path.write_bytes(data)
    with pytest.raises(IntakeError, match="it holds more than 50000 files"):
        take(path)


def test_a_students_zip_with_too_many_names_is_refused_and_costs_nobody_else(tmp_path: Path) -> None:
    zipped(tmp_path / "alice.zip", "tensors.py", *(f"d{i}/x" for i in range(MAX_ENTRIES)))
    put(tmp_path, "bob/tensors.py")
    intake = take(tmp_path)
    assert found(intake) == [("bob", "u01_tensors")]
    assert "alice: alice.zip: it holds too many files (2001)" in noted(intake)


def test_many_copies_of_a_module_do_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "ONE_STUDENT", archive_module.Bounds(MAX_ENTRIES, 50_000))
    zipped(tmp_path / "alice.zip", ("tensors.py", b"#" * 40_000), ("old/tensors.py", b"#" * 40_000))
    assert only(take(tmp_path)).source == b"#" * 40_000


def test_an_encrypted_zip_asks_for_one_without_a_password(tmp_path: Path) -> None:
    path = zipped(tmp_path / "alice.zip", "tensors.py", method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    submission = only(take(path))
    assert submission.source is None
    assert "tensors.py is encrypted; hand in a zip without a password" in said(submission)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_unusual_packing_is_refused_before_it_can_ask_for_memory(tmp_path: Path, method: int) -> None:
    assert "packed in an unusual way" in said(only(take(zipped(tmp_path / "alice.zip", "tensors.py", method=method))))


def test_one_damaged_module_in_a_zip_leaves_the_others(tmp_path: Path) -> None:
    path = zipped(tmp_path / "alice.zip", ("tensors.py", b"x" * 100), "mlp.py", method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"x" * 100, b"y" * 100))
    tensors, mlp = take(path).submissions
    assert "tensors.py is damaged in the zip" in said(tensors)
    assert mlp.source == CODE


@pytest.mark.parametrize("cut", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_zip_cut_short_anywhere_is_one_line(tmp_path: Path, cut: float) -> None:
    path = zipped(tmp_path / "alice.zip", "tensors.py")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(IntakeError) as error:
        take(path)
    assert "\n" not in str(error.value)


def test_a_corrupt_zip_in_a_class_stops_nobody_and_is_said_twice(tmp_path: Path) -> None:
    put(tmp_path, "alice.zip", data=b"PK\x03\x04 not a zip")
    put(tmp_path, "bob/tensors.py")
    intake = take(tmp_path, units=["u01_tensors"])
    assert found(intake) == [("alice", "u01_tensors"), ("bob", "u01_tensors")]
    assert "alice.zip: it is not a zip that can be opened" in said(intake.submissions[0])
    assert "alice: alice.zip: it is not a zip that can be opened" in noted(intake)


# Tars: what a zip may hold, a tar may; the hostile ones are in tests/golden/hostile/intake/


def tarred(path: Path, *entries: str | tuple[str, bytes], mode: Literal["w", "w:gz", "w:bz2", "w:xz"] = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for entry in entries:
            name, data = (entry, CODE) if isinstance(entry, str) else entry
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("end", [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".TAR.GZ", ".Zip"])
def test_an_archive_s_name_without_its_ending_is_the_student(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"an.le{end}"
    if end == ".Zip":
        zipped(path, "homework/tensors.py")
    else:
        tarred(path, "homework/tensors.py", mode="w:gz" if "g" in end.casefold() else "w")
    put(tmp_path, "bob/tensors.py")
    assert found(take(path)) == [("an.le", "u01_tensors")]
    assert found(take(tmp_path)) == [("an.le", "u01_tensors"), ("bob", "u01_tensors")]


@pytest.mark.parametrize("name", [".tar.gz", ".zip", "alice.gz", "alice.tar.zst", "tar", "alice.tar.gz.py"])
def test_a_name_that_only_looks_like_an_archive_is_none(name: str) -> None:
    assert archive_module.stem(name) is None


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_of_a_class_holds_students(tmp_path: Path, mode: Literal["w", "w:gz", "w:bz2", "w:xz"]) -> None:
    names = ["./class/hoàng/tensors.py", "./class/bob/u03_backprop/backprop.py", f"./class/an/{'d' * 200}/x.py"]
    intake = take(tarred(tmp_path / "class.tar", *names, mode=mode))
    assert found(intake) == [("bob", "u03_backprop"), ("hoàng", "u01_tensors")]


@pytest.mark.parametrize("cut", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_packed_tar_cut_short_anywhere_is_one_line(
    tmp_path: Path, mode: Literal["w:gz", "w:bz2", "w:xz"], cut: float
) -> None:
    path = tarred(tmp_path / "alice.tar.gz", "tensors.py", ("data.bin", os.urandom(100_000)), mode=mode)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(IntakeError, match=r"it is damaged|not a tar that can be opened") as error:
        take(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [MAX_SOURCE, MAX_SOURCE + 1])
def test_a_module_in_a_tar_may_hold_256_kib_and_what_follows_is_read(tmp_path: Path, size: int) -> None:
    tensors, mlp = take(tarred(tmp_path / "alice.tgz", ("tensors.py", b"#" * size), "mlp.py", mode="w:gz")).submissions
    assert (tensors.source is None) == ("larger than 256 KiB" in said(tensors)) == (size > MAX_SOURCE)
    assert mlp.source == CODE


def test_honest_data_in_a_tar_is_passed_over(tmp_path: Path) -> None:
    """60 MB, which pack three to one as weights do: no bomb."""
    noise = os.urandom(1_000_000)
    path = tarred(tmp_path / "alice.tgz", ("data.bin", (noise + bytes(2_000_000)) * 20), "tensors.py", mode="w:gz")
    assert only(take(path)).source == CODE


# Errors: one line with the thing and the cure


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="nowhere: no such file or folder; check the path"):
        take(tmp_path / "nowhere")


def test_a_path_with_a_nul_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="check the path"):
        take(tmp_path / "a\0b")


def test_a_folder_without_a_known_module_says_what_was_looked_for(tmp_path: Path) -> None:
    put(tmp_path, "alice/notes.txt")
    with pytest.raises(IntakeError, match=r"no known module; looked for tensors\.py, backprop\.py, mlp\.py$"):
        take(tmp_path)


@pytest.mark.parametrize("path", ["alice/tensor.py", "alice.zip"])
def test_a_module_nearly_named_right_is_recognised(tmp_path: Path, path: str) -> None:
    put(tmp_path, "alice/tensor.py")
    zipped(tmp_path / "alice.zip", "alice/tensor.py")
    with pytest.raises(IntakeError, match=r"did you mean tensors\.py\? found tensor\.py"):
        take(tmp_path / path)


def test_a_folder_with_other_units_only_points_to_the_selection(tmp_path: Path) -> None:
    put(tmp_path, "alice/mlp.py")
    for path in (tmp_path, tmp_path / "alice" / "mlp.py"):
        with pytest.raises(IntakeError, match=r"looked for tensors\.py; found modules of u06_mlp: see --unit"):
            take(path, units=["u01_tensors"])


def test_a_folder_with_nothing_but_a_corrupt_zip_says_so(tmp_path: Path) -> None:
    put(tmp_path, "alice.zip", data=b"no")
    with pytest.raises(IntakeError, match=r"no known module; .*; alice\.zip: it is not a zip that can be opened"):
        take(tmp_path)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "alice.rar")
    with pytest.raises(IntakeError, match=r"alice\.rar: neither a folder nor a \.py, \.ipynb, \.zip or \.tar"):
        take(tmp_path / "alice.rar")


def test_a_long_path_is_told_to_its_end(tmp_path: Path) -> None:
    folder = tmp_path / ("far" * 30)
    folder.mkdir()
    path = put(folder, "alice.rar") / "alice.rar"
    with pytest.raises(IntakeError) as refused:
        take(path)
    assert str(refused.value).startswith(f"{path}: neither")


def test_a_pipe_named_as_a_module_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tensors.py")
    with pytest.raises(IntakeError, match="hand in the file itself"):
        take(tmp_path / "tensors.py")


def test_no_path_at_all_is_an_error() -> None:
    with pytest.raises(IntakeError, match="nothing to grade"):
        take()


def test_an_error_shows_no_control_characters(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as error:
        take(tmp_path / "a\x1b[31m\u202eb")
    assert printable(str(error.value)) == str(error.value) or len(str(error.value)) > 80
    assert "\x1b" not in str(error.value)


# Names


def test_a_name_with_hidden_characters_is_cleaned_and_cannot_pass_for_a_neighbour(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py")
    put(tmp_path, "ali\u200bce/tensors.py", "bo\x1b[31mb/tensors.py", "c\na/tensors.py", data=b"other")
    intake = take(tmp_path)
    names = [submission.student for submission in intake.submissions]
    assert len(set(names)) == 4
    assert names[0].startswith("ali_ce~")
    assert "alice" in names
    assert all(name == printable(name) for name in names)
    assert "the name was changed" in said(intake.submissions[0])


def test_a_name_that_is_not_utf8_is_shown(tmp_path: Path) -> None:
    try:
        put(tmp_path, os.fsdecode(b"ali\xff") + "/tensors.py")
    except OSError:
        pytest.skip("this disk wants UTF-8")
    assert only(take(tmp_path)).student.encode().startswith(b"ali_~")


def test_one_name_in_two_unicode_forms_is_one_student() -> None:
    assert student_name("Ho\u00e0ng") == student_name("Hoa\u0300ng") == "Hoàng"


def test_file_names_keep_plain_names_and_letters_of_any_language() -> None:
    assert file_names(["alice", "Nguyễn Văn An", "bob.2"]) == {
        "alice": "alice",
        "Nguyễn Văn An": "Nguyễn-Văn-An",
        "bob.2": "bob.2",
    }


def test_file_names_are_safe_on_every_system_and_distinct_without_case() -> None:
    students = ["a/b", "a:b", "..", "", "CON", "nul.py", "Alice", "alice", "index", "x" * 300, "x" * 301, "-rf", "<b>"]
    names = file_names(students)
    assert set(names) == set(students)
    assert len({name.casefold() for name in names.values()}) == len(students)
    for name in names.values():
        assert name
        assert len(name) <= 90
        assert not set(name) & set('/\\:*?"<>| ')
        assert name[0] not in "-."
        assert name.casefold() not in {"con", "index"}


# Speed and the limits of a folder


def test_a_class_of_400_is_read_within_a_second(tmp_path: Path) -> None:
    for i in range(400):
        put(tmp_path, f"s{i:03}/u01_tensors/tensors.py", f"s{i:03}/backprop.py")
    start = time.process_time()
    intake = take(tmp_path)
    assert time.process_time() - start < 1
    assert len(intake.submissions) == 800


def test_a_folder_stuffed_with_files_hides_nothing_near_the_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.intake.folder.MAX_NAMES", 50)
    put(tmp_path, "alice/tensors.py", "alice/u06_mlp/mlp.py", *(f"alice/data/{i}.png" for i in range(60)))
    intake = take(tmp_path)
    assert found(intake) == [("alice", "u01_tensors"), ("alice", "u06_mlp")]
    assert "more than 50 files" in said(intake.submissions[0])


def test_folders_nested_for_ever_are_left_at_a_depth(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.py", "alice/" + "d/" * 40 + "mlp.py")
    assert found(take(tmp_path)) == [("alice", "u01_tensors")]
