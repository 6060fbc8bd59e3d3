"""From entries to real events: a global one-to-one assignment, file by file, in three bands.

A pure function of what the files hold and what the user said: the order in which files came does not
matter, and without a file the result is what it would have been had it never come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models_ml.identity.evidence import COVERAGE_SCHEMA, ENTRY_SCHEMA, candidate_pairs
from models_ml.identity.model import PairModel, probability, shipped_model

#: The bands: below the first two entries are different, from the second on the same; between, ask.
DIFFERENT_BELOW, SAME_FROM = 0.2, 0.9
#: A pending line that no file has shown for so many days before the last one ends has gone.
PENDING_DAYS = 21
#: What the user says outweighs all evidence.
_SAID = 100.0
_A_TRIFLE = 1e-6

#: The user's answers: two entries, the smaller id first, and whether they are the same event.
Answers = Mapping[tuple[str, str], bool]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the entries of some accounts are.

    ``merged``: entry_id, root, probability, evidence, one row per entry that joins another event; ``root`` is
    the first-placed entry of the event. ``questions``: left, right, probability, evidence. ``expired``: ids of
    pending entries that were never posted. ``evidence`` is JSON text, log-odds by name.
    """

    merged: pl.DataFrame
    questions: pl.DataFrame
    expired: frozenset[str]


@dataclass(slots=True)
class _Event:
    """A growing cluster of entries that are one event."""

    members: list[int]
    files: set[int]
    joined: dict[int, tuple[float, int]] = field(default_factory=dict)  # entry -> log-odds, pair


def resolve(
    entries: pl.DataFrame,
    coverage: pl.DataFrame,
    answers: Answers | None = None,
    model: PairModel | None = None,
) -> Resolution:
    """Say which entries (ENTRY_SCHEMA) are one event, given what each file covers (COVERAGE_SCHEMA)."""
    model = model or shipped_model()
    entries = entries.select(ENTRY_SCHEMA.names()).sort("account_id", "booked_date", "position", "entry_id")
    coverage = coverage.select(COVERAGE_SCHEMA.names())
    pairs = candidate_pairs(entries, coverage)
    pairs = pairs.with_columns(_heard(pairs, model.log_odds(pairs), entries, answers or {}))
    events = [event for component in _components(pairs, entries) for event in _assign(component)]
    return Resolution(
        merged=_merged(events, entries, pairs, model),
        questions=_questions(events, entries, pairs, model, answers or {}),
        expired=_expired(events, entries, coverage),
    )


def _heard(pairs: pl.DataFrame, log_odds: pl.Series, entries: pl.DataFrame, answers: Answers) -> pl.Series:
    """The log-odds, with those of pairs that the user answered overruled."""
    if not answers:
        return log_odds.alias("log_odds")
    ids = entries["entry_id"].to_list()
    told = [
        answers.get(_key(ids[left], ids[right])) for left, right in pairs.select("left", "right").iter_rows()
    ]
    heard = [
        old if said is None else (_SAID if said else -inf) for said, old in zip(told, log_odds, strict=True)
    ]
    return pl.Series("log_odds", heard, pl.Float64)


def _key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


@dataclass(frozen=True, slots=True)
class _Component:
    """Entries that hang together by pairs that are possible at all."""

    entries: list[int]
    files: Sequence[Sequence[int]]  # by entry, of all entries
    pairs: dict[tuple[int, int], tuple[float, int]]  # (left, right) -> log-odds, row of the pair


def _components(pairs: pl.DataFrame, entries: pl.DataFrame) -> Iterator[_Component]:
    possible = pairs.with_row_index("pair").filter(pl.col("log_odds") > np.log(DIFFERENT_BELOW))
    if possible.is_empty():
        return
    left, right = possible["left"].to_numpy(), possible["right"].to_numpy()
    graph = coo_array((np.ones(left.size), (left, right)), shape=(entries.height, entries.height))
    _, labels = connected_components(graph, directed=False)
    files = entries["files"].to_list()
    members: dict[int, list[int]] = {}
    for row in np.unique(np.concatenate([left, right])).tolist():
        members.setdefault(int(labels[row]), []).append(row)
    edges: dict[int, dict[tuple[int, int], tuple[float, int]]] = {}
    for one, other, odds, pair in possible.select("left", "right", "log_odds", "pair").iter_rows():
        edges.setdefault(int(labels[one]), {})[one, other] = edges[int(labels[one])][other, one] = (
            odds,
            pair,
        )
    for label, rows in members.items():
        yield _Component(rows, files, edges[label])


def _assign(component: _Component) -> list[_Event]:
    """Place the entries file by file: those of one file against all events so far, one to one."""
    events: list[_Event] = []
    waiting = sorted(component.entries, key=lambda row: (_first_file(component, row), row))
    while waiting:
        first = _first_file(component, waiting[0])
        together = [row for row in waiting if _first_file(component, row) == first]
        waiting = waiting[len(together) :]
        if first == _BY_HAND:  # purchases entered by hand share no file, and are still told apart
            together, waiting = together[:1], [*together[1:], *waiting]
        _place(component, together, events)
    return events


_BY_HAND = -1


def _first_file(component: _Component, row: int) -> int:
    return component.files[row][0] if component.files[row] else _BY_HAND


