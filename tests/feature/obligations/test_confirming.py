"""A second person is offered the confirmation; the one who wrote the receipt down is not."""

from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night


async def test_only_somebody_else_is_offered_to_confirm(night: Night, sign_in: SignIn) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    receipt = await night.receipt(submitted)
    path = f"/submissions/{submitted}/receipt/{receipt}/confirm"
    for account, offered in ((night.officer, False), (night.second, True)):
        client = await sign_in(account)
        shown = await client.get(f"/submissions/{submitted}", headers={"accept": "text/html"})
        assert (path in shown.text) is offered
    assert (await client.post(path, headers={"accept": "text/html"})).status_code == 303
    assert path not in (await client.get(f"/submissions/{submitted}", headers={"accept": "text/html"})).text
