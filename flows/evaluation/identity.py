"""Precision and recall of identity on a generated bank, whose truth says which lines are one event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.sources import read_statement
from models_ml.identity.content import content_digests, content_keys, repeated
from models_ml.identity.entries import coverage_of, entries_of
from models_ml.identity.resolve import resolve
from warehouse.records import ReadingHints, StatementRefusedError


@dataclass(frozen=True, slots=True)
class Score:
    """How well pairs of lines that are one event were found; ``difficulty`` says what made it hard."""

    what: str
    difficulty: str
    pairs: int  # true pairs
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Merges of about one probability, and how many of them were right."""

    probability: float
    right: float
    merges: int


@dataclass(frozen=True, slots=True)
class IdentityReport:
    """What ``mita evaluate identity`` prints."""

    lines: int
    events: int
    transactions: int
    scores: tuple[Score, ...]
    questions: int
    vanished: int  # pending lines that were never posted
    vanished_found: int
    vanished_wrongly: int  # posted ones taken for vanished
    calibration: tuple[Bin, ...]
    calibration_error: float  # expected, in probability


def labelled_lines(bank: Path, *, only_pending: bool = False) -> pl.DataFrame:
    """All lines of a generated bank as its files are read, with the event that each is.

    ``only_pending`` leaves accounts out that never show a pending line.

    Columns: those of STATEMENT_LINE_SCHEMA, name (file), source_format, account_id, event_id.
    """
    people = pl.read_parquet(bank / "truth" / "people.parquet")
    told = pl.read_parquet(bank / "truth" / "lines.parquet")
    if only_pending:
        told = told.filter((pl.col("status") == "pending").any().over("account"))
    wanted = set(told["file"])
    hints = {
        row["user"]: ReadingHints(row["country"], row["currency"])
        for row in people.select(pl.col("user", "country", "currency").cast(pl.String)).iter_rows(named=True)
    }
    read = [
        frame.drop("raw").with_columns(
            name=pl.lit(f"{path.parent.name}/{path.name}"), source_format=pl.lit(kind)
        )
        for path in sorted(bank.glob("*/*"))
        if f"{path.parent.name}/{path.name}" in wanted
        for kind, frame in _frames(path, hints[path.parent.name])
    ]
    truth = told.select(
        pl.col("file").alias("name"), "line_number", pl.col("account").alias("account_id"), "event_id"
    )
    return (
        _numbered_as_the_truth(pl.concat(read))
        .join(truth, left_on=["name", "number"], right_on=["name", "line_number"], how="inner")
        .filter(pl.col("problem").is_null())
        .drop("number")
    )


