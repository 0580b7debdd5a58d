"""Known mistakes and right alternatives of u07_data."""

import functools
import itertools
import random
from collections import Counter
from pathlib import Path

import numpy as np
from torch.utils.data import RandomSampler, Sampler, random_split

from autograder.mistakes import alternative, mistake

# CsvDataset


def _table(path, target):
    """(header without target, features, labels) as lists."""
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        header, *rows = csv.reader(file)  # noqa: F821
    at = header.index(target)
    return at, [[float(cell) for cell in row] for row in rows]


class _Rows(Dataset):  # noqa: F821
    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


@mistake(
    "csv_dataset", kind="indexing",
    en="The label is taken from the last column, whatever `target` says.",
    vi="Nhãn luôn được lấy từ cột cuối, bất kể `target` là cột nào.",
    hint_en="header.index(target) tells the column.",
    hint_vi="header.index(target) cho biết cột nào.",
)  # fmt: skip
class label_from_the_last_column(_Rows):
    def __init__(self, path, target):
        _, rows = _table(path, target)
        self.x = torch.tensor([row[:-1] for row in rows])  # noqa: F821
        self.y = torch.tensor([int(row[-1]) for row in rows])  # noqa: F821


@mistake(
    "csv_dataset", kind="data",
    en="The label's column is still among the features: a model could simply read the answer there.",
    vi="Cột nhãn vẫn nằm trong các đặc trưng: mô hình chỉ cần đọc đáp án ở đó.",
)  # fmt: skip
class label_among_the_features(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        self.x = torch.tensor(rows)  # noqa: F821
        self.y = torch.tensor([int(row[at]) for row in rows])  # noqa: F821


@mistake(
    "csv_dataset", kind="dtype",
    en="The features are float64; float32 is wanted.",
    vi="Đặc trưng có dtype float64; bài yêu cầu float32.",
)  # fmt: skip
class features_in_float64(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows], dtype=torch.float64)  # noqa: F821
        self.y = torch.tensor([int(row[at]) for row in rows])  # noqa: F821


@mistake(
    "csv_dataset", kind="dtype",
    en="The label is a float; class labels are int64.",
    vi="Nhãn là số thực; nhãn lớp phải là int64.",
)  # fmt: skip
class label_as_a_float(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows])  # noqa: F821
        self.y = torch.tensor([row[at] for row in rows])  # noqa: F821


@mistake(
    "csv_dataset", kind="dtype",
    en="The labels went through float32, which cannot hold large whole numbers exactly.",
    vi="Nhãn đã đi qua float32, kiểu này không giữ chính xác được các số nguyên lớn.",
    hint_en="Turn the label's text into an int before it becomes a tensor.",
    hint_vi="Đổi chuỗi nhãn thành int trước khi tạo tensor.",
)  # fmt: skip
class labels_through_float32(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        table = torch.tensor(rows)  # noqa: F821
        keep = [k for k in range(table.shape[1]) if k != at]
        self.x, self.y = table[:, keep], table[:, at].long()


@mistake(
    "csv_dataset", kind="data",
    en="The file is opened again at every access; it is to be read once, in __init__.",
    vi="Tệp bị mở lại ở mỗi lần truy cập; bài yêu cầu chỉ đọc một lần, trong __init__.",
)  # fmt: skip
class reads_at_every_access(Dataset):  # noqa: F821
    def __init__(self, path, target):
        self.path, self.target = path, target
        self.n = len(_table(path, target)[1])

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        at, rows = _table(self.path, self.target)
        row = rows[i]
        return torch.tensor(row[:at] + row[at + 1 :]), torch.tensor(int(row[at]))  # noqa: F821


@mistake(
    "csv_dataset", kind="data",
    en="The lines are cut at every comma, also at those inside quotes.",
    vi="Dòng bị cắt ở mọi dấu phẩy, kể cả dấu phẩy nằm trong ngoặc kép.",
    hint_en="csv.reader knows about quotes.",
    hint_vi="csv.reader hiểu ngoặc kép.",
)  # fmt: skip
class cut_at_every_comma(_Rows):
    def __init__(self, path, target):
        header, *lines = Path(path).read_text(encoding="utf-8").splitlines()
        at = header.split(",").index(target)
        rows = [line.split(",") for line in lines]
        self.x = torch.tensor([[float(cell) for cell in row[:at] + row[at + 1 :]] for row in rows])  # noqa: F821
        self.y = torch.tensor([int(row[at]) for row in rows])  # noqa: F821


@mistake(
    "csv_dataset", kind="indexing",
    en="The first row of data is skipped together with the header.",
    vi="Dòng dữ liệu đầu tiên bị bỏ qua cùng với dòng tiêu đề.",
)  # fmt: skip
class first_row_lost(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        rows = rows[1:]
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows])  # noqa: F821
        self.y = torch.tensor([int(row[at]) for row in rows], dtype=torch.int64)  # noqa: F821


