"""``mita evaluate``: how often MITA is right, on data whose truth is known."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from flows.evaluation.identity import IdentityReport

commands = typer.Typer(help="Measure how often MITA is right.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="evaluate")


@commands.command()
@heavy
def identity(
    bank: Annotated[
        Path | None, typer.Argument(help="A folder that 'mita generate' made; a new bank if left out.")
    ] = None,
    users: Annotated[int, typer.Option(min=1, help="People of a new bank.")] = 60,
    months: Annotated[int, typer.Option(min=2)] = 12,
    seed: Annotated[int, typer.Option()] = 11,
    noise: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the files that say the same in another way.")
    ] = 0.0,
    plot: Annotated[Path | None, typer.Option(help="Draw the calibration into this PNG or SVG.")] = None,
    *,
    robust: Annotated[
        bool, typer.Option("--robustness/--no-robustness", help="Try each kind of noise on twenty people.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Precision and recall of repeats, pending to posted, transfers, refunds, by what makes it hard."""
    from flows.evaluation.identity import draw, evaluate, labelled_lines, robustness, with_links
    from flows.evaluation.links import evaluate_links
    from flows.evaluation.noise import LEARNED, UNSEEN, disturbed
    from flows.generator import generate

    with tempfile.TemporaryDirectory() as folder:
        source = bank or Path(folder) / "bank"
        if bank is None:
            generate(users=users, months=months, seed=seed, out=source)
        lines = labelled_lines(source)
        linked = evaluate_links(source, users=users, months=months, seed=seed, noise=noise > 0)
    report = evaluate(disturbed(lines, {**LEARNED, **UNSEEN}, seed, noise, each=0.2) if noise else lines)
    report = with_links(report, linked)
    if robust:
        report = replace(report, robustness=robustness(lines, seed))
    if plot:
        draw({f"noise in {noise:.0%} of the files": report}, plot)
    if as_json:
        print_json(report)
    else:
        _show(report)


def _show(report: IdentityReport) -> None:
    from rich.table import Table

    table = Table("Lines that are one event, and links", "Made hard by", box=None, header_style="bold")
    for heading in ("Pairs", "Precision", "Recall", "F1", "Asked", "F1 without"):
        table.add_column(heading, justify="right")
    for score in (*report.scores, *report.links):
        figures = (f"{figure:.4f}" for figure in (score.precision, score.recall, score.f1))
        table.add_row(
            score.what,
            score.difficulty,
            str(score.pairs),
            *figures,
            str(score.asked),
            f"{score.f1_decided:.4f}",
        )
    console.print(table)
    _show_robustness(report)
    console.print(
        f"{report.lines} lines, {report.events} events, {report.transactions} transactions, "
        f"{report.questions} questions ({report.questions_per_1000_lines} per 1,000 lines), "
        f"{report.suggestions_per_1000_transactions} links suggested per 1,000 transactions; "
        f"{report.vanished_found} of {report.vanished} vanished pending lines found, "
        f"{report.vanished_wrongly} wrongly; calibration error {report.calibration_error:.4f}"
    )
    bands = report.bands
    console.print(
        f"Same: {bands.same}, {bands.same_wrong} wrong. Asked: {bands.asked}, {bands.asked_right} one event. "
        f"Different: {bands.different_wrong} wrong."
    )


def _show_robustness(report: IdentityReport) -> None:
    from rich.table import Table

    if not report.robustness:
        return
    table = Table("Noise in every second file", "Learned", box=None, header_style="bold")
    for heading in ("Repeat F1", "Posted F1", "without asked", "Asked", "Transactions per event"):
        table.add_column(heading, justify="right")
    for row in report.robustness:
        figures = (f"{figure:.4f}" for figure in (row.repeat_f1, row.settled_f1, row.settled_f1_decided))
        per_event = f"{row.transactions_over_events:.4f}"
        table.add_row(row.noise, "yes" if row.learned else "no", *figures, str(row.questions), per_event)
    console.print(table)


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
    from flows.evaluation.links import evaluate_links

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


