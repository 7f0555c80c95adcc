"""An evidence pack on its way to disk: a BagIt bag (RFC 8493) in a ZIP. The same content gives the same bytes.

First everything that is text is written into a folder (`stage`) together with the list of what belongs into the ZIP; then
the ZIP is filled piece by piece (`fill`), each piece leaving a valid ZIP, so that a worker that is killed goes on where it
stood.

    <name>/bagit.txt · bag-info.txt · manifest-sha256.txt · tagmanifest-sha256.txt
    <name>/index.html · index.en.html     to be read by people, without scripts
    <name>/verify.py                      checks all of it with Python alone
    <name>/data/entries.jsonl             the ledger's entries with their inclusion proofs
    <name>/data/checkpoint.note           the signed tree that the proofs lead to
    <name>/data/consistency.json          proofs from the checkpoints that witnesses keep
    <name>/data/pack.note                 signed list of entries, files and documents
    <name>/data/key.txt                   the log's public key
    <name>/data/files.jsonl, files/…      the evidence files, by SHA-256
"""

import ast
import json
import zipfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files as package_files
from pathlib import Path
from time import monotonic
from typing import Any, Final
from uuid import UUID

from irm.clock import SHANGHAI
from irm.errors import Unavailable
from irm.evidence.blobs import CHUNK, BlobStore
from irm.evidence.collecting import Collected, Line, Proven
from irm.evidence.notes import Signer, signed
from irm.evidence.sequencer import Signed
from irm.evidence.service import Attachment
from irm.i18n import LOCALES, N_, Translator, translator
from irm.web.pages import render
from irm.web.reader import Reader

PLAN: Final = "plan.json"
MOST_LINES: Final = 5000
"""Entries on the first page; all of them are in entries.jsonl."""
PAGES: Final = {"zh-CN": "index.html", "en": "index.en.html"}
SCRIPT_PARTS: Final = ("proving.py", "pack_reading.py", "verify.py")


@dataclass(frozen=True)
class Content:
    """Everything a pack is made of; plain values, so that no database is needed any more."""

    pack_id: UUID
    kind: str
    name: str
    folder: str
    requested_at: datetime
    organization: str
    """Whose reader asked for it."""
    titles: Mapping[str, str]
    """By locale; so are facts and lines."""
    facts: Mapping[str, Sequence[tuple[str, str]]]
    lines: Mapping[str, Sequence[Line]]
    collected: Collected
    consistency: Mapping[int, Sequence[bytes]]
    """Size of a checkpoint that a witness keeps → proof that the pack's tree only added to it."""
    witnesses: Sequence[str] = ()
    gone: Sequence[str] = field(default=())
    """Names of files that are no longer there."""


@dataclass(frozen=True)
class Member:
    """`blob`: content of the store by its hash; else the staged file of the same name."""

    name: str
    sha256: str
    size: int
    blob: bool = False


@dataclass(frozen=True)
class Plan:
    folder: str
    stamp: tuple[int, int, int, int, int, int]
    members: tuple[Member, ...]

    @property
    def total(self) -> int:
        return sum(one.size for one in self.members)

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        given = json.loads((folder / PLAN).read_text("utf-8"))
        return cls(given["folder"], tuple(given["stamp"]), tuple(Member(**one) for one in given["members"]))


