"""The schemas that irm serves: whole, true, and never taken back."""

import copy
import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from irm.drills.scenario import library as scenarios
from irm.notify.plan import CHANNELS
from irm.overview.schema_routes import schemas
from irm.playbooks.publishing import library
from irm.positions import read
from irm.rules.load import builtin_sources
from tests.unit.schemas.growing import FROZEN, taken_away

FILES = [
    *(("playbook.v1", name, text) for name, text in library().items()),
    *(("rule-pack.v1", name, text) for name, text in builtin_sources().items()),
    *(("scenario.v1", name, source) for name, (_, source) in scenarios().items()),
]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_published_schema_stays_as_it_is(name: str) -> None:
    """Red: you have changed a language. If nothing is taken away, `python -m tests.unit.schemas.growing` freezes the new
    one; if something is, make it `….v2` beside this one."""
    frozen = json.loads((FROZEN / f"{name}.json").read_text("utf-8"))
    assert list(taken_away(frozen, schemas()[name].schema)) == []
    assert frozen == schemas()[name].schema


def test_no_schema_is_frozen_that_is_not_served() -> None:
    assert {path.stem for path in FROZEN.glob("*.json")} == set(schemas())


@pytest.mark.parametrize(("name", "file", "text"), FILES, ids=[file for _, file, _ in FILES])
def test_what_irm_brings_along_follows_its_schema(name: str, file: str, text: str) -> None:
    validator = jsonschema_rs.validator_for(schemas()[name].schema)
    faults = [f"{one.instance_path}: {one.message[:200]}" for one in validator.iter_errors(read(text, file=file).data)]
    assert faults == []


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_one_and_says_what_each_field_is(name: str) -> None:
    schema = schemas()[name].schema
    jsonschema_rs.meta.validate(schema)
    assert schema["$id"] == f"urn:irm:schemas:{name}"
    for definition in (schema, *schema.get("$defs", {}).values()):
        assert definition["description"]
        assert all(one.get("description") for one in definition.get("properties", {}).values())


WRONG = {
    "a channel that nobody has": {"page": [{"to": "on_duty(cloud_authority)", "via": ["pigeon"], "within": "15m"}]},
    "a duration without its unit": {"page": [{"to": "on_duty(cloud_authority)", "within": "15"}]},
    "a field with a slip": {"page": [{"to": "on_duty(cloud_authority)", "within": "15m"}], "wen": "true"},
    "nobody": {"notice": {"to": "cloud_authority"}},
    "one option": {
        "decide": {"title": {"zh-CN": "甲"}, "to": "role(a, b)", "options": [], "within": "1h", "default": "a"}
    },
}


@pytest.mark.parametrize("step", WRONG.values(), ids=WRONG)
def test_an_editor_marks_what_is_wrong(step: dict[str, Any]) -> None:
    playbook = {
        "apiVersion": "irm/v1", "kind": "Playbook", "id": "chain", "title": {"zh-CN": "例"},
        "start": {"on": "incident.graded"}, "steps": [{"id": "a", **step}],
    }  # fmt: skip
    assert not jsonschema_rs.validator_for(schemas()["playbook.v1"].schema).is_valid(playbook)


def test_every_channel_has_its_name_in_the_schema_already() -> None:
    known = {"sms", "voice", "email", "wecom", "dingtalk", "feishu", "wecom_bot", "dingtalk_bot", "feishu_bot"}
    text = json.dumps(schemas()["playbook.v1"].schema["$defs"]["Notice"]["properties"]["via"])
    assert known | {"webhook", "in_app", "fax"} == set(CHANNELS)
    assert all(f'"{one}"' in text for one in CHANNELS)


def _changed(**changes: Any) -> Any:
    schema = copy.deepcopy(schemas()["playbook.v1"].schema)
    for path, value in changes.items():
        at = schema
        *above, last = path.split("__")
        for part in above:
            at = at[part]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return schema


@pytest.mark.parametrize(
    "changed",
    [
        {"properties__title": None},
        {"required": ["apiVersion", "id", "kind", "start", "steps", "title", "author"]},
        {"$defs__Call": None},
        {"$defs__Call__properties__endpoint__pattern": "^[a-z]$"},
        {"$defs__Step__properties__until__anyOf": [{"enum": ["acknowledged"]}, {"type": "null"}]},
        {"$defs__Decide__properties__options__maxItems": 4},
        {"$defs__Notice__properties__via__anyOf": [{"const": "preferred"}]},
        {"properties__id__minLength": 3},
    ],
)
def test_what_would_break_a_file_that_somebody_has_is_seen(changed: dict[str, Any]) -> None:
    assert list(taken_away(schemas()["playbook.v1"].schema, _changed(**changed)))


@pytest.mark.parametrize(
    "changed",
    [
        {"properties__author": {"type": "string"}},
        {"$defs__Decide__properties__options__maxItems": 20},
        {"$defs__Expires__description": "other words"},
    ],
)
def test_what_is_only_added_is_not(changed: dict[str, Any]) -> None:
    assert not list(taken_away(schemas()["playbook.v1"].schema, _changed(**changed)))


def test_the_messages_schemas_refuse_what_irm_never_sends() -> None:
    webhook = jsonschema_rs.validator_for(schemas()["webhook.v1"].schema)
    assert not webhook.is_valid(msgspec.to_builtins({"type": "irm.page"}))
