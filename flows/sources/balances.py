"""Whether a statement's lines explain its balances: what is missing, and from which line on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from flows.sources.lines import StatementLine
from warehouse.money import Money

#: Gaps told one by one; a file that is wrong throughout is told in one more sentence.
_MOST_FINDINGS = 10
#: Share of the steps of a running balance that must be explained before a passing deviation is a gap:
#: banks put the lines of one day in any order.
_ORDERLY = 0.9


@dataclass(frozen=True, slots=True)
class Gap:
    """A statement whose opening balance and booked lines do not give its closing balance; minor units."""

    statement: str
    currency: str
    expected: int  # opening balance plus booked lines
    stated: int  # closing balance
    unread: int = 0  # lines without a readable amount, which may be the reason
    line_number: int | None = None  # where a running balance first leaves the lines

    def __str__(self) -> str:
        difference, expected, stated = (
            Money(minor, self.currency) for minor in (self.stated - self.expected, self.expected, self.stated)
        )
        where = f" from line {self.line_number} on" if self.line_number else ""
        why = f"; {self.unread} of its lines could not be read" if self.unread else ""
        return (
            f"{self.statement}: the lines do not explain the balance{where}: expected {expected},"
            f" stated {stated}, difference {difference}{why}"
        )


@dataclass(slots=True)
class StatementCheck:
    """The sum of one statement's booked lines, held against its balances when it ends."""

    statement: str
    currency: str
    opening: int | None
    booked: int = 0
    unread: int = 0

    def add(self, line: StatementLine) -> None:
        """Count a line; a pending one is in no booked balance, nor is one of another currency."""
        if line.status == "posted" and line.currency == self.currency:
            self.booked += line.amount_minor or 0
            self.unread += line.amount_minor is None

    def gap(self, closing: int | None) -> Gap | None:
        """What the lines leave unexplained, None when nothing is or a balance is not stated."""
        if self.opening is None or closing is None or self.opening + self.booked == closing:
            return None
        return Gap(self.statement, self.currency, self.opening + self.booked, closing, self.unread)


@dataclass(slots=True)
class Findings:
    """Gaps as notes; few of them, however many there are."""

    told: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, gap: Gap | None) -> None:
        """Keep a gap, or count it when there are many."""
        if gap is not None:
            self.say(str(gap))

    def say(self, text: str) -> None:
        """Keep any other finding."""
        if len(self.told) < _MOST_FINDINGS:
            self.told.append(text)
        else:
            self.more += 1

    def notes(self) -> tuple[str, ...]:
        """The gaps as sentences."""
        more = (
            (f"{self.more} more statements whose lines do not explain their balances",) if self.more else ()
        )
        return (*self.told, *more)


@dataclass(slots=True)
class _Track:
    """One account's running balance as far as it has been read; minor units.

    ``anchor`` is the balance less the lines so far: it stays the same while the lines explain the balance.
    """

    anchor: int
    total: int = 0
    explained: int = 0
    steps: int = 0
    left_at: int | None = None  # the line from which on the anchor has been another one
    passing: int | None = None  # the first line of a deviation that lasted over the end of a day
    passing_stated: int = 0  # the balance at the end of that day
    passing_by: int = 0
    last: int = 0  # the anchor at the last line
    unread: int = 0


