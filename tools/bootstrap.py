"""Make the virtual environment of a checkout: standard library only, any Python from 3.11.

Usage: ``python tools/bootstrap.py FOLDER LOCKFILE [--tool]``; with ``--tool`` MITA itself is left out.
Packages come from the index that pip is configured for and must have the hashes that the lock file names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

OLDEST_PYTHON = (3, 11)
#: Fetched once by pip; it installs the rest five times as fast.
UV = "uv>=0.8"
#: The machine's own certificates, as pip uses them: a company's index often has one that only it knows.
UV_SETTINGS = {"UV_NO_PROGRESS": "1", "UV_SYSTEM_CERTS": "1"}
ROOT = Path(__file__).resolve().parent.parent


def main(folder: str, lock_file: str, tool: str = "") -> None:
    """Create the environment if it is missing and bring it to the lock file's state."""
    if sys.version_info < OLDEST_PYTHON:
        leave(
            f"Python 3.11 or later is needed; {sys.executable} is {sys.version.split()[0]}: "
            "name a newer one, as in 'make demo PYTHON=python3.12'"
        )
    target = Path(folder).absolute()
    python = target / "bin" / "python"
    if not python.exists():
        create(target)
    uv = find_uv(target)
    say(f"Installing what {lock_file} names ...")
    run([*uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", lock_file])
    if tool:
        return
    run(
        [
            *uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(python),
            "--no-deps",
            "--no-build-isolation",
            "-e",
            ".",
        ]
    )


def create(target: Path) -> None:
    """An environment, with pip in it where this Python can do that."""
    say(f"Making {target.name} with Python {sys.version.split()[0]} ...")
    try:
        venv.create(target, with_pip=True, symlinks=True)
    except (subprocess.CalledProcessError, ModuleNotFoundError):
        # Debian ships ensurepip in a package of its own; uv or an outer pip does as well.
        venv.create(target, with_pip=False, symlinks=True, clear=True)


def find_uv(target: Path) -> list[str]:
    """The command that runs uv: the machine's own, or one that pip fetches into the environment."""
    own = target / "bin" / "uv"
    if not own.exists() and (found := shutil.which("uv")):
        return [found]
    if not own.exists():
        run([*find_pip(target), "install", "--quiet", "--disable-pip-version-check", UV])
    return [str(own)]


def find_pip(target: Path) -> list[str]:
    """The command that runs pip for the environment: its own, or the machine's."""
    if (target / "bin" / "pip").exists():
        return [str(target / "bin" / "python"), "-m", "pip"]
    outer = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if outer.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        leave("this Python has no pip: install it (Debian: apt install python3-venv) or uv, then try again.")
    return [sys.executable, "-m", "pip", "--python", str(target / "bin" / "python")]


def run(command: list[str]) -> None:
    """Run a command from the checkout; its own words are the best explanation if it fails."""
    if subprocess.run(command, cwd=ROOT, env={**os.environ, **UV_SETTINGS}, check=False).returncode != 0:
        leave(f"this step failed: {' '.join(command)}")


def say(text: str) -> None:
    """Tell what is being done."""
    sys.stderr.write(f"{text}\n")


def leave(text: str) -> None:
    """End with one clear line."""
    sys.stderr.write(f"setup: {text}\n")
    raise SystemExit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
