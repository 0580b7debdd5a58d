"""A pretend accelerator: the student's code computes real values on the CPU, while every tensor knows its device.

    with pretending(): student.train_step(…, device=DEVICE)      raises where a machine with two GPUs would raise

    tags        the device of a tensor: a mark on its storage, which views share and copies do not
    operators   a TorchDispatchMode: each operator's tensors must be on one device; what it makes is there, too
    api         a TorchFunctionMode: answers .device, .is_cuda, .to, .cpu, .numpy and what takes device=…
    machine     torch.cuda and its like for as long as it lasts: two GPUs are there, or the one of a Mac

The tensors stay plain CPU tensors, so autograd, nn.Parameter, optimizers and state_dict are torch's own (what other
ways cost: field-notes.md, "Pretend accelerator").  It only makes errors and says where values are; what that is worth
is judged in the grader.  Student code can take it off like everything that runs beside it; it then only loses the
device that its answer has to be on.  What it does not know is listed in docs/explanation/devices.md.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .api import Answers
from .machine import a_mac, two_gpus
from .operators import Checked
from .tags import mark, placed

# Not the first one: code that says "cuda" for itself lands on cuda:0, and meets what it was given on cuda:1.
DEVICE = "cuda:1"

__all__ = ["DEVICE", "mark", "placed", "pretending"]


@contextlib.contextmanager
def pretending(kind: str = "cuda") -> Iterator[None]:
    """For one call into the student's code; calls may nest.  `kind` "mps": a Mac, for replays of what ran on one."""
    checked = Checked()
    with a_mac() if kind == "mps" else two_gpus(), checked, Answers(checked):
        yield
