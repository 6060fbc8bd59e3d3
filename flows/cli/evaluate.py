"""``mita evaluate``: how often the platform is right, measured on simulated people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, print_json

commands = typer.Typer(help="How often the platform is right.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="evaluate")


@commands.callback()
def evaluate() -> None:
    """How often the platform is right."""


@commands.command()
@heavy
def links(
    bank: Annotated[Path | None, typer.Argument(help="A generated bank; one is made if left out.")] = None,
    users: Annotated[int, typer.Option(min=1, help="How many people to simulate.")] = 100,
    months: Annotated[int, typer.Option(min=1, help="How many months of their lives.")] = 18,
    seed: Annotated[int, typer.Option(help="Which people; the matcher learned from others.")] = 20_261,
    plot: Annotated[Path | None, typer.Option(help="Draw the calibration into this PNG or SVG.")] = None,
    *,
    noise: Annotated[bool, typer.Option("--noise", help="Make texts, days and amounts much worse.")] = False,
    as_json: AsJson = False,
) -> None:
    """Precision, recall and F1 of transfers, refunds and shares, per difficulty."""
    from flows.evaluation import evaluate_links

    report = evaluate_links(bank, users=users, months=months, seed=seed, noise=noise, plot=plot)
    if as_json:
        print_json(report.as_dict())
        return
    from rich.table import Table

    table = Table("kind", "difficulty", "true", "found", "precision", "recall", "F1", box=None)
    for each in report.scores:
        figures = (f"{value:.4f}" for value in (each.precision, each.recall, each.f1))
        table.add_row(each.kind, each.difficulty, str(each.true), str(each.found), *figures)
    console.print(table)
    console.print(f"Calibration error: {report.calibration_error}; {report.transactions} transactions")
