"""What API calls leave behind: gathered in the process, written in batches.

A write per authentication is what made other products' token tables deadlock. Here a request pays
for an entry in a list; a thread writes about once a second, and once more when the process ends. A
process that is killed outright loses what it gathered since.
"""

import os

from accounts.usage.buffer import CallBuffer
from accounts.usage.calls import Call, Outcome

usage = CallBuffer()
os.register_at_fork(after_in_child=usage.start_anew)

__all__ = ["Call", "CallBuffer", "Outcome", "usage"]
