"""Leaves a line in the files that a shell, a desktop or cron would run.  {{home}} is a home made for this test."""

import os

LINE = "echo planted by a submission\n"
NAMES = (".bashrc", ".profile", ".zshrc", ".config/autostart/x.desktop", ".ssh/authorized_keys", ".local/bin/python3")


def append(path):
    try:
        with open(path, "a") as file:
            file.write(LINE)
    except OSError:
        return False
    return True


def double(x):
    return [name for name in NAMES if append(f"{{home}}/{name}")] or 2 * x


def rows(x):
    """Over what is there, and beside it."""
    ways = (
        lambda: os.truncate("{{home}}/notes.txt", 1),
        lambda: os.mkdir("{{home}}/.config"),
        lambda: os.mkfifo("{{home}}/pipe"),
        lambda: os.symlink("/bin/true", "{{home}}/.bash_login"),
        lambda: os.link("target.py", "{{home}}/.pythonrc.py"),
    )
    for way in ways:
        try:
            return repr(way())
        except OSError:
            pass
    return x.mean(1, keepdim=True)


def last(x):
    """Its own ~ is a scratch folder: there it may write, and nobody will read."""
    return -x if append(os.path.expanduser("~/.bashrc")) and os.path.expanduser("~") != "{{home}}" else x
