"""MNIST from each of its four places; the downloads are real, from a server on 127.0.0.1."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import struct
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from autograder import datasets
from autograder.datasets import DataError, Mnist, blinded, mnist
from autograder.digits import digits
from autograder.words import say

ROOT = Path(__file__).parents[1]
IMAGES = "train-images-idx3-ubyte"
needs_torchvision = pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="no torchvision")

# ---------------------------------------------------------------- a small set, and a server that has it


def idx(values: npt.NDArray[np.uint8]) -> bytes:
    return struct.pack(f">I{values.ndim}I", 0x0800 + values.ndim, *values.shape) + values.tobytes()


def small_set() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    return {
        name: idx(rng.integers(0, 256 if "images" in name else 10, shape, dtype=np.uint8))
        for name, shape in zip(
            datasets.CONTENT, [(300, 28, 28), (300,), (50, 28, 28), (50,)], strict=True
        )
    }  # fmt: skip


PLAIN = small_set()
PACKED = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in PLAIN.items()}
RESOURCES = [(file, hashlib.md5(data).hexdigest()) for file, data in PACKED.items()]
CONTENT = {name: hashlib.sha256(data).hexdigest() for name, data in PLAIN.items()}


@dataclass
class Site:
    """A mirror and its manners."""

    files: dict[str, bytes] = field(default_factory=lambda: dict(PACKED))
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)  # bytes of the body after which the next answers break off
    pause: float = 0.0
    log: list[tuple[str, str | None]] = field(default_factory=list)  # (file, its Range header)
    url: str = ""

    def asked(self, file: str) -> list[str | None]:
        return [header for name, header in self.log if name == file]


def serve(site: Site) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, wanted = self.path.lstrip("/"), self.headers["Range"]
            site.log.append((name, wanted))
            time.sleep(site.pause)
            if name not in site.files:
                return self.send_error(404)
            data = site.files[name]
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.ranges else 0
            if start and start >= len(data):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start:][: site.cuts.pop(0) if site.cuts else None])
            return None

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_port}/"
    return server


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The only mirror there is, with the small set."""
    site = Site()
    server = serve(site)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(datasets, "CONTENT", CONTENT)
    use_mirrors(monkeypatch, site.url)
    yield site
    server.shutdown()
    server.server_close()


def use_mirrors(monkeypatch: pytest.MonkeyPatch, *urls: str) -> None:
    monkeypatch.setattr(datasets, "published", lambda: (list(urls), RESOURCES))


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "PRACTICE", (40, 20))


def raw(root: Path) -> Path:
    return root / "MNIST" / "raw"


def put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def origin(found: Mnist) -> str:
    return say(found.source, "en")


def is_the_small_set(found: Mnist) -> bool:
    images = np.frombuffer(PLAIN[IMAGES], dtype=np.uint8, offset=16).reshape(300, 28, 28)
    labels = np.frombuffer(PLAIN["t10k-labels-idx1-ubyte"], dtype=np.uint8, offset=8)
    return (
        not found.practice
        and found.train_x.dtype == np.uint8
        and found.test_y.dtype == np.int64
        and (found.train_y.shape, found.test_x.shape) == ((300,), (50, 28, 28))
        and bool((found.train_x == images).all())
        and bool((found.test_y == labels).all())
    )


# ---------------------------------------------------------------- COURSE_DATA


@pytest.mark.parametrize("files", [PLAIN, PACKED], ids=["plain", "gz"])
@pytest.mark.parametrize("inside", ["", "MNIST/raw"])
def test_course_data_comes_first(tmp_path: Path, site: Site, files: dict[str, bytes], inside: str) -> None:
    put(raw(tmp_path / "cache"), PLAIN)
    put(tmp_path / "given" / inside, files)
    found = mnist(tmp_path / "cache", course_data=tmp_path / "given")
    assert is_the_small_set(found)
    assert origin(found) == f"COURSE_DATA {tmp_path / 'given'}"
    assert site.log == []


