// What may go wrong around a step that moves money, and where its worker may die.

import type { CrashPoint } from '../../adapters/crash-point.ts';
import type { FaultKind } from '../../sandbox/provider/faults.ts';

/** At the request itself. */
const requestFaults = {
  'executed, then timed out': 'execute_then_timeout',
  '409': '409',
  '429': '429',
  '500 before': '500',
  '500 after execution': 'execute_then_500',
  /** Executed, not answered, and asked again when the provider may know the key no more. */
  'key forgotten': 'execute_then_timeout',
} as const satisfies Readonly<Record<string, FaultKind>>;
export const newsFaults = [
  'webhooks three times',
  'webhooks reversed',
  'webhooks before the reply',
  'webhooks three days late',
] as const;
export type RequestFault = keyof typeof requestFaults;
export type NewsFault = (typeof newsFaults)[number];
export type Fault = RequestFault | NewsFault;
export const faults: readonly Fault[] = [
  ...(Object.keys(requestFaults) as RequestFault[]),
  ...newsFaults,
];
export const isRequestFault = (fault: Fault): fault is RequestFault =>
  Object.hasOwn(requestFaults, fault);
export const kindOf = (fault: RequestFault): FaultKind => requestFaults[fault];

export const crashes = ['nowhere', 'before', 'after-effect', 'after-record'] as const;

export const died = new Error('the process died');

/** The process dies at this place, whenever it comes there. */
export function dyingAt(place: string): CrashPoint {
  const [name, ...wanted] = place.split('#');
  return (here, tags = []) => {
    if (here === name && wanted.every((tag) => tags.includes(tag))) throw died;
  };
}