@mistake(
    "csv_dataset", kind="indexing",
    en="An index past the end starts again from the first row, so a for loop never ends.",
    vi="Chỉ số vượt quá cuối lại quay về dòng đầu, nên vòng lặp for không bao giờ kết thúc.",
    hint_en="Let the tensor raise its IndexError.",
    hint_vi="Hãy để tensor tự báo IndexError.",
)  # fmt: skip
class starts_again_past_the_end(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows])  # noqa: F821
        self.y = torch.tensor([int(row[at]) for row in rows])  # noqa: F821

    def __getitem__(self, i):
        i = i % len(self.y)
        return self.x[i], self.y[i]


@alternative("csv_dataset")
class with_dict_reader(Dataset):  # noqa: F821
    def __init__(self, path, target):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            rows = list(csv.DictReader(file))  # noqa: F821
        self.samples = []
        for row in rows:
            label = int(row.pop(target))
            x = torch.tensor([float(cell) for cell in row.values()])  # noqa: F821
            self.samples.append((x, torch.tensor(label)))  # noqa: F821

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


@alternative("csv_dataset")
class with_numpy(Dataset):  # noqa: F821
    def __init__(self, path, target):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            at = next(csv.reader(file)).index(target)  # noqa: F821
            values = np.loadtxt(file, delimiter=",", ndmin=2)
        self.features = torch.from_numpy(np.delete(values, at, axis=1)).float()  # noqa: F821
        self.labels = torch.from_numpy(values[:, at].astype(np.int64))  # noqa: F821

    def __len__(self):
        return self.features.shape[0]

    def __getitem__(self, i):
        if i >= len(self):
            raise IndexError(i)
        return self.features[i], self.labels[i]


# TransformedDataset


class _Seen(Dataset):  # noqa: F821
    def __init__(self, dataset, transform):
        self.dataset, self.transform = dataset, transform

    def __len__(self):
        return len(self.dataset)


@mistake(
    "transformed_dataset", kind="data",
    en="All samples are transformed once in __init__, so a random transform never shows another picture.",
    vi="Mọi mẫu được biến đổi một lần trong __init__, nên phép biến đổi ngẫu nhiên không bao giờ cho ảnh khác.",
    hint_en="Call the transform in __getitem__.",
    hint_vi="Hãy gọi transform trong __getitem__.",
)  # fmt: skip
class transformed_in_advance(Dataset):  # noqa: F821
    def __init__(self, dataset, transform):
        self.samples = []
        for i in range(len(dataset)):
            x, y = dataset[i]
            self.samples.append((transform(x), y))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


@mistake(
    "transformed_dataset", kind="data",
    en="The transform is called with (x, y); it takes x alone.",
    vi="transform được gọi với cả (x, y); nó chỉ nhận x.",
)  # fmt: skip
class the_whole_sample_transformed(_Seen):
    def __getitem__(self, i):
        return self.transform(self.dataset[i])


@mistake(
    "transformed_dataset", kind="return",
    en="Only transform(x) comes back; the label is lost.",
    vi="Chỉ trả về transform(x); nhãn bị mất.",
)  # fmt: skip
class label_lost(_Seen):
    def __getitem__(self, i):
        return self.transform(self.dataset[i][0])


@mistake(
    "transformed_dataset", kind="data",
    en="The label is transformed as well.",
    vi="Nhãn cũng bị biến đổi.",
)  # fmt: skip
class label_transformed(_Seen):
    def __getitem__(self, i):
        x, y = self.dataset[i]
        return self.transform(x), self.transform(y)


@mistake(
    "transformed_dataset", kind="state",
    en="A transformed sample is kept and given again; the transform should run anew at every access.",
    vi="Mẫu đã biến đổi được giữ lại và trả lại; transform phải chạy lại ở mỗi lần truy cập.",
)  # fmt: skip
class transformed_samples_kept(_Seen):
    def __getitem__(self, i):
        if "kept" not in self.__dict__:
            self.kept = {}
        if i not in self.kept:
            x, y = self.dataset[i]
            self.kept[i] = self.transform(x), y
        return self.kept[i]


