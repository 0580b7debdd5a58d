"""Hands descriptors to the grader, with and without a message around them; it must not keep them, nor be confused."""

import os
import socket
import stat


def own_socket():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return socket.socket(fileno=os.dup(number))
        except OSError:
            pass
    return None


def double(x):
    """Two hundred descriptors with one byte: the byte alone spoils the exchange."""
    connection = own_socket()
    for _ in range(200):
        socket.send_fds(connection, [b""], [0])  # without a byte nothing is sent on a stream
    socket.send_fds(connection, [b"\0"], [0] * 200)
    return 2 * x


def rows(x):
    """Its own socket through its own socket: a circle that only the kernel's collector can free."""
    connection = own_socket()
    socket.send_fds(connection, [(8).to_bytes(8, "big") + b"\xc0" * 8], [connection.fileno()])
    return x.mean(1, keepdim=True)


def classify(x):
    """Out-of-band data, forged credentials, and the line closed on one side."""
    connection = own_socket()
    credentials = b"".join(number.to_bytes(4, "little") for number in (1, 0, 0))
    for way in (
        lambda: connection.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)]),
        lambda: connection.send(b"\0", socket.MSG_OOB),
        lambda: connection.shutdown(socket.SHUT_WR),
    ):
        try:
            way()
        except OSError:
            pass
    return (x.sum(1) > 0).long()


def last(x):
    return -x
