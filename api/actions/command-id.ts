// The name of the command that a request is: short, and the same for every retry.

import { createHash } from 'node:crypto';
import type { KeyedRequest } from '../../db/idempotency.ts';

export const commandIdOf = ({ tenant, key }: Pick<KeyedRequest, 'tenant' | 'key'>): string =>
  `cmd_${createHash('sha256').update(`${tenant}:${key}`).digest('hex').slice(0, 24)}`;
