"""What runs inside the jail.  This folder alone is shown to the worker: it imports the standard library, torch,
NumPy and msgpack, and nothing else of the kit, so that no suite, mistake or solution can be within reach."""
