import { useMemo } from "react";
import { useMostChars } from "@/shared/api/config";
import { strings } from "@/shared/strings";
import { Line } from "./line";
import { charsOf, type Fold } from "./written";

/** Says as soon as it is pasted that a text is longer than the server takes. */
export function LengthLine({ folds }: { folds: readonly Fold[] }) {
  const most = useMostChars();
  const length = useMemo(() => charsOf(folds), [folds]);
  if (most === undefined || length <= most) return null;
  return <Line>{strings.composer.tooLong(length, most)}</Line>;
}
