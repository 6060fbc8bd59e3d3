"""QIF, the format of Quicken that many programs still write: no currency, no encoding, no order of dates.

These are decided from the whole file in a first reading, as for tables; then the records are read in chunks.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

import polars as pl

from flows.sources.balances import Findings
from flows.sources.contents import ascii_view, refuse
from flows.sources.delimited.amounts import AmountEvidence, Amounts, Decimal
from flows.sources.delimited.dates import DateEvidence, Order, read_dates
from flows.sources.delimited.encoding import Encoding, detect
from flows.sources.delimited.records import text_blocks
from flows.sources.delimited.vocabulary import currency_of
from flows.sources.lines import BATCH_ROWS, StatementLine, batches_of, one_text
from warehouse.money import Money, exponent
from warehouse.records import AccountKind, ReadingHints, Statement, StatementAccount

NAME = "qif"

_IDENTITY = re.compile(rb"\s*!(?:Type\s*:|Account|Option\s*:|Clear\s*:)", re.IGNORECASE)
_KINDS: dict[str, AccountKind] = {
    "bank": "checking", "ccard": "card", "cash": "cash", "oth l": "loan", "oth a": "unknown",
}  # fmt: skip
#: Sections whose records are transactions of an account, and those whose records would be trades.
_BANKING = frozenset(_KINDS)
_INVESTING = frozenset({"invst", "port", "401(k)/403(b)"})
#: The second way to write a date of this century: 1/15' 4 is the 15th of January 2004.
_APOSTROPHE = re.compile(r"\s*(\d{1,4})\s*[-./ ]\s*(\d{1,2})\s*'\s*(\d{1,4})\s*")
_SPACED = re.compile(r"(?<=[-./])\s+|\s+(?=[-./])")
_YEAR_2000 = 100


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - the name says less than the content
    """Whether a file begins with a QIF header."""
    return _IDENTITY.match(ascii_view(head)) is not None


def parse(path: Path, hints: ReadingHints) -> Statement:
    """A statement whose lines are read when they are asked for; raises StatementRefusedError.

    A transaction with splits is one line, whose parts stay in ``raw``; a trade is a line with a problem.
    """
    encoding = detect(path, hints.country)
    contents = _survey(path, encoding)
    currency = currency_of(hints.currency) or ""
    _refuse_unusable(contents, currency, path.name)
    orders, notes = contents.dates.decide(hints.country)
    decimal, decimal_note = contents.amounts.decide(exponent(currency), hints.country)
    findings = Findings()
    reading = _Reading(orders, decimal, currency, hints.account_ref)
    return Statement(
        source_format=NAME,
        accounts=tuple(_accounts(contents, reading)),
        batches=batches_of(_lines(path, encoding, reading, findings)),
        notes=tuple(filter(None, (encoding.note, *notes, decimal_note, *_notes(contents)))),
        later_notes=findings.notes,
    )


@dataclass(slots=True)
class _Record:
    """The fields of one record by their letters, in file order."""

    number: int
    section: str
    account: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    is_ended: bool = False

    def text(self, *letters: str) -> str:
        """The first field of one of the letters, "" where there is none."""
        return next((text for letter, text in self.fields if letter in letters and text), "")

    def texts(self, letter: str) -> str:
        """All fields of a letter as one text."""
        return " ".join(text for found, text in self.fields if found == letter and text)

    @property
    def date_text(self) -> str:
        """The date with one kind of separator and a full year where an apostrophe gives it."""
        text = self.text("D")
        if found := _APOSTROPHE.fullmatch(text):
            year = int(found[3])
            return f"{found[1]}/{found[2]}/{year + 2000 if year < _YEAR_2000 else year}"
        return _SPACED.sub("", text)

    @property
    def transfer(self) -> str:
        """The own account on the other side, "" where the category is none."""
        category = self.text("L")
        return category[1:].split("]")[0] if category.startswith("[") else ""

    @property
    def is_opening(self) -> bool:
        """Whether the record states an account's first balance: a transfer of the account to itself."""
        return (bool(self.transfer) and self.transfer.casefold() == self.account.casefold()) or (
            not self.account and bool(self.transfer) and self.text("P").casefold() == "opening balance"
        )


