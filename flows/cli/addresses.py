"""Where the platform's pages are, for a person to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.output import console

if TYPE_CHECKING:
    from flows.platform.state import PlatformState

#: What people open, by service: a path on its address and what is there.
PAGES = {
    "api": (("/docs", "the API, to try"), ("/health", "its health")),
    "prefect": (("", "flows: start, watch, schedule"),),
}


def show_addresses(state: PlatformState) -> None:
    """Print where everything is."""
    from rich.table import Table

    table = Table(box=None, show_header=False)
    for service, pages in PAGES.items():
        for path, meaning in pages:
            if service in state.services:
                table.add_row(f"[bold]{state.services[service]}{path}[/]", meaning)
    table.add_row("[bold]mita docs[/]", "dbt docs: tables, columns, lineage")
    table.add_row("[bold]mita down[/]", "stops everything")
    console.print(table)
