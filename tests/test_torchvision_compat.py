"""The cure for a CUDA torchvision beside a CPU torch: where it acts, and where it stays away."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from autograder import torchvision_compat

HERE = Path(torchvision_compat.__file__)
needs_torchvision = pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="no torchvision")


def ours() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "torchvision"]


@pytest.fixture(autouse=True)
def _fresh_import_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test starts before the first `import torchvision` and leaves the real one as it was."""
    kept = {name: sys.modules.pop(name) for name in ours()}
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if type(f).__name__ != "_Finder"])
    yield
    for name in ours():
        del sys.modules[name]
    sys.modules.update(kept)


class FakeTorch(ModuleType):
    """Remembers what was loaded and defined; `loads` says how its torchvision extension behaves."""

    def __init__(self, loads: Callable[[], None]) -> None:
        super().__init__("torch")
        self.loaded: list[str] = []
        self.defined: list[str] = []
        self.loads = loads
        self.ops = SimpleNamespace(torchvision=SimpleNamespace(), load_library=self.load_library)
        self.library = SimpleNamespace(define=self.define, impl=lambda *_: None)

    def load_library(self, path: str) -> None:
        self.loaded.append(Path(path).name)
        self.loads()

    def define(self, name: str, schema: str) -> None:
        assert schema == torchvision_compat.SCHEMA
        self.defined.append(name)
        setattr(self.ops.torchvision, name.rpartition(":")[2], object())


def works() -> None:
    """An extension that fits."""


def needs_cuda() -> None:
    raise OSError("libtorch_cuda.so: cannot open shared object file")


BOXES = """
def _assert_has_ops():
    raise RuntimeError("no extension")

def nms():
    _assert_has_ops()
    return 1
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A torchvision that wants its operators defined when it is imported, as the real one does."""
    folder = tmp_path / "site" / "torchvision"
    (folder / "ops").mkdir(parents=True)
    (folder / "__init__.py").write_text(
        "import torch\ndefined = list(torch.defined)\nfrom torchvision.ops import boxes\n"
    )
    (folder / "extension.py").touch()
    (folder / f"_C{EXTENSION_SUFFIXES[-1]}").touch()
    (folder / "ops" / "__init__.py").touch()
    (folder / "ops" / "boxes.py").write_text(BOXES)
    monkeypatch.syspath_prepend(folder.parent)
    return folder


def fake_torch(monkeypatch: pytest.MonkeyPatch, loads: Callable[[], None]) -> FakeTorch:
    torch = FakeTorch(loads)
    monkeypatch.setitem(sys.modules, "torch", torch)
    return torch


def waiting() -> int:
    return sum(isinstance(finder, torchvision_compat._Finder) for finder in sys.meta_path)


@pytest.mark.usefixtures("package")
def test_a_healthy_torchvision_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = fake_torch(monkeypatch, works)
    torchvision = torchvision_compat.import_torchvision()
    assert torch.loaded == [f"_C{EXTENSION_SUFFIXES[-1]}"]
    assert torch.defined == []
    with pytest.raises(RuntimeError, match="no extension"):  # the guard of its own is still there
        torchvision.ops.boxes.nms()
    assert waiting() == 0


@pytest.mark.usefixtures("package")
def test_an_extension_that_cannot_load_has_its_operators_defined_before_the_package_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_torch(monkeypatch, needs_cuda)
    torchvision = torchvision_compat.import_torchvision()
    assert torchvision.defined == ["torchvision::nms", "torchvision::qnms"]
    assert torchvision.ops.boxes.nms() == 1
    assert waiting() == 0


def test_a_missing_extension_is_cured_as_well(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = fake_torch(monkeypatch, works)
    (package / f"_C{EXTENSION_SUFFIXES[-1]}").unlink()
    torchvision_compat.import_torchvision()
    assert torch.loaded == []
    assert torch.defined == ["torchvision::nms", "torchvision::qnms"]


def test_an_import_that_failed_before_is_cured_at_the_next_one(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = fake_torch(monkeypatch, needs_cuda)
    source = (package / "__init__.py").read_text()
    (package / "__init__.py").write_text("raise RuntimeError('something else')")
    with pytest.raises(RuntimeError, match="something else"):
        torchvision_compat.import_torchvision()
    assert waiting() == 1  # it still waits
    (package / "__init__.py").write_text(source)
    assert torchvision_compat.import_torchvision().ops.boxes.nms() == 1
    assert torch.defined == ["torchvision::nms", "torchvision::qnms"]  # once


@pytest.mark.usefixtures("package")
def test_the_module_looks_as_if_nobody_had_touched_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_torch(monkeypatch, needs_cuda)
    torchvision = torchvision_compat.import_torchvision()
    assert torchvision.__spec__ is not None
    assert type(torchvision.__loader__).__name__ == type(torchvision.__spec__.loader).__name__ == "SourceFileLoader"


def test_a_students_own_torchvision_py_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torchvision.py").write_text("mine = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    torch = fake_torch(monkeypatch, needs_cuda)
    assert torchvision_compat.import_torchvision().mine
    assert (torch.loaded, torch.defined) == ([], [])


def test_without_torchvision_the_usual_import_error_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModuleNotFoundError, match="No module named 'torchvision'"):
        torchvision_compat.import_torchvision()


@pytest.mark.usefixtures("package")
def test_without_torch_torchvision_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="torch"):
        torchvision_compat.import_torchvision()