@pytest.mark.usefixtures("site")
def test_a_file_compressed_again_is_still_mnist(tmp_path: Path) -> None:
    again = {f"{name}.gz": gzip.compress(data, 1, mtime=9) for name, data in PLAIN.items()}
    assert again != PACKED
    assert is_the_small_set(mnist(tmp_path, course_data=put(tmp_path / "given", again)))


@pytest.mark.usefixtures("site")
def test_course_data_without_mnist_is_an_error_that_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"COURSE_DATA .*holds no MNIST; put train-images-idx3-ubyte, .* or unset"):
        mnist(tmp_path, course_data=tmp_path / "nowhere")


@pytest.mark.usefixtures("site")
def test_a_file_missing_from_course_data_is_named(tmp_path: Path) -> None:
    given = put(tmp_path / "given", PACKED)
    (given / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"given/t10k-labels-idx1-ubyte\.gz is missing; copy it again"):
        mnist(tmp_path, course_data=given)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:-1000], "cannot be read"),
        (lambda data: b"<html>not here</html>", "cannot be read"),
        (lambda data: data[:500] + bytes(500) + data[1000:], "cannot be read|checksum differs"),
        (lambda data: gzip.compress(PLAIN["t10k-images-idx3-ubyte"]), "checksum differs"),
        (lambda data: b"", "cannot be read|checksum differs"),
    ],
    ids=["cut short", "a web page", "overwritten", "another file", "empty"],
)
@pytest.mark.usefixtures("site")
def test_a_damaged_file_is_named_with_the_cure(tmp_path: Path, damage, says: str) -> None:  # type: ignore[no-untyped-def]
    given = put(tmp_path / "given", {**PACKED, f"{IMAGES}.gz": damage(PACKED[f"{IMAGES}.gz"])})
    with pytest.raises(DataError, match=rf"given/{IMAGES}\.gz .*({says}).*; copy it again .*unset COURSE_DATA"):
        mnist(tmp_path, course_data=given)


# ---------------------------------------------------------------- the cache


def test_the_cache_spares_the_download(tmp_path: Path, site: Site) -> None:
    put(raw(tmp_path), PLAIN)
    found = mnist(tmp_path, course_data=None)
    assert is_the_small_set(found)
    assert origin(found) == f"cache {raw(tmp_path)}"
    assert site.log == []


@pytest.mark.usefixtures("site")
def test_a_damaged_cache_says_to_delete_the_file(tmp_path: Path) -> None:
    put(raw(tmp_path), {**PLAIN, IMAGES: PLAIN[IMAGES][:-1] + b"?"})
    with pytest.raises(DataError, match=rf"raw/{IMAGES} is damaged .*; delete it and run again"):
        mnist(tmp_path, course_data=None)


def test_only_what_the_cache_lacks_is_downloaded(tmp_path: Path, site: Site) -> None:
    put(raw(tmp_path), PLAIN)
    (raw(tmp_path) / IMAGES).unlink()
    assert is_the_small_set(mnist(tmp_path, course_data=None))
    assert site.log == [(f"{IMAGES}.gz", None)]


@needs_torchvision
@pytest.mark.usefixtures("site")
def test_torchvision_reads_the_cache(tmp_path: Path) -> None:
    found = mnist(tmp_path, course_data=None)
    from autograder.torchvision_compat import import_torchvision

    theirs = import_torchvision().datasets.MNIST(tmp_path, train=True, download=False)
    assert (theirs.data.numpy() == found.train_x).all()
    assert (theirs.targets.numpy() == found.train_y).all()


@needs_torchvision
def test_the_table_of_mirrors_and_checksums_is_torchvisions() -> None:
    mirrors, resources = datasets.published()
    assert all(url.startswith("http") and url.endswith("/") for url in mirrors)
    assert [file.removesuffix(".gz") for file, _ in resources] == list(datasets.CONTENT)


