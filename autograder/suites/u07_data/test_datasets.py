"""Hidden tests of u07_data: the four datasets, and what they read when."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u07_data")


# ----------------------------------------------------------------------------------------------------- CsvDataset


@inside
def rows_of(text, target, indices):
    """Rows of a CsvDataset whose file is gone by the time they are asked for."""
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        dataset = student.CsvDataset(path, target)
    return len(dataset), [dataset[i] for i in indices]


@inside
def rows_in_a_loop(text, target):
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        dataset = student.CsvDataset(path, target)
        rows = []
        for x, y in dataset:
            rows.append((x, y))
            if len(rows) > 20:
                break  # no end in sight
        return isinstance(dataset, torch.utils.data.Dataset), rows


def table(make, names, target, n, high=5):
    """A CSV text, its features (n, D) float32 and its labels (n,)."""
    x = make(n, len(names) - 1, dtype=torch.float32)
    y = make.ints(high, n)
    at = names.index(target)
    lines = [",".join(f'"{name}"' if "," in name else name for name in names)]
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        cells = [repr(value) for value in row]
        lines.append(",".join([*cells[:at], str(label), *cells[at:]]))
    return "\n".join(lines) + "\n", x, y


def samples(x, y):
    return [(x[i], y[i]) for i in range(len(y))]


@pytest.mark.item("csv_dataset")
@pytest.mark.parametrize(
    ("names", "target", "n"),
    [
        (["a", "b", "c", "label"], "label", 7),
        (["loài", "cao", "nặng"], "loài", 3),
        (["cao", "loài", "nặng", "rộng", "dài"], "loài", 5),
        (["x", "y"], "y", 1),
    ],
)
def test_every_row_gives_its_features_and_its_label(student, make, names, target, n):
    text, x, y = table(make, names, target, n)
    size, rows = rows_of(text, target, list(range(n)))
    check.equal(size, n, name="len(dataset)")
    check.close(rows, samples(x, y), name="[dataset[i] for i in range(len(dataset))]")


@pytest.mark.item("csv_dataset")
@check.about(
    "quoted",
    en="A cell in quotes may hold a comma: the csv module knows that.",
    vi="Ô nằm trong dấu ngoặc kép có thể chứa dấu phẩy: module csv biết điều đó.",
)
def test_a_quoted_name_may_hold_a_comma(student, make):
    names = ["chiều dài, cm", "nhãn", "rộng, cm", "cao"]
    text, x, y = table(make, names, "nhãn", 4)
    _, rows = rows_of(text, "nhãn", [3, 0])
    check.close(rows, [(x[3], y[3]), (x[0], y[0])], name="[dataset[3], dataset[0]]")


@pytest.mark.item("csv_dataset")
@check.about(
    "exact_labels",
    en="Large whole numbers went through float32, which rounds them.",
    vi="Số nguyên lớn đã đi qua float32 nên bị làm tròn.",
)
def test_large_labels_are_exact(student, make):
    """float32 counts whole numbers exactly up to 2**24."""
    text, x, y = table(make, ["x1", "id", "x2"], "id", 6, high=4)
    large = [2**25 + 2 * int(label) + 1 for label in y]
    lines = text.splitlines()
    for i, label in enumerate(large):
        first, _, last = lines[i + 1].split(",")
        lines[i + 1] = f"{first},{label},{last}"
    _, rows = rows_of("\n".join(lines), "id", [0, 5])  # without a "\n" at the end of the file
    y = torch.tensor(large)
    check.close(rows, [(x[0], y[0]), (x[5], y[5])], name="[dataset[0], dataset[5]]")


@pytest.mark.item("csv_dataset")
@check.about(
    "past_the_end",
    en="An index past the end must raise IndexError: a loop over the dataset ends there.",
    vi="Chỉ số vượt quá cuối phải gây IndexError: vòng lặp qua dataset dừng nhờ lỗi đó.",
)
def test_an_index_past_the_end_raises(student, make):
    text, _, _ = table(make, ["a", "b", "label"], "label", 4)
    for index in (4, 9):
        with check.raises(IndexError, name=f"dataset[{index}] of 4 rows"):
            rows_of(text, "label", [index])


@pytest.mark.item("csv_dataset")
def test_a_for_loop_finds_the_end(student, make):
    text, x, y = table(make, ["a", "label", "b"], "label", 6)
    is_dataset, rows = rows_in_a_loop(text, "label")
    check.close(rows, samples(x, y), name="[(x, y) for x, y in dataset]")
    check.equal(is_dataset, True, name="isinstance(dataset, Dataset)")


# --------------------------------------------------------------------------------------------- TransformedDataset


@inside
def transformed(xs, ys, order):
    """What the dataset gives, and when it reads and transforms.  The transform answers otherwise at every call."""
    reads, calls = [], []

    class Base(torch.utils.data.Dataset):
        def __len__(self):
            return len(ys)

        def __getitem__(self, i):
            reads.append(i)
            return xs[i], ys[i]

    def transform(x):
        calls.append(len(calls) + 1)
        return x * calls[-1] + 1

    dataset = student.TransformedDataset(Base(), transform)
    size = len(dataset)
    before = [len(reads), len(calls)]
    got = [dataset[i] for i in order]
    return size, before, reads, len(calls), got, isinstance(dataset, torch.utils.data.Dataset)


NOT_CALLED = Text(
    "The transform is not called, though samples were asked for.",
    "transform không được gọi lần nào, dù đã có mẫu được yêu cầu.",
)


@pytest.mark.item("transformed_dataset")
@check.about(
    "anew",
    en="Each access reads base once and applies the transform to the image, then and there; nothing in "
    "advance, nothing kept.",
    vi="Mỗi lần truy cập đọc base một lần và áp dụng transform lên ảnh ngay lúc đó; không làm trước, không giữ lại.",
)
def test_the_transform_runs_anew_for_every_sample_that_is_asked_for(student, make):
    xs, ys = make(5, 2, 3), make.ints(9, 5)
    order = [3, 1, 3, 0, 3, 4]
    size, before, reads, calls, got, is_dataset = transformed(xs, ys, order)
    check.equal(size, 5, name="len(dataset)")
    check.equal(before, [0, 0], name="samples read and transformed before the first is asked for")
    check.that(type(calls) is int and calls > 0, NOT_CALLED)
    check.close(got, [(xs[i] * (k + 1) + 1, ys[i]) for k, i in enumerate(order)], name="dataset[i], six times")
    check.equal(reads, order, name="the indices that were read")
    check.equal(calls, len(order), name="calls of the transform")
    check.equal(is_dataset, True, name="isinstance(dataset, Dataset)")


@inside
def doubled(pairs):
    dataset = student.TransformedDataset(pairs, lambda x: x + x)
    return len(dataset), [dataset[i] for i in range(len(pairs))]


@pytest.mark.item("transformed_dataset")
def test_x_is_transformed_and_y_is_not(student, make):
    size, got = doubled([("một", "hai"), (3, 4), (-1.5, 2.5)])
    check.equal(size, 3, name="len(dataset)")
    check.equal(got, [("mộtmột", "hai"), (6, 4), (-3.0, 2.5)], name="[dataset[0], dataset[1], dataset[2]]")


@inside
def batches_of_transformed(xs, ys, scale, batch_size):
    base = torch.utils.data.TensorDataset(xs, ys)
    loader = torch.utils.data.DataLoader(student.TransformedDataset(base, lambda x: scale * x), batch_size=batch_size)
    return [(x, y) for x, y in loader]


@pytest.mark.item("transformed_dataset")
def test_a_loader_batches_it(student, make):
    xs, ys, scale = make(7, 3), make.ints(4, 7), float(make(1))
    got = batches_of_transformed(xs, ys, scale, 3)
    check.close(got, [(scale * xs[at : at + 3], ys[at : at + 3]) for at in (0, 3, 6)], name="the batches")


# -------------------------------------------------------------------------------------------------- StreamDataset

TWICE = Text(
    en="A line came more than once, or not at all: each file is for one worker only.",
    vi="Có dòng đến nhiều lần hoặc không đến lần nào: mỗi tệp chỉ do một worker đọc.",
)
SPREAD = Text(
    en="The lines of a file came from more than one worker.",
    vi="Các dòng của một tệp đến từ nhiều worker.",
)
UNEVEN = Text(
    en="One worker read more than its share of the files.",
    vi="Có worker đọc nhiều tệp hơn phần của mình.",
)


@inside
def lay(folder, texts):
    import os

    paths = []
    for k, text in enumerate(texts):
        paths.append(os.path.join(folder, f"shard{k}.txt"))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(text)
    return paths


@inside
def streamed(texts, epochs):
    """The lines of each epoch, without a loader."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        dataset = student.StreamDataset(lay(folder, texts))
        return [list(dataset) for _ in range(epochs)]


