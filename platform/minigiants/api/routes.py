"""The API `/api/v1`: its resources, put together."""

from minigiants.api import worker_routes
from minigiants.api.answers import install
from minigiants.api.json_bodies import StrictJson
from minigiants.api.openapi import DocumentedAPI
from minigiants.api.resources import (
    artifacts,
    community,
    competitions,
    data,
    hosted,
    hosting,
    installation,
    leaderboards,
    me,
    notices,
    people,
    records,
    rulings,
    submissions,
    teams,
    uploads,
    webhooks,
)

api = DocumentedAPI(
    title="Minigiants",
    version="1.0.0",
    description="Competitions for small models. Errors are RFC 9457 problem details; their codes "
    "are explained at /docs/errors.",
    docs_url=None,
    parser=StrictJson(),
    urls_namespace="api",
)
install(api)
for resource in (
    me,
    notices,
    people,
    competitions,
    community,
    teams,
    data,
    hosting,
    leaderboards,
    records,
    uploads,
    artifacts,
    submissions,
    rulings,
    hosted,
    installation,
):
    api.add_router("", resource.router)
for router in webhooks.routers:
    api.add_router("", router)
api.add_router("worker", worker_routes.router)
