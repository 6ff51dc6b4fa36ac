/** The word lists of receipts: English in the code, since receipts are shown in it; the others in a file of its own. */

import english from "../words/english.txt";

import type { WordList } from "./protocol/receipt.ts";

/**
 * The list of English words, written so that it compresses well: each is a mark and letters. Of the mark's number, the low
 * five bits are how far the word's first own letter stands behind the one in its place in the word before; the bits above
 * them, subtracted from 4, are how many letters the two share, modulo 4. The other letters follow.
 */
function unpack(packed: string): WordList {
  let last = "";
  return Array.from(packed.matchAll(/([^a-z\n])([a-z]*)/g), ([, mark, rest]) => {
    const code = mark!.charCodeAt(0);
    const shared = (4 - (code >> 5)) & 3;
    const own = String.fromCharCode((last.charCodeAt(shared) || 96) + (code & 31)); // 96: before "a"
    return (last = last.slice(0, shared) + own + rest);
  });
}

export const ENGLISH: WordList = unpack(english);

/** The lists of the file with all others, one a line, in the order in which they are tried. */
export const otherLists = (file: string): readonly WordList[] =>
  file.trim().split("\n").map((line) => line.split(" "));
