"""/styleguide: every component in every state, in the language and theme asked for. Only where the demo runs."""

from datetime import datetime, timedelta
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Response

from irm.clock import Clock
from irm.config import Settings
from irm.errors import NotFound, said
from irm.exercise_clock import ExerciseClock
from irm.i18n import LOCALES, Translator, translator
from irm.positions import Fault
from irm.web.charts import PlanLane, PlanMark
from irm.web.forms import Form
from irm.web.gate import PUBLIC
from irm.web.pages import page
from irm.web.reader import THEMES, Reader, reader_of


def sample_clocks(now: datetime, t: Translator) -> list[dict[str, Any]]:
    """One of each state, by shares of an hour: a guide, no figure of any rule."""

    def ago(minutes: int) -> datetime:
        return now - timedelta(minutes=minutes)

    def ahead(minutes: int) -> datetime:
        return now + timedelta(minutes=minutes)

    limit, article = t("Limit 1 h"), t("Sample article. Here stands the citation, as it is in the rule pack.")
    title = t("Initial report to the provincial cyberspace office")
    return [
        {"title": title, "started_at": ago(10), "due_at": ahead(50), "limit": limit, "article": article},
        {"title": title, "started_at": ago(35), "due_at": ahead(25), "limit": limit, "article": article},
        {"title": title, "started_at": ago(50), "due_at": ahead(10), "limit": limit, "article": article},
        {
            "title": title,
            "started_at": ago(75),
            "due_at": ago(15),
            "limit": limit,
            "article": article,
            "born_late": True,
        },
        {"title": title, "started_at": ago(90), "due_at": ago(30), "done_at": ago(49), "limit": limit},
        {"title": title, "started_at": ago(90), "due_at": ago(30), "done_at": ago(18), "limit": limit},
        {"title": t("Tell the public security organ without delay"), "started_at": ago(12), "article": article},
    ]


def sample_lanes(now: datetime, t: Translator) -> list[PlanLane]:
    def at(minutes: int) -> datetime:
        return now + timedelta(minutes=minutes)

    officer, leader = t("Duty officer A"), t("Duty leader")
    return [
        PlanLane(
            t("Call the duty desk"),
            [
                PlanMark(at(-24), "exhausted", officer, at(-9), t("SMS, e-mail")),
                PlanMark(at(-9), "acknowledged", leader, None, t("by reply, 1 min 40 s")),
            ],
            t("acknowledged"),
        ),
        PlanLane(t("Call the using units"), [PlanMark(at(-24), "waiting", t("Unit desk"), at(6), t("SMS"))]),
        PlanLane(
            t("Report to the province"),
            [
                PlanMark(at(-20), "sent", t("Draft opened"), None),
                PlanMark(at(19), "planned", t("Sent at the latest"), None),
            ],
        ),
        PlanLane(t("Voice call"), [PlanMark(at(-9), "skipped", leader, None, t("not configured"))]),
    ]


def sample_form(t: Translator) -> Form:
    return Form(
        values={
            "title": t("Portal shows a defaced page"),
            "views": "120000",
            "views_state": "value",
            "level": "2",
            "source": "id: report-chain\nsteps:\n  - id: alarm\n    wiat: PT1H\n",
        },
        errors={"known_at": t("The moment lies in the future."), "contact": t("Name a telephone that is answered.")},
    )


@get("/styleguide", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def styleguide(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    clock: NamedDependency[Clock],
    locale: FromQuery[str] = "",
    theme: FromQuery[str] = "",
) -> Response[Any]:
    if not settings.demo:
        raise NotFound("There is no such page.")
    own = reader_of(request)
    chosen = next((one for one in THEMES if one == theme), own.theme)
    reader = Reader(locale if locale in LOCALES else own.locale, chosen, own.name, own.organization, own.csrf_token)
    return page("web/styleguide.html", reader=reader, **sample(clock.now(), translator(reader.locale)))


def sample(now: datetime, t: Translator) -> dict[str, Any]:
    return {
        "now": now,
        "clocks": sample_clocks(now, t),
        "lanes": sample_lanes(now, t),
        "form": sample_form(t),
        "blank": Form(),
        "faults": [Fault("sample.yaml", 4, 5, said("“%(name)s” stands here twice.", name="wiat"))],
        "files": [
            {
                "href": "#files",
                "name": t("Screenshot of the portal.png"),
                "size": 482_113,
                "media_type": "image/png",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "at": now - timedelta(minutes=31),
                "by": t("Duty officer A"),
            }
        ],
        "pace": ExerciseClock.begun(now - timedelta(minutes=10), 6),
        "standing": ExerciseClock.begun(now - timedelta(minutes=10), 6).paused(now - timedelta(minutes=2)),
        "earlier": now - timedelta(minutes=31),
        "minutes": lambda n: timedelta(minutes=n),
    }


ROUTES: Final = [styleguide]
