"""Rates from the package, a file or a URL: loaded once, corrected when corrected, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

import pytest
from sqlalchemy import text

from flows.rates import ensure_rates, load_rates, missing_rate_advice
from flows.sources.rates import RatesRefusedError
from tests.factories import add_transaction, make_user
from warehouse.repositories.rates import MissingRate, get_rate
from warehouse.settings import Settings

if TYPE_CHECKING:
    from warehouse.engine import Warehouse

TABLE = b"Date,USD,JPY\n2026-10-30,1.1172,175.68\n2026-10-29,1.113,N/A\n"


class Bank(BaseHTTPRequestHandler):
    """Answers with what the test laid down."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {}

    def do_GET(self) -> None:
        status, body = self.answers.get(self.path, (404, b"nothing here"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bank)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MITA_HOME", str(warehouse.settings.root))
    monkeypatch.setenv("MITA_DATABASE_URL", warehouse.server.render_as_string(hide_password=False))
    monkeypatch.delenv("MITA_RATES_URL", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return Settings()


def rate(warehouse: Warehouse, currency: str, day: date) -> Decimal | None:
    with warehouse.transaction() as connection:
        found = get_rate(connection, currency, day)
    return found.units_per_euro if found else None


def test_rates_come_from_the_address_in_the_settings_and_once(
    warehouse: Warehouse, settings: Settings, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Bank.answers = {"/hist.csv": (200, TABLE)}
    monkeypatch.setenv("MITA_RATES_URL", f"{address}/hist.csv")
    assert load_rates.fn(from_url=True).changed == 3
    assert load_rates.fn().changed == 0
    Bank.answers = {"/hist.csv": (200, TABLE.replace(b"1.113,", b"1.114,"))}
    assert load_rates.fn().changed == 1
    assert rate(warehouse, "USD", date(2026, 10, 29)) == Decimal("1.114")
    assert rate(warehouse, "JPY", date(2026, 10, 29)) is None
    assert settings.rates_url is None


@pytest.mark.parametrize("answer", [(404, b""), (500, b"oh"), (200, b"<html>moved</html>")])
def test_a_bad_answer_is_an_error_that_says_so_and_changes_nothing(
    warehouse: Warehouse,
    settings: Settings,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, bytes],
) -> None:
    Bank.answers = {"/hist.csv": answer}
    monkeypatch.setenv("MITA_RATES_URL", f"{address}/hist.csv")
    with pytest.raises(RatesRefusedError, match="rates"):
        load_rates.fn(from_url=True)
    assert rate(warehouse, "USD", date(2026, 10, 30)) is None
    assert settings.root == warehouse.settings.root


def test_without_an_address_the_error_says_how_to_set_one(settings: Settings) -> None:
    assert settings.rates_url is None
    with pytest.raises(RatesRefusedError, match="MITA_RATES_URL"):
        load_rates.fn(from_url=True)


def test_rates_of_ones_own_come_from_a_file(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "dinar.csv"
    path.write_text("Date,KWD\n2026-10-30,0.3429\n")
    assert load_rates.fn(path=str(path)).source == "dinar.csv"
    assert rate(warehouse, "KWD", date(2026, 11, 2)) == Decimal("0.3429")
    assert settings.rates_url is None


def test_shipped_rates_are_loaded_when_somebody_needs_them(warehouse: Warehouse, settings: Settings) -> None:
    user = make_user(warehouse, currency="EUR")
    add_transaction(warehouse, user)
    ensure_rates(settings)
    assert rate(warehouse, "USD", date(2026, 10, 30)) is None
    with warehouse.transaction() as connection:
        connection.execute(text("update app.accounts set currency = 'USD'"))
    ensure_rates(settings)
    assert rate(warehouse, "USD", date(2026, 10, 30)) == Decimal("1.1172")


def test_new_rates_make_the_plans_of_people_with_foreign_money_stale(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    at_home, abroad = make_user(warehouse), make_user(warehouse)
    for user in (at_home, abroad):
        add_transaction(warehouse, user)
    with warehouse.transaction() as connection:
        connection.execute(
            text("update app.accounts set currency = 'USD' where user_id = :id"), {"id": abroad.user_id}
        )
    versions = text("select user_id, version from ops.user_versions")
    with warehouse.transaction() as connection:
        before = dict(connection.execute(versions).tuples().all())
    path = tmp_path / "rates.csv"
    path.write_bytes(TABLE)
    load_rates.fn(path=str(path))
    with warehouse.transaction() as connection:
        after = dict(connection.execute(versions).tuples().all())
    assert {user for user in after if after[user] != before[user]} == {abroad.user_id}
    assert settings.rates_url is None


def test_a_missing_rate_is_told_with_its_cure() -> None:
    (advice,) = missing_rate_advice([MissingRate("KWD", 1, 7, date(2026, 1, 2), date(2026, 3, 4))])
    assert "7 transactions in KWD" in advice
    assert "mita rates load" in advice
