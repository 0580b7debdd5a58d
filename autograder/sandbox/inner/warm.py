"""What answers need is used once in the nursery: a forked worker pays for each page that it is the first to write to,
and first uses write most (tables that are built then, code that Python specialises, caches).

    warm(folder)    one small submission of ours is answered, and every trace of it removed

No gradient is taken: autograd's engine must not have started before a fork.  The random states are put back.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import wire
from .workbench import Workbench

NAME = "warm"
SOURCE = '''
"""Of everything a little."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self, n: int, *, bias: bool = True) -> None:
        super().__init__()
        self.fc = nn.Linear(n, 3, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.fc(x))


def tensors(x: Tensor, n: int) -> dict[str, Tensor]:
    """Made, cut, put together."""
    new = {"zeros": torch.zeros(n, 2), "range": torch.arange(n), "full": torch.full((2, n), math.pi)}
    new["random"] = torch.randn(n) + torch.rand(n)
    rows = [x[i] for i in range(x.shape[0])]
    if not rows:
        raise ValueError("empty")
    return new | {"rows": torch.stack(rows), "mean": x.mean(dim=0, keepdim=True), "t": x.T.reshape(-1).clone()}


def numbers(x: np.ndarray, w: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    y = np.maximum(x, 0.0) @ (x.T if w is None else w)
    return y, float(y.sum())


def chosen(x: Tensor, mask: Tensor) -> Tensor:
    y = torch.where(mask, x, -x)
    y[0] += 1
    return torch.cat([y, y.to(torch.float64).float()]).sum().view(1, 1)


def odd(x: Tensor) -> Tensor:
    return x @ x
'''
PROGRAM = """
def shape(value):
    return tuple(value.shape), value.dtype, [float(v) for v in value.flatten()]
"""
FORBIDS = ["loops", "torch.nn.functional.dropout", "aten.native_layer_norm"]


def warm(folder: Path) -> None:
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    bench = Workbench({}, scratch=folder)

    def ask(op: str, **fields: object) -> Any:
        return wire.unpack(bench.answer(wire.pack({"op": op, **fields})))

    def call(name: str, *args: object, **more: object) -> Any:
        return ask("call", name=name, args=list(args), kwargs={}, **more)

    ask("open", filename=f"{NAME}.py", name=NAME, source=SOURCE.encode())
    x = torch.arange(12.0).reshape(4, 3)
    for _ in range(3):  # Python specialises what runs more than once
        for forbids in ([], FORBIDS):
            ask("item", forbids=forbids, symbol="tensors")
            call("tensors", x, 3, seed=7)
            call("numbers", x.numpy())
            call("chosen", x, x > 3)
            call("odd", x)  # it raises
            net = call("Net", 3)["ok"]
            ask("apply", target=net, args=[x], kwargs={})
            ask("inside", entry="shape", program=PROGRAM, args=[x], kwargs={})
            ask("words", symbol="tensors")
            ask("end")
    sys.modules.pop(NAME)
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
