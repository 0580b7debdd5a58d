"""slips: the small things that go wrong in a right answer, what each is called, and that no sentence gives it away."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.bank import Bank, Entry
from autograder.course import Item, Unit
from autograder.models import KINDS, Text
from autograder.slips import verdict
from autograder.slips.answers import Slip, slips_of
from autograder.slips.stories import STORIES
from autograder.slips.tables import ARGUMENTS, DROPPED, INSTEAD
from autograder.slips.trust import RARE, UNSURE, WEAK
from autograder.words import say

ROOT = Path(__file__).resolve().parents[1]
ITEM = Item("f", "f", Text("F", "F"), 1.0, 5, 1, ())
UNIT = Unit("u01", "answers", Text("U", "U"), (ITEM,))
HEAD = "import torch\nfrom torch import nn\n\n\ndef f(x, y, model, optimizer, k: int = 3, eps=1e-5):\n"


def slips(body: str) -> tuple[Slip, ...]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return slips_of(Bank(UNIT, (HEAD + lines).encode(), (), (), ()), "f")


STEP = """\
model.train()
for a in x:
    loss = model(a)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()"""


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("return x.mean(1)", "return x.sum(1)", "sum_for_mean"),
        ("return x.sum()", "return x.mean()", "mean_for_sum"),
        ("return x.mean(1)", "return x.mean(0)", "dim"),
        ("return x.mean(1)", "return x.mean()", "dim_all"),
        ("return x.std(0, correction=0)", "return x.std(0)", "correction"),
        ("return x.sum(1, keepdim=True)", "return x.sum(1)", "keepdim"),
        ("return x / len(x)", "return x", "divisor_missing"),
        ("return x.var().sqrt()", "return x.var()", "root_missing"),
        ("return (x.var() + eps).sqrt()", "return x.var().sqrt()", "eps_missing"),
        ("return x.var().sqrt() + eps", "return (x.var() + eps).sqrt()", "eps_place"),
        ("return (x.var() + eps).sqrt()", "return x.var().sqrt() + eps", "eps_place"),
        ("return x.lerp(y, eps)", "return x.lerp(y, 1 - eps)", "complement"),
        ("return x - y", "return x + y", "sign"),
        ("return k * x", "return x", "factor_missing"),
        ("return (x > 0) * y", "return y", "mask_missing"),
        ("return x > y", "return x >= y", "boundary"),
        ("return (x**2).mean()", "return x.mean() ** 2", "functions_exchanged"),
        ("return x.log_softmax(1)", "return x.softmax(1).log()", "unstable"),
        ("return x.float()", "return x", "cast_missing"),
        ("return torch.zeros(k, dtype=x.dtype)", "return torch.zeros(k)", "dtype_missing"),
        ("return x.to(y.device)", "return x", "device_missing"),
        ("return x.detach()", "return x", "detach_missing"),
        ("return x.clone()", "return x", "clone_missing"),
        ("return x.detach().clone()", "return x", "clone_missing"),
        ("return x.mul(y)", "return x.mul_(y)", "in_place"),
        ("y += x\nreturn y", "y = y + x", "not_in_place"),
        ("y += x\nreturn y", "y = x", "overwritten"),
        ("return x[:, None] * y", "return x * y", "dimension"),
        ("return x.permute(1, 0)", "return x.reshape(x.permute(1, 0).shape)", "reshaped"),
        ("return x[y]", "return x", "selection_missing"),
        ("return x[1:k]", "return x[1:k + 1]", "off_by_one"),
        ("return list(range(k))", "return list(range(1, k))", "range"),
        ("return x, y", "return (y, x)", "results_exchanged"),
        ("if k < 0:\n    raise ValueError(k)\nreturn x", "if True:\n        pass", "check_missing"),
        ("with torch.no_grad():\n    y = model(x)\nreturn y", "if True:\n        y = model(x)", "no_grad_missing"),
        ("torch.manual_seed(k)\nreturn torch.rand(k)", "def f(x, y, model, optimizer, k: int=3, eps=1e-05):\n"
         "    return torch.rand(k)", "seed_missing"),
        (STEP, "loss.backward()\n        optimizer.zero_grad()\n        optimizer.step()", "zeroed_at_the_wrong_time"),
        (STEP, "loss = model(a)\n        loss.backward()\n        optimizer.step()", "zero_grad_missing"),
        (STEP, "optimizer.zero_grad()\n    for a in x:", "zeroed_once"),
        (STEP, "model.eval()\n    for a in x:", "mode_exchanged"),
        ("x = x - k * y\nreturn x", "x -= k * y", "in_place"),
        ("return x.sum() + k", "return x.sum() + 3", "argument_unused"),
        ("return F.cross_entropy(x, y)", "F.cross_entropy(x.softmax(-1), y)", "probabilities_for_logits"),
        ("return nn.Linear(k, k, bias=False)", "return nn.Linear(k, k)", "argument_missing"),
        ("return torch.randperm(k)", "return torch.arange(k)", "not_shuffled"),
        ("return x.flip(1)", "return x.flip(0)", "along"),
        ("return 1 - x", "return 1 + x", "sign"),
        ("return 1 - x", "return x", "complement"),
        ("return 1 - x", "return -x", "term_missing"),
        ("return x / (y + 1e-06)", "return x / y", "eps_missing"),
        ("return x * y < 1", "return x * y < 0", "threshold"),
        ("return len(x) < 1", "return len(x) < 0", "off_by_one"),
        ("return (x - y).mean()", "return (x - y).square().mean()", "power"),
        ("return x / y", "return (x + 1) / y", "off_by_one"),
        ("return min(k, 5)", "return k", "clamp_missing"),
        ("return x.shape[0]", "return x.shape[1]", "count"),
        ("return x * (k / len(y))", "return x", "divisor_missing"),
        ("return torch.mean(x - y)", "return torch.mean((x - y).abs())", "function_extra"),
        ("return x > y", "return ~(x > y)", "opposite"),
        ("return x, y", "return (x, ~y)", "opposite"),
        ("return math.sin(math.radians(x))", "return math.sin(x)", "angle"),
        ("return k * (2 * torch.rand(1) - 1)", "return k * torch.rand(1)", "range_of_draws"),
        ("model = list(model)\nreturn x", "model = model", "walked_once"),
        ("z = [2 * a for a in x]\nreturn sum(z) + max(z)", "z = (2 * a for a in x)", "walked_once"),
        ("order = torch.randperm(k)\nreturn x[order], y[order]", "return (x[order], y[torch.randperm(k)])",
         "drawn_twice"),
        ("return Compose([ToTensor(), Normalize(x, y)])", "return Compose([ToTensor()])", "preparation"),
        ("return F.grid_sample(x, y, padding_mode='zeros')", "padding_mode='border'", "argument_extra"),
        ("return CIFAR10(x, train=True)", "return CIFAR10(x, train=False)", "other_data"),
    ],
)  # fmt: skip
def test_a_slip_has_its_name(right: str, wrong: str, code: str) -> None:
    assert code in {slip.code for slip in slips(right) if wrong in slip.definitions}


def test_every_slip_is_a_whole_module_of_its_own() -> None:
    found = slips(STEP)
    assert len({slip.source for slip in found}) == len(found) > 50
    for slip in found:
        ast.parse(slip.source)


def test_the_answer_is_as_it_was_when_its_slips_are_written() -> None:
    assert slips(STEP) == slips(STEP)


def test_the_slips_of_an_alternative_stand_in_its_module() -> None:
    node = ast.parse(
        "@alternative('f')\ndef g(x, y, model, optimizer, k=3, eps=1e-5):\n    return x.sum() / len(x)"
    ).body[0]

    assert isinstance(node, ast.FunctionDef)
    bank = Bank(UNIT, (HEAD + "    return x.mean()\n").encode(), (), (Entry("f", "g", node),), ())
    told = {(slip.where, slip.code) for slip in slips_of(bank, "f")}
    assert (0, "sum_for_mean") in told
    assert (1, "divisor_missing") in told


def test_an_answer_that_opens_files_has_no_slips() -> None:
    """open(k) of a number would close one of the grader's own descriptors."""
    assert slips("with open(x) as file:\n    return file.read() + k") == ()


