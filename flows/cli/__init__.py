"""The ``mita`` command: one module per subject, heavy imports only where a command needs them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import (
    accounts,
    bank,
    batches,
    categorize,
    data,
    evaluate,
    exports,
    identity,
    layouts,
    links,
    meaning,
    models,
    plan,
    platform,
    rates,
    receipts,
    recurring,
    rules,
    statements,
    users,
)
from flows.cli.errors import told_plainly

app = typer.Typer(
    name="mita",
    help="From bank statements to a budget for every single day.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def common(
    home: Annotated[
        Path | None, typer.Option(help="The data folder, instead of MITA_HOME.", show_default=False)
    ] = None,
) -> None:
    """Options that stand before the command."""
    if home is not None:
        os.environ["MITA_HOME"] = str(home.absolute())


platform.register(app)
users.register(app)
statements.register(app)
layouts.register(app)
batches.register(app)
accounts.register(app)
identity.register(app)
plan.register(app)
data.register(app)
models.register(app)
links.register(app)
rates.register(app)
receipts.register(app)
evaluate.register(app)
recurring.register(app)
rules.register(app)
bank.register(app)
exports.register(app)
meaning.register(app)
categorize.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; an error that a person can act on is one line and exit code 1."""
    with told_plainly():
        app(arguments, prog_name="mita")
    return 0
