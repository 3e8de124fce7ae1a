// What the rows of payments beside an order have in common.

import type { SideNews, SideStatus } from '../domain/side-payment.ts';

type Row<Status> = {
  readonly status: Status;
  readonly attempt: number;
  readonly first_sent_at: Date | null;
};

const become = <Status extends SideStatus>(status: Status) => ({ status });

/** The columns that news change. */
export function changeBy<Status extends string>(row: Row<Status>, news: SideNews, now: Date) {
  switch (news.kind) {
    case 'sending':
      return { ...become('sending'), first_sent_at: now };
    case 'requires_action': {
      const { providerRef: provider_ref, clientSecret: client_secret } = news;
      return { ...become('requires_action'), provider_ref, client_secret };
    }
    case 'authorized':
      return { ...become('authorized'), provider_ref: news.providerRef, first_sent_at: now };
    case 'paid':
      return {
        ...become('paid'),
        provider_ref: news.providerRef,
        amount_minor: news.amountMinor,
      };
    case 'releasing':
    case 'declined':
      return { ...become(news.kind), code: news.code };
    case 'not_executed':
      return {
        status: row.status,
        attempt: row.attempt + 1,
        // A release looks for the authorization, since when that was sent.
        first_sent_at: row.status === 'releasing' ? (row.first_sent_at ?? now) : now,
      };
  }
}
