"""The identity provider canaille, in memory: does what each line of its input says.

Whatever is saved or deleted in it is sent to Galerne by its own SCIM client, before the answer.
"""

import datetime
import json
import logging
import os
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

CONFIG = {
    "SECRET_KEY": "x" * 32,
    "SERVER_NAME": "canaille.test",
    "PREFERRED_URL_SCHEME": "http",
    "CANAILLE": {"DATABASE": "memory", "SMTP": None, "JAVASCRIPT": False},
    "CANAILLE_OIDC": {"ENABLE_OIDC": True, "TRUSTED_DOMAINS": ["127.0.0.1"]},
    "CANAILLE_SCIM": {"ENABLE_CLIENT": True, "ENABLE_SERVER": True},
}


def main():
    app = create_app(CONFIG)
    logging.disable(logging.INFO)
    with app.app_context(), app.backend.session():
        _connect(os.environ["GALERNE_URL"], os.environ["GALERNE_KEY"])
        for line in sys.stdin:
            command = json.loads(line)
            told = globals()[f"do_{command.pop('do')}"](**command)
            print(json.dumps({"done": told}), flush=True)


def _connect(url, key):
    """Galerne as a client whom canaille trusts, with the key of Galerne as its token."""
    client = models.Client(
        client_id="galerne", client_name="Galerne", client_uri=url, redirect_uris=[f"{url}/x"]
    )
    Backend.instance.save(client)
    now = datetime.datetime.now(datetime.timezone.utc)
    token = models.Token(
        token_id="provisioning",
        access_token=key,
        subject=None,
        audience=[client],
        client=client,
        refresh_token="none",
        scope=["openid"],
        issue_date=now,
        lifetime=24 * 60 * 60,
    )
    Backend.instance.save(token)


def _user(name):
    return Backend.instance.query(models.User, user_name=name)[0]


def do_make_user(name, family_name, email):
    user = models.User(
        formatted_name=family_name,
        family_name=family_name,
        user_name=name,
        emails=[email],
        display_name=family_name,
        password="a private password",
    )
    Backend.instance.save(user)
    return user.id


def do_rename_user(name, display_name):
    user = _user(name)
    user.display_name = display_name
    Backend.instance.save(user)


def do_lock_user(name):
    user = _user(name)
    user.lock_date = datetime.datetime.now(datetime.timezone.utc)
    Backend.instance.save(user)


def do_delete_user(name):
    Backend.instance.delete(_user(name))


def do_make_group(name, member):
    group = models.Group(display_name=name, members=[_user(member)])
    Backend.instance.save(group)


def do_delete_group(name):
    Backend.instance.delete(Backend.instance.query(models.Group, display_name=name)[0])


if __name__ == "__main__":
    main()
