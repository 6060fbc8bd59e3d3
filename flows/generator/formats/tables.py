"""CSV as banks of different countries write it: eight dialects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.generator.events import ATM, BANK, CARD, DEBIT
from flows.generator.statements import decimal

if TYPE_CHECKING:
    from flows.generator.statements import Line, Statement, Writer

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One bank family's way of writing a table."""

    header: Row
    row: Callable[[Line, str], Row]
    delimiter: str = ","
    encoding: str = "utf-8"
    quote_all: bool = False
    newest_first: bool = False
    shows_status: bool = False
    preamble: Callable[[Statement], list[str]] | None = None
    line_end: str = "\r\n"


def quoted(value: str, delimiter: str, *, always: bool) -> str:
    """A field with quotes where it needs them."""
    if always or delimiter in value or '"' in value:
        return '"' + value.replace('"', '""') + '"'
    return value


def writer(dialect: Dialect) -> Writer:
    """The writer of a dialect."""

    def write(statement: Statement) -> tuple[bytes, list[int]]:
        currency, delimiter = statement.account.currency, dialect.delimiter
        rows = [dialect.row(line, currency) for line in statement.lines]
        if dialect.newest_first:
            rows.reverse()
        written = [
            delimiter.join(quoted(v, delimiter, always=dialect.quote_all) for v in row) for row in rows
        ]
        before = dialect.preamble(statement) if dialect.preamble else []
        header = delimiter.join(quoted(v, delimiter, always=dialect.quote_all) for v in dialect.header)
        text = dialect.line_end.join((*before, header, *written, ""))
        first = len(before) + 2
        numbers = list(range(first, first + len(rows)))
        return text.encode(dialect.encoding, "replace"), numbers[::-1] if dialect.newest_first else numbers

    return write


def _sides(line: Line, currency: str, point: str = ".", thousands: str = "") -> tuple[str, str]:
    text = decimal(abs(line.amount_minor), currency, point, thousands)
    return (text, "") if line.amount_minor < 0 else ("", text)


UK_TYPES = {CARD: "DEB", ATM: "CPT", DEBIT: "DD", BANK: "PAY"}


def _uk(line: Line, currency: str) -> Row:
    debit, credit = _sides(line, currency)
    kind = UK_TYPES.get(line.channel, "FPO" if line.amount_minor < 0 else "FPI")
    return (
        f"{line.booked_date:%d/%m/%Y}",
        kind,
        line.text,
        debit,
        credit,
        decimal(line.balance_minor, currency),
    )


def _neo(line: Line, currency: str) -> Row:
    original = decimal(line.original_minor or line.amount_minor, line.original_currency or currency)
    return (
        line.reference,
        f"{line.booked_date:%d/%m/%Y}",
        f"{line.spent_at:%H:%M:%S}",
        "Card payment" if line.channel == CARD else "Faster payment",
        line.text,
        decimal(line.amount_minor, currency),
        currency,
        original,
        line.original_currency or currency,
        "Pending" if line.is_pending else "Settled",
    )


def _german_preamble(statement: Statement) -> list[str]:
    closing = decimal(statement.closing_minor, statement.account.currency, ",", ".")
    return [
        f'"Kontonummer:";"{statement.account.ref}"',
        f'"Kontoinhaber:";"{statement.holder}"',
        f'"Zeitraum:";"{statement.start:%d.%m.%Y} - {statement.as_of:%d.%m.%Y}"',
        f'"Kontostand vom {statement.as_of:%d.%m.%Y}:";"{closing} {statement.account.currency}"',
        "",
    ]


GERMAN_KINDS = {CARD: "KARTENZAHLUNG", ATM: "BARGELDAUSZAHLUNG", DEBIT: "FOLGELASTSCHRIFT", BANK: "ABSCHLUSS"}


def _german(line: Line, currency: str) -> Row:
    kind = GERMAN_KINDS.get(line.channel, "ÜBERWEISUNG" if line.amount_minor < 0 else "GUTSCHRIFT")
    return (
        f"{line.booked_date:%d.%m.%Y}",
        f"{line.value_date:%d.%m.%Y}",
        line.counterparty,
        kind,
        line.text,
        decimal(line.amount_minor, currency, ",", "."),
        currency,
        decimal(line.balance_minor, currency, ",", "."),
    )


