"""Passkeys (WebAuthn): the device signs a challenge, and we hold nothing that could be stolen."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.auth.tokens import Tokens
from api.database import Work
from api.errors import RefusedIdentityError
from warehouse.settings import Settings

_ADD = """
insert into app.passkeys (user_id, credential_id, public_key, sign_count, name)
values (%(user_id)s, %(credential_id)s, %(public_key)s, %(sign_count)s, %(name)s)
on conflict (credential_id) do nothing
"""
_FIND = """
select public_key, sign_count from app.passkeys
where user_id = %(user_id)s and credential_id = %(credential_id)s for update
"""
_REMOVE = """
delete from app.passkeys where user_id = %(user_id)s and credential_id = %(credential_id)s
"""
_USED = """
update app.passkeys set sign_count = %(sign_count)s, last_used_at = now()
where user_id = %(user_id)s and credential_id = %(credential_id)s
"""


@dataclass(frozen=True)
class Passkeys:
    """One relying party and the origins that may speak for it."""

    domain: str
    origins: list[str]
    tokens: Tokens

    @classmethod
    def of(cls, settings: Settings, tokens: Tokens) -> Passkeys:
        """As configured."""
        origins = [part.strip() for part in settings.passkey_origins.split(",") if part.strip()]
        return cls(settings.passkey_domain, origins, tokens)

    def creation_options(self, user_id: UUID, email: str) -> dict[str, Any]:
        """What the device is asked to make, with the token that brings the challenge back."""
        import webauthn  # noqa: PLC0415 - cryptography, which few requests need
        from webauthn.helpers.structs import (  # noqa: PLC0415
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        options = webauthn.generate_registration_options(
            rp_id=self.domain,
            rp_name="MITA",
            user_id=user_id.bytes,
            user_name=email,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        return self._asked(webauthn.options_to_json(options), options.challenge, f"create:{user_id}")

    async def add(self, work: Work, user_id: UUID, answer: dict[str, Any], challenge: str, name: str) -> None:
        """Keep what the device made; raises RefusedIdentityError."""
        import webauthn  # noqa: PLC0415
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

        try:
            made = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=self.tokens.read_challenge(challenge, f"create:{user_id}"),
                expected_rp_id=self.domain,
                expected_origin=self.origins,
                require_user_verification=True,
            )
        except WebAuthnException:
            raise RefusedIdentityError from None
        added = await work.run(
            _ADD,
            user_id=user_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name,
        )
        if not added:
            raise RefusedIdentityError
        await work.audit("passkey_added")

    def request_options(self) -> dict[str, Any]:
        """What any device may sign, with the token that brings the challenge back."""
        import webauthn  # noqa: PLC0415
        from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

        options = webauthn.generate_authentication_options(
            rp_id=self.domain, user_verification=UserVerificationRequirement.REQUIRED
        )
        return self._asked(webauthn.options_to_json(options), options.challenge, "sign_in")

    async def user_of(self, work: Work, answer: dict[str, Any], challenge: str) -> UUID:
        """Whose device signed; raises RefusedIdentityError."""
        import webauthn  # noqa: PLC0415
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

        try:
            credential_id = webauthn.base64url_to_bytes(str(answer.get("id", "")))
        except ValueError:
            raise RefusedIdentityError from None
        found = await work.row("select app.find_passkey(%(id)s)", id=credential_id)
        if found is None or found[0] is None:
            raise RefusedIdentityError
        user_id: UUID = found[0]
        await work.become(user_id)
        row = await work.row(_FIND, user_id=user_id, credential_id=credential_id)
        if row is None:
            raise RefusedIdentityError
        try:
            proved = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=self.tokens.read_challenge(challenge, "sign_in"),
                expected_rp_id=self.domain,
                expected_origin=self.origins,
                credential_public_key=row[0],
                credential_current_sign_count=row[1],
                require_user_verification=True,
            )
        except WebAuthnException:
            raise RefusedIdentityError from None
        await work.run(_USED, user_id=user_id, credential_id=credential_id, sign_count=proved.new_sign_count)
        return user_id

    def _asked(self, options: str, challenge: bytes, purpose: str) -> dict[str, Any]:
        return {"options": json.loads(options), "challenge": self.tokens.challenge(challenge, purpose)}


async def remove_passkey(work: Work, user_id: UUID, passkey_id: str) -> bool:
    """Forget a device that was lost; its id is as the device writes it, in base64url."""
    credential_id = urlsafe_b64decode(f"{passkey_id}{'=' * (-len(passkey_id) % 4)}")
    if not await work.run(_REMOVE, user_id=user_id, credential_id=credential_id):
        return False
    await work.audit("passkey_removed")
    return True
