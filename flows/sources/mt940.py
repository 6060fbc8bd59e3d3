"""SWIFT statements: MT940 (end of day) and MT942 (interim), as banks of any country write them.

The package mt-940 was measured on real files and not used here, see docs/decisions/0005: it joins all
accounts of a file into one, and one impossible date loses the whole file. Here a file is read line by line,
twice: once for its accounts and balances, once for its lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flows.sources.balances import Findings, StatementCheck
from flows.sources.contents import ascii_view, refuse
from flows.sources.delimited.encoding import Encoding, detect
from flows.sources.delimited.records import text_blocks
from flows.sources.lines import StatementLine, batches_of, minor_units, one_text, short_date
from flows.sources.mt940_details import Details, read_details
from warehouse.money import MoneyError, exponent
from warehouse.records import LineStatus, ReadingHints, Statement, StatementAccount

NAME = "mt940"

_TAG = re.compile(r"\s*:(\d\d[A-Z]?|NS):(.*)", re.DOTALL)
_IDENTITY = re.compile(
    rb"(?:^|[\r\n])[ \t]*(?:\{[^\r\n]*\{4:\s*)?:(?:20|25P?|28C?|60[FM]|61|62[FM]|86):[^\r\n]"
)
_END = re.compile(r"-(?:\}.*|XXX)?\s*")
_LINE = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4})?\s*(?P<mark>R?[CD]|E[CD])(?P<funds>[A-Z])?\s*"
    r"(?P<amount>[\d.,]*\d[\d.,]*)(?P<kind>[A-Z][A-Z0-9]{3})?(?P<rest>.*)"
)
_BALANCE = re.compile(r"(?P<mark>[CD])(?P<day>\d{6})(?P<currency>[A-Z]{3})(?P<amount>[\d.,]*\d[\d.,]*)\s*")
_SUM = re.compile(r"(?P<count>\d{1,5})(?P<currency>[A-Z]{3})(?P<amount>[\d.,]+)")
_CURRENCY_BEHIND = re.compile(r"(.*[\d\W])([A-Z]{3})")
_ACCOUNT_OR_CODE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}|/[A-Z]{4}/.*|[A-Z]?[\d/ .-]*")
_LONGEST_REFERENCE = 16
_HEAD = 8192
_AGAIN = "Download the statement from the bank again."


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - .sta, .940, .txt: the name says nothing
    """Whether a file's first lines carry SWIFT tags such as ":20:"."""
    return _IDENTITY.search(ascii_view(head)[:_HEAD]) is not None


def parse(path: Path, hints: ReadingHints) -> Statement:
    """A statement whose lines are read when they are asked for; raises StatementRefusedError.

    Amounts are negative for D and RC; dates are the entry date, or the value date where there is none.
    """
    encoding = detect(path, hints.country)
    contents = _survey(path, encoding)
    _refuse_unusable(contents, path.name)
    accounts = {(found.ref, found.currency): found for found in _accounts(contents, hints)}
    findings = Findings()
    return Statement(
        source_format="mt942" if contents.is_interim else NAME,
        accounts=tuple(accounts.values()),
        batches=batches_of(_lines(path, encoding, contents, hints, findings)),
        notes=tuple(filter(None, (encoding.note, *_notes(contents)))),
        later_notes=findings.notes,
    )


@dataclass(frozen=True, slots=True)
class _Field:
    """A tag with its text, which may run over several lines; ``number`` is the first one's."""

    tag: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class _Balance:
    currency: str
    minor: int


@dataclass(slots=True)
class _Page:
    """One statement message: from its :20: to its closing balance."""

    reference: str = ""
    account: str = ""
    number: str = ""
    opening: _Balance | None = None
    closing: _Balance | None = None
    stated_currency: str = ""  # of MT942: floor limit or sums
    lines: int = 0
    is_closed: bool = False  # a closing balance stands there, readable or not
    has_opening: bool = False
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)  # D or C: count, minor units

    @property
    def name(self) -> str:
        """How a person finds the statement in the file."""
        return f"statement {self.number or self.reference or '(unnumbered)'} of {self.ref or 'the account'}"

    @property
    def ref(self) -> str:
        """The account without its currency, which some banks put behind it."""
        return _split_account(self.account)[0]

    def currency(self, hints: ReadingHints) -> str:
        """The currency of the balances, else of the account's name, else the user's."""
        stated = next((found.currency for found in (self.opening, self.closing) if found), "")
        return stated or self.stated_currency or _split_account(self.account)[1] or hints.currency


