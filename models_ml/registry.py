"""The model registry: the only module that knows MLflow, imported inside functions (it takes 4 s).

Scoring never needs it: ``materialize`` puts the champion into a folder, and a folder with a manifest is all
that a model's own ``load_folder`` reads. With no server the last folder serves.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.errors import ActionableError

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
_MANIFEST = "manifest.json"
_FOLDER = "model"  # the run's artifact folder
_SHA_TAG = "sha256"
_LOCAL_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}


class RegistryError(ActionableError, RuntimeError):
    """A registered model that is absent or is not what its manifest says."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """One version in the registry."""

    name: str
    version: str  # MLflow's number
    sha256: str
    run_id: str


def register(
    folder: Path, *, tracking_uri: str, artifact_root: Path, alias: str | None = CHAMPION
) -> RegisteredModel:
    """Log a model folder's parameters, figures and files, register it, and point ``alias`` at it.

    ``folder`` holds a manifest.json (name, file, sha256, params, data, metrics) and the files it speaks of.
    The same content is registered once: again, it gives the version that exists and only moves the alias.
    """
    manifest = _checked_manifest(folder)
    client = _client(tracking_uri)
    found = _version_of(client, manifest) or _new_version(client, folder, manifest, artifact_root)
    if alias:
        client.set_registered_model_alias(found.name, alias, found.version)
    return found


def note_run(  # noqa: PLR0913 - a run with all that is kept of it
    name: str,
    run_name: str,
    figures: Mapping[str, float],
    plots: Iterable[Path],
    *,
    tracking_uri: str,
    artifact_root: Path,
) -> str:
    """Log figures and plots of a model in use, which make no version of it; gives the run's id.

    A run of the same name takes the place of the one before, so that noting twice leaves one.
    """
    client = _client(tracking_uri)
    experiment = _experiment(client, name, artifact_root)
    chosen = f"attributes.run_name = '{run_name}'"
    for before in client.search_runs([experiment], chosen):
        client.delete_run(before.info.run_id)
    run_id = str(client.create_run(experiment, run_name=run_name).info.run_id)
    for key, value in figures.items():
        client.log_metric(run_id, key, value)
    for plot in plots:
        client.log_artifact(run_id, str(plot))
    client.set_terminated(run_id)
    return run_id


def champion(name: str, *, tracking_uri: str, alias: str = CHAMPION) -> RegisteredModel:
    """The version that the alias points at; raises RegistryError when there is none."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        found = _client(tracking_uri).get_model_version_by_alias(name, alias)
    except MlflowException as error:
        message = (
            f"no model {name!r} with the alias {alias!r} is registered: run 'mita train' or register one"
        )
        raise RegistryError(message) from error
    return RegisteredModel(name, str(found.version), found.tags.get(_SHA_TAG, ""), str(found.run_id))


def has_champion(name: str, *, tracking_uri: str) -> bool:
    """Whether some version of the model is the champion already."""
    try:
        champion(name, tracking_uri=tracking_uri)
    except RegistryError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version of a model with what points at it."""

    version: str
    sha256: str
    aliases: tuple[str, ...]
    metrics: dict[str, float]


PREVIOUS = "previous"


def versions(name: str, *, tracking_uri: str) -> list[ListedVersion]:
    """All versions of a model, the newest first."""
    client = _client(tracking_uri)
    found = []
    for one in client.search_model_versions(f"name = '{name}'"):
        known = client.get_model_version(name, one.version)
        metrics = client.get_run(str(one.run_id)).data.metrics
        found.append(
            ListedVersion(str(one.version), one.tags.get(_SHA_TAG, ""), tuple(known.aliases), dict(metrics))
        )
    return sorted(found, key=lambda one: int(one.version), reverse=True)


def promote(name: str, version: str, *, tracking_uri: str) -> RegisteredModel:
    """Make a version the champion; the one before is remembered as the previous. Raises RegistryError."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    client = _client(tracking_uri)
    try:
        client.get_model_version(name, version)
    except MlflowException as error:
        message = f"{name} has no version {version}: 'mita models list' shows them"
        raise RegistryError(message) from error
    if has_champion(name, tracking_uri=tracking_uri):
        before = champion(name, tracking_uri=tracking_uri).version
        if before != version:
            client.set_registered_model_alias(name, PREVIOUS, before)
    client.set_registered_model_alias(name, CHAMPION, version)
    return champion(name, tracking_uri=tracking_uri)


