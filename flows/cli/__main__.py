"""Lets ``python -m flows.cli`` run the ``mita`` command."""

import sys

from flows.cli import main

sys.exit(main())
