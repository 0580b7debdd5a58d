import sys


def spoil(frame, event, argument):
    if frame.f_code.co_name in ("rows", "last") and event in ("call", "return"):
        raise ZeroDivisionError
    return spoil


def double(x):
    sys.settrace(spoil)
    sys.setprofile(spoil)
    return 2 * x


def rows(x):
    return x.mean(1, keepdim=True)


def last(x):
    return -x
