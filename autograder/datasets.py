"""MNIST for the grader: `mnist(root, course_data=…)` finds it, fetches it, or draws digits for practice.

    COURSE_DATA  →  the cache (datasets/MNIST/raw)  →  a download into the cache  →  generated digits

The files are known by the SHA-256 of what is inside them, so it does not matter who compressed them again.  A file
that is there and wrong is an error with a cure, never a reason to look further; only an absent network is answered
with generated digits, and those are marked `practice`.  torchvision (and torch with it) is imported only to
download.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
import numpy.typing as npt

from autograder.digits import SIDE, digits
from autograder.models import Message, Words, msg
from autograder.words import say

Progress = Callable[[str, int, int | None], None]  # file, bytes so far, bytes in all where the server told

CONTENT = {  # file → SHA-256 of its bytes, uncompressed; the sources are in datasets/manifest.toml
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
PRACTICE = (12_000, 2_000)  # generated digits: to train on, to test on
PRACTICE_SEED = 28
NOISE = 0.02  # sigma of the noise on judged images, which lie in [0, 1]
TIMEOUT = 5.0  # seconds for a connection, and for a silence within one
TRIES = 5  # a mirror that keeps sending something may cut the line so often
LOCK_TIMEOUT = 600.0  # seconds to wait for another process that downloads
CHUNK = 1 << 16
LIMIT = 1 << 26  # bytes: no file of MNIST is larger, whatever a mirror sends


@dataclass(frozen=True, eq=False)
class Mnist:
    train_x: npt.NDArray[np.uint8]  # (N, 28, 28)
    train_y: npt.NDArray[np.int64]  # (N,)
    test_x: npt.NDArray[np.uint8]  # (M, 28, 28)
    test_y: npt.NDArray[np.int64]  # (M,)
    source: Message  # where it came from
    practice: bool = False  # generated digits: never for a grade


class DataError(Exception):
    """Data that is there and cannot be used: which file, why, and the cure."""

    def __init__(self, words: Message) -> None:
        super().__init__(say(words, "en"))
        self.words = words


class _UnreachableError(Exception):
    """No mirror gave the file; the words say what each answered."""

    def __init__(self, words: Words) -> None:
        super().__init__(say(words, "en"))
        self.words = words


def mnist(root: Path, *, course_data: Path | None, download: bool = True, progress: Progress | None = None) -> Mnist:
    """MNIST from the first place that has it.  `root` is the cache: torchvision.datasets.MNIST(root) reads it too."""
    if course_data is not None:
        cure = msg("copy it again from where it came, or unset COURSE_DATA")
        return _load(_course_folder(course_data), msg("COURSE_DATA {path}", path=str(course_data)), cure)
    raw = root / "MNIST" / "raw"
    source = msg("cache {path}", path=str(raw))
    cure = msg("delete it and run again: it will be downloaded anew")
    if any(_find(raw, name) is None for name in CONTENT):
        if not download:
            return _generated(msg("MNIST is not in {path} and no download was asked for", path=str(raw)))
        try:
            mirror = _download(raw, progress or _silent)
        except _UnreachableError as error:
            return _generated(error.words)
        if mirror is not None:
            source = msg("downloaded from {url}", url=mirror)
    return _load(raw, source, cure)


def whole(folder: Path) -> bool:
    """Does the folder, or torchvision's MNIST/raw in it, hold all four files as they should be?"""
    try:
        place = _course_folder(folder)
        for name in CONTENT:
            _read(place, name, msg("delete it and run again: it will be downloaded anew"))
    except DataError:
        return False
    return True


def compressed(root: Path, course_data: Path | None) -> dict[str, bytes]:
    """What `mnist` found, for another machine: each file's name and bytes.  Lay them down, and it is a COURSE_DATA."""
    folder = _course_folder(course_data or root)
    found = [path for path in (_find(folder, name) for name in CONTENT) if path is not None]
    return {
        f"{path.name.removesuffix('.gz')}.gz": data if path.suffix == ".gz" else gzip.compress(data, 1)
        for path, data in ((path, path.read_bytes()) for path in found)
    }


def blinded(
    test_x: npt.NDArray[np.uint8], test_y: npt.NDArray[np.int64], seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Images as they are judged: in an order of `seed`'s, with faint noise, so that no table of published labels fits.

    (N, 28, 28) uint8 → (N, 784) float32 in [0, 1], and the labels in the same order.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(test_y))
    x = test_x[order].reshape(len(order), -1).astype(np.float32) / np.float32(255.0)
    x += np.float32(NOISE) * rng.standard_normal(x.shape, dtype=np.float32)
    return np.clip(x, 0.0, 1.0, out=x), test_y[order]


def published() -> tuple[list[str], list[tuple[str, str]]]:
    """torchvision's own table: the mirrors, and (file.gz, md5) of each resource."""
    from autograder.torchvision_compat import import_torchvision

    table = import_torchvision().datasets.MNIST
    return list(table.mirrors), list(table.resources)


# ---------------------------------------------------------------- reading


def _course_folder(folder: Path) -> Path:
    """The folder of COURSE_DATA that holds the files: itself, or torchvision's MNIST/raw in it."""
    for place in (folder, folder / "MNIST" / "raw"):
        if any(_find(place, name) for name in CONTENT):
            return place
    raise DataError(
        msg(
            "COURSE_DATA {path} holds no MNIST; put {files} (or .gz) there or in its MNIST/raw, or unset COURSE_DATA",
            path=str(folder),
            files=", ".join(CONTENT),
        )
    )


