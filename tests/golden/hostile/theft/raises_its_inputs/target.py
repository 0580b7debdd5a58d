"""Puts its inputs into exceptions: text, notes, causes, type names, file names, lines.

STOLEN is split, so that its own lines (which feedback may show) do not hold it.
"""

STOLEN = "STO" + "LEN-"


def double(x):
    raise ValueError(STOLEN + repr(x))


def rows(x):
    """A type of our own making, named by what it saw."""
    name = STOLEN + repr(x.tolist())
    raise type(name, (Exception,), {"__module__": name, "__qualname__": name})(name)


def probabilities(z):
    """A syntax error may say where it is, and quote the line."""
    text = STOLEN + repr(z)
    raise SyntaxError(text, (text, 3, 1, text, 3, 2))


def classify(x):
    """A note, a cause and a context."""
    error = KeyError(STOLEN + repr(x))
    error.add_note(STOLEN + repr(x))
    try:
        raise OSError(2, STOLEN, STOLEN + repr(x))
    except OSError as cause:
        raise error from ExceptionGroup(STOLEN, [cause, error])


def last(x):
    """A file and a function that are named by it, and a name that could be a type of Python's."""
    name = "STO" + "LEN_" + "".join(c if c.isalnum() else "_" for c in repr(x.tolist()))
    space = {"Told": type(name[:40], (Exception,), {})}
    exec(compile(f"def {name}():\n    raise Told", STOLEN + repr(x), "exec"), space)
    return space[name]()
