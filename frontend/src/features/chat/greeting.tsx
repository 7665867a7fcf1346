import { strings } from "@/shared/strings";
import { fillBox } from "./composer/fill-box";

/** Stands above the box of a chat that has no message yet. */
export function Greeting() {
  return (
    <div className="flex min-h-0 flex-1 items-end justify-center px-4 pb-6">
      <h1 className="text-center text-24 text-balance">{strings.chat.greeting}</h1>
    </div>
  );
}

/** Questions to start with; each can be changed before it is sent. */
export function Examples() {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-4">
      <ul className="mx-auto grid max-w-measure gap-2 wide:grid-cols-2">
        {strings.chat.examples.map((text) => (
          <li key={text}>
            <button
              type="button"
              className="size-full rounded-block border border-line px-4 py-3 text-start text-14 text-soft transition hover:bg-surface hover:text-text"
              onClick={() => fillBox(text)}
            >
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
