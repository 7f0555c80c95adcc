"""A pack is checked by the standard library alone, names what was done to it, and holds what its reader may see."""

import asyncio
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.evidence import merkle, notes, packs, sequencer, witnesses
from irm.evidence.keys import signer_of
from irm.evidence.proving import leaf_of
from tests import make
from tests.conftest import SignIn
from tests.feature.evidence.conftest import City

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 30


@pytest.fixture
async def number(city: City, client: httpx.AsyncClient, sign_in: SignIn, filing: Callable[..., Any]) -> str:
    """An incident of the unit, filed by it, with a file."""
    await sign_in(city.unit_duty)
    answer = await client.post("/api/v1/incidents", json=filing(), headers={"idempotency-key": "a-1"})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["number"]
    sent = await client.post(f"/api/v1/incidents/{made}/attachments", files={"file": ("截图 1%.png", PNG, "image/png")})
    assert sent.status_code == 201, sent.text
    return made


@pytest.fixture
async def made(db: Database, clock: FixedClock, settings: Settings, city: City, number: str) -> Callable[..., Any]:
    """`await made()`: the leader's pack of the incident, or that of `account`."""

    async def run(account: make.Account = city.leader) -> Path:
        async with db.transaction() as tx:
            by = await principal_of(tx, account.id, now=clock.now())
            assert by is not None
            pack_id = await packs.request_pack(tx, "incident", number, by, locale="zh-CN", now=clock.now())
        await packs.make_now(db, pack_id, settings)
        return packs.pack_path(settings.home, pack_id)

    return run


def verify(pack: Path, *more: str) -> tuple[int, list[str], list[str]]:
    """With the pack's own script, and without anything of irm: (exit code, faults, what it says)."""
    folder = pack.parent / f"unpacked-{pack.stem}"
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(pack) as there:
        there.extractall(folder)
    (root,) = folder.iterdir()
    done = subprocess.run(
        [sys.executable, "-I", "-S", root / "verify.py", "--lang", "en", "--json", *more],
        capture_output=True,
        text=True,
        check=False,
        cwd=pack.parent,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    return done.returncode, told["faults"], told["said"]


class Forgery:
    """A pack taken apart, changed, and put together again with all manifests computed anew."""

    def __init__(self, pack: Path) -> None:
        self.pack = pack
        with zipfile.ZipFile(pack) as there:
            self.top = there.namelist()[0].split("/")[0]
            self.files = {name.split("/", 1)[1]: there.read(name) for name in there.namelist()}

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files["data/entries.jsonl"].decode().splitlines()]

    @entries.setter
    def entries(self, entries: list[dict[str, Any]]) -> None:
        lines = [json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in entries]
        self.files["data/entries.jsonl"] = "".join(f"{line}\n" for line in lines).encode()

    def written(self, *, manifests: bool = True) -> Path:
        if manifests:
            for name, own in (("manifest-sha256.txt", True), ("tagmanifest-sha256.txt", False)):
                self.files[name] = "".join(
                    f"{sha256(data).hexdigest()}  {one}\n"
                    for one, data in sorted(self.files.items())
                    if one.startswith("data/") == own and one != "tagmanifest-sha256.txt"
                ).encode()
        path = self.pack.with_name("forged.zip")
        path.unlink(missing_ok=True)
        with zipfile.ZipFile(path, "w") as out:
            for name, data in self.files.items():
                out.writestr(f"{self.top}/{name}", data)
        return path


async def test_a_pack_verifies_on_its_own(made: Callable[..., Any], number: str) -> None:
    pack = await made()
    code, faults, said = verify(pack)
    assert (code, faults) == (0, [])
    assert any("signature good" in line for line in said)
    inside = Forgery(pack)
    assert [one for one in inside.files if one.startswith("data/files/")] == ["data/files/0001-截图 1_.png"]
    assert inside.files["data/files/0001-截图 1_.png"] == PNG
    page = inside.files["index.html"].decode()
    assert number in page
    assert "<script" not in page
    assert 'lang="zh-CN"' in page
    assert "截图 1%.png" in page
    assert 'lang="en"' in inside.files["index.en.html"].decode()
    actions = {one["action"] for one in inside.entries}
    assert {"incident.filed", "evidence.stored", "obligation.opened"} <= actions
    assert all("proof" in one for one in inside.entries)


