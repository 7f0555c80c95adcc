"""HTML pages and fragments.

`return page("incidents/show.html", incident=…)` renders `irm/incidents/templates/show.html` for whoever asked; the
template begins with `{% extends "layout.html" %}` (a fragment for htmx does not). Without a request at hand (mails,
tests): `render("incidents/mail.html", reader=Reader(locale="en"), now=now, …)`.

Every template has, besides its context:
  `_("msgid %(n)s", n=3)`, `ngettext("%(n)s page", "%(n)s pages", n)`, `localized({zh-CN: …, en: …})`;
  `ui.<component>(…)`: every macro of `templates/components/*.html` (documented at the top of each file, all to be seen
  in /styleguide), also `{% call ui.panel(…) %}…{% endcall %}`;
  `reader` (locale, theme, name, may(permission)), `now`, `path`, `csrf_field()`, `static_url("irm.css")`,
  `url("/incidents", status="open", page=None)` (query from what is not None), `read_clock(started_at=…, due_at=…)`;
  filters `moment` (今天 03:41), `limit` (12月31日 24:00), `deadline` (今天 03:41（还剩 19 分钟）), `distance` (还剩 19 分钟), `exact` (with zone, for
  documents), `day`, `duration` (a timedelta), `countdown` (00:41), `figure` (12万), `grouped` (120,000), `size`;
  `level_name(2)` (重大).
"""

import json
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast
from urllib.parse import urlencode

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, pass_context
from jinja2.runtime import Context, Macro
from litestar import Request
from litestar.app import Litestar
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse, Response
from markupsafe import Markup

from irm.clock import SHANGHAI
from irm.exercise_clock import ExerciseClock
from irm.i18n import N_, Translator, translator
from irm.web import navigation, wording
from irm.web.assets import static_url
from irm.web.charts import plan_chart
from irm.web.clocks import ClockReading, read_clock
from irm.web.reader import STRANGER, Reader, reader_of

LEVEL_NAMES: Final = {
    1: N_("Especially grave"),
    2: N_("Grave"),
    3: N_("Considerable"),
    4: N_("General"),
}
COMPONENTS: Final = "components/"
SCRIPT_WORDS: Final = {
    "left": N_("{duration} left"),
    "over": N_("{duration} over"),
    "since": N_("{duration} since"),
    "seconds": N_("{n} s"),
    "minutes": N_("{n} min"),
    "hours": N_("{n} h"),
    "hoursMinutes": N_("{h} h {m} min"),
    "days": N_("{n} d"),
    "daysHours": N_("{d} d {h} h"),
    "calm": N_("Running"),
    "soon": N_("Half gone"),
    "urgent": N_("Nearly due"),
    "overdue": N_("Overdue"),
    "stands": N_("Drill stands"),
    "drillTime": N_("Drill time {duration}"),
    "draftKept": N_("Draft kept {time}"),
    "draftHere": N_("You are signed out. What you typed is kept in this window; sign in and come back to it."),
    "draftFailed": N_("The draft could not be kept. It stays on this page."),
    "draftBack": N_("What you typed before your session ended is back."),
    "failed": N_("That did not work. Nothing was changed. Try again."),
    "waiting": N_("New content is waiting"),
}


@dataclass(frozen=True)
class Rendering:
    """What the helpers know of the page being rendered. Rendering is synchronous, so a context variable carries it."""

    reader: Reader
    t: Translator
    now: datetime | None
    path: str = "/"
    paths: frozenset[str] = frozenset()
    request_id: str = ""


_rendering: ContextVar[Rendering] = ContextVar("irm_rendering")


def _this() -> Rendering:
    return _rendering.get()


def _now() -> datetime:
    now = _this().now
    if now is None:
        message = "this page shows moments: hand it now=…"
        raise LookupError(message)
    return now


