"""OFX statements: 1.x (SGML), 2.x (XML) and QFX, from any bank."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flows.sources.contents import ascii_view, refuse
from flows.sources.lines import StatementLine, batches_of, iso_date, minor_units, one_text
from flows.sources.ofx_markup import Aggregate, aggregates, decode
from warehouse.money import MoneyError
from warehouse.records import AccountKind, ReadingHints, Statement, StatementAccount

NAME = "ofx"

_OPENING = re.compile(rb"<OFX>|OFXHEADER\s*[:=]", re.IGNORECASE)
_STATEMENTS = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_RESPONSES = ("STMTTRNRS", "CCSTMTTRNRS", "INVSTMTTRNRS")
_ACCOUNTS = ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM")
_TRANSACTIONS = ("STMTTRN", "STMTTRNP")
_KINDS: dict[str, AccountKind] = {
    "CHECKING": "checking", "SAVINGS": "savings", "MONEYMRKT": "savings", "CD": "savings",
    "CREDITLINE": "loan",
}  # fmt: skip
_OUTFLOWS = frozenset("DEBIT CHECK PAYMENT ATM POS FEE SRVCHG CASH DIRECTDEBIT REPEATPMT".split())  # noqa: SIM905
_AGAIN = "Download the statement from the bank again."


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - the name says less than the content
    """Whether a file's first bytes are those of an OFX file."""
    return _OPENING.search(ascii_view(head)) is not None


def parse(path: Path, hints: ReadingHints) -> Statement:
    """A statement whose lines are read when they are asked for; raises StatementRefusedError.

    Dates are the bank's civil dates as written, amounts keep the bank's sign.
    """
    text = decode(path.read_bytes())
    contents = _survey(text)
    _refuse_unusable(contents, text, path.name)
    accounts = tuple(_account(statement, contents.institution, hints) for statement in contents.statements)
    return Statement(
        source_format=NAME,
        accounts=tuple({(account.ref, account.currency): account for account in accounts}.values()),
        batches=batches_of(_lines(text, hints)),
        notes=tuple(_notes(contents)),
    )


@dataclass(slots=True)
class _Contents:
    """What a first reading finds in a file, apart from its lines."""

    statements: list[Aggregate]
    failures: list[Aggregate]  # STATUS aggregates that report an error
    counts: Counter[str]
    transactions: int = 0
    securities_lines: int = 0
    positive_outflows: int = 0
    negative_lines: int = 0
    institution: str = ""


def _survey(text: str) -> _Contents:
    contents = _Contents([], [], Counter())
    for aggregate in aggregates(text):
        contents.counts[aggregate.tag] += 1
        if aggregate.tag in _TRANSACTIONS:
            _count_transaction(contents, aggregate)
        elif aggregate.tag in _STATEMENTS:
            contents.statements.append(aggregate)
        elif aggregate.tag == "STATUS" and _is_failure(aggregate):
            contents.failures.append(aggregate)
        elif aggregate.tag == "FI":
            contents.institution = aggregate.text("ORG")
    return contents


def _count_transaction(contents: _Contents, transaction: Aggregate) -> None:
    contents.transactions += 1
    negative = transaction.text("TRNAMT").startswith("-")
    contents.negative_lines += negative
    if statement := transaction.above(*_STATEMENTS):
        # A statement that names no currency has that of its first line that names one.
        statement.fields.setdefault("CURDEF", transaction.text("CURRENCY", "CURSYM"))
    contents.positive_outflows += not negative and transaction.text("TRNTYPE").upper() in _OUTFLOWS


def _is_failure(status: Aggregate) -> bool:
    return status.text("SEVERITY").upper() == "ERROR" or status.text("CODE").strip("0") != ""


def _refuse_unusable(contents: _Contents, text: str, name: str) -> None:
    """Refuse what ends early, reports an error, or holds no bank statement."""
    if "</OFX" not in text.upper()[-4096:]:
        count = contents.transactions
        refuse(
            name,
            f"the file is cut off: it ends after {count} complete transaction{'s' * (count != 1)}",
            _AGAIN,
        )
    if contents.statements and (contents.transactions or contents.counts["BANKTRANLIST"]):
        return
    if contents.failures:
        refuse(
            name, f"the bank reports an error instead of a statement: {_said(contents.failures[-1])}", _AGAIN
        )
    if contents.counts["INVSTMTRS"]:
        refuse(name, "it is an investment statement without any banking lines",
               "Import the statement of the bank or card account instead.")  # fmt: skip
    if not contents.statements:
        refuse(name, f"it holds {_instead(contents)} but no statement",
               "Download the account's transactions (not its list or a login reply) as OFX.")  # fmt: skip


def _said(status: Aggregate) -> str:
    code = status.text("CODE")
    message = status.text("MESSAGE") or "no message"
    return f"{message} (code {code})" if code else message


def _instead(contents: _Contents) -> str:
    if listed := contents.counts["ACCTINFO"]:
        return f"a list of {listed} account{'s' * (listed != 1)}"
    return "only the reply to a login" if contents.counts["SONRS"] else "an empty OFX element"


