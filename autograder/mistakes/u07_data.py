"""Known mistakes and right alternatives of u07_data."""

import csv
import functools
import itertools
import math
import random
import re
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler, Sampler, get_worker_info, random_split

from autograder.mistakes import alternative, mistake

# CsvDataset


def _table(path, target):
    """(header without target, features, labels) as lists."""
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    at = header.index(target)
    return at, [[float(cell) for cell in row] for row in rows]


class _Rows(Dataset):
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
        self.x = torch.tensor([row[:-1] for row in rows])
        self.y = torch.tensor([int(row[-1]) for row in rows])


@mistake(
    "csv_dataset", kind="data",
    en="The label's column is still among the features: a model could simply read the answer there.",
    vi="Cột nhãn vẫn nằm trong các đặc trưng: mô hình chỉ cần đọc đáp án ở đó.",
)  # fmt: skip
class label_among_the_features(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        self.x = torch.tensor(rows)
        self.y = torch.tensor([int(row[at]) for row in rows])


@mistake(
    "csv_dataset", kind="dtype",
    en="The features are float64; float32 is wanted.",
    vi="Đặc trưng có dtype float64; bài yêu cầu float32.",
)  # fmt: skip
class features_in_float64(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows], dtype=torch.float64)
        self.y = torch.tensor([int(row[at]) for row in rows])


@mistake(
    "csv_dataset", kind="dtype",
    en="The label is a float; class labels are int64.",
    vi="Nhãn là số thực; nhãn lớp phải là int64.",
)  # fmt: skip
class label_as_a_float(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows])
        self.y = torch.tensor([row[at] for row in rows])


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
        table = torch.tensor(rows)
        keep = [k for k in range(table.shape[1]) if k != at]
        self.x, self.y = table[:, keep], table[:, at].long()


@mistake(
    "csv_dataset", kind="data",
    en="The file is opened again at every access; it is to be read once, in __init__.",
    vi="Tệp bị mở lại ở mỗi lần truy cập; bài yêu cầu chỉ đọc một lần, trong __init__.",
)  # fmt: skip
class reads_at_every_access(Dataset):
    def __init__(self, path, target):
        self.path, self.target = path, target
        self.n = len(_table(path, target)[1])

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        at, rows = _table(self.path, self.target)
        row = rows[i]
        return torch.tensor(row[:at] + row[at + 1 :]), torch.tensor(int(row[at]))


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
        self.x = torch.tensor([[float(cell) for cell in row[:at] + row[at + 1 :]] for row in rows])
        self.y = torch.tensor([int(row[at]) for row in rows])


@mistake(
    "csv_dataset", kind="indexing",
    en="The first row of data is skipped together with the header.",
    vi="Dòng dữ liệu đầu tiên bị bỏ qua cùng với dòng tiêu đề.",
)  # fmt: skip
class first_row_lost(_Rows):
    def __init__(self, path, target):
        at, rows = _table(path, target)
        rows = rows[1:]
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows])
        self.y = torch.tensor([int(row[at]) for row in rows], dtype=torch.int64)


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
        self.x = torch.tensor([row[:at] + row[at + 1 :] for row in rows])
        self.y = torch.tensor([int(row[at]) for row in rows])

    def __getitem__(self, i):
        i = i % len(self.y)
        return self.x[i], self.y[i]


