// What merchants, drivers, customers and support can tell a running order. Each is one Update of its workflow.

import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { Role } from '../../db/schema.ts';
import type { ExternalCommand } from '../../domain/messages.ts';
import type { CommandInput, createSendCommand } from '../actions/send-command.ts';
import { access, callerOf, driverOf, merchantRoles, type Caller } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { IdParams } from '../schemas/common.ts';
import {
  Abandon,
  Accept,
  Arrival,
  Cancel,
  Deny,
  Order,
  Ready,
  RetryPayment,
} from '../schemas/orders.ts';
import { send, type Api } from '../server.ts';
import { readArrival, readPreparation } from './order-times.ts';

type SendCommand = ReturnType<typeof createSendCommand>;

export function orderCommandRoutes(app: Api, sendCommand: SendCommand): void {
  merchantCommands(app, sendCommand);
  customerCommands(app, sendCommand);
  driverCommands(app, sendCommand);
}

const isReady = () => ({ kind: 'markReady' }) as const;

function merchantCommands(app: Api, sendCommand: SendCommand): void {
  const roles = merchantRoles;
  const accept = command({ summary: 'Accept', roles, body: Accept });
  app.post('/v1/orders/:id/accept', accept, async (request, reply) => {
    const input = inputOf(request);
    const { prep, unfit } = readPreparation(request.body, input.request.now);
    const accepts = () => ({ kind: 'accept', ...prep }) as const;
    return send(reply, await sendCommand({ ...input, unfit, command: accepts }));
  });

  const deny = command({ summary: 'Deny', roles, body: Deny });
  app.post('/v1/orders/:id/deny', deny, async (request, reply) => {
    const { code, note } = request.body;
    const denies: CommandInput['command'] = (noted) => ({ kind: 'deny', code, ...noted });
    return send(reply, await sendCommand({ ...inputOf(request), note, command: denies }));
  });

  const ready = command({ summary: 'The goods are ready', roles, body: Ready });
  app.post('/v1/orders/:id/ready', ready, async (request, reply) => {
    return send(reply, await sendCommand({ ...inputOf(request), command: isReady }));
  });
}

function customerCommands(app: Api, sendCommand: SendCommand): void {
  const cancellers = [...merchantRoles, 'support', 'customer'] as const;
  const cancel = command({ summary: 'Cancel', roles: cancellers, body: Cancel });
  app.post('/v1/orders/:id/cancel', cancel, async (request, reply) => {
    const input = inputOf(request);
    const by = cancelledBy(input.caller);
    const cancels: CommandInput['command'] = (noted) => ({ kind: 'cancel', by, ...noted });
    const { note } = request.body;
    return send(reply, await sendCommand({ ...input, note, command: cancels }));
  });

  const payers = [...merchantRoles, 'customer'] as const;
  const pay = command({
    summary: 'Pay with another card after a decline',
    roles: payers,
    body: RetryPayment,
  });
  app.post('/v1/orders/:id/payment', pay, async (request, reply) => {
    const paymentMethod = request.body.token;
    const pays = () => ({ kind: 'retryPayment', paymentMethod }) as const;
    return send(reply, await sendCommand({ ...inputOf(request), command: pays }));
  });
}

const driverSteps = [
  { path: 'pick-up', kind: 'pickUp', summary: 'The driver has the goods' },
  { path: 'deliver', kind: 'deliver', summary: 'The customer has the goods' },
] as const;

function driverCommands(app: Api, sendCommand: SendCommand): void {
  const roles = ['driver'] as const;
  for (const { path, kind, summary } of driverSteps) {
    const step = command({ summary, roles, body: Arrival });
    app.post(`/v1/orders/:id/${path}`, step, async (request, reply) => {
      const input = inputOf(request);
      const { arrival, ...checks } = readArrival(request.body, input.request.now);
      const driverId = driverOf(input.caller);
      const does = () => ({ kind, driverId, ...arrival });
      return send(reply, await sendCommand({ ...input, ...checks, command: does }));
    });
  }

  const abandon = command({
    summary: 'Give a delivery back before pick-up',
    roles,
    body: Abandon,
  });
  app.post('/v1/orders/:id/abandon', abandon, async (request, reply) => {
    const input = inputOf(request);
    const driverId = driverOf(input.caller);
    const abandons = () => ({ kind: 'abandon', driverId }) as const;
    return send(reply, await sendCommand({ ...input, command: abandons }));
  });
}

type CommandRoute<T extends TSchema> = {
  readonly summary: string;
  readonly roles: readonly Role[];
  readonly body: T;
};

const command = <T extends TSchema>({ summary, roles, body }: CommandRoute<T>) => ({
  ...access({ roles }),
  schema: {
    summary,
    tags: ['orders'],
    params: IdParams('order'),
    body,
    response: { 200: Order },
  },
});

const inputOf = (request: FastifyRequest): Omit<CommandInput, 'command'> => ({
  caller: callerOf(request),
  request: keyedRequest(request),
  orderId: (request.params as { readonly id: string }).id,
});

const cancelParties = {
  platform: 'support',
  merchant: 'merchant',
  customer: 'customer',
  driver: 'support',
} as const;

/** Who cancels follows from the key, never from the body. */
const cancelledBy = ({ scope }: Caller): Extract<ExternalCommand, { kind: 'cancel' }>['by'] =>
  cancelParties[scope.kind];