class FeatureLoader(BaseLoader):
    """`feature/name.html` from the feature's own `templates/`; `layout.html` and `components/…` from irm/web."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:  # noqa: ARG002 - jinja2's shape
        feature, _, name = template.partition("/")
        if not name or template.startswith(COMPONENTS):
            feature, name = "web", template
        entry = files("irm") / feature / "templates"
        for part in name.split("/"):
            entry = entry / part
        if ".." in template or not entry.is_file():
            raise TemplateNotFound(template)
        return entry.read_text("utf-8"), str(entry), None


class Components:
    """`ui.clock_chip(…)`: the macros of `templates/components/*.html` by their own names, which are unique."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._macros: dict[str, Macro] = {}

    def load(self) -> None:
        for entry in sorted((files("irm.web") / "templates" / "components").iterdir(), key=lambda one: one.name):
            module = self._environment.get_template(f"{COMPONENTS}{entry.name}").module
            for name, macro in vars(module).items():
                if not isinstance(macro, Macro) or name.startswith("_"):
                    continue
                if name in self._macros:
                    message = f"two components are called {name}"
                    raise ValueError(message)
                self._macros[name] = macro

    def __getattr__(self, name: str) -> Macro:
        try:
            return self._macros[name]
        except KeyError:
            raise AttributeError(name) from None

    def names(self) -> list[str]:
        return sorted(self._macros)


@pass_context
def _moment(_context: Context, value: datetime) -> str:
    return wording.moment(value, _now(), _this().t)


@pass_context
def _limit(_context: Context, value: datetime) -> str:
    return wording.limit(value, _now(), _this().t)


@pass_context
def _deadline(_context: Context, value: datetime) -> str:
    return wording.deadline(value, _now(), _this().t)


@pass_context
def _distance(_context: Context, value: datetime) -> str:
    return wording.distance(value, _now(), _this().t)


@pass_context
def _exact(_context: Context, value: datetime) -> str:
    return wording.exact(value, _this().t)


@pass_context
def _duration(_context: Context, value: timedelta) -> str:
    return wording.duration(value, _this().t)


@pass_context
def _figure(_context: Context, value: int) -> Markup | str:
    short, full = wording.figure(value, _this().t), wording.grouped(value)
    return short if short == full else Markup('<abbr title="{}">{}</abbr>').format(full, short)


def _day(value: datetime) -> str:
    """2026-11-21 in Shanghai, for tables and documents."""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d")


def _month(value: date | str) -> str:
    return wording.month(value, _this().t)


def _month_day(value: date) -> str:
    return wording.month_day(value, _this().t)


def _local(value: datetime | str | None) -> str:
    """The value of an `<input type="datetime-local">`, Shanghai time; text (a restored draft) passes through."""
    if not isinstance(value, datetime):
        return value or ""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def _iso(value: datetime) -> str:
    return value.isoformat()


def _gettext(msgid: str, /, **params: Any) -> str:
    return _this().t(msgid, **params)


def _ngettext(one: str, many: str, n: int, **params: Any) -> str:
    return _this().t.plural(one, many, n, **params)


def _localized(texts: Mapping[str, str] | str) -> str:
    return _this().t.of(texts)


def _csrf_field() -> Markup:
    token = _this().reader.csrf_token
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token) if token else Markup("")


def _url(path: str, /, **query: Any) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        many = value if isinstance(value, (list, tuple)) else [value]
        pairs += [(name, str(one)) for one in many if one is not None and one != ""]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _level_name(level: int) -> str:
    return _this().t(LEVEL_NAMES[level])


def _read_clock(
    started_at: datetime,
    due_at: datetime | None = None,
    done_at: datetime | None = None,
    pace: ExerciseClock | None = None,
) -> ClockReading:
    return read_clock(_now(), started_at, due_at, done_at, pace)


def _menu(entries: tuple[navigation.Entry, ...]) -> list[tuple[navigation.Entry, bool]]:
    this = _this()
    shown = navigation.offered(entries, this.reader, this.paths)
    here = navigation.current(shown, this.path)
    return [(entry, entry.path == here) for entry in shown]


