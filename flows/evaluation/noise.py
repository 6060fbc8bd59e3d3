"""Noise that other banks make: what a second file may say differently of the same lines."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

import polars as pl

from models_ml.categorizer.clean import romanised

Noise = Callable[[pl.DataFrame, random.Random], pl.DataFrame]


def shifted(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Other days: the value date, or all lines a day or two later, none on a weekend."""
    days = dice.choice((1, 1, 2))
    moved = pl.coalesce("value_date", "booked_date") if dice.random() < 0.5 else pl.col("booked_date")  # noqa: PLR2004
    later = pl.when(pl.col("status") == "pending").then(pl.col("booked_date")).otherwise(moved)
    lines = lines.with_columns(later.alias("booked_date"))
    if dice.random() < 0.5:  # noqa: PLR2004
        lines = lines.with_columns(pl.col("booked_date").dt.offset_by(f"{days}d"))
    weekday = pl.col("booked_date").dt.weekday()
    weekend = pl.when(weekday > 5).then(8 - weekday).otherwise(0)  # noqa: PLR2004 - Saturday is 6
    return lines.with_columns((pl.col("booked_date") + pl.duration(days=weekend)).cast(pl.Date))


def reworded(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Other texts: cut, in capitals, without numbers, with a word before."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda text: text[:18].upper(),
        lambda text: text[:28],
        lambda text: re.sub(r"\d+", "", text).title(),
        lambda text: f"CARD PAYMENT TO {text}"[:40],
        lambda text: f"{text} REF {dice.randrange(10**8)}",
    )
    way = dice.choice(ways)
    return lines.with_columns(pl.Series("description", [way(text) for text in lines["description"]]))


