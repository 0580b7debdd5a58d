"""Plants code where the next Python would run it.  It creates new files only, and removes those it could create."""

import os
import site
import sysconfig

import torch

FOLDERS = {os.path.dirname(torch.__file__), *site.getsitepackages(), *sysconfig.get_paths().values()}


def planted(name):
    """The first folder of libraries that took the file."""
    for folder in FOLDERS:
        path = os.path.join(folder, name)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except OSError:
            continue
        os.remove(path)
        return folder
    return None


def double(x):
    """Lines of a .pth file run whenever Python starts."""
    return planted("zz-autograder-test.pth") or 2 * x


def rows(x):
    """torch's own source, opened for writing (nothing is written)."""
    for flags in (os.O_RDWR, os.O_WRONLY | os.O_APPEND):
        try:
            return os.open(torch.__file__, flags)
        except OSError:
            pass
    return x.mean(1, keepdim=True)


def classify(x):
    """Bytecode is believed before source; a folder is enough to shadow a module."""
    for folder in FOLDERS:
        try:
            os.mkdir(os.path.join(folder, "zz_autograder_test"))
        except OSError:
            continue
        os.rmdir(os.path.join(folder, "zz_autograder_test"))
        return folder
    return planted("__pycache__/zz_autograder_test.pyc") or (x.sum(1) > 0).long()


def last(x):
    """The worker's half of the kit, which the next worker imports."""
    import inner.wire

    for name in (inner.wire.__file__, os.path.dirname(inner.wire.__file__) + "/zz_autograder_test.py"):
        try:
            return os.open(name, os.O_RDWR | os.O_CREAT)
        except OSError:
            pass
    return -x
