import type { KubernetesObject } from '#libs/kubernetes';

/** A pod that runs on that node. */
export const podOn = (nodeName: string, name: string, labels: Readonly<Record<string, string>>): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
});

/** Of the pods with that label so many must stay. */
export const budgetOf = (app: string, minAvailable: `${number}%`): KubernetesObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: app, namespace: 'default' },
  spec: { minAvailable, selector: { matchLabels: { app } } },
});
