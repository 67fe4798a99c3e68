// Cluster templates, quotas and the versions of the API.

package main

import (
	"strings"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/apiversions"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clustertemplates"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/quotas"
)

func number(value int) *int { return &value }

func truth(value bool) *bool { return &value }

// versions reads the documents that need no token.
func (w *walk) versions() {
	root := *w.member
	root.Endpoint = strings.TrimSuffix(w.member.Endpoint, "v1/")
	root.Microversion = ""
	row("apiversions.List", func() error {
		pages, err := apiversions.List(&root).AllPages()
		if err != nil {
			return err
		}
		all, err := apiversions.ExtractAPIVersions(pages)
		if err != nil {
			return err
		}
		return check(len(all) == 1 && all[0].ID == "v1" && all[0].Version == "1.14", "%+v", all)
	}, "apiversions.List", "apiversions.ExtractAPIVersions")
	row("apiversions.Get", func() error {
		version, err := apiversions.Get(&root, "v1").Extract()
		if err != nil {
			return notPossible("Magnum's /v1 is no list of versions, which this function wants: " + err.Error())
		}
		return check(version.ID == "v1", "%+v", version)
	})
}

// templates goes through clustertemplates.
func (w *walk) templates() {
	options := clustertemplates.CreateOpts{
		Name: "go", COE: "kubernetes", ImageID: image, ExternalNetworkID: "public", FlavorID: "m1.small",
		MasterFlavorID: "m1.small", Labels: map[string]string{"a": "1"},
	}
	row("clustertemplates.Create", func() error {
		template, err := clustertemplates.Create(w.member, options).Extract()
		if err == nil {
			w.template = template.UUID
		}
		return err
	})
	row("clustertemplates.Create with every option", func() error {
		all := options
		all.Name, all.APIServerPort, all.DNSNameServer, all.DockerStorageDriver = "go-all", number(6443), "8.8.8.8", "overlay2"
		all.DockerVolumeSize, all.FloatingIPEnabled, all.HTTPProxy, all.HTTPSProxy = number(5), truth(true), "http://a.test", "http://b.test"
		all.InsecureRegistry, all.KeyPairID, all.MasterLBEnabled, all.NetworkDriver = "c.test", keypair, truth(true), "calico"
		all.NoProxy, all.Public, all.RegistryEnabled, all.ServerType = "d.test", truth(false), truth(true), "vm"
		all.TLSDisabled, all.VolumeDriver = truth(false), "cinder"
		template, err := clustertemplates.Create(w.member, all).Extract()
		if err != nil {
			return err
		}
		return check(template.APIServerPort == 6443 && template.RegistryEnabled && template.CreatedAt.Year() > 2000, "%+v", template)
	}, "clustertemplates.Create")
	row("clustertemplates.Create of an unknown image", func() error {
		wrong := options
		wrong.ImageID = "no-such"
		_, err := clustertemplates.Create(w.member, wrong).Extract()
		return refused(err, "Image no-such could not be found")
	}, "clustertemplates.Create")
	row("clustertemplates.List by pages of one", func() error {
		pages := clustertemplates.List(w.member, clustertemplates.ListOpts{Limit: 1, SortKey: "name", SortDir: "asc"})
		all, err := pages.AllPages()
		if err != nil {
			return err
		}
		list, err := clustertemplates.ExtractClusterTemplates(all)
		if err != nil {
			return err
		}
		return check(len(list) == 2 && list[0].Name == "go" && list[1].Name == "go-all", "%+v", list)
	}, "clustertemplates.List", "clustertemplates.ExtractClusterTemplates")
	row("clustertemplates.Get by name", func() error {
		template, err := clustertemplates.Get(w.member, "go").Extract()
		if err != nil {
			return err
		}
		return check(template.Labels["a"] == "1" && template.FloatingIPEnabled, "%+v", template)
	}, "clustertemplates.Get")
	row("clustertemplates.Get of a missing one", func() error {
		_, err := clustertemplates.Get(w.member, "missing").Extract()
		_, missing := err.(gophercloud.ErrDefault404)
		return check(missing, "%v", err)
	}, "clustertemplates.Get")
	row("clustertemplates.Update", func() error {
		template, err := clustertemplates.Update(w.member, "go-all", []clustertemplates.UpdateOptsBuilder{
			clustertemplates.UpdateOpts{Op: clustertemplates.ReplaceOp, Path: "/master_lb_enabled", Value: "True"},
			clustertemplates.UpdateOpts{Op: clustertemplates.ReplaceOp, Path: "/registry_enabled", Value: "false"},
			clustertemplates.UpdateOpts{Op: clustertemplates.ReplaceOp, Path: "/docker_volume_size", Value: 6},
			clustertemplates.UpdateOpts{Op: clustertemplates.RemoveOp, Path: "/dns_nameserver"},
		}).Extract()
		if err != nil {
			return err
		}
		return check(template.MasterLBEnabled && !template.RegistryEnabled && template.DockerVolumeSize == 6, "%+v", template)
	})
	row("clustertemplates.Delete", func() error {
		return clustertemplates.Delete(w.member, "go-all").ExtractErr()
	})
}

// quotas goes through quotas; this release has only Create, so the plain client takes the quota away.
func (w *walk) quotas() {
	row("quotas.Create", func() error {
		quota, err := quotas.Create(w.admin, quotas.CreateOpts{ProjectID: project, Resource: "Cluster", HardLimit: 7}).Extract()
		if err != nil {
			return err
		}
		return check(quota.HardLimit == 7 && quota.ID != "", "%+v", quota)
	})
	row("quotas.Create twice", func() error {
		_, err := quotas.Create(w.admin, quotas.CreateOpts{ProjectID: project, Resource: "Cluster", HardLimit: 7}).Extract()
		_, conflict := err.(gophercloud.ErrDefault409)
		return check(conflict, "%v", err)
	}, "quotas.Create")
	row("(the quota is taken away)", func() error {
		_, err := w.admin.Delete(w.admin.ServiceURL("quotas", project, "Cluster"), nil)
		return err
	})
}
