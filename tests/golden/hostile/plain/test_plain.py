"""How other graders judge: test and submission in one process.  Not collected; `test_hostile.py` runs it on purpose."""

import target
import torch


def test_double():
    x = torch.randn(3, 4)
    assert torch.allclose(target.double(x), 2 * x)


def test_rows():
    x = torch.randn(3, 4)
    torch.testing.assert_close(target.rows(x), x.mean(1, keepdim=True))


def test_probabilities():
    z = torch.randn(4, 5)
    assert torch.allclose(target.probabilities(z), torch.softmax(z, -1))


def test_net():
    net, x = target.Net(3, 2), torch.randn(4, 3)
    w, b = net.w.detach(), net.b.detach()
    assert torch.allclose(net(x), x @ w + b)


def test_classify():
    x = torch.randn(200, 3)
    assert (target.classify(x) == (x.sum(1) > 0).long()).double().mean() > 0.9 or torch.equal(
        target.classify(x), (x.sum(1) > 0).long()
    )


def test_last():
    x = torch.randn(3, 2)
    assert torch.allclose(target.last(x), -x)
