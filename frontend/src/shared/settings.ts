import { useSyncExternalStore } from "react";

const THEMES = ["system", "light", "dark"] as const;
const SEND_KEYS = ["enter", "ctrl-enter"] as const;

/** What a reader has chosen for this browser. */
export interface Settings {
  readonly theme: (typeof THEMES)[number];
  readonly sendKey: (typeof SEND_KEYS)[number];
}

const KEY = "chattable.settings";
const wakes = new Set<() => void>();

let settings = read();

function read(): Settings {
  const { theme, sendKey } = stored();
  return { theme: oneOf(THEMES, theme), sendKey: oneOf(SEND_KEYS, sendKey) };
}

function stored(): Partial<Record<keyof Settings, unknown>> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/** The value where it is known, or else the first of the known ones. */
function oneOf<Value extends string>(known: readonly [Value, ...Value[]], value: unknown): Value {
  return known.find((one) => one === value) ?? known[0];
}

export const currentSettings = (): Settings => settings;

export function changeSettings(change: Partial<Settings>): void {
  settings = { ...settings, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Storage is forbidden: the choice holds until the page is left.
  }
  for (const wake of wakes) wake();
}

export const useSettings = (): Settings => useSyncExternalStore(subscribe, currentSettings);

/** Shows the page in the chosen theme from now on. */
export function followTheme(root: HTMLElement): void {
  const apply = () => {
    root.dataset.theme = settings.theme;
  };
  apply();
  subscribe(apply);
}

function subscribe(wake: () => void): () => void {
  wakes.add(wake);
  return () => wakes.delete(wake);
}

// Another tab has changed them.
window.addEventListener("storage", ({ key }) => {
  if (key !== KEY) return;
  settings = read();
  for (const wake of wakes) wake();
});
