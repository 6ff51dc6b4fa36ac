/** What chosen files usually carry beside what they show, and taking it out of JPEG and PNG pictures. */

import { type Bytes, compare, concat, readNumber, utf8 } from "../protocol/bytes.ts";

export type Kind = "photo" | "picture" | "pdf" | "office" | "other";

const ENDINGS: readonly (readonly [Kind, RegExp])[] = [
  ["photo", /\.(jpe?g|heic|heif|dng|cr2|cr3|nef|arw|tiff?|webp|avif|mp4|mov|m4a|3gp)$/i],
  ["picture", /\.(png|gif|svg|bmp)$/i],
  ["pdf", /\.pdf$/i],
  ["office", /\.(do[ct][xm]?|xl[st][xmb]?|pp[ts][xm]?|od[tspg]|rtf|msg|eml|pages|numbers|key)$/i],
];
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff);
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const MAGICS: readonly (readonly [Kind, Bytes])[] = [
  ["photo", JPEG], ["picture", PNG], ["pdf", utf8("%PDF-")], ["office", Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0)],
];
const MOST = 64 * 2 ** 20; // bytes of a picture that is read whole

const beginsWith = (data: Bytes, magic: Bytes): boolean => compare(data.subarray(0, magic.length), magic) === 0;

const beginning = async (file: Blob): Promise<Bytes> => new Uint8Array(await file.slice(0, 16).arrayBuffer());

/** What a file is, by how it begins and else by its name. */
export async function kindOf(file: File): Promise<Kind> {
  const first = await beginning(file);
  const magic = MAGICS.find(([, bytes]) => beginsWith(first, bytes));
  return magic?.[0] ?? ENDINGS.find(([, ending]) => ending.test(file.name))?.[0] ?? "other";
}

/**
 * The same picture without its hidden fields; the file itself when it is neither JPEG nor PNG; null when it begins as
 * one of them and cannot be read to its end.
 */
export async function stripped(file: File): Promise<Blob | null> {
  const first = await beginning(file);
  const [isJpeg, isPng] = [beginsWith(first, JPEG), beginsWith(first, PNG)];
  if (!isJpeg && !isPng) return file;
  if (file.size > MOST) return null;
  const data = new Uint8Array(await file.arrayBuffer());
  const kept = isJpeg ? stripJpeg(data) : stripPng(data);
  return kept && new Blob([kept]);
}

/** Chunks without which a picture does not show, or shows other colours through its transparency. */
const PNG_KEPT = ["IHDR", "PLTE", "IDAT", "IEND", "tRNS"];

/** PNG, third edition, section 5: a signature, then chunks of length, type, data and checksum. */
export function stripPng(data: Bytes): Bytes | null {
  const kept = [data.subarray(0, PNG.length)];
  for (let at = PNG.length; at + 12 <= data.length; ) {
    const end = at + 12 + readNumber(data, at, 4);
    if (end > data.length) return null;
    const type = String.fromCharCode(...data.subarray(at + 4, at + 8));
    if (PNG_KEPT.includes(type)) kept.push(data.subarray(at, end));
    if (type === "IEND") return concat(...kept);
    at = end;
  }
  return null;
}

const [SOI, EOI, SOS, TEM, RST0, RST7, APP0, APP14, APP15, COM] = [
  0xd8, 0xd9, 0xda, 0x01, 0xd0, 0xd7, 0xe0, 0xee, 0xef, 0xfe,
];

/**
 * ITU-T T.81, annex B: segments, each with its length, and after a start of scan its data up to the next marker. Left
 * out are comments and all application segments but JFIF's, without its thumbnail, and Adobe's, which says how colours
 * are written; and whatever stands behind the end.
 */
export function stripJpeg(data: Bytes): Bytes | null {
  const kept = [data.subarray(0, 2)];
  let at = 2;
  while (at + 2 <= data.length) {
    const marker = data[at + 1]!;
    if (data[at] !== 0xff) return null;
    if (marker === 0xff) {
      at++; // a marker may be preceded by any number of these
      continue;
    }
    if (marker === EOI) return concat(...kept, data.subarray(at, at + 2));
    if (marker === SOI || marker === TEM || (marker >= RST0 && marker <= RST7) || at + 4 > data.length) return null;
    const length = readNumber(data, at + 2, 2);
    const end = at + 2 + length;
    if (length < 2 || end > data.length) return null;
    const segment = data.subarray(at, end);
    if (marker === APP0) kept.push(...jfif(segment));
    else if (marker === APP14 || !((marker > APP0 && marker <= APP15) || marker === COM)) kept.push(segment);
    at = end;
    if (marker === SOS) {
      const next = endOfScan(data, at);
      kept.push(data.subarray(at, next));
      at = next;
    }
  }
  return null;
}

const JFIF = utf8("JFIF\0");

/** JFIF's segment with the size of its thumbnail set to nothing; others of this kind are left out. */
function jfif(segment: Bytes): Bytes[] {
  if (segment.length < 18 || compare(segment.subarray(4, 9), JFIF)) return [];
  return [concat(segment.subarray(0, 2), Uint8Array.of(0, 16), segment.subarray(4, 16), Uint8Array.of(0, 0))];
}

/** Where the next marker stands: not a stuffed byte, nor one that only restarts the decoder. */
function endOfScan(data: Bytes, at: number): number {
  for (;;) {
    at = data.indexOf(0xff, at);
    if (at < 0 || at + 1 >= data.length) return data.length;
    const next = data[at + 1]!;
    if (next !== 0 && next !== 0xff && !(next >= RST0 && next <= RST7)) return at;
    at += next === 0xff ? 1 : 2;
  }
}
