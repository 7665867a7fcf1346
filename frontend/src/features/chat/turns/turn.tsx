import { memo } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { Answer } from "./answer";
import { Question } from "./question";

interface Props {
  message: ShownMessage;
  siblings?: readonly string[];
  isLast: boolean;
}

/** One message of the path: a question or an answer. */
export const Turn = memo(function Turn({ message, siblings, isLast }: Props) {
  if (message.role === "user") return <Question message={message} siblings={siblings} />;
  return <Answer message={message} siblings={siblings} isLast={isLast} />;
});
