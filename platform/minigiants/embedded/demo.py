"""The demo accounts of a fresh installation, as `manage.py seed` wrote them."""

import json

from minigiants.embedded.home import Home


def accounts(home: Home) -> str:
    """One line for each account: e-mail address, password, what it may do. Empty without any."""
    try:
        entries = json.loads(home.demo_accounts.read_text())
    except FileNotFoundError:
        return ""
    lines = [f"  {entry['role']:<12} {entry['email']}  {entry['password']}" for entry in entries]
    return "\n".join(["Demo accounts:", *lines]) if lines else ""
