// Clusters from their create to their end, and their certificates.

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/certificates"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clusters"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clustertemplates"
)

// settled waits until the cluster is complete.
func (w *walk) settled() error {
	return until(w.limit, func() (bool, error) {
		cluster, err := clusters.Get(w.member, w.cluster).Extract()
		if err != nil {
			return false, err
		}
		if strings.HasSuffix(cluster.Status, "_FAILED") {
			return false, fmt.Errorf("%s: %s", cluster.Status, cluster.StatusReason)
		}
		return strings.HasSuffix(cluster.Status, "_COMPLETE"), nil
	})
}

// create makes the cluster that the rest is done with, and another with every option.
func (w *walk) create() {
	options := clusters.CreateOpts{Name: "go", ClusterTemplateID: w.template, NodeCount: number(1), MasterCount: number(1)}
	row("clusters.Create", func() error {
		uuid, err := clusters.Create(w.member, options).Extract()
		w.cluster = uuid
		return err
	})
	row("clusters.Create with every option, clusters.Delete", func() error {
		all := options
		all.Name, all.CreateTimeout, all.DiscoveryURL, all.DockerVolumeSize = "go-all", number(30), "https://discovery.test/1", number(5)
		all.FlavorID, all.MasterFlavorID, all.Keypair = "m1.small", "m1.small", keypair
		all.Labels, all.MergeLabels, all.FloatingIPEnabled = map[string]string{"b": "2"}, truth(true), truth(true)
		uuid, err := clusters.Create(w.member, all).Extract()
		if err != nil {
			return err
		}
		cluster, err := clusters.Get(w.member, uuid).Extract()
		if err != nil {
			return err
		}
		if err := check(cluster.Labels["a"] == "1" && cluster.Labels["b"] == "2" && cluster.CreateTimeout == 30, "%+v", cluster); err != nil {
			return err
		}
		return clusters.Delete(w.member, uuid).ExtractErr()
	}, "clusters.Create", "clusters.Get", "clusters.Delete")
	row("clusters.Create without a version: an unknown template is 400", func() error {
		wrong := options
		wrong.ClusterTemplateID = "missing"
		_, err := clusters.Create(w.at(""), wrong).Extract()
		_, bad := err.(gophercloud.ErrDefault400)
		return check(bad, "%v", err)
	}, "clusters.Create")
	row("clusters.List", func() error {
		pages, err := clusters.List(w.member, clusters.ListOpts{Limit: 1, SortKey: "name", SortDir: "asc"}).AllPages()
		if err != nil {
			return err
		}
		list, err := clusters.ExtractClusters(pages)
		if err != nil {
			return err
		}
		return check(len(list) >= 1 && list[0].Name == "go", "%+v", list)
	}, "clusters.List", "clusters.ExtractClusters")
	row("(waiting: CREATE_COMPLETE)", w.settled)
	row("clusters.Get by name", func() error {
		cluster, err := clusters.Get(w.at("1.12"), "go").Extract()
		if err != nil {
			return err
		}
		return check(cluster.Status == "CREATE_COMPLETE" && cluster.StackID != "" && len(cluster.NodeAddresses) == 1, "%+v", cluster)
	}, "clusters.Get")
	row("clusters.ListDetail", func() error {
		pages, err := clusters.ListDetail(w.member, clusters.ListOpts{}).AllPages()
		if err != nil {
			return err
		}
		list, err := clusters.ExtractClusters(pages)
		if err != nil {
			return err
		}
		return check(strings.HasPrefix(list[0].APIAddress, "https://"), "%+v", list)
	})
	row("clusters.Get of a missing one", func() error {
		_, err := clusters.Get(w.member, "missing").Extract()
		_, missing := err.(gophercloud.ErrDefault404)
		return check(missing, "%v", err)
	}, "clusters.Get")
}

// certificates reads the CA, has a CSR signed and asks for the rotation.
func (w *walk) certificates() {
	row("certificates.Get", func() error {
		ca, err := certificates.Get(w.member, w.cluster).Extract()
		if err != nil {
			return err
		}
		return check(strings.HasPrefix(ca.PEM, "-----BEGIN CERTIFICATE-----") && ca.ClusterUUID == w.cluster, "%+v", ca)
	})
	row("certificates.Create", func() error {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return err
		}
		subject := pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}
		request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
		if err != nil {
			return err
		}
		csr := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}))
		signed, err := certificates.Create(w.member, certificates.CreateOpts{ClusterUUID: w.cluster, CSR: csr}).Extract()
		if err != nil {
			return err
		}
		block, _ := pem.Decode([]byte(signed.PEM))
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		// Made out to the caller, whatever was asked for.
		group := strings.Join(certificate.Subject.Organization, ",")
		return check(group == "jeroboam:member" && certificate.Issuer.CommonName == "go", "%v", certificate.Subject)
	})
	row("certificates.Update", func() error {
		err := certificates.Update(w.member, w.cluster).ExtractErr()
		if err != nil {
			return err
		}
		return w.settled()
	})
}

// changes updates and resizes the whole cluster.
func (w *walk) changes() {
	row("clusters.Update", func() error {
		change := clusters.UpdateOpts{Op: clusters.ReplaceOp, Path: "/node_count", Value: 2}
		if _, err := clusters.Update(w.member, w.cluster, []clusters.UpdateOptsBuilder{change}).Extract(); err != nil {
			return err
		}
		cluster, err := clusters.Get(w.member, w.cluster).Extract()
		if err != nil {
			return err
		}
		if err := check(cluster.Status == "UPDATE_IN_PROGRESS", "at once %s", cluster.Status); err != nil {
			return err
		}
		return w.settled()
	})
	row("clusters.Update of what cannot change", func() error {
		change := clusters.UpdateOpts{Op: clusters.ReplaceOp, Path: "/flavor_id", Value: "m1.large"}
		_, err := clusters.Update(w.member, w.cluster, []clusters.UpdateOptsBuilder{change}).Extract()
		return refused(err, "cannot change cluster property")
	}, "clusters.Update")
	row("clusters.Resize", func() error {
		options := clusters.ResizeOpts{NodeCount: number(1), NodesToRemove: []string{"1"}}
		if _, err := clusters.Resize(w.member, w.cluster, options).Extract(); err != nil {
			return err
		}
		return w.settled()
	})
	row("clusters.Upgrade", func() error {
		return notPossible("this release of the library has no such function; Terraform's row shows the request")
	}, "none")
	row("clusters.Resize before 1.7", func() error {
		_, err := clusters.Resize(w.at("1.6"), w.cluster, clusters.ResizeOpts{NodeCount: number(1)}).Extract()
		return refused(err, "406")
	}, "clusters.Resize")
}

// remove ends all.
func (w *walk) remove() {
	row("clustertemplates.Delete of one in use", func() error {
		_, bad := clustertemplates.Delete(w.member, w.template).ExtractErr().(gophercloud.ErrDefault400)
		return check(bad, "not 400")
	}, "clustertemplates.Delete")
	row("clusters.Delete", func() error { return clusters.Delete(w.member, w.cluster).ExtractErr() })
	row("(waiting: the clusters are gone)", func() error {
		return until(w.limit, func() (bool, error) {
			pages, err := clusters.List(w.member, nil).AllPages()
			if err != nil {
				return false, err
			}
			return pages.IsEmpty()
		})
	})
	row("clustertemplates.Delete", func() error { return clustertemplates.Delete(w.member, w.template).ExtractErr() })
}
