"""Who puts findings into words: templates always, a language model where it says nothing but the facts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from models_ml.insights.catalogue import Finding
from models_ml.insights.numbers import Said, figures, follows, latin_digits
from warehouse.money import is_currency

TEMPLATE = "template"
_LONGEST = 1200
#: Failures in a row after which a model is not asked again in a run.
MOST_FAILURES = 3
_INSTRUCTIONS = (
    "You write a short, friendly note about somebody's money in the language with the code {language}. Use "
    "only the findings given, one in a sentence, named as it is named there. Figures stand in digits, with "
    "their currency or percent sign, in the order of the finding's text and beginning with its first one. "
    "No figure or share of your own, no advice beyond the findings, no links, no other names."
)


class Note(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=_LONGEST)


class Narrator(Protocol):
    """A language model that answers in a schema (flows.clients.llm)."""

    @property
    def name(self) -> str:
        """The model's name."""

    def ask(  # noqa: PLR0913 - as flows.clients.llm has it
        self,
        schema: type[Note],
        instructions: str,
        facts: object,
        *,
        purpose: str,
        most_tokens: int = 1000,
        keep: bool = True,
    ) -> Note:
        """An answer that is valid by the schema; raises an error where there is none."""


class GivenUpError(RuntimeError):
    """The model failed too often in a row to be asked again in this run."""


@dataclass(slots=True)
class Patient:
    """A narrator that is left alone for the rest of a run once it failed MOST_FAILURES times in a row.

    Whoever is down makes one wait for a timeout each time: ten thousand users would wait for days.
    """

    narrator: Narrator
    failures: int = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self.narrator.name

    def ask(  # noqa: PLR0913
        self,
        schema: type[Note],
        instructions: str,
        facts: object,
        *,
        purpose: str,
        most_tokens: int = 1000,
        keep: bool = True,
    ) -> Note:
        """The narrator's answer; raises GivenUpError once it failed too often, or for good."""
        if self.failures >= MOST_FAILURES:
            message = f"{self.name} failed {MOST_FAILURES} times in a row: the templates speak for the rest"
            raise GivenUpError(message)
        try:
            note = self.narrator.ask(
                schema, instructions, facts, purpose=purpose, most_tokens=most_tokens, keep=keep
            )
        except Exception as error:
            is_lasting = getattr(error, "is_lasting", False)
            self.failures = MOST_FAILURES if is_lasting else self.failures + 1
            raise
        self.failures = 0
        return note


@dataclass(frozen=True, slots=True)
class Told:
    """A text and who wrote it, with what was wrong where a model's text was refused."""

    text: str
    told_by: str
    refused: tuple[str, ...] = ()


def by_template(findings: Sequence[Finding], language: str) -> str:
    """The findings' own texts, one a line."""
    return "\n".join(each.texts[language] for each in findings)


def narrate(findings: Sequence[Finding], language: str, narrator: Narrator | None) -> Told:
    """A note about the findings; the template's where no model is, or it fails or invents a number."""
    template = by_template(findings, language)
    if narrator is None or not findings:
        return Told(template, TEMPLATE)
    facts = [{"title": each.titles[language], "text": each.texts[language]} for each in findings]
    try:
        note = narrator.ask(
            Note,
            _INSTRUCTIONS.format(language=language),
            facts,
            purpose="weekly advice",
            most_tokens=600,
            keep=False,
        )
    except Exception as error:  # noqa: BLE001 - whatever fails there, the user gets the figures
        return Told(template, TEMPLATE, (type(error).__name__,))
    wrong = objections(note.text, findings, language)
    return Told(template, TEMPLATE, wrong) if wrong else Told(note.text.strip(), narrator.name)


def objections(text: str, findings: Sequence[Finding], language: str) -> tuple[str, ...]:
    """Why a text may not stand: figures that are not the findings', currencies, links, the wrong letters."""
    wrong = _misplaced(text, findings, language)
    wrong += foreign_currencies(text, {each.currency for each in findings})
    if _ADDRESS.search(text):
        wrong.append("a link or address")
    letters = [letter for letter in text if letter.isalpha()]
    cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in letters)
    if not letters or (cyrillic * 2 > len(letters)) != (language == "bg"):
        wrong.append("another language")
    return tuple(wrong)


#: A scheme, an at sign, or letters on both sides of a dot: a name of the web.
_ADDRESS = re.compile(r"://|@|www\.|[^\W\d_]{2,}\.[^\W\d_]{2,}", re.IGNORECASE)
#: Kinds that say that something was too much, and words that would turn that into its opposite.
_TOO_MUCH = frozenset({"over_budget", "category_rise"})
_TURNED = re.compile(
    r"\b(?:under|below|less|fewer|left|remain\w*|saved?|spare|cheaper|под|по-малко|остава\w*|оста[нв]\w*|спест\w*)\b",
    re.IGNORECASE,
)
#: Letters by which a name is known again whatever its ending.
_SHORTEST_STEM, _ENDING = 4, 2


