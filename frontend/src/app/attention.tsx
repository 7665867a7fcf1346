import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { chatTitle } from "@/shared/api/chats";
import type { Message } from "@/shared/api/types";
import { useLive, useUnread } from "@/shared/events/use-live";
import { notify } from "@/shared/notifications";
import { strings } from "@/shared/strings";

/** Marks the chats whose answers end where nobody is looking, and tells of it outside of a hidden page. */
export function Attention({ openId }: { openId: string | undefined }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const live = useLive();
  const unread = useUnread();
  useEffect(() => {
    const onSettle = ({ chat, status }: Message) => {
      if (chat === openId && !document.hidden) return;
      unread.add(chat);
      if (!document.hidden) return;
      const words = status === "failed" ? strings.chat.answerHasFailed : strings.chat.answerIsReady;
      const title = chatTitle(client, chat) || strings.sidebar.untitled;
      notify(
        title,
        words,
        chat,
        () => void navigate({ to: "/chats/$chatId", params: { chatId: chat } }),
      );
    };
    return live.listen({ onSettle });
  }, [client, navigate, live, unread, openId]);
  useEffect(() => {
    const look = () => {
      if (openId && !document.hidden) unread.delete(openId);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [unread, openId]);
  return null;
}
