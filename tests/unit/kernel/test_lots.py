"""What a hand at the worker gets at a time."""

from uuid import UUID

from irm.handing_over import LOT, Handed, Lot, lots


def ids(*numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=n) for n in numbers)


def test_what_is_as_urgent_on_one_channel_goes_together() -> None:
    handed = [
        Handed(UUID(int=1), "urgent", 1, "sms"),
        Handed(UUID(int=2), "urgent", 3, "sms"),
        Handed(UUID(int=3), "urgent", 3, "email"),
        Handed(UUID(int=4), "urgent", 3, "sms"),
        Handed(UUID(int=5), "normal", 3, "sms"),
    ]
    assert lots(handed) == [
        Lot(ids(1), "urgent", 1),
        Lot(ids(2, 4), "urgent", 3),
        Lot(ids(3), "urgent", 3),
        Lot(ids(5), "normal", 3),
    ]


def test_what_has_no_channel_goes_by_itself() -> None:
    handed = [Handed(UUID(int=n), "normal", 50, None) for n in (1, 2)]
    assert lots(handed) == [Lot(ids(1), "normal", 50), Lot(ids(2), "normal", 50)]


def test_no_lot_is_larger_than_one_hand_does() -> None:
    handed = [Handed(UUID(int=n), "urgent", 3, "sms") for n in range(2 * LOT + 1)]
    assert [len(each.job_ids) for each in lots(handed)] == [LOT, LOT, 1]
    assert [job_id for each in lots(handed) for job_id in each.job_ids] == [each.job_id for each in handed]
