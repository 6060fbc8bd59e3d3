"""How a person downloads their statements: periods that overlap, pending lines, the same months twice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from flows.generator.days import ONE_DAY, month_day, months_later
from flows.generator.dice import Dice
from flows.generator.events import CARD, Event
from flows.generator.formats import WITH_PENDING, WRITERS
from flows.generator.statements import Line, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.generator.accounts import Account
    from flows.generator.life import Life
    from flows.generator.params import GeneratorParams, Rates

CADENCE_MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6}
NEEDS_REFERENCE = frozenset({"ofx1", "ofx2"})
EXPORT_STREAM = 1_000  # keys of the exports' randomness, apart from the person's own
RECENT_DAYS = 40
VANISHED_AGE = 2


class Window(NamedTuple):
    """One download: what it covers and the day it is taken on (its last day, or later)."""

    start: date
    end: date  # last day covered
    as_of: date
    file_format: str
    label: str


class TruthLine(NamedTuple):
    """What stands in a file, and what it really is."""

    file: str
    line_number: int
    event: int
    account: str
    date: date
    amount_minor: int
    currency: str
    status: str
    kind: str  # original, re-export, pending, posted
    description: str
    reference: str


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file's name below the output folder, its bytes, and the truth about its lines."""

    name: str
    content: bytes
    lines: list[TruthLine]


@dataclass(frozen=True, slots=True)
class Exports:
    """All downloads of a person, and the pending purchases that only they show."""

    files: list[ExportedFile]
    vanished: list[Event]


def windows(account: Account, end: date, rates: Rates, dice: Dice) -> list[Window]:
    """The downloads of an account in the order in which they are taken."""
    found: list[Window] = []
    step = CADENCE_MONTHS[account.bank.cadence]
    start = account.opened_on
    while start < end:
        month = start.replace(day=1)
        following = min(end, months_later(month, step - (month.month - 1) % step))
        first = max(account.opened_on, start - timedelta(days=account.overlap_days))
        if account.midway and dice.chance(rates.midway + 0.2):
            middle = start + (following - start) / 2
            found.append(
                Window(first, middle, middle, account.file_format, f"{first:%Y%m%d}-{middle:%Y%m%d}")
            )
        last = following - ONE_DAY
        label = (
            f"{start:%Y-%m}" if step == 1 and not account.overlap_days else f"{first:%Y%m%d}-{last:%Y%m%d}"
        )
        found.append(Window(first, last, last, account.file_format, label))
        start = following
    return sorted((*found, *_second_downloads(account, end)), key=lambda w: (w.as_of, w.file_format, w.start))


def _second_downloads(account: Account, end: date) -> Iterator[Window]:
    """Whole years once more in another format."""
    if not account.second_format:
        return
    for year in range(account.opened_on.year, end.year + 1):
        first, last = max(account.opened_on, date(year, 1, 1)), min(month_day(year, 12, 31), end - ONE_DAY)
        if first < last:
            yield Window(first, last, last, account.second_format, f"{year}")


def export(life: Life, params: GeneratorParams) -> Exports:
    """Every file of a person."""
    files: list[ExportedFile] = []
    vanished: list[Event] = []
    next_number = max((event.number for event in life.events), default=0) + 1
    for index, account in enumerate(life.accounts):
        exporter = AccountExporter(
            life, account, params, Dice(params.seed, life.person.index, EXPORT_STREAM + index)
        )
        exporter.invent_vanished(next_number)
        next_number += len(exporter.vanished)
        vanished += exporter.vanished
        files += exporter.files()
    return Exports(files, vanished)


