"""Which kinds of mistake a diagnosis is right for: what `authoring.explained` measures against.

A code stands in exactly one of two tables.  In RIGHT_FOR: its words name a cause, or ask for two or three, and only
mistakes of those kinds are called rightly by it.  In NAMES_NO_CAUSE: it says what differs, where, or that something
ended; a student must still find the cause.  Every code of the kit and of the suites stands in one
(tests/test_explained.py), and no code is right for more than MOST kinds: a story that fits everything explains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.slips.stories import STORIES
from autograder.slips.verdict import PREFIX

MOST = 3

RIGHT_FOR: Mapping[str, frozenset[str]] = {
    code: frozenset(kinds.split())
    for codes, kinds in {
        # amounts
        "zeros": "graph gradient state",  # "computed and never stored, or was the graph cut"
        "sign": "sign",
        "inverted": "sign formula",  # a condition the wrong way round
        "times_100 times_255 over_255": "scale",
        "log2 log10 ln_for_log2 ln_for_log10": "scale formula",  # another base is another function, and a factor
        "times_size over_size": "reduction scale",  # "a sum where a mean is wanted", "divided once too often"
        "root_of_size": "scale statistics",  # a standard error, a fan-in
        "bessel": "statistics",
        "off_by_one": "indexing",  # "does it count from 0 or from 1"
        # one number for each row or column; the wrong dimension, which the hints ask for, too, would leave two
        "offset_along": "formula statistics gradient",  # a bias, a mean, a term of a gradient
        "factor_along": "scale statistics formula",  # a norm, a std, gamma or eps
        "step_sign": "sign",  # descent for ascent
        "step_factor": "scale reduction formula",  # "the learning rate, 1/N, a 2"
        "times_input": "scale formula",  # times what the call was given
        "over_input": "scale formula reduction",  # divided by it: an average, where it is a number of things
        "eps_missing eps_extra eps_place": "formula stability",
        # places
        "transposed permuted": "order shape",
        "flipped sorted unsorted": "order",
        "rolled": "indexing order",
        "shifted": "indexing order",  # "an index that starts at 1, or a value one step too early"
        "row_order": "order randomness data",  # "shuffled, or sorted?"
        "reordered": "order shape randomness",  # "a reshape where a transpose is needed"; of a vector "shuffled?"
        "order": "order randomness",  # the right elements: not sorted, or shuffled by something else
        "zeros_wrong": "indexing gradient",  # "a mask that was not applied": of the elements, or of a gradient
        "end_missing too_long": "indexing data",  # "the last, smaller part", "a range one too long, or padding"
        # functions
        "abs": "sign",  # "a sign is lost"
        "clamped squared exp log reciprocal complement sigmoid tanh softmax log_softmax": "formula",
        "relu_missing sigmoid_missing tanh_missing softmax_missing log_softmax_missing": "formula",
        "sqrt": "formula statistics",  # "std where the variance is wanted"
        "softmax_dim": "reduction",  # along which dimension
        "rounded floored truncated": "dtype formula",  # "an integer dtype or // somewhere"
        "precision": "dtype stability formula",  # "a lower precision, an eps in another place, a numeric derivative"
        "nan": "stability sign",  # "overflow, log of 0"; of a curve "the sign of the update"
        "infinite from_nonfinite overflow at_zero at_negative no_spread masked_out": "stability",
        "low_precision": "dtype stability",
        # shapes
        "reduced_too_far": "reduction",
        "mean_missing": "reduction shape",  # both sentences name the two shapes, and the sum or mean that leads from
        "sum_missing": "reduction shape broadcast",  # one to the other; going back through a broadcast is a sum
        "extra_dim missing_dim misplaced_dim": "shape reduction",  # "look at keepdim, squeeze and unsqueeze"
        "reshaped": "shape order",
        "outer": "broadcast shape",
        # curves
        "late early": "order",  # the loss before its update, or after it
        "constant": "state inplace order",  # of a curve: "in place, by the optimizer, their gradients still there"
        # what came back, and how
        "dtype": "dtype",
        "device": "device",
        "tensor numpy type wrong_form kind too_much": "return",
        "layout": "return",
        "python_number": "return graph",  # "did .item() slip in: it makes a Python number and cuts the graph"
        "argument_changed": "inplace view_copy",  # written into, or into what shares its memory
        "not_raised wrong_exception": "api",
        "blocked warned": "api loop",  # what is used and forbidden, a Python loop too: its name and line
        # what a call did beside returning a value
        "first_call_only state_kept stale": "state inplace",  # "what outlives a call: a tensor changed in place"
        "input_changed": "inplace view_copy",
        "graph_cut graph_kept": "graph",
        "grad_mode": "graph state",  # "leaves gradients switched off for everything that comes after it"
        "default_dtype": "dtype state",
        "rng_touched": "randomness initialisation",  # "draws from a global generator": a start that is drawn
        # what torch complained about
        "leaf_in_place changed_in_place": "inplace graph",
        "no_graph numpy_of_graph": "graph",
        "backward_twice": "graph state",  # a graph that was kept, or is used again
        "not_scalar": "reduction gradient",  # "take the mean or the sum of the loss first"
        "sizes": "shape broadcast",
        "reshape_size": "shape",
        "index_dtype dtypes needs_float": "dtype",
        "devices numpy_of_device no_device": "device",
        "truth_of_many": "api reduction",  # "use any, all, torch.where"
        # the suites' own: each is said by tests of one thing only (check.about), or stands in the words of a check.that
        "copied shared_memory not_a_view contiguous keeps_the_list": "view_copy",
        "graph no_gradient": "graph",  # cut, or there where none is wanted
        "called_again": "graph",  # the shared part of the graph is built anew for each head
        "trace_on_x": "state inplace graph",  # ".grad, requires_grad or its graph is another now"
        "left_alone": "state inplace mode",  # of a model: "training flags, requires_grad or the parameters"
        "build": "return",  # containers of another type, or parts lost
        "argument_kept": "inplace view_copy",  # a container that was passed was changed
        "autocast": "dtype api",
        "device_picked": "device order",  # the preferred one, else the best there is
        "resumed": "state",  # of a checkpoint: the model's or the optimizer's state
        "hooks": "state",  # left behind, or somebody else's removed
        "same_objects": "inplace state",  # parameters exchanged, or their gradients gone
        "gradient_kept": "inplace view_copy",  # a gradient changed, or the tensor itself remembered
        "training_flag eval_mode": "mode",
        "training_mode": "mode data",  # "in training mode during the epoch, and each batch once"
        "validation": "mode graph",  # "in eval mode, and without a graph"
        "registered": "state api",  # a layer that the module does not know; a name, or a bias, other than asked for
        "shared_state best_epoch": "state",  # what an object remembers
        "cache": "state data",  # "read at its first access, then kept: not before, not again"
        "waits": "state api",  # "a Parameter whose .grad is None waits": moved, forgotten, or not provided for
        "zeroed": "state gradient",  # gradients of the last time are still there
        "anew": "data state",  # a transform in advance, samples kept
        "fresh_draws": "randomness state",  # a seed inside, or what was drawn is kept
        "global_rng same_order seed call_by_call bias distribution": "randomness",
        "same_epoch not_shuffled": "randomness data order",  # "the order of the file", "of the first"
        "order_kept": "order data",  # shuffled where nothing may be
        "visiting_order run_order": "order",
        "init": "initialisation scale",  # a deviation, a distribution, layers that keep their numbers
        "digits norm nan_compared": "stability",
        "slope_at_zero": "gradient",
        "boundary": "formula indexing",  # > or >=
        "mask_by_length": "formula data indexing",  # made from values where lengths count
        "zero_means_all": "formula",
        "divisor": "reduction",
        "counted_twice": "reduction",
        "not_moved": "device inplace",  # .to() forgotten, or its result
        "made_elsewhere": "device",
        "exact_labels": "dtype",
        "smaller_batch workers lines none_sample normal_form empty_words opened_late quoted leak": "data",
        "letter_case white_space marks cut_elsewhere": "data formula",  # of a text: a step that prepares it
        "grad_refused": "api graph",  # no error, or another one: the reason stands in the sentence
        "device_refused": "api device",
        "integers_refused": "api dtype",
        "shapes_refused": "api broadcast",
        "past_the_end": "api indexing",
        "by_hand setting no_message ran": "api",
        "file": "api state",  # the wrong thing is saved, or a part of it
    }.items()
    for code in codes.split()
} | {PREFIX + code: frozenset(story.kinds) for code, story in STORIES.items()}

NAMES_NO_CAUSE = frozenset(
    {
        # what differs ("one factor", "twice", "the same amount": seen in the numbers, its origin is not said)
        "factor", "factor_two", "factor_half", "offset", "none", "unchanged", "missing_key", "extra_key",
        "shape", "values", "some_values", "length", "property", "metric", "below_the_mark",
        # where
        "last_slice", "first_slice", "one_slice", "one_entry", "negatives", "some_zero", "first_loss", "first_update",
        "later_step",
        # how it ended
        "raised", "import_failed", "import_timed_out", "missing", "no_file", "not_attempted", "timed_out",
        "out_of_memory", "killed", "crashed", "exited", "files", "garbled", "unstable",
        # what a picture or a run looks like
        "not_drawn", "no_line", "no_picture", "axes", "scale", "place", "picture_sizes", "joined", "not_learning",
    }
)  # fmt: skip


def right_for(code: str) -> frozenset[str] | None:
    """The kinds that a diagnosis is right for; None when it names no cause, as codes of another course's suites do."""
    return RIGHT_FOR.get(code)
