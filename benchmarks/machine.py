"""What was measured on, in words that name no machine."""

import os
import platform
from dataclasses import asdict
from typing import Any

from benchmarks.contenders import versions
from benchmarks.sections import Size
from benchmarks.stores import Stores


def about(stores: Stores, size: Size, *, load: float) -> dict[str, Any]:
    """`load`: what was waiting for a core before the run began."""
    return {
        "load": load,
        "cores": os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "postgresql": stores.version(),
        "versions": versions(),
        "size": asdict(size),
    }
