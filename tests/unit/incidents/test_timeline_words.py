"""No line of an incident's timeline stands there as a machine's word."""

import re

from irm.incidents.timeline import WORDS
from tests.architecture.sources import modules

TOLD = re.compile(r"\"((?:incident|obligation|submission|contact|run|delivery|task|evidence)\.[a-z_]+)\"")
WRITES = re.compile(r"\b(?:Event|tell|_tell)\(")
NOT_OF_AN_INCIDENT = {"incident.refused", "run.rescaled"}


def test_every_action_of_an_incident_has_a_name() -> None:
    written = {
        action
        for module in modules()
        for call in WRITES.finditer(module.text)
        for action in TOLD.findall(module.text[call.end() : call.end() + 80])
    }
    assert "submission.edited" in written, "the search finds what is written"
    assert not written - set(WORDS) - NOT_OF_AN_INCIDENT