@mistake(
    "transformed_dataset", kind="formula",
    en="The transform is never called.",
    vi="transform không hề được gọi.",
)  # fmt: skip
class never_transformed(_Seen):
    def __getitem__(self, i):
        return self.dataset[i]


@mistake(
    "transformed_dataset", kind="data",
    en="The base dataset is read twice for one sample, once for x and once for y.",
    vi="Dataset gốc bị đọc hai lần cho một mẫu, một lần cho x và một lần cho y.",
    hint_en="x, y = self.dataset[i] reads once.",
    hint_vi="x, y = self.dataset[i] chỉ đọc một lần.",
)  # fmt: skip
class base_read_twice(_Seen):
    def __getitem__(self, i):
        return self.transform(self.dataset[i][0]), self.dataset[i][1]


@alternative("transformed_dataset")
class by_position(Dataset):  # noqa: F821
    def __init__(self, dataset, transform):
        super().__init__()
        self.parts = (dataset, transform)

    def __len__(self):
        return len(self.parts[0])

    def __getitem__(self, i):
        sample = self.parts[0][i]
        return (self.parts[1](sample[0]), sample[1])


@alternative("transformed_dataset")
class with_a_starred_rest(_Seen):
    def __getitem__(self, i):
        x, *rest = self.dataset[i]
        return tuple([self.transform(x), *rest])


# StreamDataset


class _Shards(IterableDataset):  # noqa: F821
    def __init__(self, paths):
        self.paths = paths


def _lines(path):
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            yield line.removesuffix("\n")


@mistake(
    "stream_dataset", kind="data",
    en="Every worker reads all files, so each line comes as often as there are workers.",
    vi="Worker nào cũng đọc mọi tệp, nên mỗi dòng xuất hiện nhiều lần bằng số worker.",
    hint_en="Ask get_worker_info() which files are this worker's.",
    hint_vi="Hãy hỏi get_worker_info() xem những tệp nào thuộc về worker này.",
)  # fmt: skip
class all_files_for_every_worker(_Shards):
    def __iter__(self):
        for path in self.paths:
            yield from _lines(path)


@mistake(
    "stream_dataset", kind="data",
    en="Worker k reads file k alone; when there are more files than workers the rest is lost.",
    vi="Worker k chỉ đọc tệp k; khi số tệp nhiều hơn số worker thì phần còn lại bị mất.",
    hint_en="A slice with a step: paths[id::num_workers].",
    hint_vi="Dùng lát cắt có bước: paths[id::num_workers].",
)  # fmt: skip
class one_file_a_worker(_Shards):
    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        for path in self.paths if worker is None else self.paths[worker.id : worker.id + 1]:
            yield from _lines(path)


@mistake(
    "stream_dataset", kind="data",
    en="Without workers get_worker_info() is None, and you ask it for its id.",
    vi="Khi không có worker, get_worker_info() là None, vậy mà bạn vẫn hỏi id của nó.",
)  # fmt: skip
class always_in_a_worker(_Shards):
    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        for path in self.paths[worker.id :: worker.num_workers]:
            yield from _lines(path)


@mistake(
    "stream_dataset", kind="data",
    en="Every worker opens every file and takes some of its lines; each file is for one worker.",
    vi="Worker nào cũng mở mọi tệp rồi lấy một phần số dòng; mỗi tệp chỉ dành cho một worker.",
)  # fmt: skip
class lines_dealt_out(_Shards):
    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        start, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        lines = itertools.chain.from_iterable(_lines(path) for path in self.paths)
        yield from itertools.islice(lines, start, None, step)


@mistake(
    "stream_dataset", kind="data",
    en="The lines still end with their newline character.",
    vi="Các dòng vẫn còn ký tự xuống dòng ở cuối.",
)  # fmt: skip
class newline_kept(_Shards):
    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        for path in self.paths if worker is None else self.paths[worker.id :: worker.num_workers]:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                yield from file


@mistake(
    "stream_dataset", kind="data",
    en="strip() takes the spaces of a line away, too; only the newline goes.",
    vi="strip() bỏ luôn cả dấu cách của dòng; chỉ được bỏ ký tự xuống dòng.",
    hint_en='line.removesuffix("\\n")',
    hint_vi='line.removesuffix("\\n")',
)  # fmt: skip
class lines_stripped(_Shards):
    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        for path in self.paths if worker is None else self.paths[worker.id :: worker.num_workers]:
            for line in _lines(path):
                yield line.strip()


