"""The description for data tools names all public files and no hidden one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from minigiants.competitions.croissant import croissant_of
from minigiants.competitions.selectors import public_files
from minigiants.competitions.services import pack_publish
from minigiants.core.blobstore import blob_store

pytestmark = pytest.mark.django_db


def test_it_describes_the_public_files(make_pack: Callable[..., Path]) -> None:
    version = pack_publish(folder=make_pack(), actor=None)
    found = croissant_of(
        competition=version.competition,
        page_url="https://example.org/competitions/tiny/",
        file_url=lambda path: f"https://example.org/{path}",
    )
    content = b"id,label,x,y\nt0,0,1,2\nt1,1,3,4\n"
    assert found["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert found["license"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert found["distribution"] == [
        {
            "@type": "cr:FileObject",
            "@id": "public/train.csv",
            "name": "public/train.csv",
            "contentUrl": "https://example.org/public/train.csv",
            "contentSize": f"{len(content)} B",
            "encodingFormat": "text/csv",
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    ]
    (records,) = found["recordSet"]
    assert [(field["name"], field["dataType"]) for field in records["field"]] == [
        ("id", "sc:Text"),
        ("label", "sc:Integer"),
        ("x", "sc:Integer"),
        ("y", "sc:Integer"),
    ]


def test_digits_is_served_without_a_word_of_what_is_hidden() -> None:
    version = pack_publish(folder=Path(settings.PACKS_ROOT) / "digits", actor=None)
    response = Client().get("/api/v1/competitions/digits/croissant")
    assert response["Content-Type"] == "application/ld+json"
    assert len(response.json()["distribution"]) == 4
    assert response.json()["citeAs"].startswith("E. Alpaydin")
    assert b"hidden" not in response.content
    named = {file["@id"]: file for file in response.json()["distribution"]}
    for file in public_files(version=version):
        with blob_store().open(file.digest) as stream:
            assert named[file.path]["sha256"] == hashlib.sha256(stream.read()).hexdigest()
        address = named[file.path]["contentUrl"].removeprefix(settings.BASE_URL)
        assert address == f"/api/v1/competitions/digits/data/{file.path}"
