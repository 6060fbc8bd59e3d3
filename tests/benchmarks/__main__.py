"""Runs every benchmark of this folder: ``make bench``, or ``python -m tests.benchmarks NAME`` for one.

Each prints its figures as ratios to a floor that it measured in the same run; none fails a build.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

from tests import benchmarks


def main(wanted: list[str]) -> None:
    """Run the benchmarks whose names contain one of the words, or all."""
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name.startswith("bench_") and (not wanted or any(word in module.name for word in wanted)):
            sys.stdout.write(f"\n{module.name.removeprefix('bench_')}\n")
            importlib.import_module(f"tests.benchmarks.{module.name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
