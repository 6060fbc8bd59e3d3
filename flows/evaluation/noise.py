"""Noise that other banks make: what a second file may say differently of the same lines."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

import polars as pl

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


#: Noise that the weights are learned with, and noise that they have not seen.
LEARNED: Mapping[str, Noise] = {"shifted": shifted, "reworded": reworded, "renumbered": renumbered}
UNSEEN: Mapping[str, Noise] = {"reshuffled": reshuffled, **LEARNED}


def disturbed(lines: pl.DataFrame, kinds: Mapping[str, Noise], seed: int, share: float = 0.5) -> pl.DataFrame:
    """Lines, of which a ``share`` of the files says the same in another way; ``name`` is the file.

    Gives the lines with ``noise``, the kind that was done to them, empty where none was.
    """
    dice = random.Random(seed)  # noqa: S311 - reproducible noise
    parts = []
    for _, part in sorted(lines.group_by("name"), key=lambda group: str(group[0])):
        chosen = sorted(kinds) if dice.random() < share else []
        done = [kind for kind in chosen if dice.random() < 0.5]  # noqa: PLR2004
        for kind in done:
            part = kinds[kind](part, dice)  # noqa: PLW2901 - one noise upon the other
        parts.append(part.with_columns(noise=pl.lit("+".join(done))))
    return pl.concat(parts)
