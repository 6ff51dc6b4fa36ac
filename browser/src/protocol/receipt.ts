/** The receipt: 120 random bits as twelve words or as digits (docs/protocol.md, section 7). */

import { type Bytes, concat } from "./bytes.ts";
import { BadReceipt, type ReceiptFault } from "./errors.ts";
import * as labels from "./labels.ts";
import { nearWords } from "./near_words.ts";
import * as primitives from "./primitives.ts";

const ENTROPY = 15; // bytes
export const WORDS = 12;
const WORD_BITS = 11;
const DIGITS = 27;
const BITS = WORDS * WORD_BITS;
const MAX_INPUT = 2000; // characters
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A list of 2,048 words. */
export type WordList = readonly string[];

export class Receipt {
  private constructor(
    readonly entropy: Bytes,
    private readonly bits: string, // 132, a character each
  ) {}

  static async of(entropy: Bytes): Promise<Receipt> {
    const hash = await primitives.sha256(labels.RECEIPT_CHECKSUM, entropy);
    return new Receipt(entropy, Array.from(concat(entropy, hash), toBits).join("").slice(0, BITS));
  }

  static generate(): Promise<Receipt> {
    return Receipt.of(primitives.random(ENTROPY));
  }

  /** Twelve words; the same place names a word in every list. */
  words(list: WordList): readonly string[] {
    return toWords(this.bits, list);
  }

  /** 27 digits in groups of three. */
  digits(): string {
    const all = pieces(this.bits + "000", 5).map((five) => CROCKFORD[parseInt(five, 2)]!);
    return pieces(all.join(""), 3).join(" ");
  }

  /** Whether the checksum is these 12 bits. */
  static async fromBits(bits: string): Promise<Receipt | null> {
    const entropy = Uint8Array.from(pieces(bits.slice(0, ENTROPY * 8), 8), (byte) => parseInt(byte, 2));
    const receipt = await Receipt.of(entropy);
    return receipt.bits === bits ? receipt : null;
  }
}

const toBits = (byte: number): string => byte.toString(2).padStart(8, "0");

const pieces = (text: string, length: number): string[] => text.match(new RegExp(`.{1,${length}}`, "g")) ?? [];

const toWords = (bits: string, list: WordList): readonly string[] =>
  pieces(bits, WORD_BITS).map((eleven) => list[parseInt(eleven, 2)]!);

/** The first 132 bits of a fingerprint as twelve words of the English list, to compare with a leaflet. */
export const fingerprintWords = (fingerprint: Bytes, english: WordList): readonly string[] =>
  toWords(Array.from(fingerprint, toBits).join("").slice(0, BITS), english);

/**
 * Reads what a person typed: words of any of the lists or digits, whatever stands between them. The order of the lists
 * is the order in which they are tried.
 */
export async function parseReceipt(typed: string, lists: readonly WordList[]): Promise<Receipt> {
  const text = [...typed].slice(0, MAX_INPUT).join("").normalize("NFKC");
  const bits = fromDigits(text);
  if (bits !== null) return checked([bits], "digits");
  const tokens = tokensOf(text);
  if (!tokens.length) throw new BadReceipt("empty");
  if (tokens.length !== WORDS) throw new BadReceipt("count", { found: tokens.length });
  const found = lists.map((list) => lookUp(tokens, list));
  const whole = found.filter((places) => !places.includes(null));
  if (whole.length) {
    return checked(whole.map((places) => places.map((place) => place!.toString(2).padStart(WORD_BITS, "0")).join("")), "checksum");
  }
  // The first word that is in no list, judged by the list that knows most of the others.
  const known = (places: Places): number => places.filter((place) => place !== null).length;
  const best = found.reduce((left, right) => (known(right) > known(left) ? right : left));
  const place = best.indexOf(null);
  const near = nearWords(tokens[place]!, indexOf(lists[found.indexOf(best)]!).exact.keys());
  throw new BadReceipt("word", { position: place + 1, suggestions: near.map((word) => word.normalize()) });
}

async function checked(candidates: readonly string[], fault: ReceiptFault): Promise<Receipt> {
  for (const bits of candidates) {
    const receipt = await Receipt.fromBits(bits);
    if (receipt) return receipt;
  }
  throw new BadReceipt(fault);
}

function fromDigits(text: string): string | null {
  const compact = [...text.toUpperCase()].filter((char) => /[\p{L}\p{N}]/u.test(char)).join("")
    .replaceAll("O", "0").replace(/[IL]/g, "1");
  if (compact.length !== DIGITS || [...compact].some((char) => !CROCKFORD.includes(char))) return null;
  const bits = [...compact].map((char) => CROCKFORD.indexOf(char).toString(2).padStart(5, "0")).join("");
  if (bits.slice(BITS) !== "000") throw new BadReceipt("digits");
  return bits.slice(0, BITS);
}

/** Runs of letters and their accents; a Chinese character is a word by itself. */
const tokensOf = (text: string): string[] =>
  Array.from(text.toLowerCase().matchAll(/\p{Unified_Ideograph}|(?:(?!\p{Unified_Ideograph})[\p{L}\p{M}])+/gu), ([token]) =>
    token.normalize("NFKD"),
  );

type Places = readonly (number | null)[];

interface Index {
  readonly exact: ReadonlyMap<string, number>;
  readonly folded: ReadonlyMap<string, number | null>; // null where two words differ in accents only
}

const INDEXES = new WeakMap<WordList, Index>();

const withoutAccents = (word: string): string => word.replace(/\p{M}/gu, "");

function indexOf(list: WordList): Index {
  const known = INDEXES.get(list);
  if (known) return known;
  const words = list.map((word) => word.normalize("NFKD"));
  const folded = new Map<string, number | null>();
  words.forEach((word, place) => {
    const bare = withoutAccents(word);
    folded.set(bare, folded.has(bare) ? null : place);
  });
  const index = { exact: new Map(words.map((word, place) => [word, place])), folded };
  INDEXES.set(list, index);
  return index;
}

function lookUp(tokens: readonly string[], list: WordList): Places {
  const { exact, folded } = indexOf(list);
  return tokens.map((token) => exact.get(token) ?? folded.get(withoutAccents(token)) ?? null);
}
