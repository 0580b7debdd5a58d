"""watched and real_path: who outlives a command is seen, and another user's command sees what it needs and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_path import ROOT

USER = 64321
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="subreapers and mount namespaces are Linux's")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def watched(folder: Path, uid: int, script: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The shell script's run, and who outlived it; folder/class/ is what the command is given."""
    given, report = folder / "class", folder / "left.json"
    given.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.watched", str(report), str(uid), str(given), "sh", "-c", script]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return run, json.loads(report.read_text() or "[]")


def test_who_outlives_a_command_is_named_and_ended(tmp_path: Path) -> None:
    run, left = watched(tmp_path, os.geteuid(), "sleep 61 >/dev/null 2>&1 & exit 3")
    assert run.returncode == 3
    assert left == ["sleep 61 "]
    assert "sleep 61" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_a_command_that_leaves_nobody_leaves_an_empty_list(tmp_path: Path) -> None:
    assert watched(tmp_path, os.geteuid(), "true")[1] == []


@as_root
def test_an_ordinary_user_gets_through_a_closed_folder_to_what_is_needed_and_to_nothing_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "given").write_text("given\n")
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "class").chmod(0o755)
    script = f"id -u; id -G; cat {tmp_path}/class/given; ls {tmp_path}"
    run, _ = watched(tmp_path, USER, script)
    if run.stderr.startswith("unreachable: no view"):
        pytest.skip(run.stderr.strip())
    assert run.stdout.split() == [str(USER), str(USER), "given", "class"], run.stderr
    assert (tmp_path / "secret").read_text() == "secret\n"


@as_root
def test_what_an_ordinary_user_cannot_reach_is_named(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir(mode=0o311)
    (tmp_path / "class").chmod(0o311)
    run, _ = watched(tmp_path, USER, "true")
    assert run.returncode == 2
    assert run.stderr.startswith("unreachable: ")
