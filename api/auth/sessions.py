"""Sessions: one per sign-in, whose refresh token is traded for the next and betrays a thief."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

from api.auth.tokens import REFRESH_LIFETIME, Principal, TokenPair, Tokens
from api.database import Work
from api.errors import RevokedTokenError, SignInAgainError

#: However often its tokens are renewed, a session asks for a sign-in again after this time.
SESSION_LIFETIME = timedelta(days=180)
#: How long the last refresh token still counts, because the answer with the new one may have been lost.
GRACE_SECONDS = 20
#: For how long a sign-in is enough to change what signs somebody in.
RECENT = timedelta(minutes=15)

_OPEN = """
with account as (
    select token_version, is_premium, is_admin, email from app.users where user_id = %(user_id)s
),
known as (
    select count(*) as others, bool_or(device = %(device)s and address = %(address)s) as is_known
    from app.sessions where user_id = %(user_id)s
),
opened as (
    insert into app.sessions (user_id, session_id, refresh_id, device, address, expires_at)
    values (
        %(user_id)s, %(session_id)s, %(refresh_id)s, %(device)s, %(address)s, now() + %(lifetime)s
    )
)
select account.token_version, account.is_premium, account.is_admin, account.email,
    known.others > 0 and not known.is_known as is_new_device
from account cross join known
"""
_TRADED = """
select
    users.token_version, users.is_premium, users.is_admin, session.refresh_id,
    session.refresh_id = %(given)s as is_current,
    coalesce(session.previous_refresh_id = %(given)s, false)
        and session.rotated_at > now() - make_interval(secs => %(grace)s) as is_lost_reply,
    session.ended_at is null and session.expires_at > now() as is_open
from app.sessions as session
inner join app.users as users on session.user_id = users.user_id
where session.user_id = %(user_id)s and session.session_id = %(session_id)s
for update of session
"""
_ROTATE = """
update app.sessions
set previous_refresh_id = refresh_id, refresh_id = %(refresh_id)s, rotated_at = now(),
    expires_at = least(now() + %(lifetime)s, created_at + %(longest)s)
where user_id = %(user_id)s and session_id = %(session_id)s
"""
_END = """
update app.sessions set ended_at = now()
where user_id = %(user_id)s and session_id = %(session_id)s and ended_at is null
"""
_ALERT = """
insert into ops.outbox (user_id, kind, recipient, payload)
values (
    %(user_id)s, 'new_device', %(email)s,
    jsonb_build_object('device', %(device)s::text, 'address', %(address)s::text)
)
"""
# The first step sets who writes until the end of the transaction, the second looks: in any other order
# row-level security would show nothing.
_ENTER = """
select users.currency
from (select set_config('mita.user_id', %(user_id)s::text, true)::uuid as user_id offset 0) as signed_in
cross join lateral (
    select account.currency
    from app.users as account
    inner join app.sessions as session on account.user_id = session.user_id
    where account.user_id = signed_in.user_id and account.token_version = %(version)s
        and session.session_id = %(session_id)s and session.ended_at is null
    offset 0
) as users
"""


_IS_RECENT = """
select created_at > now() - %(recent)s from app.sessions
where user_id = %(user_id)s and session_id = %(session_id)s
"""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a sign-in comes from, as it shows itself."""

    name: str  # the User-Agent, shortened
    address: str


async def open_session(work: Work, tokens: Tokens, user_id: UUID, device: Device, method: str) -> TokenPair:
    """Sign a user in who has just proved who they are; a device not seen before is told of by mail."""
    session_id, refresh_id = uuid4(), uuid4()
    seen = {"device": device.name, "address": device.address}
    row = await work.row(
        _OPEN,
        user_id=user_id,
        session_id=session_id,
        refresh_id=refresh_id,
        lifetime=REFRESH_LIFETIME,
        **seen,
    )
    if row is None:
        raise RevokedTokenError
    version, is_premium, is_admin, email, is_new_device = row
    if is_new_device:
        await work.run(_ALERT, user_id=user_id, email=email, **seen)
    await work.audit("signed_in", method=method, session=str(session_id), new_device=is_new_device)
    principal = Principal(user_id, version, session_id, scopes_of(is_premium, is_admin))
    return tokens.pair(principal, refresh_id)


async def trade(work: Work, tokens: Tokens, given: Principal, refresh_id: UUID) -> TokenPair | None:
    """The next pair for a refresh token; None, with the session ended, when the token was used before.

    Raises RevokedTokenError when the session has ended or the user's tokens were revoked.
    """
    key = {"user_id": given.user_id, "session_id": given.session_id}
    row = await work.row(_TRADED, given=refresh_id, grace=GRACE_SECONDS, **key)
    if row is None:
        raise RevokedTokenError
    version, is_premium, is_admin, current_id, is_current, is_lost_reply, is_open = row
    if not is_open or version != given.token_version:
        raise RevokedTokenError
    if not is_current and not is_lost_reply:
        await end_session(work, given.user_id, given.session_id, "refresh_token_reused")
        return None
    next_id = uuid4() if is_current else current_id
    if is_current:
        await work.run(
            _ROTATE, refresh_id=next_id, lifetime=REFRESH_LIFETIME, longest=SESSION_LIFETIME, **key
        )
    principal = Principal(given.user_id, version, given.session_id, scopes_of(is_premium, is_admin))
    return tokens.pair(principal, next_id)


async def end_session(work: Work, user_id: UUID, session_id: UUID, reason: str) -> bool:
    """End a session; its tokens count no longer, from the next request on."""
    ended = await work.run(_END, user_id=user_id, session_id=session_id)
    if ended:
        await work.audit("session_ended", session=str(session_id), reason=reason)
    return bool(ended)


async def enter(work: Work, principal: Principal) -> Work:
    """Let a signed-in user's statements see their rows; raises RevokedTokenError."""
    row = await work.row(
        _ENTER,
        user_id=str(principal.user_id),
        version=principal.token_version,
        session_id=principal.session_id,
    )
    if row is None:
        raise RevokedTokenError
    return replace(work, currency=row[0])


async def check_recent(work: Work, principal: Principal) -> None:
    """Raises SignInAgainError unless this session began with a sign-in a short while ago."""
    row = await work.row(
        _IS_RECENT, user_id=principal.user_id, session_id=principal.session_id, recent=RECENT
    )
    if row is None or not row[0]:
        raise SignInAgainError


def scopes_of(is_premium: bool, is_admin: bool) -> tuple[str, ...]:  # noqa: FBT001 - two columns of a row
    """What a user's tokens may do."""
    return ("user", *(("premium",) if is_premium else ()), *(("admin",) if is_admin else ()))
