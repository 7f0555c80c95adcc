"""The one table: which event tells whom, which job is done by what, what recurs. Read from top to bottom it is the night."""

from datetime import time, timedelta
from typing import Final

import irm.evidence.models  # noqa: F401 - rows that others name by table must be known in every process
from irm import housekeeping, release
from irm.access import account_acts, glass, staff_posts
from irm.alerts import filing as alert_filing, grouping as alert_grouping
from irm.drills import evidence as drill_evidence, injecting, running
from irm.emergency.queries import WRITE, is_sheet_due
from irm.emergency.writing import WRITE_SHEET
from irm.evidence import packs, sequencer, standing_watch, witnesses
from irm.evidence.collecting import Provider
from irm.findings import evidence as finding_evidence, jobs as findings
from irm.incidents import (
    evidence_pack as incident_evidence,
    handover_calls,
    handover_timers,
    register_changes,
    report_items,
    reporting,
)
from irm.jobs import Inside, Outside
from irm.ledger import Subscription, Wiring
from irm.notify import (
    account_news,
    alive,
    altered_ledger,
    dead_work,
    delegation_news,
    glass_news,
    jobs as notify,
    mail_inbound,
    missed_work,
    proving,
    silent_channels,
    synthetic,
)
from irm.notify.policy import channel_policy
from irm.notify.rosters import planning as rosters
from irm.obligations import (
    asking,
    countersigning,
    evidence_pack as duty_evidence,
    handing,
    media_reminding,
    periodic,
    reminding,
    taken_roles,
)
from irm.oversight import directory_reminding, evidence as oversight_evidence, vetting
from irm.oversight.change_subjects import Changes
from irm.oversight.subjects import Organizations
from irm.overview import auditor, evidence_packs, rule_messages
from irm.playbooks import calling, inbox, jobs as playbooks, starting
from irm.reports import evidence as edition_evidence, making
from irm.schedule import Daily, Every, Recurring
from irm.systems import assessment_filing, filed, list_work, telling
from irm.systems.rule_register import RuleRegister
from irm.systems.subjects import Systems

GIVERS: Final[tuple[periodic.Giver, ...]] = (Systems(), Organizations(), Changes())
"""Who knows subjects that owe something through the year."""
OWING: Final = periodic.Owing(GIVERS)

JOBS: Final[dict[str, Inside | Outside]] = {
    alert_grouping.GROUP: Inside(alert_grouping.group),
    alert_grouping.FILE: Inside(alert_filing.file_by_rule),
    account_acts.JOB: account_acts.SUSPEND,
    staff_posts.JOB: Inside(staff_posts.end_of_leavers),
    directory_reminding.JOB: Inside(directory_reminding.remind),
    glass.END: Inside(glass.end_in_time),
    glass.ASK_FOR_REVIEW: Inside(glass.ask_for_review),
    "evidence.sequence": sequencer.SEQUENCE,
    "evidence.call_witnesses": Inside(witnesses.call_witnesses),
    "evidence.witness": witnesses.WITNESS,
    "evidence.verify": standing_watch.VERIFY,
    "evidence.make_pack": packs.MAKE,
    "findings.propose": Inside(findings.propose),
    WRITE: WRITE_SHEET,
    "kernel.housekeeping": Inside(housekeeping.sweep),
    "notify.deliver": notify.DELIVER,
    alive.SIGN: alive.SignOfLife(auditor.AUDIT).job,
    mail_inbound.READ_MAIL: mail_inbound.READ,
    proving.ASK: Inside(proving.ask),
    synthetic.SEND: synthetic.JOB,
    silent_channels.CALL: Inside(silent_channels.call),
    dead_work.CALL: Inside(dead_work.call),
    altered_ledger.CALL: Inside(altered_ledger.call),
    missed_work.CALL: Inside(missed_work.call),
    rosters.PLAN: Inside(rosters.plan_one),
    rosters.PLAN_ALL: Inside(rosters.plan_all),
    "playbooks.advance": Inside(playbooks.advance),
    calling.CALL: calling.PLACE,
    "incidents.look_again": Inside(reporting.look_again),
    handover_timers.CALL: Inside(handover_calls.call),
    register_changes.GRADE_ANEW: Inside(register_changes.grade_anew),
    "reports.take": making.Taking(GIVERS).job,
    "reports.render": making.RENDER,
    "obligations.remind": Inside(reminding.remind),
    "obligations.receipt_alarm": Inside(reminding.receipt_alarm),
    asking.CLIMB: Inside(asking.climb),
    media_reminding.REMIND: Inside(media_reminding.remind),
    running.INJECT: Inside(injecting.inject),
    auditor.AUDIT: Inside(auditor.look),
    **list_work.HANDLERS,
    **OWING.handlers(),
}

