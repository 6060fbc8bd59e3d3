"""The daily plan in plain Python, one user at a time and without a database: what the SQL is checked by.

Written from docs/daily_plan.md, slow and obvious on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from warehouse.money import allocate

METHODS = {
    "50/30/20": {"need": 50, "saving": 20, "want": 30},
    "60/20/20": {"need": 60, "saving": 20, "want": 20},
}
HISTORY_PERIODS = 24
OWN_PARTS = 9
FIRST_WEEK = 7


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf of the taxonomy."""

    code: str
    group: str
    pattern: str
    weight: int | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """A transaction with the category that stands; money in minor units, negative is outflow."""

    day: date
    amount: int
    category: str
    currency: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a user's plan depends on."""

    today: date
    currency: str
    purchases: tuple[Purchase, ...]
    method: str = "50/30/20"
    monthly_income: int | None = None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What a category has on a day."""

    budget: int
    spent_before: int
    planned: int
    spent: int
    status: str


def month_of(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """The first day of the month so many months later."""
    years, months = divmod(month.month - 1 + count, 12)
    return date(month.year + years, months + 1, 1)


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


@dataclass(frozen=True)
class ReferencePlan:
    """The plan of one user, computed day by day."""

    facts: Facts
    categories: Mapping[str, Category]

    def lines(self) -> dict[tuple[date, str], PlanLine]:
        """Every day and category of every period."""
        return {key: line for period in self.periods for key, line in self._period_lines(period).items()}

    @cached_property
    def periods(self) -> list[date]:
        """From the month of the first purchase, at most 24, to the coming one."""
        this_month = month_of(self.facts.today)
        first = min((month_of(each.day) for each in self.facts.purchases), default=this_month)
        first = min(max(first, add_months(this_month, 1 - HISTORY_PERIODS)), this_month)
        return [
            period
            for count in range(HISTORY_PERIODS + 1)
            if (period := add_months(first, count)) <= add_months(this_month, 1)
        ]

    @cached_property
    def _counted(self) -> list[Purchase]:
        return [each for each in self.facts.purchases if each.currency == self.facts.currency]

    @cached_property
    def spending(self) -> dict[str, dict[date, int]]:
        """Net spending and saving by category and day."""
        days: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for each in self._counted:
            unexplained = each.category == "uncategorised" and each.amount > 0
            if self.categories[each.category].group in {"need", "want", "saving"} and not unexplained:
                days[each.category][each.day] -= each.amount
        return days

    @cached_property
    def _first_complete(self) -> date | None:
        days = [each.day for each in self.facts.purchases]
        if not days:
            return None
        first = min(days)
        return month_of(first) if first.day <= FIRST_WEEK else add_months(month_of(first), 1)

    def _complete_months(self, period: date, count: int) -> list[date]:
        """Up to so many months before the period, or before today's for the coming one."""
        basis = min(period, month_of(self.facts.today))
        months = [add_months(basis, -back) for back in range(1, count + 1)]
        return [month for month in months if self._first_complete and month >= self._first_complete]

    def _spent(self, category: str, month: date) -> int:
        days = self.spending.get(category, {})
        return sum(spent for day, spent in days.items() if month_of(day) == month)

    def income(self, period: date) -> int:
        """The income that a period is planned on."""
        if self.facts.monthly_income is not None:
            return self.facts.monthly_income
        monthly: dict[date, int] = defaultdict(int)
        for each in self._counted:
            if self.categories[each.category].group == "income":
                monthly[month_of(each.day)] += each.amount
        if complete := self._complete_months(period, 3):
            return max(0, lower_median(monthly[month] for month in complete))
        return max(0, max((minor for month, minor in monthly.items() if month <= period), default=0))

    def budgets(self, period: date) -> dict[str, int]:
        """What each category of the period has; with spending but without a budget, nothing."""
        found = {
            category: 0
            for category in self.spending
            if period in {month_of(d) for d in self.spending[category]}
        }
        for group, minor in shared(self.income(period), METHODS[self.facts.method]).items():
            found |= shared(minor, self._weights(period, group))
        return found

    def _weights(self, period: date, group: str) -> dict[str, int]:
        seed = {c.code: c.weight or 0 for c in self.categories.values() if c.group == group}
        year, quarter = self._complete_months(period, 12), self._complete_months(period, 3)
        known = [code for code in seed if any(self._spent(code, month) > 0 for month in year)]
        recent = {code: max(0, sum(self._spent(code, month) for month in quarter)) for code in known}
        whole, seed_whole = sum(recent.values()), sum(seed[code] for code in known)
        if whole == 0:
            return {code: weight for code, weight in seed.items() if weight > 0}
        if seed_whole == 0:
            return recent
        return {
            code: OWN_PARTS * recent[code] * seed_whole + (10 - OWN_PARTS) * seed[code] * whole
            for code in known
        }

    def due_date(self, period: date, category: str) -> date | None:
        """The day on which a bill is expected; None if it is spread."""
        if self.categories[category].pattern != "fixed":
            return None
        months = self._complete_months(period, 3)
        paid = [
            day.day
            for day, spent in self.spending.get(category, {}).items()
            if spent > 0 and month_of(day) in months
        ]
        last = add_months(period, 1) - timedelta(days=1)
        return min(period + timedelta(days=lower_median(paid) - 1), last) if paid else None

    def _period_lines(self, period: date) -> dict[tuple[date, str], PlanLine]:
        end = add_months(period, 1)
        days = [period + timedelta(days=count) for count in range((end - period).days)]
        return {
            (day, category): self._line(days, day, category, budget, due)
            for category, budget in self.budgets(period).items()
            for due in [self.due_date(period, category)]
            for day in days
        }

    def _line(
        self, days: Sequence[date], day: date, category: str, budget: int, due: date | None
    ) -> PlanLine:
        opened = min(day, max(self.facts.today, days[0]))
        spending = self.spending.get(category, {})
        before = sum(spent for when, spent in spending.items() if days[0] <= when < opened)
        ahead = [each for each in days if each >= opened]
        is_waiting = due is not None and before <= 0
        weights = [int(not is_waiting or each == max(due or opened, opened)) for each in ahead]
        parts = allocate(max(0, budget - before), weights)
        planned, spent = parts[ahead.index(day)], spending.get(day, 0)
        return PlanLine(budget, before, planned, spent, status(planned, spent))
