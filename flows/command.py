"""The ``mita`` command: handed to the platform's warm process where one listens, else run right here.

What imports much would make every command slow, so nothing is imported before that is known.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flows.platform.client import run_module
from warehouse.home import default_home

#: Commands that start, stop or tell about the platform: they cannot be a part of it.
OF_THE_PLATFORM = frozenset({"up", "down", "status", "demo", "doctor", "docs"})
HOME_OPTION = "--home"


def main() -> int:
    """Run the command line where it starts fastest, and give its exit code."""
    home, arguments = split_home(sys.argv[1:])
    if home is not None:
        os.environ["MITA_HOME"] = str(home.absolute())
    if arguments and not arguments[0].startswith("-") and arguments[0] not in OF_THE_PLATFORM:
        code = run_module(default_home(), "flows.cli", arguments)
        if code is not None:
            return code
    from flows import cli  # noqa: PLC0415 - the point of all this

    return cli.main(arguments)


def split_home(arguments: list[str]) -> tuple[Path | None, list[str]]:
    """The data folder named before the command, if one is, and the rest."""
    match arguments:
        case [option, home, *rest] if option == HOME_OPTION:
            return Path(home), rest
        case [option, *rest] if option.startswith(f"{HOME_OPTION}="):
            return Path(option.partition("=")[2]), rest
    return None, arguments
