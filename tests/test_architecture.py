"""The house holds: imports go one way, and only the sandbox starts student code.  Files are parsed, never imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KIT = "autograder"

# Each line may import the lines above it, and nothing below: the flow of autograder/__init__.py, from its end.
LAYERS = [
    "models",
    "marked_yaml words meanings dates watch",
    "course digits torchvision_compat",
    "bank datasets mistakes intake checks reports.escape misconceptions results standing overrides",
    "sandbox.inner",
    "slips",
    "sandbox",
    "reports",
    "grading board outputs console",
    "authoring ci doctor gradebook regrade",
    "grade_folder",
    "arguments",
    "cli",
    "__main__",
]

# Backward edges that are types only (`if TYPE_CHECKING`): a renderer names the record it renders.
TYPES_ONLY = {
    ("reports.verification", "authoring.verify"),
    ("reports.audit", "authoring.audit"),
    ("reports.explained", "authoring.explained"),
    ("reports.doctor", "doctor"),
    ("reports.gradebook", "gradebook"),
    ("reports.regrade", "regrade"),
    ("reports.regrade", "grading.store"),
    ("reports.lines", "regrade"),
    ("reports.scaffold", "authoring.from_nbgrader"),
    ("board", "course"),
}


@dataclass(frozen=True)
class Import:
    importer: str  # without the leading "autograder."
    module: str  # absolute
    line: int
    types_only: bool

    @property
    def ours(self) -> str | None:
        """The imported module of the kit without the leading "autograder.", or None."""
        return (self.module.removeprefix(KIT).lstrip(".") or "") if self.module.split(".")[0] == KIT else None


def sources() -> dict[str, Path]:
    """Module name without "autograder." → its file; hidden suites and mistakes are another matter (below)."""
    found = {}
    for path in sorted((ROOT / KIT).rglob("*.py")):
        parts = path.relative_to(ROOT / KIT).with_suffix("").parts
        if parts[0] == "suites" or (parts[0] == "mistakes" and parts[-1] != "__init__") or "student" in parts[:-1]:
            continue
        found[".".join(parts).removesuffix("__init__").rstrip(".")] = path
    return found


SOURCES = sources()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(name: str, path: Path) -> Iterator[Import]:
    types = {
        id(inner)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    package = [KIT, *name.split(".")] if path.name == "__init__.py" else [KIT, *name.split(".")[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            modules = [_module(base, alias.name) for alias in node.names]
        else:
            continue
        yield from (Import(name, module, node.lineno, id(node) in types) for module in modules)


def _module(base: str, name: str) -> str:
    """`from base import name`: base.name when that is a module of ours, else base."""
    whole = f"{base}.{name}"
    return whole if whole.removeprefix(f"{KIT}.") in SOURCES else base


ALL = [found for name, path in SOURCES.items() for found in imports(name, path)]
OURS = [found for found in ALL if found.ours is not None]


def layer(module: str) -> int:
    """The line of LAYERS in which the longest prefix of the module's name stands."""
    best = max(
        (len(entry), number)
        for number, line in enumerate(LAYERS)
        for entry in line.split()
        if module == entry or module.startswith(f"{entry}.")
    )
    return best[1]


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def told(found: Import) -> str:
    return f"{found.importer}:{found.line} imports {found.module}"


# --- direction ---


@pytest.mark.parametrize("module", [name for name in SOURCES if name])
def test_every_module_has_its_place_in_the_drawing(module: str) -> None:
    assert layer(module) >= 0


def test_imports_go_one_way() -> None:
    def allowed(found: Import) -> bool:
        to = found.ours
        if not to or layer(to) < layer(found.importer):
            return True
        own_package = found.importer.split(".")[0] == to.split(".")[0]
        if layer(to) == layer(found.importer):
            return own_package
        return found.types_only and any(inside(found.importer, a) and inside(to, b) for a, b in TYPES_ONLY)

    assert [told(found) for found in OURS if not allowed(found)] == []


def test_there_are_no_cycles() -> None:
    """Among modules, without what only types need; TopologicalSorter raises CycleError with the cycle."""
    graph: dict[str, set[str]] = {name: set() for name in SOURCES}
    for found in OURS:
        if found.ours and found.ours != found.importer and not found.types_only:
            graph[found.importer].add(found.ours)
    for name in graph:  # a package's __init__ re-exports its modules: they do not wait for it
        graph[name] -= {name.rpartition(".")[0]}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(SOURCES)


# --- who may touch what ---


def test_the_worker_half_imports_nothing_of_the_kit() -> None:
    inner = [found for found in OURS if inside(found.importer, "sandbox.inner")]
    assert [told(found) for found in inner if not inside(found.ours or "", "sandbox.inner")] == []


def test_the_worker_half_imports_four_libraries_only() -> None:
    import sys

    allowed = sys.stdlib_module_names | {
        "torch",
        "numpy",
        "msgpack",
        "landlockpy",
        "pyseccomp",
        "torchvision_compat",
        KIT,
    }
    inner = [found for found in ALL if inside(found.importer, "sandbox.inner")]
    assert [told(found) for found in inner if found.module.split(".")[0] not in allowed] == []


def test_of_the_checks_the_sandbox_knows_faults_devices_and_inside_only() -> None:
    checks = [found for found in OURS if inside(found.importer, "sandbox") and inside(found.ours or "", "checks")]
    assert {found.ours for found in checks} <= {"checks.devices", "checks.faults", "checks.inside"}


PURE = [
    "reports",
    "misconceptions",
    "grading.score",
    "standing",
    "models",
    "course",
    "marked_yaml",
    "intake.names",
    "intake.layout",
]
IMPURE = {
    "torch",
    "numpy",
    "os",
    "subprocess",
    "time",
    "datetime",
    "socket",
    "random",
    "secrets",
    "tempfile",
    "shutil",
    "threading",
}


