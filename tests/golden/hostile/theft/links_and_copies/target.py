"""The forbidden file under another name: links, descriptors without rights, copies made by the kernel."""

import mmap
import os
import socket

SECRETS = ("{{home}}/notes.txt", "{{course}}/labels.txt", "{{course}}/solutions/u00_target/target.py")


def read(name):
    with open(name) as file:
        text = file.read()
    print(text)
    raise ValueError(text)


def double(x):
    """A hard link and a symbolic one in my own folder."""
    for number, secret in enumerate(SECRETS):
        for link in (os.link, os.symlink):
            try:
                link(secret, f"mine-{link.__name__}-{number}")
                read(f"mine-{link.__name__}-{number}")
            except OSError:
                pass
    return 2 * x


def rows(x):
    """O_PATH opens nothing and so may be allowed; what can be done with it?"""
    for secret in SECRETS:
        try:
            handle = os.open(secret, os.O_PATH)
        except OSError:
            continue
        for way in (lambda h: os.pread(h, 100, 0), lambda h: read(f"/proc/self/fd/{h}"), lambda h: mmap.mmap(h, 10)):
            try:
                return repr(way(handle))
            except OSError:
                pass
    return x.mean(1, keepdim=True)


def classify(x):
    """From a folder that was only named: relative opening, and a changed working directory."""
    home = os.getcwd()
    for secret in SECRETS:
        folder, name = os.path.split(secret)
        try:
            return os.read(os.open(name, os.O_RDONLY, dir_fd=os.open(folder, os.O_PATH)), 100)
        except OSError:
            pass
        try:
            os.chdir(folder)
            return open(name).read()
        except OSError:
            pass
        finally:
            os.chdir(home)
    return (x.sum(1) > 0).long()


def last(x):
    """The kernel as a reader."""
    ours, theirs = socket.socketpair()
    for secret in SECRETS:
        for flags in (os.O_RDONLY, os.O_PATH, os.O_RDWR, os.O_RDONLY | os.O_NOATIME):
            try:
                os.sendfile(theirs.fileno(), os.open(secret, flags), 0, 100)
                return ours.recv(100)
            except OSError:
                pass
    return -x