@alternative("csv_dataset")
class with_dict_reader(Dataset):
    def __init__(self, path, target):
        with open(path, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.samples = []
        for row in rows:
            label = int(row.pop(target))
            x = torch.tensor([float(cell) for cell in row.values()])
            self.samples.append((x, torch.tensor(label)))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


@alternative("csv_dataset")
class with_numpy(Dataset):
    def __init__(self, path, target):
        with open(path, encoding="utf-8") as file:
            at = next(csv.reader(file)).index(target)
            values = np.loadtxt(file, delimiter=",", ndmin=2)
        self.features = torch.from_numpy(np.delete(values, at, axis=1)).float()
        self.labels = torch.from_numpy(values[:, at].astype(np.int64))

    def __len__(self):
        return self.features.shape[0]

    def __getitem__(self, i):
        if i >= len(self):
            raise IndexError(i)
        return self.features[i], self.labels[i]


# TransformedDataset


class _Seen(Dataset):
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
class transformed_in_advance(Dataset):
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
class by_position(Dataset):
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


class _Shards(IterableDataset):
    def __init__(self, paths):
        self.paths = paths


def _lines(path):
    with open(path, encoding="utf-8") as file:
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
        worker = get_worker_info()
        for path in self.paths if worker is None else self.paths[worker.id : worker.id + 1]:
            yield from _lines(path)


@mistake(
    "stream_dataset", kind="data",
    en="Without workers get_worker_info() is None, and you ask it for its id.",
    vi="Khi không có worker, get_worker_info() là None, vậy mà bạn vẫn hỏi id của nó.",
)  # fmt: skip
class always_in_a_worker(_Shards):
    def __iter__(self):
        worker = get_worker_info()
        for path in self.paths[worker.id :: worker.num_workers]:
            yield from _lines(path)


@mistake(
    "stream_dataset", kind="data",
    en="Every worker opens every file and takes some of its lines; each file is for one worker.",
    vi="Worker nào cũng mở mọi tệp rồi lấy một phần số dòng; mỗi tệp chỉ dành cho một worker.",
)  # fmt: skip
class lines_dealt_out(_Shards):
    def __iter__(self):
        worker = get_worker_info()
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
        worker = get_worker_info()
        for path in self.paths if worker is None else self.paths[worker.id :: worker.num_workers]:
            with open(path, encoding="utf-8") as file:
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
        worker = get_worker_info()
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
        worker = get_worker_info()
        for path in self.paths if worker is None else self.paths[worker.id :: worker.num_workers]:
            for line in _lines(path):
                if line:
                    yield line


@mistake(
    "stream_dataset", kind="data",
    en="All files are read in __init__; a stream opens a file when its turn comes.",
    vi="Mọi tệp được đọc ngay trong __init__; luồng dữ liệu chỉ mở tệp khi đến lượt.",
)  # fmt: skip
class read_in_advance(IterableDataset):
    def __init__(self, paths):
        self.shards = [list(_lines(path)) for path in paths]

    def __iter__(self):
        worker = get_worker_info()
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
            worker = get_worker_info()
            mine = self.paths if worker is None else self.paths[worker.id :: worker.num_workers]
            self.lines = (line for path in mine for line in _lines(path))
        return self.lines


@alternative("stream_dataset")
class in_blocks_of_files(_Shards):
    def __iter__(self):
        first, last = 0, len(self.paths)
        worker = get_worker_info()
        if worker is not None:
            share = math.ceil(len(self.paths) / worker.num_workers)
            first, last = worker.id * share, (worker.id + 1) * share
        for path in self.paths[first:last]:
            with open(path, encoding="utf-8") as file:
                for line in file:
                    yield line[:-1] if line.endswith("\n") else line


@alternative("stream_dataset")
class file_by_file(_Shards):
    def __iter__(self):
        worker = get_worker_info()
        for k, path in enumerate(self.paths):
            if worker is None or k % worker.num_workers == worker.id:
                yield from Path(path).read_text(encoding="utf-8").splitlines()


@alternative("stream_dataset")
class as_a_chain(IterableDataset):
    def __init__(self, paths):
        self.paths = tuple(paths)

    def _shard(self, path):
        with open(path, encoding="utf-8") as file:
            while line := file.readline():
                yield line.rstrip("\n")

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        start, step = (worker.id, worker.num_workers) if worker else (0, 1)
        return itertools.chain.from_iterable(map(self._shard, itertools.islice(self.paths, start, None, step)))


# CachedDataset


@mistake(
    "cached_dataset", kind="state",
    en="Nothing is kept: every access reads the base dataset again.",
    vi="Không có gì được giữ lại: mỗi lần truy cập lại đọc dataset gốc.",
)  # fmt: skip
class nothing_kept(Dataset):
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
class with_setdefault(Dataset):
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
class everything_read_ahead(Dataset):
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
class none_means_not_read(Dataset):
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
class one_cache_for_all(Dataset):
    cache = {}

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
class only_the_last_kept(Dataset):
    def __init__(self, dataset):
        self.dataset, self.last = dataset, (-1, None)

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        if self.last[0] != i:
            self.last = i, self.dataset[i]
        return self.last[1]


@alternative("cached_dataset")
class with_a_key_error(Dataset):
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
class with_functools(Dataset):
    def __init__(self, dataset):
        self.dataset = dataset
        self.read = functools.cache(lambda i: dataset[i])

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        return self.read(i)


@alternative("cached_dataset")
class with_two_lists(Dataset):
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
    lengths = torch.tensor([[len(x)] for x, _ in batch])
    return [x for x, _ in batch], lengths, torch.tensor([y for _, y in batch])


@mistake(
    "pad_collate", kind="formula",
    en="The mask is inverted: True is for real steps.",
    vi="Mask bị ngược: True dành cho bước thật.",
)  # fmt: skip
def mask_inverted(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)
    return x, torch.arange(x.shape[1]) >= lengths, y


@mistake(
    "pad_collate", kind="indexing",
    en="The mask is one step too long: position L itself is already padding.",
    vi="Mask dài hơn một bước: vị trí L đã là padding rồi.",
)  # fmt: skip
def mask_one_too_long(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)
    return x, torch.arange(x.shape[1]) <= lengths, y


@mistake(
    "pad_collate", kind="formula",
    en="The mask is taken from the values: a real step of zeros is called padding.",
    vi="Mask được suy ra từ giá trị: một bước thật toàn số 0 bị coi là padding.",
    hint_en="Compare positions with lengths.",
    hint_vi="Hãy so sánh vị trí với độ dài.",
)  # fmt: skip
def mask_from_values(batch):
    sequences, _, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)
    return x, (x != 0).any(dim=2), y


@mistake(
    "pad_collate", kind="shape",
    en="Time comes first: x is (L, B, D). pad_sequence needs batch_first=True.",
    vi="Chiều thời gian đứng trước: x là (L, B, D). pad_sequence cần batch_first=True.",
)  # fmt: skip
def time_first(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences)
    return x, torch.arange(x.shape[0]) < lengths, y


@mistake(
    "pad_collate", kind="order",
    en="The padding stands in front of the sequences; it follows them.",
    vi="Phần padding nằm trước chuỗi; nó phải nằm sau.",
)  # fmt: skip
def padded_in_front(batch):
    sequences, lengths, y = _parts(batch)
    longest = int(lengths.max())
    x = torch.stack([F.pad(x, (0, 0, longest - len(x), 0)) for x in sequences])
    return x, torch.arange(longest) >= longest - lengths, y


@mistake(
    "pad_collate", kind="dtype",
    en="The mask holds 1.0 and 0.0; bool is wanted.",
    vi="Mask chứa 1.0 và 0.0; bài yêu cầu bool.",
)  # fmt: skip
def mask_of_floats(batch):
    sequences, lengths, y = _parts(batch)
    x = pad_sequence(sequences, batch_first=True)
    return x, (torch.arange(x.shape[1]) < lengths).float(), y


@mistake(
    "pad_collate", kind="dtype",
    en="x is always float32; it keeps the samples' dtype.",
    vi="x luôn là float32; nó phải giữ dtype của các mẫu.",
    hint_en="batch[0][0].new_zeros(…) has the dtype of the samples.",
    hint_vi="batch[0][0].new_zeros(…) có dtype của các mẫu.",
)  # fmt: skip
def always_float32(batch):
    sequences, lengths, y = _parts(batch)
    x = torch.zeros(len(batch), int(lengths.max()), sequences[0].shape[1])
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = sequence
    return x, torch.arange(x.shape[1]) < lengths, y


@mistake(
    "pad_collate", kind="data",
    en="All sequences are cut to the shortest; they are padded to the longest.",
    vi="Mọi chuỗi bị cắt theo chuỗi ngắn nhất; phải padding theo chuỗi dài nhất.",
)  # fmt: skip
def cut_to_the_shortest(batch):
    sequences, lengths, y = _parts(batch)
    shortest = int(lengths.min())
    x = torch.stack([x[:shortest] for x in sequences])
    return x, torch.arange(shortest) < lengths, y