@inside
def shares(texts, workers):
    """The lines that each of these workers would read: the same process plays them one after the other."""
    import tempfile

    worker = torch.utils.data._utils.worker
    with tempfile.TemporaryDirectory() as folder:
        paths = lay(folder, texts)
        try:
            read = []
            for k in range(workers):
                dataset = student.StreamDataset(list(paths))
                worker._worker_info = worker.WorkerInfo(id=k, num_workers=workers, seed=k, dataset=dataset)
                read.append([list(dataset), list(dataset)])
        finally:
            worker._worker_info = None
        return read


@inside
def loaded_lines(texts, workers):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        dataset = student.StreamDataset(lay(folder, texts))
        return list(torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=workers))


@inside
def first_line(texts):
    """The first line when all but the first file are missing, and that one is written last."""
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"shard{k}.txt") for k in range(3)]
        dataset = student.StreamDataset(paths)
        lay(folder, texts[:1])
        lines = iter(dataset)
        return [next(lines), next(lines)]


WORDS = ("nắng", "mưa", "gió", "  lùi vào", "sương ", "", "tia\tchớp", "bão số 3")


def shards(make, sizes):
    """A text for each file, and its lines, which are all different."""
    lines = [
        [WORDS[make.pick(0, len(WORDS) - 1)] + (f"|{k}.{i}" if i % 3 != 2 else f"{k}.{i} ") for i in range(size)]
        for k, size in enumerate(sizes)
    ]
    return ["".join(line + "\n" for line in some) for some in lines], lines


