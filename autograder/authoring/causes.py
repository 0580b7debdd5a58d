"""Which kinds of mistake a diagnosis is right for: what `authoring.explained` measures against.

A code stands in exactly one of two tables.  In RIGHT_FOR: its words name a cause, or ask for two or three, and only
mistakes of those kinds are called rightly by it.  In NAMES_NO_CAUSE: it says what differs, where, or that something
ended; a student must still find the cause.  Every code of the kit and of the suites stands in one
(tests/test_explained.py), and no code is right for more than MOST kinds: a story that fits everything explains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

MOST = 3

RIGHT_FOR: Mapping[str, frozenset[str]] = {
    code: frozenset(kinds.split())
    for codes, kinds in {
        # amounts
        "zeros": "graph gradient state",  # "computed and never stored, or was the graph cut"
        "sign": "sign",
        "inverted": "sign formula",  # a condition the wrong way round
        "factor_two factor_half": "scale gradient formula",  # a square's derivative, a gradient twice, a ½
        "times_100 times_255 over_255": "scale",
        "factor": "scale",
        "log2 log10": "scale formula",  # another base is another function, and a factor
        "times_size over_size": "reduction scale",  # "a sum where a mean is wanted", "divided once too often"
        "root_of_size": "scale statistics",  # a standard error, a fan-in
        "bessel": "statistics",
        "off_by_one": "indexing",  # "does it count from 0 or from 1"
        "offset": "formula",  # a term that should not be there
        "offset_along": "formula statistics reduction",  # "a bias or a mean …, or the wrong dimension"
        "factor_along": "scale statistics reduction",  # "a division by a norm, std or sum …, or the wrong dimension"
        # places
        "transposed permuted": "order shape",
        "flipped": "order",
        "shifted": "indexing order",  # "an index that starts at 1, or a value one step too early"
        "row_order": "order randomness data",  # "shuffled, or sorted?"
        "reordered": "order shape randomness",  # "a reshape where a transpose is needed"; of a vector "shuffled?"
        "order": "order",
        "zeros_wrong": "indexing gradient",  # "a mask that was not applied": of the elements, or of a gradient
        "some_zero": "indexing gradient",  # "a mask that is too wide, or places that were never filled"
        "end_missing too_long": "indexing data",  # "the last, smaller part", "a range one too long, or padding"
        # functions
        "abs": "sign",  # "a sign is lost"
        "clamped squared exp log reciprocal complement sigmoid tanh softmax log_softmax": "formula",
        "relu_missing sigmoid_missing tanh_missing softmax_missing log_softmax_missing": "formula",
        "sqrt": "formula statistics",  # "std where the variance is wanted"
        "softmax_dim": "reduction",  # along which dimension
        "rounded floored truncated": "dtype formula",  # "an integer dtype or // somewhere"
        "precision": "dtype stability formula",  # "a lower precision, an eps in another place, a numeric derivative"
        "nan": "stability",
        "infinite": "stability",
        # shapes
        "sum_missing mean_missing reduced_too_far": "reduction",
        "extra_dim missing_dim misplaced_dim": "shape reduction",  # "look at keepdim, squeeze and unsqueeze"
        "reshaped": "shape order",
        "outer": "broadcast shape",
        # curves
        "late early": "order",  # the loss before its update, or after it
        "constant": "state gradient",  # of a curve: "are the parameters updated in place, and by the optimizer"
        "later_step": "state gradient order",  # "gradients that are not zeroed, momentum, the order of the data"
        # what came back, and how
        "dtype": "dtype",
        "device": "device",
        "none": "return",
        "tensor numpy type wrong_form kind too_much": "return",
        "layout": "return",
        "python_number": "return graph",  # "did .item() slip in: it makes a Python number and cuts the graph"
        "missing_key extra_key": "return",
        "argument_changed": "inplace",
        "not_raised wrong_exception": "api",
        "blocked": "api",
        # the suites' own
        "copied shared_memory not_a_view": "view_copy",
        "called_again": "graph",  # u02: the shared part of the graph is built anew for each head
        "no_message": "api",
        "graph": "graph",
        "global_rng same_order same_epoch": "randomness",
        "ran": "api",
        "norm": "stability",  # u04: huge weights that cancel: the system is not solved by least squares
    }.items()
    for code in codes.split()
}

NAMES_NO_CAUSE = frozenset(
    {
        # what differs
        "shape", "values", "some_values", "length", "property", "metric", "below_the_mark",
        # where
        "last_slice", "first_slice", "one_slice", "negatives", "first_loss", "first_update",
        # how it ended
        "raised", "import_failed", "import_timed_out", "missing", "no_file", "not_attempted", "timed_out",
        "out_of_memory", "killed", "crashed", "exited", "files", "garbled",
        # what a picture or a run looks like
        "not_drawn", "no_line", "no_picture", "axes", "scale", "place", "sizes", "joined", "bias", "not_learning",
    }
)  # fmt: skip


def right_for(code: str) -> frozenset[str] | None:
    """The kinds that a diagnosis is right for; None when it names no cause, as codes of another course's suites do."""
    return RIGHT_FOR.get(code)
