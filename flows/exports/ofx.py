"""Transactions as OFX 2.1.1: one statement per account, posted lines, each with its lasting FITID.

Written in ASCII with references for all other characters, because some readers look for an encoding where
only OFX 1 says it. OFX wants a balance: the last that a statement says, else the sum of the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import BinaryIO
from uuid import UUID

from warehouse.money import Money
from warehouse.records import OF_A_FEED
from warehouse.repositories.accounts import OF_A_FILE
from warehouse.repositories.transactions import ExportedAccount, Transaction

HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)
#: The longest texts that OFX takes in its elements.
NAME_LENGTH, MEMO_LENGTH, ACCOUNT_LENGTH, BANK_LENGTH = 32, 255, 22, 9
KINDS = {"savings": "SAVINGS", "loan": "CREDITLINE"}
_STATUS = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
#: What XML 1.0 cannot say at all.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_ofx(
    transactions: Iterable[Transaction],
    accounts: Mapping[UUID, ExportedAccount],
    out: BinaryIO,
    now: datetime | None = None,
) -> int:
    """Write transactions that come account by account; gives how many that were.

    OFX has a place for what is posted; pending transactions are left out.
    """
    count = 0
    out.write((HEADER + _sign_on(now or datetime.now(tz=UTC))).encode())
    posted = (each for each in transactions if each.status == "posted")
    section = ""
    for number, (account_id, lines) in enumerate(groupby(posted, key=attrgetter("account_id"))):
        account = accounts[account_id]
        wanted = "CREDITCARDMSGSRSV1" if account.kind == "card" else "BANKMSGSRSV1"
        if wanted != section:
            out.write((f"</{section}>\n" if section else "").encode() + f"<{wanted}>\n".encode())
            section = wanted
        count += _write_statement(account, number, lines, out)
    out.write((f"</{section}>\n" if section else "").encode() + b"</OFX>\n")
    return count


def _write_statement(
    account: ExportedAccount, number: int, lines: Iterable[Transaction], out: BinaryIO
) -> int:
    outer, inner = ("CCSTMTTRNRS", "CCSTMTRS") if account.kind == "card" else ("STMTTRNRS", "STMTRS")
    out.write(
        _ascii(
            f"<{outer}><TRNUID>{number}</TRNUID>{_STATUS}<{inner}>"
            f"<CURDEF>{account.currency}</CURDEF>{_account(account)}\n"
            f"<BANKTRANLIST><DTSTART>{_day(account.first_date)}</DTSTART>"
            f"<DTEND>{_day(account.last_date)}</DTEND>\n"
        )
    )
    count = 0
    for line in lines:
        out.write(_ascii(_transaction(line)))
        count += 1
    balance = Money(account.balance_minor, account.currency).decimal
    out.write(
        f"</BANKTRANLIST>\n<LEDGERBAL><BALAMT>{balance:f}</BALAMT>"
        f"<DTASOF>{_day(account.balance_date)}</DTASOF></LEDGERBAL></{inner}></{outer}>\n".encode()
    )
    return count


def _transaction(line: Transaction) -> str:
    amount = Money(line.amount_minor, line.currency).decimal
    text = _said(line.description) or _said(line.counterparty or "") or "-"
    memo = f"<MEMO>{_escaped(text[:MEMO_LENGTH])}</MEMO>" if len(text) > NAME_LENGTH else ""
    return (
        f"<STMTTRN><TRNTYPE>{'DEBIT' if amount < 0 else 'CREDIT'}</TRNTYPE>"
        f"<DTPOSTED>{_day(line.booked_date)}</DTPOSTED><TRNAMT>{amount:f}</TRNAMT>"
        f"<FITID>{line.transaction_id}</FITID>"
        f"<NAME>{_escaped(text[:NAME_LENGTH].strip())}</NAME>{memo}</STMTTRN>\n"
    )


def _account(account: ExportedAccount) -> str:
    ref = _account_number(account)
    if account.kind == "card":
        return f"<CCACCTFROM><ACCTID>{ref}</ACCTID></CCACCTFROM>"
    bank = re.sub(r"[^A-Z0-9]", "", account.institution.upper())[:BANK_LENGTH] or "MITA"
    kind = KINDS.get(account.kind, "CHECKING")
    named = f"<BANKID>{bank}</BANKID><ACCTID>{ref}</ACCTID><ACCTTYPE>{kind}</ACCTTYPE>"
    return f"<BANKACCTFROM>{named}</BANKACCTFROM>"


def _account_number(account: ExportedAccount) -> str:
    """The bank's number, of a long one its end; our own id where no file named it."""
    ref = account.account_ref
    if not ref or ref.startswith((OF_A_FILE, f"{OF_A_FEED} ")):
        return account.account_id.hex[-ACCOUNT_LENGTH:]
    return _escaped(ref[-ACCOUNT_LENGTH:])


def _sign_on(now: datetime) -> str:
    return (
        f"<OFX><SIGNONMSGSRSV1><SONRS>{_STATUS}<DTSERVER>{now:%Y%m%d%H%M%S}</DTSERVER>"
        "<LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>\n"
    )


def _said(text: str) -> str:
    """A text as OFX can say it: one line, nothing that XML has no way to write."""
    return " ".join(_UNSPEAKABLE.sub(" ", text).split())


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "xmlcharrefreplace")


def _escaped(text: str) -> str:
    return escape(text, quote=False)


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def in_sections(accounts: Sequence[ExportedAccount]) -> list[UUID]:
    """The order in which accounts have to come: OFX keeps banks' and cards' statements apart."""
    return [account.account_id for account in sorted(accounts, key=lambda each: each.kind == "card")]
