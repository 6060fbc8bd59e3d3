"""Renew what follows from receipts that were read: ``python -m flows.receipts.renewal``."""

from __future__ import annotations

from flows.receipts.flow import renew
from warehouse.settings import Settings

if __name__ == "__main__":
    renew(Settings())
