// The city's people. Their data carries strings that occur nowhere else, so that the audit can look for
// them in histories, logs and metrics, where people's data must never be.

export type Person = { readonly name: string; readonly phone: string; readonly address: string };

const surname = 'Quillfeather-Zyx';
/** An international network's code that no subscriber has; too short in all to pass for a card number. */
const phonePrefix = '+88299555';
const street = 'Calle Perdida de los Canarios';

/** What the audit searches for. */
export const canaryTokens: readonly string[] = [surname, phonePrefix, street];

const firstNames = [
  'Ana',
  'Bruno',
  'Carmen',
  'Diego',
  'Elena',
  'Felipe',
  'Gloria',
  'Hugo',
  'Isabel',
  'Jorge',
];

/** The same person for the same number, 0 to 9999. */
export const personOf = (index: number): Person => ({
  name: `${firstNames[index % firstNames.length] ?? 'Ana'} ${surname} ${index}`,
  phone: `${phonePrefix}${String(index).padStart(4, '0')}`,
  address: `${street} ${index}`,
});

/** A note as people write them: with their data in it. */
export const noteOf = ({ name, phone }: Person): string => `Please call ${name} at ${phone}`;
