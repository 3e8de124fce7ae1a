// The fake's webhooks: signed as Stripe signs, at least once, and late, twice, reversed, held or
// before the reply when told so.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import type { WebhookMode } from '../../sandbox/stripe/webhooks.ts';

const SECRET = 'whsec_test';

let receiver: Server;
let receiverUrl: string;
let sandbox: StripeSandbox;
let gateway: CardGateway;
let received: { readonly type: string; readonly eventId: string }[];
/** Statuses to answer next; 200 when used up. */
let statuses: number[];
/** Each delivery that the gateway would not verify. */
let refused: number;

function read(rawBody: string, signature: string): void {
  const fact = gateway.readWebhook({ rawBody, signature });
  if (fact.kind === 'refused') refused += 1;
  else received.push({ type: fact.type, eventId: fact.eventId });
}

beforeEach(async () => {
  received = [];
  statuses = [];
  refused = 0;
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      read(body, String(request.headers['stripe-signature']));
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => {
    receiver.listen(0, '127.0.0.1', () => resolve());
  });
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  await open({});
});
afterEach(async () => {
  await sandbox.close();
  receiver.closeAllConnections();
  receiver.close();
});

async function open(webhooks: Partial<WebhookMode>, stateFile?: string): Promise<void> {
  sandbox = await startStripeSandbox({
    stateFile,
    webhooks: { url: receiverUrl, secret: SECRET, retryMs: 5, ...webhooks },
  });
  gateway = createStripeGateway({
    secretKey: 'sk_test_x',
    apiBase: sandbox.url,
    webhookSecret: SECRET,
  });
}

const authorize = (attempt = 1, card = 'pm_card_visa') =>
  gateway.authorize({
    orderId: 'ord_1',
    attempt,
    key: `ord_1:authorize:${attempt}`,
    amountMinor: 2350,
    currency: 'EUR',
    paymentMethod: card,
  });

const types = (): readonly string[] => received.map(({ type }) => type);
const AUTHORIZED = ['payment_intent.created', 'payment_intent.amount_capturable_updated'];
/** The types received once `expected` many events have come, sorted: deliveries may overtake. */
async function arrived(expected: readonly string[]): Promise<readonly string[]> {
  await vi.waitFor(() => expect(received.length).toBeGreaterThanOrEqual(expected.length));
  return types().toSorted();
}

describe('webhooks', () => {
  it('arrive signed, so that the gateway verifies them', async () => {
    await authorize();
    expect(await arrived(AUTHORIZED)).toEqual(AUTHORIZED.toSorted());
    expect(refused).toBe(0);
  });

  it('tell of every change of a payment', async () => {
    const answer = await authorize(1, 'pm_card_threeDSecure2Required');
    const providerRef = answer.status === 'requires_action' ? answer.providerRef : '';
    sandbox.control.authenticate(providerRef, 'succeed');
    const input = { orderId: 'ord_1', providerRef, amountMinor: 2000 };
    await gateway.capture({ ...input, key: 'ord_1:capture:1' });
    await gateway.refund({ ...input, key: 'ord_1:refund:1' });
    const all = [
      'payment_intent.created',
      'payment_intent.requires_action',
      'payment_intent.amount_capturable_updated',
      'charge.captured',
      'payment_intent.succeeded',
      'refund.created',
      'charge.refunded',
    ];
    expect(await arrived(all)).toEqual(all.toSorted());
  });

  it('tell of a hold that expired', async () => {
    await authorize();
    sandbox.control.moveClock(8 * 24 * 3_600_000);
    const all = [...AUTHORIZED, 'charge.expired', 'payment_intent.canceled'];
    expect(await arrived(all)).toEqual(all.toSorted());
    expect(refused).toBe(0);
  });

  it('are repeated until a 2xx, and no longer', async () => {
    statuses = [500, 404];
    await authorize(1, 'pm_card_visa_chargeDeclined');
    await vi.waitFor(() => expect(received).toHaveLength(4));
    await vi.waitFor(() => expect(sandbox.control.viewWebhooks().undelivered).toBe(0));
    expect(new Set(received.map(({ eventId }) => eventId)).size).toBe(2);
  });

  it('are given up after the last try, and stay undelivered', async () => {
    sandbox.control.setWebhooks({ maxTries: 2 });
    statuses = [500, 500, 500, 500];
    await authorize();
    await vi.waitFor(() => expect(received).toHaveLength(4));
    expect(sandbox.control.viewWebhooks().undelivered).toBe(2);
  });

  it('come in copies with one id', async () => {
    sandbox.control.setWebhooks({ copies: 3 });
    await authorize();
    const thrice = [...AUTHORIZED, ...AUTHORIZED, ...AUTHORIZED];
    expect(await arrived(thrice)).toEqual(thrice.toSorted());
    expect(new Set(received.map(({ eventId }) => eventId)).size).toBe(2);
  });

  it('come last first when reordered', async () => {
    sandbox.control.setWebhooks({ reorder: 4 });
    await authorize(1);
    expect(received).toEqual([]);
    await authorize(2, 'pm_card_visa_chargeDeclined');
    await vi.waitFor(() => expect(received).toHaveLength(4));
    expect(types()).toEqual([
      'payment_intent.payment_failed',
      'payment_intent.created',
      'payment_intent.amount_capturable_updated',
      'payment_intent.created',
    ]);
  });

  it('come later when delayed', async () => {
    sandbox.control.setWebhooks({ delayMs: 60 });
    await authorize();
    expect(received).toEqual([]);
    expect(await arrived(AUTHORIZED)).toEqual(AUTHORIZED.toSorted());
  });

  it('come before the reply when told so', async () => {
    sandbox.control.setWebhooks({ beforeReply: true });
    await authorize();
    expect(types().toSorted()).toEqual(AUTHORIZED.toSorted());
  });

  it('wait while held, and leave reversed when released so', async () => {
    sandbox.control.setWebhooks({ held: true });
    await authorize();
    expect(sandbox.control.viewWebhooks().waiting).toHaveLength(2);
    const response = await fetch(`${sandbox.url}/sandbox/webhooks/release`, {
      method: 'POST',
      body: '{"order":"reversed"}',
    });
    expect(await response.json()).toEqual({ released: 2 });
    expect(types()).toEqual(AUTHORIZED.toReversed());
  });

  it('are not forgotten when the provider restarts', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stripe-webhooks-'));
    const stateFile = path.join(folder, 'journal');
    await sandbox.close();
    await open({ held: true }, stateFile);
    await authorize();
    await sandbox.close();
    await open({}, stateFile);
    expect(await arrived(AUTHORIZED)).toEqual(AUTHORIZED.toSorted());
    rmSync(folder, { recursive: true });
  });

  it('are sent after a timeout too: the provider executed', async () => {
    sandbox.control.addFault({ kind: 'execute_then_drop', times: 2 });
    await authorize().catch(() => undefined);
    expect(await arrived(AUTHORIZED)).toEqual(AUTHORIZED.toSorted());
  });
});
