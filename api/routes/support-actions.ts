// What support does to an order: one route per action of the table in `domain/support.ts`, each with a preview beside
// it; and the break-glass for orders whose workflow is broken or gone.

import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { Db } from '../../db/connect.ts';
import {
  actionOf,
  supportActionNames,
  type Given,
  type SupportActionName,
} from '../../domain/support.ts';
import { previewOf } from '../../domain/preview.ts';
import type { Vault } from '../../db/vault.ts';
import { createCompensate } from '../actions/compensate.ts';
import { createLateCash } from '../actions/late-cash.ts';
import { doOnce } from '../actions/once.ts';
import type { createBreakGlass } from '../actions/settle-order.ts';
import type { Ask, createSupportDesk } from '../actions/support-desk.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { IdParams } from '../schemas/common.ts';
import {
  Acted,
  ActionBody,
  CompensateBody,
  IfMatch,
  LateCash,
  MissingCash,
  Preview,
  ResolveBody,
  SettleBody,
  TerminateBody,
  type Because,
} from '../schemas/support.ts';
import { send, type Answer, type Api } from '../server.ts';
import { previewBody, refusedPreview, supportPath } from '../views/support.ts';
import type { OrderLog } from '../../db/order-logs.ts';
import type { Decision } from '../../domain/decision.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly desk: ReturnType<typeof createSupportDesk>;
  readonly breakGlass: ReturnType<typeof createBreakGlass>;
};

const agents = access({ roles: ['support', 'platform_admin'] });
/** A preview changes nothing and needs no key. */
const lookers = access({ roles: ['support', 'platform_admin'], keyless: true });
const tags = ['support'];
const params = IdParams('order');
const base = supportPath(':id');

export function supportActionRoutes(app: Api, deps: Deps): void {
  for (const name of supportActionNames) actionRoutes(app, deps, name);
  settleRoutes(app, deps);
  repairRoutes(app, deps);
  compensateRoutes(app, deps);
  lateCashRoutes(app, deps);
}

const doing = <T extends TSchema>(summary: string, body: T) => ({
  ...agents,
  schema: {
    summary,
    description:
      'Kept in the audit, also when refused. With `If-Match` it is done only to the order that was previewed. 202: not finished, or waiting for a second agent.',
    tags,
    params,
    headers: IfMatch,
    body,
    response: { 200: Acted, 202: Acted },
  },
});

const previewing = <T extends TSchema>(summary: string, body: T) => ({
  ...lookers,
  schema: {
    summary: `Preview: ${summary}`,
    description: 'The exact effects, computed by the rules that would be applied. Nothing is done.',
    tags,
    params,
    body,
    response: { 200: Preview },
  },
});

function actionRoutes(app: Api, { db, vault, desk }: Deps, action: SupportActionName): void {
  const body = ActionBody(action);
  const { says } = actionOf(action);
  const path = `${base}/actions/${action}`;
  app.post(path, doing(says, body), async (request, reply) => {
    const said = request.body;
    const input = { ...askOf(request), action, given: givenOf(action, said), said };
    return send(reply, await once({ db, vault }, input, () => desk.act(input)));
  });
  app.post(`${path}/preview`, previewing(says, body), async (request, reply) => {
    const now = Date.now();
    const { id: orderId } = request.params;
    const said = request.body;
    const input = { orderId, action, given: givenOf(action, said), said, now };
    const { log, acting } = await desk.preview(input);
    return send(reply, preview(action, { log, decision: acting.decision }, now));
  });
}

function settleRoutes(app: Api, { db, vault, breakGlass }: Deps): void {
  const says = 'End an order whose workflow is gone, and settle its money, from its log';
  app.post(`${base}/settle`, doing(says, SettleBody), async (request, reply) => {
    const ask = { ...askOf(request), outcome: request.body.outcome };
    return send(reply, await once({ db, vault }, ask, () => breakGlass.settle(ask)));
  });
  app.post(`${base}/settle/preview`, previewing(says, SettleBody), async (request, reply) => {
    const { id: orderId } = request.params;
    const judged = await breakGlass.previewSettle({ orderId, outcome: request.body.outcome });
    return send(reply, preview('settle', judged, Date.now()));
  });
}

