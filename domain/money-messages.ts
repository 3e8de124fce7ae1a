// What can be said to the workflows of money. Constant name = wire name.

/** Something may have happened to a refund: a decision, or news from the provider. */
export const refundChangedSignal = 'refundChanged';

/** The provider has news of a tip’s payment. */
export const tipChangedSignal = 'tipChanged';

/** Something may have happened to a payout: it may go now, or the provider has news. */
export const payoutChangedSignal = 'payoutChanged';
/** The provider has news of the payment behind a top-up, or of a refund of a withdrawal. */
export const topUpChangedSignal = 'topUpChanged';
export const withdrawalChangedSignal = 'withdrawalChanged';
