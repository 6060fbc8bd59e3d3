"""``mita up``, ``down``, ``status``, ``demo`` and ``doctor``: the platform on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.addresses import show_addresses
from flows.cli.output import AsJson, console, hints, print_json

if TYPE_CHECKING:
    from flows.platform.state import PlatformState


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    for command in (up, down, status, demo, doctor):
        app.command()(command)


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once everything answers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start Postgres, the API, the Prefect server and its worker."""
    from flows.platform.control import await_service, launch
    from flows.platform.state import read_state
    from warehouse.settings import Settings

    settings = Settings()
    state = read_state(settings)
    if state is None and not detach:
        from flows.platform.supervisor import Supervisor

        hints.print("Starting; Ctrl-C stops everything.", style="dim")
        Supervisor(settings).run(on_ready=show_addresses)
        return
    supervisor = None if state else launch(settings)
    with hints.status("Starting"):
        state = await_service(settings, supervisor, lambda state: state.is_complete, _tell_progress)
    print_json(state) if as_json else show_addresses(state)


def _tell_progress(state: PlatformState) -> None:
    if state.services:
        hints.print(f"ready: {', '.join(state.services)}", style="dim")


def down(*, as_json: AsJson = False) -> None:
    """Stop the platform; the data stays."""
    from flows.platform.control import stop
    from warehouse.settings import Settings

    stopped = stop(Settings())
    if as_json:
        print_json({"stopped": stopped})
    else:
        console.print("Stopped." if stopped else "Nothing was running.")


def status(*, as_json: AsJson = False) -> None:
    """Show what runs and whether it answers; exit code 1 if nothing runs."""
    from flows.platform.state import read_state
    from warehouse.settings import Settings

    settings = Settings()
    state = read_state(settings)
    if as_json:
        print_json(
            {"running": state is not None, "home": settings.root, "services": state.services if state else {}}
        )
    elif state:
        show_addresses(state)
    else:
        console.print("Nothing runs. Start with: mita up --detach")
    if state is None:
        raise typer.Exit(1)


def demo(
    people: Annotated[int, typer.Option(min=1, help="How many simulated people.")] = 3,
    months: Annotated[int, typer.Option(min=2, help="How many months of statements each.")] = 14,
    *,
    as_json: AsJson = False,
) -> None:
    """Start everything, ingest statements of simulated people, and show today's budget."""
    from flows.demo import run_demo
    from warehouse.settings import Settings

    run_demo(Settings(), people=people, months=months, as_json=as_json)


def doctor(*, as_json: AsJson = False) -> None:
    """Say what is missing on this machine and how to get it; exit code 1 if something needed is."""
    from rich.table import Table

    from flows.platform.doctor import examine
    from warehouse.settings import Settings

    findings = examine(Settings())
    if as_json:
        print_json(findings)
    else:
        table = Table(box=None, show_header=False)
        for finding in findings:
            mark = (
                "[green]ok[/]"
                if finding.is_fine
                else "[red]missing[/]"
                if finding.is_needed
                else "[yellow]optional[/]"
            )
            table.add_row(mark, finding.what, finding.detail if finding.is_fine else finding.cure)
        console.print(table)
    if any(finding.is_needed and not finding.is_fine for finding in findings):
        raise typer.Exit(1)
