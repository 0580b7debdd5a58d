"""Hidden tests of u04_linear_regression: a picture of points and a line.

Where a point lands in a picture is the student's choice (size, margins, colours, labels), so pictures of almost the
same data are compared: what changes when one number changes is that number's mark.  Only pixels are looked at; they are
decoded in the worker and judged here.  A picture takes 0.05 s, the first one 0.6 s more (importing matplotlib).
"""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import numpy as np
import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u04_linear_regression")

PNG = [137, 80, 78, 71, 13, 10, 26, 10]
VISIBLE = 40  # of 255: a smaller change of a colour may come from rounding at an edge
NOT_DRAWN = "not_drawn"


@inside
def draw(x, y, prediction):
    """First bytes of the file, names in its folder, pyplot's open figures, the picture on white (H, W, 3)."""
    import os
    import tempfile

    import matplotlib
    import matplotlib.pyplot as plt

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fit.png")
        with matplotlib.rc_context({"figure.dpi": 60}):  # 384 x 288 unless the student says otherwise: half the time
            student.plot_fit(x, y, prediction, path)
        figures = plt.get_fignums()
        plt.close("all")  # the replay of a mistake that leaves one open must not reach the next replay
        names = sorted(os.listdir(folder))
        if "fit.png" not in names:
            return [], names, figures, None
        with open(path, "rb") as file:
            head = list(file.read(8))
        pixels = plt.imread(path) if head[1:4] == [80, 78, 71] else np.zeros((1, 1, 3))
    opaque = pixels[..., 3:] if pixels.ndim == 3 and pixels.shape[2] == 4 else 1.0
    colours = pixels[..., :3] if pixels.ndim == 3 else pixels[..., None].repeat(3, 2)
    on_white = colours * opaque + (1.0 - opaque)
    return head, names, figures, torch.from_numpy((on_white * 255).astype(np.uint8))


def picture(columns):
    """One picture, int64 (H, W, 3)."""
    head, _, figures, pixels = draw(*(np.asarray(column, dtype=np.float64) for column in columns))
    if head != PNG or not isinstance(pixels, torch.Tensor) or pixels.dim() != 3 or pixels.numel() < 3000:
        check.fail(
            Text(en="There is no PNG picture at `path`.", vi="Không có ảnh PNG nào tại `path`."), code="no_picture"
        )
    check.equal(figures, [], name="figures of matplotlib.pyplot that are still open")
    return pixels.long()


def pictures(*data):
    """Pictures of data that differ in one number; they must have one size."""
    found = [picture(columns) for columns in data]
    if len({tuple(pixels.shape) for pixels in found}) > 1:
        check.fail(
            Text(
                en="Pictures of almost the same data have different sizes.",
                vi="Ảnh vẽ hai bộ dữ liệu gần như giống nhau lại có kích thước khác nhau.",
            ),
            code="picture_sizes",
        )
    return found


def differ(a, b):
    """Where two pictures differ for the eye, bool (H, W)."""
    return ((a - b).abs() > VISIBLE).any(2)


def marks(found):
    """For each of three pictures, the pixels (K, 2), (row, column), in which only it differs from both others."""
    ab, bc, ca = (differ(found[i], found[(i + 1) % 3]) for i in range(3))
    return [(ab & ca & ~bc).nonzero(), (ab & bc & ~ca).nonzero(), (bc & ca & ~ab).nonzero()]


def centre(mark):
    return mark.double().mean(0)


class Plane:
    """Random scales for data that are laid out in the unit square; the upper right corner stays free for a legend."""

    def __init__(self, make):
        # scales within a factor of 3, origins on both sides of 0
        self.scale = (1.0 + 2.0 * make.uniform(2)).numpy()
        self.origin = (make(2) * 3).numpy()

    def columns(self, points, predictions):
        u, v = np.array(points).T
        return (
            self.origin[0] + self.scale[0] * u,
            self.origin[1] + self.scale[1] * v,
            self.origin[1] + self.scale[1] * np.array(predictions),
        )


