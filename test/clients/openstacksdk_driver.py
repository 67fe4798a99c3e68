#!/usr/bin/python3
"""openstacksdk: what its cloud layer has for container-infra, and its proxy where the release has one (1.0 and newer)."""
import inspect
from importlib import metadata

import openstack
from openstack.cloud import _coe

from rows import IMAGE, KEYPAIR, NotPossible, certificate_request, check, equal, has, row, settled, until

MEMBER = openstack.connect(cloud="member")
ADMIN = openstack.connect(cloud="admin")
SERVICE = "container_infrastructure_management"
TEMPLATE = dict(image_id=IMAGE, keypair_id=KEYPAIR, coe="kubernetes", external_network_id="public", flavor_id="m1.small",
                master_flavor_id="m1.small")


def cloud_methods():
    """Public methods of the cloud layer's part for container-infra; aliases too."""
    mixin = next(kind for name, kind in vars(_coe).items() if name.startswith("Coe") and inspect.isclass(kind))
    return {name for name, one in vars(mixin).items() if not name.startswith("_") and not isinstance(one, property)}


def proxy_methods():
    """Public methods of the proxy class itself; none when the release has only the plain adapter."""
    kind = type(getattr(MEMBER, SERVICE))
    own = kind.__module__.startswith("openstack." + SERVICE)
    return {"%s.%s" % (SERVICE, name) for name, one in vars(kind).items() if own and inspect.isfunction(one) and name[0] != "_"}


def status_of(name):
    """For `settled`."""

    def get():
        body = MEMBER.container_infra.get("/clusters/" + name).json()
        return body["status"], body["status_reason"]

    return get


def cloud_row(name, run, more=(), refused=None):
    """A row for one method of the cloud layer, `run` gets it; its aliases are called as `more`."""
    return row(name, lambda: run(getattr(MEMBER, name)), covers=[name, *more], refused=refused)


def aliases(name, run):
    """A row for each other name of the same method."""
    mixin = next(kind for key, kind in vars(_coe).items() if key.startswith("Coe") and inspect.isclass(kind))
    same = [key for key, one in vars(mixin).items() if one is vars(mixin).get(name) and key != name]
    for key in same:
        cloud_row(key, run)


def templates():
    """Cluster templates by the cloud layer."""
    cloud_row("create_cluster_template", lambda create: equal(create("sdk", labels={"a": "1"}, **TEMPLATE).name, "sdk"))
    for number, alias in enumerate(sorted(cloud_methods() & {"create_baymodel", "create_coe_cluster_template"})):
        cloud_row(alias, lambda create, number=number: create("sdk-%d" % number, **TEMPLATE))
    cloud_row("create_cluster_template", lambda create: create("no", **dict(TEMPLATE, image_id="no-such")),
              refused="Bad Request")

    def listed(method):
        check("sdk" in [one.name for one in method()], "sdk is not listed")

    cloud_row("list_cluster_templates", listed)
    aliases("list_cluster_templates", listed)

    def searched(method):
        equal([one.name for one in method("sdk")], ["sdk"])

    cloud_row("search_cluster_templates", searched)
    aliases("search_cluster_templates", searched)

    def got(method):
        equal(method("sdk").coe, "kubernetes")

    cloud_row("get_cluster_template", got)
    aliases("get_cluster_template", got)

    def updated(method):
        equal(method("sdk", "replace", dns_nameserver="1.1.1.1").dns_nameserver, "1.1.1.1")
        method("sdk", "remove", dns_nameserver=None)
        equal(method("sdk", "add", dns_nameserver="8.8.8.8").dns_nameserver, "8.8.8.8")

    MEMBER.update_cluster_template("sdk", "add", dns_nameserver="8.8.8.8")
    cloud_row("update_cluster_template", updated)
    aliases("update_cluster_template", updated)


def clusters():
    """Clusters by the cloud layer."""
    cloud_row("create_coe_cluster", lambda create: check(create("sdk", "sdk", node_count=1, master_count=1).id, "no id"))
    cloud_row("list_coe_clusters", lambda method: equal([one.name for one in method()], ["sdk"]))
    cloud_row("search_coe_clusters", lambda method: equal([one.name for one in method("sdk")], ["sdk"]))
    cloud_row("get_coe_cluster", lambda method: equal(method("sdk").master_count, 1))
    row("(waiting: CREATE_COMPLETE)", lambda: settled(status_of("sdk")))
    uuid = MEMBER.get_coe_cluster("sdk").id
    cloud_row("get_coe_cluster_certificate", lambda get: check("BEGIN CERTIFICATE" in get(uuid).pem, "no PEM"))
    cloud_row("sign_coe_cluster_certificate",
              lambda sign: check("BEGIN CERTIFICATE-----" in sign(uuid, certificate_request()).pem, "no PEM"))

    def update(method):
        method("sdk", "replace", node_count=2)
        settled(status_of("sdk"))
        equal(MEMBER.container_infra.get("/clusters/sdk").json()["node_count"], 2)

    cloud_row("update_coe_cluster", update)
    cloud_row("update_coe_cluster", lambda method: method("sdk", "replace", node_count=0),
              refused="Bad Request")
    row("list_magnum_services", lambda: equal(ADMIN.list_magnum_services()[0].binary, "magnum-conductor"),
        covers=["list_magnum_services"])
    cloud_row("list_magnum_services", lambda method: method(), refused="Forbidden")