class RunningCheck:
    """Running balances held against the lines, frame by frame, in the memory of one number per account."""

    def __init__(self, *, is_ascending: bool) -> None:
        self.is_ascending = is_ascending
        self._tracks: dict[tuple[str, str], _Track] = {}

    def watch(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The same frames, each looked at as it passes."""
        for frame in frames:
            self.add(frame)
            yield frame

    def add(self, frame: pl.DataFrame) -> None:
        """Take up the next lines of the file (STATEMENT_LINE_SCHEMA)."""
        usable = frame.filter(pl.col("balance_minor").is_not_null() & pl.col("currency").is_not_null())
        usable = usable.filter(pl.col("status") == "posted")
        columns = ["line_number", "booked_date", "amount_minor", "balance_minor"]
        keys = ["account_ref", "currency"]
        for (ref, currency), lines in (
            usable.select(*keys, *columns).partition_by(keys, as_dict=True, maintain_order=True).items()
        ):
            self._add(str(ref), str(currency), lines)

    def _add(self, ref: str, currency: str, lines: pl.DataFrame) -> None:
        """Follow one account through a frame, whole columns at a time."""
        track = self._tracks.get((ref, currency))
        amount, balance = pl.col("amount_minor").fill_null(0), pl.col("balance_minor")
        total = track.total if track else 0
        # Oldest first a balance includes its own line; newest first the lines above have been taken off it.
        so_far = amount.cum_sum() if self.is_ascending else amount - amount.cum_sum()
        moved = so_far + total if self.is_ascending else so_far - total
        anchors = lines.select("line_number", "booked_date", "balance_minor", anchor=balance - moved)
        if track is None:
            track = self._tracks[ref, currency] = _Track(int(anchors["anchor"][0]))
            track.last = track.anchor
        self._follow(track, anchors)
        track.total = total + int(lines["amount_minor"].fill_null(0).sum())
        track.unread += lines["amount_minor"].null_count()

    def _follow(self, track: _Track, anchors: pl.DataFrame) -> None:
        values = anchors["anchor"]
        before = pl.concat([pl.Series([track.last]), values.head(-1)])
        track.explained += int((values == before).sum())
        track.steps += values.len()
        off = values != track.anchor
        if off.any() or track.left_at is not None:
            self._note_passing(track, anchors, off)
            self._note_leaving(track, anchors["line_number"], off)
        track.last = int(values[-1])

    def _note_passing(self, track: _Track, anchors: pl.DataFrame, off: pl.Series) -> None:
        """The first deviation over the end of a day: within one, banks order lines as they like."""
        days = anchors["booked_date"]
        turns = ((days != days.shift(-1)).fill_null(value=False) & off).arg_true()
        if track.passing is not None or not turns.len():
            return
        position = int(turns[0])
        same = (~off.head(position)).arg_true()
        start = int(same[-1]) + 1 if same.len() else 0
        began_earlier = not same.len() and track.left_at is not None
        track.passing = track.left_at if began_earlier else int(anchors["line_number"][start])
        track.passing_stated = int(anchors["balance_minor"][position])
        track.passing_by = int(anchors["anchor"][position]) - track.anchor

    def _note_leaving(self, track: _Track, numbers: pl.Series, off: pl.Series) -> None:
        """From which line on the anchor has been another one, None while it is the first one."""
        same = (~off).arg_true()
        if not same.len():
            track.left_at = track.left_at or int(numbers[0])
        elif int(same[-1]) == off.len() - 1:
            track.left_at = None
        else:
            track.left_at = int(numbers[int(same[-1]) + 1])

    def notes(self) -> tuple[str, ...]:
        """What the running balances leave unexplained, once all frames have passed."""
        findings = Findings()
        for (ref, currency), track in self._tracks.items():
            findings.add(self._gap(f"account {ref}" if ref else "running balance", currency, track))
        return findings.notes()

    def _gap(self, name: str, currency: str, track: _Track) -> Gap | None:
        if track.explained < 0.5 * track.steps:
            return None  # this column is no running balance of these lines
        if track.last != track.anchor:
            # Oldest first the anchor is the opening balance; newest first it is the closing one.
            ends = (track.anchor + track.total, track.last + track.total)
            expected, stated = ends if self.is_ascending else (track.last, track.anchor)
            return Gap(name, currency, expected, stated, track.unread, track.left_at)
        if track.passing is not None and track.explained >= _ORDERLY * track.steps:
            stated = track.passing_stated
            return Gap(name, currency, stated - track.passing_by, stated, track.unread, track.passing)
        return None
