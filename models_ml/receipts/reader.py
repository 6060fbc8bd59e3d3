"""Read a page of text: every field with its confidence and its place, and what stands against it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Literal

from models_ml.receipts.amounts import Amount
from models_ml.receipts.brands import brand_of
from models_ml.receipts.choose import Candidates, candidates_of, choose
from models_ml.receipts.currencies import STATED, CurrencyGuess, by_day, currency_of
from models_ml.receipts.dates import MONTH_FIRST_COUNTRIES, Order, time_in
from models_ml.receipts.days import DateCandidate, receipt_order
from models_ml.receipts.decimals import CENTS, printed, unless_contradicted
from models_ml.receipts.dual import DualTotal, dual_total
from models_ml.receipts.evidence import Evidence, evidence
from models_ml.receipts.fields import Field, Head
from models_ml.receipts.hearing import PROPOSED, heard
from models_ml.receipts.items import Item, items_of
from models_ml.receipts.model import ReceiptModel
from models_ml.receipts.names import mended
from models_ml.receipts.page import Page
from models_ml.receipts.purchase import card_tail_of, discount_of, payment_of, rounding_of, tip_of
from models_ml.receipts.second_reading import SecondReading, currency_that_may_be
from models_ml.receipts.taxes import Tax, tax_of
from models_ml.receipts.words import kinds_in

Status = Literal["completed", "needs_review", "failed"]
#: A date that could be read two ways, when nothing tells which, is not worth more.
_AMBIGUOUS = 0.5
_PROVEN, _UNPROVEN = 0.97, 0.4
_GERMAN_FORM = re.compile(r"\b(?:gmbh|m\.?b\.?h|kg|ohg|ag|ug|gbr|kgaa|e\.\s?k(?:\.|fm|fr))", re.IGNORECASE)
_MONTH_FIRST_CURRENCIES = frozenset({"USD", "PHP"})


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
    doubts: Mapping[str, str] = field(default_factory=dict)  # by field, why somebody must look at it
    tip: Field[int] | None = None  # within the total
    tax_included: bool | None = None  # in the items' prices; None where nothing tells
    discount: Field[int] | None = None  # below zero, within the total
    rounding: Field[int] | None = None  # signed, within the total

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why somebody must look at the receipt; empty where nobody must."""
        return tuple(self.doubts.values())


def read_page(
    page: Page, model: ReceiptModel, reader: Reader | None = None, second: SecondReading | None = None
) -> Reading:
    """The receipt on a page; status is ``needs_review`` when a field is below its threshold.

    What a language model read (``second``) makes a field sure where both agree on it, or where the receipt's
    arithmetic proves it; else it is a proposal for who reviews.
    """
    about = reader or Reader()
    read = evidence(page)
    texts = [row.text for row in read.rows]
    currency = _currency(read, texts, about, second)
    form = printed(currency.code, texts)
    read = read if form == CENTS else evidence(page, form)
    order = _order(read, currency, about.country)
    found = candidates_of(read, order or "day", about.latest_day)
    head = _head(read, found, model, order)
    if second:
        head = heard(head, read, found.total, second, model, currency.code, about.latest_day)
    dual = dual_total(read, head.total.value) if head.total else None
    currency = by_day(currency, head.day.value if head.day else None, texts, about.country)
    if head.total and dual and head.day:
        currency, total = _of_the_day(dual, head.day.value, head.total)
        head = replace(head, total=total)
    return _reading(read, found, head, currency, _doubts(head, currency, model, is_dual=dual is not None))


def _currency(
    read: Evidence, texts: Sequence[str], about: Reader, second: SecondReading | None
) -> CurrencyGuess:
    """The currency by the paper and the user; where they tell none, what a language model proposes."""
    guess = unless_contradicted(currency_of(texts, about.country, about.currency), texts)
    proposed = currency_that_may_be(read, second) if second and not guess.code else ""
    return unless_contradicted(CurrencyGuess(proposed, PROPOSED), texts) if proposed else guess


