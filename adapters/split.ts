/**
 * Wallet and card as one payment: the wallet is asked first, the card for the rest; when either says no, the other is let
 * go. A capture of less takes the wallet's part first (docs/decisions/0025). The card's name for the payment is the
 * payment's name, or the wallet's where no card was needed. Each half is idempotent by key or state, so that the whole can
 * be repeated from its beginning after any interruption.
 */
import type {
  AuthorizeAnswer,
  AuthorizeInput,
  CaptureAnswer,
  CaptureInput,
  PaymentTruth,
  VoidAnswer,
  VoidInput,
} from './card-gateway.ts';
import type { PaymentPort, Retrieving } from './payment-port.ts';
import { parseSplitToken, walletShare, walletStep, type SplitMethod } from '../domain/split.ts';
import { holdRef, parseHoldRef, type HoldName, type WalletBooks } from '../domain/wallet.ts';

type Parts = {
  readonly books: WalletBooks;
  readonly wallet: PaymentPort;
  /** Takes what it held when it is told to, and never at once. */
  readonly card: PaymentPort;
};

export const createSplitPort = (parts: Parts): PaymentPort => ({
  provider: 'split',
  authorize: (input) => authorize(parts, input),
  retrieve: (input) => retrieve(parts, input),
  look: (input) => (parseHoldRef(input.providerRef) ? parts.wallet : parts.card).look(input),
  capture: (input) => capture(parts, input),
  void: (input) => release(parts, input),
  // What goes back, goes back to the wallet and to the card: each is a refund of its own.
  refund: async () => ({ status: 'failed', code: 'unknown_payment' }),
  disputes: (input) => parts.card.disputes(input),
  readWebhook: async () => ({ kind: 'refused', code: 'invalid_signature' }),
});

const nameOf = (orderId: string, attempt: number): HoldName => ({
  orderId,
  step: walletStep,
  attempt,
});

const letGo = (books: WalletBooks, name: HoldName) => books.settle({ ...name, amountMinor: 0 });

async function heldBy(books: WalletBooks, name: HoldName | undefined): Promise<number> {
  const state = name && (await books.read(name));
  return state && state.status !== 'released' ? state.heldMinor : 0;
}

async function authorize(parts: Parts, input: AuthorizeInput): Promise<AuthorizeAnswer> {
  const { books, wallet, card } = parts;
  const { orderId, attempt, amountMinor } = input;
  const method = parseSplitToken(input.paymentMethod);
  if (!method) return { status: 'declined', code: 'payment_method_invalid' };
  const name = nameOf(orderId, attempt);
  const made = await askWallet(books, { ...input, name, method });
  if (made === 'too_little') return { status: 'declined', code: 'insufficient_funds' };
  if (made === amountMinor) {
    const truth = await wallet.retrieve({ providerRef: holdRef(name) });
    return truth.status === 'authorized' ? truth : { status: 'not_executed' };
  }
  const rest = { ...input, amountMinor: amountMinor - made, paymentMethod: method.card };
  return withWallet(books, name, await card.authorize(rest));
}

type AskingWallet = Pick<AuthorizeInput, 'amountMinor' | 'currency'> & {
  readonly name: HoldName;
  readonly method: SplitMethod;
};

/** What the wallet holds of it now. `too_little`: it does not have the named amount. */
async function askWallet(
  books: WalletBooks,
  { amountMinor, name, method, ...input }: AskingWallet,
): Promise<number | 'too_little'> {
  const currency = input.currency.toUpperCase();
  const { customerId, walletMinor } = method;
  const share = walletShare(amountMinor, { currency, mostMinor: walletMinor ?? amountMinor });
  if (share === 0) return 0;
  const wish = { ...name, customerId, currency, amountMinor: share };
  if (walletMinor === undefined) {
    const made = await books.hold({ ...wish, withCard: true });
    return made.status === 'held' ? made.amountMinor : 0;
  }
  const made = await books.hold(wish);
  if (made.status === 'too_little') return 'too_little';
  return made.status === 'held' ? made.amountMinor : 0;
}

/** The card has spoken: its hold is half of the payment's, and its no the no to both. */
async function withWallet(
  books: WalletBooks,
  name: HoldName,
  answer: Awaited<ReturnType<PaymentPort['authorize']>>,
): Promise<AuthorizeAnswer> {
  switch (answer.status) {
    case 'authorized':
      return { ...answer, amountMinor: answer.amountMinor + (await heldBy(books, name)) };
    case 'requires_action':
      return answer;
    case 'declined':
    case 'not_executed':
      await letGo(books, name);
      return answer;
    case 'captured':
      throw new Error('a card was charged that was only to be held');
  }
}

async function retrieve(
  { books, wallet, card }: Parts,
  { providerRef, of }: Retrieving,
): Promise<PaymentTruth> {
  if (parseHoldRef(providerRef)) return wallet.retrieve({ providerRef });
  const truth = await card.retrieve({ providerRef });
  const name = of && nameOf(of.orderId, of.attempt);
  switch (truth.status) {
    case 'authorized':
      return { ...truth, amountMinor: truth.amountMinor + (await heldBy(books, name)) };
    case 'declined':
    case 'voided':
      if (name) await letGo(books, name);
      return truth;
    default:
      return truth;
  }
}

async function capture({ books, card }: Parts, input: CaptureInput): Promise<CaptureAnswer> {
  const { orderId, providerRef, amountMinor, key, firstSentAt } = input;
  const whole = parseHoldRef(providerRef);
  const name = whole ?? (await books.latest({ orderId, step: walletStep }));
  const walletMinor = Math.min(await heldBy(books, name), amountMinor);
  const restMinor = amountMinor - walletMinor;
  if (whole && restMinor > 0) return { status: 'failed', code: 'amount_too_large' };
  if (name && walletMinor > 0) {
    const after = await books.settle({ ...name, amountMinor: walletMinor });
    if (after?.capturedMinor !== walletMinor)
      return { status: 'failed', code: 'already_captured', capturedMinor: after?.capturedMinor };
  }
  const taken = { status: 'captured', providerRef, amountMinor, walletMinor } as const;
  if (whole) return taken;
  if (restMinor > 0) {
    const answer = await card.capture({ ...input, amountMinor: restMinor });
    return answer.status === 'captured' ? { ...taken, currency: answer.currency } : answer;
  }
  const { status } = await card.void({ orderId, providerRef, key, attempt: 0, firstSentAt });
  if (status === 'captured') return { status: 'failed', code: 'already_captured' };
  return status === 'not_executed' ? { status } : taken;
}

async function release({ books, card }: Parts, input: VoidInput): Promise<VoidAnswer> {
  const { orderId, attempt, providerRef } = input;
  const whole = providerRef === undefined ? undefined : parseHoldRef(providerRef);
  const name = whole ?? nameOf(orderId, attempt);
  const answer: VoidAnswer = whole ? { status: 'nothing_to_void' } : await card.void(input);
  if (answer.status === 'not_executed') return answer;
  const mayHold = providerRef !== undefined || (await books.burn(name)) === 'held';
  const walletMinor = mayHold ? ((await letGo(books, name))?.capturedMinor ?? 0) : 0;
  if (answer.status === 'captured')
    return { ...answer, amountMinor: answer.amountMinor + walletMinor, walletMinor };
  return walletMinor > 0
    ? { status: 'captured', providerRef: holdRef(name), amountMinor: walletMinor, walletMinor }
    : { status: 'voided' };
}
