import type { AddonDefinition } from '../definition.js';

/** Upstream gives it as a chart alone: its objects come from the operator's folder of manifests. */
export const cilium: AddonDefinition = {
  name: 'cilium',
  title: 'Cilium',
  description: 'Pod network with NetworkPolicy by eBPF; its manifests are the operator’s (ADDON_MANIFESTS_DIR)',
  category: 'network',
  required: true,
  label: 'cni_enabled',
  enabledByDefault: 'by-driver',
  tagLabel: 'cilium_tag',
  render: () => [],
};
