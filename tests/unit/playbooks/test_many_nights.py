"""What the machine finds rarely, because it likes what is short: long nights, each by its number."""

from random import Random

from hypothesis import settings

from tests.unit.playbooks.test_engine_machine import Engine

NIGHTS = 8
"""For each example that the profile asks for."""


def test_many_nights() -> None:
    for number in range(NIGHTS * settings().max_examples):
        chance = Random(number)
        night = Engine()
        try:
            night.it_begins(number)
            for _ in range(chance.randint(2, 6)):
                night.a_busy_hour(chance.getrandbits(32))
                night.the_process_dies()
                if chance.random() < 0.2:
                    night.everything_is_down(chance.randint(2, 30))
            night.teardown()
        except Exception as error:
            error.add_note(f"night {number}")
            raise
