/** The words of the page's language, from a page of the server: the catalogues stay the only place of texts. */

const LOCALES: Readonly<Record<string, string>> = { en: "en-GB" }; // plain "en" means the United States

type Values = Readonly<Record<string, string | number>>;

export class Texts {
  readonly language = document.documentElement.lang;

  private constructor(private readonly page: Document) {}

  static async fetch(address: string): Promise<Texts> {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) throw new Error("the texts did not come");
    // Parsed, never run: a document of DOMParser has no scripts that work, and only its texts and our parts are taken.
    return new Texts(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }

  /** A copy of a part of a page. */
  part(id: string): DocumentFragment {
    return document.importNode(this.template(id).content, true);
  }

  private template(id: string): HTMLTemplateElement {
    const found = this.page.getElementById(id);
    if (!(found instanceof HTMLTemplateElement)) throw new Error("a part of the texts is missing");
    return found;
  }

  /** A sentence with its values: `{name}`, or `%(name)s` as the server's own sentences have it. */
  say(name: string, values: Values = {}): string {
    const sentence = this.template("texts").content.querySelector(`[data-text="${name}"]`)?.textContent ?? name;
    return sentence.replace(/\{(\w+)\}|%\((\w+)\)s/g, (whole, first, second) => {
      const value = values[(first ?? second) as string];
      return value === undefined ? whole : typeof value === "number" ? this.number(value) : value;
    });
  }

  /** A sentence that counts something. */
  count(name: string, count: number, values: Values = {}): string {
    return this.say(`${name}_${count === 1 ? "one" : "many"}`, { count, ...values });
  }

  private get locale(): string {
    return LOCALES[this.language] ?? this.language;
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  /** A UTC day as people write it. */
  day(day: number): string {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "long", timeZone: "UTC" }).format(day * 86_400_000);
  }

  /** A time that is everybody's, in UTC, which it names. */
  time(seconds: number): string {
    const clock = new Date(seconds * 1000).toISOString().slice(11, 16);
    return `${this.day(Math.floor(seconds / 86_400))}, ${clock} UTC`;
  }
}

const UNITS = [[2 ** 30, "GB"], [2 ** 20, "MB"], [2 ** 10, "KB"]] as const;

/** A size of the ladder as people say it. */
export function sizeWords(size: number): string {
  const [unit, name] = UNITS.find(([bytes]) => size >= bytes) ?? UNITS[2];
  return `${Math.floor(size / unit)} ${name}`;
}
