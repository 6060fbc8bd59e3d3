"""How a table is understood: by itself, how surely, and by its user's word before any guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from flows.sources.delimited.mapping import fingerprint
from flows.sources.preview import preview
from tests.flows.sources.conftest import Read
from warehouse.records import Decision, ReadingHints, StatementLayout, StatementRefusedError

UNSIGNED = [
    ("2024-01-01", "10.00", "90.00"), ("2024-01-02", "5.00", "95.00"), ("2024-01-03", "7.00", "88.00"),
    ("2024-01-04", "8.00", "80.00"), ("2024-01-05", "20.00", "100.00"),
]  # fmt: skip
DIRECTED = [None, 500, -700, -800, 2000]
UNDIRECTED = "the amount has no sign, and the running balance does not tell its direction"
STRANGE = "Quand;Combien;Quoi\n02/03/2024;1,00;a\n03/04/2024;-2,00;b\n"


def amounts(lines: list[dict[str, object]]) -> list[object]:
    return [line["amount_minor"] for line in lines]


@pytest.mark.parametrize("has_header", [True, False])
@pytest.mark.parametrize("newest_first", [True, False])
def test_the_balance_gives_each_amount_its_sign(read: Read, newest_first: bool, has_header: bool) -> None:  # noqa: FBT001
    rows = [f"{day},shop,{amount},{balance}" for day, amount, balance in UNSIGNED]
    wanted = DIRECTED
    if newest_first:
        rows, wanted = rows[::-1], DIRECTED[::-1]
    header = ["Date,Description,Amount,Balance"] if has_header else []
    statement, lines = read("\n".join([*header, *rows]), currency="EUR")
    assert amounts(lines) == wanted
    assert [line["problem"] for line in lines if line["amount_minor"] is None] == [UNDIRECTED]
    assert "amounts have no sign: the running balance gives it on 4 of 4 lines" in statement.notes
    assert statement.later_notes() == ()


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_balance_gives_signs_over_the_ends_of_batches(
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
    newest_first: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr("flows.sources.delimited.BATCH_ROWS", 2)
    rows = [f"{day},shop,{amount},{balance}" for day, amount, balance in UNSIGNED]
    rows, wanted = (rows[::-1], DIRECTED[::-1]) if newest_first else (rows, DIRECTED)
    _, lines = read("\n".join(["Date,Description,Amount,Balance", *rows]), currency="EUR")
    assert amounts(lines) == wanted


def test_debit_and_credit_without_a_header_are_told_by_the_balance(read: Read) -> None:
    rows = ["01/13/2024,ab,10.00,,90.00", "01/14/2024,bc,,5.00,95.00", "01/15/2024,cd,7.00,,88.00",
            "01/16/2024,de,7.00,,81.00"]  # fmt: skip
    _, lines = read("\n".join(rows), currency="USD")
    assert amounts(lines) == [-1000, 500, -700, -700]


def test_debit_and_credit_without_header_and_balance_are_refused(read: Read) -> None:
    with pytest.raises(StatementRefusedError, match="say which column is which"):
        read("01/13/2024,a,10.00,\n01/14/2024,b,,5.00\n", currency="USD")


def test_a_card_that_marks_payments_by_sign_and_by_word_is_read_by_the_word(read: Read) -> None:
    content = "Date,Description,Amount,Type\n13/01/2024,TESCO,12.50,DEBIT\n14/01/2024,PAID,-100.00,CREDIT\n"
    assert amounts(read(content, currency="GBP")[1]) == [-1250, 10000]


def decision(decisions: tuple[Decision, ...], subject: str) -> Decision:
    return next(made for made in decisions if made.subject == subject)


def test_a_preview_says_how_sure_it_is_and_why(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Date,Description,Amount\n01/02/2024,a,1.00\n03/04/2024,b,2.00\n")
    found = preview(path, ReadingHints(currency="EUR"))
    assert (found.source_format, found.lines_read, found.lines_with_problems) == ("csv", 2, 0)
    order = decision(found.decisions, "date order")
    assert (order.value, order.evidence) == ("D/M/Y", "the file leaves it open")
    assert order.confidence < 0.5
    assert "date order read as 'D/M/Y': the file leaves it open; settle it with --date-order" in found.doubts
    assert any(doubt.startswith("signs read as") for doubt in found.doubts)
    assert found.confidence == order.confidence


def test_what_is_proved_is_no_doubt(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{day},a,-1.00,{100 - number}.00,EUR,DE89370400440532013000" for number, day in
            enumerate(("13/01/2024", "14/01/2024", "15/01/2024"), start=1)]  # fmt: skip
    path.write_text("\n".join(["Date,Description,Amount,Balance,Currency,Account", *rows]))
    found = preview(path, ReadingHints())
    assert found.doubts == ()
    assert decision(found.decisions, "signs").confidence == 1.0


def test_a_preview_of_a_refused_file_gives_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Name,Age\nx,1\n")
    assert "lacks a date" in str(preview(path, ReadingHints()).refusal)


def test_a_users_word_goes_before_the_guess(read: Read) -> None:
    said = StatementLayout(date_order="MDY", signs="inverted", currency="USD", account_ref="mine")
    content = "Date,Description,Amount\n01/02/2024,a,1.00\n03/04/2024,b,-2.00\n"
    statement, lines = read(content, currency="EUR", layouts=(said,))
    assert [line["booked_date"] for line in lines] == [date(2024, 1, 2), date(2024, 3, 4)]
    assert amounts(lines) == [-100, 200]
    assert {(line["currency"], line["account_ref"]) for line in lines} == {("USD", "mine")}
    assert "dates read as M/D/Y, as you confirmed" in statement.notes
    assert "signs turned round, as you confirmed" in statement.notes


def test_later_files_with_the_same_header_follow(read: Read) -> None:
    columns = (("date", "Quand"), ("amount", "Combien"), ("description", "3"))
    first, _ = read(STRANGE, currency="EUR", layouts=(StatementLayout(columns=columns),))
    kept = StatementLayout(first.fingerprint, columns, date_order="MDY")
    later = "Konto 1\n\n" + STRANGE.replace("Quand;Combien", "QUAND ;combien")
    statement, lines = read(later, currency="EUR", layouts=(kept,))
    assert statement.fingerprint == first.fingerprint
    assert [(line["booked_date"], line["amount_minor"], line["description"]) for line in lines] == [
        (date(2024, 2, 3), 100, "a"),
        (date(2024, 3, 4), -200, "b"),
    ]


def test_other_headers_do_not_follow(read: Read) -> None:
    kept = StatementLayout("0" * 32, date_order="MDY")
    _, lines = read("Date,Description,Amount\n01/02/2024,a,1.00\n", currency="EUR", layouts=(kept,))
    assert lines[0]["booked_date"] == date(2024, 2, 1)


def test_unknown_names_are_refused_until_the_user_says_which_they_are(read: Read) -> None:
    with pytest.raises(StatementRefusedError, match="mita statements confirm"):
        read(STRANGE, currency="EUR")


def test_a_column_that_is_not_there_is_told(read: Read) -> None:
    said = StatementLayout(columns=(("amount", "Total"),))
    with pytest.raises(
        StatementRefusedError, match="the table has no column 'Total'; it has 'Date', 'Amount'"
    ):
        read("Date,Amount\n2024-01-13,1.00\n", currency="EUR", layouts=(said,))


def test_a_table_without_header_is_read_by_numbers(read: Read) -> None:
    said = StatementLayout(columns=(("date", "1"), ("debit", "3"), ("credit", "4"), ("description", "2")))
    content = "01/13/2024,a,10.00,\n01/14/2024,b,,5.00\n"
    statement, lines = read(content, currency="USD", layouts=(said,))
    assert amounts(lines) == [-1000, 500]
    kept = replace(said, fingerprint=statement.fingerprint)
    _, later = read(content.replace("10.00", "11.00"), currency="USD", layouts=(kept,))
    assert amounts(later) == [-1100, 500]


def test_a_fingerprint_is_of_names_and_delimiter() -> None:
    assert fingerprint(";", ["Datum ", "Betrag (EUR)"]) == fingerprint(";", ["datum", "BETRAG EUR"])
    assert fingerprint(";", ["Datum", "Betrag"]) != fingerprint(",", ["Datum", "Betrag"])


def test_a_column_called_currency_that_holds_dates_is_the_value_date(read: Read) -> None:
    content = "Datum;Buchungstext;Belastung;Gutschrift;Valuta\n13.01.2024;SHOP;10.00;;14.01.2024\n"
    _, (line,) = read(content, currency="CHF")
    assert (line["amount_minor"], line["currency"], line["problem"]) == (-1000, "CHF", None)
    assert line["value_date"] == date(2024, 1, 14)


def test_names_in_one_word_are_taken_apart(read: Read) -> None:
    _, (line,) = read(
        "dateOp;dateVal;amount;accountNum\n2024-01-13;2024-01-14;-10,00;00040123\n", currency="EUR"
    )
    assert (line["booked_date"], line["amount_minor"], line["account_ref"]) == (
        date(2024, 1, 13),
        -1000,
        "00040123",
    )


def test_a_table_without_header_with_balances_before_and_after(read: Read) -> None:
    rows = ["123\tEUR\t20240113\t100,00\t90,00\t20240113\t-10,00\tBEA SHOP",
            "123\tEUR\t20240114\t90,00\t110,00\t20240114\t20,00\tPAY",
            "123\tEUR\t20240115\t110,00\t105,00\t20240115\t-5,00\tSHOP"]  # fmt: skip
    _, lines = read("\n".join(rows), currency="USD")
    told = [
        (line["amount_minor"], line["balance_minor"], line["currency"], line["description"]) for line in lines
    ]
    assert told == [
        (-1000, 9000, "EUR", "BEA SHOP"),
        (2000, 11000, "EUR", "PAY"),
        (-500, 10500, "EUR", "SHOP"),
    ]
