"""Where the data lies: known without importing anything else."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "MITA_HOME"


def default_home() -> Path:
    """``MITA_HOME``, else the per-user data folder of the platform, e.g. ``~/.local/share/mita``."""
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).expanduser().absolute()
    import platformdirs  # noqa: PLC0415 - not needed where the folder is named

    return Path(platformdirs.user_data_path("mita", appauthor=False))
