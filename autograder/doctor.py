"""What this machine offers to grading: probed, never guessed, and the tier that follows.

    examine(here) → Examination

Each probe that could hang or crash runs in a process of its own; the tier is found by the self-attack itself.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.outputs import FREE_MB

SECONDS = 120.0  # for a program of a probe: importing torch on a busy machine
LANDLOCK_CREATE_RULESET, VERSION_FLAG = 444, 1  # the same number on every architecture
WALLS = ("namespaces", "landlock")

# Two steps: Ubuntu 24.04 lets the first one pass and takes the powers of the second away.
USER_NAMESPACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x20020000):
    if libc.unshare(flags):
        raise SystemExit(os.strerror(ctypes.get_errno()))
"""
TORCH = """
import json, sys
found = {"torch": "", "gpu": "", "torchvision": "", "cure": False, "trouble": ""}
try:
    import torch
    found["torch"] = str(torch.__version__)
    assert float((torch.ones(8, 8) @ torch.ones(8, 8)).sum()) == 512.0, "torch computes wrongly"
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name(0)
    from autograder import torchvision_compat as compat
    torchvision = compat.import_torchvision()
    boxes = torchvision.ops.boxes
    found["cure"] = vars(boxes).get("_assert_has_ops") is compat._no_extension_needed
    kept = torchvision.ops.nms(torch.tensor([[0.0, 0, 1, 1], [0, 0, 1, 1]]), torch.tensor([0.5, 0.9]), 0.5)
    assert kept.tolist() == [1], "torchvision computes wrongly"
    found["torchvision"] = str(torchvision.__version__)
except Exception as error:
    found["trouble"] = f"{type(error).__name__}: {error}".splitlines()[0]
sys.stdout.write("\\n" + json.dumps(found))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the examination: `ok` None where it is a fact and neither good nor bad."""

    name: str
    found: str
    ok: bool | None = None


@dataclass(frozen=True)
class Examination:
    findings: tuple[Finding, ...]
    tier: str  # namespaces, landlock, or "" when nothing holds
    reasons: tuple[str, ...]  # of the self-attack, one a tier that was tried
    cure: str  # the one command that would raise the tier, or enable grading; "" when there is none
    possible: bool  # hidden grading
    memory_cure: str = ""  # the one command that would put the workers into a memory group; "" when there is none


def examine(here: Path) -> Examination:
    torch = probe_torch()
    tier, reasons = probe_tier() if torch.get("torch") else ("", ("not tried: torch cannot be imported",))
    memory, memory_cure = memory_cap()
    room = {place: shutil.disk_usage(place).free >> 20 for place in (Path(tempfile.gettempdir()), here)}
    findings = (
        Finding("system", f"{platform.system()} {platform.release()}", sys.platform == "linux"),
        Finding("python", f"{platform.python_version()} ({sys.executable})", sys.version_info >= (3, 11)),
        _yes("bubblewrap", bubblewrap()),
        _trouble("user namespaces", user_namespaces(), "usable"),
        _yes("Landlock", f"ABI {abi}" if (abi := landlock_abi()) > 0 else ""),
        _yes("seccomp", ctypes.util.find_library("seccomp") or ""),
        Finding("memory cap", memory, memory.startswith("cgroup") or None),
        Finding("GPU", torch["gpu"] or "none that torch sees; hidden tests run on the CPU"),
        *(Finding(f"free disk in {place}", f"{free:,} MB", free >= FREE_MB) for place, free in room.items()),
        Finding("torch", torch["torch"] or torch["trouble"], bool(torch["torch"])),
        Finding("torchvision", _torchvision(torch), bool(torch["torchvision"])),
    )
    possible = bool(tier) and all(free >= FREE_MB for free in room.values())
    return Examination(findings, tier, reasons, cure(tier, torch), possible, memory_cure)


def _yes(name: str, found: str) -> Finding:
    return Finding(name, found or "not found", bool(found))


def _trouble(name: str, trouble: str, otherwise: str) -> Finding:
    return Finding(name, trouble or otherwise, not trouble)


