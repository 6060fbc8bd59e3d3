"""A user's word on a bank's tables is kept for that user, and followed by later files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.cli import app
from tests.factories import make_user
from tests.flows.conftest import Ingest
from warehouse.engine import Warehouse
from warehouse.records import StatementLayout
from warehouse.repositories.layouts import add_layout, delete_layout, list_layouts
from warehouse.repositories.users import User

SAID = StatementLayout("f" * 32, (("amount", "Combien"),), 3, "MDY", ",", "inverted", "USD", "mine")


def test_a_layout_is_kept_replaced_and_forgotten(warehouse: Warehouse) -> None:
    user, stranger = make_user(warehouse), make_user(warehouse)
    with warehouse.transaction() as connection:
        add_layout(connection, user.user_id, StatementLayout("f" * 32, date_order="DMY"))
        add_layout(connection, user.user_id, SAID)
        assert list_layouts(connection, user.user_id) == (SAID,)
        assert list_layouts(connection, stranger.user_id) == ()
        assert not delete_layout(connection, stranger.user_id, "f" * 32)
        assert delete_layout(connection, user.user_id, "f" * 32)
        assert list_layouts(connection, user.user_id) == ()


def test_what_is_confirmed_once_holds_for_the_next_file(
    warehouse: Warehouse,
    user: User,
    ingest_files: Ingest,
    write: Callable[[str, str | bytes], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    header = "Quand;Combien;Quoi\n"
    first = write("first.csv", header + "02/03/2024;1,00;a\n")
    (refused,) = ingest_files(first)
    assert "mita statements confirm" in str(refused.refusal)
    monkeypatch.setattr("warehouse.provision.provision", lambda *_: None)
    words = [
        "--date-column",
        "Quand",
        "--amount-column",
        "2",
        "--description-column",
        "Quoi",
        "--date-order",
        "MDY",
    ]
    app(["statements", "confirm", str(first), "--user", user.email, *words, "--json"], standalone_mode=False)
    assert '"lines_read": 1' in capsys.readouterr().out
    (loaded,) = ingest_files(write("second.csv", header + "05/06/2024;-2,00;b\n"))
    assert (loaded.outcome, loaded.transactions_added) == ("loaded", 1)
    assert "dates read as M/D/Y, as you confirmed" in loaded.notes
    with warehouse.transaction() as connection:
        days = connection.execute(text("select booked_date from app.transactions")).scalars().all()
    assert days == [date(2024, 5, 6)]