def stage(folder: Path, content: Content, checkpoint: Signed, signer: Signer, store: BlobStore) -> Plan:
    """Write everything but the evidence files. Doing it again writes the same."""
    staged = _Staging(folder)
    named = file_names(content.collected.files)
    there = {one.id for one in content.collected.files if store.path(one.sha256).is_file()}
    staged.write("data/entries.jsonl", "".join(f"{_entry_line(one)}\n" for one in content.collected.entries))
    staged.write("data/checkpoint.note", checkpoint.note)
    staged.write("data/key.txt", f"{signer.key}\n")
    staged.write(
        "data/files.jsonl", "".join(_file_line(one, named[one.id], one.id in there) for one in content.collected.files)
    )
    if content.consistency:
        proofs = {str(size): [b64encode(step).decode() for step in path] for size, path in content.consistency.items()}
        staged.write("data/consistency.json", json.dumps(proofs, sort_keys=True, indent=1) + "\n")
    staged.write("verify.py", script(translator("zh-CN")))
    for locale, name in PAGES.items():
        staged.write(name, _page(content, checkpoint, signer, locale, named, there))
    kept = [one for one in content.collected.files if one.id in there]
    blobs = {named[one.id]: Member(named[one.id], one.sha256, one.size, blob=True) for one in kept}
    staged.write("data/pack.note", signed(_list(content, checkpoint, staged.members, blobs), signer))
    payload = [one for one in [*staged.members.values(), *blobs.values()] if one.name.startswith("data/")]
    staged.write("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    staged.write("bag-info.txt", _bag_info(content, payload))
    staged.write("manifest-sha256.txt", _manifest(payload))
    tags = [one for one in staged.members.values() if not one.name.startswith("data/")]
    staged.write("tagmanifest-sha256.txt", _manifest(tags))
    members = tuple(sorted([*staged.members.values(), *blobs.values()], key=lambda one: (one.blob, one.name)))
    local = content.requested_at.astimezone(SHANGHAI)
    plan = Plan(content.folder, (local.year, local.month, local.day, local.hour, local.minute, local.second), members)
    (folder / PLAN).write_text(json.dumps(asdict(plan), ensure_ascii=False), "utf-8")
    return plan


class _Staging:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.members: dict[str, Member] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, name: str, text: str) -> None:
        data = text.encode()
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(data)
        self.members[name] = Member(name, sha256(data).hexdigest(), len(data))


def file_names(files: Sequence[Attachment]) -> dict[UUID, str]:
    """Where each evidence file lies in the bag; numbered, so that equal names stay apart."""
    return {one.id: f"data/files/{number:04d}-{one.filename.replace('%', '_')}" for number, one in enumerate(files, 1)}


def _entry_line(one: Proven) -> str:
    entry = one.entry
    line: dict[str, Any] = {
        "index": entry.index,
        "id": str(entry.id),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "leaf_hash": entry.leaf_hash.hex(),
        "proof": [b64encode(step).decode() for step in one.proof],
    }
    if one.extract is None:
        line["body"] = entry.body
        line["private"] = {path: {"salt": salt.hex(), "value": value} for path, (salt, value) in one.private.items()}
    else:
        line["withheld"] = True
        line["extract"] = dict(one.extract)
    return json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _file_line(one: Attachment, name: str, is_there: bool) -> str:
    line = {
        "attachment": str(one.id),
        "file": name if is_there else None,
        "filename": one.filename,
        "sha256": one.sha256,
        "size": one.size,
        "media_type": one.media_type,
        "subject": one.subject,
        "uploaded_at": one.uploaded_at.astimezone(UTC).isoformat(),
    }
    return json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def _list(content: Content, checkpoint: Signed, documents: Mapping[str, Member], blobs: Mapping[str, Member]) -> str:
    """What was packed, to be signed: nobody can take an entry or a file out of the pack and leave the list whole."""
    lines = [
        f"{checkpoint.checkpoint.origin}/pack",
        f"pack {content.pack_id}",
        f"made {content.requested_at.astimezone(UTC).isoformat(timespec='seconds')}",
        f"of {content.kind} {content.name}",
        f"checkpoint {checkpoint.checkpoint.size} {b64encode(checkpoint.checkpoint.root).decode()}",
        *(f"entry {one.entry.index} {one.entry.leaf_hash.hex()}" for one in content.collected.entries),
        *(f"file {one.name} {one.sha256}" for one in blobs.values()),
        *(f"document {one.name} {one.sha256}" for one in documents.values()),
    ]
    return "".join(f"{' '.join(line.split())}\n" for line in lines)


def _bag_info(content: Content, payload: Sequence[Member]) -> str:
    pairs = {
        "Source-Organization": content.organization,
        "External-Description": content.titles["zh-CN"],
        "External-Identifier": str(content.pack_id),
        "Bagging-Date": content.requested_at.astimezone(SHANGHAI).date().isoformat(),
        "Bag-Software-Agent": "irm",
        "Payload-Oxum": f"{sum(one.size for one in payload)}.{len(payload)}",
    }
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in pairs.items())