@dataclass(slots=True)
class _Contents:
    """What a first reading finds."""

    dates: DateEvidence = field(default_factory=DateEvidence)
    amounts: AmountEvidence = field(default_factory=AmountEvidence)
    kinds: dict[str, AccountKind] = field(default_factory=dict)  # of accounts that have records
    openings: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    cut_at: int = 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """What has been decided."""

    orders: dict[str, Order]
    decimal: Decimal
    currency: str
    account_ref: str


def _survey(path: Path, encoding: Encoding) -> _Contents:
    contents = _Contents()
    records = _records(path, encoding)
    while chunk := list(islice(records, BATCH_ROWS)):
        banking = [record for record in chunk if record.section in _BANKING]
        _add_evidence(contents, banking)
        contents.counts.update(_class_of(record) for record in chunk)
        for record in banking:
            contents.kinds.setdefault(record.account, _KINDS[record.section])
            if record.is_opening:
                contents.openings.setdefault(record.account, record.text("T", "U"))
        if not chunk[-1].is_ended:
            contents.cut_at = chunk[-1].number
    return contents


def _add_evidence(contents: _Contents, records: list[_Record]) -> None:
    if records:
        contents.dates.add(pl.Series([record.date_text for record in records], dtype=pl.String))
        contents.amounts.add(pl.Series([record.text("T", "U") for record in records], dtype=pl.String))


def _class_of(record: _Record) -> str:
    if record.section in _BANKING:
        return "opening" if record.is_opening else "banking"
    return "investing" if record.section in _INVESTING else record.section


def _refuse_unusable(contents: _Contents, currency: str, name: str) -> None:
    counts = contents.counts
    if not counts["banking"] and not counts["opening"]:
        what = (
            f"it holds {counts['investing']} investment records but no bank transactions"
            if counts["investing"]
            else "it holds no transactions"
        )
        refuse(name, what, "Export the transactions of a bank, card or cash account as QIF, OFX or CSV.")
    if not currency:
        refuse(
            name,
            "QIF names no currency",
            "Import it again and say the currency of the account, such as EUR.",
        )


def _accounts(contents: _Contents, reading: _Reading) -> Iterator[StatementAccount]:
    for name, kind in contents.kinds.items():
        opening = contents.openings.get(name, "")
        minor = _minor_units([opening], reading)[0][0] if opening else None
        yield StatementAccount(
            name or reading.account_ref, reading.currency, kind, name=name, opening_balance_minor=minor
        )


def _notes(contents: _Contents) -> Iterator[str]:
    counts = contents.counts
    if counts["investing"]:
        yield f"{counts['investing']} investment records are no bank lines and went to quarantine"
    if counts["opening"]:
        yield f"{counts['opening']} records state an opening balance and are no transactions"
    lists = {name: count for name, count in counts.items() if name not in {"banking", "opening", "investing"}}
    if lists:
        told = ", ".join(f"{count} of {name or 'no section'!r}" for name, count in sorted(lists.items()))
        yield f"records of lists left out: {told}"
    if contents.cut_at:
        yield f"the last record (line {contents.cut_at}) is not ended: the file may be cut off"


def _lines(path: Path, encoding: Encoding, reading: _Reading, findings: Findings) -> Iterator[StatementLine]:
    wanted = (
        record
        for record in _records(path, encoding)
        if record.section in _INVESTING or (record.section in _BANKING and not record.is_opening)
    )
    while chunk := list(islice(wanted, BATCH_ROWS)):
        dates = read_dates(
            pl.Series([record.date_text for record in chunk], dtype=pl.String), reading.orders
        ).to_list()
        amounts = _minor_units([record.text("T", "U") for record in chunk], reading)
        for record, booked, (minor, problem) in zip(chunk, dates, amounts, strict=True):
            if said := _split_difference(record, minor, reading):
                findings.say(said)
            yield _line(record, booked, minor, problem, reading)


