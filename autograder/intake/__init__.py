"""What was handed in → clean Submissions.  Untrusted bytes stop here: nothing is run, imported or unpacked.

    PATH… ──▶ folder, archive ──▶ Entry: a name, a module's bytes ──▶ layout: who is a student ──▶ collect: Intake
                                      └▶ notebook: of an .ipynb its code cells

                                                       submitted/<student>/<assignment>/ ──▶ nbgrader: Intake

Fails with `IntakeError`, one line with the thing and the cure, when a PATH named by hand cannot be graded at all.
What is wrong with one submission among others becomes a note, and costs nobody else anything.
"""

from autograder.intake.collect import Intake, collect
from autograder.intake.entry import IntakeError
from autograder.intake.names import file_names
from autograder.intake.nbgrader import collect_assignment

__all__ = ["Intake", "IntakeError", "collect", "collect_assignment", "file_names"]
