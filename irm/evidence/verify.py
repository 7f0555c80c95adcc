"""Checks an evidence pack of irm on any machine with Python 3.8 or newer; needs no network and no irm.

    python3 verify.py [PACK.zip or folder] [--key KEY] [--witness CHECKPOINT.note] [--lang zh|en] [--json]

Without a path it checks the folder it lies in. It looks whether every file is as it was packed (BagIt), whether the log's
key signed the checkpoint and the pack's list, whether every entry is what its hash says and stands in the signed tree
(RFC 9162), whether values fit their commitments, and whether the files are those that the entries name. With --witness it
compares with what somebody outside irm kept (the .leaves beside the note, if there are any). Exit code 1: something is
wrong, and it says what.
"""

# In a pack this is one file: irm/evidence/bag.py puts proving.py and pack_reading.py before it.

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from irm.evidence.pack_reading import CHINESE, Broken, Pack, speak, t
from irm.evidence.proving import checkpoint_of, fingerprint, is_consistent, key_of, leaf_of, opened, root_by

NEEDED = ("data/key.txt", "data/checkpoint.note", "data/pack.note", "data/entries.jsonl", "data/files.jsonl")


class Check:
    """One run over one pack. `faults` are sentences; `said` is what holds."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.faults: list[str] = []
        self.said: list[str] = []
        self.entries: list[dict[str, Any]] = []

    def fault(self, text: str) -> None:
        if text not in self.faults:
            self.faults.append(text)

    def run(self, trusted: str = "", witness: str = "") -> None:
        self.manifests()
        missing = [name for name in NEEDED if name not in self.pack.names()]
        if missing:
            raise Broken(t("The pack lacks %(names)s.", names=", ".join(missing)))
        key = self.key(trusted)
        size, root, _ = self.checkpoint(key)
        listed, files, documents = self.signed_list(key)
        self.read_entries()
        self.against_list(listed)
        self.proofs(size, root)
        self.files(files, documents)
        if witness:
            self.witness(witness, key, size, root)

    # BagIt (RFC 8493)

    def manifests(self) -> None:
        names = self.pack.names()
        for manifest, covers in (("manifest-sha256.txt", "data/"), ("tagmanifest-sha256.txt", "")):
            if manifest not in names:
                self.fault(t("The pack lacks %(names)s.", names=manifest))
                continue
            listed = {}
            for line in self.pack.text(manifest).splitlines():
                digest, _, name = line.partition("  ")
                listed[name] = digest
            for name, digest in sorted(listed.items()):
                if name not in names:
                    self.fault(t("File %(name)s is missing.", name=name))
                elif self.pack.sha256(name) != digest:
                    self.fault(
                        t(
                            "File %(name)s was altered: its hash is not the one in %(manifest)s.",
                            name=name,
                            manifest=manifest,
                        )
                    )
            for name in sorted(names - set(listed)):
                if (covers and name.startswith(covers)) or (
                    not covers and not name.startswith("data/") and name != manifest
                ):
                    self.fault(t("File %(name)s was added: no manifest lists it.", name=name))

    # signatures

    def key(self, trusted: str) -> tuple[str, bytes]:
        text = self.pack.text("data/key.txt")
        try:
            key = key_of(text)
        except ValueError as error:
            raise Broken(t("%(name)s cannot be read: %(reason)s", name="data/key.txt", reason=error)) from error
        if trusted:
            if "+" not in trusted:
                trusted = read(trusted)
            try:
                wanted = key_of(trusted)
            except ValueError as error:
                raise Broken(t("%(name)s cannot be read: %(reason)s", name="--key", reason=error)) from error
            if wanted != key:
                self.fault(
                    t(
                        "The pack's key (%(found)s) is not the key you trust (%(wanted)s): somebody else signed this pack.",
                        found=fingerprint(key[1]),
                        wanted=fingerprint(wanted[1]),
                    )
                )
            return wanted
        self.said.append(
            t(
                "Key of the log: %(name)s, fingerprint %(fingerprint)s. Compare it with the one that the authority published.",
                name=key[0],
                fingerprint=fingerprint(key[1]),
            )
        )
        return key

    def checkpoint(self, key: tuple[str, bytes]) -> tuple[int, bytes, str]:
        text, is_good = opened(self.pack.text("data/checkpoint.note"), key)
        if not is_good:
            self.fault(t("The signature of the checkpoint is not of the log's key."))
        try:
            size, root, at = checkpoint_of(text)
        except ValueError as error:
            raise Broken(t("%(name)s cannot be read: %(reason)s", name="data/checkpoint.note", reason=error)) from error
        if is_good:
            self.said.append(t("Checkpoint %(size)s of %(at)s: signature good.", size=size, at=at))
        return size, root, at

    def signed_list(self, key: tuple[str, bytes]) -> tuple[dict[int, str], dict[str, str], dict[str, str]]:
        """What was packed, as signed: (place → leaf hash, file → hash, document → hash)."""
        text, is_good = opened(self.pack.text("data/pack.note"), key)
        if not is_good:
            self.fault(
                t("The signature under the pack's list (data/pack.note) is not of the log's key: the list was altered.")
            )
        entries: dict[int, str] = {}
        files: dict[str, str] = {}
        documents: dict[str, str] = {}
        for line in text.splitlines():
            kind, _, rest = line.partition(" ")
            what, _, digest = rest.rpartition(" ")
            if kind == "entry" and what.isdigit():
                entries[int(what)] = digest
            elif kind == "file":
                files[what] = digest
            elif kind == "document":
                documents[what] = digest
        if is_good:
            self.said.append(
                t(
                    "List of the pack: %(entries)s entries, %(files)s files, signature good.",
                    entries=len(entries),
                    files=len(files),
                )
            )
        return entries, files, documents

    # entries

    def read_entries(self) -> None:
        for number, line in enumerate(self.pack.text("data/entries.jsonl").splitlines(), 1):
            try:
                entry = json.loads(line)
                int(entry["index"]), str(entry["id"]), bytes.fromhex(entry["leaf_hash"])
                [base64.b64decode(step, validate=True) for step in entry["proof"]]
            except (ValueError, KeyError, TypeError) as error:
                self.fault(
                    t(
                        "Line %(number)s of data/entries.jsonl cannot be read: %(reason)s",
                        number=number,
                        reason=repr(error),
                    )
                )
                continue
            self.entries.append(entry)

    def against_list(self, listed: dict[int, str]) -> None:
        seen: dict[int, str] = {}
        place_of = {digest: place for place, digest in listed.items()}
        before = -1
        for entry in self.entries:
            place, digest = int(entry["index"]), str(entry["leaf_hash"])
            name = entry["id"]
            if place in seen:
                self.fault(t("Entry %(place)s (%(entry)s) is there twice.", place=place, entry=name))
            seen[place] = digest
            if place not in listed:
                self.fault(
                    t(
                        "Entry %(place)s (%(entry)s) was inserted: the signed list does not know it.",
                        place=place,
                        entry=name,
                    )
                )
            elif listed[place] != digest:
                other = place_of.get(digest)
                if other is None:
                    self.fault(t("Entry %(place)s (%(entry)s) was altered.", place=place, entry=name))
                else:
                    self.fault(
                        t(
                            "Entries %(place)s and %(other)s were swapped.",
                            place=min(place, other),
                            other=max(place, other),
                        )
                    )
            if place < before:
                self.fault(t("Entry %(place)s (%(entry)s) stands out of order.", place=place, entry=name))
            before = max(before, place)
        for place in sorted(set(listed) - set(seen)):
            self.fault(t("Entry %(place)s was removed (leaf %(leaf)s).", place=place, leaf=listed[place][:16]))

    def proofs(self, size: int, root: bytes) -> None:
        whole = 0
        for entry in self.entries:
            place, name = int(entry["index"]), entry["id"]
            leaf = bytes.fromhex(entry["leaf_hash"])
            if not entry.get("withheld"):
                whole += 1
                if leaf_of(entry) != leaf:
                    self.fault(t("Entry %(place)s (%(entry)s) was altered.", place=place, entry=name))
                self.private(entry)
            steps = [base64.b64decode(step) for step in entry["proof"]]
            if root_by(leaf, place, size, steps) != root:
                self.fault(
                    t(
                        "Entry %(place)s (%(entry)s) is not proven: it does not lead to the signed root.",
                        place=place,
                        entry=name,
                    )
                )
        self.said.append(
            t(
                "%(whole)s entries in full, %(withheld)s of which only the hash is shown.",
                whole=whole,
                withheld=len(self.entries) - whole,
            )
        )

    def private(self, entry: dict[str, Any]) -> None:
        try:
            commitments = json.loads(entry["body"]).get("private", {})
        except (ValueError, AttributeError):
            commitments = {}
        for path, kept in entry.get("private", {}).items():
            made = hashlib.sha256(bytes.fromhex(kept["salt"]) + str(kept["value"]).encode()).hexdigest()
            if commitments.get(path) != made:
                self.fault(
                    t(
                        "The value behind “%(path)s” of entry %(place)s (%(entry)s) was altered.",
                        path=path,
                        place=entry["index"],
                        entry=entry["id"],
                    )
                )

    # files

    def files(self, files: dict[str, str], documents: dict[str, str]) -> None:
        names = self.pack.names()
        for name, digest in sorted({**files, **documents}.items()):
            if name not in names:
                self.fault(t("File %(name)s is missing.", name=name))
            elif self.pack.sha256(name) != digest:
                self.fault(t("File %(name)s was altered: its hash is not the one in the signed list.", name=name))
        for name in sorted(one for one in names if one.startswith("data/files/") and one not in files):
            self.fault(t("File %(name)s was added: the signed list does not know it.", name=name))
        stored = set()
        for entry in self.entries:
            if entry.get("action") == "evidence.stored" and not entry.get("withheld"):
                stored.add(json.loads(entry["body"]).get("sha256"))
        for name, digest in sorted(files.items()):
            if digest not in stored:
                self.said.append(t("No entry of this pack says when file %(name)s was taken in.", name=name))

    # witness

    def witness(self, path: str, key: tuple[str, bytes], size: int, root: bytes) -> None:
        try:
            text, is_good = opened(read(path), key)
            seen, seen_root, at = checkpoint_of(text)
        except ValueError as error:
            raise Broken(t("%(name)s cannot be read: %(reason)s", name=path, reason=error)) from error
        if not is_good:
            self.fault(t("The witness's checkpoint was signed by another key than this pack."))
        named = self.witnessed_leaves(path)
        fits: bool | None
        if seen == size:
            fits = seen_root == root
        else:
            older = self.consistency().get(seen)
            fits = None if older is None else is_consistent(seen, size, seen_root, root, older)
        if fits:
            self.said.append(t("The witness's checkpoint %(size)s of %(at)s fits.", size=seen, at=at))
        elif fits is None:
            self.said.append(t("The pack has no proof towards the witness's checkpoint %(size)s.", size=seen))
        elif not named:
            self.fault(
                t(
                    "The past was changed before this pack was made: it does not fit the witness's checkpoint %(size)s.",
                    size=seen,
                )
            )

    def witnessed_leaves(self, path: str) -> bool:
        """Names entries that are not those that the witness saw; whether there were any."""
        beside = path[: -len(".note")] + ".leaves" if path.endswith(".note") else ""
        if not beside or not Path(beside).is_file():
            return False
        lines = [line.split() for line in read(beside).splitlines()]
        kept = {int(place): base64.b64decode(leaf).hex() for place, leaf in lines}
        found = False
        for entry in self.entries:
            if kept.get(int(entry["index"]), entry["leaf_hash"]) != entry["leaf_hash"]:
                found = True
                self.fault(
                    t(
                        "Entry %(place)s (%(entry)s) is not the one that the witness saw.",
                        place=entry["index"],
                        entry=entry["id"],
                    )
                )
        return found

    def consistency(self) -> dict[int, list[bytes]]:
        """Size of an older checkpoint → the proof that the pack's tree only added to it."""
        if "data/consistency.json" not in self.pack.names():
            return {}
        given = json.loads(self.pack.text("data/consistency.json"))
        return {int(size): [base64.b64decode(step) for step in path] for size, path in given.items()}


