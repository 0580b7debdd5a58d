import time


class Slow:
    ready = False

    def __repr__(self):
        while Slow.ready:
            time.sleep(1)
        return "slow"


kept = [Slow()]


def double(x):
    Slow.ready = True
    return 2 * x


def last(x):
    return -x
