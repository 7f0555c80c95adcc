"""Each thing that `verify.py` looks at is needed: one damage for each of its sentences, on a small pack put together by hand.

The pack is signed anew wherever only that leaves the sentence in question; so no other check stands in for the one that is
meant, and taking one check out turns a line of this table red.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from irm.evidence import merkle, notes, sequencer, verify
from irm.evidence.keys import signer_of
from irm.evidence.notes import Signer
from irm.evidence.proving import leaf_of

SIZE: Final = 11
SHOWN: Final = (2, 3, 5, 8)
FILE: Final = "data/files/0001-a.txt"
NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Made:
    """A pack's files, and the means to sign parts of it anew."""

    signer: Signer
    leaves: list[bytes]
    root: bytes
    known: dict[tuple[int, int], bytes]
    files: dict[str, bytes] = field(default_factory=dict)
    manifested: bool = True

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files["data/entries.jsonl"].decode().splitlines()]

    @entries.setter
    def entries(self, entries: list[dict[str, Any]]) -> None:
        self.files["data/entries.jsonl"] = "".join(json.dumps(one) + "\n" for one in entries).encode()

    def list_anew(self) -> None:
        """Sign the list of what the pack holds now: only what is not in the list can still be found."""
        lines = [f"entry {one['index']} {one['leaf_hash']}" for one in self.entries]
        lines += [f"file {name} {sha256(self.files[name]).hexdigest()}" for name in self.files if name == FILE]
        self.files["data/pack.note"] = notes.signed("".join(f"{line}\n" for line in lines), self.signer).encode()

    def written(self, folder: Path) -> Path:
        if self.manifested:
            for name, own in (("manifest-sha256.txt", True), ("tagmanifest-sha256.txt", False)):
                self.files[name] = "".join(
                    f"{sha256(data).hexdigest()}  {one}\n"
                    for one, data in sorted(self.files.items())
                    if one.startswith("data/") == own and one != "tagmanifest-sha256.txt"
                ).encode()
        for name, data in self.files.items():
            path = folder.joinpath(*name.split("/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder


def entry(place: int) -> dict[str, Any]:
    salt = b"%016d" % place
    commitment = sha256(salt + b"why").hexdigest()
    body: dict[str, Any] = {"n": place, "private": {"reason": commitment}}
    action = "test.written"
    if place == SHOWN[-1]:
        action, body = "evidence.stored", {"sha256": sha256(b"a").hexdigest()}
    made: dict[str, Any] = {
        "id": f"01939a3e-0000-7000-8000-{place:012d}",
        "at": f"2026-11-20T00:00:{place:02d}.000000+00:00",
        "actor": "system",
        "action": action,
        "subject": f"incident/{place}",
        "body": json.dumps(body, sort_keys=True, separators=(",", ":")),
        "index": place,
        "private": {"reason": {"salt": salt.hex(), "value": "why"}} if "private" in body else {},
    }
    return made | {"leaf_hash": leaf_of(made).hex()}


def pack(home: Path) -> Made:
    signer = signer_of(home)
    every = [entry(place) for place in range(SIZE)]
    leaves = [bytes.fromhex(one["leaf_hash"]) for one in every]
    nodes, root = merkle.grown(0, (), leaves)
    made = Made(signer, leaves, root, {(one.level, one.index): one.hash for one in nodes})
    for one in every:
        spans = merkle.inclusion_spans(one["index"], SIZE)
        one["proof"] = [base64.b64encode(merkle.span_hash(span, made.known.__getitem__)).decode() for span in spans]
    made.files = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "data/key.txt": f"{signer.key}\n".encode(),
        "data/checkpoint.note": sequencer.sign(sequencer.Tree(SIZE, root), signer, NOW).note.encode(),
        "data/files.jsonl": b"",
        FILE: b"a",
    }
    made.entries = [every[place] for place in SHOWN]
    made.list_anew()
    return made


def test_it_is_good_as_it_is(tmp_path: Path) -> None:
    checked = verify.check(str(pack(tmp_path / "home").written(tmp_path / "pack")))
    assert not isinstance(checked, str), checked
    assert checked.faults == []


def edited(change: Callable[[list[dict[str, Any]]], Any], *, listed: bool = False) -> Callable[[Made], None]:
    """The entries changed; `listed`: and the list signed anew over them."""

    def damage(made: Made) -> None:
        entries = made.entries
        change(entries)
        made.entries = entries
        if listed:
            made.list_anew()

    return damage


def _set(at: int, **values: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda entries: entries[at].update(values)


def _swap(entries: list[dict[str, Any]]) -> None:
    one, two = entries[0]["index"], entries[2]["index"]
    entries[0], entries[2] = {**entries[2], "index": one}, {**entries[0], "index": two}


def _stray(entries: list[dict[str, Any]]) -> None:
    entries.append(entry(9) | {"proof": []})


def _foreign_leaf(entries: list[dict[str, Any]]) -> None:
    stray = {**entries[1], "body": "{}"}
    entries[1] = stray | {"leaf_hash": leaf_of(stray).hex()}


def _file(name: str, data: bytes | None, *, manifested: bool = True) -> Callable[[Made], None]:
    def damage(made: Made) -> None:
        if not manifested:
            made.written(made_nowhere())
            made.manifested = False
        if data is None:
            del made.files[name]
        else:
            made.files[name] = data

    return damage


def made_nowhere() -> Path:
    """For the manifests alone."""
    from tempfile import mkdtemp

    return Path(mkdtemp())


def _unsigned(name: str) -> Callable[[Made], None]:
    def damage(made: Made) -> None:
        text, _, signature = made.files[name].decode().rpartition(" ")
        raw = bytearray(base64.b64decode(signature))
        raw[-1] ^= 1
        made.files[name] = f"{text} {base64.b64encode(raw).decode()}\n".encode()

    return damage


def _longer_list(made: Made) -> None:
    entries = made.entries
    made.list_anew()
    made.entries = entries[:1] + entries[2:]


def _garbled(entries: list[dict[str, Any]]) -> None:
    entries[1]["proof"] = ["not base64!"]


NAME = "01939a3e-0000-7000-8000-"
DAMAGES: Final[dict[str, tuple[Callable[[Made], None], str]]] = {
    "a manifest is missing": (
        _file("tagmanifest-sha256.txt", None, manifested=False),
        "The pack lacks tagmanifest-sha256.txt.",
    ),
    "a listed file is missing": (_file("bagit.txt", None, manifested=False), "File bagit.txt is missing."),
    "a file is not what the manifest says": (
        _file("bagit.txt", b"x", manifested=False),
        "File bagit.txt was altered: its hash is not the one in tagmanifest-sha256.txt.",
    ),
    "a file lies beside the data": (
        _file("more.txt", b"x", manifested=False),
        "File more.txt was added: no manifest lists it.",
    ),
    "a file lies in the data": (
        _file("data/more.txt", b"x", manifested=False),
        "File data/more.txt was added: no manifest lists it.",
    ),
    "the checkpoint's signature": (
        _unsigned("data/checkpoint.note"),
        "The signature of the checkpoint is not of the log's key.",
    ),
    "the list's signature": (
        _unsigned("data/pack.note"),
        "The signature under the pack's list (data/pack.note) is not of the log's key: the list was altered.",
    ),
    "a line that is no entry": (edited(_garbled), "Line 2 of data/entries.jsonl cannot be read"),
    "an entry twice": (
        edited(lambda entries: entries.insert(1, entries[1])),
        f"Entry 3 ({NAME}{3:012d}) is there twice.",
    ),
    "an entry inserted": (edited(_stray), f"Entry 9 ({NAME}{9:012d}) was inserted: the signed list does not know it."),
    "an entry in place of another": (edited(_foreign_leaf), f"Entry 3 ({NAME}{3:012d}) was altered."),
    "two entries swapped": (edited(_swap), "Entries 2 and 5 were swapped."),
    "the order": (edited(lambda entries: entries.reverse()), f"Entry 5 ({NAME}{5:012d}) stands out of order."),
    "an entry removed": (_longer_list, "Entry 3 was removed (leaf "),
    "an entry's text": (edited(_set(1, actor="person/0")), f"Entry 3 ({NAME}{3:012d}) was altered."),
    "an entry that never was in the log": (
        edited(_foreign_leaf, listed=True),
        f"Entry 3 ({NAME}{3:012d}) is not proven: it does not lead to the signed root.",
    ),
    "an entry at another place": (
        edited(_set(1, index=4), listed=True),
        f"Entry 4 ({NAME}{3:012d}) is not proven: it does not lead to the signed root.",
    ),
    "a value behind a commitment": (
        edited(_set(0, private={"reason": {"salt": (b"%016d" % 2).hex(), "value": "because"}})),
        f"The value behind “reason” of entry 2 ({NAME}{2:012d}) was altered.",
    ),
    "a value that was never committed to": (
        edited(_set(0, private={"other": {"salt": "00", "value": "x"}})),
        f"The value behind “other” of entry 2 ({NAME}{2:012d}) was altered.",
    ),
    "a file, manifests computed anew": (
        _file(FILE, b"b"),
        f"File {FILE} was altered: its hash is not the one in the signed list.",
    ),
    "a file taken out, manifests computed anew": (_file(FILE, None), f"File {FILE} is missing."),
    "a file put in, manifests computed anew": (
        _file("data/files/0002-b.txt", b"b"),
        "File data/files/0002-b.txt was added: the signed list does not know it.",
    ),
    "what everything hangs on": (_file("data/checkpoint.note", None), "The pack lacks data/checkpoint.note."),
    "a checkpoint that is none": (_file("data/checkpoint.note", b"x\n"), "data/checkpoint.note cannot be read"),
    "a key that is none": (_file("data/key.txt", b"x"), "data/key.txt cannot be read"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_done_to_it_is_named(damage: str, tmp_path: Path) -> None:
    change, sentence = DAMAGES[damage]
    made = pack(tmp_path / "home")
    change(made)
    checked = verify.check(str(made.written(tmp_path / "pack")))
    faults = [checked] if isinstance(checked, str) else checked.faults
    assert any(one.startswith(sentence) for one in faults), faults


def test_another_key_than_the_one_trusted(tmp_path: Path) -> None:
    there = pack(tmp_path / "home").written(tmp_path / "pack")
    other = signer_of(tmp_path / "other").key
    checked = verify.check(str(there), str(other))
    assert not isinstance(checked, str), checked
    assert checked.faults[0].startswith("The pack's key (")


def witness(tmp_path: Path, size: int, *, leaves: list[bytes] | None = None, home: str = "home") -> str:
    """A checkpoint that somebody keeps: of the log's beginning, or of another past (`leaves`)."""
    every = [bytes.fromhex(entry(place)["leaf_hash"]) for place in range(size)]
    _, root = merkle.grown(0, (), leaves or every)
    note = tmp_path / "kept.note"
    note.write_text(sequencer.sign(sequencer.Tree(size, root), signer_of(tmp_path / home), NOW).note)
    return str(note)


def test_a_witness_of_another_past_of_another_key_and_of_the_same(tmp_path: Path) -> None:
    made = pack(tmp_path / "home")
    spans = merkle.consistency_spans(6, SIZE)
    proof = [base64.b64encode(merkle.span_hash(span, made.known.__getitem__)).decode() for span in spans]
    made.files["data/consistency.json"] = json.dumps({"6": proof}).encode()
    there = str(made.written(tmp_path / "pack"))

    def faults(note: str) -> list[str]:
        checked = verify.check(there, "", note)
        assert not isinstance(checked, str), checked
        return checked.faults

    other = [sha256(b"%d" % place).digest() for place in range(SIZE)]
    assert faults(witness(tmp_path, SIZE)) == []
    assert faults(witness(tmp_path, 6)) == [], "the beginning of the same log"
    assert faults(witness(tmp_path, 7)) == [], "no proof towards this one; it says so and blames nobody"
    for size in (6, SIZE):
        (fault,) = faults(witness(tmp_path, size, leaves=other[:size]))
        assert fault.startswith("The past was changed before this pack was made")
    assert faults(witness(tmp_path, SIZE, home="other"))[0].startswith(
        "The witness's checkpoint was signed by another key"
    )
    note = witness(tmp_path, SIZE, leaves=other)
    lines = "".join(
        f"{place} {base64.b64encode(leaf).decode()}\n" for place, leaf in enumerate([*made.leaves[:3], *other[3:]])
    )
    Path(note).with_suffix(".leaves").write_text(lines)
    assert faults(note) == [
        f"Entry {place} ({NAME}{place:012d}) is not the one that the witness saw." for place in SHOWN if place >= 3
    ]
