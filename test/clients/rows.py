"""What the Python clients share: rows of the table as JSON lines, and the cloud that they talk to."""
import inspect
import json
import os
import time

import openstack.config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PROJECT = os.environ["CLIENT_PROJECT"]
IMAGE = os.environ["CLIENT_IMAGE"]
KEYPAIR = os.environ["CLIENT_KEYPAIR"]
LIMIT = int(os.environ["CLIENT_LIMIT"])


class NotPossible(Exception):
    """The call cannot be made here; the text says why."""


def say(**line):
    """One line of the protocol."""
    print(json.dumps(line), flush=True)


def has(names):
    """Everything that the client is able to do."""
    say(has=sorted(names))


def cloud(name):
    """A session of keystoneauth and the settings of one cloud of clouds.yaml."""
    config = openstack.config.OpenStackConfig().get_one(cloud=name)
    return config.get_session(), config


def row(call, run, covers=(), refused=None):
    """Makes a call and writes its row. With `refused` the call must fail with these words.

    `covers` may be filled while the call runs. Returns what the call returned; None when the row failed.
    """
    try:
        value = run()
        if refused is not None:
            raise AssertionError("accepted, and not refused with: " + refused)
        say(call=call, covers=list(covers), result="passed")
        return value
    except NotPossible as error:
        say(call=call, covers=list(covers), result="not possible", why=str(error))
    except Exception as error:  # every failure is a row
        words = str(error)
        if refused is not None and refused in words:
            say(call=call, covers=list(covers), result="passed")
        else:
            say(call=call, covers=list(covers), result="failed", why="%s: %s" % (type(error).__name__, words))
    return None


def check(condition, what):
    """Fails the row with `what`."""
    if not condition:
        raise AssertionError(what)


def equal(seen, wanted):
    """Fails the row when the values differ."""
    check(seen == wanted, "%r, and not %r" % (seen, wanted))


def until(what, ask):
    """Asks until the answer is true."""
    deadline = time.monotonic() + LIMIT
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError("%s: not within %d s" % (what, LIMIT))
        time.sleep(0.5)


def settled(get):
    """Waits until the status that `get` tells ends in _COMPLETE."""

    def ask():
        status, reason = get()
        check(not status.endswith("_FAILED"), "%s: %s" % (status, reason))
        return status if status.endswith("_COMPLETE") else None

    return until("a complete cluster", ask)


def certificate_request():
    """A CSR as `openstack coe cluster config` makes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    names = [
        x509.NameAttribute(NameOID.COMMON_NAME, "admin"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"),
    ]
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def parameters(method):
    """Names of what a method takes."""
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [name for name, one in inspect.signature(method).parameters.items() if one.kind not in kinds and name != "self"]
