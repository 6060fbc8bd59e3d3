"""Against MLflow itself, on its SQLite store and a folder of artifacts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from models_ml import registry

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own warnings, on import


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("mlflow")
    return f"sqlite:///{folder}/mlflow.db", folder / "artifacts"


def model_folder(parent: Path, name: str, content: bytes) -> Path:
    folder = parent / hashlib.sha256(content).hexdigest()[:8]
    folder.mkdir()
    (folder / "weights.npz").write_bytes(content)
    (folder / "card.md").write_text("# Card")
    manifest = {
        "name": name,
        "version": "v",
        "file": "weights.npz",
        "sha256": hashlib.sha256(content).hexdigest(),
        "params": {"buckets": 8, "ngrams": [3, 4]},
        "data": {"lexicon": {"texts": 3}},
        "metrics": {"brands, keywords": {"leaf_accuracy": 0.5}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_model_is_registered_once_and_fetched_with_its_files(
    store: tuple[str, Path], tmp_path: Path
) -> None:
    uri, artifacts = store
    folder = model_folder(tmp_path, "once", b"weights")
    first = registry.register(folder, tracking_uri=uri, artifact_root=artifacts)
    again = registry.register(folder, tracking_uri=uri, artifact_root=artifacts)
    assert first == again == registry.champion("once", tracking_uri=uri)
    fetched = registry.materialize("once", "champion", tmp_path / "models", tracking_uri=uri)
    assert (fetched / "weights.npz").read_bytes() == b"weights"
    assert (fetched / "card.md").read_text() == "# Card"


def test_a_challenger_is_no_champion_until_the_alias_moves(store: tuple[str, Path], tmp_path: Path) -> None:
    uri, artifacts = store
    old, new = model_folder(tmp_path, "race", b"old"), model_folder(tmp_path, "race", b"new")
    registry.register(old, tracking_uri=uri, artifact_root=artifacts)
    registry.register(new, tracking_uri=uri, artifact_root=artifacts, alias="challenger")
    kept = registry.materialize("race", "champion", tmp_path / "models", tracking_uri=uri)
    assert (kept / "weights.npz").read_bytes() == b"old"
    registry.register(new, tracking_uri=uri, artifact_root=artifacts)
    moved = registry.materialize("race", "champion", tmp_path / "models", tracking_uri=uri)
    assert (moved / "weights.npz").read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["race"]


def test_parameters_and_figures_are_logged(store: tuple[str, Path], tmp_path: Path) -> None:
    from mlflow import MlflowClient

    uri, artifacts = store
    found = registry.register(
        model_folder(tmp_path, "logged", b"l"), tracking_uri=uri, artifact_root=artifacts
    )
    run = MlflowClient(uri).get_run(found.run_id)
    assert run.data.params == {"buckets": "8", "ngrams": "[3, 4]", "data.lexicon.texts": "3"}
    assert run.data.metrics == {"brands keywords.leaf_accuracy": 0.5}


def test_a_model_that_is_not_what_its_manifest_says_is_refused(
    store: tuple[str, Path], tmp_path: Path
) -> None:
    uri, artifacts = store
    folder = model_folder(tmp_path, "forged", b"true")
    (folder / "weights.npz").write_bytes(b"forged")
    with pytest.raises(registry.RegistryError, match="its manifest says"):
        registry.register(folder, tracking_uri=uri, artifact_root=artifacts)


def test_files_changed_after_registration_do_not_replace_the_champion(
    store: tuple[str, Path], tmp_path: Path
) -> None:
    uri, artifacts = store
    folder = model_folder(tmp_path, "changed", b"good")
    registry.register(folder, tracking_uri=uri, artifact_root=artifacts)
    kept = registry.materialize("changed", "champion", tmp_path / "models", tracking_uri=uri)
    newer = model_folder(tmp_path, "changed", b"newer")
    registry.register(newer, tracking_uri=uri, artifact_root=artifacts)
    for path in artifacts.rglob("weights.npz"):
        if path.read_bytes() == b"newer":
            path.write_bytes(b"tampered")
    with pytest.raises(registry.RegistryError):
        registry.materialize("changed", "champion", tmp_path / "models", tracking_uri=uri)
    assert (kept / "weights.npz").read_bytes() == b"good"


def test_an_unknown_model_has_no_champion(store: tuple[str, Path]) -> None:
    with pytest.raises(registry.RegistryError, match="no model"):
        registry.champion("nobody", tracking_uri=store[0])
    assert not registry.has_champion("nobody", tracking_uri=store[0])


def test_what_is_noted_of_a_model_in_use_makes_no_version_and_stands_once(
    store: tuple[str, Path], tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    uri, artifacts = store
    plot = tmp_path / "drift.png"
    plot.write_bytes(b"picture")
    _, last = (
        registry.note_run(
            "noted", "drift of May", {"moved": moved}, [plot], tracking_uri=uri, artifact_root=artifacts
        )
        for moved in (0.5, 0.25)
    )
    assert registry.versions("noted", tracking_uri=uri) == []
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("noted")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_id, run.data.metrics) == (last, {"moved": 0.25})
    assert [each.path for each in client.list_artifacts(last)] == ["drift.png"]
