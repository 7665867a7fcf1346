import { type Block, type Definitions, type Part, plainBlock, read } from "./blocks";
import { closesFence, type Fence, fenceOf, mayClose, unindent } from "./fence";
import { openDisplay } from "./formulas";
import { mend } from "./mend";
import { LONGEST_PIECE } from "./pieces";
import { addressAtEnd, unlinkLast } from "./unlink";

/** What grows beyond this without an inner boundary is shown plain until it closes. */
const LONGEST_GROWING = 4_096;
const GROWTH = 1.25;

/** Splits a growing text into blocks. It remembers where the settled part ends and never reads that again. */
export class Splitter {
  #text = "";
  #settled: Block[] = [];
  /** The last block's settled parts; what follows `#offset` goes on inside it. */
  #open: Block | undefined;
  #offset = 0;
  #fence: (Fence & { scanned: number }) | undefined;
  #definitions: Definitions = new Map();
  #readTo = 0;
  #readLength = 0;
  #shown = new Map<number, Part>();
  #head: { start: number; blocks: Block[] } | undefined;

  /** The blocks of the text so far; what is half-written at its end is mended while it grows. */
  read(text: string, isGrowing: boolean): readonly Block[] {
    if (!text.startsWith(this.#text)) this.#reset();
    this.#text = text;
    if (isGrowing || this.#fence) this.#settle();
    const rest = isGrowing ? this.#growing() : this.#last();
    return [...this.#settled, ...this.#remember(rest, isGrowing)];
  }

  #reset(): void {
    this.#settled = [];
    this.#open = undefined;
    this.#offset = 0;
    this.#fence = undefined;
    this.#definitions = new Map();
    this.#readTo = 0;
    this.#readLength = 0;
    this.#shown.clear();
    this.#head = undefined;
  }

  /** Moves all blocks that no later line can change to the settled ones. */
  #settle(): void {
    if (this.#fence) this.#scanFence(this.#fence);
    else this.#readLines();
  }

  #readLines(): void {
    const lineEnd = this.#text.lastIndexOf("\n") + 1;
    const isLongLine = this.#text.length - lineEnd > LONGEST_PIECE;
    const end = isLongLine ? this.#text.length : lineEnd;
    const length = end - this.#offset;
    const isLong = isLongLine || length > LONGEST_GROWING;
    if (end <= this.#readTo || (isLong && length < GROWTH * this.#readLength)) return;
    this.#readTo = end;
    this.#readLength = length;
    this.#take(this.#text.slice(this.#offset, end), end);
  }

  #take(complete: string, end: number): void {
    const { blocks, definitions } = read(complete, this.#offset, this.#definitions, this.#open);
    const isNews = this.#learn(definitions);
    const kept = isNews ? blocks : blocks.map((block) => this.#keep(block));
    const last = kept.at(-1);
    if (!last) return;
    this.#settled.push(...kept.slice(0, -1));
    if (isClosed(last, complete)) this.#close(last, end);
    else this.#hold(last, end);
  }

  #close(block: Block, end: number): void {
    this.#settled.push(block);
    this.#open = undefined;
    this.#offset = end;
    this.#readLength = 0;
  }

  #hold(block: Block, end: number): void {
    if (block.kind === "code") this.#openFence(block);
    else this.#keepOpen(block, end);
  }

  #keepOpen(block: Block, end: number): void {
    const settled = block.kind === "table" ? block.parts : block.parts.slice(0, -1);
    const last = block.parts.at(-1);
    this.#offset = block.kind === "table" ? end : (last?.start ?? block.start);
    this.#open = settled.length > 0 ? { ...block, parts: settled } : undefined;
    this.#readLength = end - this.#offset;
  }

  #openFence(block: Block): void {
    const fence = fenceOf(this.#text.slice(block.start));
    if (!fence) return;
    this.#open = block;
    this.#offset = block.start + fence.length;
    this.#fence = { ...fence, scanned: this.#offset };
    this.#scanFence(this.#fence);
  }

  #scanFence(fence: Fence & { scanned: number }): void {
    let end = this.#text.indexOf("\n", fence.scanned);
    while (end >= 0 && !closesFence(this.#text.slice(fence.scanned, end), fence.marks)) {
      fence.scanned = end + 1;
      end = this.#text.indexOf("\n", fence.scanned);
    }
    if (end >= 0) this.#closeFence(fence, end + 1);
  }

  #closeFence(fence: Fence & { scanned: number }, end: number): void {
    const block = this.#codeTo(fence, Math.max(fence.scanned - 1, this.#offset));
    this.#fence = undefined;
    if (block) this.#close({ ...block, isOpen: false }, end);
    this.#settle();
  }

  #codeTo(fence: Fence, end: number): Block | undefined {
    const source = unindent(this.#text.slice(this.#offset, end), fence.indent);
    return this.#open && { ...this.#open, parts: [{ start: this.#open.start, source, nodes: [] }] };
  }