@dataclass(slots=True)
class _Contents:
    pages: list[_Page] = field(default_factory=list)
    is_interim: bool = False
    misplaced: list[int] = field(default_factory=list)  # lines of account tags inside a statement
    unread_balances: list[int] = field(default_factory=list)
    ends_open: bool = True  # nothing closes the last statement

    @property
    def lines(self) -> int:
        return sum(page.lines for page in self.pages)


def _survey(path: Path, encoding: Encoding) -> _Contents:
    """Accounts, balances and the number of lines."""
    contents = _Contents()
    for found in _fields(path, encoding):
        if not found.tag:
            contents.ends_open = False
            continue
        if _begins_page(found, contents.pages[-1] if contents.pages else None):
            contents.pages.append(_Page())
        contents.ends_open = True
        _note_figure(contents, contents.pages[-1], found)
    return contents


def _begins_page(found: _Field, page: _Page | None) -> bool:
    """A :20: begins a statement, and so does an account or opening balance behind a closing balance."""
    return page is None or found.tag == "20" or (found.tag in {"25", "25P", "60F", "60M"} and page.is_closed)


def _note_figure(contents: _Contents, page: _Page, found: _Field) -> None:
    tag, text = found.tag, found.text.split("\n")[0].strip()
    if tag == "20":
        page.reference = text
    elif tag in {"25", "25P"}:
        if page.account or page.lines:
            contents.misplaced.append(found.number)
        else:
            page.account = text
    elif tag in {"28", "28C"}:
        page.number = text
    elif tag == "61":
        page.lines += 1
    elif tag[:2] in {"60", "62"}:
        _note_balance(contents, page, found)
    elif tag in {"34F", "90D", "90C", "13D", "13"}:
        contents.is_interim = contents.is_interim or tag != "13"
        _note_interim(page, tag, text)


def _note_balance(contents: _Contents, page: _Page, found: _Field) -> None:
    balance = _balance(found.text.split("\n")[0].strip())
    if balance is None:
        contents.unread_balances.append(found.number)
    if found.tag.startswith("60"):
        page.opening = page.opening or balance
        page.has_opening = True
    else:
        page.closing = balance or page.closing
        page.is_closed = True


def _note_interim(page: _Page, tag: str, text: str) -> None:
    """The currency and the sums of an interim report."""
    if tag == "34F" and text[:3].isalpha():
        page.stated_currency = page.stated_currency or text[:3]
    if tag.startswith("90") and (found := _SUM.match(text)):
        page.stated_currency = page.stated_currency or found["currency"]
        try:
            minor = minor_units(_with_point(found["amount"]), found["currency"])
        except MoneyError:
            return
        page.sums[tag[-1]] = (int(found["count"]), minor)
        page.is_closed = True


def _balance(text: str) -> _Balance | None:
    found = _BALANCE.fullmatch(text)
    if not found:
        return None
    try:
        minor = minor_units(_with_point(found["amount"]), found["currency"])
    except MoneyError:
        return None
    return _Balance(found["currency"], -minor if found["mark"] == "D" else minor)


def _split_account(text: str) -> tuple[str, str]:
    """An account and the currency behind it: "1291.99.348EUR", "123/456 EUR", "/PL61114010101234"."""
    text = text.removeprefix("/")
    bare = text.replace(" ", "") if text[:2].isalpha() and text[2:4].isdigit() else text
    found = _CURRENCY_BEHIND.fullmatch(bare)
    if not found:
        return bare, ""
    try:
        exponent(found[2])
    except MoneyError:
        return bare, ""
    return found[1].rstrip(" /-"), found[2]


def _refuse_unusable(contents: _Contents, name: str) -> None:
    """Refuse what holds no statement, or ends within one."""
    pages = contents.pages
    if not contents.lines and not any(page.account and (page.opening or page.closing) for page in pages):
        refuse(
            name,
            "it is a fragment of an MT940 statement: it has neither a line (:61:) nor an account (:25:)"
            " with a balance (:60F:, :62F:)",
            _AGAIN,
        )
    last = pages[-1]
    if contents.ends_open and last.has_opening and last.closing is None:
        count = contents.lines
        refuse(
            name,
            f"the file is cut off: it ends before a closing balance (:62F:), after {count}"
            f" line{'s' * (count != 1)}",
            _AGAIN,
        )


