// Every command that people can give to a running order over the API: its path, who may give it, and the command that
// its body becomes. One row is one route; support's commands stand apart.

import type { ProofRow } from '../../db/proofs.ts';
import type { Role } from '../../db/schema.ts';
import type { Item } from '../../db/schema.ts';
import type { Proof } from '../../domain/events.ts';
import type { DriverId } from '../../domain/ids.ts';
import type { ExternalCommand } from '../../domain/messages.ts';
import { merchantRoles } from '../plugins/auth.ts';
import { badField, type ProblemError } from '../problems.ts';
import type { CommandBodies } from '../schemas/orders.ts';
import { readArrival, readHappened, readPreparation, readPromise } from './order-times.ts';

export type Path = keyof CommandBodies;
export type By = Extract<ExternalCommand, { readonly kind: 'cancel' }>['by'];

type Context = {
  readonly now: number;
  readonly by: By;
  /** Of the calling driver. */
  readonly driverId: () => DriverId;
  /** Of the order; only for rows that ask for them. */
  readonly items: readonly Item[];
  /** Of the order, if the body names any. */
  readonly given: readonly ProofRow[];
};
export type Read = {
  readonly command: ExternalCommand;
  /** What is wrong with the body, whatever the order's state. */
  readonly unfit?: ProblemError | undefined;
  /** Epoch ms that must not lie before the order was placed. */
  readonly notBefore?: number | undefined;
};
type Row<P extends Path> = {
  readonly summary: string;
  readonly roles: readonly Role[];
  readonly needsItems?: true;
  readonly read: (body: CommandBodies[P], context: Context) => Read;
};

const merchant = merchantRoles;
const customer = [...merchantRoles, 'customer'] as const;
const driver = ['driver'] as const;
const anyone = [...merchantRoles, 'support', 'customer'] as const;

const says = (command: ExternalCommand) => (): Read => ({ command });

type HandOverBody = Pick<CommandBodies['hand-over'], 'proofs' | 'collected_minor'>;

function handOverOf({ proofs, collected_minor }: HandOverBody, context: Context) {
  const { shown, unfit } = readShown(proofs, context);
  const cash = collected_minor === undefined ? {} : { collectedMinor: collected_minor };
  return { handOver: { ...shown, ...cash }, unfit };
}

/** Every proof but a driver's word on an age has been given before and is named by its id. */
function readShown(
  proofs: HandOverBody['proofs'],
  { given }: Context,
): { readonly shown: { readonly proofs?: readonly Proof[] }; readonly unfit?: ProblemError } {
  if (proofs === undefined) return { shown: {} };
  const found: Proof[] = [];
  for (const [index, { kind, proof_id: id }] of proofs.entries()) {
    const field = `proofs.${index}.proof_id`;
    const proof = given.find((one) => one.id === id && one.kind === kind);
    if (id === undefined && kind !== 'age')
      return { shown: {}, unfit: badField(field, `is required for ${kind}`) };
    if (id !== undefined && !proof)
      return { shown: {}, unfit: badField(field, `names no ${kind} of this order`) };
    found.push(proof ? { kind, proofId: proof.id } : { kind });
  }
  return { shown: { proofs: found } };
}

const arrives =
  (kind: 'arriveAtPickup' | 'pickUp' | 'arriveAtDropoff') =>
  (body: CommandBodies['pick-up'], { now, driverId }: Context): Read => {
    const { arrival, ...checks } = readArrival(body, now);
    return { command: { kind, driverId: driverId(), ...arrival }, ...checks };
  };

