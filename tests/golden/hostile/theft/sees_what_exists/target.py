"""Asks whether files exist, how large they are and when they were read.

In a view of the machine that lacks them there is nothing to ask about.  Landlock alone does not stop it, which
docs/decisions/0002-sandbox.md says; contents stay closed there too (see walks_the_disk).
"""

import os

SECRETS = ("{{course}}/labels.txt", "{{course}}/grading.yml", "{{submissions}}", "{{home}}/notes.txt")


def double(x):
    return [os.stat(secret).st_size for secret in SECRETS if os.path.exists(secret)] or 2 * x


def rows(x):
    return [secret for secret in SECRETS if os.access(secret, os.F_OK)] or x.mean(1, keepdim=True)


def classify(x):
    for secret in SECRETS:
        for ask in (os.statvfs, os.listxattr, os.readlink, os.chdir):
            try:
                return repr(ask(secret))
            except OSError:
                pass
    return (x.sum(1) > 0).long()


def last(x):
    """Other processes, by the folder each has in /proc: it sees its own small world."""
    return -x if sum(os.path.exists(f"/proc/{pid}") for pid in range(2, 5000)) < 8 else x