def test_reports_and_scoring_touch_no_torch_disk_clock_or_process() -> None:
    pure = [found for found in ALL if inside(found.importer, *PURE)]
    assert [told(found) for found in pure if found.module.split(".")[0] in IMPURE] == []


def test_only_the_store_asks_what_day_it_is() -> None:
    """Dates of submissions are handed in: what is late by now was late then."""
    assert modules_that("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now") <= {
        "grading.store"
    }


HEAVY = (
    "arguments",
    "cli",
    "__main__",
    "ci",
    "course",
    "models",
    "marked_yaml",
    "words",
    "intake",
    "reports",
    "outputs",
    "results",
    "misconceptions",
    "console",
    "grade_folder",
)


def test_what_starts_a_command_does_not_wait_for_torch() -> None:
    light = [found for found in ALL if inside(found.importer, *HEAVY) and not found.types_only]
    assert [told(found) for found in light if found.module.split(".")[0] == "torch"] == []


def test_the_coordinator_imports_no_torch_however_far_its_imports_reach() -> None:
    program = (
        "import sys, autograder.grade_folder, autograder.cli, autograder.console; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def calls(path: Path, *names: str) -> list[int]:
    """The lines where one of these is called, by its bare name or as module.name."""
    return [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    ]  # fmt: skip


def modules_that(*names: str) -> set[str]:
    return {name for name, path in SOURCES.items() if calls(path, *names)}


def test_only_the_workbench_runs_source() -> None:
    assert modules_that("exec", "eval") == {"sandbox.inner.workbench"}
    assert modules_that("compile") <= {"sandbox.inner.workbench"}


def test_only_the_sandbox_ci_and_doctor_start_a_program() -> None:
    users = {found.importer for found in ALL if found.module.split(".")[0] == "subprocess"}
    assert users == {"sandbox.nursery", "sandbox.walls", "ci", "doctor"}
    assert modules_that("os.system", "os.popen", "os.execv", "os.execve", "os.execvp", "os.posix_spawn") == set()
    assert modules_that("os.fork") == {"sandbox.inner.nursery", "sandbox.inner.zygote"}


def test_only_the_coordinator_starts_processes_of_ours() -> None:
    users = {found.importer for found in ALL if found.module.split(".")[0] == "multiprocessing"}
    # loaders.py starts none: it changes what a student's DataLoader finds there
    assert users - {"sandbox.inner.loaders"} <= {"grading.pool", "grading.forks", "grading.slot"}


def test_dask_is_known_to_the_cluster_alone_and_only_the_cluster_starts_its_processes() -> None:
    """A Dask worker coordinates: it asks a Pool for slots like any coordinator."""
    libraries = {"dask", "distributed", "tornado"}
    users = {found.importer for found in ALL if found.module.split(".")[0] in libraries}
    assert users == {"grading.cluster", "grading.muster", "grading.station"}
    assert modules_that("LocalCluster", "Client") == {"grading.cluster"}
    assert modules_that("Pool") == {"grading.run", "grading.station", "authoring.trials"}


def test_nothing_is_pickled_and_nothing_of_a_student_is_loaded() -> None:
    modules = {found.module.split(".")[0] for found in ALL}
    assert modules & {"pickle", "shelve", "marshal", "dill", "joblib", "cloudpickle"} == set()
    assert modules_that("torch.load", "np.load", "numpy.load", "yaml.load", "yaml.unsafe_load") == set()


def test_only_the_commands_print() -> None:
    assert modules_that("print") <= {"cli", "__main__"}
    # `python -m autograder.words` is a command of its own; the board speaks where pytest or a kernel speaks
    assert modules_that("sys.stdout.write") <= {"words", "board.plugin", "board.options", "board.notebook", "console"}


# --- the trees that are no part of the engine ---

# an @inside function imports what it needs where it runs: os and tempfile for files, torchvision for data sets
SUITE_LIBRARIES = {"pytest", "torch", "torchvision", "numpy"} | sys.stdlib_module_names


@pytest.mark.parametrize(
    "path", sorted((ROOT / KIT / "suites").rglob("*.py")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_a_suite_imports_the_checks_and_nothing_else_of_the_kit(path: Path) -> None:
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]
    shipped = {  # an @inside function runs in the worker, where nothing of the kit can be imported
        inner
        for function in functions
        if any(isinstance(mark, ast.Name) and mark.id == "inside" for mark in function.decorator_list)
        for inner in ast.walk(function)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{KIT}.{alias.name}" if node.module == KIT else str(node.module) for alias in node.names]
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            known = name == f"{KIT}.checks" or top in SUITE_LIBRARIES or (node in shipped and top != KIT)
            assert known, f"{path.name}:{node.lineno} imports {name}"


@pytest.mark.parametrize("folder", ["exercises", "solutions", "datasets"])
def test_a_tree_of_the_course_is_no_package(folder: str) -> None:
    assert list((ROOT / folder).rglob("__init__.py")) == []


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_a_students_module_imports_nothing_of_the_kit(folder: str) -> None:
    modules = [path for path in (ROOT / folder).rglob("*.py") if not path.name.startswith(("test_", "conftest"))]
    assert modules
    for path in modules:
        assert f"import {KIT}" not in path.read_text(encoding="utf-8")
        assert f"from {KIT}" not in path.read_text(encoding="utf-8")


def test_every_module_says_what_it_is() -> None:
    assert [name for name, path in SOURCES.items() if not ast.get_docstring(tree(path))] == []
