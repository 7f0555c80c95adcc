"""A test message: through the same queue, channel and provider as every other, to whoever asks for it, or to a group."""

from datetime import datetime
from uuid import UUID

from irm.access import queries as access
from irm.db import Actor, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.notify import contacts
from irm.notify.channels.protocol import TEST
from irm.notify.messages import About
from irm.notify.plan import BUILT, GROUPS, Recipient, Resolution, obstacle
from irm.notify.planning import channels_off
from irm.notify.service import notice

NO_ADDRESS = N_("You have no address on this channel.")


async def send_test(tx: Tx, channel: str, person_id: UUID, *, now: datetime, actor: Actor) -> UUID:
    """The delivery's id; once a second at most. Raises NotFound for no channel, Conflict for one that is not set up, Invalid
    where the reader has no address on it."""
    if channel not in BUILT:
        raise NotFound("There is no such channel.")
    if obstacle(channel, await channels_off(tx)) is not None:
        raise Conflict("This channel is not configured.")
    person = (await contacts.people(tx, [person_id])).get(person_id)
    if channel not in GROUPS and not (person and any(each.channel == channel for each in person.addresses)):
        raise Invalid(NO_ADDRESS, field="channel")
    joined = await access.organizations(tx, kinds=["cloud_authority"])
    desk = joined[0].id if joined else None
    who = person.recipient(desk, basis="person") if person else Recipient(desk)
    planned = await notice(
        tx,
        key=f"channel/{channel}/test/{person_id}/{now.isoformat(timespec='seconds')}",
        targets=Resolution((who,)),
        via=[channel],
        about=About(TEST, None, "/channels", matter="test"),
        subject=f"channel/{channel}",
        now=now,
        actor=actor,
    )
    if not planned.waiting:
        raise Conflict("A test message is on its way already.")
    return planned.waiting[0]
