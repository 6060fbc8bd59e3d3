"""What users see of their own security, and everything that is kept of them."""

from __future__ import annotations

from api.documents import Document

SECURITY_STATUS = Document("""
select json_build_object(
    'has_password', reader.has_password,
    'email_verified', reader.email_verified_at is not null,
    'two_factor_enabled', exists (
        select from app.totp_secrets as secret
        where secret.user_id = reader.user_id and secret.confirmed_at is not null
    ),
    'recovery_codes_left', (
        select count(*) from app.recovery_codes as code
        where code.user_id = reader.user_id and code.used_at is null
    ),
    'passkeys', (select count(*) from app.passkeys as passkey where passkey.user_id = reader.user_id),
    'active_sessions', (
        select count(*) from app.sessions as session
        where session.user_id = reader.user_id and session.ended_at is null and session.expires_at > now()
    ),
    'recent_events', coalesce((
        select json_agg(json_build_object(
            'event', latest.event,
            'at', to_char(latest.happened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        ) order by latest.sequence desc)
        from (
            select log.* from ops.audit_log as log where log.user_id = reader.user_id
            order by log.sequence desc limit 20
        ) as latest
    ), '[]')
) as document
from reader
""")

SESSIONS = Document("""
select coalesce(json_agg(json_build_object(
    'id', session.session_id,
    'device', session.device,
    'address', session.address,
    'created_at', to_char(session.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'last_used_at', to_char(session.rotated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'is_current', session.session_id = %(current)s::uuid
) order by session.rotated_at desc), '[]') as document
from reader
inner join app.sessions as session on reader.user_id = session.user_id
where session.ended_at is null and session.expires_at > now()
""")

PASSKEYS = Document(r"""
select coalesce(json_agg(json_build_object(
    'id', translate(encode(passkey.credential_id, 'base64'), E'+/=\n', '-_'),
    'name', passkey.name,
    'created_at', to_char(passkey.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'last_used_at', to_char(passkey.last_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
) order by passkey.created_at), '[]') as document
from reader
inner join app.passkeys as passkey on reader.user_id = passkey.user_id
""")
