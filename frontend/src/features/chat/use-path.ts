import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import {
  extentOf,
  flatMessages,
  type Messages,
  messagesQuery,
  siblingsOf,
} from "@/shared/api/messages";
import type { More } from "./more-line";

/** The loaded messages of the path that is shown, and the ways on at both of its ends. */
export function usePath(chatId: string, { enabled }: { enabled: boolean }) {
  const query = useInfiniteQuery({ ...messagesQuery(chatId), enabled });
  const data = query.data as Messages | undefined;
  const messages = useMemo(
    () => flatMessages(data).filter(({ role }) => role !== "system"),
    [data],
  );
  const extent = useMemo(() => extentOf(data), [data]);
  const siblings = useMemo(() => siblingsOf(data), [data]);
  const older = useMore({
    hasMore: query.hasPreviousPage,
    isBusy: query.isFetching,
    hasFailed: query.isFetchPreviousPageError,
    fetch: query.fetchPreviousPage,
  });
  const newer = useMore({
    hasMore: query.hasNextPage,
    isBusy: query.isFetching,
    hasFailed: query.isFetchNextPageError,
    fetch: query.fetchNextPage,
  });
  return { query, messages, extent, siblings, older, newer };
}

interface End {
  hasMore: boolean;
  isBusy: boolean;
  hasFailed: boolean;
  fetch: () => Promise<unknown>;
}

const useMore = ({ hasMore, isBusy, hasFailed, fetch }: End): More =>
  useMemo(
    () => ({
      hasMore,
      mayLoad: hasMore && !isBusy && !hasFailed,
      hasFailed,
      load: () => void fetch(),
    }),
    [hasMore, isBusy, hasFailed, fetch],
  );
