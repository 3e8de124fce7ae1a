/**
 * The customer's wallet as a way to pay: a provider without a network, whose books are our own ledger. Its answers are
 * definitive, and the same for whoever asks again under the same name.
 */
import type {
  AuthorizeAnswer,
  AuthorizeInput,
  Authorized,
  CaptureAnswer,
  CaptureInput,
  PaymentTruth,
  RefundAnswer,
  RefundInput,
  VoidAnswer,
  VoidInput,
} from './card-gateway.ts';
import { sumMinor } from '../domain/money.ts';
import type { PaymentPort } from './payment-port.ts';
import { parsePaymentMethod } from '../domain/payment-methods.ts';
import { holdRef, parseHoldRef, type HoldState, type WalletBooks } from '../domain/wallet.ts';

/** It lasts as long as any order does. */
const holdsForMs = 365 * 86_400_000;

type Tools = { readonly books: WalletBooks; readonly now: () => number };

export function createWalletPort(books: WalletBooks, now: () => number = Date.now): PaymentPort {
  const tools = { books, now };
  const read = async (providerRef: string): Promise<HoldState | undefined> => {
    const name = parseHoldRef(providerRef);
    return name && books.read(name);
  };
  return {
    provider: 'wallet',
    authorize: (input) => authorize(tools, input),
    capture: (input) => capture(books, input),
    void: (input) => release(books, input),
    refund: (input) => refund(books, input),
    async retrieve({ providerRef }) {
      const state = await read(providerRef);
      return state ? truthOf(providerRef, state, now()) : { status: 'unknown' };
    },
    async look({ providerRef }) {
      const state = await read(providerRef);
      if (!state) return { status: 'unknown' };
      const refundedMinor = sumMinor([...state.refunds.values()]);
      return { ...truthOf(providerRef, state, now()), refundedMinor };
    },
    disputes: async () => [],
    // Nobody has anything to tell.
    readWebhook: async () => ({ kind: 'refused', code: 'invalid_signature' }),
  };
}

function truthOf(providerRef: string, state: HoldState, now: number): PaymentTruth {
  switch (state.status) {
    case 'captured':
      return { status: 'captured', providerRef, amountMinor: state.capturedMinor };
    case 'released':
      return { status: 'voided', providerRef, reason: 'cancelled' };
    case 'held':
      return heldAs(providerRef, state.heldMinor, now);
  }
}

const heldAs = (providerRef: string, amountMinor: number, now: number): Authorized => ({
  status: 'authorized',
  providerRef,
  amountMinor,
  captureBefore: now + holdsForMs,
});

async function authorize({ books, now }: Tools, input: AuthorizeInput): Promise<AuthorizeAnswer> {
  const { orderId, step = 'authorize', attempt, amountMinor } = input;
  const name = { orderId, step, attempt };
  const customerId = parsePaymentMethod(input.paymentMethod)?.reference ?? '';
  const currency = input.currency.toUpperCase();
  const made = await books.hold({ ...name, customerId, currency, amountMinor });
  switch (made.status) {
    case 'too_little':
      return { status: 'declined', code: 'insufficient_funds' };
    case 'burnt':
      return { status: 'not_executed' };
    case 'held':
      return heldAs(holdRef(name), made.amountMinor, now());
  }
}

async function capture(
  books: WalletBooks,
  { providerRef, amountMinor }: CaptureInput,
): Promise<CaptureAnswer> {
  const name = parseHoldRef(providerRef);
  const before = name && (await books.read(name));
  if (!name || !before) return { status: 'failed', code: 'unknown_payment' };
  if (before.status === 'held' && amountMinor > before.heldMinor)
    return { status: 'failed', code: 'amount_too_large' };
  const after = (await books.settle({ ...name, amountMinor })) ?? before;
  if (after.status !== 'captured') return { status: 'failed', code: 'already_voided' };
  return after.capturedMinor === amountMinor
    ? { status: 'captured', providerRef, amountMinor }
    : { status: 'failed', code: 'already_captured', capturedMinor: after.capturedMinor };
}

async function release(books: WalletBooks, input: VoidInput): Promise<VoidAnswer> {
  const { orderId, step = 'authorize', attempt, providerRef } = input;
  const name = providerRef === undefined ? { orderId, step, attempt } : parseHoldRef(providerRef);
  if (!name) return { status: 'nothing_to_void' };
  if (providerRef === undefined && (await books.burn(name)) === 'burnt')
    return { status: 'nothing_to_void' };
  const after = await books.settle({ ...name, amountMinor: 0 });
  if (!after) return { status: 'nothing_to_void' };
  return after.status === 'captured'
    ? { status: 'captured', providerRef: holdRef(name), amountMinor: after.capturedMinor }
    : { status: 'voided' };
}

async function refund(
  books: WalletBooks,
  { providerRef, amountMinor, key }: RefundInput,
): Promise<RefundAnswer> {
  const name = parseHoldRef(providerRef);
  const after = name && (await books.refund({ ...name, key, amountMinor }));
  if (!after) return { status: 'failed', code: 'unknown_payment' };
  if (after.status !== 'captured') return { status: 'failed', code: 'not_captured' };
  const given = after.refunds.get(key);
  return given === undefined
    ? { status: 'failed', code: 'amount_too_large' }
    : { status: 'refunded', refundRef: `${providerRef}:${key}`, amountMinor: given };
}
