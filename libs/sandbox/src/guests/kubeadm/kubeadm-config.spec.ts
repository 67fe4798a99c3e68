import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstServiceIp, servingNames } from './control-plane-files.js';
import { readInitConfig, readJoinConfig } from './kubeadm-config.js';
import { parseDuration } from './kubeadm-schema.js';

const head = 'apiVersion: kubeadm.k8s.io/v1beta4\n';
const init = (text: string): ReturnType<typeof readInitConfig> => readInitConfig(text, 'host', '10.0.0.5');
const join = (text: string): ReturnType<typeof readJoinConfig> => readJoinConfig(text, 'host', '10.0.0.5');
const cluster = `${head}kind: ClusterConfiguration\nkubernetesVersion: v1.36.4\ncontrolPlaneEndpoint: 127.25.0.9:6443\n`;
const hash = `sha256:${'a'.repeat(64)}`;
const discovery = (token: string, hashes: string): string =>
  `${head}kind: JoinConfiguration\ndiscovery: {bootstrapToken: {token: ${token}, apiServerEndpoint: '127.25.0.9:6443', caCertHashes: [${hashes}]}}\n`;

describe("the simulated kubeadm's configuration", () => {
  it('takes defaults where nothing is said', () => {
    const settings = init(cluster);
    assert.equal(settings.advertiseAddress, '10.0.0.5');
    assert.equal(settings.registration.name, 'host');
    assert.equal(settings.registration.taints, null);
    assert.equal(settings.bindPort, 6443);
    assert.equal(settings.timeouts.controlPlaneMs, 240_000);
    assert.equal(join(discovery('abcdef.0123456789abcdef', `'${hash}'`)).controlPlane, null);
  });

  const refused: [string, () => unknown, RegExp][] = [
    ['an unknown field', () => init(`${cluster}foo: 1\n`), /strict decoding error: unknown field "foo"/],
    ['a map where a list belongs', () => init(`${cluster}apiServer: {extraArgs: {a: b}}\n`), /cannot unmarshal object/],
    [
      'an old version',
      () => init(cluster.replace('v1beta4', 'v1beta3')),
      /no kind "ClusterConfiguration" is registered for version "kubeadm.k8s.io\/v1beta3"/,
    ],
    ['a version that is none', () => init(cluster.replace('v1.36.4', 'latest')), /could not parse "latest" as version/],
    ['a name twice', () => init(`${cluster}---\n${cluster}`), /specified twice/],
    ['a bad duration', () => init(`${cluster}certificateValidityPeriod: 1y\n`), /invalid duration "1y"/],
    [
      'init without its kinds',
      () => init(discovery('abcdef.0123456789abcdef', hash)),
      /no InitConfiguration or ClusterConfiguration/,
    ],
    ['join without its kind', () => join(cluster), /no JoinConfiguration found/],
    ['a malformed token', () => join(discovery('abc', hash)), /was not of the form/],
    ['a malformed pin', () => join(discovery('abcdef.0123456789abcdef', 'sha256:12')), /invalid public key hash/],
    ['no pin', () => join(discovery('abcdef.0123456789abcdef', '')), /caCertHashes can be unsafe/],
    ['broken YAML', () => init(': :\n - ['), /error converting YAML to JSON/],
  ];
  for (const [name, read, words] of refused) it(`refuses ${name}`, () => assert.throws(read, words));

  it('never repeats a token', () => {
    assert.throws(
      () => join(discovery('abcdef.not-a-secret', hash)),
      (error: Error) => !error.message.includes('not-a-secret'),
    );
  });

  it('reads Go durations', () => {
    assert.deepEqual(['4m0s', '1h30m', '250ms', '0', '5', ''].map(parseDuration), [
      240_000,
      5_400_000,
      250,
      0,
      undefined,
      undefined,
    ]);
  });

  it('names the API server as kubeadm does', () => {
    assert.equal(firstServiceIp('10.254.0.0/16'), '10.254.0.1');
    const names = servingNames({
      nodeName: 'm0',
      dnsDomain: 'cluster.local',
      serviceSubnet: '10.96.0.0/12',
      advertiseAddress: '10.0.0.5',
      controlPlaneEndpoint: 'api.example:6443',
      certSANs: ['127.25.0.9', 'kubernetes'],
    });
    assert.deepEqual(names.ips, ['10.96.0.1', '10.0.0.5', '127.25.0.9']);
    assert.deepEqual(names.dnsNames, [
      'm0',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'api.example',
    ]);
  });
});
