import { asApiError } from "@/shared/api/error";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Notice } from "@/shared/ui/notice";

interface Props {
  error: unknown;
  onRetry: () => void;
}

/** Stands in the place of messages that could not be loaded. */
export function LoadFailed({ error, onRetry }: Props) {
  const { status, message } = asApiError(error);
  const isGone = status === 404;
  return (
    <div className="mx-auto min-h-0 w-full max-w-measure flex-1 overflow-y-auto p-4">
      <Notice
        title={isGone ? strings.chat.gone : strings.chat.failed}
        action={isGone ? undefined : <Button onClick={onRetry}>{strings.app.retry}</Button>}
      >
        {isGone ? null : message}
      </Notice>
    </div>
  );
}
