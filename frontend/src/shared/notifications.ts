const DECLINED = "chattable.notifications.declined";

const isSupported = () => "Notification" in window;

/** Whether the reader may be asked: only until they have answered once. */
export const mayAsk = (): boolean =>
  isSupported() && Notification.permission === "default" && !hasDeclined();

/** The reader wants to be told: the browser asks for its permission. */
export async function askForNotifications(): Promise<void> {
  await Notification.requestPermission();
}

export function declineNotifications(): void {
  try {
    localStorage.setItem(DECLINED, "1");
  } catch {
    // Storage is forbidden: the question comes back with the next visit.
  }
}

/** Tells the reader outside of the page, if they want that; one notice a chat. */
export function notify(title: string, body: string, chat: string, onClick: () => void): void {
  if (!isSupported() || Notification.permission !== "granted") return;
  try {
    const notice = new Notification(title, { body, tag: chat });
    notice.onclick = () => {
      window.focus();
      notice.close();
      onClick();
    };
  } catch {
    // Some phones only take notices of service workers.
  }
}

function hasDeclined(): boolean {
  try {
    return localStorage.getItem(DECLINED) !== null;
  } catch {
    return false;
  }
}
