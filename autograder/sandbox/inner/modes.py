"""What our own dispatch modes have in common."""

from __future__ import annotations

from torch.utils._python_dispatch import TorchDispatchMode


class Uncompiled(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Nothing compiles where it holds; to make sure of that torch would import torch._dynamo at the first operator."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False
