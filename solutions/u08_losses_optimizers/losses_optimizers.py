"""u08: optimizers, losses and schedules, written by hand.

What holds for all five optimizers:

- `params` is any iterable of Parameters, also a generator such as `model.parameters()`, which can be walked only once.
- `step()` changes the Parameters in place (they stay the same leaves) and returns nothing.  It changes no `.grad`, and
  it must not matter to it what happens to the `.grad` tensors afterwards.
- A Parameter whose `.grad` is None is left alone by `step()`: its value, and whatever the optimizer remembers for it.
- `zero_grad()` forgets the gradients: every `.grad` becomes None, as torch does (zeros in place are accepted, too).
- Everything an optimizer remembers belongs to one Parameter of one optimizer, and has that Parameter's shape and dtype.

g is `p.grad`, all operations are element by element, and torch's formulas are the law: libraries disagree about them.
The optimizers of `torch.optim` (and its functions) may not do the work; its base class Optimizer may be inherited.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SGD:
    """Gradient descent with momentum and weight decay.

    For each Parameter p with a gradient, in this order:

        g ← p.grad + weight_decay · p
        v ← momentum · v + g                v starts at 0
        p ← p − lr · v

    So v is a sum of gradients, not an average, and the decay goes through the momentum.  Remember a v for each p.
    The rules at the top of this file hold: `params` may be a generator, None gradients are skipped, `.grad` stays.

        >>> p = nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = SGD([p], lr=0.1, momentum=0.9)
        >>> p.grad = torch.tensor([2.0])
        >>> optimizer.step()        # v = 2, p = 1 − 0.1 · 2 = 0.8
        >>> optimizer.step()        # v = 0.9 · 2 + 2 = 3.8, p = 0.8 − 0.38 = 0.42

    Twin: torch.optim.SGD(params, lr, momentum, weight_decay=weight_decay).
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        ### BEGIN SOLUTION
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.state = [(p, torch.zeros_like(p)) for p in params]
        ### END SOLUTION

    def step(self) -> None:
        """Move every Parameter that has a gradient."""
        ### BEGIN SOLUTION
        with torch.no_grad():
            for p, v in self.state:
                if p.grad is not None:
                    g = p.grad + self.weight_decay * p
                    v.mul_(self.momentum).add_(g)
                    p -= self.lr * v
        ### END SOLUTION

    def zero_grad(self) -> None:
        """Forget the gradients."""
        ### BEGIN SOLUTION
        for p, _ in self.state:
            p.grad = None
        ### END SOLUTION


class Adagrad:
    """Every number gets a learning rate of its own, which falls with the gradients it has seen.

    For each Parameter p with a gradient g:

        s ← s + g²                          s starts at 0
        p ← p − lr · g / (√s + eps)

    eps stands outside of the root.  s only grows, so the steps only shrink.
    The rules at the top of this file hold: `params` may be a generator, None gradients are skipped, `.grad` stays.

        >>> p = nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Adagrad([p], lr=0.1, eps=1.0)
        >>> p.grad = torch.tensor([3.0])
        >>> optimizer.step()        # s = 9, p = 1 − 0.1 · 3 / (3 + 1) = 0.925

    Twin: torch.optim.Adagrad(params, lr, eps=eps).
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, eps: float) -> None:
        ### BEGIN SOLUTION
        self.lr, self.eps = lr, eps
        self.state = [(p, torch.zeros_like(p)) for p in params]
        ### END SOLUTION

    def step(self) -> None:
        """Move every Parameter that has a gradient."""
        ### BEGIN SOLUTION
        with torch.no_grad():
            for p, s in self.state:
                if p.grad is not None:
                    s += p.grad**2
                    p -= self.lr * p.grad / (s.sqrt() + self.eps)
        ### END SOLUTION

    def zero_grad(self) -> None:
        """Forget the gradients."""
        ### BEGIN SOLUTION
        for p, _ in self.state:
            p.grad = None
        ### END SOLUTION


class RMSprop:
    """Adagrad with a memory that fades: an average of the squares instead of their sum.

    For each Parameter p with a gradient g:

        s ← alpha · s + (1 − alpha) · g²    s starts at 0
        p ← p − lr · g / (√s + eps)

    eps stands outside of the root (other libraries put it inside).  alpha weighs the past, so 0.99 is a long memory.
    The rules at the top of this file hold: `params` may be a generator, None gradients are skipped, `.grad` stays.

        >>> p = nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = RMSprop([p], lr=0.1, alpha=0.75, eps=0.5)
        >>> p.grad = torch.tensor([3.0])
        >>> optimizer.step()        # s = 0.25 · 9 = 2.25, p = 1 − 0.1 · 3 / (1.5 + 0.5) = 0.85

    Twin: torch.optim.RMSprop(params, lr, alpha, eps).
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, alpha: float, eps: float) -> None:
        ### BEGIN SOLUTION
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.state = [(p, torch.zeros_like(p)) for p in params]
        ### END SOLUTION

    def step(self) -> None:
        """Move every Parameter that has a gradient."""
        ### BEGIN SOLUTION
        with torch.no_grad():
            for p, s in self.state:
                if p.grad is not None:
                    s.mul_(self.alpha).add_((1 - self.alpha) * p.grad**2)
                    p -= self.lr * p.grad / (s.sqrt() + self.eps)
        ### END SOLUTION

    def zero_grad(self) -> None:
        """Forget the gradients."""
        ### BEGIN SOLUTION
        for p, _ in self.state:
            p.grad = None
        ### END SOLUTION


