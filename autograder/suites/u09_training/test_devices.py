"""Hidden tests of u09_training: moving batches, choosing a device, seeds, and a step in mixed precision."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u09_training")

MADE_ELSEWHERE = Text(
    en="The batch is on the device, and yet tensors of two devices meet: one of them was made somewhere else.",
    vi="Batch ở trên device, vậy mà tensor của hai device vẫn gặp nhau: có tensor được tạo ở nơi khác.",
)


# ------------------------------------------------------------------------------------------------------ to_device


@inside
def described(batch):
    """The build of a nested batch, and where its tensors are."""
    if isinstance(batch, torch.Tensor):
        return ["tensor", str(batch.device), str(batch.dtype), list(batch.shape)]
    if isinstance(batch, dict):
        return [type(batch).__name__, [[key, described(value)] for key, value in batch.items()]]
    if isinstance(batch, (list, tuple)):
        return [type(batch).__name__, [described(value) for value in batch]]
    return ["plain", batch]


@inside
def nested_batches():
    import collections

    Sample = collections.namedtuple("Sample", ["image", "label"])
    x, y, mask = torch.ones(2, 3), torch.zeros(2, dtype=torch.int64), torch.ones(2, 4, dtype=torch.bool)
    return [
        x,
        (x, y),
        [y, x, [mask, (x,)]],
        {"y": y, "x": x, 3: [mask], "names": ["cat", "dog"], "deep": {"more": {"x": x.half()}}},
        Sample(x, {"label": y, "weight": 0.5}),
        [Sample((x, mask), None), Sample(y, "text")],
        (x.double(), 3, None, True, "cuda"),
        [], (), {}, 7, None, "cpu",
        ((), [{}], {"none": []}),
        [x, x],
    ]  # fmt: skip


@inside
def moved(device):
    batches = nested_batches()
    found = [described(student.to_device(batch, device)) for batch in batches]
    return found, [described(batch) for batch in batches]


def wanted_batches(device):
    """What `described` says of nested_batches() on `device`."""
    x, y = ["tensor", device, "torch.float32", [2, 3]], ["tensor", device, "torch.int64", [2]]
    mask = ["tensor", device, "torch.bool", [2, 4]]
    half, double = ["tensor", device, "torch.float16", [2, 3]], ["tensor", device, "torch.float64", [2, 3]]
    names = ["list", [["plain", "cat"], ["plain", "dog"]]]
    deep = ["dict", [["more", ["dict", [["x", half]]]]]]
    return [
        x,
        ["tuple", [x, y]],
        ["list", [y, x, ["list", [mask, ["tuple", [x]]]]]],
        ["dict", [["y", y], ["x", x], [3, ["list", [mask]]], ["names", names], ["deep", deep]]],
        ["Sample", [x, ["dict", [["label", y], ["weight", ["plain", 0.5]]]]]],
        ["list", [["Sample", [["tuple", [x, mask]], ["plain", None]]], ["Sample", [y, ["plain", "text"]]]]],
        ["tuple", [double, ["plain", 3], ["plain", None], ["plain", True], ["plain", "cuda"]]],
        ["list", []], ["tuple", []], ["dict", []], ["plain", 7], ["plain", None], ["plain", "cpu"],
        ["tuple", [["tuple", []], ["list", [["dict", []]]], ["dict", [["none", ["list", []]]]]]],
        ["list", [x, x]],
    ]  # fmt: skip


def unplaced(described):
    """The same, without where its tensors are."""
    if type(described) is not list:
        return described
    return ["tensor", *described[2:]] if described[:1] == ["tensor"] else [unplaced(part) for part in described]


@pytest.mark.item("to_device")
@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.devices("cpu", "pretend", "cuda")
def test_every_tensor_moves_and_the_build_stays(student, device, as_object):
    found, after = moved(torch.device(device) if as_object else device)
    for got, want in zip(found, wanted_batches(device), strict=True):
        with check.about(
            "build",
            en="The build has to stay: each container comes back as one of its own type, with all its parts.",
            vi="Cấu trúc phải giữ nguyên: mỗi container trả về phải cùng kiểu với chính nó và đủ các phần.",
            always=True,
        ):
            check.equal(unplaced(got), unplaced(want), name="to_device(batch, device), wherever its tensors are")
        with check.about("not_moved"):
            check.equal(got, want, name="to_device(batch, device)")
    with check.about(
        "argument_kept",
        en="The containers that were passed are changed: build new ones.",
        vi="Các container được truyền vào bị thay đổi: hãy tạo container mới.",
    ):
        check.equal(after, wanted_batches("cpu"), name="the batches that were passed, afterwards")


@inside
def identities(x, y, device):
    batch = {"pair": (x, y), "list": [y]}
    inner = batch["pair"], batch["list"]
    result = student.to_device(batch, device)
    tensors = [result["pair"][0] is x, result["pair"][1] is y, result["list"][0] is y]
    containers = [result is batch, result["list"] is inner[1]]
    kept = [batch["pair"] is inner[0], batch["list"] is inner[1], batch["list"][0] is y]
    return tensors, containers, kept


@pytest.mark.item("to_device")
@pytest.mark.devices("cpu", "pretend", "cuda")
@check.about(
    "copied",
    en="A tensor that is on the device already was copied, or the container that was given came back itself.",
    vi="Tensor đã ở trên device mà vẫn bị sao chép, hoặc container được đưa vào lại chính là container trả về.",
)
def test_tensors_that_are_there_are_not_copied_and_containers_are_new(student, make, device):
    tensors, containers, kept = identities(*check.on((make(3, 2), make.ints(5, 3)), device), device)
    check.equal(tensors, [True] * 3, name="[each tensor is the one that was passed]")
    check.equal(containers, [False] * 2, name="[dict, list are the ones that were passed]")
    check.equal(kept, [True] * 3, name="[the containers that were passed still hold their own]")


# ---------------------------------------------------------------------------------- seed_everything and worker_init


@inside
def numbers_after_seeding(seeds):
    import random

    found = []
    for seed in seeds:
        student.seed_everything(seed)
        found.append([random.random(), np.random.rand(3), torch.rand(3)])
    return found


def numbers_of(seed):
    generator = torch.Generator().manual_seed(seed)
    return [random.Random(seed).random(), np.random.RandomState(seed).rand(3), torch.rand(3, generator=generator)]


@pytest.mark.item("seed_everything")
@check.about("seed")
def test_python_numpy_and_torch_begin_anew(student, make):
    seed = make.seed()
    seeds = [seed, 0, seed, seed + 1, 2**32 - 1]
    got = numbers_after_seeding(seeds)
    check.close(got, [numbers_of(s) for s in seeds], name="[random, NumPy's, torch's numbers] after each seeding")


@inside
def numbers_in_a_worker(torch_seeds, worker_id):
    """As a DataLoader's worker does it: torch is seeded, some numbers are gone, then worker_init is called."""
    import random

    found = []
    for seed in torch_seeds:
        torch.manual_seed(seed)
        first = torch.rand(2)
        student.worker_init(worker_id)
        found.append([random.random(), np.random.rand(3), first, torch.rand(2)])
    return found


