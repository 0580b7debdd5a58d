"""What torch or NumPy complained about, said in the kit's own words.

The text of an exception never crosses from the worker: a student's code can put anything into one.  The worker says
which of its ABOUT it is (`sandbox/inner/raised.py`), and each of those has a sentence and a cure here.
"""

from __future__ import annotations

from autograder.checks import StudentRaised
from autograder.models import Diagnosis, Message, msg

COMPLAINTS: dict[str, tuple[Message, Message]] = {
    "leaf_in_place": (
        msg("torch does not let a leaf that requires a gradient be changed in place."),
        msg("Update it under torch.no_grad(), or make a new tensor instead."),
    ),
    "changed_in_place": (
        msg("A tensor that the backward pass still needs was changed in place."),
        msg("Make a new tensor: y = y + 1 instead of y += 1."),
    ),
    "no_graph": (
        msg("backward was called on something that depends on no tensor with requires_grad: the graph was cut."),
        msg("detach(), .data, .item(), no_grad and torch.tensor(…) of a tensor cut it."),
    ),
    "backward_twice": (
        msg("backward went through the same graph a second time."),
        msg(
            "Compute the loss anew for each backward, and detach what is carried over; retain_graph is rarely the cure."
        ),
    ),
    "not_scalar": (
        msg("backward was called on a tensor of several numbers without an upstream gradient."),
        msg("Take the mean or the sum of the loss first."),
    ),
    "sizes": (
        msg("Two tensors met there whose shapes do not fit each other."),
        msg("Write down both shapes: is one of them to be transposed, unsqueezed, or not reduced?"),
    ),
    "reshape_size": (
        msg("A reshape or view there asks for another number of entries than there are."),
        msg("The product of the new sizes must be the old one; -1 lets torch work one of them out."),
    ),
    "index_dtype": (
        msg("Indices or class labels there have the wrong dtype: int64 is wanted."),
        msg(".long() makes them int64."),
    ),
    "dtypes": (
        msg("Two tensors of different dtypes met there."),
        msg("New tensors are float32 unless told otherwise: zeros_like(x), x.new_zeros(…) or dtype=x.dtype."),
    ),
    "needs_float": (
        msg("A tensor of whole numbers stands where floating-point numbers are needed."),
        msg("Whole numbers make an integer tensor: use .float() or dtype=…."),
    ),
    "numpy_of_graph": (
        msg(".numpy() was called on a tensor that requires a gradient."),
        msg("Stay in torch, or write .detach().numpy() where no gradient has to pass."),
    ),
    "devices": (
        msg("Tensors of different devices met there: one of them stayed where it was, or was made on the CPU."),
        msg("Move model and batch to the same device, and make new tensors with device=x.device."),
    ),
    "numpy_of_device": (
        msg("NumPy cannot read the memory of a GPU."),
        msg("Write .cpu() before .numpy(): tensor.detach().cpu().numpy()."),
    ),
    "no_device": (
        msg('Your code asks for a GPU by itself ("cuda", .cuda()), and there is none with that name.'),
        msg("Use the device that the function is given, or the one that its tensors are on."),
    ),
    "truth_of_many": (
        msg("A tensor of several values was asked whether it is true, in an `if`, `and` or `or`."),
        msg("Use .any(), .all(), & and |, or torch.where."),
    ),
}


def complaint(error: StudentRaised) -> tuple[Diagnosis, ...]:
    """The sentence for what was complained about; nothing for any other exception."""
    if error.about not in COMPLAINTS:
        return ()
    words, hint = COMPLAINTS[error.about]
    return (Diagnosis(error.about, words, hint),)
