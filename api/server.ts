// What every part of the API shares: the server's type, what it is built from, and the shape of an answer.

import type { FastifyInstance, FastifyReply, FastifyTypeProvider } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { DeliveryPartner } from '../adapters/delivery-partner.ts';
import type { MoneyEngine } from '../adapters/money-engine.ts';
import type { OrderEngine } from '../adapters/order-engine.ts';
import type { ProofStore } from '../adapters/proof-store.ts';
import type { LiveRedis } from '../adapters/redis.ts';
import type { Db } from '../db/connect.ts';
import type { WebhookPorts } from './actions/receive-webhook.ts';
import type { Logger } from '../log.ts';

/** Request parts have the type of their schema; answers are typed by the views that make them. */
interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  readonly serializer: unknown;
}

export type Api = ReturnType<typeof withSchemaTypes>;
export const withSchemaTypes = (app: FastifyInstance) => app.withTypeProvider<SchemaTypes>();

export type Limits = {
  /** Requests per second and key (without a key: per address). */
  readonly requestsPerS: number;
  /** Of all providers together; they send no key and may share an address with others. */
  readonly webhooksPerS: number;
  /** How long the engine may take to answer before the caller is told to come back. */
  readonly engineDeadlineMs: number;
};
/** Everything else ends within this; long polls take up to 30 s. */
export const handlerTimeoutMs = 20_000;
export const pollTimeoutMs = 50_000;
/** For receiving a request, so that slow senders hold no connection. */
export const requestTimeoutMs = 30_000;
export const bodyLimitBytes = 262_144;

export const defaultLimits: Limits = {
  requestsPerS: 600,
  webhooksPerS: 2_000,
  engineDeadlineMs: 10_000,
};

export type ApiDeps = {
  readonly db: Db;
  readonly engine: OrderEngine;
  /** Starts what moves money beside the orders at once; without it the housekeeping does. */
  readonly money?: Pick<
    MoneyEngine,
    | 'startRefund'
    | 'refundChanged'
    | 'startTip'
    | 'startPayout'
    | 'payoutChanged'
    | 'startTopUp'
    | 'startWithdrawal'
  >;
  readonly redis: Pick<
    LiveRedis,
    'waitFor' | 'hint' | 'isUp' | 'writePositions' | 'forgetPosition'
  >;
  /** Payment providers that are set up here; cards always are. */
  readonly ports: WebhookPorts;
  /** Undefined: there is no partner fleet, and its webhooks are not found. */
  readonly partner?: Pick<DeliveryPartner, 'readWebhook'> | undefined;
  readonly proofs: ProofStore;
  readonly log: Logger;
  /** 32 bytes, base64: wraps the keys of people's data. */
  readonly masterKey: string;
  readonly limits?: Partial<Limits>;
  /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
  /** Connections of the database pool, for the metrics. */
  readonly poolSizes?: () => {
    readonly total: number;
    readonly idle: number;
    readonly waiting: number;
  };
};

/** An HTTP answer as a value, so that it can be stored and sent again. */
export type Answer = {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
};

export function send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  const refused = status >= 400;
  const type = refused ? 'application/problem+json' : 'application/json; charset=utf-8';
  const sent = refused ? { ...body, request_id: reply.request.id } : body;
  return reply.code(status).headers(headers).type(type).send(sent);
}