@mistake(
    "stream_dataset", kind="data",
    en="Empty lines are left out; they count.",
    vi="Các dòng trống bị bỏ qua; chúng cũng được tính.",
)  # fmt: skip
class empty_lines_left_out(_Shards):
    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        for path in self.paths if worker is None else self.paths[worker.id :: worker.num_workers]:
            for line in _lines(path):
                if line:
                    yield line


@mistake(
    "stream_dataset", kind="data",
    en="All files are read in __init__; a stream opens a file when its turn comes.",
    vi="Mọi tệp được đọc ngay trong __init__; luồng dữ liệu chỉ mở tệp khi đến lượt.",
)  # fmt: skip
class read_in_advance(IterableDataset):  # noqa: F821
    def __init__(self, paths):
        self.shards = [list(_lines(path)) for path in paths]

    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        mine = self.shards if worker is None else self.shards[worker.id :: worker.num_workers]
        return iter([line for shard in mine for line in shard])


@mistake(
    "stream_dataset", kind="state",
    en="The lines are one generator made once: the second epoch finds it used up.",
    vi="Các dòng nằm trong một generator chỉ tạo một lần: đến epoch thứ hai thì nó đã cạn.",
    hint_en="Make the generator in __iter__: with `yield` in it, __iter__ is one.",
    hint_vi="Hãy tạo generator trong __iter__: có `yield` bên trong thì __iter__ chính là generator.",
)  # fmt: skip
class one_generator_for_ever(_Shards):
    def __iter__(self):
        if "lines" not in self.__dict__:
            worker = get_worker_info()  # noqa: F821
            mine = self.paths if worker is None else self.paths[worker.id :: worker.num_workers]
            self.lines = (line for path in mine for line in _lines(path))
        return self.lines


@alternative("stream_dataset")
class in_blocks_of_files(_Shards):
    def __iter__(self):
        first, last = 0, len(self.paths)
        worker = get_worker_info()  # noqa: F821
        if worker is not None:
            share = math.ceil(len(self.paths) / worker.num_workers)  # noqa: F821
            first, last = worker.id * share, (worker.id + 1) * share
        for path in self.paths[first:last]:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                for line in file:
                    yield line[:-1] if line.endswith("\n") else line


@alternative("stream_dataset")
class file_by_file(_Shards):
    def __iter__(self):
        worker = get_worker_info()  # noqa: F821
        for k, path in enumerate(self.paths):
            if worker is None or k % worker.num_workers == worker.id:
                yield from Path(path).read_text(encoding="utf-8").splitlines()


@alternative("stream_dataset")
class as_a_chain(IterableDataset):  # noqa: F821
    def __init__(self, paths):
        self.paths = tuple(paths)

    def _shard(self, path):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            while line := file.readline():
                yield line.rstrip("\n")

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()  # noqa: F821
        start, step = (worker.id, worker.num_workers) if worker else (0, 1)
        return itertools.chain.from_iterable(map(self._shard, itertools.islice(self.paths, start, None, step)))


# CachedDataset


@mistake(
    "cached_dataset", kind="state",
    en="Nothing is kept: every access reads the base dataset again.",
    vi="Không có gì được giữ lại: mỗi lần truy cập lại đọc dataset gốc.",
)  # fmt: skip
class nothing_kept(Dataset):  # noqa: F821
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        return self.dataset[i]


@mistake(
    "cached_dataset", kind="state",
    en="setdefault computes its second argument every time, so the base dataset is read at every access.",
    vi="setdefault luôn tính đối số thứ hai, nên dataset gốc bị đọc ở mỗi lần truy cập.",
    hint_en="Ask first: if i not in self.cache.",
    hint_vi="Hãy hỏi trước: if i not in self.cache.",
)  # fmt: skip
class with_setdefault(Dataset):  # noqa: F821
    def __init__(self, dataset):
        self.dataset, self.cache = dataset, {}

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        return self.cache.setdefault(i, self.dataset[i])


@mistake(
    "cached_dataset", kind="data",
    en="All samples are read in __init__; only those that are asked for should be.",
    vi="Mọi mẫu được đọc ngay trong __init__; chỉ nên đọc những mẫu được hỏi đến.",
)  # fmt: skip
class everything_read_ahead(Dataset):  # noqa: F821
    def __init__(self, dataset):
        self.samples = [dataset[i] for i in range(len(dataset))]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


