"""``mita rates``: at which rates money is converted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.errors import CommandError
from flows.cli.output import AsJson, console, hints, print_json

commands = typer.Typer(help="At which rates money is converted.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="rates")


@commands.command()
@heavy
def load(
    file: Annotated[
        Path | None, typer.Option(help="A CSV or zip in the ECB's format: Date,USD,..., units for one euro.")
    ] = None,
    *,
    from_url: Annotated[bool, typer.Option("--from-url", help="Fetch MITA_RATES_URL.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load the ECB's reference rates: those that ship with the platform, or newer ones."""
    from flows.orchestration import run
    from flows.rates import load_rates
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    if file is not None and not file.is_file():
        message = f"there is no file {file}"
        raise CommandError(message)
    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        loaded = run(load_rates, from_url=from_url, path=str(file.absolute()) if file else "")
    if as_json:
        print_json(loaded)
        return
    console.print(
        f"{loaded.changed} new or corrected of {loaded.rates} rates, up to {loaded.last_day} "
        f"({loaded.source})."
    )
    if loaded.changed:
        hints.print("Next: mita build")


@commands.command()
def show(
    currency: Annotated[str, typer.Argument(help="ISO 4217 code.")],
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today if left out.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the rate of a currency that holds on a day, and where it comes from."""
    from flows.rates import ensure_rates
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.repositories.rates import get_rate
    from warehouse.settings import Settings

    settings, when = Settings(), (day or datetime.now(tz=UTC)).date()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        ensure_rates(settings, even_unused=True)
        with warehouse.transaction() as connection:
            rate = get_rate(connection, currency.upper(), when)
    if rate is None:
        message = (
            f"no rate of {currency.upper()} is loaded for {when} or before: 'mita rates load --from-url' for "
            f"newer ones, or 'mita rates load --file FILE' with a column {currency.upper()} of units per euro"
        )
        raise CommandError(message)
    if as_json:
        print_json(
            {
                **{name: getattr(rate, name) for name in rate.__slots__},
                "units_per_euro": str(rate.units_per_euro),
            }
        )
    else:
        console.print(f"1 EUR = {rate.units_per_euro} {rate.currency} on {rate.rate_date} ({rate.source})")