def wanted_in_a_worker(seed):
    one, several, _ = numbers_of(seed % 2**32)
    generator = torch.Generator().manual_seed(seed)
    return [one, several, torch.rand(2, generator=generator), torch.rand(2, generator=generator)]


@pytest.mark.item("worker_init")
@pytest.mark.parametrize("worker_id", [0, 3])
@check.about("seed")
def test_random_and_numpy_follow_torch_s_seed_and_torch_goes_on(student, make, worker_id):
    small, large = make.seed(), make.seed() * 2**31 + make.seed() + 2**40
    seeds = [small, large, small, 2**32 + 5, 2**32 - 1]
    got = numbers_in_a_worker(seeds, worker_id)
    check.close(got, [wanted_in_a_worker(s) for s in seeds], name="[random, NumPy's, torch's, torch's next numbers]")


# ---------------------------------------------------------------------------------------------------- pick_device


@inside
def picked(cuda, mps, wishes):
    """What it picks on a machine that has these."""
    before = torch.cuda.is_available, torch.backends.mps.is_available
    torch.cuda.is_available, torch.backends.mps.is_available = (lambda: cuda), (lambda: mps)
    try:
        return [student.pick_device(), *[student.pick_device(wish) for wish in wishes]]
    finally:
        torch.cuda.is_available, torch.backends.mps.is_available = before