def _find(folder: Path, name: str) -> Path | None:
    """The file, plain (as torchvision wants it) or compressed."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _load(folder: Path, source: Message, cure: Message) -> Mnist:
    train_x, train_y, test_x, test_y = (_read(folder, name, cure) for name in CONTENT)
    return Mnist(
        train_x.reshape(-1, SIDE, SIDE),
        train_y.astype(np.int64),
        test_x.reshape(-1, SIDE, SIDE),
        test_y.astype(np.int64),
        source,
    )


def _read(folder: Path, name: str, cure: Message) -> npt.NDArray[np.uint8]:
    """The values of an idx file, its header left out; the checksum vouches for the header."""
    path = _find(folder, name)
    if path is None:
        raise DataError(msg("{path} is missing; {cure}", path=str(folder / f"{name}.gz"), cure=cure))
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = bytearray(file.read())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            msg("{path} cannot be read ({reason}); {cure}", path=str(path), reason=str(error), cure=cure)
        ) from error
    if hashlib.sha256(data).hexdigest() != CONTENT[name]:
        raise DataError(
            msg("{path} is damaged or is not MNIST (its checksum differs); {cure}", path=str(path), cure=cure)
        )
    return np.frombuffer(data, dtype=np.uint8, offset=16 if "idx3" in name else 8)


def _generated(reason: Words) -> Mnist:
    train, test = PRACTICE
    source = msg("generated digits, for practice only: {reason}", reason=reason)
    return Mnist(*digits(train, PRACTICE_SEED), *digits(test, PRACTICE_SEED + 1), source, practice=True)


# ---------------------------------------------------------------- downloading


def _silent(file: str, done: int, total: int | None) -> None:
    """Nobody watches."""


def _download(raw: Path, progress: Progress) -> str | None:
    """Fetch what the cache lacks; the mirror it came from, None when another process was faster."""
    from filelock import FileLock

    try:
        mirrors, resources = published()
    except ImportError as error:
        raise _UnreachableError(msg("torchvision cannot be imported ({reason})", reason=str(error))) from error
    used = None
    try:
        raw.mkdir(parents=True, exist_ok=True)
        with FileLock(raw / ".lock", timeout=LOCK_TIMEOUT):  # one process transfers, and resumes what a dead one left
            for file, md5 in resources:
                if _find(raw, file.removesuffix(".gz")) is None:
                    used = _fetch(mirrors, file, md5, raw, progress)
                    mirrors.sort(key=lambda mirror: mirror != used)  # first what works
    except OSError as error:  # the cache cannot be written, or its lock was not to be had
        raise _UnreachableError(msg("{path}: {reason}", path=str(raw), reason=_reason(error))) from error
    return used


def _fetch(mirrors: Sequence[str], file: str, md5: str, raw: Path, progress: Progress) -> str:
    part = raw / f"{file}.part"
    answers = []
    for mirror in mirrors:
        try:
            _transfer(mirror + file, md5, part, lambda done, total: progress(file, done, total))
            _unpack(part, raw / file.removesuffix(".gz"))
        except (OSError, HTTPException) as error:
            answers.append(f"{urlsplit(mirror).netloc}: {_reason(error)}")
        else:
            return mirror
    raise _UnreachableError(msg("MNIST could not be downloaded ({reason})", reason="; ".join(answers)))


def _transfer(url: str, md5: str, part: Path, note: Callable[[int, int | None], None]) -> None:
    """Bring `part` to the file with that md5, from where it stands; OSError or HTTPException where that fails."""
    for _ in range(TRIES):
        had = _size(part)
        try:
            _receive(url, part, note)
        except (OSError, HTTPException):
            if _size(part) <= had:
                raise
            continue  # the line was cut, but something came: go on from there
        if hashlib.md5(part.read_bytes(), usedforsecurity=False).hexdigest() == md5:
            return
        part.unlink()
        if had == 0:  # else the beginning may have been another's: once more, all of it
            raise OSError("wrong checksum")
    raise ConnectionError(f"cut {TRIES} times")


def _receive(url: str, part: Path, note: Callable[[int, int | None], None]) -> None:
    """One request: the rest of `part` where the server can continue, else the whole file from the start."""
    done = _size(part)
    headers = {"User-Agent": "autograder", **({"Range": f"bytes={done}-"} if done else {})}
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code == 416 and done:  # there is no more: the checksum decides
            return
        raise
    with response:
        continues = response.status == 206
        done = done if continues else 0
        length = response.headers.get("Content-Length", "")
        total = done + int(length) if length.isdecimal() else None
        with part.open("ab" if continues else "wb") as out:
            note(done, total)
            while chunk := response.read(CHUNK):
                out.write(chunk)
                done += len(chunk)
                if done > LIMIT:
                    out.truncate(0)
                    raise OSError("the file is too large")
                note(done, total)
    if total is not None and done < total:
        raise ConnectionError(f"cut after {done} of {total} bytes")


def _unpack(part: Path, target: Path) -> None:
    """The cache keeps the plain file, which torchvision reads.  It appears whole or not at all."""
    fresh = target.with_name(f"{target.name}.part")
    with gzip.open(part) as packed, fresh.open("wb") as out:
        shutil.copyfileobj(packed, out)
    os.replace(fresh, target)
    part.unlink()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    """`Name or service not known` rather than `<urlopen error [Errno -2] …>`."""
    inner = getattr(error, "reason", None) or error
    return str(getattr(inner, "strerror", None) or inner or type(error).__name__)
