"""For those who write the course: build the exercises, prove the suites, release a student's copy."""
