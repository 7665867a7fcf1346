import { useSyncExternalStore } from "react";

function subscribe(wake: () => void): () => void {
  window.addEventListener("online", wake);
  window.addEventListener("offline", wake);
  return () => {
    window.removeEventListener("online", wake);
    window.removeEventListener("offline", wake);
  };
}

/** Whether the browser has a network. */
export const useOnline = () => useSyncExternalStore(subscribe, () => navigator.onLine);
