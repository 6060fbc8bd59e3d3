"""Run the flow run that the environment names: in a fork of the warm process, else right here."""

from __future__ import annotations

import runpy
import sys

from flows.platform.client import run_module
from warehouse.home import default_home

if __name__ == "__main__":
    code = run_module(default_home(), "prefect.engine", [])
    if code is None:
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
    sys.exit(code)
