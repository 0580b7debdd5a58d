"""A right answer → the small slips that a student may make in it: what the explainer replays after the bank.

    slips_of(bank, item) → [Slip(code, source, names)]        every source: the module with one slip in one answer
    STORIES[code] → what the slip is, in the student's words, and its kind

Pure: trees in, source out; nothing here runs, and nothing fails on code that parses.  `grading.explain` replays the
sources, `authoring.mutants` uses the walk and the operators to audit the suites.
"""