export const commandTable: { readonly [P in Path]: Row<P> } = {
  acknowledge: {
    summary: 'The tablet has shown the order',
    roles: merchant,
    read: says({ kind: 'acknowledge' }),
  },
  accept: {
    summary: 'Accept',
    roles: merchant,
    read: (body, { now }) => {
      const { prep, unfit } = readPreparation(body, now);
      return { command: { kind: 'accept', ...prep }, unfit };
    },
  },
  deny: {
    summary: 'Deny',
    roles: merchant,
    needsItems: true,
    read: ({ code, out_of_stock: outOfStock }, { items }) => ({
      command: { kind: 'deny', code, ...(outOfStock && { outOfStock }) },
      unfit: outOfStock?.some((line) => line >= items.length)
        ? badField('out_of_stock', 'names no item of the order', items.length - 1)
        : undefined,
    }),
  },
  delay: {
    summary: 'The goods take longer',
    roles: merchant,
    read: ({ ready_in_seconds: seconds }) => ({
      command: { kind: 'delayPrep', readyInMs: seconds * 1_000 },
    }),
  },
  ready: { summary: 'The goods are ready', roles: merchant, read: says({ kind: 'markReady' }) },
  'hand-over': {
    summary: 'The customer has collected the goods',
    roles: merchant,
    read: (body, context) => {
      const { handOver, unfit } = handOverOf(body, context);
      return { command: { kind: 'handOver', ...handOver }, unfit };
    },
  },
  shortages: {
    summary: 'Goods are missing: the customer is asked',
    roles: merchant,
    needsItems: true,
    read: readShortage,
  },
  'shortage-answer': {
    summary: 'What to do about missing goods',
    roles: customer,
    read: ({ answer }) => ({ command: { kind: 'answerShortage', answer } }),
  },
  'approve-prescription': {
    summary: 'The pharmacist approves the prescription',
    roles: merchant,
    read: says({ kind: 'approvePrescription' }),
  },
  'reject-prescription': {
    summary: 'The pharmacist rejects the prescription',
    roles: merchant,
    read: says({ kind: 'rejectPrescription' }),
  },
  remittance: {
    summary: 'The driver has handed the cash in',
    roles: [...merchant, 'support'],
    read: ({ amount_minor: amountMinor }) => ({ command: { kind: 'remitCash', amountMinor } }),
  },
  cancel: {
    summary: 'Cancel',
    roles: anyone,
    read: (_, { by }) => ({ command: { kind: 'cancel', by } }),
  },
  payment: {
    summary: 'Pay again after a decline: with another card, or as before without a token',
    roles: customer,
    read: ({ token }) => ({
      command: {
        kind: 'retryPayment',
        ...(token === undefined ? {} : { paymentMethod: token }),
      },
    }),
  },
  tip: {
    summary: 'Change the tip before the delivery, within what is held',
    roles: customer,
    read: ({ tip_minor: tipMinor }) => ({ command: { kind: 'changeTip', tipMinor } }),
  },
  'dropoff-notes': {
    summary: 'Change the notes for the drop-off',
    roles: customer,
    read: says({ kind: 'changeDropoffNotes' }),
  },
  reschedule: {
    summary: 'Move an order for later, before the merchant is asked',
    roles: customer,
    read: ({ scheduled_for }, { now }) => {
      const { promisedAt, unfit } = readPromise(scheduled_for, now);
      return { command: { kind: 'reschedule', promisedAt }, unfit };
    },
  },
  'arrive-at-pickup': {
    summary: 'The driver is at the branch: their wait begins',
    roles: driver,
    read: arrives('arriveAtPickup'),
  },
  'fail-pickup': {
    summary: 'The driver finds the branch closed, or nothing to pick up',
    roles: driver,
    read: ({ code }, { driverId }) => ({
      command: { kind: 'failPickup', code, driverId: driverId() },
    }),
  },
  'pick-up': { summary: 'The driver has the goods', roles: driver, read: arrives('pickUp') },
  'arrive-at-dropoff': {
    summary: 'The driver is at the door: the customer’s time begins',
    roles: driver,
    read: arrives('arriveAtDropoff'),
  },
  contact: {
    summary: 'The driver has tried to reach the customer',
    roles: driver,
    read: ({ channel }, { driverId }) => ({
      command: { kind: 'recordContact', channel, driverId: driverId() },
    }),
  },
  deliver: {
    summary: 'The customer has the goods',
    roles: driver,
    read: (body, context) => {
      const { now, driverId } = context;
      const { arrival, ...arrived } = readArrival(body, now);
      const { happening, ...happened } = readHappened(body, now);
      const { handOver, unfit } = handOverOf(body, context);
      const times = { ...arrival, ...happening, ...handOver };
      const notBefore = Math.min(arrived.notBefore ?? now, happened.notBefore ?? now);
      return {
        command: { kind: 'deliver', driverId: driverId(), ...times },
        unfit: arrived.unfit ?? happened.unfit ?? unfit,
        notBefore: notBefore === now ? undefined : notBefore,
      };
    },
  },
  'fail-dropoff': {
    summary: 'The goods cannot be handed over',
    roles: driver,
    read: ({ reason, proofs }, context) => {
      const { shown, unfit } = readShown(proofs, context);
      const driverId = context.driverId();
      return { command: { kind: 'failDropoff', reason, driverId, ...shown }, unfit };
    },
  },
  'arrive-at-return': {
    summary: 'The driver is back at the branch with the goods',
    roles: driver,
    read: (_, { driverId }) => ({ command: { kind: 'arriveAtReturn', driverId: driverId() } }),
  },
  'complete-return': {
    summary: 'The goods are with the merchant again',
    roles: [...merchant, 'driver'],
    read: (_, { by, driverId }) => ({
      command: {
        kind: 'completeReturn',
        ...(by === 'merchant' ? {} : { driverId: driverId() }),
      },
    }),
  },
  abandon: {
    summary: 'Give a delivery back before pick-up',
    roles: driver,
    read: (_, { driverId }) => ({ command: { kind: 'abandon', driverId: driverId() } }),
  },
  problem: {
    summary: 'Something happened to the driver or the goods after pick-up',
    roles: driver,
    read: ({ problem }, { driverId }) => ({
      command: { kind: 'reportProblem', problem, driverId: driverId() },
    }),
  },
};

/** What the missing goods cost stands in the order, not in the request. */
function readShortage(body: CommandBodies['shortages'], { items }: Context): Read {
  const { line, quantity, substitute_minor: substituteMinor } = body;
  const item = items[line];
  const missingMinor = quantity * (item?.unit_price_minor ?? 0);
  const offered = substituteMinor === undefined ? {} : { substituteMinor };
  const unfit = item
    ? quantity > item.quantity
      ? badField('quantity', 'is more than was ordered', item.quantity)
      : undefined
    : badField('line', 'names no item of the order', items.length - 1);
  return { command: { kind: 'reportShortage', line, quantity, missingMinor, ...offered }, unfit };
}
