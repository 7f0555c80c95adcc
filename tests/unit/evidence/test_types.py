from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from irm.errors import Invalid
from irm.evidence.types import clean_name, judge

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30
ZIP = b"PK\x03\x04" + b"\0" * 30


@pytest.mark.parametrize(
    ("name", "head", "media_type"),
    [
        ("photo.PNG", PNG, "image/png"),
        ("fax.pdf", b"%PDF-1.7\n", "application/pdf"),
        ("auth.log", b"Nov 21 03:41:07 sshd[1]: failed\n", "text/plain"),
        ("报告.txt", "勒索信内容".encode("gb18030"), "text/plain"),
        ("报告.docx", ZIP, "application/zip"),
        ("page.log", "日志".encode() * 2731 + b"\xe6", "text/plain"),
        ("dump.pcap", b"\xd4\xc3\xb2\xa1" + b"\0" * 20, "application/vnd.tcpdump.pcap"),
    ],
)
def test_what_is_taken(name: str, head: bytes, media_type: str) -> None:
    assert judge(name, head).media_type == media_type


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("photo.png", b"MZ\x90\0" + b"\0" * 60),
        ("photo.png", b"%PDF-1.7\n"),
        ("note.txt", PNG),
        ("note.txt", b"<!DOCTYPE html><html>"),
        ("note.txt", b"  \n<script>alert(1)</script>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("note.txt", b"<?xml version='1.0'?><svg/>"),
        ("run.txt", b"#!/bin/sh\nrm -rf /\n"),
        ("program", b"\x7fELF" + b"\0" * 60),
        ("archive.exe", ZIP),
        ("noextension", b"plain text"),
        ("empty.txt", b""),
        ("binary.txt", b"\0\1\2\3"),
    ],
)
def test_what_is_refused_names_the_field(name: str, head: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        judge(name, head, field="attachments.0")
    assert refused.value.errors[0].field == "attachments.0"


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\日志.log", "日志.log"),
        ("a\r\nSet-Cookie: b.txt", "aSet-Cookie b.txt"),
        ("...", "file"),
        ("x" * 300 + ".log", "x" * 196 + ".log"),
    ],
)
def test_names_are_made_harmless(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@given(st.text(), st.binary(max_size=64))
def test_no_name_and_no_content_breaks_it(name: str, head: bytes) -> None:
    assert clean_name(name)
    with suppress(Invalid):
        judge(name, head)