def _accounts(contents: _Contents, hints: ReadingHints) -> Iterator[StatementAccount]:
    """Accounts with their first opening and last closing balance; a file may hold many statements of one."""
    known: dict[tuple[str, str], StatementAccount] = {}
    for page in contents.pages:
        ref, currency = page.ref or hints.account_ref, page.currency(hints)
        if not currency or not (page.lines or page.account):
            continue
        earlier = known.get((ref, currency)) or StatementAccount(ref, currency)
        opening, closing = earlier.opening_balance_minor, page.closing
        known[ref, currency] = StatementAccount(
            ref,
            currency,
            opening_balance_minor=page.opening.minor if opening is None and page.opening else opening,
            closing_balance_minor=closing.minor if closing else earlier.closing_balance_minor,
        )
    yield from known.values()


def _notes(contents: _Contents) -> Iterator[str]:
    if not contents.lines:
        yield "the statement holds no lines"
    for number in contents.misplaced[:3]:
        yield f"line {number}: an account (:25:) inside a statement was left aside"
    for number in contents.unread_balances[:3]:
        yield f"line {number}: the balance cannot be read"
    if contents.lines and not any((page.opening and page.closing) or page.sums for page in contents.pages):
        yield "the file states no balances that its lines could be checked against"


def _lines(
    path: Path, encoding: Encoding, contents: _Contents, hints: ReadingHints, findings: Findings
) -> Iterator[StatementLine]:
    """The lines of all statements; each statement is checked against its balances when it ends."""
    checks = _Checks(findings, hints)
    pages = iter(contents.pages)
    page: _Page | None = None
    waiting: list[_Field] = []
    for found in _fields(path, encoding):
        if waiting and found.tag != "86" and found.tag[:2].isdigit() | (not found.tag):
            yield checks.counted(_line(waiting, page or _Page(), hints))
            waiting = []
        if not found.tag:
            continue
        if _begins_page(found, page if page is None else checks.seen):
            checks.end()
            page = next(pages, None)
            checks.begin(page or _Page())
        _mark_seen(checks.seen, found)
        if found.tag == "61" or (found.tag == "86" and waiting):
            waiting.append(found)
    if waiting:
        yield checks.counted(_line(waiting, page or _Page(), hints))
    checks.end()


def _mark_seen(seen: _Page, found: _Field) -> None:
    """Follow in the second reading what decides where a statement ends."""
    seen.is_closed = seen.is_closed or found.tag.startswith(("62", "90"))


class _Checks:
    """The running sum of the statement that is being read."""

    def __init__(self, findings: Findings, hints: ReadingHints) -> None:
        self.findings = findings
        self.hints = hints
        self.page: _Page | None = None
        self.check: StatementCheck | None = None
        self.sides: dict[str, list[int]] = {}
        self.seen = _Page()

    def begin(self, page: _Page) -> None:
        """A statement begins."""
        self.page, self.seen = page, _Page()
        opening = page.opening.minor if page.opening else None
        self.check = StatementCheck(page.name, page.currency(self.hints), opening)
        self.sides = {"D": [0, 0], "C": [0, 0]}

    def counted(self, line: StatementLine) -> StatementLine:
        """The line, added to its statement's sum."""
        if self.check:
            self.check.add(line)
        if line.amount_minor is not None and line.status == "posted":
            side = self.sides["D" if line.amount_minor < 0 else "C"]
            side[0] += 1
            side[1] += abs(line.amount_minor)
        return line

    def end(self) -> None:
        """A statement ends: hold its lines against its balances and sums."""
        if self.check is None or self.page is None:
            return
        self.findings.add(self.check.gap(self.page.closing.minor if self.page.closing else None))
        for side, (count, minor) in self.page.sums.items():
            if [count, minor] != self.sides[side]:
                self.findings.say(
                    f"{self.page.name}: the sums (:90{side}:) state {count} lines, read were"
                    f" {self.sides[side][0]}, or their amounts differ"
                )
        self.check = None


def _line(fields: list[_Field], page: _Page, hints: ReadingHints) -> StatementLine:
    """The line of a :61: with the :86: fields that follow it."""
    first, *details = fields
    text, *supplement = first.text.split("\n")
    found = _LINE.match(text.strip())
    said = read_details("\n".join(detail.text for detail in details))
    currency = page.currency(hints) or None
    minor, problem = _amount(found, currency)
    booked, value, date_problem = _dates(found)
    reference, behind = _references(found["rest"] if found else "")
    name = said.counterparty or ("" if _ACCOUNT_OR_CODE.fullmatch(behind) else behind)
    problems = [date_problem, problem] if found else [f"the line (:61:) {text!r} cannot be read"]
    return StatementLine(
        account_ref=page.ref or hints.account_ref,
        line_number=first.number,
        booked_date=booked,
        value_date=value,
        amount_minor=minor,
        currency=currency,
        status=_status(found),
        description=_description(said, name, supplement) or (found["kind"] if found else "") or text,
        counterparty=name or None,
        bank_reference=reference,
        bank_kind="-".join(filter(None, ((found["kind"] or "") if found else "", said.code))) or None,
        mcc=None,
        balance_minor=None,
        problem="; ".join(filter(None, problems)) or None,
        raw=json.dumps(
            {"61": first.text, "86": "\n".join(detail.text for detail in details)}, ensure_ascii=False
        ),
    )


