"""Hidden suite of the unit whose first two items may start processes."""

import pytest
import torch

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u01_loader")


@inside
def served(x, workers):
    """Every batch as a DataLoader brings it, and what random numbers its workers draw."""

    class Noisy(torch.utils.data.Dataset):
        def __init__(self):
            self.rows = student.Rows(x)

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, i):
            return *self.rows[i], torch.utils.data.get_worker_info() is not None

    loader = torch.utils.data.DataLoader(Noisy(), batch_size=4, num_workers=workers)
    return [(rows, numbers, [bool(b) for b in beside]) for rows, numbers, beside in loader]


@pytest.mark.item("rows")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_brings_every_row_once(student, make, workers):
    x = make(10, 3)
    batches = served(x, workers)
    check.equal(len(batches), 3, name="the number of batches")
    for at, (rows, numbers, beside) in enumerate(batches):
        check.close(rows, x[4 * at : 4 * at + 4], name="the rows of a batch")
        check.equal(numbers.tolist(), list(range(10))[4 * at : 4 * at + 4], name="their numbers")
        check.equal(beside, [workers > 0] * len(rows), name="read beside the main process")


@pytest.mark.item("epochs")
def test_workers_change_nothing(student, make):
    x = make(8, 2)
    want = torch.stack([x[at : at + 3].sum() for at in (0, 3, 6)] * 2)
    check.close(student.epochs(x, 0), want, name="epochs(x, 0)")
    check.close(student.epochs(x, 2), want, name="epochs(x, 2)")


@pytest.mark.item("alone")
def test_the_sum_of_each_batch(student, make):
    x = make(8, 2)
    want = torch.stack([x[at : at + 3].sum() for at in (0, 3, 6)])
    check.close(student.alone(x), want, name="alone(x)")


@pytest.mark.item("last")
def test_the_sign_is_flipped(student, make):
    x = make(3, 2)
    check.close(student.last(x), -x, name="last(x)")
