"""The daily plan in plain Python, one user at a time and without a database: what the SQL is checked by.

Written from docs/daily_plan.md, slow and obvious on purpose.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate, pairwise

from tests.dbt.reference_periods import Cycle, Period, add_months, first_start, periods_between
from warehouse.money import allocate

METHODS = {
    "50/30/20": {"need": 50, "saving": 20, "want": 30},
    "60/20/20": {"need": 60, "saving": 20, "want": 20},
}
GROUPS = ("need", "want", "saving")
HISTORY_PERIODS = 24
MOVES_PERIODS = 3
OWN_PARTS = 9
LONG_AGO = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf of the taxonomy."""

    code: str
    group: str
    pattern: str
    weight: int | None
    priority: int = 1
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class Purchase:
    """A transaction with the category that stands; money in minor units, negative is outflow."""

    day: date
    amount: int
    category: str
    currency: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """Money that is due on a day; ``paid_by`` is the number of the purchase that paid it."""

    due: date
    amount: int
    category: str
    paid_by: int | None = None


@dataclass(frozen=True, slots=True)
class ManualMove:
    """Money that the user moved between two budgets."""

    day: date
    giver: str
    receiver: str
    amount: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user decided about a category."""

    allotted: int | None = None
    share_bp: int | None = None
    carry: str = "none"


@dataclass(frozen=True, slots=True)
class Profile:
    """How a category's spending usually falls."""

    weekdays: tuple[int, ...]
    days: tuple[int, ...]
    season: tuple[int, ...]

    def weight(self, day: date) -> int:
        """Of a day; none weighs nothing."""
        factors = self.weekdays[day.weekday()], self.days[day.day - 1], self.season[day.month - 1]
        return math.prod(max(1, factor) for factor in factors)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a user's plan depends on."""

    today: date
    currency: str
    purchases: tuple[Purchase, ...]
    method: str = "50/30/20"
    monthly_income: int | None = None
    cycle: Cycle = field(default_factory=Cycle)
    moves_mode: str = "auto"
    day_rule: str = "spread"
    is_forecast: bool = False
    choices: Mapping[str, Choice] = field(default_factory=dict)
    manual_moves: tuple[ManualMove, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    joined: date = LONG_AGO
    profiles: Mapping[str, Profile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What a category has on a day."""

    budget: int
    carry: int
    spent_before: int
    moved: int
    uncovered: int
    committed: int
    planned: int
    spent: int
    status: str


@dataclass(frozen=True, slots=True)
class Move:
    """What one category gives another when a day opens."""

    day: date
    giver: str
    receiver: str
    amount: int
    reason: str
    source: str
    is_applied: bool


@dataclass(frozen=True, slots=True)
class Basis:
    """What a category has in a period, whatever the day."""

    code: str
    budget: int
    carry: int
    expected: int
    due: date | None
    owed: tuple[tuple[int, date | None], ...]  # commitments with the day of their payment


@dataclass
class Envelope:
    """A category when a day opens; the plan's steps fill it in."""

    category: Category
    budget: int
    carry: int
    spent: int  # before the day
    paid: int  # of it for commitments
    owed: int  # commitments still open
    due: date | None
    need: int = 0
    moved: int = 0

    @property
    def available(self) -> int:
        """What is there before any move."""
        return self.budget + self.carry - self.spent - self.owed

    @property
    def left(self) -> int:
        """What is there after the moves."""
        return self.available + self.moved

    @property
    def is_waiting(self) -> bool:
        """Whether it is a bill that has not been paid yet."""
        return self.due is not None and self.spent <= 0


@dataclass
class Offer:
    """What a giver still has to give."""

    source: str
    giver: Envelope
    minor: int


def lower_median(values: Iterable[int]) -> int:
    """The middle value, the lower one of two."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]


def status(planned: int, spent: int) -> str:
    """The colour of spent against planned."""
    if spent <= 0 or spent * 100 < planned * 80:
        return "green"
    return "yellow" if spent <= planned else "red"


def shared(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The total shared out by weight, ties in order of the names."""
    names = sorted(weights)
    return dict(zip(names, allocate(total, [weights[name] for name in names]), strict=True))


def evenly(total: int, parts: int) -> list[int]:
    """The total in equal parts, units left over to the first."""
    return allocate(total, [1] * parts)


def by_weight(total: int, weights: Sequence[int]) -> list[int]:
    """The total by weight: each gets what the running share, rounded up, grows by."""
    until = [-(-total * running // sum(weights)) for running in accumulate(weights, initial=0)]
    return [after - before for before, after in pairwise(until)]


@dataclass(frozen=True)
class ReferencePlan:
    """The plan of one user, computed day by day."""

    facts: Facts
    categories: Mapping[str, Category]
    regional: Mapping[str, int] = field(default_factory=dict)

    # ---- periods

    @cached_property
    def _first_seen(self) -> date:
        first = min((each.day for each in self.facts.purchases), default=self.facts.joined)
        return min(first, self.facts.today)

    @cached_property
    def _all_periods(self) -> list[Period]:
        """Every period from long before the first to the coming one."""
        found = periods_between(self.facts.cycle, date(2018, 1, 1), self.facts.today + timedelta(days=70))
        current = next(n for n, period in enumerate(found) if period.holds(self.facts.today))
        return found[: current + 2]

    @cached_property
    def periods(self) -> list[Period]:
        """Those with a plan: from that of the first purchase, at most two years ago, to the coming one."""
        current = self._all_periods[-2].start
        first_day = min((each.day for each in self.facts.purchases), default=self.facts.today)
        first_day = min(max(first_day, add_months(current, 1 - HISTORY_PERIODS)), current)
        first = first_start(self.facts.cycle, first_day)
        return [period for period in self._all_periods if period.start >= first]

    def plan_start(self, period: Period) -> date:
        """The first day with a plan: later than the period's when the user joined after its first week."""
        seen = self._first_seen
        joined_late = seen - timedelta(days=6) > period.start and seen < period.end
        return seen if joined_late else period.start

    def _complete(self, period: Period, count: int) -> list[Period]:
        """The complete ones of so many periods before, or before today's for the coming one."""
        key = (period.start, count)
        if key not in self._looks_back:
            self._looks_back[key] = self._look_back(period, count)
        return self._looks_back[key]

    @cached_property
    def _looks_back(self) -> dict[tuple[date, int], list[Period]]:
        return {}

    def _look_back(self, period: Period, count: int) -> list[Period]:
        if not self.facts.purchases:
            return []
        basis = min(self._all_periods.index(period), len(self._all_periods) - 2)
        complete_from = min(each.day for each in self.facts.purchases) - timedelta(days=6)
        return [
            each for each in self._all_periods[max(basis - count, 0) : basis] if each.start >= complete_from
        ]

    def _recent(self, period: Period) -> list[Period]:
        return self._complete(period, self.facts.cycle.recent)

    def _long(self, period: Period) -> list[Period]:
        return self._complete(period, 4 * self.facts.cycle.recent)

    # ---- facts

    @cached_property
    def _counted(self) -> list[Purchase]:
        return [each for each in self.facts.purchases if each.currency == self.facts.currency]

    @cached_property
    def spending(self) -> dict[str, dict[date, int]]:
        """Net spending and saving by category and day."""
        days: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for each in self._counted:
            unexplained = each.category == "uncategorised" and each.amount > 0
            if self.categories[each.category].group in GROUPS and not unexplained:
                days[each.category][each.day] -= each.amount
        return days

    def spent(self, category: str, start: date, end: date) -> int:
        """Net spending from a day to before another."""
        return sum(minor for day, minor in self.spending.get(category, {}).items() if start <= day < end)

    def _spent_in(self, category: str, period: Period) -> int:
        return self.spent(category, period.start, period.end)

    def _due_in(self, period: Period) -> Iterator[tuple[Commitment, date, date | None]]:
        """Commitments of a period with their day and that of their payment, if it is in the past."""
        start = self.plan_start(period)
        for each in self.facts.commitments:
            paid = None if each.paid_by is None else self.facts.purchases[each.paid_by].day
            in_question = paid is None or paid >= start
            if period.holds(each.due) and self.categories[each.category].group in GROUPS and in_question:
                past = paid if paid is not None and paid < self.facts.today else None
                yield each, max(each.due, start), past

    # ---- budgets

    def income(self, period: Period) -> int:
        """The income that a period is planned on; of one joined half-way, the part that is left."""
        days = (period.end - self.plan_start(period)).days
        return self._whole_income(period) * days // (period.end - period.start).days

    def _whole_income(self, period: Period) -> int:
        if self.facts.monthly_income is not None:
            return self.facts.monthly_income * 12 // self.facts.cycle.a_year
        earned: dict[date, int] = defaultdict(int)
        for each in self._counted:
            if self.categories[each.category].group == "income":
                earned[first_start(self.facts.cycle, each.day)] += each.amount
        if complete := self._recent(period):
            return max(0, lower_median(earned[each.start] for each in complete))
        return max(0, max((minor for start, minor in earned.items() if start <= period.start), default=0))

    def method_budgets(self, period: Period) -> dict[str, int]:
        """What the method gives each category."""
        income = self.income(period)
        if weights := self._wishes(period, income):
            return shared(income, weights)
        found: dict[str, int] = {}
        for group, minor in self._group_budgets(period, income).items():
            found |= shared(minor, self._weights(period, group, minor))
        return found

    def _group_budgets(self, period: Period, income: int) -> dict[str, int]:
        """The method's groups; what was told of one beyond its share the others give of what is free."""
        method = METHODS[self.facts.method if self.facts.method in METHODS else "50/30/20"]
        shares = shared(income, method)
        required = {group: self._required(period, group, minor) for group, minor in shares.items()}
        left = income - sum(required.values())
        if income == 0 or not any(required.values()):
            return shares
        if left <= 0:
            return shared(income, required)
        free = {group: max(0, minor - required[group]) for group, minor in shares.items()}
        return shared(income, {g: required[g] * sum(free.values()) + left * free[g] for g in shares})

    def _required(self, period: Period, group: str, minor: int) -> int:
        """What a group must have: bills and half of what other needs take, else what was told and half of
        what households spend on the rest."""
        codes = self._codes(group)
        recent = self._recently_spent(period, codes)
        if sum(recent.values()) > 0:
            bills, periods = self._bills(period, recent), len(self._recent(period))
            others = sum(spent for code, spent in recent.items() if code not in bills)
            half = others // (2 * periods) if group == "need" else 0
            return sum(bills.values()) + half if sum(bills.values()) > 0 else 0
        told = {code: self.facts.choices[code].allotted or 0 for code in codes if self._is_told(code)}
        if sum(told.values()) == 0:
            return 0
        seed = {code: self.regional.get(code, weight) for code, weight in codes.items()}
        rest = sum(weight for code, weight in seed.items() if code not in told)
        return sum(told.values()) + (minor * rest // (2 * sum(seed.values())) if rest else 0)

    def _is_told(self, code: str) -> bool:
        return code in self.facts.choices and self.facts.choices[code].allotted is not None

    def _codes(self, group: str) -> dict[str, int]:
        """The categories of a group that a first budget can have, with the taxonomy's weights."""
        in_group = (c for c in self.categories.values() if c.group == group)
        return {c.code: c.weight for c in in_group if c.weight is not None}

    def _recently_spent(self, period: Period, codes: Mapping[str, int]) -> dict[str, int]:
        """What was spent in the recent periods, by category known from the long look-back."""
        year, quarter = self._long(period), self._recent(period)
        known = [code for code in codes if any(self._spent_in(code, each) > 0 for each in year)]
        return {code: max(0, sum(self._spent_in(code, each) for each in quarter)) for code in known}

    def _wishes(self, period: Period, income: int) -> dict[str, int]:
        """Weights of methods that go by category; none if they know nothing."""
        method, known, whole = self.facts.method, [*self.spending], income
        wishes: dict[str, int] = {}
        if method == "zero-based":
            wishes = {code: choice.allotted or 0 for code, choice in self.facts.choices.items()}
        elif method == "percentage":
            wishes = {code: choice.share_bp or 0 for code, choice in self.facts.choices.items()}
            whole = 10_000
        elif method == "last-period" and (last := self._complete(period, 1)):
            wishes = {code: max(0, self._spent_in(code, last[0])) for code in known}
        elif method == "learned" and (long := self._long(period)):
            wishes = {code: max(0, lower_median(self._spent_in(code, p) for p in long)) for code in known}
            whole = sum(wishes.values())
        if sum(wishes.values()) > 0:
            wishes["savings"] = wishes.get("savings", 0) + max(0, whole - sum(wishes.values()))
        return {code: wish for code, wish in wishes.items() if wish > 0}

    def _weights(self, period: Period, group: str, minor: int) -> dict[str, int]:
        codes = self._codes(group)
        recent = self._recently_spent(period, codes)
        whole, seed_whole = sum(recent.values()), sum(codes[code] for code in recent)
        if whole == 0:
            return self._seed_weights(codes, minor)
        weights = (
            recent
            if seed_whole == 0
            else {
                code: OWN_PARTS * spent * seed_whole + (10 - OWN_PARTS) * codes[code] * whole
                for code, spent in recent.items()
            }
        )
        bills = self._bills(period, recent)
        others = sum(weight for code, weight in weights.items() if code not in bills)
        if not bills or others == 0 or minor == 0 or sum(bills.values()) > minor:
            return weights
        left = minor - sum(bills.values())
        return {c: bills[c] * others if c in bills else left * weight for c, weight in weights.items()}

    def _bills(self, period: Period, recent: Mapping[str, int]) -> dict[str, int]:
        """What each bill usually is."""
        periods = len(self._recent(period))
        return {code: spent // periods for code, spent in recent.items() if self._days_paid(period, code)}

    def _seed_weights(self, codes: Mapping[str, int], minor: int) -> dict[str, int]:
        """Fixed expenses first, then what people of the country spend, else the taxonomy's weights."""
        fixed = {code: self.facts.choices[code].allotted or 0 for code in codes if self._is_told(code)}
        seed = {code: self.regional.get(code, codes[code]) for code in codes if code not in fixed}
        told, rest = sum(fixed.values()), sum(seed.values())
        if told > 0 and (rest == 0 or told >= minor):
            weights = fixed
        elif told == 0:
            weights = seed
        else:
            weights = {code: amount * rest for code, amount in fixed.items()} | {
                code: (minor - told) * weight for code, weight in seed.items()
            }
        return {code: weight for code, weight in weights.items() if weight > 0}

    @cached_property
    def budgets(self) -> dict[date, dict[str, int]]:
        """By period: what each of its categories has, the user's own moves included."""
        return {period.start: self._budgets(period) for period in self.periods}

    def _budgets(self, period: Period) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int, self.method_budgets(period))
        for category, days in self.spending.items():
            if any(period.holds(day) for day in days):
                found[category] += 0
        for code, choice in self.facts.choices.items():
            if choice.carry != "none":
                found[code] += 0
        for each, _, _ in self._due_in(period):
            found[each.category] += 0
        if self.facts.day_rule == "save":
            found["savings"] += 0
        for move in self.facts.manual_moves:
            if period.holds(move.day):
                found[move.giver] -= move.amount
                found[move.receiver] += move.amount
        return dict(found)

    def carry(self, period: Period, category: str) -> int:
        """What rolled over into a period that has begun."""
        rule = self.facts.choices.get(category, Choice()).carry
        carried = 0
        if rule == "none" or period.start > self.facts.today:
            return 0
        for earlier in self.periods[: self.periods.index(period)]:
            carried += self.budgets[earlier.start].get(category, 0) - self._spent_in(category, earlier)
            if rule == "surplus":
                carried = max(0, carried)
        return carried

    def due_date(self, period: Period, category: str) -> date | None:
        """The day on which a bill is expected; None if it is spread or its commitments say it."""
        paid = self._days_paid(period, category)
        if not paid or any(each.category == category for each, _, _ in self._due_in(period)):
            return None
        start, last = self.plan_start(period), period.end - timedelta(days=1)
        first, second = (_clamped(day, lower_median(paid)) for day in (period.start, last))
        if period.holds(first):
            return max(first, start)
        return second if start <= second <= last else None

    def _days_paid(self, period: Period, category: str) -> list[int]:
        """On which days of the month a bill was paid in the recent periods; none if it is no bill."""
        recent = self._recent(period)
        return [
            day.day
            for day, spent in self.spending.get(category, {}).items()
            if self.categories[category].pattern == "fixed"
            and spent > 0
            and any(each.holds(day) for each in recent)
        ]

    def _expected(self, period: Period, category: str, budget: int, committed: int) -> int:
        recent, seen = self._recent(period), self._any_history(period)
        if not seen:
            return max(0, budget - committed)
        spent = max(0, sum(self._spent_in(category, each) for each in recent))
        return max(0, spent // len(recent) - committed)

    def _any_history(self, period: Period) -> bool:
        long = self._long(period)
        return any(each.holds(day) for days in self.spending.values() for day in days for each in long)

    # ---- the plan of a day

    def lines(self) -> dict[tuple[date, str], PlanLine]:
        """Every day and category of every period."""
        return {key: line for period in self.periods for key, line in self._period_lines(period)}

    def moves_kept(self) -> list[Move]:
        """Those of the last months, which the mart keeps."""
        since = add_months(self.periods[-2].start, -MOVES_PERIODS)
        kept = [period for period in self.periods if period.start >= since]
        return [
            move for period in kept for day in self._openings(period) for move in self._opened(period, day)[1]
        ]

    def _openings(self, period: Period) -> list[date]:
        start = self.plan_start(period)
        last = min(max(self.facts.today, start), period.end - timedelta(days=1))
        return [start + timedelta(days=n) for n in range((last - start).days + 1)]

    def _period_lines(self, period: Period) -> Iterator[tuple[tuple[date, str], PlanLine]]:
        openings = self._openings(period)
        for opening in openings:
            envelopes, _ = self._opened(period, opening)
            ahead = [opening + timedelta(days=n) for n in range((period.end - opening).days)]
            for envelope in envelopes.values():
                flexible = self._flexible(period, envelope, opening)
                due = self._due_by_day(period, envelope.category.code, opening)
                for day, minor in zip(ahead, flexible, strict=True):
                    if day == opening or opening == openings[-1]:
                        yield (day, envelope.category.code), self._line(envelope, day, minor, due[day])

    def _line(self, envelope: Envelope, day: date, flexible: int, due: int) -> PlanLine:
        spent = self.spending.get(envelope.category.code, {}).get(day, 0)
        return PlanLine(
            envelope.budget,
            envelope.carry,
            envelope.spent,
            envelope.moved,
            max(0, -envelope.left),
            due + (flexible if envelope.is_waiting else 0),
            due + flexible,
            spent,
            status(due + flexible, spent),
        )

    def _due_by_day(self, period: Period, category: str, opening: date) -> dict[date, int]:
        due: dict[date, int] = defaultdict(int)
        for each, day, paid in self._due_in(period):
            if each.category == category and (paid is None or paid >= opening):
                due[max(day, opening)] += each.amount
        return due

    def _opened(self, period: Period, opening: date) -> tuple[dict[str, Envelope], list[Move]]:
        envelopes = {basis.code: self._envelope(period, basis, opening) for basis in self._basis(period)}
        moves = [*self._redistribute(envelopes, opening), *self._save(period, envelopes, opening)]
        return envelopes, moves

    def _basis(self, period: Period) -> list[Basis]:
        """What does not change from one opening of the period to the next."""
        if period.start not in self._bases:
            due = list(self._due_in(period))
            self._bases[period.start] = [
                Basis(
                    code,
                    budget,
                    self.carry(period, code),
                    self._expected(
                        period, code, budget, sum(e.amount for e, _, _ in due if e.category == code)
                    ),
                    self.due_date(period, code),
                    tuple((each.amount, paid) for each, _, paid in due if each.category == code),
                )
                for code, budget in self.budgets[period.start].items()
            ]
        return self._bases[period.start]

    @cached_property
    def _bases(self) -> dict[date, list[Basis]]:
        return {}

    def _envelope(self, period: Period, basis: Basis, opening: date) -> Envelope:
        envelope = Envelope(
            category=self.categories[basis.code],
            budget=basis.budget,
            carry=basis.carry,
            spent=self.spent(basis.code, period.start, min(opening, self.facts.today)),
            paid=sum(amount for amount, paid in basis.owed if paid is not None and paid < opening),
            owed=sum(amount for amount, paid in basis.owed if paid is None or paid >= opening),
            due=basis.due,
        )
        if envelope.due is None:
            left = sum(self._weights_between(basis.code, opening, period.end))
            whole = sum(self._weights_between(basis.code, period.start, period.end))
            envelope.need = basis.expected * left // whole
        elif envelope.is_waiting:
            envelope.need = basis.expected
        return envelope

    def _redistribute(self, envelopes: Mapping[str, Envelope], opening: date) -> list[Move]:
        """Match receivers by priority with givers, unit by unit as it were."""
        if self.facts.moves_mode == "off":
            return []
        lacks = {code: self._lack(each) for code, each in envelopes.items()}
        givers = [each for code, each in envelopes.items() if lacks[code] == 0]
        givers.sort(
            key=lambda each: (each.category.group != "want", -each.category.priority, each.category.code)
        )
        offers = [("surplus", each, max(0, each.available - each.need)) for each in givers]
        offers += [
            ("reserve", each, max(0, min(each.available, each.need)))
            for each in givers
            if not each.category.is_protected
        ]
        receivers = sorted(
            (each for code, each in envelopes.items() if lacks[code] > 0),
            key=lambda each: (each.category.priority, each.category.code),
        )
        moves = []
        is_applied = self.facts.moves_mode == "auto"
        queue = [Offer(source, giver, minor) for source, giver, minor in offers if minor > 0]
        for receiver in receivers:
            wanted = lacks[receiver.category.code]
            reason = "overspent" if receiver.available < 0 else "needed_ahead"
            while wanted and queue:
                offer, code = queue[0], receiver.category.code
                amount = min(wanted, offer.minor)
                giver = offer.giver.category.code
                moves.append(Move(opening, giver, code, amount, reason, offer.source, is_applied))
                wanted, offer.minor = wanted - amount, offer.minor - amount
                if offer.minor == 0:
                    queue.pop(0)
        if is_applied:
            for move in moves:
                envelopes[move.giver].moved -= move.amount
                envelopes[move.receiver].moved += move.amount
        return moves

    def _lack(self, envelope: Envelope) -> int:
        wanted = envelope.need if self.facts.is_forecast else 0
        return max(0, wanted - envelope.available)

    def _save(self, period: Period, envelopes: Mapping[str, Envelope], opening: date) -> list[Move]:
        """With the choice to save: what the days gone by left over goes to savings."""
        if self.facts.day_rule != "save":
            return []
        moves = []
        for code, each in envelopes.items():
            flexible = each.spent - each.paid
            if each.category.group == "saving" or each.is_waiting or each.left <= 0:
                continue
            gone_by = sum(self._even_plan(period, each)[: (opening - self.plan_start(period)).days])
            saved = min(each.left, gone_by - flexible)
            if saved > 0:
                moves.append(Move(opening, code, "savings", saved, "underspent", "day", is_applied=True))
        for move in moves:
            envelopes[move.giver].moved -= move.amount
            envelopes["savings"].moved += move.amount
        return moves

    def _even_plan(self, period: Period, envelope: Envelope) -> list[int]:
        """The whole plan of a period as if nothing had been over- or underspent."""
        total = max(0, envelope.left + envelope.spent - envelope.paid)
        return self._over(envelope.category.code, total, self.plan_start(period), period.end)

    def _weights_between(self, category: str, start: date, end: date) -> list[int]:
        """Of the days from one to before another; all alike where nothing was learned."""
        profile = self.facts.profiles.get(category)
        days = (start + timedelta(days=n) for n in range((end - start).days))
        return [1 if profile is None else profile.weight(day) for day in days]

    def _over(self, category: str, total: int, start: date, end: date) -> list[int]:
        """A total over the days from one to before another."""
        if category not in self.facts.profiles:
            return evenly(total, (end - start).days)
        return by_weight(total, self._weights_between(category, start, end))

    def _flexible(self, period: Period, envelope: Envelope, opening: date) -> list[int]:
        """What is left, spread over the days from the opening one, commitments apart."""
        days = (period.end - opening).days
        if envelope.left <= 0:
            return [0] * days
        if envelope.is_waiting and envelope.due is not None:
            on = max(0, (envelope.due - opening).days)
            return [envelope.left if n == on else 0 for n in range(days)]
        if self.facts.day_rule == "carry":
            return self._carried(period, envelope, opening)
        return self._over(envelope.category.code, envelope.left, opening, period.end)

    def _carried(self, period: Period, envelope: Envelope, opening: date) -> list[int]:
        even = self._even_plan(period, envelope)
        gone = (opening - self.plan_start(period)).days
        flexible = envelope.spent - envelope.paid
        until = [min(envelope.left, max(0, sum(even[:n]) - flexible)) for n in range(gone + 1, len(even) + 1)]
        return [now - before for now, before in zip(until, [0, *until], strict=False)]


def _clamped(day: date, day_of_month: int) -> date:
    """The day of that number in the same month, or the month's last."""
    last = add_months(day.replace(day=1), 1) - timedelta(days=1)
    return day.replace(day=min(day_of_month, last.day))