def reshuffled(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Other order of words, as banks that put the town or the purpose first."""

    def turned(text: str) -> str:
        words = text.split()
        cut = dice.randrange(len(words)) if words else 0
        return " ".join([*words[cut:], *words[:cut]])

    return lines.with_columns(pl.Series("description", [turned(text) for text in lines["description"]]))


def renumbered(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """References made anew, or none."""
    if dice.random() < 0.5:  # noqa: PLR2004
        return lines.with_columns(bank_reference=pl.lit(None, pl.String))
    numbers = [f"{dice.randrange(16**12):012x}" for _ in range(lines.height)]
    return lines.with_columns(pl.Series("bank_reference", numbers))


def worded_while_pending(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Pending lines under another text than posted ones: cut, with a word before, without the town."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda text: text[: max(12, len(text) // 2)],
        lambda text: f"PENDING {text}",
        lambda text: " ".join(text.split()[:-2]) or text,
        lambda text: f"AUTHORISATION {text.title()}",
    )
    way = dice.choice(ways)
    texts = [
        way(text) if status == "pending" else text
        for text, status in lines.select("description", "status").iter_rows()
    ]
    return lines.with_columns(pl.Series("description", texts))


def rounded(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Foreign amounts (about one line in twenty) that the other side of a rate rounds another way."""
    amounts = [
        amount + dice.choice((-1, 1)) if dice.random() < 0.05 and abs(amount) > 100 else amount  # noqa: PLR2004
        for amount in lines["amount_minor"]
    ]
    return lines.with_columns(pl.Series("amount_minor", amounts, pl.Int64))


def sifted(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Only some of the lines of the days, as a table of one of several cards lists them."""
    share = dice.choice((0.3, 0.5, 0.7))
    return lines.filter(pl.Series([dice.random() < share for _ in range(lines.height)], dtype=pl.Boolean))


def cut(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Texts of at most 14 to 34 letters."""
    length = dice.choice((14, 16, 20, 22, 25, 30, 34))
    return _said(lines, lambda text: text[:length])


def placed(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """A town, a country and a terminal behind each text."""
    town = dice.choice(("SOFIA BG", "LONDON GBR", "BERLIN DEU", "SPRINGFIELD IL US", "WARSZAWA PL"))
    terminal = dice.randrange(10**6)
    return _said(lines, lambda text: f"{text} {town} T{terminal:06}")


def processed(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Another payment processor's, or another bank's, words before the shop."""
    before = dice.choice(("SUMUP *", "PAYPAL *", "Zettle_*", "VISA DEBIT ", "Kartenzahlung ", "PAIEMENT CB "))
    return _said(lines, lambda text: before + re.sub(r"^[A-Z]{2,8} ?\*", "", text))


def cased(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Capitals, small letters, or capitals at the beginnings of words; points for spaces."""
    way: Callable[[str], str] = dice.choice((str.upper, str.lower, str.title, lambda t: t.replace(" ", ".")))
    return _said(lines, way)


def latinised(lines: pl.DataFrame, _dice: random.Random) -> pl.DataFrame:
    """Latin letters without accents for all others."""
    return lines.with_columns(
        description=romanised(lines["description"].str.to_lowercase()).str.to_uppercase()
    )


def dated(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """The day, a card's tail and a reference of its own in each text."""
    tail, behind = dice.randrange(10**4), dice.random() < 0.5  # noqa: PLR2004
    texts = [
        f"{text} {day:%d.%m.%y} KARTE {tail:04} {dice.randrange(10**9):09}"
        if behind
        else f"{day:%d/%m} XX{tail:04} {text}"
        for text, day in lines.select("description", "booked_date").iter_rows()
    ]
    return lines.with_columns(pl.Series("description", texts))


def valued(lines: pl.DataFrame, _dice: random.Random) -> pl.DataFrame:
    """Days that follow the value date over weekends: Saturday's and Sunday's lines on Tuesday."""
    weekday = pl.col("booked_date").dt.weekday()
    later = pl.when(weekday == 6).then(3).when(weekday == 7).then(2).otherwise(1)  # noqa: PLR2004 - Saturday, Sunday
    moved = (pl.col("booked_date") + pl.duration(days=later)).cast(pl.Date)
    return lines.with_columns(
        booked_date=pl.when(pl.col("status") == "pending").then("booked_date").otherwise(moved)
    )


def turned(lines: pl.DataFrame, _dice: random.Random) -> pl.DataFrame:
    """The newest line first where the oldest was, or by amount."""
    return lines.with_columns(line_number=lines["line_number"].max() - pl.col("line_number") + 1)


def narrowed(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Fewer columns: no balance, no value date, no reference; the counterparty within the text."""
    said = pl.concat_str("description", pl.lit(" "), pl.col("counterparty").fill_null(""))
    texts = said.str.strip_chars() if dice.random() < 0.5 else pl.col("description")  # noqa: PLR2004
    return lines.with_columns(
        texts.alias("description"),
        balance_minor=pl.lit(None, pl.Int64),
        value_date=pl.lit(None, pl.Date),
        bank_reference=pl.lit(None, pl.String),
    )


def with_fees(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """A fee of its own, of one or two per cent, beside one line in ten; other files have none."""
    chosen = lines.filter(pl.Series([dice.random() < 0.1 for _ in range(lines.height)], dtype=pl.Boolean))  # noqa: PLR2004
    fees = chosen.with_columns(
        description="FEE " + pl.col("description"),
        amount_minor=(pl.col("amount_minor").abs() // -70).clip(upper_bound=-1),
        event_id="fee of " + pl.col("event_id") + " in " + pl.col("name"),
        line_number=pl.col("line_number") + 10**6,
        bank_reference=pl.lit(None, pl.String),
        balance_minor=pl.lit(None, pl.Int64),
    )
    return pl.concat([lines, fees])


def split(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Two files of one, cut anywhere, also within a day."""
    number = dice.randrange(1, lines.height + 1)
    ordered = lines.sort("booked_date", "line_number").with_row_index("place")
    name = pl.when(pl.col("place") < number).then(pl.lit("a-")).otherwise(pl.lit("b-")) + pl.col("name")
    return ordered.with_columns(name.alias("name")).drop("place")


def dealt(lines: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    """Two files of the same days that share no line, as of two cards, or of money in and money out."""
    share = dice.choice((0.3, 0.5, 0.7))
    first = pl.Series([dice.random() < share for _ in range(lines.height)], dtype=pl.Boolean)
    name = pl.when(first).then(pl.lit("a-")).otherwise(pl.lit("b-")) + pl.col("name")
    return lines.with_columns(name.alias("name"))


def with_siblings(lines: pl.DataFrame, _dice: random.Random) -> pl.DataFrame:
    """Purchases like others on their day but for a number: TERMINAL 1 beside TERMINAL 2, in every file."""
    chosen = lines.filter(pl.col("event_id").str.slice(-2).is_in(["07", "31", "53"]))
    again = chosen.with_columns(
        description=pl.when(pl.col("description").str.contains(r"\d"))
        .then(pl.col("description").str.replace(r"\d", "5").str.replace(r"^(.*)(\d)", "${1}6"))
        .otherwise(pl.col("description") + " 2"),
        event_id=pl.col("event_id") + "-2",
        line_number=pl.col("line_number") + 10**6,
        bank_reference=pl.col("bank_reference") + "-2",
        balance_minor=pl.lit(None, pl.Int64),
    )
    return pl.concat([lines, again])


def doubled(lines: pl.DataFrame, _dice: random.Random) -> pl.DataFrame:
    """Purchases that happened twice, and are listed twice by every file in equal words."""
    chosen = lines.filter(pl.col("event_id").str.slice(-2).is_in(["11", "42", "78"]))
    again = chosen.with_columns(
        event_id=pl.col("event_id") + "-twin",
        line_number=pl.col("line_number") + 10**6,
        bank_reference=pl.col("bank_reference") + "-2",
        balance_minor=pl.lit(None, pl.Int64),
    )
    return pl.concat([lines, again])


def _said(lines: pl.DataFrame, way: Callable[[str], str]) -> pl.DataFrame:
    return lines.with_columns(
        pl.Series("description", [way(text) for text in lines["description"]], pl.String)
    )


#: Noise that the weights are learned with, and noise that they have not seen.
LEARNED: Mapping[str, Noise] = {
    "shifted": shifted,
    "reworded": reworded,
    "renumbered": renumbered,
    "worded while pending": worded_while_pending,
    "rounded": rounded,
    "sifted": sifted,
    "dealt": dealt,
}
UNSEEN: Mapping[str, Noise] = {
    "reshuffled": reshuffled,
    "cut": cut,
    "placed": placed,
    "processed": processed,
    "cased": cased,
    "latinised": latinised,
    "dated": dated,
    "valued": valued,
    "turned": turned,
    "narrowed": narrowed,
    "with fees": with_fees,
    "split": split,
}
#: What is so in the world, not in a file: done to every file alike.
EVERYWHERE: Mapping[str, Noise] = {"with siblings": with_siblings, "doubled": doubled}
LEARNED_EVERYWHERE = frozenset({"with siblings"})


def disturbed(
    lines: pl.DataFrame, kinds: Mapping[str, Noise], seed: int, share: float = 0.5, each: float = 0.5
) -> pl.DataFrame:
    """Lines, of which a ``share`` of the files says the same in another way; ``name`` is the file.

    Each of the ``kinds`` is done to ``each`` of those files, one upon the other. Gives the lines with
    ``noise``, the kinds that were done to them, empty where none was.
    """
    dice = random.Random(seed)  # noqa: S311 - reproducible noise
    parts = []
    for _, part in sorted(lines.group_by("name"), key=lambda group: str(group[0])):
        chosen = sorted(kinds) if dice.random() < share else []
        done = [kind for kind in chosen if dice.random() < each]
        for kind in done:
            part = kinds[kind](part, dice)  # noqa: PLW2901 - one noise upon the other
        parts.append(part.with_columns(noise=pl.lit("+".join(done))))
    return pl.concat(parts)
