"""Settings, read in one place: the environment (``MITA_*``) over the defaults of a laptop."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from psycopg.conninfo import make_conninfo
from pydantic import Field, HttpUrl, PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.home import default_home

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

Role = Literal["owner", "pipeline", "api", "analyst", "prefect", "mlflow"]

#: Bytes in the generated secret, from which every password and signing key is derived.
SECRET_BYTES = 32


class Settings(BaseSettings):
    """What can be set from outside; every field is an environment variable with the prefix MITA_."""

    model_config = SettingsConfigDict(env_prefix="MITA_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=default_home, description="Where MITA keeps its data.")
    database_url: PostgresDsn | None = Field(
        default=None,
        description="The owner's URL of a Postgres 18 or later; without it an embedded server is used.",
    )
    secret_key: SecretStr | None = Field(
        default=None, description="Source of all passwords and keys; generated into the data folder if unset."
    )
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, description="Preferred port; the next free one is taken when busy.")
    prefect_port: int = Field(default=4200, description="Preferred port of the Prefect server and UI.")
    docs_port: int = Field(default=8080, description="Preferred port of the dbt docs.")
    chunk_rows: int = Field(default=50_000, gt=0, description="Rows judged and loaded at a time.")
    rates_url: HttpUrl | None = Field(
        default=None,
        description="Newer exchange rates, as the ECB's eurofxref-hist.zip or .csv; fetched daily if set.",
    )
    access_token_minutes: int = Field(default=120, gt=0)
    vision_credentials: Path | None = Field(
        default=None, description="Key file of a Google service account; with it Cloud Vision reads receipts."
    )
    vision_timeout_seconds: float = Field(default=20.0, gt=0, description="For one image, retries included.")
    vision_rest_seconds: float = Field(
        default=300.0, gt=0, description="How long Vision is left alone after it failed."
    )
    receipt_store: str = Field(
        default="",
        description="Where photos lie, as fsspec names it (s3://bucket/folder); default a folder of ours.",
    )
    receipt_days: int = Field(default=400, gt=0, description="Days after which a photo is deleted.")
    rate_limits: bool = Field(default=True, description="Refuse those who ask too much.")
    rate_limit_storage: str = Field(
        default="async+memory://",
        description="Where requests are counted; async+redis://host:6379 counts for several processes.",
    )
    trusted_proxies: str = Field(
        default="", description="Addresses or networks whose X-Forwarded-For is believed, comma-separated."
    )
    cors_origins: str = Field(
        default="", description="Origins whose pages may call the API, comma-separated; none by default."
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="smtp://user:password@host:587 (STARTTLS) or smtps://host:465."
    )
    mail_from: str = Field(default="MITA <mita@localhost>", description="The sender of mail.")
    app_url: str = Field(default="mita://app", description="Where links in mail lead to.")
    redirect_urls: str = Field(
        default="", description="Further addresses that links in mail may lead to, comma-separated prefixes."
    )
    google_client_ids: str = Field(
        default="", description="OAuth client ids whose Google sign-ins are taken, comma-separated."
    )
    google_keys_url: str = "https://www.googleapis.com/oauth2/v3/certs"
    llm_api_key: SecretStr | None = Field(
        default=None,
        description="Key of OpenAI or of a server that speaks its API; without it nothing is asked.",
    )
    llm_base_url: HttpUrl | None = Field(default=None, description="Another server with OpenAI's API.")
    llm_model: str = Field(default="gpt-5-mini", description="The model that is asked.")
    llm_timeout_seconds: float = Field(default=30.0, gt=0, description="For one answer.")
    llm_monthly_usd: Decimal = Field(default=Decimal(5), ge=0, description="The most that a month may cost.")
    llm_input_usd_per_million: Decimal = Field(default=Decimal("0.25"), ge=0)
    llm_output_usd_per_million: Decimal = Field(default=Decimal(2), ge=0)
    challenger_share: float = Field(
        default=0.0, ge=0, le=1, description="Of the users, how many the challenger categorises for."
    )
    training_data: Path | None = Field(
        default=None, description="Folder with merchants/ and transactions/, which training learns from."
    )
    plaid_client_id: str | None = Field(default=None, description="Key of Plaid for bank sync.")
    plaid_secret: SecretStr | None = Field(default=None, description="The secret of that key.")
    plaid_environment: Literal["sandbox", "production"] = "sandbox"
    plaid_url: HttpUrl | None = Field(default=None, description="Another address that speaks Plaid's API.")
    plaid_webhook_url: HttpUrl | None = Field(
        default=None,
        description="Where Plaid tells of news: the public address of /api/bank-connections/webhook.",
    )
    plaid_countries: str = Field(
        default="", description="Countries whose banks are offered, comma-separated; the user's own if unset."
    )
    passkey_domain: str = Field(default="localhost", description="The relying party of passkeys.")
    passkey_origins: str = Field(
        default="http://localhost:8000", description="Origins that may use passkeys, comma-separated."
    )

    @cached_property
    def root(self) -> Path:
        """``home`` as an absolute path."""
        return self.home.expanduser().absolute()

    def folder(self, *parts: str) -> Path:
        """A folder below the data folder, made readable by its owner only."""
        path = self.root.joinpath(*parts)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    @cached_property
    def secret(self) -> bytes:
        """The installation's secret: from the environment, else from the data folder, else made now."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        return _read_or_create_secret(self.folder() / "secret.key")

    def derived_key(self, purpose: str) -> str:
        """A key for one purpose (HMAC-SHA-256 of the secret), so that one secret is enough to keep."""
        return hmac.new(self.secret, purpose.encode(), hashlib.sha256).hexdigest()

    def url_for(self, role: Role, server: URL, database: str | None = None) -> URL:
        """The URL by which a role reaches a database on the owner's server."""
        url = server.set(database=database or server.database, drivername="postgresql+psycopg")
        if role == "owner":
            return url
        return url.set(username=f"mita_{role}", password=self.derived_key(f"role:{role}"))

    def conninfo_for(self, role: Role, server: str) -> str:
        """The same for libpq: ``server`` is the owner's connection string."""
        if role == "owner":
            return server
        return make_conninfo(server, user=f"mita_{role}", password=self.derived_key(f"role:{role}"))

    @property
    def external_conninfo(self) -> str | None:
        """The owner's connection string of a managed Postgres, if one is configured."""
        if self.database_url is None:
            return None
        return re.sub(r"^[a-z]+(\+[a-z0-9]+)?://", "postgresql://", str(self.database_url))

    @property
    def external_server(self) -> URL | None:
        """The owner's URL of a managed Postgres, if one is configured."""
        from sqlalchemy.engine import make_url  # noqa: PLC0415 - a second, which the API does without

        if self.database_url is None:
            return None
        return make_url(str(self.database_url)).set(drivername="postgresql+psycopg")


def _read_or_create_secret(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(SECRET_BYTES).encode())
    return path.read_bytes()
