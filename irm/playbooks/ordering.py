"""How grave and how urgent a run is, by its facts, and in which order its work is done. Pure, but for the city's figures."""

from irm.notify import bundling
from irm.notify.policy import bundling as policy
from irm.playbooks.models import RunRow
from irm.playbooks.steps import Facts
from irm.playbooks.vocabulary import LOWEST, may_be


def severity_of(facts: Facts) -> int:
    """1 gravest … 4: what the incident's clocks run by, or the level that the obligation carries."""
    about: Facts = facts.get("obligation") or {}
    if "incident" in facts:
        return may_be(facts["incident"])
    return int(about.get("severity") or LOWEST)


def urgency_of(facts: Facts) -> int:
    """1 most urgent … 4: of an incident what is known of it (`notify/bundling.py`), of a duty what its subject said, of all
    else how grave it is."""
    incident = facts.get("incident")
    if incident is None:
        return int((facts.get("obligation") or {}).get("urgency") or severity_of(facts))
    reached, possible = int(incident.get("reached") or LOWEST), int(incident.get("possible") or LOWEST)
    return bundling.urgency_of(reached, possible, incident.get("assessed"), policy())


def priority_of(run: RunRow, facts: Facts | None = None, *, calls: bool = True) -> int:
    """Most urgent first, each after the pages that are as urgent (`notify/retries.py`); an exercise after all that is real.

    `facts`: how things stand now, where the run has yet to be told. `calls` False: nobody is called by it, so that it
    goes after all that calls."""
    urgency = run.urgency if facts is None else min(run.urgency, urgency_of(facts))
    if not calls:
        urgency = LOWEST
    return 2 * urgency + (2 * LOWEST if run.exercise else 0)
