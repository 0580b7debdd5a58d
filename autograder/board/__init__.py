"""The student's board: a pytest plugin that judges each public test in words.  Loaded by `-p autograder.board`.

    collect → brokenfile    a file that does not load is told in words, the other units go on
    run     → calls         the last call of the item is remembered
            → explain       an exception becomes a Trouble: the call, the answer, the cause, the student's line
    end     → tally         tests become items, items become units
            → blocks, score the words on the terminal;  jsonfile: the same for `autograder ci`

A test without an `item` marker is none of its business.  Nothing here imports torch or yaml before a test asks for it,
and nothing here enters a grade: the tests run beside the student's code, so the board is advice.
"""

from autograder.board.options import pytest_addoption, pytest_cmdline_main, pytest_configure

__all__ = ["pytest_addoption", "pytest_cmdline_main", "pytest_configure"]
