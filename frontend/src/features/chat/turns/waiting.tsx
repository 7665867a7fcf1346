import { useQuery } from "@tanstack/react-query";
import { statusQuery } from "@/shared/api/status";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Retrying } from "./retrying";
import { useLater } from "./use-later";

const WORDS_AFTER = 3_000;
const ASK_EVERY = 5_000;

/** One breathing dot at the answer's place, with words when it takes long. */
export function Waiting({ message: { status, model, retry_at } }: { message: ShownMessage }) {
  const isLate = useLater(WORDS_AFTER);
  const workers = useQuery({
    ...statusQuery,
    enabled: isLate && status === "queued",
    refetchInterval: ASK_EVERY,
  });
  const nobody = status === "queued" && workers.data?.workers === 0;
  return (
    <p className="flex min-h-6.5 items-center gap-3 text-14 text-soft">
      <span aria-hidden="true" className="size-2 shrink-0 animate-breathe rounded-full bg-soft" />
      {!nobody && retry_at && <Retrying key={retry_at} at={retry_at} />}
      {isLate && !nobody && !retry_at && strings.message.waiting(model)}
      {nobody && (
        <span>
          <strong className="text-warn">{strings.message.noWorker}</strong>{" "}
          {strings.message.noWorkerHint}
        </span>
      )}
    </p>
  );
}