@pytest.mark.item("stream_dataset")
def test_without_workers_lines_come_in_order_in_every_epoch(student, make):
    texts, lines = shards(make, [3, 4, 0, 1, 2])
    want = [line for some in lines for line in some]
    check.equal(streamed(texts, 2), [want, want], name="the lines of two epochs")


@pytest.mark.item("stream_dataset")
@check.about(
    "lines",
    en="Lines are to come as they stand in the file, only without the newline at their end.",
    vi="Các dòng phải giữ nguyên như trong tệp, chỉ bỏ ký tự xuống dòng ở cuối.",
)
def test_lines_stay_as_they_are(student, make):
    number = make.pick(10, 99)
    text = f"  hai dấu cách\n\nđuôi {number} \n\tdấu tab\n\n\nhết"  # empty lines; no "\n" at the end
    want = ["  hai dấu cách", "", f"đuôi {number} ", "\tdấu tab", "", "", "hết", f"{number}"]
    check.equal(streamed([text, f"{number}\n"], 1), [want], name="the lines")


@pytest.mark.item("stream_dataset")
@check.about(
    "opened_late",
    en="A file is opened when its turn comes, not before.",
    vi="Một tệp chỉ được mở khi đến lượt nó, không mở trước.",
)
def test_a_file_is_opened_when_its_turn_comes(student, make):
    texts, lines = shards(make, [3, 1, 1])
    check.equal(first_line(texts), lines[0][:2], name="the first two lines, while the second file is missing")


