"""A pair of datagram sockets is made without a name, and each end may send to any name there is: the machine's
log, a service, an abstract socket of the grader's.  Neither Landlock nor a refused `connect` is in the way."""

import socket

NAMES = ("/dev/log", "/run/systemd/journal/socket", "/run/systemd/notify", "/run/dbus/system_bus_socket", "\0autograder")


def pair(kind):
    try:
        return socket.socketpair(socket.AF_UNIX, kind)
    except OSError:
        return None


def double(x):
    if ends := pair(socket.SOCK_DGRAM):
        for name in NAMES:
            try:
                return ends[0].sendto(b"<12>planted by a submission", name)
            except OSError:
                pass
        return "nobody listened, but the post went out"
    return 2 * x


def rows(x):
    """AF_UNIX makes a datagram socket of a raw one."""
    return x if pair(socket.SOCK_RAW) or pair(socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) else x.mean(1, keepdim=True)


def classify(x):
    """Connected kinds go to their other end only, whatever address is written on them."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        ours, theirs = pair(kind)
        for name in NAMES:
            for way in (lambda: ours.sendto(b"x", name), lambda: ours.connect(name), lambda: ours.bind(name)):
                try:
                    way()
                    if theirs.recv(10, socket.MSG_DONTWAIT) != b"x":
                        return name
                except OSError:
                    pass
    return (x.sum(1) > 0).long()


def last(x):
    """What a queue or an event loop needs is there."""
    ours, theirs = socket.socketpair()
    ours.send(b"x")
    return -x if theirs.recv(1) == b"x" else x
