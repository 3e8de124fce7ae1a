// A statement as JSON and as CSV.

import type { Statement, StatementLine, StatementWish } from '../../db/statements.ts';
import { writeEntryCursor } from '../entry-cursor.ts';

const line = ({ at, account, kind, key, orderId, amountMinor, balanceMinor }: StatementLine) => ({
  at: at.toISOString(),
  account,
  kind,
  transaction: key,
  order_id: orderId,
  amount_minor: amountMinor,
  balance_minor: balanceMinor,
});

export const statementBody = (wish: StatementWish, statement: Statement) => ({
  party: wish.party,
  currency: wish.currency,
  from: wish.from.toISOString(),
  to: wish.to.toISOString(),
  opening_balance_minor: statement.openingMinor,
  closing_balance_minor: statement.closingMinor,
  data: statement.lines.map(line),
  next_cursor: statement.next ? writeEntryCursor(statement.next) : null,
});

const columns = [
  'at',
  'account',
  'kind',
  'transaction',
  'order_id',
  'amount_minor',
  'balance_minor',
] as const;

export const csvHead = `${[...columns, 'currency'].join(',')}\r\n`;

export const csvLine = (entry: StatementLine, currency: string): string => {
  const row = line(entry);
  return `${[...columns.map((column) => row[column] ?? ''), currency].map(csvCell).join(',')}\r\n`;
};

/**
 * One cell of RFC 4180. A text that a spreadsheet would take for a formula is disarmed by an apostrophe
 * (owasp.org/www-community/attacks/CSV_Injection); numbers are numbers.
 */
export function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
