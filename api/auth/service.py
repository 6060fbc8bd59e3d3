"""Signing in, staying signed in, and looking after the account."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from anyio import CapacityLimiter, to_thread

from api.auth.factors import check_second_factor
from api.auth.google import GoogleSignIn
from api.auth.links import (
    RESET_MINUTES,
    VERIFY_MINUTES,
    forget_links,
    leads_to,
    mail_link,
    owner_of,
    use_link,
)
from api.auth.passkeys import Passkeys
from api.auth.password_rules import check_password
from api.auth.sessions import Device, end_session, enter, open_session, trade
from api.auth.tokens import Principal, TokenPair, Tokens
from api.database import Database, Statement, Work
from api.errors import (
    AddressTakenError,
    ReusedTokenError,
    WrongCredentialsError,
)
from warehouse.passwords import hash_password, needs_rehash, verify_password
from warehouse.sealing import Vault
from warehouse.settings import Settings

_FIND = Statement.of(
    "select user_id, password_hash, token_version from app.find_credentials(%(email)s::text)"
)
_NOBODY = (None, None, 0)
_ADD_USER = """
insert into app.users (user_id, email, password_hash, display_name, country, currency, timezone)
values (
    %(user_id)s, %(email)s, %(password_hash)s, %(name)s, %(country)s, %(currency)s, %(timezone)s
)
"""
_ADD_SETTINGS = """
insert into app.budget_settings (user_id, monthly_income_minor) values (%(user_id)s, %(income)s)
"""
_NEW_HASH = """
update app.users set password_hash = %(password_hash)s, token_version = token_version + %(revoke)s
where user_id = %(user_id)s
"""
_END_OTHERS = """
update app.sessions set ended_at = now()
where user_id = %(user_id)s and ended_at is null and session_id is distinct from %(kept)s
"""
#: Whatever lets somebody in, of whoever claimed an address without proving that it is theirs.
_DROP_WAYS_IN = (
    "delete from app.totp_secrets where user_id = %(user_id)s",
    "delete from app.recovery_codes where user_id = %(user_id)s",
    "delete from app.passkeys where user_id = %(user_id)s",
    "delete from app.external_identities where user_id = %(user_id)s",
)


def _one_per_core() -> CapacityLimiter:
    # More at once would take longer each, at 19 MiB apiece.
    return CapacityLimiter(os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What registering asks for; the currency is the country's unless it was said."""

    email: str
    password: str | None
    country: str
    currency: str
    timezone: str
    name: str = ""
    monthly_income_minor: int | None = None


