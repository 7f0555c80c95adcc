"""Anybody's editor gets the schemas of irm's files, and gets them once."""

import json
from typing import Any

import httpx
import jsonschema_rs
from click.testing import CliRunner

from irm.cli import main
from irm.overview.schema_routes import schemas


async def test_an_editor_that_is_not_signed_in_reads_the_schemas(client: httpx.AsyncClient) -> None:
    index = await client.get("/schemas")
    assert index.status_code == 200
    listed = index.json()["schemas"]
    assert [one["path"] for one in listed] == [
        "/schemas/playbook.v1.json", "/schemas/rule-pack.v1.json", "/schemas/scenario.v1.json", "/schemas/webhook.v1.json",
        "/schemas/call.v1.json",
    ]  # fmt: skip
    for one in listed:
        answer = await client.get(one["path"])
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
            200,
            "application/schema+json",
        )
        jsonschema_rs.meta.validate(answer.json())
        assert answer.json()["title"] == one["title"]


async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/schemas/playbook.v1.json")
    assert "public" in first.headers["cache-control"]
    again = await client.get("/schemas/playbook.v1.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.get("/schemas/rule-pack.v1.json", headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200


async def test_there_is_no_other_schema(client: httpx.AsyncClient) -> None:
    for path in ("/schemas/playbook.v2.json", "/schemas/playbook.v1", "/schemas/..%2f..%2fapp.py"):
        assert (await client.get(path)).status_code == 404, path


def test_the_commands_print_what_is_served() -> None:
    for command, name in (
        (["playbook", "schema"], "playbook.v1"),
        (["rules", "schema"], "rule-pack.v1"),
        (["drill", "check", "--schema"], "scenario.v1"),
    ):
        done = CliRunner().invoke(main, command)
        told: Any = json.loads(done.output)
        assert told == schemas()[name].schema
