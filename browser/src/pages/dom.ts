/** The few things that are done to a page. Texts go in as text only: nothing here ever parses HTML that we made. */

/** The element with this id, which our own page has. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error("an element of our own page is missing");
  return found;
}

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag, properties: Partial<HTMLElementTagNameMap[Tag]> = {}, ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Lists of the page's words go in here: the receipt, or a fingerprint. */
export function fillWords(grid: ParentNode, words: readonly string[], digits: string): void {
  grid.querySelector(".words")!.replaceChildren(...words.map((word) => make("li", { textContent: word })));
  grid.querySelector(".digits bdi")!.textContent = digits;
}

/** A field of a form by its name; of several radio buttons the one that is chosen. */
export function valueOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : "";
}

/** Shows what to put right before the form, and leads there, as the pages of the server do. */
export function showProblems(form: HTMLFormElement, title: string, problems: readonly (readonly [string, string])[]): void {
  clearProblems();
  if (!problems.length) return;
  const links = problems.map(([field, sentence]) =>
    make("li", {}, make("a", { href: `#${document.getElementById(field) ? field : "form"}`, textContent: sentence })),
  );
  const heading = make("h2", { id: "summary-title", textContent: title });
  const summary = make("div", { className: "summary", tabIndex: -1 }, heading, make("ul", {}, ...links));
  summary.setAttribute("role", "alert");
  summary.setAttribute("aria-labelledby", "summary-title");
  form.before(summary);
  for (const [field] of problems) document.getElementById(field)?.setAttribute("aria-invalid", "true");
  summary.focus();
}

export function clearProblems(): void {
  document.querySelectorAll(".summary").forEach((one) => one.remove());
  document.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
}
