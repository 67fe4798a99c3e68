import { createHash, generateKeyPairSync } from 'node:crypto';
import { badRequest, conflict, forbidden, notFound } from '../server/api-error.js';
import { ok, route, since } from '../server/call.js';
import type { Call, Json, Reply, Route } from '../server/call.js';
import { nowSeconds } from '../cloud.js';
import { novaFields, novaInvalid } from './nova.js';
import type { Nova } from './nova.js';
import type { Keypair } from './rows.js';

/** Key pairs, which belong to users. Wire: Nova v2.1 `os-keypairs`. */
export function keypairRoutes(nova: Nova): Route[] {
  const { keypairs } = nova.tables;
  const owner = (call: Call): string => {
    const stated = call.query.get('user_id');
    if (stated === null || stated === call.auth.user.id) return call.auth.user.id;
    nova.requireAdmin(call, 'os-keypairs:index');
    return stated;
  };
  const view = (call: Call, row: Keypair): Json => ({
    name: row.name,
    public_key: row.public_key,
    fingerprint: row.fingerprint,
    ...(since(call, 2) ? { type: row.type } : {}),
  });
  const get = (call: Call): Keypair => {
    const row = keypairs.get(`${owner(call)}/${call.params['name']}`);
    if (row === undefined) throw notFound(`Keypair ${call.params['name']} not found for user ${owner(call)}`);
    return row;
  };
  return [
    route('GET', '/os-keypairs', (call) =>
      ok({ keypairs: keypairs.by('user_id', owner(call)).map((row) => ({ keypair: view(call, row) })) }),
    ),
    route('POST', '/os-keypairs', (call): Reply => {
      nova.member(call, 'os-keypairs:create');
      const fields = novaFields(call, 'keypair');
      const name = fields.text('name');
      if (!/^[\w .@-]+$/.test(name)) throw novaInvalid('name', name, 'Keypair name contains unsafe characters');
      const userId = fields.optionalText('user_id') ?? call.auth.user.id;
      if (userId !== call.auth.user.id) nova.requireAdmin(call, 'os-keypairs:create');
      if (keypairs.get(`${userId}/${name}`) !== undefined) throw conflict(`Key pair '${name}' already exists.`);
      if (nova.quotas.exceeded(userId, 'key_pairs', keypairs.count('user_id', userId)))
        throw forbidden('Quota exceeded, too many key pairs.');
      const stated = fields.optionalText('public_key', 16_384);
      if (stated === undefined && since(call, 92)) throw novaInvalid('keypair', null, "'public_key' is a required property");
      const made = stated === undefined ? generate() : undefined;
      const publicKey = stated ?? made?.publicKey ?? '';
      const blob = publicKey.trim().split(/\s+/)[1];
      if (blob === undefined || !/^(ssh-|ecdsa-|sk-)/.test(publicKey))
        throw badRequest('Keypair data is invalid: failed to generate fingerprint');
      const fingerprint = (createHash('md5').update(Buffer.from(blob, 'base64')).digest('hex').match(/../g) ?? []).join(':');
      const row = keypairs.insert({
        id: `${userId}/${name}`,
        name,
        user_id: userId,
        type: fields.choice('type', ['ssh', 'x509'], 'ssh'),
        public_key: publicKey,
        fingerprint,
        created_at: nowSeconds(),
      });
      return {
        status: since(call, 2) ? 201 : 200,
        body: {
          keypair: { ...view(call, row), user_id: userId, ...(made === undefined ? {} : { private_key: made.privateKey }) },
        },
      };
    }),
    route('GET', '/os-keypairs/:name', (call) => {
      const row = get(call);
      return ok({
        keypair: {
          ...view(call, row),
          user_id: row.user_id,
          created_at: row.created_at,
          id: 1,
          deleted: false,
          deleted_at: null,
          updated_at: null,
        },
      });
    }),
    route('DELETE', '/os-keypairs/:name', (call) => {
      keypairs.remove(get(call).id);
      return { status: since(call, 2) ? 204 : 202 };
    }),
  ];
}

/** An RSA key as Nova makes them: PKCS#1 and OpenSSH's line. */
function generate(): { publicKey: string; privateKey: string } {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = pair.publicKey.export({ format: 'jwk' });
  const part = (data: Buffer): Buffer => {
    const padded = data[0] !== undefined && data[0] >= 0x80 ? Buffer.concat([Buffer.from([0]), data]) : data;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(padded.length);
    return Buffer.concat([length, padded]);
  };
  const blob = Buffer.concat([
    part(Buffer.from('ssh-rsa')),
    part(Buffer.from(jwk.e ?? '', 'base64url')),
    part(Buffer.from(jwk.n ?? '', 'base64url')),
  ]);
  return {
    publicKey: `ssh-rsa ${blob.toString('base64')} Generated-by-Nova`,
    privateKey: pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
}
