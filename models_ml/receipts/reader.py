"""Read a page of text: every field with its confidence and its place, and what stands against it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time
from typing import Generic, Literal, TypeVar

from models_ml.receipts.amounts import Amount
from models_ml.receipts.brands import brand_of
from models_ml.receipts.choose import Candidates, candidates_of, choose
from models_ml.receipts.currencies import STATED, CurrencyGuess, by_day, currency_of
from models_ml.receipts.dates import MONTH_FIRST_COUNTRIES, Order, time_in
from models_ml.receipts.days import DateCandidate, receipt_order
from models_ml.receipts.decimals import CENTS, printed, unless_contradicted
from models_ml.receipts.dual import DualTotal, dual_total
from models_ml.receipts.evidence import Evidence, evidence
from models_ml.receipts.items import Item, items_of
from models_ml.receipts.layout import Box
from models_ml.receipts.model import ReceiptModel
from models_ml.receipts.names import mended
from models_ml.receipts.page import Page
from models_ml.receipts.purchase import card_tail_of, discount_of, payment_of, rounding_of, tip_of
from models_ml.receipts.taxes import Tax, tax_of
from models_ml.receipts.words import kinds_in

T = TypeVar("T")
Status = Literal["completed", "needs_review", "failed"]
#: A date that could be read two ways, when nothing tells which, is not worth more.
_AMBIGUOUS = 0.5
_PROVEN, _UNPROVEN = 0.97, 0.4
_GERMAN_FORM = re.compile(r"\b(?:gmbh|m\.?b\.?h|kg|ohg|ag|ug|gbr|kgaa|e\.\s?k(?:\.|fm|fr))", re.IGNORECASE)
_MONTH_FIRST_CURRENCIES = frozenset({"USD", "PHP"})


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """A value with its calibrated confidence and the rectangle on the image where it stands."""

    value: T
    confidence: float
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """What the reader may assume of the user who sent the receipt; evidence on the paper comes first."""

    country: str = ""
    currency: str = ""
    latest_day: date = date.max


@dataclass(frozen=True, slots=True)
class Reading:
    """A receipt's fields; amounts are minor units of ``currency``. Fields that nothing shows are None."""

    merchant: Field[str] | None
    day: Field[date] | None
    moment: Field[time] | None
    total: Field[int] | None
    currency: Field[str] | None
    tax: Field[int] | None
    payment: Field[str] | None
    card_tail: str
    items: tuple[Item, ...]
    items_confidence: float
    proofs: tuple[str, ...]
    status: Status
    reasons: tuple[str, ...] = field(default=())
    tip: Field[int] | None = None  # within the total
    tax_included: bool | None = None  # in the items' prices; None where nothing tells
    discount: Field[int] | None = None  # below zero, within the total
    rounding: Field[int] | None = None  # signed, within the total


def read_page(page: Page, model: ReceiptModel, reader: Reader | None = None) -> Reading:
    """The receipt on a page; status is ``needs_review`` when a field is below its threshold."""
    about = reader or Reader()
    read = evidence(page)
    texts = [row.text for row in read.rows]
    currency = unless_contradicted(currency_of(texts, about.country, about.currency), texts)
    form = printed(currency.code, texts)
    read = read if form == CENTS else evidence(page, form)
    order = _order(read, currency, about.country)
    found = candidates_of(read, order or "day", about.latest_day)
    merchant, total = _merchant(read, found, model), _total(found, model)
    day = _day(read, found, model, order)
    dual = dual_total(read, total[0].value) if total else None
    currency = by_day(currency, day.value if day else None, texts, about.country)
    if total and dual and day:
        currency, total = _of_the_day(dual, day.value, total)
    reasons = _reasons(merchant, day, total[0] if total else None, currency, model)
    reasons += ("currency unsure: two are shown",) if dual and not day else ()
    return _reading(read, found, (merchant, day, total), currency, reasons)


def _reading(
    read: Evidence,
    found: Candidates,
    sure: tuple[Field[str] | None, Field[date] | None, tuple[Field[int], frozenset[str]] | None],
    currency: CurrencyGuess,
    reasons: tuple[str, ...],
) -> Reading:
    """The fields that rest on merchant, date and total, beside them."""
    merchant, day, total = sure
    amount = total[0].value if total else 0
    bought, tax, paid = items_of(read, amount), tax_of(read, amount), payment_of(read, amount)
    return Reading(
        merchant=merchant,
        day=day,
        moment=_moment(read, found, day),
        total=total[0] if total else None,
        currency=Field(currency.code, currency.confidence) if currency.code else None,
        tax=_tax_field(tax) if total else None,
        payment=Field(paid, 0.9) if paid else None,
        card_tail=card_tail_of(read),
        items=bought.items,
        items_confidence=_PROVEN if bought.is_proven else _UNPROVEN,
        proofs=tuple(sorted(total[1])) if total else (),
        status="failed" if not read.rows else "needs_review" if reasons else "completed",
        reasons=reasons,
        tip=_part(tip_of(read, amount)),
        tax_included=tax.is_included if tax and total else None,
        discount=_part(discount_of(read, amount)),
        rounding=_part(rounding_of(read, amount)),
    )


