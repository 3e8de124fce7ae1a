// The calls to the payment provider of an order. Every step's compensation stands next to it: what undoes an
// authorization is the void, what undoes a capture is a refund (a workflow of its own), and a declined payment is
// discarded before the decline is answered: the customer's app could confirm it again with the secret that it still has.
// Answers are definitive; whatever is not is thrown and sent again under the same key.

import { inCurrency } from '../adapters/in-currency.ts';
import { isOutage } from '../adapters/outage.ts';
import type {
  AuthorizeAnswer,
  CaptureAnswer,
  Captured,
  PaymentTruth,
  VoidAnswer,
} from '../adapters/card-gateway.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { Db } from '../db/connect.ts';
import { isLetGo, reportWrongCurrency, savePaymentAction } from '../db/payment-actions.ts';
import { assertNever } from '../domain/errors.ts';
import type { OrderId } from '../domain/ids.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { PaymentResult } from '../domain/messages.ts';
import type { PaymentActivities } from './contract.ts';
import type { CrashPoint } from '../adapters/crash-point.ts';
import { retryable } from './retryable.ts';

type Port = Pick<PaymentPort, 'authorize' | 'retrieve' | 'capture' | 'void'>;

type Dependencies = {
  /** By the provider's name. Throws when it is not set up here. */
  readonly portOf: (provider: ProviderName) => Port;
  readonly db: Db;
  readonly crashPoint: CrashPoint;
};
type Request = Parameters<PaymentActivities['callProvider']>[0];

export function createPaymentActivities({
  portOf,
  db,
  crashPoint,
}: Dependencies): PaymentActivities {
  return {
    async callProvider(request: Request): Promise<PaymentResult> {
      const tags = [request.call.step, request.orderId];
      await crashPoint('payment:before', tags);
      try {
        const port = portOf(request.provider);
        const { result, clientSecret } = await answerOf(port, request);
        if (request.call.step === 'check') await letGoUnawaited({ db, port }, request, result);
        await crashPoint('payment:after-effect', tags);
        if (result.kind === 'paymentRequiresAction' && clientSecret) {
          await savePaymentAction(db, {
            orderId: request.orderId,
            providerRef: result.providerRef,
            clientSecret,
          });
        }
        return result;
      } catch (error) {
        if (!isOutage(error)) throw error;
        if (error.code === 'currency_mismatch') await reportWrongCurrency(db, request);
        throw retryable(error.code, error.retryAfterMs);
      }
    },
  };
}

/** The order may have let go of the payment while this check was under way: it read the provider's books too early. */
async function letGoUnawaited(
  { db, port }: { readonly db: Db; readonly port: Port },
  { orderId, call: { attempt } }: Request,
  result: PaymentResult,
): Promise<void> {
  if (result.kind !== 'paymentAuthorized') return;
  const { providerRef } = result;
  if (await isLetGo(db, { orderId, providerRef }))
    await discard(port, { orderId, attempt, providerRef });
}

type Answer = { readonly result: PaymentResult; readonly clientSecret?: string };

async function answerOf(port: Port, request: Request): Promise<Answer> {
  const { orderId, currency, call } = request;
  const asked = { system: request.provider, currency };
  switch (call.step) {
    case 'authorize': {
      const { key, attempt, amountMinor, paymentMethod, firstSentAt } = call;
      const wish = { orderId, key, attempt, amountMinor, paymentMethod, firstSentAt, currency };
      const answer = inCurrency(await port.authorize(wish), asked);
      await discardDeclined(port, { orderId, attempt, firstSentAt, answer });
      return authorized(answer);
    }
    case 'check': {
      const { attempt, providerRef } = call;
      const truth = await port.retrieve({ providerRef, of: { orderId, attempt } });
      const answer = inCurrency(truth, asked);
      await discardDeclined(port, { orderId, attempt, answer });
      return checked(answer);
    }
    case 'capture': {
      const { key, providerRef, amountMinor, firstSentAt } = call;
      const wish = { orderId, key, providerRef, amountMinor, firstSentAt };
      return { result: captured(inCurrency(await port.capture(wish), asked)) };
    }
    case 'void':
    case 'release': {
      const { key, providerRef, authorizeAttempt, firstSentAt } = call;
      const wish = { orderId, key, providerRef, attempt: authorizeAttempt, firstSentAt };
      return { result: voided(inCurrency(await port.void(wish), asked)) };
    }
    default:
      return assertNever(call);
  }
}

