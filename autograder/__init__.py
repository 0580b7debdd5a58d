"""A course-grading kit for PyTorch: stubs teach, hidden suites judge, reports explain.

    submissions ─▶ intake ─▶ sandbox ─▶ checks ─▶ score ─▶ reports
     (untrusted)   bytes     values     verdicts   points   text, json, csv, html

Two processes meet over a wire that carries data only: the grader holds suites, answers and labels and runs pytest;
the worker, in the sandbox, holds the student's module and torch.  A verdict is never computed next to student code.
Start reading at `cli.py`, then `grading/__init__.py`.
"""

__version__ = "0.1.0"
