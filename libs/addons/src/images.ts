/**
 * Where an image comes from: with a prefix (label container_infra_prefix) everything is in one place by the last part of its
 * name, as Magnum's drivers have it.
 * @param image `quay.io/calico/node:v3.32.1`
 */
export function imageFrom(prefix: string, image: string): string {
  if (prefix === '') return image;
  return `${prefix.replace(/\/+$/, '')}/${image.slice(image.lastIndexOf('/') + 1)}`;
}