def test_other_imports_are_none_of_its_business() -> None:
    finder = torchvision_compat._Finder()
    assert finder.find_spec("json") is None
    assert finder.find_spec("torchvision.ops", ["anywhere"]) is None


def test_installing_twice_waits_once() -> None:
    torchvision_compat.install()
    torchvision_compat.install()
    assert waiting() == 1


def test_installing_after_the_import_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    torchvision_compat.install()
    assert waiting() == 0


# What a worker does: the file alone, no kit on the path; then a student's first import, of a submodule.
WORKER = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("compat", sys.argv[1])
compat = importlib.util.module_from_spec(spec)
sys.modules["compat"] = compat
spec.loader.exec_module(compat)
compat.install()
assert importlib.util.find_spec("torchvision") is not None    # asking is not importing
assert "torch" not in sys.modules
from torchvision.transforms import v2
import torch, torchvision
boxes = torch.tensor([[0., 0., 10., 10.], [1., 1., 11., 11.], [20., 20., 30., 30.]])
scores = torch.tensor([0.5, 0.9, 0.1])
assert torchvision.ops.nms(boxes, scores, 0.5).tolist() == [1, 2]
assert torchvision.ops.batched_nms(boxes, scores, torch.tensor([0, 1, 0]), 0.5).tolist() == [1, 0, 2]
assert torch.jit.script(torchvision.ops.nms)(boxes, scores, 0.5).tolist() == [1, 2]
assert v2.Resize(4)(torch.zeros(3, 8, 8)).shape == (3, 4, 4)
assert not any(name.startswith("autograder") for name in sys.modules)
assert not any(type(finder).__name__ == "_Finder" for finder in sys.meta_path)
"""


@needs_torchvision
def test_a_student_may_import_the_real_torchvision_first(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", WORKER, str(HERE)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


# ---------------------------------------------------------------- the kernel


def test_nms_keeps_what_a_plain_loop_keeps() -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(60, 2, generator=generator) * 10
    boxes = torch.cat([corner, corner + torch.rand(60, 2, generator=generator) * 5], dim=1)
    scores = torch.rand(60, generator=generator)

    def iou(a: list[float], b: list[float]) -> float:
        width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        both = max(0.0, width) * max(0.0, height)
        return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)

    kept: list[int] = []
    for i in scores.argsort(descending=True).tolist():
        if all(iou(boxes[i].tolist(), boxes[j].tolist()) <= 0.3 for j in kept):
            kept.append(i)
    assert 1 < len(kept) < 60
    assert torchvision_compat.nms(boxes, scores, 0.3).tolist() == kept


def test_nms_keeps_an_overlap_of_exactly_the_threshold() -> None:
    import torch

    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.0]])  # an overlap of one half
    scores = torch.tensor([0.9, 0.8])
    assert torchvision_compat.nms(boxes, scores, 0.5).tolist() == [0, 1]
    assert torchvision_compat.nms(boxes, scores, 0.49).tolist() == [0]


def test_nms_keeps_boxes_without_an_area() -> None:
    import torch

    assert torchvision_compat.nms(torch.ones(2, 4), torch.tensor([0.1, 0.2]), 0.5).tolist() == [1, 0]


def test_nms_of_nothing_is_nothing() -> None:
    import torch

    kept = torchvision_compat.nms(torch.empty(0, 4), torch.empty(0), 0.5)
    assert kept.dtype == torch.long
    assert kept.shape == (0,)


@pytest.mark.parametrize(("boxes", "scores"), [((3, 5), (3,)), ((3, 4), (2,)), ((4,), (1,)), ((3, 4), (3, 1))])
def test_nms_refuses_shapes_that_do_not_fit(boxes: tuple[int, ...], scores: tuple[int, ...]) -> None:
    import torch

    with pytest.raises(RuntimeError, match="boxes"):
        torchvision_compat.nms(torch.zeros(boxes), torch.zeros(scores), 0.5)
