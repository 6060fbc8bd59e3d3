"""dbt in Python: the project parsed once a process, and results as plain records."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.aside import Aside
from warehouse.errors import ActionableError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from warehouse.settings import Settings

#: Statuses by which dbt says that a node did not do what it should.
FAILED = ("error", "fail", "runtime error", "partial success")

DBT = Aside(("dbt.cli.main", "dbt.adapters.postgres", "dbt.task.build"))

#: Projects that were parsed beforehand, by version.
_parsed: dict[str, Any] = {}


class DbtFailedError(ActionableError, RuntimeError):
    """dbt could not build or a test failed; the message names the nodes."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of one dbt node."""

    node: str
    kind: str  # model, seed, test, unit_test
    status: str
    seconds: float
    rows: int | None
    message: str | None


def project_folder() -> Path:
    """The folder of the dbt project."""
    return Path(str(files("dbt_project") / "dbt_project.yml")).parent


def project_version() -> str:
    """A hash of what the project says: marts that another version built must be built anew."""
    digest = hashlib.sha256()
    for path in sorted(project_folder().rglob("*")):
        if path.suffix in {".sql", ".csv", ".yml"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def start_dbt() -> None:
    """Let dbt's process import it and parse the project, without waiting for it."""
    DBT.start(prepare_dbt)


def prepare_dbt() -> None:
    """Parse the project for the installation that the environment names."""
    from warehouse.engine import open_warehouse  # noqa: PLC0415 - another half of a second
    from warehouse.settings import Settings  # noqa: PLC0415

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        preload_project(settings, warehouse.server)


def preload_project(settings: Settings, server: URL) -> None:
    """Parse the project now, for every build of this process and of its forks."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - three seconds, wanted only where marts are built

    folder, project = str(settings.folder("dbt") / "parsed"), str(project_folder())
    places = [f"--project-dir={project}", f"--profiles-dir={project}", f"--target-path={folder}"]
    os.environ.update(dbt_environment(settings, server))
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = dbtRunner().invoke(["--quiet", "parse", *places, f"--log-path={folder}"])
    if outcome.success:  # else the build says what is wrong
        _parsed[project_version()] = outcome.result


def run_dbt(settings: Settings, server: URL, arguments: Sequence[str]) -> list[NodeResult]:
    """Run a dbt command against the platform's database; raises DbtFailedError."""
    environment = dbt_environment(settings, server)
    call = ([*arguments, *_folders(settings)], environment)
    results, complaint = DBT.call(_invoke, *call)
    failed = [result for result in results if result.status in FAILED]
    if failed or complaint:
        message = "; ".join(f"{result.node}: {result.message}" for result in failed) or complaint
        raise DbtFailedError(message)
    return results


def dbt_environment(settings: Settings, server: URL) -> dict[str, str]:
    """What the project's profile reads: how the pipeline's role reaches the database."""
    url = settings.url_for("pipeline", server)
    return {
        "MITA_DBT_HOST": url.host or "127.0.0.1",
        "MITA_DBT_PORT": str(url.port or 5432),
        "MITA_DBT_USER": url.username or "",
        "MITA_DBT_PASSWORD": str(url.password or ""),
        "MITA_DBT_DATABASE": url.database or "",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _folders(settings: Settings) -> list[str]:
    folder, project = settings.folder("dbt"), str(project_folder())
    return [
        f"--project-dir={project}",
        f"--profiles-dir={project}",
        f"--target-path={folder / 'target'}",
        f"--log-path={folder / 'logs'}",
    ]


def _invoke(arguments: Sequence[str], environment: dict[str, str]) -> tuple[list[NodeResult], str]:
    """Results per node, and what dbt complained of when it got none."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - three seconds, wanted only where marts are built

    os.environ.update(environment)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        outcome = dbtRunner(manifest=_parsed.get(project_version())).invoke(["--quiet", *arguments])
    nodes = getattr(outcome.result, "results", None) or []
    complaint = "" if outcome.success or nodes else str(outcome.exception or printed.getvalue()[-2000:])
    return [_result(node) for node in nodes], complaint


def _result(result: object) -> NodeResult:
    node, response = result.node, getattr(result, "adapter_response", None) or {}  # type: ignore[attr-defined]
    return NodeResult(
        node=node.name,
        kind=str(node.resource_type),
        status=str(result.status),  # type: ignore[attr-defined]
        seconds=round(float(result.execution_time), 3),  # type: ignore[attr-defined]
        rows=response.get("rows_affected"),
        message=result.message,  # type: ignore[attr-defined]
    )