def _numbered_as_the_truth(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with ``number``: the truth knows lines of tables by their place, all others by count."""
    count = pl.col("line_number").rank("ordinal").over("name").cast(pl.Int64)
    number = pl.when(pl.col("source_format") == "csv").then("line_number").otherwise(count)
    return lines.with_columns(number=number)


def _frames(path: Path, hints: ReadingHints) -> Iterator[tuple[str, pl.DataFrame]]:
    try:
        statement = read_statement(path, hints)
    except StatementRefusedError:
        return
    for frame in statement.batches:
        yield statement.source_format, frame


def keyed(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with ``entry_id``: equal lines of two files of an account share one."""
    parts = []
    for _, part in lines.group_by("name", maintain_order=True):
        digests = part.select("line_number", "account_ref", "currency").with_columns(content_digests(part))
        key = content_keys(digests.select("line_number", "digest"), repeated(digests))
        parts.append(part.with_columns((part["account_id"] + "/" + key).alias("entry_id")))
    return pl.concat(parts)


def evaluate(lines: pl.DataFrame) -> IdentityReport:
    """Resolve labelled lines and compare with their events."""
    known = keyed(lines)
    coverage = coverage_of(known)
    entries = entries_of(known, coverage)
    found = resolve(entries, coverage)
    roots = dict(found.merged.select("entry_id", "root").iter_rows())
    resolved = known.with_columns(
        pl.col("entry_id").replace(roots).alias("transaction"), _noise(known).alias("noise")
    )
    truth = dict(known.select("entry_id", "event_id").iter_rows())
    right = found.merged.with_columns(
        right=pl.Series(
            [truth[one] == truth[root] for one, root in found.merged.select("entry_id", "root").iter_rows()],
            dtype=pl.Boolean,
        )
    )
    posted = set(known.filter(status="posted")["event_id"])
    vanished = {entry for entry, event in truth.items() if event not in posted}
    bins = _calibration(right)
    return IdentityReport(
        lines=known.height,
        events=known["event_id"].n_unique(),
        transactions=resolved["transaction"].n_unique(),
        scores=tuple(_scores(resolved)),
        questions=found.questions.height,
        vanished=len(vanished & _long_gone(known, entries)),
        vanished_found=len(vanished & found.expired),
        vanished_wrongly=len(found.expired - vanished),
        calibration=bins,
        calibration_error=sum(abs(b.probability - b.right) * b.merges for b in bins) / max(1, right.height),
    )


def draw(reports: Mapping[str, IdentityReport], path: Path) -> None:
    """Draw how far the probabilities can be believed, a line per report."""
    from flows.evaluation.plots import draw_calibration  # noqa: PLC0415 - matplotlib

    tables = {
        name: pl.DataFrame(
            [("one event", each.probability, each.right, each.merges) for each in report.calibration],
            schema=["kind", "said", "true", "links"],
            orient="row",
        )
        for name, report in reports.items()
    }
    draw_calibration(tables, path)


def _noise(lines: pl.DataFrame) -> pl.Series:
    return lines["noise"] if "noise" in lines.columns else pl.Series([""] * lines.height, dtype=pl.String)


def _scores(resolved: pl.DataFrame) -> Iterator[Score]:
    """Pairs of lines of one event in different files: repeats, and pending lines that were posted."""
    true, made = _pairs(resolved, "event_id"), _pairs(resolved, "transaction")
    for what in ("repeat", "pending to posted"):
        mine, ours = true.filter(what=what), made.filter(what=what)
        yield _score(what, "all", mine, ours)
        for difficulty in sorted(set(mine["difficulty"]) | set(ours["difficulty"])):
            yield _score(
                what, difficulty, mine.filter(difficulty=difficulty), ours.filter(difficulty=difficulty)
            )


def _score(what: str, difficulty: str, true: pl.DataFrame, made: pl.DataFrame) -> Score:
    both = true.join(made, on=["one", "other"], how="semi").height
    precision, recall = both / max(1, made.height), both / max(1, true.height)
    f1 = 2 * both / max(1, made.height + true.height)
    return Score(what, difficulty, true.height, round(precision, 5), round(recall, 5), round(f1, 5))


def _pairs(resolved: pl.DataFrame, together: str) -> pl.DataFrame:
    """Pairs of lines that share ``together``: one, other (row numbers), what, difficulty."""
    rows = resolved.with_row_index("row")
    first = rows.group_by(together).agg(pl.col("row").min().alias("first"))
    side = [
        "row",
        "status",
        "description",
        "amount_minor",
        "booked_date",
        "source_format",
        "noise",
        "bank_reference",
    ]
    joined = (
        rows.join(first, on=together)
        .join(rows.select(side), left_on="first", right_on="row", suffix="_first")
        .filter(pl.col("row") != pl.col("first"))
    )
    settles = pl.col("status") != pl.col("status_first")
    noisy = pl.max_horizontal("noise", "noise_first")
    same_amount = pl.col("amount_minor") == pl.col("amount_minor_first")
    changed = (
        pl.when(noisy != "")
        .then(pl.lit("noise"))
        .when(settles & ~same_amount)
        .then(pl.lit("other amount"))
        .when(pl.col("source_format") != pl.col("source_format_first"))
        .then(pl.lit("other format"))
        .when(pl.col("description").str.to_lowercase() != pl.col("description_first").str.to_lowercase())
        .then(pl.lit("other text"))
        .when((pl.col("bank_reference") != pl.col("bank_reference_first")).fill_null(value=False))
        .then(pl.lit("other reference"))
        .otherwise(pl.lit("as it was"))
    )
    return joined.select(
        one="first",
        other="row",
        what=pl.when(settles).then(pl.lit("pending to posted")).otherwise(pl.lit("repeat")),
        difficulty=changed,
    )


def _calibration(right: pl.DataFrame) -> tuple[Bin, ...]:
    binned = (
        right.with_columns(bin=(pl.col("probability") * 10).floor().clip(0, 9))
        .group_by("bin")
        .agg(pl.col("probability").mean(), pl.col("right").mean(), pl.len().alias("merges"))
        .sort("bin")
    )
    return tuple(Bin(*row) for row in binned.select("probability", "right", "merges").iter_rows())


def _long_gone(lines: pl.DataFrame, entries: pl.DataFrame) -> set[str]:
    """Pending entries old enough that their account's later files would have posted them."""
    last = lines.group_by("account_id").agg(last=pl.col("booked_date").max())
    old = (
        entries.filter("is_pending")
        .join(last, on="account_id")
        .filter(pl.col("booked_date") < pl.col("last") - pl.duration(days=21))
    )
    return set(old["entry_id"])
