#!/usr/bin/python3
"""python-magnumclient as a library: every method of every manager of magnumclient.v1.client.Client.

What the client has is found by looking at it: `manager.method`, each parameter as `manager.method:name`, and for `create`
each attribute that the module lets through.
"""
import inspect
import sys

from magnumclient.common import base
from magnumclient.v1 import client as magnum

from rows import (IMAGE, KEYPAIR, PROJECT, certificate_request, check, cloud, equal, has, NotPossible, parameters, row,
                  settled, until)


class Recorder:
    """A client that remembers what was called with which parameters since the last row."""

    def __init__(self, client):
        self.client = client
        self.seen = set()

    def managers(self):
        """Name and manager, as the client has them."""
        return {name: one for name, one in vars(self.client).items() if isinstance(one, base.Manager)}

    def names(self):
        """Everything that can be called, and what it takes."""
        found = set()
        for name, manager in self.managers().items():
            for method, function in inspect.getmembers(manager, inspect.ismethod):
                if method.startswith("_"):
                    continue
                call = "%s.%s" % (name, method)
                found.add(call)
                found.update("%s:%s" % (call, one) for one in parameters(function))
                if method == "create":
                    module = sys.modules[type(manager).__module__]
                    found.update("%s:%s" % (call, one) for one in module.CREATION_ATTRIBUTES)
        return found

    def call(self, of, /, *args, **kwargs):
        """Calls `manager.method` and notes what that shows."""
        manager, method = of.split(".")
        function = getattr(getattr(self.client, manager), method)
        bound = inspect.signature(function).bind(*args, **kwargs)
        self.seen.add(of)
        self.seen.update("%s:%s" % (of, one) for one in list(bound.arguments) + list(kwargs))
        return function(*args, **kwargs)

    def take(self):
        """What was called since the last time."""
        seen, self.seen = self.seen, set()
        return seen


def connect(name, **kwargs):
    """A client of one cloud, the way that osc makes it."""
    session, config = cloud(name)
    return magnum.Client(session=session, region_name=config.get_region_name(), interface="public", **kwargs)


MEMBER = Recorder(connect("member", api_version="latest"))
ADMIN = Recorder(connect("admin", api_version="latest"))
TEMPLATE = dict(image_id=IMAGE, coe="kubernetes", external_network_id="public", flavor_id="m1.small", master_flavor_id="m1.small")


def made(call, run, refused=None):
    """A row for what `run` calls."""
    known = MEMBER.names()
    covers = []

    def noted():
        try:
            return run()
        finally:
            covers.extend(sorted((MEMBER.take() | ADMIN.take()) & known))

    return row(call, noted, covers=covers, refused=refused)


def status_of(cluster):
    """For `settled`."""

    def get():
        now = MEMBER.client.clusters.get(cluster)
        return now.status, now.status_reason

    return get


def wait(cluster):
    """Until the cluster is complete."""
    return settled(status_of(cluster))


