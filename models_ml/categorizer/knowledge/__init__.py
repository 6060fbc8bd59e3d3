"""What the categoriser learns from: words and shops written here, and public lists read from a folder."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import polars as pl

from models_ml.categorizer.clean import clean_descriptors, romanised
from models_ml.taxonomy import merchant_codes

FOLDER = Path(__file__).parent

#: One training text: ``merchant`` is the key by which shops are kept apart between fit and check ("" for
#: general words, which belong to every fit), ``weight`` is how much the text counts.
EXAMPLE_SCHEMA = pl.Schema(
    {
        "description": pl.String,
        "category_code": pl.String,
        "merchant": pl.String,
        "weight": pl.Float64,
        "source": pl.String,
        "country": pl.String,
    }
)

_MIN_ALIAS = 3  # shorter aliases ("bp", "hm") collide with other words
_MIN_SHOWN = 2
_QUALIFIER = re.compile(r"\([^)]*\)")  # "Lukoil (Bulgaria)" is written "Lukoil" by banks
_NOT_A_NAME = re.compile(r"q\d+|government|private|public|npo|religious|consortium|community|ngo")
_ALSO_NAMES = ("charge", "charges", "commission")  # of offices and charging stations as much as of fees
_CHOICES = re.compile(r"\{([^}]*)\}")
_MERCHANT_SHARE = 0.6  # of a card line's merchant, the part of its lines that must agree on one leaf
_RANGED_MCC = ("3000", "3999")  # airlines, car rentals and hotels: each code is one company


def lexicon() -> pl.DataFrame:
    """General words and phrases of bank lines and trades in some forty languages, written for MITA."""
    return pl.concat(
        [
            _phrases("lexicon", weight=3.0),
            _phrases("trades", weight=1.5),
            _phrases("bank_lines", weight=1.5, source="bank lines"),
        ]
    )


def known_merchants() -> pl.DataFrame:
    """Shops and services by country, written here: chains, utilities, apps, insurers, offices."""
    return _keyed(pl.concat([_phrases("merchants", weight=2.0), _phrases("chains", weight=2.0)]))


def strong_phrases() -> pl.DataFrame:
    """Phrases that settle a line wherever they stand in it: description, category_code, strength."""
    rows = [
        {"description": phrase, "category_code": row["category_code"], "strength": row["strength"]}
        for row in _table("bank_lines")
        for phrase in _expanded(row["phrases"])
    ]
    general = pl.concat([_phrases("lexicon", weight=1.0), _phrases("trades", weight=1.0)])
    general = general.filter(~pl.col("description").is_in(list(_ALSO_NAMES)))
    weak = general.select("description", "category_code", pl.lit("weak").alias("strength"))
    return pl.concat([pl.DataFrame(rows, schema=weak.schema), weak])


def brands(path: Path) -> pl.DataFrame:
    """Brands and operators of the name-suggestion-index (BSD-3), those whose kind has a leaf."""
    kinds = {(row["osm_key"], row["osm_value"]): row for row in _table("osm_categories")}
    rows: list[dict[str, object]] = []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for entry in csv.DictReader(file):
            kind = kinds.get((entry["osm_key"], entry["osm_value"]))
            if kind:
                rows.extend(_brand_rows(entry, kind["category_code"], float(kind["weight"])))
    return _keyed(_examples(rows))


def merchant_code_names(path: Path) -> pl.DataFrame:
    """Descriptions of merchant category codes (public domain): trades, airlines, hotels, car rentals."""
    known = merchant_codes()
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            {
                "description": row["edited_description"],
                "category_code": known[row["mcc"]].category_code,
                "weight": 1.0 if known[row["mcc"]].is_decisive else 0.3,
                "source": "mcc" if _RANGED_MCC[0] <= row["mcc"] <= _RANGED_MCC[1] else "mcc trades",
            }
            for row in csv.DictReader(file)
            if row["mcc"] in known
        ]
    named = _keyed(_examples(rows))
    return named.with_columns(
        pl.when(pl.col("source") == "mcc").then(pl.col("merchant")).otherwise(pl.lit("")).alias("merchant")
    )


def birmingham(path: Path) -> pl.DataFrame:
    """Merchants of the Birmingham card lines (Open Government Licence) whose lines agree on one clear leaf.

    Codes that hold more than one leaf (food holds restaurants too) weigh nothing: they check, never teach.
    """
    leaf = {row["account_category"]: row["category_code"] for row in _table("birmingham_codes")}
    lines = pl.read_csv(path, columns=["merchant_name", "category"], infer_schema=False).drop_nulls()
    cleaned = lines.with_columns(clean_descriptors(lines["merchant_name"]).alias("cleaned")).filter(
        pl.col("cleaned") != ""
    )
    share = (
        cleaned.with_columns(pl.col("category").replace_strict(leaf, default=None).alias("category_code"))
        .group_by("cleaned", "category_code")
        .agg(pl.len().alias("lines"), pl.col("merchant_name").first().alias("description"))
        .with_columns((pl.col("lines") / pl.col("lines").sum().over("cleaned")).alias("share"))
        .filter(pl.col("category_code").is_not_null() & (pl.col("share") >= _MERCHANT_SHARE))
        .sort("cleaned")
    )
    clear = share.select("description", "category_code", pl.lit("birmingham").alias("source"))
    wide = [code for code, leaves in birmingham_leaves().items() if len(leaves) > 1]
    weight = pl.when(pl.col("category_code").is_in(wide)).then(0.0).otherwise(1.0).alias("weight")
    return _keyed(_examples(clear.with_columns(pl.lit("GB").alias("country"), weight).to_dicts()))


def birmingham_leaves() -> dict[str, frozenset[str]]:
    """The leaves that a leaf read from a Birmingham account code may truly be: some codes are wider."""
    return {row["category_code"]: frozenset(row["may_be"].split("|")) for row in _table("birmingham_codes")}


def labelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Labelled lines of the caller: description and category_code, with merchant and country if known."""
    rows = frame.unique(["description", "category_code"], maintain_order=True).with_columns(
        pl.lit("labelled").alias("source")
    )
    known = [name for name in EXAMPLE_SCHEMA if name in rows.columns and name != "merchant"]
    return _keyed(_examples(rows.select(known).to_dicts()))


