"""The readers of what others wrote, fuzzed: damaged input gives one line of an error, never another exception."""

from __future__ import annotations

import ast
import bz2
import contextlib
import gzip
import io
import json
import lzma
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from autograder.course import Course, CourseError, load
from autograder.intake import IntakeError, collect
from autograder.intake.archive import A_CLASS
from autograder.intake.notebook import NoNotebook, read
from autograder.intake.unpack import XZ_MEMORY
from autograder.intake.zip_reader import DIRECTORY_BYTES
from autograder.models import Submission
from autograder.sandbox.inner.cells import split
from autograder.words import say
from tests.hostile_notebooks import PARTS, as_bytes, notebook, prose
from tests.tiny_course import GRADING, tiny_course

MANY = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the file is written anew each time
)
MORE = settings(MANY, max_examples=500)
MIB = 1 << 20
REGISTRY = GRADING.encode()


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few of them changed, cut off, or moved."""
    place = st.integers(0, len(whole))
    changes = st.lists(st.tuples(place, st.binary(max_size=6), st.integers(0, 12)), min_size=1, max_size=4)

    def damage(steps: list[tuple[int, bytes, int]]) -> bytes:
        data = whole
        for at, put, drop in steps:
            data = data[:at] + put + data[at + drop :]
        return data

    return changes.map(damage)


@MANY
@given(st.one_of(st.binary(max_size=400), damaged(REGISTRY)))
def test_a_damaged_grading_yml_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "grading.yml"
    path.write_bytes(data)
    refused = ""
    try:
        load(path)
    except CourseError as error:
        refused = str(error)
    assert "\n" not in refused


FILES = {
    "an/tiny.py": b"def double(x):\n    return 2 * x\n" * 20,
    "binh/u01_tiny/tiny.py": b"x = 1\n",
    "binh/notes.txt": b"hello",
}


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in FILES.items():
            file.writestr(name, data)
    return buffer.getvalue()


def a_tar(kind: int) -> bytes:
    """With what a tar may hold besides: a pax header or a long name before a file, a link, a folder, holes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as file:
        for name, data in {**FILES, "an/" + "d" * 90 + "/" + "e" * 90 + ".py": b"x"}.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1.5 if kind == tarfile.PAX_FORMAT else 1
            file.addfile(info, io.BytesIO(data))
        for type in (tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE):
            info = tarfile.TarInfo("chi/tiny.py")
            info.type, info.linkname = type, "../an/tiny.py"
            file.addfile(info)
    return buffer.getvalue().rstrip(b"\0") + bytes(2048)  # less of the zeros at the end, which stand for nothing


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return tiny_course(tmp_path_factory.mktemp("fuzzed"))


def read_or_refused(path: Path, data: bytes, course: Course, most: int) -> bool:
    """In one line, with no module above the cap and no more memory than `most`.  True when it was read."""
    path.write_bytes(data)
    refused = ""
    submissions: Sequence[Submission] = ()
    tracemalloc.start()
    try:
        submissions = collect([path], course, None).submissions
    except IntakeError as error:
        refused = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "\n" not in refused
    assert all(submission.source is None or len(submission.source) <= 256 << 10 for submission in submissions)
    assert peak < most
    return not refused


@MANY
@given(st.one_of(st.binary(max_size=400), damaged(a_zip())))
def test_a_damaged_zip_is_read_or_refused_in_one_line(course: Course, tmp_path: Path, data: bytes) -> None:
    read_or_refused(tmp_path / "class.zip", data, course, A_CLASS.entries * DIRECTORY_BYTES + MIB)


def with_right_checksums(data: bytes) -> bytes:
    """The tar as its attacker would send it: what was changed in a header counts."""
    blocks = [bytearray(data[at : at + 512]) for at in range(0, len(data), 512)]
    for block in blocks:
        if block[257:262] == b"ustar" and len(block) == 512:
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block)
    return b"".join(blocks)


TARS = [a_tar(kind) for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)]
HEADERS = [
    (tar, at) for tar in TARS for at in range(0, len(tar), 512) if tar[at + 257 : at + 262] == b"ustar"
]  # fmt: skip
FIELDS = [
    0,
    100,
    124,
    125,
    130,
    135,
    156,
    157,
    257,
    345,
    386,
    482,
    483,
    500,
    512,
    514,
    520,
]  # the last: of what follows
VALUES = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from(
        [b"\x80" + b"\0" * 3 + b"\x7f" * 8, b"\xff" * 12, b"77777777777\0", *(bytes([c]) for c in b"0123457LKSxgXVDM")]
    ),
)


@MORE
@given(st.one_of(st.binary(max_size=1200), *(damaged(tar) for tar in TARS)))
def test_a_damaged_tar_is_read_or_refused_in_one_line(course: Course, tmp_path: Path, data: bytes) -> None:
    read_or_refused(tmp_path / "class.tar", data, course, MIB)


@MORE
@given(st.sampled_from(HEADERS), st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), min_size=1, max_size=3))
def test_a_tar_with_forged_headers_is_read_or_refused_in_one_line(
    course: Course, tmp_path: Path, header: tuple[bytes, int], forged: list[tuple[int, bytes]]
) -> None:
    """Sizes without end or below nothing, types, maps of holes, lengths in a pax header; the checksum is right."""
    tar, start = header
    data = bytearray(tar)
    for field, value in forged:
        data[start + field : start + field + len(value)] = value
    read_or_refused(tmp_path / "class.tar", with_right_checksums(bytes(data)), course, MIB)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_a_damaged_packed_tar_is_read_or_refused_in_one_line(
    course: Course, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    most = XZ_MEMORY + MIB if pack is lzma.compress else 8 * MIB
    whole = pack(TARS[0])
    assert read_or_refused(tmp_path / "class.tar.gz", whole, course, most)

    @MANY
    @given(damaged(whole))
    def fuzz(data: bytes) -> None:
        read_or_refused(tmp_path / "class.tar.gz", data, course, most)

    fuzz()


NOTEBOOK = as_bytes(notebook([prose("# Homework"), "!pip install torch", *PARTS]))
KEYS = st.sampled_from(["cells", "worksheets", "cell_type", "source", "input", "code", "nbformat", "outputs"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.just("code"), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


@settings(MANY, max_examples=600)
@given(st.one_of(st.binary(max_size=400), damaged(NOTEBOOK), ANYTHING.map(json.dumps).map(str.encode)))
def test_a_damaged_notebook_is_read_or_refused_in_one_line(data: bytes) -> None:
    refused = ""
    try:
        found = read(data)
    except NoNotebook as error:
        refused = say(error.message, "en")
    else:
        lines = found.source.decode("utf-8").split("\n")
        assert list(found.cells) == sorted(set(found.cells))
        assert all(1 <= line < len(lines) for line in found.cells)
    assert "\n" not in refused


TOKENS = ["%", "!", "?", "%%time", "x", "=", "1", "(", ")", "\n", "\n", "    ", "\\", "'''", "'", "def f():", "#", " "]


@MANY
@given(st.lists(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join), min_size=1, max_size=4))
def test_cells_that_python_understands_are_never_touched(sources: list[str]) -> None:
    """And the others keep the numbers of their lines."""
    whole = read(as_bytes(notebook(sources)))
    for cell in split(whole.source, whole.cells):
        before = list(cell.lines)
        try:
            ast.parse("\n".join(before))
            understood = True
        except (SyntaxError, ValueError):
            understood = False
        with contextlib.suppress(SyntaxError, ValueError):
            cell.parsed(ast.parse)
        assert len(cell.lines) == len(before)
        assert not understood or cell.lines == before
