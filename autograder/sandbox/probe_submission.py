"""The self-attack, written as a submission: each function tries one thing no student may be able to do.

It runs through the very path of a student (see `tiers.py`), so what it cannot do, a student cannot do either.
"""

import os
import signal
import socket


def read(path: str) -> str:
    with open(path, errors="replace") as file:
        return file.read(200)


def write(path: str) -> int:
    with open(path, "w") as file:
        return file.write("was here")


def connect(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def send_signal(pid: int) -> bool:
    os.kill(pid, signal.SIGURG)
    return True
