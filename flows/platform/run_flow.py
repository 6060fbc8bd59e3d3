"""Run the flow run that the environment names: in a fork of the warm process, else right here."""

from __future__ import annotations

import runpy
import sys

from flows.platform import warm
from warehouse.settings import Settings

if __name__ == "__main__":
    code = warm.run_module(Settings(), "prefect.engine", [])
    if code is None:
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
    sys.exit(code)
