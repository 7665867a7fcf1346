/** A moment as the reader's clock shows it, with the date where that is not today's. */
export function clockTime(iso: string, now = new Date()): string {
  const then = new Date(iso);
  const isToday = then.toDateString() === now.toDateString();
  return then.toLocaleString(undefined, {
    dateStyle: isToday ? undefined : "medium",
    timeStyle: "medium",
  });
}