@commands.command()
@heavy
def recurring(
    bank: Annotated[Path | None, typer.Argument(help="A generated bank; one is made if left out.")] = None,
    users: Annotated[int, typer.Option(min=1, help="How many people to simulate.")] = 100,
    months: Annotated[int, typer.Option(min=2, help="How many months of their lives.")] = 24,
    seed: Annotated[int, typer.Option(help="Which people; the scorer learned from others.")] = 20_262,
    *,
    as_json: AsJson = False,
) -> None:
    """Precision and recall of recurring series, by cadence, and how well the next one is foretold."""
    from flows.evaluation.recurring import evaluate_recurring

    found = evaluate_recurring(bank, users=users, months=months, seed=seed)
    if as_json:
        print_json(found)
        return
    from rich.table import Table

    table = Table("Series", "True", "Found", "Precision", "Recall", box=None, header_style="bold")
    for each in found.scores:
        precision = "" if each.precision is None else f"{each.precision:.4f}"
        table.add_row(each.kind, str(each.true), str(each.found), precision, f"{each.recall:.4f}")
    console.print(table)
    console.print(f"Precision {found.precision:.4f}, recall {found.recall:.4f} of {found.series} series")
    console.print(
        f"Next: {found.next.foretold} foretold, {found.next.came:.1%} came, "
        f"{found.next.within_3_days:.1%} within 3 days, "
        f"{found.next.within_range:.1%} of the amounts between low and high"
    )


@commands.command()
@heavy
def profile(
    bank: Annotated[Path | None, typer.Argument(help="A generated bank; one is made if left out.")] = None,
    users: Annotated[int, typer.Option(min=1, help="How many people to simulate.")] = 60,
    months: Annotated[int, typer.Option(min=6, help="How many months of their lives.")] = 24,
    seed: Annotated[int, typer.Option(help="Which people.")] = 41,
    *,
    as_json: AsJson = False,
) -> None:
    """How much closer learned rhythms come to what is spent by day than all days alike do."""
    from flows.evaluation.profile import evaluate_profiles

    report = evaluate_profiles(bank, users=users, months=months, seed=seed)
    if as_json:
        print_json(report.as_dict())
        return
    from rich.table import Table

    table = Table("category", "months", "day: even", "day: learned", "need: even", "need: learned", box=None)
    for each in report.scores:
        errors = each.day_error_flat, each.day_error_learned, each.need_error_flat, each.need_error_learned
        table.add_row(each.category, str(each.months), *(f"{error:.4f}" for error in errors))
    console.print(table)
    console.print(
        f"{report.profiles} profiles of {report.users} people from {report.learned_from}; "
        f"planned {report.held_back}; errors as shares of the money"
    )


@commands.command()
def categories(
    bank: Annotated[Path | None, typer.Argument(help="A generated bank; one is made if left out.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of public data, instead of MITA_REALDATA.", show_default=False)
    ] = None,
    users: Annotated[int, typer.Option(min=1, help="People of a new bank.")] = 30,
    months: Annotated[int, typer.Option(min=2)] = 4,
    seed: Annotated[int, typer.Option()] = 31,
    plot: Annotated[Path | None, typer.Option(help="Copy the calibration plot of the training here.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Accuracy, macro-F1, calibration, errors among sure lines; a model is fitted anew for unseen shops."""
    from flows.categorise import current_model
    from flows.cli.output import progress_bar
    from flows.evaluation.categories import evaluate_categories
    from flows.generator import generate
    from warehouse.settings import Settings

    with tempfile.TemporaryDirectory() as folder, progress_bar():
        source = bank or Path(folder) / "bank"
        if bank is None:
            generate(users=users, months=months, seed=seed, out=source)
        report = evaluate_categories(data, source, current_model(Settings()))
    if plot:
        from models_ml.categorizer.model import SHIPPED
        from models_ml.categorizer.report import CALIBRATION_FILE

        plot.write_bytes((SHIPPED / CALIBRATION_FILE).read_bytes())
    if as_json:
        print_json(report.as_dict())
        return
    from rich.table import Table

    table = Table("Lines", "Method", box=None, header_style="bold")
    headings = {
        "lines": "Number",
        "leaf_accuracy": "Leaf",
        "leaf_macro_f1": "Macro-F1",
        "group_accuracy": "Group",
        "group_macro_f1": "Group F1",
        "coverage": "Sure",
        "wrong_of_sure": "Wrong of sure",
        "calibration_error": "ECE",
    }
    for heading in headings.values():
        table.add_column(heading, justify="right")
    for name, methods in report.sets.items():
        for method, scores in methods.items():
            told = scores.as_dict()
            table.add_row(name, method, *(str(told[column]) for column in headings))
    console.print(table)
