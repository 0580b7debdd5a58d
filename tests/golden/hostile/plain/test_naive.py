"""How tests are often written by hand: element by element, in one process.  Not collected; run by `test_hostile.py`."""

import target
import torch


def close(y, want):
    """No pair of numbers lies further apart than that."""
    return not any(abs(a - b) > 1e-6 for a, b in zip(y.flatten(), want.flatten()))


def test_double():
    x = torch.randn(3, 4)
    assert close(target.double(x), 2 * x)


def test_rows():
    x = torch.randn(3, 4)
    assert close(target.rows(x), x.mean(1))


def test_probabilities():
    z = torch.randn(4, 5)
    assert close(target.probabilities(z), torch.softmax(z, -1))


def test_net():
    net, x = target.Net(3, 2), torch.randn(4, 3)
    w, b = net.w.detach(), net.b.detach()
    assert close(net(x), x @ w + b)


def test_classify():
    x = torch.randn(200, 3)
    assert close(target.classify(x), (x.sum(1) > 0).long())


def test_last():
    x = torch.randn(3, 2)
    assert close(target.last(x), -x)