@mistake(
    "cached_dataset", kind="data",
    en="None stands for \"not read yet\", so a sample that is None is read again and again.",
    vi="None được dùng với nghĩa \"chưa đọc\", nên mẫu có giá trị None bị đọc đi đọc lại.",
    hint_en="A dict knows which indices it holds, whatever their samples are.",
    hint_vi="Dict biết nó đang giữ những chỉ số nào, bất kể mẫu là gì.",
)  # fmt: skip
class none_means_not_read(Dataset):  # noqa: F821
    def __init__(self, dataset):
        self.dataset, self.cache = dataset, {}

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        if self.cache.get(i) is None:
            self.cache[i] = self.dataset[i]
        return self.cache[i]


@mistake(
    "cached_dataset", kind="state",
    en="The cache belongs to the class: two datasets give each other's samples.",
    vi="Cache thuộc về lớp: hai dataset trả lẫn mẫu của nhau.",
    hint_en="Make the dict in __init__.",
    hint_vi="Hãy tạo dict trong __init__.",
)  # fmt: skip
class one_cache_for_all(Dataset):  # noqa: F821
    cache = {}  # noqa: RUF012

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        if i not in self.cache:
            self.cache[i] = self.dataset[i]
        return self.cache[i]


@mistake(
    "cached_dataset", kind="state",
    en="Only the last sample is kept.",
    vi="Chỉ mẫu cuối cùng được giữ lại.",
)  # fmt: skip
class only_the_last_kept(Dataset):  # noqa: F821
    def __init__(self, dataset):
        self.dataset, self.last = dataset, (-1, None)

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        if self.last[0] != i:
            self.last = i, self.dataset[i]
        return self.last[1]


@alternative("cached_dataset")
class with_a_key_error(Dataset):  # noqa: F821
    def __init__(self, dataset):
        super().__init__()
        self.base, self.kept = dataset, {}

    def __len__(self):
        return len(self.base)

    def __getitem__(self, i):
        try:
            return self.kept[i]
        except KeyError:
            sample = self.kept[i] = self.base[i]
            return sample


@alternative("cached_dataset")
class with_functools(Dataset):  # noqa: F821
    def __init__(self, dataset):
        self.dataset = dataset
        self.read = functools.cache(lambda i: dataset[i])

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        return self.read(i)


@alternative("cached_dataset")
class with_two_lists(Dataset):  # noqa: F821
    def __init__(self, dataset):
        self.dataset = dataset
        self.known = [False] * len(dataset)
        self.samples = [None] * len(dataset)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        if not self.known[i]:
            self.samples[i], self.known[i] = self.dataset[i], True
        return self.samples[i]


# pad_collate


def _parts(batch):
    """(list of sequences, lengths (B, 1), labels)"""
    lengths = torch.tensor([[len(x)] for x, _ in batch])  # noqa: F821
    return [x for x, _ in batch], lengths, torch.tensor([y for _, y in batch])  # noqa: F821


@mistake(
    "pad_collate", kind="formula",
    en="The mask is inverted: True is for real steps.",
    vi="Mask bị ngược: True dành cho bước thật.",
)  # fmt: skip
def mask_inverted(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)  # noqa: F821
    return x, torch.arange(x.shape[1]) >= lengths, y  # noqa: F821


@mistake(
    "pad_collate", kind="indexing",
    en="The mask is one step too long: position L itself is already padding.",
    vi="Mask dài hơn một bước: vị trí L đã là padding rồi.",
)  # fmt: skip
def mask_one_too_long(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)  # noqa: F821
    return x, torch.arange(x.shape[1]) <= lengths, y  # noqa: F821


@mistake(
    "pad_collate", kind="formula",
    en="The mask is taken from the values: a real step of zeros is called padding.",
    vi="Mask được suy ra từ giá trị: một bước thật toàn số 0 bị coi là padding.",
    hint_en="Compare positions with lengths.",
    hint_vi="Hãy so sánh vị trí với độ dài.",
)  # fmt: skip
def mask_from_values(batch):
    sequences, _, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)  # noqa: F821
    return x, (x != 0).any(dim=2), y


@mistake(
    "pad_collate", kind="shape",
    en="Time comes first: x is (L, B, D). pad_sequence needs batch_first=True.",
    vi="Chiều thời gian đứng trước: x là (L, B, D). pad_sequence cần batch_first=True.",
)  # fmt: skip
def time_first(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences)  # noqa: F821
    return x, torch.arange(x.shape[0]) < lengths, y  # noqa: F821


@mistake(
    "pad_collate", kind="order",
    en="The padding stands in front of the sequences; it follows them.",
    vi="Phần padding nằm trước chuỗi; nó phải nằm sau.",
)  # fmt: skip
def padded_in_front(batch):
    sequences, lengths, y = _parts(batch)
    longest = int(lengths.max())
    x = torch.stack([F.pad(x, (0, 0, longest - len(x), 0)) for x in sequences])  # noqa: F821
    return x, torch.arange(longest) >= longest - lengths, y  # noqa: F821


