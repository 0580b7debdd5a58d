"""How other graders judge: test and submission in one process.  Not collected; `test_hostile.py` runs it on purpose."""

import target
import torch


def test_double():
    x = torch.randn(3, 4)
    y = target.double(x)
    assert torch.allclose(y, 2 * x)


def test_rows():
    x = torch.randn(3, 4)
    y = target.rows(x)
    torch.testing.assert_close(y, x.mean(1, keepdim=True))


def test_probabilities():
    z = torch.randn(4, 5)
    p = target.probabilities(z)
    assert torch.allclose(p, torch.softmax(z, -1))


def test_net():
    net, x = target.Net(3, 2), torch.randn(4, 3)
    w, b = net.w.detach(), net.b.detach()
    y = net(x)
    assert torch.allclose(y, x @ w + b)


def test_classify():
    x = torch.randn(200, 3)
    guess = target.classify(x)
    assert (guess == (x.sum(1) > 0).long()).double().mean() > 0.9 or torch.equal(guess, (x.sum(1) > 0).long())


def test_last():
    x = torch.randn(3, 2)
    y = target.last(x)
    assert torch.allclose(y, -x)