def roll_back(name: str, *, tracking_uri: str) -> RegisteredModel:
    """Make the previous champion the champion again; raises RegistryError when there was none."""
    previous = champion(name, tracking_uri=tracking_uri, alias=PREVIOUS)
    return promote(name, previous.version, tracking_uri=tracking_uri)


def materialize(
    name: str, alias: str, destination: Path, *, tracking_uri: str, folder_name: str | None = None
) -> Path:
    """Put the alias' model into ``destination/name``, whole or not at all; gives that folder.

    A folder that already holds this content is left alone.
    """
    wanted = champion(name, tracking_uri=tracking_uri, alias=alias)
    folder = destination / (folder_name or name)
    if (folder / _MANIFEST).is_file() and _read_manifest(folder)["sha256"] == wanted.sha256:
        return folder
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination, prefix=".incoming-") as incoming:
        client = _client(tracking_uri)
        fresh = Path(client.download_artifacts(wanted.run_id, _FOLDER, incoming))
        if _checked_manifest(fresh)["sha256"] != wanted.sha256:
            message = (
                f"the files of {name} version {wanted.version} are not what was registered: register it again"
            )
            raise RegistryError(message)
        _swap(fresh, folder, Path(incoming) / "old")
    return folder


def _new_version(
    client: MlflowClient, folder: Path, manifest: dict[str, Any], artifact_root: Path
) -> RegisteredModel:
    name = str(manifest["name"])
    run_id = _logged_run(client, folder, manifest, artifact_root)
    _ensure_model(client, name)
    version = client.create_model_version(
        name,
        source=f"{client.get_run(run_id).info.artifact_uri}/{_FOLDER}",
        run_id=run_id,
        tags={_SHA_TAG: str(manifest["sha256"])},
    )
    return RegisteredModel(name, str(version.version), str(manifest["sha256"]), run_id)


def _logged_run(client: MlflowClient, folder: Path, manifest: dict[str, Any], artifact_root: Path) -> str:
    experiment = _experiment(client, str(manifest["name"]), artifact_root)
    run = client.create_run(experiment, run_name=f"{manifest['name']} {manifest['version']}")
    run_id = str(run.info.run_id)
    for key, value in _flat(manifest["params"]).items():
        client.log_param(run_id, key, value)
    for key, value in _flat(manifest["data"]).items():
        client.log_param(run_id, f"data.{key}", value)
    for key, value in _flat(manifest["metrics"]).items():
        client.log_metric(run_id, key, float(value))
    client.set_tag(run_id, _SHA_TAG, str(manifest["sha256"]))
    client.log_artifacts(run_id, str(folder), _FOLDER)
    client.set_terminated(run_id)
    return run_id


def _experiment(client: MlflowClient, name: str, artifact_root: Path) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    artifact_root.mkdir(parents=True, exist_ok=True)
    return str(client.create_experiment(name, artifact_location=artifact_root.resolve().as_uri()))


def _ensure_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)


def _version_of(client: MlflowClient, manifest: dict[str, Any]) -> RegisteredModel | None:
    name = str(manifest["name"])
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get(_SHA_TAG) == manifest["sha256"]:
            return RegisteredModel(name, str(version.version), str(manifest["sha256"]), str(version.run_id))
    return None


def _client(tracking_uri: str) -> MlflowClient:
    os.environ.update({key: os.environ.get(key, value) for key, value in _LOCAL_ENVIRONMENT.items()})
    from mlflow import MlflowClient  # noqa: PLC0415

    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def _checked_manifest(folder: Path) -> dict[str, Any]:
    manifest = _read_manifest(folder)
    found = hashlib.sha256((folder / manifest["file"]).read_bytes()).hexdigest()
    if found != manifest["sha256"]:
        message = f"{manifest['file']} has the hash {found[:12]}, its manifest says {manifest['sha256'][:12]}"
        raise RegistryError(message)
    return manifest


def _read_manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    return manifest


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested names joined by dots, in the characters that MLflow allows."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key.replace(',', '')}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    shutil.move(fresh, folder)
