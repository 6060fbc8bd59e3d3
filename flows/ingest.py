"""The ingest flow: statement files in, transactions and today's budget out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from flows.build import build_marts
from flows.categorise import score_transactions
from flows.dbt import start_dbt
from flows.orchestration import publish_table
from flows.progress import report
from flows.tasks import statements
from warehouse.records import ReadingHints, StatementRefusedError
from warehouse.repositories.batches import Batch
from warehouse.repositories.users import User
from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file."""

    file: str
    outcome: str  # loaded, known (its content was loaded before), refused
    source_format: str | None = None
    lines_read: int = 0
    lines_loaded: int = 0
    lines_quarantined: int = 0
    transactions_added: int = 0
    notes: tuple[str, ...] = ()
    refusal: str | None = None
    batch_id: str | None = None


@flow(name="ingest", description="Read statement files, judge and load their lines, renew the user's plan.")
def ingest(
    paths: list[str],
    email: str,
    country: str = "",
    currency: str = "",
    account: str = "",
    *,
    refresh: bool = True,
) -> list[FileOutcome]:
    """Ingest files (or folders of them) of one user; a bad file is refused and the rest goes on.

    ``refresh`` renews the user's plan at the end; more files to come can leave that to the last.
    """
    settings = Settings()
    user = statements.find_user(settings, email)
    hints = ReadingHints(country or user.country, currency or user.currency, account)
    if refresh:
        start_dbt()
    outcomes = [ingest_file(settings, user, path, hints) for path in files_below(paths)]
    publish_outcomes(outcomes)
    if any(outcome.outcome == "loaded" for outcome in outcomes):
        statements.publish_data_docs(settings)
    if any(outcome.transactions_added for outcome in outcomes):
        score_transactions(settings)
        if refresh:
            build_marts(settings)
    return outcomes


def ingest_file(settings: Settings, user: User, path: Path, hints: ReadingHints) -> FileOutcome:
    """Take one file all the way to transactions, or refuse it with its reason."""
    try:
        file = statements.describe_file(path)
    except OSError as error:
        return FileOutcome(str(path), "refused", refusal=f"{path.name} cannot be read: {error.strerror}")
    with statements.sole_import(settings, user, file):
        batch = statements.open_batch(settings, user, file)
        if batch.status == "loaded":
            return outcome_of(path, batch, "known")
        try:
            spool = statements.parse_statement(settings, batch, path, hints)
        except StatementRefusedError as error:
            return outcome_of(path, statements.refuse_batch(settings, batch, str(error)), "refused")
        load_lines(settings, batch, spool)
        return outcome_of(path, statements.merge_batch(settings, batch, spool), "loaded")


def load_lines(settings: Settings, batch: Batch, spool: statements.Spool) -> None:
    """Judge and store a statement's lines, a chunk at a time."""
    failures: Counter[str] = Counter()
    for number, chunk in enumerate(spool.chunks, start=1):
        verdict = statements.judge_chunk(settings, chunk)
        statements.load_chunk(settings, batch, chunk, verdict)
        failures.update(dict(verdict.checks))
        report("loading", min(number * settings.chunk_rows, spool.lines), spool.lines)
    checks = [{"check": check, "lines that failed": failed} for check, failed in failures.items()]
    publish_table("gate-checks", checks, f"What Great Expectations found in {spool.lines} lines")


def outcome_of(path: Path, batch: Batch, outcome: str) -> FileOutcome:
    """A batch as its file's outcome; a known file brings nothing new."""
    return FileOutcome(
        file=str(path),
        outcome=outcome,
        source_format=batch.source_format,
        lines_read=batch.lines_read,
        lines_loaded=batch.lines_loaded,
        lines_quarantined=batch.lines_quarantined,
        transactions_added=batch.transactions_added if outcome == "loaded" else 0,
        notes=tuple(batch.notes),
        refusal=batch.refusal,
        batch_id=str(batch.batch_id),
    )


def files_below(paths: list[str]) -> Iterator[Path]:
    """The files named, and those in the folders named, in order of name."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and file.name[0] != ".")
        else:
            yield path


def publish_outcomes(outcomes: list[FileOutcome]) -> None:
    """Leave the counts per file on the flow run's page."""
    rows = [
        {
            "file": Path(outcome.file).name,
            "outcome": outcome.outcome,
            "format": outcome.source_format,
            "rows read": outcome.lines_read,
            "rows loaded": outcome.lines_loaded,
            "rows quarantined": outcome.lines_quarantined,
            "new transactions": outcome.transactions_added,
            "notes": "; ".join(outcome.notes),
            "refusal": outcome.refusal,
        }
        for outcome in outcomes
    ]
    publish_table("ingested-files", rows, "Rows read, loaded and quarantined, per file")