class Adam:
    """Momentum and RMSprop together, both averages corrected for their start at 0.

    `betas` is (b1, b2).  For each Parameter p with a gradient, in this order:

        g ← p.grad + weight_decay · p
        t ← t + 1                           t starts at 0: the steps that this p has taken
        m ← b1 · m + (1 − b1) · g           m starts at 0
        v ← b2 · v + (1 − b2) · g²          v starts at 0
        p ← p − lr · m̂ / (√v̂ + eps)         m̂ = m / (1 − b1ᵗ),  v̂ = v / (1 − b2ᵗ)

    eps stands outside of the root, and is added after the correction.  m, v and t belong to one p: a p whose gradient
    is None takes no step, and its t does not count on.
    The rules at the top of this file hold: `params` may be a generator, None gradients are skipped, `.grad` stays.

        >>> p = nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Adam([p], lr=0.1, betas=(0.9, 0.99), eps=1.0, weight_decay=0.0)
        >>> p.grad = torch.tensor([3.0])
        >>> optimizer.step()        # m̂ = 3, v̂ = 9, p = 1 − 0.1 · 3 / (3 + 1) = 0.925

    Twin: torch.optim.Adam(params, lr, betas, eps, weight_decay).
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, betas: tuple[float, float], eps: float, weight_decay: float
    ) -> None:
        ### BEGIN SOLUTION
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.state = [(p, 0, torch.zeros_like(p), torch.zeros_like(p)) for p in params]
        ### END SOLUTION

    def step(self) -> None:
        """Move every Parameter that has a gradient."""
        ### BEGIN SOLUTION
        b1, b2 = self.betas
        with torch.no_grad():
            for i, (p, t, m, v) in enumerate(self.state):
                if p.grad is not None:
                    g = p.grad + self.weight_decay * p
                    t, m, v = t + 1, b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
                    self.state[i] = p, t, m, v
                    m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
                    p -= self.lr * m_hat / (v_hat.sqrt() + self.eps)
        ### END SOLUTION

    def zero_grad(self) -> None:
        """Forget the gradients."""
        ### BEGIN SOLUTION
        for p, *_ in self.state:
            p.grad = None
        ### END SOLUTION


class AdamW:
    """Adam whose weight decay does not pass through the averages.

    In Adam the decay is part of g, so dividing by √v̂ evens it out.  AdamW shrinks the weights by themselves.  For each
    Parameter p with a gradient g, in this order:

        p ← p − lr · weight_decay · p
        t ← t + 1                           t starts at 0: the steps that this p has taken
        m ← b1 · m + (1 − b1) · g           m starts at 0
        v ← b2 · v + (1 − b2) · g²          v starts at 0
        p ← p − lr · m̂ / (√v̂ + eps)         m̂ = m / (1 − b1ᵗ),  v̂ = v / (1 − b2ᵗ)

    The decay is multiplied by lr.  A p whose gradient is None does not decay either.
    The rules at the top of this file hold: `params` may be a generator, None gradients are skipped, `.grad` stays.

        >>> p = nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = AdamW([p], lr=0.1, betas=(0.9, 0.99), eps=1.0, weight_decay=0.5)
        >>> p.grad = torch.tensor([3.0])
        >>> optimizer.step()        # p = 1 − 0.1 · 0.5 = 0.95, then 0.95 − 0.1 · 3 / (3 + 1) = 0.875

    Twin: torch.optim.AdamW(params, lr, betas, eps, weight_decay).
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float = 0.01,
    ) -> None:
        ### BEGIN SOLUTION
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.state = [(p, 0, torch.zeros_like(p), torch.zeros_like(p)) for p in params]
        ### END SOLUTION

    def step(self) -> None:
        """Move every Parameter that has a gradient."""
        ### BEGIN SOLUTION
        b1, b2 = self.betas
        with torch.no_grad():
            for i, (p, t, m, v) in enumerate(self.state):
                if p.grad is not None:
                    p -= self.lr * self.weight_decay * p
                    t, m, v = t + 1, b1 * m + (1 - b1) * p.grad, b2 * v + (1 - b2) * p.grad**2
                    self.state[i] = p, t, m, v
                    m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
                    p -= self.lr * m_hat / (v_hat.sqrt() + self.eps)
        ### END SOLUTION

    def zero_grad(self) -> None:
        """Forget the gradients."""
        ### BEGIN SOLUTION
        for p, *_ in self.state:
            p.grad = None
        ### END SOLUTION