async def test_the_script_speaks_chinese_and_needs_only_old_python(made: Callable[..., Any]) -> None:
    import ast

    pack = await made()
    source = Forgery(pack).files["verify.py"].decode()
    ast.parse(source, feature_version=(3, 8))
    assert "irm." not in "".join(line for line in source.splitlines() if line.startswith(("import", "from")))
    script = pack.with_suffix(".py")
    script.write_text(source, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", script, pack, "--lang", "zh", stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    assert "查验通过" in told.decode()


async def test_the_same_content_is_the_same_bytes_in_one_step_or_many(
    made: Callable[..., Any], db: Database, settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    from irm.evidence import bag
    from irm.evidence.blobs import BlobStore
    from irm.evidence.models import PackRow

    pack = await made()
    async with db.transaction() as tx:
        work = await packs._gather(tx, await tx.get_one(PackRow, UUID(pack.stem)), clock.now())
    signer, store = signer_of(settings.home), BlobStore(settings.home / "blobs")
    signed = sequencer.sign(work.tree, signer, clock.now())
    one, many = tmp_path / "one.zip", tmp_path / "many.zip"
    plan = bag.stage(tmp_path / "first", work.content, signed, signer, store)
    assert bag.fill(one, tmp_path / "first", plan, store, seconds=60) == len(plan.members)
    bag.stage(tmp_path / "second", work.content, signed, signer, store)
    again = bag.Plan.read(tmp_path / "second")
    steps = 1
    while bag.fill(many, tmp_path / "second", again, store, seconds=0) < len(plan.members):
        steps += 1
        if steps == 4:  # killed in the middle of writing
            many.write_bytes(many.read_bytes()[:-30])
    assert steps > len(plan.members)
    assert one.read_bytes() == many.read_bytes()


def _size(pack: Path) -> int:
    return int(Forgery(pack).files["data/checkpoint.note"].decode().splitlines()[1])


async def test_a_flipped_byte_is_named(made: Callable[..., Any]) -> None:
    forged = Forgery(await made())
    entries = forged.entries
    entries[2]["body"] = entries[2]["body"][:-1] + " }"
    forged.entries = entries
    place, name = entries[2]["index"], entries[2]["id"]
    _, faults, _ = verify(forged.written(manifests=False))
    assert f"Entry {place} ({name}) was altered." in faults
    assert any("manifest-sha256.txt" in one for one in faults)
    code, faults, _ = verify(forged.written())
    assert code == 1
    assert f"Entry {place} ({name}) was altered." in faults
    assert not any("manifest" in one for one in faults)


async def test_a_byte_flipped_in_a_file_is_named(made: Callable[..., Any]) -> None:
    forged = Forgery(await made())
    name = "data/files/0001-截图 1_.png"
    forged.files[name] = forged.files[name][:-1] + b"!"
    _, faults, _ = verify(forged.written())
    assert faults == [f"File {name} was altered: its hash is not the one in the signed list."]


async def test_a_deleted_entry_is_named(made: Callable[..., Any]) -> None:
    forged = Forgery(await made())
    entries = forged.entries
    gone = entries.pop(3)
    forged.entries = entries
    code, faults, _ = verify(forged.written())
    assert code == 1
    assert f"Entry {gone['index']} was removed (leaf {gone['leaf_hash'][:16]})." in faults


async def test_an_inserted_entry_is_named(made: Callable[..., Any]) -> None:
    forged = Forgery(await made())
    entries = forged.entries
    stray = {**entries[1], "id": "01939a3e-0000-7000-8000-000000000000", "index": entries[-1]["index"] + 1}
    stray["leaf_hash"] = leaf_of(stray).hex()
    forged.entries = [*entries, stray]
    code, faults, _ = verify(forged.written())
    assert code == 1
    assert f"Entry {stray['index']} ({stray['id']}) was inserted: the signed list does not know it." in faults
    assert any(f"Entry {stray['index']} ({stray['id']}) is not proven" in one for one in faults)


async def test_swapped_entries_are_named(made: Callable[..., Any]) -> None:
    forged = Forgery(await made())
    entries = forged.entries
    one, two = entries[1]["index"], entries[4]["index"]
    entries[1], entries[4] = {**entries[4], "index": one}, {**entries[1], "index": two}
    forged.entries = entries
    code, faults, _ = verify(forged.written())
    assert code == 1
    assert f"Entries {one} and {two} were swapped." in faults


async def test_a_changed_value_behind_a_commitment_is_named(made: Callable[..., Any]) -> None:
    forged = Forgery(await made())
    entries = forged.entries
    at = next(index for index, one in enumerate(entries) if one.get("private"))
    path = next(iter(entries[at]["private"]))
    entries[at]["private"][path]["value"] += "!"
    forged.entries = entries
    _, faults, _ = verify(forged.written())
    assert f"The value behind “{path}” of entry {entries[at]['index']} ({entries[at]['id']}) was altered." in faults


def chained_anew(forged: Forgery, size: int, home: Path) -> int:
    """An entry changed and everything computed anew, signed by a key of the forger's own; its place."""
    entries = forged.entries
    entries[2]["actor"] = "person/00000000-0000-7000-8000-000000000000"
    place = int(entries[2]["index"])
    for one in entries:
        one["leaf_hash"] = leaf_of(one).hex()
    leaves = [bytes.fromhex(one["leaf_hash"]) for one in entries]
    by_place = dict(zip((int(one["index"]) for one in entries), leaves, strict=True))
    every = [by_place.get(index, sha256(b"%d" % index).digest()) for index in range(size)]
    made, root = merkle.grown(0, (), every)
    known = {(node.level, node.index): node.hash for node in made}
    import base64

    for one in entries:
        spans = merkle.inclusion_spans(int(one["index"]), size)
        one["proof"] = [base64.b64encode(merkle.span_hash(span, known.__getitem__)).decode() for span in spans]
    forged.entries = entries
    forger = signer_of(home)
    from datetime import UTC, datetime

    signed = sequencer.sign(sequencer.Tree(size, root), forger, datetime(2026, 11, 20, tzinfo=UTC))
    forged.files["data/checkpoint.note"] = signed.note.encode()
    forged.files["data/key.txt"] = f"{forger.key}\n".encode()
    forged.files.pop("data/consistency.json", None)
    kept = forged.files["data/pack.note"].decode().rpartition("\n\n")[0] + "\n"
    lines = [line for line in kept.splitlines() if not line.startswith(("entry ", "document "))]
    lines += [f"entry {one['index']} {one['leaf_hash']}" for one in entries]
    forged.files["data/pack.note"] = notes.signed("".join(f"{line}\n" for line in lines), forger).encode()
    return place


async def test_a_pack_computed_anew_is_caught_by_the_trusted_key_and_named_by_the_witness(
    made: Callable[..., Any], db: Database, settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    pack = await made()
    size = _size(pack)
    async with db.transaction() as tx:
        leaves = await sequencer.nodes_at(tx, [(0, index) for index in range(size)])
        kept = await sequencer.last_checkpoint(tx)
        assert kept is not None
        assert kept.size == size
    note = tmp_path / "kept.note"
    note.write_text(kept.note)
    assert verify(pack, "--witness", str(note))[:2] == (0, [])
    forged = Forgery(pack)
    place = chained_anew(forged, size, tmp_path / "forger")
    name = forged.entries[2]["id"]
    path = forged.written()
    assert verify(path)[:2] == (0, [])  # it agrees with itself …
    code, faults, _ = verify(path, "--key", kept.key)
    assert code == 1
    assert "is not the key you trust" in faults[0]
    code, faults, _ = verify(path, "--witness", str(note))  # … and not with what was seen outside
    assert code == 1
    assert any(f"does not fit the witness's checkpoint {size}" in one for one in faults)
    note.with_suffix(".leaves").write_text(witnesses.leaf_lines(0, [leaves[0, index] for index in range(size)]))
    code, faults, _ = verify(path, "--witness", str(note))
    assert f"Entry {place} ({name}) is not the one that the witness saw." in faults


async def test_an_older_checkpoint_of_a_witness_is_proven_to_be_the_beginning(
    made: Callable[..., Any], db: Database, settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    from irm.evidence.models import WitnessingRow

    async with db.transaction() as tx:
        old = await sequencer.bring_up_to_date(tx, signer_of(settings.home), clock.now())
        assert old is not None
        tx.add(
            WitnessingRow(
                checkpoint_size=old.size, witness="file", address="x", status="witnessed", attempts=1, at=clock.now()
            )
        )
    pack = await made()
    assert _size(pack) > old.size
    note = tmp_path / "old.note"
    note.write_text(old.note)
    code, faults, said = verify(pack, "--witness", str(note))
    assert (code, faults) == (0, [])
    assert any(line.startswith(f"The witness's checkpoint {old.size}") for line in said)


async def test_a_unit_gets_its_own_share_and_the_hashes_of_the_rest(
    made: Callable[..., Any], city: City, db: Database
) -> None:
    from irm.access.policy import Role

    async with db.transaction() as tx:
        vendor_leader = await make.account(tx, city.vendor, Role.DUTY_LEADER)
    whole, share = Forgery(await made()), Forgery(await made(vendor_leader))
    assert len(share.entries) < len(whole.entries)
    withheld = [one for one in share.entries if one.get("withheld")]
    assert [one["action"] for one in withheld] == ["incident.filed"]
    assert "body" not in withheld[0]
    # The vendor owes the unit a report by contract: its own duty names the unit, nothing else does.
    naming = {one["action"] for one in share.entries if str(city.unit) in json.dumps(one)}
    assert naming == {"obligation.opened"}
    assert not [one for one in share.files if one.startswith("data/files/")]


async def test_who_may_not_take_evidence_out_is_refused_and_foreign_incidents_are_not_found(
    db: Database, city: City, number: str, clock: FixedClock
) -> None:
    from irm.access.policy import Role
    from irm.errors import Forbidden, NotFound

    async with db.transaction() as tx:
        stranger = await make.account(tx, city.other, Role.DUTY_LEADER)
        for account, error in ((city.officer, Forbidden), (stranger, NotFound)):
            by = await principal_of(tx, account.id, now=clock.now())
            with pytest.raises(error):
                await packs.request_pack(tx, "incident", number, by, locale="zh-CN", now=clock.now())