def _torchvision(found: dict[str, Any]) -> str:
    if not found["torchvision"]:
        return str(found["trouble"] or "not found")
    return f"{found['torchvision']}{' (beside a torch that it was not built for: cured)' if found['cure'] else ''}"


# --- probes ---


def probe_torch() -> dict[str, Any]:
    """In a process of its own: a broken driver may hang or crash it."""
    said, code = run([sys.executable, "-c", TORCH])
    try:
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
    except (ValueError, IndexError):
        return {"torch": "", "gpu": "", "torchvision": "", "cure": False, "trouble": f"its import ended with {code}"}
    return found


def probe_tier() -> tuple[str, tuple[str, ...]]:
    """The strongest tier with walls that hold, and why the others do not."""
    from autograder.grading.scratch import scratch
    from autograder.sandbox.endings import SandboxError
    from autograder.sandbox.tiers import choose

    reasons: list[str] = []
    usual = tempfile.tempdir
    with scratch() as folder:
        tempfile.tempdir = str(folder)
        try:
            for tier in WALLS:
                try:
                    zygote, isolation = choose(tier)
                except SandboxError as error:
                    reasons.append(str(error))
                    continue
                zygote.close()
                return tier, (*reasons, *isolation.reasons)
        finally:
            tempfile.tempdir = usual
    return "", tuple(reasons)


def bubblewrap() -> str:
    program = shutil.which("bwrap")
    return f"{run([program, '--version'])[0].strip() or 'does not start'} ({program})" if program else ""


def user_namespaces() -> str:
    """Why they cannot be used; "" when they can."""
    if sys.platform != "linux":
        return "needs Linux"
    said, code = run([sys.executable, "-I", "-c", USER_NAMESPACE])
    return (said.strip() or f"exit code {code}") if code else ""


def landlock_abi() -> int:
    """0 where the kernel has none or it is switched off."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)))


def memory_cap() -> tuple[str, str]:
    """What caps a worker's memory, and the command that would put it into a memory group if it is in none."""
    from autograder.sandbox.cgroup import MemoryGroup, NoGroup

    try:
        group = MemoryGroup.make()
    except NoGroup as why:
        return f"RLIMIT_DATA only ({why}): files in a tmpfs and shared mappings are not counted", why.cure
    group.close()
    return f"{group.version} ({group.folder.parent}) and RLIMIT_DATA", ""


def run(words: list[str]) -> tuple[str, int]:
    """What a program said on both streams, and its exit code."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error), 1
    return done.stderr + done.stdout, done.returncode


# --- the cure ---

INSTALLERS = {"apt-get": "apt-get install", "dnf": "dnf install", "apk": "apk add", "pacman": "pacman -S"}
SWITCHES = (  # file, what it must not say, the command
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
)
CONTAINERS = ("/.dockerenv", "/run/.containerenv")


def cure(tier: str, torch: dict[str, Any], read: Callable[[str], str] | None = None) -> str:
    """The one command that helps most; "" when the tier is the strongest, or no command helps (macOS)."""
    if not torch["torch"]:
        return "pip install -e '.[grade]'"
    if sys.platform != "linux" or tier == "namespaces":
        return ""
    if ctypes.util.find_library("seccomp") is None:
        return _install("libseccomp2")
    if shutil.which("bwrap") is None:
        return _install("bubblewrap")
    read = read or _read
    for path, wrong, switch in SWITCHES:
        if read(path).strip() == wrong:
            return f"{_root()}sysctl -w {switch}"
    if any(os.path.exists(mark) for mark in CONTAINERS):
        unmasked = ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined")
        return f"docker run {' '.join(f'--security-opt {option}' for option in unmasked)} …"
    return ""


def _install(package: str) -> str:
    known = next((words for program, words in INSTALLERS.items() if shutil.which(program)), "apt-get install")
    return f"{_root()}{known} {package}"


def _root() -> str:
    return "sudo " if hasattr(os, "getuid") and os.getuid() != 0 else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
