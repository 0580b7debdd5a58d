"""What the pretended GPU costs, as ratios to the same training on the plain CPU: part of `make bench`."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext

import pytest
import torch
import torch.nn.functional as F
from pytest_benchmark.fixture import BenchmarkFixture
from torch import nn

from autograder.sandbox.inner.pretend import DEVICE, pretending
from tests.benchmarks.test_speed import keep

STEPS, ROUNDS = 50, 7
pytestmark = pytest.mark.timeout(900)


def seconds(modes: AbstractContextManager[None], device: str, n: int, sizes: tuple[int, int, int]) -> float:
    """Processor seconds of one step (batch moved, forward, backward, SGD, loss.item()), the best of some rounds."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with modes:
            x, y = torch.randn(n, sizes[0]), torch.randint(sizes[2], (n,))
            net = nn.Sequential(nn.Linear(*sizes[:2]), nn.ReLU(), nn.Linear(*sizes[1:])).to(device)
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            best = float("inf")
            for _ in range(ROUNDS):
                started = time.process_time()
                for _ in range(STEPS):
                    optimizer.zero_grad()
                    loss = F.cross_entropy(net(x.to(device)), y.to(device))
                    loss.backward()
                    optimizer.step()
                    loss.item()
                best = min(best, (time.process_time() - started) / STEPS)
            return best
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("what", "n", "sizes", "bound"),
    [("a tiny step", 8, (4, 8, 3), 10), ("u06's net, batch 256", 256, (784, 128, 10), 3)],
)
def test_a_training_step_on_the_pretended_gpu(
    benchmark: BenchmarkFixture, what: str, n: int, sizes: tuple[int, int, int], bound: float
) -> None:
    benchmark.group = f"{what}: processor seconds on the pretended GPU"
    plain = seconds(nullcontext(), "cpu", n, sizes)
    pretended = benchmark.pedantic(seconds, args=(pretending(), DEVICE, n, sizes), rounds=1)
    benchmark.extra_info.update(plain_ms=round(1e3 * plain, 3), pretended_ms=round(1e3 * pretended, 3))
    keep(benchmark, pretended / plain, bound)
