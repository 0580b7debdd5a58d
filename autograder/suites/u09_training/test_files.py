"""Hidden tests of u09_training: checkpoints, and whole modules in files."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u09_training")

REFUSED = Text(
    en="A file that holds more than tensors and plain values was unpickled: somebody else's code could run.",
    vi="File chứa thứ khác ngoài tensor và giá trị thường đã được unpickle: mã của người khác có thể chạy.",
)
UNREADABLE = Text(
    en="torch.load(path, weights_only=True) cannot read the file.",
    vi="torch.load(path, weights_only=True) không đọc được file.",
)


@inside
def network(state):
    """Linear, BatchNorm1d, Linear with this state, in its dtype."""
    (hidden, d_in), (d_out, _) = state["0.weight"].shape, state["2.weight"].shape
    net = nn.Sequential(nn.Linear(d_in, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, d_out))
    net.to(state["0.weight"].dtype).load_state_dict(state)
    return net


@inside
def optimizer_of(net, kind, lr):
    if kind == "SGD":
        return torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    return torch.optim.Adam(net.parameters(), lr=lr, eps=0.01)


@inside
def train_on(net, optimizer, batches):
    losses = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@inside
def state_of(net):
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


@inside
def plain(value):
    """Dicts of every kind as dicts, so that they cross."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if type(value) is list else value


@inside
def saved_as_on_a_gpu(value, path):
    """What torch.save writes where the storages lie on a GPU."""
    tag = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:0"
    try:
        torch.save(value, path)
    finally:
        torch.serialization.location_tag = tag


def random_state(make, d_in=4, hidden=5, d_out=3):
    return {
        "0.weight": make(hidden, d_in), "0.bias": make(hidden),
        "1.weight": make(hidden), "1.bias": make(hidden), "1.running_mean": make(hidden),
        "1.running_var": make.uniform(hidden) + 0.5, "1.num_batches_tracked": torch.tensor(make.pick(3, 90)),
        "2.weight": make(d_out, hidden), "2.bias": make(d_out),
    }  # fmt: skip


def random_batches(make, count):
    return [(make(6, 4), make(6, 3)) for _ in range(count)]


def reference(state, kind, lr):
    """The same network and optimizer, here."""
    net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).double()
    net.load_state_dict(state)
    if kind == "SGD":
        return net, torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    return net, torch.optim.Adam(net.parameters(), lr=lr, eps=0.01)


def reference_training(net, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = (net(x) - y).square().mean()
        net.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# ------------------------------------------------------------------------------------------------ save_checkpoint


@inside
def checkpoint_after_training(state, kind, lr, batches, epoch, training):
    import os
    import tempfile

    net = network(state)
    optimizer = optimizer_of(net, kind, lr)
    train_on(net, optimizer, batches)
    net.train(training)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "last.pt")
        student.save_checkpoint(path, net, optimizer, epoch)
        if os.listdir(folder) != ["last.pt"]:
            return "no file, or others", None, None, None
        try:
            found = torch.load(path, weights_only=True)
        except Exception:
            try:
                torch.load(path, weights_only=False)
                found = "objects"
            except Exception:
                found = "unreadable"
    return plain(found), state_of(net), plain(optimizer.state_dict()), net.training


@pytest.mark.item("save_checkpoint")
@pytest.mark.parametrize(("kind", "training"), [("SGD", True), ("Adam", False)])
def test_the_file_holds_model_optimizer_and_epoch(student, make, kind, training):
    state, batches, epoch = random_state(make), random_batches(make, 3), make.pick(0, 50)
    found, after, memory, flag = checkpoint_after_training(state, kind, 0.05, batches, epoch, training)
    net, optimizer = reference(state, kind, 0.05)
    reference_training(net, optimizer, batches)
    wanted_state, wanted_memory = dict(net.state_dict()), optimizer.state_dict()
    check.that(not (type(found) is str and found in ("objects", "unreadable")), UNREADABLE, code="file")
    wanted = {"model": wanted_state, "optimizer": wanted_memory, "epoch": epoch}
    with check.about("file", when=("missing_key",)):
        check.close(found, wanted, name="torch.load(path)", rtol=1e-7)
    check.close(after, wanted_state, name="model.state_dict() afterwards", rtol=1e-7)
    check.close(memory, wanted_memory, name="optimizer.state_dict() afterwards", rtol=1e-7)
    with check.about("training_flag"):
        check.equal(flag, training, name="model.training afterwards")