@pytest.mark.item("pick_device")
@pytest.mark.parametrize(
    ("cuda", "mps", "want"),
    [
        (True, True, ["cuda", "cuda", "cuda", "mps", "cpu"]),
        (True, False, ["cuda", "cuda", "cuda", "cuda", "cpu"]),
        (False, True, ["mps", "mps", "mps", "mps", "cpu"]),
        (False, False, ["cpu", "cpu", "cpu", "cpu", "cpu"]),
    ],
)
def test_the_preferred_device_or_the_best_there_is(student, cuda, mps, want):
    got = picked(cuda, mps, [None, "cuda", "mps", "cpu"])
    wanted = [torch.device(name) for name in want]
    if type(got) is list and all(type(one) is torch.device for one in got):
        with check.about(
            "device_picked",
            en="Another device is picked than it should be: the preferred one if it is there, else the best there is.",
            vi="Thiết bị được chọn không đúng: phải là thiết bị được ưu tiên nếu máy có, nếu không thì loại tốt nhất.",
        ):
            types, wanted_types = ([one.type for one in devices] for devices in (got, wanted))
            check.equal(types, wanted_types, name="pick_device(…).type of [nothing, None, cuda, mps, cpu]")
    check.equal(got, wanted, name="pick_device of [nothing, None, cuda, mps, cpu]")


@pytest.mark.item("pick_device")
@pytest.mark.parametrize(("name", "there"), [("tpu", False), ("gpu", True)])
def test_an_unknown_name_is_refused(student, name, there):
    with check.raises(ValueError, name=f'pick_device("{name}")'):
        picked(there, there, [name])


# ------------------------------------------------------------------------------------------------------- amp_step


@inside
def two_layers(weights):
    """nn.Sequential(Linear, ReLU, Linear) with these weights."""
    (hidden, d_in), (d_out, _) = weights[0].shape, weights[2].shape
    net = nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out))
    with torch.no_grad():
        for p, weight in zip(net.parameters(), weights, strict=True):
            p.copy_(weight)
    return net


@inside
def steps_in_bfloat16(weights, batches, device, lr, momentum, stale, training):
    net = two_layers(weights).train(training)
    if stale:
        net(batches[0][0]).sum().backward()
    net.to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    losses = [student.amp_step(net, batch, optimizer, device) for batch in batches]
    return losses, [p.detach() for p in net.parameters()], net.training


def noisy(whole):
    """Whole numbers as float32, a little off: bfloat16 rounds them back, float16 and float32 keep the difference."""
    sign = torch.where(torch.arange(whole.numel()).reshape(whole.shape) % 3 > 0, 1.0, -1.0)
    return (whole * (1 + 0.9 * 2**-9 * sign)).float()


def amp_weights(make, d_in=5, hidden=6, d_out=4):
    w1, b1 = make.ints(5, hidden, d_in) - 2, make.ints(5, hidden) - 1.5  # never 0 where ReLU has its kink
    w2, b2 = 2 * make.ints(2, d_out, hidden) - 1, make.ints(5, d_out) - 2
    return [noisy(w1), noisy(b1), noisy(w2 / 16), noisy(b2 / 16)]


def amp_batches(make, sizes):
    return [(noisy(make.ints(5, n, 5) - 2), make.ints(4, n)) for n in sizes]


def rounded(t):
    return t.bfloat16().float()


def bfloat16_forward(x, w1, b1, w2, b2):
    """What autocast computes, spelled out: inputs and results of each product are rounded to bfloat16."""
    h = rounded(rounded(x) @ rounded(w1).T + rounded(b1)).clamp(min=0)
    return rounded(h @ rounded(w2).T + rounded(b2))


