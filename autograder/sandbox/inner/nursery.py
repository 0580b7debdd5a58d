"""The nursery: torch is imported here, once for a whole run, and every slot's zygote is a child of this process.

    slot ──line──▶ nursery ──fork──▶ keeper ──fork──▶ zygote

Exec'd fresh (a secret of the grader's was still found in a forked child's heap), with an empty environment; it runs
nothing but this, and keeps one thread.  An order on the line brings the zygote's control socket, its log, a pipe for
the keeper's words and, for `namespaces`, the walls: a process in them (pidfd), which bubblewrap put up.
The keeper enters the walls, where only a child of its can have the new process numbers, and writes to the pipe the
zygote's number and how it ended.  The nursery ends when nobody holds the line any more; no zygote ends with it.
What fails at the import is told to whoever has asked, in the log that came with the order.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from .jail import (
    CAPABILITIES_V3,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    Jail,
)

ORDER_BYTES, DESCRIPTORS = 1 << 16, 4  # the most that an order brings
DESCRIPTORS_MAX = 1 << 10
RECEIVED = b"."
PATIENCE = 1.0  # seconds without an order in which one that cannot fork goes on telling why
NAMESPACES = {  # what clone(2) calls them; not here: time, which bubblewrap leaves as it is
    "mnt": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
PR_CAPBSET_DROP, CAPABILITIES = 24, 64


class Refused(Exception):
    """What the keeper may not do here, in one line."""


def main(compat: str, imports: Sequence[str]) -> None:
    """The line is its standard input.  `compat`: the file with the cure for torchvision beside a CPU-only torch;
    `imports`: what this run needs of what is imported late.

    Never returns.
    """
    versions, trouble = {}, ""
    try:
        versions = _preload(compat, imports)
    except BaseException:
        trouble = traceback.format_exc()
    if sys.platform == "linux":  # a zygote whose keeper was killed is buried here, and its walls can fall
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    awake = _wake_up_for_children()
    with socket.socket(fileno=0) as line:
        while True:
            # what failed may go well the next time: whoever has asked is told, and the next finds another nursery
            ready = select.select([line.fileno(), awake], [], [], PATIENCE if trouble else None)[0]
            if awake in ready:
                os.read(awake, 1 << 10)
                _bury()
            if line.fileno() in ready:
                order, descriptors, _, _ = socket.recv_fds(line, ORDER_BYTES, DESCRIPTORS)
                if not order:
                    os._exit(0)
                if sys.platform != "linux":  # Apple's lose what its sender closes on the way: it waits for this
                    line.send(RECEIVED)
                _answer(line, order, descriptors, versions, trouble)
            if trouble and not ready:
                os._exit(1)


def _answer(line: socket.socket, order: bytes, descriptors: list[int], versions: dict[str, str], trouble: str) -> None:
    try:
        if not trouble and os.fork() == 0:
            line.detach()  # another file has its number soon
            _keep(json.loads(order), descriptors, versions)
    except OSError:  # no process to be had
        trouble = traceback.format_exc()
    with contextlib.suppress(OSError):  # the disk is full
        os.write(descriptors[1], trouble.encode())
    for descriptor in descriptors:
        os.close(descriptor)


def _preload(compat: str, imports: Sequence[str]) -> dict[str, str]:
    """Import now what an answer would import later."""
    from .late import bring, uncollected

    with uncollected(), tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        import numpy
        import torch
        import torch.optim
        import torch.utils.data

        torch.set_num_threads(1)
        for module in pkgutil.walk_packages([str(Path(__file__).parent)], f"{__package__}."):
            importlib.import_module(module.name)
        from .warm import warm
        from .zygote import one_thread

        _import_file("torchvision_compat", compat).install()
        bring(imports)
        with contextlib.suppress(ImportError, OSError):  # the jail says what is missing
            import landlockpy
            import pyseccomp  # noqa: F401

            landlockpy.abi_version()  # finds libc, for which it runs a program: once, not in each worker
        warm(Path(folder))
    one_thread()
    return {
        # asked once and for all: in the jail torch could not read the processor's kind and would run its slowest code
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": str(torch.__version__),
        "numpy": numpy.__version__,
        "python": sys.version.split()[0],
    }


def _import_file(name: str, path: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _wake_up_for_children() -> int:
    """A descriptor that can be read when a child has ended."""
    awake, ring = os.pipe()
    for end in (awake, ring):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    return awake


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


# --- the keeper ---


def _keep(order: dict[str, Any], descriptors: Sequence[int], versions: dict[str, str]) -> NoReturn:
    """Fork the zygote inside its walls, and tell its number and its end."""
    control, log, words, *walls = descriptors
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for standard, descriptor in enumerate((null, log, log)):
            os.dup2(descriptor, standard)
        _close_all_but({0, 1, 2, control, words, *walls})
        for entered in walls:
            _enter(entered)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        pid = os.fork()
        if pid == 0:
            os.close(words)
            _become_zygote(order, control, versions)
        os.close(control)
        os.write(words, b"%d\n" % pid)
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # its number is its own until the slot knows
        assert found is not None
        with contextlib.suppress(BrokenPipeError):  # the slot is gone
            os.write(words, b"%d\n" % (found.si_status if found.si_code == os.CLD_EXITED else -found.si_status))
        code = 0
    except Refused as error:
        sys.stderr.write(f"{error}\n")
    except BaseException as error:
        traceback.print_exception(error)
    finally:
        os._exit(code)


def _close_all_but(kept: set[int]) -> None:
    for low, high in pairwise([*sorted(kept), DESCRIPTORS_MAX]):
        if high - low > 1:  # an empty range would close them all
            os.closerange(low + 1, high)


def _become_zygote(order: dict[str, Any], control: int, versions: dict[str, str]) -> NoReturn:
    from . import zygote

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.environ.update(order["environment"])
    tempfile.tempdir = None
    os.chdir(order["scratch"])
    jail = Jail(order["tier"], tuple(order["readable"]), tuple(order["nodes"]))
    try:
        zygote.main(socket.socket(fileno=control), jail, Path(order["scratch"]), versions)
    except BaseException as error:
        traceback.print_exception(error)
    finally:
        os._exit(1)


def _enter(walls: int) -> None:
    """The namespaces of a process that bubblewrap started, as `docker exec` does it; with no power over them."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        told = Path(f"/proc/self/fdinfo/{walls}").read_text().splitlines()
        pid = next(line for line in told if line.startswith("Pid:")).removeprefix("Pid:").strip()
        flags = sum(flag for name, flag in NAMESPACES.items() if _space(pid, name) != _space("self", name))
        if libc.setns(walls, flags):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "setns")
    except OSError as error:  # a setuid bubblewrap's are root's; a container may not allow setns
        raise Refused(f"the walls cannot be entered ({error.strerror}: {error.filename})") from None
    os.close(walls)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused for those that the kernel does not know
    if libc.capset((ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0), (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capset")


def _space(pid: str, name: str) -> int:
    """0 for a kind that this kernel does not have."""
    kinds = os.path.exists(f"/proc/self/ns/{name}")
    return os.stat(f"/proc/{pid}/ns/{name}").st_ino if kinds else 0
