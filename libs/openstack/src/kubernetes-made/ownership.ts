/**
 * Whose an object is, by what the programs of a cluster write on everything they make. Their cluster name is the cluster's
 * whole uuid, and every comparison takes it with what stands before and behind it: no other cluster has it as a prefix.
 * Source: cloud-provider-openstack 1.36, pkg/openstack/loadbalancer.go (names, descriptions, tags), loadbalancer_sg.go,
 * pkg/ingress/utils/utils.go and controller.go, pkg/csi/cinder/controllerserver.go.
 */
export interface Ownership {
  /** A load balancer of a Service or an Ingress, by its name: whoever renames one has taken it over, as upstream sees it too. */
  loadBalancer(object: { readonly name: string }): boolean;
  floatingIp(object: { readonly description?: string | null | undefined }): boolean;
  securityGroup(object: { readonly name: string; readonly description?: string | null | undefined }): boolean;
  /** Volumes and snapshots. */
  stored(object: { readonly metadata: Readonly<Record<string, string>> }): boolean;
  /** Of a load balancer that several Services share: the Services that are not this cluster's. */
  sharedWith(object: { readonly tags: readonly string[] }): string[];
  /** Services of this cluster that use the load balancer. */
  usedBy(object: { readonly tags: readonly string[] }): string[];
}

/** The key that Cinder CSI writes its cluster name under. */
export const CSI_CLUSTER_KEY = 'cinder.csi.openstack.org/cluster';

const SERVICE = 'kube_service_';
const INGRESS = 'kube_ingress_';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws TypeError no uuid: an empty or a short name would fit what others have made */
export function ownershipOf(clusterUuid: string): Ownership {
  if (!UUID.test(clusterUuid)) throw new TypeError('a cluster is told from others by its whole uuid');
  const services = `${SERVICE}${clusterUuid}_`;
  const ingresses = `${INGRESS}${clusterUuid}_`;
  const floatingIp = [
    new RegExp(`^Floating IP for Kubernetes external service [^/\\s]+/[^/\\s]+ from cluster ${clusterUuid}$`),
    new RegExp(`^Floating IP for Kubernetes ingress \\S+ in namespace \\S+ from cluster ${clusterUuid}$`),
  ];
  const serviceGroup = new RegExp(`^Security Group for [^/\\s]+/[^/\\s]+ Service LoadBalancer in cluster ${clusterUuid}$`);
  const ingressGroup = new RegExp(`^Security group created for Ingress \\S+ from cluster ${clusterUuid}$`);
  return {
    loadBalancer: ({ name }) => name.startsWith(services) || name.startsWith(ingresses),
    floatingIp: ({ description }) => floatingIp.some((pattern) => pattern.test(description ?? '')),
    securityGroup: ({ name, description }) =>
      (name.startsWith('lb-sg-') && serviceGroup.test(description ?? '')) ||
      (name.startsWith(ingresses) && ingressGroup.test(description ?? '')),
    stored: ({ metadata }) => metadata[CSI_CLUSTER_KEY] === clusterUuid,
    sharedWith: ({ tags }) => tags.filter((tag) => tag.startsWith(SERVICE) && !tag.startsWith(services)),
    usedBy: ({ tags }) => tags.filter((tag) => tag.startsWith(services)),
  };
}
