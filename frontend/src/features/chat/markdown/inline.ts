import { formulaEnd, mayPrecede } from "./formulas";

interface Mark {
  readonly kind: "*" | "_" | "~" | "[" | "!";
  readonly at: number;
  length: number;
}

const isSpace = (char: string | undefined): boolean => char === undefined || /\s/.test(char);
const isWord = (char: string | undefined): boolean =>
  char !== undefined && /[\p{L}\p{N}]/u.test(char);

/** Closes, or hides, the inline markers that a run of text has opened and not closed yet. */
export function closeInline(text: string): string {
  return new InlineScanner(text).close();
}

class InlineScanner {
  readonly #text: string;
  readonly #open: Mark[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  close(): string {
    const text = this.#text;
    while (this.#at < text.length) {
      const end = this.#step(text[this.#at] ?? "");
      if (end !== undefined) return this.#finish(end);
    }
    return this.#finish(text);
  }

  /** Goes on by one token; gives the text to finish with when the rest must not be shown. */
  #step(char: string): string | undefined {
    const formula = char === "$" || char === "\\" ? formulaEnd(this.#text, this.#at) : undefined;
    if (formula !== undefined) {
      this.#at = formula;
      return undefined;
    }
    if (char === "\\") return this.#escape();
    if (char === "`") return this.#code();
    if (char === "*" || char === "_" || char === "~") return this.#emphasis(char);
    if (char === "<") return this.#angle();
    if (char === "]") return this.#bracket();
    if (char === "!" && this.#at === this.#text.length - 1) return this.#text.slice(0, this.#at);
    if (char === "[") this.#openBracket();
    this.#at += 1;
    return undefined;
  }

  #escape(): string | undefined {
    const [text, at] = [this.#text, this.#at];
    if (at === text.length - 1) return text.slice(0, at);
    // A formula that is not whole is text as it was written.
    if (/[([]/.test(text[at + 1] ?? "") && mayPrecede(text[at - 1]))
      return text.slice(0, at) + text.slice(at).replace(/[!-/:-@[-`{-~]/g, "\\$&");
    this.#at += 2;
    return undefined;
  }

  #code(): string | undefined {
    const text = this.#text;
    const marks = /^`+/.exec(text.slice(this.#at))?.[0] ?? "`";
    const from = this.#at + marks.length;
    const rest = text.slice(from);
    const end = new RegExp(`(?<!\`)${marks}(?!\`)`).exec(rest);
    if (end) {
      this.#at = from + end.index + marks.length;
      return undefined;
    }
    const code = rest.replace(/`+$/, "");
    return code.trim() ? text.slice(0, from) + code + marks : text.slice(0, this.#at);
  }

  #emphasis(kind: "*" | "_" | "~"): string | undefined {
    const text = this.#text;
    let length = 1;
    while (text[this.#at + length] === kind) length += 1;
    const [before, after] = [text[this.#at - 1], text[this.#at + length]];
    if (after === undefined) return this.#endRun(kind, length);
    const mayClose = !isSpace(before) && (kind !== "_" || !isWord(after));
    const left = mayClose ? this.#closeMarks(kind, length) : length;
    const mayOpen = !isSpace(after) && (kind !== "_" || !isWord(before));
    if (left > 0 && mayOpen) this.#open.push({ kind, at: this.#at + length - left, length: left });
    this.#at += length;
    return undefined;
  }

  /** Marks at the very end: they close what is open, wholly or half, or else nobody knows yet what they are. */
  #endRun(kind: Mark["kind"], length: number): string {
    const text = this.#text;
    const needed = this.#open.findLast((open) => open.kind === kind)?.length ?? length + 1;
    if (length >= needed && !isSpace(text[this.#at - 1])) {
      this.#closeMarks(kind, needed);
      return text.slice(0, this.#at + needed);
    }
    return text.slice(0, this.#at);
  }

  /** Closes open marks of a kind; says how many of the closing ones are left. */
  #closeMarks(kind: Mark["kind"], length: number): number {
    let left = length;
    while (left > 0) {
      const index = this.#open.findLastIndex((open) => open.kind === kind);
      const mark = this.#open[index];
      if (!mark) break;
      const used = Math.min(mark.length, left);
      left -= used;
      mark.length -= used;
      if (mark.length === 0) this.#open.splice(index);
    }
    return left;
  }

  #angle(): string | undefined {
    const rest = this.#text.slice(this.#at);
    if (/^<(?:[a-z/!?][^>]*)?$/i.test(rest)) return this.#text.slice(0, this.#at);
    this.#at += 1;
    return undefined;
  }

  #openBracket(): void {
    const isImage = this.#text[this.#at - 1] === "!";
    if (isImage) this.#open.push({ kind: "!", at: this.#at - 1, length: 2 });
    else if (!isWord(this.#text[this.#at - 1]))
      this.#open.push({ kind: "[", at: this.#at, length: 1 });
  }

  #bracket(): string | undefined {
    const index = this.#open.findLastIndex(({ kind }) => kind === "[" || kind === "!");
    const end = this.#at;
    this.#at += 1;
    if (index < 0) return undefined;
    const next = this.#text[end + 1];
    const close =
      next === "(" ? closingParenthesis(this.#text, end + 2) : this.#text.indexOf("]", end + 2);
    const isWhole = next !== undefined && (!"([".includes(next) || close >= 0);
    if (!isWhole) return this.#text.slice(0, end);
    this.#open.splice(index, 1);
    if ("([".includes(next)) this.#at = close + 1;
    return undefined;
  }

  #finish(text: string): string {
    let body = text;
    let closers = "";
    for (const mark of this.#open.toReversed()) {
      if (mark.kind === "!") {
        body = body.slice(0, mark.at);
        closers = "";
      } else if (mark.kind === "[") {
        body = body.slice(0, mark.at) + body.slice(mark.at + 1);
      } else if (body.slice(mark.at + mark.length).trim() === "") {
        body = body.slice(0, mark.at);
      } else {
        closers += mark.kind.repeat(mark.length);
      }
    }
    return closers ? body.trimEnd() + closers : body;
  }
}

function closingParenthesis(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "(") depth += 1;
    else if (text[at] === ")" && --depth === 0) return at;
    else if (text[at] === "\n" && text[at + 1] === "\n") return -1;
  }
  return -1;
}
