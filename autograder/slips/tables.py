"""The words of torch and NumPy in which a slip shows: what is written for what, what is left out, and which slip it is.

Plain tables, read by `calls`: a new line here is a new slip of every answer that uses the word.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from autograder.slips.edit import call, method

# a name → what is written for it, and which slip that is
INSTEAD: dict[str, tuple[tuple[str, str], ...]] = {
    "mean": (("sum", "sum_for_mean"), ("median", "other_function")),
    "sum": (("mean", "mean_for_sum"), ("prod", "other_function")),
    "nansum": (("sum", "other_function"),),
    "max": (("min", "extreme"), ("sum", "extreme"), ("mean", "extreme")),
    "min": (("max", "extreme"),),
    "amax": (("amin", "extreme"), ("mean", "extreme")),
    "amin": (("amax", "extreme"),),
    "argmax": (("argmin", "extreme"), ("max", "index_for_value")),
    "argmin": (("argmax", "extreme"),),
    "maximum": (("minimum", "extreme"),),
    "minimum": (("maximum", "extreme"),),
    "argsort": (("sort", "index_for_value"),),
    "var": (("std", "root_of_variance"),),
    "std": (("var", "root_of_variance"),),
    "exp": (("log", "other_function"),),
    "log": (("exp", "other_function"), ("log2", "other_function"), ("log10", "other_function")),
    "log2": (("log", "other_function"),),
    "softmax": (("log_softmax", "log_of_softmax"), ("sigmoid", "other_function")),
    "log_softmax": (("softmax", "log_of_softmax"),),
    "sigmoid": (("tanh", "other_function"),),
    "tanh": (("sigmoid", "other_function"),),
    "relu": (("abs", "other_function"), ("sigmoid", "other_function")),
    "ReLU": (("Sigmoid", "other_function"), ("Tanh", "other_function")),
    "square": (("abs", "other_function"),),
    "abs": (("square", "other_function"),),
    "floor": (("ceil", "rounding"), ("round", "rounding")),
    "ceil": (("floor", "rounding"),),
    "train": (("eval", "mode_exchanged"),),
    "eval": (("train", "mode_exchanged"),),
    "cat": (("stack", "cat_stack"),),
    "stack": (("cat", "cat_stack"),),
    "concatenate": (("stack", "cat_stack"),),
    "clone": (("detach", "clone_missing"),),
    "detach": (("clone", "detach_missing"),),
    "deepcopy": (("copy", "clone_missing"),),
    "randn": (("rand", "distribution"),),
    "rand": (("randn", "distribution"),),
    "randn_like": (("rand_like", "distribution"),),
    "rand_like": (("randn_like", "distribution"),),
    "normal_": (("uniform_", "distribution"),),
    "uniform_": (("normal_", "distribution"),),
    "kaiming_normal_": (("kaiming_uniform_", "distribution"), ("xavier_normal_", "distribution")),
    "kaiming_uniform_": (("kaiming_normal_", "distribution"),),
    "xavier_normal_": (("kaiming_normal_", "distribution"),),
    "randperm": (("arange", "not_shuffled"),),
    "zeros": (("ones", "start_value"), ("rand", "start_value")),
    "ones": (("zeros", "start_value"),),
    "zeros_like": (("ones_like", "start_value"), ("empty_like", "start_value")),
    "ones_like": (("zeros_like", "start_value"),),
    "zeros_": (("ones_", "start_value"),),
    "ones_": (("zeros_", "start_value"),),
    "any": (("all", "any_all"),),
    "all": (("any", "any_all"),),
    "float32": (("float64", "dtype"), ("float16", "dtype")),
    "float64": (("float32", "dtype"),),
    "int64": (("int32", "dtype"), ("float32", "dtype")),
    "bfloat16": (("float16", "dtype"),),
    "long": (("int", "dtype"), ("float", "dtype")),
    "float": (("double", "dtype"), ("half", "dtype")),
    "double": (("float", "dtype"),),
    "bool": (("float", "dtype"), ("long", "dtype")),
    "no_grad": (("enable_grad", "no_grad_missing"),),
    "inference_mode": (("enable_grad", "no_grad_missing"),),
    "SGD": (("Adam", "other_optimizer"),),
    "Adam": (("SGD", "other_optimizer"), ("AdamW", "other_optimizer")),
    "AdamW": (("Adam", "other_optimizer"), ("SGD", "other_optimizer")),
    "MSELoss": (("L1Loss", "other_function"),),
    "CrossEntropyLoss": (("NLLLoss", "other_function"),),
    "mse_loss": (("l1_loss", "other_function"), ("smooth_l1_loss", "other_function")),
    "cross_entropy": (("nll_loss", "other_function"),),
    "nll_loss": (("cross_entropy", "other_function"),),
    "parameters": (("buffers", "other_members"),),
    "named_parameters": (("named_buffers", "other_members"),),
    "modules": (("children", "outermost_only"),),
    "named_modules": (("named_children", "outermost_only"),),
    "state_dict": (("named_parameters", "other_members"),),
    "randint": (("randperm", "with_replacement"),),
    "append": (("extend", "appended_otherwise"),),
    "update": (("setdefault", "other_function"),),
    "view": (("reshape", "view_reshape"),),
    "reshape": (("view", "view_reshape"),),
    "lower": (("upper", "other_function"),),
    "matmul": (("mul", "other_function"),),
    "mm": (("mul", "other_function"),),
    "bmm": (("mul", "other_function"),),
    "cumsum": (("cumprod", "other_function"),),
    "scatter_add_": (("scatter_", "overwritten"),),
    "index_add_": (("index_copy_", "overwritten"),),
    "radians": (("degrees", "angle"),),
    "deg2rad": (("rad2deg", "angle"),),
    "cos": (("sin", "other_function"),),
    "sin": (("cos", "other_function"),),
}

# what is left out of x.f(…), f(x) or torch.f(x) → which slip that is
DROPPED: dict[str, str] = {
    **dict.fromkeys(("detach", "detach_", "stop_gradient"), "detach_missing"),
    **dict.fromkeys(("clone", "copy", "deepcopy", "array"), "clone_missing"),
    **dict.fromkeys(("float", "double", "long", "int", "half", "type", "astype", "type_as", "round", "bool"),
    "cast_missing"),
    **dict.fromkeys(("mean", "sum", "max", "min", "amax", "amin", "prod", "any", "all"), "reduction_missing"),
    **dict.fromkeys(("sqrt", "rsqrt"), "root_missing"),
    **dict.fromkeys(("clamp", "clip", "clamp_min", "clamp_max", "maximum", "minimum"), "clamp_missing"),
    **dict.fromkeys(
        ("exp", "log", "abs", "neg", "square", "sigmoid", "tanh", "softmax", "log_softmax", "relu", "cumsum", "fabs",
         "expm1", "log1p", "normalize", "reciprocal", "pow", "diff", "logsumexp", "mul", "div", "sub", "add"),
        "function_missing",
    ),
    **dict.fromkeys(("t", "transpose", "permute", "movedim", "swapaxes", "adjoint"), "transpose_missing"),
    **dict.fromkeys(("squeeze", "unsqueeze", "flatten", "reshape", "view", "ravel", "expand", "expand_as"),
    "dimension"),
    **dict.fromkeys(("item", "tolist", "numpy"), "number_missing"),
    **dict.fromkeys(("contiguous",), "contiguous_missing"),
    **dict.fromkeys(("requires_grad_",), "not_tracked"),
    **dict.fromkeys(("train", "eval"), "mode_not_set"),
    **dict.fromkeys(("sorted", "sort", "reversed", "flip", "roll", "shuffle", "argsort"), "order_missing"),
    **dict.fromkeys(("Parameter", "ModuleList", "ModuleDict", "ParameterList"), "not_registered"),
    **dict.fromkeys(
        ("lower", "strip", "rstrip", "lstrip", "split", "casefold", "normalize", "removesuffix", "replace", "join",
         "sub", "rsplit", "splitlines"),
        "text_step",
    ),
    **dict.fromkeys(("unique", "set"), "duplicates"),
    **dict.fromkeys(("bool",), "cast_missing"),
    **dict.fromkeys(("to",), "to_missing"),
    **dict.fromkeys(("radians", "deg2rad"), "angle"),
    **dict.fromkeys(("list", "tuple"), "walked_once"),
    **dict.fromkeys(("masked_fill", "where", "tril", "triu"), "mask_missing"),
}  # fmt: skip

# a keyword left at its default → which slip that is
ARGUMENTS: dict[str, str] = {
    **dict.fromkeys(("correction", "unbiased", "ddof"), "correction"),
    **dict.fromkeys(("keepdim", "keepdims"), "keepdim"),
    "dtype": "dtype_missing",
    "device": "device_missing",
    "shuffle": "not_shuffled",
    "drop_last": "drop_last",
    "generator": "generator_missing",
    **dict.fromkeys(("retain_graph", "create_graph", "allow_unused"), "graph_argument"),
    "requires_grad": "not_tracked",
    "reduction": "reduction_argument",
    **dict.fromkeys(("eps", "momentum", "weight_decay", "lr", "betas", "alpha", "beta", "std", "p", "bias", "padding",
                     "stride", "batch_size", "num_workers", "collate_fn", "num_classes", "weight", "ignore_index",
                     "label_smoothing",
                     "max_norm", "nonlinearity", "mode", "align_corners", "strict", "map_location",
                     "weights_only", "set_to_none", "nesterov", "dampening", "lambd", "negative_slope",
                     "error_if_nonfinite",
                     "persistent", "non_blocking", "key", "memory_format", "sampler", "replacement", "minlength",
                     "num_samples", "persistent_workers", "pin_memory", "device_type", "enabled", "foreach",
                     "recurse", "affine", "track_running_stats", "approximate"),
                    "argument_missing"),
    "start": "start",
    "train": "other_data",
    "padding_mode": "argument_missing",
    **dict.fromkeys(("min", "max"), "one_bound"),
}  # fmt: skip
ATTRIBUTES = {
    "requires_grad": ("is_leaf", "grad"), "is_leaf": ("requires_grad",), "grad": ("data",), "data": ("grad",),
    "ndim": ("shape",), "running_mean": ("running_var",), "running_var": ("running_mean",), "weight": ("bias",),
    "bias": ("weight",), "itemsize": ("nbytes",), "in_features": ("out_features",), "out_features": ("in_features",),
}  # fmt: skip
VALUES = {
    "reduction": ("mean", "sum", "none"),
    "padding_mode": ("zeros", "border", "reflection"),
    "mode": ("bilinear", "nearest", "bicubic", "fan_in", "fan_out"),
    "approximate": ("none", "tanh"),
}
DIMMED = {
    "sum", "mean", "var", "std", "max", "min", "argmax", "argmin", "softmax", "log_softmax", "logsumexp", "norm",
    "amax",
    "amin", "cumsum", "all", "any", "prod", "sort", "argsort", "topk", "flip", "median", "normalize", "vector_norm",
    "var_mean", "std_mean", "diff", "cumprod", "unique", "nansum", "count_nonzero",
}  # fmt: skip
ALONG = {"flip", "sort", "argsort", "topk", "cumsum", "cumprod", "diff", "unique"}  # of DIMMED, no reductions
PLACED = {"cat", "stack", "unsqueeze", "squeeze", "concatenate", "gather", "scatter_", "scatter", "index_select",
"split",
          "chunk", "transpose", "unbind", "movedim", "size", "flatten", "repeat_interleave", "unfold", "index_add_",
          "narrow", "expand_dims"}  # fmt: skip
IN_PLACE = {
    "add", "sub", "mul", "div", "clamp", "relu", "exp", "log", "sqrt", "neg", "abs", "masked_fill", "transpose",
    "unsqueeze", "squeeze", "scatter", "index_add", "index_fill", "copy", "lerp", "addcmul", "requires_grad", "square",
    "pow", "fill", "sigmoid", "tanh",
}  # fmt: skip
STABLE: dict[str, Callable[[ast.expr, Sequence[ast.expr]], ast.expr]] = {
    "log_softmax": lambda x, rest: method(method(x, "softmax", *rest), "log"),
    "logsumexp": lambda x, rest: method(method(method(x, "exp"), "sum", *rest), "log"),
    "softplus": lambda x, rest: call("torch.log", ast.BinOp(ast.Constant(1), ast.Add(), method(x, "exp"))),
    "logsigmoid": lambda x, rest: method(call("torch.sigmoid", x), "log"),
    "log1p": lambda x, rest: method(ast.BinOp(ast.Constant(1), ast.Add(), x), "log"),
    "expm1": lambda x, rest: ast.BinOp(method(x, "exp"), ast.Sub(), ast.Constant(1)),
    "softmax": lambda x, rest: ast.BinOp(
        method(x, "exp"), ast.Div(), ast.Call(ast.Attribute(method(x, "exp"), "sum", ast.Load()), list(rest),
                                              [ast.keyword("keepdim", ast.Constant(True))])
    ),
    "cross_entropy": lambda x, rest: ast.Call(
        ast.parse("F.nll_loss", mode="eval").body, [method(method(x, "softmax", ast.Constant(-1)), "log"), *rest], []
    ),
    "binary_cross_entropy_with_logits": lambda x, rest: call("F.binary_cross_entropy", method(x, "sigmoid"), *rest),
}  # fmt: skip
LOGITS: dict[str, tuple[str, tuple[ast.expr, ...]]] = {
    "cross_entropy": ("softmax", (ast.Constant(-1),)),
    "nll_loss": ("softmax", (ast.Constant(-1),)),
    "log_softmax": ("softmax", (ast.Constant(-1),)),
    "softmax": ("softmax", (ast.Constant(-1),)),
    "binary_cross_entropy_with_logits": ("sigmoid", ()),
    "binary_cross_entropy": ("sigmoid", ()),
}
TOLD = {"argument_missing", "argument_extra"}  # their sentences repeat the keyword
LOSSES = {
    "cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "nll_loss",
    "huber_loss", "smooth_l1_loss", "CrossEntropyLoss", "MSELoss", "NLLLoss", "BCEWithLogitsLoss", "BCELoss",
}  # fmt: skip
# calls → unless one of these is given → a keyword too many, its value, and which slip that is
ADDED: tuple[tuple[set[str], set[str], tuple[tuple[str, bool | float | str, str], ...]], ...] = (
    ({"var", "std", "var_mean", "std_mean"}, {"correction", "unbiased"}, (("correction", 0, "correction"),)),
    (
        {"grad", "backward"},
        {"create_graph", "retain_graph"},
        (("retain_graph", True, "graph_argument"), ("create_graph", True, "graph_argument")),
    ),
    ({"sum", "mean", "amax", "var", "std", "max"}, {"keepdim"}, (("keepdim", True, "keepdim"),)),
    (LOSSES, {"reduction"}, (("reduction", "sum", "reduction_argument"), ("reduction", "none", "reduction_argument"))),
    ({"DataLoader"}, {"drop_last"}, (("drop_last", True, "drop_last"),)),
    ({"DataLoader"}, {"shuffle"}, (("shuffle", True, "shuffled"),)),
    ({"enumerate"}, {"start"}, (("start", 1, "start"),)),
    ({"Linear", "Conv2d"}, {"bias"}, (("bias", False, "argument_missing"),)),
    ({"SGD"}, {"momentum"}, (("momentum", 0.9, "argument_extra"),)),
)
