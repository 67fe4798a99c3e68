import { duplexPair } from 'node:stream';
import { connect, createServer } from 'node:tls';

/** One end of a connection: what it shows, and whom it believes. PEM. */
export interface TlsEnd {
  readonly certPem: string;
  readonly keyPem: string;
  /** One authority or several. */
  readonly trustPem: string;
}

/**
 * A TLS handshake in which both ends show their certificates, without a network between them.
 * @returns null: they believe each other; else in Go's words who does not
 */
export async function handshake(server: TlsEnd, client: TlsEnd): Promise<string | null> {
  const [far, near] = duplexPair();
  const words = (error: Error): string => `tls: failed to verify certificate: ${error.message}`;
  const serving = createServer({
    cert: server.certPem,
    key: server.keyPem,
    ca: server.trustPem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  try {
    return await new Promise<string | null>((resolve) => {
      serving.on('tlsClientError', (error) => resolve(words(error)));
      serving.on('secureConnection', () => resolve(null));
      serving.emit('connection', far);
      connect({
        socket: near,
        cert: client.certPem,
        key: client.keyPem,
        ca: client.trustPem,
        checkServerIdentity: () => undefined,
      }).on('error', (error) => resolve(words(error)));
    });
  } finally {
    near.destroy();
    far.destroy();
  }
}