@mistake(
    "pad_collate", kind="dtype",
    en="The mask holds 1.0 and 0.0; bool is wanted.",
    vi="Mask chứa 1.0 và 0.0; bài yêu cầu bool.",
)  # fmt: skip
def mask_of_floats(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)  # noqa: F821
    return x, (torch.arange(x.shape[1]) < lengths).float(), y  # noqa: F821


@mistake(
    "pad_collate", kind="dtype",
    en="x is always float32; it keeps the samples' dtype.",
    vi="x luôn là float32; nó phải giữ dtype của các mẫu.",
    hint_en="batch[0][0].new_zeros(…) has the dtype of the samples.",
    hint_vi="batch[0][0].new_zeros(…) có dtype của các mẫu.",
)  # fmt: skip
def always_float32(batch):
    sequences, lengths, y = _parts(batch)
    x = torch.zeros(len(batch), int(lengths.max()), sequences[0].shape[1])  # noqa: F821
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = sequence
    return x, torch.arange(x.shape[1]) < lengths, y  # noqa: F821


@mistake(
    "pad_collate", kind="data",
    en="All sequences are cut to the shortest; they are padded to the longest.",
    vi="Mọi chuỗi bị cắt theo chuỗi ngắn nhất; phải padding theo chuỗi dài nhất.",
)  # fmt: skip
def cut_to_the_shortest(batch):
    sequences, lengths, y = _parts(batch)
    shortest = int(lengths.min())
    x = torch.stack([x[:shortest] for x in sequences])  # noqa: F821
    return x, torch.arange(shortest) < lengths, y  # noqa: F821


@alternative("pad_collate")
def row_by_row(batch):
    longest = max(x.size(0) for x, _ in batch)
    x = batch[0][0].new_zeros(len(batch), longest, batch[0][0].size(1))
    mask = torch.zeros(len(batch), longest, dtype=torch.bool)  # noqa: F821
    y = torch.empty(len(batch), dtype=torch.long)  # noqa: F821
    for b, (sequence, label) in enumerate(batch):
        x[b, : len(sequence)] = sequence
        mask[b, : len(sequence)] = True
        y[b] = label
    return x, mask, y


@alternative("pad_collate")
def with_padded_ones(batch):
    sequences, labels = zip(*batch, strict=True)
    ones = [torch.ones(len(x), dtype=torch.bool) for x in sequences]  # noqa: F821
    return pad_sequence(sequences, True), pad_sequence(ones, True), torch.as_tensor(labels)  # noqa: F821


# split_indices


@mistake(
    "split_indices", kind="randomness",
    en="Nothing is shuffled: val is always the same end of the data.",
    vi="Không xáo trộn gì: val luôn là cùng một đầu của dữ liệu.",
)  # fmt: skip
def not_shuffled(n, fraction, seed):
    size = round(n * fraction)
    return list(range(n - size)), list(range(n - size, n))


@mistake(
    "split_indices", kind="randomness",
    en="torch.manual_seed changes the random state of the whole program.",
    vi="torch.manual_seed thay đổi trạng thái ngẫu nhiên của cả chương trình.",
    hint_en="torch.Generator().manual_seed(seed), passed as generator=…",
    hint_vi="torch.Generator().manual_seed(seed), truyền vào bằng generator=…",
)  # fmt: skip
def seeds_the_whole_program(n, fraction, seed):
    torch.manual_seed(seed)  # noqa: F821
    order = torch.randperm(n).tolist()  # noqa: F821
    size = round(n * fraction)
    return order[size:], order[:size]


@mistake(
    "split_indices", kind="randomness",
    en="The seed is not used: every call gives another split.",
    vi="Seed không được dùng: mỗi lần gọi cho một cách chia khác.",
)  # fmt: skip
def seed_not_used(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(torch.Generator().seed() >> 1)).tolist()  # noqa: F821
    size = round(n * fraction)
    return order[size:], order[:size]