@pytest.mark.item("plot_fit")
def test_a_png_is_written_to_the_path(student, make):
    # it pays for the import, and on a busy machine is too slow to be replayed: it asks for no more than this
    x, y = make.array(12), make.array(12)
    head, names, _, pixels = draw(x, y, 2 * x + 1)
    check.equal(names, ["fit.png"], name="files that were written")
    check.equal(head, PNG, name="the first eight bytes of the file")
    check.equal(pixels is not None and bool((pixels != pixels[0, 0]).any()), True, name="something is drawn")


def expect_points(steps, axis):
    """One small mark in each picture, which moves along `axis` (0 upwards, 1 to the right) by equal steps."""
    height_width = torch.tensor(steps[0].shape[:2], dtype=torch.float64)
    found = marks(steps)
    if any(len(mark) == 0 for mark in found):
        check.fail(
            Text(
                en="A point of the data moves, and no mark in the picture moves with it.",
                vi="Một điểm dữ liệu đổi chỗ mà trong ảnh không có dấu nào đổi chỗ theo.",
            ),
            code=NOT_DRAWN,
        )
    for mark in found:
        low, high = mark.double().quantile(torch.tensor([0.05, 0.95], dtype=torch.float64), dim=0)
        check.that(
            bool(((high - low) < 0.12 * height_width).all()),
            Text(
                en="When one point moves, a large part of the picture changes: are the points joined by a line?",
                vi="Chỉ một điểm đổi chỗ mà một phần lớn của ảnh thay đổi: có phải các điểm bị nối với nhau?",
            ),
            code="joined",
        )
    first, second, third = (centre(mark) for mark in found)
    near = 2.0 + 0.005 * height_width.max().item()
    along, across = (third - first)[axis].item(), (third - first)[1 - axis].item()
    right_way = (along < 0) if axis == 0 else (along > 0)
    check.that(
        right_way and abs(along) > 0.06 * height_width[axis].item() and abs(across) < near,
        Text(
            en="A point does not move as its number does: x goes to the right, y upwards.",
            vi="Điểm không di chuyển theo con số của nó: x sang phải, y lên trên.",
        ),
        code="axes",
    )
    check.that(
        bool(((first + third) / 2 - second).abs().max() < near),
        Text(
            en="Equal steps of a number are not equal in the picture.", vi="Các bước bằng nhau lại không đều trong ảnh."
        ),
        code="scale",
    )


def one_moves(make, spots):
    """Pictures in which one point is at each of the spots in turn; the line, straight, stays where it is."""
    plane = Plane(make)
    all_points = [[(0.0, 1.0), (0.62, 0.62), (0.75, 0.5), spot, (0.9, 0.38), (1.0, 0.0)] for spot in spots]
    return pictures(*(plane.columns(points, [0.92 - 0.8 * u for u, _ in points]) for points in all_points))


@pytest.mark.item("plot_fit")
def test_each_example_is_a_point_over_its_x(student, make):
    expect_points(one_moves(make, [(0.12, 0.16), (0.24, 0.16), (0.36, 0.16)]), 1)


@pytest.mark.item("plot_fit")
def test_each_example_is_a_point_as_high_as_its_y(student, make):
    expect_points(one_moves(make, [(0.36, 0.16), (0.36, 0.3), (0.36, 0.44)]), 0)


UNCHANGED = Text(
    en="A prediction changes, and the picture does not: draw what is passed as `prediction`.",
    vi="Một giá trị dự đoán thay đổi mà ảnh không đổi: hãy vẽ đúng `prediction` được truyền vào.",
)
NO_LINE = Text(
    en="The predictions are not joined by a line.",
    vi="Các giá trị dự đoán không được nối bằng một đường.",
)


