// The event feed.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import {
  feedStart,
  readFeed,
  type FeedCursor,
  type FeedEvent,
  type FeedScope,
} from '../../db/events.ts';
import { access, callerOf, merchantRoles, type Caller } from '../plugins/auth.ts';
import { pollUntil } from '../poll.ts';
import { badField } from '../problems.ts';
import { EventQuery, Feed } from '../schemas/events.ts';
import { pollTimeoutMs, send, type Api } from '../server.ts';
import { feedEvent } from '../views/event.ts';

type Deps = {
  readonly db: Db;
  readonly redis: Pick<LiveRedis, 'waitFor'>;
  readonly closing: AbortSignal;
};

const defaultLimit = 100;
const schema = {
  summary: 'Events by cursor, oldest first',
  description:
    'In the order of their commits, none skipped, none twice. `next_cursor` is where to go on.',
  tags: ['events'],
  querystring: EventQuery,
  response: { 200: Feed },
};

export function eventRoutes(app: Api, { db, redis, closing }: Deps): void {
  const readers = access({ roles: [...merchantRoles, 'support'] });
  const options = { ...readers, handlerTimeout: pollTimeoutMs, schema };
  app.get('/v1/events', options, async (request, reply) => {
    const { after: token, limit = defaultLimit, wait = 0 } = request.query;
    const scope = feedScope(callerOf(request));
    const after = token === undefined ? feedStart : readCursor(token);
    const channel = scope.kind === 'merchant' ? `merchant:${scope.merchantId}` : 'all';
    let next = after;
    const look = async (): Promise<readonly FeedEvent[]> => {
      const page = await readFeed(db, { scope, after: next, limit });
      next = page.next;
      return page.events;
    };
    const rows = await pollUntil(look, {
      // A committed event becomes visible only when older transactions have ended.
      lookEveryMs: 1_000,
      waitMs: wait * 1_000,
      signals: [request.signal, closing],
      hint: (ms) => redis.waitFor(channel, ms),
    });
    const data = rows.map((row) => feedEvent(row, scope));
    const body = { data, next_cursor: writeCursor(next) };
    return send(reply, { status: 200, body });
  });
}

function feedScope({ scope }: Caller): FeedScope {
  if (scope.kind === 'platform' || scope.kind === 'merchant') return scope;
  throw new Error('the feed has no scope for this role');
}

const writeCursor = ({ xid, id }: FeedCursor): string =>
  Buffer.from(`${xid}.${id}`).toString('base64url');

function readCursor(token: string): FeedCursor {
  const text = Buffer.from(token, 'base64url').toString('latin1');
  const [, xid, id] = /^(\d{1,19})\.(\d{1,15})$/.exec(text) ?? [];
  if (xid === undefined || id === undefined)
    throw badField('after', 'is not a cursor of this feed');
  return { xid, id: Number(id) };
}
