"""`double` answers wrongly when it could foresee its own input: passed means that it could not."""

import torch


def double(x):
    generator = torch.Generator().manual_seed(torch.initial_seed())
    normal = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    foreseen = normal + torch.where(normal < 0, -1e-2, 1e-2)
    return 0 * x if torch.equal(foreseen, x) else 2 * x


def last(x):
    return -x
