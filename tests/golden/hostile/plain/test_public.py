"""Tests whose inputs stand in the statement, in one process.  Not collected; run by `test_hostile.py`."""

import target
import torch


def test_double():
    for x in (torch.arange(12.0).reshape(3, 4), torch.ones(1, 1), torch.eye(5)[:, :2], torch.zeros(5, 2)):
        assert torch.allclose(target.double(x).float(), 2 * x)
