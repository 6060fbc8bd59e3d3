"""``mita forecast`` and its like, and the evaluations of what money means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.delegation import heavy
from flows.cli.evaluate import commands as evaluate
from flows.cli.models import commands as models
from flows.cli.output import AsJson, console, print_json


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.command("forecast")(forecast_)


@heavy
def forecast_(
    workers: Annotated[
        int, typer.Option(min=0, help="Worker processes of a Dask cluster on this machine; 0: none.")
    ] = 0,
    dask: Annotated[str, typer.Option(help="Address of a Dask cluster that runs already.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Forecast spending and balance of everybody who is due."""
    from flows.forecast import forecast, vars_of
    from flows.orchestration import run

    if workers or dask:
        from flows.spread import forecast_on_dask

        result = forecast_on_dask(workers, dask or None)
    else:
        result = run(forecast)
    if as_json:
        print_json(result)
    else:
        console.print(", ".join(f"{name} {value}" for name, value in vars_of(result).items()))


@models.command("train-forecaster")
@heavy
def train_forecaster_(
    people: Annotated[int, typer.Option(min=20, help="Generated people that it learns from.")] = 160,
    months: Annotated[int, typer.Option(min=8)] = 26,
    seed: Annotated[int, typer.Option(help="Which people; it is compared on those of the next seed.")] = 5,
    *,
    promote_better: Annotated[bool, typer.Option("--promote/--no-promote")] = True,
    as_json: AsJson = False,
) -> None:
    """Train the forecaster of spending and balance; it becomes champion only if it is better. Minutes."""
    from flows.train_meaning import train_forecaster

    _tell(train_forecaster, people, months, seed, promote=promote_better, as_json=as_json)


@models.command("train-alerts")
@heavy
def train_alerts_(
    people: Annotated[int, typer.Option(min=20, help="Generated people that it learns from.")] = 120,
    months: Annotated[int, typer.Option(min=8)] = 12,
    seed: Annotated[int, typer.Option(help="Which people; it is compared on those of the next seed.")] = 401,
    *,
    promote_better: Annotated[bool, typer.Option("--promote/--no-promote")] = True,
    as_json: AsJson = False,
) -> None:
    """Fit what the evidence of alerts weighs; it becomes champion only if it is better."""
    from flows.train_meaning import train_alerts

    _tell(train_alerts, people, months, seed, promote=promote_better, as_json=as_json)


def _tell(flow: Any, people: int, months: int, seed: int, *, promote: bool, as_json: bool) -> None:  # noqa: ANN401 - one of two flows
    from flows.orchestration import run
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        found = run(flow, people, months, seed, promote=promote)
    if as_json:
        print_json(found)
        return
    outcome = "promoted" if found.is_promoted else "not promoted"
    console.print(
        f"{found.name} {found.version}: {found.measure} {found.challenger:.4f}, "
        f"the champion's {found.champion:.4f}; {outcome}"
    )


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
    sample: Annotated[int, typer.Option(min=0, help="At most so many people of a ledger; 0: all.")] = 200,
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


@evaluate.command()
@heavy
def anomalies(
    bank: Annotated[Path | None, typer.Argument(help="A generated bank; one is made if left out.")] = None,
    users: Annotated[int, typer.Option(min=5)] = 80,
    months: Annotated[int, typer.Option(min=7)] = 12,
    seed: Annotated[int, typer.Option(help="Which people; the thresholds were learned from others.")] = 402,
    *,
    as_json: AsJson = False,
) -> None:
    """Inject anomalies into generated lives and count which alerts are true."""
    from flows.evaluation.anomalies import evaluate_anomalies

    report = evaluate_anomalies(users=users, months=months, seed=seed, bank=bank)
    if as_json:
        print_json(report.as_dict())
        return
    from rich.table import Table

    table = Table("Kind", box=None, header_style="bold")
    for heading in ("Injected", "Shown", "Precision", "Recall"):
        table.add_column(heading, justify="right")
    for each in report.kinds:
        figures = (str(each.injected), str(each.shown), f"{each.precision:.3f}", f"{each.recall:.3f}")
        table.add_row(each.kind, *figures)
    console.print(table)
    console.print(
        f"At one alert a week {report.precision_at_one_a_week:.1%} are true; by the threshold "
        f"{report.precision_by_threshold:.1%}. Where anomalies are rare: {report.rare_alerts_a_year:.1f} "
        f"alerts a year, {report.rare_precision:.1%} of them true."
    )


@evaluate.command()
@heavy
def clusters(
    bank: Annotated[Path | None, typer.Argument(help="A generated bank; one is made if left out.")] = None,
    users: Annotated[int, typer.Option(min=60)] = 300,
    months: Annotated[int, typer.Option(min=8)] = 9,
    seed: Annotated[int, typer.Option()] = 501,
    plot: Annotated[Path | None, typer.Option(help="Draw the clusters into this PNG or SVG.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """How stable the clusters of people are, and what they are."""
    from flows.evaluation.clusters import evaluate_clusters

    report = evaluate_clusters(users=users, months=months, seed=seed, bank=bank, plot=plot)
    if as_json:
        print_json(report.as_dict())
        return
    console.print(
        f"{report.clusters} clusters of {report.people} people: stability {report.stability:.3f}, silhouette "
        f"{report.silhouette:.3f}, {report.stayed_a_month:.1%} stay for a month"
    )
    for each in report.names:
        console.print(f"{each['people']}  {each['name']} / {each['name_bg']}")