def bfloat16_run(weights, batches, lr, momentum):
    weights = [w.clone().requires_grad_(True) for w in weights]
    optimizer, losses = torch.optim.SGD(weights, lr=lr, momentum=momentum), []
    for x, y in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(bfloat16_forward(x, *weights), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [w.detach() for w in weights]


@inside
def where_everything_was(device):
    """A step on the device: where x and y met others, what autocast was for; did it get to its end?"""
    seen = {"x": "not called", "y": "not used", "autocast": "not used"}
    labels = [2, 0, 1, 2, 0]

    class Net(nn.Linear):
        def forward(self, x):
            seen["x"] = x.device
            return super().forward(x)

    class Noted(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            tensors = [t for t in torch.utils._pytree.tree_leaves([args, kwargs]) if isinstance(t, torch.Tensor)]
            for t in tensors if len(tensors) > 1 and seen["y"] == "not used" else []:  # y meets another
                if t.dtype == torch.int64 and t.tolist() == labels:
                    seen["y"] = t.device
            return func(*args, **(kwargs or {}))

    autocast = torch.amp.autocast_mode.autocast
    start = autocast.__init__

    def noted(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        if seen["x"] == "not called":  # the one that the model runs in
            seen["autocast"] = [torch.device(device_type).type, str(dtype), bool(enabled)]
        start(self, device_type, dtype, enabled, cache_enabled)

    net = Net(4, 3, device=device)
    autocast.__init__ = noted
    try:
        with Noted():
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            student.amp_step(net, (torch.ones(5, 4), torch.tensor(labels)), optimizer, device)
    except RuntimeError as error:
        if isinstance(error, NotImplementedError):
            raise  # an untouched stub
        return seen, False
    finally:
        autocast.__init__ = start
    return seen, True


@pytest.mark.item("amp_step")
@pytest.mark.devices("cpu", "pretend", "cuda")
def test_batch_and_autocast_are_on_the_device(student, device):
    seen, finished = where_everything_was(device)
    home = torch.device(device)
    where = {"x": home, "y": home if seen["y"] != "not used" else "not used"}
    with check.about("not_moved"):
        check.equal({name: seen[name] for name in where}, where, name="where x and y were")
    if type(seen["autocast"]) is list:
        with check.about(
            "device",
            en="autocast is for another type of device than the one that was given.",
            vi="autocast dành cho loại thiết bị khác với thiết bị được truyền vào.",
        ):
            check.equal(seen["autocast"][:1], [home.type], name="the device type of autocast")
    with check.about(
        "autocast",
        en="The forward has to run under autocast of the device's type, with dtype=torch.bfloat16.",
        vi="Lượt forward phải chạy trong autocast đúng loại thiết bị, với dtype=torch.bfloat16.",
        always=True,
    ):
        check.equal(seen["autocast"], [home.type, "torch.bfloat16", True], name="what autocast was for")
    check.that(finished, MADE_ELSEWHERE, code="made_elsewhere")


@pytest.mark.item("amp_step")
@pytest.mark.parametrize("size", [7, 3])
def test_the_loss_is_that_of_bfloat16_logits_in_float32(student, make, size):
    weights, batches = amp_weights(make), amp_batches(make, [size])
    losses, _, _ = steps_in_bfloat16(weights, batches, "cpu", 0.1, 0.0, False, True)
    want, _ = bfloat16_run(weights, batches, 0.1, 0.0)
    check.trajectory(losses, want, name="the loss", rtol=1e-6)  # the numbers are such that every product is exact


@pytest.mark.item("amp_step")
@pytest.mark.parametrize(("stale", "training"), [(True, True), (False, False)])
@pytest.mark.devices("cpu", "pretend", "cuda")
def test_ten_steps_follow_the_optimizer_and_the_weights_stay_float32(student, make, stale, training, device):
    weights, batches = amp_weights(make), amp_batches(make, [7] * 9 + [1])
    where = device if stale else torch.device(device)
    losses, params, flag = steps_in_bfloat16(weights, batches, where, 0.05, 0.8, stale, training)
    want_losses, want = bfloat16_run(weights, batches, 0.05, 0.8)
    check.trajectory(losses, want_losses, name="losses of 10 steps", rtol=0.03)
    check.close(params, want, name="parameters after 10 steps", rtol=0.03, atol=0.01, device=device)
    with check.about("training_flag"):
        check.equal(flag, training, name="model.training afterwards")


@inside
def same_batch(weights, x, y):
    net, batch = two_layers(weights), [x, y]
    student.amp_step(net, batch, torch.optim.SGD(net.parameters(), lr=0.1), "cpu")
    return [batch[0] is x, batch[1] is y], x


@pytest.mark.item("amp_step")
def test_the_batch_keeps_its_own_tensors(student, make):
    ((x, y),) = amp_batches(make, [4])
    same, after = same_batch(amp_weights(make), x, y)
    check.equal(same, [True, True], name="[the batch still holds x, y]")
    check.close(after, x, name="x afterwards", rtol=0.0, atol=0.0)
