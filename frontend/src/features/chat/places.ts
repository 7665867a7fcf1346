/** Where a reader was in a chat: so many pixels above the top of the view this message began. */
export interface Place {
  id: string;
  above: number;
}

type Kept = [entry: string, place: Place][];

const KEY = "chattable.places";
/** So many entries of the tab's history keep theirs. */
const MOST = 50;

/** Where the reader was when this entry was left; nothing where they followed the end. */
export const placeOf = (entry: string): Place | undefined =>
  read().find(([one]) => one === entry)?.[1];

export function keepPlace(entry: string, place: Place | undefined): void {
  const others = read().filter(([one]) => one !== entry);
  const kept: Kept = place ? [...others, [entry, place]] : others;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept.slice(-MOST)));
  } catch {
    // Then the chat opens at its end.
  }
}

function read(): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}