def _reading(
    read: Evidence, found: Candidates, head: Head, currency: CurrencyGuess, doubts: Mapping[str, str]
) -> Reading:
    """The fields that rest on merchant, date and total, beside them."""
    amount = head.total.value if head.total else 0
    bought, tax, paid = items_of(read, amount), tax_of(read, amount), payment_of(read, amount)
    return Reading(
        merchant=head.merchant,
        day=head.day,
        moment=_moment(read, found, head.day),
        total=head.total,
        currency=Field(currency.code, currency.confidence) if currency.code else None,
        tax=_tax_field(tax) if head.total else None,
        payment=Field(paid, 0.9) if paid else None,
        card_tail=card_tail_of(read),
        items=bought.items,
        items_confidence=_PROVEN if bought.is_proven else _UNPROVEN,
        proofs=tuple(sorted(head.proofs)),
        status="failed" if not read.rows else "needs_review" if doubts else "completed",
        doubts=doubts,
        tip=_part(tip_of(read, amount)),
        tax_included=tax.is_included if tax and head.total else None,
        discount=_part(discount_of(read, amount)),
        rounding=_part(rounding_of(read, amount)),
    )


def _of_the_day(dual: DualTotal, day: date, total: Field[int]) -> tuple[CurrencyGuess, Field[int]]:
    """Of a total shown in two currencies, the one that was paid on the day."""
    side = dual.side(day)
    place = dual.euro if side == "euro" else dual.national
    chosen = Field(abs(place.minor), total.confidence, place.box)
    return CurrencyGuess("EUR" if side == "euro" else dual.code, STATED), chosen


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


def _head(read: Evidence, found: Candidates, model: ReceiptModel, order: Order | None) -> Head:
    """Merchant, day and total as the learned reader finds them."""
    day, could_be_two = _day(read, found, model, order)
    total, proofs = _total(found, model)
    return Head(_merchant(read, found, model), day, total, proofs, could_be_two, {})


def _total(found: Candidates, model: ReceiptModel) -> tuple[Field[int] | None, frozenset[str]]:
    if not found.total:
        return None, frozenset()
    scorer = model.fields["total"]
    choice = choose(found.total, scorer.trees.logits(found.matrix("total")))
    place = choice.best.places[-1]
    return Field(choice.best.minor, scorer.confidence(choice.signals), place.box), choice.best.proofs


def _day(
    read: Evidence, found: Candidates, model: ReceiptModel, order: Order | None
) -> tuple[Field[date] | None, bool]:
    """The day, and whether day and month could be either way round."""
    if not found.date:
        return None, False
    scorer = model.fields["date"]
    best: DateCandidate
    choice = choose(found.date, scorer.trees.logits(found.matrix("date")))
    best = choice.best
    confidence = scorer.confidence(choice.signals)
    could_be_two = order is None and all(written.is_ambiguous for _, written in best.places)
    box = read.rows[best.places[0][0]].box()
    return Field(best.day, min(confidence, _AMBIGUOUS) if could_be_two else confidence, box), could_be_two


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


def _doubts(head: Head, currency: CurrencyGuess, model: ReceiptModel, *, is_dual: bool) -> dict[str, str]:
    """Why somebody must look at the receipt, by field."""
    doubts = {}
    for name, value in (("total", head.total), ("date", head.day), ("merchant", head.merchant)):
        if value is None:
            doubts[name] = f"no {name} found"
        elif value.confidence < model.fields[name].threshold:
            note = head.notes.get(name, "")
            doubts[name] = f"{name} unsure: {note}" if note else f"{name} unsure"
    if not currency.code:
        doubts["currency"] = "no currency found: give the user's currency or country"
    elif is_dual and not head.day:
        doubts["currency"] = "currency unsure: two are shown"
    elif currency.confidence <= PROPOSED:
        doubts["currency"] = "currency unsure: only the language model read it"
    return doubts