def _bulgarian(line: Line, currency: str) -> Row:
    debit, credit = _sides(line, currency, ",")
    balance = decimal(line.balance_minor, currency, ",")
    days = (f"{line.booked_date:%d.%m.%Y}", f"{line.value_date:%d.%m.%Y}")
    return (*days, line.text, line.counterparty, debit, credit, currency, balance)


def _american(line: Line, currency: str) -> Row:
    debit, credit = _sides(line, currency)
    status = "Pending" if line.is_pending else "Cleared"
    return (status, f"{line.booked_date:%m/%d/%Y}", line.text, debit, credit)


def _french_preamble(statement: Statement) -> list[str]:
    closing = decimal(statement.closing_minor, statement.account.currency, ",", " ")
    return [
        f"Compte n° {statement.account.ref}",
        f"Solde au {statement.as_of:%d/%m/%Y};{closing} {statement.account.currency}",
        "",
    ]


def _french(line: Line, currency: str) -> Row:
    debit, credit = _sides(line, currency, ",", " ")
    return (f"{line.booked_date:%d/%m/%Y}", line.text, f"-{debit}" if debit else "", credit)


def _polish(line: Line, currency: str) -> Row:
    return (
        f"{line.value_date:%Y-%m-%d}",
        f"{line.booked_date:%Y-%m-%d}",
        line.text,
        line.counterparty,
        f"{decimal(line.amount_minor, currency, ',', ' ')} {currency}",
        f"{decimal(line.balance_minor, currency, ',', ' ')} {currency}",
    )


def _iso(line: Line, currency: str) -> Row:
    return (
        f"{line.booked_date}",
        f"{line.value_date}",
        line.text,
        line.counterparty,
        decimal(line.amount_minor, currency),
        currency,
        "" if line.is_pending else decimal(line.balance_minor, currency),
        "pending" if line.is_pending else "booked",
        line.reference,
    )


DIALECTS: dict[str, Dialect] = {
    "uk": Dialect(
        (
            "Transaction Date",
            "Transaction Type",
            "Transaction Description",
            "Debit Amount",
            "Credit Amount",
            "Balance",
        ),
        _uk,
        newest_first=True,
    ),
    "neo": Dialect(
        (
            "Transaction ID",
            "Date",
            "Time",
            "Type",
            "Name",
            "Amount",
            "Currency",
            "Local amount",
            "Local currency",
            "Status",
        ),
        _neo,
        shows_status=True,
        line_end="\n",
    ),
    "de": Dialect(
        (
            "Buchungstag",
            "Valutadatum",
            "Beguenstigter/Zahlungspflichtiger",
            "Buchungstext",
            "Verwendungszweck",
            "Betrag",
            "Waehrung",
            "Saldo",
        ),
        _german,
        delimiter=";",
        encoding="cp1252",
        quote_all=True,
        newest_first=True,
        preamble=_german_preamble,
    ),
    "bg": Dialect(
        ("Дата", "Вальор", "Описание", "Контрагент", "Дебит", "Кредит", "Валута", "Салдо"),
        _bulgarian,
        delimiter=";",
        encoding="cp1251",
    ),
    "us": Dialect(
        ("Status", "Date", "Description", "Debit", "Credit"), _american, newest_first=True, shows_status=True
    ),
    "fr": Dialect(
        ("Date", "Libellé", "Débit euros", "Crédit euros"),
        _french,
        delimiter=";",
        encoding="cp1252",
        newest_first=True,
        preamble=_french_preamble,
    ),
    "pl": Dialect(
        ("Data operacji", "Data księgowania", "Opis operacji", "Kontrahent", "Kwota", "Saldo po operacji"),
        _polish,
        delimiter=";",
        encoding="cp1250",
    ),
    "iso": Dialect(
        (
            "booking_date",
            "value_date",
            "description",
            "counterparty",
            "amount",
            "currency",
            "balance",
            "status",
            "reference",
        ),
        _iso,
        shows_status=True,
        line_end="\n",
    ),
}
