"""What every slot needs, imported by the process that forks them: torch, pytest, the judge; nothing of a course.

A fifth of the time of these imports is garbage collection that finds nothing (3.9 s and 3.1 s on one machine).
"""

# ruff: noqa: E402, F401

import gc

gc.disable()

import pytest
import torch

import autograder.grading.data
import autograder.grading.judge
import autograder.grading.suites
import autograder.sandbox.tiers

gc.enable()
gc.freeze()  # what is here stays; the collections of a slot need not look at it again
