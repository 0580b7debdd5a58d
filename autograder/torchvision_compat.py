"""One place for the cure of `RuntimeError: operator torchvision::nms does not exist`.

torchvision's PyPI wheel links CUDA, so its C extension cannot load beside a CPU-only torch; the package then
describes two operators that nobody defined, and its import fails.  Defining them first is all the cure there is
(docs/decisions/0004).  `install()` waits in `sys.meta_path` for the first `import torchvision`, whoever writes it:
until then torch is not imported, and where the extension loads nothing is changed.

The worker in the sandbox runs this file by itself: the standard library and torch, nothing else of the kit.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> ModuleType:
    """torchvision, cured where it needs it; ImportError as usual where it is not installed."""
    install()
    return importlib.import_module("torchvision")


def install() -> None:
    """Wait for the first `import torchvision`.  A second call, or one after that import, does nothing."""
    if "torchvision" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds torchvision where the other finders do, and puts the cure between finding it and running it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "torchvision":
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None and _is_the_package(spec):
                    spec.loader = _Loader(spec.loader, self)
                return spec
        return None


class _Loader(Loader):
    def __init__(self, inner: Loader, finder: _Finder) -> None:
        self.inner = inner
        self.finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self.inner
        folder = Path(str(module.__file__)).parent
        cured = _torch_is_here() and not _extension_loads(folder) and _define_operators()
        self.inner.exec_module(module)
        if cured:
            _allow_nms()
        if self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)


def _is_the_package(spec: ModuleSpec) -> bool:
    """Not a student's own torchvision.py."""
    return any((Path(folder) / "extension.py").is_file() for folder in spec.submodule_search_locations or ())


def _torch_is_here() -> bool:
    try:
        import torch  # noqa: F401
    except ImportError:
        return False  # torchvision says so itself
    return True


def _extension_loads(folder: Path) -> bool:
    import torch

    library = next((path for suffix in EXTENSION_SUFFIXES if (path := folder / f"_C{suffix}").is_file()), None)
    if library is None:
        return False
    try:
        torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    except (ImportError, OSError):
        return False
    return True


def _define_operators() -> bool:
    """The two operators that torchvision describes without asking whether its extension is there."""
    import torch

    if not hasattr(torch.ops.torchvision, "nms"):
        torch.library.define("torchvision::nms", SCHEMA)
        torch.library.impl("torchvision::nms", "CPU", nms)
    if not hasattr(torch.ops.torchvision, "qnms"):
        torch.library.define("torchvision::qnms", SCHEMA)
    return True


def _allow_nms() -> None:
    """`torchvision.ops.nms` asks for the extension before it calls the operator, which now needs none."""
    boxes = sys.modules.get("torchvision.ops.boxes")
    if boxes is not None and hasattr(boxes, "_assert_has_ops"):
        vars(boxes)["_assert_has_ops"] = _no_extension_needed


def _no_extension_needed() -> None:
    """A function of its own rather than a lambda: TorchScript compiles it along with `nms`."""


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Non-maximum suppression: (N, 4) boxes and (N,) scores → the kept indices, best first, as torchvision's kernel."""
    import torch

    if dets.dim() != 2 or dets.size(1) != 4 or scores.shape != dets.shape[:1]:
        raise RuntimeError(f"nms needs boxes (N, 4) and scores (N,), got {tuple(dets.shape)} and {tuple(scores.shape)}")
    order = scores.argsort(descending=True, stable=True)
    area = (dets[:, 2] - dets[:, 0]) * (dets[:, 3] - dets[:, 1])  # (N,)
    kept: list[int] = []
    while order.numel():
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = torch.maximum(dets[best, :2], dets[rest, :2])  # (R, 2)
        high = torch.minimum(dets[best, 2:], dets[rest, 2:])
        overlap = (high - low).clamp(min=0).prod(1)  # (R,)
        iou = overlap / (area[best] + area[rest] - overlap)
        order = rest[~(iou.double() > iou_threshold)]  # NaN, from boxes without an area, is kept
    return torch.tensor(kept, dtype=torch.long)
