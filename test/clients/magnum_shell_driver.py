#!/usr/bin/python3
"""The `magnum` program of python-magnumclient: deprecated, still installed, and in many scripts. Every subcommand."""
import contextlib
import io
import os

from magnumclient import shell

from rows import IMAGE, PROJECT, certificate_request, check, cloud, has, row, settled, until

SESSION, CONFIG = cloud("member")
ENDPOINT = dict(service_type="container-infra", interface="public", region_name="sandbox")
TEMPLATE = "--coe kubernetes --external-network public --flavor m1.small --master-flavor m1.small --image " + IMAGE


def subcommands():
    """Names of all subcommands."""
    parser = shell.OpenStackMagnumShell().get_subcommand_parser("1")
    actions = [action for action in parser._actions if hasattr(action, "choices") and isinstance(action.choices, dict)]
    return {name for action in actions for name in action.choices} - {"bash-completion", "bash_completion", "help"}


def run(line, name="member"):
    """Runs one command line as one of the users. Returns what it printed; raises what the program would die of."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        shell.OpenStackMagnumShell().main(["--os-cloud", name] + line.split())
    return said.getvalue()


def command(line, words, name="member"):
    """A row: the command prints these words."""

    def ran():
        said = run(line, name)
        check(words in said, "%r is not in: %s" % (words, said))

    shown = line.replace(PROJECT, "ID").replace(os.getcwd() + "/", "")
    row("magnum " + (shown if len(shown) < 140 else shown[:137] + "..."), ran, covers=[line.split()[0]])


def get(path):
    """A read by the session, for waiting."""
    return SESSION.get(path, endpoint_filter=ENDPOINT, raise_exc=False)


def wait():
    """Until the cluster is complete."""

    def ask():
        body = get("/clusters/mg").json()
        return body["status"], body["status_reason"]

    row("(waiting: complete)", lambda: settled(ask))


def main():
    """Everything, in the order that the cluster needs."""
    has(subcommands())
    of = "--project-id %s --resource Cluster" % PROJECT
    command("cluster-template-create mg %s --docker-volume-size 5 --labels a=1" % TEMPLATE, "kubernetes")
    row("magnum cluster-template-create with its own default, devicemapper without a volume", lambda: run(
        "cluster-template-create mg-no " + TEMPLATE), refused="expecting minimum value 3GB for devicemapper")
    command("cluster-template-list --limit 5 --sort-key name --sort-dir asc", "mg")
    command("cluster-template-update mg replace labels=b=2", "{'b': '2'}")
    command("cluster-template-show mg", "{'b': '2'}")
    command("cluster-create mg --cluster-template mg --node-count 1 --timeout 30", "has been accepted")
    command("quotas-create %s --hard-limit 7" % of, "| 7", "admin")
    command("quotas-list --all-tenants --limit 100", PROJECT, "admin")
    command("quotas-update %s --hard-limit 8" % of, "| 8", "admin")
    command("quotas-show " + of, "| 8")
    command("quotas-delete " + of, "has been accepted", "admin")
    command("service-list", "magnum-conductor", "admin")
    wait()
    command("cluster-list --limit 1 --sort-key name --sort-dir desc", "CREATE_COMPLETE")
    command("cluster-show mg --long", "CREATE_COMPLETE")
    command("stats-list --project-id " + PROJECT, "| 2")
    command("ca-show --cluster mg", "BEGIN CERTIFICATE")
    with open("magnum.csr", "w", encoding="ascii") as file:
        file.write(certificate_request())
    command("ca-sign --cluster mg --csr magnum.csr", "BEGIN CERTIFICATE")
    command("cluster-config mg --dir %s --force" % os.getcwd(), "KUBECONFIG")
    command("cluster-update mg replace node_count=2 --rollback", "has been accepted")
    wait()
    # It prints nothing when all is well.
    command("ca-rotate --cluster mg", "")
    wait()
    command("cluster-delete mg", "has been accepted")
    row("(waiting: the cluster is gone)", lambda: until("no cluster", lambda: not get("/clusters").json()["clusters"]))
    command("cluster-template-delete mg", "has been accepted")


if __name__ == "__main__":
    main()