@inside
def saved_twice(first, second):
    import pathlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.tar"
        for epoch, state in enumerate((first, second)):
            net = network(state)
            student.save_checkpoint(path, net, optimizer_of(net, "SGD", 0.1), epoch)
        found = torch.load(path, weights_only=True)
        return plain(found["model"]), found["epoch"], [file.name for file in pathlib.Path(folder).iterdir()]


@pytest.mark.item("save_checkpoint")
def test_a_path_object_is_fine_and_an_older_file_is_replaced(student, make):
    first, second = random_state(make), random_state(make)
    found, epoch, names = saved_twice(first, second)
    check.close(found, second, name='the file\'s "model"', rtol=0.0, atol=0.0)
    check.equal(epoch, 1, name='the file\'s "epoch"')
    check.equal(names, ["model.tar"], name="the files in the folder")


# ------------------------------------------------------------------------------------------------ load_checkpoint


@inside
def resumed(state, other, kind, lr, before, after, epoch, training):
    """Train, write a checkpoint, load it into a fresh model with another optimizer setting, go on training."""
    import os
    import tempfile

    net = network(state)
    optimizer = optimizer_of(net, kind, lr)
    train_on(net, optimizer, before)
    fresh = network(other).train(training)
    its = optimizer_of(fresh, kind, 10 * lr)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "last.pt")
        torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)
        start = student.load_checkpoint(path, fresh, its)
        loaded, flag = state_of(fresh), fresh.training
    losses = train_on(fresh.train(), its, after)
    return start, loaded, flag, losses, state_of(fresh)


RESUMED = Text(
    "Not everything that was saved comes back: load the model's state and the optimizer's into these very objects.",
    "Không phải mọi thứ đã lưu đều trở lại: hãy nạp trạng thái của model và của optimizer vào chính các đối tượng này.",
)


@pytest.mark.item("load_checkpoint")
@pytest.mark.parametrize(("kind", "training"), [("SGD", False), ("Adam", True)])
def test_training_goes_on_as_if_it_had_never_stopped(student, make, kind, training):
    state, other = random_state(make), random_state(make)
    batches, epoch = random_batches(make, 14), make.pick(0, 50)
    args = (state, other, kind, 0.03, batches[:4], batches[4:], epoch, training)
    start, loaded, flag, losses, end = resumed(*args)
    net, optimizer = reference(state, kind, 0.03)
    reference_training(net, optimizer, batches[:4])
    wanted_loaded = {name: value.clone() for name, value in net.state_dict().items()}
    want = reference_training(net, optimizer, batches[4:])
    check.equal(start, epoch + 1, name="the epoch to start with")
    with check.about("resumed", en=RESUMED.en, vi=RESUMED.vi):
        check.close(loaded, wanted_loaded, name="model.state_dict() after loading", rtol=1e-7)
    with check.about("training_flag"):
        check.equal(flag, training, name="model.training after loading")
    with check.about("resumed", en=RESUMED.en, vi=RESUMED.vi):
        check.trajectory(losses, want, name="losses after loading", rtol=1e-6)
    check.close(end, dict(net.state_dict()), name="model.state_dict() at the end", rtol=1e-6, atol=1e-9)


@inside
def loaded_from(state, other, epoch, as_on_a_gpu):
    import pathlib
    import tempfile

    net, fresh = network(state), network(other)
    old = list(fresh.parameters())
    optimizer = optimizer_of(fresh, "SGD", 0.1)
    content = {"model": net.state_dict(), "optimizer": optimizer_of(net, "SGD", 0.2).state_dict(), "epoch": epoch}
    available = torch.cuda.is_available
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "last.pt"
        saved_as_on_a_gpu(content, path) if as_on_a_gpu else torch.save(content, path)
        torch.cuda.is_available = lambda: False
        try:
            start = student.load_checkpoint(path, fresh, optimizer)
        finally:
            torch.cuda.is_available = available
    same = [p is q for p, q in zip(old, fresh.parameters(), strict=True)]
    return start, state_of(fresh), optimizer.param_groups[0]["lr"], same


@pytest.mark.item("load_checkpoint")
@pytest.mark.parametrize("as_on_a_gpu", [False, True])
def test_every_bit_comes_back_also_from_the_file_of_a_machine_with_a_gpu(student, make, as_on_a_gpu):
    state = random_state(make)
    start, loaded, lr, same = loaded_from(state, random_state(make), 0, as_on_a_gpu)
    check.equal(start, 1, name="the epoch to start with")
    check.close(loaded, state, name="model.state_dict() after loading", rtol=0.0, atol=0.0)
    check.number(lr, 0.2, name="the optimizer's learning rate after loading")
    check.equal(same, [True] * 6, name="each Parameter is the same object as before")


