import { useContinue, useRegenerate } from "@/features/chat/use-another";
import { asApiError } from "@/shared/api/error";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { WarnIcon } from "@/shared/ui/icons";
import { clockTime } from "./clock-time";

interface Notice {
  title: string;
  hint: string;
  isError?: boolean;
}

const said = strings.message;

/** Says, at the answer's place, why it is not a whole answer, and offers the way on. */
export function AnswerNotice({ message }: { message: ShownMessage }) {
  const again = useRegenerate(message);
  const rest = useContinue(message);
  const notice = noticeFor(message);
  if (!notice) return null;
  const error = again.error ?? rest.error;
  const isPending = again.isPending || rest.isPending;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-block border border-line bg-surface px-4 py-3 text-14">
      <span className={notice.isError ? "text-danger" : "text-soft"}>
        <WarnIcon />
      </span>
      <p className="min-w-0 flex-1 basis-48">
        <strong>{notice.title}</strong> {notice.hint}
        {error && (
          <span className="text-danger"> {said.retryFailed(asApiError(error).message)}</span>
        )}
      </p>
      {isCutShort(message) && (
        <Button aria-disabled={isPending} onClick={(event) => rest.ask(event.currentTarget)}>
          {said.continue}
        </Button>
      )}
      <Button aria-disabled={isPending} onClick={(event) => again.ask(event.currentTarget)}>
        {said.retry}
      </Button>
    </div>
  );
}

/** The answer can go on, since it has text and has not reached its own end. */
const isCutShort = ({ status, content, finish_reason }: ShownMessage): boolean =>
  content.trim() !== "" &&
  (status === "stopped" ||
    status === "failed" ||
    (status === "complete" && finish_reason === "length"));

/** Why it failed; the time to come back at is told by the reader's clock. */
function causeOf({ error, retry_at }: ShownMessage): string {
  if (retry_at) return `${said.busy} ${said.busyUntil(clockTime(retry_at))}`;
  return error?.detail ?? "";
}

export function noticeFor(message: ShownMessage): Notice | null {
  const { status, content, reasoning, finish_reason } = message;
  if (status === "failed") return { title: said.failed, hint: causeOf(message), isError: true };
  if (status === "stopped") return { title: said.stopped, hint: content ? said.stoppedHint : "" };
  if (status !== "complete") return null;
  if (finish_reason === "length")
    return { title: said.cut, hint: content ? said.cutHint : said.cutEmptyHint };
  if (finish_reason === "content_filter") return { title: said.filtered, hint: said.filteredHint };
  if (finish_reason === "tool_calls") return { title: said.tools, hint: said.toolsHint };
  if (content) return null;
  return { title: said.empty, hint: reasoning ? said.emptyThoughtHint : said.emptyHint };
}
