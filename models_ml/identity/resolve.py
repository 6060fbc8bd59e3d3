"""From entries to real events: a global one-to-one assignment, file by file, in three bands.

First what several files say of one thing is put together, then pending lines find the posted ones. A pure
function of what the files hold and what the user said: the order in which files came does not matter, and
without a file the result is what it would have been had it never come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf, log

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from models_ml.identity.competition import matched
from models_ml.identity.evidence import COVERAGE_SCHEMA, ENTRY_SCHEMA, REPEAT, SETTLEMENT, candidate_pairs
from models_ml.identity.model import PairModel, probability, shipped_model

#: The bands: below the first two entries are different, from the second on the same; between, ask.
DIFFERENT_BELOW, SAME_FROM = 0.2, 0.9
#: A pending line that no file has shown for so many days before the last one ends has gone.
PENDING_DAYS = 21
#: What the user says outweighs all evidence.
_SAID = 100.0
_A_TRIFLE = 1e-6
#: Probabilities are kept this far from none and all, so that log-odds are numbers.
_SURE_NOT = 1e-9
#: Purchases entered by hand come before all files.
_BY_HAND = -1

#: The user's answers: two entries, the smaller id first, and whether they are the same event.
Answers = Mapping[tuple[str, str], bool]

_EDGE = ("left", "right", "weight", "pair")
_PAIR_SCHEMA = pl.Schema(
    {"entry_id": pl.String, "root": pl.String, "probability": pl.Float64, "evidence": pl.String}
)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the entries of some accounts are.

    ``merged`` has a row for each entry that joins another event: entry_id, root (the first-placed entry of
    the event), probability, evidence (JSON text, log-odds by name). ``questions`` has the same columns for
    two entries that may be one. ``expired`` are pending entries that were never posted.
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


@dataclass(frozen=True, slots=True)
class _Component:
    """Entries that hang together by pairs that are possible at all."""

    entries: list[int]
    files: Sequence[Sequence[int]]  # by entry, of all entries
    pairs: dict[tuple[int, int], tuple[float, int]]  # (left, right), both ways -> log-odds, row of the pair


@dataclass(frozen=True, slots=True)
class _Stage:
    """One kind of pairs, scored, and the events that came of them; every entry is in one."""

    kind: str
    model: PairModel
    entries: pl.DataFrame
    pairs: pl.DataFrame
    events: list[_Event]

    def merges(self) -> list[tuple[str, str, float, str]]:
        """The entries that joined an event: id, root, probability, evidence."""
        joined = [
            (row, event.members[0], pair) for event in self.events for row, (_, pair) in event.joined.items()
        ]
        return self._told(joined)

    def questions(self, answers: Answers) -> list[tuple[str, str, float, str]]:
        """Pairs in the middle band: those joined on weak evidence, and those that found no other partner."""
        event_of = {row: event for event in self.events for row in event.members}
        ids = self.entries["entry_id"]
        weak = self.pairs.with_row_index("pair").filter(
            pl.col("log_odds").is_between(_logit(DIFFERENT_BELOW), _logit(SAME_FROM), closed="left")
        )
        doubted = [
            (left, right, pair)
            for left, right, pair in weak.select("left", "right", "pair").iter_rows()
            if _is_open(event_of[left], event_of[right], pair) and _key(ids[left], ids[right]) not in answers
        ]
        return self._told(doubted)

    def _told(self, found: Sequence[tuple[int, int, int]]) -> list[tuple[str, str, float, str]]:
        """Two entries and their pair, by row, as their ids, probability and evidence."""
        ids = self.entries["entry_id"].to_list()
        pairs = self.pairs[[pair for _, _, pair in found]]
        chances = probability(pairs["log_odds"]).to_list()
        return [
            (ids[one], ids[other], chance, json.dumps(why))
            for (one, other, _), chance, why in zip(
                found, chances, self.model.reasons(pairs, self.kind), strict=True
            )
        ]


def resolve(
    entries: pl.DataFrame,
    coverage: pl.DataFrame,
    answers: Answers | None = None,
    model: PairModel | None = None,
) -> Resolution:
    """Say which entries (ENTRY_SCHEMA) are one event, given what each file covers (COVERAGE_SCHEMA)."""
    model, heard = model or shipped_model(), answers or {}
    ordered = ("account_id", "booked_date", "position", "entry_id")
    listed = entries.select(pl.col(name).cast(kind) for name, kind in ENTRY_SCHEMA.items()).sort(ordered)
    covered = coverage.select(pl.col(name).cast(kind) for name, kind in COVERAGE_SCHEMA.items())
    repeats = _stage(REPEAT, listed, covered, heard, model)
    together = put_together(listed, [event.members for event in repeats.events])
    root_of = {
        listed["entry_id"][row]: listed["entry_id"][e.members[0]] for e in repeats.events for row in e.members
    }
    of_roots = {
        _key(root_of.get(one, one), root_of.get(other, other)): same for (one, other), same in heard.items()
    }
    settlements = _stage(SETTLEMENT, together, covered, of_roots, model)
    settled = {entry: root for entry, root, _, _ in settlements.merges()}
    first = [(entry, settled.get(root, root), p, why) for entry, root, p, why in repeats.merges()]
    questions = [*repeats.questions(heard), *settlements.questions(of_roots)]
    return Resolution(
        merged=pl.DataFrame([*first, *settlements.merges()], _PAIR_SCHEMA, orient="row"),
        questions=pl.DataFrame(questions, _PAIR_SCHEMA, orient="row"),
        expired=_expired(settlements, covered),
    )


def put_together(entries: pl.DataFrame, groups: Sequence[Sequence[int]]) -> pl.DataFrame:
    """One entry for each group of rows: what the first says, in the files of all."""
    files = entries["files"].to_list()
    first = entries[[rows[0] for rows in groups]]
    joined = [sorted({file for row in rows for file in files[row]}) for rows in groups]
    return first.with_columns(pl.Series("files", joined, pl.List(pl.Int32)))


def _stage(
    kind: str, entries: pl.DataFrame, coverage: pl.DataFrame, answers: Answers, model: PairModel
) -> _Stage:
    pairs = candidate_pairs(entries, coverage, kind)
    weighed = pairs.with_columns(_heard(pairs, model.log_odds(pairs, kind), entries, answers))
    if kind == SETTLEMENT:
        scored = weighed.with_columns(_competing(weighed, entries))
    else:
        scored = weighed.with_columns(log_odds="weight")
    events = list(_events(scored, entries, kind))
    placed = {row for event in events for row in event.members}
    alone = [_Event([row], set()) for row in range(entries.height) if row not in placed]
    in_order = sorted([*events, *alone], key=lambda event: event.members[0])
    return _Stage(kind, model, entries, scored, in_order)


def _heard(pairs: pl.DataFrame, log_odds: pl.Series, entries: pl.DataFrame, answers: Answers) -> pl.Series:
    """The log-odds, with those of pairs that the user answered overruled."""
    if not answers:
        return log_odds.alias("weight")
    ids = entries["entry_id"].to_list()
    told = [
        answers.get(_key(ids[left], ids[right])) for left, right in pairs.select("left", "right").iter_rows()
    ]
    heard = [
        old if said is None else (_SAID if said else -inf) for said, old in zip(told, log_odds, strict=True)
    ]
    return pl.Series("weight", heard, pl.Float64)


def _competing(pairs: pl.DataFrame, entries: pl.DataFrame) -> pl.Series:
    """The log-odds of each pair, given all others: a pending line is posted once, and a posted one was one.

    Lines of one file that say the same stand for each other, so that which of them it was is no doubt.
    """
    left, right = (pairs[side].to_numpy() for side in ("left", "right"))
    chance = matched(left, right, pairs["weight"].to_numpy())
    alike = _alike(entries)
    one_to_any = pl.col("chance").sum().over("left", "right_alike")
    any_to_one = pl.col("chance").sum().over("left_alike", "right")
    together = (
        pairs.select("left", "right")
        .with_columns(chance=chance, left_alike=alike[left], right_alike=alike[right])
        .select(pl.max_horizontal(one_to_any, any_to_one).clip(_SURE_NOT, 1 - _SURE_NOT))
        .to_series()
    )
    return (together / (1 - together)).log().alias("log_odds")


def _alike(entries: pl.DataFrame) -> npt.NDArray[np.int64]:
    """A number for each entry, the same for those that nobody can tell apart."""
    said = pl.struct(
        "account_id",
        "booked_date",
        "amount_minor",
        "is_pending",
        pl.col("description").str.to_lowercase(),
        pl.col("files").cast(pl.List(pl.String)).list.join(","),
    )
    return entries.select(said.rank("dense").cast(pl.Int64)).to_series().to_numpy()


def _events(pairs: pl.DataFrame, entries: pl.DataFrame, kind: str) -> Iterator[_Event]:
    """The events that pairs make of entries; most entries have just one other, and need no assignment."""
    least = _logit(DIFFERENT_BELOW)
    possible = pairs.with_row_index("pair").filter((pl.col("log_odds") > least) & (pl.col("weight") > least))
    left, right = possible["left"].to_numpy(), possible["right"].to_numpy()
    partners = np.bincount(np.concatenate([left, right]), minlength=entries.height)
    is_couple = pl.Series((partners[left] == 1) & (partners[right] == 1))
    files = entries["files"].to_list()
    for one, other, odds, pair in possible.filter(is_couple).select(_EDGE).iter_rows():
        yield from _couple(one, other, files, kind, (odds, pair))
    pending = frozenset(pairs["left"].to_list()) if kind == SETTLEMENT else frozenset()
    for component in _components(possible.filter(~is_couple), files):
        yield from _settle(component, pending) if kind == SETTLEMENT else _assign(component)


def _couple(
    left: int, right: int, files: Sequence[Sequence[int]], kind: str, pair: tuple[float, int]
) -> Iterator[_Event]:
    """The event of two entries that have only each other: the pending or earlier one, and what joins it."""
    is_turned = kind == REPEAT and _place_of(files, right) < _place_of(files, left)
    one, other = (right, left) if is_turned else (left, right)
    if pair[0] > 0 and (kind == SETTLEMENT or set(files[one]).isdisjoint(files[other])):
        yield _Event([one, other], {*files[one], *files[other]}, {other: pair})


def _components(possible: pl.DataFrame, files: Sequence[Sequence[int]]) -> Iterator[_Component]:
    """Entries that hang together, the first of them first."""
    if possible.is_empty():
        return
    left, right = possible["left"].to_numpy(), possible["right"].to_numpy()
    graph = coo_array((np.ones(left.size), (left, right)), shape=(len(files), len(files)))
    _, labels = connected_components(graph, directed=False)
    members: dict[int, list[int]] = {}
    for row in np.unique(np.concatenate([left, right])).tolist():
        members.setdefault(int(labels[row]), []).append(row)
    edges: dict[int, dict[tuple[int, int], tuple[float, int]]] = {label: {} for label in members}
    for one, other, odds, pair in possible.select(_EDGE).iter_rows():
        edges[int(labels[one])][one, other] = edges[int(labels[one])][other, one] = (odds, pair)
    for label, rows in members.items():
        yield _Component(rows, files, edges[label])


def _settle(component: _Component, pending: frozenset[int]) -> list[_Event]:
    """Give pending entries the posted ones that settle them, so that the log-odds sum to the most."""
    waiting = sorted(row for row in component.entries if row in pending)
    posted = sorted(row for row in component.entries if row not in pending)
    nothing = (-inf, -1)
    pairs = [[component.pairs.get((one, other), nothing) for other in posted] for one in waiting]
    odds = np.array([[pair[0] for pair in row] for row in pairs])
    chosen = linear_sum_assignment(odds.clip(min=0.0) - _in_order(odds.shape), maximize=True)
    events = {row: _Event([row], set(component.files[row])) for row in component.entries}
    for one, other in zip(*chosen, strict=True):
        if odds[one, other] > 0:
            _join(component, posted[other], events[waiting[one]])
            del events[posted[other]]
    return list(events.values())


def _assign(component: _Component) -> list[_Event]:
    """Place the entries file by file: those of one file against all events so far, one to one."""
    events: list[_Event] = []
    waiting = sorted(component.entries, key=lambda row: _place_of(component.files, row))
    while waiting:
        first = _first_file(component.files, waiting[0])
        together = [row for row in waiting if _first_file(component.files, row) == first]
        if first == _BY_HAND:  # these share no file, and yet two of them may be one event
            together = together[:1]
        waiting = waiting[len(together) :]
        _place(component, together, events)
    return events


def _place_of(files: Sequence[Sequence[int]], row: int) -> tuple[int, int]:
    """Where an entry comes among all: by its first file, then in order."""
    return _first_file(files, row), row


def _first_file(files: Sequence[Sequence[int]], row: int) -> int:
    return files[row][0] if files[row] else _BY_HAND


def _place(component: _Component, rows: Sequence[int], events: list[_Event]) -> None:
    """Give each entry its event, or one of its own, so that the log-odds sum to the most."""
    taken: set[int] = set()
    if events:
        odds = np.array([[_odds(component, row, event) for event in events] for row in rows])
        chosen = linear_sum_assignment(odds.clip(min=0.0) - _in_order(odds.shape), maximize=True)
        for place, number in zip(*chosen, strict=True):
            if odds[place, number] > 0:
                _join(component, rows[place], events[number])
                taken.add(rows[place])
    events += [_Event([row], set(component.files[row])) for row in rows if row not in taken]


def _join(component: _Component, row: int, event: _Event) -> None:
    pairs = (component.pairs.get((row, member)) for member in event.members)
    event.joined[row] = max(pair for pair in pairs if pair)
    event.members.append(row)
    event.files.update(component.files[row])


def _in_order(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """A cost too small to decide anything but which of some equal lines is which: the first is the first."""
    rows, events = np.indices(shape)
    cost: npt.NDArray[np.float64] = _A_TRIFLE * np.square((rows - events) / max(shape))
    return cost


def _odds(component: _Component, row: int, event: _Event) -> float:
    """The log-odds that an entry belongs to an event: its best pair, none where a file has both."""
    if not event.files.isdisjoint(component.files[row]):
        return -inf
    pairs = (component.pairs.get((row, member)) for member in event.members)
    return max((pair[0] for pair in pairs if pair), default=-inf)


def _is_open(one: _Event, other: _Event, pair: int) -> bool:
    """Whether a pair is undecided: it is what joined the two, or both stand alone."""
    if one is other:
        return any(joined == pair for _, joined in one.joined.values())
    return len(one.members) == len(other.members) == 1


def _expired(settlements: _Stage, coverage: pl.DataFrame) -> frozenset[str]:
    """Pending entries that were not posted: a later file would show them, or weeks have passed since."""
    settled = {row for event in settlements.events if len(event.members) > 1 for row in event.members}
    alone = settlements.entries.with_row_index("row").filter(
        pl.col("is_pending") & ~pl.col("row").is_in(sorted(settled)) & (pl.col("files").list.len() > 0)
    )
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


def _key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _logit(share: float) -> float:
    return log(share / (1 - share))
