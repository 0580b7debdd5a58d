"""Hand-ins that git cannot keep: archives, links, pipes, names that no disk of ours should hold.

BUILDERS[case](Place): named as the folder tests/golden/hostile/intake/<case>/, whose expect.toml says the rest
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import socket
import stat
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tests.hostile_files import RIGHT

CODE = RIGHT.encode()
WRONG = b"1 / 0\n"
ZEROS = 200_000_000
Mode = Literal["w", "w:gz", "w:bz2", "w:xz"]


@dataclass(frozen=True)
class Place:
    """Where a hand-in is laid, and what it may reach for."""

    submissions: Path
    student: str
    ran: Path  # a folder beside the submissions: what would write there was extracted, loaded or run
    solution: Path

    def folder(self, *files: tuple[str, bytes]) -> Path:
        folder = self.submissions / self.student
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    def zip(self, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = self.submissions / f"{self.student}.zip"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
            warnings.simplefilter("ignore")  # "Duplicate name"
            for name, data in entries:
                archive.writestr(name, data)
        return path

    def tar(
        self,
        *entries: tuple[str | tarfile.TarInfo, bytes],
        end: str = ".tar",
        mode: Mode = "w",
        kind: int = tarfile.PAX_FORMAT,
    ) -> Path:
        path = self.submissions / f"{self.student}{end}"
        with tarfile.open(path, mode, format=kind) as archive:
            for name, data in entries:
                info = tarfile.TarInfo(name) if isinstance(name, str) else name
                info.size = info.size or len(data)
                archive.addfile(info, io.BytesIO(data) if data else None)
        return path

    def bytes(self, end: str, data: bytes) -> Path:
        path = self.submissions / f"{self.student}{end}"
        path.write_bytes(data)
        return path


def zipped(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def tarred(name: str, type: bytes, link: str | Path = "", **more: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, str(link)
    for key, value in more.items():
        setattr(info, key, value)
    return info


# Names that lead out


def climbing_zip(at: Place) -> None:
    names = ["../target.py", f"{at.ran}/target.py", "a/../../target.py", "..\\target.py", "C:\\target.py"]
    at.zip(*((name, CODE) for name in names))


def climbing_tar(at: Place) -> None:
    names = ["../target.py", f"{at.ran}/target.py", "a/../../target.py", "..\\target.py", f"../{'x' * 200}/target.py"]
    at.tar(*((name, CODE) for name in names))


def refused_without_end(at: Place) -> None:
    at.zip(*((f"../{number}/target.py", b"") for number in range(1900)))


# Links, pipes, devices


def linked_zip(at: Place) -> None:
    at.zip((zipped("target.py", stat.S_IFLNK | 0o777), str(at.solution).encode()))


def device_zip(at: Place) -> None:
    at.zip((zipped("target.py", stat.S_IFCHR | 0o666), b"\1\5"), (zipped("a/target.py", stat.S_IFIFO | 0o644), b""))


def link_then_file_zip(at: Place) -> None:
    at.zip((zipped("d", stat.S_IFLNK | 0o777), str(at.ran).encode()), ("d/target.py", CODE))


def linked_tar(at: Place) -> None:
    at.tar((tarred("target.py", tarfile.SYMTYPE, at.solution), b""))


def hard_linked_tar(at: Place) -> None:
    at.tar((tarred("target.py", tarfile.LNKTYPE, at.solution), b""))


def devices_tar(at: Place) -> None:
    at.tar(
        (tarred("target.py", tarfile.CHRTYPE, devmajor=1, devminor=5), b""),
        (tarred("a/target.py", tarfile.BLKTYPE, devmajor=8), b""),
        (tarred("b/target.py", tarfile.FIFOTYPE), b""),
    )


def link_then_file_tar(at: Place) -> None:
    at.tar((tarred("d", tarfile.SYMTYPE, at.ran), b""), ("d/target.py", CODE))


def linked_folder(at: Place) -> None:
    (at.submissions / at.student).symlink_to(at.solution.parent)


def linked_file(at: Place) -> None:
    (at.folder() / "target.py").symlink_to(at.solution)


def linked_archive(at: Place) -> None:
    (at.ran.parent / "another.zip").write_bytes(b"")
    (at.submissions / f"{at.student}.zip").symlink_to(at.ran.parent / "another.zip")


def hard_linked_file(at: Place) -> None:
    """His own file under two names: on a disk that is a file as any other."""
    folder = at.folder(("draft.txt", CODE))
    os.link(folder / "draft.txt", folder / "target.py")


def pipe_in_a_folder(at: Place) -> None:
    os.mkfifo(at.folder() / "target.py")


def device_in_a_folder(at: Place) -> None:
    """/dev/zero, where this user may make one; else a socket, which is no file either."""
    folder = at.folder()
    try:
        os.mknod(folder / "target.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except OSError:
        here = os.open(".", os.O_RDONLY)
        os.chdir(folder)  # the path of a socket may have 107 characters
        with socket.socket(socket.AF_UNIX) as door:
            door.bind("target.py")
        os.chdir(here)
        os.close(here)


# Bombs, and sizes that lie


@cache
def zeros_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("target.py", bytes(ZEROS))
    return buffer.getvalue()


@cache
def zeros_tar(how: str) -> bytes:
    """200 MB of zeros as target.py in a packed tar, made piece by piece."""
    info = tarfile.TarInfo("target.py")
    info.size = ZEROS
    pieces = [info.tobuf(), *([bytes(1_000_000)] * (ZEROS // 1_000_000)), bytes(10240)]
    packer: Any
    if how == "gz":
        packer = zlib.compressobj(9, wbits=31)
    else:
        packer = bz2.BZ2Compressor() if how == "bz2" else lzma.LZMACompressor(preset=0)
    return b"".join([packer.compress(piece) for piece in pieces]) + bytes(packer.flush())


def bomb_zip(at: Place) -> None:
    at.bytes(".zip", zeros_zip())


def bomb_in_a_zip(at: Place) -> None:
    at.zip(("target.py", CODE), ("more.zip", zeros_zip()), ("data.tar.gz", zeros_tar("gz")))


def bomb_gz(at: Place) -> None:
    at.bytes(".tar.gz", zeros_tar("gz"))


def bomb_bz2(at: Place) -> None:
    at.bytes(".tar.bz2", zeros_tar("bz2"))


def bomb_xz(at: Place) -> None:
    at.bytes(".tar.xz", zeros_tar("xz"))


def bomb_behind_the_module(at: Place) -> None:
    """The module is whole before the bomb begins."""
    good = io.BytesIO()
    with tarfile.open(fileobj=good, mode="w") as archive:
        info = tarfile.TarInfo("target.py")
        info.size = len(CODE)
        archive.addfile(info, io.BytesIO(CODE))
        head = good.getvalue()  # without the zeros that end a tar
    at.bytes(".tar.gz", gzip.compress(head) + zeros_tar("gz"))


def endless_pax_path(at: Place) -> None:
    info = tarfile.TarInfo("d/" * 20_000_000 + "target.py")
    at.tar((info, b""), end=".tar.gz", mode="w:gz")


def endless_long_name(at: Place) -> None:
    info = tarfile.TarInfo("d/" * 20_000_000 + "target.py")
    at.tar((info, b""), end=".tar.gz", mode="w:gz", kind=tarfile.GNU_FORMAT)


def zip_claims_less(at: Place) -> None:
    data = b"#" * 300_000
    path = at.zip(("target.py", data))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", len(data)), struct.pack("<I", 10)))


def zip_claims_more(at: Place) -> None:
    path = at.zip(("target.py", CODE))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", len(CODE)), struct.pack("<I", 4_000_000_000)))


def tar_claims_exabytes(at: Place) -> None:
    info = tarfile.TarInfo("target.py")
    info.size = 2**62
    at.bytes(".tar", info.tobuf(tarfile.GNU_FORMAT) + CODE)


def tar_claims_less_than_nothing(at: Place) -> None:
    info = tarfile.TarInfo("target.py")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + b"\xfe\0"  # −512: back to this very header, for ever (CVE-2025-8194)
    at.bytes(".tar", _summed(header) + CODE.ljust(2048, b"\0"))


def tar_of_holes(at: Place) -> None:
    """A sparse file: 1 TiB that takes one block."""
    info = tarred("target.py", tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"20000000000\0"
    at.bytes(".tar", _summed(header) + bytes(10240))


def xz_wants_gigabytes(at: Place) -> None:
    """An xz whose header asks for a dictionary of 4 GiB."""
    path = at.tar(("target.py", CODE), end=".tar.xz", mode="w:xz")
    data = bytearray(path.read_bytes())
    size = (data[12] + 1) * 4  # the block's header: its size, flags, filter 0x21, 1 byte of properties, padding, CRC
    at_byte = data.index(b"\x21\x01", 12, 12 + size) + 2
    data[at_byte] = 40
    data[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(data[12 : 12 + size - 4]))
    path.write_bytes(data)


def many_gzips(at: Place) -> None:
    """20 000 empty gzip files one behind the other, then one that holds something."""
    path = at.tar(("target.py", CODE), end=".tgz", mode="w:gz")
    path.write_bytes(gzip.compress(b"") * 20_000 + path.read_bytes())


def many_empty_zip(at: Place) -> None:
    at.zip(("target.py", CODE), *((f"{number}", b"") for number in range(65_000)))


def many_empty_tar(at: Place) -> None:
    at.tar(("target.py", CODE), *((f"{number}", b"") for number in range(6_000)), end=".tgz", mode="w:gz")


# Names


def twice_zip(at: Place) -> None:
    at.zip(("target.py", WRONG), ("target.py", CODE))


def twice_tar(at: Place) -> None:
    at.tar(("target.py", WRONG), ("target.py", CODE))


def cases_zip(at: Place) -> None:
    at.zip(("TARGET.py", WRONG), ("target.py", CODE), ("Target.PY", WRONG))


def odd_names_zip(at: Place) -> None:
    path = at.zip(
        ("target.py_.png", WRONG),
        ("a\nb\x1b[31m/target.py", CODE),
        ("\u202eyp.tegrat/setup.py", WRONG),
        ("conftest\x1b]0;owned\x07.py", WRONG),
    )
    path.write_bytes(path.read_bytes().replace(b"target.py_.png", b"target.py\0.png"))


def odd_names_tar(at: Place) -> None:
    at.tar(
        (tarred("x", tarfile.REGTYPE, pax_headers={"path": "target.py\0.png"}), WRONG),
        ("a\nb\x1b[31m/target.py", CODE),
        ("\u202eyp.tegrat/\x1b[2Jconftest.py", WRONG),
    )


def long_names_tar(at: Place) -> None:
    at.tar(("d/" * 600 + "target.py", WRONG), ("n" * 5000 + ".py", WRONG), ("target.py", CODE))


def deep_folder(at: Place) -> None:
    at.folder(("d/" * 50 + "target.py", CODE))


def formula(at: Place) -> None:
    Place(at.submissions, '=HYPERLINK("mailto:x@example.com","your grade")', at.ran, at.solution).folder(
        ("target.py", CODE)
    )


def markdown_and_ansi(at: Place) -> None:
    name = "<img src=x onerror=alert(1)> **top** [grade](javascript:1) \x1b[31mred\x1b[0m \u202egnp"
    files = [("target.py", CODE), ("conftest\x1b[2J.py", WRONG), ("[click](http:x) <script>.ipynb", b"{}")]
    Place(at.submissions, name, at.ran, at.solution).folder(*files)


# Files that run when they are loaded


class Run:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.makedirs, (str(self.path), 0o777, True)


def pickles(at: Place) -> None:
    data = pickle.dumps(Run(at.ran / "pickle"))
    array = b"\x93NUMPY\1\0" + struct.pack("<H", 118)
    array += b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n" + data
    folder = at.folder(("target.py", CODE), ("model.pt", data), ("target.pkl", data), ("weights.npy", array))
    (folder / "target.pth").write_bytes(f"import os; os.mkdir({str(at.ran / 'pth')!r})\n".encode())


def safetensors(at: Place) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    sizes = {"claims.safetensors": 2**63 - 1, "outside.safetensors": len(header), "cuts.safetensors": 7}
    at.folder(("target.py", CODE), *((name, struct.pack("<Q", size) + header) for name, size in sizes.items()))


def setup(at: Place) -> None:
    write = f"import os\nos.makedirs({str(at.ran)!r} + '/' + os.path.basename(__file__), exist_ok=True)\n".encode()
    names = ["setup.py", "conftest.py", "sitecustomize.py", "usercustomize.py", "__init__.py", "torch.py", "test_x.py"]
    more = [("requirements.txt", b"-e .\n"), ("pyproject.toml", b"[build-system]\nrequires = []\n")]
    at.folder(("target.py", CODE), *((name, write) for name in names), *more)


# Archives that are not quite one


def local_header_differs(at: Place) -> None:
    """The directory says target.py, the member's own header another name."""
    path = at.zip(("target.py", CODE))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"target.py", b"hidden.py", 1))


