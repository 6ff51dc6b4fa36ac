/** The word lists of the project, in the order in which they are tried. */

import { ENGLISH, otherLists } from "../src/words.ts";
import others from "../words/others.txt";
import type { WordList } from "../src/protocol/receipt.ts";

const NAMES = [
  "english", "french", "spanish", "portuguese", "italian", "czech", "turkish", "russian", "japanese", "korean",
  "chinese_simplified", "chinese_traditional",
];

export const LISTS: readonly WordList[] = [ENGLISH, ...otherLists(others)];

export const listOf = (language: string): WordList => LISTS[NAMES.indexOf(language)]!;
