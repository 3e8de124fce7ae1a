// Ids in Stripe's form, `pi_…`: random, so that two fakes never hand out the same one.
import { randomBytes } from 'node:crypto';

export const newId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;
