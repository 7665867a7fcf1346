import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { findQuery } from "@/shared/api/find";

/** So many hits are counted before anybody asks for them. */
const COUNTED = 500;
const PAUSE = 250;

/** The hits of a text, newest first, and which of them the reader is at. */
export function useHits(chatId: string, text: string) {
  const wanted = useSettled(text.trim());
  const [place, setPlace] = useState({ text: "", at: 0 });
  const query = useInfiniteQuery({ ...findQuery(chatId, wanted), enabled: wanted !== "" });
  const hits = query.data?.pages.flatMap(({ results }) => results) ?? [];
  const at = place.text === wanted ? place.at : 0;
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  const mayLoad = hasNextPage && !isFetching && !isError;
  const isWanted = hits.length < COUNTED || at > hits.length - 2;
  useEffect(() => {
    if (mayLoad && isWanted) void fetchNextPage();
  }, [mayLoad, isWanted, fetchNextPage]);

  const walk = (by: -1 | 1) => {
    if (hits.length === 0) return;
    setPlace({ text: wanted, at: (at + by + hits.length) % hits.length });
  };
  return { wanted, hits, at, walk, hasMore: hasNextPage, isError, isDone: query.isSuccess };
}

/** The text, once nothing has been typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