def templates():
    """cluster_templates."""
    call = MEMBER.call
    made("cluster_templates.create", lambda: call("cluster_templates.create", name="mc", labels={"a": "1"}, **TEMPLATE))

    def everything():
        template = ADMIN.call(
            "cluster_templates.create", name="mc-all", keypair_id=KEYPAIR, fixed_network=None, fixed_subnet=None,
            dns_nameserver="8.8.8.8", docker_volume_size=5, labels={}, http_proxy="http://a.test", https_proxy="http://a.test",
            no_proxy="b.test", network_driver="calico", tls_disabled=False, public=True, registry_enabled=True,
            volume_driver="cinder", server_type="vm", docker_storage_driver="overlay2", master_lb_enabled=True,
            floating_ip_enabled=False, hidden=True, tags="x,y", insecure_registry="c.test", **TEMPLATE)
        equal((template.hidden, template.public, template.tags), (True, True, "x,y"))

    made("cluster_templates.create with every attribute", everything)
    made("cluster_templates.create of an unknown image",
         lambda: call("cluster_templates.create", name="no", **dict(TEMPLATE, image_id="no-such")),
         refused="Image no-such could not be found")
    made("cluster_templates.list", lambda: equal([one.name for one in call("cluster_templates.list")], ["mc"]))
    made("cluster_templates.list(detail)", lambda: equal(call("cluster_templates.list", detail=True)[0].coe, "kubernetes"))

    def pages():
        first = ADMIN.call("cluster_templates.list", limit=1, sort_key="name", sort_dir="desc")
        equal(len(first), 1)
        rest = ADMIN.call("cluster_templates.list", limit=1000, marker=first[0].uuid, sort_key="name", sort_dir="desc")
        check(first[0].uuid not in [one.uuid for one in rest], "the marker is in the next page")

    made("cluster_templates.list by pages", pages)
    made("cluster_templates.get by name", lambda: equal(call("cluster_templates.get", "mc").labels, {"a": "1"}))
    made("cluster_templates.get of a missing one", lambda: call("cluster_templates.get", "missing"),
         refused="ClusterTemplate missing could not be found")

    def update():
        patch = [{"op": "replace", "path": "/labels", "value": "{'b': '2'}"},
                 {"op": "replace", "path": "/public", "value": "False"},
                 {"op": "replace", "path": "/dns_nameserver", "value": "1.1.1.1"}]
        first = [{"op": "add", "path": "/dns_nameserver", "value": "8.8.8.8"}]
        call("cluster_templates.update", "mc", first)
        template = call("cluster_templates.update", "mc", patch)
        equal((template.labels, template.dns_nameserver), ({"b": "2"}, "1.1.1.1"))

    made("cluster_templates.update", update)


def clusters():
    """clusters, from create to the end of its create."""
    call = MEMBER.call
    made("clusters.create", lambda: call("clusters.create", name="mc", cluster_template_id="mc", node_count=1, master_count=1))

    def everything():
        cluster = call(
            "clusters.create", name="mc-all", cluster_template_id="mc", node_count=0, master_count=1, create_timeout=20,
            discovery_url="", keypair=KEYPAIR, docker_volume_size=5, labels={"c": 3}, merge_labels=True,
            master_flavor_id="m1.small", flavor_id="m1.small", fixed_network=None, fixed_subnet=None,
            floating_ip_enabled=True, master_lb_enabled=False)
        shown = call("clusters.get", cluster.uuid)
        equal((shown.labels, shown.node_count), ({"b": "2", "c": "3"}, 0))
        call("clusters.delete", cluster.uuid)

    made("clusters.create with every attribute, get, delete", everything)
    made("clusters.create with an even number of masters",
         lambda: call("clusters.create", name="no", cluster_template_id="mc", master_count=2), refused="even number")
    made("clusters.list", lambda: check("mc" in [one.name for one in call("clusters.list")], "mc is not there"))
    made("clusters.list(detail)", lambda: check("api_address" in call("clusters.list", detail=True)[0].to_dict(), "no details"))

    def pages():
        first = call("clusters.list", limit=1, sort_key="name", sort_dir="asc")
        equal([one.name for one in first], ["mc"])
        rest = call("clusters.list", limit=1000, marker=first[0].uuid, sort_key="name", sort_dir="asc")
        check("mc" not in [one.name for one in rest], "the marker is in the next page")

    made("clusters.list by pages", pages)
    made("clusters.list(limit=0)", lambda: call("clusters.list", limit=0), refused="Limit must be positive")
    made("(waiting: CREATE_COMPLETE)", lambda: wait("mc"))
    made("clusters.get by name", lambda: equal(call("clusters.get", "mc").status, "CREATE_COMPLETE"))

    def versions():
        old = connect("member", api_version="1.12").clusters.get("mc").to_dict()
        new = connect("member", api_version="1.13").clusters.get("mc").to_dict()
        check(old["stack_id"] == new["cluster_id"] and "stack_id" not in new, "stack_id and cluster_id")

    made("clusters.get at 1.12 and at 1.13", versions)
    made("nodegroups.list at 1.8", lambda: connect("member", api_version="1.8").nodegroups.list("mc"), refused="Not Acceptable")

    def other_client():
        session, config = cloud("member")
        endpoint = session.get_endpoint(service_type="container-infra", interface="public", region_name=config.get_region_name())
        plain = magnum.Client(endpoint_override=endpoint, auth_token=session.get_token(), api_version="latest")
        equal(plain.clusters.get("mc").name, "mc")
        plain.clusters.update("mc", [{"op": "replace", "path": "/health_status", "value": "HEALTHY"}])

    made("clusters.get and update by endpoint and token (the client's own HTTP)", other_client)


