import { useState } from "react";
import { strings } from "@/shared/strings";
import { clockTime } from "./clock-time";
import { useLater } from "./use-later";

/** Says when the provider, which is busy, will be asked again. */
export function Retrying({ at }: { at: string }) {
  const [ms] = useState(() => Date.parse(at) - Date.now());
  const isDue = useLater(ms);
  return (
    <span>
      {strings.message.busy}{" "}
      {isDue ? strings.message.retrying : strings.message.retryAt(clockTime(at))}
    </span>
  );
}