def line_shares() -> dict[str, float]:
    """How many of a thousand lines of private accounts are of each leaf: an assumption, reviewed by hand."""
    return {row["category_code"]: float(row["lines_of_a_thousand"]) for row in _table("line_shares")}


def mixed_trades() -> dict[str, float]:
    """How far merchants of a leaf sell other leaves too, 0 to 1: of a telecom, phone or internet."""
    return {row["category_code"]: float(row["mixed"]) for row in _table("line_shares")}


def merchant_keys(descriptions: pl.Series) -> pl.Series:
    """The word that keeps a shop's lines together: the first that is not a general one, else the whole text.

    "Tesco Stores 5504" and "Tesco PFS" share "tesco"; it is coarse on purpose, so that a shop that is
    held out is unknown to the fit in every spelling.
    """
    words = romanised(clean_descriptors(descriptions)).to_list()
    return pl.Series("merchant", [_key(text) for text in words], dtype=pl.String)


def cities() -> tuple[str, ...]:
    """Names of towns that banks write behind a shop's name; they say nothing about the category."""
    return tuple((FOLDER / "cities.txt").read_text(encoding="utf-8").split("\n")[:-1])


def south_african_leaves() -> dict[str, frozenset[str]]:
    """The leaves that each label of the South African lines may mean; fixed before any model was scored."""
    return {
        row["label"]: frozenset(row["category_codes"].split("|")) for row in _table("south_african_labels")
    }


def written_lines() -> pl.DataFrame:
    """Bank lines of 26 countries, written for MITA; the leaves of each were set before any was scored.

    They check and teach no words: columns country, description, amount_minor, category_codes (joined by "|").
    """
    return pl.DataFrame(_table("check_lines")).with_columns(pl.col("amount_minor").cast(pl.Int64))


def _brand_rows(entry: dict[str, str], code: str, weight: float) -> Iterator[dict[str, object]]:
    shown = _QUALIFIER.sub("", entry["display_name"]).strip()
    names = [shown, *entry["alt_names"].split("|")]
    for name in dict.fromkeys(name.strip() for name in names):
        if len(name) >= (_MIN_SHOWN if name == shown else _MIN_ALIAS) and not _NOT_A_NAME.fullmatch(
            name.lower()
        ):
            yield {
                "description": name,
                "category_code": code,
                "weight": weight,
                "source": "brands",
                "country": entry["locations"],
            }


def _phrases(name: str, weight: float, source: str | None = None) -> pl.DataFrame:
    rows: list[dict[str, object]] = [
        {
            "description": phrase,
            "category_code": row["category_code"],
            "weight": weight,
            "source": source or ("merchants" if name == "chains" else name),
            "country": row.get("language") or row.get("country") or "",
        }
        for row in _table(name)
        for phrase in _expanded(row.get("phrases") or row["names"])
    ]
    return _examples(rows)


def _expanded(cell: str) -> list[str]:
    """The phrases of a cell; "{atm;card} {fee;charge}" stands for every pair."""
    found = [
        " ".join(words)
        for phrase in cell.split("|")
        for words in product(
            *(choice.split(";") for choice in _CHOICES.findall(phrase)) if "{" in phrase else ([phrase],)
        )
    ]
    return list(dict.fromkeys(found))


def _examples(rows: list[dict[str, object]] | list[dict[str, str]]) -> pl.DataFrame:
    defaults: dict[str, object] = {"merchant": "", "weight": 1.0, "country": ""}
    return pl.DataFrame([defaults | row for row in rows], schema=EXAMPLE_SCHEMA)


def _keyed(examples: pl.DataFrame) -> pl.DataFrame:
    return examples.with_columns(merchant_keys(examples["description"]))


def _key(text: str) -> str:
    return next((word for word in text.split() if word not in general_words()), text)


@cache
def general_words() -> frozenset[str]:
    """Words that name a trade or a purpose rather than a shop, romanised: those of the lexicon."""
    phrases = lexicon()["description"].to_list()
    words = romanised(clean_descriptors(pl.Series(phrases))).to_list()
    return frozenset(word for text in words for word in text.split()) | {
        "the",
        "www",
        "com",
        "of",
        "and",
        "&",
    }


def _table(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