def plain_adapter():
    """`conn.container_infra` as a plain adapter, with what it sends: no microversion, or one of the caller's."""
    adapter = MEMBER.container_infra

    def resize():
        answer = adapter.post("/clusters/sdk/actions/resize", json={"node_count": 1}, microversion="1.7",
                              headers={"OpenStack-API-Version": "container-infra 1.7"})
        equal(answer.status_code, 202)
        settled(status_of("sdk"))

    row("container_infra.post of a resize", resize)
    row("container_infra.get without a version is 1.1", lambda: equal(
        adapter.get("/clusters/sdk").headers["OpenStack-API-Version"].split()[1], "1.1"))


def none():
    """Why there are no rows of the proxy."""
    raise NotPossible("openstacksdk %s has no proxy for it, only the adapter" % metadata.version("openstacksdk"))


def by_proxy():
    """The proxy of newer releases."""
    known = proxy_methods()
    if not known:
        row(SERVICE + " (all of the proxy)", none)
        return
    infra = getattr(MEMBER, SERVICE)
    admin = getattr(ADMIN, SERVICE)

    def proxy_row(name, run, refused=None):
        row("%s.%s" % (SERVICE, name), run, covers=["%s.%s" % (SERVICE, name)], refused=refused)

    proxy_row("create_cluster_template", lambda: equal(infra.create_cluster_template(name="sdk-p", **TEMPLATE).name, "sdk-p"))
    proxy_row("find_cluster_template", lambda: equal(infra.find_cluster_template("sdk-p").coe, "kubernetes"))
    proxy_row("get_cluster_template", lambda: equal(infra.get_cluster_template(infra.find_cluster_template("sdk-p")).name, "sdk-p"))
    proxy_row("cluster_templates", lambda: check("sdk-p" in [one.name for one in infra.cluster_templates()], "not listed"))
    proxy_row("update_cluster_template", lambda: infra.update_cluster_template(
        infra.find_cluster_template("sdk-p"), dns_nameserver="9.9.9.9"))
    proxy_row("create_cluster", lambda: infra.create_cluster(name="sdk-p", cluster_template_id="sdk-p", node_count=1))
    proxy_row("find_cluster", lambda: equal(infra.find_cluster("sdk-p").name, "sdk-p"))
    proxy_row("get_cluster", lambda: equal(infra.get_cluster(infra.find_cluster("sdk-p")).master_count, 1))
    proxy_row("clusters", lambda: check("sdk-p" in [one.name for one in infra.clusters()], "not listed"))
    row("(waiting: CREATE_COMPLETE)", lambda: settled(status_of("sdk-p")))
    proxy_row("get_cluster_certificate", lambda: check(
        "BEGIN" in infra.get_cluster_certificate(infra.find_cluster("sdk-p").id).pem, "no PEM"))
    proxy_row("create_cluster_certificate", lambda: check("BEGIN" in infra.create_cluster_certificate(
        cluster_uuid=infra.find_cluster("sdk-p").id, csr=certificate_request()).pem, "no PEM"))

    def update():
        infra.update_cluster(infra.find_cluster("sdk-p"), node_count=2)
        settled(status_of("sdk-p"))

    proxy_row("update_cluster", update)
    proxy_row("services", lambda: equal(list(admin.services())[0].binary, "magnum-conductor"))
    proxy_row("delete_cluster", lambda: infra.delete_cluster(infra.find_cluster("sdk-p")))
    until("the cluster is gone", lambda: infra.find_cluster("sdk-p") is None)
    proxy_row("delete_cluster_template", lambda: infra.delete_cluster_template(infra.find_cluster_template("sdk-p")))


def remove():
    """The end of all."""
    cloud_row("delete_coe_cluster", lambda delete: equal(delete("sdk"), True))
    row("(waiting: the clusters are gone)", lambda: until(
        "no cluster", lambda: not MEMBER.container_infra.get("/clusters").json()["clusters"]))
    cloud_row("delete_coe_cluster", lambda delete: equal(delete("sdk"), False))
    cloud_row("delete_cluster_template", lambda delete: equal(delete("sdk"), True))
    for number, alias in enumerate(sorted(cloud_methods() & {"delete_baymodel", "delete_coe_cluster_template"})):
        cloud_row(alias, lambda delete, number=number: equal(delete("sdk-%d" % number), True))


def main():
    """Everything, in the order that the cluster needs."""
    has(cloud_methods() | proxy_methods())
    templates()
    clusters()
    plain_adapter()
    by_proxy()
    remove()


if __name__ == "__main__":
    main()
