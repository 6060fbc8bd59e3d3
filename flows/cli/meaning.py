"""``mita forecast`` and its like, and the evaluations of what money means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.evaluate import commands as evaluate
from flows.cli.output import AsJson, console, print_json


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.command("forecast")(forecast_)


@heavy
def forecast_(*, as_json: AsJson = False) -> None:
    """Forecast spending and balance of everybody who is due."""
    from flows.forecast import forecast, vars_of
    from flows.orchestration import run

    result = run(forecast)
    if as_json:
        print_json(result)
    else:
        console.print(", ".join(f"{name} {value}" for name, value in vars_of(result).items()))


@evaluate.command()
@heavy
def forecasts(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Ledgers of real transactions, CSV or CSV.gz.", exists=True)
    ] = None,
    users: Annotated[int, typer.Option(min=0, help="People generated beside them.")] = 25,
    months: Annotated[int, typer.Option(min=4)] = 20,
    seed: Annotated[int, typer.Option(help="Which people; the forecaster learned from others.")] = 77,
    step: Annotated[int, typer.Option(min=1, help="Days between two forecasts of a person.")] = 15,
    sample: Annotated[int, typer.Option(min=0, help="At most so many people of a ledger; 0 for all.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw the bands' coverage into this PNG or SVG.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Backtest the forecaster: pinball loss and coverage against seasonal naive forecasts."""
    from flows.evaluation.forecasts import evaluate_forecasts

    report = evaluate_forecasts(
        files or real_ledgers(), users=users, months=months, seed=seed, step=step, sample=sample
    )
    if plot:
        from flows.evaluation.forecast_plots import draw_report

        draw_report(report, plot)
    if as_json:
        print_json(report.as_dict())
        return
    from rich.table import Table

    table = Table("Data", "People", "Target", "Forecaster", box=None, header_style="bold")
    for heading in ("Pinball", "Below naive", "80 % band holds"):
        table.add_column(heading, justify="right")
    for data in report.data:
        for score in data.scores:
            figures = (f"{score.pinball:.4f}", f"{score.skill:.1%}", f"{score.coverage:.1%}")
            table.add_row(data.data, str(data.people), score.target, score.forecaster, *figures)
    console.print(table)


def real_ledgers() -> list[Path]:
    """The real ledgers in the folder that MITA_REALDATA names, if there is one."""
    import os

    folder = Path(os.environ.get("MITA_REALDATA", "")) / "transactions"
    names = ("berka/trans.csv.gz", "personal_transactions.csv")
    return [folder / name for name in names if os.environ.get("MITA_REALDATA") and (folder / name).exists()]
