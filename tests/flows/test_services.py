"""What the services of a platform are started with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.platform.services import compiled_modules
from warehouse.settings import Settings


def test_compiled_modules_are_kept_where_python_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    assert compiled_modules(settings) == {}
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environment = {**os.environ, **compiled_modules(settings)}
    subprocess.run([sys.executable, "-c", "import api.clock"], check=True, env=environment)
    assert list(tmp_path.rglob("clock.*.pyc"))