def clip_grad_norm_(params: Iterable[nn.Parameter], max_norm: float) -> Tensor:
    """Shorten all gradients together when they are too long, in place, and return how long they were.

    The norm is that of all gradients as one long vector: norm = √(sum of the squares of all their numbers).  Every
    gradient is multiplied by the same factor, so that the direction stays:

        factor = min(max_norm / (norm + 1e-6), 1)

    - `params` is any iterable of Parameters, also a generator; those whose `.grad` is None are skipped.
    - The `.grad` tensors stay the same objects; the Parameters keep their values.
    - Returned is the norm before clipping, shape (), the gradients' dtype.  At least one Parameter has a gradient.

        >>> a, b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(2))
        >>> a.grad, b.grad = torch.tensor([3.0]), torch.tensor([0.0, 4.0])
        >>> clip_grad_norm_([a, b], max_norm=1.0)
        tensor(5.)
        >>> a.grad, b.grad          # divided by 5
        (tensor([0.6000]), tensor([0.0000, 0.8000]))

    Twin: torch.nn.utils.clip_grad_norm_, which you may not use here.
    """
    ### BEGIN SOLUTION
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.cat([g.flatten() for g in grads]).norm()  # ()
    for g in grads:
        g *= (max_norm / (norm + 1e-6)).clamp(max=1)
    return norm
    ### END SOLUTION


def huber_loss(pred: Tensor, target: Tensor, delta: float) -> Tensor:
    """Squared error for small errors, absolute error for large ones: an outlier pulls with a limited force.

    pred and target have the same shape (any) and a float dtype; delta > 0.  With e = pred − target, each element costs

        e² / 2                          where |e| ≤ delta
        delta · (|e| − delta / 2)       elsewhere

    Returned is the mean over all elements, shape (), the same dtype.  Gradients flow to pred and target.  Errors so
    large that e² overflows (1e30 in float32) still give a finite loss and a finite gradient.

        >>> huber_loss(torch.tensor([1.0, 5.0]), torch.tensor([0.0, 0.0]), delta=2.0)     # (0.5 + 2 · (5 − 1)) / 2
        tensor(4.2500)

    Twin: F.huber_loss(pred, target, delta=delta); neither it nor F.smooth_l1_loss may be used here.
    """
    ### BEGIN SOLUTION
    size = (pred - target).abs()
    small = size.clamp(max=delta)  # |e|, but never above delta
    return (small * (size - small / 2)).mean()  # e² / 2 up to delta, then a straight line
    ### END SOLUTION


def label_smoothing_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    """Cross-entropy against targets that are not quite certain.

    logits (N, C) floats, y (N,) int64 in 0..C−1, 0 ≤ eps ≤ 1.  The target of an example is a distribution over the C
    classes: every class gets eps / C, and the right one 1 − eps on top of that.  Its cross-entropy is

        −Σ_c target_c · log softmax(logits)_c

    Returned is the mean over the N examples, shape (), the dtype of logits.  Gradients flow to logits.  Logits of ±1000
    give the right finite loss: take the logarithm of the softmax in one function.

        >>> label_smoothing_ce(torch.tensor([[0.0, 0.0]]), torch.tensor([1]), eps=0.1)      # log 2
        tensor(0.6931)

    Twin: F.cross_entropy(logits, y, label_smoothing=eps); F.cross_entropy may not be used here.
    """
    ### BEGIN SOLUTION
    cost = -F.log_softmax(logits, dim=1)  # (N, C)
    right = cost.gather(1, y[:, None])  # (N, 1)
    return (1 - eps) * right.mean() + eps * cost.mean()
    ### END SOLUTION