  #growing(): Block[] {
    if (this.#fence) return this.#growingCode(this.#fence);
    const tail = this.#text.slice(this.#offset);
    if (tail.length > LONGEST_GROWING) return this.#growingPlain(tail);
    const formula = openDisplay(tail);
    if (formula !== undefined) return this.#growingFormula(tail, formula);
    const blocks = this.#readTail(mend(tail, this.#open?.kind === "table"));
    const address = addressAtEnd(tail);
    if (address) unlinkLast(blocks.at(-1)?.parts.at(-1)?.nodes ?? [], address);
    return blocks;
  }

  #growingCode(fence: Fence & { scanned: number }): Block[] {
    const line = this.#text.slice(fence.scanned);
    const end = mayClose(line, fence.marks)
      ? Math.max(fence.scanned - 1, this.#offset)
      : this.#text.length;
    const block = this.#codeTo(fence, end);
    return block ? [block] : [];
  }

  /** It shows as it was written until it is whole. */
  #growingFormula(tail: string, at: number): Block[] {
    const before = tail.slice(0, at);
    const blocks = before.trim() ? this.#readTail(before) : this.#open ? [this.#open] : [];
    return [...blocks, plainBlock(this.#offset + at, tail.slice(at))];
  }

  #growingPlain(tail: string): Block[] {
    const line = tail.lastIndexOf("\n", LONGEST_GROWING) + 1;
    const head = tail.slice(0, line > 0 ? line : LONGEST_GROWING);
    if (this.#head?.start !== this.#offset)
      this.#head = { start: this.#offset, blocks: this.#readTail(head) };
    return [...this.#head.blocks, plainBlock(this.#offset + head.length, tail.slice(head.length))];
  }

  #last(): Block[] {
    if (this.#fence) {
      const { scanned, marks } = this.#fence;
      const isClosing = closesFence(this.#text.slice(scanned), marks);
      const end = isClosing
        ? Math.max(scanned - 1, this.#offset)
        : this.#text.replace(/\n$/, "").length;
      const block = this.#codeTo(this.#fence, Math.max(end, this.#offset));
      return block ? [{ ...block, isOpen: !isClosing }] : [];
    }
    const tail = this.#text.slice(this.#offset);
    const { blocks, definitions } = read(tail, this.#offset, this.#definitions, this.#open);
    this.#learn(definitions);
    return blocks;
  }

  #readTail(text: string): Block[] {
    return read(text, this.#offset, this.#definitions, this.#open).blocks;
  }

  /** A definition may come after what refers to it: then, and only then, a settled part is read again. */
  #learn(definitions: Definitions): boolean {
    const news = [...definitions].filter(([id]) => !this.#definitions.has(id));
    if (news.length === 0) return false;
    this.#definitions = new Map([...this.#definitions, ...news]);
    const labels = news.map(([id]) => `[${id.toLowerCase()}]`);
    this.#settled = this.#settled.map((block) => this.#readAgain(block, labels));
    if (this.#open) this.#open = this.#readAgain(this.#open, labels);
    return true;
  }

  #readAgain(block: Block, labels: string[]): Block {
    if (block.kind === "code") return block;
    const parts = block.parts.map((part, index) => {
      const source = part.source.toLowerCase();
      if (!labels.some((label) => source.includes(label))) return part;
      const open = index > 0 ? { ...block, parts: [] } : undefined;
      return read(part.source, part.start, this.#definitions, open).blocks[0]?.parts[0] ?? part;
    });
    return parts.some((part, index) => part !== block.parts[index]) ? { ...block, parts } : block;
  }

  #remember(blocks: Block[], isGrowing: boolean): Block[] {
    const kept = blocks.map((block) => this.#keep(block));
    const parts = kept.flatMap((block) => block.parts);
    // The last part is mended: it may look the same as when it is whole, and not be it.
    this.#shown = new Map(
      (isGrowing ? parts.slice(0, -1) : parts).map((part) => [part.start, part]),
    );
    return kept;
  }

  /** Gives back the object of the last time for each part that is still the same, so that it is not painted again. */
  #keep(block: Block): Block {
    const parts = block.parts.map((part) => {
      const before = this.#shown.get(part.start);
      return before?.source === part.source ? before : part;
    });
    return { ...block, parts };
  }
}

/** True when no later line can change the block. */
function isClosed(block: Block, complete: string): boolean {
  if (block.kind === "code") return !block.isOpen;
  if (block.kind === "list") return false;
  const type = block.parts.at(-1)?.nodes[0]?.type;
  if (type === "heading" || type === "thematicBreak" || type === "math") return true;
  const isText =
    type === "paragraph" || type === "table" || type === "blockquote" || type === "definition";
  return isText && /(?:^|\n)[ \t]*\n$/.test(complete);
}
