// What merchants, drivers, customers and support can tell a running order. Each is one Update of its workflow.

import type { TSchema } from 'typebox';
import type { ExternalCommand } from '../../domain/messages.ts';
import type { Role } from '../../db/schema.ts';
import type { createSendCommand } from '../actions/send-command.ts';
import { access, callerOf, driverOf, merchantRoles, type Caller } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { IdParams } from '../schemas/common.ts';
import { Abandon, Accept, Arrival, Cancel, Deny, Order, Ready, RetryPayment } from '../schemas/orders.ts';
import { send, type Api } from '../server.ts';
import { readArrival, readPreparation } from './order-times.ts';

type SendCommand = ReturnType<typeof createSendCommand>;

export function orderCommandRoutes(app: Api, sendCommand: SendCommand): void {
  app.post('/v1/orders/:id/accept', command({ summary: 'Accept', roles: merchantRoles, body: Accept }), async (request, reply) => {
    const keyed = keyedRequest(request);
    const { prep, unfit } = readPreparation(request.body, keyed.now);
    const input = { caller: callerOf(request), request: keyed, orderId: request.params.id, unfit };
    return send(reply, await sendCommand({ ...input, command: () => ({ kind: 'accept', ...prep }) }));
  });

  app.post('/v1/orders/:id/deny', command({ summary: 'Deny', roles: merchantRoles, body: Deny }), async (request, reply) => {
    const { code, note } = request.body;
    const input = { caller: callerOf(request), request: keyedRequest(request), orderId: request.params.id, note };
    return send(reply, await sendCommand({ ...input, command: (noted) => ({ kind: 'deny', code, ...noted }) }));
  });

  app.post('/v1/orders/:id/ready', command({ summary: 'The goods are ready', roles: merchantRoles, body: Ready }), async (request, reply) => {
    const input = { caller: callerOf(request), request: keyedRequest(request), orderId: request.params.id };
    return send(reply, await sendCommand({ ...input, command: () => ({ kind: 'markReady' }) }));
  });

  const cancellers = [...merchantRoles, 'support', 'customer'] as const;
  app.post('/v1/orders/:id/cancel', command({ summary: 'Cancel', roles: cancellers, body: Cancel }), async (request, reply) => {
    const caller = callerOf(request);
    const { note } = request.body;
    const input = { caller, request: keyedRequest(request), orderId: request.params.id, note };
    const by = cancelledBy(caller);
    return send(reply, await sendCommand({ ...input, command: (noted) => ({ kind: 'cancel', by, ...noted }) }));
  });

  const payers = [...merchantRoles, 'customer'] as const;
  app.post('/v1/orders/:id/payment', command({ summary: 'Pay with another card after a decline', roles: payers, body: RetryPayment }), async (request, reply) => {
    const paymentMethod = request.body.token;
    const input = { caller: callerOf(request), request: keyedRequest(request), orderId: request.params.id };
    return send(reply, await sendCommand({ ...input, command: () => ({ kind: 'retryPayment', paymentMethod }) }));
  });

  driverCommandRoutes(app, sendCommand);
}

function driverCommandRoutes(app: Api, sendCommand: SendCommand): void {
  const roles = ['driver'] as const;
  for (const [path, kind, summary] of [
    ['pick-up', 'pickUp', 'The driver has the goods'],
    ['deliver', 'deliver', 'The customer has the goods'],
  ] as const) {
    app.post(`/v1/orders/:id/${path}`, command({ summary, roles, body: Arrival }), async (request, reply) => {
      const caller = callerOf(request);
      const keyed = keyedRequest(request);
      const { arrival, notBefore, unfit } = readArrival(request.body, keyed.now);
      const input = { caller, request: keyed, orderId: request.params.id, notBefore, unfit };
      const driverId = driverOf(caller);
      return send(reply, await sendCommand({ ...input, command: () => ({ kind, driverId, ...arrival }) }));
    });
  }

  app.post('/v1/orders/:id/abandon', command({ summary: 'Give a delivery back before pick-up', roles, body: Abandon }), async (request, reply) => {
    const caller = callerOf(request);
    const input = { caller, request: keyedRequest(request), orderId: request.params.id };
    const driverId = driverOf(caller);
    return send(reply, await sendCommand({ ...input, command: () => ({ kind: 'abandon', driverId }) }));
  });
}

type CommandRoute<T extends TSchema> = { readonly summary: string; readonly roles: readonly Role[]; readonly body: T };

const command = <T extends TSchema>({ summary, roles, body }: CommandRoute<T>) => ({
  ...access({ roles }),
  schema: { summary, tags: ['orders'], params: IdParams('order'), body, response: { 200: Order } },
});

const cancelParties = { platform: 'support', merchant: 'merchant', customer: 'customer', driver: 'support' } as const;

/** Who cancels follows from the key, never from the body. */
const cancelledBy = ({ scope }: Caller): Extract<ExternalCommand, { kind: 'cancel' }>['by'] => cancelParties[scope.kind];