def _status(found: re.Match[str] | None) -> LineStatus:
    """Pending for the expected items of an MT942 (EC, ED)."""
    return "pending" if found and found["mark"].startswith("E") else "posted"


def _amount(found: re.Match[str] | None, currency: str | None) -> tuple[int | None, str | None]:
    """The signed amount, or why there is none; RC takes back a credit, RD a debit."""
    if found is None:
        return None, None
    if not currency:
        return None, "the file names no currency (:60F:); import it again and say it"
    try:
        minor = minor_units(_with_point(found["amount"]), currency)
    except MoneyError as error:
        return None, f"amount (:61:): {error}"
    return (-minor if found["mark"] in {"D", "RC", "ED"} else minor), None


def _dates(found: re.Match[str] | None) -> tuple[date | None, date | None, str | None]:
    """Booking date, value date, and what is wrong with them.

    The entry date has no year: it is the one nearest to the value date.
    """
    if found is None:
        return None, None, None
    value = short_date(found["value"])
    if value is None:
        return None, None, f"the value date (:61:) {found['value']!r} is not a date"
    if not found["entry"] or found["value"].endswith(found["entry"]):
        return value, value, None
    years = (value.year - 1, value.year, value.year + 1)
    near = [day for year in years if (day := short_date(f"{year % 100:02}{found['entry']}"))]
    if not near:
        return None, value, f"the entry date (:61:) {found['entry']!r} is not a date"
    return min(near, key=lambda day: abs((day - value).days)), value, None


def _references(rest: str) -> tuple[str | None, str]:
    """The bank's reference (behind "//"), and text that some banks put behind the customer's."""
    customer, _, bank = rest.partition("//")
    reference = bank.strip()
    is_padded = customer[:_LONGEST_REFERENCE].endswith(" ") or customer[_LONGEST_REFERENCE:].startswith(" ")
    behind = customer[_LONGEST_REFERENCE:] if is_padded and not bank else ""
    return (reference if reference and reference != "NONREF" else None), behind.strip()


def _description(said: Details, name: str, supplements: list[str]) -> str:
    """The details, with the supplements that are words rather than an account or a code."""
    texts = (text.strip() for text in supplements)
    words = (text for text in texts if text and not _ACCOUNT_OR_CODE.fullmatch(text))
    return one_text(name, said.text, *words)


def _with_point(amount: str) -> str:
    """An amount with a decimal point; where both marks stand, the last is the decimal one."""
    if "," in amount and "." in amount:
        thousands = "," if amount.rfind(".") > amount.rfind(",") else "."
        amount = amount.replace(thousands, "")
    return amount.replace(",", ".")


def _fields(path: Path, encoding: Encoding) -> Iterator[_Field]:
    """Tags with their texts in file order; an empty tag where a message ends."""
    tag, start, text = "", 0, list[str]()
    for number, line in enumerate(_text_lines(path, encoding), start=1):
        if found := _TAG.match(line):
            if tag:
                yield _Field(tag, start, "\n".join(text))
            tag, start, text = found[1], number, [found[2]]
        elif _END.fullmatch(line):
            if tag:
                yield _Field(tag, start, "\n".join(text))
            yield _Field("", number, "")
            tag, text = "", []
        elif tag and line.strip():
            text.append(line)
    if tag:
        yield _Field(tag, start, "\n".join(text))


def _text_lines(path: Path, encoding: Encoding) -> Iterator[str]:
    """A file's lines without what SWIFT wraps around a message, control characters of tapes among it."""
    for block in text_blocks(path, encoding):
        for line in block.decode(errors="replace").removesuffix("\n").split("\n"):
            bare = line.strip("\x00\x01\x02\x03\x1a\ufeff").rstrip()
            if bare.startswith("{"):
                _, opened, after = bare.partition("{4:")
                bare = after if opened else ""
            yield bare
