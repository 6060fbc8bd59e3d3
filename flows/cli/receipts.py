"""``mita receipts`` and ``mita evaluate receipts``: what a photo says, and how well it is read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.delegation import heavy
from flows.cli.evaluate import commands as evaluations
from flows.cli.output import AsJson, console, hints, print_json, progress_bar
from flows.cli.receipt_matches import commands as matches
from flows.cli.statements import UserEmail
from flows.progress import report

if TYPE_CHECKING:
    from flows.clients.ocr.protocol import TextReader
    from warehouse.engine import Warehouse

commands = typer.Typer(help="Read photos of receipts.", no_args_is_help=True)

Country = Annotated[str, typer.Option(help="The user's country, for dates that could be read two ways.")]
Currency = Annotated[str, typer.Option(help="The user's currency, for receipts that name none.")]
Cache = Annotated[
    Path | None, typer.Option(help="A folder that keeps recognised text by image, to read it only once.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    commands.add_typer(matches, name="match")
    app.add_typer(commands, name="receipts")


@commands.command()
def read(
    paths: Annotated[list[Path], typer.Argument(help="Photos (JPEG, PNG, WebP, TIFF) or PDFs.")],
    country: Country = "",
    currency: Currency = "",
    cache: Cache = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Read merchant, date, total and items from photos of receipts. Nothing is stored."""
    from flows.clients.ocr.choice import missing_script
    from flows.receipts.reading import as_object, default_reader, read_file
    from models_ml.receipts.model import load_folder

    ocr, model, about = _reader(cache, country), load_folder(), default_reader(country, currency)
    if advice := missing_script(country, ocr.name):
        hints.print(advice, style="yellow", markup=False)
    failed = 0
    for path in paths:
        outcome = read_file(path, ocr, model, about)
        failed += outcome.reading is None
        found = as_object(outcome)
        if as_json:
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            _show(found)
    if failed:
        raise typer.Exit(1)


@commands.command()
@heavy
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Photos or PDFs, or folders of them.")],
    user: UserEmail,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Read photos of receipts, find the bank lines that paid them, and renew the plan."""
    from flows.ingest import files_below
    from flows.orchestration import run
    from flows.receipts.flow import ingest_receipts
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        found = [str(path) for path in files_below([str(path) for path in paths])]
        outcomes = run(ingest_receipts, found, user)
        receipts = _stored(warehouse, user, [one.receipt_id for one in outcomes if one.receipt_id])
    for one in outcomes:
        told = {"file": one.file, "status": one.status, "failure": one.failure}
        told |= receipts.get(one.receipt_id or "", {})
        if as_json:
            sys.stdout.write(json.dumps(told, ensure_ascii=False, default=str) + "\n")
        else:
            console.print(" ".join(str(value) for value in told.values() if value), markup=False)
    if any(one.status == "failed" for one in outcomes):
        raise typer.Exit(1)


def _stored(warehouse: Warehouse, email: str, ids: list[str]) -> dict[str, dict[str, Any]]:
    from warehouse.repositories.receipt_matches import list_receipts
    from warehouse.repositories.users import get_user

    with warehouse.transaction() as connection:
        return list_receipts(connection, get_user(connection, email).user_id, ids)


@commands.command()
def train(
    data: Annotated[list[Path], typer.Option(help="A folder of labelled images; can be repeated.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder for the weights; default the shipped one.")
    ] = None,
    drawn: Annotated[int, typer.Option(min=50, help="How many drawn receipts to learn from as well.")] = 900,
    cache: Cache = None,
    *,
    with_corrections: Annotated[
        bool, typer.Option("--with-corrections", help="Learn from what users corrected as well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the reader of fields anew, from labelled images and drawn receipts."""
    from flows.receipts.training import corrected_receipts, labelled_pages
    from models_ml.receipts.model import SHIPPED
    from models_ml.receipts.train import TrainingParams, save
    from models_ml.receipts.train import train as fit
    from warehouse.settings import Settings

    with progress_bar():
        pages = [page for folder in data for page in labelled_pages(folder, _reader(cache))]
    if with_corrections:
        pages += corrected_receipts(Settings())
    manifest = save(fit(pages, TrainingParams(drawn=drawn)), out or SHIPPED)
    if as_json:
        print_json(manifest)
        return
    console.print(f"Version {manifest['version']}, thresholds {manifest['thresholds']}")
    for name, figures in manifest["metrics"].items():
        console.print(name, figures)


