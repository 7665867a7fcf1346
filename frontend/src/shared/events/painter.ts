/** Calls `paint` once per frame with what changed; a hidden page is painted when it comes back. */
export class Painter {
  readonly #paint: (ids: ReadonlySet<string>) => void;
  #dirty = new Set<string>();
  #frame: number | null = null;

  constructor(paint: (ids: ReadonlySet<string>) => void) {
    this.#paint = paint;
  }

  touch(id: string): void {
    this.#dirty.add(id);
    this.#schedule();
  }

  listen(): () => void {
    document.addEventListener("visibilitychange", this.#turn);
    return () => document.removeEventListener("visibilitychange", this.#turn);
  }

  #turn = () => {
    if (!document.hidden) return this.#flush();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  };

  #schedule(): void {
    if (this.#frame !== null || document.hidden) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = null;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#dirty.size === 0) return;
    const ids = this.#dirty;
    this.#dirty = new Set();
    this.#paint(ids);
  }
}