def certificates():
    """certificates."""
    call = MEMBER.call
    uuid = MEMBER.client.clusters.get("mc").uuid
    made("certificates.get", lambda: check(call("certificates.get", cluster_uuid=uuid).pem.startswith("-----BEGIN"), "no PEM"))

    def sign():
        signed = call("certificates.create", cluster_uuid=uuid, csr=certificate_request())
        check("BEGIN CERTIFICATE-----" in signed.pem, "no certificate")
        equal(signed.cluster_uuid, uuid)

    made("certificates.create", sign)
    made("certificates.create of nonsense", lambda: call("certificates.create", cluster_uuid=uuid, csr="nonsense"),
         refused="Received invalid csr")

    def rotate():
        call("certificates.rotate_ca", cluster_uuid=uuid)
        wait("mc")

    made("certificates.rotate_ca", rotate)


def node_groups():
    """nodegroups."""
    call = MEMBER.call
    made("nodegroups.list", lambda: equal(len(call("nodegroups.list", "mc")), 2))
    made("nodegroups.list by role and pages", lambda: equal(
        [one.name for one in call("nodegroups.list", "mc", limit=1000, sort_key="name", sort_dir="desc", role="worker")],
        ["default-worker"]))

    def marker():
        master = call("nodegroups.get", "mc", "default-master")
        equal([one.name for one in call("nodegroups.list", "mc", limit=1, marker=master.uuid)], ["default-worker"])

    made("nodegroups.get, and list from a marker", marker)
    made("nodegroups.list(detail)", lambda: call("nodegroups.list", "mc", detail=True), refused="Nodegroup detail could not be found")

    def create():
        group = call("nodegroups.create", "mc", name="gpu", docker_volume_size=5, labels={"d": "4"}, merge_labels=True,
                     flavor_id="m1.small", image_id=IMAGE, node_count=1, role="gpu", min_node_count=1, max_node_count=3)
        equal((group.name, group.role, group.max_node_count), ("gpu", "gpu", 3))
        equal(call("nodegroups.get", "mc", "gpu").status, "CREATE_IN_PROGRESS")
        wait("mc")

    made("nodegroups.create", create)
    made("nodegroups.create sends project_id, which is read only",
         lambda: call("nodegroups.create", "mc", name="no", project_id=PROJECT), refused="Invalid input for field/attribute project_id")

    def update():
        group = call("nodegroups.update", "mc", "gpu", [
            {"op": "replace", "path": "/min_node_count", "value": 0}, {"op": "replace", "path": "/max_node_count", "value": 2},
            {"op": "replace", "path": "/node_labels", "value": str({"tier": "gpu"})},
            {"op": "replace", "path": "/node_taints", "value": str([{"key": "gpu", "effect": "NoSchedule"}])}])
        equal((group.min_node_count, group.max_node_count, group.node_labels), (0, 2, {"tier": "gpu"}))
        wait("mc")

    made("nodegroups.update", update)
    made("nodegroups.update beyond its counts",
         lambda: call("nodegroups.update", "mc", "gpu", [{"op": "replace", "path": "/min_node_count", "value": 9}]),
         refused="min_node_count")

    def resize():
        call("clusters.resize", "mc", 2, nodegroup="gpu")
        wait("mc")
        equal(call("nodegroups.get", "mc", "gpu").node_count, 2)
        equal(call("clusters.get", "mc").node_count, 3)

    made("clusters.resize of a node group", resize)

    def delete():
        call("nodegroups.delete", "mc", "gpu")
        wait("mc")
        equal(len(call("nodegroups.list", "mc")), 2)

    made("nodegroups.delete", delete)
    made("nodegroups.delete of a default group", lambda: call("nodegroups.delete", "mc", "default-worker"),
         refused="Deleting a default nodegroup is not supported")


