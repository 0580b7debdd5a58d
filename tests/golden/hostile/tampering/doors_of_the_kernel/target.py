"""Calls that ask the kernel for more: namespaces, mounts, bpf, io_uring, keyrings, devices, handles.

EPERM from every one of them says that it was refused before its arguments were looked at.
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
SAME = dict(io_uring_setup=425, io_uring_register=427, open_tree=428, move_mount=429, fsopen=430, mount_setattr=442)
SAME |= dict(pidfd_open=434, pidfd_getfd=438, process_madvise=440, memfd_secret=447, fchmodat2=452, setxattrat=463)
OWN = {
    "x86_64": dict(bpf=321, keyctl=250, add_key=248, perf_event_open=298, userfaultfd=323, kcmp=312, kexec_load=246),
    "aarch64": dict(bpf=280, keyctl=219, add_key=217, perf_event_open=241, userfaultfd=282, kcmp=272, kexec_load=104),
}[os.uname().machine]
NEW_NAMESPACES = (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x80)


def refused(code):
    return code == -1 and ctypes.get_errno() == errno.EPERM


def double(x):
    """A user namespace of one's own is root in it, and root may mount."""
    return 2 * x if all(refused(libc.unshare(kind)) for kind in NEW_NAMESPACES) and refused(libc.setns(0, 0)) else x


def rows(x):
    """The folder of labels under another name; the root somewhere else.  (All of them only name an own folder.)"""
    os.makedirs("inside", exist_ok=True)
    mounted = libc.mount(b"{{course}}", b"inside", None, 4096, None), libc.umount2(b"inside", 0), libc.chroot(b"inside")
    return x.mean(1, keepdim=True) if mounted == (-1, -1, -1) and not os.listdir("inside") else x


def classify(x):
    let = [name for name, number in (SAME | OWN).items() if not refused(libc.syscall(number, 0, 0, 0, 0, 0))]
    return let or (x.sum(1) > 0).long()


def last(x):
    """Files by number instead of name, and powers asked back."""
    handle = ctypes.create_string_buffer((128).to_bytes(4, "little"), 140)
    mount = ctypes.c_int()
    named = libc.name_to_handle_at(-100, b"{{course}}/labels.txt", handle, ctypes.byref(mount), 0)
    opened = libc.open_by_handle_at(-100, handle, os.O_RDONLY)
    return -x if named == opened == -1 and refused(libc.setresuid(0, 0, 0)) and refused(libc.setgroups(0, None)) else x