SUBSCRIPTIONS: Final[tuple[Subscription, ...]] = (
    # A city that begins has the rules and playbooks that irm brings along.
    Subscription("city.begun", in_transaction=release.hear_beginning),
    # A report by mail is submitted once the recipient's server has taken it.
    Subscription("delivery.sent", in_transaction=handing.mail_sent),
    Subscription("delivery.failed", in_transaction=handing.mail_failed),
    Subscription("delivery.skipped", in_transaction=handing.mail_failed),
    # In a drill no authority gets anything: the director plays it, from the moment that the report would have left.
    Subscription("delivery.would_have", in_transaction=handing.mail_sent),
    # A text that was changed is approved anew; whoever wrote in it does not approve it.
    Subscription("submission.edited", in_transaction=asking.hear_edit),
    Subscription("submission.discarded", in_transaction=asking.hear_discard),
    # What left before it was approved is owed a signature; what did not get through left nothing.
    Subscription("submission.submitted", in_transaction=countersigning.hear_submitted),
    Subscription("submission.not_sent", in_transaction=countersigning.hear_not_sent),
    # What is real outranks every drill.
    Subscription("incident.filed", in_transaction=running.hear_incident),
    # A new draft says what the incident knows.
    Subscription("submission.drafted", in_transaction=report_items.fill_report),
    # … and a draft follows what is done.
    Subscription("task.done", in_transaction=report_items.follow_task),
    # What irm gave up, a person has to know of.
    Subscription("job.dead", job=dead_work.CALL),
    # … nor what it should have done and did not.
    Subscription("audit.missed", job=missed_work.CALL),
    # A channel by which nobody is reached is told by another.
    Subscription("channel.silent", job=silent_channels.CALL),
    Subscription("channel.heard_again", in_transaction=silent_channels.hear_again),
    # A past that was changed is nobody's to keep quiet about.
    Subscription("ledger.altered", job=altered_ledger.CALL),
    # An answer is in the run's inbox before any timer can be looked at.
    Subscription("delivery.acknowledged", in_transaction=inbox.hear_delivery),
    Subscription("delivery.delivered", in_transaction=inbox.hear_delivery),
    # Who answers the weekly proof by the channel itself has shown that the address is his.
    Subscription("delivery.acknowledged", in_transaction=proving.hear_answer),
    # Where every message of a rung failed, the next rung is not waited for.
    Subscription("delivery.failed", in_transaction=inbox.hear_delivery),
    Subscription("obligation.*", in_transaction_all=inbox.hear_duties),
    Subscription("submission.submitted", in_transaction_all=inbox.hear_duties),
    Subscription("submission.agreed", in_transaction_all=inbox.hear_duties),
    # What a first report left out is to be supplied: a duty of its own.
    Subscription("submission.submitted", job="incidents.look_again"),
    # A test report that was handed over is filed; refused or returned, it waits again.
    Subscription("submission.submitted", in_transaction=assessment_filing.hear_submission),
    Subscription("submission.refused", in_transaction=assessment_filing.hear_submission),
    Subscription("submission.returned", in_transaction=assessment_filing.hear_submission),
    # … also where it was handed over before irm knew the report.
    Subscription("assessment.reported", in_transaction=assessment_filing.hear_report),
    Subscription("obligation.opened", in_transaction=starting.hear_obligation),
    Subscription("obligation.due_soon", in_transaction=starting.hear_obligation),
    Subscription("obligation.overdue", in_transaction=starting.hear_obligation),
    # A filing that the register says meets its duty, before the year is brought in line and ends it.
    Subscription("system.registered", in_transaction_all=filed.hear_registered),
    Subscription("system.changed", in_transaction_all=filed.hear_register),
    # What the register or the rules say changes what is owed through the year.
    Subscription("system.*", in_transaction_all=telling.owe_anew),
    # … and how grave an incident may be: it is graded anew at once.
    Subscription("system.changed", in_transaction_all=register_changes.hear),
    # A completed test adds to the certificate, and so moves its renewal.
    Subscription("assessment.*", job=periodic.OWE_ONE),
    Subscription("organization.*", job=periodic.OWE_ONE),
    Subscription("rules.*", job=periodic.LOOK_AHEAD),
    # A version that waits, and what became of it: whoever may approve it, and its author, are told.
    *(
        Subscription(f"rules.{what}", in_transaction=rule_messages.hear)
        for what in ("proposed", "approved", "declined")
    ),
    # What was done to somebody's account, its owner hears.
    *(Subscription(action, in_transaction=account_news.hear) for action in account_news.TOLD),
    Subscription("session.new_device", in_transaction=account_news.hear_new_device),
    # Whose duties were handed over, and to whom.
    *(Subscription(action, in_transaction=delegation_news.hear) for action in delegation_news.TITLES),
    # A chain of approvers that is silent hears of who took a role of it.
    Subscription("break_glass.taken", in_transaction=taken_roles.hear),
    Subscription("break_glass.ended", in_transaction=taken_roles.hear),
    # Who must know that a role was taken at night, hears of it with the taking.
    *(Subscription(action, in_transaction=glass_news.hear) for action in (*glass_news.LOUD, *glass_news.QUIET)),
    # … and those who can extend a contract hear that it ends.
    Subscription("account.ends_soon", in_transaction=account_news.hear_end),
    Subscription("workdays.imported", job=periodic.LOOK_AHEAD),
    Subscription("workdays.imported", job=rosters.PLAN_ALL),
)

