import type { Mount } from '../build/workloads.js';
import type { AddonInput } from '../definition.js';

/** Secret in kube-system by which pods act in the cloud; the conductor writes it. */
export const CLOUD_CONFIG_SECRET = 'cloud-config';
/** Keys of the Secret: the configuration, and what Keystone's certificate chains to. */
export const CLOUD_CONFIG_KEY = 'cloud.conf';
export const CLOUD_AUTHORITY_KEY = 'ca.pem';

const DIRECTORY = '/etc/config';
export const CLOUD_CONFIG_PATH = `${DIRECTORY}/${CLOUD_CONFIG_KEY}`;
export const CLOUD_AUTHORITY_PATH = `${DIRECTORY}/${CLOUD_AUTHORITY_KEY}`;
export const CLOUD_CONFIG_MOUNT: Mount = { name: 'cloud-config', at: DIRECTORY, secret: CLOUD_CONFIG_SECRET, readOnly: true };

/** Pods read the configuration when they begin: those of another credential are made anew. */
export const credentialOf = ({ credential }: AddonInput): Record<string, string> => ({ 'jeroboam/credential': credential });
