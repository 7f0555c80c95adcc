"""/api/v1: what machines post, the alerts made of it, and a person's word on them."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED

from irm.access.policy import PUBLIC, Permission, Principal, allow
from irm.alerts import judging, queries, schemas
from irm.alerts.judging import Chosen
from irm.alerts.taking import Taking
from irm.alerts.writing_down import Posted
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.incidents.secrecy_gate import secrecy_gate

TAGS: Final = ["alerts"]
WHICH: Final = N_("Name one alert, or source and grouping of all.")
NO_WORD: Final = N_("There is no such choice in this list.")


@post(
    "/api/v1/intake/{source:str}",
    opt=PUBLIC,
    tags=TAGS,
    operation_id="take_alerts",
    status_code=HTTP_202_ACCEPTED,
)
async def take_alerts(
    request: Request[Any, Any, Any],
    source: FromPath[str],
    state: State,
) -> schemas.TakenView:
    """For machines: CloudEvents 1.0 (structured, binary, batch), Alertmanager's webhook, letters, after the source's kind.

    202 once what was sent is written down; it is sorted and judged afterwards. Signed (Standard Webhooks), or with the
    source's secret as bearer token or basic password where the sender cannot sign. 429 with Retry-After beyond its rate.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    taken = await taking_of(state).take(Posted(source, headers, await request.body()))
    return schemas.TakenView(taken.n, taken.repeated)


def taking_of(state: State) -> Taking:
    """The one of this process, made at its first message."""
    found: Taking | None = state.get("alert_taking")
    if found is None:
        settings: Settings = state.settings
        found = state.alert_taking = Taking(state.db, settings.home)
    return found


@get("/api/v1/alerts", opt=allow(Permission.READ_ALERTS), tags=TAGS, operation_id="list_alert_groups")
async def list_groups(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    verdict: FromQuery[str | None] = None,
    severity: FromQuery[str | None] = None,
    standing: Annotated[str | None, QueryParameter(name="state")] = None,
    source: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
) -> schemas.FoldList:
    """By source and grouping: what waits first, then the gravest, then the newest. `state`: firing or resolved."""
    wanted = queries.Wanted(verdict, severity, standing, clean(source), clean(text))
    if queries.faults_of(wanted):
        raise Invalid(NO_WORD, field="verdict")
    async with db.transaction(principal.actor) as tx:
        found, more = await queries.folds(tx, principal, wanted, now=clock.now())
    return schemas.FoldList([schemas.fold_view(one) for one in found], more)


@get("/api/v1/alerts/group", opt=allow(Permission.READ_ALERTS), tags=TAGS, operation_id="list_alerts")
async def list_alerts(
    source: FromQuery[str],
    grouping: FromQuery[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
) -> schemas.AlertList:
    """The alerts of one group, what waits first, each with the last that was sent."""
    async with db.transaction(principal.actor) as tx:
        found = await queries.alerts_of(tx, principal, source, grouping)
    return schemas.AlertList([schemas.alert_view(one) for one in found])


@get("/api/v1/alerts/{alert_id:uuid}", opt=allow(Permission.READ_ALERTS), tags=TAGS, operation_id="get_alert")
async def get_alert(
    alert_id: FromPath[UUID], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> schemas.AlertView:
    """One fingerprint with the last that was sent."""
    async with db.transaction(principal.actor) as tx:
        return schemas.alert_view(await queries.alert_of_id(tx, principal, alert_id))


@post(
    "/api/v1/alerts/incident",
    opt=allow(Permission.JUDGE_ALERTS),
    tags=TAGS,
    operation_id="file_alerts",
    before_request=secrecy_gate,
    status_code=HTTP_201_CREATED,
)
async def file_alerts(
    data: JSONBody[schemas.FileAlerts],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> schemas.FiledAlerts:
    """转为事件, or with `joins` 归入已有事件. `classified` is asked first, as at every filing."""
    async with db.transaction(principal.actor) as tx:
        chosen = await chosen_by(tx, data.alert, data.source, data.grouping, principal)
        number = await judging.file_alerts(
            tx,
            chosen,
            title=data.title,
            text=data.text,
            contact=data.contact,
            verified=data.verified,
            joins=data.joins,
            markers_confirmed=data.markers_confirmed,
            t=t,
            by=principal,
            now=clock.now(),
        )
    return schemas.FiledAlerts(number, f"/incidents/{number}")


@post(
    "/api/v1/alerts/dismissal",
    opt=allow(Permission.JUDGE_ALERTS),
    tags=TAGS,
    operation_id="dismiss_alerts",
    status_code=HTTP_200_OK,
)
async def dismiss_alerts(
    data: JSONBody[schemas.DismissAlerts],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> schemas.JudgedView:
    """误报, with the reason, and for how long the same is muted."""
    async with db.transaction(principal.actor) as tx:
        chosen = await chosen_by(tx, data.alert, data.source, data.grouping, principal)
        done = await judging.dismiss_alerts(
            tx, chosen, reason=data.reason, mute_hours=data.mute_hours, by=principal, now=clock.now()
        )
    return schemas.JudgedView(done)


@post(
    "/api/v1/alerts/unmuting",
    opt=allow(Permission.JUDGE_ALERTS),
    tags=TAGS,
    operation_id="unmute_alerts",
    status_code=HTTP_200_OK,
)
async def unmute_alerts(
    data: JSONBody[schemas.UnmuteAlerts],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> schemas.JudgedView:
    """What is muted waits for a person again from its next firing on."""
    async with db.transaction(principal.actor) as tx:
        chosen = await chosen_by(tx, data.alert, data.source, data.grouping, principal)
        return schemas.JudgedView(await judging.unmute(tx, chosen, by=principal, now=clock.now()))


@post(
    "/api/v1/alerts/{alert_id:uuid}/mark",
    opt=allow(Permission.JUDGE_ALERTS),
    tags=TAGS,
    operation_id="answer_for_mark",
    status_code=HTTP_200_OK,
)
async def answer_for_mark(
    alert_id: FromPath[UUID],
    data: JSONBody[schemas.AnswerForMark],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> schemas.ReleasedView:
    """Whether an alert that is held back concerns state secrets."""
    async with db.transaction(principal.actor) as tx:
        row, chosen = await judging.one_alert(tx, alert_id, principal)
        done = await judging.answer_for_mark(
            tx, row, chosen.source, classified=data.classified, by=principal, now=clock.now()
        )
    return schemas.ReleasedView(done)


async def chosen_by(tx: Tx, alert: UUID | None, source: str | None, grouping: str | None, by: Principal) -> Chosen:
    """Raises Invalid unless exactly one of both ways names them."""
    if alert is not None and source is None and grouping is None:
        return (await judging.one_alert(tx, alert, by))[1]
    if alert is None and source is not None and grouping is not None:
        return await judging.whole_group(tx, source, grouping, by)
    raise Invalid(WHICH, field="alert")


def clean(text: str | None) -> str | None:
    """PostgreSQL takes no NUL; nothing that holds one can be found."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if text else None


ROUTES: Final = [
    take_alerts,
    list_groups,
    list_alerts,
    get_alert,
    file_alerts,
    dismiss_alerts,
    unmute_alerts,
    answer_for_mark,
]
