import { useEffect, useState } from "react";

/** True once so many milliseconds have passed without another `progress`. */
export function useLater(ms: number, progress = 0): boolean {
  const [stoodAt, setStoodAt] = useState<number>();
  useEffect(() => {
    const timer = setTimeout(() => setStoodAt(progress), ms);
    return () => clearTimeout(timer);
  }, [ms, progress]);
  return stoodAt === progress;
}
