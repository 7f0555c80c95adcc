"""docs/access.md, made from the route table and the policy. As a program this writes it:

python -m tests.feature.access.access_table
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from litestar import Litestar
from litestar.routes import HTTPRoute

from irm.access.addressed import named_in
from irm.access.policy import (
    ADMINISTRATORS,
    AUTHORITY,
    PERMISSION_OPT,
    Permission,
    Role,
    granted,
)
from irm.access.vocabulary import PERMISSION_NAMES, ROLE_NAMES
from irm.i18n import translator
from tests.feature.access.subjects import COMMON, OWNED, READ_BY_ALL, kind_of

TARGET: Final = Path(__file__).parents[3] / "docs" / "access.md"
ZH: Final = translator("zh-CN")
HEAD: Final = """# Who may what

Made from the route table and `irm/access/policy.py` by `python -m tests.feature.access.access_table`; a test keeps it true. What stands
here is walked: `tests/feature/access/test_every_route.py` calls every route with every role, `test_whose_it_is.py` calls
every route that names a subject for those who own it and for strangers of five kinds who hold every role at once;
`test_other_system.py` calls them for people of the owner's own organization who work for another system.

● the role may call it, · it is refused (403). ◐ only in a cloud authority: what touches the whole city, whatever the role says
elsewhere. Which rows a role covers follows from its organization: a cloud authority's reach everything (a district's: its district),
a regulator's what was sent to it, everybody else's their own.

**Of another organization**: *404*: a subject of somebody else answers exactly as one that does not exist, to the letter; *all*: belongs
to nobody or is for everybody to read; –: the address names no subject.

**For named systems**: what somebody gets whose role is limited to named systems. *own*: what concerns one of these, as everybody of the
organization; all else answers as what does not exist. *404*: such subjects concern no system. *all* and –: as before; lists show
what concerns the systems. What is ◐ nobody holds for named systems.

## Roles

"""


def table(app: Litestar) -> str:
    """The whole document."""
    return (
        HEAD + "\n".join([*_roles(), "", "## Permissions", "", *_permissions(), "", "## Routes", *_routes(app)]) + "\n"
    )


def _roles() -> Iterator[str]:
    yield "| | Role | 角色 |"
    yield "|---|---|---|"
    for number, role in enumerate(Role, 1):
        mark = " (三员)" if role in ADMINISTRATORS else ""
        yield f"| {number} | {ROLE_NAMES[role]} | {ZH(ROLE_NAMES[role])}{mark} |"


def _permissions() -> Iterator[str]:
    yield f"| Permission | 权限 | {' | '.join(str(number) for number in range(1, len(Role) + 1))} |"
    yield "|---|---|" + "---|" * len(Role)
    for permission in Permission:
        marks = " | ".join(_mark(frozenset({permission}), role) for role in Role)
        yield f"| `{permission}` {PERMISSION_NAMES[permission]} | {ZH(PERMISSION_NAMES[permission])} | {marks} |"


def _mark(wanted: frozenset[Permission], role: Role) -> str:
    held = frozenset({role})
    if Permission.OWN_ACCOUNT in wanted or wanted & granted(held, "using_unit"):
        return "●"
    return "◐" if wanted & granted(held, AUTHORITY) else "·"


def _routes(app: Litestar) -> Iterator[str]:
    rooms: dict[str, list[tuple[str, str, frozenset[Permission] | None]]] = {}
    for method, path, room, wanted in routes(app):
        rooms.setdefault(room, []).append((path, method, wanted))
    for room, found in sorted(rooms.items()):
        yield ""
        yield f"### {room}"
        yield ""
        yield f"| Route | Permission | {' | '.join(str(n) for n in range(1, len(Role) + 1))} | Of another organization | For named systems |"
        yield "|---|---|" + "---|" * (len(Role) + 2)
        for path, method, wanted in sorted(found, key=lambda one: (one[0], one[1])):
            asked = "anybody" if wanted is None else " or ".join(f"`{one}`" for one in sorted(wanted))
            marks = " | ".join("●" if wanted is None else _mark(wanted, role) for role in Role)
            others = _others(method, path, public=wanted is None)
            limited = "own" if others == "404" and named_in(path) else others
            yield f"| {method} `{path}` | {asked} | {marks} | {others} | {limited} |"


def _others(method: str, path: str, *, public: bool) -> str:
    kind = kind_of(path)
    if not kind or public:
        return "–"
    if kind in COMMON or (method == "GET" and kind in READ_BY_ALL):
        return "all"
    return "404" if kind in OWNED else "?"


def routes(app: Litestar) -> Iterator[tuple[str, str, str, frozenset[Permission] | None]]:
    """(method, path, room, the permissions of which one is needed; None: anybody may call)."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            module = handler.fn.__module__.split(".")
            if PERMISSION_OPT not in handler.opt or module[0] != "irm":
                continue
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                yield method, route.path, module[1], cast("Any", handler.opt[PERMISSION_OPT])


def application() -> Litestar:
    """Put together without a database: the table asks none."""
    from irm.app import create_app
    from irm.clock import FixedClock
    from irm.config import Settings

    return create_app(Settings(), cast("Any", None), FixedClock(datetime(2026, 11, 22, tzinfo=UTC)))


if __name__ == "__main__":
    TARGET.write_text(table(application()), encoding="utf-8")
