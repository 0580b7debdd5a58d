"""What a zygote sees of the machine: folders to read, a scratch, few variables; and the commands behind it.

    program() → what becomes the nursery;  walls(info) → what puts up those of `namespaces`;  order(tier, folder) → what
    the nursery is asked for;  readable() → what the jail lets a worker read

Under `namespaces` bubblewrap shows nothing but what is named here; under `landlock` the jail is told what is named here
and refuses the rest (inner/jail.py).  Bubblewrap missing raises `SandboxError` with its cure; whether the walls stand
is not asked here but tried (tiers.py).
"""

from __future__ import annotations

import importlib.util
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
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # half of what a fork takes is copying the table of 4 kB pages
    "MPLBACKEND": "Agg",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # asking whether there is a GPU starts no CUDA before the fork
}


# What CUDA's driver opens besides the GPUs themselves, and where it reads what there is
GPU_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
GPU_FACTS = ("/proc/driver/nvidia", "/sys/bus/pci/devices", "/sys/devices/pci0000:00", "/sys/devices/system/node")


def gpu_environment(gpu: str) -> dict[str, str]:
    """Which GPU a worker sees, by its number on the bus; the zygote asks NVML what there is, and starts no CUDA."""
    if not gpu:
        return {}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": gpu}


def gpu_nodes(gpu: str) -> list[str]:
    """All GPUs' nodes, where one is used: CUDA counts them before it looks at CUDA_VISIBLE_DEVICES."""
    if not gpu:
        return []
    return [*sorted(map(str, Path("/dev").glob("nvidia[0-9]*"))), *(node for node in GPU_NODES if os.path.exists(node))]


def readable() -> list[str]:
    """What a worker may read: the interpreter and its libraries.  The kit's own files it has in memory."""
    python = {sys.prefix, sys.base_prefix, *_package_folders()}
    return [*(path for path in SYSTEM if os.path.exists(path)), *sorted(python)]


def _package_folders() -> Iterator[str]:
    for package in ("torch", "numpy", "msgpack"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parents[1]
            if not folder.is_relative_to(sys.prefix):
                yield str(folder)


def program(imports: Sequence[str] = ()) -> list[str]:
    """What becomes the nursery.  Of the kit it finds the inner half, and not that one's neighbours."""
    boot = f"import sys; sys.path.insert(0, {str(INNER.parent)!r}); from inner.nursery import main; sys.path.pop(0); "
    boot += f"main({str(COMPAT)!r}, {[*imports]!r})"
    return [sys.executable, "-I", "-B", "-X", "utf8", "-c", boot]


def order(tier: str, folder: Path, gpu: str = "") -> dict[str, object]:
    """What a zygote is to be; where no walls are put up its scratch is made in `folder`."""
    walled = tier == "namespaces"
    scratch = "/tmp" if walled else str(folder / "scratch")
    if not walled:
        (folder / "scratch").mkdir()
    return {
        "tier": tier,
        "readable": [*readable(), *_facts(gpu)],
        "nodes": gpu_nodes(gpu),
        "scratch": scratch,
        "environment": {"HOME": scratch, "TMPDIR": scratch} | gpu_environment(gpu),
    }


def _facts(gpu: str) -> list[str]:
    return [path for path in GPU_FACTS if gpu and os.path.exists(path)]


def walls(info: int, gpu: str = "") -> list[str]:
    """A view of the machine with nothing but the interpreter in it, no network, and process numbers of its own.

    What runs in there is `cat`: it says that the walls are up, and they fall when it is spoken to no more.
    `info`: a descriptor for its number.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap is not installed (apt-get install bubblewrap)")
    walls = [program, "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
    walls += ["--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "grader"]
    walls += ["--info-fd", str(info)]
    walls += ["--proc", "/proc", "--dev", "/dev", "--size", str(SCRATCH_MB << 20), "--tmpfs", "/tmp"]
    for path in readable():
        if os.path.islink(path):
            walls += ["--symlink", os.readlink(path), path]
        else:
            walls += ["--ro-bind", path, path]
    for node in gpu_nodes(gpu):
        walls += ["--dev-bind", node, node]
    for path in _facts(gpu):
        walls += ["--ro-bind", path, path]
    return [*walls, "--chdir", "/tmp", "--", "cat"]