def changes():
    """Updates of the whole cluster."""
    call = MEMBER.call

    def update():
        call("clusters.update", "mc", [{"op": "replace", "path": "/node_count", "value": 2}], rollback=True)
        equal(call("clusters.get", "mc").status, "UPDATE_IN_PROGRESS")
        wait("mc")
        equal(len(call("clusters.get", "mc").node_addresses), 2)

    made("clusters.update of node_count, with rollback", update)

    def resize():
        call("clusters.resize", "mc", 1, nodes_to_remove=["0"])
        wait("mc")
        equal(call("clusters.get", "mc").node_count, 1)

    made("clusters.resize, the first one leaves", resize)
    made("clusters.resize to nobody", lambda: (call("clusters.resize", "mc", 0), wait("mc")))
    made("clusters.update of a name", lambda: call("clusters.update", "mc", [{"op": "replace", "path": "/name", "value": "x"}]),
         refused="cannot change cluster property")

    def upgrade():
        call("cluster_templates.create", name="mc-next", **TEMPLATE)
        call("clusters.upgrade", "mc", "mc-next", max_batch_size=2, nodegroup="default-worker")
        wait("mc")
        equal(call("clusters.get", "mc").cluster_template_id, call("cluster_templates.get", "mc-next").uuid)

    made("clusters.upgrade", upgrade)

    def credentials():
        if "credentials.update" not in MEMBER.names():
            raise NotPossible("this release of the client has no credentials")
        uuid = MEMBER.client.clusters.get("mc").uuid
        equal(call("credentials.update", uuid).uuid, uuid)

    made("credentials.update", credentials)
    made("clusters.upgrade to a missing template", lambda: call("clusters.upgrade", "mc", "missing"), refused="could not be found")


def others():
    """quotas, stats, mservices."""
    made("quotas.create", lambda: equal(ADMIN.call("quotas.create", project_id=PROJECT, resource="Cluster", hard_limit=7).hard_limit, 7))
    made("quotas.get", lambda: equal(MEMBER.call("quotas.get", PROJECT, "Cluster").hard_limit, 7))
    made("quotas.list(all_tenants)", lambda: check(
        PROJECT in [one.project_id for one in ADMIN.call("quotas.list", limit=1000, sort_key="id", sort_dir="asc", all_tenants=True)],
        "the quota is not listed"))
    made("quotas.list from a marker", lambda: ADMIN.call("quotas.list", marker=MEMBER.client.quotas.get(PROJECT, "Cluster").id))

    def update():
        quota = ADMIN.call("quotas.update", PROJECT, "Cluster", {"project_id": PROJECT, "resource": "Cluster", "hard_limit": 8})
        equal(quota.hard_limit, 8)

    made("quotas.update", update)
    made("quotas.update by a member", lambda: MEMBER.call("quotas.update", PROJECT, "Cluster", {"hard_limit": 99}),
         refused="Policy doesn't allow quota:update")
    made("quotas.delete", lambda: ADMIN.call("quotas.delete", PROJECT, "Cluster"))
    made("stats.list", lambda: check(MEMBER.call("stats.list", project_id=PROJECT).clusters >= 1, "no cluster is counted"))
    made("stats.list of the whole cloud", lambda: check(ADMIN.call("stats.list").nodes >= 1, "no node is counted"))
    made("mservices.list", lambda: equal(ADMIN.call("mservices.list")[0].binary, "magnum-conductor"))
    made("mservices.list by pages", lambda: ADMIN.call("mservices.list", limit=1, marker=1, sort_key="id", sort_dir="asc"),
         refused="Unknown argument")
    made("mservices.list(detail)", lambda: ADMIN.call("mservices.list", detail=True), refused="(HTTP 40")


def remove():
    """The end of all."""
    call = MEMBER.call
    made("clusters.delete", lambda: call("clusters.delete", "mc"))
    made("(waiting: the clusters are gone)", lambda: until("no cluster", lambda: not MEMBER.client.clusters.list()))
    made("clusters.get of one that is gone", lambda: call("clusters.get", "mc"), refused="Cluster mc could not be found")
    for name in ("mc", "mc-next"):
        made("cluster_templates.delete " + name, lambda name=name: call("cluster_templates.delete", name))
    made("cluster_templates.delete by the administrator", lambda: ADMIN.call("cluster_templates.delete", "mc-all"))


def main():
    """Everything, in the order that the clusters need."""
    has(MEMBER.names())
    templates()
    clusters()
    certificates()
    node_groups()
    changes()
    others()
    remove()


if __name__ == "__main__":
    main()
