"""Which real device a run judges on beside the CPU, and how many slots that allows: asked before the first slot starts.

    slots("cuda", 8) → ("0", "1"): one slot for each GPU of this machine, and no more than are wanted

It imports no torch (the coordinator does not wait for it); whether torch can use what is there, the slot asks
(`usable`).  A device that is not there is `NoDevice`, which says what was looked for, and the cure.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

REAL = ("cpu", "cuda", "mps")
VISIBLE = "CUDA_VISIBLE_DEVICES"
HIDDEN = {VISIBLE: ""}  # for a process that must not touch a GPU


class NoDevice(Exception):
    """A device was asked for that this machine, or this torch, does not have."""


def slots(device: str, wanted: int, isolation: str = "auto", folder: Path = Path("/dev")) -> tuple[str, ...]:
    """The GPU of each slot by its number; of slots on the CPU, and of Apple's one GPU, an empty name."""
    if device == "cpu":
        return ("",) * wanted
    if isolation == "none":
        raise NoDevice(f"--device {device}: --isolation none runs in the grader's own process, which uses no GPU; "
                       "leave one of the two out")  # fmt: skip
    if device == "mps":
        if sys.platform != "darwin":
            raise NoDevice("no MPS device: this is no Mac; leave --device out")
        return ("",)
    found = gpus(folder)
    if not found:
        why = f"{VISIBLE} is {os.environ[VISIBLE]!r}" if VISIBLE in os.environ else f"{folder} has no nvidia0"
        raise NoDevice(
            f"no CUDA device: {why}; run it on a machine with an NVIDIA GPU and its driver, or leave --device out "
            "(device items are judged on a pretended GPU everywhere)"
        )
    return found[:wanted]


def gpus(folder: Path = Path("/dev")) -> tuple[str, ...]:
    """The NVIDIA GPUs that this run may use, by number, in the order of the bus; CUDA_VISIBLE_DEVICES narrows them."""
    numbers = sorted(
        int(path.name.removeprefix("nvidia"))
        for path in folder.glob("nvidia[0-9]*")
        if path.name.removeprefix("nvidia").isdecimal()
    )
    there = tuple(map(str, numbers))
    if VISIBLE not in os.environ:
        return there
    named = [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip()]
    return tuple(name for name in named if name in there or not name.isdecimal()) if there else ()


def usable(device: str) -> None:
    """In a slot, which has torch: NoDevice when this torch was built without it.  CUDA itself is not started."""
    import torch

    if device == "cuda" and torch.version.cuda is None:
        raise NoDevice(
            f"no CUDA device: torch {torch.__version__} was built without CUDA; install a build with it "
            "(https://pytorch.org/get-started/locally), or leave --device out"
        )
    if device == "mps" and not torch.backends.mps.is_available():
        raise NoDevice(f"no MPS device: torch {torch.__version__} sees none; leave --device out")
