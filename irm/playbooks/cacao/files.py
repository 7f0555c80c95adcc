"""CACAO documents of the versions that this city has published, and which playbooks a document may name here."""

from collections.abc import Mapping
from typing import Final

from irm.access import queries as access
from irm.access.policy import AUTHORITY
from irm.db import Tx
from irm.i18n import Translator
from irm.playbooks.cacao.export import Exported, Stamp, export
from irm.playbooks.cacao.vocabulary import playbook_identifier
from irm.playbooks.language import read_playbook
from irm.playbooks.versions import Version, chosen, versions

CITY: Final = "city"


async def export_version(tx: Tx, playbook_id: str, version: int | None, t: Translator) -> tuple[Exported, Version]:
    """`version` None: the active one, else the newest. Raises NotFound."""
    found = await versions(tx, playbook_id)
    one = chosen(found, version)
    code, name = await _producer(tx)
    created = min(found, key=lambda each: each.version).published_at
    stamp = Stamp(one.version, created, one.published_at, code, name)
    return export(read_playbook(one.source, file=f"{playbook_id}.yaml"), stamp, t), one


async def known_playbooks(tx: Tx) -> Mapping[str, str]:
    """CACAO id → id of a playbook of this city, for documents that this city has exported."""
    code, _ = await _producer(tx)
    return {playbook_identifier(code, one.playbook_id): one.playbook_id for one in await versions(tx) if one.active}


async def _producer(tx: Tx) -> tuple[str, str]:
    """Code and name of the cloud authority of the city; two empty texts before there is one."""
    found = await access.organizations(tx, kinds=[AUTHORITY])
    own = next((one for one in found if one.tier == CITY), found[0] if found else None)
    return (own.code, own.name) if own is not None else ("", "")
