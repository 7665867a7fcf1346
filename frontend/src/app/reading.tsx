import { useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Loading } from "./fallbacks";

const ReadingView = lazy(() => import("@/features/chat/reading/reading-view"));

/** The whole chat of the address, to be read or printed. */
export function Reading() {
  const { chatId = "" } = useParams({ strict: false });
  return (
    <Suspense fallback={<Loading />}>
      <ReadingView chatId={chatId} />
    </Suspense>
  );
}
