"""``mita models``: what scores transactions, and where its versions stand."""

from __future__ import annotations

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, print_json

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
