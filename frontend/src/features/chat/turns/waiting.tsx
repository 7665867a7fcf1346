import { useQuery } from "@tanstack/react-query";
import { statusQuery } from "@/shared/api/status";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Retrying } from "./retrying";

const ASK_EVERY = 5_000;

interface Props {
  message: ShownMessage;
  isLate: boolean;
}

/** One breathing dot at the place of the text to come, with words when it takes long. */
export function Waiting({ message: { status, model, retry_at }, isLate }: Props) {
  const workers = useQuery({
    ...statusQuery,
    enabled: isLate && status === "queued",
    refetchInterval: ASK_EVERY,
  });
  const nobody = status === "queued" && workers.data?.workers === 0;
  return (
    <p className="flex min-h-6.5 items-center gap-3 text-14 text-soft">
      <span
        aria-hidden="true"
        className="size-2 shrink-0 animate-breathe rounded-full bg-soft forced-colors:bg-[CanvasText]"
      />
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