def _minor_units(texts: list[str], reading: _Reading) -> list[tuple[int | None, str]]:
    """Signed minor units of each text, or why there are none."""
    cells = Amounts(pl.Series(texts, dtype=pl.String), reading.decimal)
    exponents = pl.Series([exponent(reading.currency)]).new_from_index(0, len(texts))
    units = cells.minor_units(exponents)
    signs = cells.sign.to_list()
    return [
        (None if minor is None else -minor if sign == -1 else minor, _amount_problem(text, state))
        for text, minor, state, sign in zip(texts, units["minor"], units["state"], signs, strict=True)
    ]


def _amount_problem(text: str, state: str) -> str:
    if not text:
        return "the amount (T) is missing"
    said = {
        "unreadable": "is not an amount",
        "decimals": "has more decimals than its currency has",
        "size": "is too large to be an amount",
    }.get(state)
    return f"the amount (T) {text!r} {said}" if said else ""


def _line(
    record: _Record, booked: date | None, minor: int | None, problem: str, reading: _Reading
) -> StatementLine:
    payee, other = record.text("P"), record.transfer
    number = record.text("N")
    problems = [*_problems(record, booked), problem]
    return StatementLine(
        account_ref=record.account or reading.account_ref,
        line_number=record.number,
        booked_date=booked,
        value_date=None,
        amount_minor=minor,
        currency=reading.currency,
        status="posted",
        description=one_text(payee, record.texts("M")) or one_text(other, number, record.text("L")),
        counterparty=payee or other or None,
        bank_reference=None,  # N is a cheque's number or a kind, and no id
        bank_kind="XFER" if other else (number.upper() if number.isalpha() else None),
        mcc=None,
        balance_minor=None,
        problem="; ".join(filter(None, problems)) or None,
        raw=json.dumps(_as_received(record), ensure_ascii=False),
    )


def _problems(record: _Record, booked: date | None) -> Iterator[str]:
    if record.section in _INVESTING:
        yield f"an investment record ({record.text('N') or 'of no kind'}) is no bank line"
    if not record.is_ended:
        yield "the record is not ended by ^: the file may be cut off"
    if booked is None:
        text = record.text("D")
        yield f"the date (D) {text!r} is not a date" if text else "the date (D) is missing"


def _split_difference(record: _Record, minor: int | None, reading: _Reading) -> str:
    """What is wrong with the parts of a split; the transaction's own amount stands all the same."""
    texts = [text for letter, text in record.fields if letter == "$"]
    if not texts or minor is None:
        return ""
    parts = [part for part, _ in _minor_units(texts, reading)]
    if None in parts or sum(part or 0 for part in parts) == minor:
        return ""
    total = Money(sum(part or 0 for part in parts), reading.currency)
    return f"line {record.number}: its splits sum to {total} and not to {Money(minor, reading.currency)}"


def _as_received(record: _Record) -> dict[str, object]:
    """The record by letters; the letters of a split as often as they stand there."""
    found: dict[str, list[str]] = {}
    for letter, text in record.fields:
        found.setdefault(letter, []).append(text)
    single = {letter: texts[0] if len(texts) == 1 else texts for letter, texts in found.items()}
    return {"!Type": record.section, **({"!Account": record.account} if record.account else {}), **single}


def _records(path: Path, encoding: Encoding) -> Iterator[_Record]:
    """All records with the section and account that they stand in, but those that describe accounts."""
    section, account, record = "", "", None
    for number, line in enumerate(_text_lines(path, encoding), start=1):
        text = line.strip()
        if text.startswith("!"):
            if record:
                yield record
            section, record = _section(text, section), None
        elif text == "^" or text.startswith("^"):
            if record and section == "account":
                account = record.text("N")
            elif record:
                record.is_ended = True
                yield record
            record = None
        elif text:
            record = record or _Record(number, section, account)
            record.fields.append((text[0], text[1:].strip()))
    if record and section != "account":
        yield record


def _section(text: str, before: str) -> str:
    """The section that a header opens; options change nothing."""
    bare = text[1:].strip().casefold()
    if bare.startswith("account"):
        return "account"
    kind, _, name = bare.partition(":")
    return " ".join(name.split()) if kind.strip() == "type" else before


def _text_lines(path: Path, encoding: Encoding) -> Iterable[str]:
    for block in text_blocks(path, encoding):
        yield from block.decode(errors="replace").removesuffix("\n").split("\n")