# ---------------------------------------------------------------- downloading


def test_a_download_fills_the_cache_and_leaves_nothing_else(tmp_path: Path, site: Site) -> None:
    found = mnist(tmp_path, course_data=None)
    assert is_the_small_set(found)
    assert origin(found) == f"downloaded from {site.url}"
    assert {path.name for path in raw(tmp_path).iterdir()} - {".lock"} == set(PLAIN)
    assert origin(mnist(tmp_path, course_data=None)).startswith("cache")


@pytest.mark.usefixtures("site")
def test_progress_is_told_by_file_from_nothing_to_everything(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    mnist(tmp_path, course_data=None, progress=lambda *step: told.append(step))
    for file, data in PACKED.items():
        steps = [step[1:] for step in told if step[0] == file]
        assert steps[0] == (0, len(data))
        assert steps[-1] == (len(data), len(data))


def test_a_cut_line_is_taken_up_where_it_broke(tmp_path: Path, site: Site) -> None:
    site.cuts = [100_000, 50_000]
    assert is_the_small_set(mnist(tmp_path, course_data=None))
    assert site.asked(f"{IMAGES}.gz") == [None, "bytes=100000-", "bytes=150000-"]


def test_what_an_interrupted_run_left_is_taken_up(tmp_path: Path, site: Site) -> None:
    def interrupt(file: str, done: int, total: int | None) -> None:
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mnist(tmp_path, course_data=None, progress=interrupt)
    assert not (raw(tmp_path) / IMAGES).exists()  # a file appears whole or not at all
    left = (raw(tmp_path) / f"{IMAGES}.gz.part").stat().st_size
    assert is_the_small_set(mnist(tmp_path, course_data=None))
    assert site.asked(f"{IMAGES}.gz") == [None, f"bytes={left}-"]


def test_a_part_that_was_complete_needs_no_more_bytes(tmp_path: Path, site: Site) -> None:
    put(raw(tmp_path), {f"{IMAGES}.gz.part": PACKED[f"{IMAGES}.gz"]})
    assert is_the_small_set(mnist(tmp_path, course_data=None))
    assert len(site.asked(f"{IMAGES}.gz")) == 1  # answered 416


def test_a_part_of_something_else_is_thrown_away(tmp_path: Path, site: Site) -> None:
    put(raw(tmp_path), {f"{IMAGES}.gz.part": b"<html>" * 100})
    assert is_the_small_set(mnist(tmp_path, course_data=None))
    assert site.asked(f"{IMAGES}.gz") == ["bytes=600-", None]


def test_a_server_that_ignores_range_sends_it_all_again(tmp_path: Path, site: Site) -> None:
    site.ranges = False
    site.cuts = [100_000]
    assert is_the_small_set(mnist(tmp_path, course_data=None))
    assert site.asked(f"{IMAGES}.gz") == [None, "bytes=100000-"]


@pytest.mark.usefixtures("few_digits")
def test_a_wrong_checksum_is_never_kept(tmp_path: Path, site: Site) -> None:
    site.files[f"{IMAGES}.gz"] = gzip.compress(b"something else")
    found = mnist(tmp_path, course_data=None)
    assert found.practice
    assert "wrong checksum" in origin(found)
    assert {path.name for path in raw(tmp_path).iterdir()} <= {".lock"}


@pytest.mark.parametrize(
    "bad", [Site(files={}), Site(files=dict.fromkeys(PACKED, b"<html>Sign in</html>"))], ids=["404", "a sign-in page"]
)
def test_the_next_mirror_is_asked_and_then_asked_first(
    tmp_path: Path, site: Site, bad: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(bad)
    use_mirrors(monkeypatch, bad.url, site.url)
    found = mnist(tmp_path, course_data=None)
    server.shutdown()
    server.server_close()
    assert is_the_small_set(found)
    assert origin(found) == f"downloaded from {site.url}"
    assert len(bad.log) == 1
    assert len(site.log) == 4


def test_the_next_mirror_goes_on_where_the_first_broke_off(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = Site(cuts=[70_000, 0])
    server = serve(dying)
    use_mirrors(monkeypatch, dying.url, site.url)
    found = mnist(tmp_path, course_data=None)
    server.shutdown()
    server.server_close()
    assert is_the_small_set(found)
    assert site.asked(f"{IMAGES}.gz") == ["bytes=70000-"]


def test_a_mirror_that_says_nothing_is_given_up(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Site(pause=1.0)
    server = serve(silent)
    monkeypatch.setattr(datasets, "TIMEOUT", 0.1)
    use_mirrors(monkeypatch, silent.url, site.url)
    began = time.monotonic()
    found = mnist(tmp_path, course_data=None)
    assert time.monotonic() - began < 0.9
    server.shutdown()
    server.server_close()
    assert origin(found) == f"downloaded from {site.url}"


def test_an_endless_file_is_refused(
    tmp_path: Path, site: Site, few_digits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "LIMIT", 100_000)
    found = mnist(tmp_path, course_data=None)
    assert "too large" in origin(found)
    assert len(site.log) == 1


TWIN = """
import json, sys
from pathlib import Path
from autograder import datasets
mirror, root, resources, content = json.loads(sys.argv[1])
datasets.published = lambda: ([mirror], [tuple(pair) for pair in resources])
datasets.CONTENT = content
found = datasets.mnist(Path(root), course_data=None)
print(found.practice, found.train_x.shape, int(found.train_x.sum()))
"""


def test_two_processes_download_once_and_both_read_it(tmp_path: Path, site: Site) -> None:
    site.pause = 0.05
    argument = json.dumps([site.url, str(tmp_path), RESOURCES, CONTENT])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "no_proxy": "*", "OMP_NUM_THREADS": "1"}
    twins = [
        subprocess.Popen([sys.executable, "-c", TWIN, argument], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [twin.communicate(timeout=60)[0] for twin in twins]
    images = np.frombuffer(PLAIN[IMAGES], dtype=np.uint8, offset=16)
    assert told == [f"False (300, 28, 28) {images.sum()}\n"] * 2
    assert sorted(file for file, _ in site.log) == sorted(PACKED)


# ---------------------------------------------------------------- without a network


@pytest.mark.usefixtures("few_digits", "site")
def test_offline_the_kit_draws_digits_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_mirrors(monkeypatch, "http://127.0.0.1:9/")
    found = mnist(tmp_path, course_data=None)
    assert found.practice
    assert (found.train_x.shape, found.test_x.shape) == ((40, 28, 28), (20, 28, 28))
    assert origin(found).startswith("generated digits, for practice only: MNIST could not be downloaded (127.0.0.1:9: ")


@pytest.mark.usefixtures("few_digits")
def test_no_download_is_tried_when_none_is_wanted(tmp_path: Path, site: Site) -> None:
    found = mnist(tmp_path, course_data=None, download=False)
    assert found.practice
    assert "no download was asked for" in origin(found)
    assert site.log == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("few_digits", "site")
def test_without_torchvision_the_kit_draws_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(datasets, "PRACTICE", (40, 20))
    monkeypatch.setitem(sys.modules, "torchvision", None)
    found = mnist(tmp_path, course_data=None)
    assert "torchvision cannot be imported" in origin(found)


@pytest.mark.usefixtures("few_digits", "site")
def test_a_cache_that_cannot_be_written_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = mnist(tmp_path / "file", course_data=None)
    assert found.practice
    assert str(tmp_path / "file") in origin(found)


# ---------------------------------------------------------------- generated digits


def test_the_same_seed_draws_the_same_digits() -> None:
    (x, y), (x_again, y_again), (other, _) = digits(200, 1), digits(200, 1), digits(200, 2)
    assert (x == x_again).all()
    assert (y == y_again).all()
    assert (x != other).any()


def test_each_digit_is_drawn_as_often_as_the_others() -> None:
    x, y = digits(1205, 0)
    assert x.shape == (1205, 28, 28)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    counts = np.bincount(y, minlength=10)
    assert counts.max() - counts.min() <= 1
    assert x.max() > 200
    assert x.min() == 0


def test_digits_are_hard_for_a_mean_and_within_reach_of_a_line() -> None:
    x, y = digits(2500, 3)
    flat = x.reshape(len(x), -1).astype(np.float32) / 255
    train, test = slice(0, 2000), slice(2000, None)
    means = np.stack([flat[train][y[train] == k].mean(0) for k in range(10)])
    nearest = ((flat[test][:, None] - means) ** 2).sum(-1).argmin(1)
    inputs = np.c_[flat, np.ones(len(flat), dtype=np.float32)]
    gram = inputs[train].T @ inputs[train] + 30 * np.eye(785, dtype=np.float32)
    line = np.linalg.solve(gram, inputs[train].T @ np.eye(10, dtype=np.float32)[y[train]])
    by_mean, by_line = float((nearest == y[test]).mean()), float(((inputs[test] @ line).argmax(1) == y[test]).mean())
    assert 0.5 < by_mean < by_line
    assert 0.75 < by_line < 0.97


# ---------------------------------------------------------------- judging


def test_blinded_images_keep_their_labels_in_another_order() -> None:
    x, y = digits(300, 5)
    seen, labels = blinded(x, y, seed=1)
    assert seen.shape == (300, 784)
    assert seen.dtype == np.float32
    assert labels.dtype == np.int64
    assert seen.min() >= 0
    assert seen.max() <= 1
    distance = ((seen[:, None, :] - x.reshape(1, 300, 784) / np.float32(255)) ** 2).sum(-1)
    order = distance.argmin(1)
    assert sorted(order) == list(range(300))
    assert (order != np.arange(300)).mean() > 0.9
    assert (labels == y[order]).all()


def test_blinded_noise_is_faint_and_everywhere() -> None:
    grey = np.full((50, 28, 28), 128, dtype=np.uint8)
    seen, _ = blinded(grey, np.zeros(50, dtype=np.int64), seed=1)
    assert abs(float(seen.std()) - datasets.NOISE) < 0.001
    assert len(np.unique(seen)) > 10_000


def test_blinding_depends_on_the_seed_alone() -> None:
    x, y = digits(50, 5)
    assert (blinded(x, y, 1)[0] == blinded(x, y, 1)[0]).all()
    assert (blinded(x, y, 1)[1] != blinded(x, y, 2)[1]).any()
    assert (x == digits(50, 5)[0]).all()  # its input is left as it was


# ---------------------------------------------------------------- the house


def test_the_manifest_and_the_code_name_the_same_files() -> None:
    manifest = tomllib.loads((ROOT / "datasets" / "manifest.toml").read_text(encoding="utf-8"))
    assert {file["name"]: file["sha256"] for file in manifest["mnist"]["files"]} == datasets.CONTENT


@needs_torchvision
def test_the_manifest_and_torchvision_agree_on_what_is_published() -> None:
    manifest = tomllib.loads((ROOT / "datasets" / "manifest.toml").read_text(encoding="utf-8"))
    mirrors, resources = datasets.published()
    assert manifest["mnist"]["mirrors"] == mirrors
    assert [(f"{file['name']}.gz", file["gz_md5"]) for file in manifest["mnist"]["files"]] == resources


def test_data_that_lands_in_the_cache_is_never_committed() -> None:
    rules = (ROOT / "datasets" / ".gitignore").read_text(encoding="utf-8").split()
    assert rules[0] == "*"
    assert sorted(rules[1:]) == ["!.gitignore", "!README.md", "!manifest.toml"]


def test_importing_the_module_does_not_import_torch() -> None:
    code = "import sys, autograder.datasets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0
