/** Which words of a list look like a mistyped one: the twin of what `misspelt` in receipt.py asks Python's difflib. */

const MOST = 3; // words
const LIKENESS = 0.6; // of 1

type Letters = string | readonly string[];

/** The likest first. `typed` is compared as the words of the list are written. */
export function nearWords(typed: string, words: Iterable<string>): readonly string[] {
  const letters = [...typed];
  return Array.from(words, (word) => [likeness(word, letters), word] as const)
    .filter(([found]) => found >= LIKENESS)
    .sort(([left, one], [right, other]) => right - left || (one < other ? 1 : -1))
    .slice(0, MOST)
    .map(([, word]) => word);
}

/** Twice the letters in common, in parts of all. Words too different in length for any likeness cost nothing. */
function likeness(word: Letters, typed: Letters): number {
  const all = word.length + typed.length;
  return 2 * Math.min(word.length, typed.length) < LIKENESS * all ? 0 : (2 * common(word, typed)) / all;
}

/** The longest run of letters that both have, and so on before it and behind it; the first of several as long. */
function common(left: Letters, right: Letters): number {
  let [most, atLeft, atRight] = [0, 0, 0];
  for (let one = 0; one < left.length; one++) {
    for (let other = 0; other < right.length; other++) {
      let run = 0;
      while (one + run < left.length && left[one + run] === right[other + run]) run++;
      if (run > most) [most, atLeft, atRight] = [run, one, other];
    }
  }
  if (!most) return 0;
  const before = common(left.slice(0, atLeft), right.slice(0, atRight));
  return most + before + common(left.slice(atLeft + most), right.slice(atRight + most));
}