@dataclass(frozen=True)
class SignIn:
    """Gives tokens to those who prove who they are."""

    database: Database
    tokens: Tokens
    vault: Vault
    google: GoogleSignIn
    passkeys: Passkeys
    app_url: str
    redirect_urls: tuple[str, ...]
    limiter: CapacityLimiter = field(default_factory=_one_per_core)

    @classmethod
    def of(cls, settings: Settings, database: Database) -> SignIn:
        """As configured."""
        tokens = Tokens.of(settings)
        return cls(
            database,
            tokens,
            Vault(settings.derived_key("vault")),
            GoogleSignIn.of(settings),
            Passkeys.of(settings, tokens),
            settings.app_url,
            tuple(part.strip() for part in settings.redirect_urls.split(",") if part.strip()),
        )

    async def with_password(self, email: str, password: str, code: str | None, device: Device) -> TokenPair:
        """Raises WrongCredentialsError, after as long for an address that nobody has."""
        user_id, password_hash, _ = await self.database.read(_FIND, {"email": email}) or _NOBODY
        matches = await to_thread.run_sync(verify_password, password_hash, password, limiter=self.limiter)
        if user_id is None or not matches:
            raise WrongCredentialsError
        stronger = await self._hash(password) if needs_rehash(password_hash) else None
        async with self.database.transaction() as work:
            await work.become(user_id)
            await check_second_factor(work, self.vault, user_id, code)
            if stronger is not None:
                await work.run(_NEW_HASH, user_id=user_id, password_hash=stronger, revoke=0)
            return await open_session(work, self.tokens, user_id, device, "password")

    async def register(self, account: NewAccount, device: Device) -> TokenPair:
        """Make a user and sign them in; raises WeakPasswordError or AddressTakenError."""
        check_password(account.password or "", account.email)
        password_hash = await self._hash(account.password or "")
        async with self.database.transaction() as work:
            user_id = await _add_user(work, account, password_hash)
            await mail_link(work, user_id, "verify_email", VERIFY_MINUTES, self.app_url)
            return await open_session(work, self.tokens, user_id, device, "registration")

    async def with_google(self, id_token: str, code: str | None, device: Device) -> TokenPair:
        """Sign in as whom Google names; an address seen for the first time becomes a user.

        Google's word is one factor: whoever set up a second one here is asked for it.
        """
        identity = await self.google.identity(id_token)
        key = {"issuer": "google", "subject": identity.subject}
        async with self.database.transaction() as work:
            row = await work.row("select app.find_external_identity(%(issuer)s, %(subject)s)", **key)
            user_id = row[0] if row else None
            if user_id is None:
                user_id = await self._adopt(work, identity.email, identity.name, key)
            await work.become(user_id)
            await check_second_factor(work, self.vault, user_id, code)
            return await open_session(work, self.tokens, user_id, device, "google")

    async def with_passkey(self, answer: Mapping[str, Any], challenge: str, device: Device) -> TokenPair:
        """Sign in by a device's signature; a passkey is two factors in one."""
        async with self.database.transaction() as work:
            user_id = await self.passkeys.user_of(work, dict(answer), challenge)
            return await open_session(work, self.tokens, user_id, device, "passkey")

    async def with_refresh_token(self, token: str) -> TokenPair:
        """Raises InvalidTokenError, ExpiredTokenError, RevokedTokenError or ReusedTokenError."""
        principal, refresh_id = self.tokens.read_refresh(token)
        async with self.database.transaction() as work:
            await work.become(principal.user_id)
            pair = await trade(work, self.tokens, principal, refresh_id)
        if pair is None:
            raise ReusedTokenError
        return pair

    async def end(self, principal: Principal) -> None:
        """Sign out: the session's tokens count no longer."""
        async with self.database.transaction() as work:
            await work.become(principal.user_id)
            await end_session(work, principal.user_id, principal.session_id, "signed_out")

    async def forget_password(self, email: str, redirect_url: str | None) -> None:
        """Mail a link to whoever has this address; nobody is told whether somebody does."""
        user_id, _, _ = await self.database.read(_FIND, {"email": email}) or _NOBODY
        if user_id is None:
            return
        async with self.database.transaction() as work:
            await work.become(user_id)
            await mail_link(work, user_id, "reset_password", RESET_MINUTES, self._target(redirect_url))

    async def check_link(self, token: str, purpose: str) -> UUID:
        """Whose link it is; raises InvalidLinkError."""
        async with self.database.transaction() as work:
            return await owner_of(work, token, purpose)

    async def reset_password(self, token: str, password: str) -> None:
        """Set a new password by a mailed link; every session ends."""
        await self.check_link(token, "reset_password")
        check_password(password, "")
        password_hash = await self._hash(password)
        async with self.database.transaction() as work:
            user_id = await use_link(work, token, "reset_password")
            await forget_links(work, user_id)
            await work.run(_NEW_HASH, user_id=user_id, password_hash=password_hash, revoke=1)
            await work.run(_END_OTHERS, user_id=user_id, kept=None)
            await work.audit("password_reset")

    async def verify_email(self, token: str) -> None:
        """Note that the address is the user's own."""
        async with self.database.transaction() as work:
            user_id = await use_link(work, token, "verify_email")
            await work.run(
                "update app.users set email_verified_at = now() where user_id = %(user_id)s", user_id=user_id
            )
            await work.audit("email_verified")

    async def change_password(self, principal: Principal, current: str, new: str) -> None:
        """Raises WrongCredentialsError or WeakPasswordError; the user's other sessions end."""
        email = await self.confirm(principal, current)
        check_password(new, email)
        password_hash = await self._hash(new)
        async with self.database.transaction() as work:
            await enter(work, principal)
            await work.run(_NEW_HASH, user_id=principal.user_id, password_hash=password_hash, revoke=0)
            await work.run(_END_OTHERS, user_id=principal.user_id, kept=principal.session_id)
            await forget_links(work, principal.user_id)
            await work.audit("password_changed")

    async def confirm(self, principal: Principal, password: str) -> str:
        """The user's address, once they have proved that it is still they; raises WrongCredentialsError."""
        async with self.database.transaction() as work:
            await enter(work, principal)
            row = await work.row(
                "select email, password_hash from app.users where user_id = %(user_id)s",
                user_id=principal.user_id,
            )
        email, password_hash = row or ("", None)
        if not await to_thread.run_sync(verify_password, password_hash, password, limiter=self.limiter):
            raise WrongCredentialsError
        return str(email)

    async def _hash(self, password: str) -> str:
        return await to_thread.run_sync(hash_password, password, limiter=self.limiter)

    async def _adopt(self, work: Work, email: str, name: str, key: dict[str, str]) -> UUID:
        """The user of an address that Google has verified: linked where one has it, else made.

        An address that was not verified here may be somebody else's claim, who loses every way in.
        """
        row = await work.row("select user_id from app.find_credentials(%(email)s)", email=email)
        if row is None:
            user_id = await _add_user(work, NewAccount(email, None, "", "EUR", "UTC", name), None)
        else:
            user_id = row[0]
            await work.become(user_id)
            await _drop_claim(work, user_id)
        await work.run(
            "update app.users set email_verified_at = coalesce(email_verified_at, now()) "
            "where user_id = %(user_id)s",
            user_id=user_id,
        )
        await work.run(
            "insert into app.external_identities (user_id, issuer, subject) "
            "values (%(user_id)s, %(issuer)s, %(subject)s) "
            "on conflict (user_id, issuer) do update set subject = excluded.subject",
            user_id=user_id,
            **key,
        )
        await work.audit("identity_linked", issuer=key["issuer"])
        return user_id

    def _target(self, url: str | None) -> str:
        """Where a link in a mail leads: where the client asks for, if that is a place of ours."""
        places = (self.app_url, *self.redirect_urls)
        return url if url is not None and any(leads_to(url, place) for place in places) else self.app_url


async def _add_user(work: Work, account: NewAccount, password_hash: str | None) -> UUID:
    row = await work.row("select uuidv7()")
    user_id: UUID = (row or ())[0]
    await work.become(user_id)
    try:
        await work.run(
            _ADD_USER,
            user_id=user_id,
            email=account.email,
            password_hash=password_hash,
            name=account.name,
            country=account.country,
            currency=account.currency,
            timezone=account.timezone,
        )
    except psycopg.errors.UniqueViolation:
        raise AddressTakenError from None
    await work.run(_ADD_SETTINGS, user_id=user_id, income=account.monthly_income_minor)
    await work.audit("registered")
    return user_id


async def _drop_claim(work: Work, user_id: UUID) -> None:
    """Take from whoever has an address that was never verified what would let them in again."""
    claimed = await work.run(
        "update app.users set password_hash = null, token_version = token_version + 1 "
        "where user_id = %(user_id)s and email_verified_at is null",
        user_id=user_id,
    )
    if not claimed:
        return
    for statement in _DROP_WAYS_IN:
        await work.run(statement, user_id=user_id)
    await work.run(_END_OTHERS, user_id=user_id, kept=None)
    await forget_links(work, user_id)