@commands.command()
def draw(
    out: Annotated[Path, typer.Option(help="The folder for images and truth, a folder a kind of damage.")],
    count: Annotated[int, typer.Option(min=1, help="How many receipts of each kind.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed gives the same receipts.")] = 1,
    language: Annotated[list[str] | None, typer.Option(help="en, bg, de or fr; can be repeated.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Draw receipts with skew, noise, shadow, fading and folds, and the truth about them."""
    from flows.generator.receipts import draw_receipts

    written = draw_receipts(out, count, seed, tuple(language or ("en", "bg", "de")))
    if as_json:
        print_json(written)
        return
    console.print(f"{written.receipts} receipts, {len(written.kinds)} kinds of damage: {out}")
    hints.print(f"Next: mita evaluate receipts {out}/*")


@evaluations.command("receipts")
def evaluate(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders of labelled images; default those of MITA_REALDATA.")
    ] = None,
    country: Country = "",
    currency: Currency = "",
    cache: Cache = None,
    *,
    misses: Annotated[bool, typer.Option("--misses", help="List what was read wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read folders of labelled receipts and report how many fields are right, and at what cost."""
    from flows.receipts.evaluation import figures_of, misses_of, score_folder
    from flows.receipts.labels import labelled_images
    from flows.receipts.reading import default_reader
    from models_ml.receipts.model import load_folder

    ocr, model, about = _reader(cache, country), load_folder(), default_reader(country, currency)
    results: dict[str, Any] = {}
    with progress_bar():
        for folder in folders or _default_folders():
            labels = labelled_images(folder)
            scored = []
            for number, one in enumerate(score_folder(labels, ocr, model, about), 1):
                scored.append(one)
                report(folder.name, number, len(labels))
            results[folder.name] = figures_of(scored) | ({"misses": misses_of(scored)} if misses else {})
    if as_json:
        print_json({"model": model.version, "ocr": ocr.name, "folders": results})
    else:
        _show_figures(results)


@evaluations.command("receipt-damage")
def evaluate_damage(
    count: Annotated[int, typer.Option(min=1, help="How many receipts under each kind of damage.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same receipts.")] = 1,
    language: Annotated[list[str] | None, typer.Option(help="en, bg, de or fr; can be repeated.")] = None,
    cache: Cache = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Draw receipts with skew, noise, shadow, fading and folds, read them, and print a table of figures."""
    from flows.clients.ocr.cached import CachedReader
    from flows.clients.ocr.choice import text_readers
    from flows.evaluation.receipt_damage import as_markdown, damage_figures
    from models_ml.receipts.model import load_folder
    from warehouse.settings import Settings

    readers = text_readers(Settings())
    if cache:
        readers = {country: CachedReader(reader, cache) for country, reader in readers.items()}
    languages = tuple(language or ("en", "bg", "de"))
    with progress_bar():
        rows = damage_figures(readers, load_folder(), count=count, seed=seed, languages=languages)
    if as_json:
        print_json(rows)
        return
    console.print(as_markdown(rows), markup=False, highlight=False, soft_wrap=True)


@evaluations.command("receipt-matching")
@heavy
def evaluate_receipt_matching(
    bank: Annotated[Path | None, typer.Argument(help="A generated bank; one is made if left out.")] = None,
    users: Annotated[int, typer.Option(min=1, help="How many people to simulate.")] = 40,
    months: Annotated[int, typer.Option(min=1, help="How many months of their lives.")] = 12,
    seed: Annotated[int, typer.Option(help="Which people; the matcher learned from others.")] = 77,
    *,
    as_json: AsJson = False,
) -> None:
    """Precision and recall of finding the bank line that paid a receipt, by what makes it hard."""
    from flows.evaluation.receipt_matching import evaluate_matching

    report = evaluate_matching(bank, users=users, months=months, seed=seed)
    if as_json:
        print_json(report)
        return
    from rich.table import Table

    table = Table("difficulty", "receipts", "paired", "precision", "recall", "F1", "suggested", box=None)
    for one in report.scores:
        figures = (f"{value:.4f}" for value in (one.precision, one.recall, one.f1))
        table.add_row(one.difficulty, str(one.receipts), str(one.paired), *figures, str(one.suggested))
    console.print(table)
    console.print(f"Calibration error: {report.calibration_error}; {report.lines} bank lines")


def _reader(cache: Path | None, country: str = "") -> TextReader:
    from flows.clients.ocr.choice import text_reader
    from warehouse.settings import Settings

    return text_reader(Settings(), cache, country)


def _default_folders() -> list[Path]:
    from flows.cli.errors import CommandError

    root = Path(os.environ.get("MITA_REALDATA", "../shared/data")) / "receipts"
    folders = [root / name for name in ("dev", "german_dev") if (root / name).is_dir()]
    if not folders:
        message = (
            f"{root} has no labelled receipts: name a folder of images with labels, or set MITA_REALDATA"
        )
        raise CommandError(message)
    return folders


def _show(found: dict[str, Any]) -> None:
    if "error" in found:
        hints.print(found["error"], style="red", highlight=False, markup=False)
        return
    total = f"{found['total']} {found['currency'] or ''}" if found["total"] is not None else "no total"
    line = f"{found['date'] or 'no date'}  {found['merchant'] or 'no merchant'}  {total}"
    console.print(line, markup=False, highlight=False)
    for item in found["items"]:
        much = f"{item['quantity']} {item['unit']}" if item["unit"] else f"{item['quantity']} x"
        console.print(f"    {much} {item['name']}  {item['amount']}", markup=False, highlight=False)
    if found["status"] != "completed":
        hints.print(f"    to review: {', '.join(found['reasons'])}", style="yellow", markup=False)


def _show_figures(results: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("Figure", *results, box=None, header_style="bold")
    names = dict.fromkeys(name for figures in results.values() for name in figures if name != "misses")
    for name in names:
        table.add_row(name.replace("_", " "), *(str(figures.get(name, "")) for figures in results.values()))
    console.print(table)
    for figures in results.values():
        for miss in figures.get("misses", ()):
            console.print(miss, markup=False)
