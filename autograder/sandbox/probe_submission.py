"""The self-attack, written as a submission: each function tries one thing no student may be able to do.

It runs through the very path of a student (see `tiers.py`), so what it cannot do, a student cannot do either.
"""

import os
import signal
import socket


def read(path):
    with open(path) as file:
        return file.read()


def write(path):
    with open(path, "w") as file:
        return file.write("was here")


def connect(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def send_signal(pid):
    os.kill(pid, signal.SIGURG)
    return True