@mistake(
    "split_indices", kind="formula",
    en="int() cuts the size off; round() is wanted.",
    vi="int() cắt bỏ phần lẻ của kích thước; bài yêu cầu round().",
)  # fmt: skip
def size_cut_off(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()  # noqa: F821
    size = int(n * fraction)
    return order[size:], order[:size]


@mistake(
    "split_indices", kind="data",
    en="val is drawn from all numbers and train still holds them: the model is validated on what it has seen.",
    vi="val được rút từ mọi số mà train vẫn giữ chúng: mô hình được đánh giá trên những gì nó đã thấy.",
)  # fmt: skip
def train_holds_val(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()  # noqa: F821
    return order, order[: round(n * fraction)]


@mistake(
    "split_indices", kind="order",
    en="The two lists are exchanged: train comes first.",
    vi="Hai danh sách bị đổi chỗ: train đứng trước.",
)  # fmt: skip
def val_first(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()  # noqa: F821
    size = round(n * fraction)
    return order[:size], order[size:]


@mistake(
    "split_indices", kind="return",
    en="The results are tensors; lists of Python ints are wanted.",
    vi="Kết quả là tensor; bài yêu cầu list các số int của Python.",
    hint_en=".tolist()",
    hint_vi=".tolist()",
)  # fmt: skip
def tensors_of_indices(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))  # noqa: F821
    size = round(n * fraction)
    return order[size:], order[:size]


@mistake(
    "split_indices", kind="randomness",
    en="randint draws numbers more than once, and others never.",
    vi="randint rút một số nhiều lần và có số không bao giờ được rút.",
    hint_en="randperm gives each number once.",
    hint_vi="randperm cho mỗi số đúng một lần.",
)  # fmt: skip
def drawn_with_replacement(n, fraction, seed):
    generator = torch.Generator().manual_seed(seed)  # noqa: F821
    val = torch.randint(n, (round(n * fraction),), generator=generator).tolist()  # noqa: F821
    return [i for i in range(n) if i not in val], val


@alternative("split_indices")
def by_python_s_sample(n, fraction, seed):
    val = random.Random(seed).sample(range(n), round(n * fraction))
    return sorted(set(range(n)) - set(val)), sorted(val)


@alternative("split_indices")
def by_numpy(n, fraction, seed):
    order = np.random.default_rng(seed).permutation(n)
    cut = n - round(n * fraction)
    return order[:cut].tolist(), order[cut:].tolist()


@alternative("split_indices")
def by_random_split(n, fraction, seed):
    size = round(n * fraction)
    generator = torch.Generator()  # noqa: F821
    generator.manual_seed(seed)
    train, val = random_split(range(n), [n - size, size], generator=generator)
    return list(train), list(val)


# channel_stats


@mistake(
    "channel_stats", kind="statistics",
    en="The batches' means are averaged as if all batches were of one size.",
    vi="Trung bình của các batch được lấy trung bình như thể mọi batch cùng kích thước.",
    hint_en="Add up sums and counts; divide once, at the end.",
    hint_vi="Hãy cộng dồn tổng và số lượng; chỉ chia một lần, ở cuối.",
)  # fmt: skip
def mean_of_means(loader):
    means, squares = [], []
    for x, *_ in loader:
        means.append(x.double().mean(dim=(0, 2, 3)))
        squares.append(x.double().square().mean(dim=(0, 2, 3)))
    mean = torch.stack(means).mean(0)  # noqa: F821
    variance = (torch.stack(squares).mean(0) - mean.square()).clamp(min=0)  # noqa: F821
    return mean.float(), variance.sqrt().float()


@mistake(
    "channel_stats", kind="statistics",
    en="The stds of the batches are averaged; that is never the std of all pixels.",
    vi="Độ lệch chuẩn của các batch được lấy trung bình; đó không bao giờ là độ lệch chuẩn của mọi điểm ảnh.",
)  # fmt: skip
def mean_of_stds(loader):
    count, total, stds = 0, 0.0, 0.0
    for x, *_ in loader:
        pixels = x.double().transpose(0, 1).flatten(1)
        n = pixels.shape[1]
        count, total = count + n, total + pixels.sum(1)
        stds = stds + n * pixels.std(1, correction=0)
    return (total / count).float(), (stds / count).float()


@mistake(
    "channel_stats", kind="statistics",
    en="The std divides by one less than the number of pixels; the population's is wanted.",
    vi="Độ lệch chuẩn chia cho số điểm ảnh trừ một; bài yêu cầu của tổng thể.",
)  # fmt: skip
def sample_std(loader):
    pixels = torch.cat([x.double().transpose(0, 1).flatten(1) for x, *_ in loader], dim=1)  # noqa: F821
    return pixels.mean(1).float(), pixels.std(1).float()


@mistake(
    "channel_stats", kind="stability",
    en="The sums are kept in float32; the difference of two large ones has no digits left.",
    vi="Các tổng được giữ ở float32; hiệu của hai tổng lớn không còn chữ số có nghĩa.",
    hint_en="x.double() before adding up.",
    hint_vi="Dùng x.double() trước khi cộng dồn.",
)  # fmt: skip
def sums_in_float32(loader):
    count, total, squares = 0, 0.0, 0.0
    for x, *_ in loader:
        pixels = x.float().transpose(0, 1).flatten(1)
        count += pixels.shape[1]
        total, squares = total + pixels.sum(1), squares + pixels.square().sum(1)
    mean = total / count
    return mean, (squares / count - mean.square()).clamp(min=0).sqrt()


@mistake(
    "channel_stats", kind="reduction",
    en="There is one mean for all channels together.",
    vi="Chỉ có một trung bình chung cho mọi kênh.",
)  # fmt: skip
def all_channels_together(loader):
    pixels = torch.cat([x.double().flatten() for x, *_ in loader])  # noqa: F821
    return pixels.mean().float(), pixels.std(correction=0).float()


@mistake(
    "channel_stats", kind="formula",
    en="The second result is the variance: its square root is missing.",
    vi="Kết quả thứ hai là phương sai: thiếu căn bậc hai.",
)  # fmt: skip
def variance_for_std(loader):
    pixels = torch.cat([x.double().transpose(0, 1).flatten(1) for x, *_ in loader], dim=1)  # noqa: F821
    return pixels.mean(1).float(), pixels.var(1, correction=0).float()


@mistake(
    "channel_stats", kind="data",
    en="The loader is walked through twice; a generator is used up after the first time.",
    vi="Loader bị duyệt hai lần; generator đã cạn sau lần đầu.",
    hint_en="Collect the sum and the sum of squares in one walk.",
    hint_vi="Hãy gom tổng và tổng bình phương trong một lượt duyệt.",
)  # fmt: skip
def two_walks(loader):
    count, total = 0, 0.0
    for x, *_ in loader:
        pixels = x.double().transpose(0, 1).flatten(1)
        count, total = count + pixels.shape[1], total + pixels.sum(1)
    mean, squares = total / count, torch.zeros_like(total)  # noqa: F821
    for x, *_ in loader:
        squares = squares + (x.double() - mean[:, None, None]).square().sum((0, 2, 3))
    return mean.float(), (squares / count).sqrt().float()


@mistake(
    "channel_stats", kind="stability",
    en="Rounding can make the variance of a constant channel slightly negative, and its root NaN.",
    vi="Sai số làm tròn có thể khiến phương sai của một kênh hằng hơi âm, và căn của nó là NaN.",
    hint_en="clamp(min=0) before the root.",
    hint_vi="Dùng clamp(min=0) trước khi lấy căn.",
)  # fmt: skip
def root_of_a_negative(loader):
    count, total, squares = 0, 0.0, 0.0
    for x, *_ in loader:
        x = x.double()
        count += x.numel() // x.shape[1]
        total, squares = total + x.sum((0, 2, 3)), squares + x.square().sum((0, 2, 3))
    mean = total / count
    return mean.float(), (squares / count - mean.square() - 1e-17).sqrt().float()


@alternative("channel_stats")
def all_pixels_at_once(loader):
    pixels = torch.cat([x.double().permute(0, 2, 3, 1).reshape(-1, x.shape[1]) for x, *_ in loader])  # noqa: F821
    std, mean = torch.std_mean(pixels, dim=0, correction=0)  # noqa: F821
    return mean.float(), std.float()


@alternative("channel_stats")
def merged_batch_by_batch(loader):
    n, mean, m2 = 0, 0.0, 0.0
    for batch in loader:
        x = batch[0].to(torch.float64)  # noqa: F821
        k = x.shape[0] * x.shape[2] * x.shape[3]
        here = x.mean((0, 2, 3))
        spread = (x - here[None, :, None, None]).pow(2).sum((0, 2, 3))
        delta = here - mean
        mean = mean + delta * k / (n + k)
        m2 = m2 + spread + delta**2 * n * k / (n + k)
        n += k
    return mean.to(torch.float32), (m2 / n).sqrt().to(torch.float32)  # noqa: F821


@alternative("channel_stats")
def with_einsum(loader):
    n, s, q = 0, 0, 0
    for x, *_ in loader:
        x = x.double()
        s = s + torch.einsum("bchw->c", x)  # noqa: F821
        q = q + torch.einsum("bchw,bchw->c", x, x)  # noqa: F821
        n += x[:, 0].numel()
    variance = torch.relu(q / n - (s / n) ** 2)  # noqa: F821
    return (s / n).float(), variance.pow(0.5).float()
