// A figure that a proof has seen: told at once, and again in the closing table of `npm run proof`.

const mark = 'figure: ';

export const figure = (text: string): void => console.log(`${mark}${text}`);

/** The figures in what a test has printed. */
export const figuresIn = (printed: string): readonly string[] =>
  printed.split('\n').flatMap((line) => (line.startsWith(mark) ? [line.slice(mark.length)] : []));
