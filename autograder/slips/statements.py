"""Slips in a statement or in the order of statements: one left out, two exchanged, once for all rounds of a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.slips.edit import Edit, assign, body, but, call, called, method, names_in, swap, text, under, without
from autograder.slips.expressions import parts_of
from autograder.slips.places import Block, Place
from autograder.slips.tables import DROPPED

SIMPLE = ast.Assign | ast.AugAssign | ast.Expr
LOOP = (ast.For, ast.While)
SINGLE = (ast.Name, ast.Attribute, ast.Subscript)
# the last name of a call that stands as a statement → what is missing without it
DOES = {
    "zero_grad": "zero_grad_missing", "zero_": "zero_grad_missing", "step": "step_missing",
    "backward": "backward_missing",
    "manual_seed": "seed_missing", "seed": "seed_missing", "eval": "eval_missing", "train": "mode_not_restored",
    "append": "not_recorded", "extend": "not_recorded", "add": "not_recorded", "insert": "not_recorded",
    "register_buffer": "not_registered", "load_state_dict": "not_restored", "copy_": "not_stored",
    "lerp_": "not_stored",
    "clamp_": "clamp_missing", "remove": "not_removed", "close": "not_removed",
    "sort": "order_missing", "reverse": "order_missing", "shuffle": "not_shuffled", "update": "scheduler_missing",
    "zeros_": "start_value", "normal_": "start_value", "kaiming_normal_": "start_value",
    "kaiming_uniform_": "start_value",
    "uniform_": "start_value", "fill_": "start_value", "save_for_backward": "not_stored", "mul_": "not_stored",
    "add_": "not_stored", "sub_": "not_stored", "addcmul_": "not_stored", "set_grad_enabled": "no_grad_missing",
    "save": "not_stored", "requires_grad_": "not_tracked", "unscale_": "step_missing", "set_epoch": "seed_missing",
}  # fmt: skip


def slips(place: Place) -> Iterator[Edit]:
    """What may be wrong with one statement by itself."""
    node = place.node
    if isinstance(node, ast.AugAssign):
        yield from _augmented(node, place)
    elif isinstance(node, ast.Assign):
        yield from _assigned(node, place)
    elif isinstance(node, ast.Return) and node.value is not None:
        yield from _returned(node, place)
    elif isinstance(node, ast.If):
        yield from _branch(node, place)
    elif isinstance(node, ast.For):
        for code, other in parts_of(node.iter):
            yield swap(code, place, but(node, iter=other))
    elif isinstance(node, ast.With) and "grad" in text(node.items[0]):
        yield swap("no_grad_missing", place, ast.If(ast.Constant(True), node.body, []))


def _augmented(node: ast.AugAssign, place: Place) -> Iterator[Edit]:
    target = but(node.target, ctx=ast.Load())
    yield swap("overwritten", place, assign([node.target], node.value))
    if isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield swap("sign", place, but(node, op=other))
    elif isinstance(node.op, (ast.Mult, ast.Div)):
        other_op: ast.operator = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
        yield swap("divided", place, but(node, op=other_op))
    yield swap("not_in_place", place, assign([node.target], ast.BinOp(target, node.op, node.value)))


def _assigned(node: ast.Assign, place: Place) -> Iterator[Edit]:
    target, value = node.targets[0], node.value
    if isinstance(target, SINGLE) and isinstance(value, ast.BinOp) and text(target) == text(value.left):
        yield swap("in_place", place, ast.AugAssign(target, value.op, value.right))
    if isinstance(target, ast.Attribute) and target.attr == "grad":
        yield swap("accumulated", place, ast.AugAssign(target, ast.Add(), value))
    if isinstance(target, ast.Subscript):
        yield swap("overwritten", place, but(node, targets=[target.value]))
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts) > 1:
        pairs = [assign([a], b) for a, b in zip(target.elts, value.elts, strict=True)]
        always = ast.Constant(True)
        yield swap("old_new", place, ast.If(always, list(pairs), []))
        yield swap("old_new", place, ast.If(always, list(pairs[::-1]), []))
    if isinstance(target, ast.Tuple) and len(target.elts) == 2:
        yield swap("results_exchanged", place, but(node, targets=[but(target, elts=target.elts[::-1])]))


def _returned(node: ast.Return, place: Place) -> Iterator[Edit]:
    value = node.value
    assert value is not None
    if isinstance(value, ast.Tuple) and len(value.elts) > 1:
        for i in range(len(value.elts) - 1):
            parts = [*value.elts]
            parts[i], parts[i + 1] = parts[i + 1], parts[i]
            yield swap("results_exchanged", place, but(node, value=but(value, elts=parts)))
        yield swap("part_missing", place, but(node, value=but(value, elts=value.elts[:-1])))
        for part in value.elts:
            yield swap("part_missing", place, but(node, value=part))
    elif isinstance(value, ast.Dict):
        for index in range(len(value.keys)):
            keys = value.keys[:index] + value.keys[index + 1 :]
            new = but(value, keys=keys, values=without(value.values, index))
            yield swap("part_missing", place, but(node, value=new))
    else:
        yield swap("sign", place, but(node, value=ast.UnaryOp(ast.USub(), value)))
        yield swap("number_for_tensor", place, but(node, value=method(value, "item")))
        if isinstance(value, (ast.Name, ast.Call, ast.BinOp)):
            yield swap("one_entry_returned", place, but(node, value=ast.Subscript(value, ast.Constant(-1), ast.Load())))
    function = next((above for above in reversed(place.above) if isinstance(above, ast.FunctionDef)), None)
    if function is not None and not isinstance(value, ast.Tuple):
        for arg in function.args.args:
            if arg.arg != "self" and text(value) != arg.arg:
                yield swap("argument_returned", place, but(node, value=ast.Name(arg.arg, ast.Load())))
        if function.name == "forward":
            for extra in ("softmax", "relu", "sigmoid", "log_softmax"):
                dim = [ast.Constant(-1)] if "softmax" in extra else []
                yield swap("activation_at_the_end", place, but(node, value=method(value, extra, *dim)))


def _branch(node: ast.If, place: Place) -> Iterator[Edit]:
    refuses = isinstance(node.body[0], ast.Raise)
    code = "check_missing" if refuses else "special_case"
    yield swap(code, place, ast.If(ast.Constant(True), node.orelse or [ast.Pass()], []))
    if not refuses:
        yield swap("condition_ignored", place, ast.If(ast.Constant(True), node.body, []))
    yield swap("condition", place, but(node, test=ast.UnaryOp(ast.Not(), node.test)))


def of_block(block: Block) -> Iterator[Edit]:
    """What may be wrong with a list of statements."""
    yield from _left_out(block)
    yield from _moved(block)
    yield from _around_loops(block)
    yield from _around_contexts(block)
    yield from _inserted(block)


def _left_out(block: Block) -> Iterator[Edit]:
    for index, node in enumerate(block.body):
        code = _does(node, block)
        if code:
            yield body(code, block, without(block.body, index))


def _does(node: ast.stmt, block: Block) -> str:
    """Which slip it is to leave this statement out; "" where nothing can be said."""
    if isinstance(node, ast.Expr):
        name = called(node.value)
        if name in ("zero_", "zeros_") and ".grad" not in text(node):
            return "start_value"
        if name == "train" and text(node.value).endswith(("train()", "train(True)")):
            return "train_missing"
        return DOES.get(name, "")
    if isinstance(node, ast.AugAssign):
        counts = isinstance(node.value, ast.Constant) and not isinstance(node.target, ast.Subscript)
        return "not_counted" if counts else "not_added"
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Attribute) and target.attr == "grad":
            return "zero_grad_missing"
        if isinstance(target, ast.Attribute):
            return "not_stored"
        if isinstance(target, ast.Subscript):
            return "entry_not_set"
        if isinstance(target, ast.Name) and _given_before(target.id, node, block):
            return DROPPED.get(called(node.value), "step_left_out").replace("to_missing", "cast_missing")
    if isinstance(node, ast.Delete):
        return "not_removed"
    if isinstance(node, ast.If) and not node.orelse and not isinstance(node.body[0], ast.Raise):
        inner = _does(node.body[0], Block(node.body, "body", (*block.above, node)))
        return inner if inner not in ("", "step_left_out") else ""
    return ""


def _given_before(name: str, node: ast.stmt, block: Block) -> bool:
    """Does the name have a value without this statement?"""
    for above in block.above:
        if isinstance(above, ast.FunctionDef) and any(arg.arg == name for arg in above.args.args):
            return True
        earlier = (other for other in ast.walk(above) if isinstance(other, ast.Assign) and other.lineno < node.lineno)
        if any(name in map(text, other.targets) for other in earlier):
            return True
    return False


def _moved(block: Block) -> Iterator[Edit]:
    """One statement stands earlier or later in its block."""
    nodes = block.body
    for i, node in enumerate(nodes):
        if not isinstance(node, SIMPLE | ast.If | ast.With):
            continue
        rest = without(nodes, i)
        for j in range(len(nodes)):
            if j != i and not any(isinstance(between, ast.Return) for between in rest[:j]):
                yield body(_order(node, rest[min(i, j) : max(i, j)]), block, [*rest[:j], node, *rest[j:]])


def _order(node: ast.stmt, passed: list[ast.stmt]) -> str:
    moved, others = _about(node), {_about(other) for other in passed}
    if "zero" in (moved, *others) and {"step", "backward", "update"} & {moved, *others}:
        return "zeroed_at_the_wrong_time"
    if "seed" in (moved, *others):
        return "seeded_too_late"
    if "mode" in (moved, *others):
        return "mode_too_late"
    if "record" in (moved, *others) and {"step", "update"} & {moved, *others}:
        return "recorded_after_the_update"
    return "order"


def _about(node: ast.stmt) -> str:
    """What a statement does, in one word."""
    written = text(node)
    for word, signs in (
        ("zero", (".zero_grad(", ".grad = None", ".grad.zero_(")), ("step", (".step(",)), ("backward", (".backward(",)),
        ("seed", ("manual_seed", "random.seed")), ("mode", (".eval()", ".train(")), ("record", (".append(", ".item()")),
    ):  # fmt: skip
        if any(sign in written for sign in signs):
            return word
    return "update" if isinstance(node, ast.AugAssign | ast.With) else ""


def _around_loops(block: Block) -> Iterator[Edit]:
    """What stands in a loop and should stand before it or after it, and the other way round."""
    for i, loop in enumerate(block.body):
        if not isinstance(loop, LOOP):
            continue
        before, after = block.body[:i], block.body[i + 1 :]
        for k, node in enumerate(loop.body):
            rest = but(loop, body=without(loop.body, k) or [ast.Pass()])
            if isinstance(node, SIMPLE):
                yield body(_outside(node, "before"), block, [*before, node, rest, *after])
                yield body(_outside(node, "after"), block, [*before, rest, node, *after])
            elif isinstance(node, ast.With | ast.If) and not isinstance(node, LOOP):
                yield body(_outside(node, "after"), block, [*before, rest, node, *after])
        for k, node in enumerate(before):
            if isinstance(node, SIMPLE):
                inner = but(loop, body=[node, *loop.body])
                yield body("in_every_round", block, [*without(before, k), inner, *after])
        if after and isinstance(after[0], SIMPLE | ast.With | ast.Return):
            inner = but(loop, body=[*loop.body, after[0]])
            code = "returned_too_early" if isinstance(after[0], ast.Return) else "in_every_round"
            yield body(code, block, [*before, inner, *after[1:]])


def _outside(node: ast.stmt, side: str) -> str:
    about = _about(node)
    if about == "zero":
        return "zeroed_once"
    if about == "seed":
        return "seeded_too_late"
    if about in ("step", "update") or about == "backward":
        return "updated_once"
    if any(
        called(inner) in ("randperm", "rand", "randn", "permutation", "shuffle", "rand_like")
        for inner in ast.walk(node)
    ):
        return "drawn_once"
    return "once_before" if side == "before" else "once_after"


def _around_contexts(block: Block) -> Iterator[Edit]:
    """A `with` that begins too early or ends too soon."""
    for i, context in enumerate(block.body):
        if not isinstance(context, ast.With) or "grad" not in text(context.items[0]):
            continue
        before, after = block.body[:i], block.body[i + 1 :]
        if before and isinstance(before[-1], SIMPLE):
            inner = but(context, body=[before[-1], *context.body])
            yield body("too_much_without_grad", block, [*before[:-1], inner, *after])
        if after and not isinstance(after[0], ast.Return):
            inner = but(context, body=[*context.body, after[0]])
            yield body("too_much_without_grad", block, [*before, inner, *after[1:]])
        if len(context.body) > 1:
            last = context.body[-1]
            inner = but(context, body=context.body[:-1])
            yield body("no_grad_missing", block, [*before, inner, last, *after])


def _inserted(block: Block) -> Iterator[Edit]:
    """A statement too many."""
    if not isinstance(block.parent, ast.FunctionDef) or block.field != "body":
        return
    names = [arg.arg for arg in block.parent.args.args if arg.arg != "self"]
    returns = [node for node in ast.walk(block.parent) if isinstance(node, ast.Return) and node.value is not None]
    if len(returns) == 1 and block.body and block.body[-1] is returns[0]:
        for name in names:
            wrapped = assign([ast.Name(name, ast.Store())], method(ast.Name(name, ast.Load()), "detach"))
            yield body("detached", block, [wrapped, *block.body])
        value = returns[0].value
        assert value is not None
        context = under(call("torch.no_grad"), block.body)
        yield body("too_much_without_grad", block, [context])


def simultaneous(block: Block) -> Iterator[Edit]:
    """`a = …; b = … a …` where b used the old a, or the other way round."""
    for i, (first, second) in enumerate(zip(block.body, block.body[1:], strict=False)):
        if isinstance(first, ast.Assign) and isinstance(second, ast.Assign) and len(first.targets) == 1:
            target = text(first.targets[0])
            if target in {text(inner) for inner in ast.walk(second.value)} and target in names_in(first.value) | {
                target
            }:
                both = assign(
                    [ast.Tuple([first.targets[0], second.targets[0]], ast.Store())],
                    ast.Tuple([first.value, second.value], ast.Load()),
                )
                yield body("old_new", block, [*block.body[:i], both, *block.body[i + 2 :]])
