import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { LoadFailed } from "@/features/chat/load-failed";
import { chatQuery } from "@/shared/api/chats";
import { readingQuery } from "@/shared/api/reading";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { ReadingPage } from "./reading-page";

/** A whole chat as one document, for reading and printing: filled page by page from its beginning. */
export default function ReadingView({ chatId }: { chatId: string }) {
  const chat = useQuery(chatQuery(chatId));
  const query = useInfiniteQuery(readingQuery(chatId));
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  const mayLoad = hasNextPage && !isFetching && !isError;
  useEffect(() => {
    if (mayLoad) void fetchNextPage();
  }, [mayLoad, fetchNextPage]);
  const title = chat.data?.title || strings.sidebar.untitled;
  useEffect(() => {
    document.title = `${title} · ${strings.app.name}`;
  }, [title]);

  const pages = query.data?.pages ?? [];
  const read = pages.reduce((sum, { results }) => sum + results.length, 0);
  const isWhole = query.isSuccess && !hasNextPage;
  return (
    <main className="mx-auto flex min-h-dvh max-w-measure flex-col gap-8 px-4 py-6">
      <header className="flex flex-wrap items-center gap-3">
        <h1 dir="auto" className="min-w-0 flex-1 basis-64 text-24">
          {title}
        </h1>
        <p role="status" className="text-13 text-faint print:hidden">
          {!isWhole && !isError && strings.reading.loading(read, pages[0]?.length)}
        </p>
        <Button disabled={!isWhole} className="print:hidden" onClick={() => window.print()}>
          {strings.reading.print}
        </Button>
        <Link
          to="/chats/$chatId"
          params={{ chatId }}
          className="inline-flex min-h-9 items-center text-14 text-accent underline pointer-coarse:min-h-11 print:hidden"
        >
          {strings.reading.back}
        </Link>
      </header>
      {pages.map((page) => (
        <ReadingPage key={page.position} page={page} />
      ))}
      {isError && <LoadFailed error={query.error} onRetry={() => void fetchNextPage()} />}
    </main>
  );
}
