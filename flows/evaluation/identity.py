"""Precision and recall of identity on a generated bank, whose truth says which lines are one event."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from flows.evaluation.noise import EVERYWHERE, LEARNED, LEARNED_EVERYWHERE, UNSEEN, disturbed
from flows.sources import read_statement
from models_ml.identity.content import content_digests, content_keys, repeated
from models_ml.identity.entries import coverage_of, entries_of
from models_ml.identity.resolve import SAME_FROM, resolve
from warehouse.records import ReadingHints, StatementRefusedError

if TYPE_CHECKING:
    from flows.evaluation.links import LinkReport

_REPEATED, _SETTLED = "repeat", "pending to posted"
#: Lines of one file that agree in all of this nobody can tell apart.
_SAID = ("account_id", "booked_date", "amount_minor", "status", "description")
_COMPARED = (
    *("status", "description", "amount_minor", "source_format", "noise", "bank_reference"),
    *("alike", "transaction"),
)
#: Robustness is measured on the lines of so many people: each kind of noise takes a resolution of its own.
_ROBUST_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Score:
    """How well pairs of lines that are one event were found; ``difficulty`` says what made it hard.

    Precision, recall and F1 are of what holds until the user answers. ``asked`` pairs, true or made, are
    those that a question is open about; ``f1_decided`` leaves them out.
    """

    what: str
    difficulty: str
    pairs: int  # true pairs
    precision: float
    recall: float
    f1: float
    asked: int
    f1_decided: float


@dataclass(frozen=True, slots=True)
class Bands:
    """What the three bands hold, and how much of it is wrong."""

    same: int  # entries joined without asking
    same_wrong: int
    asked: int  # questions
    asked_right: int  # of them, pairs that are one event
    different_wrong: int  # entries of one event left apart without asking


@dataclass(frozen=True, slots=True)
class Robustness:
    """The same figures where every second file says the same in another way."""

    noise: str
    learned: bool  # whether the weights have seen noise of this kind
    repeat_f1: float
    settled_f1: float
    settled_f1_decided: float
    questions: int
    transactions_over_events: float


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
    bands: Bands
    questions: int
    questions_per_1000_lines: float
    vanished: int  # pending lines that were never posted
    vanished_found: int
    vanished_wrongly: int  # posted ones taken for vanished
    calibration: tuple[Bin, ...]
    calibration_error: float  # expected, in probability
    robustness: tuple[Robustness, ...] = ()
    links: tuple[Score, ...] = ()  # transfers, refunds, reimbursements among the bank's events
    suggestions_per_1000_transactions: float = 0.0


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
    right, questions = _judged(found.merged, known), _judged(found.questions, known)
    posted = set(known.filter(status="posted")["event_id"])
    vanished = {entry for entry, event in truth.items() if event not in posted}
    bins = _calibration(right)
    return IdentityReport(
        lines=known.height,
        events=known["event_id"].n_unique(),
        transactions=resolved["transaction"].n_unique(),
        scores=tuple(_scores(resolved, _asked(found.questions, known, roots))),
        bands=_bands(right, questions, known, roots),
        questions=found.questions.height,
        questions_per_1000_lines=round(1000 * found.questions.height / max(1, known.height), 2),
        vanished=len(vanished & _long_gone(known, entries)),
        vanished_found=len(vanished & found.expired),
        vanished_wrongly=len(found.expired - vanished),
        calibration=bins,
        calibration_error=sum(abs(b.probability - b.right) * b.merges for b in bins) / max(1, right.height),
    )


def robustness(lines: pl.DataFrame, seed: int = 1) -> tuple[Robustness, ...]:
    """How much noise of each kind costs, done to every second file of the first people, or to all alike."""
    people = sorted(set(lines["account_id"].str.extract(r"^(\d+)").drop_nulls()))[:_ROBUST_PEOPLE]
    some = lines.filter(pl.col("account_id").str.extract(r"^(\d+)").is_in(people))
    kinds = [("none", True, some)]
    for name, noise in {**LEARNED, **UNSEEN}.items():
        kinds.append((name, name in LEARNED, disturbed(some, {name: noise}, seed, each=1.0)))
    dice = random.Random(seed)  # noqa: S311 - reproducible noise
    kinds += [(name, name in LEARNED_EVERYWHERE, noise(some, dice)) for name, noise in EVERYWHERE.items()]
    kinds.append(("all unseen together", False, disturbed(some, UNSEEN, seed, each=0.25)))
    return tuple(_robust(name, learned, disturbed_lines) for name, learned, disturbed_lines in kinds)


def with_links(report: IdentityReport, found: LinkReport) -> IdentityReport:
    """The report with how often transfers, refunds and shares of the same bank are right."""
    scores = tuple(
        Score(
            each.kind,
            each.difficulty,
            each.true,
            round(each.precision, 5),
            round(each.recall, 5),
            round(each.f1, 5),
            each.asked,
            round(each.f1_decided, 5),
        )
        for each in found.scores
    )
    asked = sum(each.asked for each in scores if each.difficulty == "all")
    return replace(
        report,
        links=scores,
        suggestions_per_1000_transactions=round(1000 * asked / max(1, found.transactions), 2),
    )


def _robust(name: str, learned: bool, lines: pl.DataFrame) -> Robustness:  # noqa: FBT001 - a column of the table
    report = evaluate(lines)
    scores = {score.what: score for score in report.scores if score.difficulty == "all"}
    return Robustness(
        name,
        learned,
        scores[_REPEATED].f1,
        scores[_SETTLED].f1,
        scores[_SETTLED].f1_decided,
        report.questions,
        round(report.transactions / report.events, 5),
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


def _judged(pairs: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Pairs of entries with whether they are ``right``: one event, or alike to two that are."""
    alike = lines.select(
        "event_id", "entry_id", pl.concat_str(_SAID, separator="|", ignore_nulls=True).alias("said")
    )
    said = dict(alike.select("entry_id", "said").iter_rows())
    events: dict[str, set[str]] = {}
    for event, text in alike.select("event_id", "said").iter_rows():
        events.setdefault(text, set()).add(event)
    same = [
        not events[said[one]].isdisjoint(events[said[other]])
        for one, other in pairs.select("entry_id", "root").iter_rows()
    ]
    return pairs.with_columns(right=pl.Series(same, dtype=pl.Boolean))


