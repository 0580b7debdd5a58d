"""The only place that starts student code.  `inner/` is what runs in the jail; everything else runs in the grader.

    launch   exec's the zygote under a tier and asks it for workers
    proxy    `student` as a suite sees it: calls become frames, frames become values
    tiers    chooses the tier by attacking itself
    shared   read-only data (MNIST) that every worker may map

Nothing is imported here: the worker's side is loaded from `inner` alone.
"""
