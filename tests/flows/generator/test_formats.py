"""Each format says the balances and the lines that the truth holds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from defusedxml import ElementTree

from flows.generator.formats import WRITERS
from flows.generator.formats.tables import quoted
from flows.generator.life import live
from flows.generator.run import parameters
from flows.generator.statements import Line, Statement, decimal
from tests.flows.generator.conftest import Run
from warehouse.money import Money


def files(run: Run, suffix: str) -> list[tuple[Path, pl.DataFrame]]:
    lines = run.lines.filter(pl.col("file").str.ends_with(suffix)).partition_by("file", as_dict=True)
    return [(run.folder / str(name), found) for (name,), found in lines.items()]


def minor(text: str, currency: str) -> int:
    return Money.of(text, currency).minor


def booked_sum(lines: pl.DataFrame) -> int:
    return int(lines.filter(pl.col("status") == "posted")["amount_minor"].sum())


def test_camt_opening_plus_booked_entries_is_closing(run: Run) -> None:
    found = files(run, ".xml")
    assert found
    for path, lines in found:
        text = path.read_text("utf-8")
        assert ElementTree.fromstring(text).tag.startswith("{urn:iso:std:iso:20022:tech:xsd:camt.053.001.")
        balances = re.findall(
            r'<Cd>(OPBD|CLBD)</Cd></CdOrPrtry></Tp><Amt Ccy="(\w+)">([\d.]+)</Amt><CdtDbtInd>(\w+)<', text
        )
        (_, currency, opening, first), (_, _, closing, last) = balances
        signs = {"CRDT": 1, "DBIT": -1}
        change = signs[last] * minor(closing, currency) - signs[first] * minor(opening, currency)
        assert change == booked_sum(lines), path.name


def test_mt940_opening_plus_entries_is_closing(run: Run) -> None:
    found = files(run, ".sta")
    assert found
    for path, lines in found:
        text = path.read_text("ascii")
        balances = re.findall(r":6[02]F:([CD])\d{6}([A-Z]{3})([\d,]+)", text)
        opening, closing = (
            (1 if mark == "C" else -1) * minor(amount.replace(",", ".").rstrip("."), currency)
            for mark, currency, amount in balances
        )
        assert closing - opening == booked_sum(lines), path.name
        assert text.count(":61:") == len(lines)


def test_ofx_ends_with_the_balance_after_its_last_line(run: Run) -> None:
    found = files(run, ".ofx")
    accounts = {row["account"]: row for row in run.accounts.iter_rows(named=True)}
    for path, lines in found:
        account = accounts[lines["account"][0]]
        text = path.read_bytes().decode("utf-8" if path.read_bytes().startswith(b"<?xml") else "cp1252")
        stated = re.search(r"<BALAMT>(-?[\d.]+)", text)
        last = lines["date"].max()
        until = run.events.filter(
            pl.col("posted") & (pl.col("account") == account["account"]) & (pl.col("booked_date") <= last)
        )
        assert stated is not None
        assert minor(stated[1], account["currency"]) == account["opening_minor"] + until["amount_minor"].sum()
        assert text.count("<STMTTRN>") == len(lines)


def test_qif_holds_every_line(run: Run) -> None:
    found = files(run, ".qif")
    assert found
    for path, lines in found:
        amounts = re.findall(r"^T(-?[\d,.]+)", path.read_text("cp1252"), re.MULTILINE)
        currency = lines["currency"][0]
        assert [minor(a.replace(",", ""), currency) for a in amounts] == lines["amount_minor"].to_list()


@pytest.mark.parametrize(
    ("amount", "currency", "point", "thousands", "text"),
    [
        (123456789, "EUR", ",", ".", "1.234.567,89"),
        (-5, "EUR", ".", "", "-0.05"),
        (1500, "JPY", ",", ".", "1.500"),
        (-1234, "KWD", ".", "", "-1.234"),
        (0, "USD", ".", "", "0.00"),
    ],
)
def test_amounts_have_their_currencys_decimals(
    amount: int, currency: str, point: str, thousands: str, text: str
) -> None:
    assert decimal(amount, currency, point, thousands) == text


def test_fields_are_quoted_when_they_need_it() -> None:
    assert quoted("a;b", ";", always=False) == '"a;b"'
    assert quoted('say "hi"', ";", always=False) == '"say ""hi"""'
    assert quoted("plain", ";", always=False) == "plain"
    assert quoted("plain", ";", always=True) == '"plain"'


def line(text: str) -> Line:
    moment = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    return Line(
        event=1,
        booked_date=date(2026, 3, 29),
        value_date=date(2026, 3, 29),
        spent_at=moment,
        amount_minor=-450,
        is_pending=False,
        text=text,
        counterparty="A & B <Ltd>",
        reference="R1",
        kind="purchase",
        channel="card",
        mcc="5814",
        balance_minor=550,
        original_currency="",
        original_minor=0,
    )


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_markup_and_delimiters_in_texts_do_not_break_a_format(name: str) -> None:
    params = parameters(1, 1, 1)
    account = live(0, params).accounts[0]
    text = 'M&S <1>; "x", y'
    statement = Statement(account, "A & B", date(2026, 3, 1), date(2026, 3, 31), 1000, 550, [line(text)])
    write, extension = WRITERS[name]
    content, numbers = write(statement)
    assert len(numbers) == 1
    if extension == "xml" or name == "ofx2":
        assert ElementTree.fromstring(content) is not None
    if extension == "csv":
        assert content.count(b'""x""') == 1
