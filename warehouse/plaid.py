"""Plaid through its own client library: what the API and the flows ask of it, and its errors told plainly.

Answers are read from the wire's JSON rather than the library's models: amounts stay exact decimals, and a
field that the library does not know yet breaks nothing.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from warehouse.errors import ActionableError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from plaid.api.plaid_api import PlaidApi  # type: ignore[import-untyped]

ENVIRONMENTS = {"sandbox": "https://sandbox.plaid.com", "production": "https://production.plaid.com"}
TIMEOUT_SECONDS = 30.0
#: What the key that seals access tokens is derived for; other keys of the installation open none.
TOKENS = "bank tokens"
#: Waits between attempts double from here, with chance, so that many who were refused do not return together.
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
#: The most that Plaid gives in one page.
PAGE_SIZE = 500
#: The feed changed while its pages were read: they have to be read again from the first on.
MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
MAX_RESTARTS = 5
#: Our own codes: for what gave no answer, and for all kinds of too much.
UNREACHABLE, RATE_LIMIT = "UNREACHABLE", "RATE_LIMIT"
#: Our own, too: the access token was sealed with another key of the installation.
SEALED_ELSEWHERE = "SEALED_ELSEWHERE"

#: What a person can do about an error of Plaid, by its code.
CURES: Mapping[str, str] = {
    "ITEM_LOGIN_REQUIRED": "the bank wants you to sign in again: open the connection and renew it",
    "PENDING_EXPIRATION": "your consent ends soon: open the connection and renew it",
    "PENDING_DISCONNECT": "the bank will end the connection soon: open the connection and renew it",
    "INVALID_CREDENTIALS": "the bank did not take the name or password: open the connection and renew it",
    "INVALID_MFA": "the bank did not take the code: open the connection and renew it",
    "INSUFFICIENT_CREDENTIALS": "the sign-in at the bank was not finished: open the connection and renew it",
    "ITEM_LOCKED": "the bank has locked the account: unlock it at the bank, then renew the connection",
    "USER_SETUP_REQUIRED": "the bank wants something confirmed: sign in there, then renew the connection",
    "ACCESS_NOT_GRANTED": "the bank was not allowed to share transactions: renew the connection and allow it",
    "USER_PERMISSION_REVOKED": "you took the permission back at the bank: connect it anew",
    "ITEM_NOT_FOUND": "the connection does not exist any more: remove it and connect the bank anew",
    "INVALID_ACCESS_TOKEN": "the connection does not exist any more: remove it and connect the bank anew",
    "NO_ACCOUNTS": "the bank shows no account: connect it anew with an account chosen",
    "ITEM_NOT_SUPPORTED": "the bank does not support this: import its files instead",
    "INVALID_PUBLIC_TOKEN": "the bank's dialogue was too long ago or used before: open it again",
    "INVALID_API_KEYS": "MITA_PLAID_CLIENT_ID and MITA_PLAID_SECRET do not belong to MITA_PLAID_ENVIRONMENT",
    "INVALID_FIELD": "Plaid may not serve that country: set MITA_PLAID_COUNTRIES to some that it does",
    "INSTITUTION_DOWN": "the bank cannot be reached; it is tried again by itself",
    "INSTITUTION_NOT_RESPONDING": "the bank does not answer; it is tried again by itself",
    "INSTITUTION_NOT_AVAILABLE": "the bank is not available; it is tried again by itself",
    "INSTITUTION_NO_LONGER_SUPPORTED": "the bank is not served any more: import its files instead",
    "PRODUCT_NOT_READY": "the bank has not delivered yet; it is tried again by itself",
    SEALED_ELSEWHERE: "its token was sealed with another MITA_SECRET_KEY: set that again, or connect it anew",
    RATE_LIMIT: "too many requests at once; it is tried again by itself",
    UNREACHABLE: "Plaid cannot be reached; it is tried again by itself",
}
#: Errors that say that a connection is no more.
GONE = frozenset({"ITEM_NOT_FOUND", "INVALID_ACCESS_TOKEN"})
#: Where Plaid has most banks; asked for the name of one whose country is not known.
ANY_COUNTRY = "US"
#: Errors that only the person can mend, and only by a new sign-in at the bank.
NEEDS_PERSON = frozenset(
    {
        *("ITEM_LOGIN_REQUIRED", "PENDING_EXPIRATION", "PENDING_DISCONNECT", "INVALID_CREDENTIALS"),
        *("INVALID_MFA", "INSUFFICIENT_CREDENTIALS", "ITEM_LOCKED", "USER_SETUP_REQUIRED"),
        *("ACCESS_NOT_GRANTED", "USER_PERMISSION_REVOKED", "ITEM_NOT_FOUND", "INVALID_ACCESS_TOKEN"),
        SEALED_ELSEWHERE,
        *("NO_ACCOUNTS", "ITEM_NOT_SUPPORTED", "INSTITUTION_NO_LONGER_SUPPORTED"),
    }
)


class BankSyncNotConfiguredError(ActionableError, RuntimeError):
    """No keys of Plaid are set; the message says which."""


class BankError(ActionableError, RuntimeError):
    """Plaid did not do what was asked; the message says what to do about it."""

    def __init__(self, code: str, *, is_temporary: bool = False, wait_seconds: float | None = None) -> None:
        super().__init__(f"{code}: {advice(code)}")
        self.code = code
        self.is_temporary = is_temporary
        self.wait_seconds = wait_seconds

    @property
    def needs_person(self) -> bool:
        """Whether only the user can mend it."""
        return self.code in NEEDS_PERSON


def advice(code: str) -> str:
    """What to do about an error."""
    unknown = "Plaid refused; try again later, and look at https://plaid.com/docs/errors if it stays"
    return CURES.get(code, unknown)


@dataclass(frozen=True, slots=True)
class FeedUpdate:
    """All pages from one cursor to the next: what came, in the order in which it came.

    ``changes`` are (added|modified|removed, the transaction as received), ``accounts`` are by account_id.
    """

    changes: Sequence[tuple[str, Mapping[str, Any]]]
    accounts: Mapping[str, Mapping[str, Any]]
    cursor: str


@dataclass(frozen=True, slots=True)
class Granted:
    """A connection that has just been allowed."""

    item_id: str
    access_token: str = field(repr=False)
    institution_id: str
    institution: str


@dataclass(frozen=True)
class PlaidClient:
    """Plaid's client library with this installation's keys, patient with what passes."""

    client_id: str
    secret: str
    url: str
    attempts: int = 5
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    @classmethod
    def of(cls, settings: Settings, *, attempts: int = 5) -> PlaidClient:
        """As configured; raises BankSyncNotConfiguredError."""
        if settings.plaid_client_id is None or settings.plaid_secret is None:
            message = (
                "bank sync is not set up: set MITA_PLAID_CLIENT_ID and MITA_PLAID_SECRET "
                "(https://dashboard.plaid.com, Developers, Keys) and MITA_PLAID_ENVIRONMENT. "
                "Statement files need none of it: mita ingest FILE"
            )
            raise BankSyncNotConfiguredError(message)
        url = str(settings.plaid_url or ENVIRONMENTS[settings.plaid_environment]).rstrip("/")
        return cls(settings.plaid_client_id, settings.plaid_secret.get_secret_value(), url, attempts)

    def sync(self, access_token: str, cursor: str) -> FeedUpdate:
        """Everything since ``cursor`` ("" for the beginning); raises BankError.

        Pages belong together: when the feed changes between them they are read again from ``cursor`` on.
        """
        for _ in range(MAX_RESTARTS):
            try:
                return _joined(self._pages(access_token, cursor))
            except BankError as error:
                if error.code != MUTATION:
                    raise
        raise BankError(MUTATION, is_temporary=True)

    def _pages(self, access_token: str, cursor: str) -> Iterator[dict[str, Any]]:
        from plaid.model.transactions_sync_request import TransactionsSyncRequest  # type: ignore[import-untyped]  # noqa: PLC0415
        from plaid.model.transactions_sync_request_options import (  # type: ignore[import-untyped]  # noqa: PLC0415
            TransactionsSyncRequestOptions,
        )

        options = TransactionsSyncRequestOptions(include_original_description=True)
        has_more = True
        while has_more:
            body: dict[str, Any] = {"access_token": access_token, "count": PAGE_SIZE, "options": options}
            request = TransactionsSyncRequest(**body, **({"cursor": cursor} if cursor else {}))
            page = self.call("transactions_sync", request)
            cursor, has_more = page["next_cursor"], page["has_more"]
            yield page

    def accounts(self, access_token: str) -> dict[str, Mapping[str, Any]]:
        """The accounts of a connection by account_id; raises BankError."""
        from plaid.model.accounts_get_request import AccountsGetRequest  # type: ignore[import-untyped]  # noqa: PLC0415

        answer = self.call("accounts_get", AccountsGetRequest(access_token=access_token))
        return {account["account_id"]: account for account in answer["accounts"]}

    def exchange(self, public_token: str, country: str) -> Granted:
        """What Plaid gives for the token of its dialogue, which counts once; raises BankError."""
        from plaid.model.item_get_request import ItemGetRequest  # type: ignore[import-untyped]  # noqa: PLC0415
        from plaid.model.item_public_token_exchange_request import (  # type: ignore[import-untyped]  # noqa: PLC0415
            ItemPublicTokenExchangeRequest,
        )

        request = ItemPublicTokenExchangeRequest(public_token=public_token)
        given = self.call("item_public_token_exchange", request)
        token = str(given["access_token"])
        item = self.call("item_get", ItemGetRequest(access_token=token))["item"]
        institution_id = str(item.get("institution_id") or "")
        name = self.institution_name(institution_id, country or ANY_COUNTRY) if institution_id else ""
        return Granted(str(given["item_id"]), token, institution_id, name)

    def remove(self, access_token: str) -> None:
        """End a connection; one that has ended before is as good. Raises BankError."""
        from plaid.model.item_remove_request import (  # type: ignore[import-untyped]  # noqa: PLC0415
            ItemRemoveRequest,
        )

        try:
            self.call("item_remove", ItemRemoveRequest(access_token=access_token))
        except BankError as error:
            if error.code not in GONE:
                raise

    def institution_name(self, institution_id: str, country: str) -> str:
        """How a bank is called; its id where Plaid does not tell."""
        from plaid.model.country_code import CountryCode  # type: ignore[import-untyped]  # noqa: PLC0415
        from plaid.model.institutions_get_by_id_request import (  # type: ignore[import-untyped]  # noqa: PLC0415
            InstitutionsGetByIdRequest,
        )

        request = InstitutionsGetByIdRequest(
            institution_id=institution_id, country_codes=[CountryCode(country)]
        )
        try:
            return str(self.call("institutions_get_by_id", request)["institution"]["name"])
        except BankError:
            return institution_id

    def call(self, method: str, request: object) -> dict[str, Any]:
        """One call of the library, tried again while the trouble passes; raises BankError."""
        for attempt in range(1, self.attempts + 1):
            try:
                return self._call_once(method, request)
            except BankError as error:
                if not error.is_temporary or error.code == MUTATION or attempt == self.attempts:
                    raise
                self.sleep(_wait(attempt, error.wait_seconds))
        raise AssertionError  # pragma: no cover - the last attempt returned or raised

    def _call_once(self, method: str, request: object) -> dict[str, Any]:
        import urllib3  # noqa: PLC0415 - the library's own transport
        from plaid.exceptions import ApiException  # type: ignore[import-untyped]  # noqa: PLC0415

        api = self._library()
        try:
            getattr(api, method)(request, _request_timeout=TIMEOUT_SECONDS, _check_return_type=False)
        except ApiException as error:
            raise _told(error) from None
        except urllib3.exceptions.HTTPError as error:
            raise BankError(UNREACHABLE, is_temporary=True) from error
        except (TypeError, ValueError, AttributeError):
            if api.api_client.last_response is None:
                raise
        return _answer(api.api_client.last_response.data)

    def _library(self) -> PlaidApi:
        import plaid  # type: ignore[import-untyped]  # noqa: PLC0415 - a second, wanted only where a bank is asked
        from plaid.api.plaid_api import PlaidApi  # noqa: PLC0415

        keys = {"clientId": self.client_id, "secret": self.secret, "plaidVersion": "2020-09-14"}
        configuration = plaid.Configuration(host=self.url, api_key=keys)
        configuration.retries = False
        client = plaid.ApiClient(configuration)
        client.last_response = None
        return PlaidApi(client)


def _answer(content: str | bytes) -> dict[str, Any]:
    """The answer with its numbers as written; raises BankError for what is no answer of Plaid."""
    try:
        answer = json.loads(content, parse_float=Decimal)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise BankError(UNREACHABLE, is_temporary=True)
    return answer


def _joined(pages: Iterator[dict[str, Any]]) -> FeedUpdate:
    changes: list[tuple[str, Mapping[str, Any]]] = []
    accounts: dict[str, Mapping[str, Any]] = {}
    cursor = ""
    for page in pages:
        for kind in ("added", "modified", "removed"):
            changes += [(kind, line) for line in page.get(kind) or ()]
        accounts |= {account["account_id"]: account for account in page.get("accounts") or ()}
        cursor = page["next_cursor"]
    return FeedUpdate(changes, accounts, cursor)


def _told(error: Any) -> BankError:  # noqa: ANN401 - the library has no types
    """The library's error as ours: its code, and whether it passes by itself."""
    try:
        body = json.loads(error.body or "")
    except (TypeError, ValueError):
        body = {}
    code = str(body.get("error_code") or "") if isinstance(body, dict) else ""
    kind = str(body.get("error_type") or "") if isinstance(body, dict) else ""
    if error.status == TOO_MANY or kind == "RATE_LIMIT_EXCEEDED":
        return BankError(RATE_LIMIT, is_temporary=True, wait_seconds=_retry_after(error))
    temporary = (error.status or 0) >= SERVER_ERROR or kind == "API_ERROR" or not error.status
    temporary = temporary or kind == "INSTITUTION_ERROR" or code in {"PRODUCT_NOT_READY", MUTATION}
    return BankError(code or UNREACHABLE, is_temporary=temporary and code not in NEEDS_PERSON)


TOO_MANY, SERVER_ERROR = 429, 500


def _retry_after(error: Any) -> float | None:  # noqa: ANN401
    text = (error.headers or {}).get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _wait(attempt: int, asked: float | None) -> float:
    """Seconds until the next attempt: what was asked for, else between half and all of a doubling wait."""
    longest = min(FIRST_WAIT_SECONDS * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS)
    jitter = random.uniform(longest / 2, longest)  # noqa: S311 - no secret
    return min(max(asked or 0.0, jitter), LONGEST_WAIT_SECONDS)
