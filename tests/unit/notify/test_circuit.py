"""A provider that fails is left alone for a while; an address gets no more than it can read."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from irm.notify.channels import CHANNELS
from irm.notify.circuit import Circuit, CircuitPolicy, Standing, after, probing, provider_of, standing
from irm.notify.policy import channel_policy
from irm.notify.throttle import Throttle, held_until

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = CircuitPolicy(failures=3, within=60 * SECOND, open_for=30 * SECOND, probe=10 * SECOND)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def failing(*seconds: float, outcome: str = "failed") -> Circuit:
    circuit = Circuit()
    for each in seconds:
        circuit = after(circuit, outcome, at(each), POLICY)
    return circuit


def test_so_many_failures_within_the_time_open_it() -> None:
    assert standing(failing(0, 1), at(1), POLICY) is Standing.CLOSED
    assert standing(failing(0, 1, 2), at(2), POLICY) is Standing.OPEN
    assert standing(failing(0, 1, 2, outcome="unknown"), at(2), POLICY) is Standing.OPEN
    assert standing(failing(0, 1, 70), at(70), POLICY) is Standing.CLOSED, "the first two are long ago"


def test_a_refusal_is_no_failure_of_the_provider_and_a_success_forgets_all() -> None:
    assert not failing(0, 1, 2, outcome="refused").failed
    assert after(failing(0, 1), "sent", at(2), POLICY) == Circuit()
    assert after(failing(0, 1), "not_configured", at(2), POLICY) == failing(0, 1)


def test_after_a_while_one_message_tries_and_only_one() -> None:
    circuit = failing(0, 1, 2)
    assert standing(circuit, at(31), POLICY) is Standing.OPEN
    assert standing(circuit, at(32), POLICY) is Standing.PROBING
    tried = probing(circuit, at(32), POLICY)
    assert standing(tried, at(33), POLICY) is Standing.OPEN
    assert standing(tried, at(42), POLICY) is Standing.PROBING, "whoever tried has died"


def test_the_one_that_tries_closes_it_or_opens_it_anew() -> None:
    tried = probing(failing(0, 1, 2), at(32), POLICY)
    assert standing(after(tried, "sent", at(33), POLICY), at(33), POLICY) is Standing.CLOSED
    again = after(tried, "failed", at(33), POLICY)
    assert standing(again, at(62), POLICY) is Standing.OPEN
    assert standing(again, at(63), POLICY) is Standing.PROBING


def test_failures_that_come_in_late_do_not_keep_it_open_longer() -> None:
    circuit = failing(0, 1, 2)
    for each in (3, 4, 5):
        circuit = after(circuit, "unknown", at(each), POLICY)
    assert standing(circuit, at(32), POLICY) is Standing.PROBING


outcomes = st.lists(st.tuples(st.sampled_from(["sent", "failed", "unknown", "refused"]), st.floats(0, 20)), max_size=40)


@given(outcomes)
def test_it_never_stays_open_for_ever_and_never_opens_without_failures(course: list[tuple[str, float]]) -> None:
    circuit, moment, in_a_row = Circuit(), NOW, 0
    for outcome, pause in course:
        moment += timedelta(seconds=pause)
        circuit = after(circuit, outcome, moment, POLICY)
        in_a_row = in_a_row + 1 if outcome in {"failed", "unknown"} else 0
        assert in_a_row >= POLICY.failures or not circuit.is_open
    later = moment + POLICY.open_for + POLICY.probe
    assert standing(circuit, later, POLICY) is not Standing.OPEN


def test_each_provider_has_its_own() -> None:
    own = {provider_of(name, "x") for name in CHANNELS}
    assert own == {*CHANNELS, None} - {"in_app"} - {"webhook"} | {"webhook"}
    assert provider_of("webhook", "https://a.example.invalid/x") != provider_of(
        "webhook", "https://b.example.invalid/x"
    )


LIMIT = {"sms": Throttle(3, 60 * SECOND)}


def test_notices_wait_at_an_address_that_has_had_enough_and_pages_never_do() -> None:
    rang = [at(-50), at(-5), at(-20)]
    assert held_until("notice", "sms", rang, NOW, LIMIT) == at(10)
    assert held_until("reminder", "sms", rang, NOW, LIMIT) == at(10)
    assert held_until("notice", "sms", rang[1:], NOW, LIMIT) is None
    assert held_until("notice", "email", rang, NOW, LIMIT) is None
    for purpose in ("page", "report"):
        assert held_until(purpose, "sms", rang * 50, NOW, LIMIT) is None


@given(st.lists(st.floats(-120, 0), max_size=20))
def test_who_waits_has_room_when_the_wait_is_over(ago: list[float]) -> None:
    rang = [at(each) for each in ago]
    until = held_until("notice", "sms", rang, NOW, LIMIT)
    if until is not None:
        assert until > NOW
        assert held_until("notice", "sms", rang, until, LIMIT) is None


def test_the_citys_figures_can_be_read() -> None:
    policy = channel_policy()
    assert policy.circuit.failures > 1
    assert set(policy.throttle) <= set(CHANNELS)
    assert policy.rings <= set(CHANNELS)
