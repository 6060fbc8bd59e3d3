"""``mita models``: what scores transactions, and where its versions stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from models_ml.registry import RegisteredModel
    from warehouse.settings import Settings

commands = typer.Typer(help="What scores transactions.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="models")


@commands.command("register")
@heavy
def register_(*, as_json: AsJson = False) -> None:
    """Register the shipped models in MLflow and fetch the champions."""
    from flows.models import register_models
    from flows.orchestration import run
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        champions = run(register_models)
    if as_json:
        print_json(champions)
        return
    for champion in champions:
        console.print(f"{champion.name} version {champion.version} scores ({champion.sha256[:12]})")


@commands.command("train-links")
@heavy
def train_links_(*, as_json: AsJson = False) -> None:
    """Learn anew what makes a transfer, a refund, a share; takes a minute."""
    from flows.evaluation.links import train_links

    learned_from = train_links()
    if as_json:
        print_json(learned_from)
    else:
        console.print(f"Learned from {learned_from['transactions']} transactions of simulated people.")


@commands.command("train-identity")
@heavy
def train_identity_(
    target: Annotated[
        Path | None, typer.Option(help="Write the weights here, not into the package.", show_default=False)
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Learn anew which lines of several files are one event; takes some minutes."""
    from flows.evaluation.fit_identity import train_identity

    about = train_identity(target)
    if as_json:
        print_json(about)
    else:
        console.print("Learned from generated people. Next: mita evaluate identity")


@commands.command("learn-profiles")
@heavy
def learn_profiles_(*, as_json: AsJson = False) -> None:
    """Learn on which days everybody usually spends; the daily plan follows it."""
    from flows.orchestration import run
    from flows.profiles import learn_profiles
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        learned = run(learn_profiles)
    if as_json:
        print_json(learned)
    else:
        console.print(
            f"{learned.profiles} profiles of {learned.users} people, {learned.changed} of them changed"
        )


@commands.command()
def ui(port: int = 5000) -> None:
    """Serve MLflow's pages: runs, figures, versions. Takes half a minute to start; Ctrl-C ends it."""
    import os
    import subprocess
    import sys

    from flows.models import tracking_uri
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.server import free_port
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        address = str(free_port(port))
        console.print(f"MLflow: http://127.0.0.1:{address}  (Ctrl-C ends)")
        environment = {
            **os.environ,
            "MLFLOW_BACKEND_STORE_URI": tracking_uri(settings, warehouse.server),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", address]
        subprocess.run(command, env=environment, check=False)


@commands.command("list")
@heavy
def list_(*, as_json: AsJson = False) -> None:
    """Show the versions of the categoriser, and which is champion, challenger, previous."""
    from models_ml.categorizer.model import MODEL_NAME
    from models_ml.registry import versions

    with _registry() as (_, tracking):
        known = versions(MODEL_NAME, tracking_uri=tracking)
    if as_json:
        print_json(known)
        return
    for one in known:
        console.print(f"{one.version:>4}  {one.sha256[:12]}  {', '.join(one.aliases)}", markup=False)
    if not known:
        console.print("None is registered yet; 'mita models register' registers the one that is shipped.")


@commands.command()
@heavy
def promote(version: str, *, as_json: AsJson = False) -> None:
    """Make a version the champion, whatever the comparison said; the one before stays at hand."""
    from models_ml.categorizer.model import MODEL_NAME
    from models_ml.registry import promote as make_champion

    with _registry() as (settings, tracking):
        found = make_champion(MODEL_NAME, version, tracking_uri=tracking)
        _fetch(settings, tracking)
    _told(found, as_json=as_json)


@commands.command()
@heavy
def rollback(*, as_json: AsJson = False) -> None:
    """Make the previous champion the champion again."""
    from models_ml.categorizer.model import MODEL_NAME
    from models_ml.registry import roll_back

    with _registry() as (settings, tracking):
        found = roll_back(MODEL_NAME, tracking_uri=tracking)
        _fetch(settings, tracking)
    _told(found, as_json=as_json)


@commands.command()
@heavy
def train(
    data: Annotated[
        Path | None, typer.Option(help="Folder with merchants/ and transactions/; else MITA_TRAINING_DATA.")
    ] = None,
    bank: Annotated[
        Path | None,
        typer.Option(
            help="Folder that 'mita generate' wrote, which teaches how sure to be; one is made if left out."
        ),
    ] = None,
    *,
    promote_better: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Promote it if it is better for certain.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Train with users' corrections; the result becomes champion only if it is better within the bounds."""
    from flows.orchestration import run
    from flows.train import train_models

    with _registry():
        found = run(
            train_models,
            str(data) if data else "",
            promote=promote_better,
            bank=str(bank) if bank else "",
        )
    if as_json:
        print_json(found)
        return
    for each in found.comparisons:
        console.print(
            f"{each.name}: {each.lines} lines, champion {each.champion:.1%}, "
            f"challenger {each.challenger:.1%} ({each.low:+.1%} to {each.high:+.1%})"
        )
    outcome = "Promoted" if found.is_promoted else "Not promoted"
    console.print(f"{outcome}: {found.verdict.reason}", markup=False)


@commands.command()
@heavy
def drift(*, as_json: AsJson = False) -> None:
    """How the lines, and users' agreement with the model, have changed of late."""
    from flows.drift import watch_models
    from flows.orchestration import run

    found = run(watch_models)
    if as_json:
        print_json(found)
        return
    for each in found:
        console.print(f"{'ALERT' if each.is_alert else 'fine'}  {each.what}: {each.told}", markup=False)
    if not found:
        console.print("There is not enough yet to say.")


@contextmanager
def _registry() -> Iterator[tuple[Settings, str]]:
    """The registry's address, with the platform's server running."""
    from flows.models import tracking_uri
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        yield settings, tracking_uri(settings, warehouse.server)


def _fetch(settings: Settings, tracking: str) -> None:
    """Put the champion where scoring finds it."""
    from models_ml.categorizer.model import MODEL_NAME
    from models_ml.registry import CHAMPION, materialize

    materialize(MODEL_NAME, CHAMPION, settings.folder("models"), tracking_uri=tracking)


def _told(found: RegisteredModel, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        console.print(
            f"Version {found.version} ({found.sha256[:12]}) is the champion and scores from now on."
        )
