"""Runs hidden suites over submissions: suites → judge → explain → score, in slots, into a store.

run.grade(course, submissions, options)     the coordinator: one process, imports no torch
  ├─ digest                                 what a result hangs on; what the store holds is not judged again
  └─ pool                                   slots: jobs in, each item's result out (as `slots` says); forks starts them
     or cluster                             the same on many machines (Dask): muster says which, station is what they do
slot (a process per core)                   one zygote, one pytest session that serves submissions
       suites    pytest as a library: collects once, runs one test at a time
       known     a test that gets the answers it passed with before is not run again
       judge     one submission: workers, items, verdicts
       explain   why a test failed, by replaying it through known mistakes
       score     pure: outcomes → points
store                                       results the moment they are there (SQLite)
"""
