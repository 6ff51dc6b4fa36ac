/** Names of files as a colleague may see them (docs/protocol.md, section 8.3). */

import { utf8 } from "./bytes.ts";

const LIMIT = 255; // bytes of UTF-8
const RAW_LIMIT = 4096; // characters that are looked at, from the end
const ENDING = 16; // bytes; a longer one is none

/** A file's name without folders, controls and marks of direction, at most 255 bytes. */
export function cleanFileName(raw: string): string {
  let name = [...raw].slice(-RAW_LIMIT).join("").replaceAll("\\", "/").split("/").pop()!;
  // The marks go before the letters are composed: one that stood between a letter and its accent kept them apart.
  name = name.replace(/\p{C}/gu, "").normalize("NFC");
  name = strip(name.split(/\s+/u).filter(Boolean).join(" "));
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 && utf8(name.slice(dot)).length <= ENDING ? name.slice(dot) : "";
  const stem = name.slice(0, name.length - ending.length);
  return strip(cut(stem, LIMIT - utf8(ending).length) + ending) || "file";
}

const strip = (name: string): string => name.replace(/^[. ]+|[. ]+$/g, "");

/** The beginning that fits into so many bytes, without half a character. */
function cut(text: string, room: number): string {
  let kept = "";
  for (const char of text) {
    room -= utf8(char).length;
    if (room < 0) break;
    kept += char;
  }
  return kept;
}
