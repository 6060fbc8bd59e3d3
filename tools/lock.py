"""Renew the lock files: names, versions and hashes for every platform and Python from 3.11, no addresses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"
#: Each lock file with what it resolves.
LOCKS = (
    ("requirements.lock", ["pyproject.toml", "--group", "pyproject.toml:build"]),
    (
        "requirements-dev.lock",
        ["pyproject.toml", "--group", "pyproject.toml:build", "--group", "pyproject.toml:dev"],
    ),
    ("requirements-client.lock", ["--group", "pyproject.toml:client"]),
)


def main() -> None:
    """Resolve anew, keeping versions that still fit."""
    for name, sources in LOCKS:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "uv",
                "pip",
                "compile",
                *sources,
                "--universal",
                f"--python-version={OLDEST_PYTHON}",
                "--generate-hashes",
                "--no-header",
                "--no-annotate",
                "--no-emit-index-url",
                "--no-emit-find-links",
                "--quiet",
                "--output-file",
                name,
                *sys.argv[1:],
            ],
            cwd=ROOT,
            check=True,
        )


if __name__ == "__main__":
    main()