def _sentences(text: str) -> list[str]:
    return [each for each in re.split(r"(?<=[.!?…;])\s+|\n", latin_digits(text)) if each.strip()]


def _misplaced(text: str, findings: Sequence[Finding], language: str) -> list[str]:
    """The figures of a text that are not those of the finding that is named with them, in its order.

    What a sentence names last is what the next one goes on about, unless its figures are another finding's.
    """
    wrong: list[str] = []
    about: Finding | None = None
    so_far: list[Said] = []
    for sentence in _sentences(text):
        for finding, said in _parts(sentence, findings, language):
            if finding is not None:
                about, so_far = finding, said
            elif about is not None and follows([*so_far, *said], _facts(about, language)):
                so_far = [*so_far, *said]
            else:
                about = next((each for each in findings if follows(said, _facts(each, language))), about)
                so_far = said
            if so_far and (about is None or not follows(so_far, _facts(about, language))):
                wrong += [each.told for each in so_far]
            if said and about is not None and about.kind in _TOO_MUCH:
                wrong += _TURNED.findall(sentence)
    return wrong


def _parts(
    sentence: str, findings: Sequence[Finding], language: str
) -> list[tuple[Finding | None, list[Said]]]:
    """The figures of a sentence by the finding that is named before them, the first also before its name."""
    said, named = figures(sentence), _named(sentence, findings, language)
    if not named:
        return [(None, said)] if said else []
    bounds = [0, *(place for place, _ in named[1:]), len(sentence)]
    return [
        (finding, [each for each in said if first <= each.start < last])
        for (_, finding), first, last in zip(named, bounds, bounds[1:], strict=False)
    ]


def _named(sentence: str, findings: Sequence[Finding], language: str) -> list[tuple[int, Finding]]:
    """Where the sentence names which finding, in order."""
    small, found = sentence.casefold(), []
    for each in findings:
        name = each.subjects.get(language, "").casefold()
        stem = name[: max(_SHORTEST_STEM, len(name) - _ENDING)]
        place = small.find(stem) if stem else -1
        if place >= 0:
            found.append((place, each))
    return sorted(found, key=lambda pair: pair[0])


def _facts(finding: Finding, language: str) -> list[Said]:
    return figures(finding.texts[language])


#: What currencies are called, beginnings of words; a code of ISO 4217 and a sign need no entry.
_CALLED = {
    "dollar": "USD", "долар": "USD", "евро": "EUR", "euro": "EUR", "лев": "BGN", "лв": "BGN", "leva": "BGN",
    "pound": "GBP", "sterling": "GBP", "паунд": "GBP", "лири": "TRY", "lira": "TRY", "yen": "JPY",
    "йен": "JPY",
    "kč": "CZK", "koruna": "CZK", "крони": "CZK", "zł": "PLN", "zlot": "PLN", "злоти": "PLN", "franc": "CHF",
    "франк": "CHF", "rupee": "INR", "рупи": "INR", "dinar": "KWD", "динар": "KWD", "rubl": "RUB",
    "rouble": "RUB", "рубл": "RUB", "yuan": "CNY", "юан": "CNY", "peso": "MXN", "песо": "MXN", "krona": "SEK",
    "kroner": "DKK", "forint": "HUF", "форинт": "HUF", "lei": "RON", "леи": "RON", "won": "KRW",
    "bitcoin": "XBT", "buck": "USD", "щатск": "USD",
    "биткойн": "XBT",
}  # fmt: skip
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₺": "TRY", "₹": "INR", "₽": "RUB", "zł": "PLN"}


def foreign_currencies(text: str, own: set[str]) -> list[str]:
    """What a text calls a currency that is none of its own, by code, sign or name, as it stands there."""
    wrong = [sign for sign in text if unicodedata.category(sign) == "Sc" and _SIGNS.get(sign) not in own]
    for word in re.findall(r"[^\W\d_]+", text):
        if word.isupper() and word not in own and is_currency(word):
            wrong.append(word)
        small = word.lower()
        called = {code for name, code in _CALLED.items() if small.startswith(name)}
        # "won" is mostly no money: a short name is one only where a number stands before it.
        is_after_number = re.search(rf"\d\s*{re.escape(word)}\b", text) is not None
        if called and not called & own and (len(small) > _SHORT_NAME or is_after_number):
            wrong.append(word)
    return wrong


#: Letters of a name that is a word of its own as well.
_SHORT_NAME = 4
