// How likely drivers say yes, from what they said lately: a mean that is drawn towards the market's while little is
// known, as the market's is drawn towards yes. Used by whoever writes the snapshot.

import type { DriverId } from '../domain/ids.ts';

export type Answers = {
  readonly driverId: DriverId;
  readonly accepted: number;
  readonly refused: number;
};

/** 0 to 1. */
export type Acceptance = {
  readonly byDriver: ReadonlyMap<DriverId, number>;
  /** Of whoever has not been asked. */
  readonly usual: number;
};

/** So many imagined answers stand for what is usual. */
const trust = 10;

export function learnAcceptance(answers: readonly Answers[]): Acceptance {
  const all = answers.reduce(
    (sum, { accepted, refused }) => ({
      accepted: sum.accepted + accepted,
      refused: sum.refused + refused,
    }),
    { accepted: 0, refused: 0 },
  );
  const usual = shrunk(all, 1);
  return {
    byDriver: new Map(answers.map((each) => [each.driverId, shrunk(each, usual)])),
    usual,
  };
}

const shrunk = ({ accepted, refused }: Omit<Answers, 'driverId'>, towards: number): number =>
  (accepted + trust * towards) / (accepted + refused + trust);
