"""Participants of a running server, each with a team and a token of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.embedded_server import EmbeddedServer, environment_of

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = """\
import json, sys
import django
django.setup()
from minigiants.accounts.models import User
from minigiants.accounts.services import token_create
from minigiants.competitions.models import Competition
from minigiants.competitions.services import rules_accept
competition = Competition.objects.get(slug=sys.argv[1])
tokens = []
for number in range(int(sys.argv[2])):
    user = User.objects.create_user(f"client-{number}", f"client-{number}@example.org")
    rules_accept(user=user, competition=competition)
    tokens.append(token_create(user=user, name="CI", scopes=["read", "submit"], days=1)[1])
print(json.dumps(tokens))
"""


def tokens(server: EmbeddedServer, slug: str, count: int) -> list[str]:
    """Sign `count` people up who have accepted the rules; returns a token of each.

    Done within the server's own settings: signing up by e-mail is not what is measured.
    """
    (web,) = server.children("uvicorn")
    lines = environment_of(web).split("\0")
    settings = dict(line.split("=", 1) for line in lines if line.startswith("MINIGIANTS_"))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, slug, str(count)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(ROOT / "platform"), str(ROOT))),
            "DJANGO_SETTINGS_MODULE": "minigiants.config.settings",
            **settings,
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    made: list[str] = json.loads(done.stdout)
    return made
