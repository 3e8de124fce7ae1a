// A file of credit transfers for a bank: ISO 20022 pain.001.001.09. Pure: the same payments give the same bytes.

import { decimalOf, sumMinor } from './money.ts';

export type BankAccount = {
  readonly name: string;
  /** ISO 13616, without spaces. */
  readonly iban: string;
};

export type BankPayment = BankAccount & {
  /** At most 35 characters, the same on the statement of whom it reaches. */
  readonly reference: string;
  readonly amountMinor: number;
};

export type BankFile = {
  /** At most 35 characters. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly sealedAt: number;
  readonly currency: string;
  readonly debtor: BankAccount;
  readonly payments: readonly BankPayment[];
};

/** Its check digits are right (ISO 7064, MOD 97-10). */
export function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text)) return false;
  const digits = `${text.slice(4)}${text.slice(0, 4)}`.replace(/[A-Z]/g, (letter) =>
    String(letter.charCodeAt(0) - 55),
  );
  return Array.from(digits).reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0) === 1;
}

/** An id of ours in the 35 characters that a bank takes. */
export const bankReference = (id: string): string => id.replace('_', '').slice(0, 35);

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** XML knows no control characters; a bank no more than 70 of a name. */
const textOf = (text: string): string =>
  Array.from(text.replace(/\p{Cc}/gu, ' '))
    .slice(0, 70)
    .join('')
    .replace(/[&<>"']/g, (character) => escapes[character] ?? '');

const account = ({ iban }: BankAccount): string => `<Id><IBAN>${iban}</IBAN></Id>`;

export function writeBankFile({ id, sealedAt, currency, debtor, payments }: BankFile): string {
  const total = decimalOf(sumMinor(payments.map(({ amountMinor }) => amountMinor)), currency);
  const counts = `<NbOfTxs>${payments.length}</NbOfTxs><CtrlSum>${total}</CtrlSum>`;
  const at = new Date(sealedAt).toISOString();
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>',
    `<GrpHdr><MsgId>${id}</MsgId><CreDtTm>${at}</CreDtTm>${counts}<InitgPty><Nm>${textOf(debtor.name)}</Nm></InitgPty></GrpHdr>`,
    `<PmtInf><PmtInfId>${id}</PmtInfId><PmtMtd>TRF</PmtMtd>${counts}<ReqdExctnDt><Dt>${at.slice(0, 10)}</Dt></ReqdExctnDt>`,
    `<Dbtr><Nm>${textOf(debtor.name)}</Nm></Dbtr><DbtrAcct>${account(debtor)}</DbtrAcct>`,
    '<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt><ChrgBr>SLEV</ChrgBr>',
    ...payments.map((payment) => transfer(payment, currency)),
    '</PmtInf></CstmrCdtTrfInitn></Document>',
    '',
  ].join('\n');
}

const transfer = (payment: BankPayment, currency: string): string =>
  [
    `<CdtTrfTxInf><PmtId><EndToEndId>${payment.reference}</EndToEndId></PmtId>`,
    `<Amt><InstdAmt Ccy="${currency}">${decimalOf(payment.amountMinor, currency)}</InstdAmt></Amt>`,
    `<Cdtr><Nm>${textOf(payment.name)}</Nm></Cdtr><CdtrAcct>${account(payment)}</CdtrAcct></CdtTrfTxInf>`,
  ].join('');
