"""ISO 20022 statements of any version: camt.053, and with the same elements camt.052 and camt.054.

Written on lxml after a look at what the package index has: pycamt builds the whole document in memory, gives
neither status nor the details of a batch booking a line of their own; the camt053 family is months old, made
for writing reversals, and brings servers along; the bank statement collections pull in pandas. Here a file of
any size is read in two streaming passes, and a document type declaration (the way to XML bombs and to other
files) is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from lxml import etree

from flows.sources.balances import Findings, StatementCheck
from flows.sources.contents import ascii_view, read_head, refuse
from flows.sources.delimited.encoding import detect
from flows.sources.lines import StatementLine, batches_of, iso_date, minor_units, one_text
from warehouse.money import MoneyError
from warehouse.records import (
    AccountKind,
    LineStatus,
    ReadingHints,
    Statement,
    StatementAccount,
    StatementRefusedError,
)

NAME = "camt"

_IDENTITY = re.compile(rb"camt\.05[234]\.|<(?:\w+:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)\b")
_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9._\-]+)[\"']")
_MESSAGES = {"BkToCstmrStmt": "camt.053", "BkToCstmrAcctRpt": "camt.052", "BkToCstmrDbtCdtNtfctn": "camt.054"}
_REPORTS = {"Stmt", "Rpt", "Ntfctn"}
_KINDS: dict[str, AccountKind] = {
    "CACC": "checking", "TRAN": "checking", "SVGS": "savings", "CARD": "card", "LOAN": "loan",
}  # fmt: skip
_STATUSES: dict[str, LineStatus] = {"BOOK": "posted", "PDNG": "pending", "FUTR": "pending"}
_OPENING_BALANCES = ("OPBD", "PRCD")
_CLOSING_BALANCES = ("CLBD", "ITBD")
#: An element as JSON, see _as_received.
Node = dict[str, Any]
_AGAIN = "Download the statement from the bank again."


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - the name of an XML file says nothing
    """Whether a file's first bytes are those of a camt.052, .053 or .054 message."""
    return _IDENTITY.search(ascii_view(head)) is not None


def parse(path: Path, hints: ReadingHints) -> Statement:
    """A statement whose entries are read when they are asked for; raises StatementRefusedError.

    A batch booking becomes one line per payment when the payments sum to the entry, otherwise one line.
    """
    codec = _codec(path, hints.country)
    contents = _survey(path, codec)
    if not contents.reports:
        refuse(path.name, "the message holds no statement (no Stmt, Rpt or Ntfctn element)", _AGAIN)
    accounts = {(found.ref, found.currency): found for found in _accounts(contents, hints)}
    findings = Findings()
    return Statement(
        source_format=contents.source_format,
        accounts=tuple(accounts.values()),
        batches=batches_of(_lines(path, codec, contents.reports, hints, findings)),
        notes=(*_notes(contents), *([f"characters read as {codec}"] if codec else [])),
        later_notes=findings.notes,
    )


@dataclass(slots=True)
class _Report:
    """A Stmt, Rpt or Ntfctn as its account and balances describe it."""

    account: Node = field(default_factory=dict)
    balances: dict[str, tuple[str, int]] = field(default_factory=dict)  # code -> currency, signed minor units
    first_currency: str = ""
    entries: int = 0
    name: str = ""  # its number or identification

    def ref(self, hints: ReadingHints) -> str:
        """The account's IBAN or other identifier."""
        named = (
            _text(self.account, "Id/IBAN") or _text(self.account, "Id/Othr/Id") or _text(self.account, "Id")
        )
        return named.replace(" ", "") or hints.account_ref

    def currency(self, hints: ReadingHints) -> str:
        """The account's currency, else that of its opening balance or of its first entry."""
        opening = next((self.balances[code][0] for code in _OPENING_BALANCES if code in self.balances), "")
        return _text(self.account, "Ccy") or opening or self.first_currency or hints.currency

    def check(self, hints: ReadingHints) -> StatementCheck:
        """A sum that begins at the report's opening balance."""
        currency = self.currency(hints)
        name = f"statement {self.name or '(unnumbered)'} of {self.ref(hints) or 'the account'}"
        return StatementCheck(name, currency, _balance(self, _OPENING_BALANCES, currency))

    def closing(self, currency: str) -> int | None:
        """The closing balance in a currency, if the report states it."""
        return _balance(self, _CLOSING_BALANCES, currency)


