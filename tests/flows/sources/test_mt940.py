"""SWIFT statements: what banks write, in their own ways, and what is wrong with a line or a file."""

from __future__ import annotations

from datetime import date

import pytest

from tests.flows.sources.conftest import Read
from warehouse.records import StatementRefusedError

HEAD = ":20:A\n:25:DE89370400440532013000\n:28C:1/1\n:60F:C240101EUR100,00\n"
TAIL = ":62F:C240131EUR{}\n-\n"


def statement(*lines: str, closing: str = "100,00") -> str:
    return HEAD + "".join(f"{line}\n" for line in lines) + TAIL.format(closing)


@pytest.mark.parametrize(
    ("line", "minor"),
    [
        (":61:2401020102D10,00NTRFNONREF", -1000),
        (":61:2401020102C10,NTRFNONREF", 1000),
        (":61:2401020102DR10,5NTRFNONREF", -1050),
        (":61:2401020102CR,50NTRFNONREF", 50),
        (":61:2401020102RC10,00NTRFNONREF", -1000),
        (":61:2401020102RDR10,00NTRFNONREF", 1000),
        (":61:240102C1.234,56NTRFNONREF", 123456),
        (":61:240102D000000000010,00N102EREF", -1000),
        (":61:240102 D10.00 NTRFNONREF", -1000),
    ],
)
def test_marks_and_amounts(read: Read, line: str, minor: int) -> None:
    _, (found,) = read(statement(line), name="a.sta")
    assert (found["amount_minor"], found["problem"], found["booked_date"]) == (minor, None, date(2024, 1, 2))


@pytest.mark.parametrize(
    ("value", "entry", "booked"),
    [
        ("240102", "1231", date(2023, 12, 31)),
        ("231230", "0102", date(2024, 1, 2)),
        ("240229", "0229", date(2024, 2, 29)),
    ],
)
def test_an_entry_date_is_the_one_nearest_to_the_value_date(
    read: Read, value: str, entry: str, booked: date
) -> None:
    _, (found,) = read(statement(f":61:{value}{entry}D10,00NTRFNONREF"), name="a.sta")
    assert found["booked_date"] == booked


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (":61:2413450101C5,00NTRFNONREF", "the value date (:61:) '241345' is not a date"),
        (":61:2401021345C5,00NTRFNONREF", "the entry date (:61:) '1345' is not a date"),
        (":61:2401020102C5,001NTRFNONREF", "amount (:61:): 5.001 has more decimals than EUR has"),
        (
            f":61:2401020102C{'9' * 20},00NTRFNONREF",
            f"amount (:61:): '{'9' * 20}.00' is too large to be an amount",
        ),
        (":61:nonsense", "the line (:61:) 'nonsense' cannot be read"),
    ],
)
def test_a_line_that_cannot_be_read_says_why_and_the_rest_goes_on(
    read: Read, line: str, problem: str
) -> None:
    statement_, lines = read(statement(line, ":61:240102D1,00NTRFNONREF"), name="a.sta")
    assert [found["problem"] for found in lines] == [problem, None]
    assert len(statement_.later_notes()) == 1


@pytest.mark.parametrize(
    ("details", "name", "text"),
    [
        (":86:166?00GUTSCHRIFT?20EREF+1?21SVWZ+Rent for the long month of?22 May?32KARL?33 KAUF", "KARL KAUF",
         "KARL KAUF Rent for the long month of May"),
        (":86:020~00VE02~20FAKTURA 12~32SKLEP", "SKLEP", "SKLEP FAKTURA 12"),
        (":86:106<00PLATBA<20NAJEM<32JAN NOVAK", "JAN NOVAK", "JAN NOVAK NAJEM"),
        (":86:/TRTP/iDEAL/IBAN/NL00X/BIC/X/NAME/Bol.com/REMI/Order 1/EREF/1", "Bol.com", "Bol.com Order 1"),
        (":86:/CNTP/NL32INGB0000012345/INGBNL2A/ING INZAKE WEB///REMI/USTD//Huur//", "ING INZAKE WEB",
         "ING INZAKE WEB Huur"),
        (":86:BEA   NR:X1   23.05.11/09.08 SHOP", None, "BEA NR:X1 23.05.11/09.08 SHOP"),
        (":86:12/05 payment", None, "12/05 payment"),
    ],
)  # fmt: skip
def test_details_of_many_banks(read: Read, details: str, name: str | None, text: str) -> None:
    _, (found,) = read(statement(":61:2401020102D10,00NTRFNONREF", details), name="a.sta")
    assert (found["counterparty"], found["description"]) == (name, text)


def test_the_kind_may_stand_in_a_field_of_its_own_and_the_account_behind_a_slash(read: Read) -> None:
    content = statement(":61:2401020102D10,00N641NONREF", ":86:944", ":86:944~00CP~20TYTUL~32FIRMA~33SP Z OO")
    parsed, (found,) = read(content.replace(":25:DE", ":25:/DE"), name="a.sta")
    assert (found["counterparty"], found["description"]) == ("FIRMA SP Z OO", "FIRMA SP Z OO TYTUL")
    assert parsed.accounts[0].ref == "DE89370400440532013000"


def test_several_accounts_of_one_file_stay_apart(read: Read) -> None:
    other = HEAD.replace(":25:DE89370400440532013000", ":25:123/456USD").replace("EUR", "USD")
    content = statement(":61:240102D10,00NTRFNONREF", closing="90,00") + other + ":61:240103C1,00NTRFNONREF\n"
    found, lines = read(content + ":62F:C240131USD101,00\n-\n", name="a.sta")
    assert [(line["account_ref"], line["currency"]) for line in lines] == [
        ("DE89370400440532013000", "EUR"),
        ("123/456", "USD"),
    ]
    assert [account.closing_balance_minor for account in found.accounts] == [9000, 10100]
    assert found.later_notes() == ()


INTERIM = (
    ":20:A\n:25:DE89370400440532013000\n:28C:1/1\n:34F:EUR0,\n:13D:2401021200+0100\n"
    ":61:2401020102D10,00NTRFNONREF\n:86:a\n:61:2401020102EC5,00NTRFNONREF\n:86:b\n:90D:{}EUR10,00\n:90C:0EUR0,\n-\n"
)


def test_an_interim_report_is_read_and_its_sums_are_checked(read: Read) -> None:
    found, lines = read(INTERIM.format(1), name="a.txt")
    assert found.source_format == "mt942"
    assert [(line["amount_minor"], line["status"]) for line in lines] == [(-1000, "posted"), (500, "pending")]
    assert found.later_notes() == ()
    wrong, _ = read(INTERIM.format(2), name="a.txt")
    assert "the sums (:90D:) state 2 lines, read were 1" in wrong.later_notes()[0]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_line_ends_and_encodings(read: Read, newline: str, encoding: str) -> None:
    content = statement(":61:2401020102D10,00NTRFNONREF", ":86:Café Müller").replace("\n", newline)
    _, (found,) = read(content, name="a.sta", encoding=encoding)
    assert (found["amount_minor"], found["description"]) == (-1000, "Café Müller")


def test_a_statement_that_ends_in_its_middle_is_refused(read: Read) -> None:
    with pytest.raises(
        StatementRefusedError, match=r"it ends before a closing balance \(:62F:\), after 1 line"
    ):
        read(HEAD + ":61:240102D10,00NTRFNONREF\n:86:a", name="a.sta")
