"""What the API asks of Plaid; reading feeds is the pipeline's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from anyio import to_thread

from api.errors import BankAwayError, BankRefusedError, NotConfiguredError
from warehouse.plaid import ANY_COUNTRY, TOKENS, BankError, PlaidClient
from warehouse.sealing import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from warehouse.settings import Settings

R = TypeVar("R")
#: Somebody waits for the answer: what does not come soon is better asked again by them.
ATTEMPTS = 2
#: How much of the past a new connection gives, in days; the most that Plaid offers.
HISTORY_DAYS = 730
LANGUAGE, PRODUCT = "en", "transactions"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A connection that has just been allowed; the token is sealed."""

    item_id: str
    sealed_token: bytes
    institution_id: str
    institution: str


@dataclass(frozen=True)
class Banks:
    """Plaid as configured, and the vault for its tokens."""

    settings: Settings
    vault: Vault

    @classmethod
    def of(cls, settings: Settings) -> Banks:
        """As configured; without keys each call raises NotConfiguredError."""
        return cls(settings, Vault(settings.derived_key(TOKENS)))

    async def link_token(self, user_id: UUID, country: str, sealed_token: bytes | None) -> dict[str, Any]:
        """What opens the bank's dialogue: for a new connection, or to renew that of a token.

        Raises NotConfiguredError, BankRefusedError or BankAwayError.
        """
        return await self._ask(lambda plaid: self._link_token(plaid, user_id, country, sealed_token))

    async def exchange(self, public_token: str, country: str) -> Exchanged:
        """The lasting token for the one that the dialogue gave; raises as ``link_token`` does."""
        return await self._ask(lambda plaid: self._exchange(plaid, public_token, country))

    async def remove(self, sealed_token: bytes) -> None:
        """End a connection at Plaid; one that has ended before is as good. Raises as ``link_token`` does."""
        await self._ask(lambda plaid: plaid.remove(self.vault.unseal(sealed_token)))

    async def verification_key(self, key_id: str) -> dict[str, Any]:
        """The public key (JWK) with which Plaid signs webhooks; raises as ``link_token`` does."""
        return await self._ask(lambda plaid: _verification_key(plaid, key_id))

    async def _ask(self, call: Callable[[PlaidClient], R]) -> R:
        if self.settings.plaid_client_id is None or self.settings.plaid_secret is None:
            raise NotConfiguredError({"needs": ["MITA_PLAID_CLIENT_ID", "MITA_PLAID_SECRET"]})
        client = PlaidClient.of(self.settings, attempts=ATTEMPTS)
        try:
            return await to_thread.run_sync(call, client)
        except BankError as error:
            kind = BankAwayError if error.is_temporary else BankRefusedError
            raise kind({"code": error.code, "advice": str(error)}) from None

    def _link_token(
        self, plaid: PlaidClient, user_id: UUID, country: str, sealed_token: bytes | None
    ) -> dict[str, Any]:
        from plaid.model.country_code import CountryCode  # type: ignore[import-untyped]  # noqa: PLC0415
        from plaid.model.link_token_create_request import (  # type: ignore[import-untyped]  # noqa: PLC0415
            LinkTokenCreateRequest,
        )
        from plaid.model.link_token_create_request_user import (  # type: ignore[import-untyped]  # noqa: PLC0415
            LinkTokenCreateRequestUser,
        )
        from plaid.model.link_token_transactions import (  # type: ignore[import-untyped]  # noqa: PLC0415
            LinkTokenTransactions,
        )
        from plaid.model.products import Products  # type: ignore[import-untyped]  # noqa: PLC0415

        countries = self.settings.plaid_countries or country or ANY_COUNTRY
        body: dict[str, Any] = {
            "client_name": "MITA",
            "language": LANGUAGE,
            "country_codes": [CountryCode(code.strip().upper()) for code in countries.split(",")],
            "user": LinkTokenCreateRequestUser(client_user_id=str(user_id)),
        }
        if self.settings.plaid_webhook_url is not None:
            body["webhook"] = str(self.settings.plaid_webhook_url)
        if sealed_token is None:
            body["products"] = [Products(PRODUCT)]
            body["transactions"] = LinkTokenTransactions(days_requested=HISTORY_DAYS)
        else:
            body["access_token"] = self.vault.unseal(sealed_token)
        return plaid.call("link_token_create", LinkTokenCreateRequest(**body))

    def _exchange(self, plaid: PlaidClient, public_token: str, country: str) -> Exchanged:
        granted = plaid.exchange(public_token, country)
        sealed = self.vault.seal(granted.access_token)
        return Exchanged(granted.item_id, sealed, granted.institution_id, granted.institution)


def _verification_key(plaid: PlaidClient, key_id: str) -> dict[str, Any]:
    from plaid.model.webhook_verification_key_get_request import (  # type: ignore[import-untyped]  # noqa: PLC0415
        WebhookVerificationKeyGetRequest,
    )

    found = plaid.call("webhook_verification_key_get", WebhookVerificationKeyGetRequest(key_id=key_id))
    key: dict[str, Any] = found["key"]
    return key
