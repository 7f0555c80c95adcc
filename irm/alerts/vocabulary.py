"""Stored words of what machines send, and how people call them. Pure."""

from typing import Final, Literal

from irm.i18n import N_

SourceKind = Literal["cloudevents", "alertmanager", "email"]
KINDS: Final = ("cloudevents", "alertmanager", "email")
KIND_NAMES: Final = {
    "cloudevents": N_("CloudEvents"),
    "alertmanager": N_("Prometheus Alertmanager"),
    "email": N_("E-mail"),
}
SEVERITIES: Final = ("critical", "major", "warning", "info", "unknown")
"""Gravest first. What a machine calls grave is no level of an incident: that is graded by rule."""
SEVERITY_NAMES: Final = {
    "critical": N_("critical, says the machine"),
    "major": N_("major, says the machine"),
    "warning": N_("warning"),
    "info": N_("for information"),
    "unknown": N_("severity not said"),
}
STATES: Final = ("firing", "resolved")
STATE_NAMES: Final = {"firing": N_("Firing"), "resolved": N_("Resolved, says the machine")}
VERDICTS: Final = ("open", "filed", "joined", "dismissed")
VERDICT_NAMES: Final = {
    "open": N_("To be judged"),
    "filed": N_("Became an incident"),
    "joined": N_("Added to an incident"),
    "dismissed": N_("Judged a false alarm"),
}
FAULT_NAMES: Final = {
    "unsigned": N_("without signature or password"),
    "bad_signature": N_("wrong signature or password"),
    "stale": N_("signature out of date"),
    "replayed": N_("another content under a used name"),
    "invalid": N_("content that cannot be read"),
    "sender": N_("sender not on the list"),
    "disabled": N_("sent while switched off"),
}
"""By code: why a message was not taken."""
