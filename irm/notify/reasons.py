"""Why a message did not go out, or nobody could be told: codes that are stored, words that are shown. Pure."""

from typing import Final

from irm.i18n import N_

REASONS: Final[dict[str, str]] = {
    # nobody to tell
    "nobody_on_duty": N_("nobody is on duty"),
    "no_roster": N_("the organization has no roster"),
    "nobody_holds_role": N_("nobody holds this role"),
    "other_systems": N_("whoever would be told works for other systems only"),
    "no_organization": N_("no organization has this part in the incident"),
    "not_joined": N_("the organization does not work in irm: call its duty telephone"),
    "unknown_target": N_("the target is not known"),
    "retired": N_("the person has left"),
    # no way to tell them
    "no_address": N_("no address for this channel"),
    "no_working_address": N_("no working address"),
    "not_built": N_("irm does not send by this channel"),
    "not_configured": N_("this channel is not configured"),
    "group_asked": N_("nobody in a group can answer for himself"),
    # not needed any more
    "acknowledged": N_("confirmed before it was sent"),
    "closed": N_("no longer needed"),
    # a drill
    "not_participant": N_("takes no part in the drill"),
    "no_drill": N_("no drill is under way for this"),
    "drill_over": N_("the drill is over"),
    # tried and failed
    "refused": N_("refused by the provider"),
    "exhausted": N_("every attempt failed"),
    "undelivered": N_("the carrier could not deliver it"),
    "no_answer": N_("nobody answered the call"),
    "busy": N_("the line was busy"),
    "circuit_open": N_("the provider is down: another way was taken"),
    "uncertain": N_("it may have been sent: a person must decide whether to send it again"),
}

WORTH_A_LOOK: Final = frozenset(REASONS) - {"acknowledged", "closed", "not_participant", "no_drill", "drill_over"}
"""Reasons that somebody should do something about."""
