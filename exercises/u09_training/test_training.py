"""Public tests of u09_training: run them with  pytest exercises/u09_training

They use small numbers that you can check by hand.  The hidden tests ask the same questions with other numbers, and
some more: read the docstrings.
"""

import math
import random
from collections import namedtuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from u09_training import training

from autograder import checks as check
from autograder.checks import Text

pytestmark = pytest.mark.unit("u09_training")


def line(weight=1.0, bias=0.0):
    """y = weight · x + bias, with a gradient left over from somewhere."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(weight)
        model.bias.fill_(bias)
    model(torch.ones(1, 1)).sum().backward()
    return model


def sgd(model, lr):
    return torch.optim.SGD(model.parameters(), lr=lr)


def values(*numbers):
    """A batch of one feature: (N, 1)."""
    return torch.tensor(numbers).reshape(-1, 1)


# ------------------------------------------------------------------------------------------------ train_one_epoch


@pytest.mark.item("train_one_epoch")
def test_train_one_epoch_returns_the_mean_over_examples():
    model = line().eval()
    loader = [(values(0.0, 0.0, 0.0), values(1.0, 1.0, 1.0)), (values(0.0), values(2.0))]
    # the prediction is the bias: first 0, loss 1, gradient -2, so the bias becomes 0.5; then loss (2 - 0.5)² = 2.25
    loss = training.train_one_epoch(model, loader, sgd(model, 0.25), F.mse_loss)
    check.number(loss, (3 * 1.0 + 1 * 2.25) / 4, name="the mean loss", rtol=1e-6)
    check.close(model.bias.detach(), torch.tensor([0.5 + 0.25 * 3.0]), name="bias")  # the second gradient is -3
    check.equal(model.training, True, name="model.training")


# ------------------------------------------------------------------------------------------------------------ fit


@pytest.mark.item("fit")
def test_fit_keeps_the_weights_of_the_best_epoch():
    model = line(weight=0.0)
    train, val = [(values(0.0), values(4.0))], [(values(0.0), values(2.0))]
    # the bias goes 0, 2, 3, 3.5: it halves its distance from 4.  What is validated wants 2.
    history = training.fit(model, train, val, sgd(model, 0.25), F.mse_loss, epochs=3)
    want = [
        {"train_loss": 16.0, "val_loss": 0.0},
        {"train_loss": 4.0, "val_loss": 1.0},
        {"train_loss": 1.0, "val_loss": 2.25},
    ]
    check.close(history, want, name="history", rtol=1e-6, atol=1e-9)
    check.close(model.bias.detach(), torch.tensor([2.0]), name="bias at the end")


@pytest.mark.item("fit")
def test_fit_validates_in_eval_mode():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))
    val = [(torch.ones(2, 4), torch.zeros(2, 1))]
    history = training.fit(model, [(torch.ones(2, 4), torch.ones(2, 1))], val, sgd(model, 0.0), F.mse_loss, epochs=4)
    check.equal(len({entry["val_loss"] for entry in history}), 1, name="number of different val_losses with lr 0")


# -------------------------------------------------------------------------------- save_checkpoint, load_checkpoint


def one_step(model, optimizer):
    optimizer.zero_grad()
    F.mse_loss(model(values(1.0)), values(3.0)).backward()
    optimizer.step()


def momentum(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


@pytest.mark.item("save_checkpoint")
def test_save_checkpoint_writes_three_keys(tmp_path):
    model = line(2.0, 0.5)
    optimizer = momentum(model)
    one_step(model, optimizer)
    training.save_checkpoint(tmp_path / "last.pt", model, optimizer, 4)
    found = torch.load(tmp_path / "last.pt", weights_only=True)
    check.equal(sorted(found), ["epoch", "model", "optimizer"], name="the keys in the file")
    check.equal(found["epoch"], 4, name='the file\'s "epoch"')
    check.close(dict(found["model"]), dict(model.state_dict()), name='the file\'s "model"')
    check.close(found["optimizer"], optimizer.state_dict(), name='the file\'s "optimizer"')


@pytest.mark.item("load_checkpoint")
def test_load_checkpoint_goes_on_where_it_stopped(tmp_path):
    model, fresh = line(2.0, 0.5), line(7.0, -7.0)
    optimizer, its = momentum(model), momentum(fresh, lr=5.0)
    one_step(model, optimizer)
    content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 4}
    torch.save(content, tmp_path / "last.pt")
    check.equal(training.load_checkpoint(tmp_path / "last.pt", fresh, its), 5, name="the epoch to start with")
    check.close(dict(fresh.state_dict()), dict(model.state_dict()), name="model.state_dict()")
    one_step(model, optimizer)
    one_step(fresh, its)
    check.close(dict(fresh.state_dict()), dict(model.state_dict()), name="model.state_dict() after one more step")


# ------------------------------------------------------------------------------------------- save_whole, load_whole


@pytest.mark.item("save_whole")
def test_save_whole_writes_the_module(tmp_path):
    training.save_whole(tmp_path / "model.pt", nn.Sequential(line(2.0, 0.5), nn.ReLU()))
    found = torch.load(tmp_path / "model.pt", weights_only=False)
    check.equal([type(layer).__name__ for layer in found], ["Linear", "ReLU"], name="the layers in the file")
    check.close(found(values(1.0, -1.0)).detach(), values(2.5, 0.0), name="model(x)")


@pytest.mark.item("load_whole")
def test_load_whole_reads_the_module(tmp_path):
    torch.save(nn.Sequential(line(2.0, 0.5), nn.ReLU()).eval(), tmp_path / "model.pt")
    model = training.load_whole(tmp_path / "model.pt")
    check.equal(model.training, False, name="model.training")
    check.close(model(values(1.0, -1.0)).detach(), values(2.5, 0.0), name="model(x)")


# ------------------------------------------------------------------------------------------------------ to_device

Pair = namedtuple("Pair", ["x", "y"])


@pytest.mark.item("to_device")
def test_to_device_moves_what_is_nested():
    # "meta" is a device of tensors without numbers: it is on every machine
    x = torch.ones(2, 3)
    batch = {"pair": (x, [x]), "named": Pair(x, None), "names": ["cat", "dog"]}
    moved = training.to_device(batch, "meta")
    check.equal(list(moved), ["pair", "named", "names"], name="keys")
    check.equal([type(part).__name__ for part in moved.values()], ["tuple", "Pair", "list"], name="types of the parts")
    found = [moved["pair"][0].device, moved["pair"][1][0].device, moved["named"].x.device]
    check.equal(found, [torch.device("meta")] * 3, name="devices")
    check.equal([moved["named"].y, moved["names"]], [None, ["cat", "dog"]], name="what is no tensor")
    check.that(batch["pair"][0] is x, Text(en="The batch itself was changed.", vi="Chính batch đã bị thay đổi."))


@pytest.mark.item("to_device")
def test_to_device_does_not_copy_what_is_there():
    x = torch.ones(2, 3)
    check.that(training.to_device(x, "cpu") is x, Text(en="x was copied.", vi="x đã bị sao chép."))


# ------------------------------------------------------------------------------------------------ accumulate_step


@pytest.mark.item("accumulate_step")
def test_accumulate_step_weighs_the_pieces_by_size():
    model = line()
    pieces = [(values(0.0, 0.0, 0.0), values(1.0, 1.0, 1.0)), (values(0.0), values(5.0))]
    # all four targets have the mean 2, so the gradient of the bias is 2 · (0 - 2) = -4
    training.accumulate_step(model, sgd(model, 0.25), F.mse_loss, pieces)
    check.close(model.bias.detach(), torch.tensor([1.0]), name="bias")


# -------------------------------------------------------------------------------------------------- EarlyStopping


@pytest.mark.item("early_stopping")
def test_early_stopping_waits_for_patience():
    stop = training.EarlyStopping(patience=2)
    got = [stop.step(v) for v in [5.0, 4.0, 4.0, 4.5, 3.0]]
    check.equal(got, [False, False, False, True, False], name="answers of step")


@pytest.mark.item("early_stopping")
def test_early_stopping_wants_more_than_min_delta():
    stop = training.EarlyStopping(patience=1, min_delta=1.0)
    # 4.5: too little; 4.0: exactly 1 below the best, 5, which is not more than 1; 3.5: an improvement
    got = [stop.step(v) for v in [5.0, 4.5, 4.0, 3.5, math.nan]]
    check.equal(got, [False, True, True, False, True], name="answers of step")


# ---------------------------------------------------------------------------------- seed_everything and worker_init


def numbers():
    return [random.random(), float(np.random.rand()), torch.rand(1).item()]


@pytest.mark.item("seed_everything")
def test_seed_everything_repeats_all_three():
    training.seed_everything(3)
    first = numbers()
    training.seed_everything(4)
    other = numbers()
    training.seed_everything(3)
    check.close(numbers(), first, name="[random's, NumPy's, torch's number] after the same seed")
    changed = [a != b for a, b in zip(first, other, strict=True)]
    check.equal(changed, [True] * 3, name="[random's, NumPy's, torch's number differs] after another seed")


@pytest.mark.item("worker_init")
def test_worker_init_takes_torch_s_seed():
    torch.manual_seed(2**32 + 5)  # as a DataLoader does in each worker, with a large number
    training.worker_init(0)
    found = [random.random(), float(np.random.rand())]
    random.seed(5)
    np.random.seed(5)
    check.close(found, [random.random(), float(np.random.rand())], name="[random's, NumPy's number] in the worker")


# ---------------------------------------------------------------------------------------------------- pick_device


@pytest.mark.item("pick_device")
@pytest.mark.parametrize(
    ("cuda", "mps", "prefer", "want"),
    [(True, True, None, "cuda"), (False, True, "cuda", "mps"), (True, True, "mps", "mps"), (True, False, "cpu", "cpu")],
)
def test_pick_device(monkeypatch, cuda, mps, prefer, want):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    check.equal(training.pick_device(prefer), torch.device(want), name="pick_device(prefer)")


@pytest.mark.item("pick_device")
def test_pick_device_refuses_unknown_names():
    with check.raises(ValueError, name='pick_device("gpu")'):
        training.pick_device("gpu")


# ------------------------------------------------------------------------------------------------------- amp_step


@pytest.mark.item("amp_step")
def test_amp_step_computes_in_bfloat16_and_keeps_float32():
    model = nn.Linear(1, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.001], [0.0]]))  # bfloat16 has no 1.001: it becomes 1
        model.bias.zero_()
    loss = training.amp_step(model, (torch.tensor([[1.0]]), torch.tensor([1])), sgd(model, 0.0), "cpu")
    check.number(loss, 1.3132617, name="the loss", rtol=1e-6)  # log(1 + e), of the logits 1 and 0
    check.dtype(model.weight.detach(), torch.float32, name="weight")


@pytest.mark.item("amp_step")
def test_amp_step_takes_a_step_with_fresh_gradients():
    model = nn.Linear(1, 2)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    model(torch.ones(1, 1)).sum().backward()  # left over from somewhere
    training.amp_step(model, (torch.tensor([[2.0]]), torch.tensor([1])), sgd(model, 1.0), "cpu")
    # two equal logits: their gradient is [0.5, -0.5]; times x = 2 for the weight
    check.close(model.weight.detach(), torch.tensor([[-1.0], [1.0]]), name="weight")
    check.close(model.bias.detach(), torch.tensor([-0.5, 0.5]), name="bias")


# ----------------------------------------------------------------------------------------------- train_classifier


@pytest.mark.item("train_classifier")
def test_train_classifier_learns_easy_pictures_and_keeps_the_best_epoch():
    # noisy copies of ten random pictures; in the third epoch all labels are wrong, so the second is the best
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(10, (1200,), generator=generator)
    pictures = torch.rand(10, 784, generator=generator).round()
    x = 0.8 * pictures[y] + 0.2 * torch.rand(1200, 784, generator=generator)
    right = list(zip(x[:1000].split(20), y[:1000].split(20), strict=True))
    wrong = [(images, (labels + 1) % 10) for images, labels in right]

    class Epochs:
        begun = 0

        def __iter__(self):
            self.begun += 1
            return iter(wrong if self.begun == 3 else right)

    train = Epochs()
    model = training.train_classifier(train, [(x[1000:1100], y[1000:1100])], "cpu", epochs=3)
    check.equal(train.begun, 3, name="walks through train")
    check.equal(model.training, False, name="model.training")
    logits = model(x[1100:]).detach()
    check.shape(logits, (100, 10), name="model(x)")
    hits = (logits.argmax(1) == y[1100:]).double().mean().item()
    check.that(hits > 0.8, Text(en="Too few labels are right.", vi="Quá ít nhãn đúng."))
