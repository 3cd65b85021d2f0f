"""The public data of a competition, described in Croissant 1.0 (MLCommons): JSON-LD for tools.

https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import mimetypes
from collections.abc import Callable
from typing import Any, Final

from minigiants.competitions.models import Competition, PackFile
from minigiants.competitions.pack_columns import INTEGER, NUMBER, TEXT
from minigiants.competitions.selectors import current_version, public_files

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.0"
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
DATA_TYPES: Final = {INTEGER: "sc:Integer", NUMBER: "sc:Float", TEXT: "sc:Text"}
MEDIA_TYPES: Final = {".csv": "text/csv", ".jsonl": "application/jsonlines"}


def croissant_of(
    *, competition: Competition, page_url: str, file_url: Callable[[str], str]
) -> dict[str, Any]:
    """The description of the current version's public files.

    `page_url` is the competition's page, `file_url` says where a public path is downloaded. Hidden
    inputs and labels are not mentioned.
    """
    version = current_version(competition)
    spec = version.spec
    files = list(public_files(version=version))
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": competition.slug,
        "description": spec.tagline or spec.title,
        "url": page_url,
        "license": spec.licence.url,
        **({"citeAs": spec.licence.citation} if spec.licence.citation else {}),
        "version": f"{version.number}.0.0",
        "datePublished": version.created_at.date().isoformat(),
        "distribution": [_file_object(file, file_url) for file in files],
        "recordSet": [_record_set(file) for file in files if file.columns],
    }


def _file_object(file: PackFile, file_url: Callable[[str], str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file_url(file.path),
        "contentSize": f"{file.size} B",
        "encodingFormat": _media_type(file.path),
        **({"sha256": file.sha256} if file.sha256 else {}),
    }


def _media_type(path: str) -> str:
    known = next((kind for end, kind in MEDIA_TYPES.items() if path.endswith(end)), None)
    return known or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _record_set(file: PackFile) -> dict[str, Any]:
    name = f"{file.path}/rows"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column['name']}",
                "name": column["name"],
                "dataType": DATA_TYPES[column["type"]],
                "source": {
                    "fileObject": {"@id": file.path},
                    "extract": {"column": column["name"]},
                },
            }
            for column in file.columns
        ],
    }
