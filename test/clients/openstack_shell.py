#!/usr/bin/python3
"""Runs `openstack` commands, each in a process of its own that is forked from this one, which has the client loaded already.

What runs is the client's own entry point, `openstackclient.shell.main`; most of a second of imports is saved each time.
Reads a JSON object in each line, `{"argv", "env", "cwd"}`, and answers `{"code", "stdout", "stderr"}` in one.
"""
import json
import os
import sys
import tempfile
from importlib import metadata

sys.argv[0] = "openstack"  # its usage texts take the name when they are loaded
from openstackclient import shell  # noqa: E402

GROUPS = ("openstack.cli", "openstack.cli.base", "openstack.cli.extension", "openstack.container_infra.v1", "openstack.orchestration.v1", "keystoneauth1.plugin")


def preload():
    """Imports what the commands would import."""
    groups = metadata.entry_points()
    for group in GROUPS:
        for entry in groups.get(group, []):
            try:
                entry.load()
            except ImportError:
                pass  # an authentication plugin whose library is not installed


def child(request, out, err):
    """The forked process: its output goes to the files, its end is the command's."""
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[1:] = request["argv"]
    code = 1
    try:
        code = shell.main(request["argv"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main():
    """One command after the other."""
    preload()
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            pid = os.fork()
            if pid == 0:
                child(json.loads(line), out, err)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            out.seek(0)
            err.seek(0)
            answer = {"code": code, "stdout": out.read().decode(), "stderr": err.read().decode()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
