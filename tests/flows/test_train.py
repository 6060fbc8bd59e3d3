"""Champion and challenger: who scores, who is promoted, what is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from flows import train
from flows.categorise import champion_folder, current_model, models_in_use
from models_ml import registry
from models_ml.categorizer import knowledge
from models_ml.categorizer.model import MODEL_NAME, SHIPPED, CategoryModel, load_folder, read_manifest
from models_ml.categorizer.predict import STANDS, predict
from warehouse.settings import Settings

if TYPE_CHECKING:
    from warehouse.engine import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own warnings, on import


@pytest.fixture(scope="module")
def good() -> CategoryModel:
    return load_folder()


@pytest.fixture(scope="module")
def bad(good: CategoryModel) -> CategoryModel:
    """Says of everything something else."""
    return replace(good, codes=good.codes[1:] + good.codes[:1])


@pytest.fixture(scope="module")
def corrections(good: CategoryModel) -> pl.DataFrame:
    """Lines whose category from the good model stands, taken as right."""
    texts = knowledge.known_merchants()["description"].unique(maintain_order=True).head(400)
    said = predict(texts, [-500] * len(texts), ["EUR"] * len(texts), model=good)
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(len(texts))]
    return pl.DataFrame(
        {
            "user_id": "u",
            "transaction_id": [str(number) for number in range(len(texts))],
            "description": texts,
            "category_code": said["category_code"],
            "merchant": texts,
            "country": "BG",
            "spent_date": days,
            "amount_minor": -500,
            "currency": "EUR",
            "mcc": "",
            "bank_kind": "",
        }
    ).filter(said["probability"] >= STANDS)


@pytest.fixture
def settings(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home of the test's own, with a registry in a file."""
    monkeypatch.setattr(train, "tracking_uri", lambda *_: tracking(tmp_path))
    url = warehouse.server.render_as_string(hide_password=False)
    monkeypatch.setenv("MITA_DATABASE_URL", url)
    monkeypatch.setenv("MITA_SECRET_KEY", warehouse.settings.secret.decode())
    return Settings(home=tmp_path / "home")


def tracking(folder: Path) -> str:
    return f"sqlite:///{folder}/mlflow.db"


def saved(model: CategoryModel, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = model.to_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    (folder / "weights.npz").write_bytes(content)
    manifest = read_manifest(SHIPPED) | {"sha256": sha256, "version": sha256[:12], "file": "weights.npz"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def judge(settings: Settings, challenger: Path, lines: pl.DataFrame) -> train.Trained:
    half = len(lines) // 2
    return train.judge_challenger.fn(settings, challenger, 0, lines.tail(half), lines.head(half))


def test_a_worse_challenger_is_refused_and_a_better_one_promoted_and_rolled_back(
    settings: Settings, good: CategoryModel, bad: CategoryModel, corrections: pl.DataFrame, tmp_path: Path
) -> None:
    refused = judge(settings, saved(bad, tmp_path / "worse"), corrections)
    assert not refused.is_promoted
    assert "worse" in refused.verdict.reason
    assert current_model(settings).version == good.version
    # The challenger is at hand for those users who try it, and for nobody else.
    tried = settings.model_copy(update={"challenger_share": 0.2})
    assert [users for _, users in models_in_use(tried)] == [(0, 2000), (2000, 10_000)]
    assert [model.version for model, _ in models_in_use(settings)] == [good.version]

    first = registry.register(
        tmp_path / "worse", tracking_uri=tracking(tmp_path), artifact_root=settings.folder("mlflow")
    )
    registry.materialize(MODEL_NAME, "champion", settings.folder("models"), tracking_uri=tracking(tmp_path))
    promoted = judge(settings, saved(good, tmp_path / "better"), corrections)
    assert promoted.is_promoted
    assert current_model(settings).codes == good.codes
    known = registry.versions(MODEL_NAME, tracking_uri=tracking(tmp_path))
    assert "later lines.champion_accuracy" in known[0].metrics
    assert set(known[0].aliases) == {"champion", "challenger"}
    back = registry.roll_back(MODEL_NAME, tracking_uri=tracking(tmp_path))
    assert back.version == first.version


def test_a_file_that_was_changed_is_refused_and_the_last_good_model_serves(
    settings: Settings, good: CategoryModel, caplog: pytest.LogCaptureFixture
) -> None:
    saved(good, champion_folder(settings))
    weights = champion_folder(settings) / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert current_model(settings).version == read_manifest(SHIPPED)["version"]
    assert "hash" in caplog.text


def test_with_no_registry_the_champion_that_was_fetched_serves(
    settings: Settings, bad: CategoryModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(bad, champion_folder(settings))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert current_model(settings).codes == bad.codes


def test_rolling_back_what_was_never_promoted_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(registry.RegistryError, match="previous"):
        registry.roll_back(MODEL_NAME, tracking_uri=tracking(tmp_path))


def test_training_without_data_says_what_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MITA_HOME", str(settings.root))
    monkeypatch.delenv("MITA_TRAINING_DATA", raising=False)
    with pytest.raises(train.NoTrainingDataError, match="MITA_TRAINING_DATA"):
        train.train_models.fn()
