// Seals people's data: AES-256-GCM with one random key per person, itself wrapped with the master key. The additional
// data binds every ciphertext to its person and column, so none can be moved. Without the wrapped key it is noise.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

/** What is sealed, and for notes and addresses of which row: `name`, `phone`, `address:ord_…`, `note:note_…`. */
type Column = 'key' | 'name' | 'phone' | `address:${string}` | `note:${string}` | `proof:${string}`;

export type PersonKey = {
  readonly wrappedKey: Buffer;
  seal(column: Column, text: string): Buffer;
  /** Throws when the ciphertext was moved or changed. */
  open(column: Column, sealed: Buffer): string;
  sealBytes(column: Column, bytes: Buffer): Buffer;
  openBytes(column: Column, sealed: Buffer): Buffer;
};

export type Vault = {
  /** A new key for a new person. */
  create(personId: string): PersonKey;
  unwrap(personId: string, wrappedKey: Buffer): PersonKey;
  /** A phone's blind index: HMAC-SHA-256 under a key of its own, so equal phones are found and none is read. */
  indexOf(phone: string): Buffer;
  /** What the customer says at the hand-over: four digits, the same for an order whenever asked, stored nowhere. */
  pinOf(orderId: string): string;
};

/** `masterKeyBytes` are 32. */
export function createVault(masterKeyBytes: Buffer): Vault {
  // Key objects: with plain bytes every call spends four times as long.
  const masterKey = createSecretKey(masterKeyBytes);
  const derive = (purpose: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', masterKeyBytes, '', purpose, 32)));
  const indexKey = derive('waybill phone index');
  const pinKey = derive('waybill pin');
  return {
    create(personId) {
      const bytes = randomBytes(32);
      const wrappedKey = sealBytes({ key: masterKey, label: `${personId}/key`, bytes });
      return personKey({ personId, dataKey: createSecretKey(bytes), wrappedKey });
    },
    unwrap(personId, wrappedKey) {
      const bytes = openBytes({ key: masterKey, label: `${personId}/key`, bytes: wrappedKey });
      return personKey({ personId, dataKey: createSecretKey(bytes), wrappedKey });
    },
    indexOf: (phone) => createHmac('sha256', indexKey).update(phone).digest(),
    pinOf(orderId) {
      const digest = createHmac('sha256', pinKey).update(orderId).digest();
      return String(digest.readUInt32BE(0) % 10_000).padStart(4, '0');
    },
  };
}

type Parts = {
  readonly personId: string;
  readonly dataKey: KeyObject;
  readonly wrappedKey: Buffer;
};

function personKey({ personId, dataKey: key, wrappedKey }: Parts): PersonKey {
  const labelOf = (column: Column): string => `${personId}/${column}`;
  return {
    wrappedKey,
    seal: (column, text) =>
      sealBytes({ key, label: labelOf(column), bytes: Buffer.from(text, 'utf8') }),
    open: (column, sealed) =>
      openBytes({ key, label: labelOf(column), bytes: sealed }).toString('utf8'),
    sealBytes: (column, bytes) => sealBytes({ key, label: labelOf(column), bytes }),
    openBytes: (column, bytes) => openBytes({ key, label: labelOf(column), bytes }),
  };
}

// Layout: version (1 byte) | nonce (12) | tag (16) | ciphertext. A random nonce is safe far below 2^32 uses of a key
// (NIST SP 800-38D, 8.3); the master key wraps one key per person.
const version = 1;
const nonceBytes = 12;
const headBytes = 1 + nonceBytes + 16;

type Sealing = { readonly key: KeyObject; readonly label: string; readonly bytes: Buffer };

function sealBytes({ key, label, bytes }: Sealing): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(label));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), sealed]);
}

function openBytes({ key, label, bytes }: Sealing): Buffer {
  if (bytes[0] !== version || bytes.length < headBytes) throw new Error('not a sealed value');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + nonceBytes));
  decipher.setAAD(Buffer.from(label)).setAuthTag(bytes.subarray(1 + nonceBytes, headBytes));
  return Buffer.concat([decipher.update(bytes.subarray(headBytes)), decipher.final()]);
}
