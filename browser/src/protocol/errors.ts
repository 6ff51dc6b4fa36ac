/** Every way in which the protocol refuses something: the classes of docs/protocol.md, section 15. */

export class ProtocolError extends Error {
  /** The class's name in the specification; a bundler may shorten the one that the language gives. */
  readonly kind: string = "ProtocolError";
}
export class Malformed extends ProtocolError {
  override readonly kind: string = "Malformed";
}
export class NotCanonical extends Malformed {
  override readonly kind = "NotCanonical";
}
export class UnknownVersion extends ProtocolError {
  override readonly kind = "UnknownVersion";
}
export class WrongSize extends ProtocolError {
  override readonly kind = "WrongSize";
}
export class WrongInstance extends ProtocolError {
  override readonly kind = "WrongInstance";
}
export class BadSignature extends ProtocolError {
  override readonly kind = "BadSignature";
}
export class OutsideDates extends ProtocolError {
  override readonly kind = "OutsideDates";
}
export class DoesNotOpen extends ProtocolError {
  override readonly kind = "DoesNotOpen";
}
export class TooLong extends ProtocolError {
  override readonly kind = "TooLong";
}

export type ReceiptFault = "empty" | "count" | "word" | "digits" | "checksum";

/** The reporter's typing. `position` counts from 1; `found` is the number of words; `suggestions` look like the one. */
export class BadReceipt extends ProtocolError {
  override readonly kind = "BadReceipt";
  readonly fault: ReceiptFault;
  readonly position: number;
  readonly found: number;
  readonly suggestions: readonly string[];

  constructor(fault: ReceiptFault, told: { position?: number; found?: number; suggestions?: readonly string[] } = {}) {
    super();
    this.fault = fault;
    this.position = told.position ?? 0;
    this.found = told.found ?? 0;
    this.suggestions = told.suggestions ?? [];
  }
}