@dataclass(slots=True)
class _Contents:
    source_format: str = "camt.053"
    reports: list[_Report] = field(default_factory=list)
    entries: int = 0


def _codec(path: Path, country: str) -> str | None:
    """The encoding of a file that says UTF-8 and is not; None where what it says holds."""
    declared = _ENCODING.search(ascii_view(read_head(path))[:256])
    if declared and declared[1].lower() not in {b"utf-8", b"utf8", b"us-ascii", b"ascii"}:
        return None
    encoding = detect(path, country)
    if encoding.is_sound and not encoding.note:
        return None
    try:
        etree.XMLParser(encoding=encoding.codec)
    except LookupError:
        return "cp1252"  # libxml2 knows fewer encodings than Python does
    return encoding.codec


def _survey(path: Path, codec: str | None) -> _Contents:
    """Accounts, balances and the number of entries; refuses what is cut off or not well formed."""
    contents = _Contents()
    try:
        for event, element in _events(path, codec):
            tag = _local(element)
            if event == "end":
                _note_figure(contents, element)
            elif tag in _REPORTS:
                contents.reports.append(_Report())
            else:
                contents.source_format = _MESSAGES.get(tag, contents.source_format)
    except etree.XMLSyntaxError as error:
        _refuse_broken(path, error, contents.entries)
    return contents


def _note_figure(contents: _Contents, element: etree._Element) -> None:
    """Take up an account, balance or entry of a report that has been read to its end."""
    if _local(element.getparent()) not in _REPORTS or not contents.reports:
        return
    report, tag = contents.reports[-1], _local(element)
    if tag == "Id":
        report.name = report.name or (element.text or "").strip()
    elif tag == "Acct":
        report.account = _as_received(element)
    elif tag == "Bal":
        _add_balance(report, _as_received(element))
    elif tag == "Ntry":
        contents.entries += 1
        if not report.first_currency:
            report.first_currency = _attribute(_as_received(element), "Amt", "Ccy")
        _release(element)


def _add_balance(report: _Report, balance: Node) -> None:
    code, currency = _text(balance, "Tp/CdOrPrtry/Cd"), _attribute(balance, "Amt", "Ccy")
    sign = -1 if _text(balance, "CdtDbtInd") == "DBIT" else 1
    try:
        amount = sign * minor_units(_text(balance, "Amt"), currency)
    except MoneyError:
        return
    if code in _OPENING_BALANCES:
        report.balances.setdefault(code, (currency, amount))
    else:
        report.balances[code] = (currency, amount)


def _events(path: Path, codec: str | None) -> Iterator[tuple[str, etree._Element]]:
    """Start and end of elements, without entities, DTDs or network; raises XMLSyntaxError."""
    with path.open("rb") as file:
        events = etree.iterparse(
            file,
            events=("start", "end"),
            tag=[f"{{*}}{tag}" for tag in (*_MESSAGES, *_REPORTS, "Id", "Acct", "Bal", "Ntry")],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            encoding=codec,
            remove_comments=True,
            remove_pis=True,
        )
        for number, (event, element) in enumerate(events):
            if number == 0 and element.getroottree().docinfo.doctype:
                refuse(
                    path.name,
                    "it carries a document type declaration, which no bank sends and attacks are made of",
                    _AGAIN,
                )
            yield event, element


def _refuse_broken(path: Path, error: etree.XMLSyntaxError, entries: int) -> None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 512))
        whole = re.search(rb"</(?:\w+:)?\w+>\s*$", file.read().replace(b"\x00", b"")) is not None
    count = f"{entries} complete entr{'y' if entries == 1 else 'ies'}"
    cut = not whole or "Premature end" in str(error)
    what = (
        "the file is cut off: it ends" if cut else f"the XML is broken in line {error.lineno} ({error.msg}),"
    )
    refuse(path.name, f"{what} after {count}", _AGAIN)


def _accounts(contents: _Contents, hints: ReadingHints) -> Iterator[StatementAccount]:
    """Accounts with their first opening and last closing balance; a file may hold many statements of one."""
    known: dict[tuple[str, str], StatementAccount] = {}
    for report in contents.reports:
        key = report.ref(hints), report.currency(hints)
        described = _account(report, *key)
        earlier = known.get(key)
        known[key] = described if earlier is None else _continued(earlier, described)
    yield from known.values()