def _account(statement: Aggregate, institution: str, hints: ReadingHints) -> StatementAccount:
    currency = _currency(statement, hints)
    return StatementAccount(
        ref=_account_ref(statement, hints),
        currency=currency,
        kind=_kind(statement),
        institution=institution or statement.text("INVACCTFROM", "BROKERID"),
        closing_balance_minor=_balance(statement.text("LEDGERBAL", "BALAMT"), currency),
    )


def _kind(statement: Aggregate) -> AccountKind:
    if statement.tag == "CCSTMTRS":
        return "card"
    return _KINDS.get(statement.text("BANKACCTFROM", "ACCTTYPE").upper(), "unknown")


def _account_ref(statement: Aggregate, hints: ReadingHints) -> str:
    named = (statement.text(tag, "ACCTID") for tag in _ACCOUNTS)
    return next(filter(None, named), hints.account_ref)


def _currency(statement: Aggregate, hints: ReadingHints) -> str:
    return statement.text("CURDEF").upper() or hints.currency


def _balance(text: str, currency: str) -> int | None:
    try:
        return minor_units(_with_point(text), currency)
    except MoneyError:
        return None


def _notes(contents: _Contents) -> Iterator[str]:
    if contents.counts["INVSTMTRS"]:
        yield "of the investment account only the banking lines were read, not trades and positions"
    if contents.positive_outflows and not contents.negative_lines:
        yield (
            f"{contents.positive_outflows} lines of an outgoing kind carry a positive amount and none"
            " a negative one; the signs were followed as OFX demands"
        )
    if not contents.transactions:
        yield "the statement holds no transactions"


def _lines(text: str, hints: ReadingHints) -> Iterator[StatementLine]:
    number = 0
    for aggregate in aggregates(text):
        if aggregate.tag in _TRANSACTIONS:
            number += 1
            yield _line(aggregate, number, hints)


def _line(transaction: Aggregate, number: int, hints: ReadingHints) -> StatementLine:
    statement = transaction.above(*_STATEMENTS) or Aggregate("STMTRS")
    # CURRENCY means that the amount is in that currency; ORIGCURRENCY that it has been converted.
    currency = transaction.text("CURRENCY", "CURSYM").upper() or _currency(statement, hints)
    payee = transaction.text("PAYEE", "NAME") or transaction.text("NAME")
    date_text = transaction.text("DTPOSTED") or transaction.text("DTTRAN")
    line = StatementLine(
        account_ref=_account_ref(statement, hints),
        line_number=number,
        booked_date=iso_date(date_text),
        value_date=iso_date(transaction.text("DTAVAIL") or transaction.text("VALUEDATE")),
        amount_minor=None,
        currency=currency or None,
        status="pending" if transaction.tag == "STMTTRNP" else "posted",
        description=one_text(payee, transaction.text("EXTDNAME"), transaction.text("MEMO")),
        counterparty=payee or None,
        bank_reference=transaction.text("FITID") or None,
        bank_kind=transaction.text("TRNTYPE").upper() or None,
        mcc=_category_code(transaction.text("SIC")),
        balance_minor=None,
        problem=None if iso_date(date_text) else _date_problem(date_text),
        raw=json.dumps(_as_received(transaction), ensure_ascii=False),
    )
    return _with_amount(line, transaction.text("TRNAMT"))


def _with_amount(line: StatementLine, text: str) -> StatementLine:
    """The line with its amount, or with the reason why it has none."""
    if not line.currency:
        return _with_problem(line, "the file names no currency (CURDEF)")
    try:
        return replace(line, amount_minor=minor_units(_with_point(text), line.currency))
    except MoneyError as error:
        return _with_problem(line, f"amount (TRNAMT): {error}" if text else "the amount (TRNAMT) is missing")


def _with_problem(line: StatementLine, problem: str) -> StatementLine:
    return replace(line, problem="; ".join(filter(None, (line.problem, problem))))


def _date_problem(text: str) -> str:
    return (
        f"the posting date (DTPOSTED) {text!r} is not a date"
        if text
        else "the posting date (DTPOSTED) is missing"
    )


def _with_point(amount: str) -> str:
    """An amount with a point for its decimals; OFX allows either sign and no thousands separators.

    Decided for each value by itself: one file can hold both. Where both signs stand, the last is the decimal
    one.
    """
    if "," in amount and "." in amount:
        thousands = "," if amount.rfind(".") > amount.rfind(",") else "."
        return amount.replace(thousands, "").replace(",", ".")
    repeated = "," if amount.count(",") > 1 else "." if amount.count(".") > 1 else ""
    return (amount.replace(repeated, "") if repeated else amount).replace(",", ".")


def _category_code(text: str) -> str | None:
    return text.zfill(4) if text.isdigit() and len(text) <= len("5411") and int(text) else None


def _as_received(aggregate: Aggregate) -> dict[str, object]:
    below = {tag: _as_received(child) for tag, child in aggregate.children.items()}
    return {**aggregate.fields, **below}
