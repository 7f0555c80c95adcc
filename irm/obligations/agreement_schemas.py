"""Wire types of agreement."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from irm.obligations.schemas import ContactMeans


class Agree(Struct, forbid_unknown_fields=True, frozen=True):
    """`organization` agrees. Without `means` by one of its own people in irm; else as it was said outside irm."""

    organization: UUID
    means: ContactMeans | None = None
    who: str = ""
    said: str = ""
    stated_at: datetime | None = None