def _continued(earlier: StatementAccount, later: StatementAccount) -> StatementAccount:
    opening, closing = earlier.opening_balance_minor, later.closing_balance_minor
    return replace(
        later,
        opening_balance_minor=later.opening_balance_minor if opening is None else opening,
        closing_balance_minor=earlier.closing_balance_minor if closing is None else closing,
    )


def _account(report: _Report, ref: str, currency: str) -> StatementAccount:
    servicer = "Svcr/FinInstnId"
    bank = (_text(report.account, f"{servicer}/{tag}") for tag in ("Nm", "BICFI", "BIC"))
    return StatementAccount(
        ref=ref,
        currency=currency,
        kind=_KINDS.get(_text(report.account, "Tp/Cd"), "unknown"),
        institution=next(filter(None, bank), ""),
        name=_text(report.account, "Nm"),
        opening_balance_minor=_balance(report, _OPENING_BALANCES, currency),
        closing_balance_minor=_balance(report, _CLOSING_BALANCES, currency),
    )


def _balance(report: _Report, codes: tuple[str, ...], currency: str) -> int | None:
    stated = (report.balances[code] for code in codes if code in report.balances)
    return next((amount for stated_currency, amount in stated if stated_currency == currency), None)


def _notes(contents: _Contents) -> Iterator[str]:
    if not contents.entries:
        yield "the statement holds no entries"
    for report in contents.reports:
        codes = (*_OPENING_BALANCES, *_CLOSING_BALANCES)
        currencies = {report.balances[code][0] for code in codes if code in report.balances}
        if len(currencies) > 1:
            named = ", ".join(sorted(currencies))
            yield f"balances in another currency than the account's were left out ({named})"


def _lines(
    path: Path, codec: str | None, reports: list[_Report], hints: ReadingHints, findings: Findings
) -> Iterator[StatementLine]:
    """The lines of all reports; each report is held against its balances when it ends."""
    coming = iter(reports)
    report = _Report()
    check = StatementCheck("", "", None)
    numbers = count(1)
    try:
        for event, element in _events(path, codec):
            if event == "start" and _local(element) in _REPORTS:
                findings.add(check.gap(report.closing(check.currency)))
                report = next(coming)
                check = report.check(hints)
            elif event == "end" and _local(element) == "Ntry" and _local(element.getparent()) in _REPORTS:
                for line in _entry_lines(_as_received(element), report, hints, numbers):
                    check.add(line)
                    yield line
                _release(element)
        findings.add(check.gap(report.closing(check.currency)))
    except (etree.XMLSyntaxError, StopIteration) as error:
        message = f"{path.name} changed while it was read. Import it again."
        raise StatementRefusedError(message) from error


def _entry_lines(
    entry: Node, report: _Report, hints: ReadingHints, numbers: Iterator[int]
) -> Iterator[StatementLine]:
    details = [detail for detail in _nodes(entry, "NtryDtls/TxDtls") if isinstance(detail, dict)]
    if len(details) > 1 and _sum_to_entry(entry, details):
        for ordinal, detail in enumerate(details, start=1):
            yield _detail_line(entry, detail, ordinal, report, hints, next(numbers))
    else:
        amount = _text(entry, "Amt")
        is_debit = _text(entry, "CdtDbtInd") == "DBIT"
        yield _line(entry, details, report, hints, next(numbers), f"-{amount}" if is_debit else amount)


def _sum_to_entry(entry: Node, details: list[Node]) -> bool:
    """Whether every payment of a batch states its amount in the entry's currency and they sum to it."""
    try:
        amounts = [_detail_amount(entry, detail) for detail in details]
        return None not in amounts and sum(filter(None, amounts)) == _signed(
            entry, Decimal(_text(entry, "Amt"))
        )
    except InvalidOperation:
        return False


