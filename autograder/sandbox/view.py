"""What a zygote sees of the machine, and the command that starts it there: folders to read, a scratch, few variables.

    command(tier, folder, control) → the words of a program for launch.Zygote;  readable() → what the jail lets it read

Under `namespaces` bubblewrap shows nothing but what is named here; under `landlock` the jail is told what is named here
and refuses the rest (inner/jail.py).  Bubblewrap missing raises `SandboxError` with its cure; whether the walls stand
is not asked here but tried (tiers.py).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.sandbox.endings import SandboxError
from autograder.sandbox.inner.watch import SCRATCH_MB

INNER = Path(__file__).parent / "inner"
COMPAT = Path(__file__).parents[1] / "torchvision_compat.py"
# torch reads the processor's kind here; without it every operation runs its slowest code, and rounds otherwise
SYSTEM = (
    "/sys/devices/system/cpu",
    "/usr",
    "/lib",
    "/lib64",
    "/lib32",
    "/bin",
    "/sbin",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "student",  # torch asks for a name when it looks for its cache; there is no /etc/passwd
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}


# What CUDA's driver opens besides the GPUs themselves, and where it reads what there is
GPU_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
GPU_FACTS = ("/proc/driver/nvidia", "/sys/bus/pci/devices", "/sys/devices/pci0000:00", "/sys/devices/system/node")


def gpu_environment(gpu: str) -> dict[str, str]:
    """Which GPU a worker sees, by its number on the bus; the zygote asks NVML what there is, and starts no CUDA."""
    if not gpu:
        return {}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": gpu, "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}


def gpu_nodes(gpu: str) -> list[str]:
    """All GPUs' nodes, where one is used: CUDA counts them before it looks at CUDA_VISIBLE_DEVICES."""
    if not gpu:
        return []
    return [*sorted(map(str, Path("/dev").glob("nvidia[0-9]*"))), *(node for node in GPU_NODES if os.path.exists(node))]


def readable() -> list[str]:
    """What a worker may read: the interpreter, its libraries, and the inner half of the kit."""
    python = {sys.prefix, sys.base_prefix, *_package_folders()}
    return [*(path for path in SYSTEM if os.path.exists(path)), *sorted(python), str(INNER)]


def _package_folders() -> Iterator[str]:
    for package in ("torch", "numpy", "msgpack"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parents[1]
            if not folder.is_relative_to(sys.prefix):
                yield str(folder)


def command(tier: str, folder: Path, control: int, gpu: str = "") -> list[str]:
    """The program that becomes the zygote; without bubblewrap its code and its scratch are laid into `folder`."""
    inside = tier == "namespaces"
    kit = "/kit" if inside else str(folder / "kit")
    scratch = "/tmp" if inside else str(folder / "scratch")
    facts = [path for path in GPU_FACTS if gpu and os.path.exists(path)]
    settings = {"tier": tier, "readable": [*readable(), *facts, kit], "scratch": scratch, "nodes": gpu_nodes(gpu)}
    boot = f"import sys; sys.path.insert(0, {kit!r}); from inner.zygote import main; "
    boot += f"main({control}, {json.dumps(settings)!r})"
    python = [sys.executable, "-I", "-B", "-X", "utf8", "-c", boot]
    if inside:
        return [*_bubblewrap(gpu_nodes(gpu), facts), *python]
    (folder / "scratch").mkdir()
    shutil.copytree(INNER, folder / "kit" / "inner", ignore=shutil.ignore_patterns("__pycache__"))
    if COMPAT.exists():
        shutil.copy(COMPAT, folder / "kit")
    return python


def _bubblewrap(nodes: Sequence[str], facts: Sequence[str]) -> list[str]:
    """A view of the machine with nothing but the interpreter in it, no network, and a pid space of its own."""
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap is not installed (apt-get install bubblewrap)")
    walls = [program, "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
    walls += ["--die-with-parent", "--new-session", "--hostname", "grader", "--proc", "/proc", "--dev", "/dev"]
    walls += ["--size", str(SCRATCH_MB << 20), "--tmpfs", "/tmp"]
    for path in readable():
        if path == str(INNER):
            walls += ["--ro-bind", path, "/kit/inner"]
        elif os.path.islink(path):
            walls += ["--symlink", os.readlink(path), path]
        else:
            walls += ["--ro-bind", path, path]
    for node in nodes:
        walls += ["--dev-bind", node, node]
    for path in facts:
        walls += ["--ro-bind", path, path]
    if COMPAT.exists():
        walls += ["--ro-bind", str(COMPAT), "/kit/torchvision_compat.py"]
    return [*walls, "--setenv", "HOME", "/tmp", "--chdir", "/tmp", "--"]