def _other_language() -> tuple[str, str]:
    """The language to switch to and its own name for itself."""
    locale = "en" if _this().reader.locale == "zh-CN" else "zh-CN"
    return locale, translator(locale)(N_("English (the name of this language)"))


def _script_words() -> str:
    """What the scripts say, in the reader's language: they hold no words of their own."""
    t = _this().t
    return json.dumps({key: t(msgid) for key, msgid in SCRIPT_WORDS.items()}, ensure_ascii=False)


@cache
def environment() -> Environment:
    env = Environment(
        loader=FeatureLoader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    env.filters.update(
        moment=_moment,
        limit=_limit,
        deadline=_deadline,
        distance=_distance,
        exact=_exact,
        duration=_duration,
        countdown=wording.countdown,
        figure=_figure,
        grouped=wording.grouped,
        size=wording.size,
        day=_day,
        month=_month,
        month_day=_month_day,
        local=_local,
        iso=_iso,
    )
    env.globals.update(
        _=_gettext,
        ngettext=_ngettext,
        localized=_localized,
        csrf_field=_csrf_field,
        other_language=_other_language,
        script_words=_script_words,
        static_url=static_url,
        url=_url,
        level_name=_level_name,
        read_clock=_read_clock,
        elapsed=lambda since: _now() - since,
        now_local=lambda: _local(_now()),
        plan_chart=lambda lanes: plan_chart(lanes, _now()),
        current=_this,
        desktop_menu=lambda: _menu(navigation.DESKTOP),
        phone_menu=lambda: _menu(navigation.PHONE),
    )
    ui = Components(env)
    env.globals["ui"] = ui
    ui.load()
    return env


def render(
    template: str,
    *,
    reader: Reader = STRANGER,
    now: datetime | None = None,
    path: str = "/",
    paths: frozenset[str] = frozenset(),
    request_id: str = "",
    **context: Any,
) -> str:
    this = Rendering(reader, translator(reader.locale), now, path, paths, request_id)
    token = _rendering.set(this)
    try:
        return environment().get_template(template).render(reader=reader, now=now, path=path, **context)
    finally:
        _rendering.reset(token)


class Page(Response[bytes]):
    """Rendered when the request is at hand, after the handler's transaction has ended: hand it plain values."""

    def __init__(
        self,
        template: str,
        context: Mapping[str, Any],
        *,
        status_code: int = 200,
        headers: dict[str, Any] | None = None,
        cookies: Iterable[Cookie] | None = None,
    ) -> None:
        super().__init__(
            content=b"",
            status_code=status_code,
            headers=headers,
            cookies=list(cookies or ()),
            media_type=MediaType.HTML,
        )
        self.template = template
        self.context = dict(context)

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **options: Any) -> ASGIResponse:
        context = {key: value for key, value in self.context.items() if key not in {"reader", "now"}}
        clock = request.app.state.get("clock")
        now = self.context.get("now") or (clock.now() if clock is not None else None)
        self.content = render(
            self.template,
            reader=self.context.get("reader") or reader_of(request),
            now=now,
            path=request.url.path,
            paths=page_paths(request.app),
            request_id=str(request.scope.get("state", {}).get("request_id", "")),
            **context,
        ).encode()
        return super().to_asgi_response(app, request, **options)


def page_paths(app: Litestar) -> frozenset[str]:
    """Paths without parameters that the running irm answers."""
    found = app.state.get("page_paths")
    if found is None:
        found = frozenset(route.path for route in app.routes if "{" not in route.path)
        app.state["page_paths"] = found
    return cast("frozenset[str]", found)


def page(
    template: str,
    *,
    status_code: int = 200,
    headers: dict[str, Any] | None = None,
    cookies: Iterable[Cookie] | None = None,
    **context: Any,
) -> Page:
    """`now=` fixes the page's moment (else the app's clock); `reader=` overrides who reads (error pages)."""
    return Page(template, context, status_code=status_code, headers=headers, cookies=cookies)


def is_fragment(request: Request[Any, Any, Any]) -> bool:
    """Asked by htmx for a piece of the page, not by the browser for the whole."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