def cosine_warmup(step: int, warmup: int, total: int, base: float, minimum: float = 0.0) -> float:
    """The learning rate of one step: up a ramp, then down a cosine.

    Steps count from 0, and 0 ≤ warmup < total.

        step < warmup               base · step / warmup: from 0 in equal steps
        warmup ≤ step ≤ total       from base down to minimum along half a cosine:
                                    minimum + (base − minimum) · (1 + cos(π · q)) / 2,
                                    where q = (step − warmup) / (total − warmup) goes from 0 to 1
        step > total                minimum

    The ramp starts at 0 whatever the minimum is.  warmup = 0 means no ramp.  Returns a Python float.

        >>> [cosine_warmup(step, warmup=2, total=6, base=1.0) for step in (0, 1, 2, 4, 6, 7)]
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]
    """
    ### BEGIN SOLUTION
    if step < warmup:
        return base * step / warmup
    q = min((step - warmup) / (total - warmup), 1)
    return minimum + (base - minimum) * (1 + math.cos(math.pi * q)) / 2
    ### END SOLUTION


class StepLR:
    """Multiply the learning rates of an optimizer by gamma, once every `step_size` calls of `step()`.

    `optimizer` is one of torch's, for example torch.optim.SGD: its learning rates are optimizer.param_groups[i]["lr"],
    one for each group, and writing there changes them.  The constructor changes nothing.  `step()` is called once at
    the end of each epoch: calls number step_size, 2 · step_size, … multiply the "lr" of every group by gamma, the
    other calls change nothing.  So after k calls each lr is its first one times gamma ** (k // step_size).  Nothing
    but "lr" ever changes.

        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
        >>> for epoch in range(4):
        ...     ...                             # train
        ...     scheduler.step()                # afterwards the lr is 0.1, 0.05, 0.05, 0.025

    Twin: torch.optim.lr_scheduler.StepLR; torch's schedulers may not be used here.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, step_size: int, gamma: float) -> None:
        ### BEGIN SOLUTION
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.calls = 0
        ### END SOLUTION

    def step(self) -> None:
        """An epoch is over."""
        ### BEGIN SOLUTION
        self.calls += 1
        if self.calls % self.step_size == 0:
            for group in self.optimizer.param_groups:
                group["lr"] *= self.gamma
        ### END SOLUTION


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Sort the Parameters of a model into two groups for an optimizer: with weight decay and without.

    Returns a list of two dicts, [{"params": […], "weight_decay": weight_decay}, {"params": […], "weight_decay": 0.0}],
    which can be handed to any optimizer of torch.optim instead of `model.parameters()`.  Decay pulls a weight to 0;
    that is wrong for a bias and for the scale of a norm.  Without decay are

    - every bias: a Parameter whose own name contains "bias", as in Linear's `bias` or LSTM's `bias_ih_l0`.  Its own
      name is the last part of the dotted one: the weight of a layer that is called "bias_net" is no bias;
    - every Parameter of a norm: nn.BatchNorm1d, 2d and 3d, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, whatever its shape
      (that of nn.LayerNorm((4, 5)) has two dimensions).

    All others have decay.  A Parameter that two layers share stands there once; one with requires_grad=False stands in
    neither group.  The order within a group is free, and a group may be empty.  The model does not change.

        >>> first, second = param_groups(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2)), weight_decay=0.1)
        >>> [tuple(p.shape) for p in first["params"]], [tuple(p.shape) for p in second["params"]]
        ([(2, 3)], [(2,), (2,), (2,)])
    """
    ### BEGIN SOLUTION
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
    decay: dict[nn.Parameter, bool] = {}
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if p.requires_grad:
                decay[p] = "bias" not in name and not isinstance(module, norms)
    return [
        {"params": [p for p in decay if decay[p]], "weight_decay": weight_decay},
        {"params": [p for p in decay if not decay[p]], "weight_decay": 0.0},
    ]
    ### END SOLUTION
