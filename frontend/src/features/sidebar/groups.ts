import type { Chat } from "@/shared/api/types";
import { strings } from "@/shared/strings";

export interface Group {
  name: string;
  chats: Chat[];
}

const DAY = 86_400_000;

/** Chats by the reader's own days; their order is kept. */
export function groupByDay(chats: Chat[], now = new Date()): Group[] {
  const groups: Group[] = [];
  for (const chat of chats) {
    const name = nameOf(new Date(chat.active_at), now);
    const last = groups.at(-1);
    if (last?.name === name) last.chats.push(chat);
    else groups.push({ name, chats: [chat] });
  }
  return groups;
}

function nameOf(date: Date, now: Date): string {
  const days = Math.round((midnight(now) - midnight(date)) / DAY);
  if (days <= 0) return strings.sidebar.today;
  if (days === 1) return strings.sidebar.yesterday;
  if (days < 7) return strings.sidebar.week;
  if (days < 30) return strings.sidebar.month;
  return date.toLocaleDateString(undefined, { month: "long", year: "numeric" });
}

const midnight = (date: Date) =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
