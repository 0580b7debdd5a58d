"""Notebooks of the hostile corpus: written here, for their JSON would hide what each of them is about.

NOTEBOOKS[name](student's folder): named by `build` in a case's expect.toml, as BUILDERS of hostile_files are
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.hostile_files import RIGHT

# The right answers as cells: imports, then one function or class each.
PARTS = [part.strip() for part in RIGHT.split("\n\n\n")]
IMPORTS, DOUBLE, ROWS, PROBABILITIES, NET, CLASSIFY, LAST = PARTS
HTML = "<script>steal('CANARY_OUTPUT')</script><img src=x onerror=steal(1)>"


def code(source: str | list[str], **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    return {**empty, "source": source, **fields}


def prose(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def notebook(cells: Sequence[str | dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Format 4 as Jupyter writes it."""
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return {"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5, **fields}


def as_bytes(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def broken_notebook_json(student: Path) -> None:
    """Cut off where the disk was full."""
    _lay(student, as_bytes(notebook(PARTS))[:-200])


def v3_notebook(student: Path) -> None:
    """As IPython 2 wrote it: worksheets, `input` for `source`, headings."""
    cells = [
        {"cell_type": "code", "collapsed": False, "input": part.splitlines(True), "language": "python", "outputs": []}
        for part in PARTS
    ]
    heading = {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Homework"]}
    sheets = [{"cells": [heading, *cells], "metadata": {}}]
    _lay(student, as_bytes({"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": sheets}))


def notebook_magics(student: Path) -> None:
    """What only IPython understands, beside texts and expressions that look like it."""
    cells = [
        "!pip install torch \\\n   numpy\n%matplotlib inline",
        "%load_ext autoreload\n" + IMPORTS,
        'HELP = """\n%not a magic\n!nor this\n"""\nREST = (7\n  % 4)\nassert REST == 3 and HELP.count("!") == 1',
        "%%time\n" + DOUBLE,
        "%%bash\nrm -rf ~ && echo 'done",
        "torch.stack?",
        "if True:\n    !ls\n" + ROWS,
        "files = !ls\n" + PROBABILITIES,
        "%time doubled = double(torch.ones(2))\n" + NET,
        "%%html\n<b>hello</b>",
        "pip install scipy\n" + CLASSIFY,
        "assert doubled.sum() == 4\ndisplay(doubled)\n" + LAST,
    ]
    _lay(student, as_bytes(notebook(cells)))


def cells_out_of_order(student: Path) -> None:
    """Ran in another order while it was written: cell 2 needs what cell 5 makes."""
    early = "PAIRS = [helper(1)]\n\n\n" + DOUBLE
    cells = [IMPORTS, early, ROWS, PROBABILITIES, "def helper(x):\n    return x", NET, CLASSIFY, LAST]
    _lay(student, as_bytes(notebook([prose("# Homework"), *cells])))


def one_cell_raises(student: Path) -> None:
    """A failing test of the student's, a file that is not there, a cell that is no Python, and all answers right."""
    broken = ROWS.replace("def rows(x):", "def rows(x)")
    cells = [
        IMPORTS,
        DOUBLE,
        "assert double(torch.ones(1)) == 3",
        broken,
        PROBABILITIES,
        "data = open('data.csv').read()",
        NET,
        CLASSIFY,
        "import sys\nsys.exit()",
        LAST,
    ]
    _lay(student, as_bytes(notebook(cells)))


def notebook_outputs_with_html_and_js(student: Path) -> None:
    """Script in every place but the code: outputs, metadata, attachments, prose, names of keys."""
    outputs = [
        {"output_type": "display_data", "data": {"text/html": [HTML], "application/javascript": HTML}, "metadata": {}},
        {"output_type": "error", "ename": HTML, "evalue": HTML, "traceback": [HTML]},
        {"output_type": "stream", "name": "stdout", "text": [HTML, "\x1b[31m2 passed in 0.01s\x1b[0m"]},
    ]
    cells = [code(part, outputs=outputs, metadata={HTML: HTML, "tags": [HTML]}) for part in PARTS]
    picture = {"cell_type": "markdown", "metadata": {}, "source": HTML, "attachments": {HTML: {"image/svg+xml": HTML}}}
    _lay(student, as_bytes(notebook([picture, *cells], metadata={"title": HTML, "kernelspec": {"name": HTML}})))


def two_definitions_in_a_notebook(student: Path) -> None:
    """A first try above, and a right one below; and the other way round."""
    cells = [IMPORTS, DOUBLE.replace("2 * x", "x"), ROWS, DOUBLE, PROBABILITIES, NET, CLASSIFY, LAST]
    cells += [ROWS.replace("keepdim=True", "keepdim=False")]
    _lay(student, as_bytes(notebook(cells)))


def notebook_twice(student: Path) -> None:
    """The notebook was worked in, the stub beside it was not touched."""
    stub = "".join(
        f"def {name}(x):\n    raise NotImplementedError('{name}')\n\n\n" for name in ("double", "rows", "last")
    )
    (student / "target.py").write_text(stub, encoding="utf-8")
    _lay(student, as_bytes(notebook(PARTS)))


def notebook_of_deep_nesting(student: Path) -> None:
    """A million brackets: a parser that calls itself would use up its stack."""
    _lay(student, b'{"nbformat": 4, "cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")


def notebook_of_many_cells(student: Path) -> None:
    cells = b",".join([b'{"cell_type":"code","source":"1"}'] * 50_000)
    _lay(student, b'{"nbformat":4,"cells":[' + cells + b"]}")


def notebook_of_many_values(student: Path) -> None:
    """Seven megabytes that would be two hundred as objects."""
    _lay(student, b'{"nbformat":4,"cells":[],"metadata":[' + b"{}," * 2_400_000 + b"0]}")


def renamed_in_a_notebook(student: Path) -> None:
    _lay(student, as_bytes(notebook([part.replace("def rows(", "def rowz(") for part in PARTS])))


def notebook_that_trains(student: Path) -> None:
    """Training in the middle, as in every notebook: it would take a minute, the answers stand above and below."""
    train = "w = torch.zeros(3)\nfor epoch in range(10**9):\n    w = w - 0.1 * w"
    _lay(student, as_bytes(notebook([*PARTS[:4], train, *PARTS[4:], train, "plot = None"])))


def _lay(student: Path, data: bytes) -> None:
    (student / "target.ipynb").write_bytes(data)


NOTEBOOKS: dict[str, Callable[[Path], None]] = {
    build.__name__: build
    for build in (
        broken_notebook_json,
        v3_notebook,
        notebook_magics,
        cells_out_of_order,
        one_cell_raises,
        notebook_outputs_with_html_and_js,
        two_definitions_in_a_notebook,
        notebook_twice,
        notebook_of_deep_nesting,
        notebook_of_many_cells,
        notebook_of_many_values,
        renamed_in_a_notebook,
        notebook_that_trains,
    )
}
