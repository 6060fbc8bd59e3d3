"""The second factor: codes of an authenticator app (RFC 6238) and recovery codes for the day it is lost."""

from __future__ import annotations

import hmac
import secrets
import time
from uuid import UUID

from api.database import Work
from api.errors import SecondFactorNeededError, WrongSecondFactorError
from api.secrets import token_hash
from warehouse.sealing import Vault

STEP_SECONDS = 30
RECOVERY_CODES = 10

_FACTOR = """
select secret, last_step, confirmed_at is not null from app.totp_secrets where user_id = %(user_id)s
for update
"""
_KEEP = """
insert into app.totp_secrets (user_id, secret) values (%(user_id)s, %(secret)s)
on conflict (user_id) do update set secret = excluded.secret, last_step = 0, confirmed_at = null
where totp_secrets.confirmed_at is null
"""
_USED = """
update app.totp_secrets set last_step = %(step)s, confirmed_at = coalesce(confirmed_at, now())
where user_id = %(user_id)s
"""
_USE_RECOVERY = """
update app.recovery_codes set used_at = now()
where user_id = %(user_id)s and code_hash = %(code_hash)s and used_at is null
"""


async def begin_totp(work: Work, vault: Vault, user_id: UUID, email: str) -> dict[str, str] | None:
    """A new secret to put into an authenticator app; None when the user has a confirmed one."""
    import pyotp  # noqa: PLC0415 - few requests need it

    secret = pyotp.random_base32()
    if not await work.run(_KEEP, user_id=user_id, secret=vault.seal(secret)):
        return None
    return {"secret": secret, "uri": pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="MITA")}


async def confirm_totp(work: Work, vault: Vault, user_id: UUID, code: str) -> list[str]:
    """Turn the second factor on with a first code; gives the recovery codes, shown this once."""
    row = await work.row(_FACTOR, user_id=user_id)
    if row is None or not await _accept_totp(work, vault, user_id, code, row):
        raise WrongSecondFactorError
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
    await work.run("delete from app.recovery_codes where user_id = %(user_id)s", user_id=user_id)
    for recovery_code in codes:
        await work.run(
            "insert into app.recovery_codes (user_id, code_hash) values (%(user_id)s, %(code_hash)s)",
            user_id=user_id,
            code_hash=token_hash(recovery_code),
        )
    await work.audit("second_factor_on")
    return codes


async def end_totp(work: Work, vault: Vault, user_id: UUID, code: str) -> None:
    """Turn the second factor off with a code of it."""
    await check_second_factor(work, vault, user_id, code)
    await work.run("delete from app.totp_secrets where user_id = %(user_id)s", user_id=user_id)
    await work.run("delete from app.recovery_codes where user_id = %(user_id)s", user_id=user_id)
    await work.audit("second_factor_off")


async def check_second_factor(work: Work, vault: Vault, user_id: UUID, code: str | None) -> None:
    """Raises SecondFactorNeededError or WrongSecondFactorError where the user has one; each code once."""
    row = await work.row(_FACTOR, user_id=user_id)
    if row is None or not row[2]:
        return
    if code is None:
        raise SecondFactorNeededError({"methods": ["totp", "recovery_code"]})
    if await _accept_totp(work, vault, user_id, code, row):
        return
    if not await work.run(_USE_RECOVERY, user_id=user_id, code_hash=token_hash(code.strip().lower())):
        raise WrongSecondFactorError
    await work.audit("recovery_code_used")


async def _accept_totp(work: Work, vault: Vault, user_id: UUID, code: str, row: tuple[object, ...]) -> bool:
    """Whether it is the code of now, a step ago or a step ahead, and newer than the last one taken."""
    import pyotp  # noqa: PLC0415

    totp = pyotp.TOTP(vault.unseal(bytes(row[0])))  # type: ignore[call-overload]
    now = int(time.time()) // STEP_SECONDS
    for step in (now - 1, now, now + 1):
        matches = hmac.compare_digest(totp.at(step * STEP_SECONDS).encode(), code.strip().encode())
        if matches and step > int(str(row[1])):
            await work.run(_USED, user_id=user_id, step=step)
            return True
    return False