def test_an_answer_that_writes_files_or_starts_processes_has_no_slips() -> None:
    """A slip of the path would write where the grader stands; one of num_workers would fork it."""
    assert slips("torch.save(x, str(k))\nreturn x + k") == ()
    assert slips("return DataLoader(x, batch_size=k, num_workers=2)") == ()
    assert slips("import os\nreturn os.listdir(x) + k") == ()


# --- what is said


def test_every_story_has_a_kind_of_the_closed_list() -> None:
    assert [code for code, story in STORIES.items() if not 1 <= len(story.kinds) <= 3] == []
    assert {kind for story in STORIES.values() for kind in story.kinds} <= set(KINDS)
    assert STORIES.keys() >= WEAK | RARE | UNSURE


def test_every_slip_that_an_operator_makes_has_a_story() -> None:
    made = set(DROPPED.values()) | set(ARGUMENTS.values()) | {code for pairs in INSTEAD.values() for _, code in pairs}
    for path in (ROOT / "autograder/slips").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("swap", "body", "Edit") and node.args:
                made |= {
                    c.value for c in ast.walk(node.args[0]) if isinstance(c, ast.Constant) and isinstance(c.value, str)
                }
    assert made - {"before", "after", "where", "to_missing"} <= STORIES.keys()


def test_a_sentence_says_nothing_but_the_kits_own_words_and_a_name_that_torch_or_the_stub_has() -> None:
    body = "secret = nn.Linear(k, 41, bias=False)\nreturn secret(x).clamp(min=0.125).sum(1) / 977 + eps"
    for slip in slips(body):
        said = verdict.told(slip)
        words = "".join(say(one, lang) for one in (said.words, said.hint) if one for lang in ("en", "vi"))
        assert slip.name in {"", *ARGUMENTS, "x", "y", "model", "optimizer", "k", "eps"}
        assert not [secret for secret in ("secret", "41", "0.125", "977", "Linear", "return secret") if secret in words]
        assert "{" not in words


