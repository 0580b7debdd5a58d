"""An exception of the student's as data: what kind it was and where it was raised, never what it says.

    describe(error, filename) → {"error": type, "lines": […], "about": name} or {"memory": lines, "asked": bytes}
    statement(error, filename) → the line of a notebook's cell that it came out of

Its text is of the student's making and stays here: it is only searched for torch's words for a lack of memory, for how
many bytes that was, and for what torch and NumPy complain about (the name of one of ABOUT crosses, where one fits).
Where an exception is made so that looking at it raises, that error is told in its place; at the import it ends the
worker, which is the student's crash.
"""

from __future__ import annotations

import re

# What torch and NumPy complain about, by their own words; only the name crosses
ABOUT: dict[str, str] = {
    "leaf_in_place": r"leaf Variable that requires grad is being used in an in-place",
    "changed_in_place": r"has been modified by an inplace operation",
    "no_graph": r"does not require grad and does not have a grad_fn",
    "backward_twice": r"backward through the graph a second time",
    "not_scalar": r"grad can be implicitly created only for scalar outputs",
    "sizes": r"shapes cannot be multiplied|must match the size of tensor|could not be broadcast|size mismatch"
    r"|Sizes of tensors must match|inconsistent tensor size|not aligned|is not broadcastable|same number of dimensions",
    "reshape_size": r"is invalid for input of size|cannot reshape array of size",
    "index_dtype": r"used as indices must be|expected scalar type Long|expected target dtype to be Long"
    r"|Expected floating point type for target",
    "dtypes": r"must have the same dtype|to have the same dtype|expected scalar type|expected .* dtype|Found dtype",
    "needs_float": r"of floating point and complex dtype can require gradients|Could not infer output dtype"
    r"|not implemented for '(Long|Int|Bool|Byte)'|must be either a floating point or complex dtype",
    "numpy_of_graph": r"Can't call numpy\(\) on Tensor that requires grad",
    "devices": r"Expected all tensors to be on the same device|indices should be either on cpu or on the same device"
    r"|attempting to assign a gradient with device type|device type for generator but found",
    "numpy_of_device": r"can't convert (cuda|mps)\S* device type tensor to numpy",
    "no_device": r"Torch not compiled with CUDA enabled|Found no NVIDIA driver|invalid device ordinal"
    r"|not linked with support for mps|type torch\.cuda\.\w+ not available"
    r"|Attempting to deserialize object on a CUDA device",
    "truth_of_many": r"truth value of an array with more than one|Boolean value of Tensor with more than one",
}


def describe(error: BaseException, filename: str) -> dict[str, object]:
    """An exception as data: a type of Python's or torch's, lines of the student's file, never a text."""
    if is_memory(error):
        return {"memory": _lines(error, filename), "asked": _asked(error)}
    kind = next(t for t in type(error).__mro__ if t.__module__ == "builtins" or t.__module__.startswith("torch."))
    described: dict[str, object] = {"error": kind.__name__.lstrip("_"), "lines": _lines(error, filename)}
    about = _about(error)
    return described | {"about": about} if about else described


def _lines(error: BaseException, filename: str) -> list[int]:
    lines = []
    if isinstance(error, SyntaxError) and type(error.lineno) is int:
        lines.append(error.lineno)
    trace = error.__traceback__
    while trace is not None and len(lines) < 1000:
        if trace.tb_frame.f_code.co_filename == filename:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return [line for line in lines if type(line) is int][-5:]


def statement(error: BaseException, filename: str) -> int:
    """The line of the file's own statement that raised; 0 when it raised elsewhere."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            return trace.tb_lineno
        trace = trace.tb_next
    return 0


def _about(error: BaseException) -> str:
    """Which of ABOUT a message of torch's or NumPy's is; "" for any other."""
    kinds = (AssertionError, RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)
    text = error.args[0] if type(error) in kinds and error.args else ""
    if type(text) is not str:
        return ""
    return next((name for name, pattern in ABOUT.items() if re.search(pattern, text[:2000])), "")


def _asked(error: BaseException) -> int:
    """How many bytes torch says it was asked for; 0 where nobody says (a MemoryError)."""
    text = error.args[0] if type(error).__module__ in ("builtins", "torch") and error.args else ""
    found = re.search(r"tried to allocate ([0-9]{1,18}) bytes", text) if type(text) is str else None
    return int(found[1]) if found else 0


def is_memory(error: BaseException) -> bool:
    """Was it memory that there was none of?"""
    if isinstance(error, MemoryError):
        return True
    text = error.args[0] if type(error).__module__ in ("builtins", "torch") and error.args else ""
    return type(text) is str and ("can't allocate memory" in text or "std::bad_alloc" in text)
