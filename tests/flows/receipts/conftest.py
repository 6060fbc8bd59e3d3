"""What tests of receipts share."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.engine import Warehouse
from warehouse.receipt_store import ReceiptStore


@pytest.fixture
def store(warehouse: Warehouse, tmp_path: Path) -> ReceiptStore:
    """A folder of the test's own for sealed photos."""
    return ReceiptStore(str(tmp_path / "store"), ReceiptStore.of(warehouse.settings).seal)