def _of_the_day(
    dual: DualTotal, day: date, total: tuple[Field[int], frozenset[str]]
) -> tuple[CurrencyGuess, tuple[Field[int], frozenset[str]]]:
    """Of a total shown in two currencies, the one that was paid on the day."""
    side = dual.side(day)
    place = dual.euro if side == "euro" else dual.national
    chosen = Field(abs(place.minor), total[0].confidence, place.box)
    return CurrencyGuess("EUR" if side == "euro" else dual.code, STATED), (chosen, total[1])


def _part(amount: Amount | None) -> Field[int] | None:
    """A proven part of the total."""
    return Field(amount.minor, _PROVEN, amount.box) if amount else None


def _order(read: Evidence, currency: CurrencyGuess, country: str) -> Order | None:
    """The order of day and month: by the receipt's own dates, its currency, then the user's country."""
    shown = receipt_order(read)
    if shown:
        return shown
    if currency.code and currency.confidence > 0.9:  # noqa: PLR2004
        return "month" if currency.code in _MONTH_FIRST_CURRENCIES else "day"
    if country:
        return "month" if country.upper() in MONTH_FIRST_COUNTRIES else "day"
    return None


def _merchant(read: Evidence, found: Candidates, model: ReceiptModel) -> Field[str] | None:
    """The name by the learned reader; where that is unsure, a chain that the receipt shows."""
    scorer = model.fields["merchant"]
    learned: Field[str] | None = None
    if found.merchant:
        choice = choose(found.merchant, scorer.trees.logits(found.matrix("merchant")))
        learned = Field(mended(choice.best.name), scorer.confidence(choice.signals), choice.best.box)
    known = brand_of(read)
    if known and (learned is None or _is_the_chain(learned.value)):
        return Field(known.name, known.confidence, known.box)
    if learned and learned.confidence >= scorer.threshold:
        return learned
    if known and (learned is None or known.confidence > learned.confidence):
        return Field(known.name, known.confidence, known.box)
    return learned


def _is_the_chain(name: str) -> bool:
    """Whether a chain stands for the name that was read: a slogan, a branch, or who runs it in German law.

    Elsewhere a company's full name is what receipts are known by.
    """
    return "suffix" not in kinds_in(name) or _GERMAN_FORM.search(name) is not None


def _total(found: Candidates, model: ReceiptModel) -> tuple[Field[int], frozenset[str]] | None:
    if not found.total:
        return None
    scorer = model.fields["total"]
    choice = choose(found.total, scorer.trees.logits(found.matrix("total")))
    place = choice.best.places[-1]
    return Field(choice.best.minor, scorer.confidence(choice.signals), place.box), choice.best.proofs


def _day(read: Evidence, found: Candidates, model: ReceiptModel, order: Order | None) -> Field[date] | None:
    if not found.date:
        return None
    scorer = model.fields["date"]
    best: DateCandidate
    choice = choose(found.date, scorer.trees.logits(found.matrix("date")))
    best = choice.best
    confidence = scorer.confidence(choice.signals)
    if order is None and all(written.is_ambiguous for _, written in best.places):
        confidence = min(confidence, _AMBIGUOUS)
    return Field(best.day, confidence, read.rows[best.places[0][0]].box())


def _moment(read: Evidence, found: Candidates, day: Field[date] | None) -> Field[time] | None:
    """The time of day nearest to the date."""
    places = [place[0] for one in found.date if day and one.day == day.value for place in one.places]
    rows = sorted(range(len(read.rows)), key=lambda row: min((abs(row - at) for at in places), default=row))
    for row in rows:
        moment = time_in(read.rows[row].text)
        if moment:
            near = any(abs(row - at) <= 1 for at in places)
            return Field(moment, 0.95 if near else 0.6, read.rows[row].box())
    return None


def _tax_field(tax: Tax | None) -> Field[int] | None:
    return Field(tax.minor, _PROVEN if tax.is_proven else _UNPROVEN, tax.box) if tax else None


def _reasons(
    merchant: Field[str] | None,
    day: Field[date] | None,
    total: Field[int] | None,
    currency: CurrencyGuess,
    model: ReceiptModel,
) -> tuple[str, ...]:
    reasons = []
    for name, value in (("total", total), ("date", day), ("merchant", merchant)):
        if value is None:
            reasons.append(f"no {name} found")
        elif value.confidence < model.fields[name].threshold:
            reasons.append(f"{name} unsure")
    if not currency.code:
        reasons.append("no currency found: give the user's currency or country")
    return tuple(reasons)
