// Gophercloud, Debian's, through everything that its packages under openstack/containerinfra have.
//
// Built without modules, on Debian's sources: GO111MODULE=off GOPATH=/usr/share/gocode go build .
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
)

var (
	image   = os.Getenv("CLIENT_IMAGE")
	keypair = os.Getenv("CLIENT_KEYPAIR")
	project = os.Getenv("CLIENT_PROJECT")
)

// walk is the way through the library: the member's client, the administrator's, and what was made.
type walk struct {
	member *gophercloud.ServiceClient
	admin  *gophercloud.ServiceClient
	limit  time.Duration
	// uuids
	template string
	cluster  string
}

// cloud is an entry of clouds.yaml, which is JSON here.
type cloud struct {
	Auth struct {
		AuthURL     string `json:"auth_url"`
		Username    string `json:"username"`
		Password    string `json:"password"`
		UserDomain  string `json:"user_domain_name"`
		ProjectID   string `json:"project_id"`
		ProjectName string `json:"project_name"`
	} `json:"auth"`
	Region string `json:"region_name"`
}

// connect logs in to one of the clouds.
func connect(clouds map[string]cloud, name string) (*gophercloud.ServiceClient, error) {
	one := clouds[name]
	options := gophercloud.AuthOptions{
		IdentityEndpoint: one.Auth.AuthURL,
		Username:         one.Auth.Username,
		Password:         one.Auth.Password,
		DomainName:       one.Auth.UserDomain,
		AllowReauth:      true,
	}
	if one.Auth.ProjectID != "" {
		options.TenantID = one.Auth.ProjectID
	} else {
		options.TenantName = one.Auth.ProjectName
	}
	provider, err := openstack.AuthenticatedClient(options)
	if err != nil {
		return nil, err
	}
	client, err := openstack.NewContainerInfraV1(provider, gophercloud.EndpointOpts{Region: one.Region})
	if err == nil {
		client.Microversion = "latest"
	}
	return client, err
}

// at is the member's client with another microversion; none: the header is not sent.
func (w *walk) at(version string) *gophercloud.ServiceClient {
	other := *w.member
	other.Microversion = version
	return &other
}

func start() (*walk, error) {
	text, err := os.ReadFile(os.Getenv("OS_CLIENT_CONFIG_FILE"))
	if err != nil {
		return nil, err
	}
	var config struct {
		Clouds map[string]cloud `json:"clouds"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, err
	}
	seconds, err := strconv.Atoi(os.Getenv("CLIENT_LIMIT"))
	if err != nil {
		return nil, err
	}
	w := &walk{limit: time.Duration(seconds) * time.Second}
	if w.member, err = connect(config.Clouds, "member"); err != nil {
		return nil, err
	}
	w.admin, err = connect(config.Clouds, "admin")
	return w, err
}

func main() {
	w, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	names, err := exported()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	say(map[string]interface{}{"has": names})
	w.versions()
	w.templates()
	w.quotas()
	w.create()
	w.certificates()
	w.nodeGroups()
	w.changes()
	w.remove()
}
