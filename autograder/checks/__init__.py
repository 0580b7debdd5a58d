"""What a suite says about an answer.  The only part of the kit that a suite imports.

    from autograder import checks as check
    from autograder.checks import Text, inside

A check passes silently or raises `CheckFailed` with diagnoses in words.  In the order one meets them:

    compare, curves   close number equal shape dtype finite trajectory    exact types, no broadcasting
    properties        that fail raises                                    what no comparison can say
    devices           device on                           where a tensor is said to be
    about             about                               what it means when the checks of a test fail
    metrics           metric                                              a number for `credit: ramp`
    gradients         autograd_of                                         float64 reference gradients
    inside            inside                                              a function that runs beside the student
    diagnose          explain: from a wrong tensor to its cause           (shape_, amount_, order_, function_rules)
    faults            CheckFailed, StudentRaised

The words name shapes, dtypes, counts and causes; they never hold an expected value or an amount.
"""

from autograder.checks.about import about
from autograder.checks.compare import close, dtype, equal, finite, number, shape
from autograder.checks.curves import trajectory
from autograder.checks.devices import device, on
from autograder.checks.faults import CheckFailed, StudentRaised
from autograder.checks.gradients import autograd_of
from autograder.checks.inside import InsideError, InsideFunction, Runner, inside, inside_functions, runner
from autograder.checks.metrics import metric
from autograder.checks.properties import fail, raises, that
from autograder.models import Text, msg

__all__ = [
    "CheckFailed",
    "InsideError",
    "InsideFunction",
    "Runner",
    "StudentRaised",
    "Text",
    "about",
    "autograd_of",
    "close",
    "device",
    "dtype",
    "equal",
    "fail",
    "finite",
    "inside",
    "inside_functions",
    "metric",
    "msg",
    "number",
    "on",
    "raises",
    "runner",
    "shape",
    "that",
    "trajectory",
]
