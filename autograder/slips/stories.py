"""What each slip is, in the student's terms: a closed list of sentences, none of which holds a line of an answer.

    STORIES[code] → Story(kinds, words, hint)

The first of `kinds` is what the slip is, the others are what an author may call the same (models.KINDS).  The only hole
is {name}, a keyword of torch's or a parameter that the task states.
"""

from __future__ import annotations

from dataclasses import dataclass

from autograder.models import Message, msg


@dataclass(frozen=True)
class Story:
    kinds: tuple[str, ...]
    words: Message
    hint: Message | None = None


def _story(kinds: str, words: Message, hint: Message | None = None) -> Story:
    return Story(tuple(kinds.split()), words, hint)


STORIES: dict[str, Story] = {
    # reductions and statistics
    "sum_for_mean": _story("reduction scale", msg("A sum is taken where the mean is wanted.")),
    "mean_for_sum": _story("reduction scale", msg("A mean is taken where the sum is wanted.")),
    "extreme": _story("formula reduction", msg("The largest is taken where another is wanted, or the smallest.")),
    "any_all": _story("reduction formula", msg("`any` stands where `all` is meant, or the other way round.")),
    "reduction_missing": _story(
        "reduction shape broadcast", msg("A sum, a mean or another reduction is left out on the way.")
    ),
    "reduction_argument": _story(
        "reduction scale", msg("The loss is reduced otherwise than the task says: look at `reduction`.")
    ),
    "dim": _story(
        "reduction statistics broadcast", msg("A reduction or a softmax runs along another dimension than it should.")
    ),
    "dim_all": _story("reduction statistics", msg("A reduction runs over everything, not along one dimension.")),
    "dim_one": _story("reduction statistics", msg("A reduction runs along one dimension, not over everything.")),
    "divisor": _story(
        "reduction scale statistics",
        msg("It is divided by another number than it should be."),
        msg("How many are there: examples, entries, features, batches?"),
    ),
    "count": _story(
        "reduction scale shape", msg("It counts something else than it should: examples, entries, features, batches.")
    ),
    "divisor_missing": _story("reduction scale statistics", msg("The division by how many there are is left out.")),
    "division_missing": _story("scale formula statistics", msg("A division is left out.")),
    "root_of_variance": _story(
        "statistics scale", msg("The variance stands where the standard deviation is wanted, or the other way round.")
    ),
    "root_missing": _story("scale statistics formula", msg("A square root is left out.")),
    "correction": _story(
        "statistics",
        msg("The variance is divided by n where n − 1 is wanted, or the other way round."),
        msg("Look at `correction` or `unbiased`."),
    ),
    "keepdim": _story("shape broadcast", msg("`keepdim` is missing, or there is one too many.")),
    # formulas
    "sign": _story("sign", msg("A sign is wrong: plus for minus, or a difference taken the other way round.")),
    "factor_missing": _story("scale formula gradient", msg("A factor is left out of a product.")),
    "divided": _story("scale formula", msg("It is multiplied where it should be divided, or the other way round.")),
    "inverse": _story("formula scale", msg("A fraction is upside down.")),
    "power": _story("formula scale", msg("A square or another power is left out, or is another one.")),
    "term_missing": _story("formula gradient statistics", msg("A term of a sum or difference is left out.")),
    "complement": _story(
        "formula scale randomness", msg("A number p stands where 1 − p is wanted, or the other way round.")
    ),
    "other_function": _story("formula", msg("Another function is applied than the one the task asks for.")),
    "function_missing": _story("formula", msg("A function is left out on the way: exp, log, a ReLU, a softmax …")),
    "log_of_softmax": _story(
        "formula stability", msg("softmax stands where log_softmax is wanted, or the other way round.")
    ),
    "probabilities_for_logits": _story(
        "formula stability",
        msg("A function that expects logits is given probabilities."),
        msg("cross_entropy and binary_cross_entropy_with_logits apply the softmax or the sigmoid themselves."),
    ),
    "activation_at_the_end": _story("formula", msg("There is an activation at the end, where none is wanted.")),
    "layer_missing": _story("formula", msg("A layer or an activation is left out of the network.")),
    "elementwise": _story("formula", msg("It is multiplied entry by entry where a matrix product is wanted.")),
    "clamp_missing": _story("formula stability indexing", msg("A limit (clamp, maximum, minimum) is left out.")),
    "one_bound": _story("formula indexing gradient", msg("Only one of the two limits is applied.")),
    "boundary": _story(
        "formula indexing gradient",
        msg("The boundary itself is on the wrong side: `>` where `>=` is meant, or the like."),
    ),
    "comparison": _story("formula sign order", msg("A comparison is the wrong way round.")),
    "angle": _story("scale formula", msg("Degrees stand where radians are wanted, or the other way round.")),
    "range_of_draws": _story(
        "formula randomness", msg("The random numbers are drawn from another range than the task says.")
    ),
    "threshold": _story("formula scale", msg("A threshold is another number than the task says.")),
    "opposite": _story("formula sign", msg("True stands where False is wanted, and False where True is.")),
    "condition": _story("formula sign order", msg("A condition is the wrong way round: its two cases are exchanged.")),
    "condition_part": _story("formula indexing gradient", msg("One part of a condition is left out.")),
    "and_or": _story("formula indexing gradient", msg("`and` stands where `or` is meant, or the other way round.")),
    "condition_ignored": _story("formula api", msg("Something is always done that should be done in some cases only.")),
    "where_exchanged": _story("formula order sign", msg("The two values of a `where` are exchanged.")),
    "case_missing": _story("formula data api", msg("One of two cases is treated like the other.")),
    "special_case": _story("formula data api", msg("A special case that the task names is not treated.")),
    "step_left_out": _story("formula", msg("A step of the computation is left out.")),
    "functions_exchanged": _story(
        "formula order reduction",
        msg("Two functions are applied in the other order, as the square of a mean for the mean of squares."),
    ),
    "function_of_the_parts": _story(
        "formula reduction", msg("A function or reduction is applied to the parts, and not to the whole.")
    ),
    "function_extra": _story("formula", msg("The result has gone through one function too many.")),
    "factor_extra": _story("scale formula", msg("There is a factor too many in the result: a 2 or a ½.")),
    "divisor_extra": _story(
        "reduction scale", msg("The result is divided by, or multiplied with, how many there are.")
    ),
    "weights_of_one": _story(
        "reduction statistics scale", msg("Each batch counts the same, however many examples it has.")
    ),
    "constant": _story("scale formula", msg("A number in the formula is another one.")),
    "stretched": _story(
        "broadcast shape", msg("A tensor of shape (n, 1) meets one of shape (n,): broadcasting makes (n, n) of them.")
    ),
    # numbers
    "eps_missing": _story(
        "stability formula", msg("The small number (eps) that keeps a division or a root away from 0 is missing.")
    ),
    "eps_place": _story(
        "formula stability",
        msg("The small number (eps) stands in another place: inside or outside the root, or as a limit."),
    ),
    "unstable": _story(
        "stability",
        msg("The formula is right, and it overflows or loses its digits for large or small numbers."),
        msg("Subtract the largest first, or use the function that torch has for the whole: log_softmax, logsumexp …"),
    ),
    "dtype": _story("dtype", msg("The numbers have, or go through, another dtype than they should.")),
    "cast_missing": _story("dtype", msg("A conversion to another dtype is left out.")),
    "dtype_missing": _story(
        "dtype",
        msg("A new tensor is made without its dtype."),
        msg("New tensors are float32 unless told otherwise: zeros_like(x), x.new_zeros(…) or dtype=x.dtype."),
    ),
    "device_missing": _story("device", msg("Something is not brought to the device, or made on another one.")),
    "whole_division": _story("dtype formula", msg("`//` stands where `/` is wanted, or the other way round.")),
    "rounding": _story("indexing data formula", msg("It is rounded the other way: down for up, or the like.")),
    "remainder": _story("indexing formula", msg("A remainder (`%`) is left out.")),
    # places
    "off_by_one": _story("indexing order data", msg("An index or a count is off by one.")),
    "range": _story(
        "indexing order data",
        msg("A loop or a range begins or ends one too early or too late."),
        msg("range(n) is 0 … n − 1."),
    ),
    "start": _story("indexing order", msg("It counts from 1 where it should count from 0, or the other way round.")),
    "slice": _story("indexing data", msg("A slice takes too much: one of its ends is missing.")),
    "other_half": _story("indexing data order", msg("A slice takes the other part.")),
    "other_index": _story(
        "indexing", msg("Another entry is taken than the one that is wanted: the first, the last, a neighbour.")
    ),
    "row_column": _story("indexing", msg("A row is taken where a column is wanted, or the other way round.")),
    "indices_exchanged": _story("indexing order", msg("Two indices are exchanged.")),
    "all_along": _story(
        "indexing broadcast shape", msg("A whole row or column is taken where single entries are meant.")
    ),
    "selection_missing": _story("indexing data", msg("A selection by index or mask is left out.")),
    "mask_missing": _story("gradient indexing formula", msg("A mask is left out.")),
    "entry_not_set": _story("indexing", msg("Some entries are never set.")),
    "loop_part": _story("indexing data", msg("A loop leaves out the first or the last, or takes only one.")),
    "filter_missing": _story("data indexing formula", msg("Something is kept that should be filtered out.")),
    "duplicates": _story("data reduction", msg("What occurs twice is taken twice.")),
    "index_for_value": _story(
        "return formula", msg("Values stand where their indices are wanted, or the other way round.")
    ),
    # shapes
    "dimension": _story("shape broadcast", msg("A reshape, squeeze, unsqueeze or [:, None] is left out or misplaced.")),
    "along": _story("indexing order", msg("It runs along another dimension than it should.")),
    "dim_placed": _story(
        "shape order broadcast", msg("Tensors are joined or a dimension is put along another dimension than it should.")
    ),
    "cat_stack": _story("shape", msg("`cat` stands where `stack` is wanted, or the other way round.")),
    "transpose_missing": _story("shape order", msg("A transpose is left out.")),
    "transpose_extra": _story("shape order gradient", msg("There is a transpose too many.")),
    "product_exchanged": _story("order shape", msg("The two factors of a matrix product are exchanged.")),
    "reshaped": _story(
        "order shape view_copy",
        msg("A reshape stands where a transpose or permute is wanted."),
        msg("A reshape keeps the entries in their order; a transpose exchanges rows and columns."),
    ),
    # memory
    "clone_missing": _story(
        "view_copy inplace state", msg("A copy (clone) is missing: memory is shared that should not be.")
    ),
    "view_reshape": _story("view_copy api", msg("`view` stands where `reshape` is wanted, or the other way round.")),
    "contiguous_missing": _story("view_copy api", msg("`contiguous` is missing.")),
    "grad_left_off": _story(
        "state graph",
        msg("Gradients stay switched off for everything that comes after."),
        msg("Use `with torch.no_grad():`, which puts it back, not torch.set_grad_enabled."),
    ),
    "in_place": _story("inplace view_copy state", msg("Something is changed in place where a new tensor is wanted.")),
    "not_in_place": _story(
        "inplace state",
        msg("A new tensor is made where the old one should be changed in place."),
        msg("`x = x + 1` gives the name to a new tensor; `x += 1` and `x.add_(1)` change the one that others hold."),
    ),
    # autograd
    "detach_missing": _story("graph gradient", msg("`detach` is missing: a gradient flows where none may.")),
    "detached": _story(
        "graph gradient", msg("A part is cut off from the graph: a gradient is missing that should flow.")
    ),
    "not_tracked": _story("graph api", msg("`requires_grad` is not set where it should be.")),
    "no_grad_missing": _story("graph", msg("Autograd records what should stand under `torch.no_grad()`.")),
    "too_much_without_grad": _story(
        "graph gradient", msg("More stands under `torch.no_grad()` than should: no gradient can flow.")
    ),
    "graph_argument": _story(
        "graph",
        msg("The graph is kept or made where it is not wanted, or not where it is."),
        msg("Look at retain_graph and create_graph."),
    ),
    "number_for_tensor": _story("return graph", msg("A Python number is returned where a tensor is wanted.")),
    "number_missing": _story("return graph", msg("A tensor or array stands where plain Python numbers are wanted.")),
    "overwritten": _story("gradient state formula", msg("A value is overwritten where it should be added to.")),
    "accumulated": _story("gradient state", msg("A value is added to where it should be overwritten.")),
    "not_added": _story("formula gradient", msg("Something is not added on, or not subtracted.")),
    # training
    "zero_grad_missing": _story("state gradient", msg("Gradients are not zeroed between the steps: they add up.")),
    "zeroed_once": _story("state gradient order", msg("Gradients are zeroed once, and not between all steps.")),
    "zeroed_at_the_wrong_time": _story(
        "order state gradient",
        msg("Gradients are zeroed at the wrong time."),
        msg("zero_grad, backward, step: in this order."),
    ),
    "backward_missing": _story("state gradient", msg("`backward` is never called.")),
    "step_missing": _story("state order", msg("The optimizer's `step`, or the update, is left out.")),
    "recorded_after_the_update": _story("order", msg("A value is recorded on the wrong side of the update.")),
    "order": _story("order", msg("Two steps stand in the wrong order.")),
    "old_new": _story(
        "order state",
        msg("A value is used after it was updated, where the one before the update is meant, or the other way round."),
    ),
    "updated_once": _story("order state", msg("An update happens once, and not in each round of the loop.")),
    "once_before": _story("order state", msg("Something is computed once, before the loop, and not in each round.")),
    "once_after": _story("order state", msg("Something happens once, after the loop, and not in each round.")),
    "in_every_round": _story("state order", msg("Something happens in each round of a loop that should happen once.")),
    "other_optimizer": _story("api formula", msg("Another optimizer is used than the one the task asks for.")),
    "scheduler_missing": _story("state", msg("An update of what is remembered is left out.")),
    "mode_exchanged": _story("mode", msg("train and eval are exchanged.")),
    "mode_not_set": _story("mode", msg("The model is not put into the mode (train or eval) it should be in.")),
    "eval_missing": _story("mode", msg("`model.eval()` is missing.")),
    "train_missing": _story("mode", msg("`model.train()` is missing.")),
    "mode_not_restored": _story(
        "mode state", msg("The model is not put back into the mode (train or eval) it was in.")
    ),
    "mode_too_late": _story("mode order", msg("The model's mode (train or eval) is set at the wrong time.")),
    "training_ignored": _story("mode", msg("Train and eval mode are treated alike; they should differ.")),
    # state
    "not_stored": _story("state", msg("Something that should be remembered is not stored.")),
    "not_restored": _story("state", msg("A state that was saved is not put back.")),
    "not_removed": _story("state", msg("Something is left behind that should be removed.")),
    "not_counted": _story("state formula", msg("A count is not kept up.")),
    "not_registered": _story(
        "state api", msg("The module does not know a part of it: it is no Parameter, buffer or registered module.")
    ),
    "shared_by_all": _story("state", msg("Something belongs to the class where each object should have its own.")),
    "other_attribute": _story("api formula graph", msg("Another attribute is read than the one that is asked for.")),
    "other_members": _story(
        "state api", msg("Other members of the module are walked: buffers for parameters, or the like.")
    ),
    "outermost_only": _story("indexing", msg("Only the outermost modules are looked at, not those within them.")),
    # randomness and data
    "seed_missing": _story("randomness", msg("The seed is not set.")),
    "seeded_too_late": _story("randomness order", msg("The seed is set at the wrong time.")),
    "seeded": _story("randomness", msg("A seed is set where none should be: what should be random repeats itself.")),
    "drawn_once": _story("randomness state", msg("Random numbers are drawn once, and not anew in each round.")),
    "generator_missing": _story("randomness", msg("The generator that was given is not used.")),
    "distribution": _story(
        "randomness initialisation", msg("Random numbers come from another distribution: rand for randn, or the like.")
    ),
    "start_value": _story("initialisation formula state", msg("It starts from another value than it should.")),
    "not_shuffled": _story("data randomness order", msg("It is not shuffled.")),
    "shuffled": _story("data randomness order", msg("It is shuffled where the order should stay.")),
    "drop_last": _story(
        "data indexing", msg("The last, smaller batch is dropped, or kept where it should be dropped.")
    ),
    "with_replacement": _story(
        "data randomness", msg("It is drawn without putting back where it should be with, or the other way round.")
    ),
    "other_value": _story(
        "formula gradient order",
        msg(
            "Another of the values at hand stands where one is meant: an input for a result, a new one for an old one."
        ),
    ),
    "other_data": _story("data", msg("Other data are used: training for validation, or the like.")),
    "drawn_twice": _story("data randomness", msg("A random order is drawn twice where one order is meant for both.")),
    "walked_once": _story(
        "state data",
        msg("What can be walked only once, as a generator, is walked again: the second time it is empty."),
        msg("Keep its elements: list(…)"),
    ),
    "preparation": _story("data scale", msg("A step of preparing the data is left out.")),
    "text_step": _story("data formula", msg("A step of preparing the text is left out.")),
    "order_missing": _story("order", msg("A sort or another step that sets the order is left out.")),
    "backwards": _story("order indexing", msg("It goes through in the opposite order.")),
    # calls and results
    "argument_missing": _story("api formula", msg("An argument is left at its default: {name}.")),
    "argument_extra": _story("api formula", msg("An argument has a value that the task does not ask for: {name}.")),
    "argument_missing_plain": _story("api", msg("An argument of a call is left out.")),
    "argument_unused": _story(
        "api formula", msg("The argument {name} is not used: the answer is the same whatever it is.")
    ),
    "arguments_exchanged": _story("order api shape", msg("Two arguments of a call are exchanged.")),
    "check_missing": _story("api", msg("A wrong argument is not refused.")),
    "results_exchanged": _story("order return", msg("Two results are in the other order.")),
    "part_missing": _story("return", msg("A part of the result is missing.")),
    "argument_returned": _story("return view_copy", msg("An argument comes back as it was given.")),
    "wrapped": _story("return shape", msg("The result is wrapped in a list or tuple of its own.")),
    "tensor_for_number": _story("return", msg("A tensor is returned where a plain number or list is wanted.")),
    "one_entry_returned": _story("return indexing data", msg("Only the last entry is returned, not all of it.")),
    "returned_too_early": _story(
        "return order indexing", msg("The `return` stands in the loop: it ends in the first round.")
    ),
    "not_recorded": _story("return data", msg("Something is not put into the list of results.")),
    "appended_otherwise": _story("return", msg("A list is extended by the parts of a thing, not by the thing itself.")),
}
