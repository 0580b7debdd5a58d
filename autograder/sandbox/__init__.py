"""The only place that starts student code.  `inner/` is what runs in the jail; everything else runs in the grader.

    view     what a zygote sees of the machine, and the commands behind it
    nursery  the one process that imports torch and forks every zygote
    walls    bubblewrap's, into which a zygote is let
    launch   asks for a zygote under a tier, and for workers from it
    endings  how a worker ends: the student's doing, or our fault
    cgroup   a cap on the memory that no limit of a process counts
    printed  what graded code prints, for staff
    proxy    `student` as a suite sees it: calls become frames, frames become values
    answers  what an answer says when it is no value, checked
    tiers    chooses the tier by attacking itself
    shared   read-only data (MNIST) that every worker may map

Nothing is imported here: the worker's side is loaded from `inner` alone.
"""