RECURRING: Final[tuple[Recurring, ...]] = (
    # Whether all that should have fired has fired; ahead of ordinary work, or it would wait behind what it looks for.
    Recurring(auditor.AUDIT, every=Every(timedelta(minutes=1)), queue="urgent", priority=10),
    # Somebody outside is told that irm works; answers to pages are fetched from the mailbox.
    Recurring(alive.SIGN, every=Every(timedelta(minutes=1))),
    Recurring(proving.ASK, every=channel_policy().proof_every, queue="bulk"),
    Recurring(synthetic.SEND, every=Every(channel_policy().synthetic_every)),
    Recurring(mail_inbound.READ_MAIL, every=Every(timedelta(minutes=1))),
    # What was recorded becomes part of the log's tree, and the tree is signed, within two seconds: never behind bulk.
    Recurring("evidence.sequence", every=Every(timedelta(seconds=1)), priority=5, when=sequencer.is_anything_to_do),
    # What machines sent becomes alerts; while nothing came, it costs one question.
    Recurring(alert_grouping.GROUP, every=Every(timedelta(seconds=1)), when=alert_grouping.is_anything_to_group),
    Recurring("evidence.call_witnesses", every=Every(timedelta(hours=1)), queue="bulk"),
    Recurring("evidence.verify", every=Daily(time(2, 30)), queue="bulk"),
    # The paper for when irm is away: at the city's times and whenever somebody comes on duty.
    Recurring(WRITE, every=Every(timedelta(minutes=1)), when=is_sheet_due),
    # A day on a finding that passed without rectification is put before a person.
    Recurring("findings.propose", every=Daily(time(8, 30)), queue="bulk"),
    # Whose contract ended yesterday, or who has not been here for months, signs in no more.
    Recurring(account_acts.JOB, every=Daily(time(0, 5)), queue="bulk"),
    # Whoever has left the organization holds no post there any more.
    Recurring(staff_posts.JOB, every=Daily(time(0, 5)), queue="bulk"),
    # Whose contract or vetting ends soon, which contact nobody looked at for too long: in office hours.
    Recurring(directory_reminding.JOB, every=Daily(time(9, 0)), queue="bulk"),
    # What begins today is owed from today: the next period, the window before a date.
    Recurring(periodic.LOOK_AHEAD, every=Daily(time(0, 5)), queue="bulk"),
    Recurring(rosters.PLAN_ALL, every=Daily(time(1, 40)), queue="bulk"),
    Recurring("kernel.housekeeping", every=Daily(time(3, 20)), queue="bulk", priority=90),
)
"""What is done again and again, at which local time or interval (irm/schedule.py)."""

PROVIDERS: Final[dict[str, Provider]] = {
    "incident": incident_evidence.PROVIDER,
    "obligation": duty_evidence.PROVIDER,
    "system": evidence_packs.SYSTEM,
    "year": evidence_packs.YEAR,
    # Files that lie there belong to whom they name; there are no packs of these.
    "organization": oversight_evidence.ORGANIZATION,
    "drill": drill_evidence.PROVIDER,
    "edition": edition_evidence.PROVIDER,
    "change": oversight_evidence.CHANGE,
    "paper": oversight_evidence.PAPER,
    vetting.SUBJECT: vetting.PROVIDER,
    "finding": finding_evidence.PROVIDER,
}
"""Kind of evidence pack → what belongs into it, and who may read a file that lies at such a subject."""

WIRING: Final = Wiring(JOBS, SUBSCRIPTIONS, RECURRING, PROVIDERS, RuleRegister(GIVERS))