def _manifest(members: Sequence[Member]) -> str:
    return "".join(f"{one.sha256}  {one.name}\n" for one in sorted(members, key=lambda one: one.name))


def _page(
    content: Content,
    checkpoint: Signed,
    signer: Signer,
    locale: str,
    named: Mapping[UUID, str],
    there: set[UUID],
) -> str:
    proven = content.collected.entries
    rows = list(zip(proven, content.lines[locale], strict=True))
    return render(
        "evidence/pack.html",
        reader=Reader(locale=locale),
        now=content.requested_at,
        title=content.titles[locale],
        facts=content.facts[locale],
        rows=rows[:MOST_LINES],
        left=max(0, len(rows) - MOST_LINES),
        files=[(one, named[one.id] if one.id in there else None) for one in content.collected.files],
        checkpoint=checkpoint.checkpoint,
        key=signer.key,
        witnesses=content.witnesses,
        content=content,
        other=PAGES[next(one for one in LOCALES if one != locale)],
    )


# -- the script


def script(chinese: Translator) -> str:
    """verify.py as one file, with its Chinese in it."""
    imports: set[str] = set()
    bodies: list[str] = []
    doc = ""
    for name in SCRIPT_PARTS:
        source = (package_files("irm.evidence") / name).read_text("utf-8")
        tree = ast.parse(source)
        doc = ast.get_docstring(tree, clean=False) or ""
        lines = source.splitlines()
        last = 0
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                last = node.end_lineno or 0
                if not (
                    isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("irm", "__future__"))
                ):
                    imports.add(ast.unparse(node))
        bodies.append("\n".join(lines[last:]).strip("\n"))
    words = json.dumps({text: chinese(text) for text in script_texts()}, ensure_ascii=False, indent=4)
    body = "\n\n\n".join(bodies).replace("CHINESE: dict[str, str] = {}", f"CHINESE: dict[str, str] = {words}", 1)
    head = "\n".join(sorted(imports))
    return f'#!/usr/bin/env python3\n"""{doc}"""\n\nfrom __future__ import annotations\n\n{head}\n\n{body}\n'


def script_texts() -> list[str]:
    """What the script can say, in English."""
    found = set()
    for name in SCRIPT_PARTS:
        for node in ast.walk(ast.parse((package_files("irm.evidence") / name).read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t" and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.add(text.value)
    return sorted(found)


# -- the ZIP


def fill(part: Path, staged: Path, plan: Plan, store: BlobStore, *, seconds: float) -> int:
    """Add members for about `seconds`; how many are in it now. Raises Unavailable naming a file that is not what it was."""
    done = _members_in(part, plan)
    begun = monotonic()
    with zipfile.ZipFile(part, "a" if done else "w", allowZip64=True) as out:
        for member in plan.members[done:]:
            source = store.path(member.sha256) if member.blob else staged / member.name
            _add(out, plan, member, source)
            done += 1
            if monotonic() - begun > seconds:
                break
    return done


def _members_in(part: Path, plan: Plan) -> int:
    """0 where the file is not there, is broken, or is not the beginning of this plan."""
    try:
        with zipfile.ZipFile(part) as there:
            names = there.namelist()
    except (OSError, zipfile.BadZipFile):
        return 0
    return len(names) if names == [f"{plan.folder}/{one.name}" for one in plan.members[: len(names)]] else 0


def _add(out: zipfile.ZipFile, plan: Plan, member: Member, source: Path) -> None:
    info = zipfile.ZipInfo(f"{plan.folder}/{member.name}", plan.stamp)
    info.compress_type = zipfile.ZIP_STORED if member.blob else zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = 3, 0o100644 << 16
    made = sha256()
    with source.open("rb") as file, out.open(info, "w", force_zip64=member.size >= zipfile.ZIP64_LIMIT) as into:
        for piece in iter(lambda: file.read(CHUNK), b""):
            made.update(piece)
            into.write(piece)
    if made.hexdigest() != member.sha256:
        raise Unavailable(N_("“%(name)s” is not what it was when it was taken in."), code="altered", name=member.name)