@pytest.mark.item("plot_fit")
def test_a_line_runs_through_the_predictions_from_left_to_right(student, make):
    plane = Plane(make)
    # in no order; the prediction of the first row changes, its neighbours are those at 0.3 and at the end: were it not
    # the last but one, a longer line would shift the dashes behind it
    points = [(0.62, 0.62), (1.0, 0.0), (0.3, 0.68), (0.0, 1.0), (0.15, 0.8)]
    levels = [0.02, 0.16, 0.44]
    found = pictures(*(plane.columns(points, [level, 0.3, 0.3, 0.3, 0.3]) for level in levels))
    bends = [_bend(mark, torch.tensor(found[0].shape[:2], dtype=torch.float64)) for mark in marks(found)]
    steps = [(bends[i][1] - bends[i + 1][1]) / (levels[i + 1] - levels[i]) for i in range(2)]
    turns = [bend[0] for bend in bends]  # rows count downwards: a low prediction is a valley, a high one a hill
    check.that(
        min(steps) > 0
        and abs(steps[0] - steps[1]) < 0.15 * max(steps)
        and turns[0] < 0 < turns[2]
        and turns[0] < turns[1] < 0,
        Text(en="The line does not go where the predictions are.", vi="Đường không đi qua vị trí của các dự đoán."),
        code="place",
    )


def _bend(mark, size):
    """The bend of the line that makes this mark: how much steeper downwards it goes on, and the row where it bends."""
    if len(mark) == 0:
        check.fail(UNCHANGED, code=NOT_DRAWN)
    rows, columns = mark.double().unbind(1)
    left, width = columns.min().item(), (columns.max() - columns.min()).item()
    # a dotted line fills 0.4 of its columns
    check.that(width > 0.2 * size[1].item() and len(columns.unique()) > 0.25 * width, NO_LINE, code="no_line")
    middle = left + width * 0.32 / 0.7  # above u = 0.62, when the mark reaches from u = 0.3 to u = 1
    before = _piece(columns - middle, rows, columns < middle - 0.12 * width, size)
    after = _piece(columns - middle, rows, columns > middle + 0.12 * width, size)
    return after[0] - before[0], (before[1] + after[1]) / 2


def _piece(columns, rows, side, size):
    """Slope and height at column 0 of the straight line on which these pixels lie, four pixels thick or so."""
    a = torch.stack([columns[side], torch.ones(int(side.sum()), dtype=torch.float64)], dim=1)
    slope, height = (torch.linalg.pinv(a) @ rows[side]).tolist() if len(a) else (0.0, 0.0)
    error = rows[side] - slope * columns[side] - height
    check.that(
        len(a) > 0 and bool(error.abs().quantile(0.9) < 2.0 + 0.008 * size.max().item()),
        Text(
            en="Between two neighbouring predictions the line is not straight: is it drawn from left to right?",
            vi="Giữa hai dự đoán cạnh nhau, đường vẽ không thẳng: đường có đi từ trái sang phải không?",
        ),
        code="order",
    )
    return slope, height


@pytest.mark.item("plot_fit")
def test_two_examples_are_joined_from_the_first_to_the_last(student, make):
    plane = Plane(make)
    low, high = pictures(*(plane.columns([(1.0, 0.0), (0.0, 1.0)], [0.3, level]) for level in (0.2, 0.7)))
    columns = differ(low, high).any(0).nonzero()
    if len(columns) == 0:
        check.fail(UNCHANGED, code=NOT_DRAWN)
    check.that((columns.max() - columns.min()).item() > 0.5 * low.shape[1], NO_LINE, code="no_line")


@pytest.mark.item("plot_fit")
def test_the_order_of_the_rows_does_not_matter(student, make):
    plane = Plane(make)
    points = [(0.0, 1.0), (0.2, 0.1), (0.4, 0.45), (0.6, 0.2), (0.8, 0.35), (1.0, 0.0)]
    curve = [0.9, 0.6, 0.15, 0.4, 0.12, 0.3]
    columns = plane.columns(points, curve)
    order = [3, 0, 5, 1, 4, 2]
    found = pictures(columns, tuple(column[order] for column in columns))
    drawn, shuffled = (differ(pixels, pixels[:1, :1]) for pixels in found)  # what is not of the corner's colour
    check.that(
        (drawn != shuffled).sum().item() <= 0.01 * drawn.sum().item(),
        Text(
            en="The same examples in another order make another picture: sort by x before you join them.",
            vi="Cùng các mẫu nhưng khác thứ tự lại cho ảnh khác: hãy sắp xếp theo x trước khi nối chúng.",
        ),
        code="order",
    )
