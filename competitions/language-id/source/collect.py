"""Collect the source: python collect.py DJANGO messages.jsonl.xz

DJANGO is the folder of the package `django`, 5.2.19. Of all its compiled catalogues (`django.mo`
and `djangojs.mo`, from which fuzzy translations are left out) each message becomes a line of JSON,
in the order of the messages:

    {"message": "…", "texts": {"de": ["…"], "pl": ["…", "…"], …}}

with the texts of all plural forms, each once. A message's context stands before it, parted by
U+0004.
"""

import gettext
import json
import lzma
import sys
from pathlib import Path


def main(django: Path, archive: Path) -> None:
    """Write the file."""
    messages: dict[str, dict[str, list[str]]] = {}
    for file in sorted([*django.rglob("django.mo"), *django.rglob("djangojs.mo")]):
        language = file.parts[-3]
        with file.open("rb") as stream:
            catalogue = gettext.GNUTranslations(stream)._catalog  # noqa: SLF001 it has no reader
        for key, text in catalogue.items():
            message = key if isinstance(key, str) else key[0]
            if message and text:
                texts = messages.setdefault(message, {}).setdefault(language, [])
                if text not in texts:
                    texts.append(text)
    lines = [
        json.dumps({"message": message, "texts": messages[message]}, ensure_ascii=False)
        for message in sorted(messages)
    ]
    plain = "".join(f"{line}\n" for line in lines).encode()
    archive.write_bytes(lzma.compress(plain, preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
