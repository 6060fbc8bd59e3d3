"""QIF: dates and decimals by the file's own evidence, accounts, transfers, splits, trades kept out."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.flows.sources.conftest import Read
from warehouse.records import StatementRefusedError

BOOK = """!Option:AutoSwitch
!Account
NCurrent
TBank
^
NVisa
TCCard
^
!Clear:AutoSwitch
!Account
NCurrent
TBank
^
!Type:Bank
D01/02/2024
T1,000.00
POpening Balance
L[Current]
^
D01/31/2024
T-1,234.50
N101
PLandlord
MRent for
MJanuary
LHousing
SHousing
$-1,200.00
SFees
$-34.50
^
D02/01/2024
T-50.00
PCard
L[Visa]
^
!Account
NVisa
TCCard
^
!Type:CCard
D02/01'24
T50.00
PCard
L[Current]
^
D2/30/2024
T-1.00
PGhost
^
D02/03/2024
T-10.00
SFood
$-9.00
PBad split
^
!Type:Cat
NHousing
^
"""


def test_accounts_transfers_and_splits(read: Read) -> None:
    statement, lines = read(BOOK, name="book.qif", currency="USD")
    rows = [
        (line["account_ref"], line["booked_date"], line["amount_minor"], line["description"])
        for line in lines
    ]
    assert rows[:3] == [
        ("Current", date(2024, 1, 31), -123450, "Landlord Rent for January"),
        ("Current", date(2024, 2, 1), -5000, "Card"),
        ("Visa", date(2024, 2, 1), 5000, "Card"),
    ]
    assert [(account.ref, account.kind, account.opening_balance_minor) for account in statement.accounts] == [
        ("Current", "checking", 100000),
        ("Visa", "card", None),
    ]
    assert [line["bank_kind"] for line in lines[:3]] == [None, "XFER", "XFER"]
    assert json.loads(lines[0]["raw"])["$"] == ["-1,200.00", "-34.50"]
    assert "dates read as M/D/Y" in statement.notes
    assert "records of lists left out: 1 of 'cat'" in statement.notes


def test_what_is_wrong_with_a_record_is_said(read: Read) -> None:
    statement, lines = read(BOOK, name="book.qif", currency="USD")
    assert lines[3]["problem"] == "the date (D) '2/30/2024' is not a date"
    assert (lines[4]["amount_minor"], lines[4]["problem"]) == (-1000, None)
    assert statement.later_notes() == ("line 51: its splits sum to -9.00 USD and not to -10.00 USD",)


@pytest.mark.parametrize(
    ("content", "hints", "day", "minor"),
    [
        ("D13/02/24\nT-1.234,50\nPa\n^\n", {}, date(2024, 2, 13), -123450),
        ("D2/13/24\nT-1,234.50\nPa\n^\n", {}, date(2024, 2, 13), -123450),
        ("D1/ 5' 4\nT12.00\nPa\n^\n", {"country": "US"}, date(2004, 1, 5), 1200),
        ("D1/ 5' 4\nT12.00\nPa\n^\n", {"country": "GB"}, date(2004, 5, 1), 1200),
        ("D2024-01-05\nU12\nPa\n^\n", {}, date(2024, 1, 5), 1200),
        ("D05.01.24\nT12,5\nPa\n^\n", {}, date(2024, 1, 5), 1250),
    ],
)
def test_dates_and_decimals_are_read_by_the_files_own_evidence(
    read: Read, content: str, hints: dict[str, str], day: date, minor: int
) -> None:
    _, (line,) = read("!Type:Bank\n" + content, name="a.qif", currency="EUR", **hints)
    assert (line["booked_date"], line["amount_minor"], line["problem"]) == (day, minor, None)


def test_trades_go_to_quarantine_one_by_one(read: Read) -> None:
    content = "!Type:Bank\nD13/02/24\nT-1.00\nPa\n^\n!Type:Invst\nD13/02/24\nNBuy\nYACME\nT5.00\n^\n"
    statement, lines = read(content, name="a.qif", currency="EUR")
    assert [line["problem"] for line in lines] == [None, "an investment record (Buy) is no bank line"]
    assert "1 investment records are no bank lines and went to quarantine" in statement.notes


def test_a_record_without_its_end_is_kept_apart(read: Read) -> None:
    _, lines = read("!Type:Bank\nD13/02/24\nT-1.00\nPa\n^\nD14/02/24\nT-12", name="a.qif", currency="EUR")
    assert [line["problem"] for line in lines] == [
        None,
        "the record is not ended by ^: the file may be cut off",
    ]


@pytest.mark.parametrize(
    ("content", "currency", "said"),
    [
        ("!Type:Invst\nD13/02/24\nNBuy\n^\n", "EUR", "1 investment records but no bank transactions"),
        ("!Type:Cat\nNFood\n^\n", "EUR", "it holds no transactions"),
        ("!Type:Bank\nD13/02/24\nT1.00\n^\n", "", "QIF names no currency"),
    ],
)
def test_a_file_without_bank_lines_is_refused(read: Read, content: str, currency: str, said: str) -> None:
    with pytest.raises(StatementRefusedError, match=said):
        read(content, name="a.qif", currency=currency)
