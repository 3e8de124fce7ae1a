// Ids with real time and randomness; the format is the domain's.

import { randomBytes } from 'node:crypto';
import { formatId, type IdKind } from '../domain/ids.ts';

export const newId = <K extends IdKind>(
  kind: K,
  nowMs: number = Date.now(),
): ReturnType<typeof formatId<K>> => formatId(kind, nowMs, randomBytes(10));