def _detail_amount(entry: Node, detail: Node) -> Decimal | None:
    """A payment's signed amount in the entry's currency: stated itself, or in its amount details."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        if _text(detail, path) and _attribute(detail, path, "Ccy") == _attribute(entry, "Amt", "Ccy"):
            side = detail if _text(detail, "CdtDbtInd") else entry
            return _signed(side, Decimal(_text(detail, path)))
    return None


def _signed(element: Node, amount: Decimal) -> Decimal:
    return -amount if _text(element, "CdtDbtInd") == "DBIT" else amount


def _detail_line(  # noqa: PLR0913, PLR0917 - an entry, one of its payments, and where they stand
    entry: Node, detail: Node, ordinal: int, report: _Report, hints: ReadingHints, number: int
) -> StatementLine:
    """The line of one payment of a batch booking; the entry's own reference gets the payment's ordinal."""
    amount = _detail_amount(entry, detail) or Decimal(0)
    line = _line(entry, [detail], report, hints, number, format(amount, "f"))
    entry_reference = _text(entry, "AcctSvcrRef")
    own = _text(detail, "Refs/AcctSvcrRef")
    reference = own if own != entry_reference else ""
    numbered = f"{entry_reference}/{ordinal}" if entry_reference else None
    raw = {**entry, "NtryDtls": {"TxDtls": detail}}
    return replace(
        line,
        bank_reference=reference or _payment_id(detail) or numbered,
        raw=json.dumps(raw, ensure_ascii=False),
    )


def _line(  # noqa: PLR0913, PLR0917 - an entry, its payments, and where they stand
    entry: Node, details: list[Node], report: _Report, hints: ReadingHints, number: int, amount: str
) -> StatementLine:
    """The line of an entry, or of a part of it, described by its payments."""
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    booked, value = _date(entry, "BookgDt"), _date(entry, "ValDt")
    names = [name for name in (_counterparty(entry, detail) for detail in details) if name]
    currency = _attribute(entry, "Amt", "Ccy") or report.currency(hints) or None
    minor, amount_problem = _amount(entry, amount, currency)
    return StatementLine(
        account_ref=report.ref(hints),
        line_number=number,
        # A pending entry has no booking date yet, and a few banks leave it out: then the value date stands.
        booked_date=iso_date(booked or value),
        value_date=iso_date(value),
        amount_minor=minor,
        currency=currency,
        status=_STATUSES.get(status, "posted"),
        description=_description(entry, details, names),
        counterparty=", ".join(dict.fromkeys(names)) or None,
        bank_reference=_reference(entry, details),
        bank_kind=_bank_kind(entry, details) or None,
        mcc=_merchant_category(entry),
        balance_minor=None,
        problem="; ".join(filter(None, (_entry_problem(status, booked or value), amount_problem))) or None,
        raw=json.dumps(entry, ensure_ascii=False),
    )


def _amount(entry: Node, text: str, currency: str | None) -> tuple[int | None, str]:
    """Signed minor units, or why there are none."""
    if _text(entry, "CdtDbtInd") not in {"CRDT", "DBIT"}:
        return None, "CdtDbtInd says neither CRDT nor DBIT"
    if not currency:
        return None, "the amount (Amt) names no currency"
    try:
        return minor_units(text, currency), ""
    except MoneyError as error:
        return None, f"amount (Amt): {error}" if text.strip("-") else "the amount (Amt) is missing"


def _entry_problem(status: str, date_text: str) -> str | None:
    problems = []
    if status and status not in _STATUSES:
        problems.append(f"status {status} is for information only: nothing was booked")
    if not date_text:
        problems.append("the booking date (BookgDt) is missing")
    elif iso_date(date_text) is None:
        problems.append(f"the booking date (BookgDt) {date_text!r} is not a date")
    return "; ".join(problems) or None


def _date(entry: Node, tag: str) -> str:
    return _text(entry, f"{tag}/Dt") or _text(entry, f"{tag}/DtTm")


def _counterparty(entry: Node, detail: Node) -> str:
    """Who is on the other side: the creditor of an outflow, the debtor of an inflow.

    A reversal keeps the parties of the payment that it takes back.
    """
    side = detail if _text(detail, "CdtDbtInd") else entry
    outgoing = (_text(side, "CdtDbtInd") == "DBIT") != (_text(entry, "RvslInd") in {"true", "1"})
    order = ("Cdtr", "UltmtCdtr") if outgoing else ("Dbtr", "UltmtDbtr")
    paths = (f"RltdPties/{role}/{path}" for role in order for path in ("Nm", "Pty/Nm"))
    return next(filter(None, (_text(detail, path) for path in paths)), "")


def _description(entry: Node, details: list[Node], names: list[str]) -> str:
    parts = list(names)
    for detail in details:
        remittance = ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf")
        parts += [text for path in remittance for text in _texts(detail, path)]
    return one_text(*parts, _text(entry, "AddtlNtryInf")) or one_text(_bank_kind(entry, details))


def _reference(entry: Node, details: list[Node]) -> str | None:
    """The bank's own id of an entry.

    EndToEndId and NtryRef stay in ``raw``: the first belongs to the payer, who may use it again, the second
    often counts from 1 in every file.
    """
    own = _text(entry, "AcctSvcrRef")
    if own or len(details) != 1:
        return own or None
    return _text(details[0], "Refs/AcctSvcrRef") or _payment_id(details[0])


def _payment_id(detail: Node) -> str | None:
    found = _text(detail, "Refs/TxId") or _text(detail, "Refs/UETR")
    return found if found and found != "NOTPROVIDED" else None


def _bank_kind(entry: Node, details: list[Node]) -> str:
    """The bank transaction code: "PMNT-ICDT-ESCT" or the bank's proprietary one; "/RVSL" for a reversal."""
    holders = [*(details if len(details) == 1 else []), entry]
    code = next(filter(None, (_transaction_code(holder) for holder in holders)), "")
    return f"{code}/RVSL" if _text(entry, "RvslInd") in {"true", "1"} else code