function repairRoutes(app: Api, { db, vault, breakGlass }: Deps): void {
  const end = doing('End a workflow whose code fails; settle the order next', TerminateBody);
  app.post(`${base}/terminate`, end, async (request, reply) => {
    const ask = askOf(request);
    return send(reply, await once({ db, vault }, ask, () => breakGlass.terminate(ask)));
  });
  const resolve = doing('The order’s open incidents are looked after', ResolveBody);
  app.post(`${base}/incidents/resolve`, resolve, async (request, reply) => {
    const ask = askOf(request);
    return send(reply, await once({ db, vault }, ask, () => breakGlass.resolve(ask)));
  });
}

function compensateRoutes(app: Api, { db, vault }: Deps): void {
  const { preview: previewed, compensate } = createCompensate({ db, vault });
  const says = 'The platform pays a driver or the merchant for what happened';
  app.post(`${base}/compensate`, doing(says, CompensateBody), async (request, reply) => {
    const ask = askOf(request);
    return send(reply, await once({ db, vault }, ask, () => compensate(ask, request.body)));
  });
  const look = previewing(says, CompensateBody);
  app.post(`${base}/compensate/preview`, look, async (request, reply) => {
    const ask = { orderId: request.params.id, caller: callerOf(request) };
    const body = await previewed(ask, request.body);
    return send(reply, { status: 200, body, headers: { etag: `"${body.sequence}"` } });
  });
}

function lateCashRoutes(app: Api, { db, vault }: Deps): void {
  const lateCash = createLateCash({ db, vault });
  const says = 'Cash of the order that was missing has been brought';
  app.post(`${base}/late-cash`, doing(says, LateCash), async (request, reply) => {
    const ask = askOf(request);
    return send(reply, await once({ db, vault }, ask, () => lateCash.bring(ask, request.body)));
  });
  const schema = {
    summary: 'What cash of the order is missing, and who owes it',
    tags,
    params,
    response: { 200: MissingCash },
  };
  app.get(`${base}/late-cash`, { ...agents, schema }, async (request, reply) => {
    const { driverId, leftMinor, currency } = await lateCash.missing(request.params.id);
    const body = { driver_id: driverId, missing_minor: leftMinor, currency };
    return send(reply, { status: 200, body });
  });
}

const once = (
  tools: Pick<Deps, 'db' | 'vault'>,
  { caller, request }: Ask,
  work: () => Promise<Answer>,
): Promise<Answer> => doOnce(tools, { caller, request, isFinal }, work);

const isFinal = ({ body }: Answer): boolean =>
  (body as { readonly outcome?: string }).outcome !== 'under_way';

function askOf(request: FastifyRequest): Ask {
  const { reason, note } = request.body as Because;
  const seen = request.headers['if-match']?.replaceAll('"', '');
  return {
    caller: callerOf(request),
    request: keyedRequest(request),
    orderId: (request.params as { readonly id: string }).id,
    because: { reason, ...(note === undefined ? {} : { note }) },
    ifSequence: seen === undefined ? undefined : Number(seen),
  };
}

function givenOf(action: SupportActionName, body: unknown): Given {
  const sent = body as Readonly<Record<string, string | number | undefined>>;
  const takes = Object.entries(actionOf(action).takes ?? {});
  return Object.fromEntries(
    takes.flatMap(([key, { kind }]) => {
      const value = sent[key];
      if (value === undefined || kind === 'place' || kind === 'address') return [];
      return [[key, kind === 'time' ? Date.parse(String(value)) : value]];
    }),
  );
}

type Judged = { readonly log: OrderLog; readonly decision: Decision };

function preview(
  action: SupportActionName | 'settle',
  { log, decision }: Judged,
  now: number,
): Answer {
  const { orderId, facts, state } = log;
  const { currency, policy } = facts;
  const { sequence } = state;
  const limitMinor = policy.secondApprovalMinor;
  const asked = { orderId, action, currency, sequence, limitMinor };
  const body =
    decision.kind === 'refused'
      ? refusedPreview(asked, decision.refusal)
      : previewBody(asked, previewOf(log, decision.events, now));
  return { status: 200, body, headers: { etag: `"${sequence}"` } };
}
