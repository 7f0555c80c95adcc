"""Who is signed in and asks for what they may not do: the refusal is an entry (ASVS V16.3.2), once a minute for each account
and address of irm, so that a script that tries again and again does not fill the ledger.

What does not look like a refusal is none here: being asked again who one is, being led elsewhere first, and what is kept
from strangers by not being there at all (404); nor what has been entered as a refusal of its own kind.
"""

import structlog
from litestar.types import Scope
from sqlalchemy.exc import SQLAlchemyError

from irm.access.policy import Principal
from irm.access.rates import rates
from irm.db import SYSTEM, Database
from irm.errors import EnteredRefusal, FirstElsewhere, Forbidden, ProofNeeded, TooOften
from irm.ledger import Event, record

log = structlog.get_logger(__name__)


async def note(error: Exception, scope: Scope) -> None:
    """The application's hook after an exception: the request's own transaction is over, and nothing of it was stored.

    A database that is away takes nothing from the answer: it is refused all the same.
    """
    principal = scope.get("user")
    if not isinstance(error, Forbidden) or isinstance(error, EnteredRefusal | FirstElsewhere | ProofNeeded):
        return
    if not isinstance(principal, Principal):
        return
    app, route = scope["litestar_app"], f"{scope.get('method', '')} {scope.get('path_template', '')}"
    db: Database = app.state.db
    try:
        await rates(app).count(db, "refusal", str(principal.account_id), route)
        async with db.transaction(SYSTEM) as tx:
            subject = f"account/{principal.account_id}"
            body, private = {"route": route, "code": error.code}, {"path": scope["path"]}
            await record(tx, Event("access.refused", subject, db.clock.now(), principal.actor, body, private))
    except TooOften:
        return
    except (SQLAlchemyError, OSError, TimeoutError) as trouble:
        log.warning("a refusal was not written down", error=type(trouble).__name__)