def read(path: str) -> str:
    """Raises Broken."""
    try:
        return Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Broken(t("%(name)s cannot be read: %(reason)s", name=path, reason=error)) from error


def check(path: str, trusted: str = "", witness: str = "") -> Check | str:
    """The finished check, or why it could not be begun."""
    try:
        made = Check(Pack(path))
        made.run(trusted, witness)
    except Broken as error:
        return str(error)
    return made


def verdict(faults: list[str]) -> str:
    if faults:
        return t("WRONG: %(n)s fault(s) found.", n=len(faults))
    return t("GOOD: nothing was changed since this was packed.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--key", default="")
    parser.add_argument("--witness", default="")
    parser.add_argument("--lang", choices=("zh", "en"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "zh"
    lang = asked.lang or ("en" if spoken.lower().startswith("en") else "zh")
    speak(CHINESE if lang == "zh" else {})
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    found = check(asked.path, asked.key, asked.witness)
    faults, said = ([found], []) if isinstance(found, str) else (found.faults, found.said)
    if asked.json:
        sys.stdout.write(
            json.dumps({"fine": not faults, "faults": faults, "said": said}, ensure_ascii=False, indent=2) + "\n"
        )
        return 1 if faults else 0
    for line in said:
        sys.stdout.write(f"  {line}\n")
    for line in faults:
        sys.stdout.write(f"\u2717 {line}\n")
    sys.stdout.write(f"{verdict(faults)}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
