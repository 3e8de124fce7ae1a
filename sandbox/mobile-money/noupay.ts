// The fake NouPay. Assumption as a whole (adapters/noupay.ts): idempotency keys for a day, another request under the
// same key is a 422, two at once a 409.
import { createHmac } from 'node:crypto';
import { startFake, type FakeOptions, type JsonReply, type JsonRequest } from '../provider/fake.ts';
import { newId } from '../provider/ids.ts';
import { aboutOf, createBook, lyingOf, type Book, type Entry } from './book.ts';

const reply = (status: number, body: object): JsonReply => ({ status, body });
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const DAY_MS = 24 * 3_600_000;

const view = (entry: Entry) => ({
  id: entry.id,
  reference: entry.reference,
  status: entry.status === 'successful' ? 'completed' : entry.status,
  reason: entry.reason,
  amount: Number(entry.amount),
  currency: entry.currency,
  msisdn: entry.phone,
  ussd: '*150*50#',
});

function handle(book: Book, { method, path, query, body, headers }: JsonRequest): JsonReply {
  if (typeof headers['x-api-key'] !== 'string') return reply(401, { error: 'no_key' });
  const opened = (kind: Entry['kind']): JsonReply => {
    const amount = body['amount'];
    if (typeof amount !== 'number' || amount < 1) return reply(400, { error: 'amount_too_small' });
    const entry = book.open({
      kind,
      amount: String(amount),
      reference: text(body['reference']),
      currency: text(body['currency']),
      phone: text(body['msisdn']),
    });
    return entry ? reply(201, view(entry)) : reply(400, { error: 'invalid_number' });
  };
  const id = /^\/v1\/transactions\/(\w+)$/.exec(path)?.[1];
  if (method === 'GET' && id !== undefined) {
    const entry = book.find(id);
    return entry ? reply(200, view(entry)) : reply(404, { error: 'not_found' });
  }
  switch (`${method} ${path}`) {
    case 'POST /v1/payments':
      return opened('collect');
    case 'POST /v1/payouts':
      return opened('payout');
    case 'GET /v1/transactions':
      return reply(200, { data: book.byReference(query.get('reference') ?? '').map(view) });
    default:
      return reply(404, { error: 'no_such_route' });
  }
}

export async function startNoupay(options: FakeOptions = {}) {
  const made: { book?: Book } = {};
  const secret = options.webhookSecret ?? 'secret';
  const fake = await startFake(options, ({ now, emit }) => {
    const book = createBook({
      file: options.file,
      now,
      onChange: (entry) => {
        const body = JSON.stringify({ event_id: newId('evt'), ...view(entry) });
        const signature = createHmac('sha256', secret).update(body).digest('hex');
        emit({ body, headers: { 'x-noupay-signature': signature }, about: aboutOf(entry) });
      },
    });
    made.book = book;
    return {
      keys: {
        header: 'idempotency-key',
        keptMs: DAY_MS,
        mismatch: reply(422, { error: 'key_reused' }),
        inFlight: reply(409, { error: 'key_in_use' }),
      },
      failure: (status) => reply(status, { error: 'an_error' }),
      handle: (request) => handle(book, request),
      lying: lyingOf(book, (body) => body['reference']),
    };
  });
  if (!made.book) throw new Error('no book');
  return { ...fake, book: made.book };
}
