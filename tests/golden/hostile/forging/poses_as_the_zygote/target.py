import gc
import os
import socket
import stat
import sys

wire = sys.modules["inner.wire"]
REPORTS = ({"pid": 1}, {"exit": 0, "killed": False, "cpu": 0.0, "rss_mb": 1}, {"ready": {}, "threads": 1})


def double(x):
    sockets = [found for found in gc.get_objects() if isinstance(found, socket.socket) and found.fileno() >= 0]
    for descriptor in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                sockets.append(socket.socket(fileno=os.dup(descriptor)))
        except OSError:
            pass
    for each in sockets:
        for report in REPORTS:
            wire.send(each, wire.pack(report))
    return 2 * x


def rows(x):  # a twin that goes on as the parent of later workers
    if os.fork() == 0:
        sys.modules["inner.zygote"]._serve(None, None, None)
    return x.mean(1, keepdim=True)


def last(x):
    return -x
