"""The dbt project as engineers would review it: dbt-bouncer's rules, and readers that exposures name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from flows.dbt import project_folder

ROOT = project_folder().parent
#: What profiles.yml asks for; parsing opens no connection.
NOWHERE = {
    "MITA_DBT_HOST": "127.0.0.1", "MITA_DBT_PORT": "1", "MITA_DBT_USER": "", "MITA_DBT_PASSWORD": "",
    "MITA_DBT_DATABASE": "", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1",
}  # fmt: skip
BIN = Path(sys.executable).parent
#: Where marts are read; the parts of the schema that are no marts are functions and columns of ops.
READERS = ("api", "flows", "warehouse/repositories", "models_ml")
LAYERS = ("staging", "intermediate", "marts")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the manifest of the project."""
    folder = tmp_path_factory.mktemp(f"dbt-{worker_id}")
    dbt = [str(BIN / "dbt"), "--quiet", "parse", f"--target-path={folder}", f"--log-path={folder}"]
    places = [f"--project-dir={project_folder()}", f"--profiles-dir={project_folder()}"]
    subprocess.run([*dbt, *places], check=True, env=NOWHERE | {"PATH": str(BIN)})
    return folder


@pytest.fixture(scope="module")
def manifest(artifacts: Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((artifacts / "manifest.json").read_bytes())
    return found


def models(manifest: dict[str, Any], folder: str = "") -> dict[str, dict[str, Any]]:
    """Models by name, of one folder below models/."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["original_file_path"].startswith(f"models/{folder}")
    }


def test_the_project_keeps_the_rules_of_a_dbt_project(artifacts: Path, tmp_path: Path) -> None:
    shutil.copy(project_folder() / "dbt-bouncer.yml", tmp_path / "dbt-bouncer.yml")
    with (tmp_path / "dbt-bouncer.yml").open("a", encoding="utf-8") as file:
        file.write(f"\ndbt_artifacts_dir: {artifacts}\n")
    findings = tmp_path / "findings.json"
    bouncer = [str(BIN / "dbt-bouncer"), "run", "--config-file", str(tmp_path / "dbt-bouncer.yml")]
    told = ["--output-file", str(findings), "--output-only-failures"]
    judged = subprocess.run([*bouncer, *told], check=False, capture_output=True, text=True)
    failures = orjson.loads(findings.read_bytes()) if findings.exists() else judged.stdout + judged.stderr
    assert judged.returncode == 0, failures
    assert re.search(r"SUCCESS=\d{4}", judged.stdout + judged.stderr), "the rules judged nothing"


def test_nobody_reads_a_mart_that_no_exposure_names(manifest: dict[str, Any]) -> None:
    marts = models(manifest, "marts")
    read = {
        name
        for folder in READERS
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"marts\.([a-z_]+)", path.read_text(encoding="utf-8"))
        if name in marts
    }
    exposed = {
        node.removeprefix("model.mita.")
        for exposure in manifest["exposures"].values()
        for node in exposure["depends_on"]["nodes"]
    }
    assert read
    assert read <= exposed


def test_every_branch_of_the_plan_has_a_unit_test(manifest: dict[str, Any]) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    steps = set(models(manifest, "intermediate"))
    # Selections and sums without a branch; their rows are judged by the data tests of what is made of them.
    plain = {
        "int_account_balances", "int_budget_methods", "int_daily_amounts", "int_daily_spending",
        "int_exchange_rates",
    }  # fmt: skip
    # Judged on drawn people, against a second implementation in Python (tests/dbt/test_daily_plan.py).
    drawn = {"int_category_history", "int_day_weights"}
    assert steps - tested == plain | drawn


def test_layers_are_tagged_and_selectable(manifest: dict[str, Any]) -> None:
    tags = {"staging": "staging", "intermediate": "intermediate", "marts": "mart"}
    for layer in LAYERS:
        assert all(tags[layer] in node["tags"] for node in models(manifest, layer).values()), layer
    assert {selector["definition"] is not None for selector in manifest["selectors"].values()} == {True}
    assert {"user_refresh", "demo", "plan", "analytics", "unit_tests"} <= set(manifest["selectors"])


def test_marts_are_under_contract_and_their_units_are_told(manifest: dict[str, Any]) -> None:
    """Every amount says that it is in minor units; every mart with amounts says of which currency."""
    for name, node in models(manifest, "marts").items():
        if name.startswith(("live_", "served_")):
            continue
        assert node["contract"]["enforced"], name
        assert re.match(r"(?i)one row per", node["description"].strip()), (
            f"{name} does not open with its grain"
        )
        amounts = {column for column in node["columns"] if column.endswith("_minor")}
        assert not amounts or "currency" in node["columns"], f"{name} has amounts of no currency"


def test_the_semantic_layer_has_the_five_figures(artifacts: Path) -> None:
    manifest = orjson.loads((artifacts / "semantic_manifest.json").read_bytes())
    metrics = {metric["name"] for metric in manifest["metrics"]}
    assert {"spending", "income", "saving_rate", "net_worth", "budget_adherence"} <= metrics
    assert manifest["project_configuration"]["time_spines"], "no time spine"