def _asked(questions: pl.DataFrame, lines: pl.DataFrame, roots: Mapping[str, str]) -> pl.DataFrame:
    """What is asked about: pairs of transactions (one, other, either way round), and of what kind."""
    pending = set(lines.filter(status="pending")["entry_id"])
    rows = [
        (what, roots.get(first, first), roots.get(second, second))
        for one, other in questions.select("entry_id", "root").iter_rows()
        for what in [_SETTLED if (one in pending) != (other in pending) else _REPEATED]
        for first, second in ((one, other), (other, one))
    ]
    schema = ["what", "transaction", "transaction_first"]
    return pl.DataFrame(rows, schema=dict.fromkeys(schema, pl.String), orient="row").unique()


def _bands(
    merges: pl.DataFrame, questions: pl.DataFrame, lines: pl.DataFrame, roots: Mapping[str, str]
) -> Bands:
    sure = merges.filter(pl.col("probability") >= SAME_FROM)
    apart = lines.select("account_id", "event_id", transaction=pl.col("entry_id").replace(roots)).unique()
    parts = apart.height - apart.n_unique(["account_id", "event_id"])
    return Bands(
        same=sure.height,
        same_wrong=int((~sure["right"]).sum()),
        asked=questions.height,
        asked_right=int(questions["right"].sum()),
        different_wrong=max(0, parts - int(_apart(questions, roots)["right"].sum())),
    )


def _apart(questions: pl.DataFrame, roots: Mapping[str, str]) -> pl.DataFrame:
    """The questions about entries that are taken for two."""
    one, other = ([roots.get(entry, entry) for entry in questions[side]] for side in ("entry_id", "root"))
    return questions.filter(pl.Series([a != b for a, b in zip(one, other, strict=True)], dtype=pl.Boolean))


def _scores(resolved: pl.DataFrame, asked: pl.DataFrame) -> Iterator[Score]:
    """Pairs of lines of one event in different files: repeats, and pending lines that were posted."""
    true, made = (_nth(_pairs(resolved, together, asked)) for together in ("event_id", "transaction"))
    for what in (_REPEATED, _SETTLED):
        mine, ours = true.filter(what=what), made.filter(what=what)
        yield _score(what, "all", mine, ours)
        for difficulty in sorted(set(mine["difficulty"]) | set(ours["difficulty"])):
            yield _score(
                what, difficulty, mine.filter(difficulty=difficulty), ours.filter(difficulty=difficulty)
            )


def _nth(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs counted among those of lines that say the same: which of two equal lines it was, nobody knows."""
    alike = ["one_alike", "other_alike"]
    return pairs.with_columns(nth=pl.int_range(pl.len()).over(alike, order_by=["one", "other"]))


def _score(what: str, difficulty: str, true: pl.DataFrame, made: pl.DataFrame) -> Score:
    pair = ["one_alike", "other_alike", "nth"]
    found = true.join(made, on=pair, how="semi").height
    sure_true, sure_made = true.filter(~pl.col("asked")), made.filter(~pl.col("asked"))
    sure_found = sure_true.join(sure_made, on=pair, how="semi").height
    return Score(
        what,
        difficulty,
        true.height,
        precision=round(found / max(1, made.height), 5),
        recall=round(found / max(1, true.height), 5),
        f1=round(2 * found / max(1, made.height + true.height), 5),
        asked=pl.concat([frame.filter("asked").select(pair) for frame in (true, made)]).unique().height,
        f1_decided=round(2 * sure_found / max(1, sure_made.height + sure_true.height), 5),
    )


def _pairs(resolved: pl.DataFrame, together: str, asked: pl.DataFrame) -> pl.DataFrame:
    """Pairs of lines that share ``together``: one, other (row numbers), what, difficulty."""
    alike = pl.concat_str("name", *_SAID, separator="|", ignore_nulls=True)
    rows = resolved.with_row_index("row").with_columns(alike=alike)
    first = rows.group_by(together).agg(pl.col("row").min().alias("first"))
    joined = (
        rows.join(first, on=together, suffix="_of")
        .join(rows.select("row", *_COMPARED), left_on="first", right_on="row", suffix="_first")
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
    pairs = joined.with_columns(
        what=pl.when(settles).then(pl.lit(_SETTLED)).otherwise(pl.lit(_REPEATED)), difficulty=changed
    ).join(
        asked.with_columns(asked=pl.lit(value=True)),
        on=["what", "transaction", "transaction_first"],
        how="left",
    )
    return pairs.select(
        "what",
        "difficulty",
        one="first",
        other="row",
        one_alike="alike_first",
        other_alike="alike",
        asked=pl.col("asked").fill_null(value=False),
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