type Discard = {
  readonly orderId: OrderId;
  readonly attempt: number;
  readonly firstSentAt?: number;
  readonly providerRef: string;
};

/** A provider that stores failure after failure is asked later again. */
const maxDiscardKeys = 5;

type Judged = Omit<Discard, 'providerRef'> & {
  readonly answer: AuthorizeAnswer | Captured | PaymentTruth;
};

async function discardDeclined(port: Port, { answer, ...payment }: Judged): Promise<void> {
  if (answer.status !== 'declined' || answer.providerRef === undefined) return;
  await discard(port, { ...payment, providerRef: answer.providerRef });
}

/** Ends a payment at the provider, with whatever it came to hold meanwhile. Throws until it is ended. */
async function discard(
  port: Port,
  { orderId, attempt, firstSentAt, providerRef }: Discard,
): Promise<void> {
  for (let n = 1; n <= maxDiscardKeys; n++) {
    const key = `${orderId}:discard:${attempt}${n === 1 ? '' : `:${n}`}`;
    const { status } = await port.void({ orderId, key, providerRef, attempt, firstSentAt });
    if (status === 'captured') throw retryable('discard_found_captured', undefined);
    if (status !== 'not_executed') return;
  }
  throw retryable('discard_not_executed', undefined);
}

function authorized(answer: AuthorizeAnswer | Captured): Answer {
  switch (answer.status) {
    case 'captured':
      return { result: takenAtOnce(answer) };
    case 'authorized': {
      const { providerRef, amountMinor, captureBefore } = answer;
      return { result: { kind: 'paymentAuthorized', providerRef, amountMinor, captureBefore } };
    }
    case 'requires_action':
      return {
        result: { kind: 'paymentRequiresAction', providerRef: answer.providerRef },
        clientSecret: answer.clientSecret,
      };
    case 'declined':
      return { result: { kind: 'paymentDeclined', code: answer.code } };
    case 'not_executed':
      return { result: { kind: 'paymentNotExecuted' } };
    default:
      return assertNever(answer);
  }
}

/** Money that is there although no capture was asked for. */
const takenAtOnce = ({ providerRef, ...taken }: Captured): PaymentResult => ({
  kind: 'paymentCaptured',
  providerRef,
  ...amountsOf(taken),
});

/** Only where there is something to say of a wallet. */
const amountsOf = ({
  amountMinor,
  walletMinor,
}: Pick<Captured, 'amountMinor' | 'walletMinor'>) => ({
  amountMinor,
  ...(walletMinor === undefined ? {} : { walletMinor }),
});

function checked(truth: PaymentTruth): Answer {
  switch (truth.status) {
    case 'authorized':
    case 'requires_action':
    case 'declined':
      return authorized(truth);
    case 'voided':
      return { result: { kind: 'paymentDeclined', code: truth.declineCode ?? truth.reason } };
    case 'captured':
      return { result: takenAtOnce(truth) };
    // The customer's time runs on.
    case 'unconfirmed':
    case 'unknown':
      return { result: { kind: 'paymentUnanswered' } };
    default:
      return assertNever(truth);
  }
}

const transientCaptureFailures: ReadonlySet<string> = new Set(['capture_declined']);

function captured(answer: CaptureAnswer): PaymentResult {
  switch (answer.status) {
    case 'captured':
      return { kind: 'paymentCaptured', ...amountsOf(answer) };
    case 'failed':
      return {
        kind: 'paymentCaptureFailed',
        code: answer.code,
        final: !transientCaptureFailures.has(answer.code),
      };
    case 'not_executed':
      return { kind: 'paymentNotExecuted' };
    default:
      return assertNever(answer);
  }
}

function voided(answer: VoidAnswer): PaymentResult {
  switch (answer.status) {
    case 'voided':
    case 'nothing_to_void':
      return { kind: 'paymentVoided' };
    case 'captured':
      return takenAtOnce(answer);
    case 'not_executed':
      return { kind: 'paymentNotExecuted' };
    default:
      return assertNever(answer);
  }
}
