"""How a name ends up on a bank statement: alphabets, processor prefixes, store numbers, truncation."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.generator.countries import Bank
    from flows.generator.dice import Dice
    from flows.generator.merchants import Merchant

#: The streamlined system that Bulgarian law prescribes (2009).
CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъьюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "ts",
            "ch",
            "sh",
            "sht",
            "a",
            "y",
            "yu",
            "ya",
        ],
        strict=True,
    )
)
SPECIAL = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "ł": "l",
        "Ł": "L",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{EN DASH}": "-",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)
BEYOND_LATIN = 0x250
CACHED_TEXTS = 50_000
PROCESSORS: dict[str, tuple[str, ...]] = {
    "BG": ("MYPOS *", "SUMUP  *", ""),
    "GB": ("SUMUP  *", "ZETTLE_*", "SQ *", ""),
    "DE": ("SUMUP  *", "ZETTLE_*", ""),
    "US": ("SQ *", "SQ *", "CLV*", ""),
    "FR": ("SUMUP  *", "SQ *", ""),
    "PL": ("SUMUP  *", "PAYU*", ""),
    "JP": ("SQ *", "", ""),
    "KW": ("", "MYFATOORAH*"),
}
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@lru_cache(maxsize=CACHED_TEXTS)
def latin(text: str) -> str:
    """Cyrillic in Latin letters, with capitals kept; other alphabets stay."""
    return "".join(_latin_letter(letter) for letter in text)


def _latin_letter(letter: str) -> str:
    plain = CYRILLIC.get(letter.lower())
    if plain is None:
        return letter
    return plain if letter.islower() else plain.capitalize()


@lru_cache(maxsize=CACHED_TEXTS)
def ascii_only(text: str) -> str:
    """Plain letters as old bank systems keep them: umlauts spelt out, other accents dropped."""
    decomposed = unicodedata.normalize("NFKD", latin(text).translate(SPECIAL))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def is_latin(text: str) -> bool:
    """Whether a text stays within Latin letters."""
    return all(ord(letter) < BEYOND_LATIN for letter in text)


def in_bank_letters(text: str, bank: Bank) -> str:
    """A text in the alphabet and case of a bank."""
    if bank.script == "latin":
        text = latin(text)
    elif bank.script == "ascii":
        text = ascii_only(text)
    return text.upper() if bank.upper else text


def reference_code(dice: Dice, length: int) -> str:
    """Letters and digits as online shops append them."""
    return "".join(dice.pick(CODE_LETTERS) for _ in range(length))


def spelling(merchant: Merchant, bank: Bank, dice: Dice) -> str:
    """The way in which this customer's bank receives the merchant's name."""
    if not bank.upper:
        return merchant.name
    foreign = [s for s in merchant.spellings if not is_latin(s)]
    if bank.script == "native" and foreign and dice.chance(0.7):
        return dice.pick(foreign)
    own = [s for s in merchant.spellings if is_latin(s)] or list(merchant.spellings)
    return dice.pick(own)


def store_number(dice: Dice, country: str) -> str:
    """What a chain's terminal adds to its name, often nothing."""
    if dice.chance(0.35):
        return ""
    number = dice.integer(1, 9899)
    shapes = {"US": f" #{number:04d}", "GB": f" {number:04d}", "DE": f" {number:04d}", "PL": f" {number}"}
    return shapes.get(country, f" {number:03d}")


def terminal_text(merchant: Merchant, bank: Bank, country: str, dice: Dice) -> str:
    """The merchant part of a descriptor as one terminal sends it, the same on every visit."""
    name = spelling(merchant, bank, dice)
    if not bank.upper:
        return name
    if merchant.style == "chain":
        return in_bank_letters(name + store_number(dice, country), bank)
    if merchant.style == "local":
        return in_bank_letters(dice.pick(PROCESSORS.get(country, ("",))) + name, bank)
    if merchant.style == "toast":
        return in_bank_letters("TST* " + name, bank)
    if merchant.style == "online" and dice.chance(0.18) and "*" not in name:
        return in_bank_letters("PAYPAL *" + name.replace(".", ""), bank)
    return in_bank_letters(name, bank)


def shortened(text: str, bank: Bank) -> str:
    """A text within the length that a bank prints."""
    return text if len(text) <= bank.max_length else text[: bank.max_length].rstrip()
