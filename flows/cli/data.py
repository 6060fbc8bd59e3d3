"""``mita generate`` and ``mita docs``: the laboratory, and what analysts read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, hints, print_json, progress_bar
from flows.progress import report

if TYPE_CHECKING:
    from warehouse.settings import Settings


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.command()(generate)
    app.command()(docs)


def generate(
    users: Annotated[int, typer.Option(min=1, help="How many people.")],
    months: Annotated[int, typer.Option(min=1, help="How many months of their lives.")],
    out: Annotated[Path, typer.Option(help="The folder for statements and truth.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    end: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the last.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write what banks would send for simulated people, and the truth about it."""
    from flows.generator import generate as write_bank_files

    with progress_bar():
        summary = write_bank_files(
            users=users,
            months=months,
            seed=seed,
            out=out,
            end=end.date() if end else None,
            progress=lambda done, total: report("people", done, total),
        )
    if as_json:
        print_json(summary)
        return
    console.print(
        f"{summary.users} people, {summary.accounts} accounts, {summary.lines} lines "
        f"in {summary.files} files, {summary.seconds:.1f} s: {out}"
    )
    hints.print(f"Next: mita ingest {out}/PERSON --user EMAIL (addresses in {out / 'truth'})")


@heavy
def docs(
    port: Annotated[int | None, typer.Option(help="The port; the next free one is taken when busy.")] = None,
    *,
    serve: Annotated[bool, typer.Option(help="Serve the pages until interrupted.")] = True,
    as_json: AsJson = False,
) -> None:
    """Build the dbt docs as one page, and serve it."""
    from flows.pages import serve_folder
    from warehouse.server import free_port
    from warehouse.settings import Settings

    page = build_docs(Settings())
    if as_json:
        print_json({"page": page})
    if not serve:
        hints.print(f"Built {page}")
        return
    chosen = free_port(port or Settings().docs_port)
    console.print(f"dbt docs: http://127.0.0.1:{chosen}  (Ctrl-C ends)")
    serve_folder(page.parent, chosen)


def build_docs(settings: Settings) -> Path:
    """The docs page of the marts as they are built now: one file that needs no other."""
    from flows.dbt import run_dbt
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision

    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        run_dbt(settings, warehouse.server, ["docs", "generate", "--static"])
    target = settings.folder("dbt", "target")
    page = settings.folder("docs") / "index.html"
    (target / "static_index.html").replace(page)
    return page
