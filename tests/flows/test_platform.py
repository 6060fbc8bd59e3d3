"""The platform as a person starts it: services that answer, flows that run from the UI's API, and an end."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from warehouse.server import EmbeddedServer
from warehouse.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

WEEK = (
    "Date,Description,Amount,Currency\n2026-03-02,LIDL SOFIA,-23.40,EUR\n2026-03-05,SALARY ACME,1800.00,EUR\n"
)
RUN_SECONDS = 90
#: Ingests whose worker is killed; MITA_CRASHES asks for more.
TRIALS = os.environ.get("MITA_CRASHES", "3")
REPOSITORY = Path(__file__).resolve().parents[2]
Mita = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def mita(home: Path) -> Iterator[Mita]:
    """The command, with a data folder and ports of its own."""
    environment = {
        **os.environ,
        "MITA_HOME": str(home),
        "MITA_API_PORT": "0",
        "MITA_PREFECT_PORT": "0",
    }

    def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("mita")), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=cwd)

    yield run
    run("down")


@pytest.fixture(scope="module")
def services(mita: Mita) -> dict[str, str]:
    started = mita("up", "--detach", "--json")
    assert started.returncode == 0, started.stderr
    services: dict[str, str] = json.loads(started.stdout)["services"]
    return services


def in_prefect(services: dict[str, str], method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401
    answer = httpx.request(method, f"{services['prefect']}/api{path}", json=body, timeout=20)
    answer.raise_for_status()
    return answer.json()


def finished(services: dict[str, str], run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        run: dict[str, Any] = in_prefect(services, "GET", f"/flow_runs/{run_id}")
        if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED"}:
            return run
        time.sleep(0.3)
    pytest.fail(f"the flow run is {run['state_name']} after {RUN_SECONDS} s")


def test_everything_answers(mita: Mita, services: dict[str, str]) -> None:
    assert set(services) == {"pipelines", "receipts", "api", "prefect", "worker"}
    assert httpx.get(f"{services['api']}/health").is_success
    assert httpx.get(services["prefect"], follow_redirects=True).is_success
    assert mita("status").returncode == 0


def test_a_command_handed_to_the_warm_process_behaves_as_if_run_in_the_terminal(
    mita: Mita, services: dict[str, str], tmp_path: Path
) -> None:
    assert "pipelines" in services
    assert mita("user", "create", "here@example.org").returncode == 0
    (tmp_path / "week.csv").write_text(WEEK)
    (tmp_path / "note.csv").write_text("not a statement")
    answer = mita("ingest", "week.csv", "note.csv", "--user", "here@example.org", "--json", cwd=tmp_path)
    outcomes = {Path(one["file"]).name: one["outcome"] for one in json.loads(answer.stdout)}
    assert outcomes == {"week.csv": "loaded", "note.csv": "refused"}
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "Usage: mita ingest" in mita("ingest", "--nonsense").stderr


def test_deployments_stand_on_queues_of_the_pool(services: dict[str, str]) -> None:
    deployments = in_prefect(services, "POST", "/deployments/filter", {})
    queues = {deployment["name"]: deployment["work_queue_name"] for deployment in deployments}
    declared = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
    assert queues == {each["name"]: each["work_pool"]["work_queue_name"] for each in declared}
    assert {"ingest": "high", "build-hourly": "scheduled", "rebuild": "low"}.items() <= queues.items()


@pytest.mark.parametrize("name", ["deliver-mail", "sync-due-banks"])
def test_what_asks_others_runs_by_the_clock_only_where_they_are_configured(
    services: dict[str, str], name: str
) -> None:
    deployment = in_prefect(services, "GET", f"/deployments/name/{name}/{name}")
    assert [schedule["active"] for schedule in deployment["schedules"]] == [False]


def test_the_schedule_plans_runs(services: dict[str, str]) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    planned: list[Any] = []
    while not planned and time.monotonic() < deadline:
        planned = in_prefect(
            services, "POST", "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        )
        time.sleep(0.5)
    assert planned


def test_an_ingest_started_in_the_ui_loads_a_file_and_leaves_artifacts(
    mita: Mita, services: dict[str, str], tmp_path: Path
) -> None:
    assert mita("user", "create", "ui@example.org").returncode == 0
    (tmp_path / "week.csv").write_text(WEEK)
    deployment = in_prefect(services, "GET", "/deployments/name/ingest/ingest")
    parameters = {"paths": [str(tmp_path / "week.csv")], "email": "ui@example.org"}
    run = in_prefect(
        services, "POST", f"/deployments/{deployment['id']}/create_flow_run", {"parameters": parameters}
    )
    assert finished(services, run["id"])["state_type"] == "COMPLETED"
    artifacts = in_prefect(
        services, "POST", "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
    )
    tables = {artifact["key"]: json.loads(artifact["data"]) for artifact in artifacts}
    (row,) = tables["ingested-files"]
    assert (row["rows read"], row["rows loaded"], row["rows quarantined"]) == (2, 2, 0)
    assert {"ingested-files", "gate-checks", "categorised", "dbt-results"} <= set(tables)


def test_an_ingest_from_the_terminal_is_tracked_and_quick(
    mita: Mita, services: dict[str, str], tmp_path: Path
) -> None:
    assert mita("user", "create", "terminal@example.org").returncode == 0
    (tmp_path / "week.csv").write_text(WEEK.replace("LIDL", "BILLA"))
    ingested = mita("ingest", str(tmp_path / "week.csv"), "--user", "terminal@example.org", "--json")
    assert ingested.returncode == 0, ingested.stderr
    (outcome,) = json.loads(ingested.stdout)
    assert outcome["transactions_added"] == 2
    completed = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    runs = in_prefect(services, "POST", "/flow_runs/filter", completed)
    assert any("terminal@example.org" in str(run["parameters"]) for run in runs)


def workers(home: Path) -> list[psutil.Process]:
    """The forks of the warm process that work for somebody now."""
    for process in psutil.process_iter(["cmdline"]):
        with suppress(psutil.Error):
            is_warm = "flows.platform.warm" in (process.info["cmdline"] or ())
            if is_warm and process.environ()["MITA_HOME"] == str(home) and process.children():
                return process.children()
    return []


def test_an_ingest_whose_worker_is_killed_counts_once_when_it_is_run_again(
    mita: Mita, services: dict[str, str], home: Path, tmp_path: Path
) -> None:
    assert "pipelines" in services
    email, kills, killed = "killed@example.org", int(TRIALS), 0
    chance = random.Random(6)  # noqa: S311 - moments, not secrets
    assert mita("user", "create", email).returncode == 0
    for trial in range(kills):
        rows = [
            f"2026-{1 + row % 12:02}-{1 + row % 28:02},SHOP {trial} {row},-1.10,EUR" for row in range(200)
        ]
        statement = tmp_path / f"{trial}.csv"
        statement.write_text("\n".join(["Date,Description,Amount,Currency", *rows]) + "\n")
        arguments = ("ingest", str(statement), "--user", email, "--account", f"account {trial}")
        command = [str(Path(sys.executable).with_name("mita")), *arguments]
        client = subprocess.Popen(
            command,
            env={**os.environ, "MITA_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.1, 3.5))
        for worker in workers(home):
            with suppress(psutil.NoSuchProcess):
                worker.kill()
        killed += client.wait(RUN_SECONDS) != 0
        assert mita(*arguments).returncode == 0
    assert killed > kills // 2
    listed = json.loads(mita("transactions", "list", "--user", email, "--json", "--limit", "1000000").stdout)
    assert len(listed) == 200 * kills
    assert {line["amount"] for line in listed} == {-1.1}


def test_postgres_that_is_killed_comes_back_by_itself(
    mita: Mita, services: dict[str, str], home: Path
) -> None:
    status = EmbeddedServer(Settings(home=home)).folder / "postmaster.pid"
    psutil.Process(int(status.read_text().splitlines()[0])).kill()
    deadline = time.monotonic() + RUN_SECONDS
    while httpx.get(f"{services['api']}/ready", timeout=20).is_error:
        assert time.monotonic() < deadline, "the API does not find the database again"
        time.sleep(0.3)
    assert mita("user", "create", "revived@example.org").returncode == 0


def test_down_ends_every_process(mita: Mita, services: dict[str, str]) -> None:
    assert mita("down").returncode == 0
    assert mita("status").returncode == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{services['prefect']}/api/health")
