"""Passkeys that are bound to another name than irm has now: browsers offer them nowhere, and who has nothing else is shut out."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from irm.access.relying import RelyingParty, relying_party
from irm.diagnosis import Finding
from irm.i18n import N_

PASSKEYS: Final = N_("Passkeys")


async def look_at_passkeys(connection: AsyncConnection, public_url: str) -> Finding:
    """For `irm doctor`: broken where somebody is shut out, weak where they have another second factor. Of accounts in use."""
    party = relying_party(public_url)
    own = party.id if isinstance(party, RelyingParty) else ""
    row = (
        await connection.execute(
            text(
                "SELECT count(*) AS every, count(*) FILTER (WHERE relying_party <> :own) AS elsewhere, "
                "count(DISTINCT account_id) FILTER (WHERE relying_party <> :own "
                "AND NOT EXISTS (SELECT FROM passkey o WHERE o.account_id = p.account_id AND o.relying_party = :own) "
                "AND NOT EXISTS (SELECT FROM second_factor f WHERE f.account_id = p.account_id "
                "AND f.confirmed_at IS NOT NULL)) AS shut_out "
                "FROM passkey p JOIN account a ON a.id = p.account_id WHERE a.disabled_at IS NULL"
            ),
            {"own": own},
        )
    ).one()
    context = {"count": row.elsewhere, "accounts": row.shut_out, "url": public_url}
    if row.shut_out:
        words = N_(
            "%(count)s cannot be used at %(url)s, and %(accounts)s account(s) have nothing else: their second factor must be reset."
        )
        return Finding(PASSKEYS, "broken", words, context)
    if row.elsewhere:
        words = N_("%(count)s cannot be used at %(url)s; their owners have another second factor.")
        return Finding(PASSKEYS, "weak", words, context)
    if not row.every:
        return Finding(PASSKEYS, "off", N_("Nobody has one."))
    return Finding(PASSKEYS, "good", N_("All can be used at %(url)s."), context)
