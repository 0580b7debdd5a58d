"""Leaves what a clean-up stumbles over: folders without rights, a thousand folders deep, odd names, pipes."""

import os


def double(x):
    """To write and to enter, not to list; then not even that."""
    os.umask(0)
    os.makedirs("locked", 0o300, exist_ok=True)
    os.makedirs("locked/inner", 0o300, exist_ok=True)
    with open("locked/inner/file", "w") as file:
        file.write("x")
    os.makedirs("nothing", 0, exist_ok=True)
    return 2 * x


def rows(x):
    """Deeper than a path may be long, and than Python may recurse."""
    home = os.getcwd()
    for depth in range(1200):
        os.makedirs(f"folder {len(x)} at depth {depth}")
        os.chdir(f"folder {len(x)} at depth {depth}")
    os.chdir(home)
    return x.mean(1, keepdim=True)


def classify(x):
    for name in (b"\xff\xfe", b"\n", b"-rf", b"moved 0", b"moved 1", "\u202etxt.py".encode(), b" ", b"x" * 255):
        os.mkdir(name, 0)
    for number in range(300):
        os.close(os.open(f"{number}", os.O_CREAT, 0))
    return (x.sum(1) > 0).long()


def last(x):
    """And from now on every file it makes is born without rights."""
    os.umask(0o777)
    open("closed", "w").close()
    return -x