@pytest.mark.item("stream_dataset")
@pytest.mark.parametrize(
    ("sizes", "workers"),
    [((3, 2, 4, 1, 3), 2), ((2, 3), 3), ((2, 2, 2, 2), 3), ((4, 3, 2), 1), ((1, 2, 3, 1, 2, 3, 2), 3)],
)
def test_workers_share_the_files(student, make, sizes, workers):
    texts, lines = shards(make, sizes)
    read = shares(texts, workers)
    for epoch in (0, 1):
        together = [line for share in read for line in share[epoch]]
        check.that(sorted(map(str, together)) == sorted(line for some in lines for line in some), TWICE, code="workers")
        readers = [{k for k, share in enumerate(read) if set(some) & set(share[epoch])} for some in lines]
        check.that(all(len(some) == 1 for some in readers), SPREAD, code="workers")
        load = [sum(k in some for some in readers) for k in range(workers)]
        check.that(max(load) <= -(-len(sizes) // workers), UNEVEN, code="workers")


@pytest.mark.item("stream_dataset")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_brings_every_line_once(student, make, workers):
    texts, lines = shards(make, [3, 2, 4])
    got = [str(line) for line in loaded_lines(texts, workers)]
    check.that(sorted(got) == sorted(line for some in lines for line in some), TWICE, code="workers")


# -------------------------------------------------------------------------------------------------- CachedDataset


@inside
def two_caches(first, second):
    one, two = student.CachedDataset(first), student.CachedDataset(second)
    return [one[0], two[0], one[1], two[1], one[0]]


@pytest.mark.item("cached_dataset")
@check.about("shared_state")
def test_two_caches_do_not_share(student):
    check.equal(two_caches([5, 6], [7, 8]), [5, 7, 6, 8, 5], name="samples of two CachedDatasets in turn")


@inside
def cached(samples, order):
    """What the dataset gives, and what it reads.  The base answers otherwise at every read."""
    reads = []

    class Base(torch.utils.data.Dataset):
        def __len__(self):
            return len(samples)

        def __getitem__(self, i):
            if i >= len(samples):
                raise IndexError(i)
            reads.append(i)
            return samples[i] + len(reads), i

    dataset = student.CachedDataset(Base())
    size, before = len(dataset), list(reads)
    got = [dataset[i] for i in order]
    asked = list(reads)
    return size, before, got, asked, [i for _, i in dataset], reads, isinstance(dataset, torch.utils.data.Dataset)


@pytest.mark.item("cached_dataset")
@check.about(
    "cache",
    en="Each sample is to be read at its first access, then kept: not before, not again.",
    vi="Mỗi mẫu được đọc ở lần truy cập đầu tiên rồi giữ lại: không sớm hơn, không đọc lại.",
)
def test_each_index_is_read_once_and_kept(student, make):
    x = make(5, 2, 3)
    order = [3, 1, 3, 3, 0, 1, 3]
    size, before, got, asked, walked, reads, is_dataset = cached(x, order)
    check.equal(size, 5, name="len(cached)")
    check.equal(before, [], name="the indices read before the first is asked for")
    turn = {3: 1, 1: 2, 0: 3}
    check.equal(asked, [3, 1, 0], name="the indices read")
    check.close(got, [(x[i] + turn[i], i) for i in order], name="cached[i], seven times")
    check.equal(walked, [0, 1, 2, 3, 4], name="[i for _, i in cached]")
    check.equal(reads, [3, 1, 0, 2, 4], name="the indices read after a walk through all")
    check.equal(is_dataset, True, name="isinstance(cached, Dataset)")


@inside
def cached_plain(samples, order):
    reads = []

    class Base(torch.utils.data.Dataset):
        def __len__(self):
            return len(samples)

        def __getitem__(self, i):
            reads.append(i)
            return samples[i]

    dataset = student.CachedDataset(Base())
    return [dataset[i] for i in order], reads


@pytest.mark.item("cached_dataset")
@check.about(
    "none_sample",
    en="A sample may itself be 0 or None: it is kept like any other, and not read again.",
    vi="Bản thân mẫu có thể là 0 hoặc None: nó cũng được giữ như mọi mẫu khác và không đọc lại.",
)
def test_0_and_none_are_samples_like_any_other(student):
    order = [1, 0, 1, 2, 0, 2, 3, 3]
    got, reads = cached_plain([0, None, "", 7], order)
    check.equal(got, [None, 0, None, "", 0, "", 7, 7], name="cached[i], eight times")
    check.equal(reads, [1, 0, 2, 3], name="the indices read")
