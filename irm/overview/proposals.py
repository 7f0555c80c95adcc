"""Measures that irm proposes because the day on a finding passed."""

from irm.access.policy import Principal
from irm.db import Tx
from irm.findings import queries as findings
from irm.findings.lifecycle import PROPOSAL_NAMES
from irm.overview.board import Need


async def proposals(tx: Tx, principal: Principal) -> list[Need]:
    """约谈 and 通报 that irm proposes because the day on a finding passed; a person decides."""
    return [
        Need(
            "proposal",
            proposal.id,
            one.title,
            one.number,
            f"/findings/{one.number}#proposals",
            proposal.proposed_at,
            reasons=(PROPOSAL_NAMES[proposal.kind],),
        )
        for one, proposal in await findings.proposals_waiting(tx, principal)
    ]