@alternative("pad_collate")
def row_by_row(batch):
    longest = max(x.size(0) for x, _ in batch)
    x = batch[0][0].new_zeros(len(batch), longest, batch[0][0].size(1))
    mask = torch.zeros(len(batch), longest, dtype=torch.bool)
    y = torch.empty(len(batch), dtype=torch.long)
    for b, (sequence, label) in enumerate(batch):
        x[b, : len(sequence)] = sequence
        mask[b, : len(sequence)] = True
        y[b] = label
    return x, mask, y


@alternative("pad_collate")
def with_padded_ones(batch):
    sequences, labels = zip(*batch, strict=True)
    ones = [torch.ones(len(x), dtype=torch.bool) for x in sequences]
    return pad_sequence(sequences, True), pad_sequence(ones, True), torch.as_tensor(labels)


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
    torch.manual_seed(seed)
    order = torch.randperm(n).tolist()
    size = round(n * fraction)
    return order[size:], order[:size]


@mistake(
    "split_indices", kind="randomness",
    en="The seed is not used: every call gives another split.",
    vi="Seed không được dùng: mỗi lần gọi cho một cách chia khác.",
)  # fmt: skip
def seed_not_used(n, fraction, seed):
    order = torch.randperm(n).tolist()
    size = round(n * fraction)
    return order[size:], order[:size]


