import { useRegenerate } from "@/features/chat/use-regenerate";
import { asApiError } from "@/shared/api/error";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { RetryIcon } from "@/shared/ui/icons";
import { noticeFor } from "./answer-notice";
import { CopyButton } from "./copy-button";

interface Props {
  message: ShownMessage;
  isLast: boolean;
  isHidden: boolean;
}

/** What one can do with an answer; its place is kept while the answer grows, so that nothing jumps. */
export function AnswerActions({ message, isLast, isHidden }: Props) {
  const again = useRegenerate(message);
  const fade = isLast
    ? ""
    : "opacity-0 transition group-focus-within:opacity-100 group-hover:opacity-100";
  return (
    <div
      className={`-ms-2 flex h-8 items-center gap-1 pointer-coarse:h-11 pointer-coarse:opacity-100 ${fade}`}
    >
      {!isHidden && (
        <>
          {message.content && <CopyButton text={message.content} label={strings.message.copy} />}
          {!noticeFor(message) && (
            <IconButton
              label={strings.message.regenerate}
              icon={<RetryIcon />}
              disabled={again.isPending}
              onClick={() => again.mutate()}
            />
          )}
          {again.isError && (
            <span className="text-13 text-danger">
              {strings.message.retryFailed(asApiError(again.error).message)}
            </span>
          )}
          {isLast && message.model && (
            <span className="ms-1 text-12 text-faint">{message.model}</span>
          )}
        </>
      )}
    </div>
  );
}
