"""Findings in words: each kind with its templates, its confidence, and what it is worth.

A finding's numbers are the only ones that may stand in a text about it, whoever writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from warehouse.money import Money, exponent

LANGUAGES = ("en", "bg")
#: Marts from which each kind is computed.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "category_rise": ("marts.fct_category_periods",),
    "over_budget": ("marts.fct_category_periods",),
    "subscriptions": ("marts.fct_category_periods",),
    "fees": ("marts.fct_merchant_months",),
    "saving_rate": ("marts.fct_financial_health",),
    "payday": ("marts.fct_safe_to_spend", "ml.forecast_days"),
    "outlook": ("marts.fct_forecast_days", "ml.forecast_days"),
}
_GOOD_SAVING = 20
#: Periods after which a comparison is as sure as it gets.
_SURE_PERIODS = 6
_MONTHS_BG = [
    "януари",
    "февруари",
    "март",
    "април",
    "май",
    "юни",
    "юли",
    "август",
    "септември",
    "октомври",
    "ноември",
    "декември",
]
_MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of marts.fct_insight_facts; money in minor units of ``currency``."""

    kind: str
    subject: str
    current_minor: int | None
    usual_minor: int | None
    value_minor: int
    percent: int | None
    seen: int
    about: date
    subject_en: str
    subject_bg: str
    currency: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact in words, with how sure it is and what it is worth."""

    key: str
    kind: str
    value_minor: int
    currency: str
    confidence: float
    numbers: tuple[float, ...]
    sources: tuple[str, ...]
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    #: What it is about by name, in each language; empty where it is about everything.
    subjects: Mapping[str, str]


def finding(fact: Fact) -> Finding | None:
    """What a fact says; None where it says nothing that is worth a word."""
    say = _TEMPLATES.get(fact.kind)
    said = say(fact) if say else None
    if said is None:
        return None
    titles, texts = ({"en": en, "bg": bg} for en, bg in said)
    return Finding(
        key_of(fact),
        fact.kind,
        max(fact.value_minor, 0),
        fact.currency,
        confidence(fact),
        numbers_of(fact),
        SOURCES[fact.kind],
        titles,
        texts,
        {"en": fact.subject_en, "bg": fact.subject_bg},
    )


def key_of(fact: Fact) -> str:
    """What it is about in facts, so that the same thing is said once however often it is found."""
    told = "\x00".join((fact.kind, fact.subject, str(fact.about)))
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def confidence(fact: Fact) -> float:
    """How far the fact is to be relied on: sums fully, comparisons by the periods that they stand on."""
    if fact.kind in {"over_budget", "fees"}:
        return 1.0
    if fact.kind in {"payday", "outlook"}:
        return 0.8  # the band that they are read from
    if fact.kind == "category_rise":
        return round(0.5 + 0.4 * min(fact.seen, _SURE_PERIODS) / _SURE_PERIODS, 3)
    return 0.9


def numbers_of(fact: Fact) -> tuple[float, ...]:
    """Every number that a text about the fact may hold."""
    scale = 10.0 ** -exponent(fact.currency)
    money = [fact.current_minor, fact.usual_minor, fact.value_minor]
    dates = [fact.about.day, fact.about.month, fact.about.year]
    plain = [fact.percent, fact.seen, *dates]
    if fact.kind == "saving_rate":
        plain.append(_GOOD_SAVING)
    if fact.kind == "subscriptions":
        plain.append(12)
    return tuple(
        sorted(
            {abs(each * scale) for each in money if each is not None}
            | {float(abs(n)) for n in plain if n is not None}
        )
    )


def money(minor: int | None, currency: str, language: str) -> str:
    """An amount as people of the language write it."""
    plain = str(Money(abs(minor or 0), currency))
    if language == "bg":
        return plain.replace(",", "\u00a0").replace(".", ",")
    return plain


Said = tuple[tuple[str, str], tuple[str, str]]


def _category_rise(fact: Fact) -> Said | None:
    amounts = {
        language: [
            money(each, fact.currency, language)
            for each in (fact.current_minor, fact.usual_minor, fact.value_minor)
        ]
        for language in LANGUAGES
    }
    (now, usual, more), (now_bg, usual_bg, more_bg) = amounts["en"], amounts["bg"]
    month, month_bg = _MONTHS_EN[fact.about.month - 1], _MONTHS_BG[fact.about.month - 1]
    return (
        (f"{fact.subject_en}: more than usual", f"{fact.subject_bg}: повече от обичайното"),
        (
            (
                f"In the period from {fact.about.day} {month} you spent {now} on {fact.subject_en}; "
                f"usually it is {usual}. That is {more} or {fact.percent}% more."
            ),
            (
                f"В периода от {fact.about.day} {month_bg} сте похарчили {now_bg} за „{fact.subject_bg}“; "
                f"обичайно са {usual_bg}. Това е с {more_bg} или {fact.percent}% повече."
            ),
        ),
    )


def _over_budget(fact: Fact) -> Said | None:
    over, over_bg = (money(fact.value_minor, fact.currency, language) for language in LANGUAGES)
    budget, budget_bg = (money(fact.usual_minor, fact.currency, language) for language in LANGUAGES)
    return (
        (f"{fact.subject_en}: over the budget", f"{fact.subject_bg}: над бюджета"),
        (
            f"{fact.subject_en} is {over} ({fact.percent}%) above its budget of {budget} for this period.",
            (
                f"„{fact.subject_bg}“ е с {over_bg} ({fact.percent}%) над бюджета си от {budget_bg} за този "
                "период."
            ),
        ),
    )


def _subscriptions(fact: Fact) -> Said | None:
    each, each_bg = (money(fact.current_minor, fact.currency, language) for language in LANGUAGES)
    year, year_bg = (money(fact.value_minor, fact.currency, language) for language in LANGUAGES)
    return (
        (f"{fact.subject_en} over a year", f"{fact.subject_bg} за година"),
        (
            f"{fact.subject_en} takes {each} a period. Over a year that is {year}.",
            f"„{fact.subject_bg}“ струва {each_bg} на период. За година това е {year_bg}.",
        ),
    )


def _fees(fact: Fact) -> Said | None:
    paid, paid_bg = (money(fact.current_minor, fact.currency, language) for language in LANGUAGES)
    return (
        ("Bank fees", "Банкови такси"),
        (
            f"Your banks took {paid} in fees over the last year.",
            f"За последната година банките са взели {paid_bg} такси.",
        ),
    )


def _saving_rate(fact: Fact) -> Said | None:
    rate = fact.percent or 0
    if rate >= _GOOD_SAVING:
        return (
            ("You save well", "Спестявате добре"),
            (
                f"You keep {rate}% of your income; the usual advice is {_GOOD_SAVING}%.",
                f"Запазвате {rate}% от дохода си; обичайният съвет е {_GOOD_SAVING}%.",
            ),
        )
    if rate < 0:
        return (
            ("You spend more than you earn", "Харчите повече, отколкото получавате"),
            (
                (
                    f"Lately you spent {-rate}% more than your income; the usual advice is to keep "
                    f"{_GOOD_SAVING}%."
                ),
                (
                    f"Напоследък харчите {-rate}% повече от дохода си; обичайният съвет е да запазвате "
                    f"{_GOOD_SAVING}%."
                ),
            ),
        )
    return (
        ("Room to save", "Възможност за спестяване"),
        (
            f"You keep {rate}% of your income; the usual advice is {_GOOD_SAVING}%.",
            f"Запазвате {rate}% от дохода си; обичайният съвет е {_GOOD_SAVING}%.",
        ),
    )


def _payday(fact: Fact) -> Said | None:
    low, low_bg = (money(fact.usual_minor, fact.currency, language) for language in LANGUAGES)
    day, day_bg = (f"{fact.about.day} {months[fact.about.month - 1]}" for months in (_MONTHS_EN, _MONTHS_BG))
    if (fact.usual_minor or 0) >= 0:
        return (
            ("You will make it to payday", "Ще стигнете до заплатата"),
            (
                f"Until {day}, when income is expected, your balance most likely stays above {low}.",
                f"До {day_bg}, когато се очаква доход, салдото ви най-вероятно остава над {low_bg}.",
            ),
        )
    return (
        ("Tight until payday", "Трудно до заплатата"),
        (
            f"Before income comes on about {day}, your balance may fall to -{low}.",
            f"Преди дохода около {day_bg} салдото ви може да падне до -{low_bg}.",
        ),
    )


def _outlook(fact: Fact) -> Said | None:
    likely, likely_bg = (money(fact.current_minor, fact.currency, language) for language in LANGUAGES)
    most, most_bg = (money(fact.usual_minor, fact.currency, language) for language in LANGUAGES)
    return (
        ("The days ahead", "Следващите дни"),
        (
            f"In {fact.seen} days you will likely spend about {likely}, hardly more than {most}.",
            f"За {fact.seen} дни вероятно ще похарчите около {likely_bg}, едва ли повече от {most_bg}.",
        ),
    )


_TEMPLATES: Mapping[str, Callable[[Fact], Said | None]] = {
    "category_rise": _category_rise,
    "over_budget": _over_budget,
    "subscriptions": _subscriptions,
    "fees": _fees,
    "saving_rate": _saving_rate,
    "payday": _payday,
    "outlook": _outlook,
}

#: How a kind's worth is discounted before anybody rated it: what could be changed counts more than what is.
_PRIOR: Mapping[str, float] = {
    "payday": 1.0,
    "over_budget": 0.8,
    "category_rise": 0.6,
    "subscriptions": 0.15,
    "fees": 0.5,
}
#: Ratings of everybody that a person's own have to outweigh.
_SHRINK = 6.0


def rank(each: Finding, monthly_minor: int, liking: float) -> float:
    """What to say first: worth in months of spending by confidence, by how its kind is liked."""
    worth = each.value_minor / max(monthly_minor, 1) * _PRIOR.get(each.kind, 0.2)
    return round((0.02 + min(worth, 1.0)) * each.confidence * liking, 6)


def liking(own: tuple[int, int], everyone: tuple[int, int]) -> float:
    """How likely the person finds a kind useful: Beta-Bernoulli, drawn to everybody (useful, useless)."""
    everybody = (everyone[0] + 2.0) / (sum(everyone) + 4.0)
    return (own[0] + _SHRINK * everybody) / (sum(own) + _SHRINK)


def ranked(
    findings: Sequence[Finding],
    monthly_minor: int,
    own: Mapping[str, tuple[int, int]],
    everyone: Mapping[str, tuple[int, int]],
) -> list[tuple[Finding, float]]:
    """Findings with their rank, the best first; of one kind the second counts half, so that all are heard."""
    nothing = (0, 0)
    scored = sorted(
        (
            (
                each,
                rank(
                    each, monthly_minor, liking(own.get(each.kind, nothing), everyone.get(each.kind, nothing))
                ),
            )
            for each in findings
        ),
        key=lambda pair: (-pair[1], pair[0].key),
    )
    seen: dict[str, int] = {}
    spread = []
    for each, worth in scored:
        spread.append((each, worth / 2 ** seen.get(each.kind, 0)))
        seen[each.kind] = seen.get(each.kind, 0) + 1
    return sorted(spread, key=lambda pair: (-pair[1], pair[0].key))
