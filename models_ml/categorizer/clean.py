"""From a raw bank line to the words that name the merchant or the purpose.

Written as column expressions so that a million lines are cleaned in Rust; one line takes the same way.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import polars as pl

_KNOWLEDGE = Path(__file__).parent / "knowledge"
_CARD_WORDS = (
    r"card|karte|kartennr|carte|carta|tarjeta|tarj|kaart|kaartnr|kart|kort|karta|kfn|"
    r"\x{043A}\x{0430}\x{0440}\x{0442}\x{0430}"
)
#: How banks call a purchase that came back, before the shop's name.
REFUND = (
    r"refund(?:ed)?|purchase (?:refund|return|reversal)|reversal|merchandise return|chargeback|"
    r"r\x{FC}ckerstattung|erstattung|remboursement|reembolso|devoluci\x{F3}n|devolucion|anulaci\x{F3}n|estorno|"
    r"rimborso|storno|terugbetaling|zwrot|rambursare|iade|tilbagebetaling|\x{E5}terbetalning|"
    r"vazstanovyavane|\x{0432}\x{044A}\x{0437}\x{0441}\x{0442}\x{0430}\x{043D}\x{043E}\x{0432}\x{044F}\x{0432}\x{0430}\x{043D}\x{0435}|"
    r"\x{0432}\x{043E}\x{0437}\x{0432}\x{0440}\x{0430}\x{0442}|\x{8FD4}\x{91D1}"
)
#: Before the words of _boilerplate() go: addresses, facilitators, card tails, dates. After: the rest.
_BEFORE: tuple[tuple[str, str], ...] = (
    # A purchase that came back is the shop's, whatever the bank writes before it.
    (rf"^\s*(?:{REFUND})(?: of| from| by)?[ :*-]+(\p{{L}})", "$1"),
    (r"\bpos (malaysia|laju|indonesia)\b", "posta $1"),  # the post, which the next line would take away
    (r"^\s*sp (services|group|digital)\b", "singapore power $1"),  # no facilitator before a shop
    (
        rf"\b(?:{_CARD_WORDS})\s*(?:no|nr|num)?[.:]?\s*[x*\x{{2022}}]*\d{{3,6}}\b",
        " ",
    ),
    (r" card ?\d{0,2}\s*$", " "),  # the same, cut off
    (
        r"^\s*(?:paypal|sumup|i?zettle|iz|sq|wp|sp|pp|eb|tst|ikh?|wd|yoco|zapper\d?|snapscan)[ -]+(\p{L})",
        "$1",
    ),
    (r"@\p{L}+\b", " "),  # "swiggy@ybl": the payment service behind a name
    (r"\b([sf])[/.]?\s?(?:stn|stat)\b", "$1 stn"),
    (r"\bcb ?[*]+ ?\d+|\bcarte ?\d\d/\d\d(?:/\d\d)?", " "),
    (r"@ ?[\d.,]+|\b[\d.,]+ (?:eur|usd|gbp|chf|pln|czk|bgn|jpy|kwd)\b", " "),
    (r"\b(?:iban|bic|mandate|mandatsref|end.?to.?end|e2e|auth(?: code)?)\b[:\s]*\S*\d\S*", " "),
    (r"\bcard (?:no\.?|number|ending)(?: in)?\s*[x*•\d]*|\(card[^)]*\)?|[x*•]{2,}[\s-]*\d{2,4}\b", " "),
    (r"\b\d{1,4}[./-]\d{1,2}(?:[./-]\d{2,4})?(?:t(?:\d{2}:\d{2}(?::\d{2})?)?z?)?\b", " "),
    (r"\b\d{1,2}[:.]\d{2}(?::\d{2})? ?(?:uhr)?\b", " "),
    (r"\b\d{1,2} ?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\b(?: ?\d{4})?", " "),
)
_LEGAL_FORMS = (
    r"\b(?:ltd|limited|gmbh|ood|eood|ead|plc|pty|llc|inc|bvba|srl|sarl|kft|zrt|oyj|aps|"
    r"sp z ?o ?o|s r o|\x{043E}\x{043E}\x{0434}|\x{0435}\x{043E}\x{043E}\x{0434}|\x{0430}\x{0434}|"
    r"\x{0435}\x{0430}\x{0434}|\x{0435}\x{0442})\b"  # the same in Bulgarian
)
_AFTER: tuple[tuple[str, str], ...] = (
    (r"^\s*pos[ /*:-]+(?:\d+[ /*:-]+)*(\p{L})", "$1"),  # with the terminal's number
    # How banks of France, Spain, Italy and Ireland begin a purchase by card, where the shop's name follows.
    (r"^\s*(?:cb|compra|achat|acquisto|vd[apc])[ /*:-]+(\p{L})", "$1"),
    (r"['`\x{2019}\x{B4}]", ""),
    # References and store numbers: a token with three digits, or digits alone of two and more.
    (r"[\p{L}]*\d[\p{L}\d]*\d[\p{L}\d]*\d[\p{L}\d]*", " "),
    (r"[^\p{L}\p{M}\p{N}&+]+", " "),
    (r"(?:^| )\d{2,}(?: \d{2,})*(?: |$)", " "),
    (_LEGAL_FORMS, " "),
    (r" (?:gbr?|bgr?|deu|usa?|fra|esp|pol|cze|rou|nld|irl|aut|zaf|gb|bg)\s*$", ""),
    (r"\s+", " "),
)


def clean_descriptor(text: str) -> str:
    """The words of one raw bank line that name its merchant or purpose, lower case, in their own alphabet."""
    return str(clean_descriptors(pl.Series([text])).item())


def clean_descriptors(texts: pl.Series) -> pl.Series:
    """The same for a column of texts: processors, card tails, dates, numbers and legal forms are gone."""
    return texts.to_frame("text").select(_cleaning()).to_series()


def cleaned_line(text: str | None, amount: int | None) -> tuple[str, bool | None]:
    """The words of one line and whether money came in by it, in one go."""
    frame = pl.DataFrame(
        {"text": [text], "inflow": [None if amount is None else amount > 0]},
        schema={"text": pl.String, "inflow": pl.Boolean},
    )
    cleaned, inflow = frame.select(_cleaning(), _inflow()).row(0)
    return str(cleaned), inflow


def inflows(texts: pl.Series, amounts: pl.Series) -> pl.Series:
    """Whether money came in by each line; null where unknown, or where a purchase came back by its text."""
    frame = pl.DataFrame({"text": texts.cast(pl.String), "inflow": amounts > 0})
    return frame.select(_inflow()).to_series()


@cache
def _inflow() -> pl.Expr:
    is_refund = pl.col("text").str.to_lowercase().str.contains(rf"^\s*(?:{REFUND})\b")
    return pl.when(~is_refund.fill_null(value=False)).then("inflow").alias("inflow")


def romanised(texts: pl.Series) -> pl.Series:
    """Cleaned texts in Latin letters without accents, so that one word is one word in every spelling."""
    latin = pl.col("text").str.replace_many(_letters(), leftmost=True)
    plain = latin.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return texts.to_frame("text").select(plain.str.replace_many(_letters())).to_series()


@cache
def _cleaning() -> pl.Expr:
    column = pl.col("text").cast(pl.String).fill_null("").str.normalize("NFKC").str.to_lowercase()
    for pattern, replacement in (_web(), _processors(), *_BEFORE, _boilerplate(), *_AFTER):
        column = column.str.replace_all(pattern, replacement)
    return column.str.strip_chars()


def _web() -> tuple[str, str]:
    return r"https?://|\bwww\.", " "


def _processors() -> tuple[str, str]:
    """Payment facilitators, which write themselves before the shop: "SUMUP *CAFE", "PAYPAL *STEAM"."""
    return rf"\b(?:{'|'.join(_longest_first('processors'))})\s*[*:]+\s*", " "


def _boilerplate() -> tuple[str, str]:
    """What banks write around every card purchase; it says nothing of what was bought."""
    return rf"\b(?:{'|'.join(_longest_first('boilerplate'))})\b", " "


@cache
def _letters() -> dict[str, str]:
    """Cyrillic (Bulgarian streamlined system first), Greek and odd Latin letters, as Latin ones."""
    with (_KNOWLEDGE / "letters.csv").open(encoding="utf-8", newline="") as file:
        return {row["letter"]: row["latin"] for row in csv.DictReader(file)}


def _longest_first(name: str) -> list[str]:
    """The patterns of a list, so that "direct debit payment to" is tried before "direct debit"."""
    return sorted(_lines(name), key=len, reverse=True)


def _lines(name: str) -> list[str]:
    return (_KNOWLEDGE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