@mistake(
    "split_indices", kind="formula",
    en="int() cuts the size off; round() is wanted.",
    vi="int() cắt bỏ phần lẻ của kích thước; bài yêu cầu round().",
)  # fmt: skip
def size_cut_off(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    size = int(n * fraction)
    return order[size:], order[:size]


@mistake(
    "split_indices", kind="data",
    en="val is drawn from all numbers and train still holds them: the model is validated on what it has seen.",
    vi="val được rút từ mọi số mà train vẫn giữ chúng: mô hình được đánh giá trên những gì nó đã thấy.",
)  # fmt: skip
def train_holds_val(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    return order, order[: round(n * fraction)]


@mistake(
    "split_indices", kind="order",
    en="The two lists are exchanged: train comes first.",
    vi="Hai danh sách bị đổi chỗ: train đứng trước.",
)  # fmt: skip
def val_first(n, fraction, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
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
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
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
    generator = torch.Generator().manual_seed(seed)
    val = torch.randint(n, (round(n * fraction),), generator=generator).tolist()
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
    generator = torch.Generator()
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
    mean = torch.stack(means).mean(0)
    variance = (torch.stack(squares).mean(0) - mean.square()).clamp(min=0)
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
    pixels = torch.cat([x.double().transpose(0, 1).flatten(1) for x, *_ in loader], dim=1)
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
    pixels = torch.cat([x.double().flatten() for x, *_ in loader])
    return pixels.mean().float(), pixels.std(correction=0).float()


@mistake(
    "channel_stats", kind="formula",
    en="The second result is the variance: its square root is missing.",
    vi="Kết quả thứ hai là phương sai: thiếu căn bậc hai.",
)  # fmt: skip
def variance_for_std(loader):
    pixels = torch.cat([x.double().transpose(0, 1).flatten(1) for x, *_ in loader], dim=1)
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
    mean, squares = total / count, torch.zeros_like(total)
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
    return mean.float(), (squares / count - mean.square()).sqrt().float()


@alternative("channel_stats")
def all_pixels_at_once(loader):
    pixels = torch.cat([x.double().permute(0, 2, 3, 1).reshape(-1, x.shape[1]) for x, *_ in loader])
    std, mean = torch.std_mean(pixels, dim=0, correction=0)
    return mean.float(), std.float()


@alternative("channel_stats")
def merged_batch_by_batch(loader):
    n, mean, m2 = 0, 0.0, 0.0
    for batch in loader:
        x = batch[0].to(torch.float64)
        k = x.shape[0] * x.shape[2] * x.shape[3]
        here = x.mean((0, 2, 3))
        spread = (x - here[None, :, None, None]).pow(2).sum((0, 2, 3))
        delta = here - mean
        mean = mean + delta * k / (n + k)
        m2 = m2 + spread + delta**2 * n * k / (n + k)
        n += k
    return mean.to(torch.float32), (m2 / n).sqrt().to(torch.float32)


@alternative("channel_stats")
def with_einsum(loader):
    n, s, q = 0, 0, 0
    for x, *_ in loader:
        x = x.double()
        s = s + torch.einsum("bchw->c", x)
        q = q + torch.einsum("bchw,bchw->c", x, x)
        n += x[:, 0].numel()
    variance = torch.relu(q / n - (s / n) ** 2)
    return (s / n).float(), variance.pow(0.5).float()


# RandomHFlip


class _Flip:
    def __init__(self, p):
        self.p = p


@mistake(
    "random_h_flip", kind="randomness",
    en="The decision is made once, in __init__: either every image is mirrored or none.",
    vi="Quyết định chỉ được đưa ra một lần, trong __init__: hoặc mọi ảnh đều bị lật, hoặc không ảnh nào.",
    hint_en="Draw the number in __call__.",
    hint_vi="Hãy lấy số ngẫu nhiên trong __call__.",
)  # fmt: skip
class decided_once:
    def __init__(self, p):
        self.flips = bool(torch.rand(()) < p)

    def __call__(self, image):
        return image.flip(-1) if self.flips else image


@mistake(
    "random_h_flip", kind="indexing",
    en="The rows are mirrored: top and bottom change places, not left and right.",
    vi="Các hàng bị lật: trên và dưới đổi chỗ, chứ không phải trái và phải.",
    hint_en="W is the last dimension of (C, H, W).",
    hint_vi="W là chiều cuối của (C, H, W).",
)  # fmt: skip
class upside_down(_Flip):
    def __call__(self, image):
        return image.flip(-2) if torch.rand(()) < self.p else image


@mistake(
    "random_h_flip", kind="indexing",
    en="The channels are reversed, not the columns.",
    vi="Các kênh bị đảo thứ tự, chứ không phải các cột.",
)  # fmt: skip
class channels_reversed(_Flip):
    def __call__(self, image):
        return image.flip(0) if torch.rand(()) < self.p else image


@mistake(
    "random_h_flip", kind="formula",
    en="The image is mirrored with probability 1 − p.",
    vi="Ảnh bị lật với xác suất 1 − p.",
    hint_en="torch.rand(()) < p is True with probability p.",
    hint_vi="torch.rand(()) < p đúng với xác suất p.",
)  # fmt: skip
class with_one_minus_p(_Flip):
    def __call__(self, image):
        return image.flip(-1) if torch.rand(()) >= self.p else image


@mistake(
    "random_h_flip", kind="randomness",
    en="Every row decides for itself; the image is mirrored as a whole.",
    vi="Mỗi hàng tự quyết định; ảnh phải được lật nguyên cả ảnh.",
)  # fmt: skip
class row_for_row(_Flip):
    def __call__(self, image):
        decided = torch.rand(image.shape[1]) < self.p
        return torch.where(decided[None, :, None], image.flip(-1), image)


@mistake(
    "random_h_flip", kind="inplace",
    en="The mirror image is written into the image that was passed.",
    vi="Ảnh lật được ghi đè vào chính ảnh được truyền vào.",
    hint_en="flip already returns a new tensor: return it.",
    hint_vi="flip đã trả về tensor mới: hãy trả về tensor đó.",
)  # fmt: skip
class mirrored_in_place(_Flip):
    def __call__(self, image):
        if torch.rand(()) < self.p:
            image.copy_(image.flip(-1))
        return image


@mistake(
    "random_h_flip", kind="randomness",
    en="The number comes from Python's random module: torch.manual_seed does not repeat it.",
    vi="Số ngẫu nhiên lấy từ module random của Python: torch.manual_seed không lặp lại được nó.",
)  # fmt: skip
class by_python_s_random(_Flip):
    def __call__(self, image):
        return image.flip(-1) if random.random() < self.p else image


@alternative("random_h_flip")
class with_bernoulli:
    def __init__(self, p):
        self.probability = torch.tensor(p)

    def __call__(self, image):
        columns = torch.arange(image.shape[2])
        if torch.bernoulli(self.probability):
            columns = columns.flip(0)
        return image[:, :, columns]


@alternative("random_h_flip")
class with_a_python_float(_Flip):
    def __call__(self, image):
        if torch.rand(1).item() >= self.p:
            return image.clone()
        return torch.flip(image, dims=[2])


# random_rotate


def _angle(degrees, generator):
    return (2 * torch.rand(1, generator=generator).item() - 1) * degrees


def _turned(image, angle, h_over_w=True, **sampling):
    _, h, w = image.shape
    a, ratio = math.radians(angle), h / w if h_over_w else 1.0
    matrix = [[math.cos(a), -math.sin(a) * ratio, 0.0], [math.sin(a) / ratio, math.cos(a), 0.0]]
    align = sampling.setdefault("align_corners", False)
    grid = F.affine_grid(image.new_tensor([matrix]), [1, 1, h, w], align_corners=align)
    return F.grid_sample(image[None], grid, **sampling)[0]


@mistake(
    "random_rotate", kind="sign",
    en="A positive angle turns clockwise.",
    vi="Góc dương lại xoay theo chiều kim đồng hồ.",
    hint_en="Row numbers grow downwards, and the grid says where a pixel comes from.",
    hint_vi="Số hàng tăng xuống dưới, và grid cho biết điểm ảnh đến từ đâu.",
)  # fmt: skip
def turned_clockwise(image, degrees, generator):
    return _turned(image, -_angle(degrees, generator))


@mistake(
    "random_rotate", kind="scale",
    en="The angle's degrees are used as radians.",
    vi="Góc tính bằng độ lại được dùng như radian.",
    hint_en="math.radians",
    hint_vi="math.radians",
)  # fmt: skip
def degrees_as_radians(image, degrees, generator):
    return _turned(image, math.degrees(_angle(degrees, generator)))


@mistake(
    "random_rotate", kind="formula",
    en="The angle lies in [0, degrees]; it should be uniform in [−degrees, degrees].",
    vi="Góc nằm trong [0, degrees]; nó phải phân bố đều trong [−degrees, degrees].",
)  # fmt: skip
def only_positive_angles(image, degrees, generator):
    return _turned(image, torch.rand(1, generator=generator).item() * degrees)


@mistake(
    "random_rotate", kind="randomness",
    en="The angle is drawn from a normal distribution; it should be uniform.",
    vi="Góc được lấy từ phân phối chuẩn; nó phải phân bố đều.",
)  # fmt: skip
def normal_angles(image, degrees, generator):
    return _turned(image, torch.randn(1, generator=generator).item() * degrees)


@mistake(
    "random_rotate", kind="randomness",
    en="The generator is not used: the angle comes from the global random state.",
    vi="generator không được dùng: góc lấy từ trạng thái ngẫu nhiên toàn cục.",
)  # fmt: skip
def global_angle(image, degrees, generator):
    return _turned(image, (2 * torch.rand(1).item() - 1) * degrees)


@mistake(
    "random_rotate", kind="api",
    en="Pixels are taken from the nearest neighbour; bilinear is wanted.",
    vi="Điểm ảnh lấy theo điểm gần nhất; bài yêu cầu nội suy bilinear.",
)  # fmt: skip
def nearest_pixels(image, degrees, generator):
    return _turned(image, _angle(degrees, generator), mode="nearest")


@mistake(
    "random_rotate", kind="formula",
    en="H and W differ, and the grid's coordinates run from −1 to 1 along both: the rotation also shears.",
    vi="H khác W, mà toạ độ của grid chạy từ −1 đến 1 theo cả hai chiều: phép xoay bị méo.",
    hint_en="The two sines need the factors H / W and W / H.",
    hint_vi="Hai số sin cần hệ số H / W và W / H.",
)  # fmt: skip
def shape_forgotten(image, degrees, generator):
    return _turned(image, _angle(degrees, generator), h_over_w=False)


@mistake(
    "random_rotate", kind="api",
    en="Outside of the image its border is repeated; zeros are wanted.",
    vi="Bên ngoài ảnh, đường biên bị lặp lại; bài yêu cầu số 0.",
)  # fmt: skip
def border_repeated(image, degrees, generator):
    return _turned(image, _angle(degrees, generator), padding_mode="border")


@mistake(
    "random_rotate", kind="api",
    en="align_corners=True puts the corners' centres at −1 and 1; the image turns about its centre in other units.",
    vi="align_corners=True đặt tâm các điểm góc ở −1 và 1; ảnh bị xoay trong một hệ đơn vị khác.",
)  # fmt: skip
def corners_aligned(image, degrees, generator):
    return _turned(image, _angle(degrees, generator), align_corners=True)


@alternative("random_rotate")
def by_torchvision(image, degrees, generator):
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import rotate

    angle = torch.empty(1).uniform_(-degrees, degrees, generator=generator)
    return rotate(image, angle.item(), InterpolationMode.BILINEAR)


@alternative("random_rotate")
def by_torchvision_with_a_fill(image, degrees, generator):
    from torchvision.transforms import InterpolationMode, functional

    angle = (torch.rand((), generator=generator) * 2 - 1) * degrees
    return functional.rotate(image, float(angle), interpolation=InterpolationMode.BILINEAR, fill=[0.0])


@alternative("random_rotate")
def by_four_neighbours(image, degrees, generator):
    _, h, w = image.shape
    a = torch.deg2rad((2 * torch.rand(1, generator=generator).double() - 1) * degrees)
    i, j = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    y, x = i - (h - 1) / 2, j - (w - 1) / 2
    column, row = a.cos() * x - a.sin() * y + (w - 1) / 2, a.sin() * x + a.cos() * y + (h - 1) / 2
    result = torch.zeros_like(image)
    for r in (row.floor(), row.floor() + 1):
        for c in (column.floor(), column.floor() + 1):
            weight = (1 - (row - r).abs()) * (1 - (column - c).abs())
            inside = (r >= 0) & (r < h) & (c >= 0) & (c < w)
            pixels = image[:, r.clamp(0, h - 1).long(), c.clamp(0, w - 1).long()]
            result += (pixels * weight * inside).to(image.dtype)
    return result


# cifar_pipeline


def _cifar(root, steps, train=True):
    from torchvision import datasets, transforms

    return datasets.CIFAR10(root, train=train, transform=transforms.Compose(steps))


@mistake(
    "cifar_pipeline", kind="data",
    en="The test images are loaded; a network is trained on the training images.",
    vi="Bạn nạp các ảnh kiểm tra; mạng phải được huấn luyện trên ảnh huấn luyện.",
    hint_en="train=True",
    hint_vi="train=True",
)  # fmt: skip
def the_test_images(root, batch_size):
    from torchvision.transforms import Normalize, ToTensor

    images = _cifar(root, [ToTensor(), Normalize(CIFAR_MEAN, CIFAR_STD)], train=False)  # noqa: F821
    return DataLoader(images, batch_size=batch_size, shuffle=True)


@mistake(
    "cifar_pipeline", kind="scale",
    en="The pixels are scaled to [0, 1] and not normalised.",
    vi="Điểm ảnh được đưa về [0, 1] nhưng chưa được chuẩn hoá.",
    hint_en="transforms.Normalize(CIFAR_MEAN, CIFAR_STD) after ToTensor()",
    hint_vi="transforms.Normalize(CIFAR_MEAN, CIFAR_STD) sau ToTensor()",
)  # fmt: skip
def not_normalised(root, batch_size):
    from torchvision.transforms import ToTensor

    return DataLoader(_cifar(root, [ToTensor()]), batch_size=batch_size, shuffle=True)


@mistake(
    "cifar_pipeline", kind="statistics",
    en="Every channel is normalised by 0.5 and 0.5; the statistics of CIFAR-10 are wanted.",
    vi="Mọi kênh được chuẩn hoá bằng 0.5 và 0.5; bài yêu cầu thống kê của CIFAR-10.",
    hint_en="CIFAR_MEAN and CIFAR_STD stand at the top of the file.",
    hint_vi="CIFAR_MEAN và CIFAR_STD nằm ở đầu tệp.",
)  # fmt: skip
def normalised_by_one_half(root, batch_size):
    from torchvision.transforms import Normalize, ToTensor

    images = _cifar(root, [ToTensor(), Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])
    return DataLoader(images, batch_size=batch_size, shuffle=True)


@mistake(
    "cifar_pipeline", kind="formula",
    en="Normalize was given the variances; it divides by standard deviations.",
    vi="Normalize nhận phương sai; nó chia cho độ lệch chuẩn.",
)  # fmt: skip
def divided_by_variances(root, batch_size):
    from torchvision.transforms import Normalize, ToTensor

    images = _cifar(root, [ToTensor(), Normalize(CIFAR_MEAN, [s * s for s in CIFAR_STD])])  # noqa: F821
    return DataLoader(images, batch_size=batch_size, shuffle=True)


@mistake(
    "cifar_pipeline", kind="order",
    en="The images come in the order of the files; a training loader shuffles.",
    vi="Ảnh đến theo thứ tự trong tệp; loader huấn luyện phải xáo trộn.",
)  # fmt: skip
def images_in_order(root, batch_size):
    from torchvision.transforms import Normalize, ToTensor

    images = _cifar(root, [ToTensor(), Normalize(CIFAR_MEAN, CIFAR_STD)])  # noqa: F821
    return DataLoader(images, batch_size=batch_size)


@mistake(
    "cifar_pipeline", kind="data",
    en="The smaller last batch is dropped.",
    vi="Batch cuối nhỏ hơn bị bỏ.",
)  # fmt: skip
def last_batch_dropped(root, batch_size):
    from torchvision.transforms import Normalize, ToTensor

    images = _cifar(root, [ToTensor(), Normalize(CIFAR_MEAN, CIFAR_STD)])  # noqa: F821
    return DataLoader(images, batch_size=batch_size, shuffle=True, drop_last=True)


@mistake(
    "cifar_pipeline", kind="data",
    en="Images are mirrored at random; no augmentation is asked for here.",
    vi="Ảnh bị lật ngẫu nhiên; ở đây bài không yêu cầu augmentation.",
)  # fmt: skip
def with_augmentation(root, batch_size):
    from torchvision.transforms import Normalize, RandomHorizontalFlip, ToTensor

    images = _cifar(root, [RandomHorizontalFlip(), ToTensor(), Normalize(CIFAR_MEAN, CIFAR_STD)])  # noqa: F821
    return DataLoader(images, batch_size=batch_size, shuffle=True)


@alternative("cifar_pipeline")
def with_transforms_v2(root, batch_size):
    from torchvision.datasets import CIFAR10
    from torchvision.transforms import v2

    steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(CIFAR_MEAN, CIFAR_STD)]  # noqa: F821
    return DataLoader(CIFAR10(root, transform=v2.Compose(steps)), batch_size, shuffle=True)


@alternative("cifar_pipeline")
def all_at_once(root, batch_size):
    from torchvision.datasets import CIFAR10

    files = CIFAR10(root=root, train=True, download=False)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (CIFAR_MEAN, CIFAR_STD))  # noqa: F821
    x = torch.from_numpy(files.data).permute(0, 3, 1, 2) / 255
    images = torch.utils.data.TensorDataset((x - mean) / std, torch.tensor(files.targets))
    return DataLoader(images, batch_size=batch_size, sampler=RandomSampler(images))


# make_loader


@mistake(
    "make_loader", kind="randomness",
    en="The seed is not used: the order follows the global random state.",
    vi="Seed không được dùng: thứ tự phụ thuộc vào trạng thái ngẫu nhiên toàn cục.",
    hint_en="generator=torch.Generator().manual_seed(seed)",
    hint_vi="generator=torch.Generator().manual_seed(seed)",
)  # fmt: skip
def without_generator(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    return DataLoader(dataset, batch_size, shuffle, num_workers=workers, drop_last=drop_last, pin_memory=pin_memory)


@mistake(
    "make_loader", kind="randomness",
    en="torch.manual_seed changes the random state of the whole program, and whatever draws next changes the order.",
    vi="torch.manual_seed thay đổi trạng thái ngẫu nhiên của cả chương trình, và ai lấy số sau đó sẽ làm đổi thứ tự.",
    hint_en="Give the DataLoader a generator of its own.",
    hint_vi="Hãy cho DataLoader một generator riêng.",
)  # fmt: skip
def seeded_globally(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    torch.manual_seed(seed)
    return DataLoader(dataset, batch_size, shuffle, num_workers=workers, drop_last=drop_last, pin_memory=pin_memory)


@mistake(
    "make_loader", kind="api",
    en="The loader always shuffles, whatever `shuffle` says.",
    vi="Loader luôn xáo trộn, bất kể `shuffle`.",
)  # fmt: skip
def always_shuffled(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(
        dataset, batch_size, True, num_workers=workers, drop_last=drop_last, pin_memory=pin_memory, generator=generator
    )


@mistake(
    "make_loader", kind="api",
    en="drop_last is not passed on: the smaller last batch is still there.",
    vi="drop_last không được truyền tiếp: batch cuối nhỏ hơn vẫn còn.",
)  # fmt: skip
def drop_last_ignored(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size, shuffle, num_workers=workers, pin_memory=pin_memory, generator=generator)


@mistake(
    "make_loader", kind="api",
    en="`workers` is not passed on: everything is read in the main process.",
    vi="`workers` không được truyền tiếp: mọi thứ được đọc trong tiến trình chính.",
    hint_en="num_workers=workers",
    hint_vi="num_workers=workers",
)  # fmt: skip
def workers_ignored(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size, shuffle, drop_last=drop_last, pin_memory=pin_memory, generator=generator)


@mistake(
    "make_loader", kind="api",
    en="`pin_memory` is not passed on.",
    vi="`pin_memory` không được truyền tiếp.",
)  # fmt: skip
def pin_memory_ignored(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size, shuffle, num_workers=workers, drop_last=drop_last, generator=generator)


@mistake(
    "make_loader", kind="api",
    en="The star is gone from the signature: a seed can be passed by position and be taken for something else.",
    vi="Dấu sao biến mất khỏi chữ ký hàm: seed có thể bị truyền theo vị trí và bị hiểu nhầm thành thứ khác.",
)  # fmt: skip
def without_the_star(dataset, batch_size, seed, workers, shuffle, drop_last, pin_memory):
    return DataLoader(
        dataset, batch_size, shuffle, num_workers=workers, drop_last=drop_last, pin_memory=pin_memory,
        generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip


@mistake(
    "make_loader", kind="order",
    en="The order is drawn once, when the loader is made: all epochs are the same.",
    vi="Thứ tự chỉ được rút một lần, khi tạo loader: mọi epoch đều giống nhau.",
    hint_en="A generator that is passed to the DataLoader goes on from epoch to epoch.",
    hint_vi="Generator được truyền cho DataLoader sẽ tiếp tục từ epoch này sang epoch khác.",
)  # fmt: skip
def the_same_order_in_every_epoch(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    order = list(range(len(dataset)))
    if shuffle:
        order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed)).tolist()
    return DataLoader(
        dataset, batch_size, sampler=order, num_workers=workers, drop_last=drop_last, pin_memory=pin_memory
    )


@alternative("make_loader")
def with_a_random_sampler(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    sampler = RandomSampler(dataset, generator=torch.Generator().manual_seed(seed)) if shuffle else None
    return DataLoader(
        dataset, batch_size, sampler=sampler, num_workers=workers, drop_last=drop_last, pin_memory=pin_memory
    )


class _Shuffled(Sampler):
    def __init__(self, n, seed):
        self.n, self.random = n, random.Random(seed)

    def __len__(self):
        return self.n

    def __iter__(self):
        return iter(self.random.sample(range(self.n), self.n))


@alternative("make_loader")
def with_a_sampler_of_its_own(dataset, batch_size, *, seed, workers, shuffle, drop_last, pin_memory):
    options = {"sampler": _Shuffled(len(dataset), seed)} if shuffle else {"shuffle": False}
    return torch.utils.data.DataLoader(
        dataset, batch_size=batch_size, num_workers=workers, drop_last=drop_last, pin_memory=pin_memory, **options
    )


# sample_weights


@mistake(
    "sample_weights", kind="indexing",
    en="unique lists only the classes that occur, and y is used as an index into that list.",
    vi="unique chỉ liệt kê những lớp có xuất hiện, mà y lại được dùng làm chỉ số vào danh sách đó.",
    hint_en="return_inverse=True tells each sample's place in the list; bincount has a place for every class.",
    hint_vi="return_inverse=True cho biết vị trí của từng mẫu trong danh sách; bincount có chỗ cho mọi lớp.",
)  # fmt: skip
def unique_indexed_by_y(y):
    _, counts = y.unique(return_counts=True)
    return 1 / counts[y]


@mistake(
    "sample_weights", kind="shape",
    en="There is one weight for each class; one for each sample is wanted.",
    vi="Mỗi lớp có một trọng số; bài yêu cầu mỗi mẫu một trọng số.",
)  # fmt: skip
def weights_of_classes(y):
    return 1 / y.bincount().clamp(min=1)


@mistake(
    "sample_weights", kind="formula",
    en="The weights are the counts themselves: common classes become still more frequent.",
    vi="Trọng số chính là số đếm: lớp phổ biến càng xuất hiện nhiều hơn.",
)  # fmt: skip
def counts_themselves(y):
    return y.bincount()[y].float()


@mistake(
    "sample_weights", kind="scale",
    en="The weights are divided by their sum; the item asks for 1 / count.",
    vi="Trọng số bị chia cho tổng của chúng; bài yêu cầu 1 / số đếm.",
)  # fmt: skip
def weights_that_add_up_to_1(y):
    weights = 1 / y.bincount()[y]
    return weights / weights.sum()


@mistake(
    "sample_weights", kind="scale",
    en="The weights are N / count; the item asks for 1 / count.",
    vi="Trọng số là N / số đếm; bài yêu cầu 1 / số đếm.",
)  # fmt: skip
def n_over_count(y):
    return len(y) / y.bincount()[y]


@mistake(
    "sample_weights", kind="dtype",
    en="// divides whole numbers and cuts off: nearly all weights are 0.",
    vi="// chia lấy phần nguyên: hầu như mọi trọng số đều bằng 0.",
)  # fmt: skip
def divided_as_integers(y):
    return (1 // y.bincount()[y]).float()


@alternative("sample_weights")
def with_inverse(y):
    _, place, counts = torch.unique(y, return_inverse=True, return_counts=True)
    return counts.float().reciprocal()[place]


@alternative("sample_weights")
def by_comparing_all_pairs(y):
    return (y[:, None] == y[None, :]).sum(dim=1).float() ** -1


@alternative("sample_weights")
def with_a_counter(y):
    labels = y.tolist()
    counts = Counter(labels)
    return torch.tensor([1.0 / counts[label] for label in labels])


# clean_text


@mistake(
    "clean_text", kind="data",
    en="The text is not brought into NFC: a combining mark is no letter and cuts a word in two.",
    vi="Văn bản chưa được đưa về NFC: dấu tổ hợp không phải là chữ cái nên cắt đôi từ.",
    hint_en='unicodedata.normalize("NFC", text) before anything else.',
    hint_vi='Dùng unicodedata.normalize("NFC", text) trước mọi bước khác.',
)  # fmt: skip
def without_nfc(text):
    return re.findall(r"[^\W_]+", text.lower())


@mistake(
    "clean_text", kind="data",
    en="[a-z0-9] knows only English letters: every Vietnamese letter with a mark separates.",
    vi="[a-z0-9] chỉ biết chữ cái tiếng Anh: mọi chữ tiếng Việt có dấu đều bị coi là dấu ngăn cách.",
)  # fmt: skip
def english_letters_only(text):
    return re.findall(r"[a-z0-9]+", unicodedata.normalize("NFC", text).lower())


@mistake(
    "clean_text", kind="data",
    en="\\w counts the underscore among the letters; it separates here.",
    vi="\\w coi dấu gạch dưới là chữ cái; ở đây nó là dấu ngăn cách.",
)  # fmt: skip
def underscore_kept(text):
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())


@mistake(
    "clean_text", kind="data",
    en="Only white space separates: commas and quotes stay on the words.",
    vi="Chỉ khoảng trắng ngăn cách: dấu phẩy và ngoặc kép vẫn dính vào từ.",
)  # fmt: skip
def cut_at_white_space(text):
    return unicodedata.normalize("NFC", text).lower().split()


@mistake(
    "clean_text", kind="data",
    en="The words are not in lower case.",
    vi="Các từ chưa được đổi sang chữ thường.",
)  # fmt: skip
def not_lowered(text):
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text))


@mistake(
    "clean_text", kind="data",
    en="The marks are thrown away, so different Vietnamese words become the same.",
    vi="Các dấu bị bỏ đi, nên những từ tiếng Việt khác nhau trở thành một.",
)  # fmt: skip
def marks_thrown_away(text):
    decomposed = unicodedata.normalize("NFD", text.lower())
    return re.findall(r"[^\W_]+", "".join(c for c in decomposed if not unicodedata.combining(c)))


@mistake(
    "clean_text", kind="data",
    en="The words come out in NFD, where no vocabulary in NFC finds them.",
    vi="Các từ ở dạng NFD, nên không từ điển nào ở dạng NFC tìm thấy chúng.",
)  # fmt: skip
def words_in_nfd(text):
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())
    return [unicodedata.normalize("NFD", word) for word in words]


@mistake(
    "clean_text", kind="data",
    en="NFKC also exchanges other characters, such as wide letters; NFC only joins letters and marks.",
    vi="NFKC còn thay cả những ký tự khác, như chữ cái toàn bề rộng; NFC chỉ ghép chữ với dấu.",
)  # fmt: skip
def with_nfkc(text):
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower())


@mistake(
    "clean_text", kind="data",
    en="re.split leaves an empty word at the ends of a text that begins or ends with a separator.",
    vi="re.split để lại từ rỗng ở hai đầu khi văn bản bắt đầu hoặc kết thúc bằng dấu ngăn cách.",
    hint_en="Leave the empty strings out.",
    hint_vi="Hãy bỏ các chuỗi rỗng.",
)  # fmt: skip
def with_empty_words(text):
    return re.split(r"[\W_]+", unicodedata.normalize("NFC", text).lower())


@alternative("clean_text")
def character_by_character(text):
    words, word = [], ""
    for character in unicodedata.normalize("NFC", text.lower()):
        if character.isalnum():
            word += character
        else:
            if word:
                words.append(word)
            word = ""
    return words + [word] * bool(word)


@alternative("clean_text")
def with_spaces_for_the_rest(text):
    text = unicodedata.normalize("NFC", text)
    return "".join(c if c.isalpha() or c.isdigit() else " " for c in text).lower().split()


@alternative("clean_text")
def by_groups(text):
    groups = itertools.groupby(unicodedata.normalize("NFC", text), key=str.isalnum)
    return ["".join(group).lower() for is_word, group in groups if is_word]


# encode


@mistake(
    "encode", kind="data",
    en="Unknown tokens are left out; each becomes <unk>.",
    vi="Token lạ bị bỏ đi; mỗi token lạ phải thành <unk>.",
)  # fmt: skip
def unknown_left_out(tokens, vocab, max_len):
    ids = [vocab[token] for token in tokens if token in vocab][:max_len]
    return torch.tensor(ids + [vocab["<pad>"]] * (max_len - len(ids))), torch.arange(max_len) < len(ids)


@mistake(
    "encode", kind="data",
    en="Padding is written as 0; its id is vocab[\"<pad>\"].",
    vi="Padding được ghi là 0; id của nó là vocab[\"<pad>\"].",
)  # fmt: skip
def padding_is_0(tokens, vocab, max_len):
    ids = [vocab.get(token, vocab["<unk>"]) for token in tokens[:max_len]]
    return torch.tensor(ids + [0] * (max_len - len(ids))), torch.arange(max_len) < len(ids)


@mistake(
    "encode", kind="data",
    en="An unknown token gets the id 1; its id is vocab[\"<unk>\"].",
    vi="Token lạ nhận id 1; id của nó là vocab[\"<unk>\"].",
)  # fmt: skip
def unknown_is_1(tokens, vocab, max_len):
    ids = [vocab.get(token, 1) for token in tokens[:max_len]]
    return torch.tensor(ids + [vocab["<pad>"]] * (max_len - len(ids))), torch.arange(max_len) < len(ids)


@mistake(
    "encode", kind="formula",
    en="The mask compares ids with the padding's: a real token with that id is lost.",
    vi="Mask so sánh id với id của padding: một token thật mang id đó bị mất.",
    hint_en="Compare positions with the number of tokens.",
    hint_vi="Hãy so sánh vị trí với số token.",
)  # fmt: skip
def mask_from_ids(tokens, vocab, max_len):
    ids = [vocab.get(token, vocab["<unk>"]) for token in tokens[:max_len]]
    ids = torch.tensor(ids + [vocab["<pad>"]] * (max_len - len(ids)))
    return ids, ids != vocab["<pad>"]


@mistake(
    "encode", kind="formula",
    en="The mask is inverted: True is for tokens.",
    vi="Mask bị ngược: True dành cho token.",
)  # fmt: skip
def token_mask_inverted(tokens, vocab, max_len):
    ids = [vocab.get(token, vocab["<unk>"]) for token in tokens[:max_len]]
    return torch.tensor(ids + [vocab["<pad>"]] * (max_len - len(ids))), torch.arange(max_len) >= len(ids)


@mistake(
    "encode", kind="indexing",
    en="A long text keeps its last tokens; the first ones are wanted.",
    vi="Văn bản dài giữ lại các token cuối; bài yêu cầu các token đầu.",
)  # fmt: skip
def last_tokens_kept(tokens, vocab, max_len):
    ids = [vocab.get(token, vocab["<unk>"]) for token in tokens[-max_len:]]
    return torch.tensor(ids + [vocab["<pad>"]] * (max_len - len(ids))), torch.arange(max_len) < len(ids)


@mistake(
    "encode", kind="shape",
    en="A long text is not cut to max_len.",
    vi="Văn bản dài không được cắt về max_len.",
)  # fmt: skip
def not_cut(tokens, vocab, max_len):
    ids = [vocab.get(token, vocab["<unk>"]) for token in tokens]
    ids += [vocab["<pad>"]] * (max_len - len(ids))
    return torch.tensor(ids), torch.arange(len(ids)) < len(tokens)


@mistake(
    "encode", kind="order",
    en="The padding stands in front of the tokens; it follows them.",
    vi="Padding nằm trước các token; nó phải nằm sau.",
)  # fmt: skip
def padding_in_front(tokens, vocab, max_len):
    ids = [vocab.get(token, vocab["<unk>"]) for token in tokens[:max_len]]
    gap = max_len - len(ids)
    return torch.tensor([vocab["<pad>"]] * gap + ids), torch.arange(max_len) >= gap


@alternative("encode")
def into_a_full_tensor(tokens, vocab, max_len):
    n = min(len(tokens), max_len)
    ids = torch.full((max_len,), vocab["<pad>"])
    mask = torch.zeros(max_len, dtype=torch.bool)
    for k, token in enumerate(tokens[:n]):
        ids[k] = vocab[token] if token in vocab else vocab["<unk>"]
    mask[:n] = True
    return ids, mask


@alternative("encode")
def position_by_position(tokens, vocab, max_len):
    ids, mask = [], []
    for k in range(max_len):
        real = k < len(tokens)
        mask.append(real)
        ids.append(vocab.get(tokens[k], vocab["<unk>"]) if real else vocab["<pad>"])
    return torch.LongTensor(ids), torch.tensor(mask)