def _transaction_code(holder: Node) -> str:
    domain = ("BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd")
    return "-".join(filter(None, (_text(holder, path) for path in domain))) or _text(
        holder, "BkTxCd/Prtry/Cd"
    )


def _merchant_category(entry: Node) -> str | None:
    cards = [*_nodes(entry, "CardTx"), *_nodes(entry, "NtryDtls/TxDtls/CardTx")]
    paths = [f"{place}{tag}" for place in ("POI/", "") for tag in ("MrchntCtgyCd", "MrchntCtgy", "MCC")]
    codes = (_text(card, path) for card in cards if isinstance(card, dict) for path in paths)
    return next((code for code in codes if re.fullmatch(r"\d{4}", code)), None)


def _as_received(element: etree._Element) -> Node:
    """An element as JSON: children by tag, repeated ones as a list, attributes with "@", text as "#"."""
    found: Node = {"@" + str(key): str(value) for key, value in element.attrib.items()}
    if element.text and (text := element.text.strip()):
        found["#"] = text
    for child in element:
        content = _as_received(child)
        value = content["#"] if len(content) == 1 and "#" in content else content
        tag = _local(child)
        if tag not in found:
            found[tag] = value
        elif isinstance(earlier := found[tag], list):
            earlier.append(value)
        else:
            found[tag] = [earlier, value]
    return found


@cache
def _tags(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def _nodes(node: Node, path: str) -> list[object]:
    """What stands at a path of local names, in file order."""
    found: list[object] = [node]
    for tag in _tags(path):
        below: list[object] = []
        for one in found:
            child = one.get(tag) if isinstance(one, dict) else None
            if child is not None:
                below += child if isinstance(child, list) else [child]
        if not below:
            return below
        found = below
    return found


def _text(node: Node, path: str) -> str:
    """The first text at a path, "" where there is none."""
    found: object = node
    for tag in _tags(path):
        if not isinstance(found, dict):
            return next(_texts(node, path), "") if isinstance(found, list) else ""
        found = found.get(tag)
    if isinstance(found, str) or found is None:
        return found or ""
    return next(_texts(node, path), "")


def _texts(node: Node, path: str) -> Iterator[str]:
    for found in _nodes(node, path):
        text = found.get("#", "") if isinstance(found, dict) else found
        if text:
            yield str(text)


def _attribute(node: Node, path: str, name: str) -> str:
    found = next(iter(_nodes(node, path)), None)
    return str(found.get(f"@{name}", "")) if isinstance(found, dict) else ""


def _local(element: etree._Element | None) -> str:
    return "" if element is None else _bare(str(element.tag))


@lru_cache(maxsize=4096)
def _bare(tag: str) -> str:
    """A tag without its namespace; a file has some hundred different ones, and millions of elements."""
    return tag.rpartition("}")[2]


def _release(element: etree._Element) -> None:
    """Let go of an entry and of those before it, so that memory does not grow with the file."""
    element.clear()
    parent = element.getparent()
    while parent is not None and (earlier := element.getprevious()) is not None and _local(earlier) == "Ntry":
        parent.remove(earlier)
