"""An nbgrader grade book: gradebook.db and autograded/ beside it, as formgrader and `nbgrader export` read them.

    deadlines(path, unit) → what the book knows of due dates      before anything is judged
    write_grades(grade, course, unit, path, lang) → Written       after all is judged
        cells       which cells of the notebook hold an item's points and comment
        book        rows, through nbgrader.api.Gradebook and nothing else
        autograded  the student's notebook without outputs and metadata, for formgrader and generate_feedback

It runs in the process that typed the command, never in one that runs student code.  What a person entered is kept:
manual scores, comments, extra credit.  Fails with `GradebookError` (file, reason, cure).
"""

from autograder.gradebook.book import deadlines, write_grades
from autograder.gradebook.cells import GradebookError, Written

__all__ = ["GradebookError", "Written", "deadlines", "write_grades"]
