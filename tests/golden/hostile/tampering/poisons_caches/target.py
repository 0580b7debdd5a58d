"""Leaves files in torch's caches, to be found by later workers: in the grader's home and in its own."""

import os
from pathlib import Path

import torch

NAMES = (".cache/torch/hub/trusted_list", ".cache/torch/kernels/x", ".cache/torch_extensions/x.so", ".triton/cache/x")


def plant(home):
    """The files that could be made below this home."""
    made = []
    for name in NAMES:
        path = Path(home, name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("planted")
        except OSError:
            continue
        made.append(name)
    return made


def double(x):
    return plant("{{home}}") or 2 * x


def rows(x):
    """Where torch itself would look, by variables and by its own word.  (Its own home may take them.)"""
    os.environ.update(TORCH_HOME="{{home}}", XDG_CACHE_HOME="{{home}}", TORCHINDUCTOR_CACHE_DIR="{{home}}")
    torch.hub.set_dir("{{home}}/hub")
    try:
        torch.save({}, "{{home}}/hub.pt")
        return "saved"
    except (OSError, RuntimeError):
        return x.mean(1, keepdim=True) if plant(Path.home()) else "even its own home is closed"


def probabilities(z):
    os._exit(0)


def classify(x):
    """A new worker: its home is another one, and empty."""
    return [name for name in NAMES if Path.home().joinpath(name).exists()] or (x.sum(1) > 0).long()


def last(x):
    return -x if os.environ.get("TORCH_HOME") is None else x
