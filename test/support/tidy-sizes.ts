// The rules about size. They rely on the formatter: a function's last line begins with "}" at the
// indentation of its first line.
import { isCode, type Rule, type SourceFile } from './tidy-files.ts';

const MOST_LINES_OF_FILE = 400;
const MOST_LINES_OF_FUNCTION = 70;

export const filesAreShort: Rule = (files) =>
  files.filter(isCode).flatMap((file) => {
    const lines = file.text.trimEnd().split('\n').length;
    return lines <= MOST_LINES_OF_FILE
      ? []
      : [`${file.path}: ${lines} lines, at most ${MOST_LINES_OF_FILE}`];
  });

export const functionsAreShort: Rule = (files) =>
  files
    .filter(isCode)
    .flatMap((file) =>
      functionsOf(file).flatMap(({ line, name, lines }) =>
        lines <= MOST_LINES_OF_FUNCTION
          ? []
          : [`${file.path}:${line}: ${name} has ${lines} lines, at most ${MOST_LINES_OF_FUNCTION}`],
      ),
    );

type Measured = { readonly line: number; readonly name: string; readonly lines: number };

function functionsOf(file: SourceFile): readonly Measured[] {
  const lines = file.text.split('\n');
  return lines.flatMap((text, index) => {
    const name = nameOfFunction(text);
    if (name === undefined) return [];
    const indentation = /^ */.exec(text)?.[0] ?? '';
    // The closing line: "}", "});", "}, 5_000);" …, not "}: Options) {", which only ends parameters.
    const last = lines.findIndex(
      (later, at) => at > index && later.startsWith(`${indentation}}`) && !/[{(]$/.test(later),
    );
    return last === -1 ? [] : [{ line: index + 1, name, lines: last - index + 1 }];
  });
}

// A suite of tests is a list, not a function that one has to hold in mind.
function nameOfFunction(line: string): string | undefined {
  if (/^\s*(\/\/|\*|describe(\.\w+)*\()/.test(line)) return undefined;
  const declared = /^\s*(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
  if (declared !== undefined) return declared;
  if (line.endsWith('=> {')) return /(\w+)(?:: [^=]+)? = /.exec(line)?.[1] ?? 'a function';
  return /^\s+(?:async )?(?!if|for|while|switch|catch|function)(\w+)\([^)]*\)[^=]* \{$/.exec(
    line,
  )?.[1];
}
