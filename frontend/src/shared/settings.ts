import { useSyncExternalStore } from "react";

/** What a reader has chosen for this browser. */
export interface Settings {
  readonly theme: "system" | "light" | "dark";
  readonly sendKey: "enter" | "ctrl-enter";
}

const KEY = "chattable.settings";
const DEFAULTS: Settings = { theme: "system", sendKey: "enter" };
const THEMES: readonly string[] = ["system", "light", "dark"];
const SEND_KEYS: readonly string[] = ["enter", "ctrl-enter"];
const wakes = new Set<() => void>();

let settings = read();

function read(): Settings {
  try {
    const stored: Partial<Settings> = JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
    return {
      theme: THEMES.includes(stored.theme ?? "") ? (stored.theme ?? "system") : DEFAULTS.theme,
      sendKey: SEND_KEYS.includes(stored.sendKey ?? "")
        ? (stored.sendKey ?? "enter")
        : DEFAULTS.sendKey,
    };
  } catch {
    return DEFAULTS;
  }
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
