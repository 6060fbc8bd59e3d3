"""Mailed links: each works once, for one purpose, and leads to places of ours only."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from api.database import Work
from api.errors import InvalidLinkError
from api.secrets import new_token, token_hash

RESET_MINUTES, VERIFY_MINUTES = 30, 24 * 60

_ADD = """
insert into app.one_time_tokens (user_id, token_hash, purpose, expires_at)
values (%(user_id)s, %(token_hash)s, %(purpose)s, now() + make_interval(mins => %(minutes)s))
"""
_MAIL = """
insert into ops.outbox (user_id, kind, recipient, payload)
select user_id, %(kind)s, email, jsonb_build_object('link', %(link)s::text)
from app.users where user_id = %(user_id)s
"""
_USE = """
update app.one_time_tokens set used_at = now()
where user_id = %(user_id)s and token_hash = %(token_hash)s and used_at is null
"""
_FORGET = "delete from app.one_time_tokens where user_id = %(user_id)s and used_at is null"


async def mail_link(work: Work, user_id: UUID, purpose: str, minutes: int, target: str) -> None:
    """Leave a mail with a link; the flow ``deliver-mail`` sends it."""
    token = new_token()
    await work.run(_ADD, user_id=user_id, token_hash=token_hash(token), purpose=purpose, minutes=minutes)
    mark = "&" if "?" in target else "?"
    link = f"{target}{mark}purpose={purpose}&token={token}"
    await work.run(_MAIL, user_id=user_id, kind=purpose, link=link)
    await work.audit("link_mailed", purpose=purpose)


async def owner_of(work: Work, token: str, purpose: str) -> UUID:
    """Whose link it is; raises InvalidLinkError."""
    row = await work.row(
        "select app.find_one_time_token(%(token_hash)s, %(purpose)s)",
        token_hash=token_hash(token),
        purpose=purpose,
    )
    if row is None or row[0] is None:
        raise InvalidLinkError
    user_id: UUID = row[0]
    return user_id


async def use_link(work: Work, token: str, purpose: str) -> UUID:
    """The same, who from here on acts, and whose link has been used; raises InvalidLinkError."""
    user_id = await owner_of(work, token, purpose)
    await work.become(user_id)
    if not await work.run(_USE, user_id=user_id, token_hash=token_hash(token)):
        raise InvalidLinkError
    return user_id


async def forget_links(work: Work, user_id: UUID) -> None:
    """Links that are still on their way count no longer: they speak of a password or address of before."""
    await work.run(_FORGET, user_id=user_id)


def leads_to(url: str, place: str) -> bool:
    """Whether an address lies at or below a place: the same scheme, host and port, and its path or deeper."""
    try:
        asked, ours = urlsplit(url), urlsplit(place)
    except ValueError:
        return False
    below = ours.path.rstrip("/")
    return (
        (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc)
        and f"{asked.path}/".startswith(f"{below}/")
        and ".." not in asked.path.split("/")
    )
