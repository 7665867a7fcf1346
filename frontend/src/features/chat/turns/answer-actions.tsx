import { richTextOf } from "@/features/chat/markdown/rich-text";
import { useRegenerate } from "@/features/chat/use-another";
import { asApiError } from "@/shared/api/error";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { RetryIcon } from "@/shared/ui/icons";
import { noticeFor } from "./answer-notice";
import { BranchPicker } from "./branch-picker";
import { CopyButton, CopyLinkButton } from "./copy-button";
import { ModelMenu } from "./model-menu";

interface Props {
  message: ShownMessage;
  siblings: readonly string[] | undefined;
  isLast: boolean;
  isRunning: boolean;
}

/** What one can do with an answer; its place is kept while the answer grows, so that nothing jumps. */
export function AnswerActions({ message, siblings, isLast, isRunning }: Props) {
  const again = useRegenerate(message);
  const fade = isLast || siblings ? "" : "opacity-0 group-focus-within:opacity-100";
  return (
    <div
      data-actions
      className={`-ms-2 flex min-h-8 flex-wrap items-center gap-x-1 transition group-hover:opacity-100 has-data-[state=open]:opacity-100 pointer-coarse:min-h-11 pointer-coarse:opacity-100 ${fade}`}
    >
      {siblings && <BranchPicker message={message} siblings={siblings} />}
      {!isRunning && (
        <>
          {message.content && (
            <CopyButton text={message.content} richText={paintedBy} label={strings.message.copy} />
          )}
          {!noticeFor(message) && (
            <IconButton
              label={strings.message.regenerate}
              icon={<RetryIcon />}
              aria-disabled={again.isPending}
              onClick={(event) => again.ask(event.currentTarget)}
            />
          )}
          <ModelMenu isBusy={again.isPending} onChoose={again.ask} />
          <CopyLinkButton id={message.id} />
          {again.error && (
            <span className="text-13 text-danger">
              {strings.message.retryFailed(asApiError(again.error).message)}
            </span>
          )}
          {isLast && message.model && (
            <span className="ms-1 min-w-0 flex-1 basis-0 truncate text-12 text-faint">
              {message.model}
            </span>
          )}
        </>
      )}
    </div>
  );
}

/** The answer that the button belongs to, as it is painted. */
function paintedBy(button: Element): string | undefined {
  const painted = button.closest("article")?.querySelector(".ct-md");
  return painted ? richTextOf(painted) : undefined;
}