def zip64_nonsense(at: Place) -> None:
    """Sizes and offsets that stand in an extra field, which ends too soon."""
    path = at.zip(("target.py", CODE))
    data = bytearray(path.read_bytes())
    start = data.rfind(b"PK\1\2")
    struct.pack_into("<II", data, start + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<I", data, start + 42, 0xFFFFFFFF)
    path.write_bytes(data)


def prepended_zip(at: Place) -> None:
    """A zip behind a program, as a self-extracting one is: any reader opens it."""
    path = at.zip(("target.py", CODE))
    path.write_bytes(b"#!/bin/sh\nexec rm -rf /\n" + path.read_bytes())


def half_corrupt_tar(at: Place) -> None:
    path = at.tar(("target.py", CODE), ("b/notes.txt", b"x" * 100), ("c/target.py", WRONG))
    data = bytearray(path.read_bytes())
    second = data.index(b"b/notes.txt")
    data[second : second + 2000] = b"\xa5" * 2000
    path.write_bytes(data)


def cut_short_tgz(at: Place) -> None:
    path = at.tar(("target.py", CODE), ("noise.bin", os.urandom(50_000)), end=".tgz", mode="w:gz")
    path.write_bytes(path.read_bytes()[:20_000])


def flipped_gz(at: Place) -> None:
    """A letter of the module was changed on the way: gzip's checksum, at the very end, tells."""
    path = at.tar(("target.py", CODE), end=".tar.gz", mode="w:gz")
    data = gzip.decompress(path.read_bytes())
    packer = zlib.compressobj(0, wbits=31)
    stored = packer.compress(data) + packer.flush()
    path.write_bytes(stored.replace(b"2 * x", b"3 * x", 1))


def unpacked_by_a_browser(at: Place) -> None:
    """Safari unpacks what it downloads and may leave the name."""
    at.tar(("homework/target.py", CODE), end=".tar.gz")


def honest_bz2(at: Place) -> None:
    at.tar(("homework/target.py", CODE), ("homework/._target.py", b"mac"), end=".tar.bz2", mode="w:bz2")


def honest_xz(at: Place) -> None:
    at.tar(("target.py", CODE), ("more.zip", zeros_zip()), end=".tar.xz", mode="w:xz")


def _summed(header: bytearray) -> bytes:
    """The header with its checksum made right."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _builders(found: Iterable[Callable[[Place], None]]) -> dict[str, Callable[[Place], None]]:
    return {build.__name__: build for build in found}


BUILDERS = _builders(
    (
        climbing_zip,
        climbing_tar,
        refused_without_end,
        linked_zip,
        device_zip,
        link_then_file_zip,
        linked_tar,
        hard_linked_tar,
        devices_tar,
        link_then_file_tar,
        linked_folder,
        linked_file,
        linked_archive,
        hard_linked_file,
        pipe_in_a_folder,
        device_in_a_folder,
        bomb_zip,
        bomb_in_a_zip,
        bomb_gz,
        bomb_bz2,
        bomb_xz,
        bomb_behind_the_module,
        endless_pax_path,
        endless_long_name,
        zip_claims_less,
        zip_claims_more,
        tar_claims_exabytes,
        tar_claims_less_than_nothing,
        tar_of_holes,
        xz_wants_gigabytes,
        many_gzips,
        many_empty_zip,
        many_empty_tar,
        twice_zip,
        twice_tar,
        cases_zip,
        odd_names_zip,
        odd_names_tar,
        long_names_tar,
        deep_folder,
        formula,
        markdown_and_ansi,
        pickles,
        safetensors,
        setup,
        local_header_differs,
        zip64_nonsense,
        prepended_zip,
        half_corrupt_tar,
        cut_short_tgz,
        flipped_gz,
        unpacked_by_a_browser,
        honest_bz2,
        honest_xz,
    )
)
