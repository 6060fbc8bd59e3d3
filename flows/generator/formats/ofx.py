"""OFX: 1.x as SGML without closing tags on values, and 2.x as XML."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from flows.generator.events import ATM, BANK, CARD, DEBIT
from flows.generator.statements import decimal

if TYPE_CHECKING:
    from flows.generator.accounts import Account
    from flows.generator.statements import Line, Statement

SGML_HEADER = (
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n"
    "COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
)
XML_HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)
NAME_LENGTH = 32
MEMO_LENGTH = 255
CARD_TAGS = ("CREDITCARDMSGSRSV1", "CCSTMTTRNRS", "CCSTMTRS")
BANK_TAGS = ("BANKMSGSRSV1", "STMTTRNRS", "STMTRS")
ACCOUNT_TYPES = {"checking": "CHECKING", "savings": "SAVINGS"}

#: How banks write a civil date: bare, at noon UTC, or at their own midnight.
DATE_STYLES = {"us-prairie": "{:%Y%m%d}120000[0:GMT]", "us-summit": "{:%Y%m%d}000000.000[-6:CST]"}


def ofx_date(day: date, bank: str) -> str:
    """A civil date as one bank writes it."""
    return DATE_STYLES.get(bank, "{:%Y%m%d}").format(day)


def transaction_type(line: Line) -> str:
    """OFX's own kind of a line."""
    if line.channel == CARD:
        return "POS" if line.amount_minor < 0 else "CREDIT"
    if line.channel == ATM:
        return "ATM"
    if line.kind in {"transfer", "card_payment"}:
        return "XFER"
    if line.channel == BANK:
        return "INT" if line.kind in {"income", "interest"} else "FEE"
    if line.channel == DEBIT:
        return "DIRECTDEBIT"
    return "DIRECTDEP" if line.kind == "income" else "PAYMENT" if line.amount_minor < 0 else "CREDIT"


class Markup(NamedTuple):
    """How values are written: SGML leaves them open, XML closes them."""

    closing: str
    line: str

    def value(self, tag: str, text: str) -> str:
        """One element that holds a value."""
        return f"<{tag}>{escape(text, quote=False)}{self.closing.format(tag)}"

    def values(self, **tags: str) -> str:
        """Elements one after another on one line, empty ones left out."""
        return "".join(self.value(tag, text) for tag, text in tags.items() if text)


SGML = Markup("", "\r\n")
XML = Markup("</{}>", "\n")


def _entry(line: Line, currency: str, bank: str, markup: Markup) -> str:
    fields = [
        markup.value("TRNTYPE", transaction_type(line)),
        markup.value("DTPOSTED", ofx_date(line.booked_date, bank)),
        markup.value("TRNAMT", decimal(line.amount_minor, currency)),
        markup.value("FITID", line.reference),
        markup.value("NAME", line.text[:NAME_LENGTH].strip()),
    ]
    if len(line.text) > NAME_LENGTH:
        fields.append(markup.value("MEMO", line.text[:MEMO_LENGTH]))
    return markup.line.join(("<STMTTRN>", *fields, "</STMTTRN>", ""))


def _account(account: Account, markup: Markup) -> str:
    if account.kind == "card":
        return f"<CCACCTFROM>{markup.value('ACCTID', account.ref)}</CCACCTFROM>"
    kind = ACCOUNT_TYPES.get(account.kind, "CHECKING")
    bank = account.bank.code.upper()[:9]
    return f"<BANKACCTFROM>{markup.values(BANKID=bank, ACCTID=account.ref, ACCTTYPE=kind)}</BANKACCTFROM>"


def _sign_on(statement: Statement, markup: Markup) -> str:
    bank = statement.account.bank
    return "".join(
        (
            "<OFX><SIGNONMSGSRSV1><SONRS>",
            _status(markup),
            markup.values(DTSERVER=f"{statement.as_of:%Y%m%d}220000", LANGUAGE="ENG"),
            f"<FI>{markup.values(ORG=bank.name, FID=bank.code)}</FI></SONRS></SIGNONMSGSRSV1>",
        )
    )


def _status(markup: Markup) -> str:
    return f"<STATUS>{markup.values(CODE='0', SEVERITY='INFO')}</STATUS>"


def _document(statement: Statement, markup: Markup) -> str:
    account, code = statement.account, statement.account.bank.code
    outer, inner, body = CARD_TAGS if account.kind == "card" else BANK_TAGS
    period = markup.values(DTSTART=ofx_date(statement.start, code), DTEND=ofx_date(statement.as_of, code))
    balance = markup.values(
        BALAMT=decimal(statement.closing_minor, account.currency), DTASOF=ofx_date(statement.as_of, code)
    )
    parts = (
        _sign_on(statement, markup),
        f"<{outer}><{inner}>{markup.value('TRNUID', '0')}{_status(markup)}",
        f"<{body}>{markup.value('CURDEF', account.currency)}{_account(account, markup)}",
        f"<BANKTRANLIST>{period}",
        "".join(_entry(line, account.currency, code, markup) for line in statement.lines) + "</BANKTRANLIST>",
        f"<LEDGERBAL>{balance}</LEDGERBAL>",
        f"</{body}></{inner}></{outer}></OFX>",
        "",
    )
    return markup.line.join(parts)


def _ordinals(statement: Statement) -> list[int]:
    return list(range(1, len(statement.lines) + 1))


def write_sgml(statement: Statement) -> tuple[bytes, list[int]]:
    """OFX 1.02 in Windows-1252."""
    text = SGML_HEADER + _document(statement, SGML)
    return text.encode("cp1252", "replace"), _ordinals(statement)


def write_xml(statement: Statement) -> tuple[bytes, list[int]]:
    """OFX 2.1.1 in UTF-8."""
    return (XML_HEADER + _document(statement, XML)).encode(), _ordinals(statement)
