// The fake Uber Direct: tokens, quotes, deliveries that drive by themselves, signed webhooks, with the faults of any fake
// provider. A repeated idempotency key is answered with what the first one made.
import { createHmac } from 'node:crypto';
import { startFake, type FakeOptions, type JsonReply, type JsonRequest } from '../provider/fake.ts';
import { newId } from '../provider/ids.ts';
import { createFleet, moods, type Delivery, type Fleet, type FleetOptions } from './fleet.ts';

const reply = (status: number, body: object): JsonReply => ({ status, body });
const error = (status: number, code: string): JsonReply =>
  reply(status, { kind: 'error', code, message: 'a message for people' });
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const view = (delivery: Delivery) => ({ kind: 'delivery', live_mode: false, ...delivery });

/** A door that this fleet does not go to. What becomes of a delivery may stand behind its address too: `…, returns`. */
const undeliverable = /nowhere/i;

function createOne(fleet: Fleet, body: JsonRequest['body']): JsonReply {
  const required = [
    'pickup_address',
    'dropoff_name',
    'dropoff_phone_number',
    'pickup_phone_number',
    'dropoff_address',
  ];
  if (required.some((name) => text(body[name]) === '')) return error(400, 'invalid_params');
  const asked = {
    quote_id: text(body['quote_id']),
    external_id: text(body['external_id']),
    idempotency_key: text(body['idempotency_key']),
    tip: Number(body['tip'] ?? 0),
  };
  const address = text(body['dropoff_address']);
  const mood = moods.find((each) => address.endsWith(`, ${each}`));
  const made = fleet.create(asked, mood);
  return typeof made === 'string' ? error(400, made) : reply(200, view(made));
}

function listed(fleet: Fleet, query: URLSearchParams): JsonReply {
  const wanted = query.get('external_id');
  const offset = Number(query.get('offset') ?? 0);
  const all = fleet.all().filter((each) => wanted === null || each.external_id === wanted);
  const data = all.slice(offset, offset + Number(query.get('limit') ?? 100)).map(view);
  return reply(200, { data });
}

function handle(fleet: Fleet, request: JsonRequest, currency: string): JsonReply {
  const { method, path, query, body, headers } = request;
  if (path === '/sandbox/health') return reply(200, { ok: true });
  if (path === '/oauth/v2/token')
    return reply(200, { access_token: newId('tok'), expires_in: 2_592_000 });
  if (!headers.authorization?.startsWith('Bearer ')) return error(401, 'unauthorized');
  const [, below = ''] = /^\/v1\/customers\/[\w-]+(\/.*)$/.exec(path) ?? [];
  const [, id = '', cancels] = /^\/deliveries\/(\w+)(\/cancel)?$/.exec(below) ?? [];
  const found = fleet.find(id);
  if (found && cancels)
    return fleet.cancel(id)
      ? reply(200, view(fleet.find(id) ?? found))
      : error(400, 'noncancelable_delivery');
  if (found && method === 'GET') return reply(200, view(found));
  switch (`${method} ${below}`) {
    case 'POST /delivery_quotes':
      return undeliverable.test(text(body['dropoff_address']))
        ? error(400, 'address_undeliverable')
        : reply(200, { kind: 'delivery_quote', currency, ...fleet.quote() });
    case 'POST /deliveries':
      return createOne(fleet, body);
    case 'GET /deliveries':
      return listed(fleet, query);
    default:
      return error(404, 'delivery_not_found');
  }
}

export type PartnerFleetOptions = FakeOptions &
  Partial<Pick<FleetOptions, 'currency' | 'feeHundredths' | 'stepMs' | 'mood'>>;

export async function startPartnerFleet(options: PartnerFleetOptions = {}) {
  const { currency = 'EUR', feeHundredths = 790, stepMs = 1_000, mood = 'stays', file } = options;
  const secret = options.webhookSecret ?? 'secret';
  const made: { fleet?: Fleet } = {};
  const fake = await startFake(options, ({ now, emit }) => {
    function tell(delivery: Delivery): void {
      const body = JSON.stringify({
        id: newId('evt'),
        kind: 'event.delivery_status',
        delivery_id: delivery.id,
        status: delivery.status,
        created: new Date(now()).toISOString(),
        data: view(delivery),
      });
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      emit({ body, headers: { 'x-uber-signature': signature } });
    }
    const pace = { currency, feeHundredths, stepMs, mood, file };
    const fleet = createFleet({ ...pace, now, onChange: tell });
    made.fleet = fleet;
    return {
      keys: { header: undefined, keptMs: 0, mismatch: undefined, inFlight: reply(409, {}) },
      failure: (status) => error(status, 'an_error'),
      handle: (request) => handle(fleet, request, currency),
    };
  });
  const { fleet } = made;
  if (!fleet) throw new Error('no fleet');
  async function close(): Promise<void> {
    fleet?.close();
    await fake.close();
  }
  return { ...fake, fleet, close };
}
