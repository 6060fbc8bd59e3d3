"""A local server that speaks as much of Plaid's API as we use, for the real client library to talk to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ACCOUNT = "BxBXxLj1m4HMXBm9WZZmCWVbPjX16EHwv99vp"
CARD = "dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK"


def account(id_: str = ACCOUNT, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """An account as Plaid describes it; a current account unless told otherwise."""
    return {
        "account_id": id_,
        "balances": {
            "available": 100.0,
            "current": 110.25,
            "limit": None,
            "iso_currency_code": "USD",
            "unofficial_currency_code": None,
        },
        "mask": "0000",
        "name": "Plaid Checking",
        "official_name": "Plaid Gold Standard 0% Interest Checking",
        "subtype": "checking",
        "type": "depository",
        **changes,
    }


def line(id_: str, amount: float, day: str, text: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A transaction as Plaid describes it: positive amounts leave the account."""
    return {
        "transaction_id": id_,
        "account_id": ACCOUNT,
        "amount": amount,
        "iso_currency_code": "USD",
        "unofficial_currency_code": None,
        "date": day,
        "authorized_date": day,
        "name": text.title(),
        "original_description": text,
        "merchant_name": None,
        "pending": False,
        "pending_transaction_id": None,
        "payment_channel": "in store",
        "category": ["Shops"],
        "personal_finance_category": {"primary": "GENERAL_MERCHANDISE", "detailed": "SOMETHING_NEW"},
        **changes,
    }


@dataclass(repr=False)
class FakePlaid:
    """One item with a feed, of which ``released`` events are visible, in pages of ``page`` events."""

    accounts: list[dict[str, Any]] = field(default_factory=lambda: [account()])
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    released: int | None = None
    page: int = 500
    item_id: str = "item-1"
    access_token: str = "access-sandbox-1"  # noqa: S105
    failures: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    key_id: str = "key-1"
    removed: bool = False

    def __repr__(self) -> str:
        return f"FakePlaid({self.item_id}: {len(self.events)} events, {len(self.calls)} calls)"

    def add(self, *lines: dict[str, Any]) -> None:
        """The bank has new transactions."""
        self.events += [("added", each) for each in lines]

    def modify(self, *lines: dict[str, Any]) -> None:
        """The bank says something else of transactions."""
        self.events += [("modified", each) for each in lines]

    def remove(self, *ids: str) -> None:
        """The bank takes transactions back."""
        self.events += [("removed", {"transaction_id": id_, "account_id": ACCOUNT}) for id_ in ids]

    def fail(self, path: str, code: str, kind: str = "ITEM_ERROR", status: int = 400) -> None:
        """Let the next call of an endpoint fail."""
        error = {"error_type": kind, "error_code": code, "error_message": "no", "display_message": None}
        self.failures[path].append((status, error))

    def signed(self, body: bytes, *, age: float = 0, **header: str) -> str:
        """What Plaid sends beside a webhook's body."""
        claims = {"iat": int(time.time() - age), "request_body_sha256": hashlib.sha256(body).hexdigest()}
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": self.key_id, **header})

    def answer(self, path: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What the server says."""
        self.calls.append((path, asked))
        if self.failures[path]:
            return self.failures[path].pop(0)
        if asked.get("client_id", "id") != "id" or asked.get("secret", "secret") != "secret":
            return 400, {"error_type": "INVALID_INPUT", "error_code": "INVALID_API_KEYS"}
        if not asked.get("public_token", "public-").startswith("public-"):
            return 400, {"error_type": "INVALID_INPUT", "error_code": "INVALID_PUBLIC_TOKEN"}
        if asked.get("access_token", self.access_token) != self.access_token or self.removed:
            return 400, {"error_type": "INVALID_INPUT", "error_code": "INVALID_ACCESS_TOKEN"}
        return 200, getattr(self, path.strip("/").replace("/", "_"))(asked) | {"request_id": "r"}

    def transactions_sync(self, asked: dict[str, Any]) -> dict[str, Any]:
        start = int(asked.get("cursor") or 0)
        released = len(self.events) if self.released is None else self.released
        end = min(start + min(self.page, asked["count"]), released)
        found: dict[str, list[dict[str, Any]]] = {"added": [], "modified": [], "removed": []}
        # Within a page the order of the three lists is all that is told: a page ends where they would mix.
        ranks = {"added": 0, "modified": 1, "removed": 2}
        highest = 0
        for place, (kind, event) in enumerate(self.events[start:end], start=start):
            if ranks[kind] < highest:
                end = place
                break
            highest = ranks[kind]
            found[kind].append(event)
        return {
            **found,
            "accounts": self.accounts,
            "next_cursor": str(end),
            "has_more": end < released,
            "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
        }

    def accounts_get(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"accounts": self.accounts, "item": {"item_id": self.item_id}}

    def link_token_create(self, asked: dict[str, Any]) -> dict[str, Any]:
        token = f"link-sandbox-{asked['user']['client_user_id']}"
        return {"link_token": token, "expiration": "2030-01-01T00:00:00Z"}

    def item_public_token_exchange(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"access_token": self.access_token, "item_id": self.item_id}

    def item_get(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"item": {"item_id": self.item_id, "institution_id": "ins_1"}, "status": None}

    def institutions_get_by_id(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"institution": {"institution_id": "ins_1", "name": "First Platypus Bank"}}

    def item_remove(self, _: dict[str, Any]) -> dict[str, Any]:
        self.removed = True
        return {}

    def webhook_verification_key_get(self, asked: dict[str, Any]) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        x, y = (
            base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()
            for number in (numbers.x, numbers.y)
        )
        key = {"alg": "ES256", "crv": "P-256", "kid": asked["key_id"], "kty": "EC", "use": "sig"}
        return {"key": {**key, "x": x, "y": y, "created_at": 1560466150, "expired_at": None}}


@contextmanager
def serving(fake: FakePlaid) -> Iterator[str]:
    """The fake on a local port; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = json.loads(body or b"{}")
            asked |= {"client_id": self.headers["PLAID-CLIENT-ID"], "secret": self.headers["PLAID-SECRET"]}
            status, answer = fake.answer(self.path, asked)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
