"""What ``import ssc_core`` and ``ssc --help`` cost, as ratios to ``import numpy, pandas`` in the same run.

Run: ``python benchmarks/imports.py``. Each is a fresh interpreter; the median of alternating runs is taken.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

CODE = {
    "numpy, pandas": "import numpy, pandas",
    "ssc_core": "import ssc_core",
    "ssc --help": "from ssc_core.cli import app; app.help_print([])",
    "nothing": "pass",
}


def main(rounds: int = 9) -> None:
    times: dict[str, list[float]] = {name: [] for name in CODE}
    for _ in range(rounds):
        for name, code in CODE.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    reference = statistics.median(times["numpy, pandas"])
    for name, values in times.items():
        print(f"{name:<16} {statistics.median(values) / reference:5.2f} x import numpy, pandas")


if __name__ == "__main__":
    main()