# --- which is told


def slip(code: str, name: str = "") -> Slip:
    return Slip(code, "", code, "", name)


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ([], None),
        (["sign"], "sign"),
        (["zeroed_once", "zero_grad_missing", "zero_grad_missing"], "zero_grad_missing"),
        (["sign", "dtype"], None),
        (["sign", "sign", "sign", "once_before"], "sign"),
        (["order", "sign", "once_before"], None),
        (["order", "zeroed_once"], "zeroed_once"),
        (["order", "argument_unused"], None),
        (["order", "wrapped"], None),
        (["overwritten", "overwritten"], None),  # seldom right: told to nobody
        (["special_case", "condition_ignored", "case_missing", "order"], "special_case"),  # three of four: formula
    ],
)
def test_slips_that_agree_are_told_by_the_one_that_most_of_them_are(codes: list[str], told: str | None) -> None:
    found = verdict.agreed([slip(code) for code in codes])
    assert (found.code if found else None) == told


# --- what the source says


def of(body: str, code: str, wrong: str) -> Slip:
    return next(slip for slip in slips(body) if slip.code == code and wrong in slip.definitions)


def test_what_stands_in_the_source_was_not_left_out() -> None:
    missing = of(STEP, "backward_missing", "optimizer.step()")
    assert verdict.left_out(missing) == {"backward"}
    assert not verdict.can_be(missing, frozenset({"step", "backward"}))
    assert verdict.can_be(missing, frozenset({"step"}))


def test_nothing_is_cut_off_from_the_graph_by_what_cannot_cut_it() -> None:
    cut = of("return x.sum() + k", "detached", "detach()")
    assert not verdict.can_be(cut, frozenset({"sum", "mean"}))
    assert verdict.can_be(cut, frozenset({"sum", ".data"}))


def test_what_is_no_probability_is_not_called_one() -> None:
    twice = of("return F.cross_entropy(x, y)", "probabilities_for_logits", "softmax")
    assert not verdict.can_be(twice, frozenset({"cross_entropy"}))
    assert verdict.can_be(twice, frozenset({"cross_entropy", "Softmax"}))


def test_a_slip_that_leaves_nothing_out_needs_no_source() -> None:
    other = of("return x - y", "sign", "x + y")
    assert verdict.left_out(other) == frozenset()
    assert verdict.can_be(other, frozenset())


def test_without_a_source_every_slip_may_be_it() -> None:
    missing = of(STEP, "backward_missing", "optimizer.step()")
    assert verdict.can_be(missing, None)


def test_the_likely_slips_of_all_answers_come_before_the_others() -> None:
    found = slips("z = x.detach() + y\nw = z.sum(1)\nreturn (w - k).mean()")
    ranks = [2 if one.code in WEAK else 1 if one.code in RARE else 0 for one in found]
    assert ranks == sorted(ranks)
    assert {0, 1, 2} == set(ranks)
