"""What a call costs here and in the projects one could use instead: `./dev bench`.

Timing belongs here and never into the test suite. Each contender is a Django project of its own in
a process of its own (`peers/`), on the same database server and the same Valkey, and they take
turns: whatever else the machine does meets all of them alike.
"""
