"""Data that every submission reads (MNIST images), put once into sealed memory and mapped by each worker.

    SharedData("train_x", tensor) → described() + descriptor → zygote → worker's lazily mapped tensor

Labels that judge never become SharedData.  Without memfd (macOS) an unlinked temporary file serves.
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from autograder.sandbox.inner import wire

if TYPE_CHECKING:
    import torch


class SharedData:
    """A read-only tensor (float or int, on the CPU) under a name.  In suites it may only be passed on."""

    def __init__(self, name: str, tensor: torch.Tensor) -> None:
        plain = tensor.detach().contiguous()
        self.name, self.tensor = name, plain
        raw = plain.numpy().data.cast("B")
        if sys.platform == "linux":
            self.descriptor = os.memfd_create(f"autograder-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            _write(self.descriptor, raw)
            seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)
        else:
            with tempfile.TemporaryFile() as file:
                self.descriptor = os.dup(file.fileno())
            _write(self.descriptor, raw)
        self._bytes = len(raw)

    def described(self) -> dict[str, Any]:
        dtype = wire.NAMES[self.tensor.dtype]
        return {"name": self.name, "bytes": self._bytes, "dtype": dtype, "shape": list(self.tensor.shape)}

    def close(self) -> None:
        os.close(self.descriptor)


def _write(descriptor: int, raw: memoryview) -> None:
    done = 0
    while done < len(raw):
        done += os.write(descriptor, raw[done : done + (1 << 26)])
