// The fake CamPay. Assumption: shapes from public descriptions, no idempotency keys, so that a request sent twice asks the
// phone twice.
import { createHmac } from 'node:crypto';
import { startFake, type FakeOptions, type JsonReply, type JsonRequest } from '../provider/fake.ts';
import { aboutOf, createBook, lyingOf, type Book, type Entry } from './book.ts';

const reply = (status: number, body: object): JsonReply => ({ status, body });
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const codes: Readonly<Record<Entry['reason'], string>> = {
  none: '',
  insufficient_funds: 'ER301',
  refused: 'ER999',
  expired: 'ER998',
};

const view = (entry: Entry) => ({
  reference: entry.id,
  external_reference: entry.reference,
  status: entry.status.toUpperCase(),
  amount: Number(entry.amount),
  currency: entry.currency,
  operator: 'MTN',
  code: codes[entry.reason],
  phone_number: entry.phone,
  ussd_code: '*126#',
});

function handle(book: Book, { method, path, body, headers }: JsonRequest): JsonReply {
  if (!/^Token \S+/.test(headers.authorization ?? '')) return reply(401, { detail: 'no token' });
  const asked = {
    reference: text(body['external_reference']),
    amount: text(body['amount']),
    currency: text(body['currency']),
  };
  const opened = (kind: Entry['kind'], phone: string): JsonReply => {
    if (!/^\d+$/.test(asked.amount)) return reply(400, { error_code: 'ER201' });
    const entry = book.open({ ...asked, kind, phone });
    return entry ? reply(200, view(entry)) : reply(400, { error_code: 'ER101' });
  };
  const id = /^\/api\/transaction\/(\w+)\/$/.exec(path)?.[1];
  if (method === 'GET' && id !== undefined) {
    const entry = book.find(id);
    return entry ? reply(200, view(entry)) : reply(404, { detail: 'not found' });
  }
  switch (`${method} ${path}`) {
    case 'POST /api/collect/':
      return opened('collect', text(body['from']));
    case 'POST /api/withdraw/':
      return opened('payout', text(body['to']));
    case 'POST /api/history/':
      return reply(200, { data: book.byReference(asked.reference).map(view) });
    default:
      return reply(404, { detail: 'no such route' });
  }
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** HS256, as the account's webhook key signs. */
function campaySignature(key: string): string {
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: 'campay' })}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

export async function startCampay(options: FakeOptions = {}) {
  const made: { book?: Book } = {};
  const signature = campaySignature(options.webhookSecret ?? 'secret');
  const fake = await startFake(options, ({ now, emit }) => {
    const book = createBook({
      file: options.file,
      now,
      onChange: (entry) =>
        emit({
          body: JSON.stringify({ ...view(entry), signature }),
          headers: {},
          about: aboutOf(entry),
        }),
    });
    made.book = book;
    return {
      keys: { header: undefined, keptMs: 0, mismatch: undefined, inFlight: reply(409, {}) },
      failure: (status) => reply(status, { detail: 'an error' }),
      handle: (request) => handle(book, request),
      lying: lyingOf(book, (body) => body['external_reference']),
    };
  });
  if (!made.book) throw new Error('no book');
  return { ...fake, book: made.book };
}
