"""What comes from outside is read as it is, or not at all."""

from irm.outside import Answer


def test_an_answer_that_is_no_text_has_no_fields() -> None:
    """JSON in form, and bytes that are no UTF-8 in it: no channel may stumble over it."""
    assert Answer(200, b'{"code": "\xd0A"}').fields() is None
    assert Answer(200, b'{"\xd0": 1}').fields() is None
    assert Answer(200, b'{"code": 0}').fields() == {"code": 0}
    assert Answer(200, b'{"code": 0}', is_cut=True).fields() is None
