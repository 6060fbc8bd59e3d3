"""Who speaks: what was trained, compared, registered and fetched; never a file that somebody changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from flows import train_meaning
from flows.champions import ALERTS, MANIFEST, alerts_in_use, forecaster_in_use
from models_ml import registry
from models_ml.anomalies.choose import PARAMETERS, WEIGHTS_FILE
from models_ml.anomalies.choose import shipped as shipped_alerts
from models_ml.forecaster.model import shipped
from warehouse.engine import Warehouse
from warehouse.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own warnings, on import


@pytest.fixture
def settings(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(train_meaning, "tracking_uri", lambda *_: tracking(tmp_path))
    monkeypatch.setenv("MITA_DATABASE_URL", warehouse.server.render_as_string(hide_password=False))
    monkeypatch.setenv("MITA_SECRET_KEY", warehouse.settings.secret.decode())
    return Settings(home=tmp_path / "home")


def tracking(folder: Path) -> str:
    return f"sqlite:///{folder}/mlflow.db"


def written(folder: Path, intercept: float) -> Path:
    """A model folder of alerts' weights."""
    folder.mkdir(parents=True)
    document = json.loads(PARAMETERS.read_text())
    kinds = {kind: {**each, "intercept": intercept} for kind, each in document["kinds"].items()}
    content = json.dumps({**document, "kinds": kinds}).encode()
    (folder / WEIGHTS_FILE).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    manifest = {"name": ALERTS, "version": sha256[:12], "file": WEIGHTS_FILE, "sha256": sha256}
    (folder / MANIFEST).write_text(json.dumps({**manifest, "params": {}, "data": {}, "metrics": {"p": 0.9}}))
    return folder


def test_nothing_fetched_means_what_is_shipped(settings: Settings) -> None:
    assert alerts_in_use(settings) is shipped_alerts()
    assert forecaster_in_use(settings).version == shipped().version


def test_a_better_one_speaks_from_now_on_and_a_worse_one_is_only_kept(
    settings: Settings, tmp_path: Path
) -> None:
    worse = train_meaning.keep(
        settings, written(tmp_path / "worse", -9.0), "precision", 0.8, 0.7, is_better=False, promote=True
    )
    assert not worse.is_promoted
    assert alerts_in_use(settings) is shipped_alerts()
    better = train_meaning.keep(
        settings, written(tmp_path / "better", -1.5), "precision", 0.8, 0.9, is_better=True, promote=True
    )
    assert better.is_promoted
    assert alerts_in_use(settings).kinds["pace"]["intercept"] == -1.5
    known = registry.versions(ALERTS, tracking_uri=tracking(tmp_path))
    assert [set(each.aliases) for each in known] == [{"challenger", "champion"}, set()]


def test_a_changed_file_is_refused_and_the_shipped_one_speaks(settings: Settings, tmp_path: Path) -> None:
    train_meaning.keep(
        settings, written(tmp_path / "good", -1.5), "precision", 0.8, 0.9, is_better=True, promote=True
    )
    fetched = settings.folder("models") / ALERTS / WEIGHTS_FILE
    fetched.write_bytes(fetched.read_bytes().replace(b"-1.5", b"-0.5"))
    assert alerts_in_use(settings) is shipped_alerts()
