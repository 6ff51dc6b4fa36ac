/** The word lists of receipts: English in the code, since receipts are shown in it; the others in a file of its own. */

import english from "../words/english.txt";

import type { WordList } from "./protocol/receipt.ts";

/** The list of English words. Each is written as how many letters it has in common with the one before it, and the rest. */
function unpack(packed: string): WordList {
  let last = "";
  return Array.from(packed.matchAll(/(\d)([a-z]*)/g), ([, shared, rest]) => (last = last.slice(0, Number(shared)) + rest!));
}

export const ENGLISH: WordList = unpack(english);

/** The lists of the file with all others, one a line, in the order in which they are tried. */
export const otherLists = (file: string): readonly WordList[] =>
  file.trim().split("\n").map((line) => line.split(" "));
