"""What every slot needs, imported by the process that they are forked from: torch and pytest, nothing of a course.

A fifth of the time of these imports is garbage collection that finds nothing (3.9 s and 3.1 s on one machine).
"""

import gc

gc.disable()

import pytest  # noqa: E402, F401
import torch  # noqa: E402
import torch._dynamo  # noqa: E402, F401

gc.enable()
gc.freeze()  # what is here stays; the collections of a slot need not look at it again
