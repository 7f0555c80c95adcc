"""Who may import whom (ARCHITECTURE §3): the floors by import-linter, what goes on between rooms here."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT, Module, modules

READERS = {"reports", "overview", "demo"}
"""They may look at everybody's rows, to read."""
PRIVATE = {"models", "routes", "pages", "jobs", "commands"}
"""Not for other rooms. `service`, `queries`, `schemas` and pure modules are."""
NEVER_FACES = {"service", "queries", "schemas", "models", "jobs", "commands", "policy"}
PLAIN_LIBRARIES = set(sys.stdlib_module_names)
PURE = {
    "irm.actor",
    "irm.access.policy",
    "irm.access.delegating",
    "irm.access.vocabulary",
    "irm.notify.roster",
    "irm.shifts.matters",
    "irm.shifts.turns",
    "irm.notify.rosters.quality",
    "irm.notify.rosters.rotation",
    "irm.notify.rosters.working_out",
    "irm.notify.plan",
    "irm.playbooks.engine",
    "irm.playbooks.simulator.timeline",
    "irm.playbooks.timebase",
    "irm.obligations.owed",
    "irm.obligations.uniting",
    "irm.overview.auditing",
    "irm.rules.evaluate",
    "irm.rules.levels",
    "irm.rules.moments",
    "irm.incidents.lifecycle",
}
"""Functional cores: the standard library, each other, irm.conditions, and translation marks; nothing else."""
PURE_MAY_IMPORT = {"irm.conditions", "irm.i18n"}


def imports_of(module: Module) -> list[tuple[str, ast.AST]]:
    found: list[tuple[str, ast.AST]] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [(name.name, node) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module, node))
            found += [(f"{node.module}.{name.name}", node) for name in node.names]
    return found


def test_the_floors_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_rooms_meet_in_services_queries_schemas_and_pure_modules() -> None:
    rooms = {module.room for module in modules()} - {"", "web"}
    wrong = []
    for module in modules():
        if not module.room or module.room in READERS:
            continue
        for name, node in imports_of(module):
            parts = name.split(".")
            if parts[0] == "irm" and len(parts) > 2 and parts[1] in rooms - {module.room} and parts[2] in PRIVATE:
                wrong.append(f"{module.at(node)} imports {name}")
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_the_web_framework_ends_at_the_faces() -> None:
    """Routes and pages know Litestar, by whatever name; what they call does not, and does not call them."""
    faces = {
        module.name
        for module in modules()
        if module.room not in {"", "web"} and any(name.split(".")[0] == "litestar" for name, _ in imports_of(module))
    }
    wrong = [f"{name} is no face" for name in faces if name.rpartition(".")[2] in NEVER_FACES]
    for module in modules():
        if module.room in {"", "web"} or module.name in faces:
            continue
        wrong += [f"{module.at(node)} imports {name}, a face" for name, node in imports_of(module) if name in faces]
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_pure_modules_import_only_pure_modules() -> None:
    known = {module.name: module for module in modules()}
    wrong = []
    for name in PURE & known.keys():
        for imported, node in imports_of(known[name]):
            top = imported.split(".")[0]
            if top in PLAIN_LIBRARIES and imported != "irm":
                continue
            if imported in PURE_MAY_IMPORT or imported.rpartition(".")[0] in PURE_MAY_IMPORT:
                continue
            target = imported if imported in known else imported.rpartition(".")[0]
            if top == "irm" and (target in PURE or (target in known and is_pure(known, target, set()))):
                continue
            if top == "irm" and target not in known:  # `from irm import x` names the package first
                continue
            wrong.append(f"{known[name].at(node)} imports {imported}")
    assert not wrong, "\n".join(sorted(set(wrong)))


def is_pure(known: dict[str, Module], name: str, seen: set[str]) -> bool:
    """Whether a module reaches nothing but the standard library and the like of itself."""
    if name in PURE_MAY_IMPORT or name in seen:
        return True
    seen.add(name)
    for imported, _ in imports_of(known[name]):
        if imported.split(".")[0] in PLAIN_LIBRARIES:
            continue
        target = imported if imported in known else imported.rpartition(".")[0]
        if target not in known:
            if imported.split(".")[0] == "irm":
                continue
            return False
        if not is_pure(known, target, seen):
            return False
    return True


def test_no_late_annotations_where_they_are_read_at_run_time() -> None:
    readers = {"routes", "schemas", "models", "pages"}
    wrong = [
        module.at(module.tree)
        for module in modules()
        if module.path.stem in readers and "from __future__ import annotations" in module.text
    ]
    assert not wrong, "\n".join(wrong)
