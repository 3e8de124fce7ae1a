// What no text may hold: card numbers (they would bring this system into the scope of PCI DSS), NUL and broken
// Unicode (PostgreSQL refuses them). Looks at every string of body and query and at the Idempotency-Key.

import { isIban } from '../../domain/bank-file.ts';
import { problem } from '../problems.ts';
import type { Api } from '../server.ts';

/** Refuses with card_number_refused or invalid_request; the value is never repeated. */
export function registerTextGuard(app: Api): void {
  app.addHook('preHandler', async (request) => {
    checkText('idempotency-key', request.headers['idempotency-key']);
    checkText('query', request.query);
    checkText('', request.body);
  });
}

/** Runs after validation, so depth and size are bounded by the schema. */
function checkText(field: string, value: unknown): void {
  if (typeof value === 'string') return checkString(field, value);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  for (const [name, inner] of Object.entries(value))
    checkText(field === '' ? name : `${field}.${name}`, inner);
}

function checkString(field: string, text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    const what = 'holds a NUL character or broken Unicode';
    throw problem('invalid_request', `${field} ${what}`, { errors: [{ field, problem: what }] });
  }
  if (holdsCardNumber(text)) {
    const what = 'looks like it holds a card number';
    throw problem('card_number_refused', `${field} ${what}`, {
      errors: [{ field, problem: what }],
    });
  }
}

const digitRun = /\d(?:[\s.–-]?\d){12,}/g;
// Hexadecimal ids would look like a card once in some thousands; a phone has its plus.
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const hexId = /[0-9a-f]{32,}/gi;
/** Not an account whose check digits are right. */
const iban = /\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/g;
const phone = /\+\d[\d\s.-]{5,24}/g;
const withoutPhone = (text: string): string => (text.replace(/\D/g, '').length > 15 ? text : ' ');

/** A run of 13–19 digits (ISO/IEC 7812), also in groups, whose check digit is right. */
export function holdsCardNumber(text: string): boolean {
  if (text.length < 13) return false;
  const rest = text
    .replace(uuid, ' ')
    .replace(iban, (account) => (isIban(account) ? ' ' : account))
    .replace(hexId, (id) => (/[a-f]/i.test(id) ? ' ' : id))
    .replace(phone, withoutPhone);
  return (rest.match(digitRun) ?? []).some((run) => anyCard(run.split(/\D/)));
}

/** Any row of whole groups: a card may be followed by its expiry date. */
function anyCard(groups: readonly string[]): boolean {
  return groups.some((_, from) => {
    let digits = '';
    return groups.slice(from).some((group) => isCard((digits += group)));
  });
}

/** Major industry identifiers 2–6 and 8–9 are those of cards; dates begin with 19 or 20. */
const isCard = (digits: string): boolean =>
  digits.length >= 13 &&
  digits.length <= 19 &&
  /^(?!20)[2-689]/.test(digits) &&
  hasCheckDigit(digits);

/** Luhn, ISO/IEC 7812-1 annex B. */
function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const weighed = at % 2 === 1 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
