"""From a DataLoader's worker: signals, sockets, shared memory, other programs, the grader's line."""

import ctypes
import os
import signal
import socket
import subprocess

import torch
from torch.utils.data import DataLoader, Dataset


class Rows(Dataset):
    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], i


def sums(x, workers):
    return torch.stack([rows.sum() for rows, _ in DataLoader(Rows(x), batch_size=3, num_workers=workers)])


libc = ctypes.CDLL(None, use_errno=True)
ZYGOTE = os.getppid()


def tried(name, way):
    try:
        way()
    except OSError:
        return []
    return [name]


def talks(kind, address):
    with socket.socket(kind, socket.SOCK_STREAM) as one:
        one.connect(address)


def system(number, *args):
    ctypes.set_errno(0)
    if libc.syscall(number, *args) == -1:
        raise OSError(ctypes.get_errno(), "refused")


def reached():
    found = tried("signal to the zygote", lambda: os.kill(ZYGOTE, 0))
    found += tried("stop the zygote", lambda: os.kill(ZYGOTE, signal.SIGSTOP))
    found += tried("signal to its group", lambda: os.killpg(max(os.getpgid(ZYGOTE), 2), 0))
    found += tried("another program", lambda: subprocess.run(["true"]))
    found += tried("a named socket", lambda: talks(socket.AF_UNIX, "{{socket}}"))
    found += tried("the engine", lambda: talks(socket.AF_UNIX, "/var/run/docker.sock"))
    found += tried("the network", lambda: talks(socket.AF_INET, ("127.0.0.1", 22)))
    found += tried("shared memory", lambda: open("/dev/shm/x", "w"))
    found += tried("a memfd", lambda: os.memfd_create("x"))
    found += tried("clone as a sibling", lambda: system(56, 0x00008000 | 17, 0, 0, 0, 0))
    found += tried("clone into a namespace", lambda: system(56, 0x10000000 | 17, 0, 0, 0, 0))
    found += tried("vfork", lambda: system(58))
    found += tried("clone3", lambda: system(435, 0, 0))
    found += tried("the grader's line", lambda: os.write(3, b"\0" * 16))
    return found


class Thief(Rows):
    def __getitem__(self, i):
        return len(reached())


def epochs(x, workers):
    found = sum(int(number) for number in DataLoader(Thief(x), num_workers=workers or 1, batch_size=None))
    return x if found else torch.cat([sums(x, workers), sums(x, workers)])


def alone(x):
    return sums(x, 0)


def last(x):
    return -x
