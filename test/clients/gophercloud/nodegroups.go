// Node groups of the cluster.

package main

import (
	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clusters"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/nodegroups"
)

// nodeGroups goes through nodegroups.
func (w *walk) nodeGroups() {
	client := w.at("1.9")
	list := func(options nodegroups.ListOpts) ([]nodegroups.NodeGroup, error) {
		pages, err := nodegroups.List(client, w.cluster, options).AllPages()
		if err != nil {
			return nil, err
		}
		return nodegroups.ExtractNodeGroups(pages)
	}
	row("nodegroups.List by pages of one", func() error {
		groups, err := list(nodegroups.ListOpts{Limit: 1, SortKey: "name", SortDir: "asc"})
		if err != nil {
			return err
		}
		return check(len(groups) == 2 && groups[0].Name == "default-master" && groups[0].IsDefault, "%+v", groups)
	}, "nodegroups.List", "nodegroups.ExtractNodeGroups")
	row("nodegroups.List by role", func() error {
		groups, err := list(nodegroups.ListOpts{Role: "worker"})
		if err != nil {
			return err
		}
		return check(len(groups) == 1 && groups[0].Name == "default-worker", "%+v", groups)
	}, "nodegroups.List")
	row("nodegroups.Get", func() error {
		group, err := nodegroups.Get(client, w.cluster, "default-worker").Extract()
		if err != nil {
			return err
		}
		return check(group.ClusterID == w.cluster && group.NodeCount == 1 && group.MaxNodeCount == nil && group.ID > 0, "%+v", group)
	})
	row("nodegroups.Create", func() error {
		group, err := nodegroups.Create(client, w.cluster, nodegroups.CreateOpts{
			Name: "extra", DockerVolumeSize: number(5), Labels: map[string]string{"c": "3"}, NodeCount: number(1), MinNodeCount: 1,
			MaxNodeCount: number(2), Role: "extra", ImageID: image, FlavorID: "m1.small",
		}).Extract()
		if err != nil {
			return err
		}
		now, err := nodegroups.Get(client, w.cluster, group.UUID).Extract()
		if err != nil {
			return err
		}
		if err := check(now.Status == "CREATE_IN_PROGRESS" && now.Labels["c"] == "3", "at once %+v", now); err != nil {
			return err
		}
		return w.settled()
	})
	row("nodegroups.Create with a name that is taken", func() error {
		_, err := nodegroups.Create(client, w.cluster, nodegroups.CreateOpts{Name: "extra"}).Extract()
		_, conflict := err.(gophercloud.ErrDefault409)
		return check(conflict, "%v", err)
	}, "nodegroups.Create")
	row("nodegroups.Update", func() error {
		group, err := nodegroups.Update(client, w.cluster, "extra", []nodegroups.UpdateOptsBuilder{
			nodegroups.UpdateOpts{Op: nodegroups.ReplaceOp, Path: "/max_node_count", Value: 3},
			nodegroups.UpdateOpts{Op: nodegroups.RemoveOp, Path: "/min_node_count"},
		}).Extract()
		if err != nil {
			return err
		}
		if err := check(*group.MaxNodeCount == 3 && group.MinNodeCount == 0, "%+v", group); err != nil {
			return err
		}
		return w.settled()
	})
	row("clusters.Resize of a node group", func() error {
		options := clusters.ResizeOpts{NodeCount: number(2), NodeGroup: "extra"}
		if _, err := clusters.Resize(client, w.cluster, options).Extract(); err != nil {
			return err
		}
		if err := w.settled(); err != nil {
			return err
		}
		group, err := nodegroups.Get(client, w.cluster, "extra").Extract()
		if err != nil {
			return err
		}
		return check(group.NodeCount == 2 && len(group.NodeAddresses) == 2, "%+v", group)
	}, "clusters.Resize")
	row("nodegroups.Delete", func() error {
		if err := nodegroups.Delete(client, w.cluster, "extra").ExtractErr(); err != nil {
			return err
		}
		now, err := nodegroups.Get(client, w.cluster, "extra").Extract()
		if err == nil && now.Status != "DELETE_IN_PROGRESS" {
			return check(false, "at once %s", now.Status)
		}
		return w.settled()
	})
	row("nodegroups.Delete of a default group", func() error {
		return refused(nodegroups.Delete(client, w.cluster, "default-worker").ExtractErr(), "Deleting a default nodegroup is not supported")
	}, "nodegroups.Delete")
}