class AccountExporter:
    """Cuts one account's history into files."""

    def __init__(self, life: Life, account: Account, params: GeneratorParams, dice: Dice) -> None:
        self.person = life.person
        self.account = account
        self.params = params
        self.dice = dice
        self.zone = ZoneInfo(life.person.country.zone)
        own = [event for event in life.events if event.account == account.slug]
        self.posted = sorted(
            (event for event in own if event.booked_date < params.end),
            key=lambda event: (event.booked_date, event.spent_at, event.number),
        )
        self.booked = [event.booked_date for event in self.posted]
        self.balances = list(accumulate((e.amount_minor for e in self.posted), initial=account.opening_minor))
        self.card_events = sorted((e for e in own if e.hold), key=lambda e: (e.spent_date, e.number))
        self.windows = windows(account, params.end, params.rates, dice)
        self.vanished: list[Event] = []
        self.seen_posted: set[int] = set()
        self.seen_pending: set[int] = set()

    def invent_vanished(self, first_number: int) -> None:
        """Purchases that a download shows as pending and that never post."""
        if not self.account.bank.shows_pending:
            return
        spent = [event.spent_date for event in self.card_events]
        for window in self.windows:
            if not self.dice.chance(self.params.rates.vanished):
                continue
            low = bisect_left(spent, window.as_of - timedelta(days=RECENT_DAYS))
            recent = self.card_events[low : bisect_right(spent, window.as_of)]
            if recent:
                self.vanished.append(
                    self._vanished(self.dice.pick(recent), window, first_number + len(self.vanished))
                )

    def _vanished(self, model: Event, window: Window, number: int) -> Event:
        day = max(window.start, window.as_of - timedelta(days=self.dice.integer(0, VANISHED_AGE)))
        moment = model.spent_at.astimezone(self.zone).replace(year=day.year, month=day.month, day=day.day)
        amount = min(-1, round(model.amount_minor * self.dice.between(0.6, 1.5)))
        return model._replace(
            number=number,
            spent_date=day,
            spent_at=moment.astimezone(UTC),
            booked_date=window.as_of + timedelta(days=4),
            amount_minor=amount,
            pending_minor=amount,
            outcome="vanished",
            hold="vanished",
            anomaly="",
            twin_of=0,
            original_currency="",
            original_minor=0,
        )

    def files(self) -> list[ExportedFile]:
        """All downloads, in order; an account without a line in a period gives no file for it."""
        made = (self._file(window) for window in self.windows)
        return [file for file in made if file.lines]

    def _file(self, window: Window) -> ExportedFile:
        low, high = bisect_left(self.booked, window.start), bisect_right(self.booked, window.end)
        events = [*self.posted[low:high], *self._pending(window)]
        lines = [self._line(event, window, ordinal) for ordinal, event in enumerate(events, low)]
        statement = Statement(
            self.account,
            self.person.name,
            window.start,
            window.end,
            self.balances[low],
            self.balances[high],
            lines,
        )
        write, extension = WRITERS[window.file_format]
        content, numbers = write(statement)
        name = f"{self.person.slug}/{self.account.role}_{window.label}.{extension}"
        truth = [self._truth(name, n, line) for n, line in zip(numbers, lines, strict=True)]
        return ExportedFile(name, content, sorted(truth, key=lambda line: line.line_number))

    def _pending(self, window: Window) -> list[Event]:
        if window.file_format not in WITH_PENDING or not self.account.bank.shows_pending:
            return []
        shown = [
            event
            for event in (*self.card_events, *self.vanished)
            if window.start <= event.spent_date <= window.as_of < event.booked_date
        ]
        return sorted(shown, key=lambda event: (event.spent_date, event.spent_at, event.number))

    def _line(self, event: Event, window: Window, position: int) -> Line:
        pending = event.booked_date > window.end
        return Line(
            event=event.number,
            booked_date=event.spent_date if pending else event.booked_date,
            value_date=event.spent_date if pending or event.channel == CARD else event.booked_date,
            spent_at=event.spent_at.astimezone(self.zone),
            amount_minor=event.pending_minor if pending else event.amount_minor,
            is_pending=pending,
            text=self._text(event, pending=pending),
            counterparty=event.counterparty,
            reference=self._reference(event, window, position, pending=pending),
            kind=event.kind,
            channel=event.channel,
            mcc=event.mcc,
            balance_minor=0 if pending else self.balances[position + 1],
            original_currency=event.original_currency,
            original_minor=event.original_minor,
        )

    def _text(self, event: Event, *, pending: bool) -> str:
        if pending:
            return event.text
        if (
            self.account.rewords
            and event.number in self.seen_posted
            and self.dice.chance(self.params.rates.reworded)
        ):
            return reworded(event.text, self.dice)
        return event.text

    def _reference(self, event: Event, window: Window, position: int, *, pending: bool) -> str:
        policy = self.account.bank.ids
        if policy == "none" and window.file_format not in NEEDS_REFERENCE:
            return ""
        if pending:
            return f"P{event.number:07d}"
        if policy == "amount":
            return f"{event.booked_date:%Y%m%d}{abs(event.amount_minor)}"
        if policy == "per_download":
            return f"{window.as_of:%y%m%d}{position:05d}"
        return f"{event.booked_date:%Y%m%d}{self.account.tail}{position:05d}"

    def _truth(self, name: str, number: int, line: Line) -> TruthLine:
        return TruthLine(
            name,
            number,
            line.event,
            self.account.slug,
            line.booked_date,
            line.amount_minor,
            self.account.currency,
            "pending" if line.is_pending else "posted",
            self._kind(line),
            line.text,
            line.reference,
        )

    def _kind(self, line: Line) -> str:
        if line.is_pending:
            self.seen_pending.add(line.event)
            return "pending"
        if line.event in self.seen_posted:
            return "re-export"
        self.seen_posted.add(line.event)
        return "posted" if line.event in self.seen_pending else "original"


def reworded(text: str, dice: Dice) -> str:
    """The same line as another download prints it: other case, other spaces, cut, or with a code."""
    draw = dice.integer(0, 4)
    if draw == 0:
        return text.title()
    if draw == 1:
        return " ".join(text.split())[: max(12, len(text) - 4)].rstrip()
    if draw == 2:  # noqa: PLR2004  # the third of five ways
        return f"{text} REF{dice.integer(10000, 99999)}"
    if draw == 3:  # noqa: PLR2004
        return text.replace(" ", "  ", 1)
    return text.lower()
