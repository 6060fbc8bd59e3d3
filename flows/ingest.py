"""The ingest flow: statement files in, transactions and today's budget out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from flows.archives import FoundFile, RefusedFile
from flows.build import build_marts
from flows.categorise import score_transactions
from flows.dbt import start_dbt
from flows.judging import start_gate
from flows.links import link_transactions
from flows.orchestration import publish_table
from flows.progress import report, stage
from flows.receipts.settling import match_receipts
from flows.recurring import search_series
from flows.tasks import statements
from flows.tasks.statements import GivenFile
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
def ingest(  # noqa: PLR0913 - what an engineer may say in the UI
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
    layouts = statements.find_layouts(settings, user)
    hints = ReadingHints(country or user.country, currency or user.currency, account, layouts)
    start_gate(settings)
    if refresh:
        start_dbt()
    outcomes: list[FileOutcome] = []
    with statements.unpacked(settings, files_below(paths)) as found:
        for group in statements.grouped(found):
            outcomes += ingest_group(settings, user, group, hints)
    publish_outcomes(outcomes)
    if any(outcome.outcome == "loaded" for outcome in outcomes):
        statements.publish_findings(settings)
    if any(outcome.outcome != "refused" for outcome in outcomes):  # known ones may have died here before
        match_receipts(settings)
        score_transactions(settings)
        link_transactions(settings)
        search_series(settings)
        if refresh:
            with stage("planning"):
                build_marts(settings)
    return outcomes


def ingest_group(
    settings: Settings, user: User, found: Sequence[FoundFile | RefusedFile], hints: ReadingHints
) -> list[FileOutcome]:
    """Take some files all the way to transactions, or refuse them with their reasons."""
    files, outcomes = describe_files(found)
    with statements.sole_import(settings, user, files):
        read: list[tuple[GivenFile, Batch, statements.Spool]] = []
        opened = statements.open_batches(settings, user, files)
        for file, batch in zip(files, opened, strict=True):
            if batch.status == "loaded":
                outcomes.append(outcome_of(file, batch, "known"))
                continue
            try:
                read.append((file, batch, statements.parse_statement(settings, batch, file.path, hints)))
            except StatementRefusedError as error:
                refused = statements.refuse_batch(settings, batch, str(error))
                outcomes.append(outcome_of(file, refused, "refused"))
        load_lines(settings, read)
        with stage("matching"):
            merged = statements.merge_batches(settings, user, read)
    outcomes += [outcome_of(file, batch, "loaded") for (file, _, _), batch in zip(read, merged, strict=True)]
    order = {one.given: place for place, one in enumerate(found)}
    return sorted(outcomes, key=lambda outcome: order[outcome.file])


def describe_files(
    found: Sequence[FoundFile | RefusedFile],
) -> tuple[list[GivenFile], list[FileOutcome]]:
    """Files by content; one that cannot be read, or is a copy of another, has its outcome at once."""
    files: dict[str, GivenFile] = {}
    outcomes: list[FileOutcome] = []
    for one in found:
        if isinstance(one, RefusedFile):
            outcomes.append(FileOutcome(one.given, "refused", refusal=one.refusal))
            continue
        try:
            file = statements.describe_file(one)
        except OSError as error:
            reason = f"{one.name} cannot be read: {error.strerror}"
            outcomes.append(FileOutcome(one.given, "refused", refusal=reason))
            continue
        if file.sha256 in files:
            note = f"a copy of {files[file.sha256].name}"
            outcomes.append(FileOutcome(one.given, "known", notes=(note,)))
        else:
            files[file.sha256] = file
    return list(files.values()), outcomes


def load_lines(settings: Settings, read: Sequence[tuple[GivenFile, Batch, statements.Spool]]) -> None:
    """Judge and store the lines of some statements, a packet of chunks at a time."""
    chunks = [(batch, spool, chunk) for _, batch, spool in read for chunk in spool.chunks]
    report("loading", 0, sum(chunk.rows for _, _, chunk in chunks))
    for packet in statements.packed(chunks, settings.chunk_rows):
        verdicts = statements.judge_lines(settings, [chunk for _, _, chunk in packet])
        statements.load_lines(settings, packet, verdicts)


def outcome_of(file: GivenFile, batch: Batch, outcome: str) -> FileOutcome:
    """A batch as its file's outcome; a known file brings nothing new."""
    return FileOutcome(
        file=file.given,
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
