"""The OpenAPI document: committed, complete, and honest about authentication."""

import io
import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from minigiants.accounts.models import Scope
from minigiants.api.management.commands.openapi import document
from minigiants.api.routes import api

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = ROOT / "docs" / "openapi.json"
ANY_SCOPE = {"/api/v1/me", "/api/v1/me/token"}
CAPABILITIES = {"/api/v1/worker/blobs/{token}"}
"""Paths that carry their own authorisation in the address."""


def test_the_committed_document_is_up_to_date() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == document(), "run: manage.py openapi"


def test_the_command_writes_and_checks(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    with pytest.raises(CommandError, match="out of date"):
        call_command("openapi", path, check=True)
    call_command("openapi", path, stdout=io.StringIO())
    call_command("openapi", path, check=True)
    assert json.loads(path.read_text())["openapi"] == "3.1.0"


def test_every_operation_states_its_authentication_and_its_errors() -> None:
    for path, methods in json.loads(document())["paths"].items():
        for method, operation in methods.items():
            assert operation.get("security") or path in CAPABILITIES, (method, path)
            assert "default" in operation["responses"]
            assert operation["summary"]


def test_every_operation_is_guarded_in_the_code_too() -> None:
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                guarded = bool(operation.auth_callbacks)
                assert guarded or path.endswith("/blobs/{token}"), (operation.methods, path)


def test_operation_ids_are_unique_and_references_resolve() -> None:
    whole = json.loads(document())
    ids = [
        operation["operationId"]
        for methods in whole["paths"].values()
        for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))

    def check(node: object) -> None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                target: object = whole
                for step in reference.removeprefix("#/").split("/"):
                    assert isinstance(target, dict)
                    target = target[step]
            for child in node.values():
                check(child)
        elif isinstance(node, list):
            for child in node:
                check(child)

    check(whole)


def test_every_operation_says_what_it_does_and_where_it_belongs() -> None:
    whole = json.loads(document())
    tags = {tag["name"] for tag in whole["tags"]}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            assert len(operation["summary"].split()) > 1, (method, path)
            assert set(operation["tags"]) <= tags, (method, path)
            assert operation["tags"], (method, path)


def test_every_body_has_an_example_that_is_valid() -> None:
    whole = json.loads(document())
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json")
            if body is None:
                continue
            for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(body)):
                schema = whole["components"]["schemas"][name]
                assert schema.get("examples"), (method, path, name)
                rooted = {**schema, "components": whole["components"]}
                for example in schema["examples"]:
                    jsonschema_rs.validator_for(rooted).validate(example)


def test_every_operation_of_people_names_its_scope() -> None:
    for path, methods in json.loads(document())["paths"].items():
        for method, operation in methods.items():
            for entry in operation.get("security", []):
                is_any = path in ANY_SCOPE or {} in operation["security"]
                if "BearerToken" in entry and not is_any:
                    assert entry["BearerToken"][0] in Scope.values, (method, path)


def test_the_document_is_served(client: Client) -> None:
    served = client.get("/api/v1/openapi.json").json()
    assert served["paths"].keys() == json.loads(document())["paths"].keys()
