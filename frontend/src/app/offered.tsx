import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { configQuery } from "@/shared/api/config";
import type { Feature } from "@/shared/api/types";
import { Loading, NotFound } from "./fallbacks";

interface Props {
  feature: Feature;
  page: ComponentType;
}

/** A page that there is only where the server offers the feature. */
export function Offered({ feature, page: Page }: Props) {
  const { data: config, isPending } = useQuery(configQuery);
  if (isPending) return <Loading />;
  return config && !config.features.includes(feature) ? <NotFound /> : <Page />;
}
