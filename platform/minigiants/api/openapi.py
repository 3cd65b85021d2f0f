"""The OpenAPI document: what ninja derives, and what it can't know."""

from typing import Any, Final

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from minigiants.accounts.models import Scope
from minigiants.api.authentication import Anyone, BearerToken
from minigiants.api.idempotency import HEADER, MARK
from minigiants.api.openapi_examples import EXAMPLES, TAGS
from minigiants.api.schemas.problem import ProblemOut
from minigiants.notifications.webhook_events import EventKind, all_kinds, example_data

PART_PATH: Final = "uploads/{upload_id}/files/{position}/parts/{number}"

_PROBLEM: Final = {"$ref": "#/components/responses/Problem"}

_KEY_PARAMETER: Final = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "Makes repeating the request safe: the same key and body get the same answer.",
}

_PART_OPERATION: Final = {
    "put": {
        "operationId": "upload_part",
        "summary": "Send a part",
        "description": "The bytes of one part, raw. Every part is 8 MiB but the last of a file. "
        "Sending a part twice is as good as once.",
        "tags": ["uploads"],
        "security": [{"UploadToken": []}],
        "parameters": [
            {
                "in": "path",
                "name": "upload_id",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            },
            *(
                {
                    "in": "path",
                    "name": name,
                    "required": True,
                    "schema": {"type": "integer", "minimum": 0, "maximum": 999_999},
                    "description": description,
                }
                for name, description in (
                    ("position", "The file's place in the announcement, from 0"),
                    ("number", "The part's number within the file, from 0"),
                )
            ),
            {
                "in": "header",
                "name": "X-Part-SHA256",
                "required": True,
                "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "description": "SHA-256 of this part's bytes, as hex",
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        },
        "responses": {"204": {"description": "The part is here, whole"}},
    }
}

_UPLOAD_TOKEN: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Upload-Token",
    "description": "`upload_token` of the upload. It opens the parts of that upload only.",
}


def _webhook(kind: EventKind) -> dict[str, Any]:
    """What a receiver of this kind of event is sent, and what it shall answer."""
    audience = " and ".join(sorted(kind.audiences, reverse=True))
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind.name},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object"},
        },
    }
    content: dict[str, Any] = {"schema": body}
    if kind.name == "submission.scored":
        content["example"] = {
            "type": kind.name,
            "timestamp": "2026-01-02T03:09:10+00:00",
            "data": example_data(),
        }
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "summary": kind.summary,
        "description": f"Told to: {audience}. Signed after Standard Webhooks.",
        "operationId": f"webhook_{kind.name.replace('.', '_')}",
        "tags": ["webhooks"],
        "parameters": [
            {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
            for name in headers
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"2XX": {"description": "Received; anything else is tried again"}},
    }


def _summarise(operation: dict[str, Any]) -> None:
    """Take the first sentence of the description for the summary, in place of ninja's guess."""
    text = " ".join(operation.get("description", "").split())
    first, _, rest = text.partition(". ")
    operation["summary"] = first.removesuffix(".")
    if rest:
        operation["description"] = rest
    else:
        operation.pop("description", None)


def _name_scope(operation: dict[str, Any], scope: Scope) -> None:
    """Say which scope the token needs, as OpenAPI 3.1 has it for every kind of security."""
    operation["security"] = [
        {name: [scope.value] for name in entry} if "BearerToken" in entry else entry
        for entry in operation["security"]
    ]


class DocumentedAPI(NinjaAPI):
    """Ninja's API, whose document tells also of problems, keys and the raw route for parts."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        if path_prefix is None:
            path_prefix = self.get_root_path(path_params or {})
        document = super().get_openapi_schema(path_prefix=path_prefix)
        document["paths"][f"/{path_prefix.strip('/')}/{PART_PATH}"] = _PART_OPERATION
        self._add_components(document["components"])
        marked = self._operations_by_id()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"] = {
                    **{str(status): answer for status, answer in operation["responses"].items()},
                    "default": _PROBLEM,
                }
                self._complete(operation, marked.get(operation["operationId"]))
        self._add_words(document)
        return document

    @staticmethod
    def _add_words(document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        for name, example in EXAMPLES.items():
            schemas[name].setdefault("examples", [example])
        used = {
            tag
            for path in document["paths"].values()
            for operation in path.values()
            for tag in operation["tags"]
        }
        document["tags"] = [
            {"name": tag, "description": words} for tag, words in TAGS.items() if tag in used
        ]
        document["webhooks"] = {kind.name: {"post": _webhook(kind)} for kind in all_kinds()}

    def _operations_by_id(self) -> dict[str, Any]:
        return {
            operation.operation_id: operation
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
            if operation.operation_id
        }

    @staticmethod
    def _add_components(components: dict[str, Any]) -> None:
        components.setdefault("securitySchemes", {})["UploadToken"] = _UPLOAD_TOKEN
        schema = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"].update(schema.pop("$defs", {}))
        components["schemas"]["Problem"] = schema
        components["responses"] = {
            "Problem": {
                "description": "An error, as RFC 9457 problem details",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            }
        }

    @staticmethod
    def _complete(operation: dict[str, Any], source: Any) -> None:
        if source is None:
            return
        _summarise(operation)
        for callback in source.auth_callbacks:
            if isinstance(callback, BearerToken) and callback.scope is not None:
                _name_scope(operation, callback.scope)
        if any(isinstance(callback, Anyone) for callback in source.auth_callbacks):
            operation.setdefault("security", []).append({})
        if hasattr(source.view_func, MARK):
            operation["parameters"] = [*operation.get("parameters", []), _KEY_PARAMETER]