@inside
def loaded_with_code(state):
    import functools
    import os
    import tempfile

    net = network(state)
    optimizer = optimizer_of(net, "SGD", 0.1)
    content = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "last.pt")
        torch.save({**content, "note": functools.partial(print, "")}, path)
        try:
            student.load_checkpoint(path, net, optimizer)
        except NotImplementedError:
            raise
        except Exception:
            return "refused"
    return "loaded"


@pytest.mark.item("load_checkpoint")
def test_a_file_with_anything_but_tensors_and_plain_values_is_refused(student, make):
    check.that(loaded_with_code(random_state(make)) == "refused", REFUSED, code="ran")


# ------------------------------------------------------------------------------------------- save_whole, load_whole


@inside
def described(model):
    """What a module is made of; anything else as its type's name."""
    if not isinstance(model, nn.Module):
        return type(model).__name__
    parts = [[name, type(module).__name__, module.training] for name, module in model.named_modules()]
    wishes = [[name, p.requires_grad, p.device.type] for name, p in model.named_parameters()]
    return [parts, wishes, state_of(model)]


@inside
def model_to_save(state, training):
    net = network(state).train(training)
    net[0].weight.requires_grad_(False)
    return net


def wanted_description(state, training):
    kinds = [["", "Sequential"], ["0", "Linear"], ["1", "BatchNorm1d"], ["2", "Linear"]]
    names = [name for name in state if not name.startswith("1.running") and not name.endswith("tracked")]
    return [[[*kind, training] for kind in kinds], [[name, name != "0.weight", "cpu"] for name in names], state]


@inside
def saved_whole(states, training):
    import os
    import pathlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for place, state in enumerate(states):
            net = model_to_save(state, training)
            path = os.path.join(folder, "model.pt")
            student.save_whole(pathlib.Path(path) if place else path, net)
        files = os.listdir(folder)
        try:
            found = torch.load(os.path.join(folder, "model.pt"), weights_only=False)
        except Exception:
            found = None
    return described(found), described(net), files


def expect_flags(got, want):
    """Only the training flags: of what is no description, or of another module, the checks behind this one tell."""
    rows = got[0] if type(got) is list and got else None
    known = type(rows) is list and all(type(row) is list for row in rows)
    if known and [row[:2] for row in rows] == [row[:2] for row in want[0]]:
        with check.about("training_flag"):
            flags, wanted = ([row[2:] for row in part] for part in (rows, want[0]))
            check.equal(flags, wanted, name="[module.training for module in model.modules()]")


@pytest.mark.item("save_whole")
@pytest.mark.parametrize("training", [True, False])
@check.about("file", when=("type",))
def test_the_file_holds_the_module_itself_and_the_model_stays(student, make, training):
    states = [random_state(make), random_state(make)]
    found, after, files = saved_whole(states, training)
    want = wanted_description(states[1], training)
    check.equal(files, ["model.pt"], name="the files in the folder")
    expect_flags(found, want)
    check.close(found, want, name="[modules, parameters, state] of torch.load(path)", rtol=0.0, atol=0.0)
    expect_flags(after, want)
    check.close(after, want, name="[modules, parameters, state] of the model afterwards", rtol=0.0, atol=0.0)


@inside
def loaded_whole(state, training, as_on_a_gpu):
    import os
    import pathlib
    import tempfile

    net = model_to_save(state, training)
    available = torch.cuda.is_available
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pt")
        saved_as_on_a_gpu(net, path) if as_on_a_gpu else torch.save(net, path)
        torch.cuda.is_available = lambda: False
        try:
            found = student.load_whole(pathlib.Path(path) if as_on_a_gpu else path)
        finally:
            torch.cuda.is_available = available
    return described(found)


@pytest.mark.item("load_whole")
@pytest.mark.parametrize(("training", "as_on_a_gpu"), [(True, False), (False, False), (False, True), (True, True)])
def test_the_module_comes_back_whole_and_on_the_cpu(student, make, training, as_on_a_gpu):
    state = random_state(make)
    got = loaded_whole(state, training, as_on_a_gpu)
    want = wanted_description(state, training)
    expect_flags(got, want)
    check.close(got, want, name="[modules, parameters, state] of the loaded model", rtol=0.0, atol=0.0)


@inside
def output_of_the_loaded(state, x):
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pt")
        torch.save(network(state).eval(), path)
        return student.load_whole(path)(x).detach()


@pytest.mark.item("load_whole")
def test_the_loaded_model_can_be_called(student, make):
    state, x = random_state(make), make(7, 4)
    net, _ = reference(state, "SGD", 0.1)
    check.close(output_of_the_loaded(state, x), net.eval()(x).detach(), name="load_whole(path)(x)", rtol=1e-7)
