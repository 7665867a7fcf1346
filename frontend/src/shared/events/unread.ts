/** The chats in which an answer has ended while nobody was looking. */
export class UnreadStore {
  #ids: ReadonlySet<string> = new Set();
  readonly #wakes = new Set<() => void>();

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  add(chat: string): void {
    if (!this.#ids.has(chat)) this.#set([...this.#ids, chat]);
  }

  /** Somebody has looked, or the chat is gone. */
  delete(chat: string): void {
    if (this.#ids.has(chat)) this.#set([...this.#ids].filter((id) => id !== chat));
  }

  subscribe = (wake: () => void): (() => void) => {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  };

  #set(ids: string[]): void {
    this.#ids = new Set(ids);
    for (const wake of this.#wakes) wake();
  }
}
