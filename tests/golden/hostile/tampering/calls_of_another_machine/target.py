"""On x86-64 the same kernel takes calls by two other doors: int 0x80 (32 bit) and x32 numbers.  A filter that
forgets them filters nothing.  Elsewhere there is no such door, and it answers as it should."""

import ctypes
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)
X32, SOCKET = 0x40000000, 41


def double(x):
    """socket() by its x32 number."""
    made = os.uname().machine == "x86_64" and libc.syscall(X32 | SOCKET, 1, 1, 0) >= 0
    return "made" if made else 2 * x


def rows(x):
    """unlink("/nowhere") and socket() by int 0x80, in eleven bytes of machine code."""
    if os.uname().machine != "x86_64":
        os._exit(0)
    rights, private = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    code = mmap.mmap(-1, 4096, flags=private, prot=rights)
    # push rbx; mov eax, 64 (getppid); int 0x80; pop rbx; ret
    code.write(b"\x53\xb8\x40\x00\x00\x00\xcd\x80\x5b\xc3")
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    return f"parent {call()}"


def last(x):
    return -x
