import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Turn } from "./turns/turn";

interface Props {
  messages: readonly ShownMessage[];
}

export function MessageList({ messages }: Props) {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-4">
      <ol aria-label={strings.chat.transcript} aria-live="off" className="mx-auto max-w-measure">
        {messages.map((message, index) => (
          <li key={message.id} className="pb-4">
            <Turn message={message} isLast={index === messages.length - 1} />
          </li>
        ))}
      </ol>
    </div>
  );
}