def _place(component: _Component, rows: Sequence[int], events: list[_Event]) -> None:
    """Give each entry its event, or one of its own, so that the log-odds sum to the most."""
    taken: set[int] = set()
    odds = np.array([[_odds(component, row, event) for event in events] for row in rows])
    if events:
        chosen = linear_sum_assignment(odds.clip(min=0.0) - _in_order(odds.shape), maximize=True)
        for place, number in zip(*chosen, strict=True):
            if odds[place, number] > 0:
                row, event = rows[place], events[number]
                event.joined[row] = max(
                    component.pairs[row, member]
                    for member in event.members
                    if (row, member) in component.pairs
                )
                event.members.append(row)
                event.files.update(component.files[row])
                taken.add(row)
    events += [_Event([row], set(component.files[row])) for row in rows if row not in taken]


def _in_order(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """A cost too small to decide anything but which of some equal lines is which: the first is the first."""
    rows, events = np.indices(shape)
    return _A_TRIFLE * np.square((rows - events) / max(shape))


def _odds(component: _Component, row: int, event: _Event) -> float:
    """The log-odds that an entry belongs to an event: its best pair, none where a file has both."""
    if not event.files.isdisjoint(component.files[row]):
        return -inf
    odds = [component.pairs[row, member][0] for member in event.members if (row, member) in component.pairs]
    return -inf if not odds or -inf in odds else max(odds)


def _merged(
    events: Sequence[_Event], entries: pl.DataFrame, pairs: pl.DataFrame, model: PairModel
) -> pl.DataFrame:
    rows = [
        (row, event.members[0], odds, pair) for event in events for row, (odds, pair) in event.joined.items()
    ]
    frame = pl.DataFrame(
        rows, {"row": pl.Int64, "first": pl.Int64, "log_odds": pl.Float64, "pair": pl.Int64}, orient="row"
    )
    return frame.select(
        entries["entry_id"].gather(frame["row"]).alias("entry_id"),
        entries["entry_id"].gather(frame["first"]).alias("root"),
        probability(frame["log_odds"]).alias("probability"),
        _evidence(frame["pair"], pairs, model),
    )


def _questions(
    events: Sequence[_Event], entries: pl.DataFrame, pairs: pl.DataFrame, model: PairModel, answers: Answers
) -> pl.DataFrame:
    """Pairs in the middle band: those merged on weak evidence, and those that found no other partner."""
    event_of = {row: number for number, event in enumerate(events) for row in event.members}
    weak = pairs.with_row_index("pair").filter(
        pl.col("log_odds").is_between(_logit(DIFFERENT_BELOW), _logit(SAME_FROM), closed="left")
    )
    asked = [
        (left, right, odds, pair)
        for left, right, odds, pair in weak.select("left", "right", "log_odds", "pair").iter_rows()
        if _open(events, event_of, left, right, pair)
        and _key(entries["entry_id"][left], entries["entry_id"][right]) not in answers
    ]
    frame = pl.DataFrame(
        asked, {"left": pl.Int64, "right": pl.Int64, "log_odds": pl.Float64, "pair": pl.Int64}, orient="row"
    )
    return frame.select(
        entries["entry_id"].gather(frame["left"]).alias("left"),
        entries["entry_id"].gather(frame["right"]).alias("right"),
        probability(frame["log_odds"]).alias("probability"),
        _evidence(frame["pair"], pairs, model),
    )


def _open(events: Sequence[_Event], event_of: Mapping[int, int], left: int, right: int, pair: int) -> bool:
    """Whether a pair is undecided: it is what joined the two, or both stand alone."""
    if event_of[left] == event_of[right]:
        return any(joined == pair for _, joined in events[event_of[left]].joined.values())
    return len(events[event_of[left]].members) == 1 and len(events[event_of[right]].members) == 1


def _evidence(chosen: pl.Series, pairs: pl.DataFrame, model: PairModel) -> pl.Series:
    """What spoke for and against each chosen pair, as JSON text."""
    told = (
        [model.reasons(pair) for pair in pairs[chosen.to_list()].iter_rows(named=True)] if len(chosen) else []
    )
    return pl.Series("evidence", [_as_json(reasons) for reasons in told], pl.String)


def _as_json(reasons: Mapping[str, float]) -> str:
    return "{" + ", ".join(f'"{name}": {part}' for name, part in reasons.items()) + "}"


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _expired(events: Sequence[_Event], entries: pl.DataFrame, coverage: pl.DataFrame) -> frozenset[str]:
    """Pending entries that were not posted: a later file would show them, or their account went on for weeks."""
    settled = {row for event in events if len(event.members) > 1 for row in event.members}
    alone = entries.with_row_index("row").filter(
        pl.col("is_pending") & ~pl.col("row").is_in(sorted(settled)) & (pl.col("files").list.len() > 0)
    )
    if alone.is_empty():
        return frozenset()
    seen = alone.explode("files").join(
        coverage, left_on=["account_id", "files"], right_on=["account_id", "file"], how="inner"
    )
    last_seen = seen.group_by("account_id", "entry_id", "booked_date").agg(
        last_seen=pl.col("last_date").max()
    )
    later = last_seen.join(coverage, on="account_id").filter(
        pl.col("last_date") > pl.col("last_seen"),
        (pl.col("first_date") < pl.col("booked_date"))
        | (pl.col("last_date") > pl.col("booked_date") + timedelta(days=PENDING_DAYS)),
    )
    return frozenset(later["entry_id"].to_list())
