"""One clock, one transaction for each use case, no legal figure in code."""

import ast
import re
from collections.abc import Callable

import pytest

from tests.architecture.sources import PACKAGE, Module, called, dotted, modules

OWN_CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "datetime.date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time_ns", "datetime.datetime.utcnow",
}  # fmt: skip
MAY_READ_THE_CLOCK = {
    "irm.clock": "it is the clock",
    "irm.db": "uuid7: an identifier's own milliseconds, never compared with a moment",
}
SQL_CLOCK = re.compile(
    r"(?i)\b(now\s*\(\s*\)|current_timestamp|localtimestamp|current_date|clock_timestamp|statement_timestamp)"
)
MAY_ASK_SQL = {"irm.clock": "it anchors to the database's clock"}

ENDS = {"commit", "rollback", "begin"}
MAY_END = {
    "irm.db": "Database.transaction",
    "irm.migrations": "reads the revision outside any use case",
    "irm.demo.past": "the demo's year is one transaction, each scene a savepoint in it",
}

RULED_ROOMS = {"rules", "obligations", "incidents", "playbooks"}
"""Where a figure of hours or days could be the law's or the city's: it belongs into a pack, a playbook or a YAML file."""
UNITS = {"hours", "days", "weeks", "minutes", "months", "years"}
FIGURES_WITH_A_REASON = {
    "irm.playbooks.simulator.timeline": "how far ahead the preview of a plan looks; nothing is owed at its end",
}
LEGAL_LOOKING = re.compile(r"^[A-Z_]*(HOURS|DAYS|MINUTES|WITHIN|LIMIT|DEADLINE|THRESHOLD)[A-Z_]*$")


def names(table: dict[str, str], module: Module) -> bool:
    return module.name in table


def clocks_in(module: Module) -> list[str]:
    return [
        f"{module.at(node)} {called(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called(node) in OWN_CLOCKS
    ]


def sql_clocks_in(module: Module) -> list[str]:
    """Strings that read like SQL and ask the server for the time, and `func.now()`."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and re.search(r"\bfunc\.(now|current_timestamp|clock_timestamp)$", called(node)):
            found.append(f"{module.at(node)} {called(node)}")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and asks_sql(node.value):
            found.append(f"{module.at(node)} {node.value[:60]!r}")
    return found


def asks_sql(text: str) -> bool:
    reads_like_sql = re.search(r"(?i)\b(select|insert|update|default|where|set)\b", text)
    return bool(SQL_CLOCK.fullmatch(text) or (reads_like_sql and SQL_CLOCK.search(text)))


def ends_in(module: Module) -> list[str]:
    return [
        f"{module.at(node)} {called(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and called(node).rpartition(".")[2] in ENDS
        and called(node).rpartition(".")[0].rpartition(".")[2] in {"tx", "session", "connection", "transaction", "self"}
    ]


def figures_in(module: Module) -> list[str]:
    """`timedelta(hours=4)` and `GRACE_HOURS = 4`: written figures. `timedelta(0)` and arithmetic on variables are none."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and called(node).rpartition(".")[2] in {"timedelta", "relativedelta"}:
            # One day is the calendar's own step.
            written = [k for k in node.keywords if k.arg in UNITS and literal(k.value) and ast.unparse(k) != "days=1"]
            written += [ast.keyword(None, a) for a in node.args if literal(a)]
            if written:
                found.append(f"{module.at(node)} {ast.unparse(node)}")
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and literal(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [
                f"{module.at(node)} {ast.unparse(node)}" for target in targets if LEGAL_LOOKING.match(dotted(target))
            ]
    return found


def literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in {int, float} and node.value != 0


def test_there_is_one_clock() -> None:
    wrong = [line for module in modules() if module.name not in MAY_READ_THE_CLOCK for line in clocks_in(module)]
    assert not wrong, "\n".join(wrong)


def test_sql_never_asks_for_the_time() -> None:
    wrong = [line for module in modules() if module.name not in MAY_ASK_SQL for line in sql_clocks_in(module)]
    assert not wrong, "\n".join(wrong)


def test_no_column_has_a_default_of_the_server() -> None:
    wrong = [module.at(module.tree) for module in modules() if "server_default" in module.text]
    assert not wrong, "\n".join(wrong)


def test_services_never_end_a_transaction() -> None:
    wrong = [line for module in modules() if module.name not in MAY_END for line in ends_in(module)]
    assert not wrong, "\n".join(wrong)


def test_no_figure_of_a_rule_stands_in_code() -> None:
    wrong = [
        line
        for module in modules()
        if module.room in RULED_ROOMS and module.name not in FIGURES_WITH_A_REASON
        for line in figures_in(module)
    ]
    assert not wrong, "Put it into a rule pack, a playbook or a policy file with its citation:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("lint", "code"),
    [
        (clocks_in, "from datetime import datetime, UTC\nx = datetime.now(UTC)"),
        (clocks_in, "import time\nx = time.time()"),
        (sql_clocks_in, "x = text('SELECT now()')"),
        (sql_clocks_in, "x = select(func.now())"),
        (ends_in, "async def f(tx):\n    await tx.commit()"),
        (figures_in, "from datetime import timedelta\nx = timedelta(hours=4)"),
        (figures_in, "REPORT_WITHIN_HOURS = 4"),
    ],
)
def test_these_lints_can_fail(lint: Callable[[Module], list[str]], code: str) -> None:
    bad = PACKAGE / "rules" / "bad.py"
    assert lint(Module(bad, code))
