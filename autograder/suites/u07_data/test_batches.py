"""Hidden tests of u07_data: padding, splitting, loading in an order that can be repeated, and weights."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import math
from collections import Counter

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u07_data")


# ---------------------------------------------------------------------------------------------------- pad_collate


def padded(batch):
    longest = max(len(x) for x, _ in batch)
    x = torch.zeros(len(batch), longest, batch[0][0].shape[1], dtype=batch[0][0].dtype)
    mask = torch.zeros(len(batch), longest, dtype=torch.bool)
    for b, (sequence, _) in enumerate(batch):
        for step in range(len(sequence)):
            x[b, step] = sequence[step]
            mask[b, step] = True
    return x, mask, torch.tensor([label for _, label in batch], dtype=torch.int64)


@pytest.mark.item("pad_collate")
@pytest.mark.parametrize(
    ("lengths", "d"), [((3, 1, 5, 2), 4), ((4,), 3), ((3, 3, 3), 3), ((2, 6), 1), ((1, 1), 5), ((7, 2, 4), 2)]
)
def test_sequences_are_padded_to_the_longest(student, make, lengths, d):
    batch = [(make(length, d), make.pick(0, 9)) for length in lengths]
    x, mask, y = padded(batch)
    check.close(student.pad_collate(batch), (x, mask, y), name="pad_collate(batch)", sizes={"the longest": x.shape[1]})


@pytest.mark.item("pad_collate")
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_the_dtype_is_the_samples(student, make, dtype):
    batch = [((10 * make(length, 3)).to(dtype), label) for length, label in ((2, 5), (4, 1), (1, 1))]
    check.close(student.pad_collate(batch), padded(batch), name="pad_collate(batch)")


@pytest.mark.item("pad_collate")
@check.about("mask_by_length")
def test_a_real_step_of_zeros_is_real(student, make):
    batch = [(make(length, 2), make.pick(0, 9)) for length in (4, 5, 2)]
    batch[0][0][-1] = 0.0
    batch[1][0][[0, 2]] = 0.0
    batch[2][0][:] = 0.0
    check.close(student.pad_collate(batch), padded(batch), name="pad_collate(batch)")


@inside
def loaded(samples, batch_size):
    loader = torch.utils.data.DataLoader(samples, batch_size=batch_size, collate_fn=student.pad_collate)
    return [tuple(batch) for batch in loader]


@pytest.mark.item("pad_collate")
def test_a_loader_pads_every_batch_by_itself(student, make):
    samples = [(make(length, 3), k) for k, length in enumerate((2, 5, 1, 3, 4))]
    want = [padded(samples[at : at + 2]) for at in (0, 2, 4)]
    check.close(loaded(samples, 2), want, name="the batches of DataLoader(…, collate_fn=pad_collate)")


# -------------------------------------------------------------------------------------------------- split_indices

NUMBERS = Text(
    en="train and val together are not the numbers 0 … n − 1, each once.",
    vi="train và val gộp lại không phải là các số 0 … n − 1, mỗi số đúng một lần.",
)
SEEDS = Text(en="Two seeds give the same split.", vi="Hai seed khác nhau cho cùng một cách chia.")
OFTEN = Text(
    en="Over many seeds some numbers are in val too often, others too seldom.",
    vi="Qua nhiều seed, có số vào val quá thường xuyên, có số lại quá hiếm.",
)
PAIRS = Text(
    en="Neighbours go into val together too often or too seldom: val is not a random choice.",
    vi="Các số liền nhau cùng vào val quá thường hoặc quá hiếm: val không được chọn ngẫu nhiên.",
)
GLOBAL = Text(
    en="The global random state is changed; draw from a Generator of your own.",
    vi="Trạng thái ngẫu nhiên toàn cục bị thay đổi; hãy lấy số từ Generator riêng.",
)


@pytest.mark.item("split_indices")
@pytest.mark.parametrize(
    ("n", "fraction"),
    [(10, 0.3), (50, 0.2), (7, 0.5), (5, 0.5), (11, 0.25), (9, 0.0), (6, 1.0), (1, 0.4), (1, 0.6), (8, 0.7)],
)
def test_every_number_is_in_one_of_the_lists(student, make, n, fraction):
    train, val = split(student, n, fraction, make.seed())
    check.equal((len(train), len(val)), (n - round(n * fraction), round(n * fraction)), name="(len(train), len(val))")
    check.equal(sorted(train + val), list(range(n)), name="sorted(train + val)")


def split(student, n, fraction, seed):
    """(train, val), looked at: two lists of plain ints."""
    got = student.split_indices(n, fraction, seed)
    check.equal(type(got).__name__, "tuple", name="the type of the result")
    check.equal([type(part).__name__ for part in got], ["list", "list"], name="the types of train and val")
    numbers = [type(i) is int for part in got for i in part]
    check.equal(numbers, [True] * n, name="which numbers are Python ints")
    return got


@pytest.mark.item("split_indices")
@check.about("seed")
def test_the_seed_alone_decides(student, make):
    seed, other = make.seed(), make.seed()
    first, again, different = splits_after_other_numbers(40, 0.5, [seed, seed, other])
    check.equal(again, first, name="split_indices(40, 0.5, seed) for the second time")
    check.that(sorted(different[1]) != sorted(first[1]), SEEDS, code="seed")


@inside
def splits_after_other_numbers(n, fraction, seeds):
    """The splits for each seed, with another global random state before each."""
    import random

    got = []
    for k, seed in enumerate(seeds):
        torch.manual_seed(k)
        np.random.seed(k)
        random.seed(k)
        got.append(student.split_indices(n, fraction, seed))
    return got


@pytest.mark.item("split_indices")
def test_the_global_random_state_stays(student, make):
    student.split_indices(12, 0.25, make.seed())
    check.that(student.rng_touched is False, GLOBAL, code="global_rng")


@inside
def vals(n, fraction, seeds):
    return [student.split_indices(n, fraction, seed)[1] for seed in seeds]


@pytest.mark.item("split_indices")
def test_every_choice_is_as_likely(student, make):
    n, size, runs = 10, 3, 400
    got = vals(n, size / n, [make.seed() for _ in range(runs)])
    check.that(all(len(val) == size for val in got), NUMBERS)
    for i in range(n):
        expect_share(sum(i in val for val in got), runs, size / n, OFTEN)
    both = size / n * (size - 1) / (n - 1)
    for i in range(n):
        expect_share(sum(i in val and (i + 1) % n in val for val in got), runs, both, PAIRS)


def expect_share(count, runs, probability, words):
    """A count of independent events lies within six standard deviations."""
    deviation = math.sqrt(runs * probability * (1 - probability))
    check.that(abs(count - runs * probability) < 6 * deviation, words, code="bias")


# ---------------------------------------------------------------------------------------------------- make_loader

SAME_ORDER = Text(
    en="The second epoch has the order of the first: nothing is shuffled anew.",
    vi="Epoch thứ hai có cùng thứ tự với epoch đầu: không có xáo trộn lại.",
)
NOT_SHUFFLED = Text(
    en="With shuffle=True the samples come in the order of the dataset.",
    vi="Với shuffle=True, các mẫu vẫn đến theo thứ tự của dataset.",
)
SEED_IGNORED = Text(en="Two seeds give the same order.", vi="Hai seed khác nhau cho cùng một thứ tự.")


@inside
def loader_epochs(n, batch_size, seed, workers, shuffle, drop_last, epochs, noise):
    """The numbers of the samples, batch by batch, in each epoch, and whether workers read them."""

    class Numbers(torch.utils.data.Dataset):
        def __len__(self):
            return n

        def __getitem__(self, i):
            return i, torch.utils.data.get_worker_info() is not None

    torch.manual_seed(noise)
    loader = student.make_loader(
        Numbers(), batch_size, seed=seed, workers=workers, shuffle=shuffle, drop_last=drop_last, pin_memory=False
    )
    torch.manual_seed(noise + 1)
    found, beside = [], []
    for _ in range(epochs):
        batches = list(loader)
        found.append([numbers.tolist() for numbers, _ in batches])
        beside.append(all(bool(flags.all()) for _, flags in batches))
    return found, beside


@inside
def settings_of(workers, shuffle, pin_memory):
    loader = student.make_loader(
        list(range(9)), 2, seed=0, workers=workers, shuffle=shuffle, drop_last=False, pin_memory=pin_memory
    )
    is_loader = isinstance(loader, torch.utils.data.DataLoader)
    return is_loader, getattr(loader, "num_workers", None), getattr(loader, "pin_memory", None)


@inside
def make_only(seed, shuffle):
    student.make_loader(list(range(9)), 2, seed=seed, workers=0, shuffle=shuffle, drop_last=False, pin_memory=False)


@inside
def make_by_position(given):
    rest = {"seed": 0, "workers": 0, "shuffle": False, "drop_last": False, "pin_memory": False}
    names = list(rest)
    student.make_loader(list(range(4)), 2, *[rest.pop(name) for name in names[:given]], **rest)


def flat(epoch):
    return [number for batch in epoch for number in batch]


@pytest.mark.item("make_loader")
@pytest.mark.parametrize("shuffle", [True, False])
def test_making_a_loader_does_not_touch_the_global_random_state(student, make, shuffle):
    make_only(make.seed(), shuffle)
    check.that(student.rng_touched is False, GLOBAL, code="global_rng")


@pytest.mark.item("make_loader")
@pytest.mark.parametrize(("n", "batch_size"), [(11, 4), (8, 4), (5, 1), (3, 7), (1, 2)])
@check.about("setting")
def test_without_shuffle_the_order_is_the_dataset_s(student, make, n, batch_size):
    found, beside = loader_epochs(n, batch_size, make.seed(), 0, False, False, 2, make.pick(1, 9))
    want = [list(range(at, min(at + batch_size, n))) for at in range(0, n, batch_size)]
    check.equal(found, [want, want], name="two epochs with shuffle=False")
    check.equal(beside, [False, False], name="read by workers")


@pytest.mark.item("make_loader")
@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [4, 4, 4, 4, 4, 3]), (True, [4, 4, 4, 4, 4])])
def test_an_epoch_brings_each_sample_once_in_a_new_order(student, make, drop_last, sizes):
    found, _ = loader_epochs(23, 4, make.seed(), 0, True, drop_last, 2, make.pick(1, 9))
    for epoch in found:
        check.equal([len(batch) for batch in epoch], sizes, name="the sizes of the batches")
        numbers = flat(epoch)
        check.equal(len(set(numbers) & set(range(23))), sum(sizes), name="how many samples an epoch brings")
        check.that(numbers != sorted(numbers), NOT_SHUFFLED, code="not_shuffled")
    check.that(found[0] != found[1], SAME_ORDER, code="same_epoch")


@pytest.mark.item("make_loader")
def test_the_seed_alone_decides_the_order_with_0_or_2_workers(student, make):
    seed, other = make.seed(), make.seed()
    want, _ = loader_epochs(19, 3, seed, 0, True, False, 2, 1)
    again, _ = loader_epochs(19, 3, seed, 0, True, False, 2, 5)
    check.equal(again, want, name="two epochs of another loader with the same seed")
    different, _ = loader_epochs(19, 3, other, 0, True, False, 1, 1)
    check.that(different[0] != want[0], SEED_IGNORED, code="seed")
    by_two, beside = loader_epochs(19, 3, seed, 2, True, False, 2, 9)
    check.equal(by_two, want, name="two epochs with two workers")
    check.equal(beside, [True, True], name="read by workers, when workers=2")


@pytest.mark.item("make_loader")
@pytest.mark.parametrize(
    ("workers", "shuffle", "pin_memory"), [(2, True, True), (0, False, False), (1, True, False), (3, False, True)]
)
def test_the_loader_has_the_settings_that_were_asked_for(student, workers, shuffle, pin_memory):
    is_loader, num_workers, pinned = settings_of(workers, shuffle, pin_memory)
    check.equal(is_loader, True, name="isinstance(loader, DataLoader)")
    with check.about("setting"):
        check.equal(num_workers, workers, name="loader.num_workers")
        check.equal(pinned, pin_memory, name="loader.pin_memory")


@pytest.mark.item("make_loader")
@pytest.mark.parametrize("given", [1, 2, 3, 4, 5])
def test_what_stands_after_the_star_is_passed_by_name(student, given):
    with check.raises(TypeError, name=f"make_loader with {given + 2} arguments by position"):
        make_by_position(given)


# ------------------------------------------------------------------------------------------------- sample_weights


@pytest.mark.item("sample_weights")
@pytest.mark.parametrize(
    ("n", "classes", "step"), [(30, 4, 1), (17, 3, 5), (1, 1, 1), (1, 9, 2), (12, 1, 3), (6, 6, 1)]
)
def test_every_sample_weighs_one_over_its_class(student, make, n, classes, step):
    y = make.ints(classes, n) * step
    counts = Counter(y.tolist())
    want = torch.tensor([1 / counts[label] for label in y.tolist()], dtype=torch.float32)
    check.close(student.sample_weights(y), want, name="sample_weights(y)")


@pytest.mark.item("sample_weights")
def test_rare_and_common_classes(student, make):
    y = torch.tensor([4] * 7 + [0] * 2 + [9])
    y = y[torch.randperm(10, generator=make.generator)]
    want = torch.where(y == 4, 1 / 7, torch.where(y == 0, 1 / 2, 1.0)).float()
    check.close(student.sample_weights(y), want, name="sample_weights(y)")
